//! The request of a call, made of the path, the query and the body of an HTTP request. The descriptors say which fields
//! there are.

use prost::Message;
use serde_json::Value;
use tonic::{Code, Request, Status};

use super::{
    body,
    error::Refusal,
    location::FieldLocations,
    operation::{BodyKind, Call, Incoming, Operation, UNCHANGEABLE},
    parameters::encode_query,
    value::{encode_bytes, encode_json},
};
use crate::{
    domain::{
        id::{IdSpace, Kind},
        violation::{Violation, Violations},
    },
    grpc::Services,
    json_input::{IgnoredFields, Members, Presence},
    pb::ErrorReason,
};

/// The request of a call as protobuf writes it, without the `{id}` of the path.
pub(super) struct EncodedRequest {
    pub(super) bytes: Vec<u8>,
    /// Which fields the query or the body gives.
    presence: Presence,
    pub(super) ignored_fields: IgnoredFields,
}

impl Operation {
    /// Makes the call. A path's `{id}` that has the form of an id is tried as a name if nothing has that id.
    pub(super) async fn call<I, O>(
        &self,
        call: Call<I, O>,
        services: &Services,
        id: Option<String>,
        request: &EncodedRequest,
    ) -> Result<O, Refusal>
    where
        I: Message + Default,
    {
        let mut not_found: Option<Status> = None;
        let targets = match &id {
            Some(id) => self.targets(id),
            None => vec![Vec::new()],
        };
        for mut encoded in targets {
            encoded.extend(&request.bytes);
            match call(services, Request::new(decode(&encoded)?)).await {
                Ok(answer) => return Ok(answer.into_inner()),
                Err(status) if status.code() == Code::NotFound => {
                    not_found.get_or_insert(status);
                }
                Err(status) => return Err(self.refusal(&status, request)),
            }
        }
        let status = not_found.unwrap_or_else(|| Status::internal("a path without a target"));
        Err(self.refusal(&status, request))
    }

    /// The field that the path's `{id}` gives, as protobuf writes it: the id, the name, or first one, then the other.
    fn targets(&self, id: &str) -> Vec<Vec<u8>> {
        let is_id = uuid::Uuid::try_parse(id.trim()).is_ok();
        let fields = match self.name_field {
            Some(name) if is_id => vec![self.id_field, name],
            Some(name) => vec![name],
            None => vec![self.id_field],
        };
        let numbers = fields.into_iter().filter_map(|field| {
            let field = self.request().field(field)?;
            Some(field.number)
        });
        let encoded = numbers.map(|number| {
            let mut encoded = Vec::new();
            encode_bytes(number, id.as_bytes(), &mut encoded);
            encoded
        });
        encoded.collect()
    }

    fn refusal(&self, status: &Status, request: &EncodedRequest) -> Refusal {
        let path = self.in_path();
        Refusal::of(status, &self.locations(&path, &request.presence))
    }

    /// Where the fields of its request stand.
    fn locations<'a>(&self, path: &'a [&'a str], presence: &'a Presence) -> FieldLocations<'a> {
        FieldLocations {
            rest: match self.body {
                BodyKind::None => "query",
                _ => "body",
            },
            path,
            path_hint: self.id_hint,
            below: match self.body {
                BodyKind::Change(field) => Some(field),
                _ => None,
            },
            id_by_header: false,
            presence: Some(presence),
        }
    }

    /// The request of the call, by the query. The form of the path's `{id}` is checked too, so that one error has
    /// everything that is wrong.
    pub(super) fn read_query(&self, incoming: &Incoming) -> Result<EncodedRequest, Refusal> {
        let (request, hidden) = (self.request(), self.not_in_query());
        let query = incoming.head.uri.query().unwrap_or_default();
        let mut bytes = Vec::new();
        let encoded = encode_query(request, &hidden, query, &mut bytes);
        let mut entries = self.check_id(incoming.id.as_deref());
        match encoded {
            Ok(presence) if entries.is_empty() => Ok(EncodedRequest {
                bytes,
                presence,
                ignored_fields: IgnoredFields::default(),
            }),
            encoded => {
                entries.extend(encoded.err().unwrap_or_default());
                Err(Refusal::invalid(entries))
            }
        }
    }

    /// The error about an `{id}` that does not have the form of an id and cannot be a name.
    fn check_id(&self, id: Option<&str>) -> Vec<Value> {
        let id = id.filter(|_| self.name_field.is_none());
        // Every kind of resource, in every database, has ids of the same form.
        let parsed = id.map(|id| IdSpace::new(0).parse(Kind::Version, id));
        let Some(Err(description)) = parsed else {
            return Vec::new();
        };
        let path = self.in_path();
        let violation = Violation {
            field: self.id_field.to_owned(),
            description,
        };
        self.locations(&path, &Presence::of(""))
            .entries(&[violation])
    }

    /// The request of the call: the resource with what the body gives, and the mask of these fields.
    pub(super) async fn read_change(&self, incoming: Incoming) -> Result<EncodedRequest, Refusal> {
        let mut request = self.read_query(&incoming)?;
        let body = body::read(&incoming.head.headers, incoming.body).await?;
        let members = Members::parse(body::text(&body)?).map_err(body::not_an_object)?;
        let known = self.changeable().map(|field| field.name.as_str());
        for (name, _) in &members.0 {
            let is_known = known.clone().chain(UNCHANGEABLE).any(|known| known == name);
            if !is_known {
                request.ignored_fields.add(name, known.clone());
            }
        }
        let mut violations = Violations::below("");
        let mut resource = Vec::new();
        let mut mask = prost_types::FieldMask::default();
        for field in self.changeable() {
            let Some(Some(raw)) = violations.take(&field.name, members.get(&field.name)) else {
                continue;
            };
            request.presence.note(&field.name, raw);
            mask.paths.push(field.name.clone());
            let value = match serde_json::from_str::<Value>(raw.get()) {
                Ok(value) => value,
                Err(why) => {
                    violations.add(&field.name, format!("cannot be read: {why}"));
                    continue;
                }
            };
            let mut misfits = Vec::new();
            encode_json(field, &value, &field.name, &mut resource, &mut misfits);
            for misfit in misfits {
                violations.add(&misfit.path, misfit.description);
                if misfit.is_wrong_type {
                    request.presence.wrong_type.push(misfit.path);
                }
            }
        }
        if let Err(violations) = violations.finish(Some(())) {
            let path = self.in_path();
            let locations = FieldLocations {
                // These are the body's own names already.
                path: &[],
                below: None,
                ..self.locations(&path, &request.presence)
            };
            let refusal = Refusal::invalid(locations.entries(&violations));
            return Err(refusal.ignoring(&request.ignored_fields));
        }
        for field in &self.request().fields {
            match self.body {
                BodyKind::Change(name) if field.name == name => {
                    encode_bytes(field.number, &resource, &mut request.bytes);
                }
                _ if field.name == "update_mask" => {
                    encode_bytes(field.number, &mask.encode_to_vec(), &mut request.bytes);
                }
                _ => {}
            }
        }
        Ok(request)
    }
}

/// A request that the same descriptors encoded can be decoded.
fn decode<I: Message + Default>(encoded: &[u8]) -> Result<I, Refusal> {
    I::decode(encoded).map_err(|error| {
        tracing::error!(%error, "cannot decode a request that was made from parameters");
        let why = "internal error: the parameters cannot be read";
        Refusal::new(ErrorReason::Internal, why)
    })
}
