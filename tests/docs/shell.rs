//! One bash for the commands of a page, so that variables and the exit code `$?` go from one to the next.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

/// The longest that a command may take. A busy machine needs much less.
const LIMIT: Duration = Duration::from_secs(60);

/// Printed after each command, before its exit code.
const MARK: &str = "-- end of a command: ";

pub(crate) struct Shell {
    bash: Child,
    input: ChildStdin,
    output: Receiver<Vec<u8>>,
}

/// What a command printed to standard output and standard error, as on a terminal, and its exit code.
pub(crate) struct Ran {
    pub(crate) output: String,
    pub(crate) code: i32,
}

impl Shell {
    /// Starts it in a folder, with the given variables and no others but PATH.
    pub(crate) fn start(folder: &Path, variables: &[(&str, &str)]) -> Shell {
        let mut bash = Command::new("bash")
            .args(["--noprofile", "--norc", "-s"])
            .env_clear()
            .envs(variables.iter().copied())
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("bash can be run");
        let mut input = bash.stdin.take().expect("standard input is a pipe");
        writeln!(input, "exec 2>&1").expect("bash reads");
        let mut lines = BufReader::new(bash.stdout.take().expect("standard output is a pipe"));
        let (sender, output) = mpsc::channel();
        thread::spawn(move || {
            loop {
                let mut line = Vec::new();
                match lines.read_until(b'\n', &mut line) {
                    Ok(length) if length > 0 && sender.send(line).is_ok() => {}
                    _ => return,
                }
            }
        });
        Shell {
            bash,
            input,
            output,
        }
    }

    /// Runs a command, which may have several lines and has nothing to read. The error says that bash ended or that it
    /// took too long.
    pub(crate) fn run(&mut self, command: &str) -> Result<Ran, String> {
        let script = format!(
            "{{ {command}\n}} </dev/null\nlast=$?; printf '\\n{MARK}%s\\n' $last; (exit $last)\n"
        );
        let written = self
            .input
            .write_all(script.as_bytes())
            .and_then(|()| self.input.flush());
        written.map_err(|error| format!("bash does not read: {error}"))?;

        let began = Instant::now();
        let mut output = Vec::new();
        loop {
            let left = LIMIT.saturating_sub(began.elapsed());
            let line = self.output.recv_timeout(left).map_err(|_| {
                let output = String::from_utf8_lossy(&output);
                format!(
                    "bash ended, or this command took more than {LIMIT:?}:\n{command}\n-- printed:\n{output}"
                )
            })?;
            if let Some(code) = line.strip_prefix(MARK.as_bytes()) {
                // The line break before the mark.
                output.pop();
                let code = String::from_utf8_lossy(code)
                    .trim()
                    .parse()
                    .map_err(|error| format!("{error}"))?;
                let output = String::from_utf8_lossy(&output).into_owned();
                return Ok(Ran { output, code });
            }
            output.extend(line);
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // It fails if bash has ended, as it should have after an error.
        let _ = self.bash.kill();
        let _ = self.bash.wait();
    }
}
