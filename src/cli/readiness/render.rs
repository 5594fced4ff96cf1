//! A verdict as text: its conditions with marks, reasons and what to do.

use jiff::Timestamp;

use crate::{
    cli::{labels, moment, style::Style},
    pb,
};

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

/// The mark, the message and since when: `✗ check unit failed (3 h ago)`. Without a message, the reason.
fn headline(condition: &pb::Condition, now: Timestamp) -> String {
    let (mark, style) = match condition.status() {
        pb::ConditionStatus::True => ("✓", Style::Good),
        pb::ConditionStatus::False => ("✗", Style::Bad),
        pb::ConditionStatus::Unknown => ("?", Style::Open),
        pb::ConditionStatus::Unspecified => ("?", Style::Plain),
    };
    let message = match condition.message.as_str() {
        "" => labels::reason(condition),
        message => message.to_owned(),
    };
    let since = match moment::when(condition.since, now).as_str() {
        "" => String::new(),
        since => format!("({since})"),
    };
    [
        style.paint(mark),
        Style::Plain.paint(&message),
        Style::Faint.paint(&since),
    ]
    .into_iter()
    .filter(|part| !part.is_empty())
    .collect::<Vec<_>>()
    .join(" ")
}
