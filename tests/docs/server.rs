//! A server of its own for each page, with an empty store.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
};

use serde_json::Value;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_versioner");

pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) address: String,
}

impl Server {
    /// Starts it with its data in a folder, and waits until it is ready.
    pub(crate) fn start(folder: &Path) -> Server {
        let mut child = Command::new(PROGRAM)
            .env_clear()
            .args([
                "--listen=127.0.0.1:0",
                "--drain-delay=0s",
                "--log-format=json",
            ])
            .arg(format!(
                "--database-url=sqlite:{}",
                folder.join("versioner.db").display()
            ))
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program can be run");
        let lines = BufReader::new(child.stderr.take().expect("standard error is a pipe")).lines();
        let mut log = lines.map(|line| {
            let line = line.expect("the log can be read");
            serde_json::from_str::<Value>(&line)
                .unwrap_or_else(|_| panic!("the log must be JSON: {line}"))
        });
        let listening = log
            .find(|line| line["address"].is_string())
            .expect("the server listens");
        let address = listening["address"].as_str().expect("a text").to_owned();
        log.find(|line| line["message"] == "ready")
            .expect("the server becomes ready");
        // It would stop if nobody read its log.
        thread::spawn(move || log.for_each(drop));
        Server { child, address }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
