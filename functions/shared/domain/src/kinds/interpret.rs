//! What an item of Graph's reply says, by the row of its kind. Pure: a page in, records out.

use super::shape::{Gives, Identity, Kind, LinkType, LinkWrite, Source};
use crate::{Error, Result, canonical};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Why an object is no longer there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// In the recycle bin for 30 days (`reason: changed`).
    Soft,
    /// Deleted for good (`reason: deleted`).
    Hard,
}

/// The far end of a link, of a live object.
#[derive(Clone, Debug, PartialEq)]
pub enum LinkEnd {
    /// The link is there; the value is what Graph says about it besides its ends.
    Present(Map<String, Value>),
    /// The link is gone.
    Gone,
}

/// A link that an item speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkRecord {
    /// The type of the link, such as `groups.members`.
    pub link: &'static LinkType,
    /// The id of the object that it leads to (for policies: [`assignment_key`]).
    pub to: String,
    /// What Graph says of it besides its ends, canonical text, empty when that is nothing; none when the link
    /// is gone.
    pub value: Option<String>,
}

impl LinkRecord {
    /// Its far end, taken apart.
    ///
    /// # Errors
    /// `Corrupt` when the value is not an object.
    pub fn end(&self) -> Result<LinkEnd> {
        match self.value.as_deref() {
            None => Ok(LinkEnd::Gone),
            Some("") => Ok(LinkEnd::Present(Map::new())),
            Some(text) => serde_json::from_str(text)
                .map(LinkEnd::Present)
                .map_err(|e| Error::corrupt("a link cannot be read").caused_by(e)),
        }
    }
}

/// The properties that an item gives, as canonical text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectText {
    /// A JSON object in canonical form, as UTF-8.
    pub text: Vec<u8>,
    /// Whether nothing that was asked for is missing in it.
    pub is_complete: bool,
}

impl ObjectText {
    /// The object, taken apart.
    ///
    /// # Errors
    /// `Corrupt` when it is none.
    pub fn to_map(&self) -> Result<Map<String, Value>> {
        serde_json::from_slice(&self.text)
            .map_err(|e| Error::corrupt("an object cannot be read").caused_by(e))
    }
}

/// What an item says of its object, facets and links.
#[derive(Debug)]
pub struct Interpreted {
    /// The key of the object in its run.
    pub key: String,
    /// Set when the item says that the object is no longer there; then nothing else is.
    pub removed: Option<Removal>,
    /// The properties that the item gives; a delta may give a part of them. Absent when it gives none but the
    /// id, as where a large group goes on with more members.
    pub object: Option<ObjectText>,
    /// Facets that the item speaks of, and their canonical values; none where there is no value.
    pub facets: Vec<(&'static str, Option<Vec<u8>>)>,
    /// The links that the item speaks of, in Graph's order.
    pub links: Vec<LinkRecord>,
    /// Link types of which `links` holds all that the object has.
    pub complete_links: Vec<&'static LinkType>,
}

/// How items are to be understood.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The properties that were asked for; empty: everything that Graph gives.
    pub select: &'a [&'a str],
    /// Properties of which what an item says is not their value: they are left out.
    pub withheld: &'a [&'static str],
    /// Whether each item is all of its object, as in a list: what was asked for and is not in it was never
    /// set. In a delta it may just not have changed.
    pub is_all_of_object: bool,
}

type Member<'a> = (Cow<'a, str>, &'a RawValue);

/// The members of an object in the order of their keys; of several with one key the last.
struct Members<'a>(Vec<Member<'a>>);

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Vec<Member<'de>>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(map.size_hint().unwrap_or(64));
                while let Some(Key(key)) = map.next_key()? {
                    members.push((key, map.next_value()?));
                }
                Ok(members)
            }
        }
        let mut members = from.deserialize_map(Reader)?;
        members.sort_by(|a, b| a.0.cmp(&b.0));
        // Why: of duplicates, `dedup_by` drops the later one; the last that came is the one that counts.
        members.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                earlier.1 = later.1;
            }
            same
        });
        Ok(Self(members))
    }
}

impl<'a> Members<'a> {
    fn get(&self, key: &str) -> Option<&'a RawValue> {
        self.0.binary_search_by(|(k, _)| k.as_ref().cmp(key)).ok().map(|at| self.0[at].1)
    }

    fn text(&self, key: &str) -> Option<Cow<'a, str>> {
        self.get(key).and_then(|raw| serde_json::from_str::<Key<'a>>(raw.get()).ok()).map(|key| key.0)
    }
}

/// The id that an item names, where it has the shape of one; none where not even that can be read.
pub fn id_of(item: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow)]
        id: Cow<'a, str>,
    }
    let Named { id } = serde_json::from_str(item.get()).ok()?;
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    (!id.is_empty() && id.len() <= 100 && id.bytes().all(is_plain)).then(|| id.into_owned())
}

/// Reads one item of a page of `source`.
///
/// # Errors
/// `Unavailable` when the item has no id or is not an object: the page is not what Graph documents, and a
/// record must not be left out or made up.
pub fn interpret(
    kind: &'static Kind,
    source: &Source,
    asked: Asked<'_>,
    item: &RawValue,
) -> Result<Interpreted> {
    let members: Members<'_> = serde_json::from_str(item.get())
        .map_err(|e| Error::unavailable(format!("{}: an item is not an object", source.name)).caused_by(e))?;
    let Some(id) = members.text("id").filter(|id| is_id(id)) else {
        return Err(Error::unavailable(format!("{}: an item has no id", source.name)));
    };
    let mut read = Interpreted {
        key: id.into_owned(),
        removed: None,
        object: None,
        facets: Vec::new(),
        links: Vec::new(),
        complete_links: Vec::new(),
    };
    if let Some(removed) = members.get("@removed") {
        let reason = canonical::parse(removed)?;
        let soft = reason.get("reason").and_then(Value::as_str) == Some("changed");
        read.removed = Some(if soft { Removal::Soft } else { Removal::Hard });
        return Ok(read);
    }
    for facet in kind.facets() {
        if let Some(raw) = members.get(facet) {
            read.facets.push((facet, facet_value(raw)?));
        }
    }
    if matches!(source.gives, Gives::Facet(_)) {
        return Ok(read);
    }
    for link in kind.links {
        if read_links(link, &members, &mut read.links)? {
            read.complete_links.push(link);
        }
    }
    let id = std::mem::take(&mut read.key);
    read.key = natural_key(kind, id, |p| members.text(p))?;
    read.object = object_text(kind, asked, &members)?;
    Ok(read)
}

/// The canonical value of a facet; none when it says nothing.
fn facet_value(raw: &RawValue) -> Result<Option<Vec<u8>>> {
    let mut value = canonical::strip(canonical::parse(raw)?);
    canonical::sort_collections(&mut value);
    Ok((!value.is_null()).then(|| canonical::text(&value).into_bytes()))
}

fn object_text(kind: &Kind, asked: Asked<'_>, members: &Members<'_>) -> Result<Option<ObjectText>> {
    let elsewhere = |p: &str| kind.links.iter().any(|l| l.relation == p) || kind.facets().any(|f| f == p);
    let mut missing: Vec<&str> = asked
        .select
        .iter()
        .copied()
        .filter(|p| members.0.binary_search_by(|(k, _)| k.as_ref().cmp(p)).is_err() && !elsewhere(p))
        .collect();
    let is_complete = asked.is_all_of_object || missing.is_empty();
    let mut empties = if asked.is_all_of_object { std::mem::take(&mut missing) } else { Vec::new() };
    empties.sort_unstable();
    let mut empties = empties.into_iter().peekable();
    let mut says_more = false;
    let mut text = Vec::with_capacity(2048);
    text.push(b'{');
    let begin = |key: &str, text: &mut Vec<u8>| {
        if text.len() > 1 {
            text.push(b',');
        }
        canonical::append_text(key, text);
        text.push(b':');
    };
    for (key, raw) in &members.0 {
        if canonical::is_dropped_annotation(key) || elsewhere(key) || asked.withheld.contains(&key.as_ref()) {
            continue;
        }
        // Why: Graph may give directory extensions that were not asked for, and would not tell when they change.
        if kind.is_extension(key) && !asked.select.is_empty() && !asked.select.contains(&key.as_ref()) {
            continue;
        }
        while let Some(empty) = empties.next_if(|empty| *empty < key.as_ref()) {
            begin(empty, &mut text);
            text.extend_from_slice(kind.empty_value(empty).as_bytes());
        }
        says_more |= key != "id" && !key.starts_with("@odata.");
        begin(key, &mut text);
        canonical::append_property(kind.sorting, key, raw, &mut text)?;
    }
    for empty in empties {
        begin(empty, &mut text);
        text.extend_from_slice(kind.empty_value(empty).as_bytes());
    }
    text.push(b'}');
    Ok(says_more.then_some(ObjectText { text, is_complete }))
}

impl Kind {
    /// The key of an object of this kind in its run.
    ///
    /// # Errors
    /// `Unavailable` when the object lacks its id.
    pub fn key_of(&self, object: &Map<String, Value>) -> Result<String> {
        key_of(self, object)
    }
}

fn key_of(kind: &Kind, object: &Map<String, Value>) -> Result<String> {
    let text = |p: &str| object.get(p).and_then(Value::as_str).map(Cow::Borrowed);
    natural_key(kind, text("id").unwrap_or_default().into_owned(), text)
}

fn natural_key<'a>(kind: &Kind, id: String, text: impl Fn(&str) -> Option<Cow<'a, str>>) -> Result<String> {
    match kind.identity {
        Identity::Id if !is_id(&id) => Err(Error::unavailable(format!("{}: an object has no id", kind.name))),
        Identity::Id => Ok(id),
        Identity::Natural(properties) => {
            Ok(properties.iter().map(|p| text(p).unwrap_or_default()).collect::<Vec<_>>().join("|"))
        }
    }
}

/// Whether a text can be an id: in the keys of links one stands before a slash, and one behind it.
fn is_id(text: &str) -> bool {
    !text.is_empty() && !text.contains('/')
}

/// One end of a link, as Graph gives it: what else it says belongs to the far object's own record.
#[derive(Deserialize)]
struct End<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "@odata.type")]
    odata_type: Option<Cow<'a, str>>,
    #[serde(default, rename = "@removed")]
    removed: Option<IgnoredAny>,
}

/// Reads the links of one type; says whether they are all that there are.
fn read_links(link: &'static LinkType, members: &Members<'_>, out: &mut Vec<LinkRecord>) -> Result<bool> {
    if let Some(raw) = members.get(link.relation) {
        if link.write == LinkWrite::AssignAll {
            return assignments(link, raw, out).map(|()| true);
        }
        for end in ends(link, raw)? {
            out.push(link_record(link, end)?);
        }
        return Ok(true);
    }
    let Some(raw) = members.get(&format!("{}@delta", link.relation)) else { return Ok(false) };
    let start = out.len();
    let mut any_present = false;
    for end in ends(link, raw)? {
        let record = link_record(link, end)?;
        any_present |= record.value.is_some();
        out.push(record);
    }
    // Why: where only one can be, a new one says that the old one is gone, reported or not, in any order.
    let replaced = link.write == LinkWrite::Single && any_present;
    if replaced {
        let spoken = out.split_off(start);
        out.extend(spoken.into_iter().filter(|record| record.value.is_some()));
    }
    Ok(replaced)
}

/// The ends that a relation or its delta holds: a list, one, or none.
fn ends<'a>(link: &LinkType, raw: &'a RawValue) -> Result<Vec<End<'a>>> {
    let ends = match raw.get().as_bytes().first() {
        Some(b'[') => serde_json::from_str(raw.get()),
        Some(b'n') => Ok(Vec::new()),
        _ => serde_json::from_str(raw.get()).map(|one| vec![one]),
    };
    ends.map_err(|e| Error::unavailable(format!("{}: a link cannot be read", link.name)).caused_by(e))
}

fn link_record(link: &'static LinkType, end: End<'_>) -> Result<LinkRecord> {
    let Some(to) = end.id.filter(|id| is_id(id)) else {
        return Err(Error::unavailable(format!("{}: a link has no id", link.name)));
    };
    let value = match (end.removed, end.odata_type) {
        (Some(_), _) => None,
        (None, None) => Some(String::new()),
        (None, Some(of_type)) => Some(canonical::text(&serde_json::json!({ "@odata.type": of_type }))),
    };
    Ok(LinkRecord { link, to: to.into_owned(), value })
}

/// The assignments of a policy: each is kept whole.
fn assignments(link: &'static LinkType, raw: &RawValue, out: &mut Vec<LinkRecord>) -> Result<()> {
    let all = match canonical::parse(raw)? {
        Value::Array(all) => all,
        Value::Null => Vec::new(),
        _ => return Err(Error::unavailable(format!("{}: assignments are not a list", link.name))),
    };
    for one in all {
        let value = canonical::strip(one);
        let to = assignment_key(value.get("target").unwrap_or(&Value::Null));
        out.push(LinkRecord { link, to, value: Some(canonical::text(&value)) });
    }
    Ok(())
}

/// The key of a policy assignment among those of its policy: the group's id, `{id}!exclude` for an
/// excluded group, otherwise the name of the target's type, with its own values where it has any.
pub fn assignment_key(target: &Value) -> String {
    let text = |p: &str| target.get(p).and_then(Value::as_str);
    let target_type = text("@odata.type").unwrap_or("unknown").trim_start_matches("#microsoft.graph.");
    match (text("groupId"), target_type) {
        (Some(group), "exclusionGroupAssignmentTarget") => format!("{group}!exclude"),
        (Some(group), _) => group.to_owned(),
        (None, "allLicensedUsersAssignmentTarget") => "allLicensedUsers".to_owned(),
        (None, "allDevicesAssignmentTarget") => "allDevices".to_owned(),
        (None, other) => format!("{other}!{}", text("collectionId").unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests;
