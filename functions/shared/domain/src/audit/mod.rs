//! The audit log: what was asked of a partner's data, by whom, when and from where, in chains of hashes.
//!
//! Each process that writes has a chain of its own for each partner and day, so that no two ever wait for each other. Each
//! entry holds the hash of the one before it in its chain, and its own hash is taken over all that it says; the first of a
//! chain names the ends of chains that were there before it. So an entry that was altered, taken out, put elsewhere or cut
//! off at the end is found by [`Walk`], and a chain that is gone by those that saw it. What chains alone cannot show is that
//! all of them, their heads too, were written anew by somebody who can write the table: for that the heads of each day are
//! signed and kept where nobody can change them ([`SignedHeads`]), and [`LogCheck`] holds a log against those.
//!
//! No entry holds a body, a value of a query, or a name: see [`subject`].

mod chain;
mod heads;
mod log;
mod walk;

pub use chain::ChainId;
pub use heads::{HEADS_TYPE, SignedHeads, fingerprint};
pub use log::{LogCheck, LogFault, LogFound};
pub use walk::{Broken, Fault, Walk};

use crate::ids::is_guid;
use crate::rights::Role;
use crate::{Error, OrganisationId, PartnerId, Result, Timestamp, canonical, kinds};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the first entry of a chain names as the hash before it.
pub const BEGINNING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Hashed before an entry, so that the hash of an entry is never the hash of anything else.
const PURPOSE: &[u8] = b"holdfast audit entry 1\n";

/// Who asked, as it is kept for good: by an id or a role, never by a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Who {
    /// The id of the person, or the first characters of the token; `operator` for who runs the installation; the name of
    /// a job where nobody asked.
    pub id: String,
    /// What they were for their partner; none for the operator.
    pub role: Option<Role>,
    /// Of which partner they are, where that is not the log's own but one above it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<PartnerId>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It was asked, and is about to be done. Without a later entry of the same request, what became of it is unknown.
    Asked,
    /// It was answered with this status.
    Answered(u16),
}

/// What an entry says, before it has its place in a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// When it was asked, or answered: as it was written down.
    pub at: Timestamp,
    /// Who asked for it.
    pub who: Who,
    /// What: method and route, such as `POST /v1/organisations/{org}/consent-link`, or what a job does by itself.
    pub what: String,
    /// The ids in the path, by the names that the route gives them.
    pub subjects: BTreeMap<String, String>,
    /// The address that it came from, where it is known.
    pub from: Option<String>,
    /// The request's id, which its log lines and its reply carry as well.
    pub request: String,
    /// What became of it.
    pub outcome: Outcome,
}

impl Event {
    /// The organisation that it is about, if it is about one.
    pub fn organisation(&self) -> Option<OrganisationId> {
        self.subjects.get("org")?.parse().ok()
    }
}

/// The end of a chain as somebody saw it: the entry of that number was its last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mark {
    /// Which chain; none for the single chain of an older log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<ChainId>,
    /// The number of its last entry; 0 while there is none.
    pub number: u64,
    /// The time of that entry, which is a part of its address; none in the single chain of an older log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The hash of that entry.
    pub hash: String,
}

/// An event with its place in a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Whose log; none for the installation's own.
    pub partner: Option<PartnerId>,
    /// In which of its chains; none for the single chain of an older log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<ChainId>,
    /// Its place in the chain: 1, 2, 3 and so on.
    pub number: u64,
    /// What was asked and what became of it.
    #[serde(flatten)]
    pub event: Event,
    /// In the first entry of a chain: where chains that began before it had come to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<Mark>,
    /// The time of the entry before: with the number it is that entry's address. None in a first entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_at: Option<Timestamp>,
    /// The hash of the entry before.
    pub previous: String,
    /// The hash over all of this.
    pub hash: String,
}

/// The end of a chain, as it is kept beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Head {
    /// Whose log; none for the installation's own.
    pub partner: Option<PartnerId>,
    /// Which chain, and where it ends.
    #[serde(flatten)]
    pub mark: Mark,
}

impl Head {
    /// The head of a chain that has no entries yet.
    pub fn beginning(partner: Option<PartnerId>, chain: Option<ChainId>) -> Self {
        Self { partner, mark: Mark { chain, number: 0, at: None, hash: BEGINNING.to_owned() } }
    }

    /// The entry that follows, and the head that then is. In a chain of a day no entry is older than the one before it:
    /// the event's time is made that of the entry before where it is earlier. `seen` is what a first entry names.
    ///
    /// # Errors
    /// `Invalid` when it cannot be written as JSON.
    pub fn append(&self, mut event: Event, seen: Vec<Mark>) -> Result<(Entry, Self)> {
        let mark = &self.mark;
        event.at = mark.at.map_or(event.at, |before| event.at.max(before));
        let mut entry = Entry {
            partner: self.partner.clone(),
            chain: mark.chain.clone(),
            number: mark.number + 1,
            event,
            seen,
            previous_at: mark.at,
            previous: mark.hash.clone(),
            hash: String::new(),
        };
        entry.hash = entry.computed_hash()?;
        let head = Self { partner: self.partner.clone(), mark: entry.mark() };
        Ok((entry, head))
    }
}

impl Entry {
    /// The end of its chain as it is while this entry is the last.
    pub fn mark(&self) -> Mark {
        let at = self.chain.is_some().then_some(self.event.at);
        Mark { chain: self.chain.clone(), number: self.number, at, hash: self.hash.clone() }
    }

    /// The hash that it should have: BLAKE3 over the canonical JSON of everything but the hash.
    ///
    /// # Errors
    /// `Invalid` when it cannot be written as JSON.
    pub fn computed_hash(&self) -> Result<String> {
        let mut value = serde_json::to_value(self)
            .map_err(|e| Error::invalid("an audit entry cannot be written").caused_by(e))?;
        if let Some(fields) = value.as_object_mut() {
            fields.remove("hash");
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(PURPOSE);
        hasher.update(canonical::text(&value).as_bytes());
        Ok(hasher.finalize().to_hex().to_string())
    }
}

/// How an entry names what stood in a path: ids and kinds as they are, anything else by its hash, since a caller
/// can write a name there. Whoever knows the text can tell that it was this one.
pub fn subject(text: &str) -> String {
    let is_own_id = text.split_once('_').is_some_and(|(prefix, rest)| {
        let lower = |t: &str| t.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase());
        prefix.len() == 3 && rest.len() == 26 && lower(prefix) && lower(rest)
    });
    if is_own_id || is_guid(text) || kinds::get(text).is_ok() {
        return text.to_owned();
    }
    format!("blake3:{}", &blake3::hash(text.as_bytes()).to_hex()[..32])
}

#[cfg(test)]
mod tests;
