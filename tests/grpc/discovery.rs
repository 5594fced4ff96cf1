//! How clients find their way by themselves: reflection, and health by name.

use prost::Message;
use prost_types::FileDescriptorProto;
use tonic::Code;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::story::{Story, until};

const SERVICES: [&str; 5] = [
    "versioner.v1.CatalogService",
    "versioner.v1.DeploymentService",
    "versioner.v1.EventService",
    "versioner.v1.InsightService",
    "versioner.v1.VersionService",
];

/// Asks the reflection service of one version for all services, and for the methods of one.
macro_rules! reflect {
    ($version:ident, $story:expr) => {{
        use tonic_reflection::pb::$version::{
            ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
            server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
        };
        let ask = async |question| {
            let request = ServerReflectionRequest {
                host: String::new(),
                message_request: Some(question),
            };
            let mut client = ServerReflectionClient::new($story.channel.clone());
            let answers = client
                .server_reflection_info(tokio_stream::iter([request]))
                .await;
            let answer = answers.unwrap().into_inner().message().await.unwrap();
            answer.unwrap().message_response.unwrap()
        };
        let MessageResponse::ListServicesResponse(list) =
            ask(MessageRequest::ListServices(String::new())).await
        else {
            panic!("no list of services");
        };
        let symbol = MessageRequest::FileContainingSymbol("versioner.v1.EventService".into());
        let MessageResponse::FileDescriptorResponse(file) = ask(symbol).await else {
            panic!("no file");
        };
        let file = FileDescriptorProto::decode(&file.file_descriptor_proto[0][..]).unwrap();
        let methods = file.service[0].method.iter();
        let services: Vec<String> = list.service.into_iter().map(|s| s.name).collect();
        let methods: Vec<String> = methods.map(|m| m.name().to_owned()).collect();
        (services, methods)
    }};
}

#[tokio::test]
async fn reflection_tells_every_service_and_its_methods_in_both_versions() {
    let story = Story::on_sqlite().await;
    let (mut services, methods) = reflect!(v1, story);
    services.sort();
    let mut expected = vec![
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    ];
    expected.extend(SERVICES);
    assert_eq!(services, expected);
    assert_eq!(
        methods,
        [
            "SubmitVersionEvent",
            "SubmitDeploymentEvent",
            "SubmitCheckEvent",
            "BatchSubmitEvents",
            "SubmitEvents",
            "ListEvents",
            "WatchEvents",
        ]
    );
    let (mut services, old_methods) = reflect!(v1alpha, story);
    services.sort();
    assert_eq!(
        (services, old_methods),
        (expected.iter().map(|s| (*s).to_owned()).collect(), methods)
    );
}

async fn i8_health_tells_readiness_by_service_and_liveness_by_its_name(story: Story) {
    let health = async |service: &str| {
        let request = HealthCheckRequest {
            service: service.into(),
        };
        let answer = HealthClient::new(story.channel.clone())
            .check(request)
            .await;
        answer
            .map(|a| a.into_inner().status())
            .map_err(|e| e.code())
    };
    let ready = async |status| {
        let mut all = true;
        for service in [""].into_iter().chain(SERVICES) {
            all &= health(service).await == Ok(status);
        }
        all
    };
    until(async || ready(ServingStatus::Serving).await).await;
    assert_eq!(health("liveness").await, Ok(ServingStatus::Serving));
    assert_eq!(health("no.such.Service").await, Err(Code::NotFound));

    story.store.close().await;
    until(async || ready(ServingStatus::NotServing).await).await;
    assert_eq!(health("liveness").await, Ok(ServingStatus::Serving));
}

on_both_engines!(i8_health_tells_readiness_by_service_and_liveness_by_its_name);
