//! Tables of one line a row: columns as wide as they need, those that may be cut shortened with … where the
//! terminal is too narrow, columns without content left out. Knows nothing of what they show.

use comfy_table::{
    CellAlignment, ColumnConstraint, ContentArrangement, ContentLineStyle, Row, TableStyle,
};

use super::style::Style;

/// A head of column titles, and two spaces between columns.
const STYLE: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::none())
    .content_lines(ContentLineStyle::none());

/// On a narrower terminal nothing is cut: there would be nothing left.
const MIN_WIDTH: u16 = 20;

#[derive(Clone, Debug)]
pub(super) struct Column {
    title: String,
    kind: ColumnKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ColumnKind {
    Whole,
    Cut,
    Number,
}

/// A column that is never cut.
pub(super) fn whole(title: &str) -> Column {
    column(title, ColumnKind::Whole)
}

/// A column that is cut where there is no room for it.
pub(super) fn cut(title: &str) -> Column {
    column(title, ColumnKind::Cut)
}

/// A column that is never cut, and flush right.
pub(super) fn number(title: &str) -> Column {
    column(title, ColumnKind::Number)
}

fn column(title: &str, kind: ColumnKind) -> Column {
    let title = title.to_owned();
    Column { title, kind }
}

pub(super) struct Table {
    columns: Vec<Column>,
    /// Texts in their looks.
    rows: Vec<Vec<String>>,
    /// What stands below each row.
    notes: Vec<String>,
    indent: usize,
}

impl Table {
    pub(super) fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self {
            columns: columns.into_iter().collect(),
            rows: Vec::new(),
            notes: Vec::new(),
            indent: 0,
        }
    }

    /// The same, moved to the right.
    pub(super) fn indented(mut self, columns: usize) -> Self {
        self.indent = columns;
        self
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.row_with_note(cells, "");
    }

    /// A row with a line of its own below it, which is never cut.
    pub(super) fn row_with_note(&mut self, cells: impl IntoIterator<Item = String>, note: &str) {
        self.rows.push(cells.into_iter().collect());
        self.notes.push(note.to_owned());
    }

    /// The lines, each with its end, for a terminal so wide; without a width nothing is cut.
    pub(super) fn render(self, width: Option<u16>) -> String {
        let shown: Vec<usize> = (0..self.columns.len())
            .filter(|&at| self.rows.iter().any(|row| !is_empty(row, at)))
            .collect();
        let Some(&last) = shown.last() else {
            return String::new();
        };
        let mut table = comfy_table::Table::new();
        table
            .load_style(STYLE)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .force_no_tty();
        let has_head = self.columns.iter().any(|column| !column.title.is_empty());
        if has_head {
            let titles = shown
                .iter()
                .map(|&at| Style::Faint.paint(&self.columns[at].title));
            table.set_header(Row::from(titles.collect::<Vec<_>>()));
        }
        for cells in self.rows {
            let cells = cells.into_iter().enumerate();
            let cells = cells.filter(|(at, _)| shown.contains(at));
            let mut row = Row::from(cells.map(|(_, cell)| cell).collect::<Vec<_>>());
            row.max_height(1);
            table.add_row(row);
        }
        for (column, &at) in table.column_iter_mut().zip(&shown) {
            column.set_padding((0, if at == last { 0 } else { 2 }));
            match self.columns[at].kind {
                ColumnKind::Cut => {}
                ColumnKind::Whole => {
                    column.set_constraint(ColumnConstraint::ContentWidth);
                }
                ColumnKind::Number => {
                    column.set_constraint(ColumnConstraint::ContentWidth);
                    column.set_cell_alignment(CellAlignment::Right);
                }
            }
        }
        // A terminal that does not know its width may say 0.
        if let Some(width) = width.filter(|width| *width >= MIN_WIDTH) {
            table.set_width(width.saturating_sub(self.indent as u16));
        }

        let indent = " ".repeat(self.indent);
        let mut text = String::new();
        let head = has_head.then_some("");
        let notes = head
            .into_iter()
            .chain(self.notes.iter().map(String::as_str));
        for (line, note) in table.lines().zip(notes) {
            text.push_str(&format!("{indent}{}\n", line.trim_end()));
            if !note.is_empty() {
                text.push_str(&format!("{indent}  {note}\n"));
            }
        }
        text
    }
}

fn is_empty(row: &[String], at: usize) -> bool {
    row.get(at).is_none_or(String::is_empty)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn table() -> Table {
        let mut table = Table::new([
            whole("NAME"),
            cut("BRANCH"),
            whole("EMPTY"),
            number("COUNT"),
        ]);
        let cells = |texts: [&str; 4]| texts.map(str::to_owned);
        table.row(cells(["a", "main", "", "7"]));
        let branch = "feature/a-very-long-name of-a-branch-that-somebody-made";
        table.row_with_note(cells(["b ✗", branch, "", "1200"]), "https://ci.example/1");
        table
    }

    fn plain(table: Table, width: Option<u16>) -> String {
        anstream::adapter::strip_str(&table.render(width)).to_string()
    }

    #[test]
    fn without_a_width_nothing_is_cut() {
        assert_snapshot!(plain(table(), None), @r"
        NAME  BRANCH                                                   COUNT
        a     main                                                         7
        b ✗   feature/a-very-long-name of-a-branch-that-somebody-made   1200
          https://ci.example/1
        ");
    }

    #[test]
    fn a_narrow_terminal_cuts_what_may_be_cut() {
        assert_snapshot!(plain(table().indented(2), Some(40)), @r"
        NAME  BRANCH                     COUNT
        a     main                           7
        b ✗   feature/a-very-long-name…   1200
          https://ci.example/1
        ");
    }

    #[test]
    fn what_is_too_narrow_for_anything_still_shows_something() {
        for width in 0..40 {
            let text = table().render(Some(width));
            assert!(text.contains("b ✗"), "{width}: {text}");
        }
    }

    #[test]
    fn a_text_cannot_move_the_cursor() {
        let mut table = Table::new([cut("BRANCH")]);
        table.row([Style::Plain.paint("a\n\u{1b}[2Jb")]);
        assert_snapshot!(plain(table, None), @r"
        BRANCH
        a  [2Jb
        ");
    }
}
