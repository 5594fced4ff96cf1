//! `TraceVersion`: everything about a version, or about the versions of a commit,
//! within the bounds of one answer.

use prost::Message;
use tonic::Status;

use super::which::Which;
use crate::{
    domain::{
        id::Kind,
        page,
        query::{BuildQuery, CheckQuery, DeploymentQuery, EntryQuery, VersionQuery},
        resource::Version,
    },
    grpc::{
        Services,
        error::{Problem, status},
        request::Fields,
    },
    pb,
    storage::{Error, List, Page},
};

/// The most versions of a commit that are traced.
const MAX_TRACES: usize = 20;
/// The most versions in the answer for an ambiguous SHA.
const MAX_CANDIDATES: usize = 100;
/// The most entries of each list of a trace.
const MAX_ENTRIES: usize = 100;

/// What was requested.
enum Wanted {
    Version(Which),
    Commit {
        product_name: Option<String>,
        sha: String,
    },
}

impl Wanted {
    fn parse(fields: &mut Fields, r: &pb::TraceVersionRequest) -> Option<Self> {
        use crate::domain::rules::trace_version_request as rules;

        let is_set = |text: &str| !text.trim().is_empty();
        if !is_set(&r.scm_sha) {
            let by_version = [&r.id, &r.product_name, &r.version];
            if !by_version.into_iter().any(|text| is_set(text)) {
                fields.violations.add(
                    rules::ID.name,
                    "is required unless product_name and version, or scm_sha, are set",
                );
                return None;
            }
            return fields
                .version(&r.id, &r.product_name, &r.version)
                .map(Self::Version);
        }
        for (field, text) in [(rules::ID, &r.id), (rules::VERSION, &r.version)] {
            if is_set(text) {
                let description = "must not be set together with scm_sha";
                fields.violations.add(field.name, description);
            }
        }
        let product_name = fields.text(&rules::PRODUCT_NAME, &r.product_name);
        let sha = fields.sha(&rules::SCM_SHA, &r.scm_sha)?;
        Some(Self::Commit { product_name, sha })
    }
}

impl Services {
    pub(super) async fn trace(
        &self,
        r: pb::TraceVersionRequest,
    ) -> Result<pb::TraceVersionResponse, Status> {
        let mut fields = Fields::new(self.ids());
        let wanted = Wanted::parse(&mut fields, &r);
        match fields.violations.finish(wanted).map_err(Problem::invalid)? {
            Wanted::Version(which) => {
                let version = self.version_of(&which).await?;
                Ok(pb::TraceVersionResponse {
                    traces: self.traces(vec![version]).await.map_err(status)?,
                    ..Default::default()
                })
            }
            Wanted::Commit { product_name, sha } => {
                self.trace_commit(product_name, sha).await.map_err(status)
            }
        }
    }

    async fn trace_commit(
        &self,
        product_name: Option<String>,
        sha: String,
    ) -> Result<pb::TraceVersionResponse, Error> {
        let commits = self
            .store
            .matching_commits(product_name.as_deref(), &sha)
            .await?;
        if commits.is_empty() {
            let wanted = match &product_name {
                Some(name) => {
                    self.store.product_id(name).await?;
                    format!("of {name} with commit {sha}")
                }
                None => format!("with commit {sha}"),
            };
            return Err(Error::not_found(Kind::Version, wanted));
        }
        let is_ambiguous = commits.len() > 1;
        let max = if is_ambiguous {
            MAX_CANDIDATES
        } else {
            MAX_TRACES
        };
        let query = VersionQuery {
            product_name,
            scm_sha: Some(sha),
            ..VersionQuery::default()
        };
        let page = Page {
            after: None,
            // One row more shows whether there are more.
            limit: max + 1,
        };
        let mut versions = self.store.list_versions(&query, page).await?;
        let truncated = versions.len() > max;
        versions.truncate(max);
        let mut response = pb::TraceVersionResponse {
            commits,
            truncated,
            ..Default::default()
        };
        if is_ambiguous {
            let view = self.view();
            let candidates = versions.into_iter().map(|version| view.version(version));
            response.candidates = candidates.collect();
        } else {
            response.traces = self.traces(versions).await?;
        }
        Ok(response)
    }

    /// Returns all of the versions. Their lists share the room that is left.
    async fn traces(&self, versions: Vec<Version>) -> Result<Vec<pb::VersionTrace>, Error> {
        let view = self.view();
        let mut traces = Vec::with_capacity(versions.len());
        let mut room = Room(page::MAX_BYTES);
        for version in versions {
            let id = version.id;
            let version = view.version(version);
            room.take(&version);
            traces.push((
                id,
                pb::VersionTrace {
                    version: Some(version),
                    ..Default::default()
                },
            ));
        }
        for (id, trace) in &mut traces {
            let id = Some(*id);
            let query = BuildQuery {
                version_id: id,
                ..BuildQuery::default()
            };
            let builds = self.entries(&query, &mut room, |row| view.build(row));
            (trace.builds, trace.builds_truncated) = builds.await?;
            let query = CheckQuery {
                version_id: id,
                ..CheckQuery::default()
            };
            let checks = self.entries(&query, &mut room, |row| view.check(row));
            (trace.checks, trace.checks_truncated) = checks.await?;
            let query = DeploymentQuery {
                version_id: id,
                ..DeploymentQuery::default()
            };
            let deployments = self.entries(&query, &mut room, |row| view.deployment(row));
            (trace.deployments, trace.deployments_truncated) = deployments.await?;
            let query = EntryQuery {
                version_id: id,
                ..EntryQuery::default()
            };
            let events = self.entries(&query, &mut room, |row| view.entry(&row));
            (trace.events, trace.events_truncated) = events.await?;
        }
        Ok(traces.into_iter().map(|(_, trace)| trace).collect())
    }

    /// The first entries of a list, as many as there is room for, and whether there
    /// are more.
    async fn entries<Q: List, M: Message>(
        &self,
        query: &Q,
        room: &mut Room,
        convert: impl Fn(Q::Row) -> M,
    ) -> Result<(Vec<M>, bool), Error> {
        // One row more shows whether there are more; if there is no room, the first does.
        let limit = if room.is_left() { MAX_ENTRIES + 1 } else { 1 };
        let page = Page { after: None, limit };
        let mut entries = Vec::new();
        for row in query.rows(&self.store, page).await? {
            let entry = convert(row);
            if entries.len() == MAX_ENTRIES || !room.take(&entry) {
                return Ok((entries, true));
            }
            entries.push(entry);
        }
        Ok((entries, false))
    }
}

/// The bytes that an answer may still have. The first entry that does not fit ends the
/// answer: no later, smaller one takes its place.
struct Room(usize);

impl Room {
    fn is_left(&self) -> bool {
        self.0 > 0
    }

    fn take(&mut self, message: &impl Message) -> bool {
        let left = self.0.checked_sub(message.encoded_len());
        self.0 = left.unwrap_or(0);
        left.is_some()
    }
}
