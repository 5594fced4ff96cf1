//! The questions, as calls for a given history. Knows the contract, and what the history holds; each has an answer
//! of the same size whatever the history's size, where that is possible.

mod lists;
mod overview;
mod single;
mod versions;

use prost::{Message, bytes::Bytes};

use crate::{
    Result,
    client::{Client, frame},
    history::{ENVIRONMENTS, History, scatter},
};

/// Different versions that a question is asked about, in turn.
const KEYS: u64 = 50;
const PAGE: i32 = 50;

/// One question, with a call for each thing that it is asked about.
pub(super) struct Question {
    pub(super) name: String,
    pub(super) path: &'static str,
    pub(super) framed: Vec<Bytes>,
    /// Whether an index is promised that serves it at any size.
    pub(super) is_indexed: bool,
}

/// The same ones in the same order for every history.
pub(super) async fn all(client: &Client, history: History) -> Result<Vec<Question>> {
    let mut questions = single::questions(client, history).await?;
    questions.extend(versions::questions(history));
    questions.extend(versions::deep_pages(client, history).await?);
    questions.extend(lists::questions(history));
    questions.extend(overview::questions(history));
    Ok(questions)
}

impl Question {
    fn new(name: impl Into<String>, path: &'static str, framed: Vec<Bytes>) -> Question {
        Question {
            name: name.into(),
            path,
            framed,
            is_indexed: true,
        }
    }

    /// One call, whose request is filled in by `fill`.
    fn one<M: Message + Default>(
        name: impl Into<String>,
        path: &'static str,
        fill: impl FnOnce(&mut M),
    ) -> Question {
        Question::new(name, path, vec![request(fill)])
    }
}

fn request<M: Message + Default>(fill: impl FnOnce(&mut M)) -> Bytes {
    let mut request = M::default();
    fill(&mut request);
    frame(&request)
}

/// Versions anywhere in the history but among its first ones, which are different; each with all that a version
/// can have.
fn keys(history: History) -> impl Iterator<Item = u64> {
    let first = history.versions / 10;
    (0..KEYS)
        .map(move |key| first + scatter(key) % (history.versions - first))
        .map(|nth| nth - nth % History::FULL_EVERY)
}

fn production() -> String {
    ENVIRONMENTS[2].to_owned()
}

fn half_s(history: History) -> i64 {
    i64::midpoint(history.begins_s(), history.ends_s())
}
