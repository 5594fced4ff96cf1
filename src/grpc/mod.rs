//! The gRPC services: thin handlers that parse a request, make one call of the
//! store, and convert its answer. No SQL.

mod catalog;
mod convert;
mod deployment;
mod error;
mod event;
mod insight;
mod page;
mod request;
mod submit_stream;
mod version;
mod watch;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio_util::sync::CancellationToken;
use tonic::{codec::CompressionEncoding, service::Routes};

use crate::{
    domain::{
        id::IdSpace,
        rules::{batch_submit_events_request, limit},
    },
    pb::{
        catalog_service_server::CatalogServiceServer,
        deployment_service_server::DeploymentServiceServer,
        event_service_server::EventServiceServer, insight_service_server::InsightServiceServer,
        version_service_server::VersionServiceServer,
    },
    storage::Store,
};

/// The domain of every `google.rpc.ErrorInfo` of this service.
pub const ERROR_DOMAIN: &str = "versioner.dev";
/// The largest message that is accepted, after decompression.
pub const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;
/// The most events of one `BatchSubmitEvents`.
pub const MAX_BATCH_EVENTS: usize = limit(batch_submit_events_request::EVENTS.max_items);

/// What every handler needs.
#[derive(Clone)]
pub struct Services {
    store: Store,
    stale_after_us: i64,
    streams_end: CancellationToken,
}

impl Services {
    /// `stale_after`: the age from which unfinished builds and deployments are stale.
    /// `streams_end`: cancelled when open streams must end.
    pub fn new(store: Store, stale_after: Duration, streams_end: CancellationToken) -> Self {
        Self {
            store,
            stale_after_us: i64::try_from(stale_after.as_micros()).unwrap_or(i64::MAX),
            streams_end,
        }
    }

    /// The services of the contract.
    pub fn routes(self) -> Routes {
        macro_rules! with_limits {
            ($server:expr) => {
                $server
                    .max_decoding_message_size(MAX_MESSAGE_BYTES)
                    .accept_compressed(CompressionEncoding::Gzip)
                    .send_compressed(CompressionEncoding::Gzip)
            };
        }
        Routes::new(with_limits!(EventServiceServer::new(self.clone())))
            .add_service(with_limits!(VersionServiceServer::new(self.clone())))
            .add_service(with_limits!(CatalogServiceServer::new(self.clone())))
            .add_service(with_limits!(DeploymentServiceServer::new(self.clone())))
            .add_service(with_limits!(InsightServiceServer::new(self)))
    }

    fn ids(&self) -> IdSpace {
        self.store.ids()
    }

    /// What started before this moment and is unfinished is stale.
    fn stale_before_us(&self) -> i64 {
        now_us().saturating_sub(self.stale_after_us)
    }
}

/// The wall clock, in microseconds since 1970.
fn now_us() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
