//! Tables for terminals of any width: every row is shown, and a line below a row stays with it. Columns without
//! content are left out. Knows nothing of what the tables show.

mod layout;

use console::{Alignment, pad_str, truncate_str};
use layout::{Fitted, Layout};

use super::style::Style;

/// The space between two columns.
const GAP: &str = "  ";

/// What one column of one row shows.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    /// The styled text.
    text: String,
    /// A shorter form for narrow terminals.
    short: Option<String>,
}

impl Cell {
    /// A cell that has a shorter form for narrow terminals.
    pub(super) fn with_short(text: String, short: String) -> Self {
        let short = Some(short);
        Self { text, short }
    }

    fn text(&self, short: bool) -> &str {
        match &self.short {
            Some(text) if short => text,
            _ => &self.text,
        }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, short: None }
    }
}

/// The cells of a row, made of texts and cells.
macro_rules! cells {
    ($($cell:expr),* $(,)?) => {
        [$($crate::cli::table::Cell::from($cell)),*]
    };
}
pub(super) use cells;

#[derive(Clone, Debug)]
pub(super) struct Column {
    title: String,
    kind: ColumnKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ColumnKind {
    Whole,
    Name,
    Cut,
    Number,
    Reason,
}

/// A column that is never cut.
pub(super) fn whole(title: &str) -> Column {
    column(title, ColumnKind::Whole)
}

/// A column that is cut where there is no room for it, but not so far that two different values look the same.
pub(super) fn name(title: &str) -> Column {
    column(title, ColumnKind::Name)
}

/// A column that is cut where there is no room for it.
pub(super) fn cut(title: &str) -> Column {
    column(title, ColumnKind::Cut)
}

/// A column that is never cut, and aligned to the right.
pub(super) fn number(title: &str) -> Column {
    column(title, ColumnKind::Number)
}

/// The most important of the columns that may be long. It is the last one to be cut; if little of it would be left,
/// it is shown whole on a line below its row. A table has at most one.
pub(super) fn reason(title: &str) -> Column {
    column(title, ColumnKind::Reason)
}

fn column(title: &str, kind: ColumnKind) -> Column {
    let title = title.to_owned();
    Column { title, kind }
}

#[derive(Clone, Debug)]
pub(super) struct Table {
    columns: Vec<Column>,
    rows: Vec<Row>,
    indent: usize,
}

#[derive(Clone, Debug)]
struct Row {
    cells: Vec<Cell>,
    /// What stands on a line of its own below the row.
    note: String,
}

impl Table {
    pub(super) fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self {
            columns: columns.into_iter().collect(),
            rows: Vec::new(),
            indent: 0,
        }
    }

    /// The same table, moved to the right.
    pub(super) fn indented(mut self, columns: usize) -> Self {
        self.indent = columns;
        self
    }

    /// Adds a row. One whose first cell is empty continues the row before it.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = impl Into<Cell>>) {
        self.row_with_note(cells, "");
    }

    /// Adds a row with a line of its own below it, such as a link.
    pub(super) fn row_with_note(
        &mut self,
        cells: impl IntoIterator<Item = impl Into<Cell>>,
        note: &str,
    ) {
        self.rows.push(Row {
            cells: cells.into_iter().map(Into::into).collect(),
            note: note.to_owned(),
        });
    }

    /// As wide as the table is if nothing is cut.
    pub(super) fn width(&self) -> usize {
        self.indent + layout::total(&self.natural_layout().columns)
    }

    /// The lines, each with its end. Without a width, nothing is cut. Where the terminal is too narrow for the
    /// columns, each field has a line of its own, which may be wider than the terminal: `wrap` breaks it.
    pub(super) fn render(&self, width: Option<usize>) -> String {
        let has_titles = self.columns.iter().any(|column| !column.title.is_empty());
        let room = width.map(|width| width.saturating_sub(self.indent));
        match self.layout(room) {
            Some(layout) => self.lines(&layout, has_titles),
            None if has_titles => self.blocks(),
            None => self.lines(&self.natural_layout(), false),
        }
    }

    /// A line for each row.
    fn lines(&self, layout: &Layout, has_titles: bool) -> String {
        let mut text = String::new();
        if has_titles {
            let title = |column: &Fitted| Style::Faint.paint(&self.columns[column.at].title);
            self.push_line(&mut text, layout, title);
        }
        for row in &self.rows {
            self.push_line(&mut text, layout, |column| {
                let cell = row.cells.get(column.at);
                cell.map_or_else(String::new, |cell| cell.text(column.short).to_owned())
            });
            if let Some(at) = layout.below
                && let Some(reason) = row.cells.get(at).filter(|cell| !cell.text.is_empty())
            {
                let title = self.columns[at].title.to_lowercase();
                let title = Style::Faint.paint(&format!("{title}:"));
                self.push_below(&mut text, &format!("{title} {}", reason.text));
            }
            self.push_below(&mut text, &row.note);
        }
        text
    }

    fn push_line(&self, text: &mut String, layout: &Layout, cell: impl Fn(&Fitted) -> String) {
        let cells: Vec<String> = layout
            .columns
            .iter()
            .map(|column| {
                let cell = cell(column);
                let alignment = match self.columns[column.at].kind {
                    ColumnKind::Number => Alignment::Right,
                    ColumnKind::Whole | ColumnKind::Name | ColumnKind::Cut | ColumnKind::Reason => {
                        Alignment::Left
                    }
                };
                let cell = truncate_str(&cell, column.width, "…");
                pad_str(&cell, column.width, alignment, None).into_owned()
            })
            .collect();
        let indent = " ".repeat(self.indent);
        text.push_str(&format!("{indent}{}\n", cells.join(GAP).trim_end()));
    }

    fn push_below(&self, text: &mut String, note: &str) {
        if !note.is_empty() {
            let indent = " ".repeat(self.indent);
            text.push_str(&format!("{indent}  {note}\n"));
        }
    }

    /// A line for each field, `TITLE: value`, and an empty line between rows.
    fn blocks(&self) -> String {
        let shown = self.shown();
        let indent = " ".repeat(self.indent);
        let mut text = String::new();
        for (number, row) in self.rows.iter().enumerate() {
            let is_empty = |at: usize| row.cells.get(at).is_none_or(|cell| cell.text.is_empty());
            let continues = shown.first().is_some_and(|first| is_empty(*first));
            if number > 0 && !continues {
                text.push('\n');
            }
            for &at in shown.iter().filter(|at| !is_empty(**at)) {
                let title = match self.columns[at].title.as_str() {
                    "" => String::new(),
                    title => Style::Faint.paint(&format!("{title}:")) + " ",
                };
                text.push_str(&format!("{indent}{title}{}\n", row.cells[at].text));
            }
            self.push_below(&mut text, &row.note);
        }
        text
    }
}

#[cfg(test)]
mod tests;
