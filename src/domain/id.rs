//! Ids as clients see them. Internally, a resource is identified by the position of
//! the event that created it. Clients get a UUID that contains this position, the
//! kind of the resource, and the database that issued it.

use uuid::Uuid;

use super::rules::REQUIRED;

/// The kind of a resource that has an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Product = 1,
    Version = 2,
    Build = 3,
    Check = 4,
    Environment = 5,
    Deployment = 6,
}

/// The ids of one database: 48 random bits that were drawn when it was created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdSpace(u64);

impl Kind {
    /// The kind as messages have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Version => "version",
            Self::Build => "build",
            Self::Check => "check",
            Self::Environment => "environment",
            Self::Deployment => "deployment",
        }
    }
}

impl IdSpace {
    const BITS: u32 = 48;

    /// The ids of the database that drew this number; only its low 48 bits count.
    pub fn new(drawn: u64) -> Self {
        Self(drawn & ((1 << Self::BITS) - 1))
    }

    /// The id of the resource that the event at `position` created: a UUID of
    /// version 8 (RFC 9562, section 5.8).
    pub fn format(self, kind: Kind, position: i64) -> String {
        let high = self.0 << 16 | 0x8000 | kind as u64;
        let low = 1 << 63 | position.unsigned_abs();
        Uuid::from_u64_pair(high, low).to_string()
    }

    /// The position that an id contains. `Ok(None)` for a UUID that this database did
    /// not issue for this kind; the error says what is allowed.
    pub fn parse(self, kind: Kind, id: &str) -> Result<Option<i64>, String> {
        let id = id.trim();
        if id.is_empty() {
            return Err(REQUIRED.to_owned());
        }
        let uuid =
            Uuid::try_parse(id).map_err(|_| "must be an id issued by this server".to_owned())?;
        let (high, low) = uuid.as_u64_pair();
        let position = (low & !(1 << 63)) as i64;
        let ours = high == self.0 << 16 | 0x8000 | kind as u64 && low >> 62 == 0b10;
        Ok((ours && position > 0).then_some(position))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ids_round_trip_for_one_kind_and_one_database(drawn: u64, position in 1i64..1 << 62) {
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
