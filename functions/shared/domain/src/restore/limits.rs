//! Objects that Graph does not write like the others of their kind: which these are, and what is said of them.

use super::Cause;
use super::values::{is_true, text};
use crate::kinds::{Kind, Limit};
use serde_json::{Map, Value};

/// Why a rule is not written that nothing follows from.
pub(super) const IDLE_RULE: &str =
    "nothing followed from the rule, and Graph takes none where members are put in by hand";

/// What is to be done to an object.
#[derive(Clone, Copy)]
pub(super) enum Attempt {
    /// It is gone, and is created again.
    Create,
    /// A property of it is changed.
    Change,
    /// A link from it is added or removed.
    Link,
    /// It is deleted from the tenant.
    Delete,
}

/// Why that cannot be done to this object, by the limits of its kind.
pub(super) fn refusal(
    kind: &Kind,
    object: &Map<String, Value>,
    attempt: Attempt,
) -> Option<(Cause, &'static str)> {
    let mut limits = kind.writing.limits.iter().filter(|limit| concerns(**limit, object));
    limits.find_map(|limit| words(*limit, attempt))
}

/// Whether an object is a guest, where its kind has any.
pub(super) fn is_guest(kind: &Kind, object: &Map<String, Value>) -> bool {
    kind.writing.limits.contains(&Limit::Guest) && concerns(Limit::Guest, object)
}

fn concerns(limit: Limit, object: &Map<String, Value>) -> bool {
    match limit {
        Limit::Guest => {
            text(object, "userType") == "Guest" || text(object, "userPrincipalName").contains("#EXT#")
        }
        Limit::MailEnabled { unless } => is_true(object, "mailEnabled") && !unless.is_on(object),
        Limit::BuiltIn => is_true(object, "isBuiltIn"),
        Limit::Opaque(odata_type) => text(object, "@odata.type").ends_with(odata_type),
    }
}

/// Why an attempt at an object of which that limit holds is refused, if it is.
pub(super) fn words(limit: Limit, attempt: Attempt) -> Option<(Cause, &'static str)> {
    let (cause, why) = match (limit, attempt) {
        (Limit::Guest, Attempt::Create) => {
            (Cause::Guest, "a guest comes back only by accepting a new invitation")
        }
        (Limit::MailEnabled { .. }, Attempt::Create) => {
            (Cause::MailEnabled, "mail-enabled groups are made in Exchange, not through Graph")
        }
        (Limit::MailEnabled { .. }, Attempt::Change | Attempt::Link) => {
            (Cause::MailEnabled, "mail-enabled groups are changed in Exchange, not through Graph")
        }
        (Limit::MailEnabled { .. }, Attempt::Delete) => {
            (Cause::MailEnabled, "mail-enabled groups are deleted in Exchange, not through Graph")
        }
        (Limit::BuiltIn, Attempt::Create) => (Cause::BuiltIn, "Microsoft's own roles cannot be created"),
        (Limit::BuiltIn, Attempt::Change) => (Cause::BuiltIn, "Microsoft's own roles cannot be changed"),
        (Limit::BuiltIn, Attempt::Delete) => (Cause::BuiltIn, "Microsoft's own roles cannot be deleted"),
        (Limit::Opaque(_), Attempt::Create) => {
            (Cause::Unsupported, "Graph does not give the contents of this policy")
        }
        (Limit::Guest | Limit::Opaque(_), _) | (Limit::BuiltIn, Attempt::Link) => return None,
    };
    Some((cause, why))
}
