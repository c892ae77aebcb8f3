//! What became of one record between two snapshots.

use crate::archive::{SnapshotView, bin, read_object};
use crate::held::both_know;
use domain::changes::observe_objects;
use domain::kinds::{KINDS, Kind, LinkType};
use domain::stored::{Became, Differing, LogEntry};
use domain::{Error, Result};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// After this many zero bits leaves end at the latest: some four thousand entries, of a few hundred bytes each.
const MOST_CUT_BITS: u32 = 12;

/// The same of what objects are recognised by.
const RECOGNISED_CUT_BITS: u32 = 11;

/// A run that has a log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Logged {
    /// The kind whose run it is.
    pub(crate) kind: &'static Kind,
    /// What of the kind the run holds.
    pub(crate) part: Part,
}

/// What of a kind a run holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    /// The records are objects of the kind.
    Objects,
    /// One property of them that is read by another path.
    Facet(&'static str),
    /// Links of a type, from them.
    Links(&'static LinkType),
}

impl Logged {
    /// Every run that has a log: those in which a comparison looks.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        KINDS.into_iter().flat_map(|kind| {
            let facets = kind.facets().map(Part::Facet);
            let links = kind.links.iter().map(Part::Links);
            std::iter::once(Part::Objects).chain(facets).chain(links).map(move |part| Self { kind, part })
        })
    }

    /// The name of the run.
    pub(crate) fn run(self) -> String {
        match self.part {
            Part::Objects => self.kind.run().to_owned(),
            Part::Facet(facet) => self.kind.part(facet),
            Part::Links(link) => link.name.to_owned(),
        }
    }

    /// After how many zero bits of a key's hash the leaves of its log end. An entry of an object is a fraction as long as the
    /// object; one of a facet or of a link is about as long as its record.
    pub(crate) fn cut_bits(self) -> u32 {
        match self.part {
            Part::Objects => (self.kind.cut_bits + 4).min(MOST_CUT_BITS),
            Part::Facet(_) => self.kind.cut_bits,
            Part::Links(link) => link.cut_bits,
        }
    }
}

impl Logged {
    /// The same of its second log. The keys of what objects are recognised by are short.
    pub(super) fn second_cut_bits(self) -> u32 {
        if matches!(self.part, Part::Links(_)) { self.cut_bits() } else { RECOGNISED_CUT_BITS }
    }
}

/// Two snapshots, the earlier and the later.
#[derive(Clone, Copy)]
pub(crate) struct Sides<'a> {
    /// The snapshot that is compared with.
    pub(crate) before: &'a SnapshotView,
    /// The snapshot whose log is written.
    pub(crate) after: &'a SnapshotView,
}

impl Sides<'_> {
    /// What became of a record of that run; none where nothing did that is told. Values are those of the two runs.
    pub(crate) async fn entry(
        self,
        logged: Logged,
        key: &[u8],
        values: (Option<&[u8]>, Option<&[u8]>),
    ) -> Result<Option<LogEntry>> {
        let found = match (logged.part, values) {
            (_, (None, None)) => None,
            (Part::Objects, (None, Some(object))) => {
                Some((self.came(logged.kind, key).await?, told_by(logged.kind, object, true)?))
            }
            (Part::Objects, (Some(object), None)) => {
                Some((self.went(logged.kind, key).await?, told_by(logged.kind, object, false)?))
            }
            (Part::Objects, (Some(before), Some(after))) => self.changed(logged.kind, before, after)?,
            (Part::Facet(facet), (before, after)) => Some(differs(facet, before, after)?),
            (Part::Links(link), values) => {
                if self.knows_links(logged.kind, link, key).await? {
                    Some(link_of(values)?)
                } else {
                    None
                }
            }
        };
        let before = self.before.manifest().snapshot.clone();
        Ok(found.map(|(became, said)| LogEntry { became, before, said }))
    }

    async fn came(self, kind: &Kind, key: &[u8]) -> Result<Became> {
        let was_binned = is_binned(self.before, kind, key).await?;
        Ok(if was_binned == Some(true) { Became::Returned } else { Became::Came })
    }

    async fn went(self, kind: &Kind, key: &[u8]) -> Result<Became> {
        if kind.writing.recycle_bin.is_none() {
            return Ok(Became::Gone);
        }
        Ok(match is_binned(self.after, kind, key).await? {
            Some(true) => Became::Binned,
            Some(false) => Became::Gone,
            None => Became::Went,
        })
    }

    /// The properties that differ, of those that both sides know and that do not change by themselves, or are observed.
    fn changed(self, kind: &Kind, before: &[u8], after: &[u8]) -> Result<Option<(Became, Vec<u8>)>> {
        if !may_be_told(kind, before, after)? {
            return Ok(None);
        }
        let (old, new) = (read_object(before)?, read_object(after)?);
        let is_known = |view: &SnapshotView, object: &Map<String, Value>, property: &str| {
            !view.manifest().is_unknown(kind, property, object)
        };
        // Why only then: the service notes its own doings in what is observed, and that alone is nothing.
        let is_seen = !observe_objects(kind, &old, &new, &[]).is_empty();
        let mut differing = Differing::between(&old, &new, |property| {
            (kind.compares(property) || is_seen && kind.observes(property).is_some())
                && is_known(self.before, &old, property)
                && is_known(self.after, &new, property)
        });
        if differing.is_empty() {
            return Ok(None);
        }
        // Why the later value on both sides: what is not among the differences is none that is told.
        for property in kind.told_by() {
            let value = new.get(property).or_else(|| old.get(property)).cloned();
            if value.is_some() && differing.iter().all(|one| one.property != property) {
                differing.push(Differing {
                    property: property.to_owned(),
                    before: value.clone(),
                    after: value,
                });
            }
        }
        Ok(Some((Became::Changed, Differing::to_text(&differing).into_bytes())))
    }

    /// Whether both sides know all links of that type from the object that a link leads from.
    async fn knows_links(self, kind: &Kind, link: &LinkType, key: &[u8]) -> Result<bool> {
        let (from, _) = ends(key)?;
        both_know(kind, link, [(self.before, from), (self.after, from)]).await
    }
}

/// Whether two objects differ in a property that is compared or observed. Why by the text of each property: most of what differs is
/// what changes by itself, of everybody at once, and large.
fn may_be_told(kind: &Kind, before: &[u8], after: &[u8]) -> Result<bool> {
    let (old, new) = (properties(before)?, properties(after)?);
    let is_told = |property: &str| kind.compares(property) || kind.observes(property).is_some();
    let differs = |(property, text): (&String, &&RawValue), other: &BTreeMap<String, &RawValue>| {
        is_told(property) && other.get(property).is_none_or(|other| other.get() != text.get())
    };
    Ok(old.iter().any(|one| differs(one, &new)) || new.iter().any(|one| differs(one, &old)))
}

fn properties(object: &[u8]) -> Result<BTreeMap<String, &RawValue>> {
    serde_json::from_slice(object).map_err(|e| Error::corrupt("a stored object cannot be read").caused_by(e))
}

/// What an object is told by that came, or that went, as its entry says it.
fn told_by(kind: &Kind, object: &[u8], came: bool) -> Result<Vec<u8>> {
    let mut object = read_object(object)?;
    let one = |property: &str| {
        let value = Some(object.remove(property)?);
        let (before, after) = if came { (None, value) } else { (value, None) };
        Some(Differing { property: property.to_owned(), before, after })
    };
    let all: Vec<Differing> = kind.told_by().into_iter().filter_map(one).collect();
    Ok(Differing::to_text(&all).into_bytes())
}

/// The two ends of a link's key.
///
/// # Errors
/// `Corrupt` when it has not two.
pub(super) fn ends(key: &[u8]) -> Result<(&str, &str)> {
    let ends = std::str::from_utf8(key).ok().and_then(|key| key.split_once('/'));
    ends.ok_or_else(|| Error::corrupt("the key of a link has not two ends"))
}

/// Whether an object lies in the recycle bin; none where it is not known what does.
async fn is_binned(view: &SnapshotView, kind: &Kind, key: &[u8]) -> Result<Option<bool>> {
    match view.find_run(&bin(kind)) {
        Some(run) => Ok(Some(view.find_record(run, key).await?.is_some())),
        None => Ok(None),
    }
}

fn differs(property: &str, before: Option<&[u8]>, after: Option<&[u8]>) -> Result<(Became, Vec<u8>)> {
    let value = |bytes: &[u8]| -> Result<Value> {
        // The value of a link that says nothing besides its ends may be empty.
        if bytes.is_empty() {
            return Ok(Value::Object(Map::new()));
        }
        serde_json::from_slice(bytes)
            .map_err(|e| Error::corrupt("a stored value cannot be read").caused_by(e))
    };
    let (before, after) = (before.map(value).transpose()?, after.map(value).transpose()?);
    let one = Differing { property: property.to_owned(), before, after };
    Ok((Became::Changed, Differing::to_text(&[one]).into_bytes()))
}

fn link_of((before, after): (Option<&[u8]>, Option<&[u8]>)) -> Result<(Became, Vec<u8>)> {
    match (before, after) {
        (Some(before), Some(after)) => differs("", Some(before), Some(after)),
        (Some(before), None) => Ok((Became::Gone, before.to_vec())),
        (None, after) => Ok((Became::Came, after.unwrap_or_default().to_vec())),
    }
}
