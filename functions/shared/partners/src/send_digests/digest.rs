//! The digests that are due: one mail per person and period.
//!
//! The digest's row is written before the mail is handed over, and keeps every other process from sending it. That the mail
//! was sent, and the person's next due time, are one write. Where that write fails, the row still says that the mail was
//! handed over, and no other is sent: see [`super`] for how it is settled.

use super::collect::{Contents, Period, moved_on};
use super::{Report, Worker};
use domain::{Error, ErrorKind, Result, Timestamp};
use engine::ports::Page;
use engine::records::{
    Delivery, Digest, Found, HandOver, MailStanding, MailTrouble, Person, put_new, replace, watched,
};

/// How often the row of a finished digest is written when its person changes in between.
const TRIES: u32 = 4;
/// How many due people are read at once.
const PAGE_ROWS: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DigestOutcome {
    Sent,
    Refused,
    Empty,
    /// It was handed over, by this process or by another, and what became of it is not known yet.
    Waits,
    /// It was no longer due, or somebody else was faster.
    Nothing,
}

impl Worker {
    pub(super) async fn digests(&self, deadline: Timestamp) -> Result<Report> {
        let (mut report, mut after) = (Report::default(), None);
        loop {
            let page = Page { after, limit: PAGE_ROWS, descending: false };
            let (people, next) = self.records.list_due::<Person>(watched::DIGESTS_DUE, page).await?;
            for listed in people {
                if self.clock.now() >= deadline {
                    return Ok(report);
                }
                let outcome = self.digest(&listed.value).await;
                report.count(&listed.value, outcome);
            }
            match next {
                Some(_) => after = next,
                None => return Ok(report),
            }
        }
    }

    async fn digest(&self, listed: &Person) -> Result<DigestOutcome> {
        let Some(found) = self.records.find(&Person::at(&listed.partner, &listed.id)).await? else {
            return Ok(DigestOutcome::Nothing);
        };
        let Some(until) = found.value.next_digest_at.filter(|at| *at <= self.clock.now()) else {
            return Ok(DigestOutcome::Nothing);
        };
        let period = Period::of(&found.value, until)?;
        let before = self.records.find(&Digest::at(&listed.partner, &found.value.id, until)).await?;
        if let Some(digest) = &before {
            if digest.value.delivery == Some(Delivery::Unknown) {
                // What it told is for the next one, whenever this is due again.
                let mut person = found.value;
                person.plan_digest(until)?;
                self.records.replace(&person, found.version).await?;
                return Ok(DigestOutcome::Nothing);
            }
            if digest.value.delivery.is_some() {
                // Why: a time zone that was changed and changed back makes an old period due again; its digest was sent.
                let contents = self.collect(&found.value, &period).await?;
                return self.move_on(found, &period, &contents).await.map(|()| DigestOutcome::Nothing);
            }
            match self.standing(digest.value.handed.as_ref()) {
                MailStanding::Waits => return Ok(DigestOutcome::Waits),
                MailStanding::Lost => {
                    return self.may_have_left_digest(found, digest).await.map(|()| DigestOutcome::Nothing);
                }
                MailStanding::Free => {}
            }
        }
        let contents = self.collect(&found.value, &period).await?;
        if contents.count() == 0 {
            return self.move_on(found, &period, &contents).await.map(|()| DigestOutcome::Empty);
        }
        if found.value.mail_state.is_some() {
            // Nothing reaches them: an Owner was told, and what concerns power and errors goes to that one at once.
            return self.move_on(found, &period, &contents).await.map(|()| DigestOutcome::Refused);
        }
        self.deliver(found, &period, before, &contents).await
    }

    async fn deliver(
        &self,
        found: Found<Person>,
        period: &Period,
        before: Option<Found<Digest>>,
        contents: &Contents,
    ) -> Result<DigestOutcome> {
        let person = &found.value;
        let mail = self.templates.digest(person, period, contents)?;
        let mut digest = Digest {
            partner: person.partner.clone(),
            person: person.id.clone(),
            until: period.until,
            handed: Some(HandOver::new(self.clock.now())),
            delivery: None,
            notices: contents.count(),
            done_at: None,
            // The next digest reads from this row what was told, though nobody may learn before when this one left.
            told: contents.told.clone(),
            look_back: Some(contents.look_back),
        };
        // Of several calls at once, the one that writes the row sends the digest. The others come again later.
        let (claim, version) = match before {
            None => (put_new(&digest)?, 1),
            Some(before) => (replace(&digest, before.version)?, before.version + 1),
        };
        match self.records.write(vec![claim]).await {
            Err(e) if e.kind() == ErrorKind::Conflict => return Ok(DigestOutcome::Waits),
            Err(error) => {
                // Why taken back: the write may have been made all the same, and a claim of nobody would hold the digest up.
                let (ours, free) = (digest.handed, Digest { handed: None, ..digest });
                self.take_back(&free, |row| row.handed == ours).await;
                return Err(error);
            }
            Ok(()) => {}
        }
        // From here on the row says that the mail may have left. It takes that back only on the service's own word.
        let delivery = match self.hand_over(&mail, &person.id).await {
            Ok(Some(delivery)) => delivery,
            Ok(None) => {
                // The service may still tell of it, for a while from now; if it does not, the digest is due again.
                digest.handed = Some(HandOver { at: self.clock.now(), is_unanswered: true });
                self.note(&digest, version).await;
                return Ok(DigestOutcome::Waits);
            }
            Err(error) => {
                // Not taken, so no mail has left: the row is free for the next tick.
                digest.handed = None;
                self.note(&digest, version).await;
                return Err(error);
            }
        };
        digest.handed = None;
        digest.delivery = Some(delivery);
        digest.done_at = Some(self.clock.now());
        let person = found.value.clone();
        if let Err(error) = self.finish(found, period, contents, (&digest, version)).await {
            // Why no failure of the digest: it has left, and the row that says so keeps it from leaving again.
            let (id, kind) = (&person.id, error.kind().name());
            tracing::warn!(person = %id, kind, %error, "what became of a digest was not written");
        }
        if delivery == Delivery::Refused {
            self.no_mail_reaches(&person, MailTrouble::Refused).await?;
            return Ok(DigestOutcome::Refused);
        }
        Ok(DigestOutcome::Sent)
    }

    /// Writes that the digest is done and moves the person on to the next period: both or neither. A change that
    /// somebody made to the person meanwhile is kept.
    async fn finish(
        &self,
        mut person: Found<Person>,
        period: &Period,
        contents: &Contents,
        (digest, version): (&Digest, u64),
    ) -> Result<()> {
        for tried in 1.. {
            let moved = moved_on(person.value, period, contents)?;
            let both = vec![replace(digest, version)?, replace(&moved, person.version)?];
            match self.records.write(both).await {
                Err(e) if e.kind() == ErrorKind::Conflict && tried < TRIES => {
                    person = self.records.get(&Person::at(&digest.partner, &digest.person)).await?;
                }
                written => return written,
            }
        }
        unreachable!("the last try returns")
    }

    /// Settles a digest of which nobody knows whether it left: it is not sent again, and the next one lists its notices
    /// with its own, unless the mail service says before then that this one was sent.
    async fn may_have_left_digest(&self, mut person: Found<Person>, found: &Found<Digest>) -> Result<()> {
        let unknown = Digest {
            delivery: Some(Delivery::Unknown),
            done_at: Some(self.clock.now()),
            ..found.value.clone()
        };
        person.value.plan_digest(unknown.until)?;
        let writes = vec![replace(&unknown, found.version)?, replace(&person.value, person.version)?];
        tracing::warn!(person = %unknown.person, "whether a digest left is not known; the next one repeats it");
        self.records.write(writes).await
    }

    /// Settles a digest of which the mail service says that it was sent, after nobody had written that.
    pub(super) async fn digest_was_sent(&self, found: Found<Digest>) -> Result<()> {
        if found.value.delivery.is_some_and(|delivery| delivery != Delivery::Unknown) {
            return Ok(());
        }
        let mut digest = found.value;
        let person = self.records.find(&Person::at(&digest.partner, &digest.person)).await?;
        (digest.delivery, digest.handed) = (Some(Delivery::Sent), None);
        digest.done_at = Some(self.clock.now());
        let Some(mut person) = person else { return self.records.replace(&digest, found.version).await };
        let period = Period::of(&person.value, digest.until)?;
        let look_back = digest.look_back.unwrap_or(period.ends);
        person.value.note_digest(&period.due, (period.ends, period.until, look_back));
        if person.value.next_digest_at.is_none_or(|next| next <= digest.until) {
            person.value.plan_digest(digest.until)?;
        }
        let both = vec![replace(&digest, found.version)?, replace(&person.value, person.version)?];
        self.records.write(both).await
    }

    /// Moves a person on to its next period. When somebody changed it meanwhile, the next tick does it.
    async fn move_on(&self, found: Found<Person>, period: &Period, contents: &Contents) -> Result<()> {
        let moved = moved_on(found.value, period, contents)?;
        match self.records.replace(&moved, found.version).await {
            Err(e) if e.kind() != ErrorKind::Conflict => Err(e),
            _ => Ok(()),
        }
    }
}

impl Report {
    fn count(&mut self, person: &Person, outcome: Result<DigestOutcome>) {
        match outcome {
            Ok(DigestOutcome::Sent) => self.sent += 1,
            Ok(DigestOutcome::Refused) => self.refused += 1,
            Ok(DigestOutcome::Empty) => self.empty += 1,
            Ok(DigestOutcome::Waits) => self.waiting += 1,
            Ok(DigestOutcome::Nothing) => {}
            Err(error) => {
                self.failed += 1;
                tell(person, &error);
            }
        }
    }
}

fn tell(person: &Person, error: &Error) {
    tracing::warn!(person = %person.id, kind = error.kind().name(), %error, "a digest failed");
}
