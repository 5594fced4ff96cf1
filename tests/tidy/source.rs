//! The files of the repository as the rules look at them. Knows no rule.

use std::{fs, ops::Range, path::Path};

/// A text file, its path relative to the root of the repository.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    pub(crate) fn is_in(&self, folders: &[&str]) -> bool {
        folders.iter().any(|folder| self.path.starts_with(folder))
    }

    /// File name without its folder.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Rust text with comments and the contents of literals blanked; lines stay where they are.
    pub(crate) fn code(&self) -> String {
        scan(&self.text).code
    }

    /// The string literals of Rust text, quotes included, each with the line where it begins.
    pub(crate) fn literals(&self) -> Vec<(usize, &str)> {
        let literals = scan(&self.text).literals.into_iter();
        literals
            .map(|range| (line_at(&self.text, range.start), &self.text[range]))
            .collect()
    }

    /// `path:line: what`, as every offence is reported.
    pub(crate) fn offence(&self, line: usize, what: impl std::fmt::Display) -> String {
        format!("{}:{line}: {what}", self.path)
    }
}

/// Every text file of the repository but git's, cargo's and npm's own.
pub(crate) fn repository() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(root, root, &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// The lines of a text, numbered from 1.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().zip(1..).map(|(line, number)| (number, line))
}

/// Byte offsets at which `word` stands alone. What follows it may be `_`: `prost_types` is prost.
pub(crate) fn offsets_of<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    text.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |&at| {
            let before = text[..at].chars().next_back();
            let after = text[at + word.len()..].chars().next();
            !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
                && !after.is_some_and(char::is_alphanumeric)
        })
}

pub(crate) fn line_at(text: &str, offset: usize) -> usize {
    1 + text[..offset].matches('\n').count()
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<File>) {
    let entries = fs::read_dir(folder).expect("a folder of the repository can be listed");
    for entry in entries {
        let path = entry.expect("a folder's entry can be read").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if matches!(name.as_ref(), ".git" | "target" | "node_modules") || path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, files);
        } else if let Ok(text) = fs::read_to_string(&path) {
            let path = path.strip_prefix(root).unwrap_or(&path);
            files.push(File {
                path: path.to_string_lossy().replace('\\', "/"),
                text,
            });
        }
    }
}

/// Rust text, taken apart.
#[derive(Default)]
struct Scanned {
    /// With comments and the contents of literals blanked.
    code: String,
    literals: Vec<Range<usize>>,
}

fn scan(text: &str) -> Scanned {
    let mut scanned = Scanned::default();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let literal = match comment(rest) {
            Some(_) => None,
            None => string(rest, &scanned.code),
        };
        if let Some(length) = literal {
            scanned.literals.push(at..at + length);
        }
        let length = literal
            .or_else(|| comment(rest))
            .or_else(|| character(rest));
        match length {
            Some(length) => scanned.code.extend(rest[..length].chars().map(blank)),
            None => scanned.code.push(first),
        }
        at += length.unwrap_or(first.len_utf8());
    }
    scanned
}

fn blank(c: char) -> char {
    if c == '\n' { c } else { ' ' }
}

/// Length of the comment that the text begins with.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    let mut depth = 0;
    let mut at = 0;
    loop {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if depth == 0 || rest.is_empty() {
            return (at > 0).then_some(at);
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
        } else {
            at += 1;
        }
    }
}

/// Length of the string literal, raw or not, that the text begins with, `code` standing before it.
fn string(text: &str, code: &str) -> Option<usize> {
    if let Some(raw) = text.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let prefix = code.strip_suffix(['b', 'c']).unwrap_or(code);
        let starts_a_word = !prefix.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        if starts_a_word && raw[hashes..].starts_with('"') {
            let open = 1 + hashes + 1;
            let close = format!("\"{}", "#".repeat(hashes));
            let end = text[open..].find(&close);
            return Some(end.map_or(text.len(), |end| open + end + close.len()));
        }
    }
    text.starts_with('"').then(|| quoted(text, '"'))
}

/// Length of the character literal that the text begins with; a lifetime is none.
fn character(text: &str) -> Option<usize> {
    let mut inside = text.strip_prefix('\'')?.chars();
    let first = inside.next()?;
    (first == '\\' || inside.next() == Some('\'')).then(|| quoted(text, '\''))
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if c == quote && !escaped {
            return at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    text.len()
}
