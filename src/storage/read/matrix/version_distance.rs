//! Counts the versions that lie between two (R11, R13).

use std::collections::HashMap;

use sqlx::FromRow;

use crate::{
    domain::{deployment::Rank, matrix::MatrixRow},
    storage::{
        Store,
        engine::{
            deferred_indexing,
            error::Error,
            sql::{Column, Rows, Sql},
        },
    },
};

/// A product, an environment, and the versions to count between, lower one first.
type Span = (i64, i64, [Rank; 2]);

#[derive(FromRow)]
struct CountRow {
    product_id: i64,
    environment_id: i64,
    versions: i64,
}

const BY_PRECEDENCE: &[Column] = &[
    Column::Int("product_id"),
    Column::Int("environment_id"),
    Column::Int("low_at_us"),
    Column::Text("low_version"),
    Column::Int("high_at_us"),
    Column::Text("high_version"),
    Column::Bytes("low_precedence"),
    Column::Bytes("high_precedence"),
];
const BY_TIME: &[Column] = BY_PRECEDENCE.split_at(6).0;

impl Store {
    /// Fills in how many versions lie between, of those that there were by then.
    pub(super) async fn count_between(
        &self,
        as_of_us: Option<i64>,
        spans: Vec<Span>,
        rows: &mut [MatrixRow],
    ) -> Result<(), Error> {
        let mut by_precedence = Rows::new(BY_PRECEDENCE);
        let mut by_time = Rows::new(BY_TIME);
        for (product_id, environment_id, [low, high]) in spans {
            let is_numbered = low.is_numbered_like(&high);
            let mut row = vec![
                product_id.into(),
                environment_id.into(),
                low.created_at_us.into(),
                low.version.into(),
                high.created_at_us.into(),
                high.version.into(),
            ];
            if is_numbered {
                row.extend([low.precedence.into(), high.precedence.into()]);
                by_precedence.add(row);
            } else {
                by_time.add(row);
            }
        }
        let mut counts = HashMap::new();
        for (spans, condition) in [
            (
                by_precedence,
                "(v.precedence, v.created_at_us, v.version)
                     > (k.low_precedence, k.low_at_us, k.low_version)
                 and (v.precedence, v.created_at_us, v.version)
                     < (k.high_precedence, k.high_at_us, k.high_version)",
            ),
            (
                by_time,
                "(v.created_at_us, v.version) > (k.low_at_us, k.low_version)
                 and (v.created_at_us, v.version) < (k.high_at_us, k.high_version)",
            ),
        ] {
            for part in spans.parts(self.engine()) {
                let mut sql = Sql::with(
                    self.engine(),
                    "k",
                    part,
                    "select k.product_id, k.environment_id, 0",
                );
                for part in deferred_indexing::parts(self.engine(), "v") {
                    sql = sql
                        .push("\n + (select count(*) from versions v\n    where ")
                        .push(&part)
                        .push(" and v.product_id = k.product_id and ")
                        .push(condition);
                    if let Some(at_us) = as_of_us {
                        sql = sql.push(" and v.created_at_us <= ").bind(at_us);
                    }
                    sql = sql.push(")");
                }
                let sql = sql.push(" as versions\nfrom k");
                for row in self.pool().fetch::<CountRow>(sql).await? {
                    counts.insert((row.product_id, row.environment_id), row.versions);
                }
            }
        }
        for row in rows {
            for cell in &mut row.cells {
                let key = (row.product_id, cell.environment_id);
                cell.versions_between = counts.get(&key).copied().unwrap_or(0);
            }
        }
        Ok(())
    }
}
