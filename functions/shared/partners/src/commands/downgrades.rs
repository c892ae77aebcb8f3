//! Requests for downgrades: seen by the partner that asked and by those above it, decided once, by the top partner.

use super::plans::offered;
use super::{Caller, Gate, Listed};
use domain::rights::Action;
use domain::subscriptions::RequestState;
use domain::{DowngradeId, Error, ErrorKind, Result};
use engine::ports::{Clock, Page, Write};
use engine::records::{
    DowngradeRequest, Found, OpenDowngrade, Organisation, Record, Records, Subscribed, SubscriptionChange,
    delete, end_of_sessions, put_new, replace,
};
use std::sync::Arc;

/// What can be asked about downgrades.
#[derive(Clone)]
pub struct Downgrades {
    /// Checks what the caller may do, before any command acts.
    pub gate: Gate,
    /// Gives the time that rows and expiries are written with.
    pub clock: Arc<dyn Clock>,
}

/// How a request for a downgrade is decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The downgrade takes effect at once.
    Approve,
    /// The downgrade never takes effect, for the reason given: free text for whoever asked.
    Refuse(String),
}

/// How often a decision is made again when something else wrote to the same organisation meanwhile.
const ATTEMPTS: u32 = 4;

impl Downgrades {
    /// The requests of the caller's partner and of what is below it, newest first; all, or those of a state.
    pub async fn list(
        &self,
        caller: &Caller,
        state: Option<RequestState>,
        page: Page,
    ) -> Result<Listed<DowngradeRequest>> {
        let partner = self.gate.partner(caller, None, Action::ReadPartner).await?.value;
        let member = caller.member()?;
        let is_seen = |r: &DowngradeRequest| {
            (r.partner == partner.id || r.above.contains(&partner.id))
                && member.sees(&r.organisation)
                && state.is_none_or(|state| r.state == state)
        };
        let top = partner.above.first().unwrap_or(&partner.id);
        let mut walk = self.records().walk(DowngradeRequest::all(top), page.after, true);
        let mut items = Vec::new();
        while items.len() < page.limit
            && let Some(row) = walk.next().await?
        {
            items.extend(Some(row.value).filter(&is_seen));
        }
        Ok(Listed { items, next: walk.rest() })
    }

    /// Decides a request. An approved downgrade takes effect in the same write.
    ///
    /// # Errors
    /// `Denied` unless the caller may at the top partner; `NotFound`; `Conflict` when it is decided already,
    /// or the subscription is no longer what was asked about.
    pub async fn decide(
        &self,
        caller: &Caller,
        id: &DowngradeId,
        decision: &Decision,
    ) -> Result<DowngradeRequest> {
        let top = self.gate.partner(caller, None, Action::ApproveDowngrade).await?.value;
        let member = caller.member()?;
        let mut attempt = 1;
        loop {
            let found = self.records().find(&DowngradeRequest::at(&top.id, id)).await?;
            let found = found
                .filter(|f| member.sees(&f.value.organisation))
                .ok_or_else(|| Error::not_found("there is no such request"))?;
            let mut decided = found.value.clone();
            decided.state = decided.state.decide(*decision == Decision::Approve)?;
            decided.decided_at = Some(self.clock.now());
            decided.decided_by = Some(member.token.clone());
            if let Decision::Refuse(reason) = decision {
                decided.reason = Some(reason.trim().to_owned());
            }
            let mut writes = self.effects(&decided).await?;
            writes.push(replace(&decided, found.version)?);
            match self.records().write(writes).await {
                Err(error) if error.kind() == ErrorKind::Conflict && attempt < ATTEMPTS => attempt += 1,
                other => return other.map(|()| decided),
            }
        }
    }

    /// What a decision writes besides the request itself.
    async fn effects(&self, decided: &DowngradeRequest) -> Result<Vec<Write>> {
        let open = self.records().find(&OpenDowngrade::at(&decided.partner, &decided.organisation)).await?;
        let mut writes: Vec<_> = open
            .filter(|open| open.value.request == decided.id)
            .map(|open| delete(&open.value, open.version))
            .into_iter()
            .collect();
        let found = self.records().find(&Organisation::at(&decided.partner, &decided.organisation)).await?;
        if decided.state == RequestState::Refused {
            // Why the row is written unchanged: its version also covers the pending request, which has gone.
            writes.extend(found.map(|f| replace(&f.value, f.version)).transpose()?);
            return Ok(writes);
        }
        let asked_about = |f: &Found<Organisation>| {
            Subscribed::of(&f.value).is_some_and(|subscribed| subscribed.plan == decided.from)
        };
        let found = found.filter(asked_about).ok_or_else(|| {
            Error::conflict("the subscription is no longer what the request is about: refuse the request")
        })?;
        if offered(self.records(), &decided.partner, &decided.to).await?.is_none() {
            return Err(Error::conflict("the partner may not sell the plan any more: refuse the request"));
        }
        let mut after = found.value.clone();
        after.plan.clone_from(&decided.to);
        let version = found.version + 1;
        let change = SubscriptionChange::between(Some(&found.value), &after, version, self.clock.now());
        writes.push(replace(&after, found.version)?);
        writes.extend(change.map(|change| put_new(&change)).transpose()?);
        // Why: the portal was opened while more was paid for.
        writes.extend(end_of_sessions(self.records(), &after.partner, &after.id).await?);
        Ok(writes)
    }

    fn records(&self) -> &Records {
        &self.gate.records
    }
}
