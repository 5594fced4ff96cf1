//! The subcommands that are clients of the service. They know the contract and the words of the
//! domain, nothing of the server or the store.

mod moment;
mod output;
mod server;
mod style;
mod table;
mod words;

pub mod import;
pub mod matrix;
pub mod readiness;
pub mod show;
pub mod stats;
pub mod versions;

use std::io::{self, Write};
use std::process::ExitCode;

use server::Failure;

/// The exit code of a command that asks; what went wrong is told on standard error.
fn report(command: &str, on_failure: u8, outcome: Result<u8, Failure>) -> ExitCode {
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            say(command, &failure.to_string());
            ExitCode::from(on_failure)
        }
    }
}

/// A line on standard error.
fn say(command: &str, what: &str) {
    // Where standard error is gone too, the exit code is all that can still be said.
    let _ = writeln!(io::stderr(), "versioner {command}: {what}");
}
