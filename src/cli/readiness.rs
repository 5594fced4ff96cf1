//! `versioner readiness`: asks whether a version may be deployed, and answers by its exit code. Knows the
//! contract only; the verdict is the server's.

mod poll;
mod render;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, builder::NonEmptyStringValueParser};
use jiff::Timestamp;
use tonic::{Status, transport::Channel};

use crate::pb::{self, version_service_client::VersionServiceClient};

use super::exit_code;
use super::output::OutputArgs;
use super::server::{CliError, ServerArgs};
use super::time_arg::pause;

/// The exit code where there is no verdict, for a wrong command line too.
pub const COULD_NOT_ASK: u8 = 3;

/// Asks whether a version may be deployed (to an environment), and answers by its exit code too.
#[derive(Args, Clone, Debug)]
#[command(
    override_usage = "versioner readiness [OPTIONS] <PRODUCT> <VERSION>\n       \
                      versioner readiness [OPTIONS] <ID>",
    after_long_help = AFTER_HELP
)]
pub struct ReadinessArgs {
    /// The product's name, current or former; or the version's id, which stands alone.
    #[arg(value_name = "PRODUCT|ID", value_parser = NonEmptyStringValueParser::new())]
    pub product: String,

    /// The version identifier, exactly.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub version: Option<String>,

    /// For the environment of this name, current or former: its required checks and limits join.
    #[arg(
        long = "for",
        value_name = "ENVIRONMENT",
        value_parser = NonEmptyStringValueParser::new()
    )]
    pub environment: Option<String>,

    /// Waits while the verdict is unknown and a build, check or scan that it needs is still running.
    #[arg(long)]
    pub wait: bool,

    /// How long to wait at most, 1s to 24h; then the last verdict counts.
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "30m",
        value_parser = |text: &str| pause(text, Duration::from_secs(1))
    )]
    pub timeout: Duration,

    /// How often to ask again where nothing is heard of the product, 100ms to 24h; events about it make it ask at once.
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "5s",
        value_parser = |text: &str| pause(text, Duration::from_millis(100))
    )]
    pub interval: Duration,

    #[command(flatten)]
    pub server: ServerArgs,

    #[command(flatten)]
    pub output: OutputArgs,
}

const AFTER_HELP: &str = "\
Exit codes:
  0  ready
  1  not ready
  2  unknown: nothing speaks against it, but evidence is absent, running, skipped or expired
  3  could not ask: no server, no such version, a wrong command line

With --wait, a condition that is false ends the wait at once, as does a verdict that nothing running could
change. What is waited for is told on standard error. Where the server goes away during the wait, it is
asked again until the timeout.

Examples:
  versioner readiness my-service 1.2.3 --for production
  versioner readiness my-service \"$VERSION\" --for production --wait && ./deploy.sh";

/// Asks, with the verdict on standard output and what is waited for on standard error.
pub async fn readiness(args: ReadinessArgs) -> ExitCode {
    exit_code("readiness", COULD_NOT_ASK, run(&args).await)
}

async fn run(args: &ReadinessArgs) -> Result<u8, CliError> {
    let mut asker = Asker::connect(args).await?;
    let answer = match args.wait {
        true => poll::wait(&mut asker, args.timeout, args.interval).await?,
        false => asker.ask().await?,
    };
    let code = match answer.readiness() {
        pb::Readiness::Ready => 0,
        pb::Readiness::NotReady => 1,
        pb::Readiness::Unknown => 2,
        pb::Readiness::Unspecified => {
            let why = format!("the server's verdict is number {}", answer.readiness);
            return Err(CliError::new(why));
        }
    };
    args.output
        .write(&answer, |_| render::text(&answer, Timestamp::now()))?;
    Ok(code)
}

/// Asks about one version, any number of times.
struct Asker {
    channel: Channel,
    request: pb::CheckReadinessRequest,
}

impl Asker {
    async fn connect(args: &ReadinessArgs) -> Result<Self, CliError> {
        let first = args.product.clone();
        let (id, product_name, version) = match args.version.clone() {
            Some(version) => (String::new(), first, version),
            None => (first, String::new(), String::new()),
        };
        Ok(Self {
            channel: args.server.connect().await?,
            request: pb::CheckReadinessRequest {
                id,
                product_name,
                version,
                environment_name: args.environment.clone().unwrap_or_default(),
            },
        })
    }

    async fn ask(&mut self) -> Result<pb::CheckReadinessResponse, Status> {
        let mut client = VersionServiceClient::new(self.channel.clone());
        let answer = client.check_readiness(self.request.clone()).await?;
        Ok(answer.into_inner())
    }
}
