//! Settings are read from a command line, as `main` does. No test changes the environment of the process.

use clap::Parser;

use crate::config::*;

#[derive(Parser)]
struct CommandLine {
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Parser)]
struct MigrateCommandLine {
    #[command(flatten)]
    migrate: MigrateArgs,
}

fn check(flags: &[&str]) -> Result<Config, String> {
    let command_line = std::iter::once(&"versioner").chain(flags);
    let args = CommandLine::try_parse_from(command_line).expect("a command line that clap accepts");
    Config::check(&args.serve).map_err(|mistakes| mistakes.to_string())
}

#[test]
fn the_defaults_are_right() {
    let config = check(&[]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:50051");
    assert_eq!(config.database_url.expose(), "sqlite:versioner.db");
    assert_eq!(config.drain_timeout, Duration::from_secs(20));
    assert_eq!(config.stale_after, Duration::from_secs(24 * 60 * 60));
    assert_eq!(config.log.format, LogFormat::Text);
}

#[test]
fn a_log_filter_is_levels_alone_or_of_parts_of_the_program() {
    for filter in [
        "off",
        "INFO",
        "warn,versioner::server=info,versioner::server::request_log=warn",
        "info, sqlx=debug",
    ] {
        assert!(check(&["--log", filter]).is_ok(), "{filter}");
    }
    for filter in [
        "loud",
        "warning",
        "verbose",
        "3",
        "versioner",
        "versioner=loud",
        "versioner=",
        "=info",
        "info,",
        "info,quiet",
        "info;debug",
        "versioner[call]=debug",
    ] {
        let mistakes = check(&["--log", filter]).unwrap_err();
        assert!(
            mistakes.contains("must be a level (off, error, warn, info, debug, trace)"),
            "{filter}: {mistakes}"
        );
    }
}

#[test]
fn a_migration_checks_its_own_settings() {
    let args = MigrateCommandLine::parse_from(["versioner", "--log=loud", "--database-url=x"]);
    let mistakes = MigrateConfig::check(&args.migrate).unwrap_err().to_string();
    assert!(mistakes.starts_with("2 settings are wrong"), "{mistakes}");
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
        "--log=loud",
        "--log-format=xml",
    ])
    .unwrap_err();
    insta::assert_snapshot!(mistakes, @r#"
12 settings are wrong
  --listen (VERSIONER_LISTEN) must be an IP address and a port, such as 127.0.0.1:50051 or [::]:50051 (is "localhost")
  --database-url (VERSIONER_DATABASE_URL) must be sqlite:FILE or postgres://USER:PASSWORD@HOST:PORT/DATABASE
  --database-connections (VERSIONER_DATABASE_CONNECTIONS) must be a whole number from 1 to 1000 (is "0")
  --request-timeout (VERSIONER_REQUEST_TIMEOUT) must be a number and a unit, such as 500ms, 5s, 10m or 24h, from 1ms to ten years (is "5")
  --drain-delay (VERSIONER_DRAIN_DELAY) must be a number and a unit, such as 500ms, 5s, 10m or 24h, from 0s to ten years (is "-1s")
  --drain-timeout (VERSIONER_DRAIN_TIMEOUT) must not be empty; leave it out for the default
  --max-connections (VERSIONER_MAX_CONNECTIONS) must be a whole number from 1 to 1000000 (is "many")
  --max-requests (VERSIONER_MAX_REQUESTS) must be a whole number from 1 to 1000000 (is "1.5")
  --cors-origins (VERSIONER_CORS_ORIGINS) must be origins such as https://builds.example.com, separated by commas, or * (has "https://b.example/")
  --stale-after (VERSIONER_STALE_AFTER) must be a number and a unit, such as 500ms, 5s, 10m or 24h, from 1s to ten years (is "0s")
  --log (VERSIONER_LOG) must be a level (off, error, warn, info, debug, trace) or a list such as info,versioner::storage=debug (has "loud")
  --log-format (VERSIONER_LOG_FORMAT) must be text or json (is "xml")
"#);
}

#[test]
fn the_whole_drain_takes_longer_than_its_delay() {
    let mistakes = check(&["--drain-delay=20s"]).unwrap_err();
    insta::assert_snapshot!(mistakes, @"
a setting is wrong
  --drain-timeout (VERSIONER_DRAIN_TIMEOUT) must be longer than --drain-delay, which is 20s
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
