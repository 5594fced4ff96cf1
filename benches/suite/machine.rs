//! What the figures were measured on, so that two runs can be told apart.

use std::{fs, io::Write, process::Command, thread, time::Instant};

use serde::Serialize;

use crate::{Result, load::median};

#[derive(Serialize)]
pub(crate) struct Machine {
    commit: String,
    processor: String,
    threads: usize,
    /// Of the minute before the run: beyond a few tenths something else is at work, and the figures are worth less.
    load_average: String,
    /// Of 8 kB, where the databases are: what durability costs here.
    fdatasync_ms: f64,
}

impl Machine {
    pub(crate) fn look() -> Result<Machine> {
        let described = Command::new("git")
            .args(["describe", "--always", "--dirty", "--abbrev=12"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output();
        let commit = match described {
            Ok(output) if output.status.success() => String::from_utf8(output.stdout)?,
            _ => "unknown".to_owned(),
        };
        let processors = fs::read_to_string("/proc/cpuinfo")?;
        let processor = processors
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
            .map_or("unknown", |(_, name)| name);
        let load_average = fs::read_to_string("/proc/loadavg")?;
        Ok(Machine {
            commit: commit.trim().to_owned(),
            processor: processor.to_owned(),
            threads: thread::available_parallelism()?.get(),
            load_average: load_average
                .split(' ')
                .next()
                .unwrap_or_default()
                .to_owned(),
            fdatasync_ms: fdatasync_ms()?,
        })
    }

    pub(crate) fn sentence(&self) -> String {
        format!(
            "Commit {}; {} threads of {}; load average {} before the run; an fdatasync of 8 kB takes {:.2} ms.",
            self.commit, self.threads, self.processor, self.load_average, self.fdatasync_ms
        )
    }
}

fn fdatasync_ms() -> Result<f64> {
    let mut file = tempfile::tempfile()?;
    let mut each = Vec::new();
    for _ in 0..100 {
        file.write_all(&[0; 8 * 1024])?;
        let begun = Instant::now();
        file.sync_data()?;
        each.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    Ok(median(&each))
}
