//! What the program logs, on a terminal and elsewhere.

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::{Command, Stdio},
    time::Duration,
};

use rustix::process::Signal;
use versioner::pb::{GetProductRequest, catalog_service_client::CatalogServiceClient};

use crate::{Program, command, terminal::Terminal};

/// A start that fails at once, with one error in the log.
const FAILING: [&str; 1] = ["--database-url=sqlite:/no/such/folder/a.db"];

/// Asks over HTTP, and waits for the end of the answer.
fn get(program: &Program, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(program.address).unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: x\r\nx-request-id: run-42\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    stream.read_to_string(&mut String::new()).unwrap();
    stream
}

#[test]
fn i7_a_shortage_of_descriptors_costs_no_time_and_passes() {
    let mut program = Program::start_by("ulimit -n 40", &[]);
    program.logged("ready");
    let connections: Vec<_> = (0..60)
        .map(|_| TcpStream::connect(program.address).unwrap())
        .collect();
    program.logged("cannot accept connections");
    let before = program.cpu_ticks();
    std::thread::sleep(Duration::from_secs(1));
    let ticks = program.cpu_ticks() - before;
    assert!(ticks < 30, "{ticks} of 100 ticks a second");

    drop(connections);
    let mut stream = TcpStream::connect(program.address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    stream
        .write_all(b"GET /no HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    stream.read_exact(&mut [0; 16]).unwrap();
}

#[test]
fn a_call_is_logged_with_its_id_and_how_it_ended() {
    let mut program = Program::start(&["--log=info"]);
    let stream = get(&program, "/no?secret=1");
    let line = program.logged("call ended");
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["code"], "404");
    assert!(line["error"].as_str().unwrap().contains("path"), "{line}");
    assert!(line["duration_ms"].is_number());
    assert_eq!(line["span"]["request_id"], "run-42");
    assert_eq!(line["span"]["method"], "unknown");
    assert_eq!(line["span"]["path"], "/no");
    assert_eq!(
        line["span"]["peer"],
        stream.local_addr().unwrap().to_string()
    );
}

#[test]
fn a_failed_call_over_http_is_logged_with_its_route_and_its_error() {
    let mut program = Program::start(&["--log=info"]);
    get(&program, "/versions/?scm_sha=a&page_size=x");
    let line = program.logged("call ended");
    assert_eq!(line["code"], "422");
    assert_eq!(line["span"]["method"], "GET /versions");
    let error = line["error"].as_str().unwrap();
    assert!(error.contains("page_size"), "{error}");
    get(&program, "/checks/4a68e338-ea0f-8004-8000-000000000001/");
    let line = program.logged("call ended");
    assert_eq!(line["span"]["method"], "GET /checks/{id}");
}

#[tokio::test]
async fn a_failed_call_over_grpc_is_logged_with_its_method_and_its_error() {
    let mut program = Program::start(&["--log=info"]);
    let channel = tonic::transport::Endpoint::from_shared(format!("http://{}", program.address))
        .unwrap()
        .timeout(Duration::from_secs(20));
    let mut client = CatalogServiceClient::new(channel.connect().await.unwrap());
    let refused = client
        .get_product(GetProductRequest::default())
        .await
        .unwrap_err();
    let line = program.logged("call ended");
    assert_eq!(line["code"], "INVALID_ARGUMENT");
    assert_eq!(line["error"], refused.message());
    assert_eq!(
        line["span"]["method"],
        "versioner.v1.CatalogService/GetProduct"
    );
    assert!(line["span"]["path"].is_null());
}

#[test]
fn the_first_line_names_the_version_and_ready_comes_once() {
    let mut program = Program::start(&["--drain-delay=0s"]);
    let mut messages = Vec::new();
    for line in &mut program.log {
        messages.push(line["message"].clone());
        if line["target"] == "versioner::server::health" {
            break;
        }
    }
    program.signal(Signal::TERM);
    assert_eq!(program.exit_code(), Some(0));
    messages.extend(
        program
            .rest_of_log()
            .into_iter()
            .map(|line| line["message"].clone()),
    );
    let ready = messages.iter().filter(|message| *message == "ready");
    assert_eq!(ready.count(), 1, "{messages:?}");

    let output = command(&["--log-format=json"])
        .args(FAILING)
        .output()
        .unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    let first: serde_json::Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    assert_eq!(first["message"], "starting");
    assert_eq!(first["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(first["commit"].as_str(), option_env!("BUILD_COMMIT"));
}

/// The log of a run whose standard error is a terminal.
fn log_on_terminal(mut command: Command) -> String {
    let terminal = Terminal::open();
    let mut child = command
        .stderr(terminal.stdio())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child.wait().unwrap();
    // It holds an end of the terminal, which is shown until every such end is closed.
    drop(command);
    terminal.shown()
}

#[test]
fn colors_are_for_terminals_and_not_where_no_color_is_set() {
    const ESCAPE: char = '\u{1b}';
    let shown = log_on_terminal(command(&FAILING));
    assert!(shown.contains(ESCAPE), "{shown}");
    let mut without = command(&FAILING);
    without.env("NO_COLOR", "1");
    let plain = log_on_terminal(without);
    assert!(
        plain.contains("ERROR") && !plain.contains(ESCAPE),
        "{plain}"
    );
    let file = command(&FAILING).output().unwrap().stderr;
    let file = String::from_utf8(file).unwrap();
    assert!(file.contains("ERROR") && !file.contains(ESCAPE), "{file}");
}

#[test]
fn a_database_without_its_folder_is_named_as_it_was_given() {
    let output = command(&FAILING).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(
        log.contains(
            "cannot open the database /no/such/folder/a.db: the folder /no/such/folder does not exist \
             (--database-url, VERSIONER_DATABASE_URL)"
        ),
        "{log}"
    );
}

#[test]
fn a_port_in_use_is_named_with_its_setting() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let output = command(&["--listen", &address.to_string()])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(
        log.contains(&format!(
            "cannot listen on {address} (--listen, VERSIONER_LISTEN)"
        )),
        "{log}"
    );
}
