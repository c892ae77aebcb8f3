//! What a partner was told, newest first: which notice, of which organisation, about what. Not what each says, since that names
//! what is in a customer's directory: the snapshot, the comparison or the restore says it to whoever may ask for that.

use super::{Caller, Gate, Listed};
use domain::notices::Topic;
use domain::rights::Action;
use domain::{OrganisationId, PartnerId, Result, Timestamp};
use engine::ports::Page;
use engine::records::{ExpectedNotices, NoticeEntry, Record};

/// What can be asked about notices.
#[derive(Clone)]
pub struct Notices {
    /// Checks what the caller may do, before any command acts.
    pub gate: Gate,
}

/// A notice, and whether all that it tells of was expected.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The notice.
    pub entry: NoticeEntry,
    /// Whether somebody said so of all that it tells of.
    pub is_expected: bool,
}

/// Which notices a list shows; what is absent restricts nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The partner that was told: the caller's, or one below it.
    pub partner: Option<PartnerId>,
    /// The organisation that they are about.
    pub organisation: Option<OrganisationId>,
    /// Their topic.
    pub topic: Option<Topic>,
    /// The earliest time of them.
    pub from: Option<Timestamp>,
    /// The time that they are earlier than.
    pub to: Option<Timestamp>,
}

impl Notices {
    /// What the partner was told, newest first: of organisations that the caller sees, and of topics that the caller's role may
    /// hear of.
    ///
    /// # Errors
    /// `NotFound` for a partner that the caller does not see; `Denied`; `Invalid` for a cursor of another list.
    pub async fn list(&self, caller: &Caller, wanted: &Wanted, page: Page) -> Result<Listed<Told>> {
        let partner = self.gate.partner(caller, wanted.partner.as_ref(), Action::ReadPartner).await?.value.id;
        let member = caller.member()?;
        let is_wanted = |entry: &NoticeEntry| {
            member.sees(&entry.organisation)
                && entry.topic.is_open_to(member.role)
                && wanted.organisation.as_ref().is_none_or(|id| entry.organisation == *id)
                && wanted.topic.is_none_or(|topic| entry.topic == topic)
                && wanted.to.is_none_or(|to| entry.at < to)
        };
        let begin = wanted.to.map(|to| NoticeEntry::cursor_at(&partner, to));
        let after = page.after.or(begin);
        let mut walk = self.gate.records.walk(NoticeEntry::all(&partner), after, true);
        let (mut items, mut is_over) = (Vec::new(), false);
        while items.len() < page.limit
            && let Some(row) = walk.next().await?
        {
            if wanted.from.is_some_and(|from| row.value.at < from) {
                is_over = true;
                break;
            }
            items.extend(Some(row.value).filter(&is_wanted));
        }
        let next = walk.rest().filter(|_| !is_over);
        let expected = ExpectedNotices::of(&self.gate.records, items.iter()).await?;
        let told = items.into_iter().map(|entry| Told { is_expected: expected.covers(&entry), entry });
        Ok(Listed { items: told.collect(), next })
    }
}
