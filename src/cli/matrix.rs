//! `versioner matrix`: what runs where, products by environments. Knows the contract only.

use std::process::ExitCode;

use clap::{Args, builder::NonEmptyStringValueParser};
use jiff::{Timestamp, tz::TimeZone};

use crate::pb::{self, deployment_service_client::DeploymentServiceClient};

use super::exit_code;
use super::moment;
use super::output::OutputArgs;
use super::server::{CliError, ServerArgs};
use super::style::Style;
use super::table::{Table, whole};
use super::time_arg::TimeArg;

/// The largest page that a server gives.
const MAX_PAGE: i32 = 1_000;

/// Shows what runs where: products by environments, now or at a past moment.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = AFTER_HELP)]
pub struct MatrixArgs {
    /// Only the product of this name, current or former.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub product: Option<String>,

    /// Only the environment of this name, current or former; may be given again. Left out: all, by type and name.
    #[arg(
        long = "environment",
        value_name = "ENVIRONMENT",
        value_parser = NonEmptyStringValueParser::new()
    )]
    pub environments: Vec<String>,

    /// Marks how each environment stands to the one of this name.
    #[arg(long, value_name = "ENVIRONMENT", value_parser = NonEmptyStringValueParser::new())]
    pub baseline: Option<String>,

    /// As it was at this moment: a time such as 2026-01-31T12:00:00Z, a date (its midnight in UTC), or an
    /// age such as `2h ago`.
    #[arg(long, value_name = "TIME", value_parser = TimeArg::parse)]
    pub as_of: Option<TimeArg>,

    #[command(flatten)]
    pub server: ServerArgs,

    #[command(flatten)]
    pub output: OutputArgs,
}

const AFTER_HELP: &str = "\
Each cell has the version that runs there; → and the version that is being deployed; ✗ and the version
whose deployment failed since. An instance of an environment stands before its version: `eu: 1.2.3`.

With --baseline, ahead by one version is ▲1, behind by two is ▼2, = is the same, ≠ means that the
instances run different versions, ? that it can't be told.

Exit codes:
  0  shown
  1  could not ask

Examples:
  versioner matrix --baseline production
  versioner matrix my-service --environment staging --environment production
  versioner matrix --as-of '1d ago' --output json";

/// Shows the matrix on standard output.
pub async fn matrix(args: MatrixArgs) -> ExitCode {
    exit_code("matrix", 1, run(&args).await)
}

async fn run(args: &MatrixArgs) -> Result<u8, CliError> {
    let answer = ask(args).await?;
    args.output.write(&answer, |width| {
        text(&answer, args.baseline.as_deref(), width)
    })?;
    Ok(0)
}

/// All pages, as one.
async fn ask(args: &MatrixArgs) -> Result<pb::GetEnvironmentMatrixResponse, CliError> {
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
        // The first page's moment is what the later ones are asked for.
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

fn text(
    matrix: &pb::GetEnvironmentMatrixResponse,
    baseline: Option<&str>,
    width: Option<u16>,
) -> String {
    let mut text = String::new();
    if let Some(at) = moment::jiff_time(matrix.as_of) {
        text.push_str(&format!("As of {}\n\n", at.strftime("%F %TZ")));
    }
    if matrix.rows.is_empty() {
        text.push_str("Nothing was deployed.\n");
        return text;
    }
    let mut legend = Legend::default();
    let table = table(matrix, &mut legend);
    text.push_str(&table.render(width));
    text.push_str(&legend.text(baseline));
    text
}

/// A line for each product, and one more for each further instance.
fn table(matrix: &pb::GetEnvironmentMatrixResponse, legend: &mut Legend) -> Table {
    let environments = matrix.environments.iter();
    let columns = environments.map(|environment| whole(&environment.name));
    let mut table = Table::new([whole("PRODUCT")].into_iter().chain(columns));
    for row in &matrix.rows {
        let cells: Vec<Vec<String>> = matrix
            .environments
            .iter()
            .map(|environment| {
                let mut cells = row.cells.iter();
                cells
                    .find(|cell| cell.environment_id == environment.id)
                    .map_or_else(Vec::new, |cell| lines(cell, legend))
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

/// What a cell shows: a line for each instance, the standing on the first one.
fn lines(cell: &pb::MatrixCell, legend: &mut Legend) -> Vec<String> {
    let mut standing = standing(cell);
    legend.standing |= standing.is_some();
    cell.instances
        .iter()
        .map(|instance| of_instance(instance, standing.take(), legend))
        .collect()
}

fn of_instance(
    instance: &pb::MatrixInstance,
    standing: Option<String>,
    legend: &mut Legend,
) -> String {
    let mut parts = Vec::new();
    if !instance.instance.is_empty() {
        parts.push(Style::Faint.paint(&format!("{}:", instance.instance)));
    }
    match &instance.current {
        Some(current) => parts.push(Style::Plain.paint(&current.version)),
        None => parts.push(Style::Faint.paint("nothing")),
    }
    parts.extend(standing);
    if let Some(in_progress) = &instance.in_progress {
        legend.in_progress = true;
        let stale = if in_progress.stale { " (stale)" } else { "" };
        parts.push(Style::Open.paint(&format!("→ {}{stale}", in_progress.version)));
    }
    if let Some(failed) = failed_since(instance) {
        legend.failed = true;
        parts.push(Style::Bad.paint(&format!("✗ {}", failed.version)));
    }
    parts.join(" ")
}

/// The deployment that failed after what runs there was completed.
fn failed_since(instance: &pb::MatrixInstance) -> Option<&pb::DeploymentSummary> {
    let finished = |summary: &pb::DeploymentSummary| moment::jiff_time(summary.completed_at);
    let failed = instance.last_failed.as_ref()?;
    let current = instance.current.as_ref().and_then(finished);
    (finished(failed) > current).then_some(failed)
}

fn standing(cell: &pb::MatrixCell) -> Option<String> {
    // Those between are not counted in; so one version further is none between.
    let versions = cell.versions_between.saturating_add(1);
    Some(match cell.baseline_comparison() {
        pb::BaselineComparison::Unspecified => return None,
        pb::BaselineComparison::Same => Style::Good.paint("="),
        pb::BaselineComparison::Ahead => Style::Open.paint(&format!("▲{versions}")),
        pb::BaselineComparison::Behind => Style::Open.paint(&format!("▼{versions}")),
        pb::BaselineComparison::Mixed => Style::Open.paint("≠"),
        pb::BaselineComparison::Unknown => Style::Faint.paint("?"),
    })
}

/// Which marks were used.
#[derive(Default)]
struct Legend {
    in_progress: bool,
    failed: bool,
    standing: bool,
}

impl Legend {
    fn text(&self, baseline: Option<&str>) -> String {
        let mut lines = Vec::new();
        if self.in_progress {
            lines.push("→ is being deployed".to_owned());
        }
        if self.failed {
            lines.push("✗ deployment failed since".to_owned());
        }
        if let (true, Some(baseline)) = (self.standing, baseline) {
            lines.push(format!(
                "against {baseline}: = same, ▲n ahead by n versions, ▼n behind, ≠ instances differ, ? unknown"
            ));
        }
        if lines.is_empty() {
            return String::new();
        }
        let lines = lines.iter().map(|line| Style::Faint.paint(line) + "\n");
        format!("\n{}", lines.collect::<String>())
    }
}
