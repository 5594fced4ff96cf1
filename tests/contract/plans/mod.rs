//! How each question is answered, on both engines: by an index, at a cost that does not grow with what
//! is stored. Knows no rule.
//!
//! Both engines are asked the same on some 50,000 rows. SQLite tells the plan of each statement: no table
//! and no whole index is read, nothing is sorted but what is few, and a deep page is reached by a search
//! that begins behind the row before it. Postgres tells what each step came to: the rows and pages that
//! were read are within a bound that does not depend on how many there are.
//!
//! | not asked, or with a wider bound | because |
//! | --- | --- |
//! | without a product: branch, builder, source system, identifier and its beginning, instance, deployer, class, name and kind of a check; highest first | no index is promised |
//! | highest first by repository, builder or source system, or in a span of time | the index of a filter has the order of time; Postgres chooses by its counts, SQLite walks by precedence |
//! | the beginning of an identifier, current deployments, a commit, a run, a version | what fits is sorted: it costs as much as fits, not as much as is stored |
//! | completed ones | most are: found in the order of time, passing over what is not completed in between |
//! | several filters on SQLite | it knows no value's count: an identifier, a commit, a run and what is current lead, the others in a fixed order |
//! | entries of some types | found in the order of the log among those of the product, environment or version |
//! | the matrix without a product | goes through products by name to those deployed there, and counts the versions that lie between |
//! | statistics | read the roll-ups of the span, and up to 100,000 durations |
//! | pending versions and builds (deferred indexing), on SQLite | are few: looked through by the index that has them alone, and sorted |
//! | a late event, and a gate recorded in several forms | its whole stream is folded |
//! | a deletion | costs what is deleted |

mod asking;
mod fill;
mod lists;
mod points;
mod postgres;
mod sqlite;
mod statements;
mod writing;

use self::asking::Plans;
use crate::database::Database;

/// Every question, on one engine.
pub(crate) async fn every_question_is_answered_by_an_index(database: Database) {
    let plans = Plans::of(database).await;
    lists::versions(&plans).await;
    lists::builds(&plans).await;
    lists::deployments(&plans).await;
    lists::checks(&plans).await;
    points::log(&plans).await;
    points::catalogue(&plans).await;
    points::places(&plans).await;
    points::things(&plans).await;
    points::latest(&plans).await;
    points::readiness(&plans).await;
    points::statistics(&plans).await;
    writing::writer(&plans).await;
    plans.end().await;
}
