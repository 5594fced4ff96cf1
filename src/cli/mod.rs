//! The subcommands that are clients of the service. They know the contract and the terms of the
//! domain, nothing of the server or the store.

mod backoff;
mod labels;
mod list;
mod moment;
mod names;
mod output;
mod server;
mod style;
mod table;
mod time_arg;
mod wrap;

pub mod builds;
pub mod catalog;
pub mod checks;
pub mod command_list;
pub mod demo;
pub mod deployments;
pub mod events;
pub mod import;
pub mod matrix;
pub mod readiness;
pub mod report;
pub mod show;
pub mod stats;
pub mod versions;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use server::CliError;

/// The exit code for wrong arguments, as clap has it.
const WRONG_ARGUMENTS: u8 = 2;

/// The exit code of a command; its error goes to standard error.
fn exit_code(command: &str, on_failure: u8, outcome: Result<u8, CliError>) -> ExitCode {
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            print_message(command, &error.to_string());
            ExitCode::from(on_failure)
        }
    }
}

/// Prints a line to standard error.
fn print_message(command: &str, message: &str) {
    // If standard error is closed too, the exit code still reports the error.
    let _ = writeln!(io::stderr(), "versioner {command}: {message}");
}
