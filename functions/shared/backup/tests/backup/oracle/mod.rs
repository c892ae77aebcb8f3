//! A comparison that holds everything at once: what the one in pieces is held against.

mod matching;
#[path = "../../../src/diff_snapshots/naming.rs"]
mod naming;

use backup::archive::{Differences, SnapshotView, TenantArchive, read_object};
use domain::changes::{Change, Class, LinkChange, Rating, What, compare_objects, equal_values};
use domain::kinds::{Kind, LinkType, LinkWrite};
use domain::{Error, Result};
use matching::NewIds;
use naming::Names;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Two opened snapshots of one tenant.
pub struct Comparison<'a> {
    pub archive: &'a TenantArchive,
    pub before: &'a SnapshotView,
    pub after: &'a SnapshotView,
    pub new_ids: &'a HashMap<String, String>,
}

/// The two sides of an object, by the key that it has now.
#[derive(Default)]
struct Pair {
    old_key: Option<String>,
    before: Option<Map<String, Value>>,
    after: Option<Map<String, Value>>,
}

impl Comparison<'_> {
    /// Every change of those kinds, ordered by kind (as in the table), then by key.
    pub async fn changes(&self, kinds: &[&'static Kind]) -> Result<Vec<Change>> {
        let mut by_kind: Vec<(&'static Kind, BTreeMap<String, Change>)> = Vec::new();
        let mut came_or_went: HashMap<String, u64> = HashMap::new();
        for kind in kinds {
            let found = self.objects(kind).await?;
            for (key, change) in &found {
                if change.what != What::Modified {
                    came_or_went.insert(key.clone(), 0);
                }
            }
            by_kind.push((kind, found));
        }
        for (kind, changes) in &mut by_kind {
            for link in kind.links {
                self.links(kind, link, changes, &mut came_or_went).await?;
            }
        }
        fold_schedules(&mut by_kind);
        let mut all: Vec<Change> =
            by_kind.into_iter().flat_map(|(_, changes)| changes.into_values()).collect();
        for change in &mut all {
            let key = change.new_key.as_ref().unwrap_or(&change.key);
            change.consequences += came_or_went.get(key).copied().unwrap_or(0);
        }
        Ok(all)
    }

    /// Changes of the objects of one kind, by the key that they have now.
    async fn objects(&self, kind: &'static Kind) -> Result<BTreeMap<String, Change>> {
        let ids = NewIds(self.new_ids);
        let mut pairs: BTreeMap<String, Pair> = BTreeMap::new();
        if kind.grant().is_some() {
            return self.facts(kind).await;
        }
        let mut names: Vec<String> = vec![kind.name.to_string()];
        names.extend(kind.facets().map(|f| format!("{}.{f}", kind.name)));
        for run in names {
            let facet = run.strip_prefix(kind.run()).and_then(|r| r.strip_prefix('.'));
            let (before, after) =
                (self.before.manifest().runs.get(&run), self.after.manifest().runs.get(&run));
            if before.is_none() || after.is_none() {
                continue;
            }
            let mut differences = Differences::new(self.archive, before, after).await?;
            while let Some(difference) = differences.next().await? {
                let key = text(difference.key)?;
                if let Some(value) = difference.before {
                    let pair = pairs.entry(ids.key(kind, &key)).or_default();
                    pair.old_key = Some(key.clone());
                    lay(&mut pair.before, facet, &value)?;
                }
                if let Some(value) = difference.after {
                    let pair = pairs.entry(ids.key(kind, &key)).or_default();
                    lay(&mut pair.after, facet, &value)?;
                }
            }
        }
        let mut changes = BTreeMap::new();
        for (key, pair) in pairs {
            if let Some(change) = self.object_change(kind, &key, pair).await? {
                changes.insert(key, change);
            }
        }
        Ok(changes)
    }

    /// Changes of roles that are given: of each all there is on both sides.
    async fn facts(&self, kind: &'static Kind) -> Result<BTreeMap<String, Change>> {
        let ids = NewIds(self.new_ids);
        let mut pairs: BTreeMap<String, Pair> = BTreeMap::new();
        for (view, is_before) in [(self.before, true), (self.after, false)] {
            let mut all = view.list_where(kind, |_| true).await?;
            // What is there by the key of now goes before what is there by a former one.
            all.sort_by_key(|(key, _)| ids.key(kind, key) != *key);
            for (key, fact) in all {
                if self.is_nobodys(view, &fact).await? {
                    continue;
                }
                let pair = pairs.entry(ids.key(kind, &key)).or_default();
                if is_before && pair.before.is_none() {
                    (pair.old_key, pair.before) = (Some(key), Some(fact));
                } else if !is_before && pair.after.is_none() {
                    pair.after = Some(fact);
                }
            }
        }
        let mut changes = BTreeMap::new();
        for (key, pair) in pairs {
            if let Some(change) = self.object_change(kind, &key, pair).await? {
                changes.insert(key, change);
            }
        }
        Ok(changes)
    }

    /// Whether a role is listed by the former id of its holder, or of what it is held over, and they are not there by that.
    async fn is_nobodys(&self, view: &SnapshotView, fact: &Map<String, Value>) -> Result<bool> {
        for (property, kinds) in
            [("principalId", &["users", "groups"][..]), ("directoryScopeId", &["administrativeUnits"])]
        {
            let id = fact[property].as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default();
            let mut is_gone = self.new_ids.contains_key(id);
            for kind in kinds {
                let kind = support::kind(kind);
                is_gone &= view.covers(kind) && view.find_object(kind, id).await?.is_none();
            }
            if is_gone {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn object_change(&self, kind: &'static Kind, key: &str, pair: Pair) -> Result<Option<Change>> {
        let ids = NewIds(self.new_ids);
        let old_key = pair.old_key.unwrap_or_else(|| key.to_owned());
        // A facet can come or go with an object that stays, so presence is asked of the objects' own run.
        let is_fact = kind.grant().is_some();
        let is_before = is_object(pair.before.as_ref())
            || !is_fact && self.before.find_object(kind, &old_key).await?.is_some();
        let is_after =
            is_object(pair.after.as_ref()) || !is_fact && self.after.find_object(kind, key).await?.is_some();
        let (what, attributes, known) = match (is_before, is_after) {
            (false, false) => return Ok(None),
            (false, true) => (What::Created, Vec::new(), pair.after),
            (true, false) => (What::Deleted, Vec::new(), pair.before),
            (true, true) => {
                let before = ids.object(kind, pair.before.unwrap_or_default());
                let after = pair.after.unwrap_or_default();
                let mut attributes = compare_objects(kind, &before, &after);
                let unknown = |view: &SnapshotView, p: &str, o| view.manifest().is_unknown(kind, p, o);
                attributes.retain(|a| {
                    !unknown(self.before, &a.property, &before) && !unknown(self.after, &a.property, &after)
                });
                if old_key != key {
                    // Why: what the service gives a new object cannot be given back.
                    attributes.retain(|a| !kind.read_only.contains(&a.property.as_str()));
                }
                if attributes.is_empty() {
                    return Ok(None);
                }
                (What::Modified, attributes, None)
            }
        };
        let mut change = self.change(kind, (&old_key, key), what, known).await?;
        change.attributes = attributes;
        Ok(Some(change))
    }

    async fn change(
        &self,
        kind: &'static Kind,
        (old_key, key): (&str, &str),
        what: What,
        known: Option<Map<String, Value>>,
    ) -> Result<Change> {
        // What came under a former id is in no run by the newest: what is known of it says what it is.
        let mut object = known.filter(|known| is_object(Some(known)));
        if object.is_none() {
            object = self.after.find_object(kind, key).await?;
        }
        if object.is_none() {
            object = self.before.find_object(kind, old_key).await?;
        }
        let object = object.unwrap_or_default();
        let name = Names::new([self.after, self.before].into_iter()).of(kind, &object).await?;
        let role_assignable = kind.name == support::kind("groups").name
            && object.get("isAssignableToRole") == Some(&Value::Bool(true));
        Ok(Change {
            kind: kind.name.into(),
            key: old_key.to_owned(),
            new_key: (old_key != key).then(|| key.to_owned()),
            name,
            what,
            attributes: Vec::new(),
            links: Vec::new(),
            ends_at: None,
            since: None,
            consequences: 0,
            privileged: kind.privileged || role_assignable,
            rating: Rating::default(),
        })
    }

    /// Adds the links of one type that differ to the changes of the objects that they lead from.
    async fn links(
        &self,
        kind: &'static Kind,
        link: &'static LinkType,
        changes: &mut BTreeMap<String, Change>,
        came_or_went: &mut HashMap<String, u64>,
    ) -> Result<()> {
        let ids = NewIds(self.new_ids);
        let run = |view: &SnapshotView| view.manifest().runs.get(link.name).cloned();
        let (before, after) = (run(self.before), run(self.after));
        if before.is_none() || after.is_none() {
            return Ok(());
        }
        let mut differences = Differences::new(self.archive, before.as_ref(), after.as_ref()).await?;
        let mut sides: BTreeMap<(String, String), (Option<Value>, Option<Value>)> = BTreeMap::new();
        let mut old_keys: HashMap<String, String> = HashMap::new();
        while let Some(difference) = differences.next().await? {
            let key = text(difference.key)?;
            let (from, to) = key.split_once('/').ok_or_else(|| Error::corrupt("a link has no end"))?;
            if let Some(value) = difference.before {
                let now = ids.newest(from).to_owned();
                old_keys.insert(now.clone(), from.to_owned());
                let value = ids.value(Value::Object(read_object(&value)?));
                sides.entry((now, ids.within(to))).or_default().0 = Some(value);
            }
            if let Some(value) = difference.after {
                let value = Value::Object(read_object(&value)?);
                sides.entry((from.to_owned(), to.to_owned())).or_default().1 = Some(value);
            }
        }
        let names = Names::new([self.after, self.before].into_iter());
        for ((from, to), (before, after)) in sides {
            let what = match (&before, &after) {
                (Some(b), Some(a)) if link_says_the_same(b, a) => continue,
                (Some(_), Some(_)) => What::Modified,
                (Some(_), None) => What::Deleted,
                (None, _) => What::Created,
            };
            let far = to.split('!').next().unwrap_or(&to).to_owned();
            // What gives rights is told where it is given, whoever is new or gone.
            let is_of_rights = self.is_role_assignable(kind, &from).await?;
            let gives_rights = what == What::Created && is_of_rights;
            // A link to what was gone before, or is held nowhere, tells nothing new.
            let may_be_dead =
                what == What::Deleted || what == What::Created && link.write == LinkWrite::AssignAll;
            if may_be_dead && self.is_held_nowhere(link, &far, before.as_ref()).await? {
                continue;
            }
            // A link that comes or goes with one of its ends is a consequence of that.
            if let Some(count) = came_or_went.get_mut(&from).filter(|_| !is_of_rights) {
                *count += 1;
                continue;
            }
            if let Some(count) = came_or_went.get_mut(&far).filter(|_| !gives_rights) {
                *count += 1;
                continue;
            }
            if !changes.contains_key(&from) {
                let old_key = old_keys.get(&from).unwrap_or(&from);
                changes
                    .insert(from.clone(), self.change(kind, (old_key, &from), What::Modified, None).await?);
            }
            let to_name = names.of_end(link, &to).await?;
            if let Some(change) = changes.get_mut(&from) {
                change.links.push(LinkChange {
                    link: link.name.to_owned(),
                    to,
                    to_name,
                    what,
                    before,
                    after,
                    class: Class::default(),
                });
            }
        }
        Ok(())
    }
}

impl Comparison<'_> {
    async fn is_role_assignable(&self, kind: &'static Kind, key: &str) -> Result<bool> {
        if kind.name != support::kind("groups").name {
            return Ok(false);
        }
        let group = self.after.find_object(kind, key).await?;
        let group = if group.is_none() { self.before.find_object(kind, key).await? } else { group };
        Ok(group.is_some_and(|g| g.get("isAssignableToRole") == Some(&Value::Bool(true))))
    }

    /// Whether the far end is of a kind that both sides hold, and neither has it: it is in the recycle bin or
    /// gone, since before the earlier side. Whether Graph still lists such a link is not documented.
    async fn is_held_nowhere(&self, link: &LinkType, far: &str, said: Option<&Value>) -> Result<bool> {
        let kind = match said.and_then(|v| v.get("@odata.type")).and_then(Value::as_str) {
            Some("#microsoft.graph.user") => support::kind("users"),
            Some("#microsoft.graph.group") => support::kind("groups"),
            None if link.to.len() == 1 => link.to[0].row()?,
            _ => return Ok(false),
        };
        if !(self.before.covers(kind) && self.after.covers(kind)) {
            return Ok(false);
        }
        if !domain::ids::is_guid(far) {
            return Ok(false);
        }
        Ok(self.before.find_object(kind, far).await?.is_none()
            && self.after.find_object(kind, far).await?.is_none())
    }
}

/// Two readings of one link: what the service numbers and dates is not what it says.
fn link_says_the_same(before: &Value, after: &Value) -> bool {
    let said = |value: &Value| {
        let mut map = value.as_object().cloned().unwrap_or_default();
        map.retain(|k, _| !["id", "source", "sourceId", "@odata.type", "@odata.id"].contains(&k.as_str()));
        Value::Object(map)
    };
    equal_values(&said(before), &said(after))
}

/// A role that is given without an end is a role assignment, and may be an active schedule as well: one
/// fact, told once.
fn fold_schedules(by_kind: &mut [(&'static Kind, BTreeMap<String, Change>)]) {
    let told: HashSet<(String, What)> = by_kind
        .iter()
        .filter(|(kind, _)| kind.name == support::kind("admins").name)
        .flat_map(|(_, changes)| changes.values().map(|c| (c.key.clone(), c.what)))
        .collect();
    for (_, changes) in by_kind.iter_mut().filter(|(kind, _)| kind.name == support::kind("activeAdmins").name)
    {
        changes.retain(|_, change| !told.contains(&(change.key.clone(), change.what)));
    }
}

fn is_object(side: Option<&Map<String, Value>>) -> bool {
    side.is_some_and(|o| o.contains_key("id"))
}

/// Lays a record over its side: the object's own, or one property of it.
fn lay(side: &mut Option<Map<String, Value>>, facet: Option<&str>, value: &[u8]) -> Result<()> {
    let object = side.get_or_insert_with(Map::new);
    match facet {
        None => object.extend(read_object(value)?),
        Some(property) => {
            let value = serde_json::from_slice(value)
                .map_err(|e| Error::corrupt("a stored value cannot be read").caused_by(e))?;
            object.insert(property.to_owned(), value);
        }
    }
    Ok(())
}

fn text(key: Vec<u8>) -> Result<String> {
    String::from_utf8(key).map_err(|_| Error::corrupt("a key is not text"))
}
