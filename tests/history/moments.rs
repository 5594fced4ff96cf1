//! What ran where, by a straight replay of the file, beside what the matrix says: at the end, and at moments drawn
//! at random.

use std::collections::BTreeMap;

use serde_json::Value;
use tonic::transport::Channel;
use versioner::pb::{
    BaselineComparison, CompareEnvironmentsRequest, GetEnvironmentMatrixRequest, MatrixInstance,
    MatrixRow, deployment_service_client::DeploymentServiceClient,
};

use crate::history::{Chance, History};

const SEED: u64 = 20_250_714;
/// The file begins in 2009 and ends in 2026.
const FIRST_YEAR: u64 = 2008;
const YEARS: u64 = 19;
const TRIPLES: usize = 60;

/// The versions at a place: current, under way with their starts, failed last.
#[derive(Debug, Default, PartialEq)]
struct Place {
    current: Option<String>,
    in_progress: BTreeMap<String, String>,
    last_failed: Option<String>,
}

/// Every product and environment with what ran there after the events up to a moment.
fn replay(history: &History, until: &str) -> BTreeMap<(String, String), Place> {
    let mut places: BTreeMap<(String, String), Place> = BTreeMap::new();
    for line in history.accepted_lines() {
        let event: Value = serde_json::from_str(&line).expect("JSON");
        let text = |field: &str| event["body"][field].as_str().expect(field).to_owned();
        if event["type"] != "deployment_event" || *text("occurred_at") > *until {
            continue;
        }
        let place = (text("product_name"), text("environment_name"));
        let place = places.entry(place).or_default();
        let version = text("version");
        match &text("status")[..] {
            "started" => {
                place.in_progress.insert(version, text("occurred_at"));
            }
            "success" => {
                place.in_progress.remove(&version);
                place.current = Some(version);
            }
            "failed" => {
                place.in_progress.remove(&version);
                place.last_failed = Some(version);
            }
            other => panic!("another status: {other}"),
        }
    }
    places
}

/// What the matrix says of a place, in the same words.
fn assert_shows(instance: Option<&MatrixInstance>, expected: Option<&Place>, of: &str) {
    let (Some(instance), Some(expected)) = (instance, expected) else {
        assert_eq!((instance, expected), (None, None), "{of}");
        return;
    };
    assert_eq!(instance.instance, "");
    let version = |summary: &Option<versioner::pb::DeploymentSummary>| {
        summary.as_ref().map(|summary| summary.version.clone())
    };
    assert_eq!(version(&instance.current), expected.current, "current {of}");
    assert_eq!(
        version(&instance.last_failed),
        expected.last_failed,
        "failed {of}"
    );
    let latest = expected.in_progress.iter().max_by_key(|(_, start)| *start);
    let latest = latest.map(|(version, _)| version.clone());
    assert_eq!(version(&instance.in_progress), latest, "under way {of}");
}

fn instance<'a>(
    rows: &'a [MatrixRow],
    product: &str,
    environment: &str,
) -> Option<&'a MatrixInstance> {
    let row = rows.iter().find(|row| row.product_name == product)?;
    let cells = &mut row.cells.iter();
    let cell = cells.find(|cell| cell.environment_name == environment)?;
    assert_eq!(cell.instances.len(), 1);
    cell.instances.first()
}

pub(crate) async fn the_matrix_agrees_with_a_straight_replay(channel: Channel, history: &History) {
    let mut deployments = DeploymentServiceClient::new(channel);
    let at_the_end = replay(history, "9999");
    let request = GetEnvironmentMatrixRequest {
        page_size: 1000,
        baseline_environment_name: "production".into(),
        ..Default::default()
    };
    let matrix = deployments.get_environment_matrix(request.clone()).await;
    let matrix = matrix.expect("the matrix").into_inner();
    let columns: Vec<_> = matrix
        .environments
        .iter()
        .map(|e| e.name.as_str())
        .collect();
    assert_eq!(columns, ["dev", "staging", "production"]);
    let cells: usize = matrix.rows.iter().map(|row| row.cells.len()).sum();
    assert_eq!(cells, at_the_end.len());
    for ((product, environment), place) in &at_the_end {
        let shown = instance(&matrix.rows, product, environment);
        assert_shows(shown, Some(place), &format!("{product} in {environment}"));
    }
    for (product, current) in [
        ("pip", "26.2.1"),
        ("tokio", "1.53.1"),
        ("etcd", "v3.6.14"),
        ("tonic", "v0.14.4"),
    ] {
        let shown = instance(&matrix.rows, product, "production").expect("a place");
        let shown = shown.current.as_ref().expect("a current one");
        assert_eq!(shown.version, current);
    }
    let tonic = instance(&matrix.rows, "tonic", "production").expect("a place");
    assert_eq!(tonic.last_failed.as_ref().expect("one").version, "v0.14.6");

    // In the order of the file, 0.14.5 lies between what staging runs and what production runs.
    let request = CompareEnvironmentsRequest {
        environment_name: "staging".into(),
        baseline_environment_name: "production".into(),
        product_name_prefix: "tonic".into(),
        ..Default::default()
    };
    let compared = deployments
        .compare_environments(request)
        .await
        .expect("a page");
    let compared = compared.into_inner().comparisons;
    let tonic = compared
        .iter()
        .find(|c| c.product_name == "tonic")
        .expect("tonic");
    assert_eq!(
        (tonic.baseline_comparison(), tonic.versions_between),
        (BaselineComparison::Ahead, 1)
    );

    let products: Vec<&String> = matrix.rows.iter().map(|row| &row.product_name).collect();
    let mut chance = Chance::new(SEED);
    let (mut nothing, mut running) = (0, 0);
    for _ in 0..TRIPLES {
        let product = products[chance.below(products.len() as u64) as usize];
        let environment = columns[chance.below(3) as usize];
        let [year, month, day] = [(FIRST_YEAR, YEARS), (1, 12), (1, 28)]
            .map(|(first, count)| first + chance.below(count));
        let [hour, minute] = [24, 60].map(|count| chance.below(count));
        let moment = format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:00Z");
        let of = format!("{product} in {environment} as of {moment}, seed {SEED}");
        let request = GetEnvironmentMatrixRequest {
            product_name: product.clone(),
            environment_names: vec![environment.to_owned()],
            as_of: Some(moment.parse().expect("a time")),
            ..Default::default()
        };
        let matrix = deployments.get_environment_matrix(request).await;
        let rows = matrix.expect(&of).into_inner().rows;
        let replayed = replay(history, &moment);
        let expected = replayed.get(&(product.clone(), environment.to_owned()));
        assert_shows(instance(&rows, product, environment), expected, &of);
        nothing += usize::from(rows.is_empty());
        running += usize::from(expected.is_some_and(|place| place.current.is_some()));
    }
    assert!(nothing > 10 && running > 10, "{nothing} and {running}");
}
