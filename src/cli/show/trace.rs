//! A trace as text: the fields of the version, then a table each of its builds, checks, deployments and events.

use jiff::Timestamp;

use crate::pb::{self, log_entry::Content};

use super::super::style::Style;
use super::super::table::{Column, Table, cells, cut, number, reason, whole};
use super::super::{labels, moment};

/// The most events that are shown; the event log has the others.
const MAX_EVENTS: usize = 10;

pub(super) fn text(trace: &pb::VersionTrace, width: Option<usize>, now: Timestamp) -> String {
    let version = trace.version.clone().unwrap_or_default();
    let mut text = format!(
        "{} {}  {}\n",
        Style::Strong.paint(&version.product_name),
        Style::Strong.paint(&version.version),
        labels::version_status(version)
    );
    text.push_str(&fields(&version, now).render(width));
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

fn fields(version: &pb::Version, now: Timestamp) -> Table {
    let mut table = table([whole(""), whole("")]);
    let built_by = labels::joined(
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
    for (name, value) in [
        ("repository", version.scm_repository.clone()),
        ("branch", version.scm_branch.clone()),
        ("commit", version.scm_sha.clone()),
        ("created", moment::exactly(version.created_at, now)),
        ("built by", built_by),
        ("reported by", version.source_system.clone()),
        ("scheme", scheme),
        ("id", version.id.clone()),
    ] {
        if !value.is_empty() {
            table.row([Style::Faint.paint(name), Style::Plain.paint(&value)]);
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
        reason("BECAUSE"),
    ]);
    for build in builds {
        let cells = cells![
            labels::status(build.status, build.stale),
            Style::Plain.paint(&labels::run(&build.invoke_id, build.invoke_attempt)),
            Style::Plain.paint(&build.build_number),
            moment::when_cell(build.started_at.or(build.created_at), now),
            moment::took(build.started_at, build.completed_at),
            Style::Plain.paint(&build.scm_branch),
            Style::Bad.paint(&labels::joined(
                ": ",
                [&build.error_code, &build.error_message]
            )),
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
        reason("SUMMARY"),
    ]);
    for check in checks {
        let mut counts: Vec<String> = check
            .counts
            .iter()
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        counts.sort();
        let cells = cells![
            labels::check_status(check.status, check.stale),
            Style::Plain.paint(&check.check_name),
            labels::label::<pb::CheckKind>(check.kind),
            Style::Plain.paint(&check.environment_name),
            Style::Plain.paint(&counts.join(", ")),
            moment::when_cell(check.started_at.or(check.created_at), now),
            moment::when_cell(check.expires_at, now),
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
        reason("BECAUSE"),
    ]);
    for deployment in deployments {
        let cells = cells![
            labels::status(deployment.status, deployment.stale),
            Style::Plain.paint(&deployment.environment_name),
            Style::Plain.paint(&deployment.instance),
            if deployment.current { "runs" } else { "" }.to_owned(),
            labels::label::<pb::DeploymentClass>(deployment.class),
            moment::when_cell(deployment.started_at.or(deployment.created_at), now),
            moment::took(deployment.started_at, deployment.completed_at),
            Style::Plain.paint(labels::first_given([
                &deployment.deployed_by_name,
                &deployment.deployed_by,
                &deployment.deployed_by_email,
            ])),
            Style::Bad.paint(&labels::joined(
                ": ",
                [&deployment.error_code, &deployment.error_message],
            )),
        ];
        table.row_with_note(cells, &Style::Faint.paint(&deployment.deploy_url));
    }
    table
}

/// The last events; the first ones if the server left out later ones.
fn events(trace: &pb::VersionTrace, width: Option<usize>, now: Timestamp) -> String {
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
        table.row(cells![
            event.position.to_string(),
            labels::label::<pb::EventType>(event.event_type),
            status,
            moment::when_cell(event.occurred_at, now),
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
            labels::run(&event.invoke_id, event.invoke_attempt),
        ),
        Some(Content::DeploymentEvent(event)) => (
            labels::status(event.status, false),
            labels::joined(" ", [&event.environment_name, &event.instance]),
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
