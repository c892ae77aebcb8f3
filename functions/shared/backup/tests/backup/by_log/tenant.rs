//! A tenant in which anything happens by chance to objects of every kind in the table, to their facets and their links.

use crate::chain::State;
use crate::side_by_side::{Run, id};
use domain::kinds::{Identity, KINDS, Kind, KindName, LinkWrite};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The same seed makes the same choices.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
    fn any<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        (!of.is_empty()).then(|| of[self.below(of.len())].clone())
    }
}

type Object = Map<String, Value>;

/// What a snapshot holds, and what was created again before it.
pub struct Moment {
    pub state: State,
    pub new_ids: Vec<(&'static str, String, String)>,
    /// Whether the token is not known to be allowed to see what needs a permission of its own.
    pub is_blind: bool,
}

pub struct Tenant {
    dice: Dice,
    objects: BTreeMap<(KindName, String), Object>,
    bin: BTreeMap<(KindName, String), Object>,
    gone: Vec<(&'static Kind, String, Object)>,
    links: BTreeMap<(&'static str, String, String), Value>,
    facets: BTreeMap<(String, String), Value>,
    new_ids: Vec<(&'static str, String, String)>,
    made: usize,
    /// What Graph gives of every object since.
    everywhere: usize,
}

impl Tenant {
    pub fn new(seed: u64) -> Self {
        let mut tenant = Self {
            dice: Dice(seed),
            objects: BTreeMap::new(),
            bin: BTreeMap::new(),
            gone: Vec::new(),
            links: BTreeMap::new(),
            facets: BTreeMap::new(),
            new_ids: Vec::new(),
            made: 0,
            everywhere: 0,
        };
        let by_id = KINDS.into_iter().filter(|kind| kind.identity == Identity::Id);
        for kind in by_id.chain(KINDS.into_iter().filter(|kind| kind.identity != Identity::Id)) {
            for _ in 0..4 {
                tenant.make(kind);
            }
        }
        for _ in 0..40 {
            tenant.link();
            tenant.set_facet();
        }
        tenant
    }

    /// The next snapshot, after some things have happened.
    pub fn next(&mut self) -> Moment {
        for _ in 0..self.dice.below(14) {
            self.happen();
        }
        self.everywhere += usize::from(self.dice.one_in(6));
        Moment {
            state: self.state(),
            new_ids: std::mem::take(&mut self.new_ids),
            is_blind: self.dice.one_in(6),
        }
    }

    fn keys(&self, kind: KindName) -> Vec<String> {
        self.objects.keys().filter(|(of, _)| *of == kind).map(|(_, key)| key.clone()).collect()
    }

    fn any_of(&mut self, kinds: &[KindName]) -> Option<(KindName, String)> {
        let all: Vec<_> = self.objects.keys().filter(|(kind, _)| kinds.contains(kind)).cloned().collect();
        self.dice.any(&all)
    }

    fn make(&mut self, kind: &'static Kind) {
        self.made += 1;
        let own = id(self.made);
        let mut object = Map::from_iter([("id".to_owned(), json!(own))]);
        for property in kind.selected() {
            object.insert(property.to_owned(), json!(null));
        }
        for property in kind.told_by() {
            object.insert(property.to_owned(), json!(format!("{property} {}", self.made)));
        }
        match kind.odata_type {
            Some(of_type) if self.dice.one_in(2) => object.insert("@odata.type".to_owned(), json!(of_type)),
            _ => object.remove("@odata.type"),
        };
        let key = match kind.identity {
            Identity::Id => own,
            Identity::Natural(parts) => {
                for part in parts {
                    object.insert((*part).to_owned(), json!(""));
                }
                for reference in kind.references {
                    if reference.prefix.is_empty() || self.dice.one_in(2) {
                        let Some((_, end)) = self.any_of(reference.kinds) else { continue };
                        let text = format!("{}{end}", reference.prefix);
                        object.insert(reference.property.to_owned(), json!(text));
                    }
                }
                let texts = parts.iter().map(|part| object[*part].as_str().unwrap_or_default());
                texts.collect::<Vec<_>>().join("|")
            }
        };
        for _ in 0..3 {
            self.say(kind, &mut object);
        }
        self.objects.insert((kind.name, key), object);
    }

    /// Sets a property: what it is told by, what is observed, what changes by itself, or any other.
    fn say(&mut self, kind: &'static Kind, object: &mut Object) {
        let fixed: BTreeSet<&str> = kind.references.iter().map(|r| r.property).collect();
        let mut all: Vec<&str> =
            kind.selected().chain(kind.told_by()).chain(kind.volatile.iter().copied()).collect();
        all.extend(kind.telling.observed.iter().map(|seen| seen.property));
        all.extend(["description", "settings", "roleScopeTagIds", "condition"]);
        all.retain(|property| !fixed.contains(property) && !["id", "@odata.type"].contains(property));
        // Relations are in runs of their own.
        all.retain(|property| kind.links.iter().all(|link| link.relation != *property));
        let Some(property) = self.dice.any(&all) else { return };
        let some = self.dice.below(3);
        let value = match self.dice.below(8) {
            0 => json!(null),
            1 => json!([]),
            2 => json!(some == 0),
            3 => {
                json!([{ "skuId": format!("s{some}"), "assignedByGroup": id(some), "lastUpdatedDateTime": self.made }])
            }
            4 => {
                json!([{ "id": self.made.to_string(), "settingInstance": { "settingDefinitionId": "d", "value": some } }])
            }
            5 => json!({ "a": some, "b": { "c": [some] } }),
            6 if kind.name_property != property => {
                object.remove(property);
                return;
            }
            _ => json!(format!("says {some}")),
        };
        object.insert(property.to_owned(), value);
    }

    fn take(&mut self, kind: KindName, key: &str) -> Object {
        self.links.retain(|(_, from, to), _| from != key && to.split('!').next() != Some(key));
        self.facets.retain(|(_, of), _| of != key);
        self.objects.remove(&(kind, key.to_owned())).unwrap()
    }

    fn happen(&mut self) {
        let kind = KINDS[self.dice.below(KINDS.len())];
        let Some(key) = self.dice.any(&self.keys(kind.name)) else { return self.make(kind) };
        let is_by_id = kind.identity == Identity::Id;
        match self.dice.below(12) {
            0 => self.make(kind),
            1 if kind.writing.recycle_bin.is_some() => {
                let object = self.take(kind.name, &key);
                self.bin.insert((kind.name, key), object);
            }
            2 => {
                let object = self.take(kind.name, &key);
                if is_by_id {
                    self.gone.push((kind, key, object));
                }
            }
            3 => {
                if let Some((place, object)) = self.bin.pop_first() {
                    self.objects.insert(place, object);
                }
            }
            4 => drop(self.bin.pop_last()),
            5 => {
                if let Some((kind, old, mut object)) = self.gone.pop() {
                    self.made += 1;
                    let new = id(self.made);
                    object.insert("id".to_owned(), json!(new));
                    self.say(kind, &mut object);
                    self.objects.insert((kind.name, new.clone()), object);
                    self.new_ids.push((kind.run(), old, new));
                }
            }
            6 | 7 => self.link(),
            8 => self.set_facet(),
            _ => {
                let mut object = self.objects[&(kind.name, key.clone())].clone();
                self.say(kind, &mut object);
                self.objects.insert((kind.name, key), object);
            }
        }
    }

    fn link(&mut self) {
        let all: Vec<_> = domain::kinds::links().collect();
        let Some(link) = self.dice.any(&all) else { return };
        let Some((_, from)) = self.any_of(&[link.from]) else { return };
        let Some((far, mut to)) = self.any_of(link.to) else { return };
        if link.write == LinkWrite::AssignAll && self.dice.one_in(3) {
            to += "!exclude";
        }
        let place = (link.name, from, to);
        if self.links.contains_key(&place) && self.dice.one_in(2) {
            self.links.remove(&place);
        } else {
            let of_type = KINDS.into_iter().find(|kind| kind.name == far).and_then(|kind| kind.odata_type);
            let says = json!({ "@odata.type": of_type, "id": self.made, "filter": self.dice.below(3) });
            self.links.insert(place, says);
        }
    }

    fn set_facet(&mut self) {
        let all: Vec<_> = KINDS.into_iter().flat_map(|kind| kind.facets().map(move |f| (kind, f))).collect();
        let Some((kind, facet)) = self.dice.any(&all) else { return };
        let Some((_, key)) = self.any_of(&[kind.name]) else { return };
        let place = (kind.part(facet), key);
        if self.dice.one_in(4) {
            self.facets.remove(&place);
        } else {
            self.facets.insert(place, json!({ "a": self.dice.below(3) }));
        }
    }

    /// What a snapshot holds; now and then a kind, or a run, cannot be read.
    fn state(&mut self) -> State {
        let mut state = State::new();
        for kind in KINDS {
            state.insert(kind.run().to_owned(), Run::new());
            for facet in kind.facets() {
                state.insert(kind.part(facet), Run::new());
            }
            for link in kind.links {
                state.insert(link.name.to_owned(), Run::new());
            }
            if kind.writing.recycle_bin.is_some() && !self.dice.one_in(8) {
                let binned = self.bin.keys().filter(|(of, _)| *of == kind.name);
                let binned = binned.map(|(_, key)| (key.clone(), String::new())).collect();
                state.insert(format!("{}.bin", kind.run()), binned);
            }
        }
        let more = |object: &Object| {
            let new = (0..self.everywhere).map(|n| (format!("new{n}"), json!({ "since": n })));
            Value::Object(object.clone().into_iter().chain(new).collect()).to_string()
        };
        for ((kind, key), object) in &self.objects {
            let kind = kind.row().unwrap();
            let text =
                if kind.selected().next().is_none() { more(object) } else { json!(object).to_string() };
            state.get_mut(kind.run()).unwrap().insert(key.clone(), text);
        }
        for ((link, from, to), value) in &self.links {
            state.get_mut(*link).unwrap().insert(format!("{from}/{to}"), value.to_string());
        }
        for ((facet, key), value) in &self.facets {
            state.get_mut(facet).unwrap().insert(key.clone(), value.to_string());
        }
        if self.dice.one_in(3) {
            let lost = KINDS[self.dice.below(KINDS.len())].run();
            state.retain(|run, _| run != lost && !run.starts_with(&format!("{lost}.")));
        }
        if self.dice.one_in(3) {
            let parts: Vec<String> = state.keys().filter(|run| run.contains('.')).cloned().collect();
            state.remove(&self.dice.any(&parts).unwrap());
        }
        state
    }
}
