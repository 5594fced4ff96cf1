//! The command line: reads it, runs the command, and reports the result. No logic of the service.

#![forbid(unsafe_code)]

mod manual;
mod release;

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
};

use clap::{CommandFactory, Parser, Subcommand, error::ErrorKind};
use manual::{CompletionsArgs, ManArgs};
use tokio::signal::unix::{SignalKind, signal};
use versioner::{
    cli::{
        builds::{BuildsArgs, builds},
        catalog::{EnvironmentsArgs, ProductsArgs, environments, products},
        checks::{ChecksArgs, checks},
        command_list::command_list,
        demo::{DemoArgs, demo},
        deployments::{DeploymentsArgs, deployments},
        events::{EventsArgs, events},
        import::{ImportArgs, import},
        matrix::{MatrixArgs, matrix},
        readiness::{COULD_NOT_ASK, ReadinessArgs, readiness},
        report::{ReportArgs, report},
        show::{ShowArgs, show},
        stats::{StatsArgs, stats},
        versions::{VersionsArgs, versions},
    },
    config::{Config, LogConfig, MigrateArgs, MigrateConfig, Mistakes, ServeArgs},
    server, telemetry,
};

/// Records which versions of a company's software exist, how they were built and tested, and where they run.
///
/// CI pipelines report what they build, test, scan and deploy. People, services and deploy scripts query it over gRPC,
/// over JSON, or with the commands below.
#[derive(Parser)]
#[command(version = release::SHORT.as_str(), long_version = release::LONG.as_str(), args_conflicts_with_subcommands = true, after_long_help = EXAMPLES)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the service. The same as no command.
    Serve(ServeArgs),
    /// Migrates the database to the schema of this program, and exits.
    ///
    /// `serve` also does this at its start. This command is for a migration ahead of that. It may be repeated, and may run
    /// on several machines at the same time.
    Migrate(MigrateArgs),
    Report(ReportArgs),
    /// Sends a file of events to a server, in their order, and prints the result of each rejected one.
    Import(ImportArgs),
    Demo(DemoArgs),
    Versions(VersionsArgs),
    Show(ShowArgs),
    Matrix(MatrixArgs),
    Readiness(ReadinessArgs),
    Stats(StatsArgs),
    Builds(BuildsArgs),
    Checks(ChecksArgs),
    Deployments(DeploymentsArgs),
    Events(EventsArgs),
    Products(ProductsArgs),
    Environments(EnvironmentsArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

const EXAMPLES: &str = "\
Examples:
  versioner
      serves on 127.0.0.1:50051, with its data in the file versioner.db in this folder
  VERSIONER_DATABASE_URL=postgres://ci:secret@db/builds versioner --listen 0.0.0.0:50051
      serves to the network, with its data in Postgres
  versioner import events.ndjson
      submits a file of events to the server on this machine
  versioner readiness my-service 1.2.3 --for production --wait && ./deploy.sh
      waits until the version is ready, and deploys it
  grpcurl -plaintext 127.0.0.1:50051 list
      lists the services of a running server

Each setting is a flag and an environment variable; the flag has precedence.
A duration is a number and a unit: 500ms, 5s, 10m, 24h.";

#[tokio::main]
async fn main() -> ExitCode {
    let CommandLine { command, serve } = match CommandLine::try_parse() {
        Ok(command_line) => command_line,
        Err(error) => return not_understood(&error),
    };
    match command {
        None => serve_command(&serve).await,
        Some(Command::Serve(args)) => serve_command(&args).await,
        Some(Command::Migrate(args)) => migrate_command(&args).await,
        Some(Command::Import(args)) => import(args).await,
        Some(Command::Demo(args)) => demo(args).await,
        Some(Command::Versions(args)) => versions(args).await,
        Some(Command::Show(args)) => show(args).await,
        Some(Command::Matrix(args)) => matrix(args).await,
        Some(Command::Readiness(args)) => readiness(args).await,
        Some(Command::Stats(args)) => stats(args).await,
        Some(Command::Report(args)) => report(args).await,
        Some(Command::Builds(args)) => builds(args).await,
        Some(Command::Checks(args)) => checks(args).await,
        Some(Command::Deployments(args)) => deployments(args).await,
        Some(Command::Events(args)) => events(args).await,
        Some(Command::Products(args)) => products(args).await,
        Some(Command::Environments(args)) => environments(args).await,
        Some(Command::Completions(args)) => args.write(CommandLine::command()),
        Some(Command::Man(args)) => args.write(CommandLine::command()),
    }
}

async fn serve_command(args: &ServeArgs) -> ExitCode {
    let config = Config::check(args).unwrap_or_else(|mistakes| reject(mistakes));
    start_log(&config.log);
    exit_code(serve_until_signalled(&config).await)
}

async fn migrate_command(args: &MigrateArgs) -> ExitCode {
    let config = MigrateConfig::check(args).unwrap_or_else(|mistakes| reject(mistakes));
    start_log(&config.log);
    let migrated = server::migrate(&config.database_url).await;
    exit_code(migrated.map_err(Into::into))
}

/// Ends the process with the list of the settings that are wrong.
fn reject(mistakes: Mistakes) -> ! {
    CommandLine::command()
        .error(ErrorKind::ValueValidation, mistakes)
        .exit()
}

fn start_log(config: &LogConfig) {
    telemetry::init(config);
    tracing::info!(
        version = release::VERSION,
        commit = release::COMMIT,
        "starting"
    );
}

fn exit_code(result: Result<(), Box<dyn Error>>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints what is wrong with the command line, or the help that it asks for.
fn not_understood(error: &clap::Error) -> ExitCode {
    // Where nothing can be printed, the exit code still reports it.
    let _ = error.print();
    if error.kind() == ErrorKind::InvalidSubcommand {
        let list = command_list(&CommandLine::command());
        let _ = io::stderr().write_all(list.as_bytes());
    }
    let asks_readiness = std::env::args_os()
        .nth(1)
        .is_some_and(|word| word == "readiness");
    if error.use_stderr() && asks_readiness {
        // 2, as for the other commands, would be a verdict.
        return ExitCode::from(COULD_NOT_ASK);
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

async fn serve_until_signalled(config: &Config) -> Result<(), Box<dyn Error>> {
    // A file that reaches its size limit would kill the process by this signal; with a handler the write fails
    // instead, as on a full disk. (25 on Linux and macOS; tokio has no name for it.)
    let _file_size = signal(SignalKind::from_raw(25))?;
    server::serve(config).await?;
    Ok(())
}
