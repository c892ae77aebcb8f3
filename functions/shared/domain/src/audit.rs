//! The audit log: what was asked of a partner's data, by whom, when and from where, in one chain of hashes.
//!
//! Each entry holds the hash of the one before it, and its own hash is taken over all that it says. So an entry
//! that was altered, taken out, put elsewhere or cut off at the end is found by [`Walk`]. What a chain alone cannot
//! show is that all of it, its head too, was written anew by somebody who can write the table: for that, a head's hash
//! has to be kept elsewhere, which is what exports are for.
//!
//! No entry holds a body, a value of a query, or a name: see [`subject`].

use crate::ids::is_guid;
use crate::rights::Role;
use crate::{Error, OrganisationId, PartnerId, Result, Timestamp, canonical, kinds};
use schemars::JsonSchema;
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
    /// The id of the person, or the first characters of the token; `operator` for who runs the installation.
    pub id: String,
    /// What they were for their partner; none for the operator.
    pub role: Option<Role>,
    /// Of which partner they are, where that is not the chain's own but one above it.
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
    /// When it was asked, or answered.
    pub at: Timestamp,
    /// Who asked for it.
    pub who: Who,
    /// What: method and route, such as `POST /v1/organisations/{org}/consent-link`.
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

/// An event with its place in a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Whose chain; none for the installation's own.
    pub partner: Option<PartnerId>,
    /// Its place in the chain: 1, 2, 3 and so on.
    pub number: u64,
    /// What was asked and what became of it.
    #[serde(flatten)]
    pub event: Event,
    /// The hash of the entry before.
    pub previous: String,
    /// The hash over all of this.
    pub hash: String,
}

/// The end of a chain, as it is kept beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Head {
    /// Whose chain; none for the installation's own.
    pub partner: Option<PartnerId>,
    /// The number of the last entry; 0 while there is none.
    pub number: u64,
    /// The hash of the last entry.
    pub hash: String,
}

impl Head {
    /// The head of a chain that has no entries yet.
    pub fn beginning(partner: Option<PartnerId>) -> Self {
        Self { partner, number: 0, hash: BEGINNING.to_owned() }
    }

    /// The entry that follows, and the head that then is.
    ///
    /// # Errors
    /// `Invalid` when it cannot be written as JSON.
    pub fn append(&self, event: Event) -> Result<(Entry, Self)> {
        let mut entry = Entry {
            partner: self.partner.clone(),
            number: self.number + 1,
            event,
            previous: self.hash.clone(),
            hash: String::new(),
        };
        entry.hash = entry.computed_hash()?;
        let head = Self { partner: self.partner.clone(), number: entry.number, hash: entry.hash.clone() };
        Ok((entry, head))
    }
}

impl Entry {
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

/// Why a chain is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Fault {
    /// No entry of that number stands in its place.
    Missing,
    /// It does not say what it said: its hash is not its own.
    Altered,
    /// It does not follow the entry before it.
    Unlinked,
    /// The head is of another entry, or older than the chain.
    Head,
}

/// Where a chain is broken first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Broken {
    /// The number of the first entry that is at fault.
    pub number: u64,
    /// In which way the chain is broken there.
    pub fault: Fault,
}

/// A walk along a chain, entry by entry.
#[derive(Clone, Debug)]
pub struct Walk {
    partner: Option<PartnerId>,
    number: u64,
    hash: String,
}

impl Walk {
    /// A walk that begins before the first entry of the chain.
    pub fn begin(partner: Option<PartnerId>) -> Self {
        Self::after(&Head::beginning(partner))
    }

    /// A walk that goes on after the entry of that head, which an earlier walk has come to.
    pub fn after(head: &Head) -> Self {
        Self { partner: head.partner.clone(), number: head.number, hash: head.hash.clone() }
    }

    /// How far it has come.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The next entry.
    ///
    /// # Errors
    /// Where and why the chain is broken.
    pub fn step(&mut self, entry: &Entry) -> std::result::Result<(), Broken> {
        let number = self.number + 1;
        let broken = |fault| Err(Broken { number, fault });
        if entry.number != number || entry.partner != self.partner {
            return broken(Fault::Missing);
        }
        if entry.computed_hash().ok().as_ref() != Some(&entry.hash) {
            return broken(Fault::Altered);
        }
        if entry.previous != self.hash {
            return broken(Fault::Unlinked);
        }
        self.number = number;
        self.hash.clone_from(&entry.hash);
        Ok(())
    }

    /// The end: whether it is the one that the head names.
    ///
    /// # Errors
    /// Where and why the chain is broken.
    pub fn end(&self, head: &Head) -> std::result::Result<(), Broken> {
        if self.number < head.number {
            return Err(Broken { number: self.number + 1, fault: Fault::Missing });
        }
        if self.number > head.number || self.hash != head.hash {
            return Err(Broken { number: self.number.max(1), fault: Fault::Head });
        }
        Ok(())
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(n: u64) -> Event {
        Event {
            at: Timestamp::from_second(1_790_000_000 + i64::try_from(n).unwrap()).unwrap(),
            who: Who { id: "hft_12345678".to_owned(), role: Some(Role::Owner), partner: None },
            what: "POST /v1/plans".to_owned(),
            subjects: BTreeMap::from([("org".to_owned(), "org_01jaaaaaaaaaaaaaaaaaaaaaaa".to_owned())]),
            from: Some("203.0.113.7".to_owned()),
            request: format!("r-{n}"),
            outcome: if n.is_multiple_of(2) { Outcome::Answered(201) } else { Outcome::Asked },
        }
    }

    fn chain(count: u64) -> (Vec<Entry>, Head) {
        let mut head = Head::beginning("prt_01jaaaaaaaaaaaaaaaaaaaaaaa".parse().ok());
        let mut entries = Vec::new();
        for n in 1..=count {
            let (entry, next) = head.append(event(n)).unwrap();
            entries.push(entry);
            head = next;
        }
        (entries, head)
    }

    fn walked(entries: &[Entry], head: &Head) -> std::result::Result<(), Broken> {
        let mut walk = Walk::begin(head.partner.clone());
        entries.iter().try_for_each(|e| walk.step(e))?;
        walk.end(head)
    }

    #[test]
    fn a_chain_that_nobody_touched_is_whole_and_each_loss_is_found_where_it_is() {
        let (entries, head) = chain(5);
        assert_eq!(walked(&entries, &head), Ok(()));
        assert_eq!(walked(&[], &Head::beginning(head.partner.clone())), Ok(()));

        let mut altered = entries.clone();
        altered[2].event.who.id = "hft_00000000".to_owned();
        assert_eq!(walked(&altered, &head), Err(Broken { number: 3, fault: Fault::Altered }));

        let mut rehashed = altered;
        rehashed[2].hash = rehashed[2].computed_hash().unwrap();
        assert_eq!(walked(&rehashed, &head), Err(Broken { number: 4, fault: Fault::Unlinked }));

        let mut removed = entries.clone();
        removed.remove(1);
        assert_eq!(walked(&removed, &head), Err(Broken { number: 2, fault: Fault::Missing }));

        let mut swapped = entries.clone();
        swapped.swap(2, 3);
        assert_eq!(walked(&swapped, &head), Err(Broken { number: 3, fault: Fault::Missing }));

        assert_eq!(walked(&entries[..3], &head), Err(Broken { number: 4, fault: Fault::Missing }));
        let (_, older) = chain(4);
        assert_eq!(walked(&entries, &older), Err(Broken { number: 5, fault: Fault::Head }));
    }

    #[test]
    fn the_last_entry_rewritten_with_its_hash_is_told_by_the_head() {
        let (mut entries, head) = chain(3);
        entries[2].event.request = "another".to_owned();
        entries[2].hash = entries[2].computed_hash().unwrap();
        assert_eq!(walked(&entries, &head), Err(Broken { number: 3, fault: Fault::Head }));
    }

    #[test]
    fn an_entry_of_another_partner_is_not_of_this_chain() {
        let (mut entries, head) = chain(2);
        entries[1].partner = "prt_01jbbbbbbbbbbbbbbbbbbbbbbb".parse().ok();
        assert_eq!(walked(&entries, &head), Err(Broken { number: 2, fault: Fault::Missing }));
    }

    #[test]
    fn an_entry_reads_back_with_the_hash_that_it_was_written_with() {
        let (entries, _) = chain(1);
        let text = serde_json::to_string(&entries[0]).unwrap();
        let back: Entry = serde_json::from_str(&text).unwrap();
        assert_eq!(back, entries[0]);
        assert_eq!(back.computed_hash().unwrap(), entries[0].hash);
        // The form is fixed: another one would make every kept chain a broken one.
        assert_eq!(entries[0].hash, "fe1bcaae082202367514a995e28dbd5a54cb7dd5bbfeaeaa5fe998af4d013207");
    }

    #[test]
    fn a_name_in_a_path_is_not_written_down() {
        for id in ["org_01jaaaaaaaaaaaaaaaaaaaaaaa", "a1b2c3d4-0000-1111-2222-333344445555", "users"] {
            assert_eq!(subject(id), id);
        }
        for name in
            ["ada_berg", "Sales_00000000000000000000000000", "org_short", "ab_01jaaaaaaaaaaaaaaaaaaaaaaa"]
        {
            assert!(subject(name).starts_with("blake3:"), "{name}: only the form of an id of ours is one");
        }
        let hidden = subject("Ada Berg");
        assert!(hidden.starts_with("blake3:") && !hidden.contains("Ada"));
        assert_ne!(hidden, subject("Ada Berk"));
    }

    proptest! {
        #[test]
        fn whatever_is_changed_in_whatever_entry_is_found(count in 1_u64..12, at in 0_usize..12, what in 0_u8..7) {
            let (mut entries, head) = chain(count);
            let at = at % entries.len();
            let entry = &mut entries[at];
            match what {
                0 => entry.event.at = Timestamp::UNIX_EPOCH,
                1 => entry.event.who.role = None,
                2 => entry.event.what.push('x'),
                3 => entry.event.subjects.clear(),
                4 => entry.event.from = None,
                5 => entry.event.outcome = Outcome::Answered(404),
                _ => entry.previous.replace_range(..1, "x"),
            }
            prop_assert!(walked(&entries, &head).is_err_and(|b| b.number == at as u64 + 1));
        }
    }
}
