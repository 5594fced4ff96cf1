//! Standard output: an answer as text for people or as JSON for programs, in colour only where it can be seen.

use std::io::{self, Write};

use anstream::AutoStream;
use clap::{
    Args, ColorChoice, ValueEnum,
    builder::{EnumValueParser, PossibleValue},
};
use serde::Serialize;

use super::{server::CliError, wrap::wrap};

/// On a narrower terminal, lines are as wide as on one of this width.
const MIN_WIDTH: usize = 20;

/// How an answer is written; `F` are the formats that a command has.
#[derive(Args, Clone, Debug)]
pub struct OutputArgs<F: Formats> {
    /// The format of the answer.
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        default_value = "table",
        value_parser = EnumValueParser::<F>::new()
    )]
    pub output: F,

    /// When to use colour; `auto` uses it on a terminal, unless the variable NO_COLOR is set.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
}

/// Some of the formats.
pub trait Formats: ValueEnum + Into<Format> + Send + Sync + 'static {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Table,
    Wide,
    Json,
    Name,
}

/// The formats of an answer about one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerFormat(Format);

/// The formats of an answer that has a wider form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WideFormat(Format);

/// The formats of a list of things that have names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListFormat(Format);

/// Makes a type the formats of a command.
macro_rules! formats {
    ($type:ident: $($format:ident),+) => {
        impl Formats for $type {}

        impl From<$type> for Format {
            fn from(format: $type) -> Self {
                format.0
            }
        }

        impl ValueEnum for $type {
            fn value_variants<'a>() -> &'a [Self] {
                &[$(Self(Format::$format)),+]
            }

            fn to_possible_value(&self) -> Option<PossibleValue> {
                Some(self.0.possible_value())
            }
        }
    };
}

formats!(AnswerFormat: Table, Json);
formats!(WideFormat: Table, Wide, Json);
formats!(ListFormat: Table, Wide, Json, Name);

impl Format {
    fn possible_value(self) -> PossibleValue {
        match self {
            Self::Table => PossibleValue::new("table").help("Text for people"),
            Self::Wide => PossibleValue::new("wide").help("Text with more columns"),
            Self::Json => PossibleValue::new("json")
                .help("JSON for programs, with the contract's field names"),
            Self::Name => PossibleValue::new("name")
                .help("Only what identifies each row, on a line of its own"),
        }
    }
}

impl<F: Formats> OutputArgs<F> {
    pub(super) fn format(&self) -> Format {
        self.output.clone().into()
    }

    /// Writes an answer as JSON or as text; the text is made for a terminal of a width, or for none. If nobody
    /// reads it any more (`… | head`), the rest is not written, and that is not an error.
    pub(super) fn write(
        &self,
        answer: &impl Serialize,
        text: impl FnOnce(Option<usize>) -> String,
    ) -> Result<(), CliError> {
        let text = match (self.format(), terminal_width()) {
            (Format::Json, _) => serde_json::to_string_pretty(answer).map_err(not_json)? + "\n",
            (Format::Name, _) | (_, None) => text(None),
            (_, Some(width)) => wrap(&text(Some(width)), width),
        };
        self.write_text(&text).map(|_still_read| ())
    }

    /// Writes one of many answers as a line: JSON, or a text. Returns whether somebody still reads.
    pub(super) fn write_line(
        &self,
        answer: &impl Serialize,
        text: String,
    ) -> Result<bool, CliError> {
        match (self.format(), terminal_width()) {
            (Format::Json, _) => {
                let json = serde_json::to_string(answer).map_err(not_json)?;
                self.write_text(&format!("{json}\n"))
            }
            (_, Some(width)) => self.write_text(&wrap(&text, width)),
            (_, None) => self.write_text(&format!("{text}\n")),
        }
    }

    /// Writes a text. Returns whether somebody still reads.
    fn write_text(&self, text: &str) -> Result<bool, CliError> {
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
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(CliError::new(format!(
                "could not write the answer: {error}"
            ))),
        }
    }
}

/// The width of the terminal that standard output is; none if it is not a terminal.
fn terminal_width() -> Option<usize> {
    let (_height, width) = console::Term::stdout().size_checked()?;
    Some(usize::from(width).max(MIN_WIDTH))
}

fn not_json(error: serde_json::Error) -> CliError {
    CliError::new(format!("could not write the answer as JSON: {error}"))
}
