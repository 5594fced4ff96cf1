//! Tables at every width: no row is lost, and each note stands below its own row.

use console::{measure_text_width, strip_ansi_codes};
use insta::assert_snapshot;

use crate::cli::{table::*, wrap::wrap};

fn table() -> Table {
    let mut table = Table::new([
        whole("NAME"),
        cut("BRANCH"),
        whole("EMPTY"),
        number("COUNT"),
    ]);
    table.row(["a", "main", "", "7"].map(str::to_owned));
    let branch = "feature/a-very-long-name of-a-branch-that-somebody-made";
    let cells = ["b ✗", branch, "", "1200"].map(str::to_owned);
    table.row_with_note(cells, "https://ci.example/1");
    table
}

/// A table with every kind of column, whose titles are wider than some contents.
fn rows(count: usize) -> Table {
    let mut table = Table::new([
        name("PRODUCT"),
        whole("VERSION"),
        whole("COMMIT"),
        cut("BRANCH"),
        whole("CREATED"),
        number("N"),
        reason("BECAUSE"),
    ]);
    for number in 0..count {
        let because = match number % 3 {
            0 => String::new(),
            1 => format!("reason{number}"),
            _ => format!(
                "reason{number} that has many words and a value=1234567890123456789012345678901234567890"
            ),
        };
        let note = match number % 2 {
            0 => String::new(),
            _ => format!("https://ci.example/builds/{number}/with/a/long/path/to/its/log"),
        };
        let cells = cells![
            Style::Strong.paint("a-product-with-a-long-name"),
            format!("version{number}"),
            Cell::with_short("abc123def456".to_owned(), "abc123d".to_owned()),
            Style::Good.paint("feature/日本語-branch"),
            Cell::with_short("2026-01-31 12:00Z".to_owned(), "2026-01-31".to_owned()),
            number.to_string(),
            Style::Bad.paint(&because),
        ];
        table.row_with_note(cells, &Style::Faint.paint(&note));
    }
    table
}

fn plain(table: &Table, width: Option<usize>) -> String {
    let text = table.render(width);
    let text = width.map_or(text.clone(), |width| wrap(&text, width));
    strip_ansi_codes(&text).into_owned()
}

#[test]
fn without_a_width_nothing_is_cut() {
    assert_snapshot!(plain(&table(), None), @r"
    NAME  BRANCH                                                   COUNT
    a     main                                                         7
    b ✗   feature/a-very-long-name of-a-branch-that-somebody-made   1200
      https://ci.example/1
    ");
}

#[test]
fn a_narrow_terminal_cuts_the_columns_that_may_be_cut() {
    assert_snapshot!(plain(&table().indented(2), Some(40)), @r"
    NAME  BRANCH                     COUNT
    a     main                           7
    b ✗   feature/a-very-long-name…   1200
      https://ci.example/1
    ");
}

#[test]
fn where_cut_columns_do_not_fit_each_field_has_a_line() {
    assert_snapshot!(plain(&table(), Some(20)), @r"
    NAME: a
    BRANCH: main
    COUNT: 7

    NAME: b ✗
    BRANCH:
      feature/a-very-lon
      g-name
      of-a-branch-that-s
      omebody-made
    COUNT: 1200
      https://ci.example/1
    ");
}

#[test]
fn columns_give_up_room_in_the_order_of_their_importance() {
    assert_snapshot!(plain(&rows(3), Some(100)), @r"
    PRODUCT       VERSION   COMMIT   BRANCH        CREATED     N  BECAUSE
    a-product-w…  version0  abc123d  feature/日…   2026-01-31  0
    a-product-w…  version1  abc123d  feature/日…   2026-01-31  1  reason1
      https://ci.example/builds/1/with/a/long/path/to/its/log
    a-product-w…  version2  abc123d  feature/日…   2026-01-31  2  reason2 that has many words and a val…
    ");
    assert_snapshot!(plain(&rows(3), Some(76)), @r"
    PRODUCT               VERSION   COMMIT   BRANCH                CREATED     N
    a-product-with-a-lo…  version0  abc123d  feature/日本語-bran…  2026-01-31  0
    a-product-with-a-lo…  version1  abc123d  feature/日本語-bran…  2026-01-31  1
      because: reason1
      https://ci.example/builds/1/with/a/long/path/to/its/log
    a-product-with-a-lo…  version2  abc123d  feature/日本語-bran…  2026-01-31  2
      because: reason2 that has many words and a
        value=1234567890123456789012345678901234567890
    ");
}

#[test]
fn different_names_stay_different() {
    let mut table = Table::new([name("PRODUCT"), whole("VERSION")]);
    for product in ["payments-api-gateway", "payments-api-worker", "web"] {
        table.row([product, "1.2.3"].map(str::to_owned));
    }
    assert_snapshot!(plain(&table, Some(25)), @r"
    PRODUCT           VERSION
    payments-api-ga…  1.2.3
    payments-api-wo…  1.2.3
    web               1.2.3
    ");
    assert_snapshot!(plain(&table, Some(24)), @r"
    PRODUCT:
      payments-api-gateway
    VERSION: 1.2.3

    PRODUCT:
      payments-api-worker
    VERSION: 1.2.3

    PRODUCT: web
    VERSION: 1.2.3
    ");
}

#[test]
fn every_row_is_shown_at_every_width_with_its_own_note() {
    let count = 9;
    for indent in [0, 2] {
        let table = rows(count).indented(indent);
        for width in 20..=200 {
            let text = plain(&table, Some(width));
            for line in text.lines() {
                let fits = measure_text_width(line) <= width || line.contains("://");
                assert!(fits, "{width}: {line}\n{text}");
            }
            // A value that is broken over lines is found without its line ends.
            let joined: String = text.split_whitespace().collect();
            let mut rest = joined.as_str();
            for number in 0..count {
                let found = |rest: &str, part: &str| rest.find(part).map(|at| at + part.len());
                let version = format!("version{number}");
                let at = found(rest, &version);
                rest = &rest[at.unwrap_or_else(|| panic!("{width}: no {version} in\n{text}"))..];
                let next = rest.find(&format!("version{}", number + 1));
                let row = &rest[..next.unwrap_or(rest.len())];
                if number % 3 > 0 {
                    assert!(row.contains(&format!("reason{number}")), "{width}:\n{text}");
                }
                let note = format!("https://ci.example/builds/{number}/");
                assert_eq!(row.contains(&note), number % 2 == 1, "{width}:\n{text}");
                assert_eq!(row.matches("://").count(), number % 2, "{width}:\n{text}");
            }
        }
    }
}

#[test]
fn a_row_whose_first_cell_is_empty_continues_the_one_before() {
    let mut table = Table::new(["PRODUCT", "production-europe"].map(whole));
    table.row(["web", "eu: 1.2.3"].map(str::to_owned));
    table.row(["", "us: 1.2.4"].map(str::to_owned));
    table.row(["api", "2.0"].map(str::to_owned));
    assert_snapshot!(plain(&table, Some(24)), @r"
    PRODUCT: web
    production-europe: eu:
      1.2.3
    production-europe: us:
      1.2.4

    PRODUCT: api
    production-europe: 2.0
    ");
}

#[test]
fn a_text_cannot_move_the_cursor() {
    let mut table = Table::new([cut("BRANCH")]);
    table.row([Style::Plain.paint("a\n\u{1b}[2Jb")]);
    assert_snapshot!(plain(&table, None), @r"
    BRANCH
    a  [2Jb
    ");
}
