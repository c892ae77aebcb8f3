//! Properties, facets and links taken out of what either side knows, by chance: none of them is written, whatever the other
//! side says of it, and what is left for that is named.

use super::super::{Held, LICENCES};
use super::*;
use crate::kinds::{Form, Identity, KINDS, Kind, LinkWrite};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// More properties and links than any kind has.
const MOST: usize = 90;

/// What chance says of a property or a link: its values on both sides, and which sides do not know it.
type Said = (u8, u8, u8);

/// An object of any kind on both sides, and in which way it is restored.
#[derive(Clone, Debug)]
struct Case {
    kind: &'static Kind,
    said: Vec<Said>,
    /// The object is live, in the recycle bin, or gone.
    place: u8,
    merges: bool,
    links: LinkMode,
    /// Each property and each link is chosen by name.
    names: bool,
}

fn case() -> impl Strategy<Value = Case> {
    let kinds: Vec<&'static Kind> = KINDS.into_iter().filter(|kind| kind.identity == Identity::Id).collect();
    let said = prop::collection::vec(any::<Said>(), MOST);
    let links = prop_oneof![Just(LinkMode::Merge), Just(LinkMode::Rollback), Just(LinkMode::Skip)];
    (prop::sample::select(kinds), said, any::<u8>(), any::<bool>(), links, any::<bool>()).prop_map(
        |(kind, said, place, merges, links, names)| Case { kind, said, place, merges, links, names },
    )
}

/// All that a source gives of an object, links apart.
fn properties(kind: &Kind) -> Vec<&'static str> {
    const OF_POLICIES: &[&str] = &["description", "settings", "scheduledActionsForRule", "roleScopeTagIds"];
    let selected = kind.reading.iter().flat_map(|source| source.select.iter().chain(source.carries));
    let more: &[&str] = if kind.reading[0].select.is_empty() { OF_POLICIES } else { &[] };
    let mut all: Vec<&'static str> = selected.chain(more).copied().collect();
    all.retain(|p| !["id", kind.name_property, "userPrincipalName"].contains(p) && !kind.is_relation(p));
    all.sort_unstable();
    all.dedup();
    all
}

/// One of the values that a property can have; none where Graph leaves it out.
fn value(kind: &Kind, property: &str, chosen: u8) -> Option<Value> {
    let text = match chosen % 4 {
        0 => return None,
        1 => return Some(Value::Null),
        2 => "a",
        _ => "b",
    };
    Some(match kind.writing.form(property) {
        _ if property == LICENCES => json!([{ "skuId": text, "disabledPlans": [] }]),
        Some(Form::Parts) => json!({ "division": text }),
        Some(Form::SecurityAttributes) => {
            json!({ "Posts": { "@odata.type": "#Microsoft.DirectoryServices.CustomSecurityAttributeValue", "Clearance": text } })
        }
        Some(Form::Identities) => {
            json!([{ "signInType": "emailAddress", "issuer": "x.y", "issuerAssignedId": text }])
        }
        _ if kind.is_collection(property) || property == "settings" => json!([text]),
        _ => json!(text),
    })
}

/// One side, by the bit that says what it does not know and the value that it has.
fn side(case: &Case, is_then: bool) -> Held {
    let kind = case.kind;
    let mut held = held(
        &json!({ "id": "o", "@odata.type": "#t", kind.name_property: "O", "userPrincipalName": "o@x.y" }),
    );
    let mut said = case.said.iter();
    let mut next = || {
        let (then, now, unknown) = *said.next().unwrap();
        // A third of all is not known to one side or to both.
        let (bit, value) = if is_then { (1, then) } else { (2, now) };
        let lacked = unknown % 12;
        (value, lacked < 4 && (lacked & bit) == bit)
    };
    for property in properties(kind) {
        let (chosen, is_unknown) = next();
        if is_unknown {
            held.unknown.insert(property);
        }
        // What is not known may look as if it were empty.
        let chosen = if is_unknown { chosen % 2 } else { chosen };
        if let Some(value) = value(kind, property, chosen) {
            held.object.insert(property.to_owned(), value);
        }
    }
    for link in kind.links {
        let (chosen, is_unknown) = next();
        if is_unknown {
            held.unknown.insert(link.relation);
        }
        for to in
            ["a", "b", "c"].into_iter().enumerate().filter(|(n, _)| chosen >> n & 1 == 1).map(|(_, to)| to)
        {
            let target = json!({ "@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": to });
            let value =
                if link.write == LinkWrite::AssignAll { json!({ "target": target }) } else { json!({}) };
            let is_one = link.write == LinkWrite::Single && !held.links.is_empty();
            if !is_one {
                held.links.push(HeldLink { link, to: to.to_owned(), value: map(&value) });
            }
        }
    }
    held
}

/// The properties that a step writes, licences among them.
fn written(action: &WriteAction) -> BTreeSet<&str> {
    match action {
        WriteAction::Create { body } => body.keys().map(String::as_str).collect(),
        WriteAction::Update { properties, .. } => properties.iter().map(String::as_str).collect(),
        WriteAction::Act { property, .. } => [property.as_str()].into(),
        WriteAction::AssignLicences { .. } => [LICENCES].into(),
        _ => BTreeSet::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn nothing_that_a_side_does_not_know_is_written_and_it_is_named(case in case()) {
        let kind = case.kind;
        let (wanted, seen) = (side(&case, true), side(&case, false));
        let (is_live, is_binned) = (case.place % 3 == 0, case.place % 3 == 1);
        let mut chosen = item(kind.run(), "o", Some(wanted.clone()), is_live.then(|| seen.clone()));
        chosen.in_recycle_bin = is_binned;
        chosen.binned = is_binned.then(|| Held { links: vec![], ..seen.clone() });
        if case.names && is_live {
            chosen.properties = Some(properties(kind).into_iter().map(str::to_owned).collect());
        }
        let attributes = if case.merges { AttributeMode::Merge } else { AttributeMode::Overwrite };
        let plan = plan(&Inputs { attributes, links: case.links, ..exactly(vec![chosen]) });

        // What is in the recycle bin is seen before it is written, so only the snapshot can lack it.
        let lacks_now = |part: &str| is_live && seen.lacks(kind, part);
        let is_unknown = |part: &str| wanted.lacks(kind, part) || lacks_now(part);
        for step in &plan.steps {
            for property in written(&step.action) {
                // What Graph demands of a new object is given it.
                let is_demanded = matches!(step.action, WriteAction::Create { .. })
                    && kind.writing.required.iter().any(|required| required.property == property);
                prop_assert!(!is_unknown(property) || is_demanded, "{}: {property}: {step:?}", kind.name);
            }
            match &step.action {
                WriteAction::AddLinks { link, to } => {
                    let of = kinds::link(link).unwrap();
                    prop_assert!(!lacks_now(of.relation), "{link} is not seen now: {step:?}");
                    let was_there = |id: &str| wanted.links.iter().any(|l| l.link.name == of.name && l.to == id);
                    prop_assert!(to.iter().all(|end| was_there(&end.id)), "{step:?}");
                }
                WriteAction::RemoveLink { link, .. }
                | WriteAction::RemoveOtherLinks { link, .. }
                | WriteAction::Assign { link, .. } => {
                    prop_assert!(!is_unknown(kinds::link(link).unwrap().relation), "{step:?}");
                }
                _ => {}
            }
        }

        // What one side knows and the other does not is named, unless the object is made anew by what the snapshot knows; and
        // what neither the snapshot nor the recycle bin shows.
        if is_live || is_binned {
            for property in properties(kind).into_iter().filter(|p| *p != LICENCES && kind.can_update(p)) {
                let knows = [&wanted, &seen].into_iter().find(|held| !held.lacks(kind, property));
                let has = knows.and_then(|held| held.object.get(property)).is_some_and(|value| !value.is_null());
                let is_hidden = is_binned && wanted.lacks(kind, property) && seen.lacks(kind, property);
                let is_named = plan.impossible.iter().any(|one| one.what == property && one.cause == Cause::NotRead);
                let is_due = is_unknown(property) && has || is_hidden;
                prop_assert!(!is_due || is_named, "{}: {property}: {:?}", kind.name, plan.impossible);
            }
        }
    }
}
