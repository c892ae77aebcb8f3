//! The one error type. A kind, and a reason beyond it, exist only where a caller acts differently on them; texts are
//! for people alone.
//!
//! Foreign errors become this one in three places: `graph/error.rs`, `aws/error.rs` and [`crate::stored`].
//! Two tables consume the kind: the queue's reply and the HTTP problem, both in `runtime`.

use crate::{OwnFault, Refusal};
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
    /// At which of its characters, from 1, where that is known; behind the last, where something is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<usize>,
}

impl FieldFault {
    /// A fault of the field as a whole.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into(), at: None }
    }
}

/// What more is known of an error than its kind, where a caller acts on it. A closed list: whoever decides by an
/// error's cause decides by this and never by its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorReason {
    /// The tenant does not let the application in, and it is known why.
    NotAdmitted(Refusal),
    /// Microsoft does not accept our own credential, in any tenant, until the operator has mended it.
    OwnFault(OwnFault),
    /// Microsoft still refuses what was consented to a short while ago: a consent takes minutes to arrive everywhere.
    ConsentArriving,
    /// The customer has no licence for the feature that was asked for, so there is nothing of it. Whether the
    /// permissions would be enough is then not known.
    Unlicensed,
    /// Graph calls values of a write invalid without saying which. It says so of references to objects that are too
    /// new for it, too.
    ValuesInvalid,
    /// A tenant answered, but not one kind of it could be read.
    NothingRead,
    /// The pages of a list lead on and on and give nothing new.
    Endless,
    /// Another release had begun the same work and stored something else of it where this one stores: it is done once more,
    /// in another place.
    StoredOtherwise,
    /// A row that was read was changed by somebody else before it was written: a new try may succeed.
    Raced,
}

/// A text for people. It can be shown, and it can become part of another text; it has no other methods, so that no
/// decision is taken by reading it.
#[derive(Clone, Copy, Debug)]
pub struct Prose<'a>(&'a str);

impl fmt::Display for Prose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl From<Prose<'_>> for String {
    fn from(prose: Prose<'_>) -> Self {
        prose.0.to_owned()
    }
}

/// What a service answered to a request that it refused, for receipts and for people. Nobody decides by it.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status that it answered.
    pub status: u16,
    /// The service's own error code; empty where it gave none.
    pub code: String,
    /// The service's id of the request, for its support.
    pub request_id: Option<String>,
    /// The service's sentence. It may quote a customer's values, so it belongs into what is sealed alone.
    pub sentence: String,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.code)
    }
}

/// An error: what to do about it, a text for a person and, where they are known, its reason, the fields at fault,
/// what a service answered, and the error below that caused it.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    reason: Option<ErrorReason>,
    answer: Option<Box<Answer>>,
    summary: String,
    fields: Vec<FieldFault>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of everything in the product.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of `kind`. The summary must hold no secret and no customer data.
    pub fn new(kind: ErrorKind, summary: impl Into<String>) -> Self {
        Self { kind, reason: None, answer: None, summary: summary.into(), fields: Vec::new(), source: None }
    }
    /// An error of the kind [`ErrorKind::Invalid`].
    pub fn invalid(summary: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, summary)
    }
    /// An error of the kind [`ErrorKind::Invalid`] that names the field at fault.
    pub fn invalid_field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid_fault(FieldFault::new(field, message))
    }
    /// The same, at that character of the field, from 1.
    pub fn invalid_at(field: impl Into<String>, at: usize, message: impl Into<String>) -> Self {
        Self::invalid_fault(FieldFault { at: Some(at), ..FieldFault::new(field, message) })
    }
    fn invalid_fault(fault: FieldFault) -> Self {
        Self::invalid(format!("{}: {}", fault.field, fault.message)).with_fields(vec![fault])
    }
    /// An error of the kind [`ErrorKind::NotFound`].
    pub fn not_found(summary: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, summary)
    }
    /// An error of the kind [`ErrorKind::Conflict`].
    pub fn conflict(summary: impl Into<String>) -> Self {
        Self::new(ErrorKind::Conflict, summary)
    }
    /// An error of the kind [`ErrorKind::Stale`].
    pub fn stale(summary: impl Into<String>) -> Self {
        Self::new(ErrorKind::Stale, summary)
    }
    /// An error of the kind [`ErrorKind::Denied`].
    pub fn denied(summary: impl Into<String>) -> Self {
        Self::new(ErrorKind::Denied, summary)
    }
    /// An error of the kind [`ErrorKind::Throttled`]; `retry_after_ms` is what the service asked for, if it did.
    pub fn throttled(summary: impl Into<String>, retry_after_ms: Option<u64>) -> Self {
        Self::new(ErrorKind::Throttled { retry_after_ms }, summary)
    }
    /// An error of the kind [`ErrorKind::Unavailable`].
    pub fn unavailable(summary: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, summary)
    }
    /// An error of the kind [`ErrorKind::Corrupt`].
    pub fn corrupt(summary: impl Into<String>) -> Self {
        Self::new(ErrorKind::Corrupt, summary)
    }
    /// An error of the kind [`ErrorKind::Denied`]: the tenant does not let the application in. `shown` is the code of
    /// Microsoft's that says so.
    pub fn refused(refusal: Refusal, shown: impl fmt::Display) -> Self {
        Self::denied(format!("{} ({shown})", refusal.advice())).because(ErrorReason::NotAdmitted(refusal))
    }
    /// An error of the kind [`ErrorKind::Unavailable`]: our own application is refused. `shown` is the code of Microsoft's
    /// that says so.
    pub fn own_fault(fault: OwnFault, shown: impl fmt::Display) -> Self {
        let advice = fault.advice();
        Self::unavailable(format!(
            "Holdfast's own application is refused ({shown}), for its operator: {advice}"
        ))
        .because(ErrorReason::OwnFault(fault))
    }
    /// The same error with the reason that a caller acts on.
    #[must_use]
    pub fn because(mut self, reason: ErrorReason) -> Self {
        self.reason = Some(reason);
        self
    }
    /// The same error with what a service answered.
    #[must_use]
    pub fn answered(mut self, answer: Answer) -> Self {
        self.answer = Some(Box::new(answer));
        self
    }
    /// The same error with the error below that caused it; [`Display`](fmt::Display) shows both.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
    /// The same error naming the fields at fault.
    #[must_use]
    pub fn with_fields(mut self, fields: Vec<FieldFault>) -> Self {
        self.fields = fields;
        self
    }
    /// The same error with `context: ` before its summary.
    #[must_use]
    pub fn within(mut self, context: impl fmt::Display) -> Self {
        self.summary = format!("{context}: {}", self.summary);
        self
    }
    /// What a caller should do about it.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
    /// What more is known of it, where a caller acts on that.
    pub fn reason(&self) -> Option<ErrorReason> {
        self.reason
    }
    /// What a service answered, where one did.
    pub fn answer(&self) -> Option<&Answer> {
        self.answer.as_deref()
    }
    /// What happened, for a person, without the causes below: those may name what only the operator should see.
    pub fn summary(&self) -> Prose<'_> {
        Prose(&self.summary)
    }
    /// Why the tenant does not let the application in, where that is the reason.
    pub fn refusal(&self) -> Option<Refusal> {
        match self.reason {
            Some(ErrorReason::NotAdmitted(refusal)) => Some(refusal),
            _ => None,
        }
    }
    /// What is wrong with our own application, where that is the reason.
    pub fn fault(&self) -> Option<OwnFault> {
        match self.reason {
            Some(ErrorReason::OwnFault(fault)) => Some(fault),
            _ => None,
        }
    }
    /// Whether the reason is that the customer has no licence for what was asked.
    pub fn is_unlicensed(&self) -> bool {
        self.reason == Some(ErrorReason::Unlicensed)
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
        f.write_str(&self.summary)?;
        let mut cause = self.source.as_deref().map(|e| e as &dyn std::error::Error);
        while let Some(e) = cause {
            write!(f, ": {e}")?;
            cause = e.source();
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
