//! Between the messages of the contract and the domain.

use std::collections::BTreeMap;

use prost_types::{ListValue, Struct, Timestamp, Value, value::Kind as ValueKind};

use crate::{
    domain::{
        environment::EnvironmentType,
        event::{Event, Given, RawEvent, Subject},
        id::{IdSpace, Kind},
        metadata::{MAX_LEVELS, Metadata},
        precedence::Scheme,
        resource::{
            Build, Check, Content, Deployment, Entry, EntryType, Environment, Product, RunState,
            Version,
        },
        status::{CheckKind, Status},
    },
    pb,
    storage::Receipt,
};

/// How the domain is shown: with which ids, and as of when.
#[derive(Clone, Copy)]
pub(super) struct View {
    pub(super) ids: IdSpace,
    pub(super) stale_before_us: i64,
}

impl View {
    pub(super) fn version(&self, v: Version) -> pb::Version {
        let stale = v.status == Some(Status::Started)
            && v.latest_build_started_at_us
                .is_some_and(|at| at < self.stale_before_us);
        pb::Version {
            id: self.ids.format(Kind::Version, v.id),
            product_name: v.product_name,
            version: v.version,
            status: v.status.map_or(0, code),
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
        }
    }

    pub(super) fn build(&self, b: Build) -> pb::Build {
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
            extra_metadata: details.extra_metadata.as_ref().map(to_struct),
        }
    }

    pub(super) fn deployment(&self, d: Deployment) -> pb::Deployment {
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
            extra_metadata: details.extra_metadata.as_ref().map(to_struct),
        }
    }

    pub(super) fn check(&self, c: Check) -> pb::Check {
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
            extra_metadata: details.extra_metadata.as_ref().map(to_struct),
        }
    }

    pub(super) fn product(&self, p: Product) -> pb::Product {
        pb::Product {
            id: self.ids.format(Kind::Product, p.id),
            name: p.name,
            description: p.description,
            aliases: p.aliases,
            created_at: Some(timestamp(p.created_at_us)),
            updated_at: Some(timestamp(p.updated_at_us)),
        }
    }

    pub(super) fn environment(&self, e: Environment) -> pb::Environment {
        pb::Environment {
            id: self.ids.format(Kind::Environment, e.id),
            name: e.name,
            r#type: e.kind.code() as i32,
            description: e.description,
            aliases: e.aliases,
            created_at: Some(timestamp(e.created_at_us)),
            updated_at: Some(timestamp(e.updated_at_us)),
        }
    }

    pub(super) fn entry(&self, e: &Entry) -> pb::Event {
        let subject = match e.kind {
            EntryType::DeploymentEvent => Kind::Deployment,
            EntryType::CheckEvent => Kind::Check,
            _ => Kind::Build,
        };
        pb::Event {
            position: e.position,
            event_id: e.event_id.clone(),
            r#type: e.kind.code() as i32,
            occurred_at: Some(timestamp(e.occurred_at_us)),
            received_at: Some(timestamp(e.received_at_us)),
            product_id: self.id(Kind::Product, e.product_id),
            version_id: self.id(Kind::Version, e.version_id),
            environment_id: self.id(Kind::Environment, e.environment_id),
            subject_id: self.id(subject, e.subject_id),
            content: e.content.clone().map(|content| self.content(content)),
        }
    }

    fn content(&self, content: Content) -> pb::event::Content {
        use pb::event::Content as Pb;
        match content {
            Content::Product(product) => Pb::Product(self.product(product)),
            Content::Environment(environment) => Pb::Environment(self.environment(environment)),
            Content::Event(event) => match event.subject {
                Subject::Version => Pb::VersionEvent(version_event(*event)),
                Subject::Deployment => Pb::DeploymentEvent(deployment_event(*event)),
                Subject::Check => Pb::CheckEvent(check_event(*event)),
            },
        }
    }

    fn id(&self, kind: Kind, position: Option<i64>) -> String {
        position.map_or_else(String::new, |position| self.ids.format(kind, position))
    }

    fn is_stale(&self, run: &RunState) -> bool {
        run.status == Status::Started
            && run
                .started_at_us
                .is_some_and(|at| at < self.stale_before_us)
    }
}

pub(super) fn receipt(r: Receipt) -> pb::EventReceipt {
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

impl From<pb::VersionEvent> for RawEvent {
    fn from(e: pb::VersionEvent) -> Self {
        Self {
            event_id: e.event_id,
            occurred_at_us: e.occurred_at.map(micros),
            product_name: e.product_name,
            version: e.version,
            status: status(e.status),
            started_at_us: e.started_at.map(micros),
            completed_at_us: e.completed_at.map(micros),
            invoke_id: e.invoke_id,
            invoke_attempt: given_attempt(e.invoke_attempt),
            by: e.built_by,
            by_name: e.built_by_name,
            by_email: e.built_by_email,
            source_system: e.source_system,
            scm_repository: e.scm_repository,
            scm_branch: e.scm_branch,
            scm_sha: e.scm_sha,
            build_number: e.build_number,
            build_url: e.build_url,
            error_message: e.error_message,
            error_code: e.error_code,
            extra_metadata: e.extra_metadata.map(metadata),
            ..Self::default()
        }
    }
}

impl From<pb::DeploymentEvent> for RawEvent {
    fn from(e: pb::DeploymentEvent) -> Self {
        Self {
            event_id: e.event_id,
            occurred_at_us: e.occurred_at.map(micros),
            product_name: e.product_name,
            version: e.version,
            environment_name: e.environment_name,
            instance: e.instance,
            status: status(e.status),
            started_at_us: e.started_at.map(micros),
            completed_at_us: e.completed_at.map(micros),
            invoke_id: e.invoke_id,
            invoke_attempt: given_attempt(e.invoke_attempt),
            by: e.deployed_by,
            by_name: e.deployed_by_name,
            by_email: e.deployed_by_email,
            source_system: e.source_system,
            scm_repository: e.scm_repository,
            scm_branch: e.scm_branch,
            scm_sha: e.scm_sha,
            build_number: e.build_number,
            build_url: e.build_url,
            deploy_url: e.deploy_url,
            error_message: e.error_message,
            error_code: e.error_code,
            extra_metadata: e.extra_metadata.map(metadata),
            ..Self::default()
        }
    }
}

impl From<pb::CheckEvent> for RawEvent {
    fn from(e: pb::CheckEvent) -> Self {
        Self {
            event_id: e.event_id,
            occurred_at_us: e.occurred_at.map(micros),
            product_name: e.product_name,
            version: e.version,
            environment_name: e.environment_name,
            check_name: e.check_name,
            check_kind: check_kind(e.kind),
            status: check_status(e.status),
            started_at_us: e.started_at.map(micros),
            completed_at_us: e.completed_at.map(micros),
            invoke_id: e.invoke_id,
            invoke_attempt: given_attempt(e.invoke_attempt),
            by: e.checked_by,
            by_name: e.checked_by_name,
            by_email: e.checked_by_email,
            source_system: e.source_system,
            scm_sha: e.scm_sha,
            url: e.url,
            summary: e.summary,
            counts: (!e.counts.is_empty())
                .then(|| Ok(e.counts.into_iter().collect::<BTreeMap<_, _>>())),
            expires_at_us: e.expires_at.map(micros),
            extra_metadata: e.extra_metadata.map(metadata),
            ..Self::default()
        }
    }
}

fn version_event(e: Event) -> pb::VersionEvent {
    let d = e.details;
    pb::VersionEvent {
        product_name: e.product_name,
        version: e.version.unwrap_or_default(),
        status: code(e.status),
        event_id: e.event_id.unwrap_or_default(),
        occurred_at: e.occurred_at_us.map(timestamp),
        started_at: e.started_at_us.map(timestamp),
        completed_at: e.completed_at_us.map(timestamp),
        invoke_id: e.invoke_id.unwrap_or_default(),
        invoke_attempt: attempt(e.invoke_attempt),
        scm_sha: d.scm_sha.unwrap_or_default(),
        scm_repository: d.scm_repository.unwrap_or_default(),
        scm_branch: d.scm_branch.unwrap_or_default(),
        build_number: d.build_number.unwrap_or_default(),
        build_url: d.url.unwrap_or_default(),
        source_system: d.source_system.unwrap_or_default(),
        built_by: d.by.unwrap_or_default(),
        built_by_name: d.by_name.unwrap_or_default(),
        built_by_email: d.by_email.unwrap_or_default(),
        error_message: d.error_message.unwrap_or_default(),
        error_code: d.error_code.unwrap_or_default(),
        extra_metadata: d.extra_metadata.as_ref().map(to_struct),
    }
}

fn deployment_event(e: Event) -> pb::DeploymentEvent {
    let d = e.details;
    pb::DeploymentEvent {
        product_name: e.product_name,
        version: e.version.unwrap_or_default(),
        status: code(e.status),
        event_id: e.event_id.unwrap_or_default(),
        occurred_at: e.occurred_at_us.map(timestamp),
        started_at: e.started_at_us.map(timestamp),
        completed_at: e.completed_at_us.map(timestamp),
        invoke_id: e.invoke_id.unwrap_or_default(),
        invoke_attempt: attempt(e.invoke_attempt),
        environment_name: e.environment_name.unwrap_or_default(),
        instance: e.instance,
        scm_sha: d.scm_sha.unwrap_or_default(),
        scm_repository: d.scm_repository.unwrap_or_default(),
        scm_branch: d.scm_branch.unwrap_or_default(),
        build_number: d.build_number.unwrap_or_default(),
        deploy_url: d.url.unwrap_or_default(),
        build_url: String::new(),
        source_system: d.source_system.unwrap_or_default(),
        deployed_by: d.by.unwrap_or_default(),
        deployed_by_name: d.by_name.unwrap_or_default(),
        deployed_by_email: d.by_email.unwrap_or_default(),
        error_message: d.error_message.unwrap_or_default(),
        error_code: d.error_code.unwrap_or_default(),
        extra_metadata: d.extra_metadata.as_ref().map(to_struct),
    }
}

fn check_event(e: Event) -> pb::CheckEvent {
    let d = e.details;
    pb::CheckEvent {
        product_name: e.product_name,
        version: e.version.unwrap_or_default(),
        scm_sha: d.scm_sha.unwrap_or_default(),
        check_name: e.check_name.unwrap_or_default(),
        kind: d.check_kind.map_or(0, |kind| kind.code() as i32),
        status: code(e.status),
        event_id: e.event_id.unwrap_or_default(),
        occurred_at: e.occurred_at_us.map(timestamp),
        started_at: e.started_at_us.map(timestamp),
        completed_at: e.completed_at_us.map(timestamp),
        invoke_id: e.invoke_id.unwrap_or_default(),
        invoke_attempt: attempt(e.invoke_attempt),
        environment_name: e.environment_name.unwrap_or_default(),
        url: d.url.unwrap_or_default(),
        summary: d.summary.unwrap_or_default(),
        counts: d.counts.unwrap_or_default().into_iter().collect(),
        expires_at: d.expires_at_us.map(timestamp),
        checked_by: d.by.unwrap_or_default(),
        checked_by_name: d.by_name.unwrap_or_default(),
        checked_by_email: d.by_email.unwrap_or_default(),
        source_system: d.source_system.unwrap_or_default(),
        extra_metadata: d.extra_metadata.as_ref().map(to_struct),
    }
}

/// Microseconds of a timestamp; what is finer is cut off.
pub(super) fn micros(at: Timestamp) -> Result<i64, String> {
    if !(0..1_000_000_000).contains(&at.nanos) {
        return Err("has nanos outside 0 to 999999999".to_owned());
    }
    at.seconds
        .checked_mul(1_000_000)
        .and_then(|us| us.checked_add(i64::from(at.nanos) / 1_000))
        .ok_or_else(|| "lies outside the years 1970 to 9999".to_owned())
}

pub(super) fn timestamp(at_us: i64) -> Timestamp {
    Timestamp {
        seconds: at_us.div_euclid(1_000_000),
        nanos: (at_us.rem_euclid(1_000_000) * 1_000) as i32,
    }
}

/// A number of an enum: 0 is left out, an unknown one is refused.
fn known<T>(number: i32, parsed: Option<T>, taken: &str) -> Given<T> {
    match (number, parsed) {
        (0, _) => None,
        (_, Some(value)) => Some(Ok(value)),
        (_, None) => Some(Err(format!("is the unknown number {number}: {taken}"))),
    }
}

pub(super) fn status(number: i32) -> Given<Status> {
    known(
        number,
        Status::from_code(number.into()),
        "1 (pending), 2 (started), 3 (completed), 4 (failed) or 5 (aborted) is taken",
    )
}

pub(super) fn check_status(number: i32) -> Given<Status> {
    known(
        number,
        Status::from_code(number.into()),
        "1 (queued), 2 (running), 3 (passed), 4 (failed) or 5 (skipped) is taken",
    )
}

pub(super) fn check_kind(number: i32) -> Given<CheckKind> {
    known(
        number,
        CheckKind::from_code(number.into()),
        "1 (test), 2 (security scan), 3 (approval) or 4 (custom) is taken",
    )
}

pub(super) fn environment_type(number: i32) -> Given<EnvironmentType> {
    known(
        number,
        EnvironmentType::from_code(number.into()),
        "1 (dev), 2 (test), 3 (staging), 4 (production) or 5 (other) is taken",
    )
}

pub(super) fn entry_type(number: i32) -> Result<EntryType, String> {
    EntryType::from_code(number.into())
        .ok_or_else(|| format!("has the unknown number {number}: 1 to 7 are taken"))
}

fn given_attempt(attempt: i32) -> Given<i64> {
    (attempt != 0).then(|| Ok(attempt.into()))
}

fn attempt(attempt: Option<i64>) -> i32 {
    attempt.and_then(|n| n.try_into().ok()).unwrap_or(0)
}

fn code(status: Status) -> i32 {
    status.code() as i32
}

/// Metadata out of a Struct: whole numbers as whole ones (R10).
fn metadata(given: Struct) -> Result<Metadata, String> {
    let mut json = String::new();
    write_struct(&mut json, given, 1)?;
    Metadata::parse(&json)
}

fn write_struct(json: &mut String, object: Struct, level: usize) -> Result<(), String> {
    check_level(level)?;
    json.push('{');
    for (i, (key, value)) in object.fields.into_iter().enumerate() {
        if i > 0 {
            json.push(',');
        }
        json.push_str(&quoted(key));
        json.push(':');
        write_value(json, value, level + 1)?;
    }
    json.push('}');
    Ok(())
}

fn write_value(json: &mut String, value: Value, level: usize) -> Result<(), String> {
    match value.kind {
        None | Some(ValueKind::NullValue(_)) => json.push_str("null"),
        Some(ValueKind::BoolValue(value)) => json.push_str(if value { "true" } else { "false" }),
        Some(ValueKind::StringValue(text)) => json.push_str(&quoted(text)),
        Some(ValueKind::NumberValue(number)) => json.push_str(&number_text(number)?),
        Some(ValueKind::StructValue(object)) => write_struct(json, object, level)?,
        Some(ValueKind::ListValue(list)) => {
            check_level(level)?;
            json.push('[');
            for (i, value) in list.values.into_iter().enumerate() {
                if i > 0 {
                    json.push(',');
                }
                write_value(json, value, level + 1)?;
            }
            json.push(']');
        }
    }
    Ok(())
}

fn check_level(level: usize) -> Result<(), String> {
    match level > MAX_LEVELS {
        true => Err(format!("is nested deeper than {MAX_LEVELS} levels")),
        false => Ok(()),
    }
}

fn quoted(text: String) -> String {
    serde_json::Value::String(text).to_string()
}

fn number_text(number: f64) -> Result<String, String> {
    const WHOLE: f64 = 9_007_199_254_740_992.0; // 2^53: beyond it every double is whole
    if number.fract() == 0.0 && number.abs() <= WHOLE {
        return Ok(format!("{}", number as i64));
    }
    serde_json::Number::from_f64(number)
        .map(|n| n.to_string())
        .ok_or_else(|| format!("has {number}, which is no JSON number"))
}

fn to_struct(metadata: &Metadata) -> Struct {
    match serde_json::from_str(metadata.as_json()) {
        Ok(serde_json::Value::Object(object)) => struct_of(object),
        // It was parsed so when it came in.
        _ => Struct::default(),
    }
}

fn struct_of(object: serde_json::Map<String, serde_json::Value>) -> Struct {
    Struct {
        fields: object
            .into_iter()
            .map(|(key, value)| (key, value_of(value)))
            .collect(),
    }
}

fn value_of(value: serde_json::Value) -> Value {
    use serde_json::Value as Json;
    let kind = match value {
        Json::Null => ValueKind::NullValue(0),
        Json::Bool(value) => ValueKind::BoolValue(value),
        Json::Number(number) => ValueKind::NumberValue(number.as_f64().unwrap_or(f64::MAX)),
        Json::String(text) => ValueKind::StringValue(text),
        Json::Array(values) => ValueKind::ListValue(ListValue {
            values: values.into_iter().map(value_of).collect(),
        }),
        Json::Object(object) => ValueKind::StructValue(struct_of(object)),
    };
    Value { kind: Some(kind) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn r10_whole_numbers_stay_whole() {
        for (number, text) in [
            (180.0, "180"),
            (-3.0, "-3"),
            (0.5, "0.5"),
            (9_007_199_254_740_992.0, "9007199254740992"),
            (1e300, "1e+300"),
        ] {
            assert_eq!(number_text(number).as_deref(), Ok(text));
        }
        assert!(number_text(f64::NAN).is_err());
        assert!(number_text(f64::INFINITY).is_err());
    }

    #[test]
    fn r9_times_keep_microseconds() {
        let at = Timestamp {
            seconds: 1_700_000_000,
            nanos: 123_456_789,
        };
        let us = micros(at).unwrap();
        assert_eq!(us, 1_700_000_000_123_456);
        assert_eq!(timestamp(us).nanos, 123_456_000);
        assert_eq!(timestamp(-1).seconds, -1);
        let absurd = |seconds, nanos| micros(Timestamp { seconds, nanos });
        assert!(absurd(i64::MAX, 0).is_err() && absurd(0, -1).is_err());
    }

    proptest! {
        #[test]
        fn r10_metadata_round_trips_through_a_struct(
            pairs in prop::collection::btree_map("[a-z\\PC]{1,8}", any::<(i32, String, bool)>(), 0..5)
        ) {
            let mut object = serde_json::Map::new();
            for (key, (n, text, flag)) in pairs {
                object.insert(key, serde_json::json!({"n": n, "list": [text, flag, null]}));
            }
            let json = serde_json::Value::Object(object).to_string();
            let given = Metadata::parse(&json).unwrap();
            prop_assert_eq!(metadata(to_struct(&given)).unwrap(), given);
        }
    }
}
