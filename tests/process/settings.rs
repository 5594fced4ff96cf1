//! The settings: flags, variables, their help and their mistakes.

use crate::{command, refusal, written};

#[test]
fn variables_are_settings_and_flags_have_precedence() {
    let mut program = command(&["serve", "--max-requests=none"]);
    program
        .env("VERSIONER_MAX_REQUESTS", "7")
        .env("VERSIONER_LISTEN", "")
        .env("VERSIONER_DATABASE_URL", "hunter2");
    let refusal = refusal(&mut program);
    assert!(refusal.contains("3 settings are wrong"), "{refusal}");
    assert!(
        refusal.contains("--listen (VERSIONER_LISTEN) must not be empty"),
        "{refusal}"
    );
    assert!(
        refusal.contains("--max-requests (VERSIONER_MAX_REQUESTS) must be a whole number"),
        "{refusal}"
    );
    assert!(!refusal.contains("hunter2"), "{refusal}");
}

#[test]
fn a_variable_and_a_subcommand_go_together() {
    let mut program = command(&["serve", "--log=="]);
    program.env("VERSIONER_LISTEN", "127.0.0.1:0");
    assert!(refusal(&mut program).contains("a setting is wrong"));
}

#[test]
fn a_wrong_log_filter_is_reported_with_the_other_mistakes() {
    let refusal = refusal(&mut command(&["--log=loud", "--max-requests=none"]));
    assert!(refusal.contains("2 settings are wrong"), "{refusal}");
    assert!(
        refusal.contains("--log (VERSIONER_LOG) must be a level (off, error, warn,"),
        "{refusal}"
    );
}

#[test]
fn the_help_of_migrate_names_only_what_it_uses() {
    let help = written(&["migrate", "--help"]);
    let flags: Vec<&str> = help
        .split_whitespace()
        .filter(|word| word.starts_with("--"))
        .collect();
    assert_eq!(
        flags,
        ["--database-url", "--log", "--log-format", "--help"],
        "{help}"
    );
    // A wrong setting that it does not use does not stop it.
    let mut migrate = command(&["migrate", "--log=loud"]);
    migrate.env("VERSIONER_LISTEN", "nowhere");
    assert!(refusal(&mut migrate).contains("a setting is wrong"));
}

#[test]
fn the_help_names_every_variable_and_shows_no_value() {
    let help = command(&["--help"])
        .env("VERSIONER_DATABASE_URL", "hunter2")
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for flag in [
        "listen",
        "database-url",
        "database-connections",
        "request-timeout",
        "drain-delay",
        "drain-timeout",
        "max-connections",
        "max-requests",
        "cors-origins",
        "stale-after",
        "log",
        "log-format",
    ] {
        let variable = flag.to_uppercase().replace('-', "_");
        assert!(
            help.contains(&format!("[env: VERSIONER_{variable}]")),
            "{help}"
        );
        assert!(help.contains(&format!("--{flag} ")), "{help}");
    }
    assert!(!help.contains("hunter2"), "{help}");
}
