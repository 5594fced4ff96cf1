//! What follows from an event log, by a fold of the tests' own (R5, R6, R11), to be compared with what the
//! service says. For events whose time is that of receipt and whose runs have an id and an attempt.

use std::collections::BTreeMap;

use prost_types::Timestamp;
use versioner::pb::{self, BuildStatus, log_entry::Content};

/// Product and version.
pub(crate) type Identity = (String, String);

#[derive(Debug, Default, PartialEq)]
pub(crate) struct Projection {
    pub(crate) versions: BTreeMap<Identity, VersionState>,
    /// By version and run.
    pub(crate) builds: BTreeMap<(Identity, String), RunState>,
    /// By version, environment and run.
    pub(crate) deployments: BTreeMap<(Identity, String, String), RunState>,
    /// For each product and environment the version and run that is current there.
    pub(crate) current: BTreeMap<Identity, (Identity, String)>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct VersionState {
    pub(crate) id: String,
    pub(crate) status: BuildStatus,
    pub(crate) created_at: Timestamp,
    pub(crate) latest_build_id: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RunState {
    pub(crate) id: String,
    pub(crate) status: BuildStatus,
    pub(crate) created_at: Timestamp,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) completed_at: Option<Timestamp>,
    pub(crate) build_number: String,
}

pub(crate) fn fold(log: &[pb::LogEntry]) -> Projection {
    let mut projection = Projection::default();
    for entry in log {
        projection.take(entry);
    }
    projection
}

impl Projection {
    fn take(&mut self, entry: &pb::LogEntry) {
        match entry.content.as_ref().expect("nothing is deleted here") {
            Content::VersionEvent(event) => {
                let identity = (event.product_name.clone(), event.version.clone());
                let key = (identity.clone(), event.invoke_id.clone());
                let is_new = !self.builds.contains_key(&key);
                let build = self
                    .builds
                    .entry(key)
                    .or_insert_with(|| RunState::of(entry));
                build.take(entry, event.status(), &event.build_number);
                let (id, status) = (build.id.clone(), build.status);

                let version = self.version(identity, entry);
                if is_new || version.latest_build_id == id {
                    version.latest_build_id = id;
                    version.status = status;
                }
            }
            Content::DeploymentEvent(event) => {
                let identity = (event.product_name.clone(), event.version.clone());
                self.version(identity.clone(), entry);
                let key = (
                    identity,
                    event.environment_name.clone(),
                    event.invoke_id.clone(),
                );
                let deployment = self
                    .deployments
                    .entry(key)
                    .or_insert_with(|| RunState::of(entry));
                deployment.take(entry, build_status(event.status()), "");
                self.choose_current((event.product_name.clone(), event.environment_name.clone()));
            }
            content => unreachable!("not sent here: {content:?}"),
        }
    }

    fn version(&mut self, identity: Identity, entry: &pb::LogEntry) -> &mut VersionState {
        self.versions
            .entry(identity)
            .or_insert_with(|| VersionState {
                id: entry.version_id.clone(),
                status: BuildStatus::Unspecified,
                created_at: occurred_at(entry),
                latest_build_id: String::new(),
            })
    }

    fn choose_current(&mut self, place: Identity) {
        let there = self.deployments.iter().filter(|((of, to, _), run)| {
            of.0 == place.0 && *to == place.1 && run.status == BuildStatus::Completed
        });
        let latest = there.max_by_key(|(_, run)| run.completed_at.map(|at| (at.seconds, at.nanos)));
        match latest.map(|((version, _, run), _)| (version.clone(), run.clone())) {
            Some(current) => self.current.insert(place, current),
            None => self.current.remove(&place),
        };
    }
}

impl RunState {
    fn of(entry: &pb::LogEntry) -> Self {
        Self {
            id: entry.subject_id.clone(),
            status: BuildStatus::Unspecified,
            created_at: occurred_at(entry),
            started_at: None,
            completed_at: None,
            build_number: String::new(),
        }
    }

    /// A finish is never undone by an unfinished status; the later of two counts.
    fn take(&mut self, entry: &pb::LogEntry, status: BuildStatus, build_number: &str) {
        let is_finish = status != BuildStatus::Started;
        if is_finish {
            self.status = status;
            self.completed_at = Some(occurred_at(entry));
        } else {
            if self.completed_at.is_none() {
                self.status = status;
            }
            self.started_at.get_or_insert(occurred_at(entry));
        }
        build_number.clone_into(&mut self.build_number);
    }
}

fn occurred_at(entry: &pb::LogEntry) -> Timestamp {
    entry.occurred_at.expect("an event has its time")
}

/// The states of deployments have the same numbers as those of builds.
pub(crate) fn build_status(status: pb::DeploymentStatus) -> pb::BuildStatus {
    pb::BuildStatus::try_from(i32::from(status)).expect("a status of builds too")
}
