//! Every condition with each of its reasons, and what they come to.

use crate::domain::{
    readiness::*,
    requirements::SecurityLimits,
    run::{Facts, Key},
};

const NOW_US: i64 = 1_000;

fn build(status: Status) -> LatestBuild {
    let key = Key {
        occurred_at_us: 10,
        rank: status.rank(),
        event_id: "e".into(),
    };
    LatestBuild::Finished(Box::new(Run {
        id: 7,
        invoke: None,
        first: key.clone(),
        last: key,
        status,
        completed_at_us: Some(20),
        facts: Facts {
            details: crate::domain::event::Details {
                url: Some("https://ci.example/7".into()),
                ..Default::default()
            },
            ..Facts::default()
        },
    }))
}

fn check(name: &str, status: Status) -> CheckState {
    CheckState {
        id: 3,
        name: name.into(),
        for_environment: false,
        kind: Some(CheckKind::Test),
        status,
        since_us: 30,
        expires_at_us: None,
        url: Some(format!("https://checks.example/{name}")),
        counts: BTreeMap::new(),
    }
}

fn scan(name: &str, status: Status, counts: &[(&str, i64)]) -> CheckState {
    CheckState {
        kind: Some(CheckKind::SecurityScan),
        counts: counts.iter().map(|(k, n)| ((*k).to_owned(), *n)).collect(),
        ..check(name, status)
    }
}

fn expiring(at_us: i64, check: CheckState) -> CheckState {
    CheckState {
        expires_at_us: Some(at_us),
        ..check
    }
}

fn for_production(check: CheckState) -> CheckState {
    CheckState {
        for_environment: true,
        ..check
    }
}

fn requires(names: &[&str]) -> Requirements {
    Requirements {
        required_checks: names.iter().map(|name| (*name).to_owned()).collect(),
        security_limits: None,
    }
}

/// At most one critical finding, and no high one.
fn limited() -> Requirements {
    Requirements {
        required_checks: Vec::new(),
        security_limits: Some(SecurityLimits {
            critical: Some(1),
            high: Some(0),
            ..SecurityLimits::default()
        }),
    }
}

/// Of a version whose build completed.
fn assessed(checks: Vec<CheckState>, requirements: &Requirements) -> Assessment {
    let build = build(Status::Completed);
    let evidence = Evidence { build, checks };
    assess(&evidence, requirements, Some("production"), NOW_US)
}

fn only(assessment: &Assessment, kind: ConditionType) -> &Condition {
    let mut of_kind = assessment.conditions.iter().filter(|c| c.kind == kind);
    let condition = of_kind.next().expect("a condition of the type");
    assert_eq!(of_kind.next(), None, "one condition of the type");
    condition
}

#[test]
fn r17_the_latest_finished_build_has_to_have_completed() {
    for (build, reason, message, readiness) in [
        (
            build(Status::Completed),
            Reason::BuildCompleted,
            "the latest finished build completed",
            Readiness::Ready,
        ),
        (
            build(Status::Failed),
            Reason::BuildFailed,
            "the latest finished build failed",
            Readiness::NotReady,
        ),
        (
            build(Status::Aborted),
            Reason::BuildAborted,
            "the latest finished build was aborted",
            Readiness::NotReady,
        ),
        (
            LatestBuild::Unfinished,
            Reason::BuildUnfinished,
            "no build has finished",
            Readiness::Unknown,
        ),
        (
            LatestBuild::None,
            Reason::NoBuild,
            "no build is known",
            Readiness::Unknown,
        ),
    ] {
        let is_finished = matches!(build, LatestBuild::Finished(_));
        let evidence = Evidence {
            build,
            checks: Vec::new(),
        };
        let told = assess(&evidence, &Requirements::default(), None, NOW_US);
        assert_eq!(told.readiness, readiness, "{message}");
        let condition = only(&told, ConditionType::BuildCompleted);
        assert_eq!(
            (condition.reason, &condition.message[..]),
            (reason, message)
        );
        assert_eq!(condition.since_us, is_finished.then_some(20));
        let id = is_finished.then_some(EvidenceId::Build(7));
        assert_eq!(condition.evidence, id);
        assert_eq!(condition.evidence_url.is_some(), is_finished);
        assert_eq!(
            condition.remedy.is_empty(),
            reason == Reason::BuildCompleted
        );
    }
}

#[test]
fn r17_no_check_may_have_failed_required_or_not_expired_or_not() {
    let failed = vec![
        check("a", Status::Completed),
        expiring(1, check("b", Status::Failed)),
        for_production(check("c", Status::Failed)),
    ];
    let told = assessed(failed, &Requirements::default());
    assert_eq!(told.readiness, Readiness::NotReady);
    let messages: Vec<&str> = told.unmet().map(|c| c.message.as_str()).collect();
    assert_eq!(
        messages,
        ["check b failed", "check c for production failed"]
    );
    let first = &told.conditions[0];
    assert_eq!(first.kind, ConditionType::NoCheckFailed);
    assert_eq!(first.reason, Reason::CheckFailed);
    assert_eq!(first.check_name.as_deref(), Some("b"));
    assert_eq!(first.evidence, Some(EvidenceId::Check(3)));
    assert_eq!(first.since_us, Some(30));
    assert_eq!(
        first.evidence_url.as_deref(),
        Some("https://checks.example/b")
    );

    let others = [
        Status::Pending,
        Status::Started,
        Status::Completed,
        Status::Aborted,
    ];
    let checks = others.map(|status| check(status.as_str(), status)).to_vec();
    for (checks, message) in [
        (checks, "none of the 4 recorded checks failed"),
        (
            vec![check("a", Status::Started)],
            "the recorded check did not fail",
        ),
        (vec![], "no check is recorded, so none failed"),
    ] {
        let told = assessed(checks, &Requirements::default());
        assert_eq!(told.readiness, Readiness::Ready);
        let condition = only(&told, ConditionType::NoCheckFailed);
        assert_eq!(condition.message, message);
        assert_eq!(condition.reason, Reason::NoCheckFailed);
        assert_eq!(condition.evidence, None);
    }
}

#[test]
fn r17_each_required_check_has_to_be_there_and_passed() {
    use Readiness::{NotReady, Ready, Unknown};
    let unit = |status| check("unit", status);
    for (checks, reason, message, since_us, readiness) in [
        (
            vec![unit(Status::Completed)],
            Reason::CheckPassed,
            "check unit passed",
            Some(30),
            Ready,
        ),
        (
            vec![expiring(NOW_US + 1, unit(Status::Completed))],
            Reason::CheckPassed,
            "check unit passed",
            Some(30),
            Ready,
        ),
        (
            vec![expiring(NOW_US, unit(Status::Completed))],
            Reason::CheckExpired,
            "check unit passed, but its result has expired",
            Some(NOW_US),
            Unknown,
        ),
        (
            vec![unit(Status::Failed)],
            Reason::CheckFailed,
            "check unit failed",
            Some(30),
            NotReady,
        ),
        (
            vec![expiring(1, unit(Status::Failed))],
            Reason::CheckFailed,
            "check unit failed",
            Some(30),
            NotReady,
        ),
        (
            vec![unit(Status::Pending)],
            Reason::CheckRunning,
            "check unit is queued",
            Some(30),
            Unknown,
        ),
        (
            vec![expiring(1, unit(Status::Started))],
            Reason::CheckRunning,
            "check unit is running",
            Some(30),
            Unknown,
        ),
        (
            vec![expiring(1, unit(Status::Aborted))],
            Reason::CheckSkipped,
            "check unit was skipped",
            Some(30),
            Unknown,
        ),
        (
            vec![check("units", Status::Completed)],
            Reason::CheckAbsent,
            "check unit is required but was not reported",
            None,
            Unknown,
        ),
        // Recorded for all environments and for this one: the worse one counts.
        (
            vec![
                unit(Status::Completed),
                for_production(unit(Status::Started)),
            ],
            Reason::CheckRunning,
            "check unit for production is running",
            Some(30),
            Unknown,
        ),
        (
            vec![
                unit(Status::Failed),
                for_production(unit(Status::Completed)),
            ],
            Reason::CheckFailed,
            "check unit failed",
            Some(30),
            NotReady,
        ),
        (
            vec![
                unit(Status::Completed),
                for_production(unit(Status::Completed)),
            ],
            Reason::CheckPassed,
            "check unit passed",
            Some(30),
            Ready,
        ),
    ] {
        let told = assessed(checks, &requires(&["unit"]));
        let condition = only(&told, ConditionType::RequiredCheckPassed);
        assert_eq!(condition.message, message);
        assert_eq!(condition.reason, reason, "{message}");
        assert_eq!(condition.since_us, since_us, "{message}");
        assert_eq!(condition.check_name.as_deref(), Some("unit"));
        let is_there = reason != Reason::CheckAbsent;
        assert_eq!(condition.evidence.is_some(), is_there, "{message}");
        assert_eq!(condition.remedy.is_empty(), readiness == Ready, "{message}");
        assert_eq!(told.readiness, readiness, "{message}");
    }
}

#[test]
fn r17_security_findings_have_to_be_within_the_limits_each_scan_by_itself() {
    use Readiness::{NotReady, Ready, Unknown};
    let fine = || scan("trivy", Status::Completed, &[("critical", 1), ("high", 0)]);
    for (checks, reason, message, readiness) in [
        (
            vec![fine()],
            Reason::WithinLimits,
            "security scan trivy found 1 critical (limit 1), 0 high (limit 0)",
            Ready,
        ),
        (
            vec![fine(), scan("grype", Status::Completed, &[("critical", 1)])],
            Reason::WithinLimits,
            "security scan trivy found 1 critical (limit 1), 0 high (limit 0); \
             security scan grype found 1 critical (limit 1)",
            Ready,
        ),
        (
            vec![scan(
                "trivy",
                Status::Completed,
                &[("critical", 2), ("high", 1), ("low", 9)],
            )],
            Reason::LimitExceeded,
            "security scan trivy found 2 critical (limit 1), 1 high (limit 0)",
            NotReady,
        ),
        (
            vec![
                scan("a", Status::Started, &[("high", 5)]),
                scan("b", Status::Completed, &[("high", 2)]),
                fine(),
                scan("c", Status::Completed, &[("critical", 2)]),
            ],
            Reason::LimitExceeded,
            "security scan b found 2 high (limit 0); security scan c found 2 critical (limit 1)",
            NotReady,
        ),
        // A test is no scan, whatever it counts.
        (
            vec![CheckState {
                kind: Some(CheckKind::Test),
                ..scan("t", Status::Completed, &[("critical", 0), ("high", 9)])
            }],
            Reason::ScanAbsent,
            "there are limits for security findings, but no security scan was reported",
            Unknown,
        ),
        (
            vec![fine(), scan("a", Status::Pending, &[])],
            Reason::ScanRunning,
            "security scan a is queued",
            Unknown,
        ),
        (
            vec![fine(), scan("a", Status::Started, &[("high", 9)])],
            Reason::ScanRunning,
            "security scan a is running",
            Unknown,
        ),
        (
            vec![fine(), scan("a", Status::Aborted, &[])],
            Reason::ScanSkipped,
            "security scan a was skipped",
            Unknown,
        ),
        (
            vec![
                expiring(NOW_US, scan("a", Status::Completed, &[("high", 9)])),
                fine(),
                scan("b", Status::Started, &[]),
            ],
            Reason::ScanExpired,
            "security scan a has expired",
            Unknown,
        ),
        (
            vec![scan("a", Status::Completed, &[("critical", 0)])],
            Reason::CountAbsent,
            "no security scan reports the count of high",
            Unknown,
        ),
        (
            vec![scan("a", Status::Completed, &[("medium", 0)])],
            Reason::CountAbsent,
            "no security scan reports the count of critical, high",
            Unknown,
        ),
    ] {
        let told = assessed(checks, &limited());
        let condition = only(&told, ConditionType::SecurityWithinLimits);
        assert_eq!(condition.message, message);
        assert_eq!(condition.reason, reason, "{message}");
        assert_eq!(condition.remedy.is_empty(), readiness == Ready, "{message}");
        assert_eq!(told.readiness, readiness, "{message}");
    }
    let failed = scan("a", Status::Failed, &[("critical", 2), ("high", 0)]);
    let told = assessed(vec![failed], &limited());
    let condition = only(&told, ConditionType::SecurityWithinLimits);
    assert_eq!(
        condition.reason,
        Reason::LimitExceeded,
        "a failed scan counts"
    );
    assert_eq!(condition.evidence, Some(EvidenceId::Check(3)));
    assert_eq!(condition.check_name.as_deref(), Some("a"));

    let told = assessed(
        vec![scan("a", Status::Started, &[])],
        &Requirements::default(),
    );
    let is_about_limits = |c: &Condition| c.kind == ConditionType::SecurityWithinLimits;
    assert!(!told.conditions.iter().any(is_about_limits), "no limits");
}

#[test]
fn r17_any_false_is_not_ready_else_any_unknown_is_unknown() {
    let requirements = Requirements {
        security_limits: limited().security_limits,
        ..requires(&["absent", "failing", "unit"])
    };
    let checks = vec![
        check("failing", Status::Failed),
        check("unit", Status::Completed),
    ];
    let told = assessed(checks, &requirements);
    assert_eq!(told.readiness, Readiness::NotReady);
    let statuses: Vec<ConditionStatus> =
        told.conditions.iter().map(|c| c.reason.status()).collect();
    use ConditionStatus::{False, True, Unknown};
    assert_eq!(statuses, [False, False, Unknown, Unknown, True, True]);
    assert_eq!(told.unmet().count(), 4);
    let kinds: Vec<ConditionType> = told.conditions.iter().map(|c| c.kind).collect();
    assert_eq!(
        kinds,
        [
            ConditionType::NoCheckFailed,
            ConditionType::RequiredCheckPassed,
            ConditionType::RequiredCheckPassed,
            ConditionType::SecurityWithinLimits,
            ConditionType::BuildCompleted,
            ConditionType::RequiredCheckPassed,
        ]
    );
    let told = assessed(
        vec![check("unit", Status::Completed)],
        &requires(&["a", "unit"]),
    );
    assert_eq!(told.readiness, Readiness::Unknown);
}

#[test]
fn r17_a_check_is_as_old_as_its_finish_else_its_start_else_its_first_event() {
    let LatestBuild::Finished(mut run) = build(Status::Completed) else {
        unreachable!("a build that has finished");
    };
    let since_us = |run: &Run| CheckState::new(1, "unit".into(), false, run).since_us;
    run.facts.given_start_us = Some(15);
    assert_eq!(since_us(&run), 20);
    run.completed_at_us = None;
    assert_eq!(since_us(&run), 15);
    run.facts.given_start_us = None;
    assert_eq!(since_us(&run), 10);
}
