//! What becomes of each property of the objects of a kind: whether it is kept, compared and put back, and if not, why. The table
//! of kinds decides; a property that no row names is told like any other.

use super::{GapCause, KindCover};
use crate::kinds::{Kind, LinkType, Update};
use crate::restore::{LICENCES, writable};
use crate::stored::Manifest;
use crate::{Error, Result};
use schemars::JsonSchema;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// How far a property is covered. Each has all that those before it have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// The snapshot does not hold it: `gap` says why.
    NotCaptured,
    /// It is kept, and neither compared nor put back: `limit` says why.
    Captured,
    /// It is kept and compared, and a restore cannot write it to an object that is there: `limit` says why.
    Comparable,
    /// It is kept, compared and put back.
    Restorable,
}

/// Why a property that is kept is covered no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// It says which object it is, or of which type: it never changes, and who is created again gets an id of its own.
    Identity,
    /// It says how another property is to be read, and not what an object is.
    Annotation,
    /// It changes by itself, or follows from something else that is compared.
    Volatile,
    /// The service sets it, and takes it from nobody.
    SetByService,
    /// It can be set only when the object is created: it comes back with an object that is created again.
    CreateOnly,
}

/// A property, or a relation, of the objects of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PropertyCover {
    /// Its name at Microsoft, at the top of the object.
    pub property: String,
    /// Whether it leads to other objects, and is kept as links.
    pub is_relation: bool,
    /// How many of the objects that were looked at have a value; of a relation how many links there are.
    pub count: u64,
    /// How far it is covered.
    pub reach: Reach,
    /// Why no further; none where it is put back, or is not kept.
    pub limit: Option<Limit>,
    /// Why it is not known of all objects; none where it is.
    pub gap: Option<GapCause>,
}

/// The properties that objects were seen to have, by name: of how many each has a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen(BTreeMap<String, u64>);

impl Seen {
    /// Takes the properties of a stored object. One without a value (`null`, an empty collection) is seen, and not counted.
    ///
    /// # Errors
    /// `Corrupt` when the bytes are no object.
    pub fn add(&mut self, object: &[u8]) -> Result<()> {
        if object.is_empty() {
            return Ok(());
        }
        let mut json = serde_json::Deserializer::from_slice(object);
        let read = json.deserialize_map(Names(&mut self.0)).and_then(|()| json.end());
        read.map_err(|e| Error::corrupt("a stored object cannot be read").caused_by(e))
    }

    /// The names of the properties, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Counts so many objects more that have that property.
    pub fn count(&mut self, property: &str, objects: u64) {
        *self.0.entry(property.to_owned()).or_default() += objects;
    }
}

/// What becomes of the properties that were seen of the objects of a kind, by name.
pub fn of_seen(manifest: &Manifest, kind: &'static Kind, seen: &Seen) -> Vec<PropertyCover> {
    let gaps = gaps(manifest, kind);
    let cover = |(property, count): (&String, &u64)| {
        let (reach, limit) = reach(kind, property);
        let (property, gap) = (property.clone(), gaps.get(property).copied());
        PropertyCover { property, is_relation: false, count: *count, reach, limit, gap }
    };
    seen.0.iter().map(cover).collect()
}

/// What becomes of the relations of a kind, and the parts of it that the snapshot holds nothing of, those that were seen left
/// out. It follows from the manifest alone.
pub fn besides(manifest: &Manifest, kind: &'static Kind, seen: &Seen) -> Vec<PropertyCover> {
    let gaps = gaps(manifest, kind);
    let relation = |link: &LinkType| {
        let run = manifest.runs.get(link.name);
        let reach = if run.is_some() { Reach::Restorable } else { Reach::NotCaptured };
        let gap = gaps.get(link.relation).copied();
        let count = run.map_or(0, |run| run.records);
        let property = link.relation.to_owned();
        PropertyCover { property, is_relation: true, count, reach, limit: None, gap }
    };
    let unheld = gaps.iter().filter(|(part, _)| !seen.0.contains_key(*part) && !kind.is_relation(part));
    let unheld = unheld.map(|(part, cause)| PropertyCover {
        property: part.clone(),
        is_relation: false,
        count: 0,
        reach: Reach::NotCaptured,
        limit: None,
        gap: Some(*cause),
    });
    kind.links.iter().map(relation).chain(unheld).collect()
}

/// The parts of a kind that are not known of all its objects, by name, each with the cause.
fn gaps(manifest: &Manifest, kind: &'static Kind) -> BTreeMap<String, GapCause> {
    let KindCover { gaps, .. } = super::cover(manifest, kind);
    let of_kind = format!("{}.", kind.run());
    gaps.into_iter()
        .filter_map(|gap| Some((gap.part.strip_prefix(&of_kind)?.to_owned(), gap.cause)))
        .collect()
}

/// How far a property at the top of an object is covered.
fn reach(kind: &Kind, property: &str) -> (Reach, Option<Limit>) {
    let no_further = |reach, limit| (reach, Some(limit));
    if property == "id" || property == "@odata.type" {
        return no_further(Reach::Captured, Limit::Identity);
    }
    if property.contains('@') {
        return no_further(Reach::Captured, Limit::Annotation);
    }
    if !kind.compares(property) {
        return no_further(Reach::Captured, Limit::Volatile);
    }
    if kind.create_only.contains(&property) {
        return no_further(Reach::Comparable, Limit::CreateOnly);
    }
    // What is never changed is a fact: it is given anew with all that it says, and the former is taken away.
    let is_fact = kind.writing.update == Update::Never && !kind.read_only.contains(&property);
    if is_fact || is_written(kind, property) {
        return (Reach::Restorable, None);
    }
    no_further(Reach::Comparable, Limit::SetByService)
}

/// Whether a restore writes the property: with the object, in a request of its own, or as a licence.
fn is_written(kind: &Kind, property: &str) -> bool {
    let some = Map::from_iter([(property.to_owned(), Value::Bool(true))]);
    let is_licence = kind.writing.licences && property == LICENCES;
    is_licence || kind.writing.alone.contains(&property) || writable(kind, &some).contains_key(property)
}

/// Counts the names of an object, and takes nothing else of it apart.
struct Names<'a>(&'a mut BTreeMap<String, u64>);

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Visitor<'de> for Names<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Name(name)) = map.next_key()? {
            let Presence(is_there) = map.next_value()?;
            // Why not `entry`: a name is copied once, and not for each of a hundred thousand objects.
            if let Some(count) = self.0.get_mut(name.as_ref()) {
                *count += u64::from(is_there);
            } else {
                self.0.insert(name.into_owned(), u64::from(is_there));
            }
        }
        Ok(())
    }
}

/// Whether a value is something: neither `null` nor an empty collection.
struct Presence(bool);

impl<'de> Deserialize<'de> for Presence {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Something).map(Self)
    }
}

struct Something;

impl<'de> Visitor<'de> for Something {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }
    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(true)
    }
    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(true)
    }
    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(true)
    }
    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(true)
    }
    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        Ok(true)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
        let mut is_there = false;
        while items.next_element::<IgnoredAny>()?.is_some() {
            is_there = true;
        }
        Ok(is_there)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds;
    use serde_json::json;

    fn covers(kind: &str, property: &str) -> (Reach, Option<Limit>) {
        reach(kinds::get(kind).unwrap(), property)
    }

    #[test]
    fn each_property_is_covered_as_far_as_the_row_of_its_kind_says_and_no_further() {
        assert_eq!(covers("users", "id"), (Reach::Captured, Some(Limit::Identity)));
        assert_eq!(covers("users", "provisionedPlans"), (Reach::Captured, Some(Limit::Volatile)));
        assert_eq!(covers("users", "proxyAddresses"), (Reach::Comparable, Some(Limit::SetByService)));
        assert_eq!(
            covers("administrativeUnits", "isMemberManagementRestricted"),
            (Reach::Comparable, Some(Limit::CreateOnly))
        );
        for restored in ["jobTitle", "assignedLicenses", "customSecurityAttributes", "extension_a_b"] {
            assert_eq!(covers("users", restored), (Reach::Restorable, None), "{restored}");
        }
        assert_eq!(covers("admins", "directoryScopeId"), (Reach::Restorable, None));
        assert_eq!(covers("ConfigurationPolicies", "newFromMicrosoft"), (Reach::Restorable, None));
        assert_eq!(
            covers("ConfigurationPolicies", "settings@odata.count"),
            (Reach::Captured, Some(Limit::Annotation))
        );
        assert_eq!(covers("roles", "isBuiltIn"), (Reach::Comparable, Some(Limit::SetByService)));
    }

    #[test]
    fn a_property_without_a_value_is_seen_and_not_counted() {
        let mut seen = Seen::default();
        for object in
            [json!({ "a": null, "b": [], "c": {}, "d\"": "", "e": [1] }), json!({ "a": 1.5, "e": true })]
        {
            seen.add(object.to_string().as_bytes()).unwrap();
        }
        let told: Vec<(&str, u64)> = seen.0.iter().map(|(name, count)| (name.as_str(), *count)).collect();
        assert_eq!(told, [("a", 1), ("b", 0), ("c", 1), ("d\"", 1), ("e", 2)]);
        for wrong in ["[]", "{", "{\"a\":1}}", "{\"b\":nul}"] {
            assert!(seen.add(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
