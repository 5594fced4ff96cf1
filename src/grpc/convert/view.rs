//! The domain as the contract shows it.

use super::{
    attempt, code, event,
    metadata::object,
    readiness::{readiness, security_limits},
    timestamp,
};
use crate::{
    domain::{
        event::Subject,
        id::{IdSpace, Kind},
        precedence::Scheme,
        readiness::Assessment,
        resource::{
            Build, Check, Content, Deployment, Entry, EntryType, Environment, Product, RunState,
            Version,
        },
        status::Status,
    },
    pb,
    storage::Receipt,
};

/// How the domain is shown: with which ids, and as of when.
#[derive(Clone, Copy)]
pub(in crate::grpc) struct View {
    pub(in crate::grpc) ids: IdSpace,
    pub(in crate::grpc) stale_before_us: i64,
}

impl View {
    pub(in crate::grpc) fn version(&self, v: Version) -> pb::Version {
        let stale = v.status == Some(Status::Started)
            && v.latest_build_started_at_us
                .is_some_and(|at| at < self.stale_before_us);
        pb::Version {
            id: self.ids.format(Kind::Version, v.id),
            product_name: v.product_name,
            version: v.version,
            status: v.status.map(code),
            scm_sha: v.scm_sha.unwrap_or_default(),
            scm_branch: v.origin.scm_branch.unwrap_or_default(),
            scm_repository: v.origin.scm_repository.unwrap_or_default(),
            created_at: Some(timestamp(v.created_at_us)),
            product_id: self.ids.format(Kind::Product, v.product_id),
            latest_build_id: self.id(Kind::Build, v.latest_build_id),
            stale,
            scheme: match v.scheme {
                Scheme::Semantic => pb::VersionScheme::Semantic,
                Scheme::Calendar => pb::VersionScheme::Calendar,
                Scheme::Dotted => pb::VersionScheme::Dotted,
                Scheme::BuildNumber => pb::VersionScheme::BuildNumber,
                Scheme::CommitSha => pb::VersionScheme::CommitSha,
                Scheme::Custom => pb::VersionScheme::Custom,
            }
            .into(),
            prerelease: v.prerelease,
            built_by: v.origin.built_by.unwrap_or_default(),
            built_by_name: v.origin.built_by_name.unwrap_or_default(),
            built_by_email: v.origin.built_by_email.unwrap_or_default(),
            source_system: v.origin.source_system.unwrap_or_default(),
            updated_at: Some(timestamp(v.updated_at_us)),
            readiness: v.readiness.as_ref().map(|a| readiness(a.readiness)),
            unmet_conditions: v
                .readiness
                .iter()
                .flat_map(Assessment::unmet)
                .map(|condition| self.condition(condition))
                .collect(),
        }
    }

    pub(in crate::grpc) fn build(&self, b: Build) -> pb::Build {
        let stale = self.is_stale(&b.run);
        let RunState { details, .. } = b.run;
        pb::Build {
            id: self.ids.format(Kind::Build, b.id),
            product_name: b.product_name,
            version: b.version,
            status: code(b.run.status),
            invoke_id: b.run.invoke_id.unwrap_or_default(),
            invoke_attempt: attempt(b.run.invoke_attempt),
            started_at: b.run.started_at_us.map(timestamp),
            completed_at: b.run.completed_at_us.map(timestamp),
            stale,
            product_id: self.ids.format(Kind::Product, b.product_id),
            version_id: self.ids.format(Kind::Version, b.version_id),
            created_at: Some(timestamp(b.run.created_at_us)),
            build_number: details.build_number.unwrap_or_default(),
            build_url: details.url.unwrap_or_default(),
            source_system: details.source_system.unwrap_or_default(),
            scm_repository: details.scm_repository.unwrap_or_default(),
            scm_branch: details.scm_branch.unwrap_or_default(),
            scm_sha: details.scm_sha.unwrap_or_default(),
            built_by: details.by.unwrap_or_default(),
            built_by_name: details.by_name.unwrap_or_default(),
            built_by_email: details.by_email.unwrap_or_default(),
            error_message: details.error_message.unwrap_or_default(),
            error_code: details.error_code.unwrap_or_default(),
            extra_metadata: details.extra_metadata.as_ref().map(object),
        }
    }

    pub(in crate::grpc) fn deployment(&self, d: Deployment) -> pb::Deployment {
        let stale = self.is_stale(&d.run);
        let RunState { details, .. } = d.run;
        pb::Deployment {
            id: self.ids.format(Kind::Deployment, d.id),
            product_name: d.product_name,
            version: d.version,
            environment_name: d.environment_name,
            instance: d.instance,
            status: code(d.run.status),
            current: d.current,
            started_at: d.run.started_at_us.map(timestamp),
            completed_at: d.run.completed_at_us.map(timestamp),
            created_at: Some(timestamp(d.run.created_at_us)),
            stale,
            product_id: self.ids.format(Kind::Product, d.product_id),
            version_id: self.ids.format(Kind::Version, d.version_id),
            environment_id: self.ids.format(Kind::Environment, d.environment_id),
            deployed_by: details.by.unwrap_or_default(),
            deployed_by_name: details.by_name.unwrap_or_default(),
            deployed_by_email: details.by_email.unwrap_or_default(),
            deploy_url: details.url.unwrap_or_default(),
            source_system: details.source_system.unwrap_or_default(),
            invoke_id: d.run.invoke_id.unwrap_or_default(),
            invoke_attempt: attempt(d.run.invoke_attempt),
            build_number: details.build_number.unwrap_or_default(),
            scm_repository: details.scm_repository.unwrap_or_default(),
            scm_branch: details.scm_branch.unwrap_or_default(),
            scm_sha: details.scm_sha.unwrap_or_default(),
            error_message: details.error_message.unwrap_or_default(),
            error_code: details.error_code.unwrap_or_default(),
            extra_metadata: details.extra_metadata.as_ref().map(object),
            deployment_class: d.class.map(|class| class.code() as i32),
        }
    }

    pub(in crate::grpc) fn check(&self, c: Check) -> pb::Check {
        let stale = self.is_stale(&c.run);
        let RunState { details, .. } = c.run;
        let (version_id, version) = c.version.unzip();
        let (environment_id, environment_name) = c.environment.unzip();
        pb::Check {
            id: self.ids.format(Kind::Check, c.id),
            product_name: c.product_name,
            version: version.unwrap_or_default(),
            scm_sha: c.scm_sha.unwrap_or_default(),
            check_name: c.check_name,
            kind: details.check_kind.map_or(0, |kind| kind.code() as i32),
            status: code(c.run.status),
            environment_name: environment_name.unwrap_or_default(),
            product_id: self.ids.format(Kind::Product, c.product_id),
            version_id: self.id(Kind::Version, version_id),
            environment_id: self.id(Kind::Environment, environment_id),
            url: details.url.unwrap_or_default(),
            summary: details.summary.unwrap_or_default(),
            counts: details.counts.unwrap_or_default().into_iter().collect(),
            expires_at: details.expires_at_us.map(timestamp),
            checked_by: details.by.unwrap_or_default(),
            checked_by_name: details.by_name.unwrap_or_default(),
            checked_by_email: details.by_email.unwrap_or_default(),
            source_system: details.source_system.unwrap_or_default(),
            invoke_id: c.run.invoke_id.unwrap_or_default(),
            invoke_attempt: attempt(c.run.invoke_attempt),
            started_at: c.run.started_at_us.map(timestamp),
            completed_at: c.run.completed_at_us.map(timestamp),
            created_at: Some(timestamp(c.run.created_at_us)),
            stale,
            extra_metadata: details.extra_metadata.as_ref().map(object),
        }
    }

    pub(in crate::grpc) fn product(&self, p: Product) -> pb::Product {
        pb::Product {
            id: self.ids.format(Kind::Product, p.id),
            name: p.name,
            description: p.description,
            aliases: p.aliases,
            created_at: Some(timestamp(p.created_at_us)),
            updated_at: Some(timestamp(p.updated_at_us)),
            required_checks: p.requirements.required_checks,
            security_limits: p.requirements.security_limits.map(security_limits),
        }
    }

    pub(in crate::grpc) fn environment(&self, e: Environment) -> pb::Environment {
        pb::Environment {
            id: self.ids.format(Kind::Environment, e.id),
            name: e.name,
            environment_type: e.kind.code() as i32,
            description: e.description,
            aliases: e.aliases,
            created_at: Some(timestamp(e.created_at_us)),
            updated_at: Some(timestamp(e.updated_at_us)),
            required_checks: e.requirements.required_checks,
            security_limits: e.requirements.security_limits.map(security_limits),
        }
    }

    pub(in crate::grpc) fn entry(&self, e: &Entry) -> pb::LogEntry {
        let subject = match e.kind {
            EntryType::DeploymentEvent => Kind::Deployment,
            EntryType::CheckEvent => Kind::Check,
            _ => Kind::Build,
        };
        pb::LogEntry {
            position: e.position,
            event_id: e.event_id.clone(),
            event_type: e.kind.code() as i32,
            occurred_at: Some(timestamp(e.occurred_at_us)),
            received_at: Some(timestamp(e.received_at_us)),
            product_id: self.id(Kind::Product, e.product_id),
            version_id: self.id(Kind::Version, e.version_id),
            environment_id: self.id(Kind::Environment, e.environment_id),
            subject_id: self.id(subject, e.subject_id),
            content: e.content.clone().map(|content| self.content(content)),
        }
    }

    fn content(&self, content: Content) -> pb::log_entry::Content {
        use pb::log_entry::Content as Pb;
        match content {
            Content::Product(product) => Pb::Product(self.product(product)),
            Content::Environment(environment) => Pb::Environment(self.environment(environment)),
            Content::Event(event) => match event.subject {
                Subject::Version => Pb::VersionEvent(event::version_event(*event)),
                Subject::Deployment => Pb::DeploymentEvent(event::deployment_event(*event)),
                Subject::Check => Pb::CheckEvent(event::check_event(*event)),
            },
        }
    }

    fn id(&self, kind: Kind, position: Option<i64>) -> String {
        position.map_or_else(String::new, |position| self.ids.format(kind, position))
    }

    fn is_stale(&self, run: &RunState) -> bool {
        self.is_stale_since(run.status, run.started_at_us)
    }

    pub(super) fn is_stale_since(&self, status: Status, started_at_us: Option<i64>) -> bool {
        status == Status::Started && started_at_us.is_some_and(|at| at < self.stale_before_us)
    }
}

pub(in crate::grpc) fn receipt(r: Receipt) -> pb::EventReceipt {
    pb::EventReceipt {
        event_id: r.event_id,
        position: r.position,
        duplicate: r.duplicate,
        product_created: r.created.product,
        version_created: r.created.version,
        environment_created: r.created.environment,
        occurred_at: Some(timestamp(r.occurred_at_us)),
        received_at: Some(timestamp(r.received_at_us)),
    }
}
