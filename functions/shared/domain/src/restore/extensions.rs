//! Directory extensions: those whose values cannot be written, since they come from elsewhere or are no longer defined.

use super::draft::Planner;
use super::values::{is_empty, same};
use super::{Cause, Held, Inputs, Item, unread};
use crate::kinds::Kind;
use serde_json::{Map, Value};

const SYNCED: &str = "its values come from the customer's own directory, and are changed there";
const GONE: &str = "the tenant no longer has this directory extension: the application that it belongs to is gone, or its definition is";

/// Why a property cannot be written that is a directory extension.
fn refusal(inputs: &Inputs, kind: &Kind, property: &str) -> Option<(Cause, &'static str)> {
    if !kind.is_extension(property) {
        return None;
    }
    let Some(defined) = &inputs.extensions else { return Some((Cause::NotRead, unread::why(true))) };
    match defined.iter().find(|extension| extension.name == property) {
        None => Some((Cause::TargetMissing, GONE)),
        Some(extension) if extension.synced => Some((Cause::Synced, SYNCED)),
        Some(_) => None,
    }
}

/// Whether a property of an object that is there is a directory extension that cannot be written. Notes it as impossible
/// where the snapshot had another value.
pub(super) fn leaves(
    planner: &mut Planner<'_>,
    item: &Item,
    property: &str,
    wanted: &Held,
    live: &Held,
) -> bool {
    let Some((cause, why)) = refusal(planner.inputs, item.kind, property) else { return false };
    // Why: what the snapshot does not know is told as that.
    if wanted.lacks(item.kind, property) {
        return false;
    }
    let (then, now) = (wanted.object.get(property), live.object.get(property));
    if !same(now, then) && (!is_empty(then) || item.names(property)) {
        planner.impossible(item, property, cause, why);
    }
    true
}

/// Takes out of what is to be sent the directory extensions that cannot be written, and notes them as impossible.
pub(super) fn take_out(planner: &mut Planner<'_>, item: &Item, body: &mut Map<String, Value>) {
    body.retain(|property, _| match refusal(planner.inputs, item.kind, property) {
        Some((cause, why)) => {
            planner.impossible(item, property, cause, why);
            false
        }
        None => true,
    });
}
