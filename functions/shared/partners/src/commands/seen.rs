//! The organisations of a partner that somebody sees, part by part, each with whether they may do something there: for one
//! question that is put to all of them.

use super::caller::refusal;
use super::{Caller, Gate};
use domain::rights::{Action, Verdict, may};
use domain::{Error, OrganisationId, PartnerId, Result};
use engine::ports::{Page, list_cursor};
use engine::records::{Organisation, Record};
use futures::{FutureExt, StreamExt, stream};

/// How many organisations are looked up at the same time.
const AT_ONCE: usize = 16;

/// An organisation that the caller sees.
#[derive(Debug)]
pub struct Seen {
    /// Its id.
    pub id: OrganisationId,
    /// Its row, where that can be read.
    pub row: Option<Organisation>,
    /// Whether the caller may do there what was asked.
    pub is_allowed: bool,
}

/// A part of them.
#[derive(Debug)]
pub struct SeenPart {
    /// In the order of their ids.
    pub organisations: Vec<Seen>,
    /// Behind which one the next part begins; none at the end.
    pub next: Option<OrganisationId>,
}

impl Gate {
    /// The partner whose organisations somebody asks about, all at once: their own, or one below it.
    ///
    /// # Errors
    /// `NotFound` when the caller does not see that partner; `Denied` when the caller may do it nowhere.
    pub async fn asked_partner(
        &self,
        caller: &Caller,
        partner: Option<&PartnerId>,
        action: Action,
    ) -> Result<PartnerId> {
        let member = caller.member()?;
        if may(member.role, action) == Verdict::No {
            return Err(refusal(member.role));
        }
        let id = partner.unwrap_or(&member.partner);
        let found = self.find_partner(id).await?.filter(|found| found.value.is_seen_by(&member.partner));
        found.map(|found| found.value.id).ok_or_else(|| Error::not_found("there is no such partner"))
    }

    /// The organisations of a partner that [`Self::asked_partner`] gave, as far as the caller sees them, behind that one.
    ///
    /// # Errors
    /// Those of the catalog. A row that cannot be read is told as such, and hides no other.
    pub async fn organisations_behind(
        &self,
        caller: &Caller,
        partner: &PartnerId,
        action: Action,
        behind: Option<&OrganisationId>,
        limit: usize,
    ) -> Result<SeenPart> {
        let member = caller.member()?;
        let behind = behind.map(|id| Organisation::at(partner, id));
        let after = behind.map(|at| list_cursor(at.scope(), at.key()));
        let under = Organisation::all(partner);
        let mut page = Page { after, limit, descending: false };
        let (rows, next) = loop {
            let (rows, next) = self.records.list_each(&under, page).await?;
            // A catalog may give none though more follow.
            match next {
                Some(after) if rows.is_empty() => {
                    page = Page { after: Some(after), limit, descending: false }
                }
                next => break (rows, next),
            }
        };
        let id_of = |key: &str| key.strip_prefix(Organisation::PREFIX).and_then(|id| id.parse().ok());
        let last: Option<OrganisationId> = rows.last().and_then(|(key, _)| id_of(key));
        let seen = rows.into_iter().filter_map(|(key, row)| {
            let id: OrganisationId = id_of(&key)?;
            let row = row.ok();
            let is_allowed = row.as_ref().is_some_and(|row| member.check(row, action).is_ok());
            member.sees(&id).then_some(Seen { id, row, is_allowed })
        });
        Ok(SeenPart { organisations: seen.collect(), next: last.filter(|_| next.is_some()) })
    }

    /// These organisations, each as [`Self::organisation`] gives it, in their order.
    pub async fn each(
        &self,
        caller: &Caller,
        ids: &[OrganisationId],
        action: Action,
    ) -> Vec<Result<Organisation>> {
        let asked = ids.iter().map(|id| {
            async move { self.organisation(caller, id, action).await.map(|found| found.value) }.boxed()
        });
        stream::iter(asked.collect::<Vec<_>>()).buffered(AT_ONCE).collect().await
    }

    /// One organisation of that partner, as [`Self::organisations_behind`] gives it; none where the caller does not see it.
    ///
    /// # Errors
    /// Those of the catalog.
    pub async fn organisation_of(
        &self,
        caller: &Caller,
        partner: &PartnerId,
        action: Action,
        id: &OrganisationId,
    ) -> Result<Option<Seen>> {
        let member = caller.member()?;
        let found = self.records.find(&Organisation::at(partner, id)).await?;
        let row = found.map(|found| found.value).filter(|_| member.sees(id));
        Ok(row.map(|row| {
            let is_allowed = member.check(&row, action).is_ok();
            Seen { id: id.clone(), row: Some(row), is_allowed }
        }))
    }
}
