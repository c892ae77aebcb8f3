//! How what cannot be read is named in the manifest: its source, the cause, and why, for a person.

use domain::Error;
use domain::kinds::Kind;
use domain::stored::Missing;

/// A source that a permission is missing for: any one of `permissions` would be enough.
pub(super) fn denied(source: &str, permissions: &[&str]) -> Missing {
    Missing {
        source: source.to_owned(),
        cause: "denied".to_owned(),
        why: format!("the permission {} is not granted", permissions[0]),
        any_of: permissions.iter().map(|p| (*p).to_owned()).collect(),
    }
}

/// A source that failed, and not for a passing reason.
pub(super) fn failed(source: &str, error: &Error) -> Missing {
    let cause = if error.is_unlicensed() { Missing::UNLICENSED } else { error.kind().name() };
    without_permission(source, cause, error.message())
}

/// A source whose pages lead nowhere: in a ring, or on and on without anything new.
pub(super) fn endless(source: &str, why: &str) -> Missing {
    without_permission(source, "endless", why)
}

/// A property that this tenant's Graph does not know.
pub(super) fn unknown(kind: &Kind, property: &str) -> Missing {
    let source = format!("{}.{property}", kind.name);
    without_permission(&source, "unknown", "this tenant's Graph does not know the property")
}

/// What no permission would make readable.
fn without_permission(source: &str, cause: &str, why: &str) -> Missing {
    Missing { source: source.to_owned(), cause: cause.to_owned(), why: why.to_owned(), any_of: Vec::new() }
}
