//! `versioner readiness`: the verdict as text, as JSON and as an exit code.

use insta::assert_snapshot;
use tonic::{Code, Status};
use versioner::pb::{self, ConditionReason as Reason, ConditionStatus, Readiness};

use crate::{
    fake_server::FakeServer,
    fixtures::{at, condition, verdict},
    terminal::versioner,
};

async fn server(answer: pb::CheckReadinessResponse) -> FakeServer {
    let server = FakeServer::start().await;
    server.state().readiness.push_back(Ok(answer));
    server
}

const ASK: [&str; 3] = ["readiness", "my-service", "1.2.3"];

#[tokio::test]
async fn r17_a_verdict_has_its_conditions_and_what_to_do() {
    let failed = pb::Condition {
        message: "2 of 120 tests failed".to_owned(),
        since: at("2025-10-01T10:12:00Z"),
        evidence_url: "https://ci.example/unit".to_owned(),
        remedy: "fix the tests, and run the check again".to_owned(),
        ..condition(ConditionStatus::False, Reason::CheckFailed, "unit")
    };
    let answer = pb::CheckReadinessResponse {
        environment_name: "production".to_owned(),
        ..verdict(
            Readiness::NotReady,
            [
                failed,
                condition(ConditionStatus::Unknown, Reason::ScanAbsent, ""),
                condition(ConditionStatus::True, Reason::BuildCompleted, ""),
            ],
        )
    };
    let server = server(answer).await;
    let command_line = ["readiness", "my-service", "1.2.3", "--for=production"];
    let run = versioner(&server.url(), &command_line).await;
    assert_eq!((run.code, run.errors.as_str()), (1, ""));
    assert_snapshot!(run.output, @r"
    ✗ not ready  my-service 1.2.3 for production

      ✗ 2 of 120 tests failed (2025-10-01 10:12Z)
          do: fix the tests, and run the check again
          see: https://ci.example/unit
      ? scan absent
      ✓ build completed
    ");

    let json = versioner(
        &server.url(),
        &[&command_line[..], &["--output=json"]].concat(),
    )
    .await;
    assert_eq!(json.code, 1);
    let json = json.json();
    assert_eq!(json["readiness"], "not_ready");
    assert_eq!(json["conditions"][0]["reason"], "check_failed");
    assert_eq!(json["conditions"][0]["since"], "2025-10-01T10:12:00Z");

    let request = pb::CheckReadinessRequest {
        product_name: "my-service".to_owned(),
        version: "1.2.3".to_owned(),
        environment_name: "production".to_owned(),
        ..Default::default()
    };
    assert_eq!(server.state().asked.readiness, [request.clone(), request]);
}

#[tokio::test]
async fn r17_the_exit_code_is_the_verdict() {
    for (readiness, code) in [
        (Readiness::Ready, 0),
        (Readiness::NotReady, 1),
        (Readiness::Unknown, 2),
        (Readiness::Unspecified, 3),
    ] {
        let server = server(verdict(readiness, [])).await;
        let run = versioner(&server.url(), &ASK).await;
        assert_eq!(run.code, code, "{run:?}");
    }
}

#[tokio::test]
async fn where_it_could_not_ask_the_exit_code_is_3() {
    let server = FakeServer::start().await;
    let refusal = Status::new(Code::NotFound, "product my-service has no version 1.2.3");
    server.state().readiness.push_back(Err(refusal));
    for command_line in [&ASK[..], &["readiness", "my-service", "1.2.3", "--wait"]] {
        let run = versioner(&server.url(), command_line).await;
        assert_eq!((run.code, run.output.as_str()), (3, ""));
        assert_eq!(
            run.errors,
            "versioner readiness: product my-service has no version 1.2.3 (NotFound)\n"
        );
    }
    for command_line in [
        &["readiness"] as &[&str],
        &["readiness", "p", "1", "--nonsense"],
        // A variable of the pipeline that is not set must not ask for less.
        &["readiness", "p", "1", "--for="],
        &["readiness", "p", ""],
        &["readiness", "a-product-alone"],
    ] {
        let run = versioner(&server.url(), command_line).await;
        assert_eq!((run.code, run.output.as_str()), (3, ""));
    }
    assert_eq!(server.state().asked.readiness.len(), 2);
    let help = versioner(&server.url(), &["readiness", "--help"]).await;
    assert_eq!(help.code, 0);
}

#[tokio::test]
async fn a_version_can_be_asked_for_by_its_id() {
    let server = server(verdict(Readiness::Ready, [])).await;
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    versioner(&server.url(), &["readiness", id]).await.shown();
    let request = pb::CheckReadinessRequest {
        id: id.to_owned(),
        ..Default::default()
    };
    assert_eq!(server.state().asked.readiness, [request]);
}
