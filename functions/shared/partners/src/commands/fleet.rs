//! The organisations of a partner that somebody sees, with what the rows of their tenants say, read together: so many
//! questions to the catalog for a hundred organisations, however many of them are in trouble.
//!
//! What could not be read is said (`is_complete`), and hides nothing else. Nothing of a customer's directory is read.

use super::Member;
use domain::{PartnerId, Result, Timestamp};
use engine::ports::Page;
use engine::records::{
    At, Found, Newest, NoticeEntry, Organisation, Record, Records, SeatCount, Snapshot, Tenant,
};
use jiff::SignedDuration;
use std::collections::BTreeMap;

/// How many organisations are looked at for one answer.
const MOST_ORGANISATIONS: usize = 2_000;
/// How many entries of what a partner was told are looked at for one answer.
const MOST_ENTRIES: usize = 10_000;
/// Rows of a page.
const ROWS: usize = 1_000;

/// An organisation, with what is known of its tenant.
#[derive(Clone, Debug)]
pub struct Customer {
    /// The organisation's own row.
    pub organisation: Organisation,
    /// Its tenant, once connected.
    pub tenant: Option<Tenant>,
    /// Its newest sealed snapshot, in short; none before the first.
    pub newest: Option<Newest>,
    /// How many seats its newest snapshot counted.
    pub seats: Option<SeatCount>,
}

impl Customer {
    /// How long it is from one of its snapshots to the next.
    pub fn interval(&self) -> SignedDuration {
        let per_day = self.tenant.as_ref().map_or(1, |tenant| tenant.snapshots_per_day.max(1));
        SignedDuration::from_secs(86_400 / i64::from(per_day))
    }

    /// Since when there should be a newer snapshot, where there should: one and a half times the time from one to the next
    /// after the last one, or after the tenant was connected.
    pub fn late_since(&self, now: Timestamp) -> Option<Timestamp> {
        let tenant = self.tenant.as_ref().filter(|_| self.organisation.state.meaning().backed_up)?;
        let last = self.newest.as_ref().map_or(tenant.connected_at, |newest| newest.sealed_at);
        let late = last + self.interval() + self.interval() / 2;
        (late <= now).then_some(late)
    }
}

/// The organisations of a partner that somebody sees.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    /// The organisations, oldest first.
    pub customers: Vec<Customer>,
    /// Whether all of them are there, each with what is known of it.
    pub is_complete: bool,
}

impl Fleet {
    /// Reads them.
    ///
    /// # Errors
    /// Those of the catalog.
    pub async fn read(records: &Records, member: &Member, partner: &PartnerId) -> Result<Self> {
        let (organisations, are_all) = organisations(records, member, partner).await?;
        let fleet = Self::of(records, organisations).await?;
        Ok(Self { is_complete: fleet.is_complete && are_all, ..fleet })
    }

    /// Reads what is known of these organisations.
    ///
    /// # Errors
    /// Those of the catalog.
    pub async fn of(records: &Records, organisations: Vec<Organisation>) -> Result<Self> {
        let connected: Vec<_> = organisations.iter().filter_map(|o| o.tenant.as_ref()).collect();
        let tenants: Vec<_> = connected.iter().map(|tenant| Tenant::at(tenant)).collect();
        let seats: Vec<_> = connected.iter().map(|tenant| SeatCount::at(tenant)).collect();
        let (tenants, seats) = futures::try_join!(
            by_key(records, &tenants, |t| &t.tenant),
            by_key(records, &seats, |s| &s.tenant)
        )?;
        let ((mut tenants, tenants_all), (mut seats, seats_all)) = (tenants, seats);
        let mut customers: Vec<Customer> = organisations
            .into_iter()
            .map(|organisation| {
                let id = organisation.tenant.clone();
                // Why asked of the tenant's row: for a moment of a transfer two rows may not say the same.
                let tenant = id.as_ref().and_then(|id| tenants.remove(id));
                let tenant = tenant.filter(|tenant| tenant.organisation == organisation.id);
                let seats = id.as_ref().filter(|_| tenant.is_some()).and_then(|id| seats.remove(id));
                let newest = tenant.as_ref().and_then(|tenant| tenant.newest.clone());
                Customer { organisation, tenant, newest, seats }
            })
            .collect();
        let are_older_all = complete_older(records, &mut customers).await?;
        Ok(Self { customers, is_complete: tenants_all && seats_all && are_older_all })
    }
}

/// The organisations that somebody sees, and whether these are all.
async fn organisations(
    records: &Records,
    member: &Member,
    partner: &PartnerId,
) -> Result<(Vec<Organisation>, bool)> {
    let (mut found, mut after, mut looked_at, mut is_complete) = (Vec::new(), None, 0, true);
    let under = Organisation::all(partner);
    loop {
        let page = Page { after, limit: ROWS, descending: false };
        let (rows, next) = records.list_each(&under, page).await?;
        looked_at += rows.len();
        for (_, row) in rows {
            match row {
                Ok(row) if member.sees(&row.id) => found.push(row),
                Ok(_) => {}
                Err(error) => is_complete = unreadable(&error),
            }
        }
        after = next;
        if after.is_none() || looked_at >= MOST_ORGANISATIONS {
            return Ok((found, is_complete && after.is_none()));
        }
    }
}

/// Says that a row could not be read, and that so the answer is not complete.
fn unreadable(error: &domain::Error) -> bool {
    tracing::error!(
        kind = error.kind().name(),
        "a row of a partner's organisations is left out: it cannot be read"
    );
    false
}

/// The records at those addresses by what they are of, and whether all of them could be read.
async fn by_key<T: Record, K: Ord + Clone>(
    records: &Records,
    at: &[At<T>],
    key: fn(&T) -> &K,
) -> Result<(BTreeMap<K, T>, bool)> {
    let (mut found, mut is_complete) = (BTreeMap::new(), true);
    for row in records.find_each(at).await?.into_iter().flatten() {
        match row {
            Ok(Found { value, .. }) => drop(found.insert(key(&value).clone(), value)),
            Err(error) => is_complete = unreadable(&error),
        }
    }
    Ok((found, is_complete))
}

/// What tenants' rows of earlier releases do not say of their newest snapshots is taken from the snapshots' own rows.
async fn complete_older(records: &Records, customers: &mut [Customer]) -> Result<bool> {
    let older = |customer: &Customer| {
        let tenant = customer.tenant.as_ref().filter(|_| customer.newest.is_none())?;
        Some(Snapshot::at(&tenant.tenant, tenant.last_sealed.as_ref()?))
    };
    let at: Vec<_> = customers.iter().filter_map(older).collect();
    if at.is_empty() {
        return Ok(true);
    }
    let (rows, is_complete) = by_key(records, &at, |snapshot: &Snapshot| &snapshot.id).await?;
    for customer in customers.iter_mut().filter(|customer| customer.newest.is_none()) {
        let newest = customer.tenant.as_ref().and_then(|tenant| rows.get(tenant.last_sealed.as_ref()?));
        customer.newest = newest.and_then(Newest::of_row);
    }
    Ok(is_complete)
}

/// What a partner was told since then, newest first, and whether that is all.
///
/// # Errors
/// Those of the catalog.
pub async fn heard_since(
    records: &Records,
    partner: &PartnerId,
    since: Timestamp,
) -> Result<(Vec<NoticeEntry>, bool)> {
    let (mut found, mut after, mut is_complete) = (Vec::new(), None, true);
    let under = NoticeEntry::all(partner);
    loop {
        let page = Page { after, limit: ROWS, descending: true };
        let (rows, next) = records.list_each(&under, page).await?;
        for (_, row) in rows {
            match row {
                Ok(entry) if entry.at < since => return Ok((found, is_complete)),
                Ok(entry) => found.push(entry),
                Err(error) => is_complete = unreadable(&error),
            }
        }
        after = next;
        if after.is_none() || found.len() >= MOST_ENTRIES {
            return Ok((found, is_complete && after.is_none()));
        }
    }
}
