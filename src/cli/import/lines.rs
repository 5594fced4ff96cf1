//! The lines of an event file, read and converted by a thread of their own, a few ahead of the
//! sender: a file of any size takes little memory. Knows nothing of the server.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
    thread,
};

use tokio::sync::mpsc::{self, Receiver};

use super::submission::{Submission, submission};

/// No event that a server accepts is longer, even with escapes. No line of this length becomes a message of more
/// than 4 MiB, at which a server ends the stream.
const MAX_LINE_BYTES: usize = 512 * 1024;

/// How many lines are read ahead.
const AHEAD: usize = 256;

/// A line that is not empty.
pub(super) struct Line {
    /// From 1, empty lines counted.
    pub(super) number: u64,
    /// How much of the file is read with it.
    pub(super) end_bytes: u64,
    /// The event, or what is wrong with the line.
    pub(super) submission: Submission,
}

pub(super) struct Source {
    /// The lines in order; an error, why no more could be read, is the last item.
    pub(super) lines: Receiver<Result<Line, String>>,
    /// None where it can't be known.
    pub(super) size_bytes: Option<u64>,
}

/// Opens a file, `-` for standard input, and begins to read it.
pub(super) fn open(file: &Path) -> Result<Source, String> {
    let fault = {
        let name = file.display().to_string();
        move |error: io::Error| format!("could not read {name}: {error}")
    };
    let (input, size_bytes): (Box<dyn Read + Send>, _) = if file == Path::new("-") {
        (Box::new(io::stdin()), None)
    } else {
        let input = File::open(file).map_err(&fault)?;
        let about = input.metadata().map_err(&fault)?;
        (Box::new(input), about.is_file().then_some(about.len()))
    };
    start(input, size_bytes, fault)
}

/// Begins to read a text that is part of the program.
pub(super) fn embedded(text: &'static str) -> Result<Source, String> {
    let fault = |error: io::Error| format!("could not read the events: {error}");
    start(Box::new(text.as_bytes()), Some(text.len() as u64), fault)
}

fn start(
    input: Box<dyn Read + Send>,
    size_bytes: Option<u64>,
    fault: impl Fn(io::Error) -> String + Send + 'static,
) -> Result<Source, String> {
    let (sender, lines) = mpsc::channel(AHEAD);
    let mut input = BufReader::with_capacity(256 * 1024, input);
    // Not a task: reading a terminal or a pipe can't be interrupted, and must not hold up the end.
    thread::Builder::new()
        .name("import-lines".to_owned())
        .spawn(move || {
            let deliver = |line| sender.blocking_send(Ok(line)).is_ok();
            if let Err(why) = read(&mut input, deliver).map_err(fault) {
                // Nobody listens any more: the import has stopped already.
                let _ = sender.blocking_send(Err(why));
            }
        })
        .map_err(|error| format!("could not begin to read: {error}"))?;
    Ok(Source { lines, size_bytes })
}

/// Delivers every line until the end, or until `deliver` says that no more is wanted.
fn read(input: &mut impl BufRead, deliver: impl Fn(Line) -> bool) -> io::Result<()> {
    if input.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        return Err(io::Error::other(
            "it is packed by gzip; unpack it first: gunzip -c FILE | versioner import -",
        ));
    }
    let mut bytes = Vec::new();
    let mut end_bytes = 0;
    for number in 1.. {
        let taken = next_line(input, &mut bytes)?;
        if taken == 0 {
            break;
        }
        end_bytes += taken;
        let line = bytes.trim_ascii();
        if line.is_empty() {
            continue;
        }
        let submission = if bytes.len() > MAX_LINE_BYTES {
            Submission::rejected(format!("the line must have at most {MAX_LINE_BYTES} bytes"))
        } else {
            submission(line)
        };
        if !deliver(Line {
            number,
            end_bytes,
            submission,
        }) {
            break;
        }
    }
    Ok(())
}

/// Reads a line, of which it keeps little more than `MAX_LINE_BYTES`. Returns how much it read.
fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<u64> {
    line.clear();
    let kept = input
        .take(MAX_LINE_BYTES as u64 + 1)
        .read_until(b'\n', line)?;
    let passed_over = if kept > MAX_LINE_BYTES && !line.ends_with(b"\n") {
        input.skip_until(b'\n')?
    } else {
        0
    };
    Ok((kept + passed_over) as u64)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    const GOOD: &str = r#"{"type":"version_event","body":{}}"#;

    fn lines(text: &[u8]) -> Vec<(u64, u64, Option<String>)> {
        let found = RefCell::new(Vec::new());
        read(&mut BufReader::with_capacity(7, text), |line| {
            let found_line = (line.number, line.end_bytes, line.submission.event.err());
            found.borrow_mut().push(found_line);
            true
        })
        .unwrap();
        found.into_inner()
    }

    #[test]
    fn empty_lines_are_passed_over_and_counted() {
        let file = format!("\n{GOOD}\r\n \t\r\n{GOOD}");
        let end = file.len() as u64;
        let first_end = end - GOOD.len() as u64 - 4;
        assert_eq!(
            lines(file.as_bytes()),
            [(2, first_end, None), (4, end, None)]
        );
        assert_eq!(lines(b""), []);
        assert_eq!(lines(b"\n\n"), []);
    }

    #[test]
    fn a_line_without_end_is_refused_and_the_next_one_is_read() {
        let long = "x".repeat(3 * MAX_LINE_BYTES);
        let found = lines(format!("{long}\n{GOOD}\n").as_bytes());
        let refusal = format!("the line must have at most {MAX_LINE_BYTES} bytes");
        assert_eq!(found[0], (1, long.len() as u64 + 1, Some(refusal)));
        assert_eq!((found[1].0, &found[1].2), (2, &None));
        assert_eq!(found.len(), 2);
    }

    /// A message beyond 4 MiB would end the stream.
    #[test]
    fn the_longest_line_fits_a_message() {
        use crate::{domain::metadata::MAX_BYTES, pb};

        // Nothing grows more on its way to a Struct than short numbers do.
        let zeros = ",0".repeat((MAX_BYTES - r#"{"a":[0]}"#.len()) / 2);
        let metadata = format!(r#"{{"a":[0{zeros}]}}"#);
        let head = r#"{"type":"version_event","body":{"extra_metadata":"#;
        let rest = MAX_LINE_BYTES - head.len() - metadata.len() - r#","summary":""}}"#.len();
        let text = "x".repeat(rest);
        let line = format!(r#"{head}{metadata},"version":"{text}"}}}}"#);
        assert_eq!(line.len(), MAX_LINE_BYTES);
        let event = submission(line.as_bytes()).event.unwrap();
        let request = pb::SubmitEventsRequest { event: Some(event) };
        let size_bytes = prost::Message::encoded_len(&request);
        assert!((1 << 19..1 << 21).contains(&size_bytes), "{size_bytes}");
    }

    #[test]
    fn a_packed_file_is_refused_with_the_way_out() {
        let error = read(&mut &[0x1f, 0x8b, 8, 0][..], |_| true).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("gunzip -c FILE | versioner import -")
        );
    }
}
