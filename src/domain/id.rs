//! Ids as the world sees them. Inside, a thing is known by the position in the
//! event log of the event that brought it into being; outside, by a UUID that
//! holds that position, what it is, and which store it is of.

use uuid::Uuid;

/// What an id names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Product = 1,
    Version = 2,
    Build = 3,
    Check = 4,
    Environment = 5,
    Deployment = 6,
}

/// The ids of one store: 48 random bits that were drawn when it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdSpace(u64);

impl IdSpace {
    const BITS: u32 = 48;

    /// The ids of the store that drew this number; only its low 48 bits count.
    pub fn new(drawn: u64) -> Self {
        Self(drawn & ((1 << Self::BITS) - 1))
    }

    /// The id of the thing that the event at `position` brought into being: a
    /// UUID of version 8 (RFC 9562, section 5.8).
    pub fn format(self, kind: Kind, position: i64) -> String {
        let high = self.0 << 16 | 0x8000 | kind as u64;
        let low = 1 << 63 | position.unsigned_abs();
        Uuid::from_u64_pair(high, low).to_string()
    }

    /// The position that an id holds. `Ok(None)` for a UUID that names nothing
    /// of this kind in this store; the error says what is taken.
    pub fn parse(self, kind: Kind, id: &str) -> Result<Option<i64>, String> {
        let id = id.trim();
        if id.is_empty() {
            return Err("is required: an id that the server gave".to_owned());
        }
        let uuid = Uuid::try_parse(id)
            .map_err(|_| "is no id: a UUID that the server gave is taken".to_owned())?;
        let (high, low) = uuid.as_u64_pair();
        let position = (low & !(1 << 63)) as i64;
        let ours = high == self.0 << 16 | 0x8000 | kind as u64 && low >> 62 == 0b10;
        Ok((ours && position > 0).then_some(position))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ids_round_trip_and_tell_kind_and_store_apart(drawn: u64, position in 1i64..1 << 62) {
            let space = IdSpace::new(drawn);
            let id = space.format(Kind::Version, position);
            prop_assert_eq!(Uuid::parse_str(&id).unwrap().get_version_num(), 8);
            prop_assert_eq!(space.parse(Kind::Version, &id), Ok(Some(position)));
            prop_assert_eq!(space.parse(Kind::Build, &id), Ok(None));
            prop_assert_eq!(IdSpace::new(drawn ^ 1).parse(Kind::Version, &id), Ok(None));
        }

        #[test]
        fn parsing_never_panics(text in ".*", drawn: u64) {
            let _ = IdSpace::new(drawn).parse(Kind::Check, &text);
        }
    }
}
