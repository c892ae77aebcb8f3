//! What needs somebody: of each organisation that the caller sees the causes that are there, worst first. Nothing is kept of
//! them but what somebody acknowledged: they follow from the rows that there are, so each closes itself when it is over.
//!
//! What decides a cause is in `causes`; which there are, and who may hear of them, in `domain::attention`.

mod causes;
mod listing;
mod week;

pub use causes::{Finding, What};
pub use listing::{Counts, Item, Listing};
pub use week::{Day, UnderWay};

use super::fleet::{Customer, Fleet, heard_since};
use super::organisations::OFFER_DAYS;
use super::{Caller, Gate, Member};
use domain::attention::{Cause, Closes, ENDS_SOON_DAYS, PUT_ASIDE_DAYS, SHOWN_DAYS};
use domain::notices::Topic;
use domain::rights::Action;
use domain::subscriptions::RequestState;
use domain::{Error, OrganisationId, PartnerId, Result, Timestamp};
use engine::ports::{Clock, DirectoryAccess, Page};
use engine::records::{
    Acknowledgement, DowngradeRequest, ExpectedNotices, NoticeEntry, Organisation, Partner, Record, Records,
    TransferOffered, delete, put_new, replace,
};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many requests for downgrades are looked at for one answer.
const MOST_REQUESTS: usize = 1_000;

/// What can be asked about what needs somebody.
#[derive(Clone)]
pub struct Attention {
    /// Checks what the caller may do, before any command acts.
    pub gate: Gate,
    /// Says how long something has lasted.
    pub clock: Arc<dyn Clock>,
    /// Says when the certificate or secret that tenants are read with ends.
    pub directory: Arc<dyn DirectoryAccess>,
}

/// Which of what needs somebody is wanted; what is absent restricts nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The partner whose organisations are looked at: the caller's, or one below it.
    pub partner: Option<PartnerId>,
    /// The one organisation that is looked at.
    pub organisation: Option<OrganisationId>,
    /// The cause that is shown.
    pub cause: Option<Cause>,
    /// Whether also what somebody acknowledged is shown.
    pub acknowledged: bool,
}

/// What an acknowledgement says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAcknowledgement {
    /// What whoever does it writes to the others.
    pub note: String,
    /// Until when the cause is put aside.
    pub until: Timestamp,
    /// The hash of what was shown as being so.
    pub facts: String,
}

/// All that is there of a partner, as the caller may hear of it.
struct Found {
    items: Vec<Item>,
    organisations: u64,
    days: Vec<Day>,
    under_way: (Vec<UnderWay>, u64),
    is_complete: bool,
}

impl Attention {
    /// What needs somebody, worst first, and how many organisations need nobody.
    ///
    /// # Errors
    /// `NotFound` for a partner or an organisation that the caller does not see; `Denied` to end customers; `Invalid` for a
    /// cursor of another list.
    pub async fn list(&self, caller: &Caller, wanted: &Wanted, page: &Page) -> Result<Listing> {
        let partner = self.gate.partner(caller, wanted.partner.as_ref(), Action::ReadPartner).await?.value;
        let member = caller.member()?;
        let found = match &wanted.organisation {
            None => self.of_partner(member, &partner).await?,
            Some(id) => {
                let organisation = self.gate.organisation(caller, id, Action::ReadPartner).await?.value;
                if wanted.partner.as_ref().is_some_and(|partner| *partner != organisation.partner) {
                    return Err(Error::not_found("there is no such organisation"));
                }
                self.of_organisation(member, organisation).await?
            }
        };
        let shows = |item: &Item| {
            wanted.cause.is_none_or(|cause| item.finding.cause == cause)
                && (wanted.acknowledged || item.acknowledged.is_none())
        };
        let (under_way, under_way_count) = found.under_way;
        let counts = Counts { under_way: under_way_count, ..Counts::of(&found.items, found.organisations) };
        let (items, next) = listing::part(found.items.into_iter().filter(shows).collect(), page)?;
        let (days, checked_at, is_complete) = (found.days, self.clock.now(), found.is_complete);
        Ok(Listing { items, next, counts, days, under_way, checked_at, is_complete })
    }

    /// Puts a cause of an organisation aside, for what was shown of it and until then; gives what is put aside.
    ///
    /// # Errors
    /// `Invalid` naming `until`, or when the cause is to be decided; `Stale` when it is no longer as it was shown; `NotFound`
    /// when it is not there; `Denied`.
    pub async fn acknowledge(
        &self,
        caller: &Caller,
        id: &OrganisationId,
        cause: Cause,
        new: NewAcknowledgement,
    ) -> Result<Item> {
        let organisation = self.acknowledged_of(caller, id, cause).await?;
        let (member, now) = (caller.member()?, self.clock.now());
        check_until(now, new.until)?;
        let partner = organisation.partner.clone();
        let found = self.of_organisation(member, organisation).await?;
        let item = found.items.into_iter().find(|item| item.finding.cause == cause);
        let mut item = item.ok_or_else(|| Error::not_found("the organisation needs nobody for this"))?;
        if item.finding.hash() != new.facts {
            return Err(Error::stale("it is no longer as it was shown: read it again"));
        }
        let row = Acknowledgement {
            partner,
            organisation: id.clone(),
            cause,
            note: new.note.trim().to_owned(),
            by: member.token.clone(),
            at: now,
            until: new.until,
            facts: new.facts,
            seen_until: item.finding.last_at,
        };
        let before = self.gate.records.find(&row.address()).await?;
        let write = match before {
            Some(before) => replace(&row, before.version)?,
            None => put_new(&row)?,
        };
        self.gate.records.write(vec![write]).await?;
        item.acknowledged = Some(row);
        Ok(item)
    }

    /// Takes an acknowledgement back: the cause is shown again, as far as it is there.
    ///
    /// # Errors
    /// `NotFound` when there is none; `Denied`.
    pub async fn take_back(&self, caller: &Caller, id: &OrganisationId, cause: Cause) -> Result<()> {
        let organisation = self.acknowledged_of(caller, id, cause).await?;
        let row = self.gate.records.find(&Acknowledgement::at(&organisation.partner, id, cause)).await?;
        let row = row.ok_or_else(|| Error::not_found("nobody has acknowledged this"))?;
        self.gate.records.write(vec![delete(&row.value, row.version)]).await
    }

    /// The organisation, where the caller may acknowledge that cause of it.
    async fn acknowledged_of(
        &self,
        caller: &Caller,
        id: &OrganisationId,
        cause: Cause,
    ) -> Result<Organisation> {
        let found = self.gate.organisation(caller, id, Action::EditOrganisation).await?.value;
        if cause.closes() == Closes::WhenDecided {
            return Err(Error::invalid("this is to be decided, and cannot be put aside"));
        }
        if !cause.is_open_to(caller.member()?.role, false) {
            return Err(Error::denied("the role may not hear of this"));
        }
        Ok(found)
    }

    /// What is there of one organisation.
    async fn of_organisation(&self, member: &Member, organisation: Organisation) -> Result<Found> {
        let (records, partner) = (&self.gate.records, organisation.partner.clone());
        let of = Acknowledgement::of_organisation(&partner, &organisation.id);
        let (fleet, heard, acknowledged) = futures::try_join!(
            Fleet::of(records, vec![organisation]),
            heard_since(records, &partner, self.shown_since()),
            records.list_all(&of)
        )?;
        let expected = ExpectedNotices::of(records, of_power(&heard.0)).await?;
        let acknowledged = acknowledged.into_iter().map(|row| row.value);
        Ok(self.gather(member, &fleet, (&heard, &expected), acknowledged))
    }

    /// What is there of all organisations of a partner that a member sees, and of the partner itself.
    async fn of_partner(&self, member: &Member, partner: &Partner) -> Result<Found> {
        let (records, id) = (&self.gate.records, &partner.id);
        let acknowledged = Acknowledgement::all(id);
        let (fleet, heard, acknowledged, (own, own_all)) = futures::try_join!(
            Fleet::read(records, member, id),
            heard_since(records, id, self.shown_since()),
            records.list_all(&acknowledged),
            self.of_partner_itself(member, partner)
        )?;
        let acknowledged = acknowledged.into_iter().map(|row| row.value);
        let expected = ExpectedNotices::of(records, of_power(&heard.0)).await?;
        let mut found = self.gather(member, &fleet, (&heard, &expected), acknowledged);
        found.items.extend(own);
        found.is_complete &= own_all;
        Ok(found)
    }

    fn shown_since(&self) -> Timestamp {
        self.clock.now() - SignedDuration::from_hours(24 * SHOWN_DAYS)
    }

    /// What there is, of what the member may hear of.
    fn gather(
        &self,
        member: &Member,
        fleet: &Fleet,
        ((heard, heard_all), expected): (&(Vec<NoticeEntry>, bool), &ExpectedNotices),
        acknowledged: impl Iterator<Item = Acknowledgement>,
    ) -> Found {
        let now = self.clock.now();
        let mut told: BTreeMap<&OrganisationId, Vec<&NoticeEntry>> = BTreeMap::new();
        for entry in heard {
            told.entry(&entry.organisation).or_default().push(entry);
        }
        let acknowledged: BTreeMap<(OrganisationId, Cause), Acknowledgement> =
            acknowledged.map(|row| ((row.organisation.clone(), row.cause), row)).collect();
        let organisations = fleet.customers.len() as u64;
        let mut items = Vec::new();
        for customer in &fleet.customers {
            let id = &customer.organisation.id;
            let by = |cause: Cause| acknowledged.get(&(id.clone(), cause));
            let mut findings = causes::of_rows(customer, now);
            let told = told.get(id).map(Vec::as_slice).unwrap_or_default();
            findings.extend(causes::of_heard(
                told,
                expected,
                |cause| by(cause).and_then(|row| row.seen_until),
                now,
            ));
            for finding in findings.into_iter().filter(|f| f.cause.is_open_to(member.role, false)) {
                let same = by(finding.cause).filter(|row| row.facts == finding.hash()).cloned();
                items.push(Item::of(customer, finding, same));
            }
        }
        let days = week::days(member.role, fleet, (heard, *heard_all), now);
        let (under_way, is_complete) = (week::under_way(fleet), fleet.is_complete && *heard_all);
        Found { items, organisations, days, under_way, is_complete }
    }

    /// What the partner itself is to decide or to see to, and whether that is all.
    async fn of_partner_itself(&self, member: &Member, partner: &Partner) -> Result<(Vec<Item>, bool)> {
        // Why of nobody below: each partner decides for itself.
        if member.partner != partner.id {
            return Ok((Vec::new(), true));
        }
        let is_top = partner.above.is_empty();
        let hears = |cause: Cause| cause.is_open_to(member.role, is_top);
        let (mut items, mut is_complete) = (Vec::new(), true);
        if hears(Cause::TransferOffered) {
            let offers = self.gate.records.list_all(&TransferOffered::all(&partner.id)).await?;
            items.extend(offers.into_iter().map(|offer| offered(offer.value)));
        }
        if is_top && hears(Cause::DowngradeAsked) {
            let (asked, all) = self.downgrades(member, partner).await?;
            items.extend(asked);
            is_complete &= all;
        }
        if is_top && hears(Cause::OwnSecretEnds) {
            match self.directory.credential_ends_at().await {
                Ok(ends_at) => items.extend(ends_at.and_then(|at| own_secret(partner, at, self.clock.now()))),
                Err(error) => {
                    tracing::warn!(kind = error.kind().name(), "when our own credential ends is not known");
                    is_complete = false;
                }
            }
        }
        Ok((items, is_complete))
    }

    /// The requests for downgrades that wait for the top partner.
    async fn downgrades(&self, member: &Member, top: &Partner) -> Result<(Vec<Item>, bool)> {
        let records = &self.gate.records;
        let page = Page::last(MOST_REQUESTS);
        let (found, next) = records.list(&DowngradeRequest::all(&top.id), page).await?;
        let open = found.into_iter().map(|row| row.value);
        let open: Vec<_> =
            open.filter(|r| r.state == RequestState::Open && member.sees(&r.organisation)).collect();
        let names = names_of(records, &open).await?;
        let items = open.into_iter().map(|request| {
            let what = What::default().id("downgrades", &request.id).id("plans", &request.to);
            let finding = Finding::new(Cause::DowngradeAsked, request.asked_at, what);
            let name = names.get(&request.organisation).cloned().unwrap_or_default();
            let (partner, organisation) = (request.partner, Some(request.organisation));
            Item { partner, organisation, name, finding, acknowledged: None }
        });
        Ok((items.collect(), next.is_none()))
    }
}

/// Those of the notices that tell of who may do what.
fn of_power(heard: &[NoticeEntry]) -> impl Iterator<Item = &NoticeEntry> + Send {
    heard.iter().filter(|entry| entry.topic == Topic::PrivilegedChanges)
}

/// The names of the organisations of these requests.
async fn names_of(records: &Records, open: &[DowngradeRequest]) -> Result<BTreeMap<OrganisationId, String>> {
    // Why once each: one that was asked for, refused and asked for again has several requests.
    let by_id: BTreeMap<_, _> = open.iter().map(|r| (&r.organisation, &r.partner)).collect();
    let at: Vec<_> = by_id.into_iter().map(|(id, partner)| Organisation::at(partner, id)).collect();
    let mut names = BTreeMap::new();
    for row in records.find_each(&at).await?.into_iter().flatten() {
        let organisation = row?.value;
        names.insert(organisation.id, organisation.name);
    }
    Ok(names)
}

/// That an organisation is offered to the partner.
fn offered(offer: TransferOffered) -> Item {
    let since = offer.expires_at - SignedDuration::from_hours(24 * OFFER_DAYS);
    let mut what = What::default().id("partners", &offer.from);
    what.counts.insert("seats", u64::from(offer.seats));
    let finding = Finding::new(Cause::TransferOffered, since, what).until(offer.expires_at);
    let (partner, organisation) = (offer.to, Some(offer.organisation));
    Item { partner, organisation, name: offer.name, finding, acknowledged: None }
}

/// That the certificate or secret that tenants are read with ends soon.
fn own_secret(partner: &Partner, ends_at: Timestamp, now: Timestamp) -> Option<Item> {
    let since = ends_at - SignedDuration::from_hours(24 * ENDS_SOON_DAYS.1);
    let finding = Finding::new(Cause::OwnSecretEnds, since, What::default()).until(ends_at);
    let (partner, name) = (partner.id.clone(), partner.name.clone());
    (since <= now).then_some(Item { partner, organisation: None, name, finding, acknowledged: None })
}

/// Checks until when something is put aside, by days of the calendar (UTC).
fn check_until(now: Timestamp, until: Timestamp) -> Result<()> {
    let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
    let days = day(now).until(day(until)).map_or(i64::MAX, |span| i64::from(span.get_days()));
    let (least, most) = PUT_ASIDE_DAYS;
    if (least..=most).contains(&days) {
        return Ok(());
    }
    Err(Error::invalid_field("until", format!("is {least} to {most} days from now")))
}

impl Item {
    fn of(customer: &Customer, finding: Finding, acknowledged: Option<Acknowledgement>) -> Self {
        let Organisation { id, partner, name, .. } = &customer.organisation;
        let (partner, organisation) = (partner.clone(), Some(id.clone()));
        Self { partner, organisation, name: name.clone(), finding, acknowledged }
    }
}
