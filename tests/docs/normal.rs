//! The form in which a shown output and a real one are compared: without what differs from run to run.

/// What is replaced, in this order. A word is a longest run of characters that are not a space, a quote or a bracket.
///
/// - a UUID: `<id>`
/// - a time with a fraction of a second: `<time>`. The times of `versioner demo` and of the pages are whole seconds.
/// - an age such as `3 min ago`: `<age>`
/// - runs of spaces: one space, because columns are as wide as the longest age in them.
pub(crate) fn normal(output: &str) -> String {
    output
        .lines()
        .map(|line| normal_line(line) + "\n")
        .collect()
}

fn normal_line(line: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in line.split_whitespace() {
        words.push(normal_word(word));
        let count = words.len();
        if count >= 3 && is_age(&words[count - 3..]) {
            let tail = words[count - 1].trim_start_matches("ago").to_owned();
            let head = words[count - 3]
                .trim_end_matches(|c: char| c.is_ascii_digit())
                .to_owned();
            words.truncate(count - 3);
            words.push(format!("{head}<age>{tail}"));
        }
    }
    let indent = &line[..line.len() - line.trim_start().len()];
    let indent = if indent.is_empty() { "" } else { " " };
    format!("{indent}{}", words.join(" "))
}

fn is_age(words: &[String]) -> bool {
    let [number, unit, ago] = words else {
        return false;
    };
    let digits = number.trim_start_matches(['(', ',']);
    !digits.is_empty()
        && digits.chars().all(|c| c.is_ascii_digit())
        && ["s", "min", "h", "day", "days"].contains(&unit.as_str())
        && ["ago", "ago)", "ago,", "ago."].contains(&ago.as_str())
}

fn normal_word(word: &str) -> String {
    let mut normal = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let (length, name) = match (uuid(rest), time(rest)) {
            (Some(length), _) => (length, "<id>"),
            (None, Some(length)) => (length, "<time>"),
            (None, None) => {
                normal.push(first);
                rest = &rest[first.len_utf8()..];
                continue;
            }
        };
        normal.push_str(name);
        rest = &rest[length..];
    }
    normal
}

/// Length of the UUID that the text begins with.
fn uuid(text: &str) -> Option<usize> {
    form(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")
}

/// Length of the RFC 3339 time in UTC with a fraction that the text begins with.
fn time(text: &str) -> Option<usize> {
    let whole = form(text, "dddd-dd-ddTdd:dd:dd.d")?;
    let fraction = text[whole..].find(|c: char| !c.is_ascii_digit())?;
    text[whole + fraction..]
        .starts_with('Z')
        .then_some(whole + fraction + 1)
}

/// `x` is a hexadecimal digit in lower case, `d` a digit.
fn form(text: &str, form: &str) -> Option<usize> {
    let head = text.as_bytes().get(..form.len())?;
    let fits = head
        .iter()
        .zip(form.bytes())
        .all(|(byte, expected)| match expected {
            b'x' => byte.is_ascii_digit() || (b'a'..=b'f').contains(byte),
            b'd' => byte.is_ascii_digit(),
            _ => *byte == expected,
        });
    fits.then_some(form.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_times_ages_and_spaces_do_not_count() {
        let one =
            r#"{"id":"9fda20ec-51b4-8002-8000-000000000001","at":"2026-11-23T02:07:56.005614Z"}"#;
        let other =
            r#"{"id":"aaaa20ec-51b4-8002-8000-000000000009","at":"2027-01-23T02:07:56.1Z"}"#;
        assert_eq!(normal(one), normal(other));
        assert_eq!(
            normal("a   3 days ago  b (20 h ago)"),
            normal("a 12 s ago b (1 day ago)")
        );
    }

    #[test]
    fn everything_else_counts() {
        for (one, other) in [
            ("2025-10-01T10:00:00Z", "2025-10-01T10:00:01Z"),
            ("3 builds ago", "4 builds ago"),
            ("a", "a b"),
            ("a", " a"),
            ("a\n", "a\n\n"),
            ("123e4567", "123e4568"),
        ] {
            assert_ne!(normal(one), normal(other));
        }
    }
}
