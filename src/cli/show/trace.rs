//! A trace as text: the fields of the version, then a table each of its builds, checks, deployments and events.

use jiff::Timestamp;

use crate::{
    cli::{
        labels,
        list::{List, View},
        moment,
        style::Style,
        table::{Table, whole},
    },
    pb,
};

/// The most events that are shown; the event log has the others.
const MAX_EVENTS: usize = 10;

pub(super) fn text(trace: &pb::VersionTrace, width: Option<usize>, now: Timestamp) -> String {
    let version = trace.version.clone().unwrap_or_default();
    let mut text = format!(
        "{} {}  {}\n",
        Style::Strong.paint(&version.product_name),
        Style::Strong.paint(&version.version),
        labels::version_status(&version)
    );
    text.push_str(&fields(&version, now).render(width));
    let view = View {
        now,
        wide: false,
        with_product: false,
        with_version: false,
    };
    let builds = section::<pb::ListBuildsResponse>(
        "Builds",
        &trace.builds,
        trace.builds_truncated,
        &view,
        width,
    );
    let checks = section::<pb::ListChecksResponse>(
        "Checks",
        &trace.checks,
        trace.checks_truncated,
        &view,
        width,
    );
    let deployments = section::<pb::ListDeploymentsResponse>(
        "Deployments",
        &trace.deployments,
        trace.deployments_truncated,
        &view,
        width,
    );
    let events = events(trace, &view, width);
    text + &builds + &checks + &deployments + &events
}

/// A title and a table, if there are items.
fn section<L: List>(
    title: &str,
    items: &[L::Item],
    truncated: bool,
    view: &View,
    width: Option<usize>,
) -> String {
    if items.is_empty() {
        return String::new();
    }
    let title = Style::Strong.paint(title);
    let count = items.len();
    let more = if truncated { "; there are more" } else { "" };
    let table = L::table(items, view).indented(2).render(width);
    format!("\n{title} ({count}{more})\n{table}")
}

fn fields(version: &pb::Version, now: Timestamp) -> Table {
    let mut table = Table::new([whole(""), whole("")]).indented(2);
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

/// The last events; the first ones if the server left out later ones.
fn events(trace: &pb::VersionTrace, view: &View, width: Option<usize>) -> String {
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
    let table = pb::ListEventsResponse::table(shown, view).indented(2);
    let title = Style::Strong.paint(title);
    let shown = shown.len();
    format!("\n{title} ({shown} {of})\n{}", table.render(width))
}
