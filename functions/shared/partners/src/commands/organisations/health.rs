//! How each organisation is protected: its last and next snapshot, what that holds, credentials, seats, changes of a day. All
//! that somebody sees is looked at for one answer, so that it can be sorted by any of these, and counted.

use super::{Organisations, Wanted, are};
use crate::commands::Caller;
use crate::commands::fleet::{Customer, Fleet, heard_since};
use domain::notices::Topic;
use domain::organisations::OrganisationState;
use domain::rights::{Action, Verdict, may};
use domain::{Error, OrganisationId, PartnerId, Result, Timestamp};
use engine::ports::Page;
use jiff::SignedDuration;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// What organisations are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Their names, whatever the case.
    #[default]
    Name,
    /// Their last snapshots, those without one and the oldest first.
    LastSnapshot,
    /// How many seats more are in use than are paid for, the most first.
    Seats,
    /// How many changes there were within a day, the most first.
    Changes,
}

/// One organisation, with how it is protected.
#[derive(Clone, Debug)]
pub struct Health {
    /// The organisation and its tenant.
    pub customer: Customer,
    /// Whether there should be a newer snapshot by now; none where the caller may not see snapshots.
    pub is_late: Option<bool>,
    /// How many changes comparisons found within a day; none where the caller may not hear of them, and where what was told
    /// does not say.
    pub changes: Option<u64>,
}

/// A part of the list, with what there is in all.
#[derive(Clone, Debug)]
pub struct HealthPage {
    /// The organisations of the part.
    pub items: Vec<Health>,
    /// Behind which organisation the next part begins; none at the end.
    pub next: Option<String>,
    /// How many there are in each state, of those that are as wanted but for their state.
    pub states: BTreeMap<OrganisationState, u64>,
    /// When it was looked.
    pub checked_at: Timestamp,
    /// Whether all organisations were looked at, each with what is known of it.
    pub is_complete: bool,
}

impl Organisations {
    /// How the organisations of the caller's partner, or of one below it, that are as wanted are protected.
    ///
    /// # Errors
    /// `Denied` to end customers; `Invalid` naming `cursor` when its organisation is no longer in the list.
    pub async fn health(
        &self,
        caller: &Caller,
        partner: Option<&PartnerId>,
        wanted: &Wanted,
        sort: Sort,
        page: Page,
    ) -> Result<HealthPage> {
        let partner = self.gate.partner(caller, partner, Action::ReadPartner).await?.value.id;
        let (member, now) = (caller.member()?, self.clock.now());
        let day = now - SignedDuration::from_hours(24);
        let (fleet, (heard, heard_all)) = futures::try_join!(
            Fleet::read(self.records(), member, &partner),
            heard_since(self.records(), &partner, day)
        )?;
        let mut changes: BTreeMap<&OrganisationId, Option<u64>> = BTreeMap::new();
        // Why only plain ones: the comparison's other notices tell of some of the same changes again.
        for entry in
            heard.iter().filter(|e| e.topic == Topic::Changes && (e.is_plain() || e.subject.is_none()))
        {
            let all = changes.entry(&entry.organisation).or_insert(Some(0));
            *all = all.zip(entry.changes).map(|(all, more)| all + more);
        }
        let sees_snapshots = may(member.role, Action::UseSnapshots) != Verdict::No;
        let may_hear = Topic::Changes.is_open_to(member.role);
        let search = wanted.search.as_deref().map(str::to_lowercase);
        let but_for_state = Wanted { state: None, ..wanted.clone() };
        let (mut states, mut products, mut items) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        for mut customer in fleet.customers {
            let is_late = customer.late_since(now).is_some();
            // Why before it is sorted: the order would tell what is not shown.
            customer.newest = customer.newest.filter(|_| sees_snapshots);
            let row = &customer.organisation;
            if !but_for_state.takes(row, search.as_deref())
                || wanted.credentials.is_some_and(|wanted| !are(wanted, row, customer.tenant.as_ref()))
                || !self.is_on(&mut products, row, wanted.product).await?
            {
                continue;
            }
            *states.entry(row.state).or_default() += 1;
            if wanted.state.is_none_or(|state| row.state == state) {
                let found = changes.get(&row.id).copied().unwrap_or(Some(0));
                let changes = found.filter(|_| may_hear && heard_all);
                let is_late = sees_snapshots.then_some(is_late);
                items.push(Health { customer, is_late, changes });
            }
        }
        sorted(&mut items, sort);
        let (items, next) = part(items, &page)?;
        Ok(HealthPage { items, next, states, checked_at: now, is_complete: fleet.is_complete && heard_all })
    }
}

/// Sorts them, those that are alike by their ids: each time in the same order.
fn sorted(items: &mut [Health], sort: Sort) {
    let over = |health: &Health| {
        let seats = u64::from(health.customer.organisation.seats);
        health.customer.seats.as_ref().map_or(0, |count| count.in_use.saturating_sub(seats))
    };
    items.sort_by_cached_key(|health| health.customer.organisation.id.clone());
    match sort {
        Sort::Name => items.sort_by_cached_key(|health| health.customer.organisation.name.to_lowercase()),
        Sort::LastSnapshot => {
            items.sort_by_key(|health| health.customer.newest.as_ref().map(|newest| newest.sealed_at));
        }
        Sort::Seats => items.sort_by_key(|health| Reverse(over(health))),
        Sort::Changes => items.sort_by_key(|health| Reverse(health.changes)),
    }
}

/// The part behind the organisation that the cursor names.
fn part(mut items: Vec<Health>, page: &Page) -> Result<(Vec<Health>, Option<String>)> {
    if let Some(after) = &page.after {
        let at = items.iter().position(|health| health.customer.organisation.id.as_str() == after);
        let gone = || Error::invalid_field("cursor", "is not one of this list, or its organisation has gone");
        items.drain(..=at.ok_or_else(gone)?);
    }
    let more = items.len() > page.limit;
    items.truncate(page.limit);
    let last = items.last().filter(|_| more);
    let next = last.map(|health| health.customer.organisation.id.to_string());
    Ok((items, next))
}
