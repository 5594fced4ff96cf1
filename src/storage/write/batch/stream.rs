//! Streams in a batch: the runs that its events go into, and what becomes of them.

use std::collections::{BTreeSet, HashMap};

use crate::{
    domain::{
        deployment::Completion,
        event::{Event, Subject},
        metadata,
        run::{Key, Occurrence, Run, Stream},
        statistics::Finish,
        status::CheckKind,
    },
    storage::engine::{error::Error, rows::metadata_bytes},
};

/// What a stream of events is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum StreamKey {
    Builds {
        version_id: i64,
    },
    Deployments {
        version_id: i64,
        environment_id: i64,
        instance: String,
    },
    Check {
        product_id: i64,
        /// 0: of a commit.
        version_id: i64,
        /// Empty: of a version.
        scm_sha: String,
        check_name: String,
        /// 0: for all environments.
        environment_id: i64,
    },
}

#[derive(Default)]
pub(super) struct StreamState {
    /// The position of its first accepted event (for builds: the version's id).
    pub(super) id: i64,
    pub(super) stream: Stream,
    /// Its events, where one came late and it has to be folded anew.
    pub(super) refold: Option<Refold>,
    /// The runs that this batch changed, by index.
    pub(super) touched: BTreeSet<usize>,
    /// Runs that a fold has joined to others.
    pub(super) removed: Vec<i64>,
    /// What the runs that are stored already were before this batch, as far as they
    /// were looked up.
    pub(super) known: HashMap<i64, Traits>,
    /// The run of a check that was marked as its latest one.
    pub(super) was_latest: Option<i64>,
    /// The places among the completed ones that its runs had before this batch, as
    /// far as they were looked up.
    pub(super) stored: HashMap<i64, Completion>,
    /// What its finished builds were for statistics before this batch, by run.
    pub(super) finishes: HashMap<i64, Finish>,
}

/// What a run is found by and an event seldom changes.
#[derive(PartialEq, Eq)]
pub(super) struct Traits {
    invoke: Option<(String, i64)>,
    first: Key,
    scm_branch: Option<String>,
    source_system: Option<String>,
    by: Option<String>,
    check_kind: Option<CheckKind>,
}

impl Traits {
    pub(super) fn of(run: &Run) -> Self {
        let details = &run.facts.details;
        Self {
            invoke: run.invoke.clone(),
            first: run.first.clone(),
            scm_branch: details.scm_branch.clone(),
            source_system: details.source_system.clone(),
            by: details.by.clone(),
            check_kind: details.check_kind,
        }
    }
}

#[derive(Default)]
pub(super) struct Refold {
    pub(super) occurrences: Vec<Occurrence>,
    /// The run that each was in before; none: it is of this batch.
    pub(super) was: Vec<Option<i64>>,
    /// For each the run that it is in now, once folded.
    pub(super) now: Vec<i64>,
    metadata_bytes: usize,
}

impl Refold {
    pub(super) fn push(&mut self, occurrence: Occurrence, was: Option<i64>) {
        self.metadata_bytes += metadata_bytes(occurrence.event.details.extra_metadata.as_ref());
        self.occurrences.push(occurrence);
        self.was.push(was);
    }

    /// How many of its events were accepted before this batch; they come first.
    fn loaded(&self) -> usize {
        self.was.iter().take_while(|was| was.is_some()).count()
    }
}

impl StreamKey {
    /// The stream of an event whose names are resolved.
    pub(super) fn of(
        event: &Event,
        product_id: i64,
        version_id: Option<i64>,
        environment_id: Option<i64>,
    ) -> Self {
        let version = version_id.unwrap_or(0);
        match event.subject {
            Subject::Version => Self::Builds {
                version_id: version,
            },
            Subject::Deployment => Self::Deployments {
                version_id: version,
                environment_id: environment_id.unwrap_or(0),
                instance: event.instance.clone(),
            },
            Subject::Check => Self::Check {
                product_id,
                version_id: version,
                scm_sha: match version_id {
                    Some(_) => String::new(),
                    None => event.details.scm_sha.clone().unwrap_or_default(),
                },
                check_name: event.check_name.clone().unwrap_or_default(),
                environment_id: environment_id.unwrap_or(0),
            },
        }
    }
}

impl StreamState {
    /// Applies an event. The index is the run's, where the stream is not to be
    /// folded anew.
    pub(super) fn apply(&mut self, occurrence: Occurrence) -> Result<usize, Error> {
        let adds = metadata_bytes(occurrence.event.details.extra_metadata.as_ref());
        if let Some(refold) = &mut self.refold {
            let may_be_too_large = refold.metadata_bytes + adds > metadata::MAX_BYTES;
            refold.push(occurrence, None);
            if may_be_too_large {
                let folded = Stream::fold(&refold.occurrences).0;
                if let Err(error) = within_limits(&folded.runs) {
                    refold.occurrences.pop();
                    refold.was.pop();
                    refold.metadata_bytes -= adds;
                    return Err(error);
                }
            }
            return Ok(0);
        }
        if !self.stream.is_in_order(&occurrence.key) {
            return Err(Error::fault("the stream of a late event was not loaded"));
        }
        if adds == 0 {
            let index = self.stream.apply(&occurrence);
            self.touched.insert(index);
            return Ok(index);
        }
        let mut tried = self.stream.clone();
        let index = tried.apply(&occurrence);
        within_limits(&tried.runs[index..=index])?;
        self.stream = tried;
        self.touched.insert(index);
        Ok(index)
    }

    pub(super) fn fold(&mut self) {
        let Some(refold) = &mut self.refold else {
            return;
        };
        if refold.loaded() == refold.occurrences.len() {
            return;
        }
        let (stream, now) = Stream::fold(&refold.occurrences);
        let before = Stream::fold(&refold.occurrences[..refold.loaded()]).0;
        let was_latest = before.latest().map(|run| run.id);
        let before: HashMap<i64, &Run> = before.runs.iter().map(|run| (run.id, run)).collect();
        let kept: BTreeSet<i64> = stream.runs.iter().map(|run| run.id).collect();
        self.touched = (0..stream.runs.len())
            .filter(|index| {
                let run = &stream.runs[*index];
                before.get(&run.id) != Some(&run)
            })
            .collect();
        self.known = before
            .iter()
            .map(|(id, run)| (*id, Traits::of(run)))
            .collect();
        self.was_latest = was_latest;
        self.stored = before
            .iter()
            .filter_map(|(id, run)| Some((*id, run.completion()?)))
            .collect();
        self.finishes = before
            .iter()
            .filter_map(|(id, run)| Some((*id, Finish::of(run)?)))
            .collect();
        self.removed = before.into_keys().filter(|id| !kept.contains(id)).collect();
        self.stream = stream;
        refold.now = now;
    }

    pub(super) fn touched_runs(&self) -> impl Iterator<Item = &Run> {
        self.touched.iter().map(|index| &self.stream.runs[*index])
    }

    pub(super) fn is_empty(&self) -> bool {
        self.stream.runs.is_empty()
            && self
                .refold
                .as_ref()
                .is_some_and(|r| r.occurrences.is_empty())
    }
}

fn within_limits(runs: &[Run]) -> Result<(), Error> {
    let oversize = runs
        .iter()
        .filter_map(|run| run.facts.details.extra_metadata.as_ref())
        .find_map(|metadata| metadata.oversize());
    match oversize {
        Some(reason) => Err(Error::invalid("extra_metadata", reason)),
        None => Ok(()),
    }
}
