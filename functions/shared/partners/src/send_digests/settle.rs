//! What the mail service tells of a mail after it took it, and whom no mail reaches.
//!
//! A mail that came back, that the service left out, or that its reader complained of has not told anybody anything: the
//! person's row says so, another Owner is told, and gets what was to be told at once.

use super::Worker;
use super::at_once::{Addressee, Mailed};
use domain::rights::Role;
use domain::{Error, PartnerId, PersonId, Result};
use engine::metrics::{MAILS_NOT_TAKEN, MAILS_RETURNED};
use engine::ports::{MailEvent, MailFate, MailOf};
use engine::records::{
    At, Delivery, Digest, Found, Invitation, LateNotice, MailState, MailTrouble, Notice, Partner, Person,
    Record, SentNotice, replace,
};

impl Worker {
    /// Notes what became of a mail, and does what follows from that. Done again it does nothing more.
    ///
    /// # Errors
    /// Those of the catalog and the mailer; the event is to be given again then.
    pub async fn settle(&self, event: &MailEvent) -> Result<()> {
        let trouble = match event.fate {
            MailFate::Sent => return self.was_sent(event).await,
            MailFate::Rejected => {
                tracing::error!(mail = ?event.mail, "the mail service did not send what it had taken");
                MAILS_NOT_TAKEN.add(1);
                None
            }
            MailFate::NotDelivered => None,
            MailFate::Bounced => Some(MailTrouble::Bounced),
            MailFate::Suppressed => Some(MailTrouble::Suppressed),
            MailFate::Complained => Some(MailTrouble::Complained),
        };
        MAILS_RETURNED.add(1);
        // Whoever complains of a mail has read it: it did not come back, and nobody else need be told its content.
        let is_complaint = event.fate == MailFate::Complained;
        let partner = &event.mail.partner;
        match &event.mail.of {
            MailOf::Notice { tenant, notice, person } => {
                let sent = self.records.find(&SentNotice::at(tenant, notice, person)).await?;
                // Why not once more: events come twice.
                if let Some(sent) = sent.filter(|sent| !is_complaint && !is_returned(sent.value.delivery)) {
                    let row = SentNotice {
                        delivery: Some(Delivery::Returned),
                        handed: None,
                        at: self.clock.now(),
                        ..sent.value
                    };
                    self.records.replace(&row, sent.version).await?;
                }
                let found = self.records.find(&Person::at(partner, person)).await?;
                let Some(found) = found else { return Ok(()) };
                // Of an address that takes no mail an Owner hears, who gets what it missed; one mail that was lost is told in
                // the person's next digest.
                match trouble {
                    Some(trouble) => {
                        let owner = self.no_mail_reaches(&found.value, trouble).await?;
                        let told = self.records.find(&Notice::at(tenant, notice)).await?;
                        if let (Some(owner), Some(told), false) = (owner, told, is_complaint) {
                            self.mail_instead(&told.value, owner, &found.value).await?;
                        }
                        Ok(())
                    }
                    None => self.tell_late(found, &Notice::at(tenant, notice)).await,
                }
            }
            MailOf::Digest { person, until } => {
                // Why nothing is sent again: the next digest takes up what this one was to tell.
                if let Some(found) = self.records.find(&Digest::at(partner, person, *until)).await?
                    && !is_complaint
                    && !is_returned(found.value.delivery)
                {
                    let row = Digest { delivery: Some(Delivery::Returned), handed: None, ..found.value };
                    self.records.replace(&row, found.version).await?;
                }
                self.reaches_nobody(partner, person, trouble).await
            }
            MailOf::Trouble { person } => self.reaches_nobody(partner, person, trouble).await,
            MailOf::Invitation { invitation } => {
                // A complaint counts as well. Why no more: whoever invited sees that no mail goes there, and may know
                // another address.
                if let Some(found) = self.records.find(&Invitation::at(partner, invitation)).await? {
                    let row = Invitation { refused: true, mailed_at: None, ..found.value };
                    self.records.replace(&row, found.version).await?;
                }
                Ok(())
            }
        }
    }

    async fn reaches_nobody(
        &self,
        partner: &PartnerId,
        person: &PersonId,
        trouble: Option<MailTrouble>,
    ) -> Result<()> {
        let found = self.records.find(&Person::at(partner, person)).await?;
        if let (Some(found), Some(trouble)) = (found, trouble) {
            self.no_mail_reaches(&found.value, trouble).await?;
        }
        Ok(())
    }

    /// The service sends it: the word that counts where nobody wrote that it was taken.
    async fn was_sent(&self, event: &MailEvent) -> Result<()> {
        let partner = &event.mail.partner;
        match &event.mail.of {
            MailOf::Notice { tenant, notice, person } => {
                let Some(sent) = self.records.find(&SentNotice::at(tenant, notice, person)).await? else {
                    return Ok(());
                };
                if sent.value.delivery.is_some_and(|delivery| delivery != Delivery::Unknown) {
                    return Ok(());
                }
                let row = SentNotice {
                    delivery: Some(Delivery::Sent),
                    handed: None,
                    at: self.clock.now(),
                    ..sent.value
                };
                let mut writes = vec![replace(&row, sent.version)?];
                let found = self.records.find(&Person::at(partner, person)).await?;
                let is_it = |late: &LateNotice| late.tenant == *tenant && late.notice == *notice;
                if let Some(mut found) = found.filter(|found| found.value.late.iter().any(is_it)) {
                    found.value.late.retain(|late| !is_it(late));
                    found.value.replan(self.clock.now())?;
                    writes.push(replace(&found.value, found.version)?);
                }
                self.records.write(writes).await
            }
            MailOf::Digest { person, until } => {
                match self.records.find(&Digest::at(partner, person, *until)).await? {
                    Some(found) => self.digest_was_sent(found).await,
                    None => Ok(()),
                }
            }
            MailOf::Trouble { .. } | MailOf::Invitation { .. } => Ok(()),
        }
    }

    /// The address may be good, and this one mail did not arrive: its notice is told with the next.
    async fn tell_late(&self, mut person: Found<Person>, notice: &At<Notice>) -> Result<()> {
        // Why none is fine: it was deleted with its tenant, and is nobody's business any more.
        let Some(notice) = self.records.find(notice).await? else { return Ok(()) };
        person.value.add_late(LateNotice::of(&notice.value, Delivery::Returned), self.clock.now())?;
        self.records.replace(&person.value, person.version).await
    }

    /// Writes that no mail reaches a person, and tells another Owner, who takes over what is late. Gives that Owner; none
    /// where there is nobody whom mail reaches.
    pub(super) async fn no_mail_reaches(
        &self,
        person: &Person,
        trouble: MailTrouble,
    ) -> Result<Option<Person>> {
        let found = self.records.find(&Person::at(&person.partner, &person.id)).await?;
        let Some(Found { value: mut row, version }) = found else { return Ok(None) };
        let owner = self.stand_in(&row).await?;
        let now = self.clock.now();
        let mut state = row.mail_state.take().unwrap_or(MailState { trouble, since: now, told: None });
        let Some(owner) = owner else {
            tracing::error!(person = %row.id, "no mail reaches this person, and there is no Owner to be told");
            row.mail_state = Some(state);
            self.records.replace(&row, version).await?;
            return Ok(None);
        };
        if state.told.is_none() {
            let mail = self.templates.trouble(&owner, &row, &state)?;
            // Why nothing is written before: should this mail leave twice, it bears one id, and does no harm.
            self.hand_over(&mail, &owner.id).await?;
            state.told = Some(owner.id.clone());
            row.mail_state = Some(state);
            let mut writes = Vec::new();
            if !row.late.is_empty()
                && let Some(mut of_owner) = self.records.find(&owner.address()).await?
            {
                for late in std::mem::take(&mut row.late) {
                    of_owner.value.add_late(late, now)?;
                }
                writes.push(replace(&of_owner.value, of_owner.version)?);
            }
            row.replan(now)?;
            writes.push(replace(&row, version)?);
            self.records.write(writes).await?;
        }
        Ok(Some(owner))
    }

    /// Mails a notice to who stands in for a person, unless they have it already.
    async fn mail_instead(&self, notice: &Notice, owner: Person, person: &Person) -> Result<()> {
        let to = Addressee { person: owner, instead_of: Some(person.name.clone()) };
        match self.mail_once(notice, &to).await? {
            Mailed::Settled { .. } => Ok(()),
            Mailed::Waits => Err(Error::unavailable("a mail in somebody's place has no answer yet")),
        }
    }

    /// The Owner who is told what cannot be told to that person: of the same partner, or of the nearest above it, whom mail
    /// reaches as far as is known.
    pub(super) async fn stand_in(&self, person: &Person) -> Result<Option<Person>> {
        let told = person.mail_state.as_ref().and_then(|state| state.told.clone());
        let mut partners = vec![person.partner.clone()];
        if let Some(partner) = self.records.find(&Partner::at(&person.partner)).await? {
            partners.extend(partner.value.above.into_iter().rev());
        }
        for partner in partners {
            let people = self.records.list_all(&Person::all(&partner)).await?;
            let mut owners = people.into_iter().map(|found| found.value).filter(|owner| {
                owner.role == Role::Owner && owner.id != person.id && owner.mail_state.is_none()
            });
            // The one who was told of it, as long as that is possible; else the first.
            let first = owners.next();
            let known = first.iter().cloned().chain(owners).find(|owner| told.as_ref() == Some(&owner.id));
            if let Some(owner) = known.or(first) {
                return Ok(Some(owner));
            }
        }
        Ok(None)
    }
}

fn is_returned(delivery: Option<Delivery>) -> bool {
    delivery == Some(Delivery::Returned)
}
