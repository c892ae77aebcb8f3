//! Whether what links and role assignments lead to is there, and its name.

use super::gather::{Gather, all};
use domain::Result;
use domain::kinds::{self, Kind, KindName, LinkType};
use domain::restore::{End, Inputs, RestorePlan, WriteAction};
use futures::FutureExt;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What is to be known of a far end.
#[derive(Default)]
struct Far {
    /// What it may be.
    kinds: BTreeSet<KindName>,
    /// Whether it matters that it lies in the recycle bin.
    may_be_binned: bool,
    /// Whether it may be of no kind: nothing says of which it is.
    may_be_other: bool,
}

/// What was found of a far end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    /// It is live, or could not be looked at.
    There,
    /// It is not live, and may be in the recycle bin.
    Missing,
    /// It is neither live nor in the recycle bin.
    Gone,
    /// The same of what may be of no kind at all.
    Unknown,
}

impl Gather<'_> {
    /// Adds to the inputs which far ends of a plan are missing, and their names.
    pub async fn targets(&self, plan: &RestorePlan, inputs: &mut Inputs) -> Result<()> {
        let mut wanted: BTreeMap<String, Far> = BTreeMap::new();
        for step in &plan.steps {
            for (id, kind) in far_ends(&step.action) {
                wanted.entry(id).or_default().kinds.insert(kind);
            }
            if matches!(step.action, WriteAction::Create { .. } | WriteAction::Delete) {
                let said = step.after.as_ref().or(step.before.as_ref()).and_then(Value::as_object);
                let Some(said) = said else { continue };
                for (id, kind) in self.parts_of_fact(step.kind()?, &step.key, said).await? {
                    wanted.entry(id).or_default().kinds.insert(kind);
                }
                if step.action == WriteAction::Delete {
                    continue;
                }
                // Who is in no snapshot may lie in the recycle bin, as they did then, or be an application.
                for (reference, id) in step.kind()?.ends(said) {
                    let far = wanted.entry(id.to_owned()).or_default();
                    if far.kinds.is_empty() {
                        far.kinds.extend(reference.kinds);
                        (far.may_be_binned, far.may_be_other) = (true, true);
                    }
                }
            }
        }
        // A role that is listed may be that of somebody who is gone for good.
        for item in inputs.items.iter().filter(|item| item.live.is_some() && item.kind.grant().is_some()) {
            let Some(held) = &item.wanted else { continue };
            for (id, kind) in self.parts_of_fact(item.kind, &item.key, &held.object).await? {
                let far = wanted.entry(id).or_default();
                far.kinds.insert(kind);
                far.may_be_binned = true;
            }
        }
        for item in &inputs.items {
            let id = self.ids.rewrite(&item.key);
            let held = item.live.as_ref().or(item.wanted.as_ref());
            let name = held.and_then(|h| h.object.get(item.kind.name_property)).and_then(Value::as_str);
            inputs.names.extend(name.map(|n| (id.clone(), n.to_owned())));
            // Why not chosen objects: they were looked at already.
            if wanted.remove(&id).is_some() && item.live.is_none() {
                if !item.in_recycle_bin {
                    inputs.gone.insert(id.clone());
                }
                inputs.missing.insert(id);
            }
        }
        let reading = wanted.iter().map(|(id, far)| self.look(id, far).boxed());
        for (id, name, found) in all(reading.collect()).await? {
            inputs.names.extend(name.map(|n| (id.clone(), n)));
            if found == Found::Unknown {
                inputs.unknown_ends.insert(id);
                continue;
            }
            if found == Found::Gone {
                inputs.gone.insert(id.clone());
            }
            if found != Found::There {
                inputs.missing.insert(id);
            }
        }
        Ok(())
    }

    async fn look(&self, id: &str, far: &Far) -> Result<(String, Option<String>, Found)> {
        for kind in &far.kinds {
            let kind = kind.row()?;
            // What cannot be looked at is not taken for missing: Graph says so, of this one alone, when it is written.
            let looked = self.live(kind, id, &[]).await;
            let Ok(looked) = self.or_unreadable(kind, id, "object", looked).await? else {
                return Ok((id.to_owned(), None, Found::There));
            };
            if let Some(live) = looked {
                let name = live.object.get(kind.name_property).and_then(Value::as_str);
                return Ok((id.to_owned(), name.map(str::to_owned), Found::There));
            }
        }
        if !far.may_be_binned {
            return Ok((id.to_owned(), None, Found::Missing));
        }
        for kind in &far.kinds {
            let kind = kind.row()?;
            if kind.writing.recycle_bin.is_none() {
                continue;
            }
            let binned = self.worker.directory.find_binned(self.tenant, kind, id).await;
            let binned = self.or_unreadable(kind, id, "object", binned).await?;
            if !matches!(binned, Ok(None)) {
                return Ok((id.to_owned(), None, Found::Missing));
            }
        }
        Ok((id.to_owned(), None, if far.may_be_other { Found::Unknown } else { Found::Gone }))
    }

    /// What a role assignment refers to, as far as it is known what that is: a service principal is not among our kinds, and
    /// whether it is there is for Graph to say.
    async fn parts_of_fact(
        &self,
        kind: &Kind,
        key: &str,
        fact: &Map<String, Value>,
    ) -> Result<Vec<(String, KindName)>> {
        let mut parts = Vec::new();
        let role = kind.grant().map_or("", |grant| grant.role);
        for reference in kind.references {
            let text = fact.get(reference.property).and_then(Value::as_str).unwrap_or_default();
            let Some(id) = reference.id_in(text).map(|id| self.ids.resolve(id)) else { continue };
            // The snapshot knows it by the id that it had then.
            let mut parts_then = key.split('|').filter_map(|part| reference.id_in(part));
            let old = parts_then.find(|part| self.ids.resolve(part) == id).unwrap_or(id);
            for name in reference.kinds {
                // A unit is looked for even if it was gone at the snapshot: what says that it is one says its kind.
                let is_known = reference.kinds.len() == 1 && reference.property != role;
                if is_known || self.is_in_snapshot(name.row()?, old).await? {
                    parts.push((id.to_owned(), *name));
                }
            }
        }
        Ok(parts)
    }

    async fn is_in_snapshot(&self, kind: &Kind, id: &str) -> Result<bool> {
        Ok(self.snapshot.covers(kind) && self.snapshot.find_object(kind, id).await?.is_some())
    }
}

/// The far ends that an action adds and the kinds that they are of; those of kinds that we do not read
/// (devices, service principals) are left to Graph.
fn far_ends(action: &WriteAction) -> Vec<(String, KindName)> {
    match action {
        WriteAction::AddLinks { link, to } => {
            let Ok(link) = kinds::link(link) else { return vec![] };
            let end = |end: &End| Some((end.id.clone(), link.end(end.odata_type.as_deref())?.name));
            to.iter().filter_map(end).collect()
        }
        WriteAction::Assign { link, assignments } => {
            let Some(kind) = kinds::link(link).ok().and_then(LinkType::only_end) else { return vec![] };
            let groups = assignments.iter().filter_map(|a| a.get("target")?.get("groupId")?.as_str());
            groups.map(|group| (group.to_owned(), kind.name)).collect()
        }
        _ => vec![],
    }
}
