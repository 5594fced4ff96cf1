//! `versioner report`: submits one event about a build, a deployment or a check. Knows the contract only.

mod args;
mod ci;
mod event;
mod metadata;
mod sender;

use std::process::ExitCode;

pub use args::{BuildArgs, CheckArgs, DeploymentArgs, SendArgs};
use ci::CiRun;
use clap::{Args, Subcommand};
use sender::{NotSent, send};
use serde::Serialize;

use super::{
    WRONG_ARGUMENTS, exit_code,
    output::{AnswerFormat, OutputArgs},
    print_message,
    server::CliError,
    style::Style,
};
use crate::pb::{self, event_service_client::EventServiceClient};

/// The exit code if the server rejected the event.
const REJECTED: u8 = 1;

/// The exit code if no server could be reached.
const NOT_REACHED: u8 = 3;

/// Reports one event about a build, a deployment or a check.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = AFTER_HELP)]
pub struct ReportArgs {
    #[command(subcommand)]
    pub event: ReportCommand,
}

#[derive(Clone, Debug, Subcommand)]
pub enum ReportCommand {
    #[command(visible_alias = "version", after_long_help = after_help(BUILD_HELP))]
    Build(Box<BuildArgs>),
    #[command(after_long_help = after_help(DEPLOYMENT_HELP))]
    Deployment(Box<DeploymentArgs>),
    #[command(after_long_help = after_help(CHECK_HELP))]
    Check(Box<CheckArgs>),
}

const AFTER_HELP: &str = "\
Examples:
  versioner report build my-service 1.2.3 --status started
  versioner report build my-service 1.2.3 --status completed --extra-metadata coverage=85
  versioner report check my-service 1.2.3 --name unit --kind test --status passed --count passed=120
  versioner report deployment my-service 1.2.3 --environment production --status completed

`versioner report build --help` lists the exit codes and the variables of CI systems that fill absent fields.";

const BUILD_HELP: &str = "";

const DEPLOYMENT_HELP: &str = "\
The commit, the branch and the repository of a deployment are not filled from the CI system: the run that
deploys a version may be one of another commit.
";

const CHECK_HELP: &str = "\
The commit is filled from the CI system only if no version is given.
";

const SENDING_HELP: &str = "\
If the server can't be reached or takes no events, the command tries again for as long as --retry-for. The
event has an id before the first attempt, so that it is recorded once, however often it was sent. To send
the same event again later, give its id with --event-id.

Exit codes:
  0  the event was recorded, or was recorded before; with --dry-run: it is valid
  1  the server rejected the event
  2  wrong arguments
  3  the server could not be reached";

/// The end of the help of each event.
fn after_help(of_event: &str) -> String {
    let separator = if of_event.is_empty() { "" } else { "\n" };
    let variables = ci::variables_help();
    format!(
        "{of_event}{separator}{SENDING_HELP}\n\nIn a job of a CI system, its variables fill the fields that have no \
         flag; --no-ci turns this off:\n\n{variables}"
    )
}

/// Submits one event and writes its receipt to standard output.
pub async fn report(args: ReportArgs) -> ExitCode {
    let ci = args.event.send_args().ci_run();
    let mut filled = Vec::new();
    let submission = args.event.submission(ci.as_ref(), &mut filled);
    if let Some(ci) = ci.filter(|_| !filled.is_empty()) {
        print_message(
            "report",
            &format!("from {}: {}", ci.system, filled.join(", ")),
        );
    }
    match submission {
        Ok(submission) => run(args.event.send_args(), submission).await,
        Err(error) => exit_code("report", WRONG_ARGUMENTS, Err(error)),
    }
}

async fn run(args: &SendArgs, submission: Submission) -> ExitCode {
    let event_id = submission.event_id().to_owned();
    let receipt = match submission.send(args).await {
        Ok(receipt) => receipt,
        Err(NotSent::Rejected(error)) => return exit_code("report", REJECTED, Err(error)),
        Err(NotSent::NotReached(error)) => {
            let error = format!("{error}; the event id is {event_id}");
            return exit_code("report", NOT_REACHED, Err(CliError::new(error)));
        }
    };
    // The event is recorded even if its receipt can't be written.
    let written = receipt.write(&args.output, args.dry_run);
    exit_code("report", 0, written.map(|()| 0))
}

/// A request that submits an event.
enum Submission {
    Build(pb::SubmitVersionEventRequest),
    Deployment(pb::SubmitDeploymentEventRequest),
    Check(pb::SubmitCheckEventRequest),
}

/// The server's answer to it.
#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    Build(pb::SubmitVersionEventResponse),
    Deployment(pb::SubmitDeploymentEventResponse),
    Check(pb::SubmitCheckEventResponse),
}

impl ReportCommand {
    fn send_args(&self) -> &SendArgs {
        match self {
            Self::Build(args) => &args.send,
            Self::Deployment(args) => &args.send,
            Self::Check(args) => &args.send,
        }
    }

    /// The request; what was filled from the CI run is added to `filled`.
    fn submission(
        &self,
        ci: Option<&CiRun>,
        filled: &mut Vec<String>,
    ) -> Result<Submission, CliError> {
        let validate_only = self.send_args().dry_run;
        Ok(match self {
            Self::Build(args) => Submission::Build(pb::SubmitVersionEventRequest {
                event: Some(args.filled(ci, filled).event()?),
                validate_only,
            }),
            Self::Deployment(args) => Submission::Deployment(pb::SubmitDeploymentEventRequest {
                event: Some(args.filled(ci, filled).event()?),
                validate_only,
            }),
            Self::Check(args) => Submission::Check(pb::SubmitCheckEventRequest {
                event: Some(args.filled(ci, filled).event()?),
                validate_only,
            }),
        })
    }
}

impl Submission {
    fn event_id(&self) -> &str {
        match self {
            Self::Build(request) => request.event.as_ref().map(|event| &event.event_id),
            Self::Deployment(request) => request.event.as_ref().map(|event| &event.event_id),
            Self::Check(request) => request.event.as_ref().map(|event| &event.event_id),
        }
        .map_or("", String::as_str)
    }

    async fn send(self, args: &SendArgs) -> Result<Answer, NotSent> {
        let client = EventServiceClient::new;
        Ok(match self {
            Self::Build(request) => Answer::Build(
                send(args, async |channel| {
                    client(channel).submit_version_event(request.clone()).await
                })
                .await?,
            ),
            Self::Deployment(request) => Answer::Deployment(
                send(args, async |channel| {
                    client(channel)
                        .submit_deployment_event(request.clone())
                        .await
                })
                .await?,
            ),
            Self::Check(request) => Answer::Check(
                send(args, async |channel| {
                    client(channel).submit_check_event(request.clone()).await
                })
                .await?,
            ),
        })
    }
}

impl Answer {
    fn receipt(&self) -> Option<&pb::EventReceipt> {
        match self {
            Self::Build(answer) => answer.receipt.as_ref(),
            Self::Deployment(answer) => answer.receipt.as_ref(),
            Self::Check(answer) => answer.receipt.as_ref(),
        }
    }

    fn write(&self, output: &OutputArgs<AnswerFormat>, dry_run: bool) -> Result<(), CliError> {
        output.write(self, |_| {
            self.receipt()
                .map_or_else(String::new, |receipt| text(receipt, dry_run))
        })
    }
}

/// A receipt in one line: `✓ recorded  report-… at position 12; created: product, version`.
fn text(receipt: &pb::EventReceipt, dry_run: bool) -> String {
    let outcome = match (receipt.duplicate, dry_run) {
        (true, _) => Style::Open.paint("= recorded before"),
        (false, true) => Style::Good.paint("✓ valid, not recorded"),
        (false, false) => Style::Good.paint("✓ recorded"),
    };
    let event_id = Style::Plain.paint(&receipt.event_id);
    let position = match receipt.position {
        0 => String::new(),
        position => format!(" at position {position}"),
    };
    let created: Vec<&str> = [
        (receipt.product_created, "product"),
        (receipt.version_created, "version"),
        (receipt.environment_created, "environment"),
    ]
    .into_iter()
    .filter_map(|(is_created, name)| is_created.then_some(name))
    .collect();
    let created = match created.as_slice() {
        [] => String::new(),
        created => format!("; created: {}", created.join(", ")),
    };
    format!("{outcome}  {event_id}{position}{created}\n")
}

#[cfg(test)]
mod tests;
