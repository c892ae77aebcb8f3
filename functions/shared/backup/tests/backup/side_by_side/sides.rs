//! What two snapshots hold: as a test says, or by chance.

use domain::kinds;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub type Run = BTreeMap<String, String>;

/// What the two snapshots hold, by run, and what was created again.
#[derive(Default)]
pub struct Sides {
    pub runs: BTreeMap<String, (Run, Run)>,
    pub new_ids: Vec<(String, String)>,
}

/// The id of that number.
pub fn id(n: usize) -> String {
    // Why: ids that do not ascend with their numbers, as Graph's.
    let mixed = (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{:08x}-{:04x}-4000-8000-{n:012x}", mixed >> 32, mixed & 0xffff)
}

pub fn kinds_of() -> [&'static str; 6] {
    ["users", "groups", "administrativeUnits", "admins", "activeAdmins", "DeviceConfiguration"]
}

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
    /// Before and after: of four, two stay, one goes and one comes.
    fn sides(&mut self) -> (bool, bool) {
        [(true, true), (true, true), (true, false), (false, true)][self.below(4)]
    }
}

impl Sides {
    pub fn put(&mut self, run: &str, key: &str, before: Option<Value>, after: Option<Value>) {
        let (old, new) = self.runs.entry(run.to_owned()).or_default();
        old.extend(before.map(|v| (key.to_owned(), v.to_string())));
        new.extend(after.map(|v| (key.to_owned(), v.to_string())));
    }

    pub fn object(&mut self, kind: &str, key: &str, before: Option<Value>, after: Option<Value>) {
        self.put(kind, key, before, after);
    }

    /// A directory in which every sort of change happens, some of it to what was created again.
    pub fn random(seed: u64) -> Self {
        Self::by_chance(seed, true)
    }

    /// The same where nothing was created again.
    pub fn without_new_ids(seed: u64) -> Self {
        Self::by_chance(seed, false)
    }

    fn by_chance(seed: u64, creates_again: bool) -> Self {
        let (mut dice, mut sides) = (Dice(seed), Self::default());
        for name in kinds_of() {
            sides.runs.entry(name.to_owned()).or_default();
            for link in kinds::get(name).unwrap().links {
                sides.runs.entry(link.name.to_owned()).or_default();
            }
            for facet in kinds::get(name).unwrap().facets() {
                sides.runs.entry(format!("{name}.{facet}")).or_default();
            }
        }
        let ranges = [
            ("users", 0..14),
            ("groups", 14..22),
            ("administrativeUnits", 22..26),
            ("DeviceConfiguration", 26..30),
        ];
        for (kind, range) in ranges {
            for n in range {
                sides.random_object(&mut dice, kind, n, creates_again);
            }
        }
        for (link, from, to) in [
            ("users.manager", 0..14, 0..14),
            ("groups.members", 14..22, 0..22),
            ("groups.owners", 14..22, 0..14),
            ("administrativeUnits.members", 22..26, 0..14),
            ("DeviceConfiguration.assignments", 26..30, 14..22),
        ] {
            for near in from {
                for far in to.clone() {
                    if dice.one_in(3) {
                        sides.random_link(&mut dice, link, near, far);
                    }
                }
            }
        }
        for _ in 0..10 {
            let (user, role, unit) = (dice.below(14), 60 + dice.below(3), dice.below(3));
            let scope = if unit == 0 { format!("/administrativeUnits/{}", id(22)) } else { "/".into() };
            for kind in ["admins", "activeAdmins"] {
                let (before, after) = dice.sides();
                let now = if after && !before { sides.newest(&id(user)) } else { id(user) };
                let key = format!("{now}|{}|{scope}|", id(role));
                let fact = |v: usize| {
                    json!({ "id": format!("fact{user}"), "principalId": now, "roleDefinitionId": id(role),
                    "directoryScopeId": scope, "memberType": "Direct", "condition": v.to_string() })
                };
                let (one, other) = (dice.below(2), dice.below(2));
                sides.put(kind, &key, before.then(|| fact(one)), after.then(|| fact(other)));
            }
        }
        sides
    }

    fn newest(&self, id: &str) -> String {
        let mut id = id.to_owned();
        while let Some((_, next)) = self.new_ids.iter().find(|(old, _)| *old == id) {
            id.clone_from(next);
        }
        id
    }

    fn random_object(&mut self, dice: &mut Dice, kind: &str, n: usize, creates_again: bool) {
        let object = |id: &str, v: usize| {
            json!({ "id": id, "displayName": format!("{kind} {n}"), "description": format!("says {v}"),
                "isAssignableToRole": n.is_multiple_of(5), "createdDateTime": format!("2026-01-0{}T00:00:00Z", v + 1),
                "assignedPlans": [v] })
        };
        let (one, other) = (dice.below(3), dice.below(3));
        let (before, after) = dice.sides();
        if creates_again && dice.one_in(4) {
            // Created again, once or twice; now and then what was there before is there again as well.
            let again = id(n + 100 + 100 * dice.below(2));
            self.new_ids.push((id(n), again.clone()));
            let last = if dice.one_in(3) { id(n + 400) } else { again.clone() };
            if last != again {
                self.new_ids.push((again, last.clone()));
            }
            let stays = dice.one_in(4).then(|| object(&id(n), other));
            self.put(kind, &id(n), Some(object(&id(n), one)), stays);
            self.put(kind, &last, None, after.then(|| object(&last, other)));
            if kind == "users" {
                self.put("users.customSecurityAttributes", &id(n), Some(json!({ "a": one })), None);
                self.put("users.customSecurityAttributes", &last, None, after.then(|| json!({ "a": other })));
            }
            return;
        }
        self.put(kind, &id(n), before.then(|| object(&id(n), one)), after.then(|| object(&id(n), other)));
        if kind == "users" && dice.one_in(2) {
            let side = |there: bool, v: usize| there.then(|| json!({ "a": v }));
            let (one, other) = (side(before && dice.one_in(2), one), side(after, other));
            self.put("users.customSecurityAttributes", &id(n), one, other);
        }
    }

    fn random_link(&mut self, dice: &mut Dice, link: &str, near: usize, far: usize) {
        let says = |v: usize| json!({ "@odata.type": if far < 14 { "#microsoft.graph.user" } else { "#microsoft.graph.group" }, "filter": v });
        let (before, after) = dice.sides();
        let (one, other) = (dice.below(2), dice.below(2));
        let suffix = if link.starts_with("Device") && dice.one_in(3) { "!exclude" } else { "" };
        let key = |near: &str, far: &str| format!("{near}/{far}{suffix}");
        let old = key(&id(near), &id(far));
        let new = key(&self.newest(&id(near)), &self.newest(&id(far)));
        if old == new || dice.one_in(5) {
            self.put(link, &old, before.then(|| says(one)), after.then(|| says(other)));
        } else {
            self.put(link, &old, before.then(|| says(one)), None);
            self.put(link, &new, None, after.then(|| says(other)));
        }
    }
}
