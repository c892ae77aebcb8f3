//! What a file is made of, in order: of a snapshot each kind's objects and then its links, of a comparison its changes.
//!
//! Leaves are fetched ahead, and a record is gone once its line is written. A place names a source and the last key of it, so that
//! reading goes on behind it.

use crate::archive::{RunReader, SnapshotView, TenantArchive, get_page};
use domain::changes::Change;
use domain::coverage::{self, Gap, Seen};
use domain::kinds::{KINDS, Kind, LinkType, NamedKind};
use domain::stored::RunRef;
use domain::{Error, Result};
use engine::records::{Diff, DownloadPlace};
use std::collections::VecDeque;

/// What a record of a file is.
pub(super) enum What {
    /// An object as it is stored, and its facets.
    Object { kind: &'static Kind, key: String, object: Vec<u8>, facets: Vec<(&'static str, Vec<u8>)> },
    /// A link as it is stored: from where, to where, and what it says.
    Link { link: &'static LinkType, from: String, to: String, value: Vec<u8> },
    /// A change that a comparison found.
    Change(Box<Change>),
}

/// A record, and behind what the next begins.
pub(super) struct Record {
    pub what: What,
    pub place: DownloadPlace,
}

/// What stands before the records of a file.
pub(super) enum Head<'a> {
    Snapshot { view: &'a SnapshotView, gaps: Vec<Gap> },
    Comparison(&'a Diff),
}

/// One part of what a file is made of.
#[derive(Clone, Copy)]
pub(super) enum Source {
    Objects(&'static Kind),
    Links(&'static LinkType),
}

/// All that a file is made of.
pub(super) enum Sources {
    Snapshot { view: SnapshotView, all: Vec<Source>, kinds: Vec<&'static Kind>, key: Option<String> },
    Comparison { archive: TenantArchive, diff: Box<Diff> },
}

impl Sources {
    /// Of a snapshot: of the kinds that are chosen, or of all that it holds.
    ///
    /// # Errors
    /// `NotFound` when it does not hold a kind that is chosen; `Invalid` when there is no such kind.
    pub fn of_snapshot(view: SnapshotView, chosen: &[NamedKind], key: Option<String>) -> Result<Self> {
        let kinds: Vec<&'static Kind> = if chosen.is_empty() {
            KINDS.into_iter().filter(|kind| view.covers(kind)).collect()
        } else {
            chosen.iter().map(NamedKind::get).collect::<Result<_>>()?
        };
        let mut all = Vec::new();
        for kind in &kinds {
            view.run(kind.run())?;
            all.push(Source::Objects(kind));
            all.extend(
                kind.links.iter().filter(|link| view.find_run(link.name).is_some()).map(Source::Links),
            );
        }
        Ok(Self::Snapshot { view, all, kinds, key })
    }

    /// Of a comparison that is done.
    pub fn of_comparison(archive: TenantArchive, diff: Diff) -> Self {
        Self::Comparison { archive, diff: Box::new(diff) }
    }

    /// What stands before the records.
    pub fn head(&self) -> Head<'_> {
        match self {
            Self::Snapshot { view, kinds, .. } => {
                let covers = coverage::of(view.manifest()).into_iter();
                let chosen =
                    covers.filter(|cover| kinds.iter().any(|kind| kind.name == cover.kind) || !cover.held);
                Head::Snapshot { view, gaps: chosen.flat_map(|cover| cover.gaps).collect() }
            }
            Self::Comparison { diff, .. } => Head::Comparison(diff),
        }
    }

    /// How many records there are; none where one object is chosen, since its links are not counted.
    pub fn expected(&self) -> Option<u64> {
        match self {
            Self::Snapshot { key: Some(_), .. } => None,
            Self::Snapshot { view, all, .. } => {
                Some(all.iter().filter_map(|source| run_of(view, *source)).map(|run| run.records).sum())
            }
            Self::Comparison { diff, .. } => {
                let counts = &diff.counts;
                Some(counts.changes() + counts.activations() + counts.observed + counts.by_service)
            }
        }
    }

    /// The properties that objects of the chosen kinds have, each once, kind by kind: the columns of a table. Where any name may
    /// be one, the objects are looked at for their names.
    pub async fn columns(&self) -> Result<Vec<String>> {
        let Self::Snapshot { view, kinds, .. } = self else { return Ok(Vec::new()) };
        let mut columns: Vec<String> = Vec::new();
        for kind in kinds {
            let mut names: Vec<String> = kind.selected().map(str::to_owned).collect();
            if kind.keeps_all() {
                let mut seen = Seen::default();
                view.each_record(kind.run(), |_, value| seen.add(value)).await?;
                names.extend(seen.names().map(str::to_owned));
            }
            names.extend(view.manifest().extensions_of(kind));
            names.extend(kind.facets().map(str::to_owned));
            for name in names {
                if !kind.is_relation(&name) && !columns.contains(&name) {
                    columns.push(name);
                }
            }
        }
        Ok(columns)
    }

    /// The records behind a place.
    pub async fn from(&self, place: &DownloadPlace) -> Result<Reader<'_>> {
        let mut reader = Reader { sources: self, at: place.clone(), open: None, found: VecDeque::new() };
        if let Self::Snapshot { key: Some(key), .. } = self {
            reader.find_one(key).await?;
        }
        Ok(reader)
    }
}

fn run_of(view: &SnapshotView, source: Source) -> Option<&RunRef> {
    match source {
        Source::Objects(kind) => view.find_run(kind.run()),
        Source::Links(link) => view.find_run(link.name),
    }
}

/// A source that is being read: its records, and those of the facets beside them.
struct Open {
    source: Source,
    records: RunReader,
    facets: Vec<(&'static str, RunReader)>,
}

/// Reads the records of a file, one after the other.
pub(super) struct Reader<'a> {
    sources: &'a Sources,
    at: DownloadPlace,
    open: Option<Open>,
    /// What is read already: a page of changes, or one object with its links.
    found: VecDeque<Record>,
}

impl Reader<'_> {
    /// The next record; none after the last.
    pub async fn next(&mut self) -> Result<Option<Record>> {
        match self.sources {
            Sources::Snapshot { key: Some(_), .. } => Ok(self.found.pop_front()),
            Sources::Snapshot { view, all, .. } => self.next_of_snapshot(view, all).await,
            Sources::Comparison { archive, diff } => self.next_change(archive, diff).await,
        }
    }

    async fn next_of_snapshot(&mut self, view: &SnapshotView, all: &[Source]) -> Result<Option<Record>> {
        loop {
            let Some(source) = all.get(usize::try_from(self.at.source).unwrap_or(usize::MAX)) else {
                return Ok(None);
            };
            if self.open.is_none() {
                self.open = Some(open(view, *source, self.at.after.as_deref()).await?);
            }
            let Some(open) = &mut self.open else { return Ok(None) };
            if open.records.advance().await? {
                let what = open.take().await?;
                self.at.after = Some(text(open.records.head().unwrap_or_default())?);
                return Ok(Some(Record { what, place: self.at.clone() }));
            }
            self.open = None;
            self.at = DownloadPlace { source: self.at.source + 1, after: None };
        }
    }

    /// The changes, page by page; a place names the page, and how many changes of it are written.
    async fn next_change(&mut self, archive: &TenantArchive, diff: &Diff) -> Result<Option<Record>> {
        while self.found.is_empty() && self.at.source < diff.pages {
            let page = self.at.source;
            let written: usize = match &self.at.after {
                Some(text) => text.parse().map_err(|_| Error::corrupt("a place in a page is no number"))?,
                None => 0,
            };
            let changes = get_page(archive, diff, page).await?;
            for (number, change) in changes.into_iter().enumerate().skip(written) {
                let place = DownloadPlace { source: page, after: Some((number + 1).to_string()) };
                self.found.push_back(Record { what: What::Change(Box::new(change)), place });
            }
            self.at = DownloadPlace { source: page + 1, after: None };
        }
        Ok(self.found.pop_front())
    }

    /// One object, with the links from it and to it. Why at once: they are those of one object.
    async fn find_one(&mut self, key: &str) -> Result<()> {
        let Sources::Snapshot { view, kinds, .. } = self.sources else { return Ok(()) };
        let Some(kind) = kinds.first().copied() else { return Ok(()) };
        let object = view.find_record(view.run(kind.run())?, key.as_bytes()).await?;
        let object =
            object.ok_or_else(|| Error::not_found(format!("the snapshot has no such {}", kind.label)))?;
        let mut facets = Vec::new();
        for facet in kind.facets() {
            if let Some(run) = view.find_run(&kind.part(facet))
                && let Some(value) = view.find_record(run, key.as_bytes()).await?
            {
                facets.push((facet, value));
            }
        }
        let mut found = vec![What::Object { kind, key: key.to_owned(), object, facets }];
        for link in domain::kinds::links().filter(|link| view.find_run(link.name).is_some()) {
            if link.from == kind.name {
                let links = view.list_links(link, key).await?.into_iter();
                found.extend(links.map(|(to, value)| of_link(link, key.to_owned(), to, &value)));
            }
            let reverse = format!("{}.reverse", link.name);
            if link.to.contains(&kind.name) && view.find_run(&reverse).is_some() {
                let links = view.list_links_to(link, key).await?.into_iter();
                found.extend(links.map(|(from, value)| of_link(link, from, key.to_owned(), &value)));
            }
        }
        // All of it is in the parts, or nothing: there is one place, before the object.
        let skipped = self.at.after.as_ref().map_or(Ok(0), |text| text.parse());
        let skipped: usize = skipped.map_err(|_| Error::corrupt("a place in a file is no number"))?;
        for (number, what) in found.into_iter().enumerate().skip(skipped) {
            let place = DownloadPlace { source: 0, after: Some((number + 1).to_string()) };
            self.found.push_back(Record { what, place });
        }
        Ok(())
    }
}

fn of_link(
    link: &'static LinkType,
    from: String,
    to: String,
    value: &serde_json::Map<String, serde_json::Value>,
) -> What {
    let value = if value.is_empty() {
        Vec::new()
    } else {
        domain::canonical::text(&value.clone().into()).into_bytes()
    };
    What::Link { link, from, to, value }
}

async fn open(view: &SnapshotView, source: Source, after: Option<&str>) -> Result<Open> {
    let start = after.map_or_else(Vec::new, |key| [key.as_bytes(), b"\0"].concat());
    let run = run_of(view, source).ok_or_else(|| Error::corrupt("a snapshot lost a run"))?;
    let records = view.opened(run).await?.scan_far(&start).await?;
    let mut facets = Vec::new();
    if let Source::Objects(kind) = source {
        for facet in kind.facets() {
            if let Some(run) = view.find_run(&kind.part(facet)) {
                let mut reader = view.opened(run).await?.scan_far(&start).await?;
                reader.advance().await?;
                facets.push((facet, reader));
            }
        }
    }
    Ok(Open { source, records, facets })
}

impl Open {
    /// The record that it stands at, with the facets of the same key.
    async fn take(&mut self) -> Result<What> {
        let key = self.records.head().unwrap_or_default().to_vec();
        match self.source {
            Source::Links(link) => {
                let key = text(&key)?;
                let (from, to) =
                    key.split_once('/').ok_or_else(|| Error::corrupt("a link has no far end"))?;
                let (from, to) = (from.to_owned(), to.to_owned());
                Ok(What::Link { link, from, to, value: self.records.value().to_vec() })
            }
            Source::Objects(kind) => {
                let mut facets = Vec::new();
                for (facet, reader) in &mut self.facets {
                    while reader.head().is_some_and(|head| head < key.as_slice()) {
                        reader.advance().await?;
                    }
                    if reader.head() == Some(key.as_slice()) {
                        facets.push((*facet, reader.value().to_vec()));
                    }
                }
                Ok(What::Object { kind, key: text(&key)?, object: self.records.value().to_vec(), facets })
            }
        }
    }
}

fn text(key: &[u8]) -> Result<String> {
    std::str::from_utf8(key).map(str::to_owned).map_err(|e| Error::corrupt("a key is not text").caused_by(e))
}
