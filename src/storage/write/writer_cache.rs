//! What the writer remembers from one batch to the next, so that it need not ask for
//! it again. Only where no other process writes: on SQLite. It is as the last commit
//! left it; whatever fails or changes names makes it forget everything.

use std::{borrow::Borrow, collections::HashMap, hash::Hash};

use super::rollups::{Kept, Place, SeriesNames};
use crate::storage::engine::sql::Engine;

/// The most names and series. Where they become more, all are forgotten, and the ones
/// in use come back with the next batches.
const MAX_ENTRIES: usize = 4_096;
/// The most roll-ups: each has a histogram, of mostly 7 kB and at most about 30.
const MAX_ROLLUPS: usize = 1_024;

/// A name that events use: the id it means, and the thing's own name.
pub(crate) type Meant = (i64, String);

#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) products: Entries<String, Meant>,
    pub(crate) environments: Entries<String, Meant>,
    pub(crate) series: Entries<SeriesNames, i64>,
    pub(crate) rollups: Entries<Place, Kept>,
}

/// Things of one sort.
pub(crate) struct Entries<K, V> {
    known: HashMap<K, V>,
    most: usize,
}

impl Memory {
    pub(crate) fn of(engine: Engine) -> Self {
        if engine != Engine::Sqlite {
            return Self::default();
        }
        Self {
            products: Entries::at_most(MAX_ENTRIES),
            environments: Entries::at_most(MAX_ENTRIES),
            series: Entries::at_most(MAX_ENTRIES),
            rollups: Entries::at_most(MAX_ROLLUPS),
        }
    }

    pub(crate) fn forget(&mut self) {
        self.products.known.clear();
        self.environments.known.clear();
        self.series.known.clear();
        self.rollups.known.clear();
    }
}

impl<K, V> Default for Entries<K, V> {
    /// Keeps nothing.
    fn default() -> Self {
        Self::at_most(0)
    }
}

impl<K, V> Entries<K, V> {
    fn at_most(most: usize) -> Self {
        Self {
            known: HashMap::new(),
            most,
        }
    }
}

impl<K: Eq + Hash, V> Entries<K, V> {
    pub(crate) fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.known.get(key)
    }

    pub(crate) fn keep(&mut self, key: K, value: V) {
        if self.most == 0 {
            return;
        }
        if self.known.len() >= self.most {
            self.known.clear();
        }
        self.known.insert(key, value);
    }

    pub(crate) fn forget(&mut self, key: &K) {
        self.known.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_most_are_never_kept() {
        let mut memory = Memory::of(Engine::Sqlite);
        for id in 0..3 * MAX_ENTRIES as i64 {
            memory.products.keep(id.to_string(), (id, id.to_string()));
            assert_eq!(memory.products.get(&id.to_string()).map(|p| p.0), Some(id));
            assert!(memory.products.known.len() <= MAX_ENTRIES);
        }
        memory.forget();
        assert_eq!(memory.products.get("1"), None);
    }

    #[test]
    fn where_others_write_nothing_is_kept() {
        let mut memory = Memory::of(Engine::Postgres);
        memory.products.keep("a".to_owned(), (1, "a".to_owned()));
        assert_eq!(memory.products.get("a"), None);
    }
}
