//! What decides each cause: pure, from the rows of one organisation. What matters how much is said by `domain::attention`.

use super::super::fleet::Customer;
use domain::Timestamp;
use domain::attention::{Cause, ENDS_SOON_DAYS};
use domain::notices::{Severity, Topic};
use domain::organisations::OrganisationState;
use domain::subscriptions::over_use;
use engine::records::{
    Connecting, CredentialStatus, ExpectedNotices, NotProtected, NoticeEntry, PREVIEW_GOOD_FOR, Subject,
    Tenant,
};
use jiff::SignedDuration;
use std::collections::{BTreeMap, BTreeSet};

/// How many names and ids of a sort are told of one cause.
const MOST_TOLD: usize = 20;

/// What there is to tell of a cause: figures, names, and ids that lead on. No text for people: that is made of these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct What {
    /// Figures by what they count, such as `seats` and `inUse`.
    pub counts: BTreeMap<&'static str, u64>,
    /// Names of permissions that are missing, or that nothing needs.
    pub permissions: Vec<String>,
    /// Names of kinds and parts that are not protected or not held.
    pub sources: Vec<String>,
    /// Why, as a closed word: a refusal of Microsoft's, or why a connection came to nothing.
    pub reason: Option<String>,
    /// Ids by what they are of: `comparisons`, `restores`, `snapshots`, `tenants`, `partners`, `downgrades`.
    pub ids: BTreeMap<&'static str, Vec<String>>,
}

impl What {
    fn counting(counts: &[(&'static str, u64)]) -> Self {
        Self { counts: counts.iter().copied().collect(), ..Self::default() }
    }

    pub(super) fn id(mut self, of: &'static str, id: &impl ToString) -> Self {
        let ids = self.ids.entry(of).or_default();
        if ids.len() < MOST_TOLD {
            ids.push(id.to_string());
        }
        self
    }

    fn named(mut self, sources: impl Iterator<Item = String>) -> Self {
        self.sources = sources.take(MOST_TOLD).collect();
        self
    }

    fn asking(mut self, permissions: impl Iterator<Item = String>) -> Self {
        // Each once, in their order: the first of several that would do asks for least.
        let mut told = BTreeSet::new();
        self.permissions = permissions.filter(|name| told.insert(name.clone())).take(MOST_TOLD).collect();
        self
    }

    fn because(mut self, reason: Option<impl serde::Serialize>) -> Self {
        let word = reason.and_then(|reason| serde_json::to_value(reason).ok());
        self.reason = word.and_then(|word| word.as_str().map(str::to_owned));
        self
    }
}

/// A cause that is there, and what is so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The cause.
    pub cause: Cause,
    /// Since when it is so.
    pub since: Timestamp,
    /// Until when something can be done, where that has an end.
    pub until: Option<Timestamp>,
    /// What there is to tell.
    pub what: What,
    /// What was so, as texts for programs: whoever acknowledges it acknowledges these.
    pub facts: BTreeSet<String>,
    /// When the last of what has happened did; none of what is so until it is over.
    pub last_at: Option<Timestamp>,
}

impl Finding {
    pub(super) fn new(cause: Cause, since: Timestamp, what: What) -> Self {
        Self { cause, since, until: None, what, facts: BTreeSet::from([since.to_string()]), last_at: None }
    }

    pub(super) fn until(mut self, until: Timestamp) -> Self {
        self.until = Some(until);
        self
    }

    fn facts(mut self, facts: impl IntoIterator<Item = String>) -> Self {
        self.facts.extend(facts);
        self
    }

    /// A hash of what is so: two are alike when whoever acknowledged the one has seen the other.
    pub fn hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for fact in &self.facts {
            hasher.update(fact.as_bytes());
            // Why: a fact has no such byte, so that no two lists of facts are one text.
            hasher.update(&[0]);
        }
        hasher.finalize().to_hex()[..32].to_owned()
    }
}

/// What there is of an organisation, but for what has happened to it (`of_heard`).
pub(super) fn of_rows(customer: &Customer, now: Timestamp) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(ending(customer, now));
    if customer.organisation.state.meaning().backed_up {
        match &customer.tenant {
            Some(tenant) => {
                found.extend(credentials(customer, tenant));
                found.extend(late(customer, tenant, now));
                found.extend(gaps(customer, tenant));
            }
            // Why not where the organisation names one: then its row could not be read, and the answer says so.
            None if customer.organisation.tenant.is_none() && customer.organisation.connecting.is_none() => {
                let since = customer.organisation.created_at;
                found.push(Finding::new(Cause::NotConnected, since, What::default()));
            }
            None => {}
        }
        found.extend(customer.organisation.connecting.as_ref().map(connecting));
        found.extend(seats(customer));
    }
    found
}

/// That what is stored is deleted within days, after a hold or after the organisation was unsubscribed.
fn ending(customer: &Customer, now: Timestamp) -> Option<Finding> {
    let ending = customer.organisation.ending.as_ref()?;
    let soon = SignedDuration::from_hours(24 * ENDS_SOON_DAYS.0);
    let is_soon = ending.began_at.is_none() && ending.delete_at <= now + soon;
    let is_asked = customer.organisation.state == OrganisationState::Deleting;
    let what = What::counting(&[("deletionAsked", u64::from(is_asked))]);
    let finding = Finding::new(Cause::DataEnds, ending.asked_at, what).until(ending.delete_at);
    is_soon.then(|| finding.facts([ending.delete_at.to_string()]))
}

/// What the credentials are wanting, or have too much of.
fn credentials(customer: &Customer, tenant: &Tenant) -> Option<Finding> {
    let cause = match tenant.credentials {
        CredentialStatus::ConsentWithdrawn => Cause::ConsentWithdrawn,
        CredentialStatus::Unreachable => Cause::Unreachable,
        CredentialStatus::MissingPermissions => Cause::MissingPermissions,
        CredentialStatus::ExcessPermissions => Cause::ExcessPermissions,
        CredentialStatus::ExcessReading => Cause::ExcessReading,
        CredentialStatus::Connected | CredentialStatus::Waiting => return None,
    };
    let since = tenant.credentials_since.unwrap_or(tenant.consent_at());
    let what = What::default().id("tenants", &tenant.tenant).because(tenant.refused);
    let what = match cause {
        Cause::MissingPermissions => {
            // The tenant's row is newer than the organisation's, which says what was missing at the consent.
            let own = &customer.organisation.not_protected;
            let missing: &[NotProtected] = tenant.not_protected.as_ref().unwrap_or(own);
            let what = What { counts: [("notProtected", missing.len() as u64)].into(), ..what };
            let first = |part: &NotProtected| part.any_of.first().cloned();
            what.named(missing.iter().map(|part| part.what.clone())).asking(missing.iter().filter_map(first))
        }
        Cause::ExcessPermissions | Cause::ExcessReading => {
            let excess = customer.newest.as_ref().map(|newest| newest.excess.clone()).unwrap_or_default();
            what.asking(excess.into_iter())
        }
        _ => what,
    };
    let told = what.sources.iter().chain(&what.permissions).chain(&what.reason).cloned();
    let told: Vec<_> = told.collect();
    Some(Finding::new(cause, since, what).facts(told))
}

/// That no snapshot was sealed for too long.
fn late(customer: &Customer, tenant: &Tenant, now: Timestamp) -> Option<Finding> {
    customer.late_since(now)?;
    let last = customer.newest.as_ref().map_or(tenant.connected_at, |newest| newest.sealed_at);
    let hours = now.duration_since(last).as_hours();
    let what = What::counting(&[
        ("hours", u64::try_from(hours).unwrap_or_default()),
        ("snapshotsPerDay", u64::from(tenant.snapshots_per_day)),
    ]);
    let what = tenant.last_sealed.iter().fold(what, |what, id| what.id("snapshots", id));
    Some(Finding::new(Cause::LateSnapshot, last, what))
}

/// What the newest snapshot does not hold, but for what a permission would give, which is told of the credentials.
fn gaps(customer: &Customer, tenant: &Tenant) -> Option<Finding> {
    let newest = customer.newest.as_ref()?;
    let gaps: Vec<_> = newest.gaps.iter().filter(|gap| !gap.is_denied()).collect();
    let parts = gaps.len() as u64 + newest.more_gaps;
    if parts == 0 && newest.objects == 0 {
        return None;
    }
    let what = What::counting(&[("parts", parts), ("objects", newest.objects)]);
    let what = what.named(gaps.iter().map(|gap| gap.source.clone()));
    let what = tenant.last_sealed.iter().fold(what, |what, id| what.id("snapshots", id));
    let told = gaps.iter().map(|gap| format!("{} {}", gap.source, gap.cause));
    Some(Finding::new(Cause::NotCovered, newest.gaps_since, what).facts(told))
}

fn connecting(waits: &Connecting) -> Finding {
    let what = What::default().id("tenants", &waits.tenant).because(waits.refused);
    match waits.try_at {
        Some(_) => Finding::new(Cause::ConnectionWaits, waits.since, what).until(waits.until),
        None => Finding::new(Cause::ConnectionFailed, waits.since, what),
    }
}

fn seats(customer: &Customer) -> Option<Finding> {
    let (count, seats) = (customer.seats.as_ref()?, customer.organisation.seats);
    let over = over_use(seats, Some(count.in_use)).filter(|over| *over > 0)?;
    let what = What::counting(&[("seats", u64::from(seats)), ("inUse", count.in_use), ("over", over)]);
    let since = count.over_since.unwrap_or(count.counted_at);
    Some(Finding::new(Cause::SeatsOver, since, what).facts([format!("{seats} {}", count.in_use)]))
}

/// What has happened to an organisation, by what its partner was told, newest first: as far as nobody has looked at it, where
/// `looked_at` says when somebody last has.
pub(super) fn of_heard(
    heard: &[&NoticeEntry],
    expected: &ExpectedNotices,
    looked_at: impl Fn(Cause) -> Option<Timestamp>,
    now: Timestamp,
) -> Vec<Finding> {
    let restore_of = |entry: &NoticeEntry| match &entry.subject {
        Some(Subject::Restore(id)) => Some(id.to_string()),
        _ => None,
    };
    let (mut changes, mut failed, mut waits, mut ended) = (vec![], vec![], vec![], BTreeSet::new());
    for &entry in heard {
        match (entry.topic, restore_of(entry)) {
            // What somebody said was expected needs nobody.
            (Topic::PrivilegedChanges, _) => changes.extend((!expected.covers(entry)).then_some(entry)),
            (Topic::Approvals, Some(id)) => {
                // What was told of it later says that it has gone on. Beyond a day its preview is too old to be run.
                let is_over = ended.contains(&id) || entry.at + PREVIEW_GOOD_FOR <= now;
                waits.extend((!is_over).then_some(entry));
            }
            (_, Some(id)) => {
                failed.extend((entry.severity >= Severity::Warning).then_some(entry));
                ended.insert(id);
            }
            _ => {}
        }
    }
    let changes = happened(Cause::PrivilegedChanges, &changes, &looked_at).map(|(mut found, entries)| {
        if let Some(all) =
            entries.iter().map(|entry| Some(expected.left_of(entry, entry.changes?))).sum::<Option<u64>>()
        {
            found.what.counts.insert("privileged", all);
        }
        found
    });
    let failed = happened(Cause::RestoreFailed, &failed, &looked_at).map(|(found, _)| found);
    let waits = happened(Cause::RestoreWaits, &waits, &looked_at).map(|(found, entries)| {
        let last = entries.iter().map(|entry| entry.at + PREVIEW_GOOD_FOR).min();
        last.into_iter().fold(found, Finding::until)
    });
    changes.into_iter().chain(failed).chain(waits).collect()
}

/// What of these entries nobody has looked at, as one finding since the first of them, and the entries.
fn happened<'a>(
    cause: Cause,
    entries: &[&'a NoticeEntry],
    looked_at: impl Fn(Cause) -> Option<Timestamp>,
) -> Option<(Finding, Vec<&'a NoticeEntry>)> {
    let seen = looked_at(cause);
    let new: Vec<_> = entries.iter().copied().filter(|entry| seen.is_none_or(|at| entry.at > at)).collect();
    let since = new.iter().map(|entry| entry.at).min()?;
    let mut what = What::counting(&[("notices", new.len() as u64)]);
    for entry in &new {
        what = match &entry.subject {
            Some(Subject::Diff(id)) => what.id("comparisons", id),
            Some(Subject::Restore(id)) => what.id("restores", id),
            Some(Subject::Snapshot(id)) => what.id("snapshots", id),
            Some(Subject::Organisation(_)) | None => what,
        };
    }
    let told = new.iter().map(|entry| entry.notice.clone());
    let mut found = Finding::new(cause, since, what).facts(told);
    found.last_at = new.iter().map(|entry| entry.at).max();
    Some((found, new))
}
