//! How what cannot be read is named in the manifest: its source, the cause, and why, for a person.

use domain::Error;
use domain::kinds::Kind;
use domain::stored::{Missing, MissingCause};

/// A source that a permission is missing for: any one of `permissions` would be enough.
pub(super) fn denied(source: &str, permissions: &[&str]) -> Missing {
    Missing {
        source: source.to_owned(),
        cause: MissingCause::Denied,
        why: format!("the permission {} is not granted", permissions[0]),
        any_of: permissions.iter().map(|p| (*p).to_owned()).collect(),
    }
}

/// A source that failed, and not for a passing reason.
pub(super) fn failed(source: &str, error: &Error) -> Missing {
    without_permission(source, MissingCause::of(error), error.summary())
}

/// A source whose pages lead nowhere: in a ring, or on and on without anything new.
pub(super) fn endless(source: &str, why: impl Into<String>) -> Missing {
    without_permission(source, MissingCause::Endless, why)
}

/// An object that cannot be read, though others of its kind can.
pub(super) fn unreadable(kind: &Kind, id: Option<&str>, why: impl Into<String>) -> Missing {
    let source = format!("{}/{}", kind.run(), id.unwrap_or(Missing::UNKNOWN));
    without_permission(&source, MissingCause::Unreadable, why)
}

/// A property that this tenant's Graph does not know.
pub(super) fn unknown(kind: &Kind, property: &str) -> Missing {
    let source = format!("{}.{property}", kind.run());
    without_permission(
        &source,
        MissingCause::UnknownToGraph,
        "this tenant's Graph does not know the property",
    )
}

/// What no permission would make readable.
fn without_permission(source: &str, cause: MissingCause, why: impl Into<String>) -> Missing {
    Missing { source: source.to_owned(), cause, why: why.into(), any_of: Vec::new() }
}
