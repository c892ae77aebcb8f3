//! Objects that are to come back while others have their place: another object has a name or an address that only one
//! can have, or somebody made one of the same name by hand since. Each is told, and left until a person chooses. Which
//! places there are, and how an object comes back all the same, is a field of its kind's row.

use super::draft::{Draft, Planner};
use super::lost::PROXY_ADDRESSES;
use super::values::text;
use super::{Cause, End, Held, Inputs, Item, WriteAction};
use crate::kinds::{NamedKind, Place, PropertyValue, Shown, Way};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What is done about an object whose place is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "type", deny_unknown_fields)]
#[schemars(rename = "ConflictChoice")]
pub enum Choice {
    /// It does not come back.
    #[default]
    Leave,
    /// The object that has its place is taken for it, from now on: what was restored of the one is restored onto the
    /// other, links and roles included.
    Adopt {
        /// The id of the object that has its place, as the preview gives it.
        id: String,
    },
    /// It comes back beside the other one, under another name.
    Rename {
        /// The new value of the property that the conflict names.
        to: String,
    },
    /// It comes back without what the other one has, which stays with the other one. So it is with addresses of mail: this
    /// frees the proxy, as Microsoft calls it.
    Without,
}

/// The choice for one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ConflictResolution")]
pub struct Resolution {
    /// The name of the object's kind, such as `users`.
    pub kind: NamedKind,
    /// The object's key in the snapshot.
    pub key: String,
    /// The property of the conflict that this is about, where the object has several; otherwise it is about each of its
    /// conflicts that offers the choice, and a new name is that of the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub property: Option<String>,
    /// What is done about the object whose place is taken: one of the choices that the preview offers for it.
    pub choice: Choice,
}

/// The names of the choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ConflictChoiceName")]
pub enum ChoiceName {
    /// The object does not come back; so it is where nothing is chosen.
    Leave,
    /// The object that has its place is taken for it: what was restored of the one is restored onto the other.
    Adopt,
    /// The object comes back beside the one that has its place, under another name.
    Rename,
    /// The object comes back without what the other one has.
    Without,
}

/// An object that is to come back and whose place is taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RestoreConflict")]
pub struct Conflict {
    /// The name of the object's kind, such as `users`.
    pub kind: NamedKind,
    /// The object's key in the snapshot.
    pub key: String,
    /// The object's name, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The property whose value both have, such as `userPrincipalName`.
    pub property: String,
    /// The value that both have, as it was at the snapshot.
    pub value: String,
    /// The object that has it now.
    pub with: End,
    /// Whether the object that has it now lies in the recycle bin.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_recycle_bin: bool,
    /// What can be chosen.
    pub choices: Vec<ChoiceName>,
}

/// An object that has a place of one that is to come back.
#[derive(Clone, Debug, PartialEq)]
pub struct Rival {
    /// The place that it has.
    pub place: &'static Place,
    /// The value that both have.
    pub value: String,
    /// The id of the object.
    pub id: String,
    /// The object's name, where it has one.
    pub name: Option<String>,
    /// The type of the object, as Graph gives it, where it is of another kind.
    pub odata_type: Option<String>,
    /// Whether it can be taken for the one that is to come back: it is live, of the same kind, and was not there itself.
    pub can_stand_for: bool,
    /// Whether it lies in the recycle bin.
    pub in_recycle_bin: bool,
}

impl Place {
    /// How an object comes back though another one has the place; none where it does not take it.
    pub fn ways(&self, in_recycle_bin: bool) -> Option<&'static [Way]> {
        if in_recycle_bin { self.returned } else { self.created }
    }

    /// Whether an item that is to come back takes the place.
    pub fn is_taken_by(&self, item: &Item) -> bool {
        let is_marked =
            |mark: PropertyValue| item.wanted.as_ref().is_some_and(|held| mark.is_on(&held.object));
        self.ways(item.in_recycle_bin).is_some() && self.only.is_none_or(is_marked)
    }

    /// The values by which an object takes the place; addresses without their protocol.
    pub fn values<'a>(&self, object: &'a Map<String, Value>) -> Vec<&'a str> {
        let named_by = match self.shown {
            Shown::Same => self.property,
            Shown::Address(named_by) => named_by,
        };
        let values: Vec<&str> = match object.get(named_by) {
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            _ => vec![],
        };
        let values = values.into_iter().filter(|value| !value.trim().is_empty());
        match self.shown {
            Shown::Same => values.collect(),
            Shown::Address(_) => values.filter_map(address).collect(),
        }
    }

    /// Whether an object has the place that a value stands for.
    pub fn is_held_by(&self, object: &Map<String, Value>, value: &str) -> bool {
        match self.shown {
            Shown::Same => {
                object.get(self.property).and_then(Value::as_str).is_some_and(|one| self.is_same(one, value))
            }
            Shown::Address(_) => {
                let all = object.get(PROXY_ADDRESSES).and_then(Value::as_array).into_iter().flatten();
                let mut addresses = all.filter_map(Value::as_str).filter_map(address);
                addresses.any(|one| self.is_same(one, value))
            }
        }
    }

    /// Whether two values are one.
    pub fn is_same(&self, one: &str, other: &str) -> bool {
        one == other || self.ignores_case && one.to_lowercase() == other.to_lowercase()
    }
}

/// A mail address without its protocol; none of another protocol, which may be shared.
fn address(value: &str) -> Option<&str> {
    match value.split_once(':') {
        Some((protocol, address)) => Some(address).filter(|_| protocol.eq_ignore_ascii_case("smtp")),
        None => Some(value),
    }
}

impl Rival {
    /// What can be chosen.
    pub(super) fn choices(&self, in_recycle_bin: bool) -> Vec<ChoiceName> {
        let adopt = self.can_stand_for.then_some(ChoiceName::Adopt);
        let ways = self.place.ways(in_recycle_bin).unwrap_or_default().iter().map(|way| match way {
            Way::Rename => ChoiceName::Rename,
            Way::Without => ChoiceName::Without,
        });
        [Some(ChoiceName::Leave), adopt].into_iter().flatten().chain(ways).collect()
    }
}

/// How an item comes back though a rival has that place of it, where a person chose one of the ways that there are.
fn chosen<'a>(inputs: &'a Inputs, item: &Item, rivals: &[Rival], rival: &Rival) -> Option<&'a Choice> {
    let ways = rival.place.ways(item.in_recycle_bin)?;
    let offers = |place: &Place, way: Way| place.ways(item.in_recycle_bin).is_some_and(|w| w.contains(&way));
    let first_name = || rivals.iter().find(|other| offers(other.place, Way::Rename));
    let all = inputs.choices.get(&(item.kind.name, item.key.clone()))?;
    let fits = |resolution: &&Resolution| {
        let is_about_it = match (&resolution.property, &resolution.choice) {
            (Some(property), _) => property == rival.place.property,
            // One new name is not that of several properties.
            (None, Choice::Rename { .. }) => {
                first_name().is_some_and(|first| first.place.property == rival.place.property)
            }
            (None, _) => true,
        };
        let is_offered = match resolution.choice {
            Choice::Rename { .. } => ways.contains(&Way::Rename),
            Choice::Without => ways.contains(&Way::Without),
            Choice::Leave | Choice::Adopt { .. } => false,
        };
        is_about_it && is_offered
    };
    all.iter().find(fits).map(|resolution| &resolution.choice)
}

/// The rivals of an item that is to come back.
fn rivals_of<'a>(inputs: &'a Inputs, item: &Item) -> &'a [Rival] {
    inputs.rivals.get(&(item.kind.name, item.key.clone())).map_or(&[], Vec::as_slice)
}

/// Those for which nothing was chosen that settles the matter.
fn open<'a>(inputs: &'a Inputs, item: &Item) -> impl Iterator<Item = &'a Rival> {
    let rivals = rivals_of(inputs, item);
    rivals.iter().filter(move |rival| chosen(inputs, item, rivals, rival).is_none())
}

/// Whether an item cannot come back, since others have its place.
pub(super) fn keep_out(inputs: &Inputs, item: &Item) -> bool {
    open(inputs, item).next().is_some()
}

/// Tells the conflicts of an item that is to come back; whether it cannot come back for them.
pub(super) fn tell(planner: &mut Planner<'_>, item: &Item) -> bool {
    let open: Vec<&Rival> = open(planner.inputs, item).collect();
    for rival in &open {
        let with =
            End { id: rival.id.clone(), name: rival.name.clone(), odata_type: rival.odata_type.clone() };
        planner.conflicts.push(Conflict {
            kind: item.kind.name.into(),
            key: item.key.clone(),
            name: planner.name_of(item),
            property: rival.place.property.to_owned(),
            value: rival.value.clone(),
            with,
            in_recycle_bin: rival.in_recycle_bin,
            choices: rival.choices(item.in_recycle_bin),
        });
    }
    if open.is_empty() {
        return false;
    }
    let why = "another object has its place: choose what is done about that, or it is left";
    planner.impossible(item, "object", Cause::Conflict, why);
    true
}

/// How an object comes back beside its rivals.
pub(super) struct Beside {
    /// As it is to be.
    pub wanted: Held,
    /// The new value of its unique name, where it has one.
    pub new_name: Option<String>,
    /// The addresses that it leaves to others.
    pub without: Vec<String>,
}

/// The object as it is to come back by what was chosen about its rivals.
pub(super) fn beside(planner: &mut Planner<'_>, item: &Item, mut wanted: Held) -> Beside {
    let (inputs, rivals) = (planner.inputs, rivals_of(planner.inputs, item));
    let (mut new_name, mut without) = (None, Vec::new());
    for rival in rivals {
        let property = rival.place.property;
        match chosen(inputs, item, rivals, rival) {
            Some(Choice::Rename { to }) => {
                wanted.object.insert(property.to_owned(), Value::from(to.as_str()));
                if item.kind.unique_property == Some(property) {
                    // The first address of a user is mostly the name that the other one has.
                    if rival.place.is_same(text(&wanted.object, "mail"), &rival.value) {
                        wanted.object.insert("mail".to_owned(), Value::from(to.as_str()));
                    }
                    new_name = Some(to.clone());
                }
            }
            // What the recycle bin gives back lacks the address by then; it is not to be written after that.
            Some(Choice::Without) if item.in_recycle_bin => {
                let is_first = rival.place.is_same(text(&wanted.object, "mail"), &rival.value);
                let binned = item.binned.as_ref().and_then(|held| held.object.get("mail"));
                match binned.filter(|_| is_first) {
                    Some(as_it_is) => _ = wanted.object.insert("mail".to_owned(), as_it_is.clone()),
                    None if is_first => _ = wanted.object.remove("mail"),
                    None => {}
                }
                without.push(rival.value.clone());
            }
            Some(Choice::Without) => {
                wanted.object.remove(property);
                let why = "another object has it and keeps it, as it was chosen";
                planner.impossible(item, property, Cause::Conflict, why);
            }
            _ => {}
        }
    }
    without.sort_unstable();
    without.dedup();
    Beside { wanted, new_name, without }
}

/// The step that takes a live object for the one that is to come back.
pub(super) fn adopt(planner: &mut Planner<'_>, item: &Item) {
    let Some(old) = planner.inputs.adopted.get(&(item.kind.name, item.key.clone())) else { return };
    let action = WriteAction::Adopt { old: old.clone() };
    planner.step(item, Draft { phase: item.kind.phase, action, before: None, after: None, warnings: vec![] });
}
