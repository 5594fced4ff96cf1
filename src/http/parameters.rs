//! The parameters of a path and its query, as the request of a call, by what the descriptors say of its fields.

use url::form_urlencoded::parse;

use super::contract::{Field, Kind, Many, Message};
use super::refusal::{Places, Refusal};
use super::value::encode_text;
use crate::domain::violation::Violations;

/// The fields of a request that a query may give: all but the hidden ones, and those of messages.
pub(super) fn fields<'a>(
    request: &'a Message,
    hidden: &'a [&str],
) -> impl Iterator<Item = &'a Field> {
    use super::contract::Kind::{Hidden, Message, Object};
    request.fields.iter().filter(|field| {
        !hidden.contains(&field.name.as_str())
            && field.many != Many::Map
            && !matches!(field.kind, Hidden | Message(_) | Object)
    })
}

/// The other name that a parameter has: `product` is taken for `product_name`, `type` for `types`.
pub(super) fn alias(field: &Field) -> Option<&str> {
    match field.many {
        Many::List => match field.name.strip_suffix("es") {
            Some(singular) if singular.ends_with('s') => Some(singular),
            _ => field.name.strip_suffix('s'),
        },
        _ => field
            .name
            .strip_suffix("_name")
            .filter(|short| matches!(*short, "product" | "environment")),
    }
}

/// Appends what a query gives to a request's bytes. All that is wrong is told at once.
pub(super) fn encode_query(
    request: &Message,
    hidden: &[&str],
    query: &str,
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    let mut faults = Violations::below("");
    let mut given: Vec<&str> = Vec::new();
    for (name, text) in parse(query.as_bytes()) {
        let field = fields(request, hidden)
            .find(|field| field.name == name)
            .or_else(|| fields(request, hidden).find(|field| alias(field) == Some(&name)));
        let Some(field) = field else {
            faults.add(&shown(&name), unknown(request, hidden));
            continue;
        };
        if text.contains('\u{fffd}') {
            faults.add(&name, "is no UTF-8 text");
            continue;
        }
        if field.many == Many::List {
            // A name may have a comma in it; a word has none.
            let separator = match field.kind {
                Kind::Text => None,
                _ => Some(','),
            };
            for text in text
                .split(|c| Some(c) == separator)
                .filter(|text| !text.trim().is_empty())
            {
                faults.take(&name, encode_text(field, text, out));
            }
            continue;
        }
        if given.contains(&field.name.as_str()) {
            if !faults.has(&name) {
                faults.add(&name, "is given twice: one value is taken");
            }
            continue;
        }
        given.push(&field.name);
        if !text.trim().is_empty() {
            faults.take(&name, encode_text(field, &text, out));
        }
    }
    let places = Places {
        rest: "query",
        ..Places::BODY
    };
    faults
        .finish(Some(()))
        .map_err(|faults| Refusal::invalid(&faults, places))
}

/// A name of a parameter may be as long as a request's head.
fn shown(name: &str) -> String {
    const LONGEST: usize = 64;
    name.chars().take(LONGEST).collect()
}

fn unknown(request: &Message, hidden: &[&str]) -> String {
    let known: Vec<&str> = fields(request, hidden)
        .map(|field| field.name.as_str())
        .collect();
    match known.is_empty() {
        true => "is unknown: no parameter is taken here".to_owned(),
        false => format!("is unknown: {} are taken", known.join(", ")),
    }
}
