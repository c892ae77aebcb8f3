//! Forms that were posted.

use crate::failure::Failure;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use url::form_urlencoded;

/// The most bytes that a form may have: a thousand ticks of two hundred bytes fit in.
pub const MAX_BYTES: usize = 512 * 1024;

/// The name of the hidden field under which the API does what the form asks for once.
pub const KEY: &str = "key";

/// A form's fields, in their order.
#[derive(Clone, Debug, Default)]
pub struct Posted(Vec<(String, String)>);

impl Posted {
    /// The form that a body is.
    pub fn read(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// A form of these fields.
    #[cfg(test)]
    pub fn of(fields: &[(&str, &str)]) -> Self {
        Self(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// The field of that name, without the spaces around it; empty where there is none.
    pub fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value.trim())
    }

    /// The field of that name.
    ///
    /// # Errors
    /// `Field` where it is empty.
    pub fn needed(&self, name: &'static str) -> Result<&str, Failure> {
        Some(self.text(name)).filter(|text| !text.is_empty()).ok_or(Failure::Field(name))
    }

    /// The number of that name.
    ///
    /// # Errors
    /// `Field` where it is none.
    pub fn number(&self, name: &'static str) -> Result<i64, Failure> {
        self.text(name).parse().map_err(|_| Failure::Field(name))
    }

    /// Every field, in the order in which they stand in the form.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The same form with another value of that field.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut same: Vec<_> = self.0.iter().filter(|(n, _)| n != name).cloned().collect();
        same.push((name.to_owned(), value.to_owned()));
        Self(same)
    }

    /// All values of that name, such as of boxes that were ticked.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Whether a box of that name was ticked.
    pub fn ticked(&self, name: &str) -> bool {
        !self.text(name).is_empty()
    }

    /// The key under which the API does this once.
    ///
    /// # Errors
    /// `Field` where the form has none.
    pub fn key(&self) -> Result<&str, Failure> {
        self.needed(KEY)
    }
}

impl<S: Send + Sync> FromRequest<S> for Posted {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let body = Bytes::from_request(request, state).await.map_err(|_| Failure::Field("form"))?;
        if body.len() > MAX_BYTES {
            return Err(Failure::Field("form"));
        }
        Ok(Self::read(&body))
    }
}
