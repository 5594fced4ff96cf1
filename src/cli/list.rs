//! Lists of any kind: collects pages up to a limit, and writes them in the format that was asked for.

use std::process::ExitCode;

use clap::Args;
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;
use tonic::{Response, Status, transport::Channel};

use super::{
    WRONG_ARGUMENTS, exit_code,
    moment::pb_time,
    names::check_names,
    output::{Format, ListFormat, OutputArgs},
    server::{CliError, ServerArgs},
    style::Style,
    table::{Cell, Column, Table, name, whole},
    time_arg::TimeArg,
};

/// The most rows that one list may show.
const MAX_LIMIT: u32 = 100_000;

/// The largest page that a server gives.
const MAX_PAGE: u32 = 1_000;

/// The arguments that all lists have.
#[derive(Args, Clone, Debug)]
pub struct ListArgs {
    /// The most rows to list, 1 to 100000.
    #[arg(
        short = 'n',
        long,
        value_name = "NUMBER",
        default_value = "20",
        value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_LIMIT))
    )]
    pub limit: u32,

    #[command(flatten)]
    pub server: ServerArgs,

    #[command(flatten)]
    pub output: OutputArgs<ListFormat>,
}

/// A span of time that a list is filtered by.
#[derive(Args, Clone, Debug)]
pub struct CreatedArgs {
    /// Only rows whose first event occurred at or after this time: a time such as 2026-01-31T12:00:00Z, a date (its
    /// midnight in UTC), or an age such as `2h ago`.
    #[arg(long, value_name = "TIME", value_parser = TimeArg::parse)]
    pub since: Option<TimeArg>,

    /// Only rows whose first event occurred before this time.
    #[arg(long, value_name = "TIME", value_parser = TimeArg::parse)]
    pub until: Option<TimeArg>,
}

impl CreatedArgs {
    /// The two times as the contract has them.
    pub(super) fn times(&self) -> Result<[Option<prost_types::Timestamp>; 2], CliError> {
        let now = Timestamp::now();
        let time = |flag: &str, at: &Option<TimeArg>| match at {
            Some(at) => at
                .resolve(&TimeZone::UTC, now)
                .map(|at| Some(pb_time(at)))
                .map_err(|why| CliError::new(format!("{flag}: {why}"))),
            None => Ok(None),
        };
        Ok([time("--since", &self.since)?, time("--until", &self.until)?])
    }
}

/// A request for a list.
pub(super) trait ListRequest: Clone {
    type List: List;

    /// The same request for one page.
    fn page(&self, size: i32, token: String) -> Self;

    async fn fetch(self, channel: Channel) -> Result<Response<Self::List>, Status>;
}

/// A list as the server answers it, page by page.
pub(super) trait List: Serialize + Default {
    type Item;

    /// What one item is called in a message.
    const ITEM: &'static str;

    fn items(&self) -> &[Self::Item];

    fn next_page_token(&self) -> &str;

    /// Adds the page that follows.
    fn append(&mut self, page: Self);

    /// What identifies an item, for other commands.
    fn name(item: &Self::Item) -> String;

    fn table(items: &[Self::Item], view: &View) -> Table;

    /// A remark below the table.
    fn remark(&self) -> Option<String> {
        None
    }
}

/// Implements `ListRequest` for a request, by the client's method that sends it.
macro_rules! list_request {
    ($request:ty, $response:ty, $client:ident :: $method:ident) => {
        impl $crate::cli::list::ListRequest for $request {
            type List = $response;

            fn page(&self, page_size: i32, page_token: String) -> Self {
                Self {
                    page_size,
                    page_token,
                    ..self.clone()
                }
            }

            async fn fetch(
                self,
                channel: tonic::transport::Channel,
            ) -> Result<tonic::Response<$response>, tonic::Status> {
                $client::new(channel).$method(self).await
            }
        }
    };
}
pub(super) use list_request;

/// Implements the methods of `List` that every answer has in the same way.
macro_rules! list_pages {
    ($items:ident: $item:ty, $noun:literal) => {
        type Item = $item;

        const ITEM: &'static str = $noun;

        fn items(&self) -> &[Self::Item] {
            &self.$items
        }

        fn next_page_token(&self) -> &str {
            &self.next_page_token
        }

        fn append(&mut self, page: Self) {
            self.$items.extend(page.$items);
            self.next_page_token = page.next_page_token;
        }
    };
}
pub(super) use list_pages;

/// How a table shows its items.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    pub(super) now: Timestamp,
    /// With more columns.
    pub(super) wide: bool,
    /// The items belong to several products.
    pub(super) with_product: bool,
    /// The items belong to several versions.
    pub(super) with_version: bool,
}

impl View {
    /// The columns of `PRODUCT` and `VERSION`, if they are shown.
    pub(super) fn subject_columns(&self) -> Vec<Column> {
        let product = self.with_product.then(|| name("PRODUCT"));
        let version = self.with_version.then(|| whole("VERSION"));
        product.into_iter().chain(version).collect()
    }

    /// The cells of these columns.
    pub(super) fn subject_cells(&self, product: &str, version: &str) -> Vec<Cell> {
        let product = self
            .with_product
            .then(|| Style::Plain.paint(product).into());
        let version = self
            .with_version
            .then(|| Style::Strong.paint(version).into());
        product.into_iter().chain(version).collect()
    }
}

/// The names that a list is filtered by.
#[derive(Clone, Copy, Default)]
pub(super) struct Filter<'a> {
    pub(super) product: Option<&'a String>,
    pub(super) version: Option<&'a String>,
    pub(super) environment: Option<&'a String>,
}

/// Runs the command of a list.
pub(super) async fn run_list<R: ListRequest>(
    command: &str,
    args: &ListArgs,
    filter: Filter<'_>,
    request: Result<R, CliError>,
) -> ExitCode {
    match request {
        Ok(request) => exit_code(command, 1, write_list(args, filter, &request).await),
        Err(error) => exit_code(command, WRONG_ARGUMENTS, Err(error)),
    }
}

async fn write_list<R: ListRequest>(
    args: &ListArgs,
    filter: Filter<'_>,
    request: &R,
) -> Result<u8, CliError> {
    let channel = args.server.connect().await?;
    let list = collect(channel.clone(), args.limit, request).await?;
    if list.items().is_empty() {
        check_names(channel, filter.product, filter.environment).await?;
    }
    let format = args.output.format();
    let view = View {
        now: Timestamp::now(),
        wide: format == Format::Wide,
        with_product: filter.product.is_none(),
        with_version: filter.version.is_none(),
    };
    args.output.write(&list, |width| match format {
        Format::Name => names(&list),
        Format::Table | Format::Wide | Format::Json => text(&list, &view, width),
    })?;
    Ok(0)
}

/// The pages up to the limit, as one.
async fn collect<R: ListRequest>(
    channel: Channel,
    limit: u32,
    request: &R,
) -> Result<R::List, CliError> {
    let page_size = |listed: usize| {
        let missing = limit - u32::try_from(listed).unwrap_or(limit);
        missing.min(MAX_PAGE) as i32
    };
    let first = request.page(page_size(0), String::new());
    let mut list = first.fetch(channel.clone()).await?.into_inner();
    while !list.next_page_token().is_empty() && list.items().len() < limit as usize {
        let token = list.next_page_token().to_owned();
        let next = request.page(page_size(list.items().len()), token);
        list.append(next.fetch(channel.clone()).await?.into_inner());
    }
    Ok(list)
}

fn names<L: List>(list: &L) -> String {
    let names = list.items().iter().map(L::name);
    names.map(|name| Style::Plain.paint(&name) + "\n").collect()
}

fn text<L: List>(list: &L, view: &View, width: Option<usize>) -> String {
    let items = list.items();
    if items.is_empty() {
        return format!("No {} matches.\n", L::ITEM);
    }
    let mut text = L::table(items, view).render(width);
    let more = (!list.next_page_token().is_empty())
        .then(|| format!("The first {}; there are more (--limit).", items.len()));
    for remark in list.remark().into_iter().chain(more) {
        text.push_str(&format!("{}\n", Style::Faint.paint(&remark)));
    }
    text
}
