//! `EventService`: submits events and returns the event log.

use std::pin::Pin;

use tokio_stream::Stream;
use tonic::{Request, Response, Status, Streaming, async_trait};

use super::{
    Services,
    convert::{entry_type, receipt},
    error::{Problem, status},
    now_us,
    page::PageRequest,
    request::{Fields, GivenId},
    submit_stream, watch,
};
use crate::{
    domain::{
        event::{Event, RawEvent, Subject},
        id::Kind,
        query::EntryQuery,
        resource::EntryType,
        rules::{REQUIRED, batch_submit_events_request},
        violation::Violation,
    },
    pb::{self, event_service_server::EventService, event_submission},
    storage::{Answer, Outcome, State},
};

#[async_trait]
impl EventService for Services {
    type SubmitEventsStream =
        Pin<Box<dyn Stream<Item = Result<pb::SubmitEventsResponse, Status>> + Send>>;
    type WatchEventsStream =
        Pin<Box<dyn Stream<Item = Result<pb::WatchEventsResponse, Status>> + Send>>;

    async fn submit_version_event(
        &self,
        request: Request<pb::SubmitVersionEventRequest>,
    ) -> Result<Response<pb::SubmitVersionEventResponse>, Status> {
        let r = request.into_inner();
        let event = r.event.ok_or_else(|| missing("event"))?;
        let answer = self.submit_version(event.into(), "event", r.validate_only);
        answer.await.map(Response::new)
    }

    async fn submit_deployment_event(
        &self,
        request: Request<pb::SubmitDeploymentEventRequest>,
    ) -> Result<Response<pb::SubmitDeploymentEventResponse>, Status> {
        let r = request.into_inner();
        let event = r.event.ok_or_else(|| missing("event"))?;
        let answer = self.submit_deployment(event.into(), "event", r.validate_only);
        answer.await.map(Response::new)
    }

    async fn submit_check_event(
        &self,
        request: Request<pb::SubmitCheckEventRequest>,
    ) -> Result<Response<pb::SubmitCheckEventResponse>, Status> {
        let r = request.into_inner();
        let event = r.event.ok_or_else(|| missing("event"))?;
        let answer = self.submit_check(event.into(), "event", r.validate_only);
        answer.await.map(Response::new)
    }

    async fn batch_submit_events(
        &self,
        request: Request<pb::BatchSubmitEventsRequest>,
    ) -> Result<Response<pb::BatchSubmitEventsResponse>, Status> {
        let r = request.into_inner();
        let entries = r.events.into_iter().enumerate().map(|(i, submission)| {
            let path = format!("events[{i}]");
            match entry(submission) {
                Some((subject, raw, field)) => Ok((subject, raw, format!("{path}.{field}"))),
                None => Err(no_submission(path)),
            }
        });
        let answer = self.submit_batch(entries, r.validate_only).await;
        answer.map(Response::new)
    }

    async fn submit_events(
        &self,
        request: Request<Streaming<pb::SubmitEventsRequest>>,
    ) -> Result<Response<Self::SubmitEventsStream>, Status> {
        let stream = submit_stream::start(
            self.store.clone(),
            request.into_inner(),
            self.streams_end.clone(),
        );
        Ok(Response::new(Box::pin(stream)))
    }

    async fn list_events(
        &self,
        request: Request<pb::ListEventsRequest>,
    ) -> Result<Response<pb::ListEventsResponse>, Status> {
        use crate::domain::rules::list_events_request as rules;

        let r = request.into_inner();
        let mut fields = Fields::new(self.ids());
        let version_id = fields.optional_id(Kind::Version, "version_id", &r.version_id);
        let query = EntryQuery {
            after: r.after,
            product_name: fields.text(&rules::PRODUCT_NAME, &r.product_name),
            version: fields.text(&rules::VERSION, &r.version),
            version_id: version_id.position(),
            environment_name: fields.text(&rules::ENVIRONMENT_NAME, &r.environment_name),
            types: fields.choices(
                &rules::EVENT_TYPES,
                &r.event_types,
                entry_type,
                EntryType::code,
            ),
        };
        fields.number(&rules::AFTER, r.after);
        fields.version_needs_product(&rules::VERSION, &query.version, &query.product_name);
        let page = PageRequest::parse(&mut fields, &query, r.page_size, &r.page_token);
        let page = fields.violations.finish(page).map_err(Problem::invalid)?;

        let end = self.store.check_position(r.after).await.map_err(status)?;
        if version_id == GivenId::Unknown {
            return Ok(Response::new(pb::ListEventsResponse {
                position: end,
                ..pb::ListEventsResponse::default()
            }));
        }
        let view = self.view();
        let page = page
            .read(&self.store, &query, |entry| view.entry(&entry))
            .await
            .map_err(status)?;
        let last = page.rows.last().map(|event| event.position);
        let position = match last {
            Some(last) if !page.next_page_token.is_empty() => last,
            // Everything up to the end was examined. More may have been added since.
            _ => last.map_or(end, |last| last.max(end)),
        };
        Ok(Response::new(pb::ListEventsResponse {
            events: page.rows,
            next_page_token: page.next_page_token,
            position,
        }))
    }

    async fn watch_events(
        &self,
        request: Request<pb::WatchEventsRequest>,
    ) -> Result<Response<Self::WatchEventsStream>, Status> {
        use crate::domain::rules::watch_events_request as rules;

        let r = request.into_inner();
        let mut fields = Fields::new(self.ids());
        let query = EntryQuery {
            after: 0,
            product_name: fields.text(&rules::PRODUCT_NAME, &r.product_name),
            version: fields.text(&rules::VERSION, &r.version),
            version_id: None,
            environment_name: fields.text(&rules::ENVIRONMENT_NAME, &r.environment_name),
            types: fields.choices(
                &rules::EVENT_TYPES,
                &r.event_types,
                entry_type,
                EntryType::code,
            ),
        };
        fields.number(&rules::AFTER, r.after.unwrap_or(0));
        fields.version_needs_product(&rules::VERSION, &query.version, &query.product_name);
        let interval = &rules::HEARTBEAT_INTERVAL;
        let heartbeat = watch::heartbeat_interval(interval, r.heartbeat_interval);
        let heartbeat = fields.violations.take(interval.name, heartbeat);
        let heartbeat = fields
            .violations
            .finish(heartbeat)
            .map_err(Problem::invalid)?;

        let after = match r.after {
            Some(after) => after,
            None => self.store.last_position().await.map_err(status)?,
        };
        let watcher = self
            .store
            .watch(EntryQuery { after, ..query })
            .await
            .map_err(status)?;
        let stream = watch::start(watcher, self.clone(), heartbeat);
        Ok(Response::new(Box::pin(stream)))
    }
}

impl Services {
    /// Records a version event, whose fields are named below `path`.
    pub async fn submit_version(
        &self,
        raw: RawEvent,
        path: &str,
        validate_only: bool,
    ) -> Result<pb::SubmitVersionEventResponse, Status> {
        let outcome = self
            .submit_one(raw, Subject::Version, path, validate_only)
            .await?;
        let view = self.view();
        let (version, build) = match outcome.state {
            Some(State::Build(version, build)) => (Some(version), Some(build)),
            _ => (None, None),
        };
        Ok(pb::SubmitVersionEventResponse {
            receipt: Some(receipt(outcome.receipt)),
            version: version.map(|version| view.version(*version)),
            build: build.map(|build| view.build(*build)),
        })
    }

    /// Records a deployment event, whose fields are named below `path`.
    pub async fn submit_deployment(
        &self,
        raw: RawEvent,
        path: &str,
        validate_only: bool,
    ) -> Result<pb::SubmitDeploymentEventResponse, Status> {
        let outcome = self
            .submit_one(raw, Subject::Deployment, path, validate_only)
            .await?;
        let view = self.view();
        let (version, deployment) = match outcome.state {
            Some(State::Deployment(version, deployment)) => (Some(version), Some(deployment)),
            _ => (None, None),
        };
        Ok(pb::SubmitDeploymentEventResponse {
            receipt: Some(receipt(outcome.receipt)),
            deployment: deployment.map(|deployment| view.deployment(*deployment)),
            version: version.map(|version| view.version(*version)),
        })
    }

    /// Records a check event, whose fields are named below `path`.
    pub async fn submit_check(
        &self,
        raw: RawEvent,
        path: &str,
        validate_only: bool,
    ) -> Result<pb::SubmitCheckEventResponse, Status> {
        let outcome = self
            .submit_one(raw, Subject::Check, path, validate_only)
            .await?;
        let check = match outcome.state {
            Some(State::Check(check)) => Some(check),
            _ => None,
        };
        Ok(pb::SubmitCheckEventResponse {
            receipt: Some(receipt(outcome.receipt)),
            check: check.map(|check| self.view().check(*check)),
        })
    }

    /// Records up to 500 events in their order. Each entry is the event with its sort and the path of its fields,
    /// or the violations of the entry. An event that is rejected does not affect the others.
    pub async fn submit_batch(
        &self,
        entries: impl ExactSizeIterator<Item = Result<(Subject, RawEvent, String), Vec<Violation>>>,
        validate_only: bool,
    ) -> Result<pb::BatchSubmitEventsResponse, Status> {
        let rules = &batch_submit_events_request::EVENTS;
        if let Err(description) = rules.elements(entries.len()) {
            return Err(Problem::invalid(vec![Violation {
                field: rules.name.to_owned(),
                description,
            }])
            .into());
        }
        let answer = match validate_only {
            true => Answer::ValidateOnly,
            false => Answer::Receipt,
        };
        let mut events = Vec::new();
        // For each entry its path, or its violations.
        let parsed: Vec<Result<String, Problem>> = entries
            .map(|entry| {
                let (subject, raw, path) = entry?;
                events.push(raw.parse(subject, &path, now_us())?);
                Ok(path)
            })
            .collect();
        let mut outcomes = match events.is_empty() {
            true => Vec::new(),
            false => self.store.submit(events, answer).await,
        }
        .into_iter();
        let results = parsed.into_iter().map(|parsed| {
            let path = parsed?;
            match outcomes.next() {
                Some(outcome) => outcome.map_err(|error| Problem::from(error).below(&path)),
                None => Err(storage_forgot()),
            }
        });
        Ok(pb::BatchSubmitEventsResponse {
            results: results.map(submission_result).collect(),
        })
    }

    async fn submit_one(
        &self,
        raw: RawEvent,
        subject: Subject,
        path: &str,
        validate_only: bool,
    ) -> Result<Outcome, Status> {
        let event = raw
            .parse(subject, path, now_us())
            .map_err(Problem::invalid)?;
        let answer = match validate_only {
            true => Answer::ValidateOnly,
            false => Answer::WithState,
        };
        match self.store.submit(vec![event], answer).await.pop() {
            Some(outcome) => Ok(outcome.map_err(|error| Problem::from(error).below(path))?),
            None => Err(storage_forgot().into()),
        }
    }
}

/// Parses an entry of a stream. Returns the event's path too.
pub(super) fn parse_submission(
    submission: pb::EventSubmission,
    path: &str,
) -> Result<(Event, String), Problem> {
    let (subject, raw, field) =
        entry(submission).ok_or_else(|| Problem::invalid(no_submission(path.to_owned())))?;
    let path = format!("{path}.{field}");
    let event = raw.parse(subject, &path, now_us())?;
    Ok((event, path))
}

/// The event of an entry, with its sort and the name of its field.
fn entry(submission: pb::EventSubmission) -> Option<(Subject, RawEvent, &'static str)> {
    use event_submission::Event as Pb;
    Some(match submission.event? {
        Pb::VersionEvent(event) => (Subject::Version, event.into(), "version_event"),
        Pb::DeploymentEvent(event) => (Subject::Deployment, event.into(), "deployment_event"),
        Pb::CheckEvent(event) => (Subject::Check, event.into(), "check_event"),
    })
}

fn no_submission(path: String) -> Vec<Violation> {
    vec![Violation {
        field: path,
        description: "must have version_event, deployment_event or check_event".to_owned(),
    }]
}

pub(super) fn submission_result(result: Result<Outcome, Problem>) -> pb::SubmissionResult {
    use pb::submission_result::Result as Pb;
    pb::SubmissionResult {
        result: Some(match result {
            Ok(outcome) => Pb::Receipt(receipt(outcome.receipt)),
            Err(problem) => Pb::Error(problem.into_pb()),
        }),
    }
}

pub(super) fn storage_forgot() -> Problem {
    Problem::from(crate::storage::Error::fault(
        "the store returned no outcome",
    ))
}

fn missing(field: &str) -> Status {
    Problem::invalid(vec![Violation {
        field: field.to_owned(),
        description: REQUIRED.to_owned(),
    }])
    .into()
}
