//! The program run as in a terminal, against some server. Knows no command.

use std::{
    process::{Output, Stdio},
    time::Duration,
};

use tokio::{io::AsyncReadExt, process::Command, time::timeout};

/// Long enough for a busy machine; a run that takes as long has failed.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Run {
    /// What a run that went well wrote.
    pub(crate) fn shown(self) -> String {
        assert_eq!(
            (self.code, self.errors.as_str()),
            (0, ""),
            "{}",
            self.output
        );
        self.output
    }

    /// What was written, as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.output).expect("a JSON document")
    }
}

/// The program with a command line, to ask the server there.
pub(crate) fn command(server: &str, command_line: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_versioner"));
    command
        .env_clear()
        .env("VERSIONER_SERVER", server)
        .args(command_line)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

pub(crate) async fn versioner(server: &str, command_line: &[&str]) -> Run {
    run(command(server, command_line)).await
}

pub(crate) async fn run(mut command: Command) -> Run {
    let output = timeout(TIMEOUT, command.output()).await;
    let Output {
        status,
        stdout,
        stderr,
    } = output.expect("it ends").expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Run {
        code: status.code().expect("an exit code"),
        output: text(stdout),
        errors: text(stderr),
    }
}

/// What the program writes to a terminal of this width, without styles.
pub(crate) async fn on_terminal(server: &str, command_line: &[&str], width: u16) -> String {
    let (mut terminal, other_end) = pty_process::open().expect("a terminal");
    let size = pty_process::Size::new(50, width);
    terminal.resize(size).expect("a width");
    let mut program = pty_process::Command::new(env!("CARGO_BIN_EXE_versioner"))
        .env_clear()
        .env("VERSIONER_SERVER", server)
        .args(command_line)
        .kill_on_drop(true)
        .spawn(other_end)
        .expect("it runs");
    let mut bytes = Vec::new();
    let read = timeout(TIMEOUT, terminal.read_to_end(&mut bytes)).await;
    if let Err(error) = read.expect("it ends") {
        // So a terminal ends on Linux.
        assert_eq!(error.raw_os_error(), Some(EIO), "{error}");
    }
    program.wait().await.expect("an exit code");
    let text = String::from_utf8(bytes)
        .expect("UTF-8")
        .replace("\r\n", "\n");
    console::strip_ansi_codes(&text).into_owned()
}

/// The error that reading from a terminal gives once no program has it open.
const EIO: i32 = 5;
