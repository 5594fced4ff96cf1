//! `versioner import` against a fake server: order, counts, output, exit codes, and going on after a break.

mod fake_server;
mod run;

use std::io;

use fake_server::{FakeServer, Plan, error};
use indicatif::ProgressBar;
use run::{Failing, args, event_file, ids, import, import_at, line};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tonic::Code;
use versioner::{
    cli::import::{Counts, MAX_PRINTED, exit_code, import_into},
    pb::{self, ErrorReason},
};

#[tokio::test]
async fn events_arrive_in_the_order_of_their_lines_and_each_is_counted() {
    // The server answers none of the first 990 until it has them all.
    let server = FakeServer::start([Plan {
        hold: 990,
        ..Plan::default()
    }])
    .await;
    server.state().refusals.insert(
        "e-7".to_owned(),
        error(ErrorReason::VersionCommitConflict, "another\ncommit"),
    );
    let violation = |field: &str, description: &str| pb::FieldViolation {
        field: field.to_owned(),
        description: description.to_owned(),
    };
    let invalid = pb::SubmissionError {
        field_violations: vec![
            violation("event.version", "is required"),
            violation("event.scm_sha", "is too long"),
        ],
        ..error(ErrorReason::InvalidField, "event.version is required")
    };
    server.state().refusals.insert("e-2499".to_owned(), invalid);

    let mut lines: Vec<String> = (0..2_500).map(line).collect();
    lines.insert(3, "{}".to_owned());
    lines.insert(6, "\n".to_owned());
    lines.push(line(5));
    let run = import(&server, &lines).await;

    let expected: Vec<String> = ids(0..2_500)
        .into_iter()
        .filter(|id| id != "e-7" && id != "e-2499")
        .collect();
    assert_eq!(server.state().recorded, expected);
    assert_eq!(
        run.output,
        "line 4: INVALID_FIELD: type is required: version_event, deployment_event, check_event; \
         body is required: the event as an object\n\
         line 11: VERSION_COMMIT_CONFLICT: another commit\n\
         line 2503: INVALID_FIELD: event.version is required; event.scm_sha is too long\n\
         2498 accepted, 1 duplicate, 3 refused\n"
    );
    assert_eq!(exit_code(&run.outcome), 1);
    assert_eq!(server.state().streams, 1);
}

#[tokio::test]
async fn r7_a_file_sent_again_has_only_duplicates() {
    let server = FakeServer::start([]).await;
    let body = |version: u32| {
        format!(r#"{{"type":"version_event","body":{{"product_name":"p","version":"{version}"}}}}"#)
    };
    let lines: Vec<String> = (0..50).chain(0..1).map(body).collect();

    let first = import(&server, &lines).await;
    assert_eq!(first.output, "50 accepted, 1 duplicate, 0 refused\n");
    assert_eq!(exit_code(&first.outcome), 0);

    let again = import(&server, &lines).await;
    assert_eq!(again.output, "0 accepted, 51 duplicate, 0 refused\n");
    assert_eq!(exit_code(&again.outcome), 0);
    assert_eq!(server.state().recorded.len(), 50);
}

#[tokio::test]
async fn r8_after_a_broken_stream_it_goes_on_with_the_first_unanswered_event() {
    let broken = |answers, recorded_besides, with| Plan {
        answers: Some(answers),
        recorded_besides,
        with,
        ..Plan::default()
    };
    let server = FakeServer::start([
        broken(10, 5, Some(Code::Unavailable)),
        broken(0, 1, Some(Code::Unknown)),
        broken(100, 50, None),
        broken(7, 1, Some(Code::DeadlineExceeded)),
    ])
    .await;
    let mut lines: Vec<String> = (0..3_000).map(line).collect();
    lines.insert(12, "malformed".to_owned());
    let run = import(&server, &lines).await;

    assert_eq!(server.state().recorded, ids(0..3_000));
    assert_eq!(server.state().streams, 5);
    // Recorded, but not answered in the same stream: 5 and 50.
    let expected = Counts {
        accepted: 2_945,
        duplicate: 55,
        refused: 1,
    };
    assert_eq!(run.outcome, Ok(expected));
    assert!(
        run.output
            .starts_with("line 13: INVALID_FIELD: the line is not valid JSON")
    );
}

#[tokio::test]
async fn r8_after_a_cut_connection_it_connects_again() {
    let server = FakeServer::start([]).await;
    let front = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", front.local_addr().unwrap());
    let lines: Vec<String> = (0..5_000).map(line).collect();

    let pass_on = async {
        let connect = || async {
            let (client, _) = front.accept().await.unwrap();
            (client, TcpStream::connect(server.address).await.unwrap())
        };
        let (mut client, mut backend) = connect().await;
        tokio::select! {
            _ = tokio::io::copy_bidirectional(&mut client, &mut backend) => panic!("cut too late"),
            () = server.recorded(50) => {}
        }
        drop((client, backend));
        let (mut client, mut backend) = connect().await;
        // How it ends is for the client to say.
        let _ = tokio::io::copy_bidirectional(&mut client, &mut backend).await;
        std::future::pending().await
    };
    let run = tokio::select! {
        run = import_at(&address, &lines) => run,
        () = pass_on => unreachable!("it goes on for ever"),
    };

    assert_eq!(server.state().recorded, ids(0..5_000));
    assert_eq!(server.state().streams, 2);
    let counts = run.outcome.unwrap();
    assert_eq!(
        (counts.accepted + counts.duplicate, counts.refused),
        (5_000, 0)
    );
}

#[tokio::test]
async fn events_that_a_full_disk_turns_away_are_sent_again_in_their_order() {
    let full_from = |id: &str| Plan {
        full_from: Some(id.to_owned()),
        ..Plan::default()
    };
    let server = FakeServer::start([full_from("e-0"), full_from("e-40"), full_from("e-40")]).await;
    let lines: Vec<String> = (0..2_000).map(line).collect();
    let run = import(&server, &lines).await;

    assert_eq!(run.output, "2000 accepted, 0 duplicate, 0 refused\n");
    assert_eq!(server.state().recorded, ids(0..2_000));
    assert_eq!(server.state().streams, 4);
}

#[tokio::test]
async fn it_gives_up_where_nothing_moves_any_more_and_says_how_far_it_came() {
    let plans = vec![
        Plan {
            full_from: Some("e-40".to_owned()),
            ..Plan::default()
        };
        100
    ];
    let server = FakeServer::start(plans).await;
    let mut lines: Vec<String> = (0..60).map(line).collect();
    lines.insert(0, "{}".to_owned());
    let run = import(&server, &lines).await;

    assert_eq!(
        run.output,
        format!("{}\n40 accepted, 0 duplicate, 1 refused\n", no_envelope(1))
    );
    assert_eq!(exit_code(&run.outcome), 2);
    assert_eq!(
        run.outcome.unwrap_err().to_string(),
        "could not send everything: the disk is full\n\
         The first event without an answer is that of line 42.\n\
         Running it again is safe: what was recorded is not recorded twice."
    );
    assert_eq!(server.state().recorded, ids(0..40));
    assert!(server.state().streams > 2);
}

#[tokio::test]
async fn an_error_that_no_second_attempt_would_help_ends_it_at_once() {
    let server = FakeServer::start([Plan {
        answers: Some(3),
        recorded_besides: 1,
        with: Some(Code::InvalidArgument),
        ..Plan::default()
    }])
    .await;
    let lines: Vec<String> = (0..9).map(line).collect();
    let run = import(&server, &lines).await;

    assert_eq!(run.output, "3 accepted, 0 duplicate, 0 refused\n");
    assert_eq!(exit_code(&run.outcome), 2);
    let why = run.outcome.unwrap_err().why;
    assert_eq!(
        why,
        "the stream broke: on purpose\nThe first event without an answer is that of line 4."
    );
    assert_eq!(server.state().streams, 1);
}

#[tokio::test]
async fn an_answer_to_another_event_is_not_counted() {
    let server = FakeServer::start([Plan {
        misnumbered: true,
        ..Plan::default()
    }])
    .await;
    let run = import(&server, &[line(0), line(1)]).await;
    assert_eq!(run.output, "0 accepted, 0 duplicate, 0 refused\n");
    let why = run.outcome.unwrap_err().why;
    assert!(
        why.starts_with("the server answered event 1, not 0"),
        "{why}"
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    // Port 1 is kept for a service that nobody runs.
    let run = import_at("http://127.0.0.1:1", &[line(0)]).await;
    assert_eq!(run.output, "0 accepted, 0 duplicate, 0 refused\n");
    assert_eq!(exit_code(&run.outcome), 2);
    let why = run.outcome.unwrap_err().why;
    assert!(
        why.starts_with("no server at http://127.0.0.1:1/: "),
        "{why}"
    );
    assert!(why.contains("onnection refused"), "{why}");
}

#[tokio::test]
async fn an_empty_file_is_all_sent() {
    let run = import_at("http://127.0.0.1:1", &["\n \n"]).await;
    assert_eq!(run.output, "0 accepted, 0 duplicate, 0 refused\n");
    assert_eq!(exit_code(&run.outcome), 0);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_named_with_the_reason() {
    let dir = TempDir::new().unwrap();
    let packed = dir.path().join("events.ndjson.gz");
    std::fs::write(&packed, [0x1f, 0x8b, 8, 0]).unwrap();
    for (file, reason) in [
        (dir.path().join("nowhere.ndjson"), "No such file"),
        (dir.path().to_owned(), "directory"),
        (
            packed,
            "unpack it first: gunzip -c FILE | versioner import -",
        ),
    ] {
        let mut output = Vec::new();
        let args = args("http://127.0.0.1:1", &file);
        let outcome = import_into(&args, &mut output, io::sink(), &ProgressBar::hidden()).await;
        assert_eq!(exit_code(&outcome), 2);
        let why = outcome.unwrap_err().why;
        assert!(
            why.starts_with(&format!("could not read {}: ", file.display())),
            "{why}"
        );
        assert!(why.contains(reason), "{why}");
        assert_eq!(output, b"0 accepted, 0 duplicate, 0 refused\n");
    }
}

#[tokio::test]
async fn refusals_without_end_are_only_counted() {
    let server = FakeServer::start([]).await;
    let mut lines = vec!["{}".to_owned(); MAX_PRINTED as usize + 500];
    lines.push(line(0));
    let run = import(&server, &lines).await;

    let printed: Vec<&str> = run.output.lines().collect();
    assert_eq!(printed.len(), MAX_PRINTED as usize + 2);
    assert_eq!(
        printed[printed.len() - 3..],
        [
            &*no_envelope(1_000),
            "further refusals are only counted",
            "1 accepted, 0 duplicate, 1500 refused",
        ]
    );
}

#[tokio::test]
async fn a_reader_that_leaves_does_not_end_the_import() {
    let server = FakeServer::start([]).await;
    let lines = ["{}".to_owned(), line(0), "{}".to_owned(), line(1)];
    let file = event_file(&lines);
    let args = args(&format!("http://{}", server.address), &file.1);

    let closed = Failing(io::ErrorKind::BrokenPipe);
    let outcome = import_into(&args, closed, io::sink(), &ProgressBar::hidden()).await;
    let expected = Counts {
        accepted: 2,
        duplicate: 0,
        refused: 2,
    };
    assert_eq!(outcome, Ok(expected));

    let full = Failing(io::ErrorKind::StorageFull);
    let outcome = import_into(&args, full, io::sink(), &ProgressBar::hidden()).await;
    let why = outcome.unwrap_err().why;
    assert!(why.starts_with("could not write the results: "), "{why}");
}

#[tokio::test]
async fn ignored_fields_are_named_once_with_the_number_of_their_events() {
    let server = FakeServer::start([]).await;
    let with = |kind: &str, fields: &str| format!(r#"{{"type":"{kind}","body":{{{fields}}}}}"#);
    let lines = [
        with(
            "version_event",
            r#""event_id":"a","sha":"1","colour":"red""#,
        ),
        with("version_event", r#""event_id":"b","sha":"2""#),
        with("check_event", r#""event_id":"c","sha":"3""#),
        with("version_event", r#""event_id":7,"sha":"4""#),
    ];
    let run = import(&server, &lines).await;
    assert_eq!(
        run.notices,
        "ignored in 1 event: check_event has no field sha; did you mean scm_sha?\n\
         ignored in 1 event: version_event has no field colour\n\
         ignored in 3 events: version_event has no field sha; did you mean scm_sha?\n"
    );
    assert!(run.output.ends_with("3 accepted, 0 duplicate, 1 refused\n"));
    let clean = import(&server, &[line(0)]).await;
    assert_eq!(clean.notices, "");
}

/// The line that reports an object without the envelope.
fn no_envelope(line: u64) -> String {
    format!(
        "line {line}: INVALID_FIELD: type is required: version_event, deployment_event, check_event; \
         body is required: the event as an object"
    )
}
