//! The matrix as a list: a row for each instance, with who deployed it and when.

use jiff::Timestamp;

use super::cell::{comparison, failed_since, in_progress, version_in_progress};
use crate::{
    cli::{
        moment::when_cell,
        style::Style,
        table::{Table, cells, cut, name, whole},
    },
    pb,
};

pub(super) fn table(matrix: &pb::GetEnvironmentMatrixResponse, now: Timestamp) -> Table {
    let mut table = Table::new([
        name("PRODUCT"),
        whole("ENVIRONMENT"),
        cut("INSTANCE"),
        whole("VERSION"),
        whole("BASELINE"),
        whole("SINCE"),
        cut("BY"),
        whole("IN PROGRESS"),
        whole("FAILED SINCE"),
    ]);
    for row in &matrix.rows {
        for cell in &row.cells {
            let comparison = comparison(cell).unwrap_or_default();
            for instance in &cell.instances {
                let current = instance.current.as_ref();
                let cells = cells![
                    Style::Plain.paint(&row.product_name),
                    Style::Plain.paint(&cell.environment_name),
                    Style::Plain.paint(&instance.instance),
                    current.map_or_else(
                        || Style::Faint.paint("nothing"),
                        |current| Style::Strong.paint(&current.version),
                    ),
                    comparison.clone(),
                    when_cell(current.and_then(|current| current.completed_at), now),
                    Style::Plain.paint(current.map_or("", |current| &current.deployed_by)),
                    in_progress(instance).map_or_else(String::new, |deployment| {
                        Style::Open.paint(&version_in_progress(deployment))
                    }),
                    failed_since(instance)
                        .map_or_else(String::new, |failed| Style::Bad.paint(&failed.version)),
                ];
                let url = current.map_or("", |current| &current.deploy_url);
                table.row_with_note(cells, &Style::Faint.paint(url));
            }
        }
    }
    table
}
