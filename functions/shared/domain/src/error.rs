//! The one error type. A kind exists only where a caller acts differently on it.
//!
//! Foreign errors become this one in three places: `graph/error.rs`, `aws/error.rs` and [`crate::stored`].
//! Two tables consume the kind: the queue's reply and the HTTP problem, both in `runtime`.

use crate::Refusal;
use std::fmt;

/// What a caller should do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The input is wrong and will stay wrong.
    Invalid,
    /// The thing asked for does not exist.
    NotFound,
    /// Somebody else was faster, or the state does not allow it now.
    Conflict,
    /// The caller changes what somebody else has changed since it was read.
    Stale,
    /// Consent, a permission or a right is missing.
    Denied,
    /// Too fast; come back no sooner than said.
    Throttled {
        /// Milliseconds to wait; absent when the service did not say.
        retry_after_ms: Option<u64>,
    },
    /// The service cannot answer now.
    Unavailable,
    /// Stored bytes are not what was stored.
    Corrupt,
}

impl ErrorKind {
    /// A stable name for logs, reports and problem types.
    pub fn name(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
            Self::Stale => "stale",
            Self::Denied => "denied",
            Self::Throttled { .. } => "throttled",
            Self::Unavailable => "unavailable",
            Self::Corrupt => "corrupt",
        }
    }
}

/// A field of the caller's input that is at fault.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FieldFault {
    /// Path in the caller's own words, such as `price.currency`.
    pub field: String,
    /// What is wrong with it, for a person.
    pub message: String,
}

/// An error with its kind, a message for a person and, where there is one, its cause.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    fields: Vec<FieldFault>,
    refusal: Option<Refusal>,
    unlicensed: bool,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of everything in the product.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of `kind`. The message must hold no secret and no customer data.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            fields: Vec::new(),
            refusal: None,
            unlicensed: false,
            source: None,
        }
    }
    /// [`ErrorKind::Invalid`].
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }
    /// [`ErrorKind::Invalid`], naming the field at fault.
    pub fn invalid_field(field: impl Into<String>, message: impl Into<String>) -> Self {
        let (field, message) = (field.into(), message.into());
        Self::invalid(format!("{field}: {message}")).with_fields(vec![FieldFault { field, message }])
    }
    /// [`ErrorKind::NotFound`].
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }
    /// [`ErrorKind::Conflict`].
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Conflict, message)
    }
    /// [`ErrorKind::Stale`].
    pub fn stale(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Stale, message)
    }
    /// [`ErrorKind::Denied`].
    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Denied, message)
    }
    /// [`ErrorKind::Throttled`].
    pub fn throttled(message: impl Into<String>, retry_after_ms: Option<u64>) -> Self {
        Self::new(ErrorKind::Throttled { retry_after_ms }, message)
    }
    /// [`ErrorKind::Unavailable`].
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }
    /// [`ErrorKind::Corrupt`].
    pub fn corrupt(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Corrupt, message)
    }
    /// The same error with its cause.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
    /// [`ErrorKind::Denied`] by the tenant, for that reason; `shown` is the code that says so.
    pub fn refused(refusal: Refusal, shown: impl fmt::Display) -> Self {
        let denied = Self::denied(format!("{} ({shown})", refusal.advice()));
        Self { refusal: Some(refusal), ..denied }
    }
    /// The same error, for want of a licence and of nothing else: the feature is not there, so nothing of it is.
    #[must_use]
    pub fn for_want_of_licence(mut self) -> Self {
        self.unlicensed = true;
        self
    }
    /// The same error naming the fields at fault.
    #[must_use]
    pub fn with_fields(mut self, fields: Vec<FieldFault>) -> Self {
        self.fields = fields;
        self
    }
    /// The same error with `context: ` before its message.
    #[must_use]
    pub fn within(mut self, context: impl fmt::Display) -> Self {
        self.message = format!("{context}: {}", self.message);
        self
    }
    /// What to do about it.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
    /// Whether the service refused because the customer has no licence for what was asked. Permissions are not
    /// known then to be enough or not.
    pub fn is_unlicensed(&self) -> bool {
        self.unlicensed
    }
    /// For a person.
    pub fn message(&self) -> &str {
        &self.message
    }
    /// Why the tenant does not let us in, where that is what it is about and it is known.
    pub fn refusal(&self) -> Option<Refusal> {
        self.refusal
    }
    /// The fields at fault; empty when it is not about fields.
    pub fn fields(&self) -> &[FieldFault] {
        &self.fields
    }
    /// Whether the same call may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self.kind, ErrorKind::Conflict | ErrorKind::Throttled { .. } | ErrorKind::Unavailable)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        let mut cause = self.source.as_deref().map(|e| e as &dyn std::error::Error);
        while let Some(e) = cause {
            write!(f, ": {e}")?;
            cause = e.source();
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
