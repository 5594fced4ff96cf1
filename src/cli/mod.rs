//! The subcommands that are clients of the service. They know the contract and the words of the
//! domain, nothing of the server or the store.

mod labels;
mod moment;
mod output;
mod server;
mod style;
mod table;
mod time_arg;

pub mod import;
pub mod matrix;
pub mod readiness;
pub mod show;
pub mod stats;
pub mod versions;

use std::io::{self, Write};
use std::process::ExitCode;

use server::CliError;

/// The exit code of a command that asks; what went wrong is told on standard error.
fn exit_code(command: &str, on_failure: u8, outcome: Result<u8, CliError>) -> ExitCode {
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            print_message(command, &failure.to_string());
            ExitCode::from(on_failure)
        }
    }
}

/// A line on standard error.
fn print_message(command: &str, what: &str) {
    // Where standard error is gone too, the exit code is all that can still be said.
    let _ = writeln!(io::stderr(), "versioner {command}: {what}");
}
