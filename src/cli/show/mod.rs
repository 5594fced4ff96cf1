//! `versioner show`: everything about a version, or about the versions of a commit. Knows the contract only.

mod trace;

use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;
use tonic::{Response, Status, transport::Channel};

use super::{
    WRONG_ARGUMENTS, exit_code,
    list::{List, View},
    names::{check_version_id, latest_id, name},
    output::{AnswerFormat, OutputArgs},
    server::{CliError, ServerArgs},
    style::Style,
};
use crate::pb::{self, version_service_client::VersionServiceClient};

/// Shows everything about a version: its commit, builds with links to CI logs, checks, deployments, events.
#[derive(Args, Clone, Debug)]
#[command(
    override_usage = "versioner show [OPTIONS] <PRODUCT> <VERSION>\n       \
                      versioner show [OPTIONS] <ID>\n       \
                      versioner show [OPTIONS] --sha <SHA> [PRODUCT]",
    after_long_help = AFTER_HELP
)]
pub struct ShowArgs {
    /// The product's name, current or former; without a version, the id of a version.
    #[arg(value_name = "PRODUCT|ID", required_unless_present = "sha", value_parser = name())]
    pub product: Option<String>,

    /// The version identifier, exactly; `latest` means the latest version, unless a version is named so.
    #[arg(value_parser = name())]
    pub version: Option<String>,

    /// Show the versions of this commit: the full SHA, or 4 or more characters of its beginning, in any case.
    #[arg(long, conflicts_with = "version", value_parser = name())]
    pub sha: Option<String>,

    #[command(flatten)]
    pub server: ServerArgs,

    #[command(flatten)]
    pub output: OutputArgs<AnswerFormat>,
}

const AFTER_HELP: &str = "\
If the beginning of a SHA matches several commits, their versions are listed as candidates, and none is
shown in full.

Exit codes:
  0  the version was shown
  1  the version does not exist, the SHA is ambiguous, or the server gave no answer
  2  wrong arguments

Examples:
  versioner show my-service 1.2.3
  versioner show my-service latest
  versioner show --sha abc123d
  versioner show --sha abc123d my-service --output json";

/// Shows versions on standard output.
pub async fn show(args: ShowArgs) -> ExitCode {
    if let (Some(id), None, None) = (&args.product, &args.version, &args.sha)
        && let Err(error) = check_version_id(id, "show")
    {
        return exit_code("show", WRONG_ARGUMENTS, Err(error));
    }
    exit_code("show", 1, run(&args).await)
}

async fn run(args: &ShowArgs) -> Result<u8, CliError> {
    let channel = args.server.connect().await?;
    let answer = trace(channel, request(args)).await?.into_inner();
    args.output
        .write(&answer, |width| text(&answer, width, Timestamp::now()))?;
    Ok(u8::from(answer.traces.is_empty()))
}

/// The trace of what was asked for; of the latest version, if no version is named `latest`.
async fn trace(
    channel: Channel,
    request: pb::TraceVersionRequest,
) -> Result<Response<pb::TraceVersionResponse>, Status> {
    let mut client = VersionServiceClient::new(channel.clone());
    let error = match client.trace_version(request.clone()).await {
        Ok(answer) => return Ok(answer),
        Err(error) => error,
    };
    match latest_id(channel, &request.product_name, &request.version, &error).await? {
        Some(id) => {
            let request = pb::TraceVersionRequest {
                id,
                ..Default::default()
            };
            client.trace_version(request).await
        }
        None => Err(error),
    }
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

fn text(answer: &pb::TraceVersionResponse, width: Option<usize>, now: Timestamp) -> String {
    let mut text = String::new();
    if answer.commits.len() > 1 {
        text.push_str("Several commits match:\n");
        for commit in &answer.commits {
            text.push_str(&format!("  {}\n", Style::Strong.paint(commit)));
        }
        text.push_str("\nTheir versions:\n");
        let view = View {
            now,
            wide: false,
            with_product: true,
            with_version: true,
        };
        let candidates = pb::ListVersionsResponse::table(&answer.candidates, &view);
        text.push_str(&candidates.indented(2).render(width));
    }
    let traces: Vec<String> = answer
        .traces
        .iter()
        .map(|trace| trace::text(trace, width, now))
        .collect();
    text.push_str(&traces.join("\n"));
    if answer.truncated {
        let note = Style::Faint.paint("More versions match than are shown.");
        text.push_str(&format!("\n{note}\n"));
    }
    text
}
