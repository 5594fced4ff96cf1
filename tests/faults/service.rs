//! The program as a child process: started, killed, told to leave, and its log kept. It never outlives its test.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};
use tonic::transport::{Channel, Endpoint};

use crate::{PATIENCE, within};

/// All that the log is needed for, and not a line for each of many thousand calls.
const LOG: &str = "--log=warn,versioner::server=info,versioner::server::request_log=warn";

pub(crate) struct Service {
    process: Process,
    address: SocketAddr,
    /// Parts of the lines that are no fault of the service's in this test.
    expected_errors: &'static [&'static str],
}

impl Service {
    /// A server that listens.
    pub(crate) async fn start(database_url: &str, flags: &[&str]) -> Self {
        Self::start_as(program(database_url), flags).await
    }

    pub(crate) async fn start_as(mut command: Command, flags: &[&str]) -> Self {
        let listening = ["--listen=127.0.0.1:0", "--log-format=json", LOG];
        command.args(listening).args(flags);
        let (process, address) = Process::start(command);
        let Ok(Ok(address)) = timeout(PATIENCE, address).await else {
            panic!("the service did not start:\n{}", process.log());
        };
        Self {
            process,
            address,
            expected_errors: &[],
        }
    }

    pub(crate) fn expect_errors(&mut self, parts: &'static [&'static str]) {
        self.expected_errors = parts;
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.child.id()
    }

    /// A connection of its own, made with the first call and again after it broke.
    pub(crate) fn channel(&self) -> Channel {
        channel(self.address)
    }

    /// Ends it as kill -9 does.
    pub(crate) fn kill(mut self) {
        self.process.kill();
        self.check_log();
    }

    /// Tells it to leave, by SIGTERM.
    pub(crate) fn terminate(&self) {
        self.process.signal(Signal::TERM);
    }

    /// Waits until it has left by itself; its exit code.
    pub(crate) async fn left(mut self, limit: Duration) -> Option<i32> {
        let code = self.process.ended(limit).await;
        self.check_log();
        code
    }

    /// The memory that it holds now.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let path = format!("/proc/{}/status", self.id());
        let status = std::fs::read_to_string(path).expect("the process is there");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kibibytes: u64 = kibibytes.and_then(|n| n.parse().ok()).expect("a size");
        kibibytes * 1024
    }

    /// Neither panics nor faults: whatever is done to it, INTERNAL is for bugs (I5, I6).
    fn check_log(&self) {
        let log = self.process.log();
        let bad = log.lines().find(|line| {
            let is_error = match serde_json::from_str::<Value>(line) {
                Ok(line) => line["level"] == "ERROR",
                Err(_) => line.contains("panicked"),
            };
            is_error && !self.expected_errors.iter().any(|part| line.contains(part))
        });
        assert_eq!(bad, None, "in the log of the service");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if !thread::panicking() && self.process.is_running() {
            self.process.kill();
            self.check_log();
        }
    }
}

/// A run of the program that ends by itself; its exit code and what it logged.
pub(crate) async fn run(command: Command) -> (Option<i32>, String) {
    let (mut process, _) = Process::start(command);
    let code = process.ended(PATIENCE).await;
    (code, process.log())
}

/// A start of the program that is killed after a while, wherever it is then.
pub(crate) async fn start_and_kill(database_url: &str, after: Duration) {
    let mut command = program(database_url);
    command.arg("--listen=127.0.0.1:0");
    let (mut process, _) = Process::start(command);
    sleep(after).await;
    process.kill();
}

/// The program, to be given flags.
pub(crate) fn program(database_url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_versioner"));
    command
        .env_clear()
        .env("VERSIONER_DATABASE_URL", database_url);
    command
}

pub(crate) fn channel(address: SocketAddr) -> Channel {
    Endpoint::from_shared(format!("http://{address}"))
        .expect("an address is a URL")
        .connect_lazy()
}

/// A child whose log is read on, so that it never waits for a reader.
struct Process {
    child: Child,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Process {
    /// Also where it listens, once it says so.
    fn start(mut command: Command) -> (Self, oneshot::Receiver<SocketAddr>) {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program can be run");
        let lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let (listening, address) = oneshot::channel();
        let log = Arc::new(Mutex::new(String::new()));
        let kept = log.clone();
        let reader = thread::spawn(move || {
            let mut listening = Some(listening);
            for line in lines.map_while(Result::ok) {
                let parsed: Value = serde_json::from_str(&line).unwrap_or_default();
                let address = parsed["address"]
                    .as_str()
                    .and_then(|text| text.parse().ok());
                if let Some(address) = address
                    && let Some(listening) = listening.take()
                {
                    // Nobody asks where a process listens that is to be killed.
                    let _ = listening.send(address);
                }
                let mut kept = kept.lock().expect("no reader panics");
                kept.push_str(&line);
                kept.push('\n');
            }
        });
        let process = Self {
            child,
            log,
            reader: Some(reader),
        };
        (process, address)
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it is our child");
    }

    fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    fn kill(&mut self) {
        self.child.kill().expect("it is our child");
        self.child.wait().expect("it is our child");
        self.read_out();
    }

    async fn ended(&mut self, limit: Duration) -> Option<i32> {
        let ended = async {
            loop {
                if let Some(status) = self.child.try_wait().expect("it is our child") {
                    return status.code();
                }
                sleep(Duration::from_millis(5)).await;
            }
        };
        let code = within(limit, "the program ends", ended).await;
        self.read_out();
        code
    }

    fn read_out(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the log can be read");
        }
    }

    fn log(&self) -> String {
        self.log.lock().expect("no reader panics").clone()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail where it has ended, as it should have.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
