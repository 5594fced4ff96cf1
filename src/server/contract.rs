//! What the descriptors say of the calls: which there are, which are streams. Knows nothing of what they do.

use std::collections::HashMap;

use http::Request;
use http::header::CONTENT_TYPE;
use prost::{DecodeError, Message};
use prost_types::{FileDescriptorSet, MethodDescriptorProto};
use tonic::service::Routes;
use tonic_reflection::pb::{v1, v1alpha};
use tonic_reflection::server;

/// The services that are served, as their descriptor sets tell them.
#[derive(Debug)]
pub struct Contract {
    descriptor_sets: Vec<&'static [u8]>,
    services: Vec<String>,
    /// By path, as in `/grpc.health.v1.Health/Watch`.
    kinds: HashMap<String, Kind>,
}

impl Contract {
    /// Reads the descriptor set of the services, as the compiler of protobuf files wrote it. Health and
    /// reflection are added to it.
    pub fn read(descriptor_set: &'static [u8]) -> Result<Contract, DecodeError> {
        let mut contract = Contract {
            descriptor_sets: Vec::new(),
            services: Vec::new(),
            kinds: HashMap::new(),
        };
        for descriptor_set in [
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            v1::FILE_DESCRIPTOR_SET,
            v1alpha::FILE_DESCRIPTOR_SET,
            // The details of errors: with these a client of reflection can show them.
            tonic_types::pb::FILE_DESCRIPTOR_SET,
            descriptor_set,
        ] {
            contract.services.clear();
            contract.add(descriptor_set)?;
        }
        Ok(contract)
    }

    /// The full names of the services, without health and reflection.
    pub(crate) fn services(&self) -> &[String] {
        &self.services
    }

    /// Reflection of every service, in both versions that clients speak.
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
        let kind = match face {
            Face::Grpc => self.kinds.get(path).copied().unwrap_or(Kind::Unary),
            Face::Http if matches!(path, "/health" | "/health/") => Kind::Health,
            Face::Http => Kind::Unary,
        };
        Call { face, kind }
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
                    let path = format!("/{name}/{}", method.name());
                    let kind = Kind::of(&path, method);
                    self.kinds.insert(path, kind);
                }
                self.services.push(name);
            }
        }
        self.descriptor_sets.push(descriptor_set);
        Ok(())
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) face: Face,
    pub(crate) kind: Kind,
}

/// How a request is spoken, and so how an answer has to look.
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

/// What limits a call is under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Answered once, under the server's limits of time and number. An unknown method is one as well.
    Unary,
    /// Open as long as its caller wants.
    Stream,
    /// A question about health: answered however busy the server is.
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
