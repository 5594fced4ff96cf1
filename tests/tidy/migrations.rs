//! Migrations only expand the schema, and a released one never changes. Knows a statement by its first words.

use std::fs;

use sha2::{Digest, Sha256};

use crate::{
    refuse,
    source::{File, line_at, repository},
};

const FOLDER: &str = "migrations/";
/// The first migration makes the schema that the others expand.
const FIRST: &str = "0001_";
/// `<SHA-256>  <path>` of each released migration, as `sha256sum` writes it; a release adds its own.
const RELEASED: &str = "tests/fixtures/stores/released-migrations.sha256";

#[test]
fn migrations_only_expand() {
    let files = repository();
    let later = files.iter().filter(|file| {
        file.is_in(&[FOLDER]) && file.path.ends_with(".sql") && !file.name().starts_with(FIRST)
    });
    refuse(
        later.flat_map(beyond_expanding).collect(),
        "programs of older versions work on beside a new one: a migration adds tables, views, indexes, and columns \
         that are nullable or have a default; it may fill them in, and replace an index",
    );
}

#[test]
fn a_released_migration_never_changes() {
    let root = env!("CARGO_MANIFEST_DIR");
    let released = fs::read_to_string(format!("{root}/{RELEASED}")).expect(RELEASED);
    let lines = released.lines().zip(1..);
    let offences = lines.filter_map(|(line, number)| {
        let what = match line.split_once("  ") {
            None => "expected a SHA-256, two spaces, and a path".to_owned(),
            Some((recorded, path)) => match fs::read(format!("{root}/{path}")) {
                Err(error) => format!("{path}: {error}"),
                Ok(bytes) if hex(&Sha256::digest(&bytes)) == recorded => return None,
                Ok(_) => format!("{path} has changed"),
            },
        };
        Some(format!("{RELEASED}:{number}: {what}"))
    });
    refuse(
        offences.collect(),
        "databases keep the hash of each migration that they have run: restore the file, and write a new migration",
    );
}

/// The statements of a migration that do more than expand the schema.
fn beyond_expanding(file: &File) -> Vec<String> {
    let mut new_tables = Vec::new();
    let mut dropped_indexes = Vec::new();
    let mut offences = Vec::new();
    for (line, statement) in statements(&file.text) {
        let words: Vec<&str> = statement.split(' ').collect();
        let last_name = |words: &[&str]| words.last().map(|name| (*name).to_owned());
        let expands = match words[..] {
            ["create", "table", ..] => {
                new_tables.extend(name_after(&words, "table"));
                true
            }
            ["create", "index", ..] | ["create", "view", ..] => true,
            // Rows of an older program may break its rule, if it is not one that held before.
            ["create", "unique", "index", ..] => {
                let table = name_after(&words, "on");
                let index = name_after(&words, "index");
                new_tables.iter().any(|new| Some(new) == table.as_ref())
                    || dropped_indexes
                        .iter()
                        .any(|old| Some(old) == index.as_ref())
            }
            ["alter", "table", _, "add", "column", ..] => adds_a_column(&statement),
            ["drop", "index", ..] => {
                dropped_indexes.extend(last_name(&words));
                true
            }
            ["insert", "into", ..] | ["update", ..] | ["select", ..] | ["analyze", ..] => true,
            ["delete", "from", "sqlite_stat1", ..] => true,
            _ => false,
        };
        if !expands {
            offences.push(file.offence(line, statement));
        }
    }
    offences
}

/// One column, which rows of an older program can go without.
fn adds_a_column(statement: &str) -> bool {
    const OTHERS: [&str; 8] = [
        ", add ",
        ", drop ",
        ", alter ",
        ", rename ",
        " unique",
        " primary key",
        " references ",
        " check ",
    ];
    let is_optional = !statement.contains(" not null") || statement.contains(" default ");
    is_optional && !OTHERS.iter().any(|other| statement.contains(other))
}

/// The statements in lower case, with single spaces and without comments, each with the line that it begins in.
fn statements(text: &str) -> Vec<(usize, String)> {
    let code: String = text
        .split_inclusive('\n')
        .map(|line| match line.split_once("--") {
            Some((code, _)) => format!("{code}\n"),
            None => line.to_owned(),
        })
        .collect();
    let mut at = 0;
    let mut statements = Vec::new();
    for statement in code.split(';') {
        let begins = at + statement.len() - statement.trim_start().len();
        let words: Vec<&str> = statement.split_whitespace().collect();
        if !words.is_empty() {
            statements.push((line_at(&code, begins), words.join(" ").to_lowercase()));
        }
        at += statement.len() + 1;
    }
    statements
}

/// The name behind a word, and behind `if not exists`; up to a parenthesis.
fn name_after(words: &[&str], word: &str) -> Option<String> {
    let mut rest = words.iter().skip_while(|each| **each != word).skip(1);
    let name = rest.find(|each| !["if", "not", "exists"].contains(each))?;
    Some(name.split('(').next().unwrap_or(name).to_owned())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn what_is_more_than_expanding_is_found() {
    let offences = |text: &str| {
        beyond_expanding(&File {
            path: "migrations/sqlite/0002_planted.sql".to_owned(),
            text: text.to_owned(),
        })
    };
    for expands in [
        "create table a (id integer primary key, name text not null unique);\n\
         create unique index a_name on a (name);",
        "-- drop table a;\ncreate index versions_new on versions (product_id)\n  where indexed;",
        "alter table versions add column commit_at_us bigint;",
        "alter table versions add column note text collate \"C\" not null default '';",
        "drop index checks_identity;\n\
         create unique index checks_identity on check_runs (product_id, version_id) where latest;",
        "update versions set note = '';\ninsert into sqlite_stat1 values (1);\nanalyze sqlite_schema;",
        "select 1;",
    ] {
        assert_eq!(offences(expands), [""; 0], "{expands}");
    }
    for beyond in [
        "drop table versions;",
        "drop view versions_readable;",
        "delete from versions;",
        "alter table versions drop column note;",
        "ALTER TABLE versions RENAME COLUMN note TO remark;",
        "alter table versions rename to version;",
        "alter table versions alter column note type bigint;",
        "alter table versions alter column note set not null;",
        "alter table versions add column note text not null;",
        "alter table versions add column note text, drop column scheme;",
        "alter table versions add column note bigint references products (id);",
        "alter table versions add constraint positive check (id > 0);",
        "create unique index versions_sha on versions (scm_sha);",
        "create trigger t before insert on versions begin select 1; end;",
        "pragma foreign_keys = on;",
    ] {
        let found = offences(&format!("-- A comment.\n\n{beyond}"));
        assert!(
            found
                .iter()
                .any(|offence| offence.starts_with("migrations/sqlite/0002_planted.sql:3: ")),
            "{beyond}: {found:?}"
        );
    }
}
