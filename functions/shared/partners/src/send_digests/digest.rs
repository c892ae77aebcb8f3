//! The digests that are due: one mail per person and period.
//!
//! The digest's row is inserted before the mail is sent, and claims the digest for one process. That the mail was sent,
//! and the person's next due time, are one write. A claim that its process never fulfilled ends by itself.

use super::collect::{Period, Section, moved_on};
use super::{Report, Worker};
use domain::{ErrorKind, Result, Timestamp};
use engine::ports::Page;
use engine::records::{At, Claim, Delivery, Digest, Found, Person, put_new, replace, watched};
use jiff::SignedDuration;

/// How long a claim is good: longer than any function may run.
const CLAIM: SignedDuration = SignedDuration::from_mins(15);
/// How often the row of a finished digest is written when its person changes in between.
const TRIES: u32 = 4;
/// How many due people are read at once.
const PAGE_ROWS: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DigestOutcome {
    Sent,
    Refused,
    Empty,
    Claimed,
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
        let at = Digest::at(&listed.partner, &found.value.id, until);
        let before = self.records.find(&at).await?;
        if before.as_ref().is_some_and(|d| d.value.delivery.is_some()) {
            // Why: a time zone that was changed and changed back makes an old period due again; its digest was sent.
            return self.move_on(found, &period, until).await;
        }
        let sections = self.collect(&found.value, &period).await?;
        if sections.is_empty() {
            self.move_on(found, &period, until).await?;
            return Ok(DigestOutcome::Empty);
        }
        let claim = Claim { by: self.ids.ulid(), at: self.clock.now() };
        match self.deliver(found, &period, until, before, &sections, &claim).await {
            Err(error) => {
                self.release(&at, &claim).await;
                Err(error)
            }
            outcome => outcome,
        }
    }

    async fn deliver(
        &self,
        found: Found<Person>,
        period: &Period,
        until: Timestamp,
        before: Option<Found<Digest>>,
        sections: &[Section],
        claim: &Claim,
    ) -> Result<DigestOutcome> {
        let person = &found.value;
        let mail = self.templates.digest(person, period, until, sections)?;
        let Some((mut digest, version)) = self.claim(person, until, before, claim).await? else {
            return Ok(DigestOutcome::Claimed);
        };
        let delivery = self.hand_over(&mail, &person.id).await?;
        let outcome = match delivery {
            Delivery::Sent => DigestOutcome::Sent,
            Delivery::Refused => DigestOutcome::Refused,
        };
        digest.claim = None;
        digest.delivery = Some(delivery);
        digest.notices = sections.iter().map(|s| s.notices.len() as u64 + s.left_out).sum();
        digest.done_at = Some(self.clock.now());
        self.finish(found, period, until, &digest, version).await.map(|()| outcome)
    }

    /// Writes that the digest is done and moves the person on to the next period: both or neither. A change that
    /// somebody made to the person meanwhile is kept.
    async fn finish(
        &self,
        mut person: Found<Person>,
        period: &Period,
        until: Timestamp,
        digest: &Digest,
        version: u64,
    ) -> Result<()> {
        for tried in 1.. {
            let moved = moved_on(person.value, period, until)?;
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

    /// The digest's row, claimed for this process, with its version; none when another process holds the claim.
    async fn claim(
        &self,
        person: &Person,
        until: Timestamp,
        before: Option<Found<Digest>>,
        claim: &Claim,
    ) -> Result<Option<(Digest, u64)>> {
        let (digest, write, version) = match before {
            None => {
                let digest = Digest {
                    partner: person.partner.clone(),
                    person: person.id.clone(),
                    until,
                    claim: Some(claim.clone()),
                    delivery: None,
                    notices: 0,
                    done_at: None,
                };
                let write = put_new(&digest)?;
                (digest, write, 1)
            }
            Some(found) => {
                if found.value.claim.as_ref().is_some_and(|c| c.at + CLAIM > claim.at) {
                    return Ok(None);
                }
                let digest = Digest { claim: Some(claim.clone()), ..found.value };
                let write = replace(&digest, found.version)?;
                (digest, write, found.version + 1)
            }
        };
        match self.records.write(vec![write]).await {
            Ok(()) => Ok(Some((digest, version))),
            Err(e) if e.kind() == ErrorKind::Conflict => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Gives a claim back after a failure, so that the next tick need not wait for its end. When this fails
    /// too, the claim ends by itself.
    async fn release(&self, at: &At<Digest>, claim: &Claim) {
        if let Ok(Some(found)) = self.records.find(at).await
            && found.value.claim.as_ref() == Some(claim)
        {
            let free = Digest { claim: None, ..found.value };
            if let Err(error) = self.records.replace(&free, found.version).await {
                tracing::debug!(%error, "a claim was not given back; it ends by itself");
            }
        }
    }

    /// Moves a person on to its next period. When somebody changed it meanwhile, the next tick does it.
    async fn move_on(
        &self,
        found: Found<Person>,
        period: &Period,
        until: Timestamp,
    ) -> Result<DigestOutcome> {
        let moved = moved_on(found.value, period, until)?;
        match self.records.replace(&moved, found.version).await {
            Err(e) if e.kind() != ErrorKind::Conflict => Err(e),
            _ => Ok(DigestOutcome::Nothing),
        }
    }
}

impl Report {
    fn count(&mut self, person: &Person, outcome: Result<DigestOutcome>) {
        match outcome {
            Ok(DigestOutcome::Sent) => self.sent += 1,
            Ok(DigestOutcome::Refused) => self.refused += 1,
            Ok(DigestOutcome::Empty) => self.empty += 1,
            Ok(DigestOutcome::Claimed) => self.claimed += 1,
            Ok(DigestOutcome::Nothing) => {}
            Err(error) => {
                self.failed += 1;
                tracing::warn!(person = %person.id, kind = error.kind().name(), %error, "a digest failed");
            }
        }
    }
}
