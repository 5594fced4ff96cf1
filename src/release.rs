//! Which program this is: its version, and the commit and the day of its build as `build/release.rs` found them.

use std::{fmt::Write, sync::LazyLock};

use jiff::Timestamp;

pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Nothing where it was built outside of a git repository.
pub(crate) const COMMIT: Option<&str> = option_env!("BUILD_COMMIT");

/// `0.1.0 (a627cb0e1c2d 2026-11-24)`
pub(crate) static SHORT: LazyLock<String> = LazyLock::new(|| {
    let build: Vec<String> = [COMMIT.map(shortened), day()]
        .into_iter()
        .flatten()
        .collect();
    match build.is_empty() {
        true => VERSION.to_owned(),
        false => format!("{VERSION} ({})", build.join(" ")),
    }
});

/// The same with a line for each, and the engine that is linked.
pub(crate) static LONG: LazyLock<String> = LazyLock::new(|| {
    let mut text = VERSION.to_owned();
    let lines = [
        ("commit", COMMIT.map(str::to_owned)),
        ("built", day()),
        ("SQLite", sqlite()),
    ];
    for (name, value) in lines {
        if let Some(value) = value {
            // Writing to memory cannot fail.
            let _ = write!(text, "\n{name}: {value}");
        }
    }
    text
});

fn shortened(commit: &str) -> String {
    commit.chars().take(12).collect()
}

fn day() -> Option<String> {
    let seconds = option_env!("BUILD_TIME")?.parse().ok()?;
    let time = Timestamp::from_second(seconds).ok()?;
    Some(time.strftime("%Y-%m-%d").to_string())
}

fn sqlite() -> Option<String> {
    let version = libsqlite3_sys::SQLITE_VERSION.to_str().ok()?;
    Some(version.to_owned())
}
