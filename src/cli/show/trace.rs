//! A version whole, as text: its facts, then a table for each sort of thing that happened to it.

use jiff::Timestamp;

use crate::pb::{self, log_entry::Content};

use super::super::style::Look;
use super::super::table::{Column, Table, cut, number, whole};
use super::super::{moment, words};

/// As many events are shown; the log has the others.
const MAX_EVENTS: usize = 10;

pub(super) fn text(trace: &pb::VersionTrace, width: Option<u16>, now: Timestamp) -> String {
    let version = trace.version.clone().unwrap_or_default();
    let mut text = format!(
        "{} {}  {}\n",
        Look::Strong.paint(&version.product_name),
        Look::Strong.paint(&version.version),
        words::version_status(&version)
    );
    text.push_str(&facts(&version, now).render(width));
    let more = |truncated: bool| if truncated { "; there are more" } else { "" };
    for (title, count, table, more) in [
        (
            "Builds",
            trace.builds.len(),
            builds(&trace.builds, now),
            more(trace.builds_truncated),
        ),
        (
            "Checks",
            trace.checks.len(),
            checks(&trace.checks, now),
            more(trace.checks_truncated),
        ),
        (
            "Deployments",
            trace.deployments.len(),
            deployments(&trace.deployments, now),
            more(trace.deployments_truncated),
        ),
    ] {
        if count > 0 {
            let title = Look::Strong.paint(title);
            text.push_str(&format!("\n{title} ({count}{more})\n"));
            text.push_str(&table.render(width));
        }
    }
    text.push_str(&events(trace, width, now));
    text
}

fn facts(version: &pb::Version, now: Timestamp) -> Table {
    let mut table = table([whole(""), whole("")]);
    let built_by = joined(
        " ",
        [
            &version.built_by_name,
            &version.built_by_email,
            &version.built_by,
        ],
    );
    let scheme = words::word::<pb::VersionScheme>(version.scheme);
    let scheme = match version.prerelease {
        true => format!("{scheme}, a pre-release"),
        false => scheme,
    };
    for (name, fact) in [
        ("repository", version.scm_repository.clone()),
        ("branch", version.scm_branch.clone()),
        ("commit", version.scm_sha.clone()),
        ("created", moment::exactly(version.created_at, now)),
        ("built by", built_by),
        ("reported by", version.source_system.clone()),
        ("scheme", scheme),
        ("id", version.id.clone()),
    ] {
        if !fact.is_empty() {
            table.row([Look::Faint.paint(name), Look::Plain.paint(&fact)]);
        }
    }
    table
}

fn builds(builds: &[pb::Build], now: Timestamp) -> Table {
    let mut table = table([
        whole("STATUS"),
        cut("RUN"),
        number("NUMBER"),
        whole("BEGAN"),
        number("TOOK"),
        cut("BRANCH"),
        cut("BECAUSE"),
    ]);
    for build in builds {
        let cells = [
            words::status(build.status, build.stale),
            Look::Plain.paint(&run(&build.invoke_id, build.invoke_attempt)),
            Look::Plain.paint(&build.build_number),
            moment::when(build.started_at.or(build.created_at), now),
            moment::took(build.started_at, build.completed_at),
            Look::Plain.paint(&build.scm_branch),
            Look::Bad.paint(&joined(": ", [&build.error_code, &build.error_message])),
        ];
        table.row_with_note(cells, &Look::Faint.paint(&build.build_url));
    }
    table
}

fn checks(checks: &[pb::Check], now: Timestamp) -> Table {
    let mut table = table([
        whole("STATUS"),
        whole("CHECK"),
        whole("KIND"),
        cut("FOR"),
        whole("COUNTS"),
        whole("BEGAN"),
        whole("EXPIRES"),
        cut("SUMMARY"),
    ]);
    for check in checks {
        let mut counts: Vec<String> = check
            .counts
            .iter()
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        counts.sort();
        let cells = [
            words::check_status(check.status, check.stale),
            Look::Plain.paint(&check.check_name),
            words::word::<pb::CheckKind>(check.kind),
            Look::Plain.paint(&check.environment_name),
            Look::Plain.paint(&counts.join(", ")),
            moment::when(check.started_at.or(check.created_at), now),
            moment::when(check.expires_at, now),
            Look::Plain.paint(&check.summary),
        ];
        table.row_with_note(cells, &Look::Faint.paint(&check.url));
    }
    table
}

fn deployments(deployments: &[pb::Deployment], now: Timestamp) -> Table {
    let mut table = table([
        whole("STATUS"),
        whole("ENVIRONMENT"),
        cut("INSTANCE"),
        whole("NOW"),
        whole("CLASS"),
        whole("BEGAN"),
        number("TOOK"),
        cut("BY"),
        cut("BECAUSE"),
    ]);
    for deployment in deployments {
        let cells = [
            words::status(deployment.status, deployment.stale),
            Look::Plain.paint(&deployment.environment_name),
            Look::Plain.paint(&deployment.instance),
            if deployment.current { "runs" } else { "" }.to_owned(),
            words::word::<pb::DeploymentClass>(deployment.deployment_class.unwrap_or_default()),
            moment::when(deployment.started_at.or(deployment.created_at), now),
            moment::took(deployment.started_at, deployment.completed_at),
            Look::Plain.paint(first_given([
                &deployment.deployed_by_name,
                &deployment.deployed_by,
                &deployment.deployed_by_email,
            ])),
            Look::Bad.paint(&joined(
                ": ",
                [&deployment.error_code, &deployment.error_message],
            )),
        ];
        table.row_with_note(cells, &Look::Faint.paint(&deployment.deploy_url));
    }
    table
}

/// The last events; where the server left the later ones out, the first ones.
fn events(trace: &pb::VersionTrace, width: Option<u16>, now: Timestamp) -> String {
    let count = trace.events.len();
    if count == 0 {
        return String::new();
    }
    let (title, of, shown) = if trace.events_truncated {
        let first = &trace.events[..count.min(MAX_EVENTS)];
        ("First events", format!("of more than {count}"), first)
    } else {
        let last = &trace.events[count.saturating_sub(MAX_EVENTS)..];
        ("Last events", format!("of {count}"), last)
    };
    let mut table = table([
        number("POSITION"),
        whole("EVENT"),
        whole("STATUS"),
        whole("OCCURRED"),
        cut("ABOUT"),
    ]);
    for event in shown {
        let (status, about) = content(event.content.as_ref());
        table.row([
            event.position.to_string(),
            words::word::<pb::EventType>(event.event_type),
            status,
            moment::when(event.occurred_at, now),
            Look::Plain.paint(&about),
        ]);
    }
    let title = Look::Strong.paint(title);
    let shown = shown.len();
    format!("\n{title} ({shown} {of})\n{}", table.render(width))
}

fn content(content: Option<&Content>) -> (String, String) {
    match content {
        Some(Content::VersionEvent(event)) => (
            words::status(event.status, false),
            run(&event.invoke_id, event.invoke_attempt),
        ),
        Some(Content::DeploymentEvent(event)) => (
            words::status(event.status, false),
            joined(" ", [&event.environment_name, &event.instance]),
        ),
        Some(Content::CheckEvent(event)) => (
            words::check_status(event.status, false),
            event.check_name.clone(),
        ),
        Some(Content::Product(_) | Content::Environment(_)) | None => Default::default(),
    }
}

fn table<const COLUMNS: usize>(columns: [Column; COLUMNS]) -> Table {
    Table::new(columns).indented(2)
}

/// A CI run's id, with its attempt where that is not the first.
fn run(invoke_id: &str, attempt: i32) -> String {
    match attempt {
        ..=1 => invoke_id.to_owned(),
        attempt => format!("{invoke_id} #{attempt}"),
    }
}

fn joined<const TEXTS: usize>(separator: &str, texts: [&String; TEXTS]) -> String {
    let given: Vec<&str> = texts
        .into_iter()
        .map(String::as_str)
        .filter(|text| !text.is_empty())
        .collect();
    given.join(separator)
}

fn first_given<const TEXTS: usize>(texts: [&String; TEXTS]) -> &str {
    texts
        .into_iter()
        .find(|text| !text.is_empty())
        .map_or("", String::as_str)
}
