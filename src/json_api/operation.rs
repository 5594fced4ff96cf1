//! One method on one path: the call that it makes, and what its description needs.

use std::{future::Future, pin::Pin};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{Method, request::Parts};
use prost::Message;
use serde::Serialize;
use tonic::{Request, Status};

use super::{
    answer::{WithIgnoredFields, link_next, ok},
    contract::{CONTRACT, Field, Message as Description},
    error::Refusal,
};
use crate::grpc::Services;

pub(super) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A call of a service, as its generated trait has it.
pub(super) type Call<I, O> =
    for<'a> fn(&'a Services, Request<I>) -> BoxFuture<'a, Result<tonic::Response<O>, Status>>;

/// A request, with the segment that its path has for `{id}`.
pub(super) struct Incoming {
    pub(super) head: Parts,
    pub(super) id: Option<String>,
    pub(super) body: Body,
}

/// One method on one path.
pub(super) struct Operation {
    pub(super) method: Method,
    /// Without a slash at its end; the path with one is the same.
    pub(super) path: &'static str,
    /// The call that it makes, as `VersionService.GetVersion`.
    pub(super) rpc: &'static str,
    pub(super) group: Group,
    /// What it does, if the comment of the call does not say it.
    pub(super) summary: Option<&'static str>,
    /// The field of the request that the path's `{id}` gives.
    pub(super) id_field: &'static str,
    /// The field that `{id}` gives if it is not an id.
    pub(super) name_field: Option<&'static str>,
    /// Added to the error about an `{id}` that is not an id.
    pub(super) id_hint: &'static str,
    /// The fields of the request that are not parameters.
    pub(super) hidden: Vec<&'static str>,
    pub(super) body: BodyKind,
    pub(super) run: Run,
}

/// What a path is about. The description lists paths by group, in this order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    Events,
    Versions,
    BuildsAndChecks,
    Catalog,
    Deployments,
    Statistics,
}

/// The body of an operation's requests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyKind {
    None,
    /// One event: the name of its message.
    Event(&'static str),
    /// Events of any type.
    Events,
    /// New values of a resource: the field of the request that holds them.
    Change(&'static str),
}

pub(super) type Run = Box<
    dyn Fn(&'static Operation, Services, Incoming) -> BoxFuture<'static, Response> + Send + Sync,
>;

/// The fields of a resource that a change ignores, because only the server sets them.
pub(super) const UNCHANGEABLE: [&str; 3] = ["id", "created_at", "updated_at"];

impl Operation {
    /// A call that returns one answer.
    pub(super) fn get<I, O>(path: &'static str, rpc: &'static str, call: Call<I, O>) -> Self
    where
        I: Message + Default + 'static,
        O: Serialize + 'static,
    {
        Self::reading(Method::GET, path, rpc, call, |_| "")
    }

    /// A call that returns a page; `next` is the token of the next one.
    pub(super) fn list<I, O>(
        path: &'static str,
        rpc: &'static str,
        call: Call<I, O>,
        next: fn(&O) -> &str,
    ) -> Self
    where
        I: Message + Default + 'static,
        O: Serialize + 'static,
    {
        Self::reading(Method::GET, path, rpc, call, next)
    }

    /// A call that deletes.
    pub(super) fn delete<I, O>(path: &'static str, rpc: &'static str, call: Call<I, O>) -> Self
    where
        I: Message + Default + 'static,
        O: Serialize + 'static,
    {
        Self::reading(Method::DELETE, path, rpc, call, |_| "")
    }

    /// A call that changes the fields of a resource that the body gives; `field` is the field of the request that
    /// holds the resource.
    pub(super) fn change<I, O>(
        path: &'static str,
        rpc: &'static str,
        field: &'static str,
        call: Call<I, O>,
    ) -> Self
    where
        I: Message + Default + 'static,
        O: Serialize + 'static,
    {
        let run = move |operation: &'static Self, services: Services, incoming: Incoming| {
            respond(async move {
                let id = incoming.id.clone();
                let request = operation.read_change(incoming).await?;
                let answer = operation.call(call, &services, id, &request).await;
                let ignored_fields = &request.ignored_fields;
                let answer = &answer.map_err(|refusal| refusal.ignoring(ignored_fields))?;
                Ok(ok(&WithIgnoredFields {
                    answer,
                    ignored_fields,
                }))
            })
        };
        Self {
            body: BodyKind::Change(field),
            ..Self::new(Method::PATCH, path, rpc, Box::new(run))
        }
    }

    pub(super) fn new(method: Method, path: &'static str, rpc: &'static str, run: Run) -> Self {
        Self {
            method,
            path,
            rpc,
            group: Group::Events,
            summary: None,
            id_field: "id",
            name_field: None,
            id_hint: "",
            hidden: Vec::new(),
            body: BodyKind::None,
            run,
        }
    }

    pub(super) fn group(self, group: Group) -> Self {
        Self { group, ..self }
    }

    pub(super) fn summary(self, summary: &'static str) -> Self {
        Self {
            summary: Some(summary),
            ..self
        }
    }

    /// Uses the path's `{id}` for this field of the request, not for `id`.
    pub(super) fn id_is(self, field: &'static str) -> Self {
        Self {
            id_field: field,
            ..self
        }
    }

    /// Accepts a name as the path's `{id}`, for this field of the request.
    pub(super) fn or_name(self, field: &'static str) -> Self {
        Self {
            name_field: Some(field),
            ..self
        }
    }

    /// Adds to the error about an `{id}` that is not an id.
    pub(super) fn id_hint(self, hint: &'static str) -> Self {
        Self {
            id_hint: hint,
            ..self
        }
    }

    /// Removes these fields of the request from the parameters.
    pub(super) fn hiding(mut self, fields: &[&'static str]) -> Self {
        self.hidden.extend(fields);
        self
    }

    /// The request of its call.
    pub(super) fn request(&self) -> &'static Description {
        CONTRACT.message(&CONTRACT.method(self.rpc).input)
    }

    pub(super) fn has_id(&self) -> bool {
        self.path.contains("{id}")
    }

    /// The fields of its request that its query cannot give.
    pub(super) fn not_in_query(&self) -> Vec<&'static str> {
        let mut fields = self.hidden.clone();
        fields.extend(self.in_path());
        fields
    }

    /// The fields that its body may give of a resource.
    pub(super) fn changeable(&self) -> impl Iterator<Item = &'static Field> + Clone + use<> {
        let resource = match self.body {
            BodyKind::Change(field) => self.request().field(field),
            _ => None,
        };
        let message = resource.and_then(Field::message);
        message
            .into_iter()
            .flat_map(|message| &message.fields)
            .filter(|field| !UNCHANGEABLE.contains(&field.name.as_str()))
    }

    /// The fields that the path gives.
    pub(super) fn in_path(&self) -> Vec<&'static str> {
        let id = self.has_id().then_some(self.id_field);
        id.into_iter().chain(self.name_field).collect()
    }

    fn reading<I, O>(
        method: Method,
        path: &'static str,
        rpc: &'static str,
        call: Call<I, O>,
        next: fn(&O) -> &str,
    ) -> Self
    where
        I: Message + Default + 'static,
        O: Serialize + 'static,
    {
        let run = move |operation: &'static Self, services: Services, incoming: Incoming| {
            respond(async move {
                let request = operation.read_query(&incoming)?;
                let (uri, id) = (&incoming.head.uri, incoming.id);
                let answer = operation.call(call, &services, id, &request).await?;
                let mut response = ok(&answer);
                let token = next(&answer);
                if !token.is_empty() {
                    let query = uri.query().unwrap_or_default();
                    link_next(&mut response, uri.path(), query, token);
                }
                Ok(response)
            })
        };
        Self::new(method, path, rpc, Box::new(run))
    }
}

/// Answers with a refusal in the same way as with any other answer.
pub(super) fn respond(
    work: impl Future<Output = Result<Response, Refusal>> + Send + 'static,
) -> BoxFuture<'static, Response> {
    Box::pin(async move { work.await.unwrap_or_else(IntoResponse::into_response) })
}
