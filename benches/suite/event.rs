//! The events that loads submit: what a CI job posts when a build starts and when it ends.

use std::{
    process,
    sync::atomic::{AtomicU64, Ordering},
};

use prost::bytes::Bytes;
use versioner::pb::{
    BuildStatus, EventSubmission, SubmitVersionEventRequest, VersionEvent, event_submission,
};

use crate::client::frame;

pub(crate) const SUBMIT: &str = "/versioner.v1.EventService/SubmitVersionEvent";

/// Every version gets this many events, as a build that starts and ends has.
const EVENTS_A_VERSION: u64 = 2;
const PRODUCTS: u64 = 20;

/// Hands out events of which none comes twice.
#[derive(Default)]
pub(crate) struct Events(AtomicU64);

impl Events {
    /// Those from this number on.
    pub(crate) fn after(number: u64) -> Events {
        Events(AtomicU64::new(number))
    }

    fn next(&self) -> VersionEvent {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        let version = number / EVENTS_A_VERSION;
        let status = match number % EVENTS_A_VERSION {
            0 => BuildStatus::Started,
            _ => BuildStatus::Completed,
        };
        VersionEvent {
            product_name: format!("service-{}", version % PRODUCTS),
            version: format!("1.{}.{}", version / 1_000, version % 1_000),
            status: status.into(),
            event_id: format!("load-{}-{number}", process::id()),
            built_by: "github-actions".to_owned(),
            source_system: "github".to_owned(),
            scm_repository: "github.com/mycompany/my-service".to_owned(),
            scm_sha: format!("{version:040x}"),
            scm_branch: "main".to_owned(),
            build_number: version.to_string(),
            invoke_id: format!("load-run-{version}"),
            build_url: format!("https://github.com/mycompany/my-service/actions/runs/{version}"),
            ..VersionEvent::default()
        }
    }

    /// The next one, as a call of its own.
    pub(crate) fn next_call(&self) -> (&'static str, Bytes) {
        let request = SubmitVersionEventRequest {
            event: Some(self.next()),
            validate_only: false,
        };
        (SUBMIT, frame(&request))
    }

    pub(crate) fn next_submission(&self) -> EventSubmission {
        submission(self.next())
    }
}

pub(crate) fn submission(event: VersionEvent) -> EventSubmission {
    EventSubmission {
        event: Some(event_submission::Event::VersionEvent(event)),
    }
}
