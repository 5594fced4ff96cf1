//! What the server stack alone can do: calls answered at once, with messages that the service itself answered
//! with before.

use std::{fs, io::ErrorKind, path::Path};

use axum::Router;
use prost::Message;
use versioner::pb::{
    GetVersionRequest, GetVersionResponse, ListVersionsRequest, ListVersionsResponse,
    SubmitVersionEventRequest, SubmitVersionEventResponse,
};

use super::{SUBMITTED, VERSION, VERSIONS, call};
use crate::{
    Result,
    event::SUBMIT,
    history::{GET_VERSION, LIST_VERSIONS},
};

pub(crate) fn router(folder: &Path) -> Result<Router> {
    let submitted: SubmitVersionEventResponse = read(folder, SUBMITTED)?;
    let version: GetVersionResponse = read(folder, VERSION)?;
    let versions: ListVersionsResponse = read(folder, VERSIONS)?;
    Ok(Router::new()
        .route(
            SUBMIT,
            call(move |_: SubmitVersionEventRequest| std::future::ready(Ok(submitted.clone()))),
        )
        .route(
            GET_VERSION,
            call(move |_: GetVersionRequest| std::future::ready(Ok(version.clone()))),
        )
        .route(
            LIST_VERSIONS,
            call(move |_: ListVersionsRequest| std::future::ready(Ok(versions.clone()))),
        ))
}

/// A message that was left in the folder; the empty one where there is none.
pub(super) fn read<M: Message + Default>(folder: &Path, name: &str) -> Result<M> {
    match fs::read(folder.join(name)) {
        Ok(encoded) => Ok(M::decode(encoded.as_slice())?),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(M::default()),
        Err(error) => Err(error.into()),
    }
}
