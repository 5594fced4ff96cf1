//! `versioner demo`: sends a small history to a server, for trying the commands. The examples of the documentation show it.

use std::{io, process::ExitCode};

use clap::Args;
use prost_types::FieldMask;
use tonic::transport::Channel;

use super::{
    exit_code,
    import::import_embedded,
    server::{CliError, ServerArgs},
};
use crate::pb::{
    self, catalog_service_client::CatalogServiceClient, event_service_client::EventServiceClient,
};

/// The events, in the format of `versioner import`. Their ids begin with `EVENT_IDS`.
const EVENTS: &str = include_str!("demo.ndjson");

const EVENT_IDS: &str = "demo-";

const PRODUCTS: [&str; 3] = ["billing", "my-service", "web"];

/// Sends a small history to a server, for trying the commands.
///
/// The history has builds, checks and deployments of the products my-service, web and billing in September and October
/// 2025, and settings of my-service and of the environment production. The examples of the documentation show it.
/// Running it again changes nothing. It stops if the server has one of these products from another source.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = AFTER_HELP)]
pub struct DemoArgs {
    #[command(flatten)]
    pub server: ServerArgs,
}

const AFTER_HELP: &str = "\
Exit codes:
  0  the server has the history
  1  it does not have it, or not all of it
  2  wrong arguments

Examples:
  versioner --database-url sqlite:demo.db
  versioner demo
  versioner matrix --baseline production";

/// Sends the history, with the counts on standard output.
pub async fn demo(args: DemoArgs) -> ExitCode {
    exit_code("demo", 1, run(&args).await)
}

async fn run(args: &DemoArgs) -> Result<u8, CliError> {
    let channel = args.server.connect().await?;
    for product in PRODUCTS {
        refuse_other_data(channel.clone(), product).await?;
    }
    let counts = import_embedded(&args.server.server, EVENTS, io::stdout())
        .await
        .map_err(|stopped| CliError::new(stopped.to_string()))?;
    set_requirements(channel).await?;
    Ok(u8::from(counts.refused > 0))
}

/// Fails if the product's first event is not one of the history.
async fn refuse_other_data(channel: Channel, product: &str) -> Result<(), CliError> {
    let request = pb::ListEventsRequest {
        product_name: product.to_owned(),
        page_size: 1,
        ..Default::default()
    };
    let mut client = EventServiceClient::new(channel);
    let page = client.list_events(request).await?.into_inner();
    match page.events.first() {
        Some(event) if !event.event_id.starts_with(EVENT_IDS) => Err(CliError::new(format!(
            "the server already has a product {product}: use a server without data"
        ))),
        _ => Ok(()),
    }
}

/// Sets what a version of my-service must have to be ready, and to be ready for production. A change is an entry of the
/// log, so nothing is sent if it is set already.
async fn set_requirements(channel: Channel) -> Result<(), CliError> {
    let mut client = CatalogServiceClient::new(channel);
    let required_checks = vec!["unit".to_owned()];
    let security_limits = Some(pb::SecurityLimits {
        critical: Some(0),
        ..Default::default()
    });
    let request = pb::GetProductRequest {
        name: "my-service".to_owned(),
        ..Default::default()
    };
    let response = client.get_product(request).await?.into_inner();
    let product = response.product.unwrap_or_default();
    if product.required_checks != required_checks || product.security_limits != security_limits {
        let request = pb::UpdateProductRequest {
            id: product.id.clone(),
            product: Some(pb::Product {
                required_checks,
                security_limits,
                ..Default::default()
            }),
            update_mask: Some(mask(&["required_checks", "security_limits"])),
            ..Default::default()
        };
        client.update_product(request).await?;
    }

    let required_checks = vec!["approval".to_owned()];
    let request = pb::GetEnvironmentRequest {
        name: "production".to_owned(),
        ..Default::default()
    };
    let response = client.get_environment(request).await?.into_inner();
    let environment = response.environment.unwrap_or_default();
    if environment.required_checks != required_checks {
        let request = pb::UpdateEnvironmentRequest {
            id: environment.id.clone(),
            environment: Some(pb::Environment {
                required_checks,
                ..Default::default()
            }),
            update_mask: Some(mask(&["required_checks"])),
            ..Default::default()
        };
        client.update_environment(request).await?;
    }
    Ok(())
}

fn mask(paths: &[&str]) -> FieldMask {
    FieldMask {
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_an_id_of_its_own_and_a_time_in_whole_seconds() {
        let mut ids = std::collections::BTreeSet::new();
        for line in EVENTS.lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let body = &line["body"];
            let id = body["event_id"].as_str().unwrap().to_owned();
            assert!(id.starts_with(EVENT_IDS));
            assert!(ids.insert(id));
            assert!(PRODUCTS.contains(&body["product_name"].as_str().unwrap()));
            // The test of the documentation compares such times.
            assert_eq!(
                body["occurred_at"].as_str().unwrap().len(),
                "2025-10-01T10:00:00Z".len()
            );
        }
    }
}
