//! Stored formats: a sealed snapshot of each version that is never edited, read by today's code.

use backup::archive::{Archive, Limits, Part, SnapshotView, Way};
use domain::stored::{
    BlobHash, Class, FORMAT_VERSION, LeafCutter, LogRef, Manifest, MissingCause, RunRef, TenantKeys,
    read_leaf,
};
use domain::{ErrorKind, TenantId, kinds};
use engine::ports::{BlobName, DataKey, KeyRing, Vault, WrappedKey};
use engine::records::{Records, StoredKey};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use support::memory::World;

/// The fixture's data key. It protects nothing but the fixture.
const DATA_KEY: [u8; 32] = [0x5a; 32];

fn tenant() -> TenantId {
    sim::COMPANY_TENANT_ID.parse().unwrap()
}

/// Every version that was ever written.
const FORMATS: [u32; 3] = [1, 2, FORMAT_VERSION];

fn folder(format: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../fixtures/format-{format}"))
}

/// A ring with one key.
struct FixtureRing;

#[async_trait::async_trait]
impl KeyRing for FixtureRing {
    async fn generate(&self, _: &TenantId) -> domain::Result<(DataKey, WrappedKey)> {
        Ok((DataKey::new(DATA_KEY), wrapped()))
    }
    async fn unwrap(&self, _: &TenantId, _: &WrappedKey) -> domain::Result<DataKey> {
        Ok(DataKey::new(DATA_KEY))
    }
}

fn wrapped() -> WrappedKey {
    WrappedKey { wrapped_by: "fixture".to_owned(), ciphertext: String::new() }
}

fn blobs(at: &Path, prefix: &str, found: &mut Vec<(String, Vec<u8>)>) {
    let mut entries: Vec<_> = std::fs::read_dir(at).unwrap().map(|e| e.unwrap()).collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            blobs(&entry.path(), &format!("{name}/"), found);
        } else {
            found.push((name, std::fs::read(entry.path()).unwrap()));
        }
    }
}

/// The fixture in a vault, and its manifest's name.
async fn opened(format: u32) -> (World, Archive, Manifest) {
    let world = World::new(1);
    let mut all = Vec::new();
    blobs(&folder(format).join("blobs"), "", &mut all);
    let keys = TenantKeys::derive(&tenant(), &DATA_KEY);
    let mut manifest = None;
    for (name, bytes) in all {
        if name.ends_with("/manifest") {
            manifest = Some(Manifest::from_bytes(&keys.open(&name, &bytes).unwrap()).unwrap());
        }
        world.vault.put_new(&tenant(), &BlobName::new(name).unwrap(), bytes.into()).await.unwrap();
    }
    let records = Records::new(world.catalog.clone(), world.clock.clone());
    let created_at = engine::ports::Clock::now(world.clock.as_ref());
    records
        .put_new(&StoredKey {
            tenant: tenant(),
            organisation: domain::OrganisationId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA"),
            wrapped: wrapped(),
            created_at,
        })
        .await
        .unwrap();
    let archive = Archive::new(world.vault.clone(), Arc::new(FixtureRing), records);
    (world, archive, manifest.expect("the fixture has a manifest"))
}

/// Everything that a snapshot says: objects and links of every kind it holds.
async fn told(view: &SnapshotView) -> Value {
    let mut all = serde_json::Map::new();
    for kind in kinds::KINDS.iter().filter(|k| view.covers(k)) {
        let (hits, _) = view.list_objects(kind, None, 10_000).await.unwrap();
        for hit in hits {
            let object = view.find_object(kind, &hit.key).await.unwrap().unwrap();
            let mut links = serde_json::Map::new();
            for link in kind.links {
                let ends = view.list_links(link, &hit.key).await.unwrap();
                for (to, _) in &ends {
                    let back = view.list_links_to(link, to).await.unwrap();
                    assert!(back.iter().any(|(from, _)| *from == hit.key), "{} has no way back", link.name);
                }
                links.insert(link.name.to_owned(), json!(ends));
            }
            all.insert(format!("{}/{}", kind.name, hit.key), json!({ "object": object, "links": links }));
        }
    }
    Value::Object(all)
}

#[tokio::test]
async fn a_snapshot_of_any_format_is_read_as_it_was_sealed() {
    for format in FORMATS {
        let (_world, archive, manifest) = opened(format).await;
        assert_eq!(manifest.format, format);
        let has_layers = manifest.runs.values().any(|run| !run.layers.is_empty());
        assert_eq!(has_layers, format > 1, "layers came with format 2");
        assert_eq!(!manifest.logs.is_empty(), format > 2, "logs came with format 3");
        let archive = archive.open(&tenant()).await.unwrap();
        let view = SnapshotView::open(&archive, &manifest.snapshot).await.unwrap();
        let expected: Value =
            serde_json::from_slice(&std::fs::read(folder(format).join("expected.json")).unwrap()).unwrap();
        assert!(expected.as_object().unwrap().len() > 40);
        assert_eq!(told(&view).await, expected);
        let limits = Limits { hits: 10, reads: u64::MAX };
        let (users, maya) = (kinds::get("users").unwrap(), Part::of("maya"));
        let found = view.search(users, Way::Begins, &maya, None, limits).await.unwrap();
        assert_eq!(found.hits[0].name.as_deref(), Some("Maya Ortiz"));
    }
}

#[tokio::test]
async fn what_was_sealed_then_is_sealed_to_the_same_bytes_today() {
    for format in FORMATS {
        let (_world, archive, manifest) = opened(format).await;
        let keys = TenantKeys::derive(&tenant(), &DATA_KEY);
        let mut all = Vec::new();
        blobs(&folder(format).join("blobs"), "", &mut all);
        assert!(all.len() > 40, "{} blobs", all.len());
        for (name, sealed) in all {
            let plain = keys.open(&name, &sealed).unwrap();
            // Why to the byte, nonce and all: the compressor is the locked one. Another version of it may give other
            // bytes, which is no other format; then the nonce still has to be that of FORMAT.md.
            assert_eq!(keys.seal(&name, &plain).unwrap(), sealed, "{name} would be sealed otherwise");
        }
        let archive = archive.open(&tenant()).await.unwrap();
        let of_log = |log: &LogRef| log.run.iter().chain(&log.second).cloned().collect::<Vec<_>>();
        let logs =
            manifest.logs.iter().flat_map(|(name, log)| of_log(log).into_iter().map(move |run| (name, run)));
        let runs = manifest.runs.iter().map(|(name, run)| (name, run.clone()));
        for (name, run) in runs.chain(logs) {
            for hash in std::iter::once(&run.index).chain(run.layers.iter().map(|l| &l.index)) {
                let index = archive.get_index(hash).await.unwrap();
                let mut cutter = LeafCutter::new(run.cut_bits);
                let mut cut: Vec<BlobHash> = Vec::new();
                for leaf in &index.leaves {
                    let plain = archive.get_content(Class::Leaf, &leaf.hash).await.unwrap();
                    for (key, value) in read_leaf(&plain).unwrap() {
                        let leaf = cutter.push(&key, &value).unwrap();
                        cut.extend(leaf.map(|l| keys.name(Class::Leaf, &l.bytes)));
                    }
                }
                cut.extend(cutter.finish().map(|l| keys.name(Class::Leaf, &l.bytes)));
                let then: Vec<BlobHash> = index.leaves.iter().map(|l| l.hash).collect();
                assert_eq!(cut, then, "{name} would be cut or named otherwise");
                assert_eq!(keys.name(Class::Index, &index.to_bytes()), *hash, "{name}");
            }
        }
    }
}

#[tokio::test]
async fn what_a_snapshot_of_any_format_does_not_hold_has_a_cause_that_is_known_and_stays_as_it_was_written() {
    for format in FORMATS {
        let (_world, archive, manifest) = opened(format).await;
        let archive = archive.open(&tenant()).await.unwrap();
        let stored = archive.find(&Manifest::blob_name(&manifest.snapshot)).await.unwrap().unwrap();
        let stored: Value = serde_json::from_slice(&stored).unwrap();
        assert_eq!(serde_json::to_value(&manifest.missing).unwrap(), stored["missing"], "format {format}");
        assert!(manifest.missing.iter().all(|m| m.cause != MissingCause::Other), "{:?}", manifest.missing);
    }
}

#[tokio::test]
async fn a_later_format_is_refused_and_not_guessed_at() {
    let (_world, _, manifest) = opened(FORMAT_VERSION).await;
    let mut later: Value = serde_json::from_slice(&manifest.to_bytes().unwrap()).unwrap();
    later["format"] = json!(FORMAT_VERSION + 1);
    let error = Manifest::from_bytes(&serde_json::to_vec(&later).unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains(&format!("format {}", FORMAT_VERSION + 1)), "{error}");
}

/// Writes the fixture of the current format: only with `HOLDFAST_WRITE_FIXTURE=1`, and only for a new version.
#[tokio::test]
async fn the_fixture_of_a_new_format_is_written_when_asked_for() {
    let folder = folder(FORMAT_VERSION);
    if std::env::var("HOLDFAST_WRITE_FIXTURE").as_deref() != Ok("1") {
        assert!(folder.join("expected.json").exists(), "the fixture is there");
        return;
    }
    let rig = crate::rig::Rig::new().await;
    let (admin, stage) = rig.staged().await;
    rig.snapshot().await;
    stage.happen(&admin).await;
    let snapshot = rig.snapshot().await;
    let from = rig.archive.open(rig.tenant()).await.unwrap();
    let view = SnapshotView::open(&from, &snapshot).await.unwrap();
    let keys = TenantKeys::derive(&tenant(), &DATA_KEY);
    let put = |name: String, sealed: Vec<u8>| {
        let path = folder.join("blobs").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, sealed).unwrap();
    };
    let mut manifest = view.manifest().clone();
    manifest.tokens.clear();
    // Every index that the manifest names: its leaves are named and sealed anew, and so is it.
    let mut runs: Vec<&mut RunRef> = manifest.runs.values_mut().collect();
    let mut hashes = Vec::new();
    for LogRef { run, own, second, .. } in manifest.logs.values_mut() {
        runs.extend(run.iter_mut().chain(second));
        hashes.extend(own.iter_mut().map(|layer| &mut layer.index));
    }
    for run in runs {
        hashes.push(&mut run.index);
        hashes.extend(run.layers.iter_mut().map(|layer| &mut layer.index));
    }
    for hash in hashes {
        let mut index = from.get_index(hash).await.unwrap();
        for leaf in &mut index.leaves {
            let plain = from.get_content(Class::Leaf, &leaf.hash).await.unwrap();
            leaf.hash = keys.name(Class::Leaf, &plain);
            let name = leaf.hash.blob_name(Class::Leaf);
            put(name.clone(), keys.seal(&name, &plain).unwrap());
        }
        let plain = index.to_bytes();
        *hash = keys.name(Class::Index, &plain);
        let name = hash.blob_name(Class::Index);
        put(name.clone(), keys.seal(&name, &plain).unwrap());
    }
    let name = Manifest::blob_name(&manifest.snapshot);
    put(name.clone(), keys.seal(&name, &manifest.to_bytes().unwrap()).unwrap());
    let text = serde_json::to_string_pretty(&told(&view).await).unwrap();
    std::fs::write(folder.join("expected.json"), text).unwrap();
}
