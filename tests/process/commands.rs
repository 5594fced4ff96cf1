//! The commands that need neither a server nor a database.

use std::fs;

use crate::written;

#[test]
fn the_version_names_the_commit_and_the_day_of_the_build() {
    let short = written(&["-V"]);
    let long = written(&["--version"]);
    let mut lines = long.lines();
    let version = format!("versioner {}", env!("CARGO_PKG_VERSION"));
    assert_eq!(lines.next(), Some(version.as_str()));
    assert!(short.starts_with(&version), "{short}");
    if let Some(commit) = option_env!("BUILD_COMMIT") {
        assert_eq!(lines.next(), Some(format!("commit: {commit}").as_str()));
        assert!(short.contains(&commit[..12]), "{short}");
    }
    let built = lines.next().and_then(|line| line.strip_prefix("built: "));
    let built: jiff::civil::Date = built.unwrap().parse().unwrap();
    assert!(short.trim_end().ends_with(&format!("{built})")), "{short}");
    assert!(lines.next().unwrap().starts_with("SQLite: 3."), "{long}");
    assert_eq!(lines.next(), None);
}

#[test]
fn completions_exist_for_each_shell() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = written(&["completions", shell]);
        for word in ["readiness", "database-url", "completions"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn the_man_page_names_settings_and_commands() {
    let page = written(&["man"]);
    assert!(page.contains(".TH versioner 1"), "{page}");
    for word in ["VERSIONER_DATABASE_URL", "versioner\\-import(1)"] {
        assert!(page.contains(word), "{word}: {page}");
    }
}

#[test]
fn man_pages_of_all_commands_are_written_to_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("share/man1");
    assert_eq!(written(&["man", "--dir", pages.to_str().unwrap()]), "");
    for page in ["versioner.1", "versioner-import.1", "versioner-migrate.1"] {
        let text = fs::read_to_string(pages.join(page)).unwrap();
        assert!(text.contains(".SH SYNOPSIS"), "{page}");
    }
}
