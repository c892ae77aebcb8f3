//! Appending to audit logs: each process in chains of its own, so that none waits for another.
//!
//! Invariants: what was appended is in the catalog when the call returns, entry and head in one write; the row that says
//! that a log was written into on a day is there before the day's first entry, so that no entry is left out when the day's
//! heads are signed; a chain whose last write failed is left as it is, since nobody knows whether it was done.

use crate::ports::{Ids, Page, Write};
use crate::records::{
    AuditDay, AuditEntry, AuditHead, AuditOf, OlderAuditHead, OrganisationPlace, Partner, Record, Records,
    put_new, replace,
};
use domain::audit::{ChainId, Event, Head, Mark};
use domain::{Error, ErrorKind, PartnerId, Result};
use jiff::civil::Date;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot::{self, error::TryRecvError};

/// How often entries are tried to be appended, each time in a new chain: only somebody who writes the table by hand can
/// be in the way.
const APPEND_TRIES: usize = 2;
/// How many entries go into one write at most.
const TOGETHER: usize = 20;
/// How many ends of chains the first entry of a chain names.
const SEEN: usize = 4;

/// Appends entries to audit logs. Clones are the same process: they share its chains, and the entries that wait to be
/// written.
#[derive(Clone)]
pub struct AuditLog {
    records: Records,
    process: Arc<Process>,
    lines: Arc<Mutex<HashMap<Option<PartnerId>, Arc<Line>>>>,
}

/// The process that writes, as its chains are named by it.
struct Process {
    id: String,
    chains: AtomicU64,
}

/// The entries of one log that wait to be written by this process. Why they are written together: each write also replaces
/// the head of the process's chain, so one has to wait for another.
#[derive(Default)]
struct Line {
    waiting: Mutex<Vec<Waiting>>,
    /// The process's chain, held by the call that is writing; the others of the log wait for it. None before the first
    /// entry, and after a write that failed.
    chain: tokio::sync::Mutex<Option<Chain>>,
}

/// A chain of this process, as its last write left it.
struct Chain {
    head: Head,
    /// The version of the head's row; 0 while there is none.
    version: u64,
    /// What the chain's first entry names.
    seen: Vec<Mark>,
}

struct Waiting {
    event: Event,
    reply: oneshot::Sender<Result<Mark>>,
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl AuditLog {
    /// A process that writes into logs of those rows; its name is drawn from `ids`.
    pub fn new(records: Records, ids: &dyn Ids) -> Self {
        let process = Arc::new(Process { id: ids.ulid(), chains: AtomicU64::new(0) });
        Self { records, process, lines: Arc::default() }
    }

    /// Where the logs are.
    pub fn records(&self) -> &Records {
        &self.records
    }

    /// Appends to the log of that partner, or to the installation's. The event's time becomes that of its writing.
    ///
    /// # Errors
    /// Those of the rows. Whether the entry was written is then not known.
    pub async fn append(&self, partner: Option<&PartnerId>, event: &Event) -> Result<Mark> {
        let line = held(&self.lines).entry(partner.cloned()).or_default().clone();
        let (reply, mut mine) = oneshot::channel();
        held(&line.waiting).push(Waiting { event: event.clone(), reply });
        let mut chain = line.chain.lock().await;
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
            let written = self.append_all(partner, &mut chain, &events).await;
            for (number, reply) in replies.into_iter().enumerate() {
                let result = match &written {
                    Ok(marks) => Ok(marks[number].clone()),
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
        // Why: nobody writes into the log of a partner that they do not see.
        Ok(partner.filter(|partner| partner.value.above.contains(own)).map(|_| about))
    }

    /// Appends all of them in their order, in one write; gives the end of the chain after each.
    async fn append_all(
        &self,
        partner: Option<&PartnerId>,
        open: &mut Option<Chain>,
        events: &[Event],
    ) -> Result<Vec<Mark>> {
        for _ in 0..APPEND_TRIES {
            let now = self.records.clock().now();
            let day = ChainId::day_of(now);
            // Why taken out: a chain whose write fails is not gone on with.
            let chain = open.take().filter(|c| c.head.mark.chain.as_ref().is_some_and(|id| id.day() == day));
            let chain = match chain {
                Some(chain) => chain,
                None => self.begin(partner, day).await?,
            };
            let (mut head, mut seen) = (chain.head, chain.seen);
            let (mut writes, mut marks) = (Vec::new(), Vec::new());
            for event in events {
                let event = Event { at: now, ..event.clone() };
                let (entry, next) = head.append(event, std::mem::take(&mut seen))?;
                writes.push(put_new(&AuditEntry(entry))?);
                marks.push(next.mark.clone());
                head = next;
            }
            writes.push(head_write(&head, chain.version)?);
            match self.records.write(writes).await {
                Ok(()) => {
                    *open = Some(Chain { head, version: chain.version + 1, seen });
                    return Ok(marks);
                }
                Err(e) if e.kind() == ErrorKind::Conflict => {}
                Err(e) => return Err(e),
            }
        }
        Err(Error::unavailable("somebody else wrote into the chains of this process"))
    }

    /// Begins a chain: says that the log is written into on that day, and looks which chains there are.
    async fn begin(&self, partner: Option<&PartnerId>, day: Date) -> Result<Chain> {
        let row = AuditDay { day, partner: partner.cloned() };
        if self.records.find(&row.address()).await?.is_none() {
            match self.records.put_new(&row).await {
                // Another process was first, which does as well.
                Err(e) if e.kind() == ErrorKind::Conflict => {}
                put => put?,
            }
        }
        let heads = AuditHead::all(&AuditOf(partner.cloned()));
        let (found, _) = self.records.list(&heads, Page::last(SEEN)).await?;
        let mut seen: Vec<Mark> = found.into_iter().map(|head| head.value.0.mark).collect();
        if seen.len() < SEEN {
            let older = self.records.find(&OlderAuditHead::at(partner)).await?;
            seen.extend(older.map(|head| head.value.0.mark));
        }
        let count = self.process.chains.fetch_add(1, Ordering::Relaxed) + 1;
        let id = ChainId::new(day, &self.process.id, count);
        Ok(Chain { head: Head::beginning(partner.cloned(), Some(id)), version: 0, seen })
    }
}

fn head_write(head: &Head, version: u64) -> Result<Write> {
    let row = AuditHead(head.clone());
    if version == 0 { put_new(&row) } else { replace(&row, version) }
}
