//! An organisation goes to another partner: offered by the one, accepted by the other.

use super::life::TRIES;
use super::{OrganisationView, Organisations};
use crate::commands::plans::{known, offered as offered_plan};
use crate::commands::{Caller, Listed};
use domain::organisations::OrganisationState;
use domain::plans::ProductType;
use domain::rights::Action;
use domain::subscriptions::{Move, step};
use domain::{Error, ErrorKind, OrganisationId, PartnerId, PlanId, Result, Timestamp};
use engine::end_customers::{self, SharedTokens};
use engine::ports::{Page, Write};
use engine::records::{
    Found, OpenDowngrade, Organisation, OrganisationPlace, Record, Subscribed, SubscriptionChange, Tenant,
    TransferOffer, TransferOffered, delete, end_of_sessions, end_of_token, put_new, replace,
};
use jiff::SignedDuration;

/// For how many days an offer can be accepted.
pub const OFFER_DAYS: i64 = 14;

impl Organisations {
    /// Offers the organisation to another partner.
    ///
    /// # Errors
    /// `Invalid` naming `to` when there is no such partner or it is its own; `Conflict` when it is offered already,
    /// or is being deleted; `Stale`; `Denied`; `NotFound`.
    pub async fn offer(
        &self,
        caller: &Caller,
        id: &OrganisationId,
        expected: u64,
        to: &PartnerId,
    ) -> Result<TransferOffer> {
        let found = self.expect(caller, id, Action::EndOrganisation, expected).await?;
        let organisation = found.value;
        if organisation.state == OrganisationState::Deleting {
            return Err(Error::conflict("the organisation is being deleted"));
        }
        if *to == organisation.partner {
            return Err(Error::invalid_field("to", "it is this partner's already"));
        }
        // Why the taker is not asked of the gate: it need not be one that the caller sees.
        let taker = self.gate.known_partner(to).await?;
        taker.ok_or_else(|| Error::invalid_field("to", "there is no such partner"))?;
        let giver = self.gate.known_partner(&organisation.partner).await?;
        let giver = giver.ok_or_else(|| Error::corrupt("an organisation of no partner"))?;
        let now = self.clock.now();
        let expires_at = now + SignedDuration::from_hours(24 * OFFER_DAYS);
        // Why two rows for one offer: each partner lists its own rows, and never the other's.
        let offer = TransferOffer {
            organisation: id.clone(),
            from: organisation.partner.clone(),
            to: to.clone(),
            by: caller.member()?.token.clone(),
            offered_at: now,
            expires_at,
        };
        let offered = TransferOffered {
            organisation: id.clone(),
            name: organisation.name,
            seats: organisation.seats,
            from: organisation.partner,
            from_name: giver.name,
            to: to.clone(),
            expires_at,
        };
        let written = self.records().write(vec![put_new(&offer)?, put_new(&offered)?]).await;
        written.map_err(|e| match e.kind() {
            domain::ErrorKind::Conflict => Error::conflict("the organisation is offered already"),
            _ => e,
        })?;
        Ok(offer)
    }

    /// Takes the offer back (the giver), or refuses it (the one who was to take it).
    ///
    /// # Errors
    /// `NotFound` when there is no offer that the caller's partner gives or is given; `Denied`.
    pub async fn withdraw_offer(&self, caller: &Caller, id: &OrganisationId) -> Result<()> {
        let partner = self.gate.partner(caller, None, Action::EndOrganisation).await?.value.id;
        let records = self.records();
        // Why by the organisation: whoever may offer one of a partner below may also take the offer back.
        let giver = match self.gate.organisation(caller, id, Action::EndOrganisation).await {
            Ok(found) => found.value.partner,
            Err(e) if e.kind() == ErrorKind::NotFound => partner.clone(),
            Err(e) => return Err(e),
        };
        let given = records.find(&TransferOffer::at(&giver, id)).await?;
        let taken = records.find(&TransferOffered::at(&partner, id)).await?;
        let (from, to) = match (&given, &taken) {
            (Some(offer), _) => (offer.value.from.clone(), offer.value.to.clone()),
            (None, Some(offered)) => (offered.value.from.clone(), offered.value.to.clone()),
            (None, None) => return Err(Error::not_found("there is no such offer")),
        };
        let giver = records.find(&TransferOffer::at(&from, id)).await?;
        let taker = records.find(&TransferOffered::at(&to, id)).await?;
        let mut writes = Vec::new();
        writes.extend(giver.map(|offer| delete(&offer.value, offer.version)));
        writes.extend(taker.map(|offered| delete(&offered.value, offered.version)));
        records.write(writes).await
    }

    /// The organisations that are offered to the caller's partner.
    pub async fn offers(&self, caller: &Caller, page: Page) -> Result<Listed<TransferOffered>> {
        let partner = self.gate.partner(caller, None, Action::EndOrganisation).await?.value.id;
        let (found, next) = self.records().list(&TransferOffered::all(&partner), page).await?;
        Ok(Listed { items: found.into_iter().map(|f| f.value).collect(), next })
    }

    /// Takes over the organisation that is offered, on a plan that the caller's partner sells. Tenant, snapshots and
    /// history stay with it.
    ///
    /// # Errors
    /// `NotFound` when it is not offered to the caller's partner; `Invalid` naming `plan`; `Conflict` when the
    /// organisation changed meanwhile or is being deleted; `Denied`.
    pub async fn accept_offer(
        &self,
        caller: &Caller,
        id: &OrganisationId,
        plan: &PlanId,
    ) -> Result<Found<OrganisationView>> {
        for tried in 1.. {
            match self.take_over(caller, id, plan).await {
                // Why again: the tenant's row changes with every snapshot, so a conflict is likely no refusal.
                Err(error) if error.kind() == ErrorKind::Conflict && tried < TRIES => {}
                Err(error) => return Err(error),
                Ok(()) => return self.get(caller, id).await,
            }
        }
        unreachable!("the last try returns")
    }

    /// One try of [`Self::accept_offer`]: everything is read anew, checked, and written in one write.
    async fn take_over(&self, caller: &Caller, id: &OrganisationId, plan: &PlanId) -> Result<()> {
        let taker = self.gate.partner(caller, None, Action::EndOrganisation).await?.value.id;
        let handover = self.handover(taker, id).await?;
        let before = &handover.before.value;
        // Why only a plan that the taker sells: the giver's plan, and its price, stay the giver's.
        let sold = offered_plan(self.records(), &handover.taker, plan).await?.map(|found| found.value);
        let sold = sold.filter(|sold| sold.terms.visible && !sold.not_for_resale);
        let sold =
            sold.ok_or_else(|| Error::invalid_field("plan", "there is no such plan to subscribe to"))?;
        let was = known(self.records(), &before.partner, &before.plan).await?.value;
        check_move(was.terms.product, sold.terms.product)?;
        if before.state == OrganisationState::Deleting {
            return Err(Error::conflict("the organisation is being deleted"));
        }
        if handover.has_open_downgrade {
            return Err(Error::conflict("a downgrade of the organisation waits for its decision"));
        }
        let giver = before.partner.clone();
        self.records().write(handover.into_writes(plan, self.clock.now())?).await?;
        // Why after, and no failure: from that write on they see nothing, and how many they are has no bound. Should
        // this process end now, what is left of them goes with the organisation.
        if let Err(error) = end_customers::end(self.records(), &giver, id, SharedTokens::Narrowed).await {
            tracing::warn!(organisation = %id, %error, "the giver's end customers were left to the deletion");
        }
        Ok(())
    }

    /// Reads all rows that move, end or change when the organisation goes over to `taker`.
    ///
    /// # Errors
    /// `NotFound` when it is not offered to that partner.
    async fn handover(&self, taker: PartnerId, id: &OrganisationId) -> Result<Handover> {
        let records = self.records();
        let offered = records.find(&TransferOffered::at(&taker, id)).await?;
        let offered = offered.ok_or_else(|| Error::not_found("there is no such offer"))?;
        let giver = &offered.value.from;
        let before = records.get(&Organisation::at(giver, id)).await?;
        Ok(Handover {
            offer: records.get(&TransferOffer::at(giver, id)).await?,
            place: records.get(&OrganisationPlace::at(id)).await?,
            has_open_downgrade: records.find(&OpenDowngrade::at(giver, id)).await?.is_some(),
            end_of_access: {
                let mut ends = end_of_token(records, giver, id).await?;
                ends.extend(end_of_sessions(records, giver, id).await?);
                ends
            },
            tenant: self.tenant(&before.value).await?,
            taker,
            offered,
            before,
        })
    }
}

/// An organisation on its way from one partner to another, as its rows are now.
struct Handover {
    taker: PartnerId,
    offered: Found<TransferOffered>,
    offer: Found<TransferOffer>,
    before: Found<Organisation>,
    place: Found<OrganisationPlace>,
    has_open_downgrade: bool,
    end_of_access: Vec<Write>,
    tenant: Option<Found<Tenant>>,
}

impl Handover {
    /// The one write that hands the organisation over.
    fn into_writes(self, plan: &PlanId, now: Timestamp) -> Result<Vec<Write>> {
        let before = self.before.value;
        // Why the giver is remembered: when the organisation is deleted, the notices in the giver's lists go too.
        let mut after = Organisation { partner: self.taker.clone(), plan: plan.clone(), ..before.clone() };
        if !after.former_partners.contains(&before.partner) {
            after.former_partners.push(before.partner.clone());
        }
        // The row moves from the one partner's keys to the other's, and where to find it changes in the same write:
        // no reader finds it twice or nowhere.
        let place = OrganisationPlace { partner: self.taker.clone(), ..self.place.value };
        let mut writes = vec![
            delete(&before, self.before.version),
            put_new(&after)?,
            replace(&place, self.place.version)?,
            delete(&self.offer.value, self.offer.version),
            delete(&self.offered.value, self.offered.version),
        ];
        // Why its token and its portal's sessions end: the giver made them, and may have kept them.
        writes.extend(self.end_of_access);
        // Why two changes: the one partner pays until now, the other from now on.
        let last = SubscriptionChange {
            organisation: before.id.clone(),
            name: before.name.clone(),
            partner: before.partner.clone(),
            at: now,
            before: Subscribed::of(&before),
            after: None,
            version: self.before.version + 1,
        };
        if last.before.is_some() {
            writes.push(put_new(&last)?);
        }
        let first = SubscriptionChange::between(None, &after, 1, now);
        writes.extend(first.map(|change| put_new(&change)).transpose()?);
        // Why the tenant too: its notices go to the people of the partner that its row names.
        if let Some(tenant) = self.tenant {
            writes.push(replace(&Tenant { partner: self.taker, ..tenant.value }, tenant.version)?);
        }
        Ok(writes)
    }
}

/// Refuses a change of product that a subscription may not make: a transfer is no way round those moves.
///
/// # Errors
/// `Invalid` naming `plan`.
fn check_move(was: ProductType, sold: ProductType) -> Result<()> {
    match step(was, sold) {
        Move::AtOnce => Ok(()),
        Move::Refused(why) => Err(Error::invalid_field("plan", why)),
        Move::Approved => {
            let why = "would be a downgrade: take it on a plan like its own, then ask for the downgrade";
            Err(Error::invalid_field("plan", why))
        }
    }
}
