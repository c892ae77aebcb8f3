//! Objects that are to come back while somebody else has their place: another object has the name that only one can
//! have, or somebody made one of the same name by hand since. Each is told, and left until a person chooses.

use super::draft::{Draft, Planner};
use super::values::text;
use super::{Cause, End, Held, Inputs, Item, WriteAction};
use crate::kinds::NamedKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

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
    /// What can be chosen.
    pub choices: Vec<ChoiceName>,
}

/// A live object that has the place of one that is to come back.
#[derive(Clone, Debug, PartialEq)]
pub struct Rival {
    /// The property whose value both have.
    pub property: &'static str,
    /// The id of the live object.
    pub id: String,
    /// The object's name, where it has one.
    pub name: Option<String>,
    /// Whether the snapshot knows it: then it is itself, and cannot be taken for another.
    pub was_there: bool,
}

impl Rival {
    /// What can be chosen. Out of the recycle bin an object comes as it went in, under its old name.
    fn choices(&self, in_recycle_bin: bool) -> Vec<ChoiceName> {
        let adopt = (!self.was_there).then_some(ChoiceName::Adopt);
        let rename = (!in_recycle_bin).then_some(ChoiceName::Rename);
        [Some(ChoiceName::Leave), adopt, rename].into_iter().flatten().collect()
    }
}

/// The rivals of an item that is to come back, for which nothing was chosen that settles the matter.
fn open<'a>(inputs: &'a Inputs, item: &Item) -> &'a [Rival] {
    let at = (item.kind.name, item.key.clone());
    let renames = matches!(inputs.choices.get(&at), Some(Choice::Rename { .. })) && !item.in_recycle_bin;
    inputs.rivals.get(&at).filter(|_| !renames).map_or(&[], Vec::as_slice)
}

/// Whether an item cannot come back, since others have its place.
pub(super) fn keep_out(inputs: &Inputs, item: &Item) -> bool {
    !open(inputs, item).is_empty()
}

/// Tells the conflicts of an item that is to come back; whether it cannot come back for them.
pub(super) fn tell(planner: &mut Planner<'_>, item: &Item, wanted: &Held) -> bool {
    let rivals = open(planner.inputs, item);
    for rival in rivals {
        let with = End { id: rival.id.clone(), name: rival.name.clone(), odata_type: None };
        planner.conflicts.push(Conflict {
            kind: item.kind.name.into(),
            key: item.key.clone(),
            name: planner.name_of(item),
            property: rival.property.to_owned(),
            value: text(&wanted.object, rival.property).to_owned(),
            with,
            choices: rival.choices(item.in_recycle_bin),
        });
    }
    if rivals.is_empty() {
        return false;
    }
    let why = "another object has its place: choose what is done about that, or it is left";
    planner.impossible(item, "object", Cause::Conflict, why);
    true
}

/// The object as it is to come back under the name that was chosen for it.
pub(super) fn renamed(planner: &Planner<'_>, item: &Item, mut wanted: Held) -> Held {
    let at = (item.kind.name, item.key.clone());
    if let (Some(Choice::Rename { to }), Some([rival, ..])) =
        (planner.inputs.choices.get(&at), planner.inputs.rivals.get(&at).map(Vec::as_slice))
    {
        let taken = text(&wanted.object, rival.property).to_lowercase();
        // The first address of a user is mostly the name that the other one has.
        for property in [rival.property, "mail"] {
            if text(&wanted.object, property).to_lowercase() == taken {
                wanted.object.insert(property.to_owned(), Value::from(to.as_str()));
            }
        }
    }
    wanted
}

/// The step that takes a live object for the one that is to come back.
pub(super) fn adopt(planner: &mut Planner<'_>, item: &Item) {
    let Some(old) = planner.inputs.adopted.get(&(item.kind.name, item.key.clone())) else { return };
    let action = WriteAction::Adopt { old: old.clone() };
    planner.step(item, Draft { phase: item.kind.phase, action, before: None, after: None, warnings: vec![] });
}
