//! Audit logs: read, exported, verified. They are appended to by [`engine::audit`].
//!
//! A log is its partner's: what a caller does is written into the log of the partner that the caller is of, and what it
//! does to a partner below, or to a customer of one, into that one's too. What the operator does goes into the
//! installation's own, which the operator alone reads.

mod verify;

pub use verify::Verified;

use super::{Caller, Gate, Listed};
use domain::audit::Entry;
use domain::rights::Action;
use domain::{Error, ErrorKind, OrganisationId, PartnerId, Result};
use engine::ports::Page;
use engine::records::{AuditEntry, AuditOf, AuditStatement, OlderAuditEntry, Record};

/// Pages of a log that are looked through for one page of a caller who sees little of it.
const LOOKED_THROUGH: usize = 10;

/// What can be asked about the audit log.
#[derive(Clone)]
pub struct Audit {
    /// Checks what the caller may do, before any command acts.
    pub gate: Gate,
}

/// The log that a caller sees, and how much of it.
struct Seen {
    /// Whose log; none for the installation's own.
    partner: Option<PartnerId>,
    /// Only entries about these; none means all.
    organisations: Option<Vec<OrganisationId>>,
}

impl Seen {
    fn shows(&self, entry: &Entry) -> bool {
        let Some(named) = &self.organisations else { return true };
        entry.event.organisation().is_some_and(|about| named.contains(&about))
    }
}

/// The two lists that a log is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shelf {
    /// The single chain of an earlier release.
    Older,
    /// Chains that each process of the product writes for itself.
    Chains,
}

/// Where a list of a log goes on: on which shelf, and behind which row of it.
struct Place {
    shelf: Shelf,
    after: Option<String>,
}

impl Place {
    /// The place of that text, and the beginning where there is none.
    fn read(text: Option<&str>, first: Shelf) -> Result<Self> {
        let Some(text) = text else { return Ok(Self { shelf: first, after: None }) };
        let (shelf, after) = match text.split_at_checked(1) {
            Some(("o", after)) => (Shelf::Older, after),
            Some(("c", after)) => (Shelf::Chains, after),
            _ => return Err(Error::invalid_field("cursor", "it is not one of this list")),
        };
        Ok(Self { shelf, after: Some(after).filter(|after| !after.is_empty()).map(str::to_owned) })
    }

    fn text(&self) -> String {
        let shelf = if self.shelf == Shelf::Older { 'o' } else { 'c' };
        format!("{shelf}{}", self.after.as_deref().unwrap_or_default())
    }
}

impl Audit {
    /// What of a log the caller sees. A caller that is limited to organisations sees the entries about these, and
    /// only while it may read the log of each.
    async fn seen(&self, caller: &Caller, partner: Option<&PartnerId>, action: Action) -> Result<Seen> {
        if matches!(caller, Caller::Operator) && partner.is_none() {
            return Ok(Seen { partner: None, organisations: None });
        }
        let member = caller.member()?;
        let Some(named) = &member.organisations else {
            let partner = self.gate.partner(caller, partner, action).await?.value.id;
            return Ok(Seen { partner: Some(partner), organisations: None });
        };
        let (mut allowed, mut refused) = (Vec::new(), None);
        for id in named {
            match self.gate.organisation(caller, id, action).await {
                Ok(_) => allowed.push(id.clone()),
                Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::Denied) => refused = Some(e),
                Err(e) => return Err(e),
            }
        }
        if let (true, Some(why)) = (allowed.is_empty(), refused) {
            return Err(why);
        }
        // Why the gate is asked again: that the caller sees an organisation does not mean that it sees the partner.
        let partner = match partner {
            Some(other) if *other != member.partner => {
                self.gate.partner(caller, Some(other), action).await?.value.id
            }
            _ => member.partner.clone(),
        };
        Ok(Seen { partner: Some(partner), organisations: Some(allowed) })
    }

    /// Whose whole log the caller may export; none for the installation's own.
    async fn whose_log_to_export(
        &self,
        caller: &Caller,
        partner: Option<&PartnerId>,
    ) -> Result<Option<PartnerId>> {
        if matches!(caller, Caller::Operator) && partner.is_none() {
            return Ok(None);
        }
        Ok(Some(self.gate.partner(caller, partner, Action::ExportAudit).await?.value.id))
    }

    /// The log, newest first. The operator's is the installation's own.
    ///
    /// # Errors
    /// `Denied`; `NotFound` when the caller does not see that partner.
    pub async fn list(
        &self,
        caller: &Caller,
        partner: Option<&PartnerId>,
        page: Page,
    ) -> Result<Listed<Entry>> {
        let seen = self.seen(caller, partner, Action::ReadAudit).await?;
        self.part(&seen, Page { descending: true, ..page }).await
    }

    /// The log, oldest first, to be kept elsewhere.
    ///
    /// # Errors
    /// `Denied`; `NotFound` when the caller does not see that partner.
    pub async fn export(
        &self,
        caller: &Caller,
        partner: Option<&PartnerId>,
        page: Page,
    ) -> Result<Listed<Entry>> {
        let seen = self.seen(caller, partner, Action::ExportAudit).await?;
        self.part(&seen, Page { descending: false, ..page }).await
    }

    /// The signed statements of where the chains of the log ended, day by day, oldest first.
    ///
    /// # Errors
    /// `Denied`; `NotFound` when the caller does not see that partner.
    pub async fn statements(
        &self,
        caller: &Caller,
        partner: Option<&PartnerId>,
        page: Page,
    ) -> Result<Listed<AuditStatement>> {
        let partner = self.whose_log_to_export(caller, partner).await?;
        let (found, next) = self.gate.records.list(&AuditStatement::all(&AuditOf(partner)), page).await?;
        Ok(Listed { items: found.into_iter().map(|f| f.value).collect(), next })
    }

    async fn part(&self, seen: &Seen, page: Page) -> Result<Listed<Entry>> {
        let first = if page.descending { Shelf::Chains } else { Shelf::Older };
        let mut place = Place::read(page.after.as_deref(), first)?;
        let mut items = Vec::new();
        for _ in 0..LOOKED_THROUGH {
            let limit = page.limit - items.len();
            let part = Page { after: place.after.take(), limit, descending: page.descending };
            let (found, next) = self.shelf(seen.partner.as_ref(), place.shelf, part).await?;
            items.extend(found.into_iter().filter(|e| seen.shows(e)));
            let is_at_end = next.is_none();
            if is_at_end && place.shelf != first {
                return Ok(Listed { items, next: None });
            }
            if is_at_end {
                place.shelf = if first == Shelf::Chains { Shelf::Older } else { Shelf::Chains };
            }
            place.after = next;
            // Why not at the end of the first shelf: the second is mostly empty, and then there is no next part.
            if items.len() >= page.limit || (!items.is_empty() && !is_at_end) {
                break;
            }
        }
        Ok(Listed { items, next: Some(place.text()) })
    }

    async fn shelf(
        &self,
        partner: Option<&PartnerId>,
        shelf: Shelf,
        page: Page,
    ) -> Result<(Vec<Entry>, Option<String>)> {
        let (records, log) = (&self.gate.records, AuditOf(partner.cloned()));
        Ok(match shelf {
            Shelf::Chains => {
                let (found, next) = records.list(&AuditEntry::all(&log), page).await?;
                (found.into_iter().map(|f| f.value.0).collect(), next)
            }
            Shelf::Older => {
                let (found, next) = records.list(&OlderAuditEntry::all(&log), page).await?;
                (found.into_iter().map(|f| f.value.0).collect(), next)
            }
        })
    }

    /// Verifies the log from where an earlier call stopped (`after`, the `next` of its answer; the beginning where it is
    /// none), as far as one call may go.
    ///
    /// # Errors
    /// `Denied`; `NotFound` when the caller does not see that partner; `Invalid` when `after` is no such place.
    pub async fn verify(
        &self,
        caller: &Caller,
        partner: Option<&PartnerId>,
        after: Option<&str>,
    ) -> Result<Verified> {
        let partner = self.whose_log_to_export(caller, partner).await?;
        verify::verify(&self.gate.records, partner, after).await
    }
}
