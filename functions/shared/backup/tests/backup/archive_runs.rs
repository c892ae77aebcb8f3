//! Runs over the vault: merged, compared, read back, damaged.
//! Over 400 lines: one test for each thing that can befall a run, over the same few helpers.

use crate::runs::{
    Block, Contents, Put, Way, apply, apply_as, apply_in_pieces, archive, contents, sorted, tenant,
};
use backup::archive::{
    Archive, Budget, Differences, Merge, Merged, Onto, Op, Sorter, TenantArchive, consolidate,
};
use domain::ErrorKind;
use domain::stored::{Class, TenantKeys};
use engine::ports::{BlobName, KeyRing};
use engine::records::{Record, Records, StoredKey, delete};
use proptest::prelude::*;
use support::faulty::{FaultPlan, Faulty};
use support::memory::World;

/// What a model says of the same blocks.
fn model(base: &Contents, way: Way, blocks: &[Block]) -> Contents {
    let mut all = if matches!(way, Way::Replacing) { Contents::new() } else { base.clone() };
    for (key, value) in blocks.iter().flatten() {
        match value {
            Some(value) => all.insert(key.clone(), value.clone()),
            None => all.remove(key),
        };
    }
    all
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    // Few letters, so that keys meet; no letter at all is a key too.
    prop::collection::vec(prop::sample::select(b"abc".to_vec()), 0..5)
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
    fn a_run_says_what_was_done_to_it_however_often_and_in_whatever_layers(
        first in prop::collection::vec(records(), 1..3),
        rounds in prop::collection::vec((any::<bool>(), prop::collection::vec(records(), 1..3)), 0..7)
    ) {
        run_test(async {
            let world = World::new(1);
            let archive = archive(&world).await;
            let mut run = apply(&archive, None, &first).await;
            let mut expected = model(&Contents::new(), Way::Replacing, &first);
            assert_eq!(contents(&archive, &run).await, expected);
            for (whole, blocks) in rounds {
                let way = if whole { Way::Replacing } else { Way::Changing };
                let merged = apply_as(&archive, Some(&run), way, &blocks).await;
                expected = model(&expected, way, &blocks);
                for may_fold in [false, true] {
                    let told = consolidate(&archive, merged.clone(), &|_| may_fold).await.unwrap();
                    assert_eq!(contents(&archive, &told).await, expected);
                    assert_eq!(told.records, expected.len() as u64);
                    assert!(told.layers.len() < 10, "{} layers", told.layers.len());
                    let mut lookup = archive.open_run(Some(&told)).await.unwrap().lookup();
                    for key in ["", "a", "b", "bb", "abc", "zz"].map(|key| key.as_bytes().to_vec()) {
                        let found = lookup.get(&key).await.unwrap().map(<[u8]>::to_vec);
                        assert_eq!(found, expected.get(&key).cloned());
                    }
                    if told.layers.is_empty() {
                        let anew: Vec<_> = expected.clone().into_iter().map(|(k, v)| (k, Some(v))).collect();
                        assert_eq!(apply(&archive, None, &[anew]).await, told, "a base is cut by its keys alone");
                    }
                    run = told;
                }
            }
        });
    }

    #[test]
    fn a_merge_that_is_put_down_anywhere_ends_in_the_same_bytes(
        first in prop::collection::vec(records(), 1..3), second in prop::collection::vec(records(), 1..4),
        every in 1_u32..9, whole in any::<bool>()
    ) {
        run_test(async {
            let world = World::new(1);
            let archive = archive(&world).await;
            let way = if whole { Way::Replacing } else { Way::Changing };
            let base = apply(&archive, None, &first).await;
            assert_eq!(apply_in_pieces(&archive, None, way, &first, every).await, base);
            let merged = apply_as(&archive, Some(&base), way, &second).await;
            assert_eq!(apply_in_pieces(&archive, Some(&base), way, &second, every).await, merged);
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
    fn the_differences_are_exactly_those_that_there_are(
        first in records(), rounds in prop::collection::vec(records(), 1..6), fold_at in 0_usize..8
    ) {
        run_test(async {
            let world = World::new(1);
            let archive = archive(&world).await;
            let mut runs = vec![apply(&archive, None, &[first]).await];
            for (n, block) in rounds.into_iter().enumerate() {
                let merged = apply(&archive, runs.last(), &[block]).await;
                runs.push(consolidate(&archive, merged, &|_| n >= fold_at).await.unwrap());
            }
            for (before, after) in runs.iter().flat_map(|a| runs.iter().map(move |b| (a, b))) {
                let (old, new) = (contents(&archive, before).await, contents(&archive, after).await);
                let mut found = Vec::new();
                let mut differences = Differences::new(&archive, Some(before), Some(after)).await.unwrap();
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
            }
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
async fn a_run_that_both_snapshots_have_is_compared_without_reading_anything() {
    let world = World::new(1);
    let plain = archive(&world).await;
    let records: Vec<_> = (0..500).map(|i| (format!("{i:05}").into_bytes(), Some(vec![1]))).collect();
    let base = apply(&plain, None, &[records]).await;
    let changed = apply(&plain, Some(&base), &[vec![(b"00250".to_vec(), Some(vec![2]))]]).await;
    let plan = FaultPlan::new();
    let rows = Records::new(world.catalog.clone(), world.clock.clone());
    let counted = Archive::new(Faulty::new(world.vault.clone(), &plan), world.key_ring.clone(), rows);
    let counted = counted.open(&tenant()).await.unwrap();
    let mut same = Differences::new(&counted, Some(&changed), Some(&changed)).await.unwrap();
    assert_eq!(same.next().await.unwrap(), None);
    assert_eq!(plan.call_count(), 0);
    let mut differing = Differences::new(&counted, Some(&base), Some(&changed)).await.unwrap();
    assert!(differing.next().await.unwrap().is_some());
    assert!(plan.call_count() > 0, "calls are counted");
}

/// A function that stays warm knows the keys of the tenants that it worked for.
#[tokio::test]
async fn a_key_that_is_known_is_used_only_while_its_row_is_there_and_is_the_same() {
    let world = World::new(1);
    archive(&world).await;
    let records = Records::new(world.catalog.clone(), world.clock.clone());
    let warm = Archive::new(world.vault.clone(), world.key_ring.clone(), records.clone());
    let first = warm.open(&tenant()).await.unwrap().name(Class::Leaf, b"x");
    assert_eq!(warm.open(&tenant()).await.unwrap().name(Class::Leaf, b"x"), first);

    let mut row = records.list_all(&StoredKey::all(&tenant())).await.unwrap().remove(0);
    row.value.wrapped = world.key_ring.generate(&tenant()).await.unwrap().1;
    records.replace(&row.value, row.version).await.unwrap();
    assert_ne!(warm.open(&tenant()).await.unwrap().name(Class::Leaf, b"x"), first);

    let row = records.get(&row.value.address()).await.unwrap();
    records.write(vec![delete(&row.value, row.version)]).await.unwrap();
    for _ in 0..2 {
        assert_eq!(warm.open(&tenant()).await.map(|_| ()).unwrap_err().kind(), ErrorKind::NotFound);
    }
}

#[tokio::test]
async fn operations_behind_a_key_are_without_that_one_whether_they_were_parked_or_not() {
    let world = World::new(1);
    let archive = archive(&world).await;
    let key = |i: u32| format!("{i:05}").into_bytes();
    let records: Block = (0..40).map(|i| (key(i), Some(vec![1]))).collect();
    for blocks in [vec![records.clone()], vec![records.clone(), vec![]]] {
        let ops = sorted(&archive, &blocks).await.into_ops(Some(&key(19))).await.unwrap();
        let merge = Merge::new(&archive, 2, Onto::Anew { sharing: None });
        let Merged::Done(run) = merge.run(ops, &mut Put::default()).await.unwrap() else { panic!("stopped") };
        assert!(contents(&archive, &run).await.into_keys().eq((20..40).map(key)), "{} blocks", blocks.len());
    }
}

/// In a thread of its own: of two blocks that are never passed, no call would ever return.
#[test]
fn a_key_that_two_blocks_hold_is_met_once_and_the_merge_ends() {
    let (sender, merged) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let told = run_test(async {
            let world = World::new(1);
            let archive = archive(&world).await;
            let blocks = [1, 2].map(|value| vec![(b"a".to_vec(), Some(vec![value]))]);
            let run = apply(&archive, None, &[&blocks[..], &[vec![]]].concat()).await;
            contents(&archive, &run).await
        });
        sender.send(told)
    });
    let told = merged.recv_timeout(std::time::Duration::from_mins(1)).expect("the merge does not end");
    assert_eq!(told, Contents::from([(b"a".to_vec(), vec![2])]));
}

#[tokio::test]
async fn a_run_that_is_read_from_a_key_on_begins_with_the_record_of_that_key() {
    let world = World::new(1);
    let archive = archive(&world).await;
    let key = |i: u32| format!("{i:05}").into_bytes();
    let base = apply(&archive, None, &[(0..40).map(|i| (key(i), Some(vec![1]))).collect()]).await;
    let layered = apply(&archive, Some(&base), &[vec![(key(7), Some(vec![2]))]]).await;
    for run in [&base, &layered] {
        let run = archive.open_run(Some(run)).await.unwrap();
        for from in (0..40).map(key) {
            for mut reader in [run.from_key(&from).await.unwrap(), run.scan(&from).await.unwrap()] {
                assert_eq!(reader.next().await.unwrap().map(|(key, _)| key).as_ref(), Some(&from));
            }
        }
    }
}

#[tokio::test]
async fn a_run_that_is_written_anew_stores_nothing_that_the_run_has_which_it_shares_with() {
    let world = World::new(1);
    let plain = archive(&world).await;
    let records: Vec<_> = (0..500).map(|i| (format!("{i:05}").into_bytes(), Some(vec![1]))).collect();
    let base = apply(&plain, None, std::slice::from_ref(&records)).await;
    let plan = FaultPlan::new();
    let rows = Records::new(world.catalog.clone(), world.clock.clone());
    let counted = Archive::new(Faulty::new(world.vault.clone(), &plan), world.key_ring.clone(), rows);
    let counted = counted.open(&tenant()).await.unwrap();
    let mut writes = Vec::new();
    for sharing in [Some(&base), None] {
        let ops = sorted(&counted, std::slice::from_ref(&records)).await.into_ops(None).await.unwrap();
        plan.take_log();
        let merge = Merge::new(&counted, 2, Onto::Anew { sharing });
        let Merged::Done(run) = merge.run(ops, &mut Put::default()).await.unwrap() else {
            panic!("nobody stopped it")
        };
        assert_eq!(run, base);
        writes.push(plan.take_log().calls().iter().filter(|call| call.method == "put_new").count());
    }
    assert_eq!(writes[0], 0, "it has them all");
    assert!(writes[1] > 10, "{} without it", writes[1]);
}

#[tokio::test]
async fn operations_behind_a_key_are_those_that_are_parked_and_those_in_memory() {
    let world = World::new(1);
    let archive = archive(&world).await;
    let block =
        |keys: &[&str]| keys.iter().map(|k| (k.as_bytes().to_vec(), Some(vec![1]))).collect::<Block>();
    // Of the blocks the last one is still in memory.
    let blocks = [block(&["a", "c", "e"]), block(&["b", "c", "f"])];
    for (after, wanted) in [("a", "bcef"), ("b", "cef"), ("bb", "cef"), ("c", "ef"), ("e", "f"), ("f", "")] {
        let mut ops = sorted(&archive, &blocks).await.into_ops(Some(after.as_bytes())).await.unwrap();
        let mut given = Vec::new();
        while ops.advance().await.unwrap() {
            given.extend_from_slice(ops.head().unwrap());
        }
        assert_eq!(String::from_utf8(given).unwrap(), wanted, "after {after}");
    }
}

/// A sorter that was given so many megabytes.
async fn filled(archive: &TenantArchive, budget: &Budget, megabytes: u8) -> Sorter {
    let mut sorter = Sorter::new(archive, Vec::new(), budget);
    let megabyte = vec![7; 1 << 20];
    for n in 0..megabytes {
        sorter.push(&[n], Op::Put(&megabyte)).await.unwrap();
    }
    sorter
}

#[tokio::test]
async fn a_small_block_is_parked_only_while_others_hold_the_memory() {
    let world = World::new(1);
    let archive = archive(&world).await;
    let budget = Budget::default();
    assert!(!archive.has_parked());
    assert!(filled(&archive, &budget, 33).await.has_blocks(), "it is full");
    assert!(archive.has_parked());
    let many = async || {
        let mut sorters = Vec::new();
        for _ in 0..4 {
            sorters.push(filled(&archive, &budget, 31).await);
        }
        assert!(sorters.iter().all(|sorter| !sorter.has_blocks()));
        sorters
    };
    let others = many().await;
    assert!(!filled(&archive, &budget, 7).await.has_blocks(), "it is too small to be parked");
    assert!(filled(&archive, &budget, 9).await.has_blocks(), "all together hold too much");
    drop(others);
    assert!(!filled(&archive, &budget, 9).await.has_blocks(), "nobody holds any");
    let mut others = many().await;
    let ops = others.pop().unwrap().into_ops(None).await.unwrap();
    assert!(filled(&archive, &budget, 9).await.has_blocks(), "what is merged is still in memory");
    drop(ops);
    assert!(!filled(&archive, &budget, 9).await.has_blocks(), "three hold less");
}

#[tokio::test]
async fn a_changed_value_stores_one_leaf_and_one_index() {
    let world = World::new(1);
    let archive = archive(&world).await;
    let records: Vec<_> = (0..500).map(|i| (format!("{i:05}").into_bytes(), Some(vec![1]))).collect();
    let base = apply(&archive, None, &[records]).await;
    let names = |world: &World| world.vault.blobs(&tenant()).into_iter().map(|b| b.0).collect::<Vec<_>>();
    let (before, stored) = (names(&world), archive.stored());
    apply(&archive, Some(&base), &[vec![(b"00250".to_vec(), Some(vec![2]))]]).await;
    let new: Vec<_> = names(&world).into_iter().filter(|n| !before.contains(n)).collect();
    let of = |folder: &str| new.iter().filter(|n| n.as_str().starts_with(folder)).count();
    assert_eq!((of("leaves/"), of("indexes/")), (1, 1), "{new:?}");
    assert_eq!(archive.stored().0 - stored.0, new.len() as u64);
    assert!(archive.stored().1 > stored.1);
}

#[tokio::test]
async fn a_reading_of_everything_that_found_nothing_new_stores_nothing() {
    let world = World::new(1);
    let archive = archive(&world).await;
    let records: Vec<_> = (0..500).map(|i| (format!("{i:05}").into_bytes(), Some(vec![1]))).collect();
    let base = apply(&archive, None, std::slice::from_ref(&records)).await;
    let names = |world: &World| world.vault.blobs(&tenant()).into_iter().map(|b| b.0).collect::<Vec<_>>();
    let kept = |all: Vec<BlobName>| all.into_iter().filter(|n| !n.as_str().starts_with("parked/")).count();
    let before = kept(names(&world));
    assert_eq!(apply_as(&archive, Some(&base), Way::Replacing, &[records]).await, base);
    assert_eq!(kept(names(&world)), before);
}

#[tokio::test]
async fn a_reading_of_everything_becomes_a_layer_unless_leaves_are_cut_at_other_keys_now() {
    let world = World::new(1);
    let archive = archive(&world).await;
    let mut records: Block = (0..500).map(|i| (format!("{i:05}").into_bytes(), Some(vec![1]))).collect();
    let base = apply(&archive, None, std::slice::from_ref(&records)).await;
    records[250].1 = Some(vec![2]);
    let mut runs = Vec::new();
    for cut_bits in [base.cut_bits, base.cut_bits + 1] {
        let ops = sorted(&archive, std::slice::from_ref(&records)).await.into_ops(None).await.unwrap();
        let merge = Merge::new(&archive, cut_bits, Onto::Replacing(&base));
        let Merged::Done(run) = merge.run(ops, &mut Put::default()).await.unwrap() else {
            panic!("nobody stopped it")
        };
        assert_eq!(run.cut_bits, cut_bits);
        assert_eq!(contents(&archive, &run).await[b"00250".as_slice()], [2]);
        runs.push((run.index == base.index, run.layers.len()));
    }
    assert_eq!(runs, [(true, 1), (false, 0)]);
}

#[tokio::test]
async fn a_lookup_finds_records_in_whatever_order_they_are_asked_for() {
    let world = World::new(1);
    let archive = archive(&world).await;
    let keys: Vec<_> = (0..100).map(|i| format!("{i:05}").into_bytes()).collect();
    let records: Block = keys.iter().map(|key| (key.clone(), Some(key.clone()))).collect();
    let run = apply(&archive, None, &[records]).await;
    let mut lookup = archive.open_run(Some(&run)).await.unwrap().lookup();
    for key in keys.iter().chain(keys.iter().rev()) {
        assert_eq!(lookup.get(key).await.unwrap(), Some(key.as_slice()));
    }
}

#[tokio::test]
async fn an_empty_key_that_a_run_does_not_have_is_not_found_in_its_base_nor_in_its_layers() {
    let world = World::new(1);
    let archive = archive(&world).await;
    let mut run = apply(&archive, None, &[vec![(b"a".to_vec(), Some(b"1".to_vec()))]]).await;
    for layers in 0..3 {
        assert_eq!(run.layers.len(), layers);
        let mut lookup = archive.open_run(Some(&run)).await.unwrap().lookup();
        // Before and after a record was found: a leaf stands at none before its first.
        for key in ["", "a", ""] {
            assert_eq!(lookup.get(key.as_bytes()).await.unwrap().is_some(), key == "a", "{layers} layers");
        }
        run = apply(&archive, Some(&run), &[vec![(vec![b'b'; layers + 1], Some(b"2".to_vec()))]]).await;
    }
    let with_it = apply(&archive, Some(&run), &[vec![(Vec::new(), Some(b"3".to_vec()))]]).await;
    let mut lookup = archive.open_run(Some(&with_it)).await.unwrap().lookup();
    assert_eq!(lookup.get(b"").await.unwrap(), Some(&b"3"[..]));
}

#[tokio::test]
async fn of_the_leaves_that_were_read_last_a_few_megabytes_are_kept() {
    let world = World::new(1);
    let archive = archive(&world).await;
    let records: Block = (0..12_u8).map(|i| (vec![i], Some(vec![i; 1 << 20]))).collect();
    let run = apply(&archive, None, &[records]).await;
    let opened = archive.open_run(Some(&run)).await.unwrap();
    let reads_of = async |key: u8| {
        let before = archive.reads();
        assert!(opened.lookup().get(&[key]).await.unwrap().is_some());
        archive.reads() - before
    };
    for key in 0..12 {
        reads_of(key).await;
    }
    assert_eq!((reads_of(11).await, reads_of(0).await, reads_of(0).await), (0, 1, 0));
}

#[tokio::test]
async fn a_hundred_rounds_of_one_change_each_stay_shallow_and_cost_what_changed() {
    let world = World::new(1);
    let archive = archive(&world).await;
    let value = |n: u8| Some(vec![n; 300]);
    let records: Vec<_> = (0..2_000).map(|i| (format!("{i:05}").into_bytes(), value(1))).collect();
    let mut run = apply(&archive, None, &[records]).await;
    let (base, of_base, mut deepest) = (run.index, run.base_bytes(), 0);
    let stored = archive.stored().1;
    for round in 0..100_u8 {
        let key = format!("{:05}", u32::from(round) * 19).into_bytes();
        let merged = apply(&archive, Some(&run), &[vec![(key, value(round))]]).await;
        run = consolidate(&archive, merged, &|_| true).await.unwrap();
        deepest = deepest.max(run.layers.len());
    }
    assert_eq!(run.index, base, "the base was not written anew");
    assert_eq!(run.base_bytes(), of_base, "of layers that were made one no bytes are counted any more");
    assert!(deepest <= 9, "{deepest} layers");
    let per_round = (archive.stored().1 - stored) / 100;
    assert!(per_round < 3_000, "{per_round} bytes a round, parked blocks included");
}

#[tokio::test]
async fn a_damaged_missing_or_exchanged_leaf_is_corrupt_and_never_empty() {
    let world = World::new(1);
    let archive = archive(&world).await;
    let run =
        apply(&archive, None, &[vec![(b"a".to_vec(), Some(vec![1])), (b"b".to_vec(), Some(vec![2]))]]).await;
    let leaf = archive.get_index(&run.index).await.unwrap().leaves[0].clone();
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
