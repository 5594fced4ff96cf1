//! What a batch knows, and what becomes of each of its events, in their order.
//! Pure: everything was looked up before, nothing is written yet.

mod outcome;

use std::collections::{BTreeSet, HashMap};

use super::{
    Created, Head, Receipt, Submission,
    stream::{Refold, StreamKey, StreamState},
    version::{VersionChange, VersionState},
};
use crate::{
    domain::{
        commit,
        deployment::DeploymentClass,
        event::{Event, Subject},
        precedence,
        resource::{EntryType, Version},
        run::{Key, Occurrence, Origin},
    },
    storage::engine::error::{Conflict, Error},
};

/// A name and whether this batch brought it into being.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) created_at_us: Option<i64>,
}

/// An event that was accepted before this batch.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) receipt: Receipt,
    pub(super) content_hash: Vec<u8>,
    pub(super) kind: EntryType,
    pub(super) version_id: Option<i64>,
    pub(super) run_id: Option<i64>,
    pub(super) history_id: Option<i64>,
}

/// An event that this batch accepts.
pub(super) struct Accepted {
    pub(super) receipt: Receipt,
    pub(super) kind: EntryType,
    pub(super) product_id: i64,
    pub(super) version_id: Option<i64>,
    pub(super) environment_id: Option<i64>,
    pub(super) stream: StreamKey,
    pub(super) history_id: i64,
    /// Known once the batch is concluded.
    pub(super) run_id: i64,
    run_index: usize,
    pub(super) content: String,
    pub(super) content_hash: Vec<u8>,
}

/// What becomes of an event that is not refused.
#[derive(Clone)]
pub(super) enum Decision {
    Accepted(usize),
    /// The same as an earlier one of this batch.
    Repeated(usize),
    /// The same as one accepted before.
    Known(Box<Known>),
}

/// All that a batch needs to know.
#[derive(Default)]
pub(super) struct World {
    pub(super) head: Option<Head>,
    pub(super) now_us: i64,
    pub(super) known: HashMap<String, Known>,
    pub(super) product_ids: HashMap<String, i64>,
    pub(super) products: HashMap<i64, Named>,
    pub(super) environment_ids: HashMap<String, i64>,
    pub(super) environments: HashMap<i64, Named>,
    pub(super) version_ids: HashMap<(i64, String), i64>,
    pub(super) versions: HashMap<i64, VersionState>,
    pub(super) streams: HashMap<StreamKey, StreamState>,
    pub(super) accepted: Vec<Accepted>,
    pub(super) accepted_ids: HashMap<String, usize>,
    /// The deployments that are current now, as written.
    pub(super) current_deployments: BTreeSet<i64>,
    /// The classes of the deployments that this batch touched, as written.
    pub(super) classes: HashMap<i64, DeploymentClass>,
}

impl World {
    /// Decides one event: everything about it, or nothing.
    pub(super) fn decide(&mut self, submission: &Submission) -> Result<Decision, Error> {
        if let Some(decision) = self.find_repeat(submission)? {
            return Ok(decision);
        }
        let event = &submission.event;
        let head = self.end();
        let position = head.last_position + 1;
        // Never backwards, and no two alike: what is not dated is ordered by arrival.
        let received_at_us = self.now_us.max(head.last_received_at_us + 1);
        let occurred_at_us = event.occurred_at_us.unwrap_or(received_at_us);

        let product_id = self.product_ids.get(&event.product_name).copied();
        let version_id = event.version.as_ref().and_then(|version| {
            let key = (product_id?, version.clone());
            self.version_ids.get(&key).copied()
        });
        let environment_id = event
            .environment_name
            .as_ref()
            .and_then(|name| self.environment_ids.get(name).copied());
        let created = Created {
            product: product_id.is_none(),
            version: event.version.is_some() && version_id.is_none(),
            environment: event.environment_name.is_some() && environment_id.is_none(),
        };
        let scm_sha = self.commit_of(version_id, event)?;

        let product_id = product_id.unwrap_or(position);
        let version_id = event
            .version
            .as_ref()
            .map(|_| version_id.unwrap_or(position));
        let environment_id = event
            .environment_name
            .as_ref()
            .map(|_| environment_id.unwrap_or(position));
        let key = StreamKey::of(event, product_id, version_id, environment_id);
        let occurrence = Occurrence {
            position,
            key: Key {
                occurred_at_us,
                rank: event.status.rank(),
                event_id: submission.event_id.clone(),
            },
            event: event.clone(),
        };
        let (history_id, run_index) = self.apply(&key, occurrence)?;

        // Nothing can fail from here on.
        if created.product {
            self.product_ids
                .insert(event.product_name.clone(), product_id);
            self.products.insert(
                product_id,
                Named {
                    name: event.product_name.clone(),
                    created_at_us: Some(received_at_us),
                },
            );
        }
        if let (Some(name), Some(id), true) =
            (&event.environment_name, environment_id, created.environment)
        {
            self.environment_ids.insert(name.clone(), id);
            self.environments.insert(
                id,
                Named {
                    name: name.clone(),
                    created_at_us: Some(received_at_us),
                },
            );
        }
        if let (Some(version), Some(id)) = (&event.version, version_id) {
            if created.version {
                self.create_version(id, product_id, version, occurred_at_us);
            }
            if let Some(state) = self.versions.get_mut(&id) {
                let is_earlier = occurred_at_us < state.version.created_at_us;
                state.raise(match is_earlier || state.version.scm_sha != scm_sha {
                    true => VersionChange::Origin,
                    false => VersionChange::Heard,
                });
                state.version.scm_sha = scm_sha;
                state.created_earlier |= is_earlier;
                state.version.created_at_us = state.version.created_at_us.min(occurred_at_us);
                state.version.updated_at_us = received_at_us;
            }
        }
        let index = self.accepted.len();
        self.accepted_ids.insert(submission.event_id.clone(), index);
        self.accepted.push(Accepted {
            receipt: Receipt {
                event_id: submission.event_id.clone(),
                position,
                duplicate: false,
                created,
                occurred_at_us,
                received_at_us,
            },
            kind: match event.subject {
                Subject::Version => EntryType::VersionEvent,
                Subject::Deployment => EntryType::DeploymentEvent,
                Subject::Check => EntryType::CheckEvent,
            },
            product_id,
            version_id,
            environment_id,
            stream: key,
            history_id,
            run_id: 0,
            run_index,
            content: submission.content.clone(),
            content_hash: submission.content_hash.clone(),
        });
        self.head = Some(Head {
            last_position: position,
            last_received_at_us: received_at_us,
        });
        Ok(Decision::Accepted(index))
    }

    /// Folds what has to be folded anew, and derives what follows from the runs.
    pub(super) fn conclude(&mut self) {
        for state in self.streams.values_mut() {
            state.fold();
        }
        for accepted in &mut self.accepted {
            let state = &self.streams[&accepted.stream];
            accepted.run_id = match &state.refold {
                Some(refold) => refold
                    .occurrences
                    .iter()
                    .rposition(|o| o.position == accepted.receipt.position)
                    .map_or(0, |index| refold.now[index]),
                None => state.stream.runs[accepted.run_index].id,
            };
        }
        for (key, state) in &self.streams {
            let StreamKey::Builds { version_id } = key else {
                continue;
            };
            // Also where no run has changed: an event that is overruled within its
            // run may still be the last to tell of the origin.
            if let (Some(version), Some(latest)) =
                (self.versions.get_mut(version_id), state.stream.latest())
            {
                version.note_latest_build(latest, &state.stream.origin);
            }
        }
    }

    /// The product of a version that the batch has to do with.
    pub(super) fn product_of(&self, version_id: i64) -> i64 {
        let state = self.versions.get(&version_id);
        state.map_or(0, |state| state.version.product_id)
    }

    pub(super) fn last_position(&self) -> i64 {
        self.end().last_position
    }

    pub(super) fn end(&self) -> Head {
        self.head.unwrap_or(Head {
            last_position: 0,
            last_received_at_us: 0,
        })
    }

    fn find_repeat(&self, submission: &Submission) -> Result<Option<Decision>, Error> {
        let (hash, position, decision) =
            if let Some(index) = self.accepted_ids.get(&submission.event_id) {
                let accepted = &self.accepted[*index];
                let position = accepted.receipt.position;
                (&accepted.content_hash, position, Decision::Repeated(*index))
            } else if let Some(known) = self.known.get(&submission.event_id) {
                let position = known.receipt.position;
                (
                    &known.content_hash,
                    position,
                    Decision::Known(Box::new(known.clone())),
                )
            } else {
                return Ok(None);
            };
        if *hash == submission.content_hash {
            return Ok(Some(decision));
        }
        Err(Error::Conflict(Conflict::EventId {
            event_id: submission.event_id.clone(),
            position,
        }))
    }

    /// The version's commit after this event: the first one stays, its longer
    /// form is kept (R3).
    fn commit_of(&self, version_id: Option<i64>, event: &Event) -> Result<Option<String>, Error> {
        let version = version_id.and_then(|id| self.versions.get(&id));
        let recorded = version.and_then(|state| state.version.scm_sha.as_ref());
        match (recorded, &event.details.scm_sha) {
            (Some(recorded), Some(given)) if !commit::same(recorded, given) => {
                Err(Error::Conflict(Conflict::Commit {
                    product_name: event.product_name.clone(),
                    version: event.version.clone().unwrap_or_default(),
                    recorded: recorded.clone(),
                    given: given.clone(),
                }))
            }
            (Some(recorded), Some(given)) if given.len() > recorded.len() => {
                Ok(Some(given.clone()))
            }
            (Some(recorded), _) => Ok(Some(recorded.clone())),
            (None, given) => Ok(given.clone()),
        }
    }

    /// Applies an event to its stream. Refuses it, and changes nothing, where
    /// merged metadata would become too large.
    fn apply(&mut self, key: &StreamKey, occurrence: Occurrence) -> Result<(i64, usize), Error> {
        let position = occurrence.position;
        let new_id = match key {
            StreamKey::Builds { version_id } => *version_id,
            _ => position,
        };
        // A stream that begins with this batch is folded at its end, so that its
        // events may come in any order.
        let state = self
            .streams
            .entry(key.clone())
            .or_insert_with(|| StreamState {
                id: new_id,
                refold: Some(Refold::default()),
                ..StreamState::default()
            });
        let index = state.apply(occurrence);
        let id = state.id;
        if state.is_empty() {
            self.streams.remove(key);
        }
        index.map(|index| (id, index))
    }

    fn create_version(&mut self, id: i64, product_id: i64, version: &str, created_at_us: i64) {
        let precedence = precedence::precedence(version);
        self.version_ids
            .insert((product_id, version.to_owned()), id);
        let version = Version {
            id,
            product_id,
            product_name: self
                .products
                .get(&product_id)
                .map_or_else(String::new, |p| p.name.clone()),
            version: version.to_owned(),
            scheme: precedence.scheme,
            prerelease: precedence.prerelease,
            precedence: precedence.key.unwrap_or_default(),
            scm_sha: None,
            origin: Origin::default(),
            status: None,
            latest_build_id: None,
            latest_build_started_at_us: None,
            created_at_us,
            updated_at_us: created_at_us,
            readiness: None,
        };
        self.versions.insert(
            id,
            VersionState {
                version,
                change: VersionChange::All,
                created_earlier: false,
            },
        );
    }
}
