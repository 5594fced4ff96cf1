//! A cell of the matrix as text with marks, and the legend of the marks.

use crate::{
    cli::{moment, style::Style},
    pb,
};

/// The lines of a cell: one for each instance, the comparison with the baseline on the first.
pub(super) fn lines(cell: &pb::MatrixCell, legend: &mut Legend) -> Vec<String> {
    let mut comparison = comparison(cell);
    legend.has_comparison |= comparison.is_some();
    cell.instances
        .iter()
        .map(|instance| line(instance, comparison.take(), legend))
        .collect()
}

fn line(instance: &pb::MatrixInstance, comparison: Option<String>, legend: &mut Legend) -> String {
    let mut parts = Vec::new();
    if !instance.instance.is_empty() {
        parts.push(Style::Faint.paint(&format!("{}:", instance.instance)));
    }
    parts.push(match &instance.current {
        Some(current) => Style::Plain.paint(&current.version),
        None => Style::Faint.paint("nothing"),
    });
    parts.extend(comparison);
    if let Some(deployment) = in_progress(instance) {
        legend.has_in_progress = true;
        parts.push(Style::Open.paint(&format!("→ {}", version_in_progress(deployment))));
    }
    if let Some(failed) = failed_since(instance) {
        legend.has_failed = true;
        parts.push(Style::Bad.paint(&format!("✗ {}", failed.version)));
    }
    parts.join(" ")
}

pub(super) fn in_progress(instance: &pb::MatrixInstance) -> Option<&pb::DeploymentSummary> {
    instance.in_progress.as_ref()
}

/// The version of a deployment that has not finished, with a remark if it is stale.
pub(super) fn version_in_progress(deployment: &pb::DeploymentSummary) -> String {
    let stale = if deployment.stale { " (stale)" } else { "" };
    format!("{}{stale}", deployment.version)
}

/// The deployment that failed after the current one was completed.
pub(super) fn failed_since(instance: &pb::MatrixInstance) -> Option<&pb::DeploymentSummary> {
    let finished = |summary: &pb::DeploymentSummary| moment::jiff_time(summary.completed_at);
    let failed = instance.last_failed.as_ref()?;
    let current = instance.current.as_ref().and_then(finished);
    (finished(failed) > current).then_some(failed)
}

/// How a cell compares with the baseline; none without a baseline.
pub(super) fn comparison(cell: &pb::MatrixCell) -> Option<String> {
    // The two ends are not counted, so the next version has none between.
    let versions = cell.versions_between.saturating_add(1);
    Some(match cell.baseline_comparison() {
        pb::BaselineComparison::Unspecified => return None,
        pb::BaselineComparison::Same => Style::Good.paint("="),
        pb::BaselineComparison::Ahead => Style::Open.paint(&format!("▲{versions}")),
        pb::BaselineComparison::Behind => Style::Open.paint(&format!("▼{versions}")),
        pb::BaselineComparison::Mixed => Style::Open.paint("≠"),
        pb::BaselineComparison::Unknown => Style::Faint.paint("?"),
    })
}

/// Explains the marks that were used.
#[derive(Default)]
pub(super) struct Legend {
    has_in_progress: bool,
    has_failed: bool,
    has_comparison: bool,
}

impl Legend {
    pub(super) fn text(&self, baseline: Option<&str>) -> String {
        let mut lines = Vec::new();
        if self.has_in_progress {
            lines.push("→ is being deployed".to_owned());
        }
        if self.has_failed {
            lines.push("✗ deployment failed since".to_owned());
        }
        if let (true, Some(baseline)) = (self.has_comparison, baseline) {
            lines.push(format!(
                "against {baseline}: = same, ▲n ahead by n versions, ▼n behind, ≠ instances differ, ? unknown"
            ));
        }
        if lines.is_empty() {
            return String::new();
        }
        let lines = lines.iter().map(|line| Style::Faint.paint(line) + "\n");
        format!("\n{}", lines.collect::<String>())
    }
}
