//! The calls of the contract: their names and kinds, from the descriptors, and the paths of HTTP. Knows nothing of what
//! they do.

use std::{collections::HashMap, sync::Arc};

use http::{Request, header::CONTENT_TYPE};
use prost::{DecodeError, Message};
use prost_types::{FileDescriptorSet, MethodDescriptorProto};
use tonic::service::Routes;
use tonic_reflection::{
    pb::{v1, v1alpha},
    server,
};

use super::http_names::HttpNames;

/// The name of a call that the contract does not have.
pub(crate) const UNKNOWN: &str = "unknown";

/// The services that are served, by their descriptor sets.
#[derive(Debug)]
pub struct Contract {
    descriptor_sets: Vec<&'static [u8]>,
    services: Vec<String>,
    /// By path, as in `/grpc.health.v1.Health/Watch`.
    methods: HashMap<String, Method>,
    http: HttpNames,
    unknown: Arc<str>,
}

#[derive(Debug)]
struct Method {
    /// As in `grpc.health.v1.Health/Watch`.
    name: Arc<str>,
    kind: Kind,
}

impl Contract {
    /// Reads the descriptor set of the services, as the compiler of protobuf files wrote it. Health and
    /// reflection are added to it.
    pub fn read(descriptor_set: &'static [u8]) -> Result<Contract, DecodeError> {
        let mut contract = Contract {
            descriptor_sets: Vec::new(),
            services: Vec::new(),
            methods: HashMap::new(),
            http: HttpNames::default(),
            unknown: UNKNOWN.into(),
        };
        for descriptor_set in [
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            v1::FILE_DESCRIPTOR_SET,
            v1alpha::FILE_DESCRIPTOR_SET,
            // The details of errors: a client that uses reflection can show them.
            tonic_types::pb::FILE_DESCRIPTOR_SET,
            descriptor_set,
        ] {
            contract.services.clear();
            contract.add(descriptor_set)?;
        }
        Ok(contract)
    }

    /// Adds paths of HTTP, as templates such as `/products/{id}`: a request to one of them is known by it.
    pub fn with_http_paths(mut self, paths: impl Iterator<Item = &'static str>) -> Contract {
        self.http = HttpNames::new(paths);
        self
    }

    /// The full names of the services, without health and reflection.
    pub(crate) fn services(&self) -> &[String] {
        &self.services
    }

    /// Reflection of every service, in both versions that clients use.
    pub(crate) fn add_reflection(&self, routes: Routes) -> Result<Routes, server::Error> {
        let builder = || {
            let builder = server::Builder::configure().include_reflection_service(false);
            self.descriptor_sets.iter().fold(builder, |builder, set| {
                builder.register_encoded_file_descriptor_set(set)
            })
        };
        Ok(routes
            .add_service(builder().build_v1()?)
            .add_service(builder().build_v1alpha()?))
    }

    pub(crate) fn call<B>(&self, request: &Request<B>) -> Call {
        let face = Face::of(request);
        let path = request.uri().path();
        let (name, kind) = match face {
            Face::Grpc => match self.methods.get(path) {
                Some(method) => (Some(&method.name), method.kind),
                None => (None, Kind::Unary),
            },
            Face::Http => {
                let is_health = matches!(path, "/health" | "/health/");
                let kind = if is_health { Kind::Health } else { Kind::Unary };
                (self.http.name(request.method(), path), kind)
            }
        };
        let name = name.unwrap_or(&self.unknown).clone();
        Call { face, kind, name }
    }

    fn add(&mut self, descriptor_set: &'static [u8]) -> Result<(), DecodeError> {
        for file in FileDescriptorSet::decode(descriptor_set)?.file {
            let package = file.package();
            for service in &file.service {
                let name = match package {
                    "" => service.name().to_owned(),
                    package => format!("{package}.{}", service.name()),
                };
                for method in &service.method {
                    let method_name: Arc<str> = format!("{name}/{}", method.name()).into();
                    let path = format!("/{method_name}");
                    let kind = Kind::of(&path, method);
                    let method = Method {
                        name: method_name,
                        kind,
                    };
                    self.methods.insert(path, method);
                }
                self.services.push(name);
            }
        }
        self.descriptor_sets.push(descriptor_set);
        Ok(())
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) face: Face,
    pub(crate) kind: Kind,
    /// One of a fixed set: the name of the RPC, the method and path template of HTTP, or `unknown`.
    pub(crate) name: Arc<str>,
}

/// The protocol of a request, and of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    Grpc,
    Http,
}

impl Face {
    /// `application/grpc`, alone or with a format such as `+proto`; gRPC-Web is something else.
    pub(crate) fn of<B>(request: &Request<B>) -> Face {
        let content_type = request
            .headers()
            .get(CONTENT_TYPE)
            .map(|value| value.as_bytes());
        match content_type.and_then(|value| value.strip_prefix(b"application/grpc")) {
            Some([] | [b'+' | b';' | b' ', ..]) => Face::Grpc,
            _ => Face::Http,
        }
    }
}

/// Which limits a call has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Answered once, under the server's limits of time and number. An unknown method is one as well.
    Unary,
    /// Open for as long as its caller wants.
    Stream,
    /// A health check: answered however busy the server is.
    Health,
}

impl Kind {
    fn of(path: &str, method: &MethodDescriptorProto) -> Kind {
        if method.server_streaming() || method.client_streaming() {
            Kind::Stream
        } else if path.starts_with("/grpc.health.v1.Health/") {
            Kind::Health
        } else {
            Kind::Unary
        }
    }
}
