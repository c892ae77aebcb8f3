//! Collections: by what their items are known again, whether their order says something, and which items differ where
//! nothing tells one from the other.

use super::{ItemChange, What};
use crate::kinds::Order;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// By what items say which of them they are: the first of these that every item of both sides has, and none twice. A
/// collection of which none does is compared item by item, by content.
///
/// Sources: learn.microsoft.com/graph/api/resources/intune-deviceconfigv2-devicemanagementconfigurationsettinginstance,
/// intune-deviceconfig-devicecompliancescheduledactionforrule, -omasetting, -devicecomplianceactionitem, assignedlicense,
/// assignedplan, intune-deviceconfig-windowsfirewallrule.
const IDENTITIES: &[&str] = &[
    "/settingInstance/settingDefinitionId",
    "/settingDefinitionId",
    "/ruleName",
    "/omaUri",
    "/skuId",
    "/servicePlanId",
    "/actionType",
    "/displayName",
];

/// The place of the order of a collection, below its own: `homeScreenPages/@order`. No property of Graph's begins so.
pub(super) const ORDER: &str = "@order";

/// The id of an item that is the only one on either side.
const SOLE: &str = "";

/// Of how many pairs of items the longest common order is looked for; beyond that all between the first and the last
/// difference went and came.
const MOST_PAIRS: usize = 1 << 20;

/// Items with their ids.
pub(super) type Named<'a> = Vec<(&'a str, &'a Value)>;

impl Order {
    /// Whether the order of a collection says something; `key` is the name of the property that it is in.
    pub(super) fn counts_in(self, key: &str) -> bool {
        match self {
            Self::Nowhere => false,
            Self::Except(sets) => !sets.contains(&key),
        }
    }
}

/// The items of both sides with what they are known by; none where nothing tells them apart.
pub(super) fn identify<'a>(before: &'a [Value], after: &'a [Value]) -> Option<(Named<'a>, Named<'a>)> {
    if before.is_empty() && after.is_empty() {
        return Some((Vec::new(), Vec::new()));
    }
    let by = |identity: &&str| Some((named(before, identity)?, named(after, identity)?));
    IDENTITIES.iter().find_map(by).or_else(|| match (before, after) {
        ([one @ Value::Object(_)], [other @ Value::Object(_)])
            if is_of_one_type(one, other) && !says_which(one) && !says_which(other) =>
        {
            Some((vec![(SOLE, one)], vec![(SOLE, other)]))
        }
        _ => None,
    })
}

/// Every way in which the items of one side may be known: which of them is used follows from the other side.
pub(super) fn all_named(items: &[Value]) -> impl Iterator<Item = Named<'_>> {
    let sole = match items {
        [one] if !says_which(one) => Some(vec![(SOLE, one)]),
        _ => None,
    };
    IDENTITIES.iter().filter_map(move |identity| named(items, identity)).chain(sole)
}

/// Whether an item says which it is: beside one that does not, or that says so otherwise, it is another one.
fn says_which(item: &Value) -> bool {
    IDENTITIES.iter().any(|identity| id_of(item, identity).is_some())
}

fn id_of<'a>(item: &'a Value, identity: &str) -> Option<&'a str> {
    item.pointer(identity).and_then(Value::as_str).filter(|id| !id.is_empty())
}

/// The items by that identity, where each has it and no two have the same.
fn named<'a>(items: &'a [Value], identity: &str) -> Option<Named<'a>> {
    let named: Named<'a> =
        items.iter().map(|item| Some((id_of(item, identity)?, item))).collect::<Option<_>>()?;
    let mut ids: Vec<&str> = named.iter().map(|(id, _)| *id).collect();
    ids.sort_unstable();
    ids.windows(2).all(|w| w[0] != w[1]).then_some(named)
}

fn is_of_one_type(one: &Value, other: &Value) -> bool {
    let of = |item: &Value| item.get("@odata.type").cloned();
    of(one).zip(of(other)).is_none_or(|(one, other)| one == other)
}

/// Which of the items that both sides have are in another order: none where the order is the same.
pub(super) fn moved(before: &[(&str, &Value)], after: &[(&str, &Value)]) -> Vec<ItemChange> {
    let side = |of: &[(&str, &Value)], other: &[(&str, &Value)]| -> Vec<(usize, String)> {
        let common = of.iter().enumerate().filter(|(_, (id, _))| other.iter().any(|(o, _)| o == id));
        common.map(|(at, (id, _))| (at, (*id).to_owned())).collect()
    };
    let (before, after) = (side(before, after), side(after, before));
    let text = |side: &[(usize, String)]| side.iter().map(|(_, id)| id.clone()).collect::<Vec<_>>();
    let stay = longest_common(&text(&before), &text(&after));
    let stay: BTreeSet<usize> = stay.into_iter().map(|(n, _)| n).collect();
    let left = before.iter().enumerate().filter(|(n, _)| !stay.contains(n));
    left.filter_map(|(_, (was_at, id))| {
        let (is_at, _) = after.iter().find(|(_, other)| other == id)?;
        Some(ItemChange::new(What::Moved, Some(*was_at), Some(*is_at), Value::from(id.as_str())))
    })
    .collect()
}

/// The items that differ, of a collection in which nothing tells one from the other. `said` gives the text in which two
/// that say the same are equal. Of a set it is only told which went and which came.
pub(super) fn differing(
    before: &[Value],
    after: &[Value],
    is_list: bool,
    said: impl Fn(&Value) -> String,
) -> Vec<ItemChange> {
    let (old, new): (Vec<String>, Vec<String>) =
        (before.iter().map(&said).collect(), after.iter().map(&said).collect());
    let stay = if is_list { longest_common(&old, &new) } else { same_items(&old, &new) };
    let (kept_old, kept_new): (BTreeSet<usize>, BTreeSet<usize>) = stay.into_iter().unzip();
    let mut went: Vec<usize> = (0..old.len()).filter(|n| !kept_old.contains(n)).collect();
    let mut came: Vec<usize> = (0..new.len()).filter(|n| !kept_new.contains(n)).collect();
    let mut found = Vec::new();
    // What is on both sides, at another place.
    went.retain(|b| match came.iter().position(|a| new[*a] == old[*b]) {
        Some(at) => {
            let is_at = came.remove(at);
            found.push(ItemChange::new(What::Moved, Some(*b), Some(is_at), bare(&after[is_at])));
            false
        }
        None => true,
    });
    found.extend(went.iter().map(|b| ItemChange::new(What::Deleted, Some(*b), None, before[*b].clone())));
    found.extend(came.iter().map(|a| ItemChange::new(What::Created, None, Some(*a), after[*a].clone())));
    found.sort_by_key(|item| (item.was_at.or(item.is_at), item.was_at.is_none()));
    found
}

/// An item without what Graph notes of it: enough to know it by, where it is the same on both sides.
pub(super) fn bare(item: &Value) -> Value {
    match item {
        Value::Object(map) => {
            map.iter().filter(|(k, _)| !k.contains('@')).map(|(k, v)| (k.clone(), bare(v))).collect()
        }
        Value::Array(items) => items.iter().map(bare).collect(),
        other => other.clone(),
    }
}

/// Pairs of places of equal items, each once, whatever their order.
fn same_items(before: &[String], after: &[String]) -> Vec<(usize, usize)> {
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, text) in after.iter().enumerate().rev() {
        places.entry(text).or_default().push(at);
    }
    let find = |(at, text): (usize, &String)| Some((at, places.get_mut(text.as_str())?.pop()?));
    before.iter().enumerate().filter_map(find).collect()
}

/// Pairs of places of equal items that are in the same order on both sides, as many as there can be.
fn longest_common(before: &[String], after: &[String]) -> Vec<(usize, usize)> {
    let first = before.iter().zip(after).take_while(|(b, a)| b == a).count();
    let (b, a) = (&before[first..], &after[first..]);
    let last = b.iter().rev().zip(a.iter().rev()).take_while(|(b, a)| b == a).count();
    let (b, a) = (&b[..b.len() - last], &a[..a.len() - last]);
    let mut pairs: Vec<(usize, usize)> = (0..first).map(|n| (n, n)).collect();
    if b.len().saturating_mul(a.len()) <= MOST_PAIRS {
        // By the usual table: how many are common to what is left from each pair of places on.
        let width = a.len() + 1;
        let mut common = vec![0_u32; (b.len() + 1) * width];
        for i in (0..b.len()).rev() {
            for j in (0..a.len()).rev() {
                common[i * width + j] = if b[i] == a[j] {
                    common[(i + 1) * width + j + 1] + 1
                } else {
                    common[(i + 1) * width + j].max(common[i * width + j + 1])
                };
            }
        }
        let (mut i, mut j) = (0, 0);
        while i < b.len() && j < a.len() {
            if b[i] == a[j] {
                pairs.push((first + i, first + j));
                (i, j) = (i + 1, j + 1);
            } else if common[(i + 1) * width + j] >= common[i * width + j + 1] {
                i += 1;
            } else {
                j += 1;
            }
        }
    }
    pairs.extend((0..last).rev().map(|n| (before.len() - 1 - n, after.len() - 1 - n)));
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn list(items: &[u8]) -> Vec<Value> {
        items.iter().map(|n| json!({ "n": n })).collect()
    }

    /// The earlier items with what differs laid upon them.
    fn laid(before: &[Value], changes: &[ItemChange]) -> Vec<Value> {
        let is_gone = |at: usize| changes.iter().any(|c| c.was_at == Some(at));
        let mut out: Vec<Value> =
            before.iter().enumerate().filter(|(at, _)| !is_gone(*at)).map(|(_, v)| v.clone()).collect();
        let mut come: Vec<_> = changes.iter().filter_map(|c| Some((c.is_at?, c.item.clone()))).collect();
        come.sort_by_key(|(at, _)| *at);
        for (at, item) in come {
            out.insert(at, item);
        }
        out
    }

    fn told(before: &[u8], after: &[u8], is_list: bool) -> Vec<(What, Option<usize>, Option<usize>)> {
        let found = differing(&list(before), &list(after), is_list, Value::to_string);
        found.into_iter().map(|c| (c.what, c.was_at, c.is_at)).collect()
    }

    #[test]
    fn of_a_list_the_fewest_items_are_told_and_what_only_moved_is_told_as_moved() {
        assert_eq!(told(&[1, 2, 3, 4], &[2, 3, 4, 1], true), [(What::Moved, Some(0), Some(3))]);
        assert_eq!(told(&[1, 2, 3], &[1, 9, 2, 3], true), [(What::Created, None, Some(1))]);
        assert_eq!(told(&[1, 2, 2], &[1, 2], true), [(What::Deleted, Some(2), None)]);
        assert_eq!(
            told(&[1, 2, 3], &[1, 9, 3], true),
            [(What::Deleted, Some(1), None), (What::Created, None, Some(1))]
        );
    }

    #[test]
    fn of_a_set_the_order_is_nothing_and_doubles_count() {
        assert_eq!(told(&[1, 2, 3], &[3, 1, 2], false), []);
        assert_eq!(told(&[1, 2], &[2, 1, 1], false), [(What::Created, None, Some(2))]);
    }

    #[test]
    fn items_go_by_the_first_identity_that_all_have_and_none_has_twice() {
        let item = |uri: &str, name: &str| json!({ "omaUri": uri, "displayName": name });
        let ids = |before: &[Value], after: &[Value]| {
            let (before, _) = identify(before, after)?;
            Some(before.into_iter().map(|(id, _)| id.to_owned()).collect::<Vec<_>>())
        };
        let (one, other) = ([item("a", "n"), item("b", "n")], [item("a", "n")]);
        assert_eq!(ids(&one, &other).unwrap(), ["a", "b"]);
        let double = [item("a", "n"), item("a", "m")];
        assert_eq!(
            ids(&double, &[item("a", "n")]).unwrap(),
            ["n", "m"],
            "the next one that tells them apart"
        );
        assert_eq!(ids(&[item("a", "n"), item("a", "n")], &[item("a", "n")]), None);
        assert_eq!(ids(&[json!({ "x": 1 })], &[json!({ "x": 2 })]).unwrap(), [""], "the only one");
        assert_eq!(ids(&[json!(1)], &[json!(2)]), None, "a plain value is no place");
    }

    proptest! {
        #[test]
        fn what_is_told_of_a_list_makes_the_one_of_the_other(
            before in prop::collection::vec(0..4u8, 0..8),
            after in prop::collection::vec(0..4u8, 0..8),
        ) {
            let (before, after) = (list(&before), list(&after));
            let changes = differing(&before, &after, true, Value::to_string);
            prop_assert_eq!(laid(&before, &changes), after.clone());
            let mut as_set = laid(&before, &differing(&before, &after, false, Value::to_string));
            let mut sorted = after;
            as_set.sort_by_key(Value::to_string);
            sorted.sort_by_key(Value::to_string);
            prop_assert_eq!(as_set, sorted);
        }
    }
}
