//! How wide each column of a table is on a terminal. Columns give up room in the order of their importance:
//! first the cells with a short form, then the columns that may be cut, the widest first, and last the reason.

use std::borrow::Cow;

use console::{measure_text_width, strip_ansi_codes};

use super::{ColumnKind, GAP, Table};

/// A column is cut to no less than this.
const MIN_CUT: usize = 12;

/// A reason is cut to no less than this; below, it stands under its row.
const MIN_REASON: usize = 24;

/// How the rows of a table become lines.
pub(super) struct Layout {
    pub(super) columns: Vec<Fitted>,
    /// The column that is shown below each row instead of in it.
    pub(super) below: Option<usize>,
}

/// A column that is shown.
#[derive(Clone, Copy)]
pub(super) struct Fitted {
    /// Its place among all columns.
    pub(super) at: usize,
    pub(super) width: usize,
    /// It shows the short forms of its cells.
    pub(super) short: bool,
}

impl Table {
    /// A layout for so much room; none if even cut columns do not fit.
    pub(super) fn layout(&self, room: Option<usize>) -> Option<Layout> {
        let natural = self.natural_layout();
        let Some(room) = room else {
            return Some(natural);
        };
        let reason = self.shown().into_iter();
        let reason = reason.rev().find(|at| self.is(*at, ColumnKind::Reason));
        let others = natural.columns.iter().copied();
        let others = others.filter(|column| Some(column.at) != reason);
        let without_reason: Vec<Fitted> = others.collect();
        self.fit(natural.columns, room)
            .map(|columns| (columns, None))
            .or_else(|| Some((self.fit(without_reason, room)?, reason)))
            .map(|(columns, below)| Layout { columns, below })
    }

    /// The layout in which nothing is cut.
    pub(super) fn natural_layout(&self) -> Layout {
        let shown = self.shown().into_iter();
        let fitted = shown.map(|at| Fitted {
            at,
            width: self.natural_width(at, false),
            short: false,
        });
        Layout {
            columns: fitted.collect(),
            below: None,
        }
    }

    /// The columns that have content.
    pub(super) fn shown(&self) -> Vec<usize> {
        (0..self.columns.len())
            .filter(|&at| {
                let mut cells = self.rows.iter().filter_map(|row| row.cells.get(at));
                cells.any(|cell| !cell.text.is_empty())
            })
            .collect()
    }

    fn fit(&self, mut columns: Vec<Fitted>, room: usize) -> Option<Vec<Fitted>> {
        for at in 0..columns.len() {
            let column = columns[at];
            let short = self.natural_width(column.at, true);
            if short < column.width && total(&columns) > room {
                columns[at].short = true;
                columns[at].width = short;
            }
        }
        let excess = total(&columns).saturating_sub(room);
        let mut cuttable: Vec<(&mut Fitted, usize)> = columns
            .iter_mut()
            .filter_map(|column| {
                let min_width = self.min_width(column.at)?;
                Some((column, min_width))
            })
            .collect();
        for _ in 0..excess {
            let with_room = cuttable
                .iter_mut()
                .filter(|(column, min)| column.width > *min);
            match with_room.max_by_key(|(column, _)| column.width) {
                Some((widest, _)) => widest.width -= 1,
                None => break,
            }
        }
        let excess = total(&columns).saturating_sub(room);
        if let Some(reason) = columns
            .iter_mut()
            .find(|column| self.is(column.at, ColumnKind::Reason))
        {
            let least = reason.width.min(MIN_REASON);
            reason.width = reason.width.saturating_sub(excess).max(least);
        }
        (total(&columns) <= room).then_some(columns)
    }

    fn is(&self, at: usize, kind: ColumnKind) -> bool {
        self.columns[at].kind == kind
    }

    /// As wide as the title and every cell need.
    fn natural_width(&self, at: usize, short: bool) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.cells.get(at));
        let cells = cells.map(|cell| measure_text_width(cell.text(short)));
        cells.max().unwrap_or_default().max(self.title_width(at))
    }

    /// A column that may be cut is not cut further than this.
    fn min_width(&self, at: usize) -> Option<usize> {
        let width = match self.columns[at].kind {
            ColumnKind::Whole | ColumnKind::Number | ColumnKind::Reason => return None,
            ColumnKind::Cut => MIN_CUT,
            ColumnKind::Name => MIN_CUT.max(self.distinct_width(at)),
        };
        Some(width.max(self.title_width(at)))
    }

    /// So wide that different values of a column differ even if they are cut, with room for the sign of the cut.
    fn distinct_width(&self, at: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.cells.get(at));
        let mut texts: Vec<Cow<'_, str>> = cells
            .map(|cell| strip_ansi_codes(cell.text(false)))
            .collect();
        texts.sort_unstable();
        texts.dedup();
        let shared = texts.windows(2).map(|pair| {
            let (one, other) = (pair[0].chars(), pair[1].chars());
            let shared = one.zip(other).take_while(|(one, other)| one == other);
            shared
                .map(|(sign, _)| measure_text_width(sign.encode_utf8(&mut [0; 4])))
                .sum::<usize>()
        });
        // The first sign that differs may be a wide one.
        shared
            .max()
            .map_or(0, |shared| shared + 2 + "…".chars().count())
    }

    fn title_width(&self, at: usize) -> usize {
        measure_text_width(&self.columns[at].title)
    }
}

/// The width of a line with these columns.
pub(super) fn total(columns: &[Fitted]) -> usize {
    let widths: usize = columns.iter().map(|column| column.width).sum();
    widths + GAP.len() * columns.len().saturating_sub(1)
}
