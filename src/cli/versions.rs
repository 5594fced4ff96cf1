//! `versioner versions`: lists versions. Knows the contract only.

use std::process::ExitCode;

use clap::{Args, ValueEnum, builder::NonEmptyStringValueParser};
use jiff::Timestamp;

use crate::domain::status::Status;
use crate::pb::{self, version_service_client::VersionServiceClient};

use super::output::OutputArgs;
use super::server::{CliError, ServerArgs};
use super::style::Style;
use super::table::{Table, cut, whole};
use super::{exit_code, labels, moment};

/// The most that one list may show.
const MAX_LIMIT: u32 = 100_000;

/// The largest page that a server gives.
const MAX_PAGE: u32 = 1_000;

/// Lists versions, newest first.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = AFTER_HELP)]
pub struct VersionsArgs {
    /// Of the product of this name, current or former. Left out: of all products.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub product: Option<String>,

    /// Of this branch, exactly.
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub branch: Option<String>,

    /// Whose latest build has this status: pending, started, completed, failed or aborted.
    #[arg(long, value_parser = status)]
    pub status: Option<pb::BuildStatus>,

    /// Of this commit: the full SHA, or 4 or more characters of its beginning, in any case.
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub sha: Option<String>,

    /// Currently deployed in the environment of this name, current or former.
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub environment: Option<String>,

    /// How many to list at most, 1 to 100000.
    #[arg(
        long,
        value_name = "NUMBER",
        default_value = "20",
        value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_LIMIT))
    )]
    pub limit: u32,

    /// The order.
    #[arg(long, value_name = "ORDER", default_value = "newest")]
    pub order: Order,

    /// Tells of each version whether it may be deployed.
    #[arg(long)]
    pub readiness: bool,

    /// Whether it may be deployed to the environment of this name, current or former.
    #[arg(
        long = "for",
        value_name = "ENVIRONMENT",
        requires = "readiness",
        value_parser = NonEmptyStringValueParser::new()
    )]
    pub for_environment: Option<String>,

    #[command(flatten)]
    pub server: ServerArgs,

    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Order {
    /// By time of creation, newest first.
    Newest,
    /// By time of creation, oldest first.
    Oldest,
    /// By precedence, highest first; those that have no order but time come last.
    Highest,
}

const AFTER_HELP: &str = "\
Exit codes:
  0  the list is complete or as long as it may be; it may be empty
  1  could not ask

Examples:
  versioner versions my-service --branch main --status completed
  versioner versions --sha abc123d
  versioner versions my-service --readiness --for production --output json";

/// Lists versions on standard output.
pub async fn versions(args: VersionsArgs) -> ExitCode {
    exit_code("versions", 1, run(&args).await)
}

async fn run(args: &VersionsArgs) -> Result<u8, CliError> {
    let answer = list(args).await?;
    args.output.write(&answer, |width| {
        text(&answer, args.product.is_none(), width, Timestamp::now())
    })?;
    Ok(0)
}

/// The pages up to the limit, as one.
async fn list(args: &VersionsArgs) -> Result<pb::ListVersionsResponse, CliError> {
    let mut client = VersionServiceClient::new(args.server.connect().await?);
    let mut request = request(args);
    let mut list = pb::ListVersionsResponse::default();
    loop {
        let missing = args.limit - u32::try_from(list.versions.len()).unwrap_or(args.limit);
        request.page_size = missing.min(MAX_PAGE) as i32;
        let page = client.list_versions(request.clone()).await?.into_inner();
        if request.page_token.is_empty() {
            list.commits = page.commits;
        }
        list.versions.extend(page.versions);
        list.next_page_token = page.next_page_token;
        if list.next_page_token.is_empty() || list.versions.len() >= args.limit as usize {
            return Ok(list);
        }
        request.page_token = list.next_page_token.clone();
    }
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

fn text(
    list: &pb::ListVersionsResponse,
    of_all_products: bool,
    width: Option<u16>,
    now: Timestamp,
) -> String {
    if list.versions.is_empty() {
        return "No version fits.\n".to_owned();
    }
    let mut text = table(&list.versions, of_all_products, now).render(width);
    if list.commits.len() > 1 {
        let commits: Vec<&str> = list
            .commits
            .iter()
            .map(|sha| labels::short_sha(sha))
            .collect();
        let note = format!("Several commits begin so: {}", commits.join(", "));
        text.push_str(&format!("{}\n", Style::Faint.paint(&note)));
    }
    if !list.next_page_token.is_empty() {
        let note = format!(
            "The first {}; there are more (--limit).",
            list.versions.len()
        );
        text.push_str(&format!("{}\n", Style::Faint.paint(&note)));
    }
    text
}

/// Versions, a line each.
pub(super) fn table(versions: &[pb::Version], with_product: bool, now: Timestamp) -> Table {
    let mut columns = vec![
        whole("VERSION"),
        whole("STATUS"),
        whole("READINESS"),
        whole("COMMIT"),
        cut("BRANCH"),
        whole("CREATED"),
        cut("BECAUSE"),
    ];
    if with_product {
        columns.insert(0, cut("PRODUCT"));
    }
    let mut table = Table::new(columns);
    for version in versions {
        let because: Vec<String> = version.unmet_conditions.iter().map(because).collect();
        let mut cells = vec![
            Style::Strong.paint(&version.version),
            labels::version_status(version),
            labels::readiness(version.readiness.unwrap_or_default()),
            Style::Plain.paint(labels::short_sha(&version.scm_sha)),
            Style::Plain.paint(&version.scm_branch),
            moment::when(version.created_at, now),
            Style::Plain.paint(&because.join(", ")),
        ];
        if with_product {
            cells.insert(0, Style::Plain.paint(&version.product_name));
        }
        table.row(cells);
    }
    table
}

/// What speaks against a version, in a few words.
fn because(condition: &pb::Condition) -> String {
    let reason = labels::label::<pb::ConditionReason>(condition.reason);
    match condition.check_name.as_str() {
        "" => reason,
        check => format!("{check}: {reason}"),
    }
}

/// Parses a status in any of its spellings.
fn status(text: &str) -> Result<pb::BuildStatus, String> {
    let status = Status::parse(text)?;
    Ok(match status {
        Status::Pending => pb::BuildStatus::Pending,
        Status::Started => pb::BuildStatus::Started,
        Status::Completed => pb::BuildStatus::Completed,
        Status::Failed => pb::BuildStatus::Failed,
        Status::Aborted => pb::BuildStatus::Aborted,
    })
}
