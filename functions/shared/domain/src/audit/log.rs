//! A whole log, as it was exported, held against itself and against the signed heads of its days.
//!
//! Whether a statement of heads is signed by the right key is for the caller to find out before; here it is believed.

use super::{BEGINNING, Broken, ChainId, Entry, Fault, Mark, SignedHeads, Walk, fingerprint};
use crate::{PartnerId, Timestamp};
use jiff::civil::Date;
use std::collections::{BTreeMap, HashMap};

/// What is wrong with a log, or with the statements that it is held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogFault {
    /// The log is broken there.
    Entry(Broken),
    /// An entry or a statement is of another partner's log than the first entry.
    OtherLog,
    /// The statement of that day and part does not follow the one before it in the file.
    Statement(Date, u32),
}

/// What was found in a log that is whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogFound {
    /// How many entries it has.
    pub entries: u64,
    /// In how many chains they are.
    pub chains: u64,
    /// How many of the chains end where a signed head says.
    pub signed: u64,
    /// The first day of which signed heads are there, if there is one.
    pub signed_from: Option<Date>,
    /// The last day up to which all chains have signed heads, if there is one.
    pub signed_until: Option<Date>,
    /// Whether the first statement is the log's first; otherwise earlier ones were left out.
    pub is_signed_from_beginning: bool,
}

/// One chain, as far as it was walked.
struct Walked {
    walk: Walk,
    /// The hashes of its entries, from the first.
    hashes: Vec<String>,
}

/// Where an entry stands in an export: the older log's single chain first, then by time.
type Place = (bool, Option<Timestamp>, Option<ChainId>, u64);

/// A check of a log, entry by entry in the order of its export.
#[derive(Default)]
pub struct LogCheck {
    /// Whose log it is, once an entry has said so: a partner's, or the installation's.
    #[expect(
        clippy::option_option,
        reason = "not known yet, the installation's, and a partner's are three things"
    )]
    partner: Option<Option<PartnerId>>,
    chains: BTreeMap<Option<ChainId>, Walked>,
    seen: Vec<Mark>,
    last: Option<Place>,
    entries: u64,
}

impl LogCheck {
    /// The next entry of the export.
    ///
    /// # Errors
    /// Where and why the log is broken.
    pub fn take(&mut self, entry: &Entry) -> Result<(), LogFault> {
        let partner = self.partner.get_or_insert_with(|| entry.partner.clone());
        if *partner != entry.partner {
            return Err(LogFault::OtherLog);
        }
        let begin =
            || Walked { walk: Walk::begin(entry.partner.clone(), entry.chain.clone()), hashes: Vec::new() };
        let chain = self.chains.entry(entry.chain.clone()).or_insert_with(begin);
        chain.walk.step(entry).map_err(LogFault::Entry)?;
        chain.hashes.push(entry.hash.clone());
        let place = (entry.chain.is_some(), entry.mark().at, entry.chain.clone(), entry.number);
        if self.last.as_ref().is_some_and(|last| *last >= place) {
            let broken = Broken { chain: entry.chain.clone(), number: entry.number, fault: Fault::Order };
            return Err(LogFault::Entry(broken));
        }
        self.last = Some(place);
        self.seen.extend(entry.seen.iter().cloned());
        self.entries += 1;
        Ok(())
    }

    /// The end of the log: whether what first entries saw is there, and whether each statement's heads are the ends of
    /// chains. Statements come with their signed text, oldest first.
    ///
    /// # Errors
    /// Where and why the log is broken.
    pub fn end(&self, statements: &[(SignedHeads, String)]) -> Result<LogFound, LogFault> {
        for mark in &self.seen {
            self.passed(mark).map_err(LogFault::Entry)?;
        }
        self.follow(statements)?;
        let mut signed: HashMap<&Option<ChainId>, &Mark> = HashMap::new();
        for (statement, _) in statements {
            for mark in &statement.heads {
                self.ends(mark).map_err(LogFault::Entry)?;
                signed.insert(&mark.chain, mark);
            }
        }
        let days: Vec<Date> = statements.iter().filter(|(s, _)| s.is_last).map(|(s, _)| s.day).collect();
        let until = days.iter().max().copied();
        let from = days.iter().min().copied();
        for chain in self.chains.keys() {
            let Some(id) = chain else { continue };
            let is_signed_day = from <= Some(id.day()) && Some(id.day()) <= until;
            if is_signed_day && !signed.contains_key(chain) {
                let broken = Broken { chain: chain.clone(), number: 1, fault: Fault::Unsigned };
                return Err(LogFault::Entry(broken));
            }
        }
        let signed = signed.keys().filter(|chain| self.chains.contains_key(*chain)).count();
        Ok(LogFound {
            entries: self.entries,
            chains: self.chains.len() as u64,
            signed: signed as u64,
            signed_from: from,
            signed_until: until,
            is_signed_from_beginning: statements.first().is_some_and(|(s, _)| s.previous == BEGINNING),
        })
    }

    /// Whether statements are of this log and follow one another.
    fn follow(&self, statements: &[(SignedHeads, String)]) -> Result<(), LogFault> {
        let mut before: Option<&(SignedHeads, String)> = None;
        for found in statements {
            let (statement, _) = found;
            if self.partner.as_ref().is_some_and(|partner| *partner != statement.partner) {
                return Err(LogFault::OtherLog);
            }
            let follows = before.is_none_or(|(last, text)| {
                let next = if last.is_last {
                    statement.day > last.day && statement.part == 0
                } else {
                    statement.day == last.day && statement.part == last.part + 1
                };
                next && statement.previous == fingerprint(text)
            });
            let begins = before.is_some() || statement.part == 0;
            if !follows || !begins {
                return Err(LogFault::Statement(statement.day, statement.part));
            }
            before = Some(found);
        }
        match before {
            Some((last, _)) if !last.is_last => Err(LogFault::Statement(last.day, last.part)),
            _ => Ok(()),
        }
    }

    /// Whether the chain of that mark came by there.
    fn passed(&self, mark: &Mark) -> Result<(), Broken> {
        let broken = |number, fault| Err(Broken { chain: mark.chain.clone(), number, fault });
        let hashes = self.chains.get(&mark.chain).map_or(&[][..], |chain| &chain.hashes);
        let at = usize::try_from(mark.number).unwrap_or(usize::MAX);
        match at.checked_sub(1).map(|index| hashes.get(index)) {
            Some(None) => broken(hashes.len() as u64 + 1, Fault::Missing),
            Some(Some(hash)) if *hash != mark.hash => broken(mark.number, Fault::Head),
            None | Some(Some(_)) => Ok(()),
        }
    }

    /// Whether the chain of that mark ends there.
    fn ends(&self, mark: &Mark) -> Result<(), Broken> {
        match self.chains.get(&mark.chain) {
            Some(chain) => chain.walk.end(mark),
            None if mark.number == 0 => Ok(()),
            None => Err(Broken { chain: mark.chain.clone(), number: 1, fault: Fault::Missing }),
        }
    }
}
