//! The file of events: its lines, which of them have to be refused, and the others in any order.

use std::{collections::HashMap, io::Read, path::PathBuf};

use flate2::read::GzDecoder;
use serde_json::Value;
use tempfile::TempDir;

const FILE: &[u8] = include_bytes!("../fixtures/history/release-history.ndjson.gz");

pub(crate) struct History {
    lines: Vec<String>,
    folder: TempDir,
}

/// Numbers that a seed tells.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    /// Knuth's MMIX generator; its high bits are the good ones.
    pub(crate) fn below(&mut self, count: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % count
    }
}

/// A line that names another commit than the first one of its version.
pub(crate) struct SecondCommit {
    /// From 1.
    pub(crate) line: usize,
    pub(crate) product_name: String,
    pub(crate) version: String,
    pub(crate) recorded: String,
    pub(crate) given: String,
}

impl History {
    pub(crate) fn read() -> History {
        let mut text = String::new();
        let read = GzDecoder::new(FILE).read_to_string(&mut text);
        read.expect("a text");
        History {
            lines: text.lines().map(str::to_owned).collect(),
            folder: TempDir::new().expect("a folder"),
        }
    }

    pub(crate) fn second_commits(&self) -> Vec<SecondCommit> {
        let mut first: HashMap<[String; 2], String> = HashMap::new();
        let mut second = Vec::new();
        for (line, number) in self.lines.iter().zip(1..) {
            let event: Value = serde_json::from_str(line).expect("JSON");
            let text = |field: &str| event["body"][field].as_str().expect(field).to_owned();
            let [product_name, version] = ["product_name", "version"].map(text);
            let given = text("scm_sha");
            let key = [product_name.clone(), version.clone()];
            let recorded = first.entry(key).or_insert_with(|| given.clone());
            if *recorded != given {
                second.push(SecondCommit {
                    line: number,
                    product_name,
                    version,
                    recorded: recorded.clone(),
                    given,
                });
            }
        }
        second
    }

    /// The lines as they are.
    pub(crate) fn file(&self) -> PathBuf {
        self.write("all", &self.lines)
    }

    /// Those that are accepted, in their order.
    pub(crate) fn accepted(&self) -> PathBuf {
        self.write("accepted", &self.accepted_lines())
    }

    /// Those that are accepted, in an order that the seed tells.
    pub(crate) fn shuffled(&self, seed: u64) -> PathBuf {
        let mut lines = self.accepted_lines();
        let mut chance = Chance::new(seed);
        for last in (1..lines.len()).rev() {
            let below = u64::try_from(last + 1).expect("few lines");
            let other = usize::try_from(chance.below(below)).expect("few lines");
            lines.swap(last, other);
        }
        self.write("shuffled", &lines)
    }

    pub(crate) fn accepted_lines(&self) -> Vec<String> {
        let refused = self.second_commits();
        let is_accepted = |number: &usize| refused.iter().all(|second| second.line != *number);
        let lines = self.lines.iter().zip(1..);
        lines
            .filter(|(_, number)| is_accepted(number))
            .map(|(line, _)| line.clone())
            .collect()
    }

    fn write(&self, name: &str, lines: &[String]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, lines.join("\n") + "\n").expect("a file");
        path
    }
}
