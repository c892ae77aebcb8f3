//! What does not come back with an object that is created again, though the snapshot knows it.

use super::draft::Planner;
use super::values::{is_empty, text};
use super::{Cause, Held, Item, licences};
use crate::kinds::Kind;
use serde_json::{Map, Value};

const WHY: &str = "a new object cannot be given it; set it by hand where it is managed";
const ADDRESSES: &str = "a new object has one address; the others are added by hand, in Exchange";

/// The property with all addresses of a user or a group, the first among them.
pub(super) const PROXY_ADDRESSES: &str = "proxyAddresses";

/// The properties that no new object of a kind can be given, and that do not come by themselves, each with the reason.
pub(super) fn never_given(kind: &Kind) -> impl Iterator<Item = (&'static str, &'static str)> {
    let (writing, read_only) = (kind.writing, kind.read_only);
    let is_lost = move |property: &&&'static str| {
        !writing.regrown.contains(*property)
            && writing.takes(property)
            && writing.only_of.iter().all(|(of_some, _)| of_some != *property)
    };
    let why = |property: &str| if property == PROXY_ADDRESSES { ADDRESSES } else { WHY };
    read_only.iter().filter(is_lost).map(move |property| (*property, why(property)))
}

/// Names each property of an object that had a value and is not among what is sent to create it.
pub(super) fn tell(planner: &mut Planner<'_>, item: &Item, wanted: &Held, body: &Map<String, Value>) {
    let writing = &item.kind.writing;
    let comes = |property: &str| {
        body.contains_key(property)
            || !item.kind.read_only.contains(&property)
            || writing.regrown.contains(&property)
            || !writing.takes(property)
            || writing.only_of.iter().any(|(of_some, _)| *of_some == property)
            || property == licences::PROPERTY
    };
    for (property, value) in &wanted.object {
        if !item.kind.compares(property) || is_empty(Some(value)) || comes(property) {
            continue;
        }
        if property != PROXY_ADDRESSES {
            planner.impossible(item, property, Cause::ReadOnly, WHY);
        } else if !other_addresses(&wanted.object).is_empty() {
            planner.impossible(item, property, Cause::ReadOnly, ADDRESSES);
        }
    }
}

/// The addresses of an object besides its first one, which follows from its name, and the one at the tenant's own domain,
/// which Microsoft adds.
pub(super) fn other_addresses(object: &Map<String, Value>) -> Vec<&str> {
    let own = format!("smtp:{}@", text(object, "mailNickname").to_lowercase());
    let is_added = |address: &str| {
        let address = address.to_lowercase();
        address.starts_with(&own) && address.ends_with(".onmicrosoft.com")
    };
    let all = object.get(PROXY_ADDRESSES).and_then(Value::as_array).into_iter().flatten();
    let others = all
        .filter_map(Value::as_str)
        .filter(|a| a.starts_with("smtp:") || a.to_lowercase().starts_with("x500:"));
    others.filter(|address| !is_added(address)).collect()
}
