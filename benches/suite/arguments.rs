//! The command line of the suite.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::part::Part;

/// Measures the service beside its ceilings; quick unless told otherwise.
#[derive(Parser)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) mode: Option<Mode>,

    /// Takes its time: the sizes and spans that the goals are meant for.
    #[arg(long, conflicts_with_all = ["quick", "smoke"])]
    pub(crate) full: bool,

    /// A few minutes: smaller stores and shorter rounds.
    #[arg(long)]
    pub(crate) quick: bool,

    /// Everything once and tiny: shows that it runs, the figures mean nothing.
    #[arg(long, conflicts_with = "quick")]
    pub(crate) smoke: bool,

    /// Only this part; may be given several times.
    #[arg(long, value_name = "PART")]
    pub(crate) only: Vec<Part>,

    /// Prints the figures as JSON.
    #[arg(long)]
    pub(crate) json: bool,

    /// Measures on Postgres too: the URL of a cluster in which databases may be made and dropped.
    #[arg(long, value_name = "URL")]
    pub(crate) postgres: Option<String>,

    /// Given by `cargo bench`; without it nothing is measured.
    #[arg(long, hide = true)]
    pub(crate) bench: bool,
}

#[derive(Subcommand)]
pub(crate) enum Mode {
    /// Is a ceiling, for the suite that started it, until its standard input ends.
    #[command(hide = true)]
    Ceiling(CeilingArguments),
}

#[derive(Args)]
pub(crate) struct CeilingArguments {
    pub(crate) kind: CeilingKind,
    /// Where its answers are, and its file.
    pub(crate) folder: PathBuf,
    /// The database of the naive design.
    #[arg(long)]
    pub(crate) database_url: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CeilingKind {
    /// Answers at once, from memory.
    Noop,
    /// Appends to one file, with one fdatasync for all that queued up.
    Append,
    /// One transaction a call, a statement a row.
    Naive,
}
