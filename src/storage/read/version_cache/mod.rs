//! Versions that were read lately, decoded, where this process alone writes: what is answered
//! from here is what the database would answer. Knows no SQL.

use std::{
    collections::HashMap,
    mem::size_of,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use hashlink::LruCache;

use crate::{domain::resource::Version, storage::engine::sql::Engine};

/// What is kept weighs this much at most, roughly: some 20,000 versions of usual size.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// The most names of products, current or former, whose ids are kept.
const MAX_NAMES: usize = 1_024;
/// What a version weighs besides its texts, with its places in the maps.
const ENTRY_BYTES: usize = size_of::<Version>() + 200;

/// Keeps nothing that a reader could not have read since the last write:
///
/// - Before a write commits, what it changes is taken out, and until it has, nothing is put in:
///   who asks meanwhile is answered by the database, before or after the write.
/// - A reader puts in what it read only if no write has begun since it began to read.
pub(crate) struct Cache {
    /// 0 where others may write too: then nothing is ever kept.
    max_bytes: usize,
    kept: Mutex<Kept>,
}

struct Kept {
    versions: LruCache<i64, Arc<Version>>,
    /// The ids of those versions, by product and identifier.
    ids: HashMap<(i64, String), i64>,
    /// The ids of products, by any name of theirs.
    products: LruCache<String, i64>,
    bytes: usize,
    /// The number of writes that have begun.
    writes: u64,
    is_writing: bool,
}

/// A reader's mark of the moment before it asks the database: what it is answered may be kept
/// as long as nothing was written since.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Since(Option<u64>);

impl Since {
    /// What is read is not to be kept.
    pub(crate) const NEVER: Self = Self(None);

    pub(crate) fn is_known(self) -> bool {
        self.0.is_some()
    }
}

/// A write that may be committing; it is over when this is dropped.
pub(crate) struct Writing<'a>(&'a Cache);

impl Cache {
    pub(crate) fn new(engine: Engine) -> Self {
        Self {
            max_bytes: match engine {
                Engine::Sqlite => MAX_BYTES,
                Engine::Postgres => 0,
            },
            kept: Mutex::new(Kept {
                versions: LruCache::new_unbounded(),
                ids: HashMap::new(),
                products: LruCache::new(MAX_NAMES),
                bytes: 0,
                writes: 0,
                is_writing: false,
            }),
        }
    }

    /// To be called before a version is read from the database.
    pub(crate) fn since(&self) -> Since {
        if self.max_bytes == 0 {
            return Since::NEVER;
        }
        let kept = self.kept();
        Since((!kept.is_writing).then_some(kept.writes))
    }

    pub(crate) fn version(&self, id: i64) -> Option<Version> {
        let version = self.kept().versions.get(&id).cloned();
        version.map(Arc::unwrap_or_clone)
    }

    /// A product's version with this identifier; the product by any of its names.
    pub(crate) fn version_by_name(&self, product_name: &str, version: &str) -> Option<Version> {
        let mut kept = self.kept();
        let product_id = *kept.products.get(product_name)?;
        let id = *kept.ids.get(&(product_id, version.to_owned()))?;
        let version = kept.versions.get(&id).cloned();
        drop(kept);
        version.map(Arc::unwrap_or_clone)
    }

    /// The versions with these ids, where all are kept and nothing was written since the ids
    /// were asked for: they are in the order and fit the filter that the ids were found by.
    pub(crate) fn versions(&self, since: Since, ids: &[i64]) -> Option<Vec<Version>> {
        let mut kept = self.kept();
        if !kept.is_current(since) {
            return None;
        }
        let versions: Option<Vec<Arc<Version>>> = ids
            .iter()
            .map(|id| kept.versions.get(id).cloned())
            .collect();
        drop(kept);
        let versions = versions?.into_iter().map(Arc::unwrap_or_clone);
        Some(versions.collect())
    }

    /// Keeps what was read, unless something was written meanwhile.
    pub(crate) fn keep(&self, since: Since, versions: &[Version]) {
        if !since.is_known() {
            return;
        }
        let versions: Vec<Arc<Version>> = versions.iter().cloned().map(Arc::new).collect();
        let mut kept = self.kept();
        if !kept.is_current(since) {
            return;
        }
        for version in versions {
            kept.insert(version);
        }
        while kept.bytes > self.max_bytes {
            kept.remove_oldest();
        }
    }

    /// Keeps the product that a name, current or former, was found to mean.
    pub(crate) fn keep_name(&self, since: Since, product_name: &str, product_id: i64) {
        let mut kept = self.kept();
        if kept.is_current(since) {
            kept.products.insert(product_name.to_owned(), product_id);
        }
    }

    /// To be called before a transaction commits that writes these versions, and held until
    /// that is over.
    pub(crate) fn write(&self, ids: impl IntoIterator<Item = i64>) -> Writing<'_> {
        let mut kept = self.begin_write();
        for id in ids {
            kept.remove(id);
        }
        drop(kept);
        Writing(self)
    }

    /// The same where a transaction changes what any version shows or what a name means.
    pub(crate) fn write_any(&self) -> Writing<'_> {
        let mut kept = self.begin_write();
        kept.versions.clear();
        kept.ids.clear();
        kept.products.clear();
        kept.bytes = 0;
        drop(kept);
        Writing(self)
    }

    fn begin_write(&self) -> MutexGuard<'_, Kept> {
        let mut kept = self.kept();
        kept.writes += 1;
        kept.is_writing = true;
        kept
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.kept().is_writing = false;
    }
}

impl Kept {
    fn is_current(&self, since: Since) -> bool {
        !self.is_writing && since.0 == Some(self.writes)
    }

    fn insert(&mut self, version: Arc<Version>) {
        self.remove(version.id);
        let key = (version.product_id, version.version.clone());
        self.ids.insert(key, version.id);
        self.products
            .insert(version.product_name.clone(), version.product_id);
        self.bytes += weight(&version);
        self.versions.insert(version.id, version);
    }

    fn remove(&mut self, id: i64) {
        if let Some(version) = self.versions.remove(&id) {
            self.forget(&version);
        }
    }

    fn remove_oldest(&mut self) {
        if let Some((_, version)) = self.versions.remove_lru() {
            self.forget(&version);
        }
    }

    /// Takes out what leads to a version that was taken out.
    fn forget(&mut self, version: &Version) {
        self.bytes -= weight(version);
        self.ids
            .remove(&(version.product_id, version.version.clone()));
    }
}

/// What a version takes in memory, roughly.
fn weight(version: &Version) -> usize {
    let origin = &version.origin;
    let texts = [
        &version.scm_sha,
        &origin.scm_repository,
        &origin.scm_branch,
        &origin.built_by,
        &origin.built_by_name,
        &origin.built_by_email,
        &origin.source_system,
    ];
    let texts: usize = texts.into_iter().flatten().map(String::len).sum();
    // Its identifier leads to it, too.
    ENTRY_BYTES
        + version.product_name.len()
        + 2 * version.version.len()
        + version.precedence.len()
        + texts
}

#[cfg(test)]
mod tests;
