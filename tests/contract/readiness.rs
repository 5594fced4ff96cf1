//! What counts as evidence of a version's readiness, and for which version (R17).

use versioner::{
    domain::{
        id::Kind,
        query::{ReadinessQuery, VersionQuery},
        readiness::{Assessment, EvidenceId, Readiness, Reason},
        requirements::{Requirements, RequirementsChange, SecurityLimits},
        resource::{Content, EntryType},
        status::{CheckKind, Status},
    },
    storage::{EnvironmentChange, Error, ProductChange, Reference, Store},
};

use crate::{
    ask::{Ask, Told},
    database::Database,
    report::{
        DAY_US, HOUR_US, MINUTE_US, PRODUCT, Report, T0_US, build, check, commit_check, deployment,
    },
};

const SHA: &str = "abc1234def";
/// When readiness is asked for, where a case does not say.
const NOW_US: i64 = T0_US + 30 * DAY_US;

pub(crate) fn requires(names: &[&str]) -> RequirementsChange {
    RequirementsChange {
        required_checks: Some(names.iter().map(|name| (*name).to_owned()).collect()),
        security_limits: None,
    }
}

pub(crate) async fn set_product(store: &Store, requirements: RequirementsChange) {
    let change = ProductChange {
        requirements,
        ..ProductChange::default()
    };
    let which = Reference::Name(PRODUCT.to_owned());
    store.update_product(which, change).await.unwrap();
}

pub(crate) async fn set_environment(store: &Store, name: &str, requirements: RequirementsChange) {
    let change = EnvironmentChange {
        requirements,
        ..EnvironmentChange::default()
    };
    let which = Reference::Name(name.to_owned());
    store.update_environment(which, change).await.unwrap();
}

async fn assess_at(store: &Store, version: &str, environment: &str, now_us: i64) -> Assessment {
    let query = ReadinessQuery {
        environment_name: Some(environment.to_owned()).filter(|name| !name.is_empty()),
        now_us,
    };
    let environment = store.readiness_environment(&query).await.unwrap();
    let version = store.find(version).await;
    let assessed = store.assess(vec![version], environment.as_ref(), now_us);
    let version = assessed.await.unwrap().pop().expect("a version");
    version.readiness.expect("it is told")
}

async fn assess(store: &Store, version: &str) -> Assessment {
    assess_at(store, version, "", NOW_US).await
}

/// The reasons against it, each with the name of its check.
fn unmet(assessment: &Assessment) -> Vec<(Reason, &str)> {
    let unmet = assessment.unmet();
    unmet
        .map(|c| (c.reason, c.check_name.as_deref().unwrap_or_default()))
        .collect()
}

fn scan(version: &str, counts: &[(&str, i64)]) -> Report {
    check(version, "scan").with(|raw| {
        raw.check_kind = Some(Ok(CheckKind::SecurityScan));
        let counts = counts.iter().map(|(name, n)| ((*name).to_owned(), *n));
        raw.counts = Some(Ok(counts.collect()));
    })
}

pub(crate) async fn r17_the_latest_finished_build_counts_whatever_came_after_it(store: Store) {
    store.accept(build("1.0").run("1").at(0)).await;
    assert_eq!(assess(&store, "1.0").await.readiness, Readiness::Ready);
    store
        .accept(build("1.0").run("2").started().at(HOUR_US))
        .await;
    assert_eq!(assess(&store, "1.0").await.readiness, Readiness::Ready);
    // Begun later than the first, accepted later than the third.
    let failed = store
        .accept(build("1.0").run("3").failed().at(2 * HOUR_US))
        .await;
    store.accept(build("1.0").run("4").at(MINUTE_US)).await;
    let told = assess(&store, "1.0").await;
    assert_eq!(unmet(&told), [(Reason::BuildFailed, "")]);
    let id = EvidenceId::Build(failed.build().id);
    assert_eq!(told.conditions[0].evidence, Some(id));
    assert_eq!(told.conditions[0].since_us, Some(T0_US + 2 * HOUR_US));

    store.accept(build("1.1").started().at(0)).await;
    let told = assess(&store, "1.1").await;
    assert_eq!(unmet(&told), [(Reason::BuildUnfinished, "")]);
    store.accept(deployment("1.2", "dev").at(0)).await;
    let told = assess(&store, "1.2").await;
    assert_eq!(unmet(&told), [(Reason::NoBuild, "")]);
    assert_eq!(told.readiness, Readiness::Unknown);
}

pub(crate) async fn r17_checks_may_come_before_the_version_by_commit_in_any_form(store: Store) {
    store.accept(commit_check(SHA, "full").at(0)).await;
    store.accept(commit_check(&SHA[..7], "short").at(0)).await;
    let longer = format!("{SHA}0123");
    store.accept(commit_check(&longer, "longer").at(0)).await;
    store.accept(check("1.0", "own").at(0)).await;
    set_product(&store, requires(&["full", "longer", "own", "short"])).await;
    let told = assess(&store, "1.0").await;
    let absent = ["full", "longer", "short"].map(|name| (Reason::CheckAbsent, name));
    assert_eq!(unmet(&told)[1..], absent, "nothing tells its commit yet");

    store.accept(build("1.0").sha(SHA).at(HOUR_US)).await;
    assert_eq!(assess(&store, "1.0").await.readiness, Readiness::Ready);
    // Another version of the commit has them too, but for what is the first one's own.
    store.accept(build("1.1").sha(SHA).at(HOUR_US)).await;
    let told = assess(&store, "1.1").await;
    assert_eq!(unmet(&told), [(Reason::CheckAbsent, "own")]);
    // Another commit has none of them, nor has another product.
    store
        .accept(build("1.2").sha("abc1234eee").at(HOUR_US))
        .await;
    let told = assess(&store, "1.2").await;
    let absent = ["full", "longer", "own"].map(|name| (Reason::CheckAbsent, name));
    assert_eq!(unmet(&told), absent);
    // What only begins alike is another commit where it is no hex.
    store
        .accept(commit_check("r123456x", "unit").failed().at(0))
        .await;
    store
        .accept(commit_check("r123456", "unit").failed().of("cart"))
        .await;
    store.accept(build("1.3").sha("r123456").at(HOUR_US)).await;
    let told = assess(&store, "1.3").await;
    assert!(!unmet(&told).contains(&(Reason::CheckFailed, "unit")));
}

pub(crate) async fn r17_a_gate_recorded_by_version_and_by_commit_is_one(store: Store) {
    store.accept(build("1.0").sha(SHA).at(0)).await;
    set_product(&store, requires(&["unit"])).await;
    store.accept(check("1.0", "unit").failed().at(1)).await;
    let by_commit = store.accept(commit_check(SHA, "unit").at(MINUTE_US)).await;
    let told = assess(&store, "1.0").await;
    assert_eq!(told.readiness, Readiness::Ready, "{told:#?}");
    let passed = told
        .conditions
        .iter()
        .find(|c| c.reason == Reason::CheckPassed);
    let id = EvidenceId::Check(by_commit.check().id);
    assert_eq!(passed.unwrap().evidence, Some(id));

    // A bare start by commit and a bare finish by version are one run, the latest.
    let shortened = store
        .accept(commit_check(&SHA[..8], "unit").started().at(HOUR_US))
        .await;
    let told = assess(&store, "1.0").await;
    assert_eq!(unmet(&told), [(Reason::CheckRunning, "unit")]);
    let finish = check("1.0", "unit").failed().at(2 * HOUR_US);
    store.accept(finish).await;
    let told = assess(&store, "1.0").await;
    let expected = [(Reason::CheckFailed, "unit"), (Reason::CheckFailed, "unit")];
    assert_eq!(unmet(&told), expected);
    let condition = &told.conditions[0];
    assert_eq!(condition.since_us, Some(T0_US + 2 * HOUR_US));
    // Its first event was accepted for the shortened commit.
    let id = EvidenceId::Check(shortened.check().id);
    assert_eq!(condition.evidence, Some(id));
    // The other version of the commit has the run without its finish.
    store.accept(build("1.1").sha(SHA).at(0)).await;
    let told = assess(&store, "1.1").await;
    assert_eq!(unmet(&told), [(Reason::CheckRunning, "unit")]);
}

pub(crate) async fn r17_where_a_short_commit_fits_several_each_counts_by_itself(store: Store) {
    store.accept(build("1.0").sha(&SHA[..7]).at(0)).await;
    set_product(&store, requires(&["unit"])).await;
    store
        .accept(commit_check("abc1234def", "unit").failed().at(0))
        .await;
    store.accept(commit_check("abc1234fff", "unit").at(1)).await;
    let told = assess(&store, "1.0").await;
    assert_eq!(told.readiness, Readiness::NotReady);
    // Once the whole SHA is known, so is which of them counts.
    store.accept(build("1.0").sha("abc1234fff").at(1)).await;
    assert_eq!(assess(&store, "1.0").await.readiness, Readiness::Ready);
}

pub(crate) async fn r17_what_has_expired_is_unknown(store: Store) {
    store.accept(build("1.0").at(0)).await;
    set_product(&store, requires(&["approval"])).await;
    let expiring = check("1.0", "approval").at(0);
    let expiring = expiring.with(|raw| raw.expires_at_us = Some(Ok(T0_US + HOUR_US)));
    store.accept(expiring).await;
    let told = assess_at(&store, "1.0", "", T0_US + HOUR_US - 1).await;
    assert_eq!(told.readiness, Readiness::Ready);
    let told = assess_at(&store, "1.0", "", T0_US + HOUR_US).await;
    assert_eq!(unmet(&told), [(Reason::CheckExpired, "approval")]);
    assert_eq!(told.conditions[0].since_us, Some(T0_US + HOUR_US));
    // Another run of it says nothing of an expiry.
    store.accept(check("1.0", "approval").at(DAY_US)).await;
    assert_eq!(assess(&store, "1.0").await.readiness, Readiness::Ready);
}

pub(crate) async fn r17_an_environment_has_requirements_and_checks_of_its_own(store: Store) {
    store.accept(build("1.0").sha(SHA).at(0)).await;
    store.accept(deployment("1.0", "dev").at(0)).await;
    let failed_for = |name| check("1.0", "smoke").failed().in_environment(name);
    store.accept(failed_for("staging").at(0)).await;
    set_product(&store, requires(&["unit"])).await;
    set_environment(&store, "staging", requires(&["smoke", "unit"])).await;
    store.accept(check("1.0", "unit").at(0)).await;

    for environment in ["", "dev"] {
        let told = assess_at(&store, "1.0", environment, NOW_US).await;
        assert_eq!(told.readiness, Readiness::Ready, "{environment}");
    }
    let told = assess_at(&store, "1.0", "staging", NOW_US).await;
    let smoke = (Reason::CheckFailed, "smoke");
    assert_eq!(unmet(&told), [smoke, smoke]);
    assert_eq!(told.conditions[0].message, "check smoke for staging failed");

    // Made for all environments and for this one, it has to have passed for both.
    let passed = commit_check(SHA, "smoke").in_environment("staging");
    store.accept(passed.at(HOUR_US)).await;
    let told = assess_at(&store, "1.0", "staging", NOW_US).await;
    assert_eq!(told.readiness, Readiness::Ready);
    store
        .accept(check("1.0", "smoke").started().at(HOUR_US))
        .await;
    let told = assess_at(&store, "1.0", "staging", NOW_US).await;
    assert_eq!(unmet(&told), [(Reason::CheckRunning, "smoke")]);

    // Renamed, it has them still; deleted, it has taken them along.
    let renamed = EnvironmentChange {
        name: Some("stage".into()),
        ..EnvironmentChange::default()
    };
    let which = Reference::Name("staging".into());
    store
        .update_environment(which.clone(), renamed)
        .await
        .unwrap();
    for name in ["staging", "stage"] {
        let told = assess_at(&store, "1.0", name, NOW_US).await;
        assert_eq!(unmet(&told), [(Reason::CheckRunning, "smoke")], "{name}");
    }
    store.delete_environment(which, true).await.unwrap();
    let query = ReadinessQuery {
        environment_name: Some("stage".into()),
        now_us: NOW_US,
    };
    let gone = store.readiness_environment(&query).await.unwrap_err();
    let kind = Kind::Environment;
    assert!(
        matches!(gone, Error::NotFound { kind: k, .. } if k == kind),
        "{gone}"
    );
    assert_eq!(assess(&store, "1.0").await.readiness, Readiness::Ready);
}

pub(crate) async fn r17_of_two_limits_the_stricter_one_counts(store: Store) {
    let limit = |high| RequirementsChange {
        required_checks: None,
        security_limits: Some(Some(SecurityLimits {
            high: Some(high),
            ..SecurityLimits::default()
        })),
    };
    store.accept(build("1.0").at(0)).await;
    store.accept(deployment("1.0", "dev").at(0)).await;
    set_product(&store, limit(3)).await;
    set_environment(&store, "dev", limit(1)).await;
    let told = assess(&store, "1.0").await;
    assert_eq!(unmet(&told), [(Reason::ScanAbsent, "")]);
    store
        .accept(scan("1.0", &[("high", 2), ("low", 99)]).at(0))
        .await;
    assert_eq!(assess(&store, "1.0").await.readiness, Readiness::Ready);
    let told = assess_at(&store, "1.0", "dev", NOW_US).await;
    assert_eq!(unmet(&told), [(Reason::LimitExceeded, "scan")]);
    set_environment(&store, "dev", limit(9)).await;
    let told = assess_at(&store, "1.0", "dev", NOW_US).await;
    assert_eq!(told.readiness, Readiness::Ready);
}

pub(crate) async fn r15_requirements_are_kept_by_the_log_too(database: Database) {
    let store = database.open().await;
    store.accept(deployment("1.0", "dev")).await;
    // As an entry looks that was written before there were requirements.
    set_product(&store, requires(&[])).await;
    let described = ProductChange {
        description: Some("sells things".into()),
        ..ProductChange::default()
    };
    let which = Reference::Name(PRODUCT.to_owned());
    store
        .update_product(which.clone(), described)
        .await
        .unwrap();
    let before = database
        .texts("select content from event_log where event_type = 4")
        .await;
    let [before] = &before[..] else {
        panic!("what changes nothing is no entry: {before:?}");
    };
    let without = before.replace(r#","requirements":{}"#, "");
    assert_ne!(&without, before);
    let update = format!("update event_log set content = '{without}' where event_type = 4");
    store.close().await;
    database.execute(&update).await;

    let store = database.open().await;
    let limits = SecurityLimits {
        critical: Some(0),
        low: Some(i64::MAX),
        ..SecurityLimits::default()
    };
    let change = RequirementsChange {
        security_limits: Some(Some(limits)),
        ..requires(&["b", "é", "B", "b"])
    };
    set_product(&store, change.clone()).await;
    set_environment(&store, "dev", change).await;
    let expected = Requirements {
        required_checks: ["B", "b", "é"].map(str::to_owned).to_vec(),
        security_limits: Some(limits),
    };
    let product = store.product(&which).await.unwrap();
    assert_eq!(product.requirements, expected);
    let dev = Reference::Name("dev".into());
    let environment = store.environment(&dev).await.unwrap();
    assert_eq!(environment.requirements, expected);

    let entries = store.entries().await;
    let kinds: Vec<EntryType> = entries.iter().map(|e| e.kind).collect();
    let updated = EntryType::ProductUpdated;
    assert_eq!(
        kinds[1..],
        [updated, updated, EntryType::EnvironmentUpdated]
    );
    let Some(Content::Product(read)) = &entries[1].content else {
        panic!("an entry about the product: {:?}", entries[1]);
    };
    assert_eq!(read.requirements, Requirements::default());
    assert_eq!(entries[2].content, Some(Content::Product(product)));
    assert_eq!(entries[3].content, Some(Content::Environment(environment)));

    set_product(
        &store,
        RequirementsChange {
            security_limits: Some(None),
            ..requires(&[])
        },
    )
    .await;
    let product = store.product(&which).await.unwrap();
    assert_eq!(product.requirements, Requirements::default());
    store.close().await;
}

pub(crate) async fn r17_many_versions_are_told_as_each_alone(store: Store) {
    const COUNT: i64 = 120;
    let mut reports = Vec::new();
    for n in 0..COUNT {
        let version = n.to_string();
        let sha = format!("{:07x}00", n % 40);
        let status = [Status::Completed, Status::Failed, Status::Started][n as usize % 3];
        reports.push(build(&version).sha(&sha).status(status).at(n));
        if n % 2 == 0 {
            reports.push(check(&version, "unit").at(n));
        }
        if n % 5 == 0 {
            reports.push(commit_check(&sha[..7], "unit").failed().at(60));
        }
        reports.push(commit_check(&sha, "lint").at(n));
        if n % 7 == 0 {
            reports.push(check(&version, "unit").of("cart").failed());
        }
    }
    store.accept_all(reports).await;
    set_product(&store, requires(&["lint", "unit"])).await;
    let readiness = ReadinessQuery {
        environment_name: None,
        now_us: NOW_US,
    };
    let query = VersionQuery {
        readiness: Some(readiness),
        ..VersionQuery::default()
    };
    for size in [7, 150] {
        let versions = store.in_pages(&query, size).await;
        assert!(versions.len() > 100);
        for version in versions {
            let alone = store.version(version.id).await.unwrap().unwrap();
            assert_eq!(alone.readiness, None, "it was not asked for");
            let alone = store.assess(vec![alone], None, NOW_US).await.unwrap();
            assert_eq!(alone, [version]);
        }
    }
    let ready = store.in_pages(&query, 150).await.into_iter();
    let ready = ready.filter(|v| v.readiness.as_ref().unwrap().readiness == Readiness::Ready);
    assert!(ready.count() > 10, "not all are alike");
    assert_eq!(store.assess(Vec::new(), None, NOW_US).await.unwrap(), []);
}
