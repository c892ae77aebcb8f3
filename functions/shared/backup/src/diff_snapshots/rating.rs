//! What is known of a change beside what differs: how the object came or went, which of its parts follow from others, and how
//! much it matters.

use super::holders::Holders;
use super::objects::{Comparison, Side};
use crate::archive::{SnapshotView, bin};
use domain::Result;
use domain::changes::{AttributeChange, Change, How, Reason, What};
use domain::kinds::{Identity, KINDS, Kind};
use domain::restore::may_be_privileged;
use serde_json::{Map, Value};
use std::collections::HashMap;

impl Comparison<'_> {
    /// How an object came or went; none where it did neither, and of the facts that somebody holds a role.
    pub(super) async fn how(
        &self,
        kind: &Kind,
        (old_key, key): (&str, &str),
        what: What,
    ) -> Result<Option<How>> {
        if kind.identity != Identity::Id {
            return Ok(None);
        }
        let (view, found, otherwise) = match what {
            What::Created => (self.before.of(kind.run()), How::Restored, How::New),
            What::Deleted => (self.after, How::SoftDeleted, How::HardDeleted),
            What::Modified => return Ok((old_key != key).then_some(How::Recreated)),
            What::Moved | What::Activated | What::Ended => return Ok(None),
        };
        let Some(run) = view.find_run(&bin(kind)) else {
            // Of kinds without a recycle bin nothing can lie there.
            let is_known = kind.writing.recycle_bin.is_none();
            return Ok(Some(if is_known { otherwise } else { How::Unknown }));
        };
        for id in [key, old_key] {
            if view.find_record(run, id.as_bytes()).await?.is_some() {
                return Ok(Some(found));
            }
        }
        Ok(Some(otherwise))
    }

    /// Sets how much a change matters, and why.
    pub(super) async fn rate(&self, kind: &'static Kind, change: &mut Change) -> Result<()> {
        let mut reasons = Vec::new();
        if self.concerns_break_glass(kind, change) {
            reasons.push(Reason::BreakGlass);
        }
        if let (Some(grant), Identity::Natural(parts)) = (kind.grant(), kind.identity) {
            let place = parts.iter().position(|part| *part == grant.role);
            let role = place.and_then(|place| change.key.split('|').nth(place)).unwrap_or_default();
            let is_privileged = self.is_privileged(role).await?;
            reasons.push(if is_privileged { Reason::PrivilegedRole } else { Reason::Role });
        } else if kind.is_person() {
            let holders = self.holders().await?;
            let keys = std::iter::once(&change.key).chain(&change.new_key);
            match keys.filter_map(|key| holders.of(key)).max() {
                Some(true) => reasons.push(Reason::PrivilegedAccount),
                Some(false) => reasons.push(Reason::AccountWithRole),
                None => {}
            }
            let tells = |a: &AttributeChange| kind.observes(&a.property).is_some_and(|seen| seen.tells);
            if !reasons.is_empty() && change.attributes.iter().any(tells) {
                // A new password of whoever holds a role may be the first trace that somebody took the account over.
                change.privileged = true;
            }
        } else if kind.is_group() && change.privileged {
            reasons.push(Reason::RoleAssignableGroup);
        } else if kind.privileged {
            reasons.push(Reason::RoleDefinition);
        }
        let restricts = kind.links.iter().filter_map(|link| link.restricts);
        for property in restricts {
            let is_changed = change.attributes.iter().any(|a| a.property == property);
            if is_changed || self.is_true(kind, change, property).await? {
                reasons.push(Reason::RestrictedUnit);
            }
        }
        change.rate(reasons);
        // Why also what is not about rights by itself: a new number for the second factor of such an account is as grave.
        let is_marked = change.rating.reasons.contains(&Reason::BreakGlass);
        change.privileged |= is_marked && change.rating.class.is_change() && !change.what.is_activation();
        Ok(())
    }

    /// Whether a change is about an account that is kept for emergencies: the account itself, a role of its own, or a link to it,
    /// such as its membership in the group that a policy excludes.
    fn concerns_break_glass(&self, kind: &Kind, change: &Change) -> bool {
        let is_marked = |id: &str| self.break_glass.contains(id);
        if let (Some(grant), Identity::Natural(parts)) = (kind.grant(), kind.identity) {
            let place = parts.iter().position(|part| *part == grant.principal);
            return place.and_then(|place| change.key.split('|').nth(place)).is_some_and(is_marked);
        }
        is_marked(&change.key)
            || change.new_key.as_deref().is_some_and(is_marked)
            || change.links.iter().any(|link| is_marked(&link.to))
    }

    /// Whether a property of the object is true on the later side, or where it is gone on the earlier one.
    async fn is_true(&self, kind: &Kind, change: &Change, property: &str) -> Result<bool> {
        let now = change.new_key.as_ref().unwrap_or(&change.key);
        let object = match self.after.find_object(kind, now).await? {
            Some(object) => Some(object),
            None => self.before.of(kind.run()).find_object(kind, &change.key).await?,
        };
        Ok(object.is_some_and(|object| object.get(property) == Some(&Value::Bool(true))))
    }

    /// Whether a role gives power over others; what is not known of it counts as if it did.
    async fn is_privileged(&self, role: &str) -> Result<bool> {
        Ok(may_be_privileged(role, self.role(role).await?.as_ref()))
    }

    async fn role(&self, id: &str) -> Result<Option<Map<String, Value>>> {
        for kind in KINDS.iter().filter(|kind| kind.rights == domain::kinds::RoleRelation::Role) {
            for view in [self.after, self.before.of(kind.run())] {
                if view.covers(kind)
                    && let Some(role) = view.find_object(kind, id).await?
                {
                    return Ok(Some(role));
                }
            }
        }
        Ok(None)
    }

    /// Who holds a role, looked up once for each invocation. Why all at once: a tenant has few of them, beside its people.
    async fn holders(&self) -> Result<&Holders> {
        self.holders.get_or_try_init(|| self.find_holders()).await
    }

    async fn find_holders(&self) -> Result<Holders> {
        let (mut holders, mut roles) = (Holders::default(), HashMap::<String, bool>::new());
        for kind in KINDS.iter().filter(|kind| kind.grant().is_some()) {
            let Some(grant) = kind.grant() else { continue };
            for side in [Side::Before, Side::After] {
                let Some(view) = self.view(side, kind) else { continue };
                for (_, fact) in view.list_where(kind, |_| true).await? {
                    let text =
                        |property: &str| fact.get(property).and_then(Value::as_str).unwrap_or_default();
                    let (principal, role) = (text(grant.principal), text(grant.role));
                    let is_privileged = match roles.get(role) {
                        Some(known) => *known,
                        None => *roles.entry(role.to_owned()).or_insert(self.is_privileged(role).await?),
                    };
                    holders.add(principal, is_privileged);
                    for member in self.members(side, principal).await? {
                        holders.add(&member, is_privileged);
                    }
                }
            }
        }
        Ok(holders)
    }

    /// Whoever holds the roles of a principal through being linked to it.
    async fn members(&self, side: Side, principal: &str) -> Result<Vec<String>> {
        let mut members = Vec::new();
        for link in KINDS.iter().flat_map(|kind| kind.role_links()) {
            let view: &SnapshotView = match side {
                Side::Before => self.before.of(link.name),
                Side::After => self.after,
            };
            if view.find_run(link.name).is_some() {
                members.extend(view.list_links(link, principal).await?.into_iter().map(|(to, _)| to));
            }
        }
        Ok(members)
    }
}
