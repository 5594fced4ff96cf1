//! Standard output: an answer as text for people or as JSON for programs, in colour only where that is seen.

use std::io::{self, Write};

use anstream::AutoStream;
use clap::{Args, ColorChoice, ValueEnum};
use serde::Serialize;

use super::server::CliError;

#[derive(Args, Clone, Debug)]
pub struct OutputArgs {
    /// How to write the answer: `table` for people, `json` for scripts, with the contract's field names.
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub output: Format,

    /// When to use colour: `auto` does on a terminal, unless the variable NO_COLOR is set.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Table,
    Json,
}

impl OutputArgs {
    /// Writes an answer, the text being made for a terminal of a width or for none. Where nobody reads any
    /// more (`… | head`), nothing more is written, and that is no failure.
    pub(super) fn write(
        &self,
        answer: &impl Serialize,
        text: impl FnOnce(Option<u16>) -> String,
    ) -> Result<(), CliError> {
        let text = match self.output {
            Format::Json => json(answer)?,
            Format::Table => text(comfy_table::Table::new().width()),
        };
        let color = match self.color {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        };
        let mut output = AutoStream::new(io::stdout().lock(), color);
        let written = output
            .write_all(text.as_bytes())
            .and_then(|()| output.flush());
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written
                .map_err(|error| CliError::new(format!("could not write the answer: {error}"))),
        }
    }
}

/// An answer as a JSON document.
fn json(answer: &impl Serialize) -> Result<String, CliError> {
    serde_json::to_string_pretty(answer)
        .map(|json| json + "\n")
        .map_err(|error| CliError::new(format!("could not write the answer as JSON: {error}")))
}
