//! The rows of audit logs: an entry each, the head of each chain, which logs were written on which day, and the signed
//! heads of days that are over. FORMAT.md section 11.

use super::Record;
use super::address::{At, AuditOf, Under};
use domain::audit::{ChainId, Entry, Head, Mark};
use domain::{PartnerId, Timestamp};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// An entry's row. It is written once and never again. Rows of a log are in the order of their time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AuditEntry(pub Entry);

impl AuditEntry {
    /// The address of the entry of that time, chain and number in the log of a partner or of the installation.
    pub fn at(partner: Option<&PartnerId>, at: Timestamp, chain: &ChainId, number: u64) -> At<Self> {
        // Why nine digits: the key sorts as the instant does, and leaves nothing of it out.
        let time = at.strftime("%Y-%m-%dT%H:%M:%S.%9fZ");
        At::of(&AuditOf(partner.cloned()), format_args!("{time}#{chain}#{number:010}"))
    }

    /// The address of the entry of that mark; none where the mark is of the single chain of an older log, or of no entry.
    pub fn of_mark(partner: Option<&PartnerId>, mark: &Mark) -> Option<At<Self>> {
        Some(Self::at(partner, mark.at?, mark.chain.as_ref()?, mark.number))
    }

    /// Chain and number of the entry of that key; none when it is the key of none.
    pub fn place(key: &str) -> Option<(ChainId, u64)> {
        let (_, rest) = key.strip_prefix(Self::PREFIX)?.split_once('#')?;
        let (chain, number) = rest.split_once('#')?;
        Some((ChainId::try_from(chain.to_owned()).ok()?, number.parse().ok()?))
    }
}

impl Record for AuditEntry {
    type Owner = AuditOf;
    const PREFIX: &'static str = "entry#";
    fn address(&self) -> At<Self> {
        let Self(entry) = self;
        match &entry.chain {
            Some(chain) => Self::at(entry.partner.as_ref(), entry.event.at, chain, entry.number),
            // An entry of an older log is no row of this family: nothing is found there.
            None => At::of(&AuditOf(entry.partner.clone()), format_args!("older#{}", entry.number)),
        }
    }
}

/// The row of a chain's end. The process whose chain it is alone replaces it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AuditHead(pub Head);

impl AuditHead {
    /// The address of the head of that chain in the log of a partner or of the installation.
    pub fn at(partner: Option<&PartnerId>, chain: &ChainId) -> At<Self> {
        At::of(&AuditOf(partner.cloned()), chain)
    }

    /// The heads of the chains of that day, in the order of their names.
    pub fn of_day(partner: Option<&PartnerId>, day: Date) -> Under<Self> {
        Under::of(&AuditOf(partner.cloned()), format_args!("{day}-"))
    }
}

impl Record for AuditHead {
    type Owner = AuditOf;
    const PREFIX: &'static str = "head#";
    fn address(&self) -> At<Self> {
        let chain = self.0.mark.chain.as_ref().map_or("", ChainId::as_str);
        At::of(&AuditOf(self.0.partner.clone()), chain)
    }
}

/// An entry of the single chain that a log had before there were chains of processes. None is written any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OlderAuditEntry(pub Entry);

impl OlderAuditEntry {
    /// The address of the entry of that number in the log of a partner or of the installation.
    pub fn at(partner: Option<&PartnerId>, number: u64) -> At<Self> {
        At::of(&AuditOf(partner.cloned()), format_args!("{number:020}"))
    }
}

impl Record for OlderAuditEntry {
    type Owner = AuditOf;
    const PREFIX: &'static str = "audit#";
    fn address(&self) -> At<Self> {
        Self::at(self.0.partner.as_ref(), self.0.number)
    }
}

/// The row of the end of an older log's single chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OlderAuditHead(pub Head);

impl OlderAuditHead {
    /// The address of the head of the single chain of a partner or of the installation.
    pub fn at(partner: Option<&PartnerId>) -> At<Self> {
        At::of(&AuditOf(partner.cloned()), "")
    }
}

impl Record for OlderAuditHead {
    type Owner = AuditOf;
    const PREFIX: &'static str = "audithead";
    fn address(&self) -> At<Self> {
        Self::at(self.0.partner.as_ref())
    }
}

/// That something was written into a log on a day, so that its heads of that day have to be signed. In the installation's
/// own log, and there before the first entry of the day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditDay {
    /// The day, in UTC.
    pub day: Date,
    /// Whose log; none for the installation's own.
    pub partner: Option<PartnerId>,
}

impl AuditDay {
    /// All logs that were written into on that day.
    pub fn of_day(day: Date) -> Under<Self> {
        Under::of(&AuditOf(None), format_args!("{day}#"))
    }
}

impl Record for AuditDay {
    type Owner = AuditOf;
    const PREFIX: &'static str = "day#";
    fn address(&self) -> At<Self> {
        let log = self.partner.as_ref().map_or("installation", PartnerId::as_str);
        At::of(&AuditOf(None), format_args!("{}#{log}", self.day))
    }
}

/// A statement of a day's heads, signed: a copy of what is kept where nobody can change it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditStatement {
    /// Whose log; none for the installation's own.
    pub partner: Option<PartnerId>,
    /// The day, in UTC.
    pub day: Date,
    /// Which part of the day's statement it is, from 0 on.
    pub part: u32,
    /// Whether it is the last part of the day.
    pub is_last: bool,
    /// The statement as a JSON Web Signature in the compact form.
    pub signed: String,
}

impl AuditStatement {
    /// The parts of a day's statement for a log.
    pub fn of_day(partner: Option<&PartnerId>, day: Date) -> Under<Self> {
        Under::of(&AuditOf(partner.cloned()), format_args!("{day}#"))
    }
}

impl Record for AuditStatement {
    type Owner = AuditOf;
    const PREFIX: &'static str = "signed#";
    fn address(&self) -> At<Self> {
        At::of(&AuditOf(self.partner.clone()), format_args!("{}#{:05}", self.day, self.part))
    }
}

/// Up to which day the heads of all logs are signed. In the installation's own log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditSignedUntil {
    /// The last day that is signed, in UTC.
    pub day: Date,
}

impl AuditSignedUntil {
    /// The address of the one such row.
    pub fn at() -> At<Self> {
        At::of(&AuditOf(None), "")
    }
}

impl Record for AuditSignedUntil {
    type Owner = AuditOf;
    const PREFIX: &'static str = "all-signed-until";
    fn address(&self) -> At<Self> {
        Self::at()
    }
}
