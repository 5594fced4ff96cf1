//! Log lines on standard error, as text or JSON. Knows nothing of what is logged.

use std::{
    env,
    ffi::OsStr,
    io::{IsTerminal, stderr},
    panic::PanicHookInfo,
};

use crate::config::{LogConfig, LogFormat};

/// Sends every log line of the process to standard error. A panic becomes one line as well, inside the span of
/// the request that met it, so that the request id which the caller got finds it.
///
/// To be called once, before the first line is logged.
///
/// # Panics
/// Where the process has a subscriber already.
pub fn init(config: &LogConfig) {
    let lines = tracing_subscriber::fmt()
        .with_env_filter(config.filter.clone())
        .with_ansi(has_colors(
            stderr().is_terminal(),
            env::var_os("NO_COLOR").as_deref(),
        ))
        .with_writer(stderr);
    match config.format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
    std::panic::set_hook(Box::new(log_panic));
}

/// Colors are for people: only on a terminal, and not where NO_COLOR is set and not empty (<https://no-color.org>).
fn has_colors(is_terminal: bool, no_color: Option<&OsStr>) -> bool {
    is_terminal && no_color.is_none_or(OsStr::is_empty)
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    tracing::error!(
        location = panic.location().map(tracing::field::display),
        "panic: {}",
        panic.payload_as_str().unwrap_or("no message")
    );
}
