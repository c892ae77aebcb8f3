//! Runs over a vault in memory, for the tests of the archive.

use async_trait::async_trait;
use backup::archive::{Archive, Budget, Merge, Merged, Onto, Op, Resolver, Sorter, Stop, TenantArchive};
use domain::stored::{RunRef, SuspendedMerge};
use domain::{Result, TenantId};
use engine::ports::{Clock, KeyRing};
use engine::records::{Records, StoredKey};
use std::collections::BTreeMap;
use support::memory::World;

pub type Contents = BTreeMap<Vec<u8>, Vec<u8>>;

/// Records that are what the operation says. Counts them: a merge that repeats a key would never end.
#[derive(Default)]
pub struct Put(usize);

/// More records than any test here has.
pub const MOST_RECORDS: usize = 10_000;

#[async_trait]
impl Resolver for Put {
    fn resolve(&mut self, _: &[u8], _: Option<&[u8]>, op: Op<'_>, new: &mut Vec<u8>) -> Result<bool> {
        self.0 += 1;
        assert!(self.0 <= MOST_RECORDS, "the merge does not end");
        if let Op::Put(bytes) = op {
            new.extend_from_slice(bytes);
        }
        Ok(op != Op::Remove)
    }
}

pub fn tenant() -> TenantId {
    "a1b2c3d4-0000-1111-2222-333344445555".parse().unwrap()
}

pub async fn archive(world: &World) -> TenantArchive {
    let records = Records::new(world.catalog.clone(), world.clock.clone());
    let (_, wrapped) = world.key_ring.generate(&tenant()).await.unwrap();
    let created_at = world.clock.now();
    records
        .put_new(&StoredKey {
            tenant: tenant(),
            organisation: domain::OrganisationId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA"),
            wrapped,
            created_at,
        })
        .await
        .unwrap();
    let archive = Archive::new(world.vault.clone(), world.key_ring.clone(), records);
    archive.open(&tenant()).await.unwrap()
}

pub type Block = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// What blocks are merged onto.
#[derive(Clone, Copy)]
pub enum Way {
    Changing,
    Replacing,
}

fn onto(base: Option<&RunRef>, way: Way) -> Onto<'_> {
    match (base, way) {
        (None, _) => Onto::Anew { sharing: None },
        (Some(run), Way::Changing) => Onto::Changing(run),
        (Some(run), Way::Replacing) => Onto::Replacing(run),
    }
}

pub async fn sorted(archive: &TenantArchive, blocks: &[Block]) -> Sorter {
    let mut sorter = Sorter::new(archive, Vec::new(), &Budget::default());
    for (n, block) in blocks.iter().enumerate() {
        for (key, value) in block {
            sorter.push(key, value.as_deref().map_or(Op::Remove, Op::Put)).await.unwrap();
        }
        // The last one is still in memory when operations are taken.
        if n + 1 < blocks.len() {
            sorter.park().await.unwrap();
        }
    }
    sorter
}

pub async fn apply_as(archive: &TenantArchive, base: Option<&RunRef>, way: Way, blocks: &[Block]) -> RunRef {
    let ops = sorted(archive, blocks).await.into_ops(None).await.unwrap();
    match Merge::new(archive, 2, onto(base, way)).run(ops, &mut Put::default()).await.unwrap() {
        Merged::Done(run) => run,
        Merged::Suspended(..) => panic!("nobody stopped it"),
    }
}

pub async fn apply(archive: &TenantArchive, base: Option<&RunRef>, blocks: &[Block]) -> RunRef {
    apply_as(archive, base, Way::Changing, blocks).await
}

/// The same merge, suspended after every `every` records and resumed.
pub async fn apply_in_pieces(
    archive: &TenantArchive,
    base: Option<&RunRef>,
    way: Way,
    blocks: &[Block],
    every: u32,
) -> RunRef {
    let mut parked = sorted(archive, blocks).await.into_blocks().await.unwrap();
    let mut suspended: Option<SuspendedMerge> = None;
    let always = || true;
    loop {
        let sorter = Sorter::new(archive, parked.clone(), &Budget::default());
        let after = suspended.as_ref().map(|merge| merge.last_key.as_slice());
        let ops = sorter.into_ops(after).await.unwrap();
        let stop = Stop { every, is_over: &always };
        let merge = Merge::new(archive, 2, onto(base, way)).stopping(stop).resuming(suspended.as_ref());
        match merge.run(ops, &mut Put::default()).await.unwrap() {
            Merged::Done(run) => return run,
            Merged::Suspended(merge, ops) => {
                parked = ops.into_blocks().await.unwrap();
                // As a row would keep it.
                let kept = serde_json::to_string(&merge).unwrap();
                suspended = Some(serde_json::from_str(&kept).unwrap());
            }
        }
    }
}

pub async fn contents(archive: &TenantArchive, run: &RunRef) -> Contents {
    let mut reader = archive.open_run(Some(run)).await.unwrap().scan(b"").await.unwrap();
    let mut all = Contents::new();
    while let Some((key, value)) = reader.next().await.unwrap() {
        assert_eq!(all.insert(key, value), None, "a key is read once");
    }
    all
}
