//! The answers of a store, asked for and compared with the recorded ones. Knows no question.

use std::{collections::BTreeMap, fs};

use crate::{
    json::Json,
    program::Program,
    questions,
    store::{Copy, Engine, file},
};

/// The answers of both stores of a version.
const ANSWERS: &str = "answers.json";

/// Every recorded question has its recorded answer.
pub(crate) async fn check(engine: Engine, version: &str) {
    let path = file(version, ANSWERS);
    let recorded = Json::parse(&fs::read_to_string(path).expect("the recorded answers"));
    let copy = Copy::of(engine, version).await;
    let program = Program::start(&copy.url()).await;
    let mut found = Vec::new();
    for recorded in recorded.items() {
        let question = recorded.field("get").and_then(Json::as_text);
        let question = question.expect("a question");
        let pages = recorded.field("pages").expect("the pages of its answer");
        let answer = Json::Array(pages_of(&program, &question).await);
        answer.differences(pages, &question, &mut found);
    }
    program.stop().await;
    assert!(!recorded.items().is_empty(), "nothing is recorded");
    assert!(
        found.is_empty(),
        "answers of the {engine:?} store of {version} are not as recorded:\n{}",
        found.join("\n")
    );
}

/// Asks every question of today, and keeps the answers.
pub(crate) async fn record(engine: Engine, version: &str) {
    let copy = Copy::of(engine, version).await;
    let program = Program::start(&copy.url()).await;
    let mut answers = Vec::new();
    for question in questions::all(&program).await {
        let pages = Json::Array(pages_of(&program, &question).await);
        answers.push(Json::Object(BTreeMap::from([
            ("get".to_owned(), Json::text(&question)),
            ("pages".to_owned(), pages),
        ])));
    }
    program.stop().await;
    let text = Json::Array(answers).written(1) + "\n";
    fs::write(file(version, ANSWERS), text).expect("the answers can be kept");
}

/// The pages of a list, or the one page that any other answer is.
async fn pages_of(program: &Program, question: &str) -> Vec<Json> {
    let mut pages = Vec::new();
    let mut next = question.to_owned();
    loop {
        let page = Json::parse(&program.get(&next).await);
        let token = page.field("next_page_token").and_then(Json::as_text);
        pages.push(page.pinned());
        match token.filter(|token| !token.is_empty()) {
            Some(token) => next = format!("{question}&page_token={token}"),
            None => return pages,
        }
    }
}
