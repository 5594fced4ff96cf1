//! The names of HTTP calls: the method and the template of the path, `GET /products/{id}`. There is a fixed number of
//! them, whatever paths clients send.

use std::{collections::HashMap, sync::Arc};

use http::Method;

/// The methods that have names; a client can send any other word.
const METHODS: [Method; 7] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
];

#[derive(Debug, Default)]
pub(crate) struct HttpNames {
    /// Those without `{…}`, by path.
    fixed: HashMap<&'static str, Names>,
    /// The others, with their templates.
    templates: Vec<(&'static str, Names)>,
}

/// One for each of `METHODS`.
type Names = [Arc<str>; METHODS.len()];

impl HttpNames {
    pub(crate) fn new(paths: impl Iterator<Item = &'static str>) -> HttpNames {
        let mut names = HttpNames::default();
        for path in paths {
            let of_path = METHODS.map(|method| format!("{method} {path}").into());
            match path.contains('{') {
                true => names.templates.push((path, of_path)),
                false => {
                    names.fixed.insert(path, of_path);
                }
            }
        }
        names
    }

    /// The name of a request, whose path may have a slash at its end.
    pub(crate) fn name(&self, method: &Method, path: &str) -> Option<&Arc<str>> {
        let path = path.strip_suffix('/').unwrap_or(path);
        let matching = || {
            let mut templates = self.templates.iter();
            let found = templates.find(|(template, _)| matches(template, path));
            found.map(|(_, names)| names)
        };
        let names = self.fixed.get(path).or_else(matching)?;
        let index = METHODS.iter().position(|known| known == method)?;
        names.get(index)
    }
}

/// `{…}` stands for one segment that is not empty.
fn matches(template: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    let all_match = template.split('/').all(|expected| {
        segments.next().is_some_and(|segment| {
            segment == expected || (expected.starts_with('{') && !segment.is_empty())
        })
    });
    all_match && segments.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_named_by_its_method_and_template() {
        let paths = ["/versions/latest", "/versions/{id}", "/versions/{id}/trace"];
        let names = HttpNames::new(paths.into_iter());
        let name = |method: Method, path: &str| names.name(&method, path).map(AsRef::as_ref);
        for (method, path, expected) in [
            (
                Method::GET,
                "/versions/latest",
                Some("GET /versions/latest"),
            ),
            (
                Method::GET,
                "/versions/latest/",
                Some("GET /versions/latest"),
            ),
            (Method::GET, "/versions/1", Some("GET /versions/{id}")),
            (
                Method::DELETE,
                "/versions/1/",
                Some("DELETE /versions/{id}"),
            ),
            (
                Method::GET,
                "/versions/1/trace",
                Some("GET /versions/{id}/trace"),
            ),
            (Method::GET, "/versions/1/trace/x", None),
            (Method::GET, "/versions//", None),
            (Method::GET, "/versions", None),
            (Method::GET, "/", None),
            (Method::TRACE, "/versions/1", None),
        ] {
            assert_eq!(name(method.clone(), path), expected, "{method} {path}");
        }
    }
}
