//! Objects of one kind of a sealed snapshot that a filter means, a page at a time, in the order of their keys.
//!
//! Every object of the kind is looked at, since a filter may ask about any property: leaves are fetched far ahead, and of an
//! object only what the filter asks about is taken apart; groups and roles are looked up where the rest does not decide. A request looks at [`READS`] blobs or [`BYTES`] plain bytes, or for
//! [`PATIENCE`], and leaves the rest to the next.

use super::browse::Browse;
use super::follows::Follows;
use super::search::{Found, Searched, bound_to, not_ours};
use crate::archive::{Hit, Part, RunReader, SnapshotView, name_of};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::filter::{Beliefs, Derived, Filter, Seen, Verdict};
use domain::kinds::Kind;
use domain::{Error, Result, SnapshotId, TenantId};
use engine::ports::Page;
use jiff::SignedDuration;
use serde_json::{Map, Value};

/// How many blobs are read for one page, and those that were on their way.
pub const READS: u64 = 2_000;
/// How many plain bytes of objects are looked at for one page: some 100,000 users.
pub const BYTES: usize = 256 << 20;

/// How long a page looks for objects before it leaves the rest to the next. Why so short: whoever asks waits for it, and a call of
/// the function ends after 29 s.
pub const PATIENCE: SignedDuration = SignedDuration::from_secs(10);

/// Which objects are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Filtered<'a> {
    /// Objects of this kind.
    pub kind: &'static Kind,
    /// The filter, as it was written.
    pub filter: &'a str,
    /// A part of a name that they have besides; none where any name will do.
    pub name: Option<&'a str>,
}

/// Where a page begins: behind a key, with so many undecided until then.
struct Place {
    after: Vec<u8>,
    undecided: u64,
}

impl Browse {
    /// Objects of a kind that a filter means.
    ///
    /// # Errors
    /// `Invalid` naming `filter` and the character where it is wrong, or naming `cursor` when that is of another search;
    /// `NotFound` when there is no such snapshot, or it does not hold the kind; `Conflict` when it is not sealed.
    pub async fn filtered(
        &self,
        tenant: &TenantId,
        id: &SnapshotId,
        asked: Filtered<'_>,
        page: Page,
    ) -> Result<Found> {
        let kind = asked.kind;
        let filter = Filter::parse(kind, asked.filter)?;
        let part = asked.name.map(Part::of).filter(|part| !part.is_empty());
        let view = self.open(tenant, id).await?;
        let names = std::iter::once(kind.name_property).chain(kind.search.iter().copied());
        let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
        let mut searched = Searched::of(&view, Some(kind), |_| {
            let named = names.iter().copied().filter(|_| part.is_some());
            filter.properties().chain(named).map(str::to_owned).collect()
        })?;
        let text = part.as_ref().map_or("", Part::text);
        let bound = bound_to([tenant.as_str(), id.as_str(), kind.run(), text, asked.filter]);
        let Place { after, mut undecided } = match page.after {
            Some(cursor) => place(&cursor, &bound, view.run(kind.run())?.records)?,
            None => Place { after: Vec::new(), undecided: 0 },
        };

        let until = self.records.clock().now() + PATIENCE;
        let mut beliefs = Beliefs::of(view.manifest(), kind, &filter);
        let mut follows = Follows::of(&view, &filter);
        follows.doubt(&mut beliefs).await?;
        // Why only now: what hides is looked up anew for each page, and would leave nothing for the objects where it is much.
        let (end, mut bytes) = (view.reads() + READS, 0);
        let mut unseen = unseen(kind, &filter);
        let mut objects = Objects::begin(&view, kind, &filter, &after).await?;
        let wanted: Vec<&str> = filter.properties().chain(names.iter().copied()).collect();
        let (mut items, mut last, mut next) = (Vec::new(), None, None);
        while objects.advance().await? {
            // Why never before the first: each request must get further, however little may be read.
            let is_over = items.len() == page.limit
                || bytes >= BYTES
                || view.reads() >= end
                || self.records.clock().now() >= until;
            if let Some(last) = last.as_deref().filter(|_| is_over) {
                next = Some(cursor(last, undecided, &bound));
                break;
            }
            let (key, mut object) = objects.take(&wanted)?;
            bytes += objects.bytes();
            unseen.retain(|property| !object.contains_key(*property));
            let has_part = |object: &Map<String, Value>| {
                let mut texts = names.iter().filter_map(|name| object.get(*name)?.as_str());
                part.as_ref().is_none_or(|part| texts.any(|text| part.is_in(text)))
            };
            let mut verdict = filter.judge(&Seen { object: &object, beliefs: &beliefs });
            if verdict != Verdict::No && !has_part(&object) {
                verdict = Verdict::No;
            }
            // Why only now: what follows from links is looked up, and most objects are decided without it.
            if verdict == Verdict::Unknown && follows.is_asked() {
                follows.add(&key, &mut object).await?;
                verdict = filter.judge(&Seen { object: &object, beliefs: &beliefs });
            }
            match verdict {
                Verdict::Yes => {
                    items.push(Hit { kind: kind.name, key: key.clone(), name: name_of(kind, &object) });
                }
                Verdict::Unknown => undecided = undecided.saturating_add(1),
                Verdict::No => {}
            }
            last = Some(key.into_bytes());
        }
        if last.is_some() {
            searched.name_unseen(kind, &unseen);
        }
        Ok(Found { items, complete: next.is_none() && undecided == 0, undecided, next, searched })
    }
}

/// What a filter asks about under a name that the kind does not say: no such property is known to be none.
fn unseen<'f>(kind: &Kind, filter: &'f Filter) -> Vec<&'f str> {
    let may_be_a_slip =
        |name: &str| (kind.keeps_all() || name.contains('@')) && Derived::find(kind, name).is_none();
    filter.properties().filter(|name| may_be_a_slip(name)).collect()
}

/// The objects of a kind, each with the facets that a filter asks about.
struct Objects {
    objects: RunReader,
    /// Facets that the snapshot holds, at the first record that is not before the object.
    facets: Vec<(&'static str, RunReader)>,
}

impl Objects {
    /// Those behind a key, which is empty for all.
    async fn begin(view: &SnapshotView, kind: &'static Kind, filter: &Filter, after: &[u8]) -> Result<Self> {
        let start = if after.is_empty() { Vec::new() } else { [after, b"\0"].concat() };
        let objects = view.opened(view.run(kind.run())?).await?.scan_far(&start).await?;
        let mut facets = Vec::new();
        for facet in kind.facets().filter(|facet| filter.properties().any(|property| property == *facet)) {
            if let Ok(run) = view.run(&kind.part(facet)) {
                let mut reader = view.opened(run).await?.scan_far(&start).await?;
                reader.advance().await?;
                facets.push((facet, reader));
            }
        }
        Ok(Self { objects, facets })
    }

    /// Goes to the next object; says whether there is one.
    async fn advance(&mut self) -> Result<bool> {
        let there = self.objects.advance().await?;
        let key = self.objects.head();
        for (_, reader) in &mut self.facets {
            while key.is_some() && reader.head().is_some() && reader.head() < key {
                reader.advance().await?;
            }
        }
        Ok(there)
    }

    /// The bytes of the object that it stands at.
    fn bytes(&self) -> usize {
        self.objects.value().len()
    }

    /// The key of the object, and those of the properties that it has.
    fn take(&self, wanted: &[&str]) -> Result<(String, Map<String, Value>)> {
        let key = self.objects.head().unwrap_or_default();
        let mut object = domain::filter::pick(wanted, self.objects.value())?;
        for (facet, reader) in &self.facets {
            let value = if reader.head() == Some(key) {
                let read = serde_json::from_slice(reader.value());
                read.map_err(|e| Error::corrupt("a stored value cannot be read").caused_by(e))?
            } else {
                Value::Null
            };
            object.insert((*facet).to_owned(), value);
        }
        let key = std::str::from_utf8(key).map_err(|e| Error::corrupt("a key is not text").caused_by(e))?;
        Ok((key.to_owned(), object))
    }
}

/// Where a filter goes on: what it is bound to, how many were undecided, the last key that was looked at.
fn cursor(last: &[u8], undecided: u64, bound: &str) -> String {
    format!("f.{bound}.{undecided}.{}", URL_SAFE_NO_PAD.encode(last))
}

/// The place that a cursor names. Of more objects than there are none can have been left undecided.
fn place(cursor: &str, bound: &str, objects: u64) -> Result<Place> {
    let parts: Vec<&str> = cursor.split('.').collect();
    let ["f", of, undecided, key] = parts[..] else { return Err(not_ours()) };
    if of != bound {
        return Err(not_ours());
    }
    let undecided = undecided.parse().map_err(|e: std::num::ParseIntError| not_ours().caused_by(e))?;
    if undecided > objects {
        return Err(not_ours());
    }
    let after = URL_SAFE_NO_PAD.decode(key).map_err(|e| not_ours().caused_by(e))?;
    Ok(Place { after, undecided })
}
