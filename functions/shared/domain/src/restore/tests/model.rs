//! A tenant as a table, and what the steps of a plan do to it.

use super::super::{Held, HeldLink, IdMap, RestorePlan, direct_licences};
use super::*;
use std::collections::BTreeMap;

/// Objects by kind and key.
pub(super) type Side = BTreeMap<(&'static str, String), Held>;

#[derive(Clone, Debug, Default)]
pub(super) struct Tenant {
    pub live: Side,
    pub bin: Side,
    /// Whether the recycle bin shows the properties of what is in it; its links it never does.
    pub shows_bin: bool,
    pub ids: IdMap,
    pub made: u32,
}

impl Tenant {
    /// All of a snapshot and all that is live, chosen whole.
    pub fn inputs(&self, snapshot: &Side) -> Inputs {
        let key_of = |kind: &'static str, id: &String| {
            let known = |(k, key): &&(&'static str, String)| *k == kind && self.ids.rewrite(key) == *id;
            snapshot.keys().find(known).map_or_else(|| id.clone(), |(_, key)| key.clone())
        };
        let live = self.live.keys().map(|(kind, id)| (*kind, key_of(kind, id)));
        let mut keys: Vec<(&'static str, String)> = snapshot.keys().cloned().chain(live).collect();
        keys.sort();
        keys.dedup();
        let item = |(kind, key): (&'static str, String)| {
            let id = self.ids.rewrite(&key);
            let at = (kind, id);
            let mut item =
                item(kind, &key, snapshot.get(&(kind, key.clone())).cloned(), self.live.get(&at).cloned());
            let binned = self.bin.get(&at).cloned();
            item.in_recycle_bin = binned.is_some();
            item.binned = binned.filter(|_| self.shows_bin).map(|held| Held { links: vec![], ..held });
            item
        };
        Inputs { items: keys.into_iter().map(item).collect(), ids: self.ids.clone(), ..exactly(vec![]) }
    }

    /// Executes a plan; panics where Graph would refuse a reference.
    pub fn apply(&mut self, plan: &RestorePlan) {
        let mut fresh = IdMap::default();
        for step in &plan.steps {
            let now = step.rewritten(&fresh).unwrap();
            let kind = now.kind().unwrap();
            let at = (kind.run(), now.id.clone());
            match &now.action {
                WriteAction::Undelete { .. } => {
                    let back = self.bin.remove(&at).expect("it is in the bin");
                    self.live.insert(at, back);
                }
                WriteAction::Adopt { old } => self.ids.insert(old.as_str(), now.id.as_str()),
                WriteAction::Create { body } if now.is_fact() => {
                    self.expect(&body["principalId"]);
                    self.live.insert(at, Held { object: body.clone(), links: vec![], ..Held::default() });
                }
                WriteAction::Create { body } => {
                    self.made += 1;
                    let new = format!("new{}", self.made);
                    fresh.insert(step.id.as_str(), new.as_str());
                    self.ids.insert(step.id.as_str(), new.as_str());
                    let mut object = body.clone();
                    object.insert("id".to_owned(), json!(new));
                    self.live.insert((kind.run(), new), Held { object, links: vec![], ..Held::default() });
                }
                WriteAction::Update { body, .. } => {
                    let object = &mut self.live.get_mut(&at).expect("it is there").object;
                    object.extend(body.clone());
                }
                WriteAction::Act { property, argument } => {
                    let object = &mut self.live.get_mut(&at).expect("it is there").object;
                    object.insert(property.clone(), argument.clone());
                }
                WriteAction::AddLinks { link, to } => {
                    let link = kinds::link(link).unwrap();
                    for end in to {
                        self.expect(&json!(end.id));
                        let held = self.live.get_mut(&at).expect("it is there");
                        held.links.retain(|l| {
                            l.link != link || (link.write != kinds::LinkWrite::Single && l.to != end.id)
                        });
                        let value = map(&json!({"@odata.type": "#microsoft.graph.user"}));
                        held.links.push(HeldLink { link, to: end.id.clone(), value });
                    }
                }
                WriteAction::RemoveLink { link, to } => {
                    let held = self.live.get_mut(&at).expect("it is there");
                    held.links.retain(|l| !(l.link.name == link && l.to == to.id));
                }
                WriteAction::RemoveOtherLinks { link, keep } => {
                    let held = self.live.get_mut(&at).expect("it is there");
                    let is_kept = |l: &HeldLink| keep.iter().any(|end| end.id == l.to);
                    held.links.retain(|l| l.link.name != link || is_kept(l));
                }
                WriteAction::Assign { link, assignments } => {
                    let link = kinds::link(link).unwrap();
                    for group in assignments.iter().filter_map(|a| a["target"].get("groupId")) {
                        self.expect(group);
                    }
                    let links = assignments.iter().map(|a| HeldLink {
                        link,
                        to: kinds::assignment_key(&a["target"]),
                        value: a.clone(),
                    });
                    self.live.get_mut(&at).expect("it is there").links = links.collect();
                }
                WriteAction::AssignLicences { add, remove } => {
                    let object = &mut self.live.get_mut(&at).expect("it is there").object;
                    let mut all = direct_licences(object);
                    if step.is_exact() {
                        all.clear();
                    }
                    all.retain(|l| !remove.iter().any(|r| l["skuId"] == **r));
                    all.retain(|l| !add.iter().any(|a| l["skuId"] == a["skuId"]));
                    all.extend(add.iter().cloned());
                    object.insert("assignedLicenses".to_owned(), json!(all));
                }
                // The model has no passes, and asks for none.
                WriteAction::IssuePass { .. } => panic!("nobody asked for a pass"),
                WriteAction::Delete => {
                    self.live.remove(&at).expect("it is there");
                    let gone = at.1;
                    for held in self.live.values_mut() {
                        held.links.retain(|l| l.to != gone);
                    }
                    self.live.retain(|(_, key), _| !key.starts_with(&format!("{gone}|")));
                }
            }
        }
    }

    fn expect(&self, id: &Value) {
        let id = id.as_str().unwrap();
        assert!(self.live.keys().any(|(_, key)| key == id), "{id} is referred to before it is there");
    }
}
