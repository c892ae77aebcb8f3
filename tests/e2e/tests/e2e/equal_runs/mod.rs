//! A tenant made by chance, read in each of the ways that there are: what a snapshot holds does not depend on the way.
//!
//! One in ten of the 200 tenants is read; with `HOLDFAST_EQUAL_RUNS=all` each of them.

pub mod chance;

use crate::rig::{Rig, Setting};
use backup::archive::TenantArchive;
use backup::reading::Reading;
use chance::Chance;
use domain::SnapshotId;
use domain::stored::{MissingCause, RunRef};
use engine::ports::{Clock, Directory, Spent};
use engine::records::{KindState, ReadingState, SnapshotMode};
use graph::{GraphClient, GraphDirectory, GraphSettings};
use jiff::SignedDuration;
use serde_json::Value;
use sim::{Among, FaultRule};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const SEEDS: u64 = 200;
const ONE_IN: usize = 10;

/// Runs by name, each with its records.
type Runs = BTreeMap<String, BTreeMap<String, String>>;

/// How everything is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// As it is where nothing is refused: users by pages of a list, groups by their ids, or by a round where they are few.
    Usual,
    /// By the first rounds of deltas: their lists are refused.
    Rounds,
    /// By lists, each object with its links: Graph tracks no changes.
    Lists,
}

impl Way {
    /// What this Graph refuses, by a part of the address.
    fn refuses(self) -> &'static [&'static str] {
        match self {
            Self::Usual => &[],
            Self::Rounds => &["expand=manager", "/groups?"],
            Self::Lists => &["/delta?"],
        }
    }
}

/// A tenant, and a Graph whose doubtful sides follow from the seed too.
async fn tenant(seed: u64) -> Rig {
    // Why some of many users: groups are read in chunks of their ids only where there are more than 250.
    let is_large = seed == 51 || seed % 40 == 2;
    let rig = Rig::with(Setting {
        seed,
        users: if is_large { 1_300 } else { usize::try_from(seed * 7 % 29).unwrap() },
        // Why seldom: a hundred policies, each time.
        intune: seed % 100 == 11,
        premium_p2: seed % 3 != 1,
        ..Setting::default()
    })
    .await;
    rig.control.switch(|switches| {
        switches.first_rounds_leave_out_empty = seed % 20 < 10;
        switches.undelete_is_silent = seed % 4 == 1;
        switches.security_groups_soft_delete = seed.is_multiple_of(3);
        switches.delta_reports_security_attributes = seed % 8 < 3;
        switches.schedules_among_assignments =
            [Among::All, Among::NotActivated, Among::Lasting][usize::try_from(seed % 3).unwrap()];
        switches.shuffle = Some(seed);
        if !is_large {
            (switches.page_limit, switches.delta_page_size, switches.delta_link_entries) = (24, 9, 5);
        }
    });
    rig
}

async fn contents(archive: &TenantArchive, runs: &BTreeMap<String, RunRef>) -> Runs {
    let mut held = Runs::new();
    // Why not the bin: it is what the next reading asks about, and no part of what a snapshot shows.
    for (name, run) in
        runs.iter().filter(|(name, _)| name.split_once('.').is_none_or(|(_, part)| part != "bin"))
    {
        let mut reader = archive.open_run(Some(run)).await.unwrap().scan(b"").await.unwrap();
        let records = held.entry(name.clone()).or_default();
        while let Some((key, value)) = reader.next().await.unwrap() {
            let text = |bytes| String::from_utf8(bytes).unwrap();
            records.insert(text(key), text(value));
        }
    }
    held
}

/// Everything, read by a process of its own that has no base.
async fn read(rig: &Rig, way: Way) -> Runs {
    for part in way.refuses() {
        let path_contains = (*part).to_owned();
        rig.control.fail_next(FaultRule {
            path_contains,
            status: 400,
            times: u32::MAX,
            ..FaultRule::default()
        });
    }
    rig.control.clear();
    let (graph_url, login_url) = (rig.sim.graph_url(), rig.sim.login_url());
    let settings = GraphSettings { graph_url, login_url, ..GraphSettings::default() };
    let (secrets, clock, ids) = (rig.world.secrets.clone(), rig.clock.clone(), rig.world.ids.clone());
    let client = GraphClient::new(settings, secrets, "graph-reader", clock.clone(), ids).unwrap();
    let directory: Arc<dyn Directory> = Arc::new(GraphDirectory::new(client));
    let permissions = directory.access(rig.tenant()).await.unwrap().permissions;
    let archive = rig.archive.open(rig.tenant()).await.unwrap();
    let mut state = ReadingState {
        tenant: rig.tenant().clone(),
        snapshot: SnapshotId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA"),
        started_at: rig.clock.now(),
        base: None,
        permissions: permissions.clone(),
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
    let reading = Reading::new(directory, &archive, clock, None, &permissions, deadline);
    assert!(reading.run(&mut state).await.unwrap(), "{way:?}");
    rig.control.clear_faults();

    let mut runs = BTreeMap::new();
    for (name, kind) in state.kinds {
        match kind {
            KindState::Done(kind) => {
                assert_eq!(kind.missing, vec![], "{way:?}: {name}");
                runs.extend(kind.runs);
            }
            KindState::Missing(missing) => {
                assert_eq!(missing.cause, MissingCause::Unlicensed, "{way:?}: {name}");
            }
            KindState::Reading(_) => panic!("{way:?}: {name} is not read"),
        }
    }
    assert_went(rig, way);
    contents(&archive, &runs).await
}

/// What was asked for shows that it was read in that way.
fn assert_went(rig: &Rig, way: Way) {
    let seen = rig.control.requests(rig.tenant().as_str());
    let answered = |part: &str| seen.iter().any(|r| r.status == 200 && r.path_and_query.contains(part));
    let round_of_users = seen.iter().any(|r| {
        r.status == 200 && r.path_and_query.contains("/users/delta?") && !r.path_and_query.contains("token=")
    });
    let expected = match way {
        Way::Usual => (true, true, false),
        Way::Rounds => (false, true, true),
        Way::Lists => (true, false, false),
    };
    let went = (answered("expand=manager"), answered("/groups/delta?"), round_of_users);
    assert_eq!(went, expected, "{way:?}: users listed, deltas of groups, a round of users");
}

/// Fails with the first records that differ.
fn assert_equal(found: &Runs, expected: &Runs, when: &str) {
    let names = |runs: &Runs| runs.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(found), names(expected), "{when}: the runs");
    for (name, records) in expected {
        let found = &found[name];
        let keys: BTreeSet<_> = records.keys().chain(found.keys()).collect();
        let differs = keys.into_iter().find(|key| records.get(*key) != found.get(*key));
        if let Some(key) = differs {
            let (is, not) = (found.get(key), records.get(key));
            panic!("{when}: {name} {key}\n is  {is:?}\n not {not:?}");
        }
    }
}

/// The links that there are, as Microsoft has them: `from/to`.
fn links(live: &Value, set: &str, relation: &str) -> BTreeSet<String> {
    let objects = live[set].as_object().into_iter().flatten();
    let ends = objects.flat_map(|(id, object)| {
        let ends = object[relation].as_array().cloned().unwrap_or_default();
        ends.into_iter().map(move |to| format!("{id}/{}", to.as_str().unwrap_or_default()))
    });
    ends.collect()
}

/// Each object and each link that there is is held, and no other. Why this too: all ways could lack the same.
fn assert_is_all(held: &Runs, live: &Value, when: &str) {
    let keys = |run: &str| held[run].keys().cloned().collect::<BTreeSet<_>>();
    for (run, set) in [
        ("users", "users"),
        ("groups", "groups"),
        ("administrativeUnits", "directory/administrativeUnits"),
        ("roles", "roleDefinitions"),
    ] {
        let there = live[set].as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(keys(run), there, "{when}: {run}");
    }
    for (run, set, relation) in [
        ("groups.members", "groups", "members"),
        ("groups.owners", "groups", "owners"),
        ("administrativeUnits.members", "directory/administrativeUnits", "members"),
    ] {
        assert_eq!(keys(run), links(live, set, relation), "{when}: {run}");
    }
}

#[tokio::test]
async fn a_tenant_read_by_its_changes_by_rounds_and_by_lists_is_the_same_as_read_whole() {
    let is_all = std::env::var("HOLDFAST_EQUAL_RUNS").is_ok_and(|wanted| wanted == "all");
    let (mut done, mut refused) = (0, 0);
    for seed in (1..=SEEDS).step_by(if is_all { 1 } else { ONE_IN }) {
        let rig = tenant(seed).await;
        let admin = rig.admin(rig.tenant()).await;
        let mut chance = Chance::new(seed, admin.inner(), &rig.dump());
        chance.happens(20).await;
        rig.snapshot().await;
        rig.clock.advance(SignedDuration::from_hours(1));
        chance.happens(30).await;

        let later = rig.snapshot().await;
        assert_eq!(rig.snapshot_row(rig.tenant(), &later).await.mode, Some(SnapshotMode::Incremental));
        let archive = rig.archive.open(rig.tenant()).await.unwrap();
        let runs = rig.manifest(rig.tenant(), &later).await.unwrap().runs;
        let by_changes = contents(&archive, &runs).await;
        assert_is_all(&by_changes, &rig.dump(), &format!("seed {seed}, by changes"));
        for way in [Way::Usual, Way::Rounds, Way::Lists] {
            assert_equal(
                &read(&rig, way).await,
                &by_changes,
                &format!("seed {seed}, {way:?} and by changes"),
            );
        }
        (done, refused) = (done + chance.done, refused + chance.refused);
    }
    println!("{done} changes were made, {refused} were refused");
    assert!(done > 3 * refused, "chance makes too little happen: {done} changes, {refused} refused");
}
