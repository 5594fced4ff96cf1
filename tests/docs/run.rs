//! A page that is run: its commands in order, in one shell, on a server of its own.

use std::{fs, path::Path};

use crate::{
    normal::normal,
    page::{self, Command, Content},
    server::Server,
    shell::{Ran, Shell},
};

/// The addresses that the pages show. In the test they stand for the server's own.
const SHOWN_ADDRESSES: [&str; 2] = ["localhost:50051", "127.0.0.1:50051"];

/// After a command that fails, a reader wants to know how.
const SHOW_EXIT_CODE: &str = "echo $?";

pub(crate) struct Outcome {
    /// The page, with the outputs of this run where they differ.
    pub(crate) text: String,
    pub(crate) failures: Vec<Failure>,
}

pub(crate) struct Failure {
    /// A new output in the page does not help.
    pub(crate) must_be_repaired: bool,
    pub(crate) message: String,
}

/// Runs the commands of a page in order. The error says why that was not possible.
pub(crate) fn run(text: &str, tools: &Path) -> Result<Outcome, String> {
    let blocks = page::parse(text)?.blocks;
    if blocks.is_empty() {
        return Ok(Outcome {
            text: text.to_owned(),
            failures: Vec::new(),
        });
    }
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let data = tempfile::tempdir().map_err(|error| error.to_string())?;
    // Without a terminal, curl shows a progress meter that a reader does not see.
    fs::write(folder.path().join(".curlrc"), "no-progress-meter\n")
        .map_err(|error| error.to_string())?;
    let server = Server::start(data.path());
    let server_url = format!("http://{}", server.address);
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", tools.display());
    let home = folder.path().to_string_lossy().into_owned();
    let variables = [
        ("PATH", &*path),
        ("HOME", &home),
        ("VERSIONER_SERVER", &server_url),
        ("LC_ALL", "C.UTF-8"),
    ];
    let mut run = Run {
        page: text,
        shell: Shell::start(folder.path(), &variables),
        address: &server.address,
        written: 0,
        text: String::with_capacity(text.len()),
        failures: Vec::new(),
    };
    for block in blocks {
        match block.content {
            Content::Script(script) => run.script(block.line, &script)?,
            Content::Commands(commands) => {
                for (at, command) in commands.iter().enumerate() {
                    let next = commands.get(at + 1).map(|next| &*next.typed);
                    run.command(block.line, command, next)?;
                }
            }
        }
    }
    Ok(run.end())
}

struct Run<'a> {
    page: &'a str,
    shell: Shell,
    /// The server's.
    address: &'a str,
    /// How much of the page is in `text`.
    written: usize,
    text: String,
    failures: Vec<Failure>,
}

impl Run<'_> {
    /// A block `sh`, each command of which must succeed.
    fn script(&mut self, line: usize, script: &str) -> Result<(), String> {
        // In this shell, so that variables stay. The code is that of the last command that failed.
        let checked = format!("failed=0; trap 'failed=$?' ERR\n{script}trap - ERR; (exit $failed)");
        let Ran { output, code } = self.shell.run(&self.with_server(&checked))?;
        if code != 0 {
            self.fail(
                true,
                format!("line {line}: exit code {code}\n{script}{output}"),
            );
        }
        Ok(())
    }

    /// A command of a block `console`, whose output must be the shown one.
    fn command(
        &mut self,
        line: usize,
        command: &Command,
        next: Option<&str>,
    ) -> Result<(), String> {
        let typed = &command.typed;
        let Ran { output, code } = self.shell.run(&self.with_server(typed))?;
        let printed = self.as_shown(&output, typed);
        let shown = &self.page[command.output.clone()];
        let is_as_shown = normal(&printed) == normal(shown);
        self.text
            .push_str(&self.page[self.written..command.output.start]);
        self.text
            .push_str(if is_as_shown { shown } else { &printed });
        self.written = command.output.end;

        if code != 0 && next != Some(SHOW_EXIT_CODE) {
            let what_to_do = format!("repair it, or show the code with \"$ {SHOW_EXIT_CODE}\"");
            self.fail(
                true,
                format!("line {line}: exit code {code}: {what_to_do}\n$ {typed}\n{printed}"),
            );
        } else if !is_as_shown {
            // What would end the block, or look like a command, cannot be shown.
            let breaks_the_page = |line: &str| line.starts_with("```") || line.starts_with("$ ");
            self.fail(
                printed.lines().any(breaks_the_page),
                format!("line {line}\n$ {typed}\n-- shown:\n{shown}-- printed:\n{printed}"),
            );
        }
        Ok(())
    }

    fn end(mut self) -> Outcome {
        self.text.push_str(&self.page[self.written..]);
        Outcome {
            text: self.text,
            failures: self.failures,
        }
    }

    fn fail(&mut self, must_be_repaired: bool, message: String) {
        self.failures.push(Failure {
            must_be_repaired,
            message,
        });
    }

    /// A command for the server of the test.
    fn with_server(&self, command: &str) -> String {
        let shown = SHOWN_ADDRESSES.iter();
        shown.fold(command.to_owned(), |command, shown| {
            command.replace(shown, self.address)
        })
    }

    /// An output as the page shows it: with the address as it was typed, whole lines, and no spaces at their ends.
    fn as_shown(&self, output: &str, typed: &str) -> String {
        let shown = SHOWN_ADDRESSES.iter().find(|shown| typed.contains(**shown));
        let output = output.replace(self.address, shown.unwrap_or(&SHOWN_ADDRESSES[1]));
        output
            .lines()
            .map(|line| format!("{}\n", line.trim_end()))
            .collect()
    }
}
