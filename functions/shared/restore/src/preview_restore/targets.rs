//! Whether what links and role assignments lead to is there, and its name.

use super::gather::{Gather, all};
use domain::Result;
use domain::kinds::{self, KINDS, Kind, KindName, LinkType};
use domain::restore::{End, Inputs, RestorePlan, WriteAction};
use futures::FutureExt;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

impl Gather<'_> {
    /// Adds to the inputs which far ends of a plan are missing, and their names.
    pub async fn targets(&self, plan: &RestorePlan, inputs: &mut Inputs) -> Result<()> {
        let mut wanted: BTreeMap<String, BTreeSet<KindName>> = BTreeMap::new();
        for step in &plan.steps {
            for (id, kind) in far_ends(&step.action) {
                wanted.entry(id).or_default().insert(kind);
            }
            if matches!(step.action, WriteAction::Create { .. } | WriteAction::Delete) {
                for (id, kind) in self.parts_of_fact(step).await? {
                    wanted.entry(id).or_default().insert(kind);
                }
            }
        }
        for item in &inputs.items {
            let id = self.ids.rewrite(&item.key);
            let held = item.live.as_ref().or(item.wanted.as_ref());
            let name = held.and_then(|h| h.object.get(item.kind.name_property)).and_then(Value::as_str);
            inputs.names.extend(name.map(|n| (id.clone(), n.to_owned())));
            // Why not chosen objects: they were looked at already.
            if wanted.remove(&id).is_some() && item.live.is_none() {
                inputs.missing.insert(id);
            }
        }
        let reading = wanted.iter().map(|(id, kinds)| self.look(id, kinds).boxed());
        for (id, name, is_there) in all(reading.collect()).await? {
            inputs.names.extend(name.map(|n| (id.clone(), n)));
            if !is_there {
                inputs.missing.insert(id);
            }
        }
        Ok(())
    }

    async fn look(&self, id: &str, kinds: &BTreeSet<KindName>) -> Result<(String, Option<String>, bool)> {
        for kind in kinds {
            let kind = kind.row()?;
            // What cannot be looked at is not taken for missing: Graph says so, of this one alone, when it is written.
            let looked = self.live(kind, id, &[]).await;
            let Ok(looked) = self.or_unreadable(kind, id, "object", looked).await? else {
                return Ok((id.to_owned(), None, true));
            };
            if let Some(live) = looked {
                let name = live.object.get(kind.name_property).and_then(Value::as_str);
                return Ok((id.to_owned(), name.map(str::to_owned), true));
            }
        }
        Ok((id.to_owned(), None, false))
    }

    /// What a new role assignment refers to, as far as the snapshot knows what that is: a service principal is not
    /// among our kinds, and whether it is there is for Graph to say.
    async fn parts_of_fact(&self, step: &domain::restore::Step) -> Result<Vec<(String, KindName)>> {
        let kind = step.kind()?;
        let mut parts = Vec::new();
        let texts = kind.references.iter().zip(kind.references.iter().map(|r| r.property));
        for (reference, property) in texts {
            let side = |map: Option<&Value>| {
                let text = map.and_then(|m| m.get(property)).and_then(Value::as_str)?;
                text.strip_prefix(reference.prefix).filter(|t| !t.is_empty() && *t != "/").map(str::to_owned)
            };
            let Some(id) = side(step.after.as_ref().or(step.before.as_ref())) else { continue };
            // The snapshot knows it by the id that it had then.
            let old = step.key.split('|').map(|p| p.strip_prefix(reference.prefix).unwrap_or(p));
            let old = old.filter(|p| self.ids.resolve(p) == id).map(str::to_owned).next();
            for candidate in KINDS.iter().filter(|k| reference.kinds.contains(&k.name)) {
                if self.is_in_snapshot(candidate, old.as_deref().unwrap_or(&id)).await? {
                    parts.push((id.clone(), candidate.name));
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
