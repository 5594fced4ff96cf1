//! `versioner versions`: lists versions. Knows the contract only.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::{
    labels,
    list::{Filter, List, ListArgs, View, list_pages, list_request, run_list},
    moment::when_cell,
    names::name,
    style::Style,
    table::{Table, cells, cut, reason, whole},
};
use crate::pb::{self, version_service_client::VersionServiceClient};

/// Lists versions, newest first.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = AFTER_HELP)]
pub struct VersionsArgs {
    /// Only versions of the product with this name, current or former.
    #[arg(value_parser = name())]
    pub product: Option<String>,

    /// Only versions of this branch, exactly.
    #[arg(long, value_parser = name())]
    pub branch: Option<String>,

    /// Only versions whose latest build has this status: pending, started, completed, failed, aborted, or a common
    /// synonym.
    #[arg(long, value_parser = labels::parse_status)]
    pub status: Option<pb::BuildStatus>,

    /// Only versions of this commit: the full SHA, or 4 or more characters of its beginning, in any case.
    #[arg(long, value_parser = name())]
    pub sha: Option<String>,

    /// Only versions that are deployed now in the environment with this name, current or former.
    #[arg(long, value_name = "ENVIRONMENT", value_parser = name())]
    pub environment: Option<String>,

    /// The order of the versions.
    #[arg(long, value_name = "ORDER", default_value = "newest")]
    pub order: Order,

    /// Also show of each version whether it may be deployed.
    #[arg(long)]
    pub readiness: bool,

    /// Judge the readiness for the environment with this name, current or former.
    #[arg(
        long = "for",
        value_name = "ENVIRONMENT",
        requires = "readiness",
        value_parser = name()
    )]
    pub for_environment: Option<String>,

    #[command(flatten)]
    pub list: ListArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Order {
    /// By time of creation, newest first.
    Newest,
    /// By time of creation, oldest first.
    Oldest,
    /// By version number, highest first; versions without a number come last, newest first.
    Highest,
}

const AFTER_HELP: &str = "\
Exit codes:
  0  the list was written; it may be empty
  1  the product or the environment does not exist, or the server gave no answer
  2  wrong arguments

Examples:
  versioner versions my-service --branch main --status completed
  versioner versions --sha abc123d
  versioner versions my-service --readiness --for production --output json";

/// Lists versions on standard output.
pub async fn versions(args: VersionsArgs) -> ExitCode {
    let filter = Filter {
        product: args.product.as_ref(),
        environment: args.environment.as_ref(),
        ..Filter::default()
    };
    run_list("versions", &args.list, filter, Ok(request(&args))).await
}

fn request(args: &VersionsArgs) -> pb::ListVersionsRequest {
    let order = match args.order {
        Order::Newest => pb::VersionOrder::NewestFirst,
        Order::Oldest => pb::VersionOrder::OldestFirst,
        Order::Highest => pb::VersionOrder::HighestFirst,
    };
    pb::ListVersionsRequest {
        product_name: args.product.clone().unwrap_or_default(),
        scm_branch: args.branch.clone().unwrap_or_default(),
        statuses: args.status.map(Into::into).into_iter().collect(),
        scm_sha: args.sha.clone().unwrap_or_default(),
        environment_name: args.environment.clone().unwrap_or_default(),
        order: order.into(),
        include_readiness: args.readiness,
        readiness_environment_name: args.for_environment.clone().unwrap_or_default(),
        ..Default::default()
    }
}

list_request!(
    pb::ListVersionsRequest,
    pb::ListVersionsResponse,
    VersionServiceClient::list_versions
);

impl List for pb::ListVersionsResponse {
    list_pages!(versions: pb::Version, "version");

    fn name(version: &pb::Version) -> String {
        version.version.clone()
    }

    fn remark(&self) -> Option<String> {
        let commits = self.commits.iter().map(|sha| labels::short_sha(sha));
        let commits: Vec<&str> = commits.collect();
        (commits.len() > 1).then(|| format!("Several commits match: {}", commits.join(", ")))
    }

    fn table(versions: &[pb::Version], view: &View) -> Table {
        let mut columns = view.subject_columns();
        columns.extend([
            whole("STATUS"),
            whole("READINESS"),
            whole("COMMIT"),
            cut("BRANCH"),
            whole("CREATED"),
            reason("BECAUSE"),
        ]);
        if view.wide {
            columns.extend(["REPOSITORY", "BUILT BY", "SYSTEM"].map(cut));
            columns.push(whole("ID"));
        }
        let mut table = Table::new(columns);
        for version in versions {
            let because = version.unmet_conditions.iter().map(labels::reason);
            let because: Vec<String> = because.collect();
            let mut cells = view.subject_cells(&version.product_name, &version.version);
            cells.extend(cells![
                labels::version_status(version),
                labels::readiness(version.readiness.unwrap_or_default()),
                labels::commit(&version.scm_sha),
                Style::Plain.paint(&version.scm_branch),
                when_cell(version.created_at, view.now),
                Style::Plain.paint(&because.join(", ")),
            ]);
            if view.wide {
                let built_by = [
                    &version.built_by_name,
                    &version.built_by,
                    &version.built_by_email,
                ];
                cells.extend(cells![
                    Style::Plain.paint(&version.scm_repository),
                    Style::Plain.paint(labels::first_given(built_by)),
                    Style::Plain.paint(&version.source_system),
                    Style::Faint.paint(&version.id),
                ]);
            }
            table.row(cells);
        }
        table
    }
}
