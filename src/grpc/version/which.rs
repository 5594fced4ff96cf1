//! The version of a request.

use tonic::Status;

use crate::{
    domain::{id::Kind, resource::Version},
    grpc::{
        Services,
        error::{no_such_id, status},
        request::{Fields, GivenId},
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
        use crate::domain::rules::get_version_request as rules;

        let is_set = |text: &str| !text.trim().is_empty();
        let named = [
            (rules::PRODUCT_NAME.name, is_set(product_name)),
            (rules::VERSION.name, is_set(version)),
        ];
        let is_named = named.iter().any(|(_, is_set)| *is_set);
        if !is_set(id) {
            if !is_named {
                let description = "is required unless product_name and version are set";
                self.violations.add(rules::ID.name, description);
            }
            let product = self.text(&rules::PRODUCT_NAME, product_name);
            self.needs(&rules::PRODUCT_NAME, named[0].1, &named);
            let version = self.text(&rules::VERSION, version);
            self.needs(&rules::VERSION, named[1].1, &named);
            let (product, version) = product.zip(version)?;
            return Some(Which::Name { product, version });
        }
        let position = self.id(Kind::Version, "id", id);
        if is_named {
            self.violations.add(
                rules::ID.name,
                "must not be set together with product_name or version",
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
