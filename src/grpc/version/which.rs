//! Which version a request is about.

use tonic::Status;

use crate::{
    domain::{id::Kind, resource::Version},
    grpc::{
        Services,
        request::{Fields, GivenId},
        status::{no_such_id, status},
    },
};

/// A version by its id, or by its product's name and its identifier.
pub(super) enum Which {
    Id { given: String, id: GivenId },
    Name { product: String, version: String },
}

impl Fields {
    /// Exactly one of an id, and of product and version.
    pub(super) fn version(&mut self, id: &str, product_name: &str, version: &str) -> Option<Which> {
        let named = !(product_name.trim().is_empty() && version.trim().is_empty());
        if id.trim().is_empty() {
            let product = self.required_name("product_name", product_name);
            let version = self.required_name("version", version);
            let (product, version) = product.zip(version)?;
            return Some(Which::Name { product, version });
        }
        let position = self.id(Kind::Version, "id", id);
        if named {
            self.violations.add(
                "id",
                "and a name are both given: id, or product_name and version, is taken",
            );
        }
        Some(Which::Id {
            given: id.to_owned(),
            id: position,
        })
    }
}

impl Services {
    pub(super) async fn version_of(&self, which: &Which) -> Result<Version, Status> {
        match which {
            Which::Name { product, version } => self
                .store
                .version_by_name(product, version)
                .await
                .map_err(status),
            Which::Id { given, id } => {
                let version = match id.position() {
                    Some(position) => self.store.version(position).await.map_err(status)?,
                    None => None,
                };
                version.ok_or_else(|| no_such_id(Kind::Version, given))
            }
        }
    }
}
