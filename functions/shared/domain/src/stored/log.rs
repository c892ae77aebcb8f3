//! The log of a run: what became of each record, snapshot by snapshot. FORMAT.md section 12.
//!
//! Pure: which records differ is found elsewhere, and what a difference means is `changes`.

use super::{LayerRef, RunRef};
use crate::{Error, Result, SnapshotId, canonical};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What a manifest says of the log of one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogRef {
    /// Whatever changed after this snapshot is in the log.
    pub since: SnapshotId,
    /// Whether no snapshot before that one held the run, so that there is nothing to be told of the time before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_first: bool,
    /// The spans in which no snapshot held the run: what changed in one is logged at its end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<LogGap>,
    /// The entries by the keys of their records; absent while there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunRef>,
    /// What this snapshot added to that run, as a layer; absent where nothing changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<LayerRef>,
    /// The snapshot that this one was held against: `own` is all that became of the run between the two, and says by what each
    /// record is told. Absent where nothing was held against anything, and of older writers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<SnapshotId>,
    /// The entries of what came or went in another order: of links by their far ends, of objects by what they are recognised
    /// by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<RunRef>,
}

/// A span in which no snapshot held a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogGap {
    /// The last snapshot that held the run before.
    pub after: SnapshotId,
    /// The first snapshot that held it again.
    pub until: SnapshotId,
}

impl LogRef {
    /// A log without entries, which begins behind that snapshot.
    pub fn beginning(since: SnapshotId, is_first: bool) -> Self {
        Self { since, is_first, gaps: Vec::new(), run: None, own: None, against: None, second: None }
    }

    /// The log as a snapshot has it that adds nothing to it.
    #[must_use]
    pub fn carried(&self) -> Self {
        Self { own: None, against: None, ..self.clone() }
    }

    /// Every run and layer that it names.
    pub fn indexes(&self) -> impl Iterator<Item = super::BlobHash> + '_ {
        let runs = self.run.iter().chain(&self.second);
        let of_runs =
            runs.flat_map(|run| std::iter::once(run.index).chain(run.layers.iter().map(|l| l.index)));
        of_runs.chain(self.own.iter().map(|layer| layer.index))
    }
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// It came.
    Came,
    /// It went, and whether for good is not known.
    Went,
    /// It went into the recycle bin.
    Binned,
    /// It went for good, perhaps from the recycle bin.
    Gone,
    /// It returned from the recycle bin.
    Returned,
    /// It was there before and after, and differs.
    Changed,
}

impl Became {
    const TAGS: [(Self, u8); 6] = [
        (Self::Came, b'+'),
        (Self::Went, b'-'),
        (Self::Binned, b'b'),
        (Self::Gone, b'x'),
        (Self::Returned, b'r'),
        (Self::Changed, b'c'),
    ];

    fn tag(self) -> u8 {
        Self::TAGS.iter().find(|(became, _)| *became == self).map_or(b'?', |(_, tag)| *tag)
    }
}

/// One entry: what became of a record between two snapshots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// What became of it.
    pub became: Became,
    /// The snapshot that it was compared with.
    pub before: SnapshotId,
    /// Of a change what differs ([`Differing::to_text`]); of a link that came or went what it says or said; else empty.
    pub said: Vec<u8>,
}

/// How many characters a ULID has.
const ULID: usize = 26;

fn ulid(snapshot: &SnapshotId) -> &[u8] {
    &snapshot.as_str().as_bytes()[SnapshotId::PREFIX.len()..]
}

fn snapshot(ulid: &[u8]) -> Result<SnapshotId> {
    let text = std::str::from_utf8(ulid)
        .map_err(|e| Error::corrupt("an entry of a log names no snapshot").caused_by(e))?;
    format!("{}{text}", SnapshotId::PREFIX)
        .parse()
        .map_err(|e| Error::corrupt("an entry of a log names no snapshot").caused_by(e))
}

impl LogEntry {
    /// The entry as it is stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        [&[self.became.tag()], ulid(&self.before), self.said.as_slice()].concat()
    }

    /// The entry of these bytes.
    ///
    /// # Errors
    /// `Corrupt` when they are none.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let corrupt = || Error::corrupt("an entry of a log cannot be read");
        let (tag, rest) = bytes.split_first().ok_or_else(corrupt)?;
        let (became, _) = Became::TAGS.into_iter().find(|(_, known)| known == tag).ok_or_else(corrupt)?;
        let (before, said) = rest.split_at_checked(ULID).ok_or_else(corrupt)?;
        Ok(Self { became, before: snapshot(before)?, said: said.to_vec() })
    }
}

/// The key of the entry that a snapshot has of a record.
pub fn log_key(record: &[u8], snapshot: &SnapshotId) -> Vec<u8> {
    [record, b"\0", ulid(snapshot)].concat()
}

/// The record and the snapshot of an entry's key.
///
/// # Errors
/// `Corrupt` when it is no such key.
pub fn of_log_key(key: &[u8]) -> Result<(&[u8], SnapshotId)> {
    let at = key.len().checked_sub(ULID + 1).filter(|at| key[*at] == 0);
    let at = at.ok_or_else(|| Error::corrupt("the key of an entry of a log cannot be read"))?;
    Ok((&key[..at], snapshot(&key[at + 1..])?))
}

/// One property that differs, or all that a link says.
#[derive(Clone, Debug, PartialEq)]
pub struct Differing {
    /// The top-level property; empty where it is all that a link says.
    pub property: String,
    /// Its value before; none where it was absent.
    pub before: Option<Value>,
    /// Its value after; none where it is absent.
    pub after: Option<Value>,
}

impl Differing {
    /// The properties in which two objects differ, of those that `keeps` wants, in order.
    pub fn between(
        before: &Map<String, Value>,
        after: &Map<String, Value>,
        keeps: impl Fn(&str) -> bool,
    ) -> Vec<Self> {
        let mut properties: Vec<&String> = before.keys().chain(after.keys()).collect();
        properties.sort_unstable();
        properties.dedup();
        let differs = properties.into_iter().filter(|p| before.get(*p) != after.get(*p) && keeps(p));
        let one = |property: &String| Self {
            property: property.clone(),
            before: before.get(property).cloned(),
            after: after.get(property).cloned(),
        };
        differs.map(one).collect()
    }

    /// What differs, as it is stored: canonical JSON, `[[property, [old], [new]], …]`, `[]` for what is absent.
    pub fn to_text(differing: &[Self]) -> String {
        let one = |d: &Self| json!([d.property, Vec::from_iter(&d.before), Vec::from_iter(&d.after)]);
        canonical::text(&differing.iter().map(one).collect())
    }

    /// What differs, of the stored text.
    ///
    /// # Errors
    /// `Corrupt` when it is none.
    pub fn from_text(text: &[u8]) -> Result<Vec<Self>> {
        let all: Vec<(String, Vec<Value>, Vec<Value>)> = serde_json::from_slice(text)
            .map_err(|e| Error::corrupt("an entry of a log cannot be read").caused_by(e))?;
        let one = |(property, mut before, mut after): (String, Vec<Value>, Vec<Value>)| Self {
            property,
            before: before.pop(),
            after: after.pop(),
        };
        Ok(all.into_iter().map(one).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(last: char) -> SnapshotId {
        SnapshotId::from_ulid(&format!("01JAAAAAAAAAAAAAAAAAAAAAA{last}"))
    }

    #[test]
    fn an_entry_and_its_key_survive_their_stored_form() {
        for (became, _) in Became::TAGS {
            let entry = LogEntry { became, before: id('b'), said: b"{}".to_vec() };
            assert_eq!(LogEntry::from_bytes(&entry.to_bytes()).unwrap(), entry);
        }
        let key = log_key(b"p|r|/|", &id('c'));
        assert_eq!(of_log_key(&key).unwrap(), (b"p|r|/|".as_slice(), id('c')));
    }

    #[test]
    fn entries_stand_in_the_order_of_their_records_and_then_of_their_snapshots() {
        let keys = [("a", 'a'), ("a", 'b'), ("a/b", 'a'), ("ab", 'a')]
            .map(|(key, s)| log_key(key.as_bytes(), &id(s)));
        assert!(keys.is_sorted());
    }

    #[test]
    fn what_is_no_entry_is_corrupt_and_never_a_change() {
        let good = LogEntry { became: Became::Came, before: id('b'), said: Vec::new() }.to_bytes();
        let another = [b"?", &good[1..]].concat();
        let foreign = [&good[..5], b"-----", &good[10..]].concat();
        for bad in [&b""[..], b"+", &good[..20], &another, &foreign] {
            assert!(LogEntry::from_bytes(bad).is_err());
        }
        for bad in [&b""[..], b"01jaaaaaaaaaaaaaaaaaaaaaaa", b"a\x0101jaaaaaaaaaaaaaaaaaaaaaaa"] {
            assert!(of_log_key(bad).is_err());
        }
        assert!(Differing::from_text(b"[[\"a\",1,2]]").is_err());
    }

    #[test]
    fn what_differs_is_kept_as_it_was_and_absent_is_not_null() {
        let map = |value: Value| value.as_object().unwrap().clone();
        let (before, after) =
            (map(json!({"a": 1, "b": null, "c": [2, 1], "v": 1})), map(json!({"a": 1, "c": [1, 2], "v": 2})));
        let differing = Differing::between(&before, &after, |p| p != "v");
        let text = Differing::to_text(&differing);
        assert_eq!(text, r#"[["b",[null],[]],["c",[[2,1]],[[1,2]]]]"#);
        assert_eq!(Differing::from_text(text.as_bytes()).unwrap(), differing);
    }
}
