//! What each setting allows, and the list of settings that are wrong. Knows the form of values, not their use.

use std::{fmt, net::SocketAddr, ops::RangeInclusive, time::Duration};

use jiff::SignedDuration;
use tracing_subscriber::EnvFilter;
use url::Url;

use super::LogFormat;

/// The longest duration that a setting may have: a longer one would overflow when it is added to a time.
const LONGEST: SignedDuration = SignedDuration::from_hours(10 * 366 * 24);

/// The levels of the log, from none to all.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Every setting that is wrong, in the order of the flags.
#[derive(Debug, Default)]
pub struct Mistakes(Vec<Mistake>);

/// One setting that is wrong, and why.
#[derive(Debug)]
pub struct Mistake {
    pub flag: &'static str,
    pub problem: String,
}

impl Mistakes {
    pub fn iter(&self) -> impl Iterator<Item = &Mistake> {
        self.0.iter()
    }

    /// The checked value. Where it is wrong, nothing, and the mistake is added to the list.
    pub(super) fn check<T>(
        &mut self,
        flag: &'static str,
        text: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let parsed = if text.is_empty() {
            Err("must not be empty; leave it out for the default".to_owned())
        } else {
            parse(text)
        };
        parsed
            .map_err(|problem| self.0.push(Mistake { flag, problem }))
            .ok()
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => write!(f, "a setting is wrong")?,
            count => write!(f, "{count} settings are wrong")?,
        }
        self.iter()
            .try_for_each(|mistake| write!(f, "\n  {mistake}"))
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mistake { flag, problem } = self;
        let variable = flag.to_uppercase().replace('-', "_");
        write!(f, "--{flag} (VERSIONER_{variable}) {problem}")
    }
}

impl std::error::Error for Mistakes {}

pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!(
            "must be an IP address and a port, such as 127.0.0.1:50051 or [::]:50051 (is {text:?})"
        )
    })
}

pub(super) fn number<T>(text: &str, range: RangeInclusive<T>) -> Result<T, String>
where
    T: std::str::FromStr + PartialOrd + fmt::Display,
{
    text.parse()
        .ok()
        .filter(|number| range.contains(number))
        .ok_or_else(|| {
            let (least, most) = range.into_inner();
            format!("must be a whole number from {least} to {most} (is {text:?})")
        })
}

pub(super) fn duration(text: &str, least: SignedDuration) -> Result<Duration, String> {
    text.parse::<SignedDuration>()
        .ok()
        .filter(|duration| (least..=LONGEST).contains(duration))
        .and_then(|duration| Duration::try_from(duration).ok())
        .ok_or_else(|| {
            format!(
                "must be a number and a unit, such as 500ms, 5s, 10m or 24h, \
                 from {least:#} to ten years (is {text:?})"
            )
        })
}

pub(super) fn origins(text: &str) -> Result<Vec<String>, String> {
    let origins: Vec<String> = text.split(',').map(|part| part.trim().to_owned()).collect();
    match origins.iter().find(|origin| !is_origin(origin)) {
        None => Ok(origins),
        Some(wrong) => Err(format!(
            "must be origins such as https://builds.example.com, separated by commas, or * (has {wrong:?})"
        )),
    }
}

/// As a browser writes it: no path, not even a slash.
fn is_origin(text: &str) -> bool {
    let written = |url: Url| url.origin().ascii_serialization() == text;
    text == "*" || Url::parse(text).is_ok_and(written)
}

/// The library accepts any word, and then logs nothing: a word that is not a level would be the name of a part
/// of the program. So each entry must be a level, or a part and a level.
pub(super) fn log_filter(text: &str) -> Result<EnvFilter, String> {
    let allowed = format!(
        "must be a level ({}) or a list such as info,versioner::storage=debug",
        LEVELS.join(", ")
    );
    let entries: Vec<&str> = text.split(',').map(str::trim).collect();
    match entries.iter().find(|entry| !is_log_directive(entry)) {
        None => {
            EnvFilter::try_new(entries.join(",")).map_err(|error| format!("{allowed}: {error}"))
        }
        Some(wrong) => Err(format!("{allowed} (has {wrong:?})")),
    }
}

fn is_log_directive(entry: &str) -> bool {
    let is_level = |word: &str| LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word));
    let is_part = |word: &str| {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        !word.is_empty() && word.chars().all(is_allowed)
    };
    match entry.split_once('=') {
        None => is_level(entry),
        Some((part, level)) => is_part(part) && is_level(level),
    }
}

pub(super) fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("must be text or json (is {text:?})")),
    }
}
