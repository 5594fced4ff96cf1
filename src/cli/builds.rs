//! `versioner builds`: lists builds. Knows the contract only.

use std::process::ExitCode;

use clap::Args;

use super::{
    labels,
    list::{CreatedArgs, Filter, List, ListArgs, View, list_pages, list_request, run_list},
    moment::{took, when_cell},
    names::name,
    server::CliError,
    style::Style,
    table::{Table, cells, cut, number, reason, whole},
};
use crate::pb::{self, version_service_client::VersionServiceClient};

/// Lists builds, latest first.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = AFTER_HELP)]
pub struct BuildsArgs {
    /// Only builds of the product with this name, current or former.
    #[arg(value_parser = name())]
    pub product: Option<String>,

    /// Only builds of the version with this identifier.
    #[arg(requires = "product", value_parser = name())]
    pub version: Option<String>,

    /// Only builds with this status: pending, started, completed, failed, aborted, or a common synonym.
    #[arg(long, value_parser = labels::parse_status)]
    pub status: Option<pb::BuildStatus>,

    /// Only builds of this branch, exactly.
    #[arg(long, value_parser = name())]
    pub branch: Option<String>,

    /// Only builds of this CI run, all its attempts.
    #[arg(long, value_name = "ID", value_parser = name())]
    pub invoke_id: Option<String>,

    /// Only builds that this CI system reported, exactly: github, gitlab, jenkins …
    #[arg(long, value_name = "SYSTEM", value_parser = name())]
    pub source_system: Option<String>,

    #[command(flatten)]
    pub created: CreatedArgs,

    #[command(flatten)]
    pub list: ListArgs,
}

const AFTER_HELP: &str = "\
Exit codes:
  0  the list was written; it may be empty
  1  the product does not exist, or the server gave no answer
  2  wrong arguments

Examples:
  versioner builds my-service --status failed --since '1d ago'
  versioner builds my-service 1.2.3 --output json";

/// Lists builds on standard output.
pub async fn builds(args: BuildsArgs) -> ExitCode {
    let filter = Filter {
        product: args.product.as_ref(),
        version: args.version.as_ref(),
        ..Filter::default()
    };
    run_list("builds", &args.list, filter, request(&args)).await
}

fn request(args: &BuildsArgs) -> Result<pb::ListBuildsRequest, CliError> {
    let [created_from, created_to] = args.created.times()?;
    Ok(pb::ListBuildsRequest {
        product_name: args.product.clone().unwrap_or_default(),
        version: args.version.clone().unwrap_or_default(),
        statuses: args.status.map(Into::into).into_iter().collect(),
        invoke_id: args.invoke_id.clone().unwrap_or_default(),
        scm_branch: args.branch.clone().unwrap_or_default(),
        source_system: args.source_system.clone().unwrap_or_default(),
        created_from,
        created_to,
        ..Default::default()
    })
}

list_request!(
    pb::ListBuildsRequest,
    pb::ListBuildsResponse,
    VersionServiceClient::list_builds
);

impl List for pb::ListBuildsResponse {
    list_pages!(builds: pb::Build, "build");

    fn name(build: &pb::Build) -> String {
        build.id.clone()
    }

    fn table(builds: &[pb::Build], view: &View) -> Table {
        let mut columns = view.subject_columns();
        columns.extend([
            whole("STATUS"),
            cut("RUN"),
            number("NUMBER"),
            whole("BEGAN"),
            number("TOOK"),
            cut("BRANCH"),
            reason("BECAUSE"),
        ]);
        if view.wide {
            columns.push(whole("COMMIT"));
            columns.extend(["BY", "SYSTEM"].map(cut));
            columns.push(whole("ID"));
        }
        let mut table = Table::new(columns);
        for build in builds {
            let run = labels::run(&build.invoke_id, build.invoke_attempt);
            let error = labels::joined(": ", [&build.error_code, &build.error_message]);
            let mut cells = view.subject_cells(&build.product_name, &build.version);
            cells.extend(cells![
                labels::status(build.status, build.stale),
                Style::Plain.paint(&run),
                Style::Plain.paint(&build.build_number),
                when_cell(build.started_at.or(build.created_at), view.now),
                took(build.started_at, build.completed_at),
                Style::Plain.paint(&build.scm_branch),
                Style::Bad.paint(&error),
            ]);
            if view.wide {
                let built_by = [&build.built_by_name, &build.built_by, &build.built_by_email];
                cells.extend(cells![
                    labels::commit(&build.scm_sha),
                    Style::Plain.paint(labels::first_given(built_by)),
                    Style::Plain.paint(&build.source_system),
                    Style::Faint.paint(&build.id),
                ]);
            }
            table.row_with_note(cells, &Style::Faint.paint(&build.build_url));
        }
        table
    }
}
