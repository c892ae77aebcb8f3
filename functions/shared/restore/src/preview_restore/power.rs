//! Who of the people whom a plan lets in, keeps out, brings back or deletes holds power over others.
//!
//! Roles are read live; a deleted person may not be shown there with what they held, so of those whom the recycle bin gives
//! back the snapshot counts, too. What cannot be read may be power.

use super::{OpenSnapshot, Worker};
use crate::administrators::read_held_roles;
use crate::passing::may_pass;
use domain::kinds::{KINDS, Kind, RoleRelation};
use domain::restore::{RestorePlan, Step, WriteAction, may_be_privileged, person_decided_on};
use domain::{Error, Result, TenantId};
use engine::records::Restore;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

impl Worker {
    /// The ids of those of a plan's people who hold or may activate a role with power over others, directly or through a
    /// group; of all of them where that cannot be read.
    ///
    /// # Errors
    /// What may pass.
    pub(super) async fn powerful(&self, restore: &Restore, plan: &RestorePlan) -> Result<BTreeSet<String>> {
        let people: BTreeSet<&str> = plan.steps.iter().filter_map(person_decided_on).collect();
        if people.is_empty() {
            return Ok(BTreeSet::new());
        }
        match self.powerful_among(restore, plan, &people).await {
            Err(error) if may_pass(&error) => Err(error),
            Err(error) => {
                tracing::warn!(tenant = %restore.tenant, cause = error.kind().name(), "who holds power cannot be read");
                Ok(people.into_iter().map(str::to_owned).collect())
            }
            found => found,
        }
    }

    async fn powerful_among(
        &self,
        restore: &Restore,
        plan: &RestorePlan,
        people: &BTreeSet<&str>,
    ) -> Result<BTreeSet<String>> {
        let then = Then(self.snapshots.open(&restore.tenant, &restore.snapshot).await?);
        let mut holders = BTreeSet::new();
        let mut roles: BTreeMap<String, bool> = BTreeMap::new();
        for (principal, role) in read_held_roles(self.directory.as_ref(), &restore.tenant).await? {
            let is_power = match roles.get(&role) {
                Some(known) => *known,
                None => then.is_power(&role).await?,
            };
            roles.insert(role, is_power);
            if is_power {
                holders.insert(principal);
            }
        }
        let mut found: BTreeSet<String> =
            people.iter().filter(|id| holders.contains(**id)).map(|id| (*id).to_owned()).collect();
        for group in &holders {
            if !then.is_person(group).await? {
                let members = self.members(&restore.tenant, group).await?;
                found.extend(members.into_iter().filter(|id| people.contains(id.as_str())));
            }
        }
        // Who comes out of the recycle bin, or is to get a pass: what they held then they have again.
        let comes_back = |step: &&Step| {
            matches!(step.action, WriteAction::Undelete { .. } | WriteAction::IssuePass { .. })
        };
        for step in plan.steps.iter().filter(comes_back) {
            let Some(id) = person_decided_on(step).filter(|id| !found.contains(*id)) else { continue };
            if then.held_power(step.kind.get()?, &step.key, &holders).await? {
                found.insert(id.to_owned());
            }
        }
        Ok(found)
    }

    /// Whoever has the roles of a group; nobody where the principal is none.
    async fn members(&self, tenant: &TenantId, principal: &str) -> Result<Vec<String>> {
        for groups in KINDS.into_iter().filter(|kind| kind.is_group()) {
            let links: Vec<_> = groups.role_links().collect();
            if let Some(group) = self.directory.find_live(tenant, groups, principal, &links).await? {
                return Ok(group.links.into_iter().map(|(_, to, _)| to).collect());
            }
        }
        Ok(Vec::new())
    }
}

/// The snapshot from which is restored.
struct Then(Box<dyn OpenSnapshot>);

impl Then {
    /// Whether a role may give power over others.
    async fn is_power(&self, role: &str) -> Result<bool> {
        let mut definition = None;
        for kind in KINDS.into_iter().filter(|kind| kind.rights == RoleRelation::Role) {
            if self.0.covers(kind) {
                definition = self.0.find_object(kind, role).await?;
            }
        }
        Ok(may_be_privileged(role, definition.as_ref()))
    }

    /// Whether it holds that principal as a person.
    async fn is_person(&self, id: &str) -> Result<bool> {
        for people in KINDS.into_iter().filter(|kind| kind.is_person()) {
            if self.0.covers(people) && self.0.find_object(people, id).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether somebody who is deleted held power then, for all that it holds.
    ///
    /// # Errors
    /// `NotFound` where it does not hold them, or does not know what they held.
    async fn held_power(&self, people: &Kind, key: &str, holders: &BTreeSet<String>) -> Result<bool> {
        let unknown = || Error::not_found("the snapshot does not say which roles they held");
        if !self.0.covers(people) || self.0.find_object(people, key).await?.is_none() {
            return Err(unknown());
        }
        for kind in KINDS {
            if let Some(grant) = kind.grant() {
                match (self.0.covers(kind), self.0.is_unlicensed(kind)) {
                    (true, _) => {}
                    (false, true) => continue,
                    (false, false) => return Err(unknown()),
                }
                for (_, fact) in self.0.list_facts_of(kind, key).await? {
                    let of = |property: &str| fact.get(property).and_then(Value::as_str);
                    let role = of(grant.role).unwrap_or_default();
                    if of(grant.principal) == Some(key) && self.is_power(role).await? {
                        return Ok(true);
                    }
                }
            }
            for link in kind.role_links() {
                if !self.0.covers(kind) {
                    return Err(unknown());
                }
                for (group, _) in self.0.list_links_to(link, key).await? {
                    let object = self.0.find_object(kind, &group).await?.unwrap_or_default();
                    // Why as well without a role of its own then: it may have been given one since.
                    if kind.can_hold_role(&object) || holders.contains(&group) {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }
}
