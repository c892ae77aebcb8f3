//! How much of Microsoft's own log of changes a snapshot holds. FORMAT.md section 13.

use crate::{Error, ErrorKind, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The run of the records, by their time.
pub const AUDIT_RUN: &str = "audit";
/// The run that says which records name an object.
pub const AUDIT_OBJECTS_RUN: &str = "audit.objects";

/// How much of the log is held: everything between two times, but for gaps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AuditHeld {
    /// From then on it is held; absent where nothing was ever read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Until then it is held; what is newer may be held too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// When it was first read; what Microsoft then kept no more is older than `from`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begun_at: Option<Timestamp>,
    /// When Microsoft's own recovery wrote last, by the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovered_at: Option<Timestamp>,
    /// Why it was not read as far as it should have been this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<AuditCause>,
    /// What in between is not held: nobody could read it for as long as Microsoft kept it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<AuditGap>,
}

/// A time whose records are not held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditGap {
    /// When it begins.
    pub from: Timestamp,
    /// When it ends.
    pub until: Timestamp,
}

/// Why the log was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AuditCause {
    /// The permission for it is missing.
    NotGranted,
    /// The tenant has no licence for it.
    NotLicensed,
    /// Graph asked to wait, beyond what is waited for.
    Throttled,
    /// Graph did not answer, or not as documented.
    Unavailable,
    /// There is more of it than one snapshot reads, and the next one goes on; or than one answer looks at.
    TooMany,
    /// What is held of it cannot be opened. Only an answer says so; no snapshot is sealed with it.
    Damaged,
    /// A word of a later writer that this program does not know.
    #[serde(other)]
    Other,
}

impl AuditCause {
    /// The cause that an error of reading the log is.
    pub fn of(error: &Error) -> Self {
        match error.kind() {
            _ if error.is_unlicensed() => Self::NotLicensed,
            ErrorKind::Denied => Self::NotGranted,
            ErrorKind::Throttled { .. } => Self::Throttled,
            _ => Self::Unavailable,
        }
    }
}

impl AuditHeld {
    /// Whether all of that time is held.
    pub fn covers(&self, from: Timestamp, until: Timestamp) -> bool {
        self.from.is_some_and(|begin| begin <= from)
            && self.until.is_some_and(|end| until <= end)
            && self.gap_in(from, until).is_none()
    }

    /// The first gap that reaches into that time.
    pub fn gap_in(&self, from: Timestamp, until: Timestamp) -> Option<&AuditGap> {
        self.gaps.iter().find(|gap| gap.from < until && from < gap.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorReason;
    use serde_json::json;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_time_is_held_where_it_is_between_both_ends_and_in_no_gap() {
        let held = AuditHeld {
            from: Some(at("2026-11-01T00:00:00Z")),
            until: Some(at("2026-11-20T00:00:00Z")),
            gaps: vec![AuditGap { from: at("2026-11-05T00:00:00Z"), until: at("2026-11-06T00:00:00Z") }],
            ..AuditHeld::default()
        };
        assert!(held.covers(at("2026-11-01T00:00:00Z"), at("2026-11-05T00:00:00Z")));
        assert!(!held.covers(at("2026-10-31T00:00:00Z"), at("2026-11-05T00:00:00Z")));
        assert!(!held.covers(at("2026-11-04T00:00:00Z"), at("2026-11-05T00:00:01Z")));
        assert!(!held.covers(at("2026-11-07T00:00:00Z"), at("2026-11-20T00:00:01Z")));
        assert!(!AuditHeld::default().covers(at("2026-11-07T00:00:00Z"), at("2026-11-08T00:00:00Z")));
    }

    #[test]
    fn each_cause_is_one_word_and_a_word_of_a_later_writer_is_read() {
        for (cause, word) in [
            (AuditCause::NotGranted, "not-granted"),
            (AuditCause::NotLicensed, "not-licensed"),
            (AuditCause::Throttled, "throttled"),
            (AuditCause::Unavailable, "unavailable"),
            (AuditCause::TooMany, "too-many"),
            (AuditCause::Damaged, "damaged"),
        ] {
            assert_eq!(serde_json::to_value(cause).unwrap(), json!(word));
        }
        let later: AuditHeld = serde_json::from_value(json!({ "cause": "paused", "more": 1 })).unwrap();
        assert_eq!(later.cause, Some(AuditCause::Other));
        assert_eq!(serde_json::to_value(AuditHeld::default()).unwrap(), json!({}));
    }

    #[test]
    fn a_refusal_is_for_want_of_a_permission_unless_it_is_for_want_of_a_licence() {
        assert_eq!(AuditCause::of(&Error::denied("no")), AuditCause::NotGranted);
        assert_eq!(
            AuditCause::of(&Error::denied("no").because(ErrorReason::Unlicensed)),
            AuditCause::NotLicensed
        );
        assert_eq!(AuditCause::of(&Error::throttled("wait", None)), AuditCause::Throttled);
        assert_eq!(AuditCause::of(&Error::invalid("what")), AuditCause::Unavailable);
    }
}
