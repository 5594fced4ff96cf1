//! `versioner show`: everything about a version, or about the versions of a commit. Knows the contract only.

mod trace;

use std::process::ExitCode;

use clap::{Args, builder::NonEmptyStringValueParser};
use jiff::Timestamp;

use crate::pb::{self, version_service_client::VersionServiceClient};

use super::output::OutputArgs;
use super::server::{CliError, ServerArgs};
use super::style::Style;
use super::{exit_code, versions};

/// Shows everything about a version: its commit, its builds with their CI logs, checks, deployments, events.
#[derive(Args, Clone, Debug)]
#[command(
    override_usage = "versioner show [OPTIONS] <ID>\n       \
                      versioner show [OPTIONS] <PRODUCT> <VERSION>\n       \
                      versioner show [OPTIONS] --sha <SHA> [PRODUCT]",
    after_long_help = AFTER_HELP
)]
pub struct ShowArgs {
    /// The version's id, where it stands alone; else the product's name, current or former.
    #[arg(
        value_name = "ID|PRODUCT",
        required_unless_present = "sha",
        value_parser = NonEmptyStringValueParser::new()
    )]
    pub product: Option<String>,

    /// The version identifier, exactly.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub version: Option<String>,

    /// The versions of this commit: the full SHA, or 4 or more characters of its beginning, in any case.
    #[arg(long, conflicts_with = "version", value_parser = NonEmptyStringValueParser::new())]
    pub sha: Option<String>,

    #[command(flatten)]
    pub server: ServerArgs,

    #[command(flatten)]
    pub output: OutputArgs,
}

const AFTER_HELP: &str = "\
Where the beginning of a SHA fits several commits, it shows their versions as candidates and none whole.

Exit codes:
  0  shown
  1  there is no such version, the SHA is ambiguous, or it could not ask

Examples:
  versioner show my-service 1.2.3
  versioner show --sha abc123d
  versioner show --sha abc123d my-service --output json";

/// Shows what was asked for on standard output.
pub async fn show(args: ShowArgs) -> ExitCode {
    exit_code("show", 1, run(&args).await)
}

async fn run(args: &ShowArgs) -> Result<u8, CliError> {
    let mut client = VersionServiceClient::new(args.server.connect().await?);
    let answer = client.trace_version(request(args)).await?.into_inner();
    args.output
        .write(&answer, |width| text(&answer, width, Timestamp::now()))?;
    Ok(u8::from(answer.traces.is_empty()))
}

fn request(args: &ShowArgs) -> pb::TraceVersionRequest {
    let first = args.product.clone().unwrap_or_default();
    match (&args.version, &args.sha) {
        (Some(version), _) => pb::TraceVersionRequest {
            product_name: first,
            version: version.clone(),
            ..Default::default()
        },
        (None, Some(sha)) => pb::TraceVersionRequest {
            product_name: first,
            scm_sha: sha.clone(),
            ..Default::default()
        },
        (None, None) => pb::TraceVersionRequest {
            id: first,
            ..Default::default()
        },
    }
}

fn text(answer: &pb::TraceVersionResponse, width: Option<u16>, now: Timestamp) -> String {
    let mut text = String::new();
    if answer.commits.len() > 1 {
        text.push_str("Several commits begin so:\n");
        for commit in &answer.commits {
            text.push_str(&format!("  {}\n", Style::Strong.paint(commit)));
        }
        text.push_str("\nTheir versions:\n");
        let candidates = versions::table(&answer.candidates, true, now);
        text.push_str(&candidates.indented(2).render(width));
    }
    let traces: Vec<String> = answer
        .traces
        .iter()
        .map(|trace| trace::text(trace, width, now))
        .collect();
    text.push_str(&traces.join("\n"));
    if answer.truncated {
        let note = Style::Faint.paint("There are more versions than are shown.");
        text.push_str(&format!("\n{note}\n"));
    }
    text
}
