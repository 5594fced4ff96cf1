//! The series that roll-ups are of, and their ids.

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use sqlx::FromRow;

use crate::{
    domain::statistics::Finish,
    storage::{
        engine::{
            connection::Connection,
            error::Error,
            sql::{Column, Rows, Sql},
            statement_group::Writes,
        },
        write::writer_cache::Memory,
    },
};

/// What a series is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Names {
    pub(super) product_id: i64,
    /// False: of all branches together.
    pub(super) by_branch: bool,
    scm_branch: String,
    source_system: String,
}

impl Names {
    pub(super) fn by_branch(product_id: i64, finish: &Finish) -> Self {
        Self {
            product_id,
            by_branch: true,
            scm_branch: finish.scm_branch.clone(),
            source_system: finish.source_system.clone(),
        }
    }

    pub(super) fn of_all_branches(product_id: i64, finish: &Finish) -> Self {
        Self {
            by_branch: false,
            scm_branch: String::new(),
            ..Self::by_branch(product_id, finish)
        }
    }

    fn hash(&self) -> Vec<u8> {
        // No name has a control character.
        let names = format!("{}\0{}", self.scm_branch, self.source_system);
        Sha256::digest(names)[..16].to_vec()
    }
}

/// The ids of series.
pub(crate) struct SeriesIds(HashMap<Names, i64>);

#[derive(FromRow)]
struct FoundRow {
    place: i64,
    id: i64,
}

impl SeriesIds {
    pub(super) async fn find_or_make(
        connection: &mut Connection,
        names: impl Iterator<Item = &Names>,
        memory: &mut Memory,
    ) -> Result<Self, Error> {
        let engine = connection.engine();
        let wanted: Vec<&Names> = names.collect();
        let mut keys = Rows::new(&[
            Column::Int("place"),
            Column::Int("product_id"),
            Column::Bool("by_branch"),
            Column::Bytes("names_hash"),
        ]);
        let mut ids: Vec<Option<i64>> = Vec::with_capacity(wanted.len());
        for (place, names) in wanted.iter().enumerate() {
            let known = memory.series.get(*names).copied();
            ids.push(known);
            if known.is_some() {
                continue;
            }
            keys.add([
                (place as i64).into(),
                names.product_id.into(),
                names.by_branch.into(),
                names.hash().into(),
            ]);
        }
        for part in keys.parts(engine) {
            let sql = Sql::with(
                engine,
                "k",
                part,
                "select k.place, s.id
                 from k
                 cross join build_series s
                 where s.product_id = k.product_id and s.by_branch = k.by_branch
                   and s.names_hash = k.names_hash",
            );
            for row in connection.fetch::<FoundRow>(sql).await? {
                let place = usize::try_from(row.place).ok();
                if let Some(id) = place.and_then(|place| ids.get_mut(place)) {
                    *id = Some(row.id);
                }
            }
        }
        if ids.contains(&None) {
            make(connection, &wanted, &mut ids).await?;
        }
        let mut found = HashMap::with_capacity(wanted.len());
        for (names, id) in wanted.into_iter().zip(ids) {
            let Some(id) = id else { continue };
            memory.series.keep(names.clone(), id);
            found.insert(names.clone(), id);
        }
        Ok(Self(found))
    }

    pub(super) fn id(&self, names: &Names) -> Result<i64, Error> {
        let id = self.0.get(names).copied();
        id.ok_or_else(|| Error::fault("a series was not looked up"))
    }

    /// The series of one branch that a finished build of a product is in.
    pub(crate) fn of(&self, product_id: i64, finish: &Finish) -> Result<i64, Error> {
        self.id(&Names::by_branch(product_id, finish))
    }
}

async fn make(
    connection: &mut Connection,
    wanted: &[&Names],
    ids: &mut [Option<i64>],
) -> Result<(), Error> {
    let sql = connection.sql("select coalesce(max(id), 0) from build_series");
    let rows: Vec<(i64,)> = connection.fetch(sql).await?;
    let last_id = rows.first().map_or(0, |row| row.0);
    let mut series = Rows::new(&[
        Column::Int("id"),
        Column::Int("product_id"),
        Column::Bool("by_branch"),
        Column::Text("scm_branch"),
        Column::Text("source_system"),
        Column::Bytes("names_hash"),
    ]);
    let missing = wanted.iter().zip(ids).filter(|(_, id)| id.is_none());
    for ((names, id), new_id) in missing.zip(last_id + 1..) {
        *id = Some(new_id);
        series.add([
            new_id.into(),
            names.product_id.into(),
            names.by_branch.into(),
            names.scm_branch.as_str().into(),
            names.source_system.as_str().into(),
            names.hash().into(),
        ]);
    }
    let mut writes = Writes::new(connection.engine());
    writes.insert("build_series", series, "");
    writes.flush(connection).await
}
