//! What records become: objects and their names, and records that are what the operation says.

use crate::archive::{Op, Resolver, Sorter, overlaid, read_object};
use async_trait::async_trait;
use domain::kinds::Kind;
use domain::stored::names;
use domain::subscriptions::takes_seat;
use domain::{Error, Result, canonical};
use engine::records::SeatChange;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Objects: what a delta says is laid over what the base says; names follow, and links of what is gone.
pub(super) struct ObjectResolver<'a> {
    pub(super) kind: &'static Kind,
    /// Properties that were not asked for, though the row names them.
    pub(super) left_out: &'a BTreeSet<String>,
    /// The names of the directory extensions that were asked for.
    pub(super) extensions: &'a [String],
    /// Collects operations on the name run.
    pub(super) names: Sorter,
    /// Collects the ids of objects that are gone.
    pub(super) gone: Sorter,
    /// Users that take a seat, among the records that were resolved so far.
    pub(super) seats: SeatChange,
}

#[async_trait]
impl Resolver for ObjectResolver<'_> {
    fn resolve(&mut self, key: &[u8], old: Option<&[u8]>, op: Op<'_>, new: &mut Vec<u8>) -> Result<bool> {
        match op {
            Op::Remove => {}
            Op::Complete(object) | Op::Unless(object) => new.extend_from_slice(object),
            Op::Renew(object) => self.write_complete(read_object(object)?, new),
            Op::Overlay(object) => match old {
                Some(old) => self.write_complete(read_object(&overlaid(old, object)?)?, new),
                None => self.write_complete(read_object(object)?, new),
            },
            Op::Put(_) => return Err(Error::corrupt("a link among objects")),
        }
        // What follows from the object: seats always, names and links only where it differs from the base.
        let is_there = op != Op::Remove;
        self.count_seats(old, is_there.then_some(new.as_slice()))?;
        if old.is_some_and(|old| is_there && old == new.as_slice()) {
            return Ok(true);
        }
        if old.is_some() && !is_there {
            self.gone.push_unparked(key, Op::Remove);
        }
        let id = String::from_utf8_lossy(key);
        // Only names that came or went are operations: most changes leave all names as they are.
        let before = old.map_or(Ok(Vec::new()), |old| self.name_keys(old, &id))?;
        let after = if is_there { self.name_keys(new, &id)? } else { Vec::new() };
        for name in before.iter().filter(|n| !after.contains(n)) {
            self.names.push_unparked(name, Op::Remove);
        }
        for name in after.iter().filter(|n| !before.contains(n)) {
            self.names.push_unparked(name, Op::Put(b""));
        }
        Ok(is_there)
    }

    async fn flush(&mut self) -> Result<()> {
        self.names.park_if_full().await?;
        self.gone.park_if_full().await
    }
}

impl ObjectResolver<'_> {
    /// Writes an object with every property that was asked for: one that the answer does not have is empty.
    fn write_complete(&self, mut object: Map<String, Value>, new: &mut Vec<u8>) {
        let mut complete = |property: &str| {
            if !self.left_out.contains(property) && !object.contains_key(property) {
                let empty =
                    if self.kind.is_collection(property) { Value::Array(Vec::new()) } else { Value::Null };
                object.insert(property.to_owned(), empty);
            }
        };
        self.kind.selected().for_each(&mut complete);
        self.extensions.iter().for_each(|name| complete(name));
        new.extend_from_slice(canonical::text(&Value::Object(object)).as_bytes());
    }

    fn count_seats(&mut self, old: Option<&[u8]>, new: Option<&[u8]>) -> Result<()> {
        if !self.kind.seated_by.is_empty() {
            let took = old.map_or(Ok(false), takes_seat)?;
            let takes = if old == new { took } else { new.map_or(Ok(false), takes_seat)? };
            self.seats.before += u64::from(took);
            self.seats.after += u64::from(takes);
        }
        Ok(())
    }

    /// Every key under which an object is found by name.
    fn name_keys(&self, object: &[u8], id: &str) -> Result<Vec<Vec<u8>>> {
        let wanted = |p: &str| p == self.kind.name_property || self.kind.search.contains(&p);
        let mut keys = Vec::new();
        for text in texts(object, &wanted)? {
            keys.extend(names::name_keys(&text, id));
        }
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }
}

/// The values that are texts, of the properties that are wanted. Why not the object as a whole:
/// every record of a merge passes here, and most of an object is no name.
fn texts<'a>(object: &'a [u8], wanted: &dyn Fn(&str) -> bool) -> Result<Vec<Cow<'a, str>>> {
    struct Texts<'w>(&'w dyn Fn(&str) -> bool);
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Text<'t> {
        Is(#[serde(borrow)] Cow<'t, str>),
        Not(serde::de::IgnoredAny),
    }
    #[derive(Deserialize)]
    struct Key<'k>(#[serde(borrow)] Cow<'k, str>);
    impl<'de> serde::de::DeserializeSeed<'de> for Texts<'_> {
        type Value = Vec<Cow<'de, str>>;
        fn deserialize<D: serde::Deserializer<'de>>(
            self,
            from: D,
        ) -> std::result::Result<Self::Value, D::Error> {
            from.deserialize_map(self)
        }
    }
    impl<'de> serde::de::Visitor<'de> for Texts<'_> {
        type Value = Vec<Cow<'de, str>>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(
            self,
            mut map: A,
        ) -> std::result::Result<Self::Value, A::Error> {
            let mut found = Vec::new();
            while let Some(Key(key)) = map.next_key()? {
                if (self.0)(&key) {
                    if let Text::Is(text) = map.next_value()? {
                        found.push(text);
                    }
                } else {
                    map.next_value::<serde::de::IgnoredAny>()?;
                }
            }
            Ok(found)
        }
    }
    // The visitor above keeps what is wanted and lets the parser skip the rest without building it.
    let mut from = serde_json::Deserializer::from_slice(object);
    serde::de::DeserializeSeed::deserialize(Texts(wanted), &mut from)
        .map_err(|e| Error::corrupt("a stored object cannot be read").caused_by(e))
}

/// Records that are what the operation says.
pub(super) struct PutResolver;

#[async_trait]
impl Resolver for PutResolver {
    fn resolve(&mut self, _key: &[u8], _old: Option<&[u8]>, op: Op<'_>, new: &mut Vec<u8>) -> Result<bool> {
        match op {
            Op::Put(value) => {
                new.extend_from_slice(value);
                Ok(true)
            }
            Op::Remove => Ok(false),
            Op::Complete(_) | Op::Unless(_) | Op::Overlay(_) | Op::Renew(_) => {
                Err(Error::corrupt("an object among links"))
            }
        }
    }
}
