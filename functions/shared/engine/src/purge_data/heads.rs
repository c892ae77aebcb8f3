//! Signs, for each day that is over, where the chains of each audit log ended, and keeps the statements where nobody can
//! change them.
//!
//! Twice equals once: a statement is kept create-only under its name, and what is there already is what counts; its row is
//! a copy. The day itself is done when each log of it is.

use super::{Report, Worker};
use crate::ports::{AnchorName, Page, Put};
use crate::records::{
    AuditDay, AuditHead, AuditOf, AuditSignedUntil, AuditStatement, Found, OlderAuditHead, Record, put_new,
    replace,
};
use crate::signed;
use domain::audit::{BEGINNING, ChainId, HEADS_TYPE, Mark, SignedHeads, fingerprint};
use domain::{Error, ErrorKind, PartnerId, Result, Timestamp};
use futures::{StreamExt, stream};
use jiff::civil::Date;
use jiff::{SignedDuration, ToSpan};

/// How long after a day its heads are signed, in hours: no process writes into a chain of a day for that long after it.
const SETTLE_HOURS: i64 = 2;
/// How many heads stand in one statement: signed and in base64 they have to fit into a row of 300 KB.
const HEADS_A_PART: usize = 1_000;
/// How many logs are signed at the same time.
const AT_ONCE: usize = 8;

impl Worker {
    /// Signs the heads of the days that are over, until the deadline.
    pub(super) async fn sign_heads(&self, deadline: Timestamp, report: &mut Report) -> Result<()> {
        let last_day = self.last_day()?;
        let found = self.records.find(&AuditSignedUntil::at()).await?;
        let mut version = found.as_ref().map_or(0, |found| found.version);
        let Some(mut day) = self.first_unsigned(found).await? else { return Ok(()) };
        while day <= last_day {
            if !self.sign_day(day, deadline, report).await? {
                return Ok(());
            }
            let row = AuditSignedUntil { day };
            let write = if version == 0 { put_new(&row)? } else { replace(&row, version)? };
            match self.records.write(vec![write]).await {
                // Another tick has come as far, or farther.
                Err(e) if e.kind() == ErrorKind::Conflict => return Ok(()),
                written => written?,
            }
            version += 1;
            day = next(day)?;
        }
        Ok(())
    }

    /// The last day that is to be signed.
    fn last_day(&self) -> Result<Date> {
        let day = ChainId::day_of(self.clock.now() - SignedDuration::from_hours(SETTLE_HOURS)).yesterday();
        day.map_err(|e| Error::invalid("there is no day before").caused_by(e))
    }

    /// How many days the mark up to which all logs are signed is from where it should be. Why in both directions: a mark that
    /// lies ahead was put there by somebody, and until then nothing is signed.
    pub(super) async fn unsigned_days(&self) -> Result<u64> {
        let found = self.records.find(&AuditSignedUntil::at()).await?;
        let has_mark = found.is_some();
        let Some(first) = self.first_unsigned(found).await? else { return Ok(0) };
        let due = next(self.last_day()?)?;
        let behind =
            first.until(due).map_err(|e| Error::invalid("no number of days").caused_by(e))?.get_days();
        // A log that begins today has nothing that could be signed.
        Ok(if has_mark || behind > 0 { u64::from(behind.unsigned_abs()) } else { 0 })
    }

    /// The first day that may have heads to sign; none while no log was ever written into.
    async fn first_unsigned(&self, found: Option<Found<AuditSignedUntil>>) -> Result<Option<Date>> {
        if let Some(found) = found {
            return next(found.value.day).map(Some);
        }
        let (days, _) = self.records.list(&AuditDay::all(&AuditOf(None)), Page::first(1)).await?;
        Ok(days.first().map(|found| found.value.day))
    }

    /// Signs the heads of a day for all logs; false when the deadline came first, or a log failed.
    async fn sign_day(&self, day: Date, deadline: Timestamp, report: &mut Report) -> Result<bool> {
        let (mut after, mut is_done) = (None, true);
        loop {
            let page = Page { after, limit: 1_000, descending: false };
            let (logs, next) = self.records.list(&AuditDay::of_day(day), page).await?;
            let work = logs.into_iter().map(|log| async move {
                if self.clock.now() >= deadline {
                    return None;
                }
                let signed = self.sign_log(log.value.partner.as_ref(), day).await;
                Some(signed.inspect_err(|error| {
                    let (partner, kind) = (log.value.partner.as_ref().map(PartnerId::as_str), error.kind().name());
                    tracing::warn!(partner, %day, kind, %error, "the heads of an audit log could not be signed");
                }))
            });
            let mut work = stream::iter(work).buffer_unordered(AT_ONCE);
            while let Some(done) = work.next().await {
                match done {
                    Some(Ok(parts)) => report.signed += parts,
                    Some(Err(_)) => {
                        report.failed += 1;
                        is_done = false;
                    }
                    None => is_done = false,
                }
            }
            after = next;
            if after.is_none() || !is_done {
                return Ok(is_done);
            }
        }
    }

    /// Signs a day's heads of one log, as far as that is not done; gives how many statements it signed.
    async fn sign_log(&self, partner: Option<&PartnerId>, day: Date) -> Result<u64> {
        let all = AuditStatement::all(&AuditOf(partner.cloned()));
        let (newest, _) = self.records.list(&all, Page::last(1)).await?;
        let newest = newest.into_iter().next().map(|found| found.value);
        if newest.as_ref().is_some_and(|s| s.day > day || (s.day == day && s.is_last)) {
            return Ok(0);
        }
        let mut heads = self.heads_of(partner, day).await?;
        if newest.is_none() {
            let older = self.records.find(&OlderAuditHead::at(partner)).await?;
            heads.extend(older.map(|head| head.value.0.mark));
        }
        let mut previous = newest.as_ref().map_or_else(|| BEGINNING.to_owned(), |s| fingerprint(&s.signed));
        let first = newest.filter(|s| s.day == day).map_or(0, |s| s.part + 1);
        let parts: Vec<&[Mark]> = heads.chunks(HEADS_A_PART).collect();
        let mut signed = 0;
        for (part, heads) in (0_u32..).zip(&parts).skip(usize::try_from(first).unwrap_or(usize::MAX)) {
            let statement = SignedHeads {
                partner: partner.cloned(),
                day,
                part,
                is_last: usize::try_from(part).is_ok_and(|part| part + 1 == parts.len()),
                heads: heads.to_vec(),
                previous,
                signed_at: self.clock.now(),
            };
            let text = self.keep(&statement).await?;
            previous = fingerprint(&text);
            signed += 1;
        }
        Ok(signed)
    }

    /// Where the chains of that day ended.
    async fn heads_of(&self, partner: Option<&PartnerId>, day: Date) -> Result<Vec<Mark>> {
        let found = self.records.list_all(&AuditHead::of_day(partner, day)).await?;
        Ok(found.into_iter().map(|head| head.value.0.mark).collect())
    }

    /// Signs a statement and keeps it, first where nobody can change it, then as a row; gives the text that is kept, which
    /// is that of an earlier try where there was one.
    async fn keep(&self, statement: &SignedHeads) -> Result<String> {
        let partner = statement.partner.as_ref();
        let name = AnchorName::new(partner, statement.day, statement.part);
        let mut text = signed::sign(&*self.signer, HEADS_TYPE, statement).await?;
        if self.anchors.put_new(&name, &text).await? == Put::AlreadyThere {
            let kept = self.anchors.find(&name).await?;
            text =
                kept.ok_or_else(|| Error::unavailable("a statement of heads is there and not to be read"))?;
        }
        let row = AuditStatement {
            partner: partner.cloned(),
            day: statement.day,
            part: statement.part,
            is_last: statement.is_last,
            signed: text.clone(),
        };
        match self.records.put_new(&row).await {
            Err(e) if e.kind() == ErrorKind::Conflict => {}
            put => put?,
        }
        Ok(text)
    }
}

fn next(day: Date) -> Result<Date> {
    day.checked_add(1.day()).map_err(|e| Error::invalid("there is no day after").caused_by(e))
}
