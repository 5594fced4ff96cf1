//! Stories over gRPC: generated clients against the real server, on SQLite and where an engine could make a
//! difference on Postgres too.

/// Stamps stories for each engine; one that is left off the list is dead code.
macro_rules! on_both_engines {
    ($($story:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test]
                async fn $story() {
                    super::$story($crate::story::Story::on_sqlite().await).await;
                }
            )*
        }

        mod postgres {
            $(
                #[tokio::test]
                async fn $story() {
                    super::$story($crate::story::Story::on_postgres().await).await;
                }
            )*
        }
    };
}

#[path = "../support/mod.rs"]
mod support;

mod facts;
mod places;
mod raw;
#[macro_use]
mod refusal;
mod story;

mod batch;
mod builds;
mod checks;
mod choices;
mod commits;
mod deployments;
mod discovery;
mod environments;
mod fields;
mod latest;
mod log;
mod matrix;
mod metadata;
mod names;
mod numbers;
mod pages;
mod payloads;
mod products;
mod readiness;
mod references;
mod repeats;
mod requirements;
mod rules;
mod size;
mod standings;
mod statistics;
mod submit;
mod submit_stream;
mod times;
mod trace;
mod versions;
mod watch;
mod watch_filters;
