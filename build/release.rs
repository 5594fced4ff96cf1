//! What `versioner --version` shows of the build: its commit and its time. The program itself reads them.

use std::{env, error::Error, path::Path, process::Command, time::SystemTime};

pub(crate) fn export() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-env-changed=SOURCE_DATE_EPOCH");
    let time = match env::var("SOURCE_DATE_EPOCH") {
        Ok(seconds) => seconds.parse::<u64>()?,
        Err(_) => SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)?
            .as_secs(),
    };
    println!("cargo:rustc-env=BUILD_TIME={time}");
    if let Some(commit) = commit() {
        println!("cargo:rustc-env=BUILD_COMMIT={commit}");
    }
    Ok(())
}

/// Nothing without git, and nothing where this is an unpacked archive inside of a repository of something else.
fn commit() -> Option<String> {
    if !Path::new(".git").exists() {
        return None;
    }
    // Each commit, checkout and reset adds a line to this file. A file that is not there would make cargo run this
    // script every time.
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    if Path::new(&log).exists() {
        println!("cargo:rerun-if-changed={log}");
    }
    git(&["rev-parse", "HEAD"])
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
