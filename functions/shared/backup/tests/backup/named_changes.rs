//! Changes that are looked for by the names of their objects: only pages that may hold them are read.
use backup::archive::{Archive, MOST_PAGES, find_changes};
use backup::commands::diffs::Diffs;
use domain::{DiffId, SnapshotId, TenantId, kinds};
use engine::ports::{Clock, KeyRing, Page};
use engine::records::{Diff, JobState, Records, Side, StoredKey};
use serde_json::{Value, json};
use std::sync::Arc;
use support::builders::queued_comparison;
use support::faulty::{FaultPlan, Faulty};
use support::memory::World;

struct Stored {
    world: World,
    records: Records,
    archive: Arc<Archive>,
    tenant: TenantId,
    faults: Arc<FaultPlan>,
    row: Diff,
}

fn change(kind: &str, key: &str, new_key: Option<&str>) -> Value {
    let mut change = json!({
        "kind": kind, "key": key, "what": "modified", "attributes": [], "links": [], "consequences": 0,
        "privileged": false,
    });
    if let Some(new_key) = new_key {
        change["newKey"] = json!(new_key);
    }
    change
}

impl Stored {
    async fn of(pages: Vec<Vec<Value>>) -> Self {
        let (world, faults) = (World::new(3), FaultPlan::new());
        let tenant: TenantId = "a1b2c3d4-0000-1111-2222-333344445555".parse().unwrap();
        let records = Records::new(world.catalog.clone(), world.clock.clone());
        let (_, wrapped) = world.key_ring.generate(&tenant).await.unwrap();
        let now = world.clock.now();
        records
            .put_new(&StoredKey {
                tenant: tenant.clone(),
                organisation: domain::OrganisationId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA"),
                wrapped,
                created_at: now,
            })
            .await
            .unwrap();
        let vault = Faulty::new(world.vault.clone(), &faults);
        let archive = Arc::new(Archive::new(vault, world.key_ring.clone(), records.clone()));
        let id = DiffId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA");
        let opened = archive.open(&tenant).await.unwrap();
        for (number, page) in pages.iter().enumerate() {
            let bytes = serde_json::to_vec(page).unwrap();
            opened.put_new(&format!("diffs/{id}/{number:06}"), &bytes).await.unwrap();
        }
        faults.take_log();
        let row = Diff {
            state: JobState::Done,
            done_at: Some(now),
            attempts: 1,
            pages: u32::try_from(pages.len()).unwrap(),
            ..queued_comparison(
                &tenant,
                id,
                SnapshotId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA"),
                Side::Live,
                now,
            )
        };
        records.put_new(&row).await.unwrap();
        Self { world, records, archive, tenant, faults, row }
    }

    /// What was found of these, whether that is all, and how many pages were read for it.
    async fn find(&self, sought: &[(&str, &str)]) -> (Vec<Option<String>>, bool, usize) {
        let sought: Vec<_> = sought.iter().map(|(kind, key)| (kinds::get(kind).unwrap(), *key)).collect();
        let archive = self.archive.open(&self.tenant).await.unwrap();
        let found = find_changes(&archive, &self.row, &sought).await.unwrap();
        let keys = found.changes.into_iter().map(|change| change.map(|c| c.key)).collect();
        (keys, found.is_complete, self.faults.take_log().count_of_port("vault"))
    }
}

/// So many pages of twenty changed users each.
fn users(pages: usize) -> Vec<Vec<Value>> {
    let page = |p: usize| (0..20).map(move |n| change("users", &format!("u{:06}", p * 20 + n), None));
    (0..pages).map(|p| page(p).collect()).collect()
}

#[tokio::test]
async fn a_few_objects_of_a_large_comparison_are_found_in_a_few_pages() {
    let mut pages = users(200);
    pages.push(vec![change("groups", "u000001", None)]);
    let stored = Stored::of(pages).await;
    let (found, is_complete, reads) = stored.find(&[("users", "u001999"), ("groups", "u000001")]).await;
    assert_eq!(found, [Some("u001999".to_owned()), Some("u000001".to_owned())]);
    assert!(is_complete && reads <= 16, "{reads} reads");
    let (found, ..) = stored.find(&[("groups", "u001999")]).await;
    assert_eq!(found, [None], "of that kind there is none");
}

#[tokio::test]
async fn many_objects_are_found_and_each_page_is_read_once() {
    let stored = Stored::of(users(60)).await;
    let keys: Vec<_> = (0..1_000).map(|n| format!("u{n:06}")).collect();
    let sought: Vec<_> = keys.iter().map(|key| ("users", key.as_str())).collect();
    let (found, _, reads) = stored.find(&sought).await;
    assert!(found.iter().all(Option::is_some) && reads <= 60, "{reads} reads");
}

#[tokio::test]
async fn what_was_created_again_is_found_by_its_former_key() {
    let mut pages = users(30);
    pages.push(vec![change("users", "a-former", Some("u999999"))]);
    let stored = Stored::of(pages).await;
    let (found, is_complete, _) = stored.find(&[("users", "a-former")]).await;
    assert_eq!((found, is_complete), (vec![Some("a-former".to_owned())], true));
}

#[tokio::test]
async fn what_is_not_there_costs_so_many_pages_and_it_is_said_whether_these_were_all() {
    for (pages, expected) in [(30, true), (MOST_PAGES + 50, false)] {
        let stored = Stored::of(users(pages)).await;
        let (found, is_complete, reads) = stored.find(&[("users", "zzz")]).await;
        assert_eq!((found, is_complete), (vec![None], expected));
        assert!(reads <= MOST_PAGES, "{reads} reads");
    }
}

#[tokio::test]
async fn a_part_of_the_changes_reads_a_few_pages_whatever_its_limit_and_all_parts_give_all() {
    let pages: Vec<_> = (0..100).map(|n| vec![change("users", &format!("u{n:06}"), None)]).collect();
    let stored = Stored::of(pages).await;
    let diffs = Diffs {
        archive: stored.archive.clone(),
        records: stored.records.clone(),
        queue: stored.world.queue.clone(),
        clock: stored.world.clock.clone(),
        ids: stored.world.ids.clone(),
    };
    let (mut keys, mut after) = (Vec::new(), None);
    loop {
        let page = Page { after, ..Page::first(200) };
        let part = diffs.changes(&stored.tenant, &stored.row.id, page).await.unwrap();
        let reads = stored.faults.take_log().count_of_port("vault");
        assert!(reads <= 8, "{reads} reads");
        keys.extend(part.items.into_iter().map(|change| change.key));
        after = part.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(keys, (0..100).map(|n| format!("u{n:06}")).collect::<Vec<_>>());
}
