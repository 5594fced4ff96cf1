//! Pages of lists: their size, and the opaque tokens of the next pages.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// Rows of a page, if the request has no `page_size`.
pub const DEFAULT_SIZE: usize = 50;
/// The most rows of a page.
pub const MAX_SIZE: usize = 1_000;
/// A page ends before its encoded rows would exceed this: 2 MiB.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;

const CHECKSUM_BYTES: usize = 8;

/// The sort key of the last row of a page: the next one begins after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub Vec<CursorPart>);

/// One column of a sort key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CursorPart {
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// The number of rows of a page: 0 is the default, and values above [`MAX_SIZE`] are reduced to it. The error says
/// what is allowed.
pub fn size(requested: i64) -> Result<usize, String> {
    match usize::try_from(requested) {
        Ok(0) => Ok(DEFAULT_SIZE),
        Ok(size) => Ok(size.min(MAX_SIZE)),
        Err(_) => Err(format!("must be at least 0 (is {requested})")),
    }
}

impl Cursor {
    /// Makes the token of the next page. `query` are bytes that differ for each list,
    /// its filters and its order, but not for its page size.
    pub fn to_token(&self, query: &[u8]) -> String {
        let mut bytes = Vec::new();
        for part in &self.0 {
            match part {
                CursorPart::Int(number) => {
                    bytes.push(b'i');
                    bytes.extend(number.to_be_bytes());
                }
                CursorPart::Text(text) => push(&mut bytes, b't', text.as_bytes()),
                CursorPart::Bytes(text) => push(&mut bytes, b'b', text),
            }
        }
        let mut token = checksum(&bytes, query).to_vec();
        token.extend(bytes);
        BASE64_URL_SAFE_NO_PAD.encode(token)
    }

    /// Reads a token of the same query; an empty one is the first page. The error
    /// says what is allowed.
    pub fn from_token(token: &str, query: &[u8]) -> Result<Option<Self>, String> {
        if token.is_empty() {
            return Ok(None);
        }
        let rejected = || {
            "must be next_page_token of the previous page, and the rest of the request must be \
             the same"
                .to_owned()
        };
        let bytes = BASE64_URL_SAFE_NO_PAD
            .decode(token)
            .map_err(|_| rejected())?;
        let (sum, rest) = bytes
            .split_at_checked(CHECKSUM_BYTES)
            .ok_or_else(rejected)?;
        if sum != checksum(rest, query) {
            return Err(rejected());
        }
        parts(rest)
            .map(|parts| Some(Self(parts)))
            .ok_or_else(rejected)
    }
}

fn checksum(cursor: &[u8], query: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut hash = Sha256::new();
    hash.update((query.len() as u64).to_be_bytes());
    hash.update(query);
    hash.update(cursor);
    let digest = hash.finalize();
    std::array::from_fn(|i| digest[i])
}

fn push(bytes: &mut Vec<u8>, tag: u8, text: &[u8]) {
    bytes.push(tag);
    bytes.extend((text.len() as u32).to_be_bytes());
    bytes.extend(text);
}

fn parts(mut rest: &[u8]) -> Option<Vec<CursorPart>> {
    let mut parts = Vec::new();
    while let Some((tag, after)) = rest.split_first() {
        let (part, after) = match tag {
            b'i' => {
                let (number, after) = after.split_first_chunk()?;
                (CursorPart::Int(i64::from_be_bytes(*number)), after)
            }
            b'b' | b't' => {
                let (length, after) = after.split_first_chunk()?;
                let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
                let (text, after) = after.split_at_checked(length)?;
                let part = match tag {
                    b't' => CursorPart::Text(String::from_utf8(text.to_vec()).ok()?),
                    _ => CursorPart::Bytes(text.to_vec()),
                };
                (part, after)
            }
            _ => return None,
        };
        parts.push(part);
        rest = after;
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_cursor() -> impl Strategy<Value = Cursor> {
        let part = prop_oneof![
            any::<i64>().prop_map(CursorPart::Int),
            any::<String>().prop_map(CursorPart::Text),
            any::<Vec<u8>>().prop_map(CursorPart::Bytes),
        ];
        prop::collection::vec(part, 1..4).prop_map(Cursor)
    }

    proptest! {
        #[test]
        fn tokens_round_trip(cursor in any_cursor(), query: Vec<u8>) {
            let token = cursor.to_token(&query);
            prop_assert_eq!(Cursor::from_token(&token, &query), Ok(Some(cursor)));
        }

        #[test]
        fn a_flipped_bit_or_another_query_is_rejected(
            cursor in any_cursor(), query: Vec<u8>, at: prop::sample::Index, bit in 0u8..8,
        ) {
            let token = cursor.to_token(&query);
            let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(&token).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            let altered = BASE64_URL_SAFE_NO_PAD.encode(bytes);
            prop_assert!(Cursor::from_token(&altered, &query).is_err());
            let mut other = query.clone();
            other.push(0);
            prop_assert!(Cursor::from_token(&token, &other).is_err());
        }

        #[test]
        fn reading_never_panics(token in ".*") {
            let _ = Cursor::from_token(&token, b"");
        }
    }

    #[test]
    fn page_sizes() {
        assert_eq!(size(0), Ok(50));
        assert_eq!(size(1000), Ok(1000));
        assert_eq!(size(1001), Ok(1000));
        assert_eq!(size(i64::MAX), Ok(1000));
        assert_eq!(size(-1), Err("must be at least 0 (is -1)".to_owned()));
    }
}
