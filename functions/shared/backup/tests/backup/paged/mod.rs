//! A directory that answers what a test wrote down, and readings of it into an archive in memory.

use async_trait::async_trait;
use backup::archive::{Archive, SnapshotView, TenantArchive};
use backup::reading::Reading;
use domain::kinds::Source;
use domain::stored::{FORMAT_VERSION, Manifest};
use domain::{Error, ErrorKind, Result, SnapshotId, TenantId};
use engine::ports::{Clock, Cursor, DirectoryPages, KeyRing, PageEnd, ReadPage, Spent, Unreadable};
use engine::records::{KindState, ReadingState, Records, StoredKey};
use jiff::SignedDuration;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use support::memory::{ManualClock, World};

#[derive(Default)]
struct State {
    /// Items, and where the next page is.
    pages: BTreeMap<(String, String), (Vec<Value>, Option<String>)>,
    failures: BTreeMap<(String, String), (ErrorKind, u32)>,
    /// What is given for an id that is asked for.
    by_id: BTreeMap<String, Value>,
    asked: Vec<(String, String)>,
    /// Of a page the items that cannot be read.
    unreadable: BTreeMap<(String, String), Vec<Option<String>>>,
    /// By source, the properties that had to be left out of the question.
    left_out: BTreeMap<String, Vec<String>>,
}

/// The directory. What nobody wrote down is empty; a delta's link is `later`.
pub struct Paged {
    state: Mutex<State>,
    clock: Arc<ManualClock>,
    /// Pages that are asked for at once, and how long each takes.
    pub pace: (usize, SignedDuration),
}

/// A cursor in a word: where it stands, or its link.
fn word(cursor: &Cursor) -> String {
    match cursor {
        Cursor::Start => "start",
        Cursor::Listed => "listed",
        Cursor::ListedWithLinks => "whole",
        Cursor::Latest => "latest",
        Cursor::Ids(_) => "ids",
        Cursor::Singly => "singly",
        Cursor::Bin => "bin",
        Cursor::Next(link)
        | Cursor::NextListed(link)
        | Cursor::NextListedWithLinks(link)
        | Cursor::NextSingly(link)
        | Cursor::NextBin(link)
        | Cursor::Delta(link) => link,
    }
    .to_owned()
}

impl Paged {
    /// What a page holds, and the link to the next.
    pub fn page(&self, source: &str, at: &str, items: Vec<Value>, next: Option<&str>) {
        let at = (source.to_owned(), at.to_owned());
        self.state.lock().unwrap().pages.insert(at, (items, next.map(str::to_owned)));
    }
    /// On that page there are items that cannot be read, of which that much is known.
    pub fn unreadable(&self, source: &str, at: &str, ids: &[Option<&str>]) {
        let ids = ids.iter().map(|id| id.map(str::to_owned)).collect();
        self.state.lock().unwrap().unreadable.insert((source.to_owned(), at.to_owned()), ids);
    }
    /// These properties have to be left out of the question, so that no page gives them.
    pub fn leave_out(&self, source: &str, properties: &[&str]) {
        let properties = properties.iter().map(|p| (*p).to_owned()).collect();
        self.state.lock().unwrap().left_out.insert(source.to_owned(), properties);
    }
    /// What is given by ids.
    pub fn by_ids(&self, objects: impl IntoIterator<Item = Value>) {
        let by_id = &mut self.state.lock().unwrap().by_id;
        by_id.extend(objects.into_iter().map(|o| (o["id"].as_str().unwrap().to_owned(), o)));
    }
    /// That page fails so often.
    pub fn fail(&self, source: &str, at: &str, kind: ErrorKind, times: u32) {
        self.state.lock().unwrap().failures.insert((source.to_owned(), at.to_owned()), (kind, times));
    }
    /// Where pages of that source were asked for, in order, since this was asked last.
    pub fn asked(&self, source: &str) -> Vec<String> {
        let asked = std::mem::take(&mut self.state.lock().unwrap().asked);
        asked.into_iter().filter(|(of, _)| of == source).map(|(_, at)| at).collect()
    }
}

#[async_trait]
impl DirectoryPages for Paged {
    fn concurrency(&self, _: &TenantId) -> usize {
        self.pace.0
    }
    async fn read_page(
        &self,
        _: &TenantId,
        source: &'static Source,
        cursor: &Cursor,
        _: &[&str],
    ) -> Result<ReadPage> {
        self.clock.advance(self.pace.1);
        let mut state = self.state.lock().unwrap();
        let at = (source.name.to_owned(), word(cursor));
        state.asked.push(at.clone());
        if let Some((kind, times)) = state.failures.get_mut(&at).filter(|(_, times)| *times > 0) {
            *times -= 1;
            return Err(match kind {
                ErrorKind::NotFound => Error::not_found("the cursor is lost"),
                ErrorKind::Invalid => Error::invalid("such a page is not given"),
                ErrorKind::Throttled { retry_after_ms } => Error::throttled("not now", *retry_after_ms),
                _ => Error::unavailable("the page cannot be had"),
            });
        }
        let is_bin = matches!(cursor, Cursor::Bin | Cursor::NextBin(_));
        let is_listed =
            is_bin || matches!(cursor, Cursor::Listed | Cursor::NextListed(_)) || !source.is_delta();
        let (items, next) = match cursor {
            Cursor::Ids(ids) => (ids.iter().filter_map(|id| state.by_id.get(id)).cloned().collect(), None),
            _ => state.pages.get(&at).cloned().unwrap_or_default(),
        };
        let end = match next {
            Some(next) if is_bin => PageEnd::More(Cursor::NextBin(next)),
            Some(next) if is_listed => PageEnd::More(Cursor::NextListed(next)),
            Some(next) => PageEnd::More(Cursor::Next(next)),
            None if is_listed => PageEnd::Done(None),
            None => PageEnd::Done(Some("later".to_owned())),
        };
        let items = items.iter().map(|item| serde_json::value::to_raw_value(item).unwrap()).collect();
        let unreadable = state.unreadable.get(&at).cloned().unwrap_or_default();
        let unreadable = unreadable.into_iter().map(Unreadable::of_text).collect();
        let left_out = state.left_out.get(source.name).cloned().unwrap_or_default();
        Ok(ReadPage { items, unreadable, end, left_out })
    }
    fn take_spent(&self, _: &TenantId) -> Spent {
        Spent::default()
    }
}

/// The directory and the archive that it is read into.
pub struct Desk {
    pub world: World,
    pub directory: Arc<Paged>,
    pub archive: TenantArchive,
}

impl Desk {
    pub async fn new(at_once: usize, a_page_takes: SignedDuration) -> Self {
        let tenant: TenantId = "a1b2c3d4-0000-1111-2222-333344445555".parse().unwrap();
        let world = World::new(1);
        let records = Records::new(world.catalog.clone(), world.clock.clone());
        let (_, wrapped) = world.key_ring.generate(&tenant).await.unwrap();
        let created_at = world.clock.now();
        records
            .put_new(&StoredKey {
                tenant: tenant.clone(),
                organisation: domain::OrganisationId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA"),
                wrapped,
                created_at,
            })
            .await
            .unwrap();
        let archive = Archive::new(world.vault.clone(), world.key_ring.clone(), records);
        let archive = archive.open(&tenant).await.unwrap();
        let pace = (at_once, a_page_takes);
        let directory = Arc::new(Paged { state: Mutex::default(), clock: world.clock.clone(), pace });
        Self { world, directory, archive }
    }

    /// A reading that has not begun.
    pub fn begun(&self) -> ReadingState {
        ReadingState {
            tenant: self.archive.tenant().clone(),
            snapshot: SnapshotId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA"),
            started_at: self.world.clock.now(),
            base: None,
            permissions: vec![],
            extensions: None,
            audit: None,
            kinds: BTreeMap::new(),
            spent: Spent::default(),
            stored_blobs: 0,
            stored_bytes: 0,
            advances: 0,
            logs: BTreeMap::new(),
            log: None,
        }
    }

    /// Reads on, in a call of so many seconds; says whether that was all.
    pub async fn go_on(
        &self,
        progress: &mut ReadingState,
        base: Option<&Manifest>,
        seconds: i64,
    ) -> Result<bool> {
        self.go_on_with(&[], progress, base, seconds).await
    }

    /// The same with these permissions.
    pub async fn go_on_with(
        &self,
        permissions: &[String],
        progress: &mut ReadingState,
        base: Option<&Manifest>,
        seconds: i64,
    ) -> Result<bool> {
        let deadline = self.world.clock.now() + SignedDuration::from_secs(seconds);
        let (directory, clock) = (self.directory.clone(), self.world.clock.clone());
        let reading = Reading::new(directory, &self.archive, clock, base.cloned(), permissions, deadline);
        reading.run(progress).await
    }

    /// Reads all in one go.
    pub async fn read(&self, base: Option<&Manifest>) -> Manifest {
        let mut progress = self.begun();
        assert!(self.go_on(&mut progress, base, 900).await.unwrap());
        manifest(&progress)
    }

    /// What was read, opened.
    pub async fn view(&self, manifest: &Manifest, ulid: &str) -> SnapshotView {
        let snapshot = SnapshotId::from_ulid(ulid);
        let manifest = Manifest { snapshot: snapshot.clone(), ..manifest.clone() };
        let name = Manifest::blob_name(&snapshot);
        self.archive.put_new(&name, &manifest.to_bytes().unwrap()).await.unwrap();
        SnapshotView::open(&self.archive, &snapshot).await.unwrap()
    }
}

/// What a reading that is done found.
pub fn manifest(progress: &ReadingState) -> Manifest {
    let mut manifest = Manifest {
        format: FORMAT_VERSION,
        snapshot: progress.snapshot.clone(),
        tenant: progress.tenant.clone(),
        base: None,
        started_at: progress.started_at,
        sealed_at: progress.started_at,
        runs: BTreeMap::new(),
        asked: BTreeMap::new(),
        expanded: BTreeMap::new(),
        held_in: None,
        logs: BTreeMap::new(),
        audit: None,
        extensions_known: None,
        tokens: BTreeMap::new(),
        missing: vec![],
        full_at: BTreeMap::new(),
        permissions: vec![],
        seats_in_use: None,
        requests: 0,
        resource_units: 0,
        throttled: 0,
        stored_blobs: 0,
        stored_bytes: 0,
    };
    for (kind, state) in &progress.kinds {
        match state {
            KindState::Done(done) => {
                manifest.runs.extend(done.runs.clone());
                manifest.tokens.extend(done.tokens.clone());
                manifest.asked.extend(done.asked.clone());
                manifest.missing.extend(done.missing.clone());
                manifest.full_at.extend(done.full_at.clone());
            }
            KindState::Missing(missing) => manifest.missing.push(missing.clone()),
            KindState::Reading(_) => panic!("{kind} is still being read"),
        }
    }
    manifest
}
