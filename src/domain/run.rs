//! The fold of events into runs (R5, R6). A run is one build of a version, one
//! deployment of it to an environment and instance, or one run of a check; the
//! events that it is made of belong to one *stream*: a version's builds, its
//! deployments to one place, or one check.
//!
//! [`Stream::apply`] is the one step: an event that comes in order is applied to
//! the stored state; for a late one the stream's events are folded anew, which is
//! the same step in a loop.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::{
    deployment::Completion,
    event::{Details, Event},
    status::Status,
};

/// A bare event joins the latest run if that was heard of within this (R5): 24 hours.
pub const BARE_JOIN_US: i64 = 24 * 3_600 * 1_000_000;
/// An event without an attempt begins the next one if it comes more than this
/// after the finish of the one before (R5): ten minutes.
pub const NEXT_ATTEMPT_US: i64 = 10 * 60 * 1_000_000;

/// The place of an event in the order that decides (R6).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    pub occurred_at_us: i64,
    /// [`Status::rank`].
    pub rank: i64,
    pub event_id: String,
}

/// An accepted event of a stream.
#[derive(Clone, Debug)]
pub struct Occurrence {
    /// Its position in the event log.
    pub position: i64,
    pub key: Key,
    pub event: Event,
}

/// The state of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The position of the first of its events that was accepted.
    pub id: i64,
    /// The CI run's id and attempt; none: the run is bare.
    pub invoke: Option<(String, i64)>,
    pub first: Key,
    pub last: Key,
    pub status: Status,
    pub completed_at_us: Option<i64>,
    pub facts: Facts,
}

/// What else a run's state holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The finish that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish: Option<Key>,
    /// That finish gave both times itself (R16).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub finish_gave_start: bool,
    /// The earliest `started_at` given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_start_us: Option<i64>,
    /// When the first `started` event occurred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_event_us: Option<i64>,
    /// The first event that told of a start, in whichever way (R16).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_event_id: Option<String>,
    #[serde(default)]
    pub details: Details,
}

impl Run {
    /// When it started, as far as is known (R6).
    pub fn started_at_us(&self) -> Option<i64> {
        self.facts.given_start_us.or(self.facts.started_event_us)
    }

    /// Its time of creation: when its first event occurred.
    pub fn created_at_us(&self) -> i64 {
        self.first.occurred_at_us
    }

    /// The state that the first of a run's events led to, in their order (R6): what
    /// each does to its run hangs on those before it in that run alone. Without
    /// the CI run's id and attempt, which hang on other runs too.
    pub fn replay(occurrences: &[Occurrence]) -> Option<Self> {
        let (first, rest) = occurrences.split_first()?;
        let mut run = Self::begin(first, None);
        run.apply(first);
        for occurrence in rest {
            run.apply(occurrence);
        }
        Some(run)
    }

    /// Its place among the completed ones, where it is one of them.
    pub fn completion(&self) -> Option<Completion> {
        let completed_at_us = self.completed_at_us?;
        (self.status == Status::Completed).then(|| Completion {
            completed_at_us,
            last_at_us: self.last.occurred_at_us,
            last_event_id: self.last.event_id.clone(),
        })
    }

    /// How long it took (R16). None: it is unfinished, the difference is negative, or
    /// one event told of start and finish and did not give both times.
    pub fn duration_us(&self) -> Option<i64> {
        let facts = &self.facts;
        let finish = facts.finish.as_ref()?;
        let told_twice = facts.start_event_id.as_ref() != Some(&finish.event_id);
        if !told_twice && !facts.finish_gave_start {
            return None;
        }
        let duration_us = self.completed_at_us?.checked_sub(self.started_at_us()?)?;
        (duration_us >= 0).then_some(duration_us)
    }

    fn begin(occurrence: &Occurrence, invoke: Option<(String, i64)>) -> Self {
        Self {
            id: occurrence.position,
            invoke,
            first: occurrence.key.clone(),
            last: occurrence.key.clone(),
            status: occurrence.event.status,
            completed_at_us: None,
            facts: Facts::default(),
        }
    }

    fn apply(&mut self, occurrence: &Occurrence) {
        let Occurrence {
            position,
            key,
            event,
        } = occurrence;
        self.id = self.id.min(*position);
        self.last = key.clone();
        let facts = &mut self.facts;

        let tells_start = event.started_at_us.is_some() || event.status == Status::Started;
        if tells_start && facts.start_event_id.is_none() {
            facts.start_event_id = Some(key.event_id.clone());
        }
        if event.status == Status::Started && facts.started_event_us.is_none() {
            facts.started_event_us = Some(key.occurred_at_us);
        }
        facts.given_start_us = match (facts.given_start_us, event.started_at_us) {
            (Some(known), Some(given)) => Some(known.min(given)),
            (known, given) => known.or(given),
        };

        if event.status.is_finished() {
            self.status = event.status;
            self.completed_at_us = Some(event.completed_at_us.unwrap_or(key.occurred_at_us));
            facts.finish = Some(key.clone());
            facts.finish_gave_start =
                event.started_at_us.is_some() && event.completed_at_us.is_some();
        } else if !self.status.is_finished() {
            self.status = event.status;
        }
        facts.details.merge(&event.details);
    }

    fn takes_bare_at(&self, at_us: i64) -> bool {
        !self.status.is_finished() && at_us - self.last.occurred_at_us <= BARE_JOIN_US
    }
}

/// What the latest event of a version that names it says of where it came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    pub scm_repository: Option<String>,
    pub scm_branch: Option<String>,
    pub built_by: Option<String>,
    pub built_by_name: Option<String>,
    pub built_by_email: Option<String>,
    pub source_system: Option<String>,
}

impl Origin {
    fn merge(&mut self, details: &Details) {
        for (mine, later) in [
            (&mut self.scm_repository, &details.scm_repository),
            (&mut self.scm_branch, &details.scm_branch),
            (&mut self.built_by, &details.by),
            (&mut self.built_by_name, &details.by_name),
            (&mut self.built_by_email, &details.by_email),
            (&mut self.source_system, &details.source_system),
        ] {
            if later.is_some() {
                mine.clone_from(later);
            }
        }
    }
}

/// The runs of a stream: all of them, or at least the latest one, the one that
/// was last heard of, and all attempts of the CI run that the next event names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stream {
    pub runs: Vec<Run>,
    pub origin: Origin,
}

impl Stream {
    /// Folds the events of a stream, whatever order they are in. The second part
    /// tells the run's id for each event, in the order of the input.
    pub fn fold(occurrences: &[Occurrence]) -> (Self, Vec<i64>) {
        let mut order: Vec<usize> = (0..occurrences.len()).collect();
        order.sort_by(|a, b| occurrences[*a].key.cmp(&occurrences[*b].key));
        let mut stream = Self::default();
        let mut run_of = vec![0; occurrences.len()];
        for index in order {
            run_of[index] = stream.apply(&occurrences[index]);
        }
        let ids = run_of.into_iter().map(|run| stream.runs[run].id).collect();
        (stream, ids)
    }

    /// Tells whether an event with this key comes after all that were applied.
    pub fn is_in_order(&self, key: &Key) -> bool {
        self.runs.iter().all(|run| run.last < *key)
    }

    /// The latest run: the one whose first event is latest.
    pub fn latest(&self) -> Option<&Run> {
        self.runs.iter().max_by(|a, b| a.first.cmp(&b.first))
    }

    /// Applies an event that comes after all that were applied before. Returns
    /// the index of its run.
    pub fn apply(&mut self, occurrence: &Occurrence) -> usize {
        let index = match self.find(occurrence) {
            Place::Run(index) => index,
            Place::New(invoke) => self.take_over_or_begin(occurrence, invoke),
        };
        self.runs[index].apply(occurrence);
        self.origin.merge(&occurrence.event.details);
        index
    }

    fn find(&self, occurrence: &Occurrence) -> Place {
        let at_us = occurrence.key.occurred_at_us;
        let Some(invoke_id) = &occurrence.event.invoke_id else {
            return match self.latest_index() {
                Some(index) if self.runs[index].takes_bare_at(at_us) => Place::Run(index),
                _ => Place::New(None),
            };
        };
        let attempts = || {
            self.runs.iter().enumerate().filter_map(|(index, run)| {
                let (id, attempt) = run.invoke.as_ref()?;
                (id == invoke_id).then_some((index, *attempt))
            })
        };
        if let Some(given) = occurrence.event.attempt() {
            return match attempts().find(|(_, attempt)| *attempt == given) {
                Some((index, _)) => Place::Run(index),
                None => Place::New(Some((invoke_id.clone(), given))),
            };
        }
        let Some((index, _)) = attempts().max_by_key(|(index, _)| &self.runs[*index].first) else {
            return Place::New(Some((invoke_id.clone(), 1)));
        };
        match &self.runs[index].facts.finish {
            Some(finish) if at_us - finish.occurred_at_us > NEXT_ATTEMPT_US => {
                let highest = attempts().map(|(_, attempt)| attempt).max().unwrap_or(0);
                Place::New(Some((invoke_id.clone(), highest.saturating_add(1))))
            }
            _ => Place::Run(index),
        }
    }

    /// The first event of a new CI run takes over the latest run if that is bare,
    /// unfinished and was heard of recently: the two are one (R5).
    fn take_over_or_begin(
        &mut self,
        occurrence: &Occurrence,
        invoke: Option<(String, i64)>,
    ) -> usize {
        if invoke.is_some()
            && let Some(index) = self.latest_index()
            && self.runs[index].invoke.is_none()
            && self.runs[index].takes_bare_at(occurrence.key.occurred_at_us)
        {
            self.runs[index].invoke = invoke;
            return index;
        }
        self.runs.push(Run::begin(occurrence, invoke));
        self.runs.len() - 1
    }

    fn latest_index(&self) -> Option<usize> {
        (0..self.runs.len()).min_by_key(|index| Reverse(&self.runs[*index].first))
    }
}

enum Place {
    Run(usize),
    New(Option<(String, i64)>),
}
