//! A sealed snapshot of objects that have a name and an address, in leaves of a few records.
#![allow(dead_code, reason = "shared with the tests of snapshot-api; each crate uses a part of it")]

use async_trait::async_trait;
use backup::archive::{Archive, Budget, Merge, Merged, Onto, Op, Resolver, Sorter, TenantArchive};
use backup::commands::browse::Browse;
use domain::stored::{Manifest, Missing, MissingCause, RunRef, names};
use domain::{Result, SnapshotId, TenantId, kinds};
use engine::ports::{Clock, KeyRing};
use engine::records::{Records, StoredKey};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use support::builders::sealed_snapshot;
use support::faulty::{FaultPlan, Faulty};
use support::memory::World;

/// Pairs of an id and the name of its object.
pub type Names = Vec<(String, String)>;

pub struct Shelf {
    pub world: World,
    pub faults: Arc<FaultPlan>,
    pub tenant: TenantId,
    pub snapshot: SnapshotId,
    runs: BTreeMap<String, RunRef>,
    missing: Vec<Missing>,
    /// How many more were sealed after the first.
    sealed: usize,
}

struct Put;

#[async_trait]
impl Resolver for Put {
    fn resolve(&mut self, _: &[u8], _: Option<&[u8]>, op: Op<'_>, new: &mut Vec<u8>) -> Result<bool> {
        if let Op::Put(bytes) = op {
            new.extend_from_slice(bytes);
        }
        Ok(true)
    }
}

/// The address beside a name: a second text by which users are found.
pub fn address(id: &str, name: &str) -> String {
    format!("{id}.{}@x", name.chars().filter(|c| c.is_alphanumeric()).collect::<String>())
}

impl Shelf {
    pub async fn of(kinds: &[(&str, &Names)]) -> Self {
        let mut shelf = Self {
            world: World::new(7),
            faults: FaultPlan::new(),
            tenant: "a1b2c3d4-0000-1111-2222-333344445555".parse().unwrap(),
            snapshot: SnapshotId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA"),
            runs: BTreeMap::new(),
            missing: Vec::new(),
            sealed: 0,
        };
        let (_, wrapped) = shelf.world.key_ring.generate(&shelf.tenant).await.unwrap();
        let created_at = shelf.world.clock.now();
        shelf
            .records()
            .put_new(&StoredKey {
                tenant: shelf.tenant.clone(),
                organisation: domain::OrganisationId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA"),
                wrapped,
                created_at,
            })
            .await
            .unwrap();
        let archive = shelf.archive().open(&shelf.tenant).await.unwrap();
        for (kind, objects) in kinds {
            let row = kinds::get(kind).unwrap();
            let (mut values, mut keys) = (BTreeMap::new(), BTreeMap::new());
            for (id, name) in *objects {
                let address = address(id, name);
                let mut object = json!({ "id": id, row.name_property: name });
                object[row.search[0]] = json!(address);
                values.insert(id.as_bytes().to_vec(), object.to_string().into_bytes());
                for text in [name, &address] {
                    keys.extend(names::name_keys(text, id).into_iter().map(|key| (key, Vec::new())));
                }
            }
            shelf.runs.insert((*kind).to_owned(), run(&archive, values).await);
            shelf.runs.insert(format!("{kind}.names"), run(&archive, keys).await);
        }
        shelf.seal().await;
        shelf.faults.take_log();
        shelf
    }

    /// The same again, as a snapshot of its own.
    pub async fn seal_another(&mut self) {
        self.sealed += 1;
        let last = if self.sealed == 1 { "BBB".to_owned() } else { format!("{:03}", self.sealed) };
        self.snapshot = SnapshotId::from_ulid(&format!("01JBBBBBBBBBBBBBBBBBBBB{last}"));
        self.seal().await;
        self.faults.take_log();
    }

    /// From the next snapshot on also this run: records of that name, such as the links of a type.
    pub async fn hold(&mut self, name: &str, records: &[(&str, &str)]) {
        let archive = self.archive().open(&self.tenant).await.unwrap();
        let records = records.iter().map(|(key, value)| (key.as_bytes().to_vec(), value.as_bytes().to_vec()));
        self.runs.insert(name.to_owned(), run(&archive, records.collect()).await);
    }

    /// As [`Self::hold`], of keys alone and in leaves of some hundred records, as a large run has them.
    pub async fn hold_in_large_leaves(&mut self, name: &str, keys: &[String]) {
        let archive = self.archive().open(&self.tenant).await.unwrap();
        let records = keys.iter().map(|key| (key.as_bytes().to_vec(), Vec::new())).collect();
        self.runs.insert(name.to_owned(), cut_run(&archive, records, 8).await);
    }

    /// The same again, without that run.
    pub async fn drop_run(&mut self, name: &str) {
        self.runs.remove(name);
        self.seal_another().await;
    }

    /// The same again, where that kind could not be read.
    pub async fn miss(&mut self, kind: &str, why: &str) {
        self.missing = vec![Missing {
            source: kind.to_owned(),
            cause: MissingCause::Denied,
            why: why.to_owned(),
            any_of: vec![],
        }];
        self.seal_another().await;
    }

    async fn seal(&self) {
        let archive = self.archive().open(&self.tenant).await.unwrap();
        let now = self.world.clock.now();
        let manifest = Manifest {
            format: 2,
            snapshot: self.snapshot.clone(),
            tenant: self.tenant.clone(),
            base: None,
            started_at: now,
            sealed_at: now,
            runs: self.runs.clone(),
            asked: BTreeMap::new(),
            expanded: BTreeMap::new(),
            held_in: None,
            logs: BTreeMap::new(),
            audit: None,
            extensions_known: None,
            tokens: BTreeMap::new(),
            missing: self.missing.clone(),
            full_at: BTreeMap::new(),
            permissions: Vec::new(),
            seats_in_use: None,
            requests: 0,
            resource_units: 0,
            throttled: 0,
            stored_blobs: 0,
            stored_bytes: 0,
        };
        archive.put_new(&Manifest::blob_name(&self.snapshot), &manifest.to_bytes().unwrap()).await.unwrap();
        let row = sealed_snapshot(&self.tenant, self.snapshot.clone(), now);
        self.records().put_new(&row).await.unwrap();
    }

    pub fn records(&self) -> Records {
        Records::new(self.world.catalog.clone(), self.world.clock.clone())
    }

    fn archive(&self) -> Archive {
        let vault = Faulty::new(self.world.vault.clone(), &self.faults);
        Archive::new(vault, self.world.key_ring.clone(), self.records())
    }

    /// As a new request would have it: nothing is kept from the one before.
    pub fn browse(&self) -> Browse {
        Browse { archive: Arc::new(self.archive()), records: self.records() }
    }

    /// As an instance would have it that is asked again and again, and keeps so many bytes.
    pub fn instance(&self, bytes: usize) -> Browse {
        Browse { archive: Arc::new(self.archive().keeping(bytes)), records: self.records() }
    }

    /// Reads of the vault since the last asking.
    pub fn reads(&self) -> usize {
        self.faults.take_log().count_of_port("vault")
    }
}

/// A base with most of the records, and a layer with every fifth.
pub async fn run(archive: &TenantArchive, records: BTreeMap<Vec<u8>, Vec<u8>>) -> RunRef {
    cut_run(archive, records, 2).await
}

async fn cut_run(archive: &TenantArchive, records: BTreeMap<Vec<u8>, Vec<u8>>, cut_bits: u32) -> RunRef {
    let mut made: Option<RunRef> = None;
    for is_layer in [false, true] {
        let mut sorter = Sorter::new(archive, Vec::new(), &Budget::default());
        for (_, (key, value)) in records.iter().enumerate().filter(|(n, _)| (n % 5 == 4) == is_layer) {
            sorter.push(key, Op::Put(value)).await.unwrap();
        }
        sorter.park().await.unwrap();
        let ops = sorter.into_ops(None).await.unwrap();
        let onto = made.as_ref().map_or(Onto::Anew { sharing: None }, Onto::Changing);
        made = match Merge::new(archive, cut_bits, onto).run(ops, &mut Put).await.unwrap() {
            Merged::Done(run) => Some(run),
            Merged::Suspended(..) => panic!("nobody stopped it"),
        };
    }
    made.unwrap()
}

/// Pieces of names, and what is left of them without case, width and marks: written by hand from Unicode's CaseFolding.txt,
/// NormalizationTest.txt and UnicodeData.txt, and not by what is tested. Longer ones first.
pub const FOLDS: [(&str, &str); 21] = [
    ("e\u{301}", "e"),
    ("E\u{301}", "e"),
    ("i\u{307}", "i"),
    ("カ\u{3099}", "ガ"),
    ("ｶ\u{ff9e}", "ガ"),
    ("\u{1112}\u{1161}\u{11ab}", "한"),
    ("ガ", "ガ"),
    ("é", "e"),
    ("É", "e"),
    ("İ", "i"),
    ("ı", "ı"),
    ("ß", "ss"),
    ("ẞ", "ss"),
    ("Σ", "σ"),
    ("ς", "σ"),
    ("ώ", "ω"),
    ("Ａ", "a"),
    ("（", "("),
    ("ﬁ", "fi"),
    ("\u{301}", ""),
    ("\u{3000}", " "),
];

/// A text without case, width and marks, by that table; of other letters only those of ASCII have case here.
pub fn by_hand(text: &str) -> String {
    let (mut rest, mut folded) = (text, String::new());
    while let Some(c) = rest.chars().next() {
        let known = FOLDS.iter().find(|(piece, _)| rest.starts_with(piece));
        let piece = known.map_or(&rest[..c.len_utf8()], |(piece, _)| piece);
        match known {
            Some((_, plain)) => folded.push_str(plain),
            None => folded.push(c.to_ascii_lowercase()),
        }
        rest = &rest[piece.len()..];
    }
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a plain filter finds: the objects of which a name or an address has the part in it.
pub fn filtered(kinds: &[(&str, &Names)], kind: Option<&str>, part: &str) -> BTreeSet<(String, String)> {
    let part = by_hand(part);
    let mut found = BTreeSet::new();
    for (of, objects) in kinds.iter().filter(|(of, _)| kind.is_none_or(|kind| kind == *of)) {
        for (id, name) in *objects {
            let has = |text: &str| by_hand(text).contains(&part);
            if has(name) || has(&address(id, name)) {
                found.insert(((*of).to_owned(), id.clone()));
            }
        }
    }
    found
}
