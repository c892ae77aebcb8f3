//! Tables as text for a spreadsheet. RFC 4180.

use axum::response::{IntoResponse, Response};
use csv::Writer;
use domain::{Error, Result};
use http::{HeaderName, header};

/// A table that is being written.
pub struct Table(Writer<Vec<u8>>);

impl Table {
    /// A table with that head.
    pub fn new(head: &[&str]) -> Result<Self> {
        let mut table = Self(Writer::from_writer(Vec::new()));
        table.line(head.iter().copied())?;
        Ok(table)
    }

    /// A line. A cell that a spreadsheet would take for a formula is written so that it does not.
    pub fn line<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) -> Result<()> {
        // Source: OWASP, CSV injection.
        let safe = cells.into_iter().map(|cell| match cell.chars().next() {
            Some('=' | '+' | '-' | '@' | '\t' | '\r') => format!("'{cell}"),
            _ => cell.to_owned(),
        });
        self.0.write_record(safe).map_err(|e| Error::invalid("a line cannot be written").caused_by(e))
    }

    /// The text as a reply, to be kept under that name.
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
