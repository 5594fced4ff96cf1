//! Unpacks Swagger UI from the archive in a package: nothing is downloaded.

use std::{error::Error, fs, io, path::Path};

use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;

/// The files that the page needs.
const FILES: [&str; 2] = ["swagger-ui.css", "swagger-ui-bundle.js"];

pub(crate) fn unpack(out: &Path) -> Result<(), Box<dyn Error>> {
    let mut archive = zip::ZipArchive::new(io::Cursor::new(SWAGGER_UI_VENDORED))?;
    for name in FILES {
        let suffix = format!("/dist/{name}");
        let index = (0..archive.len()).find(|index| {
            let path = archive.name_for_index(*index).and_then(Result::ok);
            path.is_some_and(|path| path.ends_with(&suffix) && path.matches('/').count() == 2)
        });
        let index = index.ok_or_else(|| format!("the archive of Swagger UI has no {name}"))?;
        let mut file = archive.by_index(index)?;
        io::copy(&mut file, &mut fs::File::create(out.join(name))?)?;
    }
    Ok(())
}
