//! `versioner matrix`: what runs where, products by environments. Knows the contract only.

mod cell;
mod wide;

use std::process::ExitCode;

use cell::Legend;
use clap::Args;
use jiff::{Timestamp, tz::TimeZone};

use super::{
    exit_code, moment,
    names::name,
    output::{Format, OutputArgs, WideFormat},
    server::{CliError, ServerArgs},
    style::Style,
    table::{self, Table, whole},
    time_arg::TimeArg,
};
use crate::pb::{self, deployment_service_client::DeploymentServiceClient};

/// The largest page that a server gives.
const MAX_PAGE: i32 = 1_000;

/// Shows what runs where: products by environments, now or at a past moment.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = AFTER_HELP)]
pub struct MatrixArgs {
    /// Only the product with this name, current or former.
    #[arg(value_parser = name())]
    pub product: Option<String>,

    /// Only the environment with this name, current or former; may be repeated. Default: all, by type and name.
    #[arg(long = "environment", value_name = "ENVIRONMENT", value_parser = name())]
    pub environments: Vec<String>,

    /// Compare each environment with the one of this name.
    #[arg(long, value_name = "ENVIRONMENT", value_parser = name())]
    pub baseline: Option<String>,

    /// Show the state at this moment: a time such as 2026-01-31T12:00:00Z, a date (its midnight in UTC), or an
    /// age such as `2h ago`.
    #[arg(long, value_name = "TIME", value_parser = TimeArg::parse)]
    pub as_of: Option<TimeArg>,

    #[command(flatten)]
    pub server: ServerArgs,

    #[command(flatten)]
    pub output: OutputArgs<WideFormat>,
}

const AFTER_HELP: &str = "\
Each cell has the version that runs there; → and the version that is being deployed; ✗ and the version
whose deployment failed since. The instance of an environment stands before its version: `eu: 1.2.3`.
The format `wide` lists each of them in a row of its own, with who deployed it and when.

With --baseline, ▲1 means ahead by one version, ▼2 behind by two, = the same, ≠ that the instances run
different versions, ? unknown.

Exit codes:
  0  the matrix was written
  1  the product or an environment does not exist, or the server gave no answer
  2  wrong arguments

Examples:
  versioner matrix --baseline production
  versioner matrix --environment production --output wide
  versioner matrix my-service --environment staging --environment production
  versioner matrix --as-of '1d ago' --output json";

/// Shows the matrix on standard output.
pub async fn matrix(args: MatrixArgs) -> ExitCode {
    exit_code("matrix", 1, run(&args).await)
}

async fn run(args: &MatrixArgs) -> Result<u8, CliError> {
    let answer = fetch(args).await?;
    let is_wide = args.output.format() == Format::Wide;
    args.output.write(&answer, |width| {
        let mut text = heading(&answer);
        if answer.rows.is_empty() {
            text.push_str("Nothing is deployed.\n");
        } else if is_wide {
            text.push_str(&wide::table(&answer, Timestamp::now()).render(width));
        } else {
            let mut legend = Legend::default();
            text.push_str(&table(&answer, &mut legend).render(width));
            text.push_str(&legend.text(args.baseline.as_deref()));
        }
        text
    })?;
    Ok(0)
}

/// All pages, as one.
async fn fetch(args: &MatrixArgs) -> Result<pb::GetEnvironmentMatrixResponse, CliError> {
    let as_of = args
        .as_of
        .as_ref()
        .map(|at| at.resolve(&TimeZone::UTC, Timestamp::now()))
        .transpose()
        .map_err(|why| CliError::new(format!("--as-of: {why}")))?;
    let mut request = pb::GetEnvironmentMatrixRequest {
        page_size: MAX_PAGE,
        product_name: args.product.clone().unwrap_or_default(),
        environment_names: args.environments.clone(),
        as_of: as_of.map(moment::pb_time),
        baseline_environment_name: args.baseline.clone().unwrap_or_default(),
        ..Default::default()
    };
    let mut client = DeploymentServiceClient::new(args.server.connect().await?);
    let mut matrix = pb::GetEnvironmentMatrixResponse::default();
    loop {
        let page = client.get_environment_matrix(request.clone()).await?;
        let page = page.into_inner();
        // The later pages are asked for the moment of the first.
        if request.page_token.is_empty() && request.as_of.is_some() {
            request.as_of = page.as_of;
        }
        matrix.rows.extend(page.rows);
        matrix.environments = page.environments;
        matrix.as_of = page.as_of;
        if page.next_page_token.is_empty() {
            return Ok(matrix);
        }
        request.page_token = page.next_page_token;
    }
}

fn heading(matrix: &pb::GetEnvironmentMatrixResponse) -> String {
    moment::jiff_time(matrix.as_of).map_or_else(String::new, |at| {
        format!("As of {}\n\n", at.strftime("%F %TZ"))
    })
}

/// A line for each product, and one more for each further instance.
fn table(matrix: &pb::GetEnvironmentMatrixResponse, legend: &mut Legend) -> Table {
    let environments = matrix.environments.iter();
    let columns = environments.map(|environment| whole(&environment.name));
    let mut table = Table::new([table::name("PRODUCT")].into_iter().chain(columns));
    for row in &matrix.rows {
        let cells: Vec<Vec<String>> = matrix
            .environments
            .iter()
            .map(|environment| {
                let mut cells = row.cells.iter();
                cells
                    .find(|cell| cell.environment_id == environment.id)
                    .map_or_else(Vec::new, |cell| cell::lines(cell, legend))
            })
            .collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or_default();
        for line in 0..height.max(1) {
            let name = if line == 0 { &row.product_name } else { "" };
            let line = cells
                .iter()
                .map(|cell| cell.get(line).cloned().unwrap_or_default());
            table.row([Style::Strong.paint(name)].into_iter().chain(line));
        }
    }
    table
}
