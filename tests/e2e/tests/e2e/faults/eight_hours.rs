//! Eight hours of a tenant in which something happens each hour, while one request in a hundred fails in each of the ways:
//! every snapshot is sealed, holds what there is or names what it does not hold, and nothing is given up.

use super::held::Held;
use super::{by_small_pages, faults, sealed, twenty};
use crate::rig::Rig;
use backup::reading::Reading;
use domain::SnapshotId;
use engine::ports::{Clock, Directory, Spent};
use engine::records::{KindState, ReadingState};
use graph::{GraphClient, GraphDirectory, GraphSettings};
use jiff::SignedDuration;
use serde_json::json;
use sim::FaultRule;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything that there is, read by a process of its own.
async fn truth(rig: &Rig) -> Held {
    let (graph_url, login_url) = (rig.sim.graph_url(), rig.sim.login_url());
    let settings = GraphSettings { graph_url, login_url, ..GraphSettings::default() };
    let (secrets, clock, ids) = (rig.world.secrets.clone(), rig.clock.clone(), rig.world.ids.clone());
    let client = GraphClient::new(settings, secrets, "graph-reader", clock.clone(), ids).unwrap();
    let directory: Arc<dyn Directory> = Arc::new(GraphDirectory::new(client));
    let granted = directory.access(rig.tenant()).await.unwrap().permissions;
    let archive = rig.archive.open(rig.tenant()).await.unwrap();
    let mut state = ReadingState {
        tenant: rig.tenant().clone(),
        snapshot: SnapshotId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA"),
        started_at: rig.clock.now(),
        base: None,
        permissions: granted.clone(),
        extensions: None,
        audit: None,
        kinds: BTreeMap::new(),
        spent: Spent::default(),
        stored_blobs: 0,
        stored_bytes: 0,
        advances: 0,
        logs: std::collections::BTreeMap::new(),
        log: None,
    };
    let deadline = rig.clock.now() + SignedDuration::from_mins(15);
    let reading = Reading::new(directory, &archive, clock, None, &granted, deadline);
    assert!(reading.run(&mut state).await.unwrap());
    let mut runs = BTreeMap::new();
    for (name, kind) in state.kinds {
        let KindState::Done(kind) = kind else { panic!("{name}: {kind:?}") };
        assert_eq!(kind.missing, vec![], "{name}");
        runs.extend(kind.runs);
    }
    Held::of(&archive, &runs).await
}

#[tokio::test]
async fn eight_hours_with_every_fault_at_one_in_a_hundred_lose_nothing_and_park_nothing() {
    let rig = Rig::with(twenty()).await;
    let (_, stage) = rig.staged().await;
    by_small_pages(&rig);
    let (mut failed, mut named) = (0, 0);
    for hour in 0..8 {
        // Something happens.
        let admin = rig.admin(rig.tenant()).await;
        let title = json!({ "jobTitle": format!("Title {hour}") });
        admin.patch(&format!("users/{}", stage.id("Maya")), &title).await;
        let new = admin.create_user(&format!("Newcomer {hour}"), "new").await;
        let team = admin.create_group(&format!("Team {hour}")).await;
        admin.link(&format!("groups/{team}/members/$ref"), &new).await;
        if hour % 2 == 1 {
            admin.delete(&format!("users/{new}")).await;
        }

        // Meanwhile things fail, the login too where that may pass.
        rig.control.clear();
        for (seed, fault) in (0..).zip(faults(&rig)) {
            let rule = FaultRule { one_in: 100, seed, times: u32::MAX, ..fault.rule };
            let at_login = FaultRule { login: true, seed: seed + 100, ..rule.clone() };
            rig.control.fail_next(rule);
            if !["400", "401 with a claims challenge", "403", "404", "410"].contains(&fault.name) {
                rig.control.fail_next(at_login);
            }
        }
        rig.ask_snapshot(rig.tenant()).await;
        let when = format!("hour {hour}");
        let id = sealed(&rig, &when).await;
        let asked = rig.control.requests(rig.tenant().as_str());
        failed += asked.iter().filter(|request| request.status != 200).count();
        rig.control.clear_faults();
        named += truth(&rig).await.assert_is_held_or_named(&rig, &id, &when).await.len();
        rig.clock.advance(SignedDuration::from_hours(1));
        rig.restart();
    }
    println!("{failed} requests failed by their status, {named} gaps were named");
    assert!(failed > 10, "hardly anything failed: {failed}");
    rig.ask_snapshot(rig.tenant()).await;
    let last = sealed(&rig, "after them").await;
    let missing = truth(&rig).await.assert_is_held_or_named(&rig, &last, "after them").await;
    assert_eq!(missing, vec![]);
}
