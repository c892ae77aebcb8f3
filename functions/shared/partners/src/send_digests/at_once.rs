//! One notice, as a mail to each person who wants to be notified of it at once.

use super::places::Places;
use super::render::Aside;
use super::{Report, Request, Worker};
use domain::{Error, ErrorKind, PartnerId, Result, Timestamp};
use engine::records::{
    Delivery, Found, HandOver, LateNotice, MailStanding, MailTrouble, Notice, Person, Record, SentNotice,
    Tenant, put_new, replace,
};
use jiff::SignedDuration;

/// How long after its notice an immediate mail says that it is late.
const LATE: SignedDuration = SignedDuration::from_hours(1);

/// Who gets a notice's mail.
pub(super) struct Addressee {
    pub person: Person,
    /// The name of the person in whose place they get it, where no mail reaches that one.
    pub instead_of: Option<String>,
}

/// How a notice's mail to one person stands.
pub(super) enum Mailed {
    /// Something has become of it: now, or earlier.
    Settled { delivery: Delivery, is_new: bool },
    /// It was handed over, and what became of it may yet be told.
    Waits,
}

impl Worker {
    /// There is no such notice. Of a tenant that is being deleted nothing is left to tell. Why not by its key, as other jobs
    /// see that: this one may read none, and backups are stopped in the write that destroys it.
    async fn without_notice(&self, request: &Request) -> Result<Report> {
        let tenant: Option<Found<Tenant>> = self.records.find(&Tenant::at(&request.tenant)).await?;
        if tenant.is_some_and(|row| row.value.next_snapshot_at.is_none()) {
            tracing::info!(tenant = %request.tenant, "the tenant is no longer backed up; its message is done");
            return Ok(Report::default());
        }
        Err(Error::not_found("there is no such notice"))
    }

    pub(super) async fn at_once(&self, request: &Request, deadline: Timestamp) -> Result<Report> {
        let at = Notice::at(&request.tenant, &request.notice);
        let Some(found) = self.records.find(&at).await? else { return self.without_notice(request).await };
        let mut report = Report::default();
        if found.value.due_at.is_none() {
            return Ok(report);
        }
        let mut first_failure = None;
        let mut addressees = self.listeners(&found.value).await?;
        let mut next = 0;
        while let Some(addressee) = addressees.get(next) {
            next += 1;
            if self.clock.now() >= deadline {
                return Err(Error::unavailable("the time for a notice's mails is over; the rest goes later"));
            }
            match self.mail_or_stand_in(&found.value, addressee, &mut report).await {
                Ok(None) => {}
                Ok(Some(owner)) => add(&mut addressees, owner),
                Err(error) => {
                    report.failed += 1;
                    first_failure.get_or_insert(error);
                }
            }
        }
        match first_failure {
            Some(error) => Err(error.within("a notice's mail")),
            // The notice stays due: the sweeper asks again when it may have been answered.
            None if report.waiting > 0 => Ok(report),
            None => self.all_left(found).await.map(|()| report),
        }
    }

    /// The people who are notified of it at once: of the partner that has the organisation still, and of those above it.
    /// For whom no mail reaches there is another Owner.
    async fn listeners(&self, notice: &Notice) -> Result<Vec<Addressee>> {
        let line = Places::new(&self.records).line(&notice.tenant, &notice.organisation).await?;
        let line = line.as_deref().unwrap_or_default();
        let (mut all, mut unreached) = (Vec::new(), Vec::new());
        // Why both: whoever has it only since does not hear of what was before, and who had it hears no more.
        for partner in notice.listeners().filter(|partner: &&PartnerId| line.contains(partner)) {
            for Found { value: person, .. } in self.records.list_all(&Person::all(partner)).await? {
                if person.hears_at_once(notice.topic, (&notice.organisation, line), notice.at) {
                    if person.mail_state.is_some() { &mut unreached } else { &mut all }.push(person);
                }
            }
        }
        let mut addressees: Vec<_> =
            all.into_iter().map(|person| Addressee { person, instead_of: None }).collect();
        for person in unreached {
            if let Some(owner) = self.stand_in(&person).await? {
                add(&mut addressees, Addressee { person: owner, instead_of: Some(person.name) });
            }
        }
        Ok(addressees)
    }

    /// Mails the notice; where the address takes no mail, gives who is to get it instead.
    async fn mail_or_stand_in(
        &self,
        notice: &Notice,
        to: &Addressee,
        report: &mut Report,
    ) -> Result<Option<Addressee>> {
        let Mailed::Settled { delivery, is_new } = self.mail_once(notice, to).await? else {
            report.waiting += 1;
            return Ok(None);
        };
        match delivery {
            Delivery::Sent => report.sent += u64::from(is_new),
            // What came back is settled where the service tells of it.
            Delivery::Unknown | Delivery::Returned => {}
            Delivery::Refused => {
                report.refused += u64::from(is_new);
                let owner = self.no_mail_reaches(&to.person, MailTrouble::Refused).await?;
                let name = to.person.name.clone();
                return Ok(owner.map(|person| Addressee { person, instead_of: Some(name) }));
            }
        }
        Ok(None)
    }

    /// Mails the notice to that person, unless an earlier try did or may have done.
    pub(super) async fn mail_once(&self, notice: &Notice, to: &Addressee) -> Result<Mailed> {
        let (now, person) = (self.clock.now(), &to.person);
        let before = self.records.find(&SentNotice::at(&notice.tenant, &notice.id, &person.id)).await?;
        let settled = |delivery| Mailed::Settled { delivery, is_new: false };
        if let Some(before) = &before {
            if let Some(delivery) = before.value.delivery {
                return Ok(settled(delivery));
            }
            match self.standing(before.value.handed.as_ref()) {
                MailStanding::Waits => return Ok(Mailed::Waits),
                MailStanding::Lost => {
                    self.may_have_left(before, notice, &person.partner).await?;
                    return Ok(settled(Delivery::Unknown));
                }
                MailStanding::Free => {}
            }
        }
        let aside = Aside { is_late: now >= notice.at + LATE, instead_of: to.instead_of.as_deref() };
        let mail = self.templates.notice(notice, person, aside)?;
        let mut sent = SentNotice {
            tenant: notice.tenant.clone(),
            notice: notice.id.clone(),
            person: person.id.clone(),
            delivery: None,
            handed: Some(HandOver::new(now)),
            at: now,
        };
        let (claim, version) = match before {
            None => (put_new(&sent)?, 1),
            Some(before) => (replace(&sent, before.version)?, before.version + 1),
        };
        match self.records.write(vec![claim]).await {
            Err(e) if e.kind() == ErrorKind::Conflict => return Ok(Mailed::Waits),
            Err(error) => {
                let (ours, free) = (sent.handed, SentNotice { handed: None, ..sent });
                self.take_back(&free, |row| row.handed == ours).await;
                return Err(error);
            }
            Ok(()) => {}
        }
        // From here on the row says that the mail may have left. It takes that back only on the service's own word.
        let handed = self.hand_over(&mail, &person.id).await;
        sent.at = self.clock.now();
        match &handed {
            Ok(Some(delivery)) => (sent.delivery, sent.handed) = (Some(*delivery), None),
            Ok(None) => sent.handed = Some(HandOver { at: sent.at, is_unanswered: true }),
            Err(_) => sent.handed = None,
        }
        self.note(&sent, version).await;
        match handed? {
            Some(delivery) => Ok(Mailed::Settled { delivery, is_new: true }),
            None => Ok(Mailed::Waits),
        }
    }

    /// Writes what became of a mail. Why a failure is none of the mail's: it has left or not, and what the row says without
    /// this write sends no other.
    pub(super) async fn note<T: Record>(&self, row: &T, version: u64) {
        if let Err(error) = self.records.replace(row, version).await {
            tracing::warn!(kind = error.kind().name(), %error, "what became of a mail was not written");
        }
    }

    /// Frees a row whose write failed and may have taken effect all the same: nothing was handed over. Where this fails too,
    /// the row stays as that of a mail that may have left.
    pub(super) async fn take_back<T: Record>(&self, free: &T, is_ours: impl Fn(&T) -> bool) {
        if let Ok(Some(found)) = self.records.find(&free.address()).await
            && is_ours(&found.value)
        {
            self.note(free, found.version).await;
        }
    }

    /// Settles a mail of which nobody knows whether it left: it is not sent again, and its notice is told with the person's
    /// next digest.
    async fn may_have_left(
        &self,
        sent: &Found<SentNotice>,
        notice: &Notice,
        partner: &PartnerId,
    ) -> Result<()> {
        let now = self.clock.now();
        let unknown = SentNotice { delivery: Some(Delivery::Unknown), at: now, ..sent.value.clone() };
        let mut writes = vec![replace(&unknown, sent.version)?];
        if let Some(mut person) = self.records.find(&Person::at(partner, &unknown.person)).await? {
            person.value.add_late(LateNotice::of(notice, Delivery::Unknown), now)?;
            writes.push(replace(&person.value, person.version)?);
        }
        self.records.write(writes).await
    }

    async fn all_left(&self, found: Found<Notice>) -> Result<()> {
        let done = Notice { due_at: None, ..found.value };
        self.records.write(vec![replace(&done, found.version)?]).await
    }
}

/// Adds who is to get it, unless they do already.
fn add(addressees: &mut Vec<Addressee>, more: Addressee) {
    if addressees.iter().all(|known| known.person.id != more.person.id) {
        addressees.push(more);
    }
}
