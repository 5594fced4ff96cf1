//! Plain English where users read it: the pages, the comments of the contract, the texts of the program. Knows the
//! phrases that are not plain, and where such texts are.

use crate::source::{File, lines};

/// Phrases that a reader has to read twice, or that mean something else elsewhere. What to write instead stands in the
/// rules for contributors: subject, verb, object; what is wrong and what is allowed.
const PHRASES: [&str; 22] = [
    "told",
    "tells",
    "is taken",
    "are taken",
    "hang on",
    "hangs on",
    "what waits",
    "mend",
    "mends",
    "mended",
    "in good order",
    "goes before",
    "come into being",
    "comes into being",
    "came into being",
    "bring into being",
    "brings into being",
    "brought into being",
    "cut off",
    "cuts off",
    "to the letter",
    "spoken",
];

/// After "is no" these do not stand for "is not a".
const AFTER_IS_NO: [&str; 7] = [
    "longer",
    "more",
    "different",
    "other",
    "better",
    "worse",
    "way",
];

/// The phrases in the texts of a file that users read.
pub(crate) fn offences(file: &File) -> Vec<String> {
    let mut offences = Vec::new();
    for text in texts(file) {
        for (at, phrase) in phrases(&text.words) {
            offences.push(file.offence(text.line_at(at), format_args!("{phrase:?}")));
        }
    }
    offences
}

/// A text in lower case with single spaces.
struct Text {
    words: String,
    /// Where each line begins in `words`, with its number.
    starts: Vec<(usize, usize)>,
}

impl Text {
    /// Lines that a reader takes for one text. An empty line separates.
    fn of<'a>(lines: impl Iterator<Item = (usize, &'a str)>) -> Text {
        let mut text = Text {
            words: String::new(),
            starts: Vec::new(),
        };
        for (number, line) in lines {
            text.starts.push((text.words.len(), number));
            let words: Vec<&str> = line.split_whitespace().collect();
            text.words.push_str(&words.join(" ").to_lowercase());
            text.words.push(' ');
        }
        text
    }

    fn line_at(&self, offset: usize) -> usize {
        let lines = self.starts.iter().take_while(|(start, _)| *start <= offset);
        lines.last().map_or(1, |(_, number)| *number)
    }
}

fn texts(file: &File) -> Vec<Text> {
    if file.path.ends_with(".md") {
        vec![Text::of(lines(&file.text))]
    } else if file.path.ends_with(".proto") {
        vec![Text::of(lines(&file.text).map(|(number, line)| {
            (
                number,
                line.split_once("//").map_or("", |(_, comment)| comment),
            )
        }))]
    } else if file.is_rust() && file.is_in(&["src/"]) {
        let mut texts: Vec<Text> = file
            .literals()
            .into_iter()
            .map(|(first, literal)| {
                // A backslash at the end of a line joins it with the next one.
                let lines = literal.lines().zip(first..);
                Text::of(lines.map(|(line, number)| (number, line.trim_end_matches('\\'))))
            })
            .collect();
        texts.push(help(file));
        texts
    } else {
        Vec::new()
    }
}

/// The comments that clap shows as help.
fn help(file: &File) -> Text {
    const DERIVED: [&str; 4] = ["Args", "Parser", "Subcommand", "ValueEnum"];
    let lines: Vec<&str> = file.text.lines().collect();
    let mut is_help = vec![false; lines.len()];
    for (at, line) in lines.iter().enumerate() {
        let is_derived = line.strip_prefix("#[derive(").is_some_and(|names| {
            let mut names = names.split(|c: char| !c.is_alphanumeric());
            names.any(|name| DERIVED.contains(&name))
        });
        if !is_derived {
            continue;
        }
        let above = lines[..at]
            .iter()
            .rev()
            .take_while(|line| line.starts_with("///") || line.starts_with("#["));
        let first = at - above.count();
        let below = lines[at..].iter().take_while(|line| **line != "}");
        let end = (at + below.count()).min(lines.len());
        is_help[first..end].fill(true);
    }
    let comments = lines
        .iter()
        .zip(1..)
        .zip(is_help)
        .map(|((line, number), is_help)| {
            let comment = line.trim_start().strip_prefix("///").filter(|_| is_help);
            (number, comment.unwrap_or_default())
        });
    Text::of(comments)
}

/// The phrases in a text, each with its offset.
fn phrases(words: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for phrase in PHRASES {
        let found_at = words.match_indices(phrase).map(|(at, _)| at);
        found.extend(
            found_at
                .filter(|&at| stands_alone(words, at, phrase.len()))
                .map(|at| (at, phrase.to_owned())),
        );
    }
    for (at, is_no) in words.match_indices("is no ") {
        let next = words[at + is_no.len()..]
            .split(|c: char| !c.is_alphanumeric())
            .next()
            .unwrap_or_default();
        let is_there_is = words[..at].ends_with("there ");
        if stands_alone(words, at, is_no.len() - 1)
            && !next.is_empty()
            && !is_there_is
            && !AFTER_IS_NO.contains(&next)
        {
            found.push((at, format!("is no {next}")));
        }
    }
    found.sort();
    found
}

fn stands_alone(words: &str, at: usize, length: usize) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    !words[..at].ends_with(is_word) && !words[at + length..].starts_with(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offences_in(path: &str, text: &str) -> Vec<String> {
        offences(&File {
            path: path.to_owned(),
            text: text.to_owned(),
        })
    }

    #[test]
    fn phrases_are_found_where_users_read_them() {
        assert_eq!(
            offences_in("docs/a.md", "It is\ntaken.\n"),
            ["docs/a.md:1: \"is taken\""]
        );
        assert_eq!(
            offences_in("proto/a.proto", "string a = 1; // Is no\n// id.\n"),
            ["proto/a.proto:1: \"is no id\""]
        );
        let code = "// told\nfn a() {\n    b(\"is no \\\n       id\");\n}\n";
        assert_eq!(offences_in("src/a.rs", code), ["src/a.rs:3: \"is no id\""]);
        let help = "/// Told.\n#[derive(Args, Debug)]\nstruct A {\n    /// Mends it.\n    b: u8,\n}\n/// told\nstruct C;\n";
        assert_eq!(
            offences_in("src/cli/a.rs", help),
            ["src/cli/a.rs:1: \"told\"", "src/cli/a.rs:4: \"mends\""]
        );
    }

    #[test]
    fn plain_english_passes() {
        let text = "There is no such version. It is no longer there. Amend it. Recommended. NAME_TAKEN is.\n";
        assert_eq!(offences_in("docs/a.md", text), [""; 0]);
        assert_eq!(
            offences_in("src/a.rs", "// is taken, told, spoken\n"),
            [""; 0]
        );
    }
}
