//! The signals that end the program. A test sends them to its own child.

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::Stdio,
    time::{Duration, Instant},
};

use rustix::process::Signal;

use crate::{Program, terminal::Terminal};

#[test]
fn sigterm_drains_and_exits_0_even_with_a_silent_connection() {
    let mut program = Program::start(&["--drain-delay=100ms", "--drain-timeout=10s"]);
    program.logged("ready");
    let mut silent = TcpStream::connect(program.address).unwrap();
    let began = Instant::now();
    program.signal(Signal::TERM);
    assert_eq!(program.exit_code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(silent.read(&mut [0; 1]).unwrap(), 0);
    program.logged("drained");
}

#[test]
fn a_second_signal_ends_at_once() {
    let mut program = Program::start(&["serve", "--drain-delay=1h", "--drain-timeout=2h"]);
    program.signal(Signal::INT);
    assert_eq!(
        program.logged("draining; a second signal ends at once")["signal"],
        "SIGINT"
    );
    program.signal(Signal::TERM);
    assert_eq!(program.logged("ending at once")["signal"], "SIGTERM");
    assert_eq!(program.exit_code(), Some(0));
}

#[test]
fn ctrl_c_in_a_terminal_does_not_wait_where_no_connection_is_open() {
    let terminal = Terminal::open();
    let flags = ["--drain-delay=30s", "--drain-timeout=60s"];
    let mut program = Program::start_with("true", &flags, terminal.stdio());
    program.logged("ready");
    let began = Instant::now();
    program.signal(Signal::INT);
    program.logged("drained");
    assert_eq!(program.exit_code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn ctrl_c_in_a_terminal_waits_where_a_connection_is_open() {
    let terminal = Terminal::open();
    let flags = ["--drain-delay=1s", "--drain-timeout=10s"];
    let mut program = Program::start_with("true", &flags, terminal.stdio());
    program.logged("ready");
    // It has an answer, so the server has accepted it.
    let mut open = TcpStream::connect(program.address).unwrap();
    open.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    open.read_exact(&mut [0; 16]).unwrap();
    let began = Instant::now();
    program.signal(Signal::INT);
    assert_eq!(program.exit_code(), Some(0));
    assert!(began.elapsed() >= Duration::from_secs(1));
}

#[test]
fn sigterm_waits_in_a_terminal_too() {
    let terminal = Terminal::open();
    let flags = ["--drain-delay=1s", "--drain-timeout=10s"];
    let mut program = Program::start_with("true", &flags, terminal.stdio());
    program.logged("ready");
    let began = Instant::now();
    program.signal(Signal::TERM);
    assert_eq!(program.exit_code(), Some(0));
    assert!(began.elapsed() >= Duration::from_secs(1));
}

#[test]
fn sigint_without_a_terminal_waits() {
    let flags = ["--drain-delay=1s", "--drain-timeout=10s"];
    let mut program = Program::start_with("true", &flags, Stdio::null());
    program.logged("ready");
    let began = Instant::now();
    program.signal(Signal::INT);
    assert_eq!(program.exit_code(), Some(0));
    assert!(began.elapsed() >= Duration::from_secs(1));
}

#[test]
fn the_signal_of_a_file_that_grew_too_large_does_not_kill() {
    let mut program = Program::start(&["--drain-delay=0s"]);
    program.logged("ready");
    program.signal(Signal::XFSZ);
    TcpStream::connect(program.address).unwrap();
    program.signal(Signal::TERM);
    assert_eq!(program.exit_code(), Some(0));
}
