//! Which of the known names an unknown one was probably meant to be.

/// Names that other systems use, and the names here, the first one that is known counts.
const SYNONYMS: [(&str, &[&str]); 24] = [
    ("actor", &["built_by", "deployed_by", "checked_by"]),
    ("app", &["product_name"]),
    ("application", &["product_name"]),
    ("author", &["built_by", "deployed_by", "checked_by"]),
    ("commit", &["scm_sha"]),
    ("commit_sha", &["scm_sha"]),
    ("duration", &["completed_at"]),
    ("env", &["environment_name", "environment_names"]),
    ("git_branch", &["scm_branch"]),
    ("git_commit", &["scm_sha"]),
    ("git_sha", &["scm_sha"]),
    ("limit", &["page_size"]),
    ("message", &["error_message", "summary"]),
    ("repo", &["scm_repository"]),
    ("result", &["status", "statuses"]),
    ("revision", &["scm_sha"]),
    ("run_id", &["invoke_id"]),
    ("service", &["product_name"]),
    ("state", &["status", "statuses"]),
    ("tag", &["version"]),
    ("timestamp", &["occurred_at"]),
    ("token", &["page_token"]),
    ("url", &["deploy_url", "build_url"]),
    ("user", &["built_by", "deployed_by", "checked_by"]),
];

/// The known name that an unknown one was probably meant to be: the same in another style of writing, a synonym, one
/// that begins or ends with its words, or one with few other letters.
pub(crate) fn suggest<'a>(
    given: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Option<&'a str> {
    let given = snake_case(given);
    if given.is_empty() {
        return None;
    }
    let find = |wanted: &str| known.clone().find(|name| *name == wanted);
    find(&given)
        .or_else(|| {
            let synonym = SYNONYMS.iter().find(|(name, _)| *name == given);
            let (_, meant) = synonym?;
            meant.iter().find_map(|name| find(name))
        })
        .or_else(|| {
            let (start, end) = (format!("{given}_"), format!("_{given}"));
            known
                .clone()
                .filter(|name| name.starts_with(&start) || name.ends_with(&end))
                .min_by_key(|name| name.len())
        })
        .or_else(|| {
            // One letter in four may differ, and at least one.
            let allowed = (given.chars().count() / 4).max(1);
            known
                .map(|name| (strsim::osa_distance(&given, name), name))
                .filter(|(distance, _)| *distance <= allowed)
                .min_by_key(|(distance, _)| *distance)
                .map(|(_, name)| name)
        })
}

/// `scmSha` and `SCM-Sha` as `scm_sha`.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    let mut was_lower = false;
    for c in name.trim().chars() {
        if c.is_uppercase() && was_lower {
            snake.push('_');
        }
        was_lower = c.is_lowercase() || c.is_numeric();
        match c {
            '-' | ' ' | '.' => snake.push('_'),
            c => snake.extend(c.to_lowercase()),
        }
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rules;

    fn of(message: &str, given: &str) -> Option<&'static str> {
        suggest(given, rules::fields_of(message).map(|field| field.name))
    }

    #[test]
    fn what_newcomers_write_leads_to_the_field() {
        for (given, meant) in [
            ("scm_brnach", "scm_branch"),
            ("scmSha", "scm_sha"),
            ("SCM-SHA", "scm_sha"),
            ("sha", "scm_sha"),
            ("branch", "scm_branch"),
            ("repo", "scm_repository"),
            ("repository", "scm_repository"),
            ("metadata", "extra_metadata"),
            ("product", "product_name"),
            ("productName", "product_name"),
            ("prodct_name", "product_name"),
            ("statsu", "status"),
            ("vesion", "version"),
            ("url", "build_url"),
            ("user", "built_by"),
        ] {
            assert_eq!(of("VersionEvent", given), Some(meant), "{given}");
        }
        assert_eq!(of("DeploymentEvent", "env"), Some("environment_name"));
        assert_eq!(
            of("DeploymentEvent", "environment"),
            Some("environment_name")
        );
        assert_eq!(of("DeploymentEvent", "url"), Some("deploy_url"));
        assert_eq!(of("ListProductsRequest", "prefix"), Some("name_prefix"));
    }

    #[test]
    fn what_resembles_no_field_has_no_suggestion() {
        for given in [
            "environment_name",
            "colour",
            "x",
            "",
            "-",
            "ci_pipeline_iid",
        ] {
            assert_eq!(of("VersionEvent", given), None, "{given}");
        }
    }

    #[test]
    fn every_synonym_means_a_field_of_the_contract() {
        for (synonym, meant) in SYNONYMS {
            for name in meant {
                let messages = [
                    "VersionEvent",
                    "DeploymentEvent",
                    "CheckEvent",
                    "ListVersionsRequest",
                    "GetEnvironmentMatrixRequest",
                ];
                let is_known = messages
                    .iter()
                    .any(|message| rules::FieldRules::of(message, name).is_some());
                assert!(is_known, "{synonym}: {name}");
            }
        }
    }
}
