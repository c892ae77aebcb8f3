//! Layers of a run that are made one, and leaves that are stored before their index.

use crate::runs::{Block, Put, apply, archive, contents, sorted, tenant};
use backup::archive::{Archive, Differences, Merge, Merged, Onto, consolidate};
use domain::stored::{BlobHash, Class};
use engine::ports::BlobName;
use engine::records::Records;
use support::faulty::{FaultPlan, Faulty, Mode, crash_points};
use support::memory::World;

/// Layers are merged by fours, so the fourth that holds a key has to win over three.
#[tokio::test]
async fn of_layers_that_are_made_one_the_newest_value_is_told() {
    let world = World::new(1);
    let archive = archive(&world).await;
    let records: Vec<_> = (0..2_000).map(|i| (format!("{i:05}").into_bytes(), Some(vec![1; 300]))).collect();
    let mut run = apply(&archive, None, &[records]).await;
    let key = b"00250".to_vec();
    for round in 2..30_u8 {
        let merged = apply(&archive, Some(&run), &[vec![(key.clone(), Some(vec![round]))]]).await;
        let layers = merged.layers.len();
        run = consolidate(&archive, merged, &|_| false).await.unwrap();
        assert!(layers < 4 || run.layers.len() < layers, "they were made one");
        let mut lookup = archive.open_run(Some(&run)).await.unwrap().lookup();
        assert_eq!(lookup.get(&key).await.unwrap(), Some(&[round][..]));
        assert_eq!(contents(&archive, &run).await[&key], [round]);
    }
}

/// One that goes, returns and goes again leaves two layers of the same content.
#[tokio::test]
async fn what_happens_a_second_time_differs_though_a_layer_of_that_name_is_there_already() {
    let world = World::new(1);
    let archive = archive(&world).await;
    let records: Block = (0..2_000).map(|i| (format!("{i:05}").into_bytes(), Some(vec![1; 300]))).collect();
    let whole = apply(&archive, None, &[records]).await;
    let key = b"00250".to_vec();
    let gone = apply(&archive, Some(&whole), &[vec![(key.clone(), None)]]).await;
    let back = apply(&archive, Some(&gone), &[vec![(key.clone(), Some(vec![1; 300]))]]).await;
    let again = apply(&archive, Some(&back), &[vec![(key.clone(), None)]]).await;
    assert_eq!(again.layers[0].index, again.layers[2].index, "the same content has one name");
    let mut differences = Differences::new(&archive, Some(&back), Some(&again)).await.unwrap();
    let found = differences.next().await.unwrap().expect("it went again");
    assert_eq!((found.key, found.after), (key, None));
    assert!(differences.next().await.unwrap().is_none());
}

#[tokio::test]
async fn wherever_storing_is_cut_off_an_index_that_is_there_has_all_of_its_leaves() {
    let records: Block = (0..40).map(|i| (format!("{i:05}").into_bytes(), Some(vec![1]))).collect();
    let stored = async |fault: Option<(u64, Mode)>| {
        let (world, plan) = (World::new(1), FaultPlan::new());
        let plain = archive(&world).await;
        let rows = Records::new(world.catalog.clone(), world.clock.clone());
        let faulty = Archive::new(Faulty::new(world.vault.clone(), &plan), world.key_ring.clone(), rows);
        let faulty = faulty.open(&tenant()).await.unwrap();
        let ops = sorted(&faulty, std::slice::from_ref(&records)).await.into_ops(None).await.unwrap();
        if let Some((call, mode)) = fault {
            plan.die_at(call, mode);
        }
        let merge = Merge::new(&faulty, 2, Onto::Anew { sharing: None });
        let merged = merge.run(ops, &mut Put::default()).await;
        let mut indexes = 0;
        for (name, _) in world.vault.blobs(&tenant()) {
            let Some(hex) = name.as_str().strip_prefix("indexes/").map(|rest| rest[3..].to_owned()) else {
                continue;
            };
            let index = plain.get_index(&BlobHash::try_from(hex).unwrap()).await.unwrap();
            for leaf in &index.leaves {
                plain.get_content(Class::Leaf, &leaf.hash).await.unwrap();
            }
            indexes += 1;
        }
        assert!(merged.is_err() || indexes == 1);
        plan.call_count()
    };
    let calls = stored(None).await;
    assert!(calls > 5, "{calls} calls");
    for (call, mode) in crash_points(calls) {
        stored(Some((call, mode))).await;
    }
}

#[tokio::test]
async fn what_is_read_anew_is_stored_whole_though_the_run_before_is_damaged() {
    let world = World::new(1);
    let plain = archive(&world).await;
    let records: Block = (0..40).map(|i| (format!("{i:05}").into_bytes(), Some(vec![1]))).collect();
    let before = apply(&plain, None, std::slice::from_ref(&records)).await;
    let leaf = plain.get_index(&before.index).await.unwrap().leaves[0].hash;
    for name in [before.index.blob_name(Class::Index), leaf.blob_name(Class::Leaf)] {
        assert!(world.vault.remove(&tenant(), &BlobName::new(name).unwrap()));
    }
    let ops = sorted(&plain, std::slice::from_ref(&records)).await.into_ops(None).await.unwrap();
    let merge = Merge::new(&plain, 2, Onto::Anew { sharing: Some(&before) });
    let Merged::Done(again) = merge.run(ops, &mut Put::default()).await.unwrap() else { panic!("stopped") };
    assert_eq!(again, before);
    // One that has kept nothing in memory.
    let rows = Records::new(world.catalog.clone(), world.clock.clone());
    let reader = Archive::new(world.vault.clone(), world.key_ring.clone(), rows);
    assert_eq!(contents(&reader.open(&tenant()).await.unwrap(), &again).await.len(), 40);
}
