//! The variables of each CI system, as its documentation shows them, and the values made of them.

use std::collections::HashMap;

use crate::cli::report::ci::*;

/// The fields that the variables fill, in the order of `CiField::ALL`.
fn filled(variables: &[(&str, &str)]) -> Option<Vec<(CiField, String)>> {
    let variables: HashMap<&str, &str> = variables.iter().copied().collect();
    let run = CiRun::detect(|name| variables.get(name).map(|value| (*value).to_owned()))?;
    let fields = CiField::ALL.into_iter().filter_map(|field| {
        let mut slot = None;
        run.fill(field, &mut slot)?;
        Some((field, slot?))
    });
    Some(fields.collect())
}

fn assert_filled(variables: &[(&str, &str)], expected: &[(CiField, &str)]) {
    let expected: Vec<(CiField, String)> = expected
        .iter()
        .map(|(field, text)| (*field, (*text).to_owned()))
        .collect();
    assert_eq!(filled(variables), Some(expected), "{variables:?}");
}

const GITHUB: [(&str, &str); 10] = [
    ("GITHUB_ACTIONS", "true"),
    ("GITHUB_SHA", "abc123def456"),
    ("GITHUB_REF_NAME", "main"),
    ("GITHUB_REF_TYPE", "branch"),
    ("GITHUB_SERVER_URL", "https://github.com"),
    ("GITHUB_REPOSITORY", "mycompany/my-service"),
    ("GITHUB_RUN_NUMBER", "456"),
    ("GITHUB_RUN_ID", "1234567890"),
    ("GITHUB_RUN_ATTEMPT", "2"),
    ("GITHUB_ACTOR", "alice"),
];

#[test]
fn github_actions() {
    use CiField::*;
    let expected = |branch: &'static str| {
        [
            (SourceSystem, "github"),
            (Commit, "abc123def456"),
            (Branch, branch),
            (Repository, "https://github.com/mycompany/my-service"),
            (BuildNumber, "456"),
            (
                RunUrl,
                "https://github.com/mycompany/my-service/actions/runs/1234567890/attempts/2",
            ),
            (InvokeId, "1234567890"),
            (InvokeAttempt, "2"),
            (Actor, "alice"),
        ]
        .to_vec()
    };
    assert_filled(&GITHUB, &expected("main"));
    let pull_request = [
        &GITHUB[..],
        &[
            ("GITHUB_HEAD_REF", "feature/x"),
            ("GITHUB_REF_NAME", "12/merge"),
        ],
    ]
    .concat();
    assert_filled(&pull_request, &expected("feature/x"));
    // The name of a tag is not that of a branch.
    let tag = [&GITHUB[..], &[("GITHUB_REF_TYPE", "tag")]].concat();
    let mut without_branch = expected("");
    without_branch.remove(2);
    assert_filled(&tag, &without_branch);
    // A run that was started again has another actor.
    let again = [&GITHUB[..], &[("GITHUB_TRIGGERING_ACTOR", "bob")]].concat();
    let mut by_bob = expected("main");
    by_bob[8] = (Actor, "bob");
    assert_filled(&again, &by_bob);
}

#[test]
fn gitlab_ci() {
    use CiField::*;
    assert_filled(
        &[
            ("GITLAB_CI", "true"),
            ("CI_COMMIT_SHA", "abc123def456"),
            ("CI_COMMIT_BRANCH", "main"),
            ("CI_PROJECT_URL", "https://gitlab.com/mycompany/my-service"),
            ("CI_PIPELINE_IID", "456"),
            ("CI_PIPELINE_ID", "1234567890"),
            (
                "CI_PIPELINE_URL",
                "https://gitlab.com/mycompany/my-service/-/pipelines/1234567890",
            ),
            ("GITLAB_USER_LOGIN", "alice"),
            ("GITLAB_USER_NAME", "Alice Example"),
            ("GITLAB_USER_EMAIL", "alice@company.example"),
        ],
        &[
            (SourceSystem, "gitlab"),
            (Commit, "abc123def456"),
            (Branch, "main"),
            (Repository, "https://gitlab.com/mycompany/my-service"),
            (BuildNumber, "456"),
            (
                RunUrl,
                "https://gitlab.com/mycompany/my-service/-/pipelines/1234567890",
            ),
            (InvokeId, "1234567890"),
            (Actor, "alice"),
            (ActorName, "Alice Example"),
            (ActorEmail, "alice@company.example"),
        ],
    );
    assert_filled(
        &[
            ("GITLAB_CI", "true"),
            ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "feature/x"),
            // Empty variables count as absent.
            ("CI_COMMIT_SHA", ""),
        ],
        &[(SourceSystem, "gitlab"), (Branch, "feature/x")],
    );
}

#[test]
fn jenkins() {
    use CiField::*;
    let variables = |branch| {
        [
            ("JENKINS_URL", "https://jenkins.example/"),
            ("GIT_COMMIT", "abc123def456"),
            branch,
            ("GIT_URL", "https://user:secret@git.example/my-service.git"),
            ("BUILD_NUMBER", "456"),
            ("BUILD_URL", "https://jenkins.example/job/my-service/456/"),
            ("BUILD_TAG", "jenkins-my-service-456"),
            ("BUILD_USER_ID", "alice"),
        ]
    };
    for (name, value, branch) in [
        ("GIT_BRANCH", "origin/feature/x", "feature/x"),
        ("GIT_BRANCH", "main", "main"),
        ("GIT_LOCAL_BRANCH", "main", "main"),
        ("BRANCH_NAME", "main", "main"),
        ("CHANGE_BRANCH", "feature/x", "feature/x"),
    ] {
        assert_filled(
            &variables((name, value)),
            &[
                (SourceSystem, "jenkins"),
                (Commit, "abc123def456"),
                (Branch, branch),
                (Repository, "https://git.example/my-service.git"),
                (BuildNumber, "456"),
                (RunUrl, "https://jenkins.example/job/my-service/456/"),
                (InvokeId, "jenkins-my-service-456"),
                (Actor, "alice"),
            ],
        );
    }
}

#[test]
fn circleci() {
    use CiField::*;
    assert_filled(
        &[
            ("CIRCLECI", "true"),
            ("CIRCLE_SHA1", "abc123def456"),
            ("CIRCLE_BRANCH", "main"),
            (
                "CIRCLE_REPOSITORY_URL",
                "git@github.com:mycompany/my-service.git",
            ),
            ("CIRCLE_BUILD_NUM", "456"),
            (
                "CIRCLE_BUILD_URL",
                "https://circleci.com/gh/mycompany/my-service/456",
            ),
            ("CIRCLE_WORKFLOW_ID", "b1e6b4d8"),
            ("CIRCLE_USERNAME", "alice"),
        ],
        &[
            (SourceSystem, "circleci"),
            (Commit, "abc123def456"),
            (Branch, "main"),
            (Repository, "git@github.com:mycompany/my-service.git"),
            (BuildNumber, "456"),
            (RunUrl, "https://circleci.com/gh/mycompany/my-service/456"),
            (InvokeId, "b1e6b4d8"),
            (Actor, "alice"),
        ],
    );
}

#[test]
fn bitbucket_pipelines() {
    use CiField::*;
    assert_filled(
        &[
            ("BITBUCKET_BUILD_NUMBER", "456"),
            ("BITBUCKET_COMMIT", "abc123def456"),
            ("BITBUCKET_BRANCH", "main"),
            ("BITBUCKET_REPO_FULL_NAME", "mycompany/my-service"),
            ("BITBUCKET_PIPELINE_UUID", "{b1e6b4d8}"),
        ],
        &[
            (SourceSystem, "bitbucket"),
            (Commit, "abc123def456"),
            (Branch, "main"),
            (Repository, "https://bitbucket.org/mycompany/my-service"),
            (BuildNumber, "456"),
            (
                RunUrl,
                "https://bitbucket.org/mycompany/my-service/pipelines/results/456",
            ),
            (InvokeId, "{b1e6b4d8}"),
        ],
    );
}

#[test]
fn azure_pipelines() {
    use CiField::*;
    let variables = [
        ("TF_BUILD", "True"),
        ("BUILD_SOURCEVERSION", "abc123def456"),
        ("BUILD_SOURCEBRANCH", "refs/heads/feature/x"),
        (
            "BUILD_REPOSITORY_URI",
            "https://mycompany@dev.azure.com/mycompany/_git/my-service",
        ),
        ("BUILD_BUILDNUMBER", "20251001.4"),
        ("BUILD_BUILDID", "456"),
        ("SYSTEM_COLLECTIONURI", "https://dev.azure.com/mycompany/"),
        ("SYSTEM_TEAMPROJECTID", "9f2c"),
        ("BUILD_REQUESTEDFOR", "Alice Example"),
    ];
    let expected = [
        (SourceSystem, "azure"),
        (Commit, "abc123def456"),
        (Branch, "feature/x"),
        (
            Repository,
            "https://dev.azure.com/mycompany/_git/my-service",
        ),
        (BuildNumber, "20251001.4"),
        (
            RunUrl,
            "https://dev.azure.com/mycompany/9f2c/_build/results?buildId=456",
        ),
        (InvokeId, "456"),
        (Actor, "Alice Example"),
    ];
    assert_filled(&variables, &expected);
    // The ref of a tag is not that of a branch.
    let tag = [&variables[..], &[("BUILD_SOURCEBRANCH", "refs/tags/v1")]].concat();
    let mut without_branch = expected.to_vec();
    without_branch.remove(2);
    assert_filled(&tag, &without_branch);
}

#[test]
fn outside_of_a_ci_system_nothing_is_filled() {
    assert_eq!(filled(&[]), None);
    assert_eq!(
        filled(&[("GITHUB_ACTIONS", "false"), ("GITHUB_SHA", "abc")]),
        None
    );
}

#[test]
fn what_the_command_line_gives_is_kept_and_the_origin_of_the_rest_is_named() {
    let variables: HashMap<&str, &str> = GITHUB.into();
    let run = CiRun::detect(|name| variables.get(name).map(|value| (*value).to_owned()));
    let run = run.unwrap();
    let mut given = Some("def".to_owned());
    assert_eq!(run.fill(CiField::Commit, &mut given), None);
    assert_eq!(given.as_deref(), Some("def"));
    let filled = run.fill(CiField::Repository, &mut None).unwrap();
    assert_eq!(
        filled,
        "repository https://github.com/mycompany/my-service (GITHUB_SERVER_URL, GITHUB_REPOSITORY)"
    );
    assert_eq!(run.fill(CiField::ActorEmail, &mut None), None);
}

#[test]
fn the_help_names_every_variable() {
    let help = variables_help();
    for system in &SYSTEMS {
        assert!(help.contains(system.title));
        for source in system.sources {
            for part in parts(source.template) {
                let (Part::Variable(text) | Part::Text(text)) = part;
                assert!(help.contains(text), "{text}: {help}");
            }
        }
    }
}
