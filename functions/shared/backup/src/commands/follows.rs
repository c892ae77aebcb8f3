//! What follows from links and grants to an object, as a filter may ask about it: the groups that it is in, and the roles that it
//! holds. Nothing of it is stored with the object.
//!
//! Groups may form rings; each is come to once. Whoever administers a tenant decides how many groups there are and how they lie
//! in one another: all that is looked up ends at a given moment, and what was not looked up until then is not known.

use super::membership::{Group, Memberships};
use super::until::Until;
use crate::archive::{Named, SnapshotView, read_object};
use domain::Result;
use domain::filter::{Beliefs, Derived, Filter, memberships};
use domain::kinds::{KINDS, Kind, KindName, Term};
use domain::restore::is_in_force;
use domain::stored::Missing;
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashMap, HashSet};

/// How many names are looked up side by side.
const AT_ONCE: usize = 16;

/// That a principal holds a role, as a filter sees it but for the group that it is held through.
#[derive(Clone)]
struct Held {
    role: String,
    name: Named,
    scope: Value,
    is_eligible: bool,
}

/// Collections of the objects of one snapshot, made as they are asked for.
pub(super) struct Follows<'v> {
    view: &'v SnapshotView,
    asked: Vec<Derived>,
    /// Those of which the filter asks what the items are called.
    named: Vec<Derived>,
    members: Memberships<'v>,
    /// Who holds what, by the principal's id; none until somebody asks.
    grants: Option<HashMap<String, Vec<Held>>>,
    /// By the name of the kind's run and the id: objects that could not be read, and are called what they were called earlier.
    stale: HashSet<(&'v str, &'v str)>,
    /// What groups are called that came by while others were looked for.
    seen: HashMap<Group, Named>,
    /// Kinds of which an object hides its members.
    hiding: BTreeSet<KindName>,
}

impl<'v> Follows<'v> {
    /// Nothing yet; of what the filter asks about.
    pub fn of(view: &'v SnapshotView, filter: &Filter) -> Self {
        let asked: Vec<Derived> = filter.derived().collect();
        Self {
            view,
            named: asked.iter().copied().filter(|derived| filter.asks_names_of(*derived)).collect(),
            asked,
            members: Memberships::of(view),
            grants: None,
            stale: view.manifest().missing.iter().filter_map(Missing::object).collect(),
            seen: HashMap::new(),
            hiding: BTreeSet::new(),
        }
    }

    /// Whether the filter asks about any of it.
    pub fn is_asked(&self) -> bool {
        !self.asked.is_empty()
    }

    /// The kinds of which an object hides its members, of those that [`Self::doubt`] came to.
    pub fn hiding(&self) -> &BTreeSet<KindName> {
        &self.hiding
    }

    /// Adds to what is believed that members may hide: whoever is not known to be in such a group may be in it. Of an object that
    /// could not be read nothing is known but what an earlier snapshot had. Where all that cannot be looked up in time, they may
    /// be in anything.
    pub async fn doubt(&mut self, beliefs: &mut Beliefs, until: &Until) -> Result<()> {
        if self.is_asked() && !self.doubt_in_time(beliefs, until).await? {
            for derived in &self.asked {
                beliefs.may_have_any(*derived);
            }
        }
        Ok(())
    }

    async fn doubt_in_time(&mut self, beliefs: &mut Beliefs, until: &Until) -> Result<bool> {
        let mut hiding = BTreeSet::new();
        for derived in self.asked.clone() {
            for kind in derived.sources() {
                let missing = self.view.manifest().missing.iter().filter_map(Missing::object);
                for (_, id) in missing.filter(|(of, _)| *of == kind.run()) {
                    // Why any: who an assignment is for, and what a group is in and called that is not held, is not known.
                    if kind.grant().is_some() || !self.holds(kind, id).await? {
                        beliefs.may_have_any(derived);
                    } else {
                        hiding.insert((id.to_owned(), kind.name));
                    }
                }
            }
        }
        let Some(hidden) = self.list_hiding(until).await? else { return Ok(false) };
        self.hiding = hidden.iter().map(|(_, kind)| *kind).collect();
        hiding.extend(hidden);
        if hiding.is_empty() {
            return Ok(true);
        }
        let mut around = hiding.clone();
        // Why only then: there may be as many groups that hide as there are classes in all schools of a town.
        if self.asked != [Derived::MemberOf] {
            let ids = hiding.iter().map(|(id, _)| id.clone()).collect();
            let Some(above) = self.members.around(ids, until).await? else { return Ok(false) };
            around.extend(above);
        }
        for derived in self.asked.clone() {
            let rest = match derived {
                Derived::MemberOf => self.as_items(derived, &hiding, until).await?,
                Derived::TransitiveMemberOf => self.as_items(derived, &around, until).await?,
                Derived::RolesHeld => Some(self.roles_through(&around).await?),
            };
            let Some(rest) = rest else { return Ok(false) };
            beliefs.may_have(derived, rest);
        }
        Ok(true)
    }

    /// The groups that hide their members; none where that takes too long.
    async fn list_hiding(&mut self, until: &Until) -> Result<Option<BTreeSet<Group>>> {
        let (view, mut hiding) = (self.view, BTreeSet::new());
        for link in memberships() {
            let kind = link.from.row()?;
            if !view.covers(kind) || !view.manifest().may_lack_links(kind, link.relation) {
                continue;
            }
            let mut objects = view.opened(view.run(kind.run())?).await?.scan_far(b"").await?;
            while let Some((key, object)) = objects.next().await? {
                if until.is_over() {
                    return Ok(None);
                }
                let object = read_object(&object)?;
                if !view.manifest().knows_links(kind, link.relation, &object) {
                    let group = (String::from_utf8_lossy(&key).into_owned(), link.from);
                    // Why: each would be read once more, at random, for its name.
                    self.seen.insert(group.clone(), Named::of(kind, &object));
                    hiding.insert(group);
                }
            }
        }
        Ok(Some(hiding))
    }

    /// Whether the snapshot holds an object of that id, if only as an earlier one had it.
    async fn holds(&self, kind: &Kind, id: &str) -> Result<bool> {
        let Some(run) = self.view.find_run(kind.run()) else { return Ok(false) };
        Ok(self.view.find_record(run, id.as_bytes()).await?.is_some())
    }

    /// Adds to an object what the filter asks about; says whether it could in time.
    pub async fn add(&mut self, key: &str, object: &mut Map<String, Value>, until: &Until) -> Result<bool> {
        for derived in self.asked.clone() {
            let items = match derived {
                Derived::MemberOf => {
                    let groups = self.members.of_one(key).await?.into_iter().collect();
                    self.as_items(derived, &groups, until).await?
                }
                Derived::TransitiveMemberOf => {
                    let around = self.members.around([key.to_owned()].into(), until).await?;
                    let Some(groups) = around else { return Ok(false) };
                    self.as_items(derived, &groups, until).await?
                }
                Derived::RolesHeld => {
                    let around = self.members.around([key.to_owned()].into(), until).await?;
                    let Some(groups) = around else { return Ok(false) };
                    let mut roles = self.roles_of(key, None).await?;
                    roles.extend(self.roles_through(&groups).await?);
                    Some(roles)
                }
            };
            let Some(items) = items else { return Ok(false) };
            object.insert(derived.name().to_owned(), Value::Array(items));
        }
        Ok(true)
    }

    /// The groups as items; none where it takes too long to look up what they are called.
    async fn as_items(
        &self,
        derived: Derived,
        groups: &BTreeSet<Group>,
        until: &Until,
    ) -> Result<Option<Vec<Value>>> {
        // Why not for each filter: groups are read at random, and a large tenant has thousands.
        if !self.named.contains(&derived) {
            return Ok(Some(groups.iter().map(|(id, _)| json!({ "id": id })).collect()));
        }
        let looks: Vec<_> = groups.iter().map(|group| self.as_item(group, until)).collect();
        let items: Vec<Option<Value>> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
        Ok(items.into_iter().collect())
    }

    /// A group with its name; none where the time is over.
    async fn as_item(&self, group: &Group, until: &Until) -> Result<Option<Value>> {
        if until.is_over() {
            return Ok(None);
        }
        let named = match self.seen.get(group) {
            Some(named) if !self.is_stale(group.1, &group.0) => named.clone(),
            _ => self.find_name(&[group.1], &group.0).await?,
        };
        Ok(Some(with_name(json!({ "id": group.0 }), &named)))
    }

    fn is_stale(&self, kind: KindName, id: &str) -> bool {
        kind.row().is_ok_and(|kind| self.stale.contains(&(kind.run(), id)))
    }

    /// What an object of one of these kinds is called, where that could be read.
    async fn find_name(&self, kinds: &[KindName], id: &str) -> Result<Named> {
        if kinds.iter().any(|kind| self.is_stale(*kind, id)) {
            return Ok(Named::Nobody);
        }
        self.view.find_named(kinds, id).await
    }

    async fn roles_through(&mut self, groups: &BTreeSet<Group>) -> Result<Vec<Value>> {
        let mut roles = Vec::new();
        for (group, _) in groups {
            roles.extend(self.roles_of(group, Some(group.as_str())).await?);
        }
        Ok(roles)
    }

    /// The roles that are given to a principal, as they are shown of whoever holds them through it.
    async fn roles_of(&mut self, principal: &str, through: Option<&str>) -> Result<Vec<Value>> {
        if self.grants.is_none() {
            self.grants = Some(self.list_grants().await?);
        }
        let held = self.grants.as_ref().and_then(|grants| grants.get(principal)).into_iter().flatten();
        let item = |held: &Held| {
            let item = json!({
                "id": held.role, "directoryScopeId": held.scope, "isEligible": held.is_eligible, "through": through,
            });
            with_name(item, &held.name)
        };
        Ok(held.map(item).collect())
    }

    /// Who holds what, when the snapshot was begun. Why all at once: a tenant has few of them, beside its people.
    async fn list_grants(&self) -> Result<HashMap<String, Vec<Held>>> {
        let (mut grants, at): (HashMap<String, Vec<Held>>, _) =
            (HashMap::new(), self.view.manifest().started_at);
        for kind in KINDS.iter().filter(|kind| self.view.covers(kind)) {
            let Some(grant) = kind.grant() else { continue };
            let of_roles = kind.reference(grant.role).map_or(&[][..], |reference| reference.kinds);
            let mut facts = self.view.opened(self.view.run(kind.run())?).await?.scan(b"").await?;
            while let Some((_, fact)) = facts.next().await? {
                let fact = read_object(&fact)?;
                // Why: schedules are listed before they begin, and some after they have ended.
                if !is_in_force(&fact, at) {
                    continue;
                }
                let text = |property: &str| {
                    fact.get(property).and_then(Value::as_str).unwrap_or_default().to_owned()
                };
                let role = text(grant.role);
                let name = if self.named.contains(&Derived::RolesHeld) {
                    self.find_name(of_roles, &role).await?
                } else {
                    Named::Nobody
                };
                grants.entry(text(grant.principal)).or_default().push(Held {
                    name,
                    role,
                    scope: fact.get(grant.scope).cloned().unwrap_or_default(),
                    is_eligible: grant.term == Term::Eligible,
                });
            }
        }
        Ok(grants)
    }
}

/// An item with its name; without one where that is not known, so that what asks about it is left open.
fn with_name(mut item: Value, named: &Named) -> Value {
    if let Named::Object(name) = named {
        item["displayName"] = json!(name);
    }
    item
}
