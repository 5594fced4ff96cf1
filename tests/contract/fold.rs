//! The domain's fold by itself, over many more histories than a database could take (R5, R6).

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use versioner::domain::{
    event::{Event, Subject},
    run::{Key, Occurrence, Run, Stream},
    status::Status,
};

use crate::history::{History, histories};

const MAX_EVENTS: usize = 30;

/// The events of one version's builds, accepted in the order of arrival.
fn arriving(history: &History) -> Vec<Occurrence> {
    let mut seen = BTreeSet::new();
    let events = history.arriving("shop", "").into_iter().flatten();
    let new = events.filter(|event| {
        event.subject == Subject::Version
            && event.version.as_deref() == Some("1.0")
            && seen.insert(event.event_id.clone())
    });
    new.zip(1..)
        .map(|(event, position)| occurrence(event, position))
        .collect()
}

fn occurrence(event: Event, position: i64) -> Occurrence {
    let key = Key {
        occurred_at_us: event.occurred_at_us.unwrap(),
        rank: event.status.rank(),
        event_id: event.event_id.clone().unwrap(),
    };
    Occurrence {
        position,
        key,
        event,
    }
}

fn in_order(mut occurrences: Vec<Occurrence>) -> Vec<Occurrence> {
    occurrences.sort_by(|a, b| a.key.cmp(&b.key));
    occurrences
}

fn without_ids(stream: Stream) -> Stream {
    let runs = stream.runs.into_iter().map(|run| Run { id: 0, ..run });
    Stream {
        runs: runs.collect(),
        ..stream
    }
}

/// What a store keeps at hand of a stream for an event: the latest run, the one last
/// heard of, and the attempts of the run that the event names.
fn at_hand(stream: &Stream, event: &Event) -> Stream {
    let latest = stream.latest().map(|run| run.first.clone());
    let last = stream.runs.iter().map(|run| run.last.clone()).max();
    let is_at_hand = |run: &&Run| {
        Some(&run.first) == latest.as_ref()
            || Some(&run.last) == last.as_ref()
            || run
                .invoke
                .as_ref()
                .is_some_and(|(id, _)| Some(id) == event.invoke_id.as_ref())
    };
    Stream {
        runs: stream.runs.iter().filter(is_at_hand).cloned().collect(),
        origin: stream.origin.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn r6_a_fold_depends_on_the_set_of_events_alone(history in histories(MAX_EVENTS)) {
        let arrived = arriving(&history);
        let sorted = in_order(arrived.clone());
        let (stream, ids) = Stream::fold(&arrived);
        prop_assert_eq!(&stream, &Stream::fold(&sorted).0);
        prop_assert_eq!(ids.len(), arrived.len());

        let renumbered = sorted.into_iter().zip(1..).map(|(o, position)| occurrence(o.event, position));
        let renumbered: Vec<Occurrence> = renumbered.collect();
        prop_assert_eq!(without_ids(stream), without_ids(Stream::fold(&renumbered).0));
    }

    #[test]
    fn r5_a_few_runs_are_enough_to_apply_an_event_in_order(history in histories(MAX_EVENTS)) {
        let mut stream = Stream::default();
        for occurrence in in_order(arriving(&history)) {
            let mut few = at_hand(&stream, &occurrence.event);
            prop_assert!(stream.is_in_order(&occurrence.key));
            prop_assert!(few.is_in_order(&occurrence.key));
            let whole = stream.apply(&occurrence);
            let part = few.apply(&occurrence);
            prop_assert_eq!(&stream.runs[whole], &few.runs[part]);
            prop_assert_eq!(&stream.origin, &few.origin);
            prop_assert_eq!(stream.latest(), few.latest());
            prop_assert!(!stream.is_in_order(&occurrence.key));
        }
    }

    #[test]
    fn r6_each_run_is_what_its_events_make_of_it(history in histories(MAX_EVENTS)) {
        let occurrences = arriving(&history);
        let (stream, ids) = Stream::fold(&occurrences);
        let mut events: BTreeMap<i64, Vec<Occurrence>> = BTreeMap::new();
        for (occurrence, id) in occurrences.into_iter().zip(ids) {
            events.entry(id).or_default().push(occurrence);
        }
        let runs: BTreeSet<i64> = stream.runs.iter().map(|run| run.id).collect();
        prop_assert_eq!(runs.len(), stream.runs.len(), "an id is one run's");
        prop_assert_eq!(&runs, &events.keys().copied().collect());
        let named: Vec<_> = stream.runs.iter().filter_map(|run| run.invoke.clone()).collect();
        prop_assert_eq!(named.iter().collect::<BTreeSet<_>>().len(), named.len(), "an attempt is one run");

        for run in &stream.runs {
            let events = in_order(events.remove(&run.id).unwrap());
            prop_assert_eq!(Some(run.id), events.iter().map(|o| o.position).min());
            prop_assert_eq!(&run.first, &events[0].key);
            prop_assert_eq!(&run.last, &events[events.len() - 1].key);
            let finish = events.iter().rfind(|o| o.event.status.is_finished());
            let status = finish.unwrap_or(&events[events.len() - 1]).event.status;
            prop_assert_eq!(run.status, status);
            let completed_at_us = finish.map(|o| o.event.completed_at_us.unwrap_or(o.key.occurred_at_us));
            prop_assert_eq!(run.completed_at_us, completed_at_us);
            let given = events.iter().filter_map(|o| o.event.started_at_us).min();
            let started = events.iter().find(|o| o.event.status == Status::Started);
            let started_at_us = given.or(started.map(|o| o.key.occurred_at_us));
            prop_assert_eq!(run.started_at_us(), started_at_us);
            let branch = events.iter().rev().find_map(|o| o.event.details.scm_branch.clone());
            prop_assert_eq!(&run.facts.details.scm_branch, &branch);
            for occurrence in &events {
                let named = occurrence.event.invoke_id.as_ref();
                prop_assert!(named.is_none() || named == run.invoke.as_ref().map(|(id, _)| id));
                if let (Some(_), Some(given)) = (named, occurrence.event.attempt()) {
                    prop_assert_eq!(run.invoke.as_ref().map(|(_, attempt)| *attempt), Some(given));
                }
            }
        }
    }
}
