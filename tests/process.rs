//! The program as an operator meets it: its settings, its log, its signals, its exit code.

#![expect(
    clippy::disallowed_methods,
    reason = "these tests have no runtime whose threads a sleep could block"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

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
        let folder = tempfile::tempdir().unwrap();
        let script = format!("{first} && exec \"$0\" \"$@\"");
        let mut child = Command::new("sh")
            .env_clear()
            .args(["-c", &script, PROGRAM])
            .args(flags)
            .args(["--listen=127.0.0.1:0", "--log-format=json"])
            .current_dir(folder.path())
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

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let killed = Command::new("kill").args([name, &id]).status();
        assert!(killed.unwrap().success());
    }

    /// The first line to come with that message.
    fn logged(&mut self, message: &str) -> Value {
        self.log
            .find(|line| line["message"] == message)
            .expect(message)
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
    command.env_clear().args(flags);
    command
}

fn refusal(command: &mut Command) -> String {
    let Output { status, stderr, .. } = command.output().unwrap();
    assert_eq!(status.code(), Some(2));
    String::from_utf8(stderr).unwrap()
}

#[test]
fn sigterm_drains_and_exits_0_even_with_a_silent_connection() {
    let mut program = Program::start(&["--drain-delay=100ms", "--drain-timeout=10s"]);
    program.logged("ready");
    let mut silent = TcpStream::connect(program.address).unwrap();
    let began = Instant::now();
    program.signal("-TERM");
    assert_eq!(program.exit_code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(silent.read(&mut [0; 1]).unwrap(), 0);
    program.logged("drained");
}

#[test]
fn a_second_signal_ends_at_once() {
    let mut program = Program::start(&["serve", "--drain-delay=1h", "--drain-timeout=2h"]);
    program.signal("-INT");
    assert_eq!(
        program.logged("draining; a second signal ends at once")["signal"],
        "SIGINT"
    );
    program.signal("-TERM");
    assert_eq!(program.logged("ending at once")["signal"], "SIGTERM");
    assert_eq!(program.exit_code(), Some(0));
}

#[test]
fn the_signal_of_a_file_that_grew_too_large_does_not_kill() {
    let mut program = Program::start(&["--drain-delay=0s"]);
    program.logged("ready");
    program.signal("-XFSZ");
    TcpStream::connect(program.address).unwrap();
    program.signal("-TERM");
    assert_eq!(program.exit_code(), Some(0));
}

#[test]
fn i7_a_shortage_of_descriptors_costs_no_time_and_passes() {
    let mut program = Program::start_by("ulimit -n 40", &[]);
    program.logged("ready");
    let connections: Vec<_> = (0..60)
        .map(|_| TcpStream::connect(program.address).unwrap())
        .collect();
    program.logged("cannot accept connections");
    let before = program.cpu_ticks();
    std::thread::sleep(Duration::from_secs(1));
    let ticks = program.cpu_ticks() - before;
    assert!(ticks < 30, "{ticks} of 100 ticks a second");

    drop(connections);
    let mut stream = TcpStream::connect(program.address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    stream
        .write_all(b"GET /no HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    stream.read_exact(&mut [0; 16]).unwrap();
}

#[test]
fn a_call_is_logged_with_its_id_and_how_it_ended() {
    let mut program = Program::start(&["--log=info"]);
    let mut stream = TcpStream::connect(program.address).unwrap();
    stream
        .write_all(b"GET /no?secret=1 HTTP/1.1\r\nhost: x\r\nx-request-id: run-42\r\nconnection: close\r\n\r\n")
        .unwrap();
    stream.read_to_string(&mut String::new()).unwrap();
    let line = program.logged("call ended");
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["code"], "404");
    assert!(line["duration_ms"].is_number());
    assert_eq!(line["span"]["request_id"], "run-42");
    assert_eq!(line["span"]["method"], "/no");
    assert_eq!(
        line["span"]["peer"],
        stream.local_addr().unwrap().to_string()
    );
}

#[test]
fn a_port_that_is_taken_is_named_with_its_setting() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let output = command(&["--listen", &address.to_string()])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(
        log.contains(&format!(
            "cannot listen on {address} (--listen, VERSIONER_LISTEN)"
        )),
        "{log}"
    );
}

#[test]
fn variables_are_settings_and_flags_go_before_them() {
    let mut program = command(&["serve", "--max-requests=none"]);
    program
        .env("VERSIONER_MAX_REQUESTS", "7")
        .env("VERSIONER_LISTEN", "")
        .env("VERSIONER_DATABASE_URL", "hunter2");
    let refusal = refusal(&mut program);
    assert!(refusal.contains("3 settings are wrong"), "{refusal}");
    assert!(
        refusal.contains("--listen (VERSIONER_LISTEN) is empty"),
        "{refusal}"
    );
    assert!(
        refusal.contains("--max-requests (VERSIONER_MAX_REQUESTS) is \"none\""),
        "{refusal}"
    );
    assert!(!refusal.contains("hunter2"), "{refusal}");
}

#[test]
fn a_variable_and_a_subcommand_go_together() {
    let mut program = command(&["serve", "--log=="]);
    program.env("VERSIONER_LISTEN", "127.0.0.1:0");
    assert!(refusal(&mut program).contains("a setting is wrong"));
}

#[test]
fn the_help_names_every_variable_and_shows_no_value() {
    let help = command(&["--help"])
        .env("VERSIONER_DATABASE_URL", "hunter2")
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for flag in [
        "listen",
        "database-url",
        "database-connections",
        "request-timeout",
        "drain-delay",
        "drain-timeout",
        "max-connections",
        "max-requests",
        "stale-after",
        "log",
        "log-format",
    ] {
        let variable = flag.to_uppercase().replace('-', "_");
        assert!(
            help.contains(&format!("[env: VERSIONER_{variable}]")),
            "{help}"
        );
        assert!(help.contains(&format!("--{flag} ")), "{help}");
    }
    assert!(!help.contains("hunter2"), "{help}");
}
