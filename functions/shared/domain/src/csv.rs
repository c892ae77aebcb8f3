//! Lines of tables that people open in a spreadsheet: RFC 4180, and no part of a cell is taken for a formula.

use crate::{Error, Result};
use csv::{Terminator, WriterBuilder};

/// What begins a formula, in the wide form of the characters too.
const BEGINS: [char; 8] = ['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];
/// Where a spreadsheet may begin another cell: in many countries Excel cuts a line at semicolons, quoted or not.
const CUTS: [char; 4] = [';', '\t', '\n', '\r'];

/// The cell, with an apostrophe wherever a spreadsheet would take what follows for a formula: at its beginning, and
/// where another cell may begin in it. Source: OWASP, CSV injection.
pub fn harmless(cell: &str) -> String {
    let mut out = String::with_capacity(cell.len() + 1);
    let mut is_beginning = true;
    for c in cell.chars() {
        if is_beginning && BEGINS.contains(&c) {
            out.push('\'');
        }
        // Why blanks, quotes and what shows nothing change nothing: a spreadsheet may leave them out before it looks.
        let is_passed_over = c == '"' || c.is_whitespace() || c.is_control() || c == '\u{feff}';
        is_beginning = CUTS.contains(&c) || (is_beginning && is_passed_over);
        out.push(c);
    }
    out
}

/// One line of a table that is sent as it is read, with its line break, after each cell was made [`harmless`].
///
/// # Errors
/// `Invalid` when it cannot be written.
pub fn line<'a>(cells: impl IntoIterator<Item = &'a str>) -> Result<String> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    let failed = |e: csv::Error| Error::invalid("a line cannot be written").caused_by(e);
    writer.write_record(cells.into_iter().map(harmless)).map_err(failed)?;
    let bytes = writer.into_inner().map_err(|e| failed(e.into_error().into()))?;
    String::from_utf8(bytes).map_err(|e| Error::invalid("a line is not text").caused_by(e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cell_is_quoted_where_it_must_be_and_no_part_of_it_is_a_formula() {
        for (cell, written) in [
            ("a", "a\r\n"),
            ("a,\"b\"", "\"a,\"\"b\"\"\"\r\n"),
            ("=1+1", "'=1+1\r\n"),
            ("a;=1+1", "a;'=1+1\r\n"),
            ("two\n@lines", "\"two\n'@lines\"\r\n"),
            ("a\t \u{ff1d}1", "a\t '\u{ff1d}1\r\n"),
            ("\u{feff}\u{0}-1", "\u{feff}\u{0}'-1\r\n"),
        ] {
            assert_eq!(line([cell]).unwrap(), written, "{cell:?}");
        }
        assert_eq!(line(["a", "", "b"]).unwrap(), "a,,b\r\n");
    }

    proptest! {
        #[test]
        fn whatever_a_cell_holds_no_part_that_a_spreadsheet_may_cut_out_of_it_begins_a_formula(
            cell in r#"[=+\-@＝＋－＠;\t\r\n "a\x00\x{feff}']{0,20}"#
        ) {
            for part in harmless(&cell).split(CUTS) {
                let shown = part.trim_start_matches(|c: char| c.is_whitespace() || c.is_control() || "\"\u{feff}".contains(c));
                prop_assert!(!shown.starts_with(BEGINS), "{cell:?}: {part:?}");
            }
        }
    }
}
