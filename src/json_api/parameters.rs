//! The parameters of a query, as fields of the request of a call. The descriptors say which there are.

use serde_json::Value;
use url::form_urlencoded::parse;

use super::{
    contract::{Field, Kind, Many, Message},
    location::{FieldLocations, entry},
    value::encode_parameter,
};
use crate::{
    domain::violation::{MAX_VIOLATIONS, Violations},
    json_input::{Presence, suggest},
};

/// The fields of a request that a query may give: all but the hidden ones, and those of messages.
pub(super) fn fields<'a>(
    request: &'a Message,
    hidden: &'a [&str],
) -> impl Iterator<Item = &'a Field> + Clone {
    let fields = request.fields.iter();
    fields.filter(|field| is_parameter(field, hidden))
}

fn is_parameter(field: &Field, hidden: &[&str]) -> bool {
    !hidden.contains(&field.name.as_str())
        && field.many != Many::Map
        && !matches!(field.kind, Kind::Hidden | Kind::Message(_) | Kind::Object)
}

/// The other names of a parameter: a list also has the name of one element, and `product_name` is also `product`.
pub(super) fn aliases(field: &Field) -> Vec<&str> {
    let mut aliases = Vec::new();
    let mut name = field.name.as_str();
    if field.many == Many::List {
        let singular = match name.strip_suffix("es") {
            Some(singular) if singular.ends_with('s') => Some(singular),
            _ => name.strip_suffix('s'),
        };
        aliases.extend(singular);
        name = singular.unwrap_or(name);
    }
    aliases.extend(name.strip_suffix("_name"));
    aliases
}

/// Appends the parameters of a query to the bytes of a request, and notes those that are given. The error has an entry
/// for everything that is wrong.
pub(super) fn encode_query(
    request: &'static Message,
    hidden: &[&str],
    query: &str,
    out: &mut Vec<u8>,
) -> Result<Presence, Vec<Value>> {
    let mut unknown: Vec<Value> = Vec::new();
    let mut violations = Violations::below("");
    let mut given: Vec<(&'static str, usize)> = Vec::new();
    for (name, text) in parse(query.as_bytes()) {
        let find = |is_named: fn(&Field, &str) -> bool| {
            let mut fields = request.fields.iter();
            fields.find(|field| is_parameter(field, hidden) && is_named(field, &name))
        };
        let field = find(|field, name| field.name == name)
            .or_else(|| find(|field, name| aliases(field).contains(&name)));
        let Some(field) = field else {
            if unknown.len() < MAX_VIOLATIONS {
                unknown.push(unknown_parameter(request, hidden, &name));
            }
            continue;
        };
        if text.contains('\u{fffd}') {
            violations.add(&name, "must be UTF-8 text");
            continue;
        }
        // An empty text is a value of its own only where it differs from a parameter that is left out.
        if text.trim().is_empty() && !field.optional {
            continue;
        }
        let at = given.iter().position(|(given, _)| *given == field.name);
        let at = at.unwrap_or_else(|| {
            given.push((&field.name, 0));
            given.len() - 1
        });
        let count = &mut given[at].1;
        if field.many != Many::List {
            *count += 1;
            match *count {
                1 => {
                    violations.take(&name, encode_parameter(field, &text, out));
                }
                2 => violations.add(&name, "must be given once (is given several times)"),
                _ => {}
            }
            continue;
        }
        // A name may have a comma in it, a word has none.
        let separator = match field.kind {
            Kind::Text => None,
            _ => Some(','),
        };
        for text in text.split(|c| Some(c) == separator) {
            if !text.trim().is_empty() {
                *count += 1;
                violations.take(&name, encode_parameter(field, text, out));
            }
        }
    }
    for (name, count) in &given {
        let field = request.field(name);
        let most = field
            .filter(|f| f.many == Many::List)
            .and_then(|f| f.rules.max_items);
        if let Some(most) = most.filter(|most| count > most) {
            violations.add(
                name,
                format!("must have at most {most} values (has {count})"),
            );
        }
    }
    let mut presence = Presence::of(&request.name);
    presence.given.extend(given.iter().map(|(name, _)| *name));
    let locations = FieldLocations {
        rest: "query",
        ..FieldLocations::BODY
    };
    let violations = violations.finish(Some(())).err().unwrap_or_default();
    unknown.extend(locations.entries(&violations));
    match unknown.is_empty() {
        true => Ok(presence),
        false => Err(unknown),
    }
}

fn unknown_parameter(request: &Message, hidden: &[&str], name: &str) -> Value {
    /// A name may be as long as a request's head.
    const LONGEST_SHOWN: usize = 64;
    let name: String = name.chars().take(LONGEST_SHOWN).collect();
    let fields = fields(request, hidden);
    let known: Vec<&str> = fields.clone().map(|field| field.name.as_str()).collect();
    let allowed = match known.as_slice() {
        [] => "; this path has no parameters".to_owned(),
        known => format!("Allowed: {}", known.join(", ")),
    };
    let meant = suggest(&name, known.into_iter()).or_else(|| {
        let field = fields
            .clone()
            .find(|field| suggest(&name, aliases(field).into_iter()).is_some());
        field.map(|field| field.name.as_str())
    });
    let message = match meant {
        Some(meant) => format!("unknown parameter {name}; did you mean {meant}? {allowed}"),
        None if allowed.starts_with(';') => format!("unknown parameter {name}{allowed}"),
        None => format!("unknown parameter {name}. {allowed}"),
    };
    entry(&["query", &name], &message, "unknown_parameter")
}
