//! The names that a command line gives: whether they exist, and the version that `latest` means.

use clap::builder::NonEmptyStringValueParser;
use tonic::{Code, Status, transport::Channel};
use uuid::Uuid;

use super::server::{CliError, reason};
use crate::pb::{
    self, catalog_service_client::CatalogServiceClient,
    version_service_client::VersionServiceClient,
};

/// The version identifier that means the latest version of a product, unless a version is named so.
pub(super) const LATEST: &str = "latest";

/// Parses a name; an empty one, such as that of an unset variable, is rejected.
pub(super) fn name() -> NonEmptyStringValueParser {
    NonEmptyStringValueParser::new()
}

/// Checks that the product and the environment that a list was filtered by exist. An empty list alone does not
/// say so.
pub(super) async fn check_names(
    channel: Channel,
    product: Option<&String>,
    environment: Option<&String>,
) -> Result<(), CliError> {
    let mut client = CatalogServiceClient::new(channel);
    if let Some(name) = product {
        let name = name.clone();
        let request = pb::GetProductRequest {
            name,
            ..Default::default()
        };
        client.get_product(request).await?;
    }
    if let Some(name) = environment {
        let name = name.clone();
        let request = pb::GetEnvironmentRequest {
            name,
            ..Default::default()
        };
        client.get_environment(request).await?;
    }
    Ok(())
}

/// Checks that a text that stands alone is the id of a version, not the name of a product.
pub(super) fn check_version_id(text: &str, command: &str) -> Result<(), CliError> {
    Uuid::try_parse(text.trim()).map(|_| ()).map_err(|_| {
        CliError::new(format!(
            "{text} is not a version id. Usage: versioner {command} PRODUCT VERSION"
        ))
    })
}

/// The id of a product's latest version, if a call for the version named `latest` found none.
pub(super) async fn latest_id(
    channel: Channel,
    product: &str,
    version: &str,
    error: &Status,
) -> Result<Option<String>, Status> {
    let is_unknown_version =
        error.code() == Code::NotFound && reason(error).as_deref() == Some("VERSION_NOT_FOUND");
    if version != LATEST || !is_unknown_version {
        return Ok(None);
    }
    let request = pb::GetLatestVersionRequest {
        product_name: product.to_owned(),
        ..Default::default()
    };
    let mut client = VersionServiceClient::new(channel);
    let answer = client.get_latest_version(request).await?;
    let version = answer.into_inner().version;
    Ok(version.map(|version| version.id))
}
