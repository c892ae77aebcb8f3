//! A restore as it is asked for: its only form, and the only place that refuses a choice.
//!
//! Whatever is wrong is reported of the field that the caller sent: of an object in `only`, never of `items`.

use super::why::Why;
use crate::preview_restore::{MAX_ITEMS, too_many as too_many_objects};
use backup::archive::{FoundChanges, MOST_PAGES};
use domain::changes::{Change, Class, What, is_within};
use domain::kinds::{self, KINDS, Kind, NamedKind};
use domain::restore::{RestorePlan, SelectedItem, SelectedLink, Selection};
use domain::who::ChangeFilter;
use domain::{DiffId, Error, RestoreId, Result, SnapshotId};
use engine::records::{Snapshot, StepOutcome, UndoneObject, UndonePart};
use std::collections::{BTreeMap, BTreeSet};

/// The most objects that a choice can name one by one; for more, restore the changes of a comparison.
///
/// Why: the choice stands in the restore's row, whose size is limited.
pub const MAX_NAMED: usize = 1_000;
/// The most bytes of a row that a choice may take.
const MAX_SELECTION_BYTES: usize = 250_000;

/// The names that the fields of a choice have for the caller.
const ITEMS: &str = "items";
const ONLY: &str = "only";
const STEPS: &str = "steps";
const CONFLICTS: &str = "conflicts";
const KINDS_FIELD: &str = "kinds";
const EVERYTHING: &str = "everything";
const PATHS: &str = "paths";
const LINKS: &str = "links";

/// A restore that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRestore {
    /// What it brings back, and from where.
    pub from: RestoreFrom,
    /// How it writes, and which objects: named here only where they are of a snapshot.
    pub selection: Selection,
    /// What it is asked for.
    pub why: Why,
}

/// What a restore brings back.
#[derive(Clone, Debug, PartialEq)]
pub enum RestoreFrom {
    /// The selection's objects, as that snapshot holds them.
    Items(SnapshotId),
    /// All objects of these kinds, as that snapshot holds them, and those that came since.
    Kinds(SnapshotId, Vec<NamedKind>),
    /// All objects of all kinds, likewise.
    Everything(SnapshotId),
    /// All changes of a comparison, taken back to its earlier side.
    Changes(DiffId),
    /// The changes of a comparison that a filter means, taken back to its earlier side.
    Filtered(DiffId, Box<ChangeFilter>),
    /// The changes of these objects alone, or some of them, taken back to the comparison's earlier side.
    Only(DiffId, Vec<NamedChange>),
    /// What that restore wrote, taken back.
    Undo(RestoreId),
    /// A part of what that restore wrote, taken back.
    UndoOnly(RestoreId, AskedPart),
}

/// The part of a restore that is to be undone, as whoever asks names it; what is none was not said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AskedPart {
    /// The numbers of steps.
    pub steps: Option<Vec<u32>>,
    /// Objects whose steps are all meant.
    pub objects: Option<Vec<NamedObject>>,
}

/// An object, as whoever asks names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedObject {
    /// The name of its kind, which may be none that there is.
    pub kind: String,
    /// Its key in the snapshot.
    pub key: String,
}

/// An object whose changes are meant, or some of them; where either list is there, what it does not name is not meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedChange {
    /// The object whose changes are taken back.
    pub object: NamedObject,
    /// Changed paths, or places that changed paths are in.
    pub paths: Option<Vec<String>>,
    /// Links that came, went or changed.
    pub links: Option<Vec<SelectedLink>>,
    /// Whether what led to the object comes back as well.
    pub incoming: bool,
}

impl From<NamedObject> for NamedChange {
    fn from(object: NamedObject) -> Self {
        Self { object, paths: None, links: None, incoming: false }
    }
}

impl NewRestore {
    /// That restore, with no word of what it is asked for.
    pub fn of(from: RestoreFrom, selection: Selection) -> Self {
        Self { from, selection, why: Why::default() }
    }

    /// Checks what can be checked without looking at the snapshot or the comparison.
    ///
    /// # Errors
    /// `Invalid`, naming the field: nothing is chosen, too much is, or something that cannot be.
    pub fn check(&self) -> Result<()> {
        let items = &self.selection.items;
        self.why.check()?;
        self.selection.check_conflicts().and_then(|()| self.selection.check_sign_in())?;
        check_number(CONFLICTS, self.selection.conflicts.len())?;
        match &self.from {
            RestoreFrom::Items(_) if items.is_empty() => {
                Err(Error::invalid_field(ITEMS, "nothing is chosen"))
            }
            RestoreFrom::Items(_) => check_items(&self.selection),
            _ if !items.is_empty() => {
                let message = "objects are chosen one by one, or by what they have in common, not both";
                Err(Error::invalid_field(ITEMS, message))
            }
            RestoreFrom::Kinds(_, kinds) if kinds.is_empty() => {
                Err(Error::invalid_field(KINDS_FIELD, "nothing is chosen"))
            }
            RestoreFrom::Kinds(_, kinds) => {
                Selection { kinds: kinds.clone(), ..Selection::default() }.check_kinds()
            }
            RestoreFrom::Everything(_) | RestoreFrom::Changes(_) | RestoreFrom::Undo(_) => Ok(()),
            RestoreFrom::Filtered(_, filter) => filter.check(),
            RestoreFrom::UndoOnly(_, part) => part.check(),
            RestoreFrom::Only(_, named) if named.is_empty() => {
                Err(Error::invalid_field(ONLY, "nothing is chosen"))
            }
            RestoreFrom::Only(_, named) => {
                check_number(ONLY, named.len())?;
                named.iter().enumerate().try_for_each(|(i, change)| change.check(i))
            }
        }
    }
}

impl AskedPart {
    fn check(&self) -> Result<()> {
        for (field, number) in
            [(STEPS, self.steps.as_ref().map(Vec::len)), (ONLY, self.objects.as_ref().map(Vec::len))]
        {
            match number {
                Some(0) => return Err(Error::invalid_field(field, "nothing is chosen")),
                Some(number) => check_number(field, number)?,
                None => {}
            }
        }
        Ok(())
    }

    /// The part of that plan; an object is named by its key or its id in the plan, or by the id under which it was made anew.
    ///
    /// # Errors
    /// `Invalid`, naming the step or the object that the plan does not have, or that is named twice.
    pub(super) fn of(&self, plan: &RestorePlan, outcomes: &[StepOutcome]) -> Result<UndonePart> {
        let numbers: BTreeSet<u32> = plan.steps.iter().map(|step| step.number).collect();
        let made = outcomes.iter().filter_map(|row| Some((row.number, row.new_id.clone()?)));
        let made: BTreeMap<u32, String> = made.collect();
        let mut objects: BTreeMap<(String, String), UndoneObject> = BTreeMap::new();
        for step in &plan.steps {
            let object = UndoneObject::of(step);
            let ids = [&step.id].into_iter().chain(made.get(&step.number));
            for name in ids.chain([&step.key]) {
                objects.insert((object.kind.clone(), name.clone()), object.clone());
            }
        }
        let mut part = UndonePart::default();
        for (i, number) in self.steps.iter().flatten().enumerate() {
            let wrong = if !numbers.contains(number) {
                "is no step of that restore"
            } else if !part.steps.insert(*number) {
                "is named twice"
            } else {
                continue;
            };
            return Err(Error::invalid_field(format!("{STEPS}[{i}]"), wrong));
        }
        for (i, named) in self.objects.iter().flatten().enumerate() {
            kind_of(ONLY, i, kinds::get(&named.kind))?;
            let wrong = match objects.get(&(named.kind.clone(), named.key.clone())) {
                None => "is in no step of that restore",
                Some(object) if !part.objects.insert(object.clone()) => "is named twice",
                Some(_) => continue,
            };
            return Err(Error::invalid_field(format!("{ONLY}[{i}].key"), wrong));
        }
        Ok(part)
    }
}

impl NamedChange {
    fn check(&self, number: usize) -> Result<()> {
        kind_of(ONLY, number, kinds::get(&self.object.kind))?;
        let lists = [(PATHS, self.paths.as_ref().map(Vec::len)), (LINKS, self.links.as_ref().map(Vec::len))];
        for (field, of_it) in lists {
            if of_it.is_some_and(|of_it| of_it > MAX_NAMED) {
                let why =
                    format!("at most {MAX_NAMED} parts of an object can be named; without any all are meant");
                return Err(Error::invalid_field(format!("{ONLY}[{number}].{field}"), why));
            }
        }
        let is_empty = lists.iter().all(|(_, of_it)| of_it.unwrap_or(0) == 0);
        if lists.iter().any(|(_, of_it)| of_it.is_some()) && is_empty && !self.incoming {
            return Err(Error::invalid_field(format!("{ONLY}[{number}].{PATHS}"), "nothing is chosen"));
        }
        Ok(())
    }

    /// What takes back the change of the object, or the parts of it that were named.
    ///
    /// # Errors
    /// `Invalid`, naming the part that is not in the change, or is named twice.
    fn of(&self, number: usize, change: &Change) -> Result<SelectedItem> {
        let mut item = SelectedItem { incoming: self.incoming, ..SelectedItem::of_change(change) };
        let wrong =
            |field: &str, why: &str| Err(Error::invalid_field(format!("{ONLY}[{number}].{field}"), why));
        if change.rating.class == Class::Observed && !self.incoming {
            return wrong("key", "what changed of it was only observed, and cannot be put back");
        }
        if self.paths.is_none() && self.links.is_none() {
            return Ok(item);
        }
        if change.what != What::Modified {
            let field = if self.paths.is_some() { PATHS } else { LINKS };
            return wrong(field, "the object came or went as a whole: name it without parts");
        }
        let mut paths = BTreeSet::new();
        let mut named = BTreeSet::new();
        for (j, place) in self.paths.iter().flatten().enumerate() {
            let mut changed = change.differing().filter(|a| is_within(&a.path, place)).peekable();
            if changed.peek().is_none() {
                return wrong(&format!("{PATHS}[{j}]"), "is not among what changed of the object");
            }
            if !named.insert(place) {
                return wrong(&format!("{PATHS}[{j}]"), "is named twice");
            }
            paths.extend(changed.map(|attribute| attribute.path.clone()));
        }
        let mut links = BTreeSet::new();
        for (j, link) in self.links.iter().flatten().enumerate() {
            if !change.links.iter().any(|changed| changed.link == link.link && changed.to == link.to) {
                return wrong(&format!("{LINKS}[{j}]"), "is not among the links of the object that changed");
            }
            if !links.insert(link.clone()) {
                return wrong(&format!("{LINKS}[{j}]"), "is named twice");
            }
        }
        item.properties = Some(Vec::new());
        item.links = Some(links.into_iter().collect());
        item.paths = paths.into_iter().collect();
        Ok(item.spelled_out())
    }
}

/// Chooses all objects of the kinds, of all kinds where none are named.
///
/// # Errors
/// `Invalid`, naming the field, where the snapshot holds more of them than one restore takes.
pub(super) fn choose_kinds(
    snapshot: &Snapshot,
    kinds: Option<Vec<NamedKind>>,
    selection: &mut Selection,
) -> Result<()> {
    let field = if kinds.is_some() { KINDS_FIELD } else { EVERYTHING };
    selection.kinds = kinds.unwrap_or_else(|| KINDS.iter().map(|kind| kind.name.into()).collect());
    let runs = selection.kinds.iter().filter_map(NamedKind::find).map(Kind::run);
    let objects: u64 = runs.filter_map(|run| snapshot.counts.get(run)).map(|count| count.records).sum();
    // What came since is counted when it is listed, for the preview.
    if objects > MAX_ITEMS as u64 { Err(too_many_objects(field, objects)) } else { Ok(()) }
}

/// The objects by kind and key, to be looked for among changes.
///
/// # Errors
/// `Invalid`, naming the object whose kind is none.
pub(super) fn sought(named: &[NamedChange]) -> Result<Vec<(&'static Kind, &str)>> {
    let objects = named.iter().map(|change| &change.object).enumerate();
    objects
        .map(|(i, object)| Ok((kind_of(ONLY, i, kinds::get(&object.kind))?, object.key.as_str())))
        .collect()
}

/// Chooses what takes back the named changes; gives the snapshot that holds them as they were, where that is
/// not the comparison's own earlier side.
///
/// # Errors
/// `Invalid`, naming the object: it is not among the changes, or named twice, or another snapshot holds it as it was than
/// the first one; or naming the part of it that did not change.
pub(super) fn choose(
    found: &FoundChanges,
    named: &[NamedChange],
    selection: &mut Selection,
) -> Result<Option<SnapshotId>> {
    let unknown = |number| {
        let why = if found.is_complete {
            "is not in the comparison".to_owned()
        } else {
            format!("was not found in {MOST_PAGES} pages of the comparison: name fewer objects at once")
        };
        Error::invalid_field(format!("{ONLY}[{number}].key"), why)
    };
    let chosen = found.changes.iter().zip(named).enumerate().map(|(number, (change, named))| {
        let change = change.as_ref().ok_or_else(|| unknown(number))?;
        named.of(number, change)
    });
    selection.items = chosen.collect::<Result<_>>()?;
    // What is wrong with an item is wrong with the object of the same number in the caller's list.
    check_items(selection).map_err(|e| renamed(e, ITEMS, ONLY))?;
    let mut since = found.changes.iter().flatten().map(|change| &change.since);
    let first = since.next().cloned().flatten();
    match since.position(|other| *other != first) {
        None => Ok(first),
        Some(before) => {
            let why = "was before as another snapshot holds it than the one for the first: name it in a restore of its own";
            Err(Error::invalid_field(format!("{ONLY}[{}].key", before + 1), why))
        }
    }
}

/// Checks objects that were chosen one by one.
fn check_items(selection: &Selection) -> Result<()> {
    for (i, item) in selection.items.iter().enumerate() {
        kind_of(ITEMS, i, item.kind.get())?;
    }
    selection.check()?;
    check_number(ITEMS, selection.items.len())?;
    let bytes = serde_json::to_vec(selection).map_or(usize::MAX, |b| b.len());
    let why = "what is named takes more room than a restore has: name fewer objects, or fewer parts of them";
    if bytes > MAX_SELECTION_BYTES { Err(Error::invalid_field(ITEMS, why)) } else { Ok(()) }
}

/// The kind that was found by its name; an error names the object of that number, from 0, in the caller's list.
fn kind_of(field: &str, number: usize, found: Result<&'static Kind>) -> Result<&'static Kind> {
    found.map_err(|e| {
        let message = e.fields().first().map_or_else(|| e.to_string(), |fault| fault.message.clone());
        Error::invalid_field(format!("{field}[{number}].kind"), message)
    })
}

fn check_number(field: &str, number: usize) -> Result<()> {
    if number > MAX_NAMED { Err(too_many(field)) } else { Ok(()) }
}

fn too_many(field: &str) -> Error {
    let message = match field {
        STEPS => format!("at most {MAX_NAMED} steps can be named; name the objects that they are about"),
        CONFLICTS => format!("at most {MAX_NAMED} conflicts can be settled at once; choose fewer objects"),
        _ => format!(
            "at most {MAX_NAMED} objects can be named; the changes of a comparison can be up to {MAX_ITEMS}"
        ),
    };
    Error::invalid_field(field, message)
}

/// The same error, about the caller's field of another name.
fn renamed(error: Error, from: &str, to: &str) -> Error {
    match error.fields() {
        [fault] => match fault.field.strip_prefix(from) {
            Some(rest) => Error::invalid_field(format!("{to}{rest}"), fault.message.clone()),
            None => error,
        },
        _ => error,
    }
}
