//! What the plans are made for: a store of some 50,000 rows in which most is alike, a little is rare and
//! old, and some things have a long history. Knows no statement.

use versioner::{
    domain::status::{CheckKind, Status},
    storage::Store,
};

use crate::{
    ask::Ask,
    report::{HOUR_US, MINUTE_US, PRODUCT, Report, T0_US, build, check, commit_check, deployment},
};

/// Versions, ten minutes apart.
pub(crate) const VERSIONS: i64 = 12_000;
/// The first so many are the only ones with the facts called rare.
const RARE_VERSIONS: i64 = 60;
const APART_US: i64 = 10 * MINUTE_US;
/// Products beside [`PRODUCT`], which has four versions in five.
const OTHER_PRODUCTS: i64 = 1_200;
/// A product with one version in fifty.
pub(crate) const MIDDLING_PRODUCT: &str = "billing";
/// Environments that one version each was deployed to.
const PREVIEWS: i64 = 1_500;
/// Builds of one version, its deployments to one place, and the runs of one check of it.
pub(crate) const HISTORY: i64 = 400;
/// Events that are submitted together.
const CHUNK: usize = 2_000;

/// Values that most rows have.
pub(crate) mod usual {
    pub(crate) const BRANCH: &str = "main";
    pub(crate) const REPOSITORY: &str = "github.com/mycompany/mono";
    pub(crate) const BUILDER: &str = "github-actions";
    pub(crate) const SOURCE: &str = "github";
    pub(crate) const ENVIRONMENT: &str = "dev";
    pub(crate) const INSTANCE: &str = "eu";
    pub(crate) const DEPLOYER: &str = "argo";
    pub(crate) const CHECK: &str = "integration-tests";
}

/// Values that the first few rows have.
pub(crate) mod rare {
    pub(crate) const BRANCH: &str = "release/0.0";
    pub(crate) const REPOSITORY: &str = "github.com/mycompany/monolith";
    pub(crate) const BUILDER: &str = "jenkins-agent-1";
    pub(crate) const SOURCE: &str = "jenkins";
    pub(crate) const ENVIRONMENT: &str = "test-lab";
    pub(crate) const INSTANCE: &str = "cellar";
    pub(crate) const DEPLOYER: &str = "somebody";
    pub(crate) const CHECK: &str = "four-eyes";
    pub(crate) const PREFIX: &str = "0.0.";
}

/// The version that all is done to again and again.
pub(crate) const LONG_LIVED: &str = "nightly";

/// When the middle half of the versions was built.
pub(crate) const MIDDLE_US: (i64, i64) = (
    T0_US + VERSIONS / 4 * APART_US,
    T0_US + VERSIONS * 3 / 4 * APART_US,
);
pub(crate) const END_US: i64 = T0_US + (VERSIONS + HISTORY) * APART_US;

/// Fills an empty store.
pub(crate) async fn fill(store: &Store) {
    let mut reports: Vec<Report> = (0..VERSIONS).flat_map(of_version).collect();
    reports.extend((0..PREVIEWS).map(|nth| {
        let at_us = VERSIONS * APART_US + nth;
        deployment(&version(nth * 7), &format!("preview-{nth}"))
            .of(&product(nth * 7))
            .at(at_us)
    }));
    reports.extend((0..HISTORY).flat_map(of_long_lived));
    let mut reports = reports.into_iter().peekable();
    while reports.peek().is_some() {
        store.accept_all(reports.by_ref().take(CHUNK)).await;
    }
}

pub(crate) fn product(nth: i64) -> String {
    match nth % 50 {
        _ if nth < RARE_VERSIONS => PRODUCT.to_owned(),
        44 => MIDDLING_PRODUCT.to_owned(),
        rest if rest % 5 == 4 => format!("service-{}", nth / 5 % OTHER_PRODUCTS),
        _ => PRODUCT.to_owned(),
    }
}

pub(crate) fn version(nth: i64) -> String {
    let numbers = match nth < RARE_VERSIONS {
        true => format!("0.0.{nth}"),
        false => format!("1.{}.{}", nth / 100, nth % 100),
    };
    match nth % 20 {
        7 => format!("{numbers}-rc.1"),
        _ => numbers,
    }
}

pub(crate) fn sha(nth: i64) -> String {
    // Spread over all commits there could be: an odd factor gives each another number.
    let spread = (nth as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{spread:016x}{nth:024x}")
}

pub(crate) fn run_id(nth: i64) -> String {
    format!("run-{nth}")
}

fn of_version(nth: i64) -> impl Iterator<Item = Report> {
    let at_us = nth * APART_US;
    let pick = move |rare: &str, usual: &str| match nth < RARE_VERSIONS {
        true => rare.to_owned(),
        false => usual.to_owned(),
    };
    let built = move |status| {
        build(&version(nth))
            .of(&product(nth))
            .status(status)
            .run(&run_id(nth))
            .sha(&sha(nth))
            .branch(&pick(
                rare::BRANCH,
                match nth % 10 {
                    9 => "develop",
                    _ => usual::BRANCH,
                },
            ))
            .with(|raw| {
                raw.scm_repository = pick(rare::REPOSITORY, usual::REPOSITORY);
                raw.by = pick(rare::BUILDER, usual::BUILDER);
                raw.source_system = pick(rare::SOURCE, usual::SOURCE);
            })
    };
    let status = match nth {
        _ if nth < RARE_VERSIONS => Status::Aborted,
        _ if nth % 20 == 3 => Status::Failed,
        _ if nth % 50 == 11 => Status::Started,
        _ => Status::Completed,
    };
    let started = (nth % 10 == 0).then(|| built(Status::Started).at(at_us));
    let finished = built(status).at(at_us + 5 * MINUTE_US);
    let deployed = (nth % 3 == 0).then(|| {
        let status = match status {
            Status::Started => Status::Completed,
            status => status,
        };
        deployment(&version(nth), &pick(rare::ENVIRONMENT, usual::ENVIRONMENT))
            .of(&product(nth))
            .status(status)
            .instance(&pick(
                rare::INSTANCE,
                match nth % 2 {
                    0 => usual::INSTANCE,
                    _ => "",
                },
            ))
            .run(&format!("deploy-{nth}"))
            .with(|raw| raw.by = pick(rare::DEPLOYER, usual::DEPLOYER))
            .at(at_us + 8 * MINUTE_US)
    });
    let checked = (nth % 5 == 0).then(|| {
        let is_rare = nth < RARE_VERSIONS;
        let tested = check(&version(nth), &pick(rare::CHECK, usual::CHECK)).with(|raw| {
            if is_rare {
                raw.check_kind = Some(Ok(CheckKind::Approval));
                raw.status = Some(Ok(Status::Aborted));
                raw.environment_name = rare::ENVIRONMENT.into();
            }
        });
        let scanned = commit_check(&sha(nth), "image-scan")
            .with(|raw| raw.check_kind = Some(Ok(CheckKind::SecurityScan)));
        [tested, scanned].map(|report| report.of(&product(nth)).at(at_us + 6 * MINUTE_US))
    });
    started
        .into_iter()
        .chain([finished])
        .chain(deployed)
        .chain(checked.into_iter().flatten())
}

/// Unfinished but for the first: what is finished is not the latest.
fn of_long_lived(nth: i64) -> impl Iterator<Item = Report> {
    let at_us = VERSIONS * APART_US + HOUR_US + nth * APART_US;
    let status = match nth {
        0 => Status::Completed,
        _ => Status::Started,
    };
    let run = format!("{LONG_LIVED}-{nth}");
    [
        build(LONG_LIVED).status(status),
        deployment(LONG_LIVED, usual::ENVIRONMENT),
        check(LONG_LIVED, usual::CHECK),
    ]
    .into_iter()
    .map(move |report| report.run(&run).at(at_us))
}
