//! Tables as text for a spreadsheet. RFC 4180.

use axum::response::{IntoResponse, Response};
use csv::{Terminator, Writer, WriterBuilder};
use domain::{Error, Result};
use http::{HeaderName, HeaderValue, header};

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
        // Why blanks and quotes change nothing: a spreadsheet may leave them out before it looks.
        is_beginning = CUTS.contains(&c) || (is_beginning && (c == '"' || c.is_whitespace()));
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

/// The value of the header `Link` that leads to the same query from another cursor on, as RFC 8288 writes it.
///
/// # Errors
/// `Corrupt` when that is not fit for a header.
pub fn next_link(asked: &str, cursor: &str) -> Result<HeaderValue> {
    let pairs = url::form_urlencoded::parse(asked.as_bytes()).filter(|(name, _)| name != "cursor");
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let query = query.extend_pairs(pairs).append_pair("cursor", cursor).finish();
    HeaderValue::from_str(&format!("<?{query}>; rel=\"next\""))
        .map_err(|e| Error::corrupt("a cursor is not fit for a header").caused_by(e))
}

/// A table that is being written.
pub struct Table(Writer<Vec<u8>>);

impl Table {
    /// A table with that head and no line yet.
    pub fn new(head: &[&str]) -> Result<Self> {
        let mut table = Self(Writer::from_writer(Vec::new()));
        table.line(head.iter().copied())?;
        Ok(table)
    }

    /// Adds a line, after each cell was made [`harmless`].
    pub fn line<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) -> Result<()> {
        self.0
            .write_record(cells.into_iter().map(harmless))
            .map_err(|e| Error::invalid("a line cannot be written").caused_by(e))
    }

    /// The table as a reply, which a browser saves under that name, with `.csv` after it.
    pub fn into_response(self, name: &str) -> Result<Response> {
        let bytes = self
            .0
            .into_inner()
            .map_err(|e| Error::invalid("a table cannot be written").caused_by(e.into_error()))?;
        let headers: [(HeaderName, String); 2] = [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
            (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.csv\"")),
        ];
        Ok((headers, bytes).into_response())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_where_it_must_be_and_no_part_of_it_is_a_formula() {
        for (cell, written) in [
            ("a", "a\r\n"),
            ("a,\"b\"", "\"a,\"\"b\"\"\"\r\n"),
            ("=1+1", "'=1+1\r\n"),
            ("a;=1+1", "a;'=1+1\r\n"),
            ("two\n@lines", "\"two\n'@lines\"\r\n"),
        ] {
            assert_eq!(line([cell]).unwrap(), written, "{cell:?}");
        }
        assert_eq!(line(["a", "", "b"]).unwrap(), "a,,b\r\n");
    }
}
