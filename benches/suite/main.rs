//! The figures of the service: the real program over real sockets beside the ceilings of the same run, measured
//! in turns, so that ratios hold on any machine. `scripts/bench` runs it; `RESULTS.md` says how to read it.

#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints its figures and its progress"
)]

mod arguments;
mod ceiling;
mod client;
mod database;
mod driver;
mod effort;
mod event;
mod figure;
mod history;
mod load;
mod machine;
mod measure;
mod part;
mod process;
mod stream;

use std::error::Error;

use arguments::{Arguments, Mode};
use clap::Parser;
use database::Databases;
use effort::Effort;
use machine::Machine;
use part::{Part, Setting, Stores};
use tokio::{
    runtime::Builder,
    signal::unix::{SignalKind, signal},
};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Some(Mode::Ceiling(ceiling)) = &arguments.mode {
        return ceiling::serve(ceiling);
    }
    if !arguments.bench {
        // `cargo test --benches` runs it so.
        println!("nothing to test: scripts/bench or cargo bench measures");
        return Ok(());
    }
    // One thread makes all the load: what it does not take is the server's.
    Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(until_signalled(arguments))
}

/// A signal drops what is under way, and with it every child and folder.
async fn until_signalled(arguments: Arguments) -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = measure_all(arguments) => result,
        _ = interrupt.recv() => Err("interrupted".into()),
        _ = terminate.recv() => Err("terminated".into()),
    }
}

async fn measure_all(arguments: Arguments) -> Result<()> {
    let setting = Setting {
        effort: Effort::of(&arguments),
        databases: Databases::new(arguments.postgres.clone()),
    };
    let parts = match arguments.only.as_slice() {
        [] => Part::ALL.as_slice(),
        only => only,
    };
    let machine = Machine::look()?;
    let mut stores = Stores::default();
    let mut figures = Vec::new();
    for part in parts {
        eprintln!("{part:?} …");
        figures.extend(part.measure(&setting, &mut stores).await?);
    }
    match arguments.json {
        true => println!("{}", figure::json(&machine, &setting.effort, &figures)?),
        false => print!("{}", figure::table(&machine, &setting.effort, &figures)),
    }
    Ok(())
}
