//! The release history of four projects, imported by the binary into the binary: what it must lead to was counted
//! by another program, and the orders are those of other implementations.

#[path = "../support/mod.rs"]
mod support;

mod history;
mod moments;
mod program;
mod state;
mod statistics;

use history::History;
use program::Program;
use state::State;
use statistics::assert_statistics;
use support::postgres::fresh_postgres;
use tonic::transport::Channel;
use versioner::pb::{
    BuildStatus, GetLatestVersionRequest, LatestBasis, ListVersionsRequest, VersionOrder,
    version_service_client::VersionServiceClient,
};

#[tokio::test]
async fn r3_r7_r11_r13_r16_the_history_leads_to_its_figures_on_sqlite() {
    let program = Program::start(None).await;
    leads_to_its_figures(&program).await;
}

#[tokio::test]
async fn r3_r7_r11_r13_r16_the_history_leads_to_its_figures_on_postgres() {
    let database = fresh_postgres().await;
    let program = Program::start(Some(database.url())).await;
    leads_to_its_figures(&program).await;
}

#[tokio::test]
async fn r6_the_history_leads_to_the_same_state_in_any_order_on_sqlite() {
    let in_order = Program::start(None).await;
    let shuffled = Program::start(None).await;
    leads_to_the_same_state(&in_order, &shuffled).await;
}

#[tokio::test]
async fn r6_the_history_leads_to_the_same_state_in_any_order_on_postgres() {
    let databases = (fresh_postgres().await, fresh_postgres().await);
    let in_order = Program::start(Some(databases.0.url())).await;
    let shuffled = Program::start(Some(databases.1.url())).await;
    leads_to_the_same_state(&in_order, &shuffled).await;
}

async fn leads_to_its_figures(program: &Program) {
    let history = History::read();
    let imported = program.import(&history.file()).await;
    assert_eq!(imported.exit_code, Some(1));
    let (counts, refusals) = imported.lines.split_last().expect("the counts");
    assert_eq!(counts, "10612 accepted, 0 duplicate, 46 refused");
    assert_eq!(refusals, expected_refusals(&history));

    let state = State::read(program.channel()).await;
    assert_eq!(state.products.len(), 42);
    assert_eq!(state.environments.len(), 3);
    let counted = |status| {
        let versions = state.versions.iter().filter(|v| v.status() == status);
        let builds = state.builds.iter().filter(|b| b.status() == status);
        let deployments = state
            .deployments
            .iter()
            .filter(|d| d.status == i32::from(status));
        [versions.count(), builds.count(), deployments.count()]
    };
    assert_eq!(state.versions.len(), 1_545);
    assert_eq!(state.deployments.len(), 3_761);
    assert_eq!(counted(BuildStatus::Completed), [1_429, 1_429, 3_472]);
    assert_eq!(counted(BuildStatus::Failed), [84, 84, 289]);
    assert_eq!(counted(BuildStatus::Aborted), [32, 32, 0]);
    for (product_name, version) in [
        ("pip", "26.2.1"),
        ("tokio", "1.53.1"),
        ("etcd", "v3.6.14"),
        ("tonic", "v0.14.4"),
    ] {
        assert_eq!(state.current(product_name, "production"), version);
    }

    moments::the_matrix_agrees_with_a_straight_replay(program.channel(), &history).await;

    let any = BuildStatus::Unspecified;
    for (product_name, status, version) in [
        ("pip", any, "26.2.1"),
        ("tokio", any, "1.53.1"),
        ("etcd", any, "v3.7.1"),
        ("etcd", BuildStatus::Completed, "v3.7.0"),
    ] {
        let latest = latest(program.channel(), product_name, status).await;
        assert_eq!(latest, (version.to_owned(), LatestBasis::Precedence));
    }
    let pip = include_str!("../fixtures/order/pip.txt");
    assert_highest_first(program.channel(), "pip", pip, 0).await;
    let etcd = include_str!("../fixtures/order/etcd.txt");
    assert_highest_first(program.channel(), "etcd", etcd, 4).await;
    let tokio = include_str!("../fixtures/order/tokio.txt");
    assert_highest_first(program.channel(), "tokio", tokio, 0).await;

    assert_statistics(program.channel()).await;

    let again = program.import(&history.file()).await;
    assert_eq!(again.exit_code, Some(1));
    let (counts, refusals_again) = again.lines.split_last().expect("the counts");
    assert_eq!(counts, "0 accepted, 10612 duplicate, 46 refused");
    assert_eq!(refusals_again, refusals);
    assert!(State::read(program.channel()).await == state);
}

async fn leads_to_the_same_state(in_order: &Program, shuffled: &Program) {
    const SEED: u64 = 20_261_123;
    let history = History::read();
    for (program, file) in [
        (in_order, history.accepted()),
        (shuffled, history.shuffled(SEED)),
    ] {
        let imported = program.import(&file).await;
        assert_eq!(imported.lines, ["10612 accepted, 0 duplicate, 0 refused"]);
        assert_eq!(imported.exit_code, Some(0));
    }
    assert_statistics(shuffled.channel()).await;
    let one = State::read(in_order.channel()).await;
    let other = State::read(shuffled.channel()).await;
    assert_eq!(one.versions.len(), 1_545);
    assert_eq!(one.products, other.products);
    assert_eq!(one.environments, other.environments);
    assert_each(&one.versions, &other.versions, SEED);
    assert_each(&one.builds, &other.builds, SEED);
    assert_each(&one.deployments, &other.deployments, SEED);
}

/// Shows the first row that differs, not thousands.
fn assert_each<T: PartialEq + std::fmt::Debug>(one: &[T], other: &[T], seed: u64) {
    for (one, other) in one.iter().zip(other) {
        assert_eq!(one, other, "seed {seed}");
    }
    assert_eq!(one.len(), other.len(), "seed {seed}");
}

fn expected_refusals(history: &History) -> Vec<String> {
    let refusals = history.second_commits().into_iter().map(|second| {
        format!(
            "line {}: VERSION_COMMIT_CONFLICT: version {} of {} was built from commit {}; the commit of a \
             version is permanent; the event has {}",
            second.line, second.version, second.product_name, second.recorded, second.given
        )
    });
    refusals.collect()
}

async fn latest(
    channel: Channel,
    product_name: &str,
    status: BuildStatus,
) -> (String, LatestBasis) {
    let request = GetLatestVersionRequest {
        product_name: product_name.into(),
        statuses: (status != BuildStatus::Unspecified)
            .then(|| status.into())
            .into_iter()
            .collect(),
        ..Default::default()
    };
    let mut versions = VersionServiceClient::new(channel);
    let answer = versions.get_latest_version(request).await;
    let answer = answer.expect("a latest one").into_inner();
    let basis = answer.basis();
    (answer.version.expect("a version").version, basis)
}

/// The fixture has a rank a line, lowest first, and equals on one line; it lacks so many others.
async fn assert_highest_first(channel: Channel, product_name: &str, fixture: &str, others: usize) {
    let request = ListVersionsRequest {
        product_name: product_name.into(),
        order: VersionOrder::HighestFirst.into(),
        page_size: 1000,
        ..Default::default()
    };
    let page = VersionServiceClient::new(channel)
        .list_versions(request)
        .await;
    let page = page.expect("a page").into_inner();
    assert_eq!(page.next_page_token, "");
    let ranks: std::collections::HashMap<&str, usize> = fixture
        .lines()
        .enumerate()
        .flat_map(|(rank, line)| line.split(' ').map(move |version| (version, rank)))
        .collect();
    let listed: Vec<(usize, &str)> = page
        .versions
        .iter()
        .filter_map(|v| Some((*ranks.get(&v.version[..])?, &v.version[..])))
        .collect();
    assert_eq!(listed.len(), ranks.len(), "{product_name}");
    assert_eq!(page.versions.len(), ranks.len() + others, "{product_name}");
    for pair in listed.windows(2) {
        assert!(pair[0].0 >= pair[1].0, "{product_name}: {pair:?}");
    }
}
