//! What a method does on a path: the call that it makes, and what its description has to tell. The calls that
//! read, change or delete are made here, out of the fields of their requests.

use std::future::Future;
use std::pin::Pin;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{Method, StatusCode};
use prost::Message;
use serde::Serialize;
use serde_json::Value;
use tonic::{Request, Status};

use super::answer::{link_next, ok};
use super::body;
use super::contract::{CONTRACT, Field, Message as Description};
use super::parameters::encode_query;
use super::refusal::{Places, Refusal};
use super::value::{encode_bytes, encode_json, encode_text};
use crate::{domain::violation::Violations, grpc::Services};

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
    /// Without a slash at its end; it is taken with one too.
    pub(super) path: &'static str,
    /// The call that it makes, as `VersionService.GetVersion`.
    pub(super) rpc: &'static str,
    /// The field of the request that the path's `{id}` gives.
    pub(super) id_field: &'static str,
    /// The fields of the request that are no parameters.
    pub(super) hidden: Vec<&'static str>,
    pub(super) takes: Takes,
    pub(super) run: Run,
}

/// What an operation takes as its body.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Nothing,
    /// One event; the name of its message.
    Event(&'static str),
    /// Events; the name of the message of one.
    Events,
    /// New values of a thing: the field of the request that holds them.
    Change(&'static str),
}

pub(super) type Run = Box<
    dyn Fn(&'static Operation, Services, Incoming) -> BoxFuture<'static, Response> + Send + Sync,
>;

/// The fields of a thing that no change looks at.
pub(super) const UNCHANGEABLE: [&str; 3] = ["id", "created_at", "updated_at"];

impl Operation {
    /// A call that returns what it is asked for.
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

    /// A call that changes what the body gives of a thing; `field` is where its request has the thing.
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
                let request = operation.read_change(incoming).await?;
                let places = operation.places();
                let answer = call(&services, Request::new(decode(&request)?)).await;
                let answer = answer.map_err(|status| Refusal::of(&status, places))?;
                Ok(ok(answer.get_ref()))
            })
        };
        Self {
            takes: Takes::Change(field),
            ..Self::new(Method::PATCH, path, rpc, Box::new(run))
        }
    }

    pub(super) fn new(method: Method, path: &'static str, rpc: &'static str, run: Run) -> Self {
        Self {
            method,
            path,
            rpc,
            id_field: "id",
            hidden: Vec::new(),
            takes: Takes::Nothing,
            run,
        }
    }

    /// Takes the path's `{id}` for this field of the request rather than for `id`.
    pub(super) fn id_is(self, field: &'static str) -> Self {
        Self {
            id_field: field,
            ..self
        }
    }

    /// Takes these fields of the request out of the parameters.
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

    /// The fields of its request that its query can't give.
    pub(super) fn not_in_query(&self) -> Vec<&'static str> {
        let mut fields = self.hidden.clone();
        fields.extend(self.has_id().then_some(self.id_field));
        fields
    }

    /// The fields that its body may give of a thing.
    pub(super) fn changeable(&self) -> impl Iterator<Item = &'static Field> {
        let thing = match self.takes {
            Takes::Change(field) => self.request().field(field),
            _ => None,
        };
        let message = thing.and_then(Field::message);
        message
            .into_iter()
            .flat_map(|message| &message.fields)
            .filter(|field| !UNCHANGEABLE.contains(&field.name.as_str()))
    }

    /// Where the fields of its request stand.
    pub(super) fn places(&self) -> Places<'static> {
        Places {
            rest: match self.takes {
                Takes::Nothing => "query",
                _ => "body",
            },
            path: self.has_id().then_some(self.id_field),
            below: match self.takes {
                Takes::Change(field) => Some(field),
                _ => None,
            },
            id_by_header: false,
        }
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
                let request = decode(&operation.read_parameters(&incoming)?)?;
                let answer = call(&services, Request::new(request)).await;
                let answer = answer.map_err(|status| Refusal::of(&status, operation.places()))?;
                let mut response = ok(answer.get_ref());
                let token = next(answer.get_ref());
                if !token.is_empty() {
                    let uri = &incoming.head.uri;
                    link_next(
                        &mut response,
                        uri.path(),
                        uri.query().unwrap_or_default(),
                        token,
                    );
                }
                Ok(response)
            })
        };
        Self::new(method, path, rpc, Box::new(run))
    }

    /// The request of the call as protobuf writes it, by path and query.
    pub(super) fn read_parameters(&self, incoming: &Incoming) -> Result<Vec<u8>, Refusal> {
        let request = self.request();
        let mut encoded = Vec::new();
        if let (Some(id), Some(field)) = (&incoming.id, request.field(self.id_field)) {
            let id = encode_text(field, id, &mut encoded);
            id.map_err(|why| Refusal::new(StatusCode::NOT_FOUND, why))?;
        }
        let query = incoming.head.uri.query().unwrap_or_default();
        encode_query(request, &self.not_in_query(), query, &mut encoded)?;
        Ok(encoded)
    }

    /// The request of the call as protobuf writes it: the thing with what the body gives, and the mask of that.
    async fn read_change(&self, incoming: Incoming) -> Result<Vec<u8>, Refusal> {
        let mut encoded = self.read_parameters(&incoming)?;
        let body = body::read(&incoming.head.headers, incoming.body).await?;
        let members = body::Members::parse(body::text(&body)?).map_err(body::no_json)?;
        let mut faults = Violations::below("");
        let mut thing = Vec::new();
        let mut mask = prost_types::FieldMask::default();
        for field in self.changeable() {
            let mut values = members.0.iter().filter(|(name, _)| *name == field.name);
            let Some((_, value)) = values.next() else {
                continue;
            };
            if values.next().is_some() {
                faults.add(&field.name, "is given twice");
                continue;
            }
            match serde_json::from_str::<Value>(value.get()) {
                Ok(value) => {
                    let mut fault = |path: String, why: String| faults.add(&path, why);
                    encode_json(field, &value, &field.name, &mut thing, &mut fault);
                }
                Err(why) => faults.add(&field.name, format!("can't be read: {why}")),
            }
            mask.paths.push(field.name.clone());
        }
        faults
            .finish(Some(()))
            .map_err(|faults| Refusal::invalid(&faults, self.places()))?;
        for field in &self.request().fields {
            match self.takes {
                Takes::Change(name) if field.name == name => {
                    encode_bytes(field.number, &thing, &mut encoded);
                }
                _ if field.name == "update_mask" => {
                    encode_bytes(field.number, &mask.encode_to_vec(), &mut encoded);
                }
                _ => {}
            }
        }
        Ok(encoded)
    }
}

/// Answers with a refusal in the same way as with anything else.
pub(super) fn respond(
    work: impl Future<Output = Result<Response, Refusal>> + Send + 'static,
) -> BoxFuture<'static, Response> {
    Box::pin(async move { work.await.unwrap_or_else(IntoResponse::into_response) })
}

/// Encoded by the same descriptors, a request can be decoded.
fn decode<I: Message + Default>(encoded: &[u8]) -> Result<I, Refusal> {
    I::decode(encoded).map_err(|error| {
        tracing::error!(%error, "a request made of parameters can't be decoded");
        Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal error: the parameters can't be read",
        )
    })
}
