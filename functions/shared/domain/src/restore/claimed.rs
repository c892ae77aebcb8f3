//! What of a change a restore takes back that is asked for by who made it, and what of it is left and why.

use super::{Cause, Impossible, SelectedItem, SelectedLink};
use crate::changes::{Change, Class, What, is_within};
use crate::kinds::Identity;
use crate::who::{ChangeFilter, Claim, Doubt, Hands};

const SEVERAL: &str = "who made it is not certain: they may have, or somebody else, and it is left as it is";
const UNKNOWN: &str = "who made it is not known, and it is left as it is";
const OTHERS: &str = "somebody else changed it too between the two sides: taking it back would take that along, and it is \
                      left as it is";
const NOT_WHOLE: &str = "records of that time are missing or may still come, by which somebody else had a hand in it: it is left as it is; \
                         preview again two hours after the later snapshot, once another one is taken";
const AFTER: &str = "somebody else changed it afterwards, and it is left as it is";

const WITHIN: &str = "they changed something of an object that somebody else made or deleted, which comes or goes as a whole: it \
                      is left as it is";

/// What takes back the part of a change that a filter means; and what of it is left, though it may be meant.
pub fn claimed(
    filter: &ChangeFilter,
    change: &Change,
    hands: &Hands,
) -> (Option<SelectedItem>, Vec<Impossible>) {
    let mut left = Vec::new();
    let mut takes = |what: &str, claim: Claim| {
        left.extend(left_of(filter, claim).map(|(cause, why)| say(change, what, cause, why)));
        filter.takes(claim)
    };
    // Of what nobody was looked for nothing is known.
    let unknown = if filter.asks_author() { Claim::Doubtful(Doubt::UnknownAuthor) } else { Claim::Meant };
    let part = |number: usize| match hands.parts.get(number) {
        Some(Some(told)) => match filter.claim(told) {
            // That nobody else is named says nothing yet.
            Claim::Meant if filter.asks_author() && !hands.is_log_whole => {
                Claim::Doubtful(Doubt::LogNotWhole)
            }
            claim => claim,
        },
        Some(None) | None => unknown,
    };
    if change.what != What::Modified {
        let claim = match part(0) {
            Claim::Meant | Claim::Doubtful(Doubt::LogNotWhole) if is_shared(filter, change, hands) => {
                Claim::Doubtful(Doubt::OthersToo)
            }
            Claim::NotMeant if had_a_hand(filter, change, hands) => {
                return (None, vec![say(change, "object", Cause::OthersToo, WITHIN)]);
            }
            claim => claim,
        };
        let item = takes("object", claim).then(|| SelectedItem::of_change(change));
        return (item, left);
    }
    let mut item = SelectedItem::of_change(change);
    let (mut paths, mut links, mut is_all) = (Vec::new(), Vec::new(), true);
    for (number, attribute) in change.attributes.iter().enumerate() {
        if attribute.class == Class::Observed {
            continue;
        }
        if is_asked(filter, &attribute.path) && takes(&attribute.path, part(number)) {
            paths.push(attribute.path.clone());
        } else {
            is_all = false;
        }
    }
    for (number, link) in change.links.iter().enumerate() {
        // Links have no place in a path: of a property they are asked for by their type alone.
        let is_asked = filter.property.as_ref().is_none_or(|property| link.link == *property);
        if is_asked && takes(&format!("{}/{}", link.link, link.to), part(change.attributes.len() + number)) {
            links.push(SelectedLink { link: link.link.clone(), to: link.to.clone() });
        } else {
            is_all = false;
        }
    }
    if is_all {
        return (Some(item), left);
    }
    if paths.is_empty() && links.is_empty() {
        return (None, left);
    }
    (item.properties, item.paths, item.links) = (Some(Vec::new()), paths, Some(links));
    (Some(item.spelled_out()), left)
}

/// Whether a part of an object is asked for: all are, or those at or within a property, or what that is in.
fn is_asked(filter: &ChangeFilter, path: &str) -> bool {
    let is_at = |property: &String| is_within(path, property) || is_within(property, path);
    filter.property.as_ref().is_none_or(is_at)
}

/// Whether others than who is meant worked on an object that came or went: what they did goes with it.
fn is_shared(filter: &ChangeFilter, change: &Change, hands: &Hands) -> bool {
    filter.asks_author() && is_object(change) && hands.all.iter().any(|author| !filter.means(author))
}

/// Whether whoever is meant worked on an object that others made or deleted.
fn had_a_hand(filter: &ChangeFilter, change: &Change, hands: &Hands) -> bool {
    is_object(change) && hands.all.iter().any(|author| filter.means(author))
}

/// Whether records that name it are about it: those of a fact name whoever that is about, and so everything else that was done
/// to them.
fn is_object(change: &Change) -> bool {
    change.kind.find().is_some_and(|kind| kind.identity == Identity::Id)
}

/// Why something is left that may be meant; nothing of what is taken, or is surely somebody else's.
fn left_of(filter: &ChangeFilter, claim: Claim) -> Option<(Cause, &'static str)> {
    if filter.takes(claim) {
        return None;
    }
    match claim {
        Claim::NotMeant | Claim::Meant => None,
        Claim::Doubtful(Doubt::SeveralCandidates) => Some((Cause::AuthorUncertain, SEVERAL)),
        Claim::Doubtful(Doubt::UnknownAuthor) => Some((Cause::AuthorUnknown, UNKNOWN)),
        Claim::Doubtful(Doubt::OthersToo) => Some((Cause::OthersToo, OTHERS)),
        Claim::Doubtful(Doubt::LogNotWhole) => Some((Cause::LogNotWhole, NOT_WHOLE)),
        Claim::ChangedAfter => Some((Cause::ChangedSince, AFTER)),
    }
}

fn say(change: &Change, what: &str, cause: Cause, why: &str) -> Impossible {
    Impossible {
        kind: change.kind.clone(),
        key: change.key.clone(),
        name: change.name.clone(),
        what: what.to_owned(),
        cause,
        why: why.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::who::{Author, Finding, Told};
    use serde_json::{Value, from_value, json};

    fn author(name: &str) -> Author {
        from_value(json!({ "sort": "person", "id": name, "at": "2026-11-02T09:00:00Z", "activity": "a", "record": "r" }))
            .unwrap()
    }

    fn told(by: &[&str], earlier: &[&str]) -> Option<Told> {
        let answer = match by.len() {
            0 => Finding::NoRecordFound,
            1 => Finding::Exact,
            _ => Finding::Probably,
        };
        from_value(json!({ "answer": answer, "mayStillCome": false,
            "by": by.iter().map(|name| author(name)).collect::<Vec<_>>(),
            "earlier": earlier.iter().map(|name| author(name)).collect::<Vec<_>>() }))
        .ok()
    }

    fn change(what: &str, attributes: &Value, links: &Value) -> Change {
        from_value(json!({ "kind": "users", "key": "u", "name": "U", "what": what, "attributes": attributes,
            "links": links, "consequences": 0, "privileged": false }))
        .unwrap()
    }

    fn ann() -> ChangeFilter {
        ChangeFilter { actor: Some("ann".to_owned()), ..ChangeFilter::default() }
    }

    fn causes(left: &[Impossible]) -> Vec<(&str, Cause)> {
        left.iter().map(|of| (of.what.as_str(), of.cause)).collect()
    }

    #[test]
    fn of_one_object_the_parts_of_one_person_are_taken_and_all_others_stay() {
        let attributes = json!([{ "property": "city", "path": "city" }, { "property": "x", "path": "x[a]/b" },
            { "property": "x", "path": "x[c]/b" }, { "property": "y", "path": "y" }, { "property": "z", "path": "z" },
            { "property": "seen", "path": "seen", "class": "observed" }]);
        let links = json!([{ "link": "users.manager", "to": "m", "what": "created" },
            { "link": "users.manager", "to": "n", "what": "deleted" }]);
        let change = change("modified", &attributes, &links);
        let parts = vec![
            told(&["ann"], &[]),
            told(&["ann"], &[]),
            told(&["bob"], &[]),
            told(&["ann", "bob"], &[]),
            told(&[], &[]),
            told(&["bob"], &[]),
            told(&["ann"], &["bob"]),
            told(&["ann"], &[]),
        ];
        let hands = Hands { parts, is_log_whole: true, ..Hands::default() };
        let (item, left) = claimed(&ann(), &change, &hands);
        let item = item.unwrap();
        let link = SelectedLink { link: "users.manager".to_owned(), to: "n".to_owned() };
        assert_eq!(
            (item.properties, item.paths, item.links),
            (Some(vec!["city".to_owned()]), vec!["x[a]/b".to_owned()], Some(vec![link]))
        );
        let uncertain = [
            ("y", Cause::AuthorUncertain),
            ("z", Cause::AuthorUnknown),
            ("users.manager/m", Cause::OthersToo),
        ];
        assert_eq!(causes(&left), uncertain);
        let also = ChangeFilter {
            also: vec![Doubt::SeveralCandidates, Doubt::UnknownAuthor, Doubt::OthersToo],
            ..ann()
        };
        let (item, left) = claimed(&also, &change, &hands);
        assert_eq!((item.unwrap().links.unwrap().len(), left), (2, vec![]));
    }

    #[test]
    fn what_others_changed_afterwards_is_left_by_any_choice_and_what_only_they_changed_is_not_named() {
        let one = change("modified", &json!([{ "property": "city", "path": "city" }]), &json!([]));
        let also = ChangeFilter {
            also: vec![Doubt::SeveralCandidates, Doubt::UnknownAuthor, Doubt::OthersToo],
            ..ann()
        };
        for filter in [ann(), also] {
            let after =
                Hands { parts: vec![told(&["bob"], &["ann"])], is_log_whole: true, ..Hands::default() };
            let (item, left) = claimed(&filter, &one, &after);
            assert_eq!((item, causes(&left)), (None, vec![("city", Cause::ChangedSince)]));
            let others = Hands { parts: vec![told(&["bob"], &[])], is_log_whole: true, ..Hands::default() };
            assert_eq!(claimed(&filter, &one, &others), (None, vec![]));
        }
    }

    #[test]
    fn an_object_that_others_worked_on_too_neither_goes_nor_comes_with_what_they_did() {
        for what in ["created", "deleted"] {
            let whole = change(what, &json!([]), &json!([]));
            let hands = |all: &[&str]| Hands {
                parts: vec![told(&["ann"], &[])],
                all: all.iter().map(|name| author(name)).collect(),
                is_log_whole: true,
            };
            let (item, left) = claimed(&ann(), &whole, &hands(&["ann", "ann"]));
            assert_eq!((item, left), (Some(SelectedItem::of_change(&whole)), vec![]));
            let (item, left) = claimed(&ann(), &whole, &hands(&["ann", "bob"]));
            assert_eq!((item, causes(&left)), (None, vec![("object", Cause::OthersToo)]));
            // What they changed of somebody else's object is named, and by no choice the object goes.
            let also = ChangeFilter { also: vec![Doubt::OthersToo], ..ann() };
            let theirs = Hands { parts: vec![told(&["bob"], &[])], ..hands(&["ann", "bob"]) };
            let (item, left) = claimed(&also, &whole, &theirs);
            assert_eq!((item, causes(&left)), (None, vec![("object", Cause::OthersToo)]));
        }
    }

    #[test]
    fn without_a_word_of_who_made_it_a_whole_change_is_taken() {
        let filter = ChangeFilter { name: Some("u".to_owned()), ..ChangeFilter::default() };
        let one = change("modified", &json!([{ "property": "city", "path": "city" }]), &json!([]));
        let (item, left) = claimed(&filter, &one, &Hands::default());
        assert_eq!((item, left), (Some(SelectedItem::of_change(&one)), vec![]));
    }

    #[test]
    fn while_records_of_that_time_may_be_missing_nothing_is_surely_somebodys() {
        let also = ChangeFilter { also: vec![Doubt::LogNotWhole], ..ann() };
        for (what, part) in [("created", "object"), ("deleted", "object"), ("modified", "city")] {
            let change = change(what, &json!([{ "property": "city", "path": "city" }]), &json!([]));
            let early =
                Hands { parts: vec![told(&["ann"], &[])], all: vec![author("ann")], is_log_whole: false };
            let (item, left) = claimed(&ann(), &change, &early);
            assert_eq!((item, causes(&left)), (None, vec![(part, Cause::LogNotWhole)]), "{what}");
            let (item, left) = claimed(&also, &change, &early);
            assert_eq!((item.is_some(), left), (true, vec![]), "{what}");
            let others = Hands { parts: vec![told(&["bob"], &[])], ..Hands::default() };
            assert_eq!(claimed(&ann(), &change, &others), (None, vec![]), "{what}");
        }
    }

    #[test]
    fn of_a_property_that_is_asked_for_the_parts_alone_are_taken() {
        let attributes = json!([{ "property": "city", "path": "city" }, { "property": "accountEnabled", "path": "accountEnabled" }]);
        let links = json!([{ "link": "users.manager", "to": "m", "what": "created" }]);
        let change = change("modified", &attributes, &links);
        let of = |property: &str, filter: ChangeFilter| {
            let filter = ChangeFilter { property: Some(property.to_owned()), ..filter };
            let parts = vec![told(&["ann"], &[]), told(&["ann"], &[]), told(&["bob"], &[])];
            let hands = Hands { parts, is_log_whole: true, ..Hands::default() };
            let (item, left) = claimed(&filter, &change, &hands);
            (item.map(|item| (item.properties.unwrap(), item.links.unwrap().len())), left.len())
        };
        for filter in [ChangeFilter::default(), ann()] {
            assert_eq!(of("city", filter), (Some((vec!["city".to_owned()], 0)), 0));
        }
        assert_eq!(of("users.manager", ChangeFilter::default()), (Some((vec![], 1)), 0));
        assert_eq!(of("users.manager", ann()), (None, 0));
    }
}
