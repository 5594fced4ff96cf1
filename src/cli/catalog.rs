//! `versioner products` and `versioner environments`: list the catalog. Knows the contract only.

use std::process::ExitCode;

use clap::Args;

use super::{
    labels,
    list::{Filter, List, ListArgs, View, list_pages, list_request, run_list},
    moment::when_cell,
    names::name,
    style::Style,
    table::{Cell, Column, Table, cells, cut, reason, whole},
};
use crate::pb::{self, catalog_service_client::CatalogServiceClient};

/// Lists products by name.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = PRODUCTS_HELP)]
pub struct ProductsArgs {
    /// Only products whose name begins with this.
    #[arg(value_parser = name())]
    pub prefix: Option<String>,

    #[command(flatten)]
    pub list: ListArgs,
}

const PRODUCTS_HELP: &str = "\
Exit codes:
  0  the list was written; it may be empty
  1  the server gave no answer
  2  wrong arguments

Examples:
  versioner products payments-
  versioner products --output name --limit 1000";

/// Lists environments by name.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = ENVIRONMENTS_HELP)]
pub struct EnvironmentsArgs {
    /// Only environments whose name begins with this.
    #[arg(value_parser = name())]
    pub prefix: Option<String>,

    /// Only environments of this type: dev, test, staging, production or other.
    #[arg(long = "type", value_name = "TYPE", value_parser = labels::parse_environment_type)]
    pub environment_type: Option<pb::EnvironmentType>,

    #[command(flatten)]
    pub list: ListArgs,
}

const ENVIRONMENTS_HELP: &str = "\
Exit codes:
  0  the list was written; it may be empty
  1  the server gave no answer
  2  wrong arguments

Examples:
  versioner environments --type production
  versioner environments --output wide";

/// Lists products on standard output.
pub async fn products(args: ProductsArgs) -> ExitCode {
    let request = pb::ListProductsRequest {
        name_prefix: args.prefix.clone().unwrap_or_default(),
        ..Default::default()
    };
    run_list("products", &args.list, Filter::default(), Ok(request)).await
}

/// Lists environments on standard output.
pub async fn environments(args: EnvironmentsArgs) -> ExitCode {
    let request = pb::ListEnvironmentsRequest {
        name_prefix: args.prefix.clone().unwrap_or_default(),
        environment_types: args.environment_type.map(Into::into).into_iter().collect(),
        ..Default::default()
    };
    run_list("environments", &args.list, Filter::default(), Ok(request)).await
}

list_request!(
    pb::ListProductsRequest,
    pb::ListProductsResponse,
    CatalogServiceClient::list_products
);

list_request!(
    pb::ListEnvironmentsRequest,
    pb::ListEnvironmentsResponse,
    CatalogServiceClient::list_environments
);

impl List for pb::ListProductsResponse {
    list_pages!(products: pb::Product, "product");

    fn name(product: &pb::Product) -> String {
        product.name.clone()
    }

    fn table(products: &[pb::Product], view: &View) -> Table {
        let mut columns = vec![whole("PRODUCT")];
        columns.extend(settings_columns(view));
        let mut table = Table::new(columns);
        for product in products {
            let mut cells = vec![Style::Strong.paint(&product.name).into()];
            cells.extend(settings_cells(
                &product.required_checks,
                product.security_limits.as_ref(),
                &product.aliases,
            ));
            cells.extend(cells![
                when_cell(product.created_at, view.now),
                Style::Plain.paint(&product.description),
            ]);
            if view.wide {
                cells.push(Style::Faint.paint(&product.id).into());
            }
            table.row(cells);
        }
        table
    }
}

impl List for pb::ListEnvironmentsResponse {
    list_pages!(environments: pb::Environment, "environment");

    fn name(environment: &pb::Environment) -> String {
        environment.name.clone()
    }

    fn table(environments: &[pb::Environment], view: &View) -> Table {
        let mut columns = vec![whole("ENVIRONMENT"), whole("TYPE")];
        columns.extend(settings_columns(view));
        let mut table = Table::new(columns);
        for environment in environments {
            let mut cells = Vec::from(cells![
                Style::Strong.paint(&environment.name),
                labels::label::<pb::EnvironmentType>(environment.environment_type),
            ]);
            cells.extend(settings_cells(
                &environment.required_checks,
                environment.security_limits.as_ref(),
                &environment.aliases,
            ));
            cells.extend(cells![
                when_cell(environment.created_at, view.now),
                Style::Plain.paint(&environment.description),
            ]);
            if view.wide {
                cells.push(Style::Faint.paint(&environment.id).into());
            }
            table.row(cells);
        }
        table
    }
}

/// The columns that products and environments share.
fn settings_columns(view: &View) -> Vec<Column> {
    let mut columns = vec![
        cut("REQUIRED CHECKS"),
        whole("LIMITS"),
        cut("ALIASES"),
        whole("CREATED"),
        reason("DESCRIPTION"),
    ];
    columns.extend(view.wide.then(|| whole("ID")));
    columns
}

fn settings_cells(
    required_checks: &[String],
    limits: Option<&pb::SecurityLimits>,
    aliases: &[String],
) -> [Cell; 3] {
    let limits = limits.copied().unwrap_or_default();
    let limits = [
        ("critical", limits.critical),
        ("high", limits.high),
        ("medium", limits.medium),
        ("low", limits.low),
    ];
    let limits = limits
        .into_iter()
        .filter_map(|(name, limit)| limit.map(|limit| format!("{name} {limit}")));
    cells![
        Style::Plain.paint(&required_checks.join(", ")),
        limits.collect::<Vec<_>>().join(", "),
        Style::Plain.paint(&aliases.join(", ")),
    ]
}
