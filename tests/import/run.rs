//! Imports of lines into the fake server, and what they print.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use indicatif::ProgressBar;
use tempfile::TempDir;
use versioner::cli::import::{Counts, ImportArgs, Stopped, import_into};

use crate::fake_server::FakeServer;

pub(crate) struct Run {
    pub(crate) output: String,
    pub(crate) notices: String,
    pub(crate) outcome: Result<Counts, Stopped>,
}

pub(crate) async fn import(server: &FakeServer, lines: &[impl AsRef<str>]) -> Run {
    import_at(&format!("http://{}", server.address), lines).await
}

pub(crate) async fn import_at(server: &str, lines: &[impl AsRef<str>]) -> Run {
    let file = event_file(lines);
    let (mut output, mut notices) = (Vec::new(), Vec::new());
    let args = args(server, &file.1);
    let bar = ProgressBar::hidden();
    let outcome = import_into(&args, &mut output, &mut notices, &bar).await;
    Run {
        output: String::from_utf8(output).unwrap(),
        notices: String::from_utf8(notices).unwrap(),
        outcome,
    }
}

pub(crate) fn args(server: &str, file: &Path) -> ImportArgs {
    ImportArgs {
        file: file.to_owned(),
        server: server.to_owned(),
        retry_for: Duration::from_millis(700),
    }
}

pub(crate) fn event_file(lines: &[impl AsRef<str>]) -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("events.ndjson");
    let lines: Vec<&str> = lines.iter().map(AsRef::as_ref).collect();
    std::fs::write(&file, lines.join("\n")).unwrap();
    (dir, file)
}

pub(crate) fn line(number: usize) -> String {
    let kind = ["version_event", "deployment_event", "check_event"][number % 3];
    format!(r#"{{"type":"{kind}","body":{{"event_id":"e-{number}"}}}}"#)
}

pub(crate) fn ids(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("e-{number}")).collect()
}

/// A writer that fails with this error.
pub(crate) struct Failing(pub(crate) io::ErrorKind);

impl Write for Failing {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(self.0.into())
    }
}
