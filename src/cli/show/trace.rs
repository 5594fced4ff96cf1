//! A version whole, as text: its facts, then a table for each sort of thing that happened to it.

use jiff::Timestamp;

use crate::pb::{self, log_entry::Content};

use super::super::style::Style;
use super::super::table::{Column, Table, cut, number, whole};
use super::super::{labels, moment};

/// As many events are shown; the log has the others.
const MAX_EVENTS: usize = 10;

pub(super) fn text(trace: &pb::VersionTrace, width: Option<u16>, now: Timestamp) -> String {
    let version = trace.version.clone().unwrap_or_default();
    let mut text = format!(
        "{} {}  {}\n",
        Style::Strong.paint(&version.product_name),
        Style::Strong.paint(&version.version),
        labels::version_status(version)
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
            let title = Style::Strong.paint(title);
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
    let scheme = labels::label::<pb::VersionScheme>(version.scheme);
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
            table.row([Style::Faint.paint(name), Style::Plain.paint(&fact)]);
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
            labels::status(build.status, build.stale),
            Style::Plain.paint(&run(&build.invoke_id, build.invoke_attempt)),
            Style::Plain.paint(&build.build_number),
            moment::when(build.started_at.or(build.created_at), now),
            moment::took(build.started_at, build.completed_at),
            Style::Plain.paint(&build.scm_branch),
            Style::Bad.paint(&joined(": ", [&build.error_code, &build.error_message])),
        ];
        table.row_with_note(cells, &Style::Faint.paint(&build.build_url));
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
            labels::check_status(check.status, check.stale),
            Style::Plain.paint(&check.check_name),
            labels::label::<pb::CheckKind>(check.kind),
            Style::Plain.paint(&check.environment_name),
            Style::Plain.paint(&counts.join(", ")),
            moment::when(check.started_at.or(check.created_at), now),
            moment::when(check.expires_at, now),
            Style::Plain.paint(&check.summary),
        ];
        table.row_with_note(cells, &Style::Faint.paint(&check.url));
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
            labels::status(deployment.status, deployment.stale),
            Style::Plain.paint(&deployment.environment_name),
            Style::Plain.paint(&deployment.instance),
            if deployment.current { "runs" } else { "" }.to_owned(),
            labels::label::<pb::DeploymentClass>(deployment.deployment_class.unwrap_or_default()),
            moment::when(deployment.started_at.or(deployment.created_at), now),
            moment::took(deployment.started_at, deployment.completed_at),
            Style::Plain.paint(first_given([
                &deployment.deployed_by_name,
                &deployment.deployed_by,
                &deployment.deployed_by_email,
            ])),
            Style::Bad.paint(&joined(
                ": ",
                [&deployment.error_code, &deployment.error_message],
            )),
        ];
        table.row_with_note(cells, &Style::Faint.paint(&deployment.deploy_url));
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
            labels::label::<pb::EventType>(event.event_type),
            status,
            moment::when(event.occurred_at, now),
            Style::Plain.paint(&about),
        ]);
    }
    let title = Style::Strong.paint(title);
    let shown = shown.len();
    format!("\n{title} ({shown} {of})\n{}", table.render(width))
}

fn content(content: Option<&Content>) -> (String, String) {
    match content {
        Some(Content::VersionEvent(event)) => (
            labels::status(event.status, false),
            run(&event.invoke_id, event.invoke_attempt),
        ),
        Some(Content::DeploymentEvent(event)) => (
            labels::status(event.status, false),
            joined(" ", [&event.environment_name, &event.instance]),
        ),
        Some(Content::CheckEvent(event)) => (
            labels::check_status(event.status, false),
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
