//! The audit log: appended to, read, exported, verified.
//!
//! A chain is its partner's: what a caller does is written into the chain of the partner that the caller is of, and
//! what it does to a partner below, or to a customer of one, into that one's too. What the operator does goes into the
//! installation's own, which only the table shows.

use super::{Caller, Gate, Listed};
use domain::audit::{Broken, Entry, Event, Fault, Head, Walk};
use domain::rights::Action;
use domain::{Error, ErrorKind, OrganisationId, PartnerId, Result};
use engine::ports::Page;
use engine::records::{
    AuditEntry, AuditHead, AuditOf, Found, OrganisationPlace, Partner, Record, Records, Under, put_new,
    replace,
};
use futures::StreamExt;
use futures::stream;
use std::collections::{BTreeMap, HashMap};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::oneshot::{self, error::TryRecvError};

/// How often entries are tried to be appended. Requests of one partner that end at the same time meet at the head of
/// its chain, and only one write can be the next.
const APPEND_TRIES: u64 = 40;
/// The first wait between two tries, in milliseconds; the ones after it are longer.
const WAIT_MS: u64 = 3;
/// The longest wait between two tries, in milliseconds.
const MAX_WAIT_MS: u64 = 60;
/// Pages of a log that are looked through for one page of a caller who sees little of it.
const LOOKED_THROUGH: usize = 10;
/// How many entries one call verifies at most: as many as the time of a request allows.
const VERIFIED_AT_ONCE: u64 = 20_000;
/// How many entries are read at the same time.
const READ_AT_ONCE: usize = 64;

/// Appends entries to the chains. Clones share the entries that wait to be written.
#[derive(Clone)]
pub struct AuditLog {
    records: Records,
    lines: Arc<Mutex<HashMap<Option<PartnerId>, Arc<Line>>>>,
}

/// The entries of one chain that wait to be written. Why they are written together: each write also replaces the
/// chain's head, so entries that come at the same time would otherwise meet there, and try again and again.
#[derive(Default)]
struct Line {
    waiting: Mutex<Vec<Waiting>>,
    /// Held by the call that is writing; the others of the chain wait for it.
    turn: tokio::sync::Mutex<()>,
}

struct Waiting {
    event: Event,
    reply: oneshot::Sender<Result<Head>>,
}

/// How many entries go into one write at most.
const TOGETHER: usize = 20;

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().expect("no holder of this lock panics")
}

impl AuditLog {
    /// A log over those rows.
    pub fn new(records: Records) -> Self {
        Self { records, lines: Arc::default() }
    }

    /// Where the chains are.
    pub fn records(&self) -> &Records {
        &self.records
    }

    /// Appends to the chain of that partner, or to the installation's: entries and the head in one write.
    ///
    /// # Errors
    /// `Unavailable` when others were faster each time.
    pub async fn append(&self, partner: Option<&PartnerId>, event: &Event) -> Result<Head> {
        let line = held(&self.lines).entry(partner.cloned()).or_default().clone();
        let (reply, mut mine) = oneshot::channel();
        held(&line.waiting).push(Waiting { event: event.clone(), reply });
        let _turn = line.turn.lock().await;
        loop {
            // Whoever had the turn before may have written this one along with its own.
            match mine.try_recv() {
                Ok(written) => return written,
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Closed) => {
                    return Err(Error::unavailable("writing into the audit log was cut off"));
                }
            }
            let some: Vec<Waiting> = {
                let mut waiting = held(&line.waiting);
                let count = waiting.len().min(TOGETHER);
                waiting.drain(..count).collect()
            };
            let (events, replies): (Vec<Event>, Vec<_>) =
                some.into_iter().map(|w| (w.event, w.reply)).unzip();
            let written = self.append_all(partner, &events).await;
            for (number, reply) in replies.into_iter().enumerate() {
                let result = match &written {
                    Ok(heads) => Ok(heads[number].clone()),
                    Err(error) => Err(Error::new(error.kind(), error.summary())),
                };
                // Why a failure does not matter: the call that waited for this entry is gone.
                let _ = reply.send(result);
            }
        }
    }

    /// The partner below `own` that a request is about: the request names that partner, or a customer of it. None
    /// when it is about nobody else.
    ///
    /// # Errors
    /// Those of the rows.
    pub async fn partner_below(
        &self,
        own: &PartnerId,
        subjects: &BTreeMap<String, String>,
    ) -> Result<Option<PartnerId>> {
        let id_of = |name: &str| subjects.get(name);
        let about = match (id_of("org").map(|id| id.parse()), id_of("prt").map(|id| id.parse())) {
            (Some(Ok(organisation)), _) => {
                let place = self.records.find(&OrganisationPlace::at(&organisation)).await?;
                place.map(|place| place.value.partner)
            }
            (_, Some(Ok(partner))) => Some(partner),
            _ => None,
        };
        let Some(about) = about.filter(|about| about != own) else { return Ok(None) };
        let partner = self.records.find(&Partner::at(&about)).await?;
        // Why: nobody writes into the chain of a partner that they do not see.
        Ok(partner.filter(|partner| partner.value.above.contains(own)).map(|_| about))
    }

    /// Appends all of them in their order, in one write; gives the head after each.
    async fn append_all(&self, partner: Option<&PartnerId>, events: &[Event]) -> Result<Vec<Head>> {
        for turn in 0..APPEND_TRIES {
            let found = self.records.find(&AuditHead::at(partner)).await?;
            let mut head =
                found.as_ref().map_or_else(|| Head::beginning(partner.cloned()), |f| f.value.0.clone());
            let (mut writes, mut heads) = (Vec::new(), Vec::new());
            for event in events {
                let (entry, next) = head.append(event.clone())?;
                writes.push(put_new(&AuditEntry(entry))?);
                heads.push(next.clone());
                head = next;
            }
            let head_row = AuditHead(head);
            writes.push(match found {
                Some(Found { version, .. }) => replace(&head_row, version)?,
                None => put_new(&head_row)?,
            });
            match self.records.write(writes).await {
                Ok(()) => return Ok(heads),
                Err(e) if e.kind() == ErrorKind::Conflict => {
                    let request = events.first().map_or("", |event| event.request.as_str());
                    self.records.clock().sleep_ms(wait_ms(request, turn)).await;
                }
                Err(e) => return Err(e),
            }
        }
        Err(Error::unavailable("the audit log is written to by too many at once"))
    }
}

/// How long to wait before the next try, in milliseconds. Why it depends on the request's id: two that met once should
/// not meet again.
fn wait_ms(request: &str, turn: u64) -> u64 {
    let most = (WAIT_MS << turn.min(10)).min(MAX_WAIT_MS);
    let seed = request.bytes().fold(turn, |n, b| n.wrapping_mul(31).wrapping_add(u64::from(b)));
    WAIT_MS + seed % most
}

/// What verifying a chain found.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    /// The first entry at which the chain is broken, if it is broken.
    pub broken: Option<Broken>,
    /// The number of the last entry that was walked without a fault.
    pub until: u64,
    /// Whether the walk came to the end of the chain, or to where it is broken.
    pub complete: bool,
    /// The chain's head when the walk began.
    pub head: Head,
}

/// What can be asked about the audit log.
#[derive(Clone)]
pub struct Audit {
    /// Checks what the caller may do, before any command acts.
    pub gate: Gate,
}

/// The partner whose log a caller sees, and how much of it.
struct Seen {
    partner: PartnerId,
    /// Only entries about these; none means all.
    organisations: Option<Vec<OrganisationId>>,
}

impl Seen {
    fn shows(&self, entry: &Entry) -> bool {
        let Some(named) = &self.organisations else { return true };
        entry.event.organisation().is_some_and(|about| named.contains(&about))
    }
    fn entries(&self) -> Under<AuditEntry> {
        AuditEntry::all(&AuditOf(Some(self.partner.clone())))
    }
}

impl Audit {
    /// What of the log the caller sees. A caller that is limited to organisations sees the entries about these, and
    /// only while it may read the log of each.
    async fn seen(&self, caller: &Caller, partner: Option<&PartnerId>, action: Action) -> Result<Seen> {
        let member = caller.member()?;
        let Some(named) = &member.organisations else {
            let partner = self.gate.partner(caller, partner, action).await?.value.id;
            return Ok(Seen { partner, organisations: None });
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
        Ok(Seen { partner, organisations: Some(allowed) })
    }

    /// The log, newest first.
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

    async fn part(&self, seen: &Seen, page: Page) -> Result<Listed<Entry>> {
        let (mut items, mut after) = (Vec::new(), page.after);
        for _ in 0..LOOKED_THROUGH {
            let page = Page { after, limit: page.limit, descending: page.descending };
            let (found, next) = self.gate.records.list(&seen.entries(), page).await?;
            items.extend(found.into_iter().map(|f| f.value.0).filter(|e| seen.shows(e)));
            after = next;
            if after.is_none() || !items.is_empty() {
                break;
            }
        }
        Ok(Listed { items, next: after })
    }

    /// Walks the chain from the entry after `after`, up to which an earlier call has walked it (0: from the
    /// beginning), to its end, or for as many entries as one call may.
    ///
    /// # Errors
    /// `Denied`; `NotFound` when the caller does not see that partner; `Invalid` when there is no such entry.
    pub async fn verify(&self, caller: &Caller, partner: Option<&PartnerId>, after: u64) -> Result<Verified> {
        let partner = self.gate.partner(caller, partner, Action::ExportAudit).await?.value.id;
        let chain = Chain { records: &self.gate.records, partner: Some(partner) };
        chain.verify(after).await
    }
}

struct Chain<'a> {
    records: &'a Records,
    partner: Option<PartnerId>,
}

impl Chain<'_> {
    async fn head(&self) -> Result<Head> {
        let found = self.records.find(&AuditHead::at(self.partner.as_ref())).await?;
        Ok(found.map_or_else(|| Head::beginning(self.partner.clone()), |f| f.value.0))
    }

    /// The entry in that place; none when there is none, or none that can be read.
    async fn entry(&self, number: u64) -> Result<Option<Entry>> {
        match self.records.find(&AuditEntry::at(self.partner.as_ref(), number)).await {
            Ok(found) => Ok(found.map(|f| f.value.0)),
            Err(e) if e.kind() == ErrorKind::Corrupt => Ok(None),
            Err(e) => Err(e),
        }
    }

    async fn verify(&self, after: u64) -> Result<Verified> {
        let head = self.head().await?;
        let mut walk = self.walk_after(after).await?;
        let until = head.number.min(after.saturating_add(VERIFIED_AT_ONCE));
        let verified = |walk: &Walk, broken, complete| Verified {
            broken,
            until: walk.number(),
            complete,
            head: head.clone(),
        };
        if let Err(broken) = self.walk(&mut walk, until).await? {
            return Ok(verified(&walk, Some(broken), true));
        }
        if walk.number() < head.number {
            return Ok(verified(&walk, None, false));
        }
        let mut end = walk.end(&head);
        let beyond = head.number + 1;
        if end.is_ok() && self.entry(beyond).await?.is_some() && self.head().await?.number < beyond {
            // Why the head is read again: an entry that came meanwhile has moved the head with it, and is no fault.
            end = Err(Broken { number: beyond, fault: Fault::Head });
        }
        Ok(verified(&walk, end.err(), true))
    }

    async fn walk_after(&self, after: u64) -> Result<Walk> {
        if after == 0 {
            return Ok(Walk::begin(self.partner.clone()));
        }
        let entry = self.entry(after).await?;
        let entry = entry.ok_or_else(|| Error::invalid_field("after", "there is no such entry"))?;
        Ok(Walk::after(&Head { partner: self.partner.clone(), number: after, hash: entry.hash }))
    }

    /// Walks to that entry, or to where it breaks.
    async fn walk(&self, walk: &mut Walk, until: u64) -> Result<std::result::Result<(), Broken>> {
        // Why one by one and not by pages: the number of a row that cannot be read is then known.
        let entries = stream::iter(walk.number() + 1..=until).map(|n| self.entry(n));
        let mut entries = pin!(entries.buffered(READ_AT_ONCE));
        while let Some(entry) = entries.next().await {
            let missing = Broken { number: walk.number() + 1, fault: Fault::Missing };
            if let Err(broken) = entry?.map_or(Err(missing), |e| walk.step(&e)) {
                return Ok(Err(broken));
            }
        }
        Ok(Ok(()))
    }
}
