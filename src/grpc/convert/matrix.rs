//! What runs where, as the contract shows it.

use super::{View, code, timestamp};
use crate::{
    domain::{
        id::Kind,
        matrix::{
            DeploymentSummary, MatrixCell, MatrixEnvironment, MatrixInstance, MatrixRow, Standing,
        },
    },
    pb,
    storage::Matrix,
};

/// Whether the two environments differ.
pub(in crate::grpc) fn differs(comparison: &pb::EnvironmentComparison) -> bool {
    comparison.baseline_comparison() != pb::BaselineComparison::Same
}

impl View {
    pub(in crate::grpc) fn matrix_environment(
        &self,
        environment: &MatrixEnvironment,
    ) -> pb::MatrixEnvironment {
        pb::MatrixEnvironment {
            id: self.ids.format(Kind::Environment, environment.id),
            name: environment.name.clone(),
            environment_type: environment.kind.code() as i32,
        }
    }

    pub(in crate::grpc) fn matrix_row(&self, row: MatrixRow) -> pb::MatrixRow {
        pb::MatrixRow {
            product_id: self.ids.format(Kind::Product, row.product_id),
            product_name: row.product_name,
            cells: row.cells.into_iter().map(|cell| self.cell(cell)).collect(),
        }
    }

    /// A row of the matrix of an environment and its baseline.
    pub(in crate::grpc) fn comparison(
        &self,
        matrix: &Matrix,
        row: MatrixRow,
    ) -> pb::EnvironmentComparison {
        let cell_of = |environment: Option<&MatrixEnvironment>| {
            let id = environment?.id;
            row.cells.iter().find(|cell| cell.environment_id == id)
        };
        let here = cell_of(matrix.environments.first());
        let there = cell_of(matrix.environments.last());
        let instances = |cell: Option<&MatrixCell>| {
            let instances = cell.map(|cell| cell.instances.clone()).unwrap_or_default();
            instances.into_iter().map(|i| self.instance(i)).collect()
        };
        let comparison = match here {
            // An environment compared with itself is the same.
            Some(cell) => cell.standing.unwrap_or(Standing::Same),
            None => Standing::Unknown,
        };
        pb::EnvironmentComparison {
            product_id: self.ids.format(Kind::Product, row.product_id),
            instances: instances(here),
            baseline_instances: instances(there),
            baseline_comparison: baseline_comparison(comparison).into(),
            versions_between: here.map_or(0, |cell| cell.versions_between),
            product_name: row.product_name,
        }
    }

    fn cell(&self, cell: MatrixCell) -> pb::MatrixCell {
        let instances = cell.instances.into_iter();
        pb::MatrixCell {
            environment_id: self.ids.format(Kind::Environment, cell.environment_id),
            environment_name: cell.environment_name,
            instances: instances.map(|i| self.instance(i)).collect(),
            baseline_comparison: cell.standing.map(|s| baseline_comparison(s).into()),
            versions_between: cell.versions_between,
        }
    }

    fn instance(&self, instance: MatrixInstance) -> pb::MatrixInstance {
        let summary = |summary: Option<_>| summary.map(|s| self.summary(s));
        pb::MatrixInstance {
            instance: instance.instance,
            current: summary(instance.current),
            in_progress: summary(instance.under_way),
            last_failed: summary(instance.last_failed),
        }
    }

    fn summary(&self, s: DeploymentSummary) -> pb::DeploymentSummary {
        pb::DeploymentSummary {
            id: self.ids.format(Kind::Deployment, s.id),
            version_id: self.ids.format(Kind::Version, s.rank.version_id),
            version: s.rank.version,
            status: code(s.status),
            deployment_class: s.class.map(|class| class.code() as i32),
            started_at: s.started_at_us.map(timestamp),
            completed_at: s.completed_at_us.map(timestamp),
            created_at: Some(timestamp(s.created_at_us)),
            deployed_by: s.deployed_by.unwrap_or_default(),
            deploy_url: s.deploy_url.unwrap_or_default(),
            stale: self.is_stale_since(s.status, s.started_at_us),
        }
    }
}

fn baseline_comparison(standing: Standing) -> pb::BaselineComparison {
    match standing {
        Standing::Same => pb::BaselineComparison::Same,
        Standing::Behind => pb::BaselineComparison::Behind,
        Standing::Ahead => pb::BaselineComparison::Ahead,
        Standing::Mixed => pb::BaselineComparison::Mixed,
        Standing::Unknown => pb::BaselineComparison::Unknown,
    }
}
