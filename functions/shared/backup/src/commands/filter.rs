//! Objects of one kind of a sealed snapshot that a filter means, a page at a time, in the order of their keys.
//!
//! Every object of the kind is looked at, since a filter may ask about any property: leaves are fetched far ahead, and of an
//! object only what the filter asks about is taken apart; groups and roles are looked up where the rest does not decide. A request looks at [`READS`] blobs or [`BYTES`] plain bytes, or for
//! [`PATIENCE`], and leaves the rest to the next. An object for which that is not enough, though it is the first, is left undecided.

use super::browse::Browse;
use super::follows::Follows;
use super::search::{Found, Searched, bound_to, not_ours};
use super::stale::Stale;
use super::until::Until;
use crate::archive::{Hit, Part, RunReader, SnapshotView, name_of};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::filter::{Beliefs, Filter, Judging, Met, NotMet, Seen, Verdict};
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
/// How long a page looks, before its first object, for what hides.
pub const PATIENCE_WITH_DOUBTS: SignedDuration = SignedDuration::from_secs(8);

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

/// Where a page begins: behind a key, with so many undecided until then, and what the terms have met.
struct Place {
    after: Vec<u8>,
    undecided: u64,
    met: Met,
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
        let stale = Stale::of(&view, kind);
        let Place { after, mut undecided, met } = match page.after {
            Some(cursor) => place(&cursor, &bound, view.run(kind.run())?.records + stale.count())?,
            // Why at once: what is not held is met by no page, and may be what is meant.
            None => Place {
                after: Vec::new(),
                undecided: stale.count_not_held(&view, kind).await?,
                met: Met::default(),
            },
        };

        let clock = self.records.clock();
        let mut beliefs = Beliefs::of(view.manifest(), kind, &filter);
        let mut follows = Follows::of(&view, &filter);
        follows.doubt(&mut beliefs, &Until::of(clock, PATIENCE_WITH_DOUBTS)).await?;
        searched.name_sources(&view, kind, &filter, follows.hiding());
        // Why only now: what hides is looked up anew for each page, and would leave nothing for the objects where it is much.
        let (end, until, mut bytes) = (view.reads() + READS, Until::of(clock, PATIENCE), 0);
        let mut objects = Objects::begin(&view, kind, &filter, &after).await?;
        let id_of_stale = Some("id").filter(|_| !stale.is_empty());
        let wanted: Vec<&str> = filter.properties().chain(names.iter().copied()).chain(id_of_stale).collect();
        let judging = Judging::of(&filter, met);
        let mut looking = Looking { judging, beliefs, follows, stale, part, names, until };
        let (mut items, mut last, mut next) = (Vec::new(), None::<Vec<u8>>, None);
        while objects.advance().await? {
            // Why never before the first: each request must get further, however little may be read.
            let is_over =
                items.len() == page.limit || bytes >= BYTES || view.reads() >= end || looking.until.is_over();
            let go_on =
                |last: &[u8], looking: &Looking| cursor(last, undecided, looking.judging.met(), &bound);
            if let Some(last) = last.as_deref().filter(|_| is_over) {
                next = Some(go_on(last, &looking));
                break;
            }
            let (key, mut object) = objects.take(&wanted)?;
            bytes += objects.bytes();
            let verdict = match (looking.judge(&key, &mut object).await?, last.as_deref()) {
                (Some(verdict), _) => verdict,
                // Why not left open at once: a page that begins with it has all the time for it.
                (None, Some(last)) => {
                    next = Some(go_on(last, &looking));
                    break;
                }
                (None, None) => Verdict::Unknown,
            };
            match verdict {
                Verdict::Yes => {
                    items.push(Hit { kind: kind.name, key: key.clone(), name: name_of(kind, &object) });
                }
                Verdict::Unknown => undecided = undecided.saturating_add(1),
                Verdict::No => {}
            }
            last = Some(key.into_bytes());
        }
        searched.name_unmet(kind, filter.unmet(looking.judging.met()));
        let complete = next.is_none() && undecided == 0;
        Ok(Found { items, complete, undecided, next, in_recycle_bin: Vec::new(), searched })
    }
}

/// What judges one object after the other.
struct Looking<'v> {
    judging: Judging<'v>,
    beliefs: Beliefs,
    follows: Follows<'v>,
    stale: Stale<'v>,
    /// A part of a name that they have besides, and the properties that it may be in.
    part: Option<Part>,
    names: Vec<&'static str>,
    until: Until,
}

impl Looking<'_> {
    /// Whether an object is meant; none where there is no time to look up what follows from links and grants.
    async fn judge(&mut self, key: &str, object: &mut Map<String, Value>) -> Result<Option<Verdict>> {
        let is_stale = self.stale.has(key, object);
        let mut verdict = self.judging.judge(&Seen { object, beliefs: &self.beliefs, is_stale });
        // Why not of a stale one: what it is called is not known.
        if verdict != Verdict::No && !is_stale && !self.has_part(object) {
            verdict = Verdict::No;
        }
        // Why only now: what follows from links is looked up, and most objects are decided without it.
        if verdict == Verdict::Unknown && self.follows.is_asked() {
            if !self.follows.add(key, object, &self.until).await? {
                return Ok(None);
            }
            verdict = self.judging.judge(&Seen { object, beliefs: &self.beliefs, is_stale });
        }
        let is_open = verdict == Verdict::Yes && is_stale && self.part.is_some();
        Ok(Some(if is_open { Verdict::Unknown } else { verdict }))
    }

    fn has_part(&self, object: &Map<String, Value>) -> bool {
        let mut texts = self.names.iter().filter_map(|name| object.get(*name)?.as_str());
        self.part.as_ref().is_none_or(|part| texts.any(|text| part.is_in(text)))
    }
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

/// Where a filter goes on: what it is bound to, how many were undecided, what was met, the last key that was looked at.
fn cursor(last: &[u8], undecided: u64, met: Met, bound: &str) -> String {
    format!("f.{bound}.{undecided}.{met}.{}", URL_SAFE_NO_PAD.encode(last))
}

/// The place that a cursor names. Of more objects than there are none can have been left undecided.
fn place(cursor: &str, bound: &str, objects: u64) -> Result<Place> {
    let parts: Vec<&str> = cursor.split('.').collect();
    let ["f", of, undecided, met, key] = parts[..] else { return Err(not_ours()) };
    if of != bound {
        return Err(not_ours());
    }
    let undecided = undecided.parse().map_err(|e: std::num::ParseIntError| not_ours().caused_by(e))?;
    if undecided > objects {
        return Err(not_ours());
    }
    let met = met.parse().map_err(|NotMet| not_ours())?;
    let after = URL_SAFE_NO_PAD.decode(key).map_err(|e| not_ours().caused_by(e))?;
    Ok(Place { after, undecided, met })
}
