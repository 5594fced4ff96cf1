//! Reads Postgres' plans, made by its counts of rows, with what each step came to.

use serde_json::Value;

/// The table of one row.
const HEAD: &str = "log_head";

/// What a statement went through.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Work {
    /// Rows that were read, whether they fit or not.
    pub(crate) rows: u64,
    /// Pages that were read.
    pub(crate) blocks: u64,
}

/// The most that a question may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    pub(crate) rows: u64,
    pub(crate) blocks: u64,
}

impl Budget {
    /// What is wrong with the plans of the statements that answered a question.
    pub(crate) fn offences(self, plans: &[Value]) -> Vec<String> {
        let mut offences = Vec::new();
        let mut all = Work::default();
        for plan in plans {
            let root = &plan["Plan"];
            let mut work = Work::default();
            let mut steps = vec![root];
            while let Some(step) = steps.pop() {
                steps.extend(step["Plans"].as_array().into_iter().flatten());
                work.rows += rows_read(step);
            }
            work.blocks = number(root, "Shared Hit Blocks") + number(root, "Shared Read Blocks");
            all.rows += work.rows;
            all.blocks += work.blocks;
        }
        if all.rows > self.rows || all.blocks > self.blocks {
            let plans: Vec<String> = plans.iter().map(told).collect();
            offences.push(format!(
                "{} rows of {} and {} pages of {} were read\n{}",
                all.rows,
                self.rows,
                all.blocks,
                self.blocks,
                plans.join("\n")
            ));
        }
        offences
    }
}

fn rows_read(step: &Value) -> u64 {
    let kind = step["Node Type"].as_str().unwrap_or_default();
    let mut rows = number(step, "Rows Removed by Join Filter");
    let is_relation = step["Relation Name"]
        .as_str()
        .is_some_and(|name| name != HEAD);
    if kind == "Bitmap Index Scan" {
        rows += number(step, "Actual Rows");
    } else if is_relation && kind.contains("Scan") {
        rows += number(step, "Actual Rows")
            + number(step, "Rows Removed by Filter")
            + number(step, "Rows Removed by Index Recheck");
    }
    rows * number(step, "Actual Loops")
}

fn number(step: &Value, name: &str) -> u64 {
    step[name].as_f64().unwrap_or(0.0) as u64
}

/// A statement and its steps, one a line.
fn told(plan: &Value) -> String {
    fn add(step: &Value, depth: usize, text: &mut String) {
        let word = |name: &str| match &step[name] {
            Value::Null => String::new(),
            Value::String(word) => format!(" {word}"),
            other => format!(" {other}"),
        };
        text.push_str(&format!(
            "\n{:indent$}{}{}{} rows={} loops={} removed={}{}{}{} blocks={}",
            "",
            word("Node Type"),
            word("Relation Name"),
            word("Index Name"),
            word("Actual Rows"),
            word("Actual Loops"),
            word("Rows Removed by Filter"),
            word("Rows Removed by Join Filter"),
            word("Index Cond"),
            word("Filter"),
            word("Shared Hit Blocks"),
            indent = 2 * depth,
        ));
        for step in step["Plans"].as_array().into_iter().flatten() {
            add(step, depth + 1, text);
        }
    }
    let mut text = plan["Query Text"].as_str().unwrap_or_default().to_owned();
    add(&plan["Plan"], 1, &mut text);
    text
}
