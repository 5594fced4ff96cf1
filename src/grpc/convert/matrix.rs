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

/// Tells what does not stand the same.
pub(in crate::grpc) fn differs(comparison: &pb::EnvironmentComparison) -> bool {
    !matches!(
        comparison.standing(),
        pb::Standing::Same | pb::Standing::Unspecified
    )
}

impl View {
    pub(in crate::grpc) fn matrix_environment(
        &self,
        environment: &MatrixEnvironment,
    ) -> pb::MatrixEnvironment {
        pb::MatrixEnvironment {
            id: self.ids.format(Kind::Environment, environment.id),
            name: environment.name.clone(),
            r#type: environment.kind.code() as i32,
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
        let is_one = matrix.environments.len() == 1;
        let instances = |cell: Option<&MatrixCell>| {
            let instances = cell.map(|cell| cell.instances.clone()).unwrap_or_default();
            instances.into_iter().map(|i| self.instance(i)).collect()
        };
        let standing = match here {
            Some(cell) => standing(cell.standing),
            None if is_one => pb::Standing::Unspecified,
            None => pb::Standing::Unknown,
        };
        pb::EnvironmentComparison {
            product_id: self.ids.format(Kind::Product, row.product_id),
            instances: instances(here),
            baseline_instances: instances(there),
            standing: standing.into(),
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
            standing: standing(cell.standing).into(),
            versions_between: cell.versions_between,
        }
    }

    fn instance(&self, instance: MatrixInstance) -> pb::MatrixInstance {
        let summary = |summary: Option<_>| summary.map(|s| self.summary(s));
        pb::MatrixInstance {
            instance: instance.instance,
            current: summary(instance.current),
            under_way: summary(instance.under_way),
            last_failed: summary(instance.last_failed),
        }
    }

    fn summary(&self, s: DeploymentSummary) -> pb::DeploymentSummary {
        pb::DeploymentSummary {
            id: self.ids.format(Kind::Deployment, s.id),
            version_id: self.ids.format(Kind::Version, s.rank.version_id),
            version: s.rank.version,
            status: code(s.status),
            class: s.class.map_or(0, |class| class.code() as i32),
            started_at: s.started_at_us.map(timestamp),
            completed_at: s.completed_at_us.map(timestamp),
            created_at: Some(timestamp(s.created_at_us)),
            deployed_by: s.deployed_by.unwrap_or_default(),
            deploy_url: s.deploy_url.unwrap_or_default(),
            stale: self.is_stale_since(s.status, s.started_at_us),
        }
    }
}

fn standing(standing: Option<Standing>) -> pb::Standing {
    match standing {
        None => pb::Standing::Unspecified,
        Some(Standing::Same) => pb::Standing::Same,
        Some(Standing::Behind) => pb::Standing::Behind,
        Some(Standing::Ahead) => pb::Standing::Ahead,
        Some(Standing::Mixed) => pb::Standing::Mixed,
        Some(Standing::Unknown) => pb::Standing::Unknown,
    }
}
