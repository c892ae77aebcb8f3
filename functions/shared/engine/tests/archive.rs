//! Runs over the vault: merged, compared, read back, damaged.

#![allow(clippy::unwrap_used, missing_docs)]

use async_trait::async_trait;
use domain::stored::{Class, RunRef, TenantKeys};
use domain::{ErrorKind, Result, TenantId};
use engine::archive::{Archive, Differences, Op, Resolver, RunReader, Sorter, TenantArchive, merge};
use engine::ports::{BlobName, Clock, KeyRing};
use engine::records::{Records, StoredKey};
use proptest::prelude::*;
use std::collections::BTreeMap;
use support::memory::World;

type Contents = BTreeMap<Vec<u8>, Vec<u8>>;

struct Put;

#[async_trait]
impl Resolver for Put {
    fn resolve(&mut self, _: &[u8], _: Option<&[u8]>, op: Op) -> Result<Option<Vec<u8>>> {
        Ok(if let Op::Put(bytes) = op { Some(bytes) } else { None })
    }
}

fn tenant() -> TenantId {
    "a1b2c3d4-0000-1111-2222-333344445555".parse().unwrap()
}

async fn archive(world: &World) -> TenantArchive {
    let records = Records::new(world.catalog.clone(), world.clock.clone());
    let (_, wrapped) = world.key_ring.generate(&tenant()).await.unwrap();
    let created_at = world.clock.now();
    records.put_new(&StoredKey { tenant: tenant(), wrapped, created_at }).await.unwrap();
    let archive = Archive::new(world.vault.clone(), world.key_ring.clone(), records);
    archive.open(&tenant()).await.unwrap()
}

type Block = Vec<(Vec<u8>, Option<Vec<u8>>)>;

async fn apply(archive: &TenantArchive, base: Option<&RunRef>, blocks: &[Block]) -> RunRef {
    let mut sorter = Sorter::new(archive, Vec::new());
    for block in blocks {
        for (key, value) in block {
            let op = value.clone().map_or(Op::Remove, Op::Put);
            sorter.push(key.clone(), &op).await.unwrap();
        }
        sorter.park().await.unwrap();
    }
    merge(archive, 2, base, base, sorter.into_ops().await.unwrap(), &mut Put).await.unwrap()
}

async fn contents(archive: &TenantArchive, run: &RunRef) -> Contents {
    let mut reader = RunReader::from_key(archive, run, b"").await.unwrap();
    let mut all = Contents::new();
    while let Some((key, value)) = reader.next().await.unwrap() {
        all.insert(key, value);
    }
    all
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    // Few letters, so that keys meet.
    prop::collection::vec(prop::sample::select(b"abc".to_vec()), 1..5)
}

fn records() -> impl Strategy<Value = Vec<(Vec<u8>, Option<Vec<u8>>)>> {
    prop::collection::vec(
        (key(), prop::option::weighted(0.7, prop::collection::vec(any::<u8>(), 0..6))),
        0..40,
    )
}

fn run_test<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_merged_run_is_the_run_that_would_have_been_built_anew(
        first in prop::collection::vec(records(), 1..3), second in prop::collection::vec(records(), 1..4)
    ) {
        run_test(async {
            let world = World::new(1);
            let archive = archive(&world).await;
            let base = apply(&archive, None, &first).await;
            let merged = apply(&archive, Some(&base), &second).await;
            let mut expected = Contents::new();
            for (key, value) in first.iter().chain(&second).flatten() {
                match value {
                    Some(value) => expected.insert(key.clone(), value.clone()),
                    None => expected.remove(key),
                };
            }
            assert_eq!(contents(&archive, &merged).await, expected);
            let anew: Vec<_> = expected.into_iter().map(|(k, v)| (k, Some(v))).collect();
            assert_eq!(apply(&archive, None, &[anew]).await, merged);
        });
    }

    #[test]
    fn the_order_of_pages_does_not_matter_where_keys_are_apart(
        records in prop::collection::btree_map(key(), prop::collection::vec(any::<u8>(), 0..6), 0..40),
        seed in any::<u64>()
    ) {
        run_test(async {
            let world = World::new(1);
            let archive = archive(&world).await;
            let sorted: Vec<_> = records.into_iter().map(|(k, v)| (k, Some(v))).collect();
            let mut shuffled = sorted.clone();
            let length = shuffled.len().max(1);
            for i in 0..shuffled.len() {
                shuffled.swap(i, usize::try_from(seed >> (i % 40)).unwrap() % length);
            }
            let halves: Vec<_> = shuffled.chunks(7).map(<[_]>::to_vec).collect();
            assert_eq!(apply(&archive, None, &[sorted]).await, apply(&archive, None, &halves).await);
        });
    }

    #[test]
    fn the_differences_are_exactly_those_that_there_are(first in records(), second in records()) {
        run_test(async {
            let world = World::new(1);
            let archive = archive(&world).await;
            let before = apply(&archive, None, &[first]).await;
            let after = apply(&archive, Some(&before), &[second]).await;
            let (old, new) = (contents(&archive, &before).await, contents(&archive, &after).await);
            let mut found = Vec::new();
            let mut differences = Differences::new(&archive, Some(&before), Some(&after)).await.unwrap();
            while let Some(d) = differences.next().await.unwrap() {
                found.push((d.key, d.before, d.after));
            }
            let mut keys: Vec<_> = old.keys().chain(new.keys()).cloned().collect();
            keys.sort();
            keys.dedup();
            let expected: Vec<_> = keys.into_iter()
                .map(|k| (k.clone(), old.get(&k).cloned(), new.get(&k).cloned()))
                .filter(|(_, b, a)| b != a)
                .collect();
            assert_eq!(found, expected);
        });
    }
}

#[tokio::test]
async fn a_run_without_changes_is_taken_over_and_nothing_is_read_or_stored() {
    let world = World::new(1);
    let archive = archive(&world).await;
    let records: Vec<_> = (0..500).map(|i| (format!("{i:05}").into_bytes(), Some(vec![1]))).collect();
    let base = apply(&archive, None, &[records]).await;
    let stored = archive.stored();
    assert_eq!(apply(&archive, Some(&base), &[]).await, base);
    assert_eq!(archive.stored(), stored);
}

#[tokio::test]
async fn a_changed_value_stores_one_leaf_and_one_index() {
    let world = World::new(1);
    let archive = archive(&world).await;
    let records: Vec<_> = (0..500).map(|i| (format!("{i:05}").into_bytes(), Some(vec![1]))).collect();
    let base = apply(&archive, None, &[records]).await;
    let names = |world: &World| world.vault.blobs(&tenant()).into_iter().map(|b| b.0).collect::<Vec<_>>();
    let before = names(&world);
    apply(&archive, Some(&base), &[vec![(b"00250".to_vec(), Some(vec![2]))]]).await;
    let new: Vec<_> = names(&world).into_iter().filter(|n| !before.contains(n)).collect();
    let of = |folder: &str| new.iter().filter(|n| n.as_str().starts_with(folder)).count();
    assert_eq!((of("leaves/"), of("indexes/")), (1, 1), "{new:?}");
}

#[tokio::test]
async fn a_damaged_missing_or_exchanged_leaf_is_corrupt_and_never_empty() {
    let world = World::new(1);
    let archive = archive(&world).await;
    let run =
        apply(&archive, None, &[vec![(b"a".to_vec(), Some(vec![1])), (b"b".to_vec(), Some(vec![2]))]]).await;
    let leaf = archive.get_index(&run).await.unwrap().leaves[0].clone();
    let name = BlobName::new(leaf.hash.blob_name(Class::Leaf)).unwrap();
    let read = async || archive.get_content(Class::Leaf, &leaf.hash).await.map_err(|e| e.kind());
    let whole = read().await.unwrap();

    world.vault.flip_byte(&tenant(), &name, 20);
    assert_eq!(read().await, Err(ErrorKind::Corrupt));
    world.vault.truncate(&tenant(), &name, 10);
    assert_eq!(read().await, Err(ErrorKind::Corrupt));
    let stranger = TenantKeys::derive(&tenant(), &[7; 32]);
    world.vault.overwrite(&tenant(), &name, stranger.seal(name.as_str(), &whole).unwrap());
    assert_eq!(read().await, Err(ErrorKind::Corrupt));
    world.vault.remove(&tenant(), &name);
    assert_eq!(read().await, Err(ErrorKind::Corrupt));
}
