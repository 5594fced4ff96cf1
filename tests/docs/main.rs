//! The pages for users: every command in them is run, every shown output compared, every link followed.
//!
//! In README.md and docs/, a block ```` ```console ```` has commands after `$ ` and their outputs, ```` ```sh ```` a
//! script that must succeed, and other languages are only shown. `<!-- not run: reason -->` before a block leaves it
//! out; `NOT_RUN` lists those. Each page has a server of its own with an empty store, for which `localhost:50051` stands.

mod demo;
mod lists;
mod normal;
mod page;
mod run;
mod server;
mod shell;

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    thread,
};

use run::{Outcome, run};
use server::PROGRAM;

/// Set to `all`, or to names of pages, it writes the outputs into the pages: see scripts/update-docs.
const UPDATE: &str = "VERSIONER_TEST_UPDATE_DOCS";

/// The blocks that are not run: page, first line, reason.
const NOT_RUN: [(&str, &str, &str); 12] = [
    (
        "README.md",
        "cargo run --release",
        "builds and starts the server",
    ),
    (
        "docs/clients.md",
        "npm install --global @bufbuild/buf",
        "installs a program",
    ),
    (
        "docs/clients.md",
        "go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.33.0",
        "scripts/try-stubs generates these stubs",
    ),
    (
        "docs/clients.md",
        "python3 -m venv venv",
        "scripts/try-stubs generates these stubs",
    ),
    (
        "docs/clients.md",
        "mkdir -p gen",
        "needs the packages of the block above",
    ),
    (
        "docs/clients.md",
        "npm ci --prefix tests/clients/typescript",
        "scripts/try-stubs generates these stubs",
    ),
    (
        "docs/clients.md",
        "mvn --file tests/clients/java/pom.xml dependency:copy@generators",
        "scripts/try-stubs generates these stubs",
    ),
    (
        "docs/clients.md",
        "buf curl --http2-prior-knowledge --protocol grpc -d '{\"product_name\": \"my-service\"}' http://localhost:50051/versioner.v1.VersionService/GetLatestVersion",
        "needs buf",
    ),
    (
        "docs/getting-started.md",
        "sudo apt-get install curl jq golang-go",
        "installs packages",
    ),
    (
        "docs/getting-started.md",
        "versioner --database-url sqlite:demo.db",
        "starts the server and does not end",
    ),
    (
        "docs/operations.md",
        "sqlite3 versioner.db \"vacuum into 'backup.db'\"",
        "sqlite3 is not installed for the tests",
    ),
    (
        "docs/terminal.md",
        "versioner completions bash > ~/.local/share/bash-completion/completions/versioner",
        "changes files of the user",
    ),
];

#[test]
fn every_command_works_and_prints_what_the_page_shows() {
    let tools = tools();
    let pages = pages();
    let update = std::env::var(UPDATE).unwrap_or_default();
    let updated: Vec<&str> = match &*update {
        "all" => pages.keys().map(String::as_str).collect(),
        names => names.split_whitespace().collect(),
    };
    for name in &updated {
        assert!(pages.contains_key(*name), "there is no page {name}");
    }
    let failures: Vec<String> = thread::scope(|scope| {
        let checks: Vec<_> = pages
            .iter()
            .map(|(name, text)| {
                let is_updated = updated.contains(&&**name);
                let tools = tools.path();
                scope.spawn(move || check(name, text, tools, is_updated))
            })
            .collect();
        let checks = checks.into_iter();
        checks
            .flat_map(|check| check.join().expect("a page does not panic"))
            .collect()
    });
    assert!(
        failures.is_empty(),
        "run scripts/update-docs if the new output is right\n{}",
        failures.join("\n")
    );
}

/// Runs a page, and writes new outputs into it if it is to be updated. Returns what is wrong with it then.
fn check(name: &str, text: &str, tools: &Path, is_updated: bool) -> Vec<String> {
    let Outcome {
        text: new,
        mut failures,
    } = match run(text, tools) {
        Ok(outcome) => outcome,
        Err(why) => return vec![format!("{name}: {why}")],
    };
    if is_updated {
        if new != text {
            fs::write(root().join(name), new).expect("the page can be written");
        }
        failures.retain(|failure| failure.must_be_repaired);
    }
    let failures = failures.into_iter();
    failures
        .map(|failure| format!("{name}: {}", failure.message))
        .collect()
}

#[test]
fn blocks_that_are_not_run_are_listed() {
    let mut marked = Vec::new();
    for (name, text) in pages() {
        let page = page::parse(&text).unwrap_or_else(|why| panic!("{name}: {why}"));
        marked.extend(
            page.not_run
                .into_iter()
                .map(|(first, reason)| (name.clone(), first, reason)),
        );
    }
    let listed =
        NOT_RUN.map(|(name, first, reason)| (name.to_owned(), first.to_owned(), reason.to_owned()));
    assert_eq!(marked, listed);
}

/// A folder with the programs that the pages run and the system does not have. Fails if one is missing.
fn tools() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let grpcurl = grpcurl();
    for (name, program) in [("versioner", Path::new(PROGRAM)), ("grpcurl", &grpcurl)] {
        assert!(
            program.exists(),
            "{name} is missing: run scripts/docs-tools"
        );
        symlink(program, folder.path().join(name)).expect("a link");
    }
    for name in ["bash", "curl", "jq"] {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let is_there = std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
        assert!(is_there, "{name} is missing: run scripts/docs-tools");
    }
    folder
}

/// Where scripts/grpcurl installs the version that it names.
fn grpcurl() -> PathBuf {
    let script = fs::read_to_string(root().join("scripts/grpcurl")).expect("scripts/grpcurl");
    let version = script
        .lines()
        .find_map(|line| line.strip_prefix("version="))
        .expect("a version");
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    target.join(format!("tools/grpcurl-{version}/grpcurl"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// README.md and the pages of docs/, by name.
fn pages() -> BTreeMap<String, String> {
    let mut paths = vec![root().join("README.md")];
    for entry in fs::read_dir(root().join("docs")).expect("the folder docs") {
        let path = entry.expect("an entry of the folder").path();
        if path.extension().is_some_and(|extension| extension == "md") {
            paths.push(path);
        }
    }
    let pages = paths.into_iter().map(|path| {
        let text = fs::read_to_string(&path).expect("the page can be read");
        let name = path.strip_prefix(root()).expect("a path below the root");
        (name.to_string_lossy().into_owned(), text)
    });
    pages.collect()
}
