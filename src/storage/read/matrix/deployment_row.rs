//! Deployments that may be shown at a place, and which of them are. Knows no statement.

use std::cmp::Reverse;

use sqlx::FromRow;

use crate::{
    domain::{
        deployment::{Completion, DeploymentClass, Rank},
        matrix::{DeploymentSummary, MatrixInstance},
        run::{Key, Run},
        status::Status,
    },
    storage::engine::{error::Error, rows::unreadable},
};

/// A deployment that may be shown, and what decides whether it is.
pub(super) struct Candidate {
    pub(super) product_id: i64,
    pub(super) environment_id: i64,
    pub(super) instance: String,
    pub(super) first: Key,
    /// Its place among those of its status, where it is finished.
    pub(super) finish: Option<Completion>,
    pub(super) summary: DeploymentSummary,
}

/// A deployment, as it is now.
#[derive(FromRow)]
pub(super) struct FoundRow {
    pub(super) id: i64,
    pub(super) product_id: i64,
    pub(super) environment_id: i64,
    pub(super) instance: String,
    pub(super) version_id: i64,
    pub(super) version: String,
    pub(super) precedence: Vec<u8>,
    pub(super) version_created_at_us: i64,
    pub(super) status: i64,
    pub(super) deployment_class: i64,
    pub(super) started_at_us: Option<i64>,
    pub(super) completed_at_us: Option<i64>,
    pub(super) first_at_us: i64,
    pub(super) first_rank: i64,
    pub(super) first_event_id: String,
    pub(super) last_at_us: i64,
    pub(super) last_event_id: String,
    pub(super) deployed_by: Option<String>,
    pub(super) deploy_url: Option<String>,
}

/// What is shown of a place: of the candidates, the current one, the latest one under
/// way, and the last one that failed.
pub(super) fn shown(instance: String, candidates: &[Candidate]) -> MatrixInstance {
    let last = |status| {
        let finished = candidates.iter().filter(|c| c.summary.status == status);
        finished.max_by(|a, b| a.finish.cmp(&b.finish))
    };
    let unfinished = candidates
        .iter()
        .filter(|c| !c.summary.status.is_finished());
    let under_way = unfinished.min_by_key(|c| Reverse(&c.first));
    let summary = |candidate: Option<&Candidate>| candidate.map(|c| c.summary.clone());
    MatrixInstance {
        instance,
        current: summary(last(Status::Completed)),
        under_way: summary(under_way),
        last_failed: summary(last(Status::Failed)),
    }
}

impl TryFrom<FoundRow> for Candidate {
    type Error = Error;

    fn try_from(row: FoundRow) -> Result<Self, Error> {
        let status =
            Status::from_code(row.status).ok_or_else(|| unreadable("a deployment's status"))?;
        let finish = row.completed_at_us.map(|completed_at_us| Completion {
            completed_at_us,
            last_at_us: row.last_at_us,
            last_event_id: row.last_event_id,
        });
        Ok(Self {
            product_id: row.product_id,
            environment_id: row.environment_id,
            instance: row.instance,
            first: Key {
                occurred_at_us: row.first_at_us,
                rank: row.first_rank,
                event_id: row.first_event_id,
            },
            finish,
            summary: DeploymentSummary {
                id: row.id,
                rank: Rank {
                    version_id: row.version_id,
                    version: row.version,
                    precedence: row.precedence,
                    created_at_us: row.version_created_at_us,
                },
                status,
                class: DeploymentClass::from_code(row.deployment_class),
                started_at_us: row.started_at_us,
                completed_at_us: row.completed_at_us,
                created_at_us: row.first_at_us,
                deployed_by: row.deployed_by,
                deploy_url: row.deploy_url,
            },
        })
    }
}

impl Candidate {
    /// A deployment as its events had made it by then.
    pub(super) fn replayed(found: FoundRow, run: Run) -> Result<Self, Error> {
        let mut candidate = Self::try_from(found)?;
        let finish = run.completed_at_us.map(|completed_at_us| Completion {
            completed_at_us,
            last_at_us: run.last.occurred_at_us,
            last_event_id: run.last.event_id.clone(),
        });
        let summary = &mut candidate.summary;
        summary.status = run.status;
        summary.started_at_us = run.started_at_us();
        summary.completed_at_us = run.completed_at_us;
        summary.deployed_by = run.facts.details.by;
        summary.deploy_url = run.facts.details.url;
        if run.status != Status::Completed {
            summary.class = None;
        }
        candidate.finish = finish;
        Ok(candidate)
    }
}
