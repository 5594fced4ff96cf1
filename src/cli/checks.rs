//! `versioner checks`: lists checks. Knows the contract only.

use std::process::ExitCode;

use clap::Args;

use super::{
    labels,
    list::{Filter, List, ListArgs, View, list_pages, list_request, run_list},
    moment::when_cell,
    names::name,
    style::Style,
    table::{Table, cells, cut, reason, whole},
};
use crate::pb::{self, version_service_client::VersionServiceClient};

/// Lists checks, latest first.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = AFTER_HELP)]
pub struct ChecksArgs {
    /// Only checks of the product with this name, current or former.
    #[arg(value_parser = name())]
    pub product: Option<String>,

    /// Only checks of the version with this identifier, and of its commit.
    #[arg(requires = "product", value_parser = name())]
    pub version: Option<String>,

    /// Only checks of this commit, and of its versions: the full SHA, or 4 or more characters of its beginning.
    #[arg(long, value_parser = name())]
    pub sha: Option<String>,

    /// Only checks with this name, exactly.
    #[arg(long, value_parser = name())]
    pub name: Option<String>,

    /// Only checks of this kind: test, security_scan, approval or custom.
    #[arg(long, value_parser = labels::parse_check_kind)]
    pub kind: Option<pb::CheckKind>,

    /// Only checks with this status: queued, running, passed, failed, skipped, or a common synonym.
    #[arg(long, value_parser = labels::parse_check_status)]
    pub status: Option<pb::CheckStatus>,

    /// Only checks that were made for the environment with this name, current or former.
    #[arg(long, value_name = "ENVIRONMENT", value_parser = name())]
    pub environment: Option<String>,

    #[command(flatten)]
    pub list: ListArgs,
}

const AFTER_HELP: &str = "\
Exit codes:
  0  the list was written; it may be empty
  1  the product or the environment does not exist, or the server gave no answer
  2  wrong arguments

Examples:
  versioner checks my-service 1.2.3
  versioner checks my-service --name unit --status failed";

/// Lists checks on standard output.
pub async fn checks(args: ChecksArgs) -> ExitCode {
    let filter = Filter {
        product: args.product.as_ref(),
        version: args.version.as_ref(),
        environment: args.environment.as_ref(),
    };
    run_list("checks", &args.list, filter, Ok(request(&args))).await
}

fn request(args: &ChecksArgs) -> pb::ListChecksRequest {
    pb::ListChecksRequest {
        product_name: args.product.clone().unwrap_or_default(),
        version: args.version.clone().unwrap_or_default(),
        scm_sha: args.sha.clone().unwrap_or_default(),
        check_name: args.name.clone().unwrap_or_default(),
        kinds: args.kind.map(Into::into).into_iter().collect(),
        statuses: args.status.map(Into::into).into_iter().collect(),
        environment_name: args.environment.clone(),
        ..Default::default()
    }
}

list_request!(
    pb::ListChecksRequest,
    pb::ListChecksResponse,
    VersionServiceClient::list_checks
);

impl List for pb::ListChecksResponse {
    list_pages!(checks: pb::Check, "check");

    fn name(check: &pb::Check) -> String {
        check.id.clone()
    }

    fn table(checks: &[pb::Check], view: &View) -> Table {
        let mut columns = view.subject_columns();
        columns.extend([
            whole("STATUS"),
            whole("CHECK"),
            whole("KIND"),
            cut("FOR"),
            whole("COUNTS"),
            whole("BEGAN"),
            whole("EXPIRES"),
            reason("SUMMARY"),
        ]);
        if view.wide {
            columns.push(whole("COMMIT"));
            columns.extend(["BY", "SYSTEM"].map(cut));
            columns.push(whole("ID"));
        }
        let mut table = Table::new(columns);
        for check in checks {
            let mut counts: Vec<String> = check
                .counts
                .iter()
                .map(|(name, count)| format!("{name} {count}"))
                .collect();
            counts.sort();
            let mut cells = view.subject_cells(&check.product_name, &check.version);
            cells.extend(cells![
                labels::check_status(check.status, check.stale),
                Style::Plain.paint(&check.check_name),
                labels::label::<pb::CheckKind>(check.kind),
                Style::Plain.paint(&check.environment_name),
                Style::Plain.paint(&counts.join(", ")),
                when_cell(check.started_at.or(check.created_at), view.now),
                when_cell(check.expires_at, view.now),
                Style::Plain.paint(&check.summary),
            ]);
            if view.wide {
                let checked_by = [
                    &check.checked_by_name,
                    &check.checked_by,
                    &check.checked_by_email,
                ];
                cells.extend(cells![
                    labels::commit(&check.scm_sha),
                    Style::Plain.paint(labels::first_given(checked_by)),
                    Style::Plain.paint(&check.source_system),
                    Style::Faint.paint(&check.id),
                ]);
            }
            table.row_with_note(cells, &Style::Faint.paint(&check.url));
        }
        table
    }
}
