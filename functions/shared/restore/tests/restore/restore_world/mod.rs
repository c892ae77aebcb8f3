//! A tenant as a table behind the two directory ports, a snapshot of it, and the jobs over both.
//! Over 400 lines: the world and the stand-ins of its two stores.

mod directory;
mod stopping;
mod watching;

use async_trait::async_trait;
use backup::archive::FoundChanges;
use backup::commands::slots::Asker;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
pub use directory::{Meanwhile, PASS_TEXT, TableDirectory};
use domain::changes::Change;
use domain::kinds::{self, Kind, LinkType};
use domain::organisations::ApprovalRule;
use domain::restore::{AttributeMode, LinkMode, RestorePlan, SelectedItem, Selection};
use domain::who::ChangeFilter;
use domain::{DiffId, Error, OrganisationId, PartnerId, RestoreId, Result, SnapshotId, TenantId, Timestamp};
use engine::announce::Announcer;
use engine::ports::{Catalog, Clock, Directory, DirectoryWriter, Put, Secret};
use engine::records::{CredentialStatus, NewId, Records, Restore, Snapshot, Tenant};
use jiff::SignedDuration;
use restore::commands::restores::{NewRestore, RestoreFrom, Restores, Why};
use restore::plans::FinalReport;
use restore::plans::{Before, KeptReads, PlanStore, Sentence, StoredPlan};
use restore::preview_restore::{self, FilteredChanges, OpenSnapshot, Snapshots};
use restore::run_restore::{self, Bounds, Silence};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use support::builders::sealed_snapshot;
use support::faulty::{FaultPlan, Faulty};
use support::memory::World;

pub type Table = BTreeMap<(String, String), (Map<String, Value>, Vec<(String, String)>)>;

pub fn object(kind: &str, key: &str, value: &Value) -> (String, String, Map<String, Value>) {
    let mut object = value.as_object().unwrap().clone();
    object.entry("id").or_insert_with(|| key.into());
    (kind.to_owned(), key.to_owned(), object)
}

/// These objects and all of their links, as they were and nothing else.
pub fn whole(items: &[(&str, &str)]) -> Selection {
    Selection {
        items: items.iter().map(|(kind, key)| item(kind, key)).collect(),
        attributes: AttributeMode::Overwrite,
        links: LinkMode::Rollback,
        delete_created: true,
        ..Selection::default()
    }
}

pub fn item(kind: &str, key: &str) -> SelectedItem {
    SelectedItem::whole(support::kind(kind).name, key)
}

/// A tenant that is a table, a snapshot of it that is another, and the jobs of a restore between the two.
pub struct RestoreWorld {
    pub world: World,
    pub tenant: TenantId,
    pub snapshot: Table,
    /// Kinds that the snapshot does not hold, and whether that is for want of a licence.
    pub not_held: BTreeMap<&'static str, bool>,
    pub directory: Arc<TableDirectory>,
    pub faults: Arc<FaultPlan>,
    /// How many steps are under way at the same time.
    pub bounds: Bounds,
    plans: Arc<Plans>,
}

impl RestoreWorld {
    pub fn new() -> Self {
        let world = World::new(7);
        Self {
            directory: Arc::new(TableDirectory::new(world.clock.clone())),
            world,
            tenant: "a1b2c3d4-0000-1111-2222-333344445555".parse().unwrap(),
            snapshot: Table::new(),
            not_held: BTreeMap::new(),
            faults: FaultPlan::new(),
            bounds: Bounds::default(),
            plans: Arc::default(),
        }
    }

    pub fn both(&mut self, (kind, key, object): (String, String, Map<String, Value>)) {
        self.directory.insert(&kind, &key, object.clone());
        self.snapshot.insert((kind, key), (object, vec![]));
    }

    pub fn link(&mut self, link: &str, from: &str, to: &str) {
        let kind = kinds::link(link).unwrap().from.to_string();
        self.directory.link(link, from, to);
        self.snapshot.get_mut(&(kind, from.to_owned())).unwrap().1.push((link.to_owned(), to.to_owned()));
    }

    pub fn now(&self) -> Timestamp {
        self.world.clock.now()
    }
    pub fn deadline(&self) -> Timestamp {
        self.now() + SignedDuration::from_mins(15)
    }

    pub fn records(&self, catalog: Arc<dyn Catalog>) -> Records {
        Records::new(catalog, self.world.clock.clone())
    }

    pub fn commands(&self) -> Restores {
        Restores {
            records: self.records(self.world.catalog.clone()),
            comparisons: Arc::new(Tables(self.snapshot.clone(), self.not_held.clone())),
            plans: self.plans.clone(),
            queue: self.world.queue.clone(),
            clock: self.world.clock.clone(),
            ids: self.world.ids.clone(),
        }
    }

    fn worker_over(
        &self,
        directory: Arc<dyn Directory>,
        writer: Arc<dyn DirectoryWriter>,
        catalog: Arc<dyn Catalog>,
    ) -> run_restore::Worker {
        run_restore::Worker {
            directory,
            writer,
            records: self.records(catalog),
            plans: self.plans.clone(),
            queue: self.world.queue.clone(),
            clock: self.world.clock.clone(),
            ids: self.world.ids.clone(),
            announce: Arc::new(Silence),
            signer: self.world.signer.clone(),
            bounds: self.bounds,
        }
    }

    pub fn worker(&self) -> run_restore::Worker {
        self.worker_over(self.directory.clone(), self.directory.clone(), self.world.catalog.clone())
    }

    pub fn faulty_worker(&self) -> run_restore::Worker {
        let directory = Faulty::new(self.directory.clone(), &self.faults);
        let catalog = Faulty::new(self.world.catalog.clone(), &self.faults);
        self.worker_over(directory.clone(), directory, catalog)
    }

    /// Asks for a preview and makes it.
    pub async fn previewed(&self, selection: Selection) -> RestoreId {
        let restore = self.asked(selection).await;
        self.preview(&restore).await;
        restore
    }

    /// Asks for a preview that nobody has made yet.
    pub async fn asked(&self, selection: Selection) -> RestoreId {
        self.asked_by("me", selection, Why::default()).await
    }

    /// Asks for all objects of those kinds, and makes the preview.
    pub async fn previewed_kinds(&self, kinds: &[&str], selection: Selection) -> RestoreId {
        let row = self.snapshot_row("01JAAAAAAAAAAAAAAAAAAAAAAA");
        let id = row.id.clone();
        self.records(self.world.catalog.clone()).put_new(&row).await.unwrap();
        let kinds = kinds.iter().map(|kind| support::kind(kind).name.into()).collect();
        let new = NewRestore::of(RestoreFrom::Kinds(id, kinds), selection);
        let restore = self.commands().create_preview(&self.tenant, "me", new).await.unwrap().id;
        self.preview(&restore).await;
        restore
    }

    /// The same in somebody's name, with what it is for.
    pub async fn asked_by(
        &self,
        asker: impl Into<Asker> + Send,
        selection: Selection,
        why: Why,
    ) -> RestoreId {
        let row = self.snapshot_row("01JAAAAAAAAAAAAAAAAAAAAAAA");
        let id = row.id.clone();
        // Every preview is of the one snapshot, which has its row from the first preview on.
        if let Err(error) = self.records(self.world.catalog.clone()).put_new(&row).await {
            assert_eq!(error.kind(), domain::ErrorKind::Conflict);
        }
        let new = NewRestore { why, ..NewRestore::of(RestoreFrom::Items(id), selection) };
        self.commands().create_preview(&self.tenant, asker, new).await.unwrap().id
    }

    /// Makes the preview that was asked for.
    pub async fn preview(&self, restore: &RestoreId) {
        let request = self.request(restore);
        self.preview_worker().run(&request, self.deadline()).await.unwrap();
    }

    /// Another snapshot is sealed now, the newest: it holds what the table of this world says.
    pub async fn sealed(&self) {
        let row = self.snapshot_row("01JBBBBBBBBBBBBBBBBBBBBBBB");
        let tenant = Tenant {
            tenant: self.tenant.clone(),
            partner: PartnerId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA"),
            organisation: OrganisationId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA"),
            name: "Contoso".to_owned(),
            credentials: CredentialStatus::Connected,
            refused: None,
            not_protected: None,
            credentials_since: None,
            snapshots_per_day: 1,
            next_snapshot_at: None,
            open_snapshot: None,
            last_sealed: Some(row.id.clone()),
            untold_since: None,
            newest: None,
            last_full_at: None,
            connected_at: self.now(),
            consented_at: None,
            has_parked: false,
        };
        let records = self.records(self.world.catalog.clone());
        records.put_new(&row).await.unwrap();
        records.put_new(&tenant).await.unwrap();
    }

    fn snapshot_row(&self, ulid: &str) -> Snapshot {
        sealed_snapshot(&self.tenant, SnapshotId::from_ulid(ulid), self.now())
    }

    /// What a step of a restore stored before it wrote, or once it had brought its object.
    pub async fn kept(&self, restore: &RestoreId, step: u32) -> Option<Before> {
        self.plans.find_before(&self.tenant, restore, step).await.unwrap()
    }

    /// Whether that attempt at a preview has kept such a part of what it had read.
    pub async fn has_kept(&self, restore: &RestoreId, attempt: u32, part: u32) -> bool {
        self.plans.find_reads(&self.tenant, restore, attempt, part).await.unwrap().is_some()
    }

    /// Asks for a restore to be undone, and makes the preview of that.
    pub async fn undone(&self, restore: &RestoreId) -> RestoreId {
        self.undone_from(RestoreFrom::Undo(restore.clone())).await
    }

    /// The same of a part of it.
    pub async fn undone_from(&self, from: RestoreFrom) -> RestoreId {
        let new = NewRestore::of(from, Selection::default());
        let undo = self.commands().create_preview(&self.tenant, "me", new).await.unwrap().id;
        self.preview(&undo).await;
        undo
    }

    pub fn preview_worker(&self) -> preview_restore::Worker {
        preview_restore::Worker {
            snapshots: Arc::new(Tables(self.snapshot.clone(), self.not_held.clone())),
            directory: self.directory.clone(),
            plans: self.plans.clone(),
            own: Arc::new(self.directory.clone() as Arc<dyn engine::ports::Directory>),
            records: self.records(self.world.catalog.clone()),
            queue: self.world.queue.clone(),
            clock: self.world.clock.clone(),
            announcer: Announcer::new(
                self.records(self.world.catalog.clone()),
                self.world.queue.clone(),
                self.world.clock.clone(),
            ),
        }
    }

    pub fn request(&self, restore: &RestoreId) -> run_restore::Request {
        run_restore::Request { tenant: self.tenant.clone(), restore: restore.clone() }
    }

    pub async fn approve(&self, restore: &RestoreId) {
        self.commands().run(&self.tenant, "boss", ApprovalRule::Off, restore).await.unwrap();
    }

    /// Approves a restore and runs it to its end.
    pub async fn run(&self, restore: &RestoreId) -> Restore {
        self.approve(restore).await;
        self.worker().run(&self.request(restore), self.deadline()).await.unwrap();
        self.restore(restore).await
    }

    pub async fn restore(&self, restore: &RestoreId) -> Restore {
        self.commands().get(&self.tenant, restore).await.unwrap()
    }

    pub async fn plan(&self, restore: &RestoreId) -> RestorePlan {
        self.plans.find_plan(&self.tenant, restore).await.unwrap().expect("a preview was made").plan
    }

    /// The stored plan is gone, or another one stands in its place.
    pub fn replace_plan(&self, restore: &RestoreId, with: Option<&RestorePlan>) {
        let mut all = self.plans.0.lock().unwrap();
        let name = format!("{restore}/plan");
        match with {
            Some(plan) => all.insert(name, serde_json::to_vec(plan).unwrap()),
            None => all.remove(&name),
        };
    }

    pub async fn report(&self, restore: &RestoreId) -> FinalReport {
        self.commands().get_report(&self.tenant, restore).await.unwrap()
    }

    pub async fn note_new_id(&self, tenant: &TenantId, old: &str, new: &str) {
        let (old, new) = (old.to_owned(), new.to_owned());
        let row = NewId {
            tenant: tenant.clone(),
            kind: support::kind("groups").name.into(),
            old,
            new,
            created_at: self.now(),
        };
        self.records(self.world.catalog.clone()).put_new(&row).await.unwrap();
    }

    pub async fn new_id(&self, old: &str) -> String {
        let records = self.records(self.world.catalog.clone());
        records.get(&NewId::at(&self.tenant, old)).await.unwrap().value.new
    }
}

struct Tables(Table, BTreeMap<&'static str, bool>);

#[async_trait]
impl Snapshots for Tables {
    async fn open(&self, _: &TenantId, _: &SnapshotId) -> Result<Box<dyn OpenSnapshot>> {
        Ok(Box::new(Tables(self.0.clone(), self.1.clone())))
    }
    async fn list_changes(&self, _: &TenantId, _: &DiffId) -> Result<Vec<Change>> {
        Ok(vec![])
    }
    async fn filter_changes(&self, _: &TenantId, _: &DiffId, _: &ChangeFilter) -> Result<FilteredChanges> {
        Err(Error::not_found("no comparison is in these tables"))
    }
    async fn find_changes(
        &self,
        _: &TenantId,
        _: &DiffId,
        sought: &[(&'static Kind, &str)],
    ) -> Result<FoundChanges> {
        Ok(FoundChanges { changes: vec![None; sought.len()], is_complete: true })
    }
}

#[async_trait]
impl OpenSnapshot for Tables {
    fn covers(&self, kind: &Kind) -> bool {
        !self.1.contains_key(kind.run())
    }
    fn is_unlicensed(&self, kind: &Kind) -> bool {
        self.1.get(kind.run()) == Some(&true)
    }
    async fn find_object(&self, kind: &Kind, key: &str) -> Result<Option<Map<String, Value>>> {
        if !self.covers(kind) {
            return Err(domain::Error::not_found("the snapshot does not hold the kind"));
        }
        Ok(self.0.get(&(kind.name.to_string(), key.to_owned())).map(|(object, _)| object.clone()))
    }
    fn may_have_missed(&self, kind: &Kind, key: &str) -> bool {
        self.1.contains_key(format!("{}/{key}", kind.run()).as_str())
    }
    async fn list_keys(&self, kind: &'static Kind, limit: usize) -> Result<Vec<String>> {
        let of_kind = self.0.keys().filter(|(name, _)| *name == kind.name.to_string());
        Ok(of_kind.map(|(_, key)| key.clone()).take(limit).collect())
    }
    async fn list_links(&self, link: &LinkType, from: &str) -> Result<Vec<(String, Map<String, Value>)>> {
        let found = self.0.get(&(link.from.to_string(), from.to_owned()));
        let links = found.into_iter().flat_map(|(_, links)| links).filter(|(l, _)| l == link.name);
        Ok(links.map(|(_, to)| (to.clone(), directory::link_value(link, to))).collect())
    }
    async fn list_links_to(&self, link: &LinkType, to: &str) -> Result<Vec<(String, Map<String, Value>)>> {
        let of = |links: &[(String, String)]| links.iter().any(|(l, t)| l == link.name && t == to);
        let found =
            self.0.iter().filter(|((kind, _), (_, links))| *kind == link.from.to_string() && of(links));
        Ok(found.map(|((_, from), _)| (from.clone(), Map::new())).collect())
    }
    fn unknown(&self, _: &Kind, _: &Map<String, Value>) -> BTreeSet<&'static str> {
        BTreeSet::new()
    }
    async fn list_facts_of(&self, kind: &Kind, id: &str) -> Result<Vec<(String, Map<String, Value>)>> {
        let found = self.0.iter().filter(|((k, key), _)| k == kind.run() && key.split('|').any(|p| p == id));
        Ok(found.map(|((_, key), (object, _))| (key.clone(), object.clone())).collect())
    }
}

#[derive(Default)]
struct Plans(Mutex<BTreeMap<String, Vec<u8>>>);

impl Plans {
    fn put(&self, name: String, bytes: Vec<u8>) -> Put {
        let mut all = self.0.lock().unwrap();
        if all.contains_key(&name) {
            return Put::AlreadyThere;
        }
        all.insert(name, bytes);
        Put::New
    }
    fn find(&self, name: &str) -> Option<Vec<u8>> {
        self.0.lock().unwrap().get(name).cloned()
    }
}

#[async_trait]
impl PlanStore for Plans {
    async fn put_new_plan(&self, _: &TenantId, id: &RestoreId, plan: &RestorePlan) -> Result<Put> {
        Ok(self.put(format!("{id}/plan"), serde_json::to_vec(plan).unwrap()))
    }
    async fn find_plan(&self, _: &TenantId, id: &RestoreId) -> Result<Option<StoredPlan>> {
        Ok(self.find(&format!("{id}/plan")).map(|b| StoredPlan::read(&b).unwrap()))
    }
    async fn put_new_sentences(
        &self,
        _: &TenantId,
        id: &RestoreId,
        step: u32,
        sentences: &[Sentence],
    ) -> Result<Put> {
        Ok(self.put(format!("{id}/said-{step}"), serde_json::to_vec(sentences).unwrap()))
    }
    async fn list_sentences(&self, _: &TenantId, id: &RestoreId, step: u32) -> Result<Vec<Sentence>> {
        let found = self.find(&format!("{id}/said-{step}"));
        Ok(found.map(|b| serde_json::from_slice(&b).unwrap()).unwrap_or_default())
    }
    async fn put_new_before(&self, _: &TenantId, id: &RestoreId, step: u32, before: &Before) -> Result<Put> {
        Ok(self.put(format!("{id}/before-{step}"), serde_json::to_vec(before).unwrap()))
    }
    async fn find_before(&self, _: &TenantId, id: &RestoreId, step: u32) -> Result<Option<Before>> {
        Ok(self.find(&format!("{id}/before-{step}")).map(|b| serde_json::from_slice(&b).unwrap()))
    }
    async fn put_new_reads(
        &self,
        _: &TenantId,
        id: &RestoreId,
        attempt: u32,
        part: u32,
        reads: &KeptReads,
    ) -> Result<Put> {
        Ok(self.put(format!("{id}/read-{attempt}-{part}"), serde_json::to_vec(reads).unwrap()))
    }
    async fn find_reads(
        &self,
        _: &TenantId,
        id: &RestoreId,
        attempt: u32,
        part: u32,
    ) -> Result<Option<KeptReads>> {
        let found = self.find(&format!("{id}/read-{attempt}-{part}"));
        Ok(found.map(|b| serde_json::from_slice(&b).unwrap()))
    }
    async fn put_new_receipt_page(
        &self,
        _: &TenantId,
        id: &RestoreId,
        hash: &str,
        entries: &[Value],
    ) -> Result<Put> {
        Ok(self.put(format!("{id}/receipt-{hash}"), serde_json::to_vec(entries).unwrap()))
    }
    async fn find_receipt_page(
        &self,
        _: &TenantId,
        id: &RestoreId,
        hash: &str,
    ) -> Result<Option<Vec<Value>>> {
        Ok(self.find(&format!("{id}/receipt-{hash}")).map(|b| serde_json::from_slice(&b).unwrap()))
    }
    async fn seal(&self, tenant: &TenantId, place: &str, secret: &str) -> Result<String> {
        // Enough that it is not the secret, and opens at its place alone.
        let shifted: Vec<u8> = secret.bytes().map(|byte| byte ^ 0x5a).collect();
        Ok(format!("{tenant} {place} {}", STANDARD.encode(shifted)))
    }
    async fn open_sealed(&self, tenant: &TenantId, place: &str, sealed: &str) -> Result<Secret> {
        let shifted = sealed.strip_prefix(&format!("{tenant} {place} "));
        let shifted = shifted.ok_or_else(|| Error::corrupt("sealed for another place"))?;
        let plain = STANDARD.decode(shifted).unwrap().into_iter().map(|byte| byte ^ 0x5a).collect();
        Ok(Secret::new(String::from_utf8(plain).unwrap()))
    }
    async fn put_new_report(&self, _: &TenantId, id: &RestoreId, report: &FinalReport) -> Result<Put> {
        Ok(self.put(format!("{id}/report"), serde_json::to_vec(report).unwrap()))
    }
    async fn find_report(&self, _: &TenantId, id: &RestoreId) -> Result<Option<FinalReport>> {
        Ok(self.find(&format!("{id}/report")).map(|b| serde_json::from_slice(&b).unwrap()))
    }
}
