//! The program as an operator uses it: its settings, its log, its signals, its exit code, and the commands that need
//! no server.

#![expect(
    clippy::disallowed_methods,
    reason = "these tests have no runtime whose threads a sleep could block"
)]

mod commands;
mod log;
mod settings;
mod signals;
mod terminal;

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Long enough for a busy machine; a test that waits as long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

const PROGRAM: &str = env!("CARGO_BIN_EXE_versioner");

/// A server of its own, killed when the test is over.
struct Program {
    child: Child,
    log: Box<dyn Iterator<Item = Value>>,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Program {
    fn start(flags: &[&str]) -> Program {
        Program::start_by("true", flags)
    }

    /// Starts it after a command of the shell, which may set limits.
    fn start_by(first: &str, flags: &[&str]) -> Program {
        Program::start_with(first, flags, Stdio::null())
    }

    fn start_with(first: &str, flags: &[&str], stdin: Stdio) -> Program {
        let folder = tempfile::tempdir().unwrap();
        let script = format!("{first} && exec \"$0\" \"$@\"");
        let mut child = Command::new("sh")
            .env_clear()
            .args(["-c", &script, PROGRAM])
            .args(flags)
            .args(["--listen=127.0.0.1:0", "--log-format=json"])
            .current_dir(folder.path())
            .stdin(stdin)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut log =
            Box::new(lines.map(|line| serde_json::from_str(&line.unwrap()).expect("JSON")));
        let listening: Value = log
            .find(|line: &Value| line["address"].is_string())
            .unwrap();
        let address = listening["address"].as_str().unwrap().parse().unwrap();
        Program {
            child,
            log,
            address,
            _folder: folder,
        }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// The first line to come with that message.
    fn logged(&mut self, message: &str) -> Value {
        self.log
            .find(|line| line["message"] == message)
            .expect(message)
    }

    /// Every line that it still logs, until its end.
    fn rest_of_log(&mut self) -> Vec<Value> {
        self.log.by_ref().collect()
    }

    /// The time it has used, in user and system mode.
    fn cpu_ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let used = fields.split_whitespace().skip(11).take(2);
        used.map(|ticks| ticks.parse::<u64>().unwrap()).sum()
    }

    fn exit_code(&mut self) -> Option<i32> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(began.elapsed() < PATIENCE, "it is still there");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It fails where the process has ended, as it should have.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(flags: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_clear().args(flags).stdin(Stdio::null());
    command
}

/// What a command wrote that ended well.
fn written(flags: &[&str]) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command(flags).output().unwrap();
    let errors = String::from_utf8_lossy(&stderr);
    assert!(status.success() && stderr.is_empty(), "{flags:?}: {errors}");
    String::from_utf8(stdout).unwrap()
}

fn refusal(command: &mut Command) -> String {
    let Output { status, stderr, .. } = command.output().unwrap();
    assert_eq!(status.code(), Some(2));
    String::from_utf8(stderr).unwrap()
}
