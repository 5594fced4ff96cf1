//! `versioner deployments`: lists deployments. Knows the contract only.

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
use crate::pb::{self, deployment_service_client::DeploymentServiceClient};

/// Lists deployments, latest first.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = AFTER_HELP)]
pub struct DeploymentsArgs {
    /// Only deployments of the product with this name, current or former.
    #[arg(value_parser = name())]
    pub product: Option<String>,

    /// Only deployments of the version with this identifier.
    #[arg(requires = "product", value_parser = name())]
    pub version: Option<String>,

    /// Only deployments to the environment with this name, current or former.
    #[arg(long, value_name = "ENVIRONMENT", value_parser = name())]
    pub environment: Option<String>,

    /// Only deployments to this instance, exactly.
    #[arg(long, value_parser = name())]
    pub instance: Option<String>,

    /// Only deployments with this status: pending, started, completed, failed, aborted, or a common synonym.
    #[arg(long, value_parser = labels::parse_status)]
    pub status: Option<pb::BuildStatus>,

    /// Only deployments by this person or system, exactly.
    #[arg(long, value_name = "NAME", value_parser = name())]
    pub deployed_by: Option<String>,

    /// Only deployments whose version runs there now.
    #[arg(long)]
    pub current: bool,

    #[command(flatten)]
    pub created: CreatedArgs,

    #[command(flatten)]
    pub list: ListArgs,
}

const AFTER_HELP: &str = "\
Exit codes:
  0  the list was written; it may be empty
  1  the product or the environment does not exist, or the server gave no answer
  2  wrong arguments

Examples:
  versioner deployments --environment production --since '7d ago'
  versioner deployments my-service --current --output wide";

/// Lists deployments on standard output.
pub async fn deployments(args: DeploymentsArgs) -> ExitCode {
    let filter = Filter {
        product: args.product.as_ref(),
        version: args.version.as_ref(),
        environment: args.environment.as_ref(),
    };
    run_list("deployments", &args.list, filter, request(&args)).await
}

fn request(args: &DeploymentsArgs) -> Result<pb::ListDeploymentsRequest, CliError> {
    let [created_from, created_to] = args.created.times()?;
    Ok(pb::ListDeploymentsRequest {
        product_name: args.product.clone().unwrap_or_default(),
        version: args.version.clone().unwrap_or_default(),
        environment_name: args.environment.clone().unwrap_or_default(),
        instance: args.instance.clone(),
        statuses: args.status.map(Into::into).into_iter().collect(),
        deployed_by: args.deployed_by.clone().unwrap_or_default(),
        current_only: args.current,
        created_from,
        created_to,
        ..Default::default()
    })
}

list_request!(
    pb::ListDeploymentsRequest,
    pb::ListDeploymentsResponse,
    DeploymentServiceClient::list_deployments
);

impl List for pb::ListDeploymentsResponse {
    list_pages!(deployments: pb::Deployment, "deployment");

    fn name(deployment: &pb::Deployment) -> String {
        deployment.id.clone()
    }

    fn table(deployments: &[pb::Deployment], view: &View) -> Table {
        let mut columns = view.subject_columns();
        columns.extend([
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
        if view.wide {
            columns.extend(["RUN", "SYSTEM"].map(cut));
            columns.push(whole("ID"));
        }
        let mut table = Table::new(columns);
        for deployment in deployments {
            let now = if deployment.current { "runs" } else { "" };
            let deployed_by = [
                &deployment.deployed_by_name,
                &deployment.deployed_by,
                &deployment.deployed_by_email,
            ];
            let error = [&deployment.error_code, &deployment.error_message];
            let mut cells = view.subject_cells(&deployment.product_name, &deployment.version);
            cells.extend(cells![
                labels::status(deployment.status, deployment.stale),
                Style::Plain.paint(&deployment.environment_name),
                Style::Plain.paint(&deployment.instance),
                now.to_owned(),
                labels::label::<pb::DeploymentClass>(
                    deployment.deployment_class.unwrap_or_default()
                ),
                when_cell(deployment.started_at.or(deployment.created_at), view.now),
                took(deployment.started_at, deployment.completed_at),
                Style::Plain.paint(labels::first_given(deployed_by)),
                Style::Bad.paint(&labels::joined(": ", error)),
            ]);
            if view.wide {
                let run = labels::run(&deployment.invoke_id, deployment.invoke_attempt);
                cells.extend(cells![
                    Style::Plain.paint(&run),
                    Style::Plain.paint(&deployment.source_system),
                    Style::Faint.paint(&deployment.id),
                ]);
            }
            table.row_with_note(cells, &Style::Faint.paint(&deployment.deploy_url));
        }
        table
    }
}
