//! Records into leaves. FORMAT.md section 4.

use super::varint;
use crate::{Error, Result};
use std::ops::Range;
use std::sync::Arc;

const MAGIC: &[u8; 4] = b"HFL1";

/// One record of a run: its key and its value.
pub type Record = (Vec<u8>, Vec<u8>);

/// A leaf before it is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainLeaf {
    /// The leaf as it is stored: FORMAT.md section 4.
    pub bytes: Vec<u8>,
    /// How many records it holds.
    pub record_count: u64,
    /// The greatest key in it, which is the last one.
    pub last_key: Vec<u8>,
}

/// Where a leaf ends.
#[derive(Clone, Copy, Debug)]
enum Cut {
    /// After a key whose hash has these low bits zero.
    Keys(u64),
    /// As soon as it holds that number of bytes.
    Bytes(usize),
}

/// Cuts a sorted sequence of records into leaves. Where it cuts a run depends on the keys alone.
#[derive(Debug)]
pub struct LeafCutter {
    cut: Cut,
    bytes: Vec<u8>,
    record_count: u64,
    last_key: Vec<u8>,
    begun: bool,
}

impl LeafCutter {
    /// Cuts after keys whose hash ends in `cut_bits` zero bits.
    pub fn new(cut_bits: u32) -> Self {
        Self::with(Cut::Keys((1 << cut_bits) - 1))
    }

    /// Cuts as soon as a leaf holds that number of bytes: for what is parked and never compared.
    pub fn by_bytes(bytes: usize) -> Self {
        Self::with(Cut::Bytes(bytes))
    }

    fn with(cut: Cut) -> Self {
        Self { cut, bytes: MAGIC.to_vec(), record_count: 0, last_key: Vec::new(), begun: false }
    }

    /// The next record; gives a leaf when it ends one.
    ///
    /// # Errors
    /// `Corrupt` when the key is not greater than the one before: the caller's order is broken, and a run
    /// that is not sorted cannot be read back.
    pub fn push(&mut self, key: &[u8], value: &[u8]) -> Result<Option<PlainLeaf>> {
        if self.begun && self.last_key.as_slice() >= key {
            return Err(Error::corrupt("records of a run are not in order"));
        }
        varint::put(&mut self.bytes, key.len() as u64);
        self.bytes.extend_from_slice(key);
        varint::put(&mut self.bytes, value.len() as u64);
        self.bytes.extend_from_slice(value);
        self.record_count += 1;
        self.begun = true;
        self.last_key.clear();
        self.last_key.extend_from_slice(key);
        let ends = match self.cut {
            Cut::Keys(mask) => is_cut(key, mask),
            Cut::Bytes(bytes) => self.bytes.len() >= bytes,
        };
        Ok(if ends { self.take() } else { None })
    }

    /// The last leaf, when records are left over.
    pub fn finish(mut self) -> Option<PlainLeaf> {
        self.take()
    }

    /// Whether a leaf has just ended (or none has begun): what follows may be taken over as it is.
    pub fn is_at_cut(&self) -> bool {
        self.record_count == 0
    }

    /// The records since the last cut, as a leaf, so that another cutter can go on with them.
    pub fn open_records(&self) -> Option<Vec<u8>> {
        (self.record_count > 0).then(|| self.bytes.clone())
    }

    fn take(&mut self) -> Option<PlainLeaf> {
        if self.record_count == 0 {
            return None;
        }
        let bytes = std::mem::replace(&mut self.bytes, MAGIC.to_vec());
        let record_count = std::mem::take(&mut self.record_count);
        // Why: kept, so that the order is checked across leaves as well.
        let last_key = self.last_key.clone();
        Some(PlainLeaf { bytes, record_count, last_key })
    }
}

/// Whether a leaf ends after this key: the low bits of the first eight bytes (little-endian) of its
/// BLAKE3 hash are zero.
fn is_cut(key: &[u8], mask: u64) -> bool {
    let hash = blake3::hash(key);
    let mut first = [0; 8];
    first.copy_from_slice(&hash.as_bytes()[..8]);
    u64::from_le_bytes(first) & mask == 0
}

/// Walks the records of a leaf in order, without copying them.
#[derive(Debug)]
pub struct LeafWalk {
    bytes: Arc<Vec<u8>>,
    at: usize,
    /// Where the key and the value of the record are; none before the first and after the last.
    record: Option<(Range<usize>, Range<usize>)>,
}

impl LeafWalk {
    /// Before the first record.
    ///
    /// # Errors
    /// `Corrupt` when the bytes are not a leaf.
    pub fn new(bytes: Arc<Vec<u8>>) -> Result<Self> {
        if !bytes.starts_with(MAGIC) {
            return Err(Error::corrupt("stored bytes are not a leaf"));
        }
        Ok(Self { bytes, at: MAGIC.len(), record: None })
    }

    /// Goes to the next record; says whether there is one.
    ///
    /// # Errors
    /// `Corrupt` when the bytes end too early or the keys are not in order.
    pub fn advance(&mut self) -> Result<bool> {
        let whole = self.bytes.as_slice();
        let mut rest = &whole[self.at..];
        if rest.is_empty() {
            self.record = None;
            return Ok(false);
        }
        let place = |part: &[u8], rest: &[u8]| {
            let end = whole.len() - rest.len();
            end - part.len()..end
        };
        let key = varint::take_bytes(&mut rest)?;
        let key_place = place(key, rest);
        if self.head().is_some_and(|before| before >= key) {
            return Err(Error::corrupt("records of a leaf are not in order"));
        }
        let value = varint::take_bytes(&mut rest)?;
        let end = whole.len() - rest.len();
        self.record = Some((key_place, place(value, rest)));
        self.at = end;
        Ok(true)
    }

    /// The record that it stands at, its key and its value; none before the first and after the last. Why not empty
    /// bytes: a key may be empty, and a value too.
    pub fn record(&self) -> Option<(&[u8], &[u8])> {
        self.record.as_ref().map(|(key, value)| (&self.bytes[key.clone()], &self.bytes[value.clone()]))
    }

    /// The key of that record.
    pub fn head(&self) -> Option<&[u8]> {
        self.record().map(|(key, _)| key)
    }
}

/// The records of a leaf.
///
/// # Errors
/// `Corrupt` when the bytes are not a leaf or its keys are not in order.
pub fn read_leaf(bytes: &[u8]) -> Result<Vec<Record>> {
    let mut rest = bytes.strip_prefix(MAGIC).ok_or_else(|| Error::corrupt("stored bytes are not a leaf"))?;
    let mut records: Vec<Record> = Vec::new();
    while !rest.is_empty() {
        let key = varint::take_bytes(&mut rest)?.to_vec();
        let value = varint::take_bytes(&mut rest)?.to_vec();
        if records.last().is_some_and(|(last, _)| *last >= key) {
            return Err(Error::corrupt("records of a leaf are not in order"));
        }
        records.push((key, value));
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn cut(records: &BTreeMap<Vec<u8>, Vec<u8>>, bits: u32) -> Vec<PlainLeaf> {
        let mut cutter = LeafCutter::new(bits);
        let mut leaves = Vec::new();
        for (key, value) in records {
            leaves.extend(cutter.push(key, value).unwrap());
        }
        leaves.extend(cutter.finish());
        leaves
    }

    fn any_records() -> impl Strategy<Value = BTreeMap<Vec<u8>, Vec<u8>>> {
        prop::collection::btree_map(
            prop::collection::vec(any::<u8>(), 0..12),
            prop::collection::vec(any::<u8>(), 0..40),
            0..60,
        )
    }

    #[test]
    fn between_two_leaves_no_record_is_open_and_within_one_all_since_the_cut_are() {
        let mut cutter = LeafCutter::by_bytes(1_000);
        assert!(cutter.is_at_cut() && cutter.open_records().is_none());
        assert!(cutter.push(b"a", b"1").unwrap().is_none());
        assert!(!cutter.is_at_cut() && cutter.open_records().is_some());
        assert!(cutter.push(b"b", &[0; 1_000]).unwrap().is_some());
        assert!(cutter.is_at_cut() && cutter.open_records().is_none());
    }

    proptest! {
        #[test]
        fn what_was_cut_reads_back_whole(records in any_records(), bits in 0_u32..5) {
            let leaves = cut(&records, bits);
            let read: Vec<Record> = leaves.iter().flat_map(|l| read_leaf(&l.bytes).unwrap()).collect();
            let mut walked = Vec::new();
            for leaf in leaves {
                let mut walk = LeafWalk::new(Arc::new(leaf.bytes)).unwrap();
                prop_assert_eq!(walk.record(), None, "before the first");
                while walk.advance().unwrap() {
                    let (key, value) = walk.record().unwrap();
                    walked.push((key.to_vec(), value.to_vec()));
                }
                prop_assert_eq!(walk.record(), None, "after the last");
            }
            prop_assert_eq!(&walked, &read);
            prop_assert_eq!(read, records.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn a_changed_value_rewrites_one_leaf_and_a_changed_key_at_most_two(
            records in any_records(), extra in prop::collection::vec(any::<u8>(), 0..12), at in any::<prop::sample::Index>()
        ) {
            prop_assume!(!records.is_empty());
            let set = |r: &BTreeMap<_, _>| cut(r, 2).into_iter().map(|l| l.bytes).collect::<BTreeSet<_>>();
            let before = set(&records);
            let mut changed = records.clone();
            let key = changed.keys().nth(at.index(records.len())).unwrap().clone();
            changed.get_mut(&key).unwrap().push(1);
            prop_assert_eq!(set(&changed).difference(&before).count(), 1);
            let mut added = records.clone();
            added.insert(extra, b"new".to_vec());
            prop_assert!(set(&added).difference(&before).count() <= 2);
            let mut removed = records.clone();
            removed.remove(&key);
            prop_assert!(set(&removed).difference(&before).count() <= 1);
        }

        #[test]
        fn bytes_that_are_not_a_leaf_are_an_error_and_not_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let mut framed = MAGIC.to_vec();
            framed.extend(&bytes);
            let read = read_leaf(&framed);
            let mut walk = LeafWalk::new(Arc::new(framed)).unwrap();
            let walked = loop {
                match walk.advance() {
                    Ok(true) => {}
                    end => break end,
                }
            };
            prop_assert_eq!(walked.is_ok(), read.is_ok());
            prop_assert!(bytes.starts_with(MAGIC) || read_leaf(&bytes).is_err());
        }
    }

    #[test]
    fn records_out_of_order_are_refused() {
        let mut cutter = LeafCutter::new(0);
        cutter.push(b"b", b"").unwrap();
        assert!(cutter.push(b"a", b"").is_err());
        assert!(cutter.push(b"b", b"").is_err());
        for (first, second, is_sorted) in [(b"a", b"b", true), (b"b", b"a", false), (b"b", b"b", false)] {
            let mut bytes = MAGIC.to_vec();
            for key in [first, second] {
                varint::put(&mut bytes, 1);
                bytes.extend(key);
                varint::put(&mut bytes, 0);
            }
            assert_eq!(read_leaf(&bytes).is_ok(), is_sorted);
            let mut walk = LeafWalk::new(Arc::new(bytes)).unwrap();
            assert!(walk.advance().unwrap());
            assert_eq!(walk.advance().is_ok(), is_sorted);
        }
    }
}
