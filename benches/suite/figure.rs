//! Figures, the goals that they are held against, and how they are printed. Knows nothing of how they came about.

use std::fmt::Write;

use serde::Serialize;
use serde_json::json;

use crate::{Result, effort::Effort, load::median, machine::Machine};

/// What a figure has to reach, and what to go on to from there.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Goal {
    reach: f64,
    go_on_to: f64,
    more_is_better: bool,
}

impl Goal {
    pub(crate) const fn at_least(reach: f64, go_on_to: f64) -> Goal {
        Goal {
            reach,
            go_on_to,
            more_is_better: true,
        }
    }

    pub(crate) const fn at_most(reach: f64, go_on_to: f64) -> Goal {
        Goal {
            reach,
            go_on_to,
            more_is_better: false,
        }
    }

    fn verdict(self, found: f64) -> &'static str {
        let keeps = |bound| match self.more_is_better {
            true => found >= bound,
            false => found <= bound,
        };
        match (keeps(self.go_on_to), keeps(self.reach)) {
            (true, _) => "beyond",
            (_, true) => "reached",
            _ => "missed",
        }
    }
}

/// A median, and where it has a ceiling, its ratio to that.
#[derive(Serialize)]
pub(crate) struct Figure {
    name: String,
    unit: &'static str,
    median: f64,
    beside: Option<Beside>,
    goal: Option<Goal>,
    verdict: Option<&'static str>,
    /// What was measured along with it: name and value.
    details: Vec<(String, f64)>,
    /// Why there is no figure, or what to know about it.
    note: Option<String>,
}

/// What a figure is compared with.
#[derive(Serialize)]
struct Beside {
    name: String,
    median: f64,
    /// The median of the ratios of each round, with the lowest and the highest.
    ratio: f64,
    lowest: f64,
    highest: f64,
}

impl Figure {
    /// A figure of its own, in this unit.
    pub(crate) fn alone(name: impl Into<String>, unit: &'static str, found: &[f64]) -> Figure {
        Figure {
            name: name.into(),
            unit,
            median: median(found),
            beside: None,
            goal: None,
            verdict: None,
            details: Vec::new(),
            note: None,
        }
    }

    /// Compares it, round by round, with what was found for `name` in the same rounds.
    pub(crate) fn beside(mut self, name: impl Into<String>, own: &[f64], other: &[f64]) -> Figure {
        let ratios: Vec<f64> = own
            .iter()
            .zip(other)
            .map(|(own, other)| own / other)
            .collect();
        self.beside = Some(Beside {
            name: name.into(),
            median: median(other),
            ratio: median(&ratios),
            lowest: ratios.iter().copied().fold(f64::INFINITY, f64::min),
            highest: ratios.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        });
        self
    }

    /// Holds the ratio against a goal, or the figure itself where it has no ratio.
    pub(crate) fn goal(mut self, goal: Goal) -> Figure {
        let found = self
            .beside
            .as_ref()
            .map_or(self.median, |beside| beside.ratio);
        self.verdict = Some(goal.verdict(found));
        self.goal = Some(goal);
        self
    }

    pub(crate) fn detail(mut self, name: impl Into<String>, value: f64) -> Figure {
        self.details.push((name.into(), value));
        self
    }

    pub(crate) fn note(mut self, note: impl Into<String>) -> Figure {
        self.note = Some(note.into());
        self
    }

    /// There is none, for this reason.
    pub(crate) fn missing(name: impl Into<String>, why: impl Into<String>) -> Figure {
        Figure::alone(name, "", &[]).note(why)
    }
}

/// As a table in Markdown.
pub(crate) fn table(machine: &Machine, effort: &Effort, figures: &[Figure]) -> String {
    let mut rows = vec![
        [
            "figure",
            "median",
            "beside",
            "its median",
            "ratio",
            "lowest–highest",
            "reach",
            "go on to",
            "",
            "along with it",
        ]
        .map(str::to_owned),
    ];
    rows.extend(figures.iter().map(row));
    let widths: [usize; 10] = std::array::from_fn(|at| {
        rows.iter()
            .map(|row| row[at].chars().count())
            .max()
            .unwrap_or(0)
    });
    let mut text = format!("\n{} Effort: {}.\n\n", machine.sentence(), effort.name);
    for (at, row) in rows.iter().enumerate() {
        line(
            &mut text,
            row.iter()
                .zip(widths)
                .map(|(cell, width)| format!("{cell:width$}")),
        );
        if at == 0 {
            line(
                &mut text,
                widths.iter().map(|width| "-".repeat((*width).max(3))),
            );
        }
    }
    text
}

fn line(text: &mut String, cells: impl Iterator<Item = String>) {
    for cell in cells {
        text.push_str("| ");
        text.push_str(&cell);
        text.push(' ');
    }
    text.push_str("|\n");
}

fn row(figure: &Figure) -> [String; 10] {
    let beside = figure.beside.as_ref();
    let bound = |bound: fn(&Goal) -> f64| {
        figure.goal.as_ref().map_or(String::new(), |goal| {
            let sign = if goal.more_is_better { "≥" } else { "≤" };
            format!("{sign} {}", bound(goal))
        })
    };
    let mut along = String::new();
    for (name, value) in &figure.details {
        let _ = write!(along, "{name} {}, ", short(*value));
    }
    along.push_str(figure.note.as_deref().unwrap_or_default());
    [
        figure.name.clone(),
        match figure.median.is_nan() {
            true => String::new(),
            false => format!("{} {}", short(figure.median), figure.unit),
        },
        beside.map_or(String::new(), |beside| beside.name.clone()),
        beside.map_or(String::new(), |beside| short(beside.median)),
        beside.map_or(String::new(), |beside| format!("{:.2}", beside.ratio)),
        beside.map_or(String::new(), |beside| {
            format!("{:.2}–{:.2}", beside.lowest, beside.highest)
        }),
        bound(|goal| goal.reach),
        bound(|goal| goal.go_on_to),
        figure.verdict.unwrap_or_default().to_owned(),
        along.trim_end_matches([' ', ',']).to_owned(),
    ]
}

/// Three digits that count.
fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

pub(crate) fn json(machine: &Machine, effort: &Effort, figures: &[Figure]) -> Result<String> {
    let all = json!({ "machine": machine, "effort": effort.name, "figures": figures });
    Ok(serde_json::to_string_pretty(&all)?)
}
