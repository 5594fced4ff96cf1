//! A page of the documentation: its code blocks, and the commands in them. Knows no program.

use std::ops::Range;

/// Languages of blocks that are shown only. `console` and `sh` are run.
const SHOWN: [&str; 13] = [
    "text",
    "yaml",
    "json",
    "proto",
    "groovy",
    "toml",
    "rust",
    "python",
    "go",
    "java",
    "ts",
    "ini",
    "dockerfile",
];

/// A code block that is run.
pub(crate) struct Block {
    /// Line of the page where its content begins, from 1.
    pub(crate) line: usize,
    pub(crate) content: Content,
}

pub(crate) enum Content {
    /// `console`: commands with the outputs that the page shows.
    Commands(Vec<Command>),
    /// `sh`: a script that must succeed. Its output is not shown.
    Script(String),
}

/// A command of a `console` block.
pub(crate) struct Command {
    /// As it is typed, without the prompt.
    pub(crate) typed: String,
    /// Byte range of the shown output in the text of the page.
    pub(crate) output: Range<usize>,
}

/// The blocks of a page.
#[derive(Default)]
pub(crate) struct Page {
    pub(crate) blocks: Vec<Block>,
    /// First line and reason of each block that is marked as not run.
    pub(crate) not_run: Vec<(String, String)>,
}

/// Reads a page. The error names the line.
pub(crate) fn parse(text: &str) -> Result<Page, String> {
    let mut page = Page::default();
    let mut reason: Option<&str> = None;
    let mut lines = numbered(text);
    while let Some((number, _, line)) = lines.next() {
        let Some(language) = line.trim_start().strip_prefix("```") else {
            let mark = line
                .strip_prefix("<!-- not run: ")
                .and_then(|rest| rest.strip_suffix(" -->"));
            if reason.is_some() && mark.is_none() {
                return Err(format!(
                    "line {number}: a code block must follow the mark \"not run\""
                ));
            }
            reason = mark;
            continue;
        };
        if line.starts_with(' ') {
            return Err(format!("line {number}: a code block must not be indented"));
        }
        let mut content = Vec::new();
        loop {
            match lines.next() {
                None => return Err(format!("line {number}: the code block does not end")),
                Some((_, _, "```")) => break,
                Some(line) => content.push(line),
            }
        }
        let runs = matches!(language, "console" | "sh");
        match (runs, reason.take()) {
            (true, None) => {
                let content = match language {
                    "sh" => Content::Script(joined(&content)),
                    _ => Content::Commands(commands(&content)?),
                };
                page.blocks.push(Block {
                    line: number + 1,
                    content,
                });
            }
            (true, Some(reason)) => {
                let first = content.first().map_or("", |(_, _, line)| line);
                page.not_run.push((first.to_owned(), reason.to_owned()));
            }
            (false, None) if SHOWN.contains(&language) => {}
            (false, None) => {
                return Err(format!(
                    "line {number}: {language:?} must be console, sh or one of {SHOWN:?}"
                ));
            }
            (false, Some(_)) => return Err(format!("line {number}: {language} is never run")),
        }
    }
    Ok(page)
}

/// Lines with their number from 1 and their byte offset.
fn numbered(text: &str) -> impl Iterator<Item = (usize, usize, &str)> {
    let mut offset = 0;
    text.split_inclusive('\n')
        .enumerate()
        .map(move |(index, line)| {
            let start = offset;
            offset += line.len();
            (index + 1, start, line.trim_end_matches('\n'))
        })
}

fn joined(lines: &[(usize, usize, &str)]) -> String {
    lines
        .iter()
        .map(|(_, _, line)| format!("{line}\n"))
        .collect()
}

/// A command begins with `$ ` and goes on while its line ends with a backslash. The rest is its output.
fn commands(lines: &[(usize, usize, &str)]) -> Result<Vec<Command>, String> {
    let mut commands: Vec<Command> = Vec::new();
    let mut goes_on = false;
    for (number, start, line) in lines {
        let end = start + line.len() + 1;
        if goes_on {
            let command = commands.last_mut().expect("a command that goes on");
            command.typed.push('\n');
            command.typed.push_str(line);
            command.output = end..end;
        } else if let Some(typed) = line.strip_prefix("$ ") {
            commands.push(Command {
                typed: typed.to_owned(),
                output: end..end,
            });
        } else {
            let command = commands.last_mut();
            let command = command
                .ok_or_else(|| format!("line {number}: a console block must begin with \"$ \""))?;
            command.output.end = end;
            continue;
        }
        goes_on = line.ends_with('\\');
    }
    Ok(commands)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_have_the_lines_below_them_as_output() {
        let text = "# A\n\n```console\n$ a \\\n  b\n1\n2\n$ c\n```\n";
        let page = parse(text).unwrap();
        let Content::Commands(commands) = &page.blocks[0].content else {
            panic!("no commands");
        };
        assert_eq!(page.blocks[0].line, 4);
        assert_eq!(commands[0].typed, "a \\\n  b");
        assert_eq!(&text[commands[0].output.clone()], "1\n2\n");
        assert_eq!(commands[1].typed, "c");
        assert_eq!(&text[commands[1].output.clone()], "");
    }

    #[test]
    fn a_block_is_run_shown_or_marked_with_a_reason() {
        let page = parse(
            "<!-- not run: needs root -->\n```sh\napt-get install jq\n```\n```text\nx\n```\n",
        )
        .unwrap();
        assert!(page.blocks.is_empty());
        let expected = ("apt-get install jq".to_owned(), "needs root".to_owned());
        assert_eq!(page.not_run, [expected]);
        for wrong in [
            "```\nx\n```\n",
            "```bash\nx\n```\n",
            "```sh\nx\n",
            "  ```sh\n  x\n  ```\n",
            "```console\nx\n```\n",
            "<!-- not run: why -->\ntext\n",
            "<!-- not run: why -->\n```text\nx\n```\n",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
