//! Child processes: the server, the ceilings, and what they cost. Each ends with its handle, by its id.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use prost::Message;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::time::sleep;
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus,
};

use crate::{
    Result,
    arguments::CeilingKind,
    client::{Client, frame},
    database::Database,
};

const HEALTH: &str = "/grpc.health.v1.Health/Check";
/// A server is healthy within this, or the run fails.
const START_TIMEOUT: Duration = Duration::from_secs(120);
/// Of the kernel's clock that counts the time of processes; the same on every Linux.
const TICKS_A_SECOND: f64 = 100.0;

/// A server that answers.
pub(crate) struct Process {
    child: Guard,
    pub(crate) address: SocketAddr,
    /// From before it was started to its first healthy answer.
    pub(crate) start: Duration,
    /// A folder of its own, where it has one.
    _folder: Option<TempDir>,
}

impl Process {
    /// The real program, with its default settings. Only its drain is cut short: nobody turns away here.
    pub(crate) async fn server(database: &Database) -> Result<Process> {
        let mut command = program(database.folder());
        command
            .args([
                "--listen=127.0.0.1:0",
                "--log-format=json",
                "--drain-delay=0s",
            ])
            .env("VERSIONER_DATABASE_URL", database.url())
            .stdin(Stdio::null());
        Process::start(command, None).await
    }

    /// This suite once more, as a ceiling. `answers` are files for its folder, by their names.
    pub(crate) async fn ceiling(
        kind: CeilingKind,
        answers: &[(&str, &[u8])],
        database: Option<&Database>,
    ) -> Result<Process> {
        let folder = tempfile::tempdir()?;
        for (name, answer) in answers {
            fs::write(folder.path().join(name), answer)?;
        }
        let mut command = Command::new(env::current_exe()?);
        command
            .args(["ceiling", &format!("{kind:?}").to_lowercase()])
            .arg(folder.path())
            .current_dir(folder.path())
            .stdin(Stdio::piped());
        if let Some(database) = database {
            command.args(["--database-url", database.url()]);
        }
        Process::start(command, Some(folder)).await
    }

    async fn start(mut command: Command, folder: Option<TempDir>) -> Result<Process> {
        let begun = Instant::now();
        let mut child = Guard(
            command
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()?,
        );
        let log = child.0.stderr.take().ok_or("the program has no log")?;
        let mut lines = BufReader::new(log).lines();
        let address = loop {
            let line = lines
                .next()
                .ok_or("the program ended before it listened")??;
            let entry: serde_json::Value =
                serde_json::from_str(&line).map_err(|_| format!("the program says: {line}"))?;
            if entry["level"] == "ERROR" {
                return Err(format!("the program says: {line}").into());
            }
            if let Some(address) = entry["address"].as_str() {
                break address.parse()?;
            }
        };
        // Its log has to be read, or it would wait for that; and what goes wrong should be seen.
        std::thread::spawn(move || {
            for line in lines.map_while(std::io::Result::ok) {
                if line.contains("\"ERROR\"") || line.contains("\"WARN\"") {
                    eprintln!("{line}");
                }
            }
        });
        healthy(address, begun).await?;
        Ok(Process {
            child,
            address,
            start: begun.elapsed(),
            _folder: folder,
        })
    }

    /// Ends it by SIGTERM, and waits until it has ended.
    pub(crate) async fn stop(mut self) -> Result<()> {
        kill_process(Pid::from_child(&self.child.0), Signal::TERM)?;
        self.child.ended().await?;
        Ok(())
    }

    /// CPU time so far, of all its threads, in the kernel too.
    pub(crate) fn cpu_seconds(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.0.id()))?;
        // The name in parentheses may hold anything; what follows is numbers, the third field first.
        let (_, rest) = stat
            .rsplit_once(')')
            .ok_or("an unknown form of /proc/…/stat")?;
        let ticks: f64 = rest
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(str::parse::<f64>)
            .sum::<std::result::Result<f64, _>>()?;
        Ok(ticks / TICKS_A_SECOND)
    }

    /// Memory in use now, in megabytes.
    pub(crate) fn memory_mb(&self) -> Result<f64> {
        self.status_mb("VmRSS:")
    }

    /// The most memory that it ever used, in megabytes.
    pub(crate) fn peak_memory_mb(&self) -> Result<f64> {
        self.status_mb("VmHWM:")
    }

    fn status_mb(&self, name: &str) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.0.id()))?;
        let kib: f64 = status
            .lines()
            .find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB"))
            .ok_or("an unknown form of /proc/…/status")?
            .parse()?;
        Ok(kib * 1_024.0 / 1e6)
    }
}

/// The real program, to be run in this folder.
pub(crate) fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_versioner"));
    command.current_dir(folder);
    // Settings of whoever runs this must not leak in.
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("VERSIONER_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command to its end; killed where this is dropped before.
pub(crate) async fn run(command: &mut Command) -> Result<()> {
    let status = Guard(command.spawn()?).ended().await?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("{command:?}: {status}").into()),
    }
}

struct Guard(Child);

impl Guard {
    async fn ended(&mut self) -> Result<ExitStatus> {
        loop {
            if let Some(status) = self.0.try_wait()? {
                return Ok(status);
            }
            sleep(Duration::from_millis(2)).await;
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn healthy(address: SocketAddr, begun: Instant) -> Result<()> {
    let client = Client::connect(address, 1).await?;
    let question = frame(&HealthCheckRequest::default());
    while begun.elapsed() < START_TIMEOUT {
        let answer = client.call(0, HEALTH, question.clone()).await?.ok()?;
        if HealthCheckResponse::decode(answer)?.status() == ServingStatus::Serving {
            return Ok(());
        }
        sleep(Duration::from_millis(1)).await;
    }
    Err(format!("{address} is not healthy after {START_TIMEOUT:?}").into())
}
