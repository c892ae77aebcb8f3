//! Each kind of damage is put right with the fewest writes that Graph allows, by a count that knows nothing of plans: how
//! much was damaged, and what one request of Graph's takes.
//!
//! One tenant and one kind of damage in four; with `HOLDFAST_FEWEST=all` each of them, with a number all that befalls the tenant of that
//! seed.

mod damage;
mod tenant;

use super::rig::{Rig, Setting};
use damage::{ALL, Damage};
use domain::SnapshotId;
use engine::records::{RestoreState, Side};
use tenant::Tenant;

const SEEDS: u64 = 20;
const ONE_IN: usize = 4;
/// So many hundredths more than the fewest writes may be sent.
const MOST_PERCENT: usize = 102;

/// Takes everything back to that snapshot; gives how many writes that took, and how many steps did not succeed.
async fn put_right(rig: &Rig, since: &SnapshotId) -> (usize, u64) {
    let diff = rig.ask_diff(since, Side::Live).await;
    rig.settle().await;
    let restore = rig.ask_preview(&diff.id, Rig::everything()).await;
    rig.settle().await;
    let before = rig.control.writes(rig.tenant().as_str());
    let row = rig.restores().get(rig.tenant(), &restore.id).await.unwrap();
    if row.counts.steps > 0 {
        rig.ask_run(&restore).await;
        rig.settle().await;
    }
    let done = rig.restores().get(rig.tenant(), &restore.id).await.unwrap();
    let is_over = done.state == RestoreState::Done || row.counts.steps == 0;
    assert!(is_over, "{done:?} {:?}", rig.dead_letters());
    let failed = done.counts.failed + done.counts.skipped + done.counts.unverified;
    (rig.control.writes(rig.tenant().as_str()) - before, failed)
}

#[tokio::test]
async fn each_kind_of_damage_is_put_right_with_the_fewest_writes_and_then_nothing_is_left_to_write() {
    let wanted = std::env::var("HOLDFAST_FEWEST").unwrap_or_default();
    let (seeds, one_in): (Vec<u64>, usize) = match wanted.parse() {
        Ok(seed) => (vec![seed], 1),
        Err(_) if wanted == "all" => ((1..=SEEDS).collect(), 1),
        Err(_) => (vec![1], ONE_IN),
    };
    let mut sums: Vec<(Damage, usize, usize)> = ALL.into_iter().step_by(one_in).map(|d| (d, 0, 0)).collect();
    let mut faults = Vec::new();
    for seed in seeds {
        let rig = Rig::with(Setting { seed, ..Setting::default() }).await;
        let mut tenant = Tenant::set_up(&rig, seed).await;
        let first = rig.snapshot().await;
        for (damage, all_fewest, all_sent) in &mut sums {
            let fewest = tenant.hurt(*damage).await;
            let (sent, failed) = put_right(&rig, &first).await;
            println!("seed {seed}, {damage:?}: {sent} writes, {fewest} at the fewest");
            if failed > 0 {
                faults.push(format!("seed {seed}, {damage:?}: {failed} steps failed"));
            }
            *all_fewest += fewest;
            *all_sent += sent;
        }
        // What one of them left would have been written with the next.
        let (again, _) = put_right(&rig, &first).await;
        if again > 0 {
            faults.push(format!("seed {seed}: {again} writes more were left"));
        }
    }
    for (damage, fewest, sent) in sums {
        if sent * 100 > fewest * MOST_PERCENT {
            faults.push(format!("{damage:?}: {sent} writes where {fewest} do"));
        }
        // Fewer than can be: the count is wrong, or something was not put right.
        if sent < fewest {
            faults.push(format!("{damage:?}: {sent} writes where {fewest} are needed"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
