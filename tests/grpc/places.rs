//! What stories of places record, ask and read, in few words.

use versioner::pb::{self, BaselineComparison, DeploymentStatus};

use crate::{
    facts::{at, deployment},
    story::Story,
};

pub(crate) type Matrix = pb::GetEnvironmentMatrixResponse;

pub(crate) fn day(time: &str) -> String {
    format!("2026-01-01T{time}:00Z")
}

pub(crate) fn deployed(
    version: &str,
    place: &str,
    status: DeploymentStatus,
    time: &str,
) -> pb::DeploymentEvent {
    let (environment, instance) = place.split_once('/').unwrap_or((place, ""));
    pb::DeploymentEvent {
        instance: instance.into(),
        occurred_at: at(&day(time)),
        ..deployment(version, environment, status)
    }
}

/// Records deployments, each as `version place status time`.
pub(crate) async fn record(story: &Story, events: &str) {
    for line in events.lines().map(str::trim).filter(|l| !l.is_empty()) {
        let words: Vec<&str> = line.split(' ').collect();
        let status = DeploymentStatus::from_str_name(&format!(
            "DEPLOYMENT_STATUS_{}",
            words[2].to_uppercase()
        ));
        let event = deployed(words[0], words[1], status.expect("a status"), words[3]);
        story.deployment_event(event).await.unwrap();
    }
}

pub(crate) async fn matrix(story: &Story, request: pb::GetEnvironmentMatrixRequest) -> Matrix {
    let answer = story.deployments().get_environment_matrix(request).await;
    answer.unwrap().into_inner()
}

pub(crate) async fn as_of(story: &Story, time: &str) -> Matrix {
    let request = pb::GetEnvironmentMatrixRequest {
        as_of: at(&day(time)),
        ..Default::default()
    };
    matrix(story, request).await
}

/// Compared with an environment.
pub(crate) fn against(baseline: &str) -> pb::GetEnvironmentMatrixRequest {
    pb::GetEnvironmentMatrixRequest {
        baseline_environment_name: baseline.into(),
        ..Default::default()
    }
}

fn summary(word: &str, summary: &Option<pb::DeploymentSummary>) -> String {
    let Some(summary) = summary else {
        return String::new();
    };
    let stale = if summary.stale { " stale" } else { "" };
    format!(" {word} {}{stale}", summary.version)
}

pub(crate) fn instances(instances: &[pb::MatrixInstance]) -> String {
    let shown = instances.iter().map(|i| {
        let current = summary("runs", &i.current);
        let in_progress = summary("gets", &i.in_progress);
        let last_failed = summary("failed", &i.last_failed);
        format!("[{}]{current}{in_progress}{last_failed}", i.instance)
    });
    shown.collect::<Vec<_>>().join(" ")
}

pub(crate) fn standing(standing: BaselineComparison, versions_between: i64) -> String {
    let name = standing.as_str_name();
    let word = name.trim_start_matches("BASELINE_COMPARISON_");
    match standing {
        BaselineComparison::Unspecified => String::new(),
        BaselineComparison::Behind | BaselineComparison::Ahead => {
            format!(" {word} {versions_between}")
        }
        _ => format!(" {word}"),
    }
}

/// A line for each cell.
pub(crate) fn shown(matrix: &Matrix) -> String {
    let mut lines = Vec::new();
    for row in &matrix.rows {
        for cell in &row.cells {
            lines.push(format!(
                "{} {}:{} {}",
                row.product_name,
                cell.environment_name,
                standing(cell.baseline_comparison(), cell.versions_between),
                instances(&cell.instances)
            ));
        }
    }
    lines.join("\n")
}
