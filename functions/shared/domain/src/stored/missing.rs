//! What a snapshot does not hold, and why: FORMAT.md sections 6 and 9.
//!
//! The cause is a closed list in the type, and one word in the stored form. Whoever decides by it decides by the
//! type; the text beside it is for people. [`cause_of`] is the one place that looks at a text, since older writers
//! did not tell a missing licence from a missing permission in any other way.

use crate::{Error, ErrorKind, ErrorReason};
use serde::{Deserialize, Serialize, Serializer};

/// A source, or a part of one, that a snapshot does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "StoredMissing")]
pub struct Missing {
    /// The name of a kind, a facet, a property (`users.faxNumber`), or [`crate::kinds::Guarded::name`]; or one object
    /// (`users/` and its id, or `users/unknown`).
    pub source: String,
    /// Why it could not be read, for programs.
    pub cause: MissingCause,
    /// Why it could not be read, for a person.
    pub why: String,
    /// Any one of these application permissions would have let it be read; empty where that is not the cause, or the
    /// writer did not say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub any_of: Vec<String>,
}

impl Missing {
    /// Stands for the id of an object of which not even that can be read.
    pub const UNKNOWN: &str = "unknown";

    /// The kind and the id of the one object that it is about; none where it is about a source or a part of one.
    pub fn object(&self) -> Option<(&str, &str)> {
        self.source.split_once('/')
    }
}

/// Why a snapshot does not hold a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MissingCause {
    /// A permission, or a directory role of the application, is missing.
    Denied,
    /// The tenant had no licence for it: of what it would hold there was nothing.
    Unlicensed,
    /// An older manifest says `denied`, and its text names a licence: those writers called both so, and it stays open
    /// which of the two was missing. Never made of a reading of today.
    DeniedOrUnlicensed,
    /// This tenant's Graph does not know the property.
    UnknownToGraph,
    /// Its pages led nowhere: the same ones came again and again.
    Endless,
    /// One object could not be read, though others of its kind could.
    Unreadable,
    /// More names than one request takes: this one is not asked for.
    TooMany,
    /// Graph called the request wrong.
    Invalid,
    /// Graph did not know the address, or the object that it is read below.
    NotFound,
    /// Graph said that the state does not allow it now.
    Conflict,
    /// What was read was changed meanwhile.
    Stale,
    /// Graph asked to wait, beyond what is waited for.
    Throttled,
    /// Graph, or a service of ours, could not answer.
    Unavailable,
    /// Stored bytes that it was to be built on are damaged.
    Corrupt,
    /// A word of a later writer that this program does not know.
    Other,
}

impl MissingCause {
    /// Every cause that is written.
    const WRITTEN: [Self; 13] = [
        Self::Denied,
        Self::Unlicensed,
        Self::UnknownToGraph,
        Self::Endless,
        Self::Unreadable,
        Self::TooMany,
        Self::Invalid,
        Self::NotFound,
        Self::Conflict,
        Self::Stale,
        Self::Throttled,
        Self::Unavailable,
        Self::Corrupt,
    ];

    /// The cause that an error of reading is.
    pub fn of(error: &Error) -> Self {
        match error.kind() {
            _ if error.is_unlicensed() => Self::Unlicensed,
            _ if error.reason() == Some(ErrorReason::Endless) => Self::Endless,
            ErrorKind::Invalid => Self::Invalid,
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::Conflict => Self::Conflict,
            ErrorKind::Stale => Self::Stale,
            ErrorKind::Denied => Self::Denied,
            ErrorKind::Throttled { .. } => Self::Throttled,
            ErrorKind::Unavailable => Self::Unavailable,
            ErrorKind::Corrupt => Self::Corrupt,
        }
    }

    /// The word for it in the stored form and in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Denied | Self::DeniedOrUnlicensed => "denied",
            Self::Unlicensed => "unlicensed",
            Self::UnknownToGraph => "unknown",
            Self::Endless => "endless",
            Self::Unreadable => "unreadable",
            Self::TooMany => "too-many",
            Self::Invalid => "invalid",
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
            Self::Stale => "stale",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::Corrupt => "corrupt",
            Self::Other => "other",
        }
    }

    /// Whether the tenant refused it, for want of a permission or of a licence.
    pub fn is_refusal(self) -> bool {
        matches!(self, Self::Denied | Self::Unlicensed | Self::DeniedOrUnlicensed)
    }
}

impl Serialize for MissingCause {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

/// [`Missing`] as it is stored: the cause is a word.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredMissing {
    source: String,
    cause: String,
    why: String,
    #[serde(default)]
    any_of: Vec<String>,
}

impl From<StoredMissing> for Missing {
    fn from(stored: StoredMissing) -> Self {
        let cause = cause_of(&stored.cause, &stored.why);
        Self { source: stored.source, cause, why: stored.why, any_of: stored.any_of }
    }
}

/// The cause that a stored word says, of a manifest of any age.
fn cause_of(word: &str, why: &str) -> MissingCause {
    let known = MissingCause::WRITTEN.into_iter().find(|cause| cause.name() == word);
    match known.unwrap_or(MissingCause::Other) {
        // Why: before there was `unlicensed`, a missing licence was `denied`, and the text alone named it.
        MissingCause::Denied if why.contains("licence") => MissingCause::DeniedOrUnlicensed,
        cause => cause,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_cause_is_written_as_one_word_and_read_as_what_it_was() {
        for cause in MissingCause::WRITTEN {
            let any_of =
                if cause == MissingCause::Denied { vec!["User.Read.All".to_owned()] } else { vec![] };
            let missing =
                Missing { source: "users".to_owned(), cause, why: "no permission".to_owned(), any_of };
            let stored = serde_json::to_string(&missing).unwrap();
            let begins = format!(r#"{{"source":"users","cause":"{}","why":"no permission""#, cause.name());
            assert!(stored.starts_with(&begins), "{stored}");
            assert_eq!(stored.contains("anyOf"), cause == MissingCause::Denied, "{stored}");
            assert_eq!(serde_json::from_str::<Missing>(&stored).unwrap(), missing);
        }
    }

    #[test]
    fn an_older_denial_that_names_a_licence_leaves_open_which_it_was_and_is_stored_as_it_stood() {
        let then = json!({ "source": "activeAdmins", "cause": "denied",
            "why": "activeAdmins: Graph answered 400 PimLicenseRequired; the tenant lacks the licence" });
        let missing: Missing = serde_json::from_value(then.clone()).unwrap();
        assert_eq!(missing.cause, MissingCause::DeniedOrUnlicensed);
        assert!(missing.cause.is_refusal());
        assert_eq!(serde_json::to_value(&missing).unwrap(), then);
        let plain = json!({ "source": "users", "cause": "denied", "why": "User.Read.All is not granted" });
        assert_eq!(serde_json::from_value::<Missing>(plain).unwrap().cause, MissingCause::Denied);
    }

    #[test]
    fn a_word_of_a_later_writer_is_no_refusal_and_no_fault_of_the_manifest() {
        let later = json!({ "source": "users", "cause": "paused", "why": "the customer paused it" });
        let missing: Missing = serde_json::from_value(later).unwrap();
        assert_eq!((missing.cause, missing.cause.is_refusal()), (MissingCause::Other, false));
    }

    #[test]
    fn an_error_is_the_cause_that_its_kind_says_unless_a_licence_is_missing() {
        let denied = Error::denied("no");
        assert_eq!(MissingCause::of(&denied).name(), denied.kind().name());
        assert_eq!(
            MissingCause::of(&denied.because(ErrorReason::Unlicensed)),
            MissingCause::Unlicensed,
            "the kind alone would be a denial"
        );
        for error in [
            Error::invalid("x"),
            Error::not_found("x"),
            Error::conflict("x"),
            Error::stale("x"),
            Error::throttled("x", None),
            Error::unavailable("x"),
            Error::corrupt("x"),
        ] {
            assert_eq!(MissingCause::of(&error).name(), error.kind().name());
        }
    }
}
