//! The URL of the database, which may hold a password. Knows its form, not how to connect.

use std::fmt;

use url::Url;

/// `sqlite:…` or `postgres://…`. Shown without password and parameters, which may hold secrets too.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The error never repeats the text, because it may hold a password.
    pub fn parse(text: &str) -> Result<DatabaseUrl, String> {
        let allowed = "must be sqlite:FILE or postgres://USER:PASSWORD@HOST:PORT/DATABASE";
        match text.split_once(':') {
            Some(("sqlite", file)) if !file.trim_start_matches('/').is_empty() => {}
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => {
                Url::parse(text)
                    .map_err(|error| format!("{allowed} (it is not a URL: {error})"))?;
            }
            Some(("sqlite", _)) => return Err(format!("{allowed} (the file is missing)")),
            _ => return Err(allowed.to_owned()),
        }
        Ok(DatabaseUrl(text.to_owned()))
    }

    /// The whole URL, for the driver; never to be logged.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = self.0.strip_prefix("sqlite:") {
            let file = file.split('?').next().unwrap_or(file);
            return write!(f, "sqlite:{file}");
        }
        match Url::parse(&self.0) {
            Ok(mut url) => {
                url.set_query(None);
                url.set_fragment(None);
                // This fails only where there is no host, and then there is no password either.
                if url.password().is_some() && url.set_password(Some("***")).is_err() {
                    return write!(f, "{}:***", url.scheme());
                }
                write!(f, "{url}")
            }
            Err(_) => f.write_str("***"),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
