//! The rules of this repository that a machine can check. Each test names every offence as
//! `file:line: what`, after one sentence that says what to do.

mod contract;
mod dialect;
mod imports;
mod migrations;
mod source;

use std::collections::{BTreeMap, BTreeSet};

use source::{File, line_at, lines, offsets_of, repository};

/// The rules of behaviour that at least one test must cite in its name.
const RULES: [&str; 17] = [
    "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
    "r16", "r17",
];

const RUST_FOLDERS: [&str; 3] = ["src/", "tests/", "benches/"];

#[test]
fn imports_point_down() {
    refuse(
        of_src(imports::upward),
        "a module names only those below it: move the code, or hand the value down",
    );
}

#[test]
fn each_layer_keeps_to_its_own_libraries() {
    refuse(
        of_src(imports::foreign),
        "each library belongs to one layer, and the domain is told the time: move the code there",
    );
}

#[test]
fn every_file_says_what_lives_in_it() {
    let offences = repository()
        .iter()
        .filter(|file| file.is_rust() && file.is_in(&RUST_FOLDERS))
        .filter(|file| !file.text.starts_with("//!"))
        .map(|file| file.offence(1, "no //! line"))
        .collect();
    refuse(
        offences,
        "open each file with one to three //! lines: what lives here, what it does not know",
    );
}

#[test]
fn names_say_what_is_inside() {
    const EMPTY_NAMES: [&str; 6] = ["utils", "helpers", "common", "types", "models", "misc"];
    let mut offences = Vec::new();
    for file in repository() {
        if !file.is_in(&RUST_FOLDERS) && !file.is_in(&["proto/"]) {
            continue;
        }
        for part in file.path.split(['/', '.']) {
            if EMPTY_NAMES.contains(&part) {
                offences.push(file.offence(1, format_args!("a path with `{part}`")));
            }
        }
        if file.is_rust() {
            let code = file.code();
            for name in EMPTY_NAMES {
                let modules = offsets_of(&code, name).filter(|&at| {
                    code[..at].ends_with("mod ") && !code[at + name.len()..].starts_with('_')
                });
                offences.extend(
                    modules.map(|at| file.offence(line_at(&code, at), format_args!("mod {name}"))),
                );
            }
        }
    }
    refuse(offences, "name files and modules after their one concept");
}

#[test]
fn nothing_is_left_for_later() {
    const MARKS: [&str; 7] = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("X", "XX"),
        concat!("todo", "!"),
        concat!("unimplemented", "!"),
        concat!("dbg", "!"),
        concat!("#[", "ignore"),
    ];
    const FOLDERS: [&str; 7] = [
        "src/",
        "tests/",
        "benches/",
        "proto/",
        "scripts/",
        "migrations/",
        ".ci/",
    ];
    let mut offences = Vec::new();
    for file in repository() {
        if file.is_in(&FOLDERS) {
            for mark in MARKS {
                offences.extend(
                    offsets_of(&file.text, mark)
                        .map(|at| file.offence(line_at(&file.text, at), mark)),
                );
            }
        }
    }
    refuse(offences, "finish it, or leave it out and open an issue");
}

#[test]
fn both_engines_have_the_same_migrations() {
    let files = repository();
    let names_in = |folder: &str| -> BTreeSet<String> {
        let files = files.iter().filter(|file| file.is_in(&[folder]));
        files
            .filter_map(|file| file.path.strip_prefix(folder).map(str::to_owned))
            .collect()
    };
    let sqlite = names_in("migrations/sqlite/");
    let postgres = names_in("migrations/postgres/");

    let mut offences = Vec::new();
    if sqlite.is_empty() && postgres.is_empty() {
        offences.push("migrations:1: no migration in sqlite/ or postgres/".to_owned());
    }
    for name in sqlite.difference(&postgres) {
        offences.push(format!("migrations/sqlite/{name}:1: not in postgres/"));
    }
    for name in postgres.difference(&sqlite) {
        offences.push(format!("migrations/postgres/{name}:1: not in sqlite/"));
    }
    for (name, expected) in sqlite.union(&postgres).zip(1_u32..) {
        let number = name.split('_').next().unwrap_or_default();
        if !name.ends_with(".sql") || number != format!("{expected:04}") {
            let what = format!("expected {expected:04}_….sql");
            offences.push(format!("migrations/…/{name}:1: {what}"));
        }
    }
    refuse(
        offences,
        "a migration has the same name in both folders, and the next number of four digits",
    );
}

#[test]
fn unsafe_code_is_forbidden() {
    let files = repository();
    let offences = ["src/lib.rs", "src/main.rs"]
        .into_iter()
        .filter(|path| {
            let file = files.iter().find(|file| file.path == **path);
            !file.is_some_and(|file| file.code().contains("#![forbid(unsafe_code)]"))
        })
        .map(|path| format!("{path}:1: no #![forbid(unsafe_code)]"))
        .collect();
    refuse(offences, "forbid unsafe code at each crate's root");
}

#[test]
fn every_rpc_is_documented() {
    let protos: Vec<File> = repository()
        .into_iter()
        .filter(|file| file.path.ends_with(".proto"))
        .collect();
    let mut offences = Vec::new();
    if protos.is_empty() {
        offences.push("proto:1: no .proto file".to_owned());
    }
    for file in &protos {
        let mut before = "";
        for (number, line) in lines(&file.text) {
            let line = line.trim();
            let is_documented = before.starts_with("//") || before.ends_with("*/");
            if line.starts_with("rpc ") && !is_documented {
                let rpc = line.split('(').next().unwrap_or(line);
                offences.push(file.offence(number, rpc));
            }
            before = line;
        }
    }
    refuse(
        offences,
        "say above each rpc what it does, whether it is idempotent, and its errors",
    );
}

#[test]
fn no_field_has_a_reserved_name() {
    refuse(
        contract::reserved_names(),
        "give the field a name that no language of clients reserves",
    );
}

#[test]
fn every_file_of_the_contract_says_where_generated_code_belongs() {
    refuse(
        contract::files_without_options(),
        "set the options of Go and Java in each file of proto/",
    );
}

#[test]
fn calls_that_read_have_no_side_effects() {
    refuse(
        contract::wrong_idempotency_levels(),
        "set idempotency_level = NO_SIDE_EFFECTS for the calls that read, and for no others",
    );
}

#[test]
fn comments_and_rules_of_calls_have_the_same_errors() {
    refuse(
        contract::wrong_lists_of_errors(),
        "list the same reasons in the comment (`Errors: CODE (REASON)`) and in the rules",
    );
}

#[test]
fn every_reason_of_errors_is_documented() {
    refuse(
        contract::undocumented_reasons(),
        "write `// CODE: what it means` above the reason",
    );
}

#[test]
fn the_documentation_lists_every_setting() {
    const LISTED_IN: &str = "docs/configuration.md";
    let files = repository();
    let read_by_program =
        |file: &&File| file.is_in(&["src/config/", "src/cli/"]) && file.name() != "tests.rs";
    let code = settings(files.iter().filter(read_by_program));
    let listed = settings(files.iter().filter(|file| file.path == LISTED_IN));

    let mut offences = Vec::new();
    if code.is_empty() {
        offences.push("src/config/mod.rs:1: names no setting".to_owned());
    }
    if listed.is_empty() {
        offences.push(format!("{LISTED_IN}:1: names no setting"));
    }
    offences.extend(missing_in(&listed, LISTED_IN, &code));
    offences.extend(missing_in(&code, "src/config or src/cli", &listed));
    refuse(
        offences,
        "docs/configuration.md lists exactly the variables that the program reads",
    );
}

#[test]
fn users_read_plain_english() {
    let offences = repository().iter().flat_map(dialect::offences).collect();
    refuse(
        offences,
        "write plain English: subject, verb, object; standard terms; say what is wrong and what is allowed",
    );
}

#[test]
fn every_dependency_has_its_reason() {
    let mut offences = Vec::new();
    let manifests = repository()
        .into_iter()
        .filter(|file| file.name() == "Cargo.toml");
    for file in manifests {
        let mut in_dependencies = false;
        let mut has_reason = false;
        for (number, line) in lines(&file.text) {
            let line = line.trim();
            if line.starts_with('[') {
                in_dependencies = line.trim_end_matches(']').ends_with("dependencies");
                has_reason = false;
            } else if line.starts_with('#') {
                has_reason = true;
            } else if line.is_empty() || line.contains(" # ") {
                has_reason = false;
            } else if in_dependencies && !has_reason && line.contains('=') {
                let name = line.split('=').next().unwrap_or(line);
                offences.push(file.offence(number, name.trim_end()));
            }
        }
    }
    refuse(
        offences,
        "write the reason behind the dependency, or above its group \
         (which ends at an empty line or at a line that has its own)",
    );
}

#[test]
fn every_rule_is_cited_by_a_test() {
    let mut cited = BTreeSet::new();
    for file in repository() {
        if file.is_rust() && file.is_in(&RUST_FOLDERS) {
            let code = file.code();
            for function in code.split("fn ").skip(1) {
                let end = function.find(|c: char| !c.is_alphanumeric() && c != '_');
                let name = &function[..end.unwrap_or(function.len())];
                cited.extend(name.split('_').map(str::to_lowercase));
            }
        }
    }
    let offences = RULES
        .into_iter()
        .filter(|rule| !cited.contains(*rule))
        .map(|rule| format!("tests:1: no test is named after {}", rule.to_uppercase()))
        .collect();
    refuse(
        offences,
        "begin the name of the test that shows a rule with the rule: `r7_…`",
    );
}

#[test]
fn nothing_names_a_machine_of_ours() {
    const MACHINE_PATHS: [&str; 2] = [concat!("/wo", "rk/"), concat!("/Us", "ers/")];
    const PUBLIC_HOSTS: [&str; 5] = [
        "github.com",
        "docs.rs",
        "crates.io",
        "index.crates.io",
        "registry.npmjs.org",
    ];
    const NAMES_REGISTRIES: [&str; 6] = [
        "Cargo.toml",
        "Cargo.lock",
        "config.toml",
        "package.json",
        "package-lock.json",
        ".npmrc",
    ];
    let mut offences = Vec::new();
    for file in repository() {
        for (number, line) in lines(&file.text) {
            for path in MACHINE_PATHS {
                let starts_a_path = |at: usize| !line[..at].ends_with(char::is_alphanumeric);
                if line.match_indices(path).any(|(at, _)| starts_a_path(at)) {
                    offences.push(file.offence(number, path));
                }
            }
            if NAMES_REGISTRIES.contains(&file.name()) {
                for url in line.split("://").skip(1) {
                    let end = url.find(['/', '"', '\'', ' ', '>']).unwrap_or(url.len());
                    if !PUBLIC_HOSTS.contains(&&url[..end]) {
                        offences.push(file.offence(number, &url[..end]));
                    }
                }
            }
        }
    }
    refuse(
        offences,
        "write relative paths, and packages from the public registries only",
    );
}

/// Fails with all offences where there are any.
fn refuse(offences: Vec<String>, what_to_do: &str) {
    assert!(
        offences.is_empty(),
        "{what_to_do}\n{}\n",
        offences.join("\n")
    );
}

fn of_src(offences_of: fn(&File) -> Vec<String>) -> Vec<String> {
    repository()
        .iter()
        .filter(|file| file.is_rust() && file.is_in(&["src/"]))
        .flat_map(offences_of)
        .collect()
}

/// The variables that files name, each with the first place; those of the tests are not the program's.
fn settings<'a>(files: impl Iterator<Item = &'a File>) -> BTreeMap<String, String> {
    const PREFIX: &str = "VERSIONER_";
    let mut settings = BTreeMap::new();
    for file in files {
        for (at, _) in file.text.match_indices(PREFIX) {
            let rest = &file.text[at + PREFIX.len()..];
            let end =
                rest.find(|c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit() && c != '_');
            let name = &rest[..end.unwrap_or(rest.len())];
            if !name.is_empty() && !name.starts_with("TEST_") {
                let place = format!("{}:{}", file.path, line_at(&file.text, at));
                settings.entry(format!("{PREFIX}{name}")).or_insert(place);
            }
        }
    }
    settings
}

fn missing_in(
    there: &BTreeMap<String, String>,
    place: &str,
    named: &BTreeMap<String, String>,
) -> Vec<String> {
    named
        .iter()
        .filter(|(name, _)| !there.contains_key(*name))
        .map(|(name, at)| format!("{at}: {name} is not in {place}"))
        .collect()
}
