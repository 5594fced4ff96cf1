//! Reads SQLite's plans. It counts no rows, so a plan is the same for an empty store and for a large one.

/// The tables of the store.
const TABLES: [&str; 12] = [
    "versions",
    "builds",
    "deployments",
    "check_runs",
    "event_log",
    "products",
    "product_names",
    "environments",
    "environment_names",
    "build_series",
    "build_rollups",
    "log_head",
];

/// The ending of the indexes of pending rows, which are few.
const PENDING: &str = "_pending";

/// What a plan may do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Allowed {
    /// A step has to search an index by all of these; none: the list is read from its beginning on.
    pub(crate) keys: Vec<String>,
    /// What was found is sorted: it is few.
    pub(crate) sorts: bool,
    /// An index may be read from its beginning on: a page of the list ends it.
    pub(crate) whole: bool,
}

impl Allowed {
    /// What is wrong with the plans of some statements, of which one has to search by the keys.
    pub(crate) fn offences(&self, plans: &[(String, Vec<String>)]) -> Vec<String> {
        let mut offences = Vec::new();
        for (text, steps) in plans {
            for (at, step) in steps.iter().enumerate() {
                if let Some(offence) = self.offence(text, step, &steps[..at]) {
                    offences.push(format!("{offence}: {step}\n{steps:#?}\n{text}"));
                }
            }
            let asked = ["v", "r", "t"].map(|alias| format!("not {alias}.indexed"));
            let asked: usize = asked.iter().map(|part| text.matches(part).count()).sum();
            let finds_pending = |step: &&String| {
                step.contains(PENDING)
                    || step.contains("versions_identifier (product_id=? AND version")
            };
            if steps.iter().filter(finds_pending).count() < asked {
                offences.push(format!(
                    "does not find the pending rows by an index:\n{steps:#?}\n{text}"
                ));
            }
        }
        let mut steps = plans.iter().flat_map(|(_, steps)| steps);
        let is_led = |step: &String| {
            step.starts_with("SEARCH")
                && !step.contains(PENDING)
                && self.keys.iter().all(|key| step.contains(key.as_str()))
        };
        if !self.keys.is_empty() && !steps.any(is_led) {
            offences.push(format!("searches no index by {:?}:\n{plans:#?}", self.keys));
        }
        offences
    }

    fn offence(&self, text: &str, step: &str, before: &[String]) -> Option<&'static str> {
        if step.starts_with("USE TEMP B-TREE") {
            let part = before.iter().rev();
            let mut part = part.take_while(|step| !["LEFT", "RIGHT"].contains(&step.as_str()));
            let is_of_few = part.any(|step| step.contains(PENDING));
            return (!self.sorts && !is_of_few).then_some("sorts");
        }
        let (how, what) = step.split_once(' ')?;
        let alias = what.split(' ').next()?;
        if !is_table(text, alias) {
            return None;
        }
        if step.contains("AUTOMATIC") {
            return Some("makes an index for itself");
        }
        match how {
            "SCAN" if !step.contains(" INDEX ") => Some("reads a table"),
            "SCAN" if step.contains(PENDING) => None,
            "SCAN" if !self.whole => Some("reads a whole index"),
            _ => None,
        }
    }
}

/// Whether this is how a statement calls a table, not a relation of its own.
fn is_table(text: &str, alias: &str) -> bool {
    TABLES.iter().any(|table| {
        let named = format!("{table} {alias}");
        let mut found = text.match_indices(&named);
        alias == *table
            || found.any(|(at, _)| {
                let rest = &text[at + named.len()..];
                !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
            })
    })
}
