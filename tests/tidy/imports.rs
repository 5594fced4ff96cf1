//! Which module may name which. Knows modules by their place in `src/` and by the paths in the code.

use crate::source::{File, line_at, offsets_of};

/// Each module and those that it may name: a module knows only what lies below it.
const MODULES: [(&str, &[&str]); 13] = [
    (
        "main",
        &["cli", "server", "telemetry", "config", "manual", "release"],
    ),
    ("manual", &[]),
    ("release", &[]),
    ("cli", &["config", "json_input", "domain", "pb"]),
    (
        "server",
        &[
            "grpc",
            "json_api",
            "storage",
            "domain",
            "pb",
            "telemetry",
            "config",
        ],
    ),
    // The JSON face calls the gRPC services' own functions.
    ("json_api", &["grpc", "json_input", "domain", "pb"]),
    // The one reader of events in JSON, for the JSON face and for `versioner import`.
    ("json_input", &["domain", "pb"]),
    ("grpc", &["storage", "domain", "pb"]),
    ("storage", &["domain"]),
    ("domain", &[]),
    ("pb", &[]),
    ("telemetry", &["config"]),
    ("config", &[]),
];

/// What else a module may not name: libraries of another layer, and the clock.
const FOREIGN: [(&str, &[&str]); 5] = [
    (
        "domain",
        &[
            "tonic",
            "prost",
            "sqlx",
            "tokio",
            "axum",
            "hyper",
            "tower",
            "SystemTime::now",
            "Instant::now",
            "Timestamp::now",
            "Zoned::now",
            "now_v7",
        ],
    ),
    ("storage", &["tonic", "prost", "axum", "hyper", "tower"]),
    ("grpc", &["sqlx"]),
    ("json_api", &["sqlx"]),
    ("cli", &["sqlx"]),
];

/// The modules of this crate that a file of `src/` names against the direction.
pub(crate) fn upward(file: &File) -> Vec<String> {
    let Some(module) = module_of(&file.path) else {
        return Vec::new();
    };
    let Some((_, allowed)) = MODULES.iter().find(|(name, _)| *name == module) else {
        return vec![file.offence(1, format_args!("no place is set for `{module}`"))];
    };
    let code = file.code();
    modules_named(&file.path, &code)
        .into_iter()
        .filter(|(_, named)| *named != module && !allowed.contains(named))
        .map(|(at, named)| {
            let line = line_at(&code, at);
            file.offence(line, format_args!("`{module}` may not name `{named}`"))
        })
        .collect()
}

/// The libraries of another layer that a file of `src/` names.
pub(crate) fn foreign(file: &File) -> Vec<String> {
    let module = module_of(&file.path).unwrap_or_default();
    let code = file.code();
    FOREIGN
        .iter()
        .filter(|(name, _)| *name == module)
        .flat_map(|(_, words)| *words)
        .flat_map(|word| offsets_of(&code, word).map(move |at| (at, word)))
        .map(|(at, word)| {
            let line = line_at(&code, at);
            file.offence(line, format_args!("`{module}` may not name `{word}`"))
        })
        .collect()
}

/// The top module that a file belongs to; none for `lib.rs`, which lists them all.
fn module_of(path: &str) -> Option<&str> {
    let module = path.strip_prefix("src/")?.split('/').next()?;
    let module = module.strip_suffix(".rs").unwrap_or(module);
    (module != "lib").then_some(module)
}

/// The names that directly follow the crate's root, with their offsets: `b` of `crate::b::C`, of
/// `versioner::{a, b::C}`, and of `super::b` behind as many `super::` as lead from the file to the root.
fn modules_named<'a>(path: &str, code: &'a str) -> Vec<(usize, &'a str)> {
    let depth = depth(path);
    let mut named = Vec::new();
    for root in ["crate", "versioner", "super"] {
        for at in offsets_of(code, root) {
            if code[..at].ends_with("::") {
                continue;
            }
            let Some(mut rest) = code[at + root.len()..].strip_prefix("::") else {
                continue;
            };
            let mut up = 1;
            while let Some(parent) = rest.strip_prefix("super::") {
                rest = parent;
                up += 1;
            }
            // Within a module of the file, the same words end below the root: then no module is meant.
            let reaches_root = |head: &&str| root != "super" || (up >= depth && is_module(head));
            named.extend(
                heads(rest)
                    .into_iter()
                    .filter(reaches_root)
                    .map(|head| (at, head)),
            );
        }
    }
    named
}

fn is_module(name: &str) -> bool {
    MODULES.iter().any(|(module, _)| *module == name)
}

/// How many `super::` lead from a file of `src/` to the crate's root.
fn depth(path: &str) -> usize {
    let below_src = path.strip_prefix("src/").unwrap_or(path);
    match below_src {
        "main.rs" | "lib.rs" => 0,
        _ => below_src.trim_end_matches("/mod.rs").split('/').count(),
    }
}

/// The first name of a path, or of each path in a group.
fn heads(path: &str) -> Vec<&str> {
    let Some(group) = path.strip_prefix('{') else {
        return vec![head(path)];
    };
    let mut depth = 0;
    let mut heads = vec![head(group)];
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.push(head(&group[at + 1..])),
            _ => {}
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

fn head(path: &str) -> &str {
    let path = path.trim_start();
    let end = path.find(|c: char| !c.is_alphanumeric() && c != '_');
    &path[..end.unwrap_or(path.len())]
}
