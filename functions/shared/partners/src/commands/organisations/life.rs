//! The life of an organisation: suspended, unsubscribed, deleted, and each of them undone.

use super::{OrganisationView, Organisations};
use crate::commands::Caller;
use domain::organisations::{Act, ApprovalRule, HOLD_DAYS, KEPT_DAYS, OrganisationState};
use domain::rights::{Action, Feature, Role};
use domain::{Error, ErrorKind, OrganisationId, PartnerId, Result, Timestamp};
use engine::announce::ending_notice;
use engine::ports::Write;
use engine::records::{
    DeletionCertificate, Ending, Found, Organisation, SubscriptionChange, Tenant, end_of_sessions, put_new,
    replace,
};
use jiff::SignedDuration;

/// How often an act is tried when the tenant's row changes in between, as it does with every snapshot.
pub(super) const TRIES: u32 = 5;

/// How long data is held before a deletion begins.
#[derive(Clone, Debug, Default)]
pub struct Hold {
    /// Days from now, 0 to 30; absent means seven.
    pub days: Option<u8>,
    /// The organisation's name, typed: needed for no hold at all.
    pub confirmation: Option<String>,
}

/// What can be changed of an organisation; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// The new name; spaces around it are cut off.
    pub name: Option<String>,
    /// The customer's address for mail.
    pub email: Option<String>,
    /// Free text that the partner keeps about it.
    pub details: Option<String>,
}

impl Organisations {
    /// Changes its general information.
    ///
    /// # Errors
    /// `Stale` when it was changed since `expected`; `Denied`; `NotFound`.
    pub async fn edit(
        &self,
        caller: &Caller,
        id: &OrganisationId,
        expected: u64,
        edit: Edit,
    ) -> Result<Found<OrganisationView>> {
        let mut found = self.expect(caller, id, Action::EditOrganisation, expected).await?;
        let row = &mut found.value;
        row.name = edit.name.map_or_else(|| row.name.clone(), |name| name.trim().to_owned());
        row.email = edit.email.unwrap_or_else(|| row.email.clone());
        row.details = edit.details.unwrap_or_else(|| row.details.clone());
        self.put_with(found, Vec::new()).await
    }

    /// Switches what its end users may do on and off. Where something is switched off, the sessions of its portal end:
    /// they were opened for what was on then.
    ///
    /// # Errors
    /// As [`Self::edit`]; `Denied` also for a feature that the caller may not use there: nobody gives what they do not
    /// have.
    pub async fn set_features(
        &self,
        caller: &Caller,
        id: &OrganisationId,
        expected: u64,
        features: &[Feature],
    ) -> Result<Found<OrganisationView>> {
        let mut found = self.expect(caller, id, Action::ManageOrganisation, expected).await?;
        let mut features = features.to_vec();
        features.sort_unstable();
        features.dedup();
        let before = std::mem::replace(&mut found.value.features, features);
        let after = &found.value.features;
        let new: Vec<_> = after.iter().filter(|f| !before.contains(f)).copied().collect();
        self.gate.gives(caller, id, &new).await?;
        let is_less = before.iter().any(|f| !after.contains(f));
        let ends = if is_less {
            end_of_sessions(self.records(), &found.value.partner, id).await?
        } else {
            Vec::new()
        };
        self.put_with(found, ends).await
    }

    /// Says which restores wait for somebody else than whoever asked for them.
    ///
    /// # Errors
    /// As [`Self::edit`]; `Denied` also for a token that would have fewer of them wait: a person does that.
    pub async fn set_approvals(
        &self,
        caller: &Caller,
        id: &OrganisationId,
        expected: u64,
        rule: ApprovalRule,
    ) -> Result<Found<OrganisationView>> {
        let mut found = self.expect(caller, id, Action::SetApprovals, expected).await?;
        if rule < found.value.approvals && caller.member()?.person().is_none() {
            return Err(Error::denied(
                "a person who has signed in has fewer restores wait; a token does not",
            ));
        }
        found.value.approvals = rule;
        self.put_with(found, Vec::new()).await
    }

    /// Suspends, unsubscribes, reactivates, deletes, or cancels the deletion.
    ///
    /// # Errors
    /// `Conflict` when the state does not allow it; `Invalid` naming `holdDays` or `confirmation`; `Stale` when it was
    /// changed since `expected`; `Denied`; `NotFound`.
    pub async fn act(
        &self,
        caller: &Caller,
        id: &OrganisationId,
        expected: u64,
        act: Act,
        hold: &Hold,
    ) -> Result<Found<OrganisationView>> {
        for tried in 1.. {
            let found = self.expect(caller, id, act.right(), expected).await?;
            let now = self.clock.now();
            let after = changed(&found.value, caller, act, hold, now)?;
            // What is paid for changes in the same write as the state, so the two cannot disagree.
            let mut writes = vec![replace(&after, found.version)?];
            let paid = SubscriptionChange::between(Some(&found.value), &after, found.version + 1, now);
            writes.extend(paid.map(|change| put_new(&change)).transpose()?);
            if !after.state.meaning().signs_in {
                writes.extend(end_of_sessions(self.records(), &after.partner, id).await?);
            }
            // In the same write, too: nobody's organisation ends without people being told what is left to do.
            if matches!(act, Act::Unsubscribe | Act::Delete) {
                writes.extend(ending_notice(self.records(), &after, now).await?);
            }
            let tenant = self.tenant(&after).await?;
            // Why the tenant's row too: the tick looks at that one alone when it starts snapshots.
            if let Some(tenant) = &tenant {
                let backed_up = after.state.meaning().backed_up;
                let next = if backed_up { tenant.value.next_snapshot_at.or(Some(now)) } else { None };
                if next != tenant.value.next_snapshot_at {
                    let row = Tenant { next_snapshot_at: next, ..tenant.value.clone() };
                    writes.push(replace(&row, tenant.version)?);
                }
            }
            match self.records().write(writes).await {
                // Why again: the conflict may be the tenant's, whose version moves with every snapshot. `expect` finds
                // out whether it was the organisation's.
                Err(error) if error.kind() == ErrorKind::Conflict && tried < TRIES => {}
                Err(error) => return Err(error),
                Ok(()) => return self.get(caller, id).await,
            }
        }
        unreachable!("the last try returns")
    }

    /// The certificate that it was deleted, and when, from the caller's partner or one below it.
    ///
    /// # Errors
    /// `NotFound` when that partner has no such certificate; `Denied`.
    pub async fn certificate(
        &self,
        caller: &Caller,
        partner: Option<&PartnerId>,
        id: &OrganisationId,
    ) -> Result<DeletionCertificate> {
        let partner = self.gate.partner(caller, partner, Action::EndOrganisation).await?.value;
        Ok(self.records().get(&DeletionCertificate::at(&partner.id, id)).await?.value)
    }

    /// The organisation, for an edit of the version `expected`.
    pub(super) async fn expect(
        &self,
        caller: &Caller,
        id: &OrganisationId,
        action: Action,
        expected: u64,
    ) -> Result<Found<Organisation>> {
        let found = self.gate.organisation(caller, id, action).await?;
        if found.version == expected {
            return Ok(found);
        }
        Err(Error::stale("the organisation was changed since it was read; read it again"))
    }

    async fn put_with(
        &self,
        found: Found<Organisation>,
        mut writes: Vec<Write>,
    ) -> Result<Found<OrganisationView>> {
        writes.insert(0, replace(&found.value, found.version)?);
        self.records().write(writes).await.map_err(|e| match e.kind() {
            ErrorKind::Conflict => Error::stale("the organisation was changed meanwhile; read it again"),
            _ => e,
        })?;
        let view = self.view(found.value).await?;
        Ok(Found { value: view, version: found.version + 1 })
    }

    pub(super) async fn tenant(&self, organisation: &Organisation) -> Result<Option<Found<Tenant>>> {
        match &organisation.tenant {
            Some(tenant) => self.records().find(&Tenant::at(tenant)).await,
            None => Ok(None),
        }
    }
}

/// The row after the act.
fn changed(
    row: &Organisation,
    caller: &Caller,
    act: Act,
    hold: &Hold,
    now: Timestamp,
) -> Result<Organisation> {
    let before = row.ending.as_ref().map_or(OrganisationState::Active, |ending| ending.before);
    let mut after = row.clone();
    after.state = act.lead(row.state, before)?;
    let by = caller.member()?.token.clone();
    let ending = |days: i64| Ending {
        by: by.clone(),
        asked_at: now,
        delete_at: now + SignedDuration::from_hours(24 * days),
        before: row.state,
        began_at: None,
        key_fingerprint: None,
        blobs: 0,
        rows: 0,
    };
    after.ending = match act {
        Act::Suspend | Act::Reactivate => None,
        Act::Unsubscribe => Some(ending(KEPT_DAYS)),
        Act::Delete => Some(ending(hold_days(row, caller, hold)?)),
        Act::CancelDeletion => {
            let begun = row.ending.as_ref().is_some_and(|ending| ending.began_at.is_some());
            if begun {
                return Err(Error::conflict("the deletion has begun and cannot be cancelled"));
            }
            // Why: the time after it was unsubscribed begins anew; it was not kept while the deletion was pending.
            (before == OrganisationState::Unsubscribed)
                .then(|| Ending { before: OrganisationState::Active, ..ending(KEPT_DAYS) })
        }
    };
    Ok(after)
}

fn hold_days(row: &Organisation, caller: &Caller, hold: &Hold) -> Result<i64> {
    let days = hold.days.unwrap_or(HOLD_DAYS.0);
    if days > HOLD_DAYS.1 {
        return Err(Error::invalid_field("holdDays", format!("must not be more than {}", HOLD_DAYS.1)));
    }
    if days == 0 {
        if caller.member()?.role != Role::Owner {
            return Err(Error::denied("only an Owner may delete without a hold"));
        }
        if hold.confirmation.as_deref() != Some(row.name.as_str()) {
            return Err(Error::invalid_field("confirmation", "must be the organisation's name"));
        }
    }
    Ok(i64::from(days))
}
