//! The CI systems that are detected, and what each of their variables says.

use super::{CiField, Source};

/// A CI system.
pub(super) struct System {
    /// Its name for people.
    pub(super) title: &'static str,
    /// Its name in events.
    pub(super) source_system: &'static str,
    /// The variable that it sets, and the value of that; an empty one stands for any.
    pub(super) detected_by: (&'static str, &'static str),
    /// Of several sources of one field, the first that has a value counts.
    pub(super) sources: &'static [Source],
}

pub(super) const SYSTEMS: [System; 6] = [
    System {
        title: "GitHub Actions",
        source_system: "github",
        detected_by: ("GITHUB_ACTIONS", "true"),
        sources: &[
            source(CiField::Commit, "{GITHUB_SHA}"),
            source(CiField::Branch, "{GITHUB_HEAD_REF}"),
            source(CiField::Branch, "{GITHUB_REF_NAME}").only_if("GITHUB_REF_TYPE", "branch"),
            source(
                CiField::Repository,
                "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}",
            ),
            source(CiField::BuildNumber, "{GITHUB_RUN_NUMBER}"),
            source(
                CiField::RunUrl,
                "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}/attempts/{GITHUB_RUN_ATTEMPT}",
            ),
            source(CiField::InvokeId, "{GITHUB_RUN_ID}"),
            source(CiField::InvokeAttempt, "{GITHUB_RUN_ATTEMPT}"),
            source(CiField::Actor, "{GITHUB_TRIGGERING_ACTOR}"),
            source(CiField::Actor, "{GITHUB_ACTOR}"),
        ],
    },
    System {
        title: "GitLab CI",
        source_system: "gitlab",
        detected_by: ("GITLAB_CI", "true"),
        sources: &[
            source(CiField::Commit, "{CI_COMMIT_SHA}"),
            source(CiField::Branch, "{CI_MERGE_REQUEST_SOURCE_BRANCH_NAME}"),
            source(CiField::Branch, "{CI_COMMIT_BRANCH}"),
            source(CiField::Repository, "{CI_PROJECT_URL}"),
            source(CiField::BuildNumber, "{CI_PIPELINE_IID}"),
            source(CiField::RunUrl, "{CI_PIPELINE_URL}"),
            source(CiField::InvokeId, "{CI_PIPELINE_ID}"),
            source(CiField::Actor, "{GITLAB_USER_LOGIN}"),
            source(CiField::ActorName, "{GITLAB_USER_NAME}"),
            source(CiField::ActorEmail, "{GITLAB_USER_EMAIL}"),
        ],
    },
    System {
        title: "CircleCI",
        source_system: "circleci",
        detected_by: ("CIRCLECI", "true"),
        sources: &[
            source(CiField::Commit, "{CIRCLE_SHA1}"),
            source(CiField::Branch, "{CIRCLE_BRANCH}"),
            source(CiField::Repository, "{CIRCLE_REPOSITORY_URL}"),
            source(CiField::BuildNumber, "{CIRCLE_BUILD_NUM}"),
            source(CiField::RunUrl, "{CIRCLE_BUILD_URL}"),
            source(CiField::InvokeId, "{CIRCLE_WORKFLOW_ID}"),
            source(CiField::Actor, "{CIRCLE_USERNAME}"),
        ],
    },
    System {
        title: "Bitbucket Pipelines",
        source_system: "bitbucket",
        detected_by: ("BITBUCKET_BUILD_NUMBER", ""),
        sources: &[
            source(CiField::Commit, "{BITBUCKET_COMMIT}"),
            source(CiField::Branch, "{BITBUCKET_BRANCH}"),
            source(
                CiField::Repository,
                "https://bitbucket.org/{BITBUCKET_REPO_FULL_NAME}",
            ),
            source(CiField::BuildNumber, "{BITBUCKET_BUILD_NUMBER}"),
            source(
                CiField::RunUrl,
                "https://bitbucket.org/{BITBUCKET_REPO_FULL_NAME}/pipelines/results/{BITBUCKET_BUILD_NUMBER}",
            ),
            source(CiField::InvokeId, "{BITBUCKET_PIPELINE_UUID}"),
            source(CiField::Actor, "{BITBUCKET_STEP_TRIGGERER_UUID}"),
        ],
    },
    System {
        title: "Azure Pipelines",
        source_system: "azure",
        detected_by: ("TF_BUILD", "true"),
        sources: &[
            source(CiField::Commit, "{BUILD_SOURCEVERSION}"),
            source(CiField::Branch, "{SYSTEM_PULLREQUEST_SOURCEBRANCH}").after("refs/heads/"),
            source(CiField::Branch, "{BUILD_SOURCEBRANCH}").after("refs/heads/"),
            source(CiField::Repository, "{BUILD_REPOSITORY_URI}"),
            source(CiField::BuildNumber, "{BUILD_BUILDNUMBER}"),
            source(
                CiField::RunUrl,
                "{SYSTEM_COLLECTIONURI}{SYSTEM_TEAMPROJECTID}/_build/results?buildId={BUILD_BUILDID}",
            ),
            source(CiField::InvokeId, "{BUILD_BUILDID}"),
            source(CiField::Actor, "{BUILD_REQUESTEDFOR}"),
            source(CiField::ActorEmail, "{BUILD_REQUESTEDFOREMAIL}"),
        ],
    },
    // The last one: a job of another system may have this variable to start jobs of a Jenkins server.
    System {
        title: "Jenkins",
        source_system: "jenkins",
        detected_by: ("JENKINS_URL", ""),
        sources: &[
            source(CiField::Commit, "{GIT_COMMIT}"),
            source(CiField::Branch, "{CHANGE_BRANCH}"),
            source(CiField::Branch, "{GIT_LOCAL_BRANCH}"),
            source(CiField::Branch, "{GIT_BRANCH}").after("origin/"),
            source(CiField::Branch, "{GIT_BRANCH}"),
            source(CiField::Branch, "{BRANCH_NAME}"),
            source(CiField::Repository, "{GIT_URL}"),
            source(CiField::BuildNumber, "{BUILD_NUMBER}"),
            source(CiField::RunUrl, "{BUILD_URL}"),
            source(CiField::InvokeId, "{BUILD_TAG}"),
            source(CiField::Actor, "{BUILD_USER_ID}"),
            source(CiField::ActorName, "{BUILD_USER}"),
            source(CiField::ActorEmail, "{BUILD_USER_EMAIL}"),
        ],
    },
];

const fn source(field: CiField, template: &'static str) -> Source {
    Source {
        field,
        template,
        only_if: None,
        prefix: "",
    }
}

impl Source {
    const fn only_if(self, variable: &'static str, value: &'static str) -> Self {
        let only_if = Some((variable, value));
        Self { only_if, ..self }
    }

    const fn after(self, prefix: &'static str) -> Self {
        Self { prefix, ..self }
    }

    fn help(&self) -> String {
        let condition = match (self.only_if, self.prefix) {
            (Some((name, value)), _) => format!(" if {name} is {value}"),
            (None, "") => String::new(),
            (None, prefix) => format!(" without {prefix}"),
        };
        // A template of one variable needs no braces.
        let variable = self
            .template
            .strip_prefix('{')
            .and_then(|text| text.strip_suffix('}'));
        let text = variable
            .filter(|text| !text.contains('{'))
            .unwrap_or(self.template);
        format!("{text}{condition}")
    }
}

impl System {
    /// The lines of the help for this system.
    pub(super) fn help(&self) -> String {
        let condition = match self.detected_by {
            (name, "") => format!("{name} is set"),
            (name, value) => format!("{name} is {value}"),
        };
        let system = self.source_system;
        let mut text = format!(
            "  {}, if {condition}\n    source system   {system}\n",
            self.title
        );
        for field in CiField::ALL {
            let sources = self.sources.iter().filter(|source| source.field == field);
            for (number, source) in sources.enumerate() {
                let title = if number == 0 {
                    field.title()
                } else {
                    "  otherwise"
                };
                text.push_str(&format!("    {title:14}  {}\n", source.help()));
            }
        }
        text
    }
}
