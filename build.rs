//! Compiles the contract in `proto/` without protoc, and keeps its descriptors for reflection. Unpacks the files of the
//! documentation page. Finds the commit for `--version`.

#[path = "build/docs.rs"]
mod docs;
#[path = "build/json.rs"]
mod json;
#[path = "build/release.rs"]
mod release;
#[path = "build/rules.rs"]
mod rules;

use std::{env, error::Error, fs, path::PathBuf};

const SERVICES: [&str; 5] = [
    "versioner/v1/event_service.proto",
    "versioner/v1/version_service.proto",
    "versioner/v1/catalog_service.proto",
    "versioner/v1/deployment_service.proto",
    "versioner/v1/insight_service.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    // After the first path that is named here cargo watches no others, so the migrations that sqlx embeds are
    // named too.
    println!("cargo:rerun-if-changed=build");
    println!("cargo:rerun-if-changed=proto");
    println!("cargo:rerun-if-changed=migrations");

    warn_of_slow_sqlite();
    release::export()?;

    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(SERVICES)?;

    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(
        out.join("descriptors.binpb"),
        compiler.encode_file_descriptor_set(),
    )?;
    docs::unpack(&out)?;
    let files = compiler.file_descriptor_set();
    fs::write(out.join("words.rs"), json::words(&files.file))?;
    fs::write(
        out.join("rules.rs"),
        rules::rules(&compiler.descriptor_pool()),
    )?;
    let builder = tonic_prost_build::configure()
        .build_transport(true)
        .compile_well_known_types(false)
        // keeps the text that a Struct's doubles would lose
        .extern_path(".google.protobuf.Struct", "crate::pb::Object");
    json::serialize(builder, &files.file).compile_fds(files)?;
    Ok(())
}

/// Cargo reads `.cargo/config.toml` of the folder that it is called in. `cargo install --git`, and other builds from
/// elsewhere, do not see it.
fn warn_of_slow_sqlite() {
    println!("cargo:rerun-if-env-changed=LIBSQLITE3_FLAGS");
    let has_flags =
        env::var("LIBSQLITE3_FLAGS").is_ok_and(|flags| flags.contains("SQLITE_ENABLE_QPSG"));
    if !has_flags {
        println!(
            "cargo:warning=SQLite is built without the flags in .cargo/config.toml, and reads two to three times \
             slower: call cargo inside the clone of the repository, or set LIBSQLITE3_FLAGS"
        );
    }
}
