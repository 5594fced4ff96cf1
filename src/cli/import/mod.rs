//! `versioner import`: sends a file of events to a server in their order, and reports the result of each. Knows the
//! contract only; the server decides whether it accepts an event.

mod derived_id;
mod lines;
mod report;
mod sender;
mod submission;

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};
use jiff::SignedDuration;
use lines::Source;
use report::Report;
pub use report::{Counts, MAX_PRINTED, Stopped};
use sender::Sender;
use tonic::transport::Endpoint;

use super::server::server_url;

/// Sends a file of events to a server in their order, and reports the result of each.
///
/// The file has one JSON object a line:
///
///   {"type":"version_event","body":{"product_name":"my-service","version":"1.2.3","status":"started"}}
///
/// `type` is version_event, deployment_event or check_event; `body` is what a CI job posts over
/// HTTP: the same names, types and spellings of a status. Empty lines are skipped.
#[derive(Args, Clone, Debug)]
#[command(verbatim_doc_comment, after_long_help = AFTER_HELP)]
pub struct ImportArgs {
    /// The file of events; `-` reads standard input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// The server to send to.
    #[arg(
        long,
        env = "VERSIONER_SERVER",
        hide_env_values = true,
        value_name = "URL",
        default_value = "http://127.0.0.1:50051",
        value_parser = server_url
    )]
    pub server: String,

    /// How long to keep trying while the server cannot be reached or accepts no events; 0s does not try again.
    #[arg(
        long,
        env = "VERSIONER_RETRY_FOR",
        hide_env_values = true,
        value_name = "DURATION",
        default_value = "30s",
        value_parser = duration
    )]
    pub retry_for: Duration,
}

const AFTER_HELP: &str = "\
Sending a file again is safe: an event that the server already has is a duplicate and changes
nothing. A line without an `event_id` gets one from its content, so two such lines with the same
content (whatever their white space and order of keys) are one event.

Standard output has a line for each refused event (the first 1000; the others are only counted),
and the counts at the end:
  line 7: INVALID_FIELD: body.version must be a string, not a number
  10612 accepted, 0 duplicate, 46 refused
If the connection broke, an event that was recorded but not answered counts as a duplicate.

Fields that an event does not have are ignored, as over HTTP. Standard error has a line for each:
  ignored in 12 events: version_event has no field sha; did you mean scm_sha?

Exit codes:
  0  every event was accepted or is a duplicate
  1  some events were refused
  2  not all events could be sent: run it again

Examples:
  versioner import events.ndjson
  gunzip -c events.ndjson.gz | versioner import - --server http://versioner.example:50051";

/// Imports, with the results on standard output and progress on standard error.
pub async fn import(args: ImportArgs) -> ExitCode {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let outcome = import_into(&args, io::stdout(), io::stderr(), &bar).await;
    bar.finish_and_clear();
    if let Err(stopped) = &outcome {
        // If standard error is closed too, only the exit code is left.
        let _ = writeln!(io::stderr(), "versioner import: {stopped}");
    }
    ExitCode::from(exit_code(&outcome))
}

/// Imports, with the results as lines of `results`, a line in `notices` for each field that was ignored, and progress
/// on `bar`.
pub async fn import_into(
    args: &ImportArgs,
    results: impl Write,
    notices: impl Write,
    bar: &ProgressBar,
) -> Result<Counts, Stopped> {
    let source = lines::open(&args.file);
    import_source(&args.server, args.retry_for, source, results, notices, bar).await
}

/// Imports the lines of a text that is part of the program.
pub(super) async fn import_embedded(
    server: &str,
    text: &'static str,
    results: impl Write,
) -> Result<Counts, Stopped> {
    let bar = ProgressBar::hidden();
    let source = lines::embedded(text);
    import_source(server, Duration::ZERO, source, results, io::sink(), &bar).await
}

async fn import_source(
    server: &str,
    retry_for: Duration,
    source: Result<Source, String>,
    results: impl Write,
    notices: impl Write,
    bar: &ProgressBar,
) -> Result<Counts, Stopped> {
    let mut report = Report::new(results, notices, bar);
    let sent = match (Endpoint::from_shared(server.to_owned()), source) {
        (Err(error), _) => Err(format!("{server} is not the address of a server: {error}")),
        (_, Err(why)) => Err(why),
        (Ok(server), Ok(source)) => {
            report.begin(source.size_bytes);
            Sender::new(server, source.lines, retry_for, &mut report)
                .send_all()
                .await
        }
    };
    report.end(sent)
}

/// What `--help` says about exit codes.
pub fn exit_code(outcome: &Result<Counts, Stopped>) -> u8 {
    match outcome {
        Ok(counts) if counts.refused == 0 => 0,
        Ok(_) => 1,
        Err(_) => 2,
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let allowed = "must be a number and a unit, such as 500ms, 30s or 10m, up to 24h";
    let parsed: SignedDuration = text.parse().map_err(|_| allowed.to_owned())?;
    Duration::try_from(parsed)
        .ok()
        .filter(|duration| *duration <= Duration::from_secs(24 * 60 * 60))
        .ok_or_else(|| allowed.to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct CommandLine {
        #[command(flatten)]
        import: ImportArgs,
    }

    fn parse(flags: &[&str]) -> Result<ImportArgs, String> {
        let command_line = ["versioner", "events.ndjson"].iter().chain(flags);
        CommandLine::try_parse_from(command_line)
            .map(|parsed| parsed.import)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn flags_say_what_is_allowed() {
        let args = parse(&["--server=http://ci.example", "--retry-for=0s"]).unwrap();
        assert_eq!(args.server, "http://ci.example");
        assert_eq!(args.retry_for, Duration::ZERO);
        for server in [
            "127.0.0.1:50051",
            "localhost",
            "",
            "ftp://a",
            "http://",
            "https://a",
        ] {
            let error = parse(&["--server", server]).unwrap_err();
            assert!(error.contains("it takes http://HOST:PORT"), "{error}");
        }
        for retry_for in ["30", "-1s", "soon", "", "25h"] {
            let error = parse(&[&format!("--retry-for={retry_for}")]).unwrap_err();
            assert!(error.contains("a number and a unit"), "{error}");
        }
    }

    #[test]
    fn the_help_names_the_limit_that_is_kept() {
        assert!(AFTER_HELP.contains(&format!("the first {MAX_PRINTED};")));
    }
}
