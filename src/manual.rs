//! Shell completions and man pages, written from the description of the command line. Knows no command.

use std::{
    fs,
    io::{self, ErrorKind, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, Command};
use clap_complete::Shell;

/// Prints completions for a shell.
///
/// For bash: versioner completions bash > ~/.local/share/bash-completion/completions/versioner
#[derive(Args)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

/// Prints the man page, or writes the man pages of all commands to a folder.
///
/// To read the page: versioner man | man -l -
#[derive(Args)]
pub(crate) struct ManArgs {
    /// Write a page for each command to this folder, and print nothing. The folder is created if it does not exist.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl CompletionsArgs {
    pub(crate) fn write(&self, mut program: Command) -> ExitCode {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut program, "versioner", &mut text);
        exit_code(print(&text).map_err(|error| format!("cannot print: {error}")))
    }
}

impl ManArgs {
    pub(crate) fn write(&self, program: Command) -> ExitCode {
        let written = match &self.dir {
            Some(folder) => fs::create_dir_all(folder)
                .and_then(|()| clap_mangen::generate_to(program, folder))
                .map_err(|error| {
                    format!("cannot write to the folder {}: {error}", folder.display())
                }),
            None => page(program).map_err(|error| format!("cannot print: {error}")),
        };
        exit_code(written)
    }
}

fn page(program: Command) -> io::Result<()> {
    let mut text = Vec::new();
    clap_mangen::Man::new(program).render(&mut text)?;
    print(&text)
}

/// A reader that has seen enough, such as `head`, is not an error.
fn print(text: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

fn exit_code(result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where nothing can be printed, the exit code still reports it.
            let _ = writeln!(io::stderr(), "versioner: {error}");
            ExitCode::FAILURE
        }
    }
}
