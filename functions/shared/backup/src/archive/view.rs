//! A sealed snapshot, read: objects, links, names.

use super::run::OpenRun;
use super::tenant::TenantArchive;
use domain::kinds::{self, Kind, KindName, LinkType};
use domain::stored::{Manifest, Missing, MissingCause, RunRef};
use domain::{Error, ErrorKind, Result, SnapshotId};
use futures::future::try_join_all;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// An object that a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The name of its kind.
    pub kind: KindName,
    /// Its key in the run of its kind: for most kinds its id.
    pub key: String,
    /// What a person calls it, where it has a name.
    pub name: Option<String>,
}

/// The run of the objects of a kind that are in the recycle bin, by id.
pub(crate) fn bin(kind: &Kind) -> String {
    format!("{}.bin", kind.run())
}

/// The run of the names of a kind's objects, by which they are searched.
pub(crate) fn names_run(kind: &Kind) -> String {
    format!("{}.names", kind.run())
}

/// At most this many names are kept: a comparison of a large tenant asks for those of everybody in it.
const NAMES: usize = 20_000;

/// What was found of ids, by kind. Why by kind: that an id is nobody's among users says nothing of groups.
#[derive(Default)]
struct Names {
    by_kind: HashMap<KindName, HashMap<String, Named>>,
    count: usize,
}

/// What an id is among objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// No object has it.
    Nobody,
    /// One has it, and this name.
    Object(Option<String>),
}

impl Named {
    /// An object of a kind.
    pub(crate) fn of(kind: &Kind, object: &Map<String, Value>) -> Self {
        Self::Object(name_of(kind, object))
    }
}

impl Names {
    fn find(&self, kind: KindName, id: &str) -> Option<Named> {
        self.by_kind.get(&kind)?.get(id).cloned()
    }

    fn keep(&mut self, kind: KindName, id: &str, named: Named) {
        if self.count >= NAMES {
            *self = Self::default();
        }
        self.count += 1;
        self.by_kind.entry(kind).or_default().insert(id.to_owned(), named);
    }
}

/// A snapshot opened for reading.
pub struct SnapshotView {
    archive: TenantArchive,
    manifest: Arc<Manifest>,
    names: Mutex<Names>,
    /// Why: a person who opens a group with a thousand members looks into the same few runs for each name.
    runs: Mutex<HashMap<RunRef, Arc<OpenRun>>>,
}

impl SnapshotView {
    /// Opens a sealed snapshot.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn open(archive: &TenantArchive, snapshot: &SnapshotId) -> Result<Self> {
        let (archive, manifest) = (archive.clone(), archive.kept_manifest(snapshot).await?);
        Ok(Self { archive, manifest, names: Mutex::default(), runs: Mutex::default() })
    }

    /// The same; none where there is none, or it is damaged.
    pub(crate) async fn find(archive: &TenantArchive, snapshot: &SnapshotId) -> Result<Option<Self>> {
        match Self::open(archive, snapshot).await {
            Ok(view) => Ok(Some(view)),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Corrupt) => {
                tracing::error!(%snapshot, kind = error.kind().name(), "an older snapshot cannot be opened");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The snapshot of that manifest, which need not be sealed yet: its runs are stored.
    pub(crate) fn of(archive: &TenantArchive, manifest: Manifest) -> Self {
        let (archive, manifest) = (archive.clone(), Arc::new(manifest));
        Self { archive, manifest, names: Mutex::default(), runs: Mutex::default() }
    }

    /// The manifest, which says what the snapshot is made of.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// How many blobs were read through it so far, its manifest included.
    pub fn reads(&self) -> u64 {
        self.archive.reads()
    }

    /// Whether the snapshot holds that kind.
    pub fn covers(&self, kind: &Kind) -> bool {
        self.manifest.runs.contains_key(kind.run())
    }

    /// Whether it does not hold that kind because the tenant had no licence for it.
    pub fn is_unlicensed(&self, kind: &Kind) -> bool {
        let of = |m: &&Missing| m.source == kind.run() && m.cause == MissingCause::Unlicensed;
        !self.covers(kind) && self.manifest.missing.iter().any(|m| of(&m))
    }

    /// Whether it is known that an object which the snapshot does not hold is gone for good: of its kind what lies in the recycle
    /// bin was read, if there is one, and it is not among that.
    pub(crate) async fn is_gone(&self, kind: &Kind, id: &str) -> Result<bool> {
        if !self.covers(kind) || self.find_record(self.run(kind.run())?, id.as_bytes()).await?.is_some() {
            return Ok(false);
        }
        match self.find_run(&bin(kind)) {
            Some(run) => Ok(self.find_record(run, id.as_bytes()).await?.is_none()),
            None => Ok(kind.writing.recycle_bin.is_none()),
        }
    }

    /// The run of that name, if the snapshot holds it.
    pub(crate) fn find_run(&self, name: &str) -> Option<&RunRef> {
        self.manifest.runs.get(name)
    }

    /// The run of that name.
    ///
    /// # Errors
    /// `NotFound` when the snapshot does not hold it, saying why where the manifest does.
    pub fn run(&self, name: &str) -> Result<&RunRef> {
        self.manifest.runs.get(name).ok_or_else(|| {
            let why = self.manifest.missing.iter().find(|m| name.starts_with(&m.source));
            let why = why.map_or(String::new(), |m| format!(": {}", m.why));
            Error::not_found(format!("the snapshot does not hold {name}{why}"))
        })
    }

    /// One object with its facets, without links.
    pub async fn find_object(&self, kind: &Kind, key: &str) -> Result<Option<Map<String, Value>>> {
        let Some(bytes) = self.find_record(self.run(kind.run())?, key.as_bytes()).await? else {
            return Ok(None);
        };
        let mut object = read_object(&bytes)?;
        for facet in kind.facets() {
            if let Some(run) = self.manifest.runs.get(&kind.part(facet)) {
                let value = self.find_record(run, key.as_bytes()).await?;
                let value = value.map_or(Ok(Value::Null), |v| read_value(&v))?;
                object.insert(facet.to_owned(), value);
            }
        }
        Ok(Some(object))
    }

    /// The links of a type from one object: far end and value, in the order of the far ends.
    pub async fn list_links(&self, link: &LinkType, from: &str) -> Result<Vec<(String, Map<String, Value>)>> {
        let found = self.list_prefix(self.run(link.name)?, format!("{from}/").as_bytes()).await?;
        found.into_iter().map(|(to, value)| Ok((to, read_object(&value)?))).collect()
    }

    /// The links of a type to one object: near end and value, in the order of the near ends.
    ///
    /// # Errors
    /// `Corrupt` when the run and its reverse do not say the same.
    pub async fn list_links_to(
        &self,
        link: &LinkType,
        to: &str,
    ) -> Result<Vec<(String, Map<String, Value>)>> {
        let reverse = self.run(&format!("{}.reverse", link.name))?;
        let mut links = Vec::new();
        for (from, _) in self.list_prefix(reverse, format!("{to}/").as_bytes()).await? {
            let key = format!("{from}/{to}");
            let value = self.find_record(self.run(link.name)?, key.as_bytes()).await?;
            let value =
                value.ok_or_else(|| Error::corrupt(format!("{} and its reverse differ", link.name)))?;
            links.push((from, read_object(&value)?));
        }
        Ok(links)
    }

    /// Objects of a kind in key order, behind the key `after`, at most `limit`; and the key behind which the next page
    /// begins, if there is one.
    pub async fn list_objects(
        &self,
        kind: &'static Kind,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Hit>, Option<String>)> {
        let start = after.map_or(Vec::new(), |key| [key.as_bytes(), b"\0"].concat());
        let mut reader = self.opened(self.run(kind.run())?).await?.from_key(&start).await?;
        let mut hits: Vec<Hit> = Vec::new();
        while let Some((key, value)) = reader.next().await? {
            if hits.len() == limit {
                return Ok((hits.clone(), hits.last().map(|h| h.key.clone())));
            }
            let key = String::from_utf8(key).map_err(|_| Error::corrupt("a key is not text"))?;
            let name = name_of(kind, &read_object(&value)?);
            hits.push(Hit { kind: kind.name, key, name });
        }
        Ok((hits, None))
    }

    /// Objects of a kind whose key is as wanted, found by reading every object of the kind: for kinds that are short by
    /// nature.
    pub async fn list_where(
        &self,
        kind: &Kind,
        wanted: impl Fn(&str) -> bool + Send,
    ) -> Result<Vec<(String, Map<String, Value>)>> {
        let mut reader = self.opened(self.run(kind.run())?).await?.scan(b"").await?;
        let mut found = Vec::new();
        while let Some((key, value)) = reader.next().await? {
            let key = String::from_utf8(key).map_err(|_| Error::corrupt("a key is not text"))?;
            if wanted(&key) {
                found.push((key, read_object(&value)?));
            }
        }
        Ok(found)
    }

    /// Shows every record of a run, one after the other, in the order of their keys: nothing of them is kept.
    ///
    /// # Errors
    /// `NotFound` when the snapshot does not hold that run; and what `see` fails with.
    pub async fn each_record(
        &self,
        run: &str,
        mut see: impl FnMut(&[u8], &[u8]) -> Result<()> + Send,
    ) -> Result<()> {
        let mut reader = self.opened(self.run(run)?).await?.scan(b"").await?;
        while let Some((key, value)) = reader.next().await? {
            see(&key, &value)?;
        }
        Ok(())
    }

    /// The name of the object with that id, of one of those kinds (of any kind when none is named); none when there
    /// is no such object, or when it has no name.
    pub async fn find_name(&self, candidates: &[KindName], id: &str) -> Result<Option<String>> {
        Ok(match self.find_named(candidates, id).await? {
            Named::Object(name) => name,
            Named::Nobody => None,
        })
    }

    /// The same, telling an object without a name from none.
    pub(crate) async fn find_named(&self, candidates: &[KindName], id: &str) -> Result<Named> {
        for kind in kinds::KINDS.iter().filter(|k| candidates.is_empty() || candidates.contains(&k.name)) {
            if kind.name_property.is_empty() || !self.covers(kind) {
                continue;
            }
            let known = self.names().find(kind.name, id);
            let named = if let Some(named) = known {
                named
            } else {
                let named = match self.find_record(self.run(kind.run())?, id.as_bytes()).await? {
                    Some(bytes) => Named::of(kind, &read_object(&bytes)?),
                    None => Named::Nobody,
                };
                self.names().keep(kind.name, id, named.clone());
                named
            };
            if named != Named::Nobody {
                return Ok(named);
            }
        }
        Ok(Named::Nobody)
    }

    fn names(&self) -> MutexGuard<'_, Names> {
        self.names.lock().expect("no holder of this lock panics")
    }

    /// A run of this snapshot, opened once.
    pub(crate) async fn opened(&self, run: &RunRef) -> Result<Arc<OpenRun>> {
        let known = self.runs.lock().expect("no holder of this lock panics").get(run).cloned();
        if let Some(opened) = known {
            return Ok(opened);
        }
        let opened = Arc::new(self.archive.open_run(Some(run)).await?);
        self.runs.lock().expect("no holder of this lock panics").insert(run.clone(), opened.clone());
        Ok(opened)
    }

    /// Opens runs that are going to be walked over one after another, all at once, and reads those that are short: a store
    /// answers many calls in the time of one.
    pub(crate) async fn fetch_ahead(&self, runs: impl IntoIterator<Item = String>) -> Result<()> {
        let held = runs.into_iter().filter_map(|name| self.find_run(&name));
        try_join_all(held.map(|run| async { self.opened(run).await?.fetch_short().await })).await.map(drop)
    }

    /// The value of a key in a run of this snapshot.
    pub(crate) async fn find_record(&self, run: &RunRef, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let mut lookup = self.opened(run).await?.lookup();
        Ok(lookup.get(key).await?.map(<[u8]>::to_vec))
    }

    /// Records whose key begins with the prefix: the rest of the key, and the value.
    async fn list_prefix(&self, run: &RunRef, prefix: &[u8]) -> Result<Vec<(String, Vec<u8>)>> {
        let mut reader = self.opened(run).await?.from_key(prefix).await?;
        let mut found = Vec::new();
        while let Some((key, value)) = reader.next().await? {
            let Some(rest) = key.strip_prefix(prefix) else { break };
            found.push((String::from_utf8_lossy(rest).into_owned(), value));
        }
        Ok(found)
    }
}

/// The object of a stored value.
///
/// # Errors
/// `Corrupt` when it is not one.
pub fn read_object(bytes: &[u8]) -> Result<Map<String, Value>> {
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_slice(bytes).map_err(|e| Error::corrupt("a stored object cannot be read").caused_by(e))
}

fn read_value(bytes: &[u8]) -> Result<Value> {
    serde_json::from_slice(bytes).map_err(|e| Error::corrupt("a stored value cannot be read").caused_by(e))
}

/// What a person calls the object: the property that its kind names for that.
pub fn name_of(kind: &Kind, object: &Map<String, Value>) -> Option<String> {
    object.get(kind.name_property).and_then(Value::as_str).map(str::to_owned)
}
