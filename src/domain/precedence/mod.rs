//! The order of version identifiers (R13): how an identifier is written, and a key whose bytes sort as the versions do.
//! Knows the text alone: no clock, no product, no database.
//!
//! Where a text could be read in two ways:
//!
//! | text | is read as |
//! | --- | --- |
//! | `1.0-rc1`, `1.0-1`, `1.0-dev1`, `1.0-5-gabc1234` | SemVer: a hyphen behind the numbers begins a pre-release, whatever Python or `git describe` mean by it. `rc1` is then one word, so `1.0-rc10` < `1.0-rc2` |
//! | `1.0rc1-2` | Python: the hyphen is not behind the numbers, so this is `1.0rc1.post2` |
//! | `1.0rc1`, `1.0-rc.1` | equals: Python's suffixes are SemVer's words `alpha`, `beta`, `rc` and a number (`1.0a` is `1.0a0`) |
//! | `1.0-rc.01`, `1.0-`, `1.0-rc_1` | custom: SemVer refuses them |
//! | `2025-10-28`, `2025-10` | a date, not pre-releases of 2025: the hyphens of a year and month, of a day, and before whole numbers behind it (`2025-10-28-1`) count as dots; any other hyphen begins a pre-release (`2025-10-28-rc.1`) |
//! | `2025.10.28` | calendar, though SemVer could read it; `2025.10.28-1` is a pre-release of it |
//! | `1234567a1` | a commit: 7 to 40 or 64 hex digits with a letter. Shorter ones are Python's (`18b0`), digits alone a build number. Behind a word or a `v`, what could be a commit is custom (`main-1234567a1`) |
//! | `v1-2.0` | a leading `v` is taken off before a leading word: 1, pre-release 2.0; but `v2/1.5` is 1.5 |
//! | `q4-2025`, `pr-7` | the numbers 2025 and 7; only one word is taken off, so `release-q4-2025` and `my-app-1.0` are custom |
//! | `1.0+cu118` | equal to `1.0`: metadata does not count, though Python's order counts its local versions |
//! | `v3.2.0_plus_git` | `v3.2.0+git`: image tags take no `+`, so builds write it out |
//! | `1!2.0` | custom: an epoch would need room in every key |

use semver::{BuildMetadata, Prerelease, Version};

/// How an identifier is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// What SemVer 2.0 accepts and is not a calendar version: `2.0.0-beta.1`.
    Semantic,
    /// A year from 1970 to 2199 and a month first: `2025.10.28.1`, `2025-10-28`.
    Calendar,
    /// Any other numbers with dots, or with a suffix: `18.5b0`, `1.2`, `3-rc.1`.
    Dotted,
    /// Digits alone: `456`.
    BuildNumber,
    /// 7 to 40 or 64 hex digits, at least one of them a letter: `a1b2c3d4e5f6`.
    CommitSha,
    /// Anything else: `release-q4-2025`.
    Custom,
}

impl Scheme {
    const ALL: [Self; 6] = [
        Self::Semantic,
        Self::Calendar,
        Self::Dotted,
        Self::BuildNumber,
        Self::CommitSha,
        Self::Custom,
    ];

    /// The number that the store and the contract know it by.
    pub fn code(self) -> i64 {
        match self {
            Self::Semantic => 1,
            Self::Calendar => 2,
            Self::Dotted => 3,
            Self::BuildNumber => 4,
            Self::CommitSha => 5,
            Self::Custom => 6,
        }
    }

    /// The scheme of a number, where there is one.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.code() == code)
    }
}

/// What an identifier says about its place among the versions of its product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Precedence {
    pub scheme: Scheme,
    /// A pre-release or a development version; a post-release is neither.
    pub prerelease: bool,
    /// Compared byte by byte it gives one order for all numbered schemes; equal keys are equal versions.
    /// `None` for commits and custom identifiers, which have no order but time.
    pub key: Option<Vec<u8>>,
}

/// Reads an identifier as R13 says. Takes any text; what it does not recognise is custom.
/// A leading `v` or word never changes the scheme of a numbered identifier.
pub fn precedence(identifier: &str) -> Precedence {
    let unordered = |scheme| Precedence {
        scheme,
        prerelease: false,
        key: None,
    };
    if is_commit_sha(identifier) {
        return unordered(Scheme::CommitSha);
    }
    numbered(without_v(identifier))
        .or_else(|| numbered(without_v(without_word(identifier)?)))
        .unwrap_or_else(|| unordered(Scheme::Custom))
}

// A key is the numbers without trailing zeros, then what the version is of that release, then `END`.
// The marks sort below every number, so that a missing part counts as 0 and a longer list as more.
const DEV: u8 = 0x01;
const PRE: u8 = 0x02;
const END: u8 = 0x03;
const POST: u8 = 0x04;
/// A number with n significant digits begins with `NUMBER + n`, so that more digits are more ...
const NUMBER: u8 = 0x10;
/// ... or, where n does not fit, with this byte and n.
const LONG_NUMBER: u8 = 0xf0;
/// SemVer: numeric identifiers come before all others.
const WORD: u8 = 0xff;

fn is_commit_sha(text: &str) -> bool {
    matches!(text.len(), 7..=40 | 64)
        && text.bytes().all(|b| b.is_ascii_hexdigit())
        && text.bytes().any(|b| b.is_ascii_alphabetic())
}

fn without_v(text: &str) -> &str {
    text.strip_prefix(['v', 'V']).unwrap_or(text)
}

fn without_word(text: &str) -> Option<&str> {
    let (word, rest) = text.split_once(['-', '/', '_'])?;
    let is_word = word.starts_with(char::is_alphabetic) && word.chars().all(char::is_alphanumeric);
    is_word.then_some(rest)
}

fn numbered(text: &str) -> Option<Precedence> {
    if is_commit_sha(text) {
        return None;
    }
    let (numbers, rest) = leading_numbers(text)?;
    let scheme = if is_year_and_month(&numbers) {
        Scheme::Calendar
    } else if Version::parse(text).is_ok() {
        Scheme::Semantic
    } else if numbers.len() == 1 && rest.is_empty() {
        Scheme::BuildNumber
    } else {
        Scheme::Dotted
    };

    let suffix = without_metadata(rest)?;
    let (tail, prerelease) = match suffix.strip_prefix('-') {
        Some(list) => (semver_prerelease(list)?, true),
        None => python_suffix(suffix)?,
    };
    let zeros = numbers
        .iter()
        .rev()
        .take_while(|part| is_zero(part))
        .count();
    let mut key = Vec::new();
    for part in &numbers[..numbers.len() - zeros] {
        push_number(&mut key, part);
    }
    key.extend(tail);
    Some(Precedence {
        scheme,
        prerelease,
        key: Some(key),
    })
}

/// The numbers that the text begins with, and what follows them.
fn leading_numbers(text: &str) -> Option<(Vec<&str>, &str)> {
    let (first, mut rest) = split_digits(text);
    if first.is_empty() {
        return None;
    }
    let mut numbers = vec![first];
    let mut hyphens_part_numbers = false;
    loop {
        let hyphen = rest.starts_with('-');
        let Some(after) = rest.strip_prefix(['.', '-']) else {
            break;
        };
        let (digits, following) = split_digits(after);
        if hyphen && numbers.len() == 1 {
            hyphens_part_numbers = is_year_and_month(&[first, digits]);
        }
        // Behind the day a hyphen may begin a commit (`2025-10-28-5abc123`): a pre-release, not a number.
        let whole = numbers.len() < 3 || !following.starts_with(|c: char| c.is_ascii_alphabetic());
        if digits.is_empty() || (hyphen && !(hyphens_part_numbers && whole)) {
            break;
        }
        numbers.push(digits);
        rest = following;
    }
    Some((numbers, rest))
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit());
    text.split_at(end.unwrap_or(text.len()))
}

fn is_year_and_month(numbers: &[&str]) -> bool {
    let within = |part: &str, range: std::ops::RangeInclusive<u16>| {
        part.parse().is_ok_and(|n| range.contains(&n))
    };
    match numbers {
        [year, month, ..] => year.len() == 4 && within(year, 1970..=2199) && within(month, 1..=12),
        _ => false,
    }
}

fn is_zero(digits: &str) -> bool {
    digits.bytes().all(|b| b == b'0')
}

fn without_metadata(text: &str) -> Option<&str> {
    match text.split_once('+').or_else(|| text.split_once("_plus_")) {
        None => Some(text),
        Some((before, metadata)) => {
            (BuildMetadata::new(metadata).ok()? != BuildMetadata::EMPTY).then_some(before)
        }
    }
}

fn semver_prerelease(list: &str) -> Option<Vec<u8>> {
    if Prerelease::new(list).ok()?.is_empty() {
        return None;
    }
    let mut tail = vec![PRE];
    for identifier in list.split('.') {
        if identifier.bytes().all(|b| b.is_ascii_digit()) {
            push_number(&mut tail, identifier);
        } else {
            push_word(&mut tail, identifier);
        }
    }
    tail.push(END);
    Some(tail)
}

/// What PEP 440 allows behind the numbers, and whether it makes a pre-release: `rc1`, `.post2`, `a1.post2.dev3`.
fn python_suffix(suffix: &str) -> Option<(Vec<u8>, bool)> {
    const PRE_WORDS: [(&str, &str); 8] = [
        ("alpha", "alpha"),
        ("a", "alpha"),
        ("beta", "beta"),
        ("b", "beta"),
        ("preview", "rc"),
        ("pre", "rc"),
        ("rc", "rc"),
        ("c", "rc"),
    ];
    let suffix = suffix.to_ascii_lowercase();
    let mut rest = suffix.as_str();
    let mut tail = Vec::new();
    let mut prerelease = false;

    let pre = PRE_WORDS
        .iter()
        .find_map(|(spelling, word)| Some((word, labelled(rest, spelling)?)));
    if let Some((word, (number, after))) = pre {
        tail.push(PRE);
        push_word(&mut tail, word);
        push_number(&mut tail, number);
        prerelease = true;
        rest = after;
    }
    let post = ["post", "rev", "r"]
        .iter()
        .find_map(|word| labelled(rest, word));
    if let Some((number, after)) = post.or_else(|| bare_post(rest)) {
        tail.push(POST);
        push_number(&mut tail, number);
        rest = after;
    }
    if let Some((number, after)) = labelled(rest, "dev") {
        tail.push(DEV);
        push_number(&mut tail, number);
        prerelease = true;
        rest = after;
    }
    tail.push(END);
    rest.is_empty().then_some((tail, prerelease))
}

/// The number behind a label, and what follows it; each may have a separator before it. No number is 0.
fn labelled<'a>(text: &'a str, label: &str) -> Option<(&'a str, &'a str)> {
    let after = without_separator(text).strip_prefix(label)?;
    match split_digits(without_separator(after)) {
        ("", _) => Some(("", after)),
        numbered => Some(numbered),
    }
}

/// PEP 440's short form of a post-release: `1.0rc1-2`.
fn bare_post(text: &str) -> Option<(&str, &str)> {
    let (number, after) = split_digits(text.strip_prefix('-')?);
    (!number.is_empty()).then_some((number, after))
}

fn without_separator(text: &str) -> &str {
    text.strip_prefix(['.', '-', '_']).unwrap_or(text)
}

fn push_number(key: &mut Vec<u8>, digits: &str) {
    let significant = digits.trim_start_matches('0');
    match u8::try_from(significant.len()) {
        Ok(length) if length < LONG_NUMBER - NUMBER => key.push(NUMBER + length),
        _ => {
            key.push(LONG_NUMBER);
            key.extend((significant.len() as u64).to_be_bytes());
        }
    }
    key.extend(significant.bytes());
}

fn push_word(key: &mut Vec<u8>, word: &str) {
    key.push(WORD);
    key.extend(word.bytes());
    // Below every character of a word, so that `rc` < `rc1`.
    key.push(0x00);
}

#[cfg(test)]
mod tests;
