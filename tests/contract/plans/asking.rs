//! Asks a filled store and judges what it did to answer. Knows no list.

use std::{cell::RefCell, collections::HashMap, fmt::Debug};

use versioner::storage::{Engine, Error, List, Page, Store};

use super::{fill, postgres::Budget, sqlite::Allowed, statements};
use crate::database::Database;

/// Rows of a page.
pub(crate) const PAGE: usize = 10;
/// Rows before the page that lies deep in a list.
const DEPTH: usize = 300;
/// What a page may read of Postgres' rows: each with its product, version and environment.
const PAGE_ROWS: u64 = 10 * PAGE as u64;

/// How the rows of a list are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// In the list's order, in a stretch of an index that begins with these columns.
    Walk(&'static str),
    /// The same, where as many rows as this may be passed over that do not fit.
    Passing(&'static str, u64),
    /// By an index that begins with these columns; as many as this may fit, and are sorted.
    Few(&'static str, u64),
    /// No promise: see the exceptions.
    None,
}

/// What is asked besides the rest, and the columns that it has to be found by.
pub(crate) type Setting<Q> = (fn(&mut Q), &'static str);

/// A filled store, what it is asked, and what was wrong.
pub(crate) struct Plans {
    database: Database,
    pub(crate) store: Store,
    steps: RefCell<HashMap<String, Vec<String>>>,
    asked: RefCell<usize>,
    offences: RefCell<Vec<String>>,
}

impl Plans {
    pub(crate) async fn of(database: Database) -> Self {
        let store = database.open().await;
        fill::fill(&store).await;
        store.close().await;
        if store.engine() == Engine::Postgres {
            database.execute("vacuum analyze").await;
            database.explain_everything().await;
        }
        statements::watch();
        let store = database.open().await;
        Self {
            database,
            store,
            steps: RefCell::default(),
            asked: RefCell::default(),
            offences: RefCell::default(),
        }
    }

    pub(crate) fn engine(&self) -> Engine {
        self.store.engine()
    }

    /// The page at the beginning of a list and one deep in it, to which SQLite comes by
    /// a search that also has the bound `behind`.
    pub(crate) async fn list<Q: List + Debug>(&self, query: &Q, way: Way, behind: &str) {
        let (keys, sorts, rows) = match way {
            Way::Walk(keys) => (keys, false, PAGE_ROWS),
            Way::Passing(keys, more) => (keys, false, PAGE_ROWS + more),
            Way::Few(keys, few) => (keys, true, 10 * few),
            Way::None => return,
        };
        let keys: Vec<String> = keys
            .split(' ')
            .filter(|key| !key.is_empty())
            .map(str::to_owned)
            .collect();
        let whole = keys.is_empty();
        let first = Page {
            after: None,
            limit: PAGE,
        };
        let budget = Budget {
            rows,
            blocks: 5 * rows,
        };
        let allowed = Allowed { keys, sorts, whole };
        let asked = async { query.rows(&self.store, first).await.map(drop) };
        self.ask(&format!("{query:?}"), asked, allowed.clone(), budget)
            .await;

        let far = Page {
            limit: DEPTH,
            ..first
        };
        let before = query.rows(&self.store, far).await.unwrap();
        statements::take();
        let Some(last) = before.last() else {
            return;
        };
        let cursor = query.cursor(last);
        let page = Page {
            after: Some(&cursor),
            ..first
        };
        let mut deep = allowed;
        if !sorts {
            // It goes on from there, and passes nothing over.
            deep.keys.push(behind.to_owned());
        }
        let asked = async { query.rows(&self.store, page).await.map(drop) };
        self.ask(&format!("deep in {query:?}"), asked, deep, budget)
            .await;
    }

    /// Notes what is wrong with how the store answers.
    pub(crate) async fn ask(
        &self,
        what: &str,
        asked: impl Future<Output = Result<(), Error>>,
        allowed: Allowed,
        budget: Budget,
    ) {
        statements::take();
        asked
            .await
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        let seen = statements::take();
        *self.asked.borrow_mut() += 1;
        let offences = match self.engine() {
            Engine::Sqlite => {
                let mut plans = Vec::new();
                for text in seen.texts {
                    let steps = self.steps_of(&text).await;
                    plans.push((text, steps));
                }
                match plans.is_empty() {
                    true => vec!["runs no statement".to_owned()],
                    false => allowed.offences(&plans),
                }
            }
            Engine::Postgres => match seen.plans.is_empty() {
                true => vec!["has no plan".to_owned()],
                false => budget.offences(&seen.plans),
            },
        };
        let mut all = self.offences.borrow_mut();
        all.extend(
            offences
                .into_iter()
                .map(|offence| format!("{what}: {offence}")),
        );
    }

    /// Tells all that was wrong.
    pub(crate) async fn end(self) {
        self.store.close().await;
        let offences = self.offences.into_inner();
        assert!(
            offences.is_empty(),
            "{} of {} questions:\n\n{}",
            offences.len(),
            self.asked.into_inner(),
            offences.join("\n\n")
        );
    }

    async fn steps_of(&self, text: &str) -> Vec<String> {
        if let Some(steps) = self.steps.borrow().get(text) {
            return steps.clone();
        }
        let steps = match text.split_whitespace().next() {
            Some("begin" | "commit" | "rollback") => Vec::new(),
            _ => self.database.sqlite_plan(text).await,
        };
        self.steps
            .borrow_mut()
            .insert(text.to_owned(), steps.clone());
        steps
    }
}
