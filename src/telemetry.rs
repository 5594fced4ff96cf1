//! Log lines on standard error, as text or JSON. Knows nothing of what is logged.

use std::panic::PanicHookInfo;

use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// Sends every log line of the process to standard error. A panic becomes one line as well, inside the span of
/// the request that met it, so that the id which the caller was given finds it.
///
/// To be called once, before the first line is logged.
///
/// # Panics
/// Where the process has a subscriber already.
pub fn init(filter: EnvFilter, format: LogFormat) {
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
    std::panic::set_hook(Box::new(log_panic));
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    tracing::error!(
        location = panic.location().map(tracing::field::display),
        "panic: {}",
        panic.payload_as_str().unwrap_or("no message")
    );
}
