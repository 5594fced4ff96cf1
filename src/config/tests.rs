//! Settings are read from a command line, as `main` does; no test touches the variables of the process.

use clap::Parser;

use super::*;

#[derive(Parser)]
struct CommandLine {
    #[command(flatten)]
    serve: ServeArgs,
}

fn check(flags: &[&str]) -> Result<Config, String> {
    let command_line = std::iter::once(&"versioner").chain(flags);
    let args = CommandLine::try_parse_from(command_line).expect("a command line that clap takes");
    Config::check(&args.serve).map_err(|mistakes| mistakes.to_string())
}

#[test]
fn the_defaults_are_right() {
    let config = check(&[]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:50051");
    assert_eq!(config.database_url.expose(), "sqlite:versioner.db");
    assert_eq!(config.drain_timeout, Duration::from_secs(20));
    assert_eq!(config.stale_after, Duration::from_secs(24 * 60 * 60));
    assert_eq!(config.log_format, LogFormat::Text);
}

#[test]
fn all_mistakes_are_reported_at_once_with_flag_and_variable() {
    let mistakes = check(&[
        "--listen=localhost",
        "--database-url=mysql://root:hunter2@db/x",
        "--database-connections=0",
        "--request-timeout=5",
        "--drain-delay=-1s",
        "--drain-timeout=",
        "--max-connections=many",
        "--max-requests=1.5",
        "--cors-origins=https://a.example,https://b.example/",
        "--stale-after=0s",
        "--log=versioner=loud",
        "--log-format=xml",
    ])
    .unwrap_err();
    insta::assert_snapshot!(mistakes, @r#"
12 settings are wrong
  --listen (VERSIONER_LISTEN) is "localhost"; it takes an IP address and a port, such as 127.0.0.1:50051 or [::]:50051
  --database-url (VERSIONER_DATABASE_URL) names no database that is known here; it takes sqlite:FILE or postgres://USER:PASSWORD@HOST:PORT/DATABASE
  --database-connections (VERSIONER_DATABASE_CONNECTIONS) is "0"; it takes a whole number from 1 to 1000
  --request-timeout (VERSIONER_REQUEST_TIMEOUT) is "5"; it takes a number and a unit, such as 500ms, 5s, 10m or 24h, from 1ms to ten years
  --drain-delay (VERSIONER_DRAIN_DELAY) is "-1s"; it takes a number and a unit, such as 500ms, 5s, 10m or 24h, from 0s to ten years
  --drain-timeout (VERSIONER_DRAIN_TIMEOUT) is empty; leave it out to have the default
  --max-connections (VERSIONER_MAX_CONNECTIONS) is "many"; it takes a whole number from 1 to 1000000
  --max-requests (VERSIONER_MAX_REQUESTS) is "1.5"; it takes a whole number from 1 to 1000000
  --cors-origins (VERSIONER_CORS_ORIGINS) has "https://b.example/"; it takes origins such as https://builds.example.com, separated by commas, or *
  --stale-after (VERSIONER_STALE_AFTER) is "0s"; it takes a number and a unit, such as 500ms, 5s, 10m or 24h, from 1s to ten years
  --log (VERSIONER_LOG) is "versioner=loud", error parsing level filter: expected one of "off", "error", "warn", "info", "debug", "trace", or a number 0-5; it takes a level or a filter such as info,versioner=debug
  --log-format (VERSIONER_LOG_FORMAT) is "xml"; it takes text or json
"#);
}

#[test]
fn the_whole_drain_takes_longer_than_its_delay() {
    let mistakes = check(&["--drain-delay=20s"]).unwrap_err();
    insta::assert_snapshot!(mistakes, @"
a setting is wrong
  --drain-timeout (VERSIONER_DRAIN_TIMEOUT) is not longer than --drain-delay, 20s
");
}

#[test]
fn origins_are_a_list_and_none_by_default() {
    assert_eq!(check(&[]).unwrap().cors_origins, [""; 0]);
    let config = check(&["--cors-origins", "https://a.example, http://localhost:3000"]).unwrap();
    assert_eq!(
        config.cors_origins,
        ["https://a.example", "http://localhost:3000"]
    );
    assert_eq!(check(&["--cors-origins=*"]).unwrap().cors_origins, ["*"]);
}

#[test]
fn a_password_is_never_shown() {
    for url in [
        "postgres://ci:hunter2@db.example:5432/builds",
        "postgresql://ci@db.example/builds?password=hunter2&sslmode=require",
        "postgres:///builds?password=hunter2",
    ] {
        let config = check(&["--database-url", url]).unwrap();
        assert_eq!(config.database_url.expose(), url);
        let shown = format!("{config:?} {}", config.database_url);
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    for url in [
        "postgres://ci:hunter2@db:port/x",
        "hunter2",
        "sqlite:",
        "sqlite://",
    ] {
        let mistakes = check(&["--database-url", url]).unwrap_err();
        assert!(!mistakes.contains("hunter2"), "{mistakes}");
    }
}

#[test]
fn durations_are_written_as_people_write_them() {
    for (text, milliseconds) in [
        ("500ms", 500),
        ("5s", 5_000),
        ("1m30s", 90_000),
        ("24h", 86_400_000),
    ] {
        let config = check(&["--request-timeout", text]).unwrap();
        assert_eq!(
            config.request_timeout,
            Duration::from_millis(milliseconds),
            "{text}"
        );
    }
}
