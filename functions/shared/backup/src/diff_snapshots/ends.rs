//! The objects that came or went between two moments, and how many links came or went with each.

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use std::collections::HashMap;
use std::fmt;

/// Ids with counts. An id takes about forty bytes: half a million deleted users are 20 MB.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ends {
    /// Ids that are GUIDs in lower case, as bytes.
    guids: HashMap<[u8; 16], u32>,
    /// Other ids, such as those of policies.
    others: HashMap<String, u32>,
}

impl Ends {
    pub(super) fn is_empty(&self) -> bool {
        self.guids.is_empty() && self.others.is_empty()
    }

    /// Counts the links of that object from here on.
    pub(super) fn insert(&mut self, id: &str) {
        self.put(id, 0);
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        match bytes_of(id) {
            Some(bytes) => self.guids.contains_key(&bytes),
            None => self.others.contains_key(id),
        }
    }

    /// Counts one more link that came or went with it.
    pub(super) fn count(&mut self, id: &str) {
        let count = match bytes_of(id) {
            Some(bytes) => self.guids.get_mut(&bytes),
            None => self.others.get_mut(id),
        };
        if let Some(count) = count {
            *count += 1;
        }
    }

    /// How many links came or went with it.
    pub(super) fn counted(&self, id: &str) -> u64 {
        let count = match bytes_of(id) {
            Some(bytes) => self.guids.get(&bytes),
            None => self.others.get(id),
        };
        count.copied().unwrap_or_default().into()
    }

    fn put(&mut self, id: &str, count: u32) {
        match bytes_of(id) {
            Some(bytes) => self.guids.insert(bytes, count),
            None => self.others.insert(id.to_owned(), count),
        };
    }
}

/// The bytes of a GUID that is written as [`text_of`] writes it.
fn bytes_of(id: &str) -> Option<[u8; 16]> {
    if !domain::ids::is_guid(id) || id.bytes().any(|b| b.is_ascii_uppercase()) {
        return None;
    }
    let mut digits = [0; 32];
    for (digit, byte) in digits.iter_mut().zip(id.bytes().filter(|b| *b != b'-')) {
        *digit = byte;
    }
    let mut bytes = [0; 16];
    hex::decode_to_slice(digits, &mut bytes).ok()?;
    Some(bytes)
}

fn text_of(bytes: [u8; 16]) -> String {
    let mut text = hex::encode(bytes);
    for at in [20, 16, 12, 8] {
        text.insert(at, '-');
    }
    text
}

/// Serialized as a JSON object, one id after the other.
impl Serialize for Ends {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let guids = self.guids.iter().map(|(id, count)| (text_of(*id), count));
        to.collect_map(guids.chain(self.others.iter().map(|(id, count)| (id.clone(), count))))
    }
}

impl<'de> Deserialize<'de> for Ends {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Ids;
        impl<'de> Visitor<'de> for Ids {
            type Value = Ends;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("ids with counts")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Ends, M::Error> {
                let mut ends = Ends::default();
                while let Some((id, count)) = map.next_entry::<String, u32>()? {
                    ends.put(&id, count);
                }
                Ok(ends)
            }
        }
        from.deserialize_map(Ids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_every_form_are_counted_and_survive_their_stored_form() {
        let ids = ["a1b2c3d4-0000-1111-2222-333344445555", "A1B2C3D4-0000-1111-2222-333344445555", "p_1"];
        let mut ends = Ends::default();
        for (n, id) in ids.iter().enumerate() {
            assert!(!ends.contains(id));
            ends.insert(id);
            (0..n).for_each(|_| ends.count(id));
        }
        ends.count("not-there");
        assert!(!ends.contains("not-there"));
        let read: Ends = serde_json::from_str(&serde_json::to_string(&ends).unwrap()).unwrap();
        assert_eq!(read, ends);
        assert_eq!(ids.map(|id| read.counted(id)), [0, 1, 2]);
        assert_eq!((read.guids.len(), read.others.len()), (1, 2));
    }
}
