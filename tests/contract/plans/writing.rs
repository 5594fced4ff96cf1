//! What the writer asks before it writes, and what it writes. Knows no plan.

use versioner::storage::Answer;

use super::{
    asking::Plans,
    fill::{self, LONG_LIVED, usual},
    points::ask,
    postgres::Budget,
};
use crate::report::{DAY_US, Report, T0_US, build, check, commit_check, deployment};

pub(super) async fn writer(plans: &Plans) {
    let at_us = fill::END_US - T0_US + DAY_US;
    let batches: [(&str, Vec<Report>); 5] = [
        (
            "new versions",
            (0..10)
                .map(|nth| {
                    build(&format!("9.0.{nth}"))
                        .sha(&fill::sha(90_000 + nth))
                        .run(&format!("new-{nth}"))
                        .at(at_us + nth)
                })
                .collect(),
        ),
        (
            "builds that go on",
            vec![
                build(LONG_LIVED).run("nightly-399").at(at_us),
                build(LONG_LIVED).run("nightly-new").at(at_us + 1),
                build(&fill::version(61))
                    .run(&fill::run_id(61))
                    .at(at_us + 2),
                build(&fill::version(111))
                    .run(&fill::run_id(111))
                    .at(at_us + 3),
            ],
        ),
        (
            "deployments",
            vec![
                deployment(LONG_LIVED, usual::ENVIRONMENT)
                    .run("nightly-399")
                    .at(at_us),
                deployment(LONG_LIVED, usual::ENVIRONMENT).at(at_us + 1),
                deployment(&fill::version(60), usual::ENVIRONMENT)
                    .instance(usual::INSTANCE)
                    .at(at_us + 2),
                deployment(&fill::version(60), "somewhere new")
                    .failed()
                    .at(at_us + 3),
            ],
        ),
        (
            "checks",
            vec![
                check(LONG_LIVED, usual::CHECK).run("nightly-399").at(at_us),
                check(LONG_LIVED, usual::CHECK)
                    .run("nightly-new")
                    .at(at_us + 1),
                check(&fill::version(65), usual::CHECK).at(at_us + 2),
                commit_check(&fill::sha(65), "image-scan").at(at_us + 3),
            ],
        ),
        (
            "what comes late",
            vec![
                build(&fill::version(62))
                    .run(&fill::run_id(62))
                    .started()
                    .at(1),
                deployment(&fill::version(63), usual::ENVIRONMENT).at(1),
                check(&fill::version(65), usual::CHECK).at(1),
            ],
        ),
    ];
    for (what, reports) in batches {
        let events: Vec<_> = reports.into_iter().map(Report::event).collect();
        let count = events.len() as u64;
        let asked = async {
            let outcomes = plans.store.submit(events, Answer::WithState).await;
            outcomes
                .into_iter()
                .try_for_each(|outcome| outcome.map(drop))
        };
        let budget = Budget {
            // Each finds its stream, of which one has a long history.
            rows: 60 * count + 3 * fill::HISTORY as u64,
            blocks: 900 * count,
        };
        ask(plans, what, asked, "", true, budget).await;
    }
}
