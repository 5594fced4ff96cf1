//! The binary: a server of one's own as a child process, and imports into it.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;
use tokio::{sync::oneshot, time::timeout};
use tonic::transport::{Channel, Endpoint};

/// Long enough for a busy machine; a test that waits as long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server, killed when the test is over.
pub(crate) struct Program {
    child: Child,
    address: String,
    _folder: TempDir,
}

/// What an import printed, and its exit code.
pub(crate) struct Imported {
    pub(crate) lines: Vec<String>,
    pub(crate) exit_code: Option<i32>,
}

impl Program {
    /// Serves an empty database: the one at the URL, or a file of its own.
    pub(crate) async fn start(database_url: Option<&str>) -> Program {
        let folder = TempDir::new().expect("a folder");
        let mut child = versioner()
            .args(["--listen=127.0.0.1:0", "--log-format=json"])
            .env(
                "VERSIONER_DATABASE_URL",
                database_url.unwrap_or("sqlite:history.db"),
            )
            .current_dir(folder.path())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let log = BufReader::new(child.stderr.take().expect("a pipe"));
        let (send, listening) = oneshot::channel();
        // Read to its end, or the server would wait for room in the pipe.
        std::thread::spawn(move || {
            let mut send = Some(send);
            for line in log.lines().map_while(Result::ok) {
                let line: Value = serde_json::from_str(&line).expect("JSON");
                if let (Some(address), true) = (line["address"].as_str(), send.is_some()) {
                    let _ = send.take().map(|send| send.send(address.to_owned()));
                }
            }
        });
        let address = timeout(PATIENCE, listening).await;
        Program {
            child,
            address: format!("http://{}", address.expect("in time").expect("an address")),
            _folder: folder,
        }
    }

    pub(crate) fn channel(&self) -> Channel {
        let endpoint = Endpoint::from_shared(self.address.clone());
        endpoint.expect("a URL").connect_lazy()
    }

    pub(crate) async fn import(&self, file: &Path) -> Imported {
        let mut import = versioner();
        import
            .args(["import", "--server", &self.address, "-"])
            .stdin(File::open(file).expect("a file"));
        let output = tokio::task::spawn_blocking(move || import.output()).await;
        let output = output.expect("no panic").expect("the binary runs");
        let printed = String::from_utf8(output.stdout).expect("text");
        Imported {
            lines: printed.lines().map(str::to_owned).collect(),
            exit_code: output.status.code(),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It fails where the process has ended already, which the test has noticed then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn versioner() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_versioner"));
    command.env_clear();
    command
}
