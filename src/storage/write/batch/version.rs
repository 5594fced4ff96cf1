//! Versions in a batch: what changes in the row of each.

use crate::domain::{
    resource::Version,
    run::{Origin, Run},
};

pub(super) struct VersionState {
    pub(super) version: Version,
    pub(super) change: VersionChange,
    /// An event of this batch is older than all that were known of it.
    pub(super) created_earlier: bool,
}

/// What a batch changes in a version's row: each includes those before it. Indexes
/// cost the writer most, so only what may have changed is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum VersionChange {
    Nothing,
    /// When it was last heard of.
    Heard,
    /// Its latest build and that one's status.
    Build,
    /// Where it came from, or when it was created.
    Origin,
    /// It is new.
    All,
}

impl VersionState {
    pub(super) fn raise(&mut self, change: VersionChange) {
        self.change = self.change.max(change);
    }

    pub(super) fn note_latest_build(&mut self, latest: &Run, origin: &Origin) {
        let version = &self.version;
        let build = (Some(latest.status), Some(latest.id), latest.started_at_us());
        let known = (
            version.status,
            version.latest_build_id,
            version.latest_build_started_at_us,
        );
        if build != known {
            self.raise(VersionChange::Build);
        }
        if *origin != self.version.origin {
            self.raise(VersionChange::Origin);
            self.version.origin.clone_from(origin);
        }
        let version = &mut self.version;
        (
            version.status,
            version.latest_build_id,
            version.latest_build_started_at_us,
        ) = build;
    }
}
