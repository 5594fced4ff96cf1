//! What the pages must list in full, each taken from the program or the contract, and the links between pages.

use std::{collections::BTreeSet, fs, process::Command};

use crate::{pages, root, server::PROGRAM};

#[test]
fn every_reason_of_an_error_is_on_its_page() {
    let contract =
        fs::read_to_string(root().join("proto/versioner/v1/error_reason.proto")).unwrap();
    let reasons = contract
        .lines()
        .filter_map(|line| line.trim().strip_prefix("ERROR_REASON_")?.split_once(" = "))
        .map(|(reason, _)| reason)
        .filter(|reason| *reason != "UNSPECIFIED");
    let listed = first_column(
        "docs/errors.md",
        "| reason | gRPC code | HTTP | what to do |",
    );
    assert_eq!(reasons.map(str::to_owned).collect::<BTreeSet<_>>(), listed);
}

#[test]
fn every_command_is_on_the_page_of_the_terminal() {
    let help = Command::new(PROGRAM)
        .env_clear()
        .arg("-h")
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let commands = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|command| *command != "help");
    let listed = first_column("docs/terminal.md", "| command | what it does |");
    assert_eq!(commands.map(str::to_owned).collect::<BTreeSet<_>>(), listed);
}

/// What is in code font in the first column of a table, which is known by its header.
fn first_column(name: &str, header: &str) -> BTreeSet<String> {
    let pages = pages();
    let page = pages
        .get(name)
        .unwrap_or_else(|| panic!("{name} is missing"));
    let rows = page
        .lines()
        .skip_while(|line| *line != header)
        .skip(2)
        .take_while(|line| line.starts_with("| "));
    let cells = rows.filter_map(|row| row.split(" | ").next());
    cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut broken = Vec::new();
    for (name, text) in all_markdown() {
        let folder = root().join(&name);
        let folder = folder.parent().unwrap();
        for target in links(&text) {
            let (path, anchor) = target
                .split_once('#')
                .map_or((&*target, None), |(path, anchor)| (path, Some(anchor)));
            let path = if path.is_empty() {
                root().join(&name)
            } else {
                folder.join(path)
            };
            let found = match anchor {
                None => path.exists(),
                Some(anchor) => {
                    fs::read_to_string(&path).is_ok_and(|text| anchors(&text).contains(anchor))
                }
            };
            if !found {
                broken.push(format!("{name}: {target}"));
            }
        }
    }
    assert!(
        broken.is_empty(),
        "these links lead nowhere:\n{}",
        broken.join("\n")
    );
}

#[test]
fn readme_leads_to_every_page() {
    let pages = pages();
    let linked: BTreeSet<String> = links(&pages["README.md"]).into_iter().collect();
    let missing: Vec<&String> = pages
        .keys()
        .filter(|name| *name != "README.md" && !linked.contains(*name))
        .collect();
    assert!(missing.is_empty(), "README.md must link to {missing:?}");
}

fn all_markdown() -> Vec<(String, String)> {
    let mut pages: Vec<_> = pages().into_iter().collect();
    for entry in fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        if name.ends_with(".md") && name != "README.md" {
            let text = fs::read_to_string(root().join(&name)).unwrap();
            pages.push((name, text));
        }
    }
    pages
}

/// Targets of the links that lead into the repository, outside of code.
fn links(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    for line in prose(text) {
        for part in line.split("](").skip(1) {
            let target = part.split(')').next().unwrap_or(part);
            if !target.contains("://") && !target.starts_with("mailto:") {
                links.push(target.to_owned());
            }
        }
    }
    links
}

/// Anchors of the headings, as GitHub and GitLab make them.
fn anchors(text: &str) -> BTreeSet<String> {
    prose(text)
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.collect::<String>().replace(' ', "-")
        })
        .collect()
}

/// The lines outside of code blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.starts_with("```");
        in_code ^= is_fence;
        !in_code && !is_fence
    })
}
