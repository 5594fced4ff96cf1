//! A verdict as text: its conditions with marks, reasons and what to do.

use jiff::Timestamp;

use crate::pb;

use super::super::style::Style;
use super::super::{labels, moment};

pub(super) fn text(answer: &pb::CheckReadinessResponse, now: Timestamp) -> String {
    let version = answer.version.clone().unwrap_or_default();
    let mut text = format!(
        "{}  {} {}",
        labels::readiness(answer.readiness),
        Style::Strong.paint(&version.product_name),
        Style::Strong.paint(&version.version),
    );
    if !answer.environment_name.is_empty() {
        text.push_str(&format!(
            " for {}",
            Style::Strong.paint(&answer.environment_name)
        ));
    }
    text.push_str("\n\n");
    for condition in &answer.conditions {
        text.push_str(&format!("  {}\n", headline(condition, now)));
        for (name, detail) in [("do", &condition.remedy), ("see", &condition.evidence_url)] {
            if !detail.is_empty() {
                let name = Style::Faint.paint(&format!("{name}:"));
                text.push_str(&format!("      {name} {}\n", Style::Plain.paint(detail)));
            }
        }
    }
    text
}

/// The mark, what is said, why and since when: `✗ check unit failed (check failed, 3 h ago)`.
fn headline(condition: &pb::Condition, now: Timestamp) -> String {
    let (mark, style) = match condition.status() {
        pb::ConditionStatus::True => ("✓", Style::Good),
        pb::ConditionStatus::False => ("✗", Style::Bad),
        pb::ConditionStatus::Unknown => ("?", Style::Open),
        pb::ConditionStatus::Unspecified => ("?", Style::Plain),
    };
    let said = match condition.message.as_str() {
        "" => &condition.check_name,
        message => message,
    };
    let reason = labels::label::<pb::ConditionReason>(condition.reason);
    let since = moment::when(condition.since, now);
    let because = match since.as_str() {
        "" => format!("({reason})"),
        since => format!("({reason}, {since})"),
    };
    [
        style.paint(mark),
        Style::Plain.paint(said),
        Style::Faint.paint(&because),
    ]
    .into_iter()
    .filter(|part| !part.is_empty())
    .collect::<Vec<_>>()
    .join(" ")
}
