//! What one side of a restore does not know: it is left as it is, and named.

use super::draft::Planner;
use super::values::is_empty;
use super::{Cause, Held, Item, LinkMode};
use crate::kinds::LinkType;

const THEN: &str = "the snapshot could not read it: what it was is not known, and it is left as it is";
const NOW: &str = "it cannot be read now: what is there is not known, and it is left as it is";
const LINKS_THEN: &str = "the snapshot could not read all of them: none is taken away, and those that it does not know do not come back";
const LINKS_NOW: &str = "they cannot be read now: what is there is not known, and they are left as they are";

/// Why a property is left as it is, for a person; `was_known`: whether the snapshot knows what it was.
pub(super) fn why(was_known: bool) -> &'static str {
    if was_known { NOW } else { THEN }
}

/// Whether a property is to be left as it is, since one side does not know it. Notes it as impossible where the other
/// side has a value or the property was chosen by name.
pub(super) fn leaves_property(
    planner: &mut Planner<'_>,
    item: &Item,
    property: &str,
    wanted: &Held,
    live: &Held,
) -> bool {
    // Why: of a kind of which Graph gives what it likes, what it did not give then may not have been there to give.
    let gives_all = item.kind.reading[0].select.is_empty();
    let was_known =
        !wanted.lacks(item.kind, property) && (!gives_all || wanted.object.contains_key(property));
    let is_known = !live.lacks(item.kind, property);
    if was_known && is_known {
        return false;
    }
    let says = |known: bool, held: &Held| known && !is_empty(held.object.get(property));
    let is_ours = item.kind.can_update(property) && (says(was_known, wanted) || says(is_known, live));
    if item.names(property) || is_ours {
        planner.impossible(item, property, Cause::NotRead, why(was_known));
    }
    true
}

/// Notes as impossible which properties do not come back with an object, since the snapshot does not know them.
pub(super) fn tell_lost_properties(planner: &mut Planner<'_>, item: &Item, wanted: &Held) {
    let is_writable = |p: &&str| item.kind.can_update(p) || item.kind.create_only.contains(p);
    let is_link = |p: &&str| item.kind.is_relation(p);
    for property in wanted.unknown.iter().copied().filter(|p| !is_link(p)).filter(is_writable) {
        if item.chooses(property) {
            planner.impossible(item, property, Cause::NotRead, THEN);
        }
    }
}

/// What is known of the links of a type, and what may be done with them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Both sides know all of them.
    Both,
    /// The snapshot may not know all: none is taken away.
    Some,
    /// What is there now is not known: nothing is done.
    NotNow,
}

/// What both sides know of the links of a type; notes as impossible what is left. `chosen`: whether any of them was
/// chosen.
pub(super) fn links(
    planner: &mut Planner<'_>,
    item: &Item,
    link: &LinkType,
    wanted: &Held,
    live: Option<&Held>,
    chosen: bool,
) -> Known {
    let lacks = |held: &Held| held.unknown.contains(link.relation);
    let (known, why) = match (live.is_some_and(lacks), lacks(wanted)) {
        (false, false) => return Known::Both,
        (true, _) => (Known::NotNow, LINKS_NOW),
        (false, true) => (Known::Some, LINKS_THEN),
    };
    if chosen && planner.inputs.links != LinkMode::Skip {
        planner.impossible(item, link.name, Cause::NotRead, why);
    }
    known
}
