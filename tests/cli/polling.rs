//! `versioner readiness --wait`: how long it waits, for what, and what makes it ask again.

use std::future::pending;

use insta::assert_snapshot;
use tokio::net::{TcpListener, TcpStream};
use tonic::{Code, Status};
use versioner::pb::{self, ConditionReason as Reason, ConditionStatus, Readiness};

use crate::{
    fake_server::FakeServer,
    fixtures::{condition, verdict, version},
    terminal::{Run, versioner},
};

/// A timer that never comes in a test: what asks again then is what was heard.
const NO_TIMER: &str = "--interval=24h";

fn unknown(reasons: &[(Reason, &str)]) -> pb::CheckReadinessResponse {
    let conditions = reasons
        .iter()
        .map(|(reason, check)| condition(ConditionStatus::Unknown, *reason, check));
    verdict(Readiness::Unknown, conditions.collect::<Vec<_>>())
}

fn false_for(reason: Reason) -> pb::CheckReadinessResponse {
    let conditions = [condition(ConditionStatus::False, reason, "")];
    verdict(Readiness::NotReady, conditions)
}

async fn server(
    answers: impl IntoIterator<Item = Result<pb::CheckReadinessResponse, Status>>,
) -> FakeServer {
    let server = FakeServer::start().await;
    server.state().readiness.extend(answers);
    server
}

async fn wait(server: &FakeServer, flags: &[&str]) -> Run {
    let ask = ["readiness", "my-service", "1.2.3", "--wait"];
    versioner(&server.url(), &[&ask[..], flags].concat()).await
}

#[tokio::test]
async fn it_asks_again_when_something_was_heard_of_the_product() {
    let server = server([
        Ok(unknown(&[(Reason::BuildUnfinished, "")])),
        Ok(unknown(&[(Reason::BuildUnfinished, "")])),
        Ok(unknown(&[
            (Reason::CheckRunning, "unit"),
            (Reason::ScanRunning, "trivy"),
        ])),
        Ok(verdict(Readiness::Ready, [])),
    ])
    .await;
    let run = wait(&server, &[NO_TIMER]).await;
    assert_eq!(run.code, 0, "{run:?}");
    assert_snapshot!(run.output, @"✓ ready  my-service 1.2.3");
    assert_snapshot!(run.errors, @r"
    versioner readiness: waiting: build unfinished
    versioner readiness: waiting: unit: check running, trivy: scan running
    ");
    let state = server.state();
    assert_eq!(state.asked.readiness.len(), 4);
    let watch = pb::WatchEventsRequest {
        product_name: "my-service".to_owned(),
        ..Default::default()
    };
    assert_eq!(state.asked.watch, [watch]);
}

#[tokio::test]
async fn where_nothing_is_heard_it_asks_on_a_timer() {
    let server = server([
        Ok(unknown(&[(Reason::CheckRunning, "unit")])),
        Ok(unknown(&[(Reason::CheckRunning, "unit")])),
        Ok(verdict(Readiness::Ready, [])),
    ])
    .await;
    server.state().no_watching = true;
    let run = wait(&server, &["--interval=100ms"]).await;
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(server.state().asked.readiness.len(), 3);
}

#[tokio::test]
async fn r17_a_false_condition_ends_the_wait() {
    let server = server([
        Ok(unknown(&[(Reason::CheckRunning, "unit")])),
        Ok(false_for(Reason::CheckFailed)),
        Ok(verdict(Readiness::Ready, [])),
    ])
    .await;
    let run = wait(&server, &[NO_TIMER]).await;
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(server.state().asked.readiness.len(), 2);
}

#[tokio::test]
async fn what_nothing_running_could_change_is_not_waited_for() {
    let stale = pb::CheckReadinessResponse {
        version: Some(pb::Version {
            stale: true,
            ..version("1.2.3")
        }),
        ..unknown(&[(Reason::BuildUnfinished, "")])
    };
    for answer in [
        unknown(&[(Reason::CheckAbsent, "unit"), (Reason::ScanSkipped, "")]),
        unknown(&[(Reason::NoBuild, "")]),
        stale,
    ] {
        let server = server([Ok(answer), Ok(verdict(Readiness::Ready, []))]).await;
        let run = wait(&server, &[NO_TIMER]).await;
        assert_eq!((run.code, run.errors.as_str()), (2, ""), "{run:?}");
        assert_eq!(server.state().asked.readiness.len(), 1);
    }
}

#[tokio::test]
async fn what_runs_may_bring_what_is_absent() {
    let server = server([
        Ok(unknown(&[
            (Reason::BuildUnfinished, ""),
            (Reason::CheckAbsent, "unit"),
        ])),
        Ok(verdict(Readiness::Ready, [])),
    ])
    .await;
    let run = wait(&server, &[NO_TIMER]).await;
    assert_eq!(run.code, 0, "{run:?}");
}

#[tokio::test]
async fn at_the_timeout_the_last_verdict_counts() {
    let server = server([Ok(unknown(&[(Reason::CheckRunning, "unit")]))]).await;
    let run = wait(&server, &["--timeout=1s", "--interval=100ms"]).await;
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.output.starts_with("? unknown"), "{}", run.output);
    assert_snapshot!(run.errors, @r"
    versioner readiness: waiting: unit: check running
    versioner readiness: still unknown after 1s
    ");
}

#[tokio::test]
async fn a_server_that_is_away_during_the_wait_is_asked_again() {
    let away = |code| Err(Status::new(code, "the database is away"));
    let server = server([
        Ok(unknown(&[(Reason::CheckRunning, "unit")])),
        away(Code::Unavailable),
        away(Code::ResourceExhausted),
        away(Code::DeadlineExceeded),
        Ok(verdict(Readiness::Ready, [])),
    ])
    .await;
    let run = wait(&server, &["--interval=100ms"]).await;
    assert_eq!(run.code, 0, "{run:?}");
    assert_snapshot!(run.errors, @r"
    versioner readiness: waiting: unit: check running
    versioner readiness: trying again: the database is away (Unavailable)
    versioner readiness: trying again: the database is away (ResourceExhausted)
    versioner readiness: trying again: the database is away (DeadlineExceeded)
    ");
}

#[tokio::test]
async fn another_error_during_the_wait_ends_it() {
    let server = server([
        Ok(unknown(&[(Reason::CheckRunning, "unit")])),
        Err(Status::new(Code::NotFound, "the product was deleted")),
    ])
    .await;
    let run = wait(&server, &[NO_TIMER]).await;
    assert_eq!((run.code, run.output.as_str()), (3, ""), "{run:?}");
}

#[tokio::test]
async fn after_a_cut_connection_it_connects_again() {
    let server = server([
        Ok(unknown(&[(Reason::CheckRunning, "unit")])),
        Ok(verdict(Readiness::Ready, [])),
    ])
    .await;
    server.state().no_watching = true;
    let front = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", front.local_addr().unwrap());
    let backend = server.url().replace("http://", "");
    let asked = || server.state().asked.readiness.len();
    let pass_on = async {
        let connect = || async {
            let (client, _) = front.accept().await.unwrap();
            (client, TcpStream::connect(&backend).await.unwrap())
        };
        let (mut client, mut behind) = connect().await;
        let first_watch = async {
            while asked() == 0 || server.state().asked.watch.is_empty() {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            _ = tokio::io::copy_bidirectional(&mut client, &mut behind) => panic!("cut too late"),
            () = first_watch => {}
        }
        drop((client, behind));
        let (mut client, mut behind) = connect().await;
        // How it ends is for the client to say.
        let _ = tokio::io::copy_bidirectional(&mut client, &mut behind).await;
        pending().await
    };
    let ask = [
        "readiness",
        "my-service",
        "1.2.3",
        "--wait",
        "--interval=100ms",
    ];
    let run = tokio::select! {
        run = versioner(&url, &ask) => run,
        () = pass_on => unreachable!("it goes on for ever"),
    };
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(asked(), 2);
}
