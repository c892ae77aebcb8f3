//! Verifies a log by its pages, in the order of time: each entry follows the one before it in its chain, each chain ends
//! where its head says, and what first entries saw is there.
//!
//! A call reads a bounded number of pages and says where the next one goes on. What a call does not remember of an earlier
//! one it looks up: the entry before another, by the address that the other holds.

use domain::audit::{Broken, ChainId, Entry, Fault, Mark, Walk};
use domain::{Error, ErrorKind, PartnerId, Result, Timestamp};
use engine::ports::Page;
use engine::records::{At, AuditEntry, AuditHead, AuditOf, OlderAuditEntry, OlderAuditHead, Record, Records};
use jiff::civil::Date;
use std::collections::{BTreeMap, HashMap, HashSet};

/// How many entries are read in one page.
const PAGE: usize = 1_000;
/// How many pages one call reads at most.
const PAGES: usize = 20;
/// How many entries back a gap in a chain is followed: entries that were written while their place was already passed.
const LOOKED_BACK: usize = 64;
/// How many of the newest heads are looked up at the end of a log.
const NEWEST: usize = 20;

/// What verifying a log found, as far as one call went.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    /// The first fault, if there is one.
    pub broken: Option<Broken>,
    /// How many entries this call walked without a fault.
    pub entries: u64,
    /// Where the next call goes on; none when the log was walked to its end, or to its fault.
    pub next: Option<String>,
}

/// What a step of the verification comes to: an error of the rows, or a fault of the log.
type Step<T = ()> = Result<std::result::Result<T, Broken>>;

/// Leaves the function with the fault, where there is one.
macro_rules! sound {
    ($step:expr) => {
        match $step {
            Ok(value) => value,
            Err(broken) => return Ok(Err(broken)),
        }
    };
}

/// Where a call goes on.
enum From {
    /// In the single chain of an older log, after the entry of that number.
    Older(u64, Option<String>),
    /// In the chains of processes, after an entry of that time.
    Chains(Option<Timestamp>, Option<String>),
}

impl From {
    fn read(text: &str) -> Result<Self> {
        let bad = || Error::invalid_field("after", "it is not where an earlier call stopped");
        let mut parts = text.splitn(3, '~');
        let (Some(kind), Some(at), Some(token)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(bad());
        };
        let token = Some(token).filter(|token| !token.is_empty()).map(str::to_owned);
        match kind {
            "o" => Ok(Self::Older(at.parse().map_err(|_| bad())?, token)),
            "c" if at.is_empty() => Ok(Self::Chains(None, token)),
            "c" => Ok(Self::Chains(Some(at.parse().map_err(|_| bad())?), token)),
            _ => Err(bad()),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Older(number, token) => format!("o~{number}~{}", token.as_deref().unwrap_or_default()),
            Self::Chains(at, token) => {
                let at = at.map(|at| at.to_string()).unwrap_or_default();
                format!("c~{at}~{}", token.as_deref().unwrap_or_default())
            }
        }
    }
}

/// Verifies a log from that place on.
pub(super) async fn verify(
    records: &Records,
    partner: Option<PartnerId>,
    after: Option<&str>,
) -> Result<Verified> {
    let mut from = after.map_or(Ok(From::Older(0, None)), From::read)?;
    let mut log = Log { records, partner, entries: 0, pages: PAGES };
    if let From::Older(number, token) = from {
        match log.older(number, token).await? {
            Ok(next) => from = next,
            Err(broken) => return Ok(log.found(Some(broken), None)),
        }
    }
    let From::Chains(at, token) = from else { return Ok(log.found(None, Some(from))) };
    Ok(match log.chains(at, token).await? {
        Ok(next) => log.found(None, next),
        Err(broken) => log.found(Some(broken), None),
    })
}

struct Log<'a> {
    records: &'a Records,
    partner: Option<PartnerId>,
    entries: u64,
    /// How many pages this call may still read.
    pages: usize,
}

impl Log<'_> {
    fn found(&self, broken: Option<Broken>, next: Option<From>) -> Verified {
        Verified { broken, entries: self.entries, next: next.map(|next| next.text()) }
    }

    /// The single chain of an older log; where to go on, which is in the chains once it is through.
    async fn older(&mut self, number: u64, mut token: Option<String>) -> Step<From> {
        let partner = self.partner.as_ref();
        let mut walk = Walk::begin(self.partner.clone(), None);
        if number > 0 {
            let entry = one(self.records, &OlderAuditEntry::at(partner, number)).await?;
            let entry = entry.ok_or_else(|| Error::invalid_field("after", "there is no such entry"))?;
            walk = Walk::after(&entry.0);
        }
        loop {
            if self.pages == 0 {
                return Ok(Ok(From::Older(walk.mark().number, token)));
            }
            self.pages -= 1;
            let page = Page { after: token, limit: PAGE, descending: false };
            let all = OlderAuditEntry::all(&AuditOf(self.partner.clone()));
            let (rows, next) = self.records.list_each(&all, page).await?;
            for (key, row) in rows {
                let here = OlderAuditEntry::at(partner, walk.mark().number + 1);
                let missing = walk.broken(walk.mark().number + 1, Fault::Missing);
                let entry = match row {
                    Ok(OlderAuditEntry(entry)) if key == here.key() => entry,
                    Err(e) if e.kind() != ErrorKind::Corrupt => return Err(e),
                    _ => return Ok(Err(missing)),
                };
                sound!(walk.step(&entry));
                self.entries += 1;
            }
            token = next;
            if token.is_none() {
                break;
            }
        }
        let head = self.records.find(&OlderAuditHead::at(partner)).await?;
        let head = head.map_or_else(|| Walk::begin(None, None).mark().clone(), |head| head.value.0.mark);
        sound!(walk.end(&head));
        Ok(Ok(From::Chains(None, None)))
    }

    /// The chains of processes, from that place on; where the next call goes on, if it has to.
    async fn chains(&mut self, from: Option<Timestamp>, mut token: Option<String>) -> Step<Option<From>> {
        let mut day: Option<Day> = None;
        let mut last = from;
        loop {
            if self.pages == 0 {
                if let Some(mut day) = day {
                    sound!(day.close(last).await?);
                }
                return Ok(Ok(Some(From::Chains(last, token))));
            }
            self.pages -= 1;
            let all = AuditEntry::all(&AuditOf(self.partner.clone()));
            let page = Page { after: token, limit: PAGE, descending: false };
            let (rows, next) = self.records.list_each(&all, page).await?;
            for (key, row) in rows {
                let entry = sound!(self.readable(&key, row)?);
                let of = entry.chain.as_ref().map_or(Date::MIN, ChainId::day);
                if day.as_ref().is_none_or(|day| day.date != of) {
                    if let Some(mut over) = day.take() {
                        sound!(over.close(None).await?);
                    }
                    // Why only then: of a day that begins in this call nothing was walked before.
                    let resumed = from.filter(|at| ChainId::day_of(*at) == of);
                    day = Some(Day::open(self.records, self.partner.clone(), of, resumed).await?);
                }
                if let Some(day) = &mut day {
                    sound!(day.step(&entry).await?);
                }
                last = Some(entry.event.at);
                self.entries += 1;
            }
            token = next;
            if token.is_none() {
                break;
            }
        }
        if let Some(mut day) = day {
            sound!(day.close(None).await?);
        }
        sound!(self.newest().await?);
        Ok(Ok(None))
    }

    /// The entry of a row, which stands where it says.
    fn readable(&self, key: &str, row: Result<AuditEntry>) -> Step<Entry> {
        let (chain, number) =
            AuditEntry::place(key).map_or((None, 0), |(chain, number)| (Some(chain), number));
        match row {
            Ok(row) if row.address().key() == key && row.0.partner == self.partner => Ok(Ok(row.0)),
            Err(e) if e.kind() != ErrorKind::Corrupt => Err(e),
            _ => Ok(Err(Broken { chain, number, fault: Fault::Missing })),
        }
    }

    /// The newest heads: that the entries that they name are there. A day of which no entry is left is found so.
    async fn newest(&self) -> Step {
        let all = AuditHead::all(&AuditOf(self.partner.clone()));
        let (heads, _) = self.records.list(&all, Page::last(NEWEST)).await?;
        for head in heads {
            sound!(is_there(self.records, self.partner.as_ref(), &head.value.0.mark).await?);
        }
        Ok(Ok(()))
    }
}

/// One day of a log, as far as this call walks it.
struct Day<'a> {
    records: &'a Records,
    partner: Option<PartnerId>,
    date: Date,
    /// Up to which time an earlier call has walked the day; none where this one begins it.
    from: Option<Timestamp>,
    heads: BTreeMap<ChainId, Mark>,
    walks: HashMap<ChainId, Walk>,
    /// What first entries saw and was found.
    seen: HashSet<(Option<ChainId>, u64)>,
}

impl<'a> Day<'a> {
    async fn open(
        records: &'a Records,
        partner: Option<PartnerId>,
        date: Date,
        from: Option<Timestamp>,
    ) -> Result<Self> {
        let found = records.list_all(&AuditHead::of_day(partner.as_ref(), date)).await?;
        let heads = found.into_iter().filter_map(|head| {
            let mark = head.value.0.mark;
            Some((mark.chain.clone()?, mark))
        });
        let heads = heads.collect();
        Ok(Self { records, partner, date, from, heads, walks: HashMap::new(), seen: HashSet::new() })
    }

    async fn step(&mut self, entry: &Entry) -> Step {
        let Some(chain) = entry.chain.clone() else { return Ok(Ok(())) };
        let broken = |number, fault| Broken { chain: Some(chain.clone()), number, fault };
        if self.heads.get(&chain).is_none_or(|head| head.number < entry.number) {
            // Why read again: an entry that came meanwhile has moved the head with it, and is no fault.
            let head = self.records.find(&AuditHead::at(self.partner.as_ref(), &chain)).await?;
            let Some(head) = head.map(|h| h.value.0.mark).filter(|head| head.number >= entry.number) else {
                return Ok(Err(broken(entry.number, Fault::Head)));
            };
            self.heads.insert(chain.clone(), head);
        }
        let mut walk = match self.walks.remove(&chain) {
            Some(walk) => walk,
            None if entry.number == 1 => {
                sound!(self.check_seen(entry).await?);
                Walk::begin(self.partner.clone(), Some(chain.clone()))
            }
            None if self.from.is_some() => match self.before(entry).await? {
                Some(before) => Walk::after(&before),
                None => return Ok(Err(broken(entry.number - 1, Fault::Missing))),
            },
            None => return Ok(Err(broken(1, Fault::Missing))),
        };
        if entry.number > walk.mark().number + 1 {
            sound!(self.catch_up(&mut walk, self.before(entry).await?).await?);
        }
        sound!(walk.step(entry));
        self.walks.insert(chain, walk);
        Ok(Ok(()))
    }

    /// The entry before another, by the address that the other holds; none where none is there that was not altered.
    async fn before(&self, entry: &Entry) -> Result<Option<Entry>> {
        let mark = Mark {
            chain: entry.chain.clone(),
            number: entry.number.saturating_sub(1),
            at: entry.previous_at,
            hash: entry.previous.clone(),
        };
        find_unaltered(self.records, self.partner.as_ref(), &mark).await
    }

    /// Walks on to that entry, over entries that were written behind the place that this call had come to.
    async fn catch_up(&self, walk: &mut Walk, to: Option<Entry>) -> Step {
        let next = walk.mark().number + 1;
        let mut back: Vec<Entry> = to.into_iter().collect();
        while let Some(entry) = back.last()
            && entry.number > next
            && back.len() < LOOKED_BACK
        {
            match self.before(entry).await? {
                Some(before) => back.push(before),
                None => break,
            }
        }
        if back.last().is_none_or(|entry| entry.number != next) {
            return Ok(Err(walk.broken(next, Fault::Missing)));
        }
        Ok(back.iter().rev().try_for_each(|entry| walk.step(entry)))
    }

    /// Whether what a first entry saw is there.
    async fn check_seen(&mut self, entry: &Entry) -> Step {
        for mark in &entry.seen {
            if !self.seen.insert((mark.chain.clone(), mark.number)) {
                continue;
            }
            sound!(match &mark.chain {
                Some(_) => is_there(self.records, self.partner.as_ref(), mark).await?,
                None => self.is_older_there(mark).await?,
            });
        }
        Ok(Ok(()))
    }

    async fn is_older_there(&self, mark: &Mark) -> Step {
        if mark.number == 0 {
            return Ok(Ok(()));
        }
        let found = one(self.records, &OlderAuditEntry::at(self.partner.as_ref(), mark.number)).await?;
        let is_there = found.is_some_and(|entry| entry.0.hash == mark.hash);
        Ok(if is_there { Ok(()) } else { Err(missing(mark)) })
    }

    /// The end of what this call walks of the day, or all of it where there is no `until`: whether its chains end where
    /// their heads say.
    async fn close(&mut self, until: Option<Timestamp>) -> Step {
        let heads = std::mem::take(&mut self.heads);
        for (chain, head) in &heads {
            let is_of_others = |at: Timestamp| {
                self.from.is_some_and(|from| at < from) || until.is_some_and(|until| at >= until)
            };
            if head.at.is_some_and(is_of_others) {
                continue;
            }
            let partner = self.partner.as_ref();
            let Some(walk) = self.walks.get_mut(chain) else {
                sound!(is_there(self.records, partner, head).await?);
                continue;
            };
            if walk.mark().number < head.number {
                let mut walk = walk.clone();
                let last = find_unaltered(self.records, partner, head).await?;
                sound!(self.catch_up(&mut walk, last).await?);
                sound!(walk.end(head));
                continue;
            }
            sound!(walk.end(head));
        }
        Ok(Ok(()))
    }
}

fn missing(mark: &Mark) -> Broken {
    Broken { chain: mark.chain.clone(), number: mark.number, fault: Fault::Missing }
}

/// The entry that a mark names, where it is there and was not altered.
async fn find_unaltered(
    records: &Records,
    partner: Option<&PartnerId>,
    mark: &Mark,
) -> Result<Option<Entry>> {
    let Some(at) = AuditEntry::of_mark(partner, mark) else { return Ok(None) };
    let found = one(records, &at).await?.map(|row| row.0);
    Ok(found.filter(|entry| {
        entry.hash == mark.hash && entry.computed_hash().is_ok_and(|computed| computed == entry.hash)
    }))
}

/// Whether the entry that a mark names is there.
async fn is_there(records: &Records, partner: Option<&PartnerId>, mark: &Mark) -> Step {
    let found = find_unaltered(records, partner, mark).await?;
    Ok(if found.is_some() { Ok(()) } else { Err(missing(mark)) })
}

/// The record at that address; none when there is none, or none that can be read.
async fn one<T: Record>(records: &Records, at: &At<T>) -> Result<Option<T>> {
    match records.find(at).await {
        Ok(found) => Ok(found.map(|found| found.value)),
        Err(e) if e.kind() == ErrorKind::Corrupt => Ok(None),
        Err(e) => Err(e),
    }
}
