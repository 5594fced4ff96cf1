//! `versioner readiness`: asks whether a version may be deployed, and answers by its exit code. Knows the
//! contract only; the verdict is the server's.

mod poll;
mod render;

use std::{process::ExitCode, time::Duration};

use clap::Args;
use jiff::Timestamp;
use tonic::{Status, transport::Channel};

use super::{
    exit_code,
    names::{check_version_id, latest_id, name},
    output::{AnswerFormat, OutputArgs},
    server::{CliError, ServerArgs},
    time_arg::pause,
};
use crate::pb::{self, version_service_client::VersionServiceClient};

/// The exit code if there is no verdict, for wrong arguments too.
pub const COULD_NOT_ASK: u8 = 3;

/// Asks whether a version may be deployed, and answers by the exit code too.
#[derive(Args, Clone, Debug)]
#[command(
    override_usage = "versioner readiness [OPTIONS] <PRODUCT> <VERSION>\n       \
                      versioner readiness [OPTIONS] <ID>",
    after_long_help = AFTER_HELP
)]
pub struct ReadinessArgs {
    /// The product's name, current or former; without a version, the id of a version.
    #[arg(value_name = "PRODUCT|ID", value_parser = name())]
    pub product: String,

    /// The version identifier, exactly; `latest` means the latest version, unless a version is named so.
    #[arg(value_parser = name())]
    pub version: Option<String>,

    /// Also apply the required checks and limits of the environment with this name, current or former.
    #[arg(long = "for", value_name = "ENVIRONMENT", value_parser = name())]
    pub environment: Option<String>,

    /// Wait while the verdict is unknown and a build, check or scan that it needs is still running.
    #[arg(long)]
    pub wait: bool,

    /// The longest time to wait, 1s to 24h; then the last verdict counts.
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "30m",
        value_parser = |text: &str| pause(text, Duration::from_secs(1))
    )]
    pub timeout: Duration,

    /// How often to ask again if no event of the product arrives, 100ms to 24h; an event makes it ask at once.
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
    pub output: OutputArgs<AnswerFormat>,
}

const AFTER_HELP: &str = "\
Exit codes:
  0  ready
  1  not ready
  2  unknown: no condition is false, but evidence is absent, running, skipped or expired
  3  no verdict: no server, no such version, wrong arguments

With --wait, a false condition ends the wait at once; so does an unknown verdict that nothing running can
change. Standard error says what the command waits for. If the server becomes unavailable during the wait,
the command asks again until the timeout.

Examples:
  versioner readiness my-service 1.2.3 --for production
  versioner readiness my-service \"$VERSION\" --for production --wait && ./deploy.sh";

/// Asks for the verdict and writes it to standard output; progress goes to standard error.
pub async fn readiness(args: ReadinessArgs) -> ExitCode {
    exit_code("readiness", COULD_NOT_ASK, run(&args).await)
}

async fn run(args: &ReadinessArgs) -> Result<u8, CliError> {
    if args.version.is_none() {
        check_version_id(&args.product, "readiness")?;
    }
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
            let why = format!("the server gave an unknown verdict, {}", answer.readiness);
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
        let error = match client.check_readiness(self.request.clone()).await {
            Ok(answer) => return Ok(answer.into_inner()),
            Err(error) => error,
        };
        let (product, version) = (&self.request.product_name, &self.request.version);
        let Some(id) = latest_id(self.channel.clone(), product, version, &error).await? else {
            return Err(error);
        };
        // Every further question is about the same version, even if a later one appears.
        self.request.product_name.clear();
        self.request.version.clear();
        self.request.id = id;
        let answer = client.check_readiness(self.request.clone()).await?;
        Ok(answer.into_inner())
    }
}
