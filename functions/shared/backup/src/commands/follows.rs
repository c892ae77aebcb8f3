//! What follows from links and grants to an object, as a filter may ask about it: the groups that it is in, and the roles that it
//! holds. Nothing of it is stored with the object.
//!
//! Groups may form rings; each is come to once.

use crate::archive::{SnapshotView, read_object};
use domain::Result;
use domain::filter::{Beliefs, Derived, Filter, memberships};
use domain::kinds::{KINDS, Kind, KindName, Term};
use domain::stored::Missing;
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashMap};

/// A group, with the kind that it is of.
type Group = (String, KindName);

/// That a principal holds a role, as a filter sees it but for the group that it is held through.
#[derive(Clone)]
struct Held {
    role: String,
    name: Option<String>,
    scope: Value,
    is_eligible: bool,
}

/// Collections of the objects of one snapshot, made as they are asked for.
pub(super) struct Follows<'v> {
    view: &'v SnapshotView,
    asked: Vec<Derived>,
    /// Whether the filter asks what groups are called.
    asks_names: bool,
    /// The groups that an object is a member of itself, of those that were come to.
    groups: HashMap<String, Vec<Group>>,
    /// Who holds what, by the principal's id; none until somebody asks.
    grants: Option<HashMap<String, Vec<Held>>>,
}

impl<'v> Follows<'v> {
    /// Nothing yet; of what the filter asks about.
    pub fn of(view: &'v SnapshotView, filter: &Filter) -> Self {
        let (asked, asks_names) = (filter.derived().collect(), filter.asks_names());
        Self { view, asked, asks_names, groups: HashMap::new(), grants: None }
    }

    /// Whether the filter asks about any of it.
    pub fn is_asked(&self) -> bool {
        !self.asked.is_empty()
    }

    /// Adds to what is believed that members may hide: whoever is not known to be in such a group may be in it. Of an object that
    /// could not be read nothing is known but what an earlier snapshot had.
    pub async fn doubt(&mut self, beliefs: &mut Beliefs) -> Result<()> {
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
        if self.is_asked() {
            for link in memberships() {
                let kind = link.from.row()?;
                if self.view.covers(kind) && self.view.manifest().may_lack_links(kind, link.relation) {
                    let mut objects =
                        self.view.opened(self.view.run(kind.run())?).await?.scan_far(b"").await?;
                    while let Some((key, object)) = objects.next().await? {
                        if !self.view.manifest().knows_links(kind, link.relation, &read_object(&object)?) {
                            hiding.insert((String::from_utf8_lossy(&key).into_owned(), link.from));
                        }
                    }
                }
            }
        }
        if hiding.is_empty() {
            return Ok(());
        }
        let mut around = hiding.clone();
        for (group, _) in &hiding {
            around.extend(self.groups_around(group).await?);
        }
        for derived in self.asked.clone() {
            let rest = match derived {
                Derived::MemberOf => self.as_items(&hiding).await?,
                Derived::TransitiveMemberOf => self.as_items(&around).await?,
                Derived::RolesHeld => self.roles_through(&around).await?,
            };
            beliefs.may_have(derived, rest);
        }
        Ok(())
    }

    /// Whether the snapshot holds an object of that id, if only as an earlier one had it.
    async fn holds(&self, kind: &Kind, id: &str) -> Result<bool> {
        let Some(run) = self.view.find_run(kind.run()) else { return Ok(false) };
        Ok(self.view.find_record(run, id.as_bytes()).await?.is_some())
    }

    /// Adds to an object what the filter asks about.
    pub async fn add(&mut self, key: &str, object: &mut Map<String, Value>) -> Result<()> {
        for derived in self.asked.clone() {
            let items = match derived {
                Derived::MemberOf => {
                    let groups = self.groups_of(key).await?.into_iter().collect();
                    self.as_items(&groups).await?
                }
                Derived::TransitiveMemberOf => {
                    let groups = self.groups_around(key).await?;
                    self.as_items(&groups).await?
                }
                Derived::RolesHeld => {
                    let mut roles = self.roles_of(key, None).await?;
                    let groups = self.groups_around(key).await?;
                    roles.extend(self.roles_through(&groups).await?);
                    roles
                }
            };
            object.insert(derived.name().to_owned(), Value::Array(items));
        }
        Ok(())
    }

    /// The groups that an object is a member of itself.
    async fn groups_of(&mut self, key: &str) -> Result<Vec<Group>> {
        if let Some(known) = self.groups.get(key) {
            return Ok(known.clone());
        }
        let mut groups = Vec::new();
        for link in memberships() {
            if let Some(run) = self.view.find_run(&format!("{}.reverse", link.name)) {
                let found = self.view.opened(run).await?.ends(&format!("{key}/")).await?;
                groups.extend(found.into_iter().map(|group| (group, link.from)));
            }
        }
        self.groups.insert(key.to_owned(), groups.clone());
        Ok(groups)
    }

    /// The groups that an object is in, however deep; not itself.
    async fn groups_around(&mut self, key: &str) -> Result<BTreeSet<Group>> {
        let mut around = BTreeSet::new();
        let mut next = vec![key.to_owned()];
        while let Some(member) = next.pop() {
            for group in self.groups_of(&member).await? {
                if group.0 != key && !around.contains(&group) {
                    next.push(group.0.clone());
                    around.insert(group);
                }
            }
        }
        Ok(around)
    }

    async fn as_items(&self, groups: &BTreeSet<Group>) -> Result<Vec<Value>> {
        let mut items = Vec::new();
        for (id, kind) in groups {
            // Why not for each filter: groups are read at random, and a large tenant has thousands.
            let name = if self.asks_names { self.view.find_name(&[*kind], id).await? } else { None };
            items.push(json!({ "id": id, "displayName": name }));
        }
        Ok(items)
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
            json!({
                "id": held.role, "displayName": held.name, "directoryScopeId": held.scope,
                "isEligible": held.is_eligible, "through": through,
            })
        };
        Ok(held.map(item).collect())
    }

    /// Who holds what. Why all at once: a tenant has few of them, beside its people.
    async fn list_grants(&self) -> Result<HashMap<String, Vec<Held>>> {
        let mut grants: HashMap<String, Vec<Held>> = HashMap::new();
        for kind in KINDS.iter().filter(|kind| self.view.covers(kind)) {
            let Some(grant) = kind.grant() else { continue };
            let of_roles = kind.reference(grant.role).map_or(&[][..], |reference| reference.kinds);
            let mut facts = self.view.opened(self.view.run(kind.run())?).await?.scan(b"").await?;
            while let Some((_, fact)) = facts.next().await? {
                let fact = read_object(&fact)?;
                let text = |property: &str| {
                    fact.get(property).and_then(Value::as_str).unwrap_or_default().to_owned()
                };
                let role = text(grant.role);
                grants.entry(text(grant.principal)).or_default().push(Held {
                    name: self.view.find_name(of_roles, &role).await?,
                    role,
                    scope: fact.get(grant.scope).cloned().unwrap_or_default(),
                    is_eligible: grant.term == Term::Eligible,
                });
            }
        }
        Ok(grants)
    }
}
