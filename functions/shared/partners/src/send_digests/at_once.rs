//! One notice, as a mail to each person who wants to be notified of it at once.

use super::{Report, Request, Worker};
use domain::{Error, ErrorKind, Result, Timestamp};
use engine::records::{Delivery, Found, Notice, Person, Record, SentNotice, replace};

impl Worker {
    pub(super) async fn at_once(&self, request: &Request, deadline: Timestamp) -> Result<Report> {
        let found = self.records.get(&Notice::at(&request.tenant, &request.notice)).await?;
        let mut report = Report::default();
        if found.value.due_at.is_none() {
            return Ok(report);
        }
        let mut first_failure = None;
        for person in self.listeners(&found.value).await? {
            if self.clock.now() >= deadline {
                return Err(Error::unavailable("the time for a notice's mails is over; the rest goes later"));
            }
            match self.mail_once(&found.value, &person).await {
                Ok(Some(Delivery::Sent)) => report.sent += 1,
                Ok(Some(Delivery::Refused)) => report.refused += 1,
                Ok(None) => {}
                Err(error) => {
                    report.failed += 1;
                    first_failure.get_or_insert(error);
                }
            }
        }
        match first_failure {
            Some(error) => Err(error.within("a notice's mail")),
            None => self.all_left(found).await.map(|()| report),
        }
    }

    /// The people of the partner, and of the partners above it, who are notified of it at once.
    async fn listeners(&self, notice: &Notice) -> Result<Vec<Person>> {
        let mut all = Vec::new();
        for partner in notice.listeners() {
            let people = self.records.list_all(&Person::all(partner)).await?;
            let wanted = people.into_iter().map(|p| p.value);
            all.extend(wanted.filter(|p| p.hears_at_once(notice.topic, &notice.organisation)));
        }
        Ok(all)
    }

    /// Mails the notice to that person; none when an earlier try already did.
    async fn mail_once(&self, notice: &Notice, person: &Person) -> Result<Option<Delivery>> {
        if self.records.find(&SentNotice::at(&notice.tenant, &notice.id, &person.id)).await?.is_some() {
            return Ok(None);
        }
        let mail = self.templates.notice(notice, person)?;
        let delivery = self.hand_over(&mail, &person.id).await?;
        let sent = SentNotice {
            tenant: notice.tenant.clone(),
            notice: notice.id.clone(),
            person: person.id.clone(),
            delivery,
            at: self.clock.now(),
        };
        match self.records.put_new(&sent).await {
            Ok(()) => Ok(Some(delivery)),
            Err(e) if e.kind() == ErrorKind::Conflict => Ok(None),
            Err(e) => Err(e),
        }
    }

    async fn all_left(&self, found: Found<Notice>) -> Result<()> {
        let done = Notice { due_at: None, ..found.value };
        self.records.write(vec![replace(&done, found.version)?]).await
    }
}
