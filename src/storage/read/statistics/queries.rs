//! The statements that statistics are read with: which roll-ups and builds are in the
//! scope of a question, and in which buckets of its span.

use crate::{
    domain::{
        rules::MAX_TIME_US,
        statistics::{Grouping, StatisticsQuery, Stretch, Width, cover},
        status::Status,
    },
    storage::{
        engine::sql::{Column, Engine, Rows, Sql},
        write::rollups::DURATIONS_COLUMNS,
    },
};

/// Stretches that one statement takes: SQLite binds 32,766 values. More are needed only
/// for spans of centuries.
const MAX_STRETCHES: usize = 6_000;

/// The buckets of a span, and what they are put together from.
pub(super) struct Spans {
    from_us: i64,
    to_us: i64,
    buckets: usize,
    stretches: Vec<(usize, Stretch)>,
    edges: Vec<(usize, (i64, i64))>,
}

impl Spans {
    pub(super) fn of(bounds_us: &[i64]) -> Self {
        // Nothing ever happens outside of these times.
        let within = |at_us: &i64| (*at_us).clamp(0, MAX_TIME_US + 1);
        let bounds_us: Vec<i64> = bounds_us.iter().map(within).collect();
        let mut spans = Self {
            from_us: bounds_us.first().copied().unwrap_or(0),
            to_us: bounds_us.last().copied().unwrap_or(0),
            buckets: bounds_us.len().saturating_sub(1),
            stretches: Vec::new(),
            edges: Vec::new(),
        };
        for (bucket, bounds) in bounds_us.windows(2).enumerate() {
            let cover = cover(bounds[0], bounds[1]);
            spans
                .stretches
                .extend(cover.stretches.into_iter().map(|s| (bucket, s)));
            spans
                .edges
                .extend(cover.edges.into_iter().map(|e| (bucket, e)));
        }
        spans
    }

    pub(super) fn buckets(&self) -> usize {
        self.buckets
    }

    /// The roll-ups of the widest width that the span touches: from, and to exclusive.
    fn longest(&self) -> (i64, i64) {
        let first = Width::LONGEST.bucket(self.from_us);
        (first, Width::LONGEST.bucket(self.to_us - 1) + 1)
    }

    fn stretch_rows(stretches: &[(usize, Stretch)]) -> Rows {
        let mut rows = Rows::new(&[
            Column::Int("part"),
            Column::Int("width"),
            Column::Int("first_bucket"),
            Column::Int("end_bucket"),
        ]);
        for (bucket, stretch) in stretches {
            rows.add([
                (*bucket as i64).into(),
                stretch.width.code().into(),
                stretch.first.into(),
                stretch.end.into(),
            ]);
        }
        rows
    }

    fn edge_rows(edges: &[(usize, (i64, i64))]) -> Rows {
        let mut rows = Rows::new(&[
            Column::Int("part"),
            Column::Int("long_bucket"),
            Column::Int("from_us"),
            Column::Int("to_us"),
        ]);
        for (bucket, (from_us, to_us)) in edges {
            rows.add([
                (*bucket as i64).into(),
                Width::LONGEST.bucket(*from_us).into(),
                (*from_us).into(),
                (*to_us).into(),
            ]);
        }
        rows
    }
}

/// Which builds a question is about.
pub(super) struct Scope<'a> {
    engine: Engine,
    query: &'a StatisticsQuery,
    product_id: Option<i64>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(engine: Engine, query: &'a StatisticsQuery, product_id: Option<i64>) -> Self {
        Self {
            engine,
            query,
            product_id,
        }
    }

    /// How many builds there are by group, bucket and status. One statement, but for
    /// spans of centuries: what it tells is of one moment.
    pub(super) fn counts(&self, spans: &Spans) -> Vec<Sql> {
        let mut chunks = spans.stretches.chunks(MAX_STRETCHES);
        let first = chunks.next().unwrap_or_default();
        let mut sql = Sql::new(self.engine, "with s as (");
        sql = self.series(sql, spans).push(")");
        if !first.is_empty() {
            sql = sql.push(", ").relation("k", Spans::stretch_rows(first));
        }
        if !spans.edges.is_empty() {
            sql = sql.push(", ").relation("e", Spans::edge_rows(&spans.edges));
        }
        sql = self.unfinished(sql.push("\n"), spans);
        if !first.is_empty() {
            sql = self.count_rollups(sql.push("\nunion all\n"));
        }
        if !spans.edges.is_empty() {
            sql = sql.push("\nunion all\nselect ").push(self.name()).push(
                " as name, e.part, cast(null as bigint) as at_us, b.status, count(*) as builds,
                  count(b.duration_us) as durations
                 from products p
                 cross join e
                 cross join build_rollups d
                 cross join build_series x",
            );
            sql = sql.push(from_edges(self.engine));
            sql = self.and_series_of_branches(sql).push("\ngroup by 1, 2, 4");
        }
        let mut statements = vec![sql];
        for chunk in chunks {
            let sql = self.series(Sql::new(self.engine, "with s as ("), spans);
            let sql = sql.push("), ").relation("k", Spans::stretch_rows(chunk));
            statements.push(self.count_rollups(sql.push("\n")));
        }
        statements
    }

    fn count_rollups(&self, sql: Sql) -> Sql {
        sql.push(
            "select s.name, k.part, cast(null as bigint) as at_us, r.status,
                    cast(sum(r.build_count) as bigint) as builds,
                    cast(sum(r.duration_count) as bigint) as durations",
        )
        .push(from_rollups(self.engine))
        .push("\ngroup by 1, 2, 4")
    }

    /// The durations of builds that finished in the span, as a text for each group and
    /// stretch of time; with `dated`, each after the moment of the finish.
    pub(super) fn durations(&self, spans: &Spans, dated: bool) -> Sql {
        let (first, end) = spans.longest();
        let width_us = Width::LONGEST.us();
        let sql = Sql::new(self.engine, "with w as (select ")
            .push(self.name())
            .push(&format!(
                " as name, x.id as series_id, d.status,
                  case when d.bucket * {width_us} < "
            ))
            .bind(spans.from_us)
            .push(" then ")
            .bind(spans.from_us)
            .push(&format!(
                " else d.bucket * {width_us} end as from_us,
                  case when (d.bucket + 1) * {width_us} > "
            ))
            .bind(spans.to_us)
            .push(" then ")
            .bind(spans.to_us)
            .push(&format!(
                " else (d.bucket + 1) * {width_us} end as to_us
                 from products p
                 cross join build_rollups d
                 cross join build_series x
                 where d.bucket >= "
            ))
            .bind(first)
            .push(" and d.bucket < ")
            .bind(end)
            .push(&self.with_duration("d"));
        let text = match dated {
            true => "cast(b.completed_at_us as text) || ' ' || cast(b.duration_us as text)",
            false => "cast(b.duration_us as text)",
        };
        self.and_series_of_branches(sql)
            .push(")\nselect w.name, cast(null as bigint) as part, (select string_agg(")
            .push(text)
            .push(
                ", ',') from builds b
                 where b.series_id = w.series_id and b.status = w.status
                   and b.completed_at_us >= w.from_us and b.completed_at_us < w.to_us
                   and b.duration_us is not null) as durations
                 from w",
            )
    }

    /// The durations of builds that finished where a bucket ends within a quarter of an
    /// hour, as a text for each group and end of a bucket.
    pub(super) fn edge_durations(&self, spans: &Spans) -> Option<Sql> {
        if spans.edges.is_empty() {
            return None;
        }
        let sql = Sql::new(self.engine, "with ")
            .relation("e", Spans::edge_rows(&spans.edges))
            .push("\nselect ")
            .push(self.name())
            .push(
                " as name, e.part, (select string_agg(cast(b.duration_us as text), ',')
                                    from builds b
                                    where b.series_id = x.id and b.status = d.status
                                      and b.completed_at_us >= e.from_us
                                      and b.completed_at_us < e.to_us
                                      and b.duration_us is not null) as durations
                 from products p
                 cross join e
                 cross join build_rollups d
                 cross join build_series x
                 where d.bucket = e.long_bucket",
            )
            .push(&self.with_duration("d"));
        Some(self.and_series_of_branches(sql))
    }

    /// The roll-ups of the span that have durations, by group and bucket.
    pub(super) fn rollups(&self, spans: &Spans) -> Vec<Sql> {
        let chunks = spans.stretches.chunks(MAX_STRETCHES);
        chunks
            .map(|chunk| {
                let sql = self.series(Sql::new(self.engine, "with s as ("), spans);
                sql.push("), ")
                    .relation("k", Spans::stretch_rows(chunk))
                    .push("\nselect s.name, k.part, ")
                    .push(DURATIONS_COLUMNS)
                    .push(from_rollups(self.engine))
                    .push(" and r.duration_count > 0")
                    .push(&self.with_duration("r"))
            })
            .collect()
    }

    /// The series to read, with the group that each is of.
    fn series(&self, sql: Sql, spans: &Spans) -> Sql {
        let by_branch = self.query.scm_branch.is_some() || self.query.grouping == Grouping::Branch;
        if self.query.grouping == Grouping::Branch && self.query.scm_branch.is_none() {
            // Branches come and go: only those that have builds in the span are looked at.
            let (first, end) = spans.longest();
            let sql = sql.push("select distinct p.id as product_id, x.id as series_id, ");
            let sql = sql.push(self.name()).push(
                " as name
                 from products p
                 cross join build_rollups d
                 cross join build_series x
                 where d.bucket >= ",
            );
            let sql = sql.bind(first).push(" and d.bucket < ").bind(end);
            return self.and_series_of_branches(sql);
        }
        let sql = sql.push("select p.id as product_id, x.id as series_id, ");
        let sql = sql.push(self.name()).push(
            " as name
             from products p
             cross join build_series x
             where x.product_id = p.id and x.by_branch = ",
        );
        self.and_filters(sql.bind(by_branch), "p.id", "x")
    }

    /// Unfinished builds. Of one bucket only whether they are stale is told, of several
    /// the moment that each belongs to. (`+ 0` keeps SQLite from an index that has all
    /// builds of a product in the order of their status.)
    fn unfinished(&self, sql: Sql, spans: &Spans) -> Sql {
        const MOMENT: &str = "coalesce(b.started_at_us, b.first_at_us)";
        let name = match self.query.grouping {
            Grouping::None => "''",
            Grouping::Product => "p.name",
            Grouping::Branch => "coalesce(b.scm_branch, '')",
            Grouping::SourceSystem => "coalesce(b.source_system, '')",
        };
        let at_us = match spans.buckets {
            1 => format!("min({MOMENT})"),
            _ => MOMENT.to_owned(),
        };
        let sql = sql
            .push(&format!(
                "select {name} as name, cast(null as bigint) as part, {at_us} as at_us,
                        b.status + 0 as status, count(*) as builds, cast(0 as bigint) as durations
                 from products p
                 cross join builds b
                 where b.product_id = p.id and b.completed_at_us is null and {MOMENT} >= "
            ))
            .bind(spans.from_us)
            .push(&format!(" and {MOMENT} < "))
            .bind(spans.to_us);
        let sql = self.and_filters(sql, "p.id", "b");
        match spans.buckets {
            1 => sql
                .push(&format!("\ngroup by 1, 4, {MOMENT} < "))
                .bind(self.query.stale_before_us),
            _ => sql.push("\ngroup by 1, 3, 4"),
        }
    }

    /// Of roll-ups `d` those of the widest width, with their series `x` of one branch.
    fn and_series_of_branches(&self, sql: Sql) -> Sql {
        let sql = sql.push(
            " and d.product_id = p.id and d.width = 3
               and x.id = d.series_id and x.by_branch = true",
        );
        self.and_filters(sql, "p.id", "x")
    }

    fn and_filters(&self, mut sql: Sql, product_id: &str, names: &str) -> Sql {
        if let Some(id) = self.product_id {
            sql = sql.push(&format!(" and {product_id} = ")).bind(id);
        }
        if let Some(branch) = &self.query.scm_branch {
            let sql_of = sql.push(&format!(" and {names}.scm_branch = "));
            sql = sql_of.bind(branch.as_str());
        }
        if let Some(system) = &self.query.source_system {
            let sql_of = sql.push(&format!(" and {names}.source_system = "));
            sql = sql_of.bind(system.as_str());
        }
        sql
    }

    /// The group of a series `x` of a product `p`.
    fn name(&self) -> &'static str {
        match self.query.grouping {
            Grouping::None => "''",
            Grouping::Product => "p.name",
            Grouping::Branch => "x.scm_branch",
            Grouping::SourceSystem => "x.source_system",
        }
    }

    /// Of builds whose durations count.
    fn with_duration(&self, table: &str) -> String {
        let statuses = self.query.duration_statuses.iter();
        let codes: Vec<String> = statuses.map(|s: &Status| s.code().to_string()).collect();
        format!(" and {table}.status in ({})", codes.join(", "))
    }
}

/// The builds `b` of series `x` with roll-ups `d` that finished at the ends `e`;
/// conditions may follow.
fn from_edges(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => {
            "
            cross join builds b
            where d.bucket = e.long_bucket and b.series_id = x.id and b.status = d.status
              and b.completed_at_us >= e.from_us and b.completed_at_us < e.to_us"
        }
        // Without a fence Postgres compares each build of a series with each end.
        Engine::Postgres => {
            "
            cross join lateral (
                select * from builds t
                where t.series_id = x.id and t.status = d.status
                  and t.completed_at_us >= e.from_us and t.completed_at_us < e.to_us
                offset 0) b
            where d.bucket = e.long_bucket"
        }
    }
}

/// The roll-ups `r` of series `s` and stretches `k`; conditions on `r` may follow.
fn from_rollups(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => {
            "
            from s
            cross join k
            cross join build_rollups r
            where r.product_id = s.product_id and r.series_id = s.series_id and r.width = k.width
              and r.bucket >= k.first_bucket and r.bucket < k.end_bucket"
        }
        // Without a fence Postgres compares each roll-up of a series with each stretch.
        Engine::Postgres => {
            "
            from s
            cross join k
            cross join lateral (
                select * from build_rollups t
                where t.product_id = s.product_id and t.series_id = s.series_id
                  and t.width = k.width
                  and t.bucket >= k.first_bucket and t.bucket < k.end_bucket
                offset 0) r
            where true"
        }
    }
}
