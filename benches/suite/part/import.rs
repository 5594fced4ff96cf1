//! `versioner import` of a long history, beside the driver alone that writes the same rows.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    process::Stdio,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use jiff::Timestamp;
use serde_json::json;
use versioner::storage::Engine;

use super::Setting;
use crate::{
    Result,
    driver::{Source, Target},
    figure::{Figure, Goal},
    history::scatter,
    process::{Process, program, run},
};

/// Two events a build, one build a version.
const EVENTS_A_VERSION: u64 = 2;
const PRODUCTS: u64 = 50;

pub(crate) async fn measure(setting: &Setting) -> Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("history.ndjson");
    let events = setting.effort.imported_events;
    write_history(&file, events)?;

    let (mut rates, mut driver_rates, mut peak_mb) = (Vec::new(), Vec::new(), 0_f64);
    for _ in 0..setting.effort.rounds {
        let database = setting.databases.fresh(Engine::Sqlite).await?;
        let server = Process::server(&database).await?;
        let begun = Instant::now();
        run(program(folder.path())
            .arg("import")
            .arg(&file)
            .env("VERSIONER_SERVER", format!("http://{}", server.address))
            .stdout(Stdio::null()))
        .await?;
        rates.push(events as f64 / begun.elapsed().as_secs_f64());
        peak_mb = peak_mb.max(server.peak_memory_mb()?);

        let driver_database = setting.databases.migrated(Engine::Sqlite).await?;
        let mut target = Target::open(&driver_database).await?;
        let mut source = Source::open(&database).await?;
        let last = source.last_position().await?;
        let spent = target.copy(&mut source, 1..=last).await?;
        driver_rates.push(last as f64 / spent.as_secs_f64());
    }
    let figure = Figure::alone(format!("SQLite: import of {events} events"), "/s", &rates)
        .beside("driver alone, many rows a statement", &rates, &driver_rates)
        .goal(Goal::at_least(0.40, 0.60))
        .detail("the server's peak MB", peak_mb);
    Ok(vec![figure])
}

/// As another system would hand its past over: no event ids, times as text.
fn write_history(path: &Path, events: u64) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() as i64;
    let versions = events / EVENTS_A_VERSION;
    let begin_s = now_s - 365 * 24 * 60 * 60;
    for version in 0..versions {
        let started_s = begin_s + (now_s - begin_s - 3_600) * version as i64 / versions as i64;
        let ended_s = started_s + 60 + (scatter(version) % 900) as i64;
        for (status, at_s) in [("started", started_s), ("success", ended_s)] {
            let line = json!({
                "type": "version_event",
                "body": {
                    "product_name": format!("service-{}", version % PRODUCTS),
                    "version": format!("1.{}.{}", version / 1_000, version % 1_000),
                    "status": status,
                    "occurred_at": Timestamp::from_second(at_s)?.to_string(),
                    "invoke_id": format!("import-run-{version}"),
                    "scm_repository": "github.com/mycompany/my-service",
                    "scm_sha": format!("{version:040x}"),
                    "scm_branch": "main",
                    "build_number": version.to_string(),
                    "source_system": "github",
                    "built_by": "github-actions",
                },
            });
            writeln!(file, "{line}")?;
        }
    }
    file.flush()?;
    Ok(())
}
