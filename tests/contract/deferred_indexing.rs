//! Deferred indexing on SQLite: pending rows are read as all others are, and are indexed soon. Knows no rule
//! of what is recorded.

use std::time::{Duration, Instant};

use tokio::time::sleep;
use versioner::{
    domain::{
        page::Cursor,
        query::{
            BuildQuery, ComparisonQuery, LatestQuery, MatrixQuery, VersionOrder, VersionQuery,
        },
        status::Status,
    },
    storage::{Answer, List, Page, Reference, Store},
};

use crate::{
    ask::Ask,
    database::Database,
    report::{MINUTE_US, PRODUCT, Report, T0_US, build, check, deployment},
};

/// The most pending rows of a table: those that may be, and a batch more.
const MOST_PENDING: usize = 1_024 + 512;
/// Within this all rows are indexed, on the slowest machine.
const SOON: Duration = Duration::from_secs(60);

/// Rows stay as they are: pending ones are not indexed.
const KEEP: &str = "
    create trigger keep_versions before update of indexed on versions begin select raise(ignore); end;
    create trigger keep_builds before update of indexed on builds begin select raise(ignore); end;";

/// Versions of three products, one of which has versions that are not numbered.
fn reports() -> Vec<Report> {
    let of_product = |product: &'static str| {
        (0..12_i64).flat_map(move |nth| {
            let odd = nth % 2 == 1;
            let pick =
                move |even: &str, when_odd: &str| (if odd { when_odd } else { even }).to_owned();
            let version = match (product, nth) {
                ("cart", 5) => "release-q4".to_owned(),
                (_, 7) => "1.7-rc.1".to_owned(),
                _ => format!("1.{nth}"),
            };
            let facts = move |report: Report| {
                let report = report.of(product).run(&format!("run-{}", nth % 4));
                report.with(|raw| {
                    raw.by = pick("ann", "bob");
                    raw.scm_branch = pick("main", "fix/1");
                    raw.scm_repository = pick("example.com/a", "example.com/b");
                    raw.source_system = pick("github", "jenkins");
                    raw.scm_sha = format!("{nth:x}abcdef0123");
                })
            };
            let status = if odd {
                Status::Failed
            } else {
                Status::Completed
            };
            // Two and two have the same time.
            let at_us = nth / 2 * MINUTE_US;
            let deployed = match nth {
                1 | 3 => Some("dev"),
                8 | 10 => Some("prod"),
                _ => None,
            };
            let deployed = deployed.map(|name| facts(deployment(&version, name)).at(at_us + 2));
            let again =
                (nth % 3 == 0).then(|| facts(build(&version)).started().run("again").at(at_us + 1));
            [facts(build(&version)).status(status).at(at_us)]
                .into_iter()
                .chain(again)
                .chain(deployed)
        })
    };
    [PRODUCT, "cart", "pay"]
        .into_iter()
        .flat_map(of_product)
        .collect()
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// Everything that is read by an index for lists.
async fn everything(store: &Store) -> Vec<String> {
    let versions: [fn(&mut VersionQuery); 14] = [
        |_| (),
        |q| q.statuses = vec![Status::Started],
        |q| q.statuses = vec![Status::Completed],
        |q| q.scm_branch = text("main"),
        |q| q.scm_repository = text("example.com/a"),
        |q| q.built_by = text("ann"),
        |q| q.source_system = text("github"),
        |q| q.version = text("1.3"),
        |q| q.version_prefix = text("1.1"),
        |q| q.scm_sha = text("3abcdef"),
        |q| q.invoke_id = text("run-1"),
        |q| q.environment_name = text("dev"),
        |q| q.created_from_us = Some(T0_US + MINUTE_US),
        |q| q.created_to_us = Some(T0_US + 3 * MINUTE_US),
    ];
    let builds: [fn(&mut BuildQuery); 8] = [
        |_| (),
        |q| q.statuses = vec![Status::Failed],
        |q| q.statuses = vec![Status::Completed],
        |q| q.scm_branch = text("main"),
        |q| q.source_system = text("github"),
        |q| q.version = text("1.3"),
        |q| q.invoke_id = text("run-1"),
        |q| q.created_from_us = Some(T0_US + MINUTE_US),
    ];
    let latest: [fn(&mut LatestQuery); 5] = [
        |_| (),
        |q| q.include_prereleases = true,
        |q| q.scm_branch = text("main"),
        |q| q.statuses = vec![Status::Started],
        |q| q.environment_name = text("dev"),
    ];
    let mut all = Vec::new();
    for product in [None, Some(PRODUCT), Some("cart")] {
        for set in versions {
            for order in [
                VersionOrder::NewestFirst,
                VersionOrder::OldestFirst,
                VersionOrder::HighestFirst,
            ] {
                let mut query = VersionQuery {
                    product_name: product.map(str::to_owned),
                    order,
                    ..VersionQuery::default()
                };
                set(&mut query);
                let rows = store.in_pages(&query, 2).await;
                assert!(!rows.is_empty(), "{query:?}");
                all.push(format!("{query:?} {rows:?}"));
            }
        }
        for set in builds {
            let mut query = BuildQuery {
                product_name: product.map(str::to_owned),
                ..BuildQuery::default()
            };
            set(&mut query);
            let rows = store.in_pages(&query, 2).await;
            assert!(!rows.is_empty(), "{query:?}");
            all.push(format!("{query:?} {rows:?}"));
        }
        for set in latest {
            let mut query = LatestQuery {
                product_name: product.unwrap_or("pay").to_owned(),
                ..LatestQuery::default()
            };
            set(&mut query);
            let latest = store.latest_version(&query).await;
            all.push(format!("{query:?} {latest:?}"));
        }
    }
    for as_of_us in [None, Some(T0_US + 5 * MINUTE_US)] {
        let query = MatrixQuery {
            baseline_environment_name: text("prod"),
            as_of_us,
            ..MatrixQuery::default()
        };
        let matrix = store.matrix(&query).await.unwrap();
        all.push(format!("{:?}", store.in_pages(&matrix, 2).await));
        let query = ComparisonQuery {
            environment_name: "dev".to_owned(),
            baseline_environment_name: "prod".to_owned(),
            as_of_us,
            ..ComparisonQuery::default()
        };
        let comparison = store.comparison(&query).await.unwrap();
        all.push(format!("{:?}", store.in_pages(&comparison, 2).await));
    }
    all
}

async fn count(database: &Database, rows: &str) -> usize {
    let counts = database
        .texts(&format!("select cast(count(*) as text) from {rows}"))
        .await;
    counts[0].parse().unwrap()
}

/// How many rows are pending, in each table.
async fn pending_rows(database: &Database) -> [usize; 2] {
    [
        count(database, "versions where not indexed").await,
        count(database, "builds where not indexed").await,
    ]
}

async fn until_none_is_pending(database: &Database) {
    let began = Instant::now();
    while pending_rows(database).await != [0, 0] {
        assert!(began.elapsed() < SOON, "rows are still pending");
        sleep(Duration::from_millis(10)).await;
    }
}

/// Sets which rows are indexed, while no store is open.
async fn set_indexed(database: &Database, indexed: &str) {
    let sql =
        format!("update versions set indexed = {indexed}; update builds set indexed = {indexed}");
    database.execute(&sql).await;
}

#[tokio::test]
async fn new_rows_are_pending_and_stay_so_while_they_change() {
    let database = Database::sqlite();
    database.open().await.close().await;
    database.execute(KEEP).await;
    let store = database.open().await;
    for version in ["1.0", "1.1"] {
        store.accept(build(version).run("1").started().at(0)).await;
        store.accept(check(version, "unit")).await;
    }
    assert_eq!(pending_rows(&database).await, [2, 2]);
    store.accept(build("1.0").run("1").at(MINUTE_US)).await;
    assert_eq!(pending_rows(&database).await, [2, 2]);
    store.close().await;
}

#[tokio::test]
async fn pending_rows_are_read_as_indexed_ones() {
    let database = Database::sqlite();
    let store = database.open().await;
    store.accept_all(reports()).await;
    store.close().await;
    set_indexed(&database, "true").await;
    database.execute(KEEP).await;
    let store = database.open().await;
    let indexed = everything(&store).await;
    assert_eq!(pending_rows(&database).await, [0, 0]);
    store.close().await;
    for some in ["false", "id % 2 = 0", "id % 3 = 0", "id < 40"] {
        database
            .execute("drop trigger keep_versions; drop trigger keep_builds")
            .await;
        set_indexed(&database, some).await;
        database.execute(KEEP).await;
        let store = database.open().await;
        let told = everything(&store).await;
        for (told, indexed) in told.iter().zip(&indexed) {
            assert_eq!(told, indexed, "indexed: {some}");
        }
        assert!(
            pending_rows(&database).await.iter().all(|n| *n > 0),
            "{some}"
        );
        store.close().await;
    }
}

#[tokio::test]
async fn pending_rows_are_indexed_after_the_next_start() {
    let database = Database::sqlite();
    let store = database.open().await;
    store.accept_all(reports()).await;
    let before = everything(&store).await;
    store.close().await;
    set_indexed(&database, "false").await;
    let store = database.open().await;
    assert_eq!(everything(&store).await, before);
    until_none_is_pending(&database).await;
    assert_eq!(everything(&store).await, before);
    store.close().await;
}

#[tokio::test]
async fn an_idle_writer_indexes_all_pending_rows() {
    let database = Database::sqlite();
    let store = database.open().await;
    // More than one transaction indexes.
    let reports = (0..1_200).map(|nth| build(&format!("1.{nth}")));
    store.accept_all(reports).await;
    until_none_is_pending(&database).await;
    store.accept(build("2.0")).await;
    until_none_is_pending(&database).await;
    assert_eq!(count(&database, "versions where indexed").await, 1_201);
    store.close().await;
}

#[tokio::test]
async fn a_busy_writer_keeps_the_pending_rows_few() {
    let database = Database::sqlite();
    let store = database.open().await;
    let mut pending = Vec::new();
    for turn in 0..10 {
        let reports = (0..512).map(|nth| build(&format!("{turn}.{nth}")));
        let events = reports.map(Report::event).collect();
        pending.push(store.enqueue(events, Answer::Receipt).await);
    }
    for pending in pending {
        assert!(pending.outcomes().await.iter().all(Result::is_ok));
    }
    let pending = pending_rows(&database).await;
    assert!(pending.iter().all(|n| *n <= MOST_PENDING), "{pending:?}");
    store.close().await;
}

#[tokio::test]
async fn r8_events_are_recorded_though_their_rows_cannot_be_indexed() {
    let database = Database::sqlite();
    database.open().await.close().await;
    let refuse = KEEP.replace("ignore", "abort, 'damaged'");
    database.execute(&refuse).await;
    let store = database.open().await;
    for turn in 0..4 {
        let reports = (0..400).map(|nth| build(&format!("{turn}.{nth}")));
        store.accept_all(reports).await;
    }
    assert_eq!(pending_rows(&database).await, [1_600, 1_600]);
    assert_eq!(store.all(&VersionQuery::default()).await.len(), 1_600);
    store.close().await;

    database
        .execute("drop trigger keep_versions; drop trigger keep_builds")
        .await;
    let store = database.open().await;
    until_none_is_pending(&database).await;
    store.close().await;
}

#[tokio::test]
async fn pages_have_each_row_once_while_rows_arrive_and_are_indexed() {
    let database = Database::sqlite();
    let store = database.open().await;
    store.accept_all(reports()).await;
    for size in 1..=3 {
        for order in [VersionOrder::NewestFirst, VersionOrder::HighestFirst] {
            let query = VersionQuery {
                order,
                ..VersionQuery::default()
            };
            pages_hold(&store, &format!("{order:?}"), &query, size).await;
        }
        pages_hold(&store, "builds", &BuildQuery::default(), size).await;
    }
    assert!(count(&database, "versions where indexed").await > 0);
    store.close().await;
}

async fn pages_hold<Q: List>(store: &Store, name: &str, query: &Q, size: usize)
where
    Q::Row: std::fmt::Debug + PartialEq,
{
    let mut whole = store.in_pages(query, 100_000).await;
    whole.truncate(40);
    assert_eq!(whole.len().min(30), 30, "there are rows to lose");
    let mut seen = Vec::new();
    let mut after: Option<Cursor> = None;
    while !whole.iter().all(|row| seen.contains(row)) {
        let page = Page {
            after: after.as_ref(),
            limit: size,
        };
        let rows = query.rows(store, page).await.unwrap();
        after = rows.last().map(|row| query.cursor(row));
        assert!(after.is_some(), "the list ends before all was seen");
        seen.extend(rows);
        if seen.len() <= 8 * size {
            let arrive = (0..200).map(|nth| {
                let product = format!("product-{}", nth % 20);
                let version = format!("{name}-{size}-{}-{nth}", seen.len());
                build(&version).of(&product).at(-nth * MINUTE_US)
            });
            store.accept_all(arrive).await;
        }
    }
    for row in whole {
        let count = seen.iter().filter(|seen| **seen == row).count();
        assert_eq!(count, 1, "{row:?}");
    }
}

#[tokio::test]
async fn r15_a_deleted_product_takes_pending_and_indexed_rows_along() {
    let database = Database::sqlite();
    let store = database.open().await;
    store.accept_all(reports()).await;
    store.close().await;
    set_indexed(&database, "id % 2 = 0").await;
    database.execute(KEEP).await;
    let store = database.open().await;
    let which = Reference::Name(PRODUCT.to_owned());
    let deleted = store.delete_product(which, true).await.unwrap();
    assert_eq!((deleted.versions, deleted.builds), (12, 16));
    assert_eq!(count(&database, "versions").await, 24);
    assert_eq!(count(&database, "builds").await, 32);
    store.close().await;
}
