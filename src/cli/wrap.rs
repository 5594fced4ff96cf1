//! Breaks lines that are wider than the terminal. Nothing of them is lost.

use console::measure_text_width;
use textwrap::{
    WordSeparator,
    core::{Word, break_words},
    wrap_algorithms::wrap_first_fit,
};

/// How much further the rest of a broken line is indented.
const HANGING: usize = 2;

/// A text whose lines are at most so wide: broken between words, a word that is too long within itself, but a URL
/// never.
pub(super) fn wrap(text: &str, width: usize) -> String {
    text.lines().map(|line| wrap_line(line, width)).collect()
}

fn wrap_line(line: &str, width: usize) -> String {
    if measure_text_width(line) <= width {
        return format!("{line}\n");
    }
    let content = line.trim_start_matches(' ');
    let indent = line.len() - content.len();
    let first = width.saturating_sub(indent).max(1);
    let rest = first.saturating_sub(HANGING).max(1);
    let words: Vec<Word<'_>> = WordSeparator::AsciiSpace
        .find_words(content)
        .flat_map(|word| match word.contains("://") {
            true => vec![word],
            false => break_words([word], rest),
        })
        .collect();
    let lines = wrap_first_fit(&words, &[first as f64, rest as f64]);
    let mut text = String::new();
    for (number, words) in lines.into_iter().enumerate() {
        let indent = if number == 0 {
            indent
        } else {
            indent + HANGING
        };
        let line: String = words
            .iter()
            .flat_map(|word| [word.word, word.whitespace])
            .collect();
        text.push_str(&format!("{}{}\n", " ".repeat(indent), line.trim_end()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_keep_their_indent() {
        let text = "short\n  a line that is wider than the terminal\n";
        let wrapped = "short\n  a line that is\n    wider than the\n    terminal\n";
        assert_eq!(wrap(text, 18), wrapped);
    }

    #[test]
    fn a_long_word_is_broken_and_a_url_is_not() {
        let sha = "abc123def4567890abc123def4567890abc123de";
        let wrapped = "commit\n  abc123def4567890\n  abc123def4567890\n  abc123de\n";
        assert_eq!(wrap(&format!("commit {sha}"), 18), wrapped);
        let url = "https://ci.example/a/very/long/path/of/a/build";
        assert_eq!(
            wrap(&format!("  see: {url}"), 20),
            format!("  see:\n    {url}\n")
        );
    }

    #[test]
    fn colours_take_no_room() {
        let red = "\u{1b}[31mten signs.\u{1b}[0m";
        assert_eq!(wrap(red, 10), format!("{red}\n"));
        assert_eq!(wrap(&format!("{red} ok"), 10), format!("{red}\n  ok\n"));
    }
}
