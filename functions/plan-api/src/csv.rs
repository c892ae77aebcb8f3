//! Tables for a spreadsheet as replies; their lines and cells are `domain::csv`'s.

use axum::response::{IntoResponse, Response};
use csv::Writer;
pub use domain::csv::{harmless, line};
use domain::{Error, Result};
use http::{HeaderName, header};

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
