//! Commits and their shortened forms (R3, R14).

use super::rules::{limit, list_versions_request};

/// The least number of characters with which a shortened SHA identifies a commit (R3).
pub const MIN_SHORTENED: usize = 7;
/// The least number of characters of a SHA in a search (R14).
pub const MIN_SEARCH: usize = limit(list_versions_request::SCM_SHA.min_characters);

/// Tells whether two SHAs, in lower case, name the same commit: they are equal,
/// or one is a prefix of the other with 7 or more hex digits (R3).
pub fn same(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    short == long || names_by_prefix(short) && long.starts_with(short)
}

/// Tells whether a SHA, in lower case, names every commit that begins with it (R3).
pub fn names_by_prefix(sha: &str) -> bool {
    sha.len() >= MIN_SHORTENED && sha.bytes().all(|b| b.is_ascii_hexdigit())
}

/// What all forms of a commit begin with: the first 7 characters of its SHA.
pub fn start(sha: &str) -> &str {
    match sha.char_indices().nth(MIN_SHORTENED) {
        Some((end, _)) => &sha[..end],
        None => sha,
    }
}

/// The commits among SHAs that are sorted in byte order: of several forms of
/// one commit, only the longest.
pub fn distinct(sorted: Vec<String>) -> Vec<String> {
    let mut commits: Vec<String> = Vec::new();
    for sha in sorted {
        match commits.last_mut() {
            // In byte order a shortened form comes right before its longer ones.
            Some(last) if same(last, &sha) => *last = sha,
            _ => commits.push(sha),
        }
    }
    commits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r3_a_prefix_of_seven_hex_digits_is_the_same_commit() {
        assert!(same("abc1234", "abc1234def"));
        assert!(same("abc1234def", "abc1234"));
        assert!(!same("abc123", "abc1234def"));
        assert!(!same("abc1234x", "abc1234xyz"), "not hex");
        assert!(same("r12", "r12"));
        assert!(!same("abc1234", "abc1235def"));
    }

    #[test]
    fn r14_all_forms_of_a_commit_begin_alike() {
        for (sha, expected) in [
            ("abc1234def", "abc1234"),
            ("abc1234", "abc1234"),
            ("r12", "r12"),
            ("éééééééé", "ééééééé"),
        ] {
            assert_eq!(start(sha), expected);
        }
    }

    #[test]
    fn r14_forms_of_one_commit_are_one() {
        let shas = ["abc1", "abc1234", "abc1234de", "abc1234ff", "abd"];
        assert_eq!(
            distinct(shas.map(str::to_owned).to_vec()),
            ["abc1", "abc1234de", "abc1234ff", "abd"]
        );
    }
}
