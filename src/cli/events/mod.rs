//! `versioner events`: lists the event log, and follows it. Knows the contract only.

mod follow;

use std::process::ExitCode;

use clap::Args;

use super::{
    exit_code,
    labels::{self, LogEntry},
    list::{Filter, List, ListArgs, View, list_pages, list_request, run_list},
    moment::when_cell,
    names::name,
    style::Style,
    table::{Cell, Table, cells, cut, number, reason, whole},
};
use crate::pb::{self, event_service_client::EventServiceClient};

/// Lists the event log, in the order in which the server accepted the events.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = AFTER_HELP)]
pub struct EventsArgs {
    /// Only events of the product with this name, current or former.
    #[arg(value_parser = name())]
    pub product: Option<String>,

    /// Only events of the version with this identifier.
    #[arg(requires = "product", value_parser = name())]
    pub version: Option<String>,

    /// Only events of the environment with this name, current or former.
    #[arg(long, value_name = "ENVIRONMENT", value_parser = name())]
    pub environment: Option<String>,

    /// Only events of this type, such as deployment_event; may be repeated.
    #[arg(long = "type", value_name = "TYPE", value_parser = labels::parse_event_type)]
    pub types: Vec<pb::EventType>,

    /// Only events after this position. Default: from the first event; with --follow, from now on.
    #[arg(
        long,
        value_name = "POSITION",
        value_parser = clap::value_parser!(i64).range(0..)
    )]
    pub after: Option<i64>,

    /// Write new events as the server accepts them, until the command is interrupted. After a lost connection, the
    /// command resumes without a gap.
    #[arg(short, long, conflicts_with = "limit")]
    pub follow: bool,

    #[command(flatten)]
    pub list: ListArgs,
}

const AFTER_HELP: &str = "\
With --follow, each event is a line: text, or with --output json an object.

Exit codes:
  0  the list was written; it may be empty
  1  the product or the environment does not exist, or the server gave no answer
  2  wrong arguments

Examples:
  versioner events my-service 1.2.3
  versioner events --after 1200 --limit 100
  versioner events my-service --type deployment_event --follow";

/// Lists events on standard output.
pub async fn events(args: EventsArgs) -> ExitCode {
    if args.follow {
        return exit_code("events", 1, follow::follow(&args).await);
    }
    let request = pb::ListEventsRequest {
        after: args.after.unwrap_or_default(),
        product_name: args.product.clone().unwrap_or_default(),
        version: args.version.clone().unwrap_or_default(),
        environment_name: args.environment.clone().unwrap_or_default(),
        event_types: args.types.iter().map(|kind| (*kind).into()).collect(),
        ..Default::default()
    };
    let filter = Filter {
        product: args.product.as_ref(),
        version: args.version.as_ref(),
        environment: args.environment.as_ref(),
    };
    run_list("events", &args.list, filter, Ok(request)).await
}

list_request!(
    pb::ListEventsRequest,
    pb::ListEventsResponse,
    EventServiceClient::list_events
);

impl List for pb::ListEventsResponse {
    list_pages!(events: LogEntry, "event");

    fn name(event: &LogEntry) -> String {
        event.event_id.clone()
    }

    fn table(events: &[LogEntry], view: &View) -> Table {
        let mut columns = vec![
            number("POSITION"),
            whole("EVENT"),
            whole("STATUS"),
            whole("OCCURRED"),
        ];
        columns.extend(view.subject_columns());
        columns.push(reason("ABOUT"));
        if view.wide {
            columns.extend([whole("RECEIVED"), cut("EVENT ID")]);
        }
        let mut table = Table::new(columns);
        for event in events {
            let content = labels::event_content(event);
            let mut cells: Vec<Cell> = Vec::from(cells![
                event.position.to_string(),
                labels::event_type(event),
                content.status,
                when_cell(event.occurred_at, view.now),
            ]);
            cells.extend(view.subject_cells(&content.product, &content.version));
            cells.push(Style::Plain.paint(&content.about).into());
            if view.wide {
                cells.extend(cells![
                    when_cell(event.received_at, view.now),
                    Style::Faint.paint(&event.event_id),
                ]);
            }
            table.row(cells);
        }
        table
    }
}
