//! Properties of which only parts were chosen, such as one setting of a policy: what is beside them stays as it is.

use super::draft::Planner;
use super::values::is_empty;
use super::{AttributeMode, Cause, Held, Item, LeftBy, licences, unread};
use crate::changes::{Apart, property_of, put_back, value_at};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

pub(super) const NOWHERE: &str = "neither the snapshot nor the tenant has it";
const WITHOUT_ITS_PLACE: &str =
    "what it is in came, went or became something else since: choose that whole, and this comes with it";

/// Makes of what such properties were then what they are to be: as they are live, with the chosen parts as they were. From
/// there on they are planned like any other.
pub(super) fn put_back_parts(
    planner: &mut Planner<'_>,
    item: &Item,
    (wanted_side, live_side): (&Held, &Held),
    then: &mut Map<String, Value>,
    now: &Map<String, Value>,
) {
    let properties: BTreeSet<&str> = item.paths.iter().map(|path| property_of(path)).collect();
    let is_planned_here =
        |property: &&str| !item.chooses(property) && !licences::is_about(item.kind, property);
    for property in properties.into_iter().filter(is_planned_here) {
        let was_known = !wanted_side.lacks(item.kind, property);
        if !was_known || live_side.lacks(item.kind, property) {
            // Where either side has something, that is told when the property is planned.
            if !then.contains_key(property) && !now.contains_key(property) {
                planner.impossible(item, property, Cause::NotRead, unread::why(was_known));
            }
            continue;
        }
        let (wanted, live) = (then.get(property), now.get(property));
        let mut chosen: Vec<&str> = item.paths_in(property).collect();
        if planner.inputs.attributes == AttributeMode::Merge {
            // A merge empties nothing; what it leaves is said.
            chosen.retain(|path| {
                let stays =
                    is_empty(value_at(property, wanted, path)) && !is_empty(value_at(property, live, path));
                if stays {
                    planner.left(item, path, vec![], LeftBy::Attributes);
                }
                !stays
            });
        }
        let put = put_back(property, wanted, live, chosen);
        for (path, why) in put.left {
            let (cause, why) = match why {
                Apart::Nowhere => (Cause::NotInSnapshot, NOWHERE),
                Apart::WithoutItsPlace => (Cause::ObjectGone, WITHOUT_ITS_PLACE),
            };
            planner.impossible(item, &path, cause, why);
        }
        match put.value {
            Some(value) => then.insert(property.to_owned(), value),
            None => then.remove(property),
        };
    }
}
