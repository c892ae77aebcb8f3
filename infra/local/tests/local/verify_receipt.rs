//! `holdfast verify-receipt`: what was done to a receipt after it was given out is found, with no installation at hand.

use backup::archive::Archive;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::restore::{Phase, RestorePlan, Step, WriteAction};
use domain::{OrganisationId, RestoreId, SnapshotId, TenantId};
use engine::ports::{Clock, KeyRing};
use engine::records::{Approval, Cause, Course, Records, Restore, RestoreState, StoredKey};
use engine::signed;
use jiff::SignedDuration;
use local::commands::{check_receipt, said_of_receipt};
use restore::commands::restores::Restores;
use restore::plans::PlanStore;
use restore::preview_restore::Archived;
use restore::run_restore::{Ports, Request, Worker};
use serde_json::{Value, json};
use std::sync::Arc;
use support::builders::previewed_restore;
use support::memory::{Nobody, World};

/// So many steps are two pages.
const STEPS: u32 = 2_000;
const ULID: &str = "01JAAAAAAAAAAAAAAAAAAAAAAA";

/// The pages of a receipt as the API answers them, and the installation's keys.
struct GivenOut {
    pages: Vec<Value>,
    keys: String,
}

impl GivenOut {
    fn checked(&self, pages: &[Value]) -> Result<String, String> {
        let text = pages.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
        let receipt = check_receipt(&text, Some(&self.keys)).map_err(|e| e.to_string())?;
        Ok(said_of_receipt(&receipt, true).join("\n"))
    }
}

fn step(number: u32) -> Step {
    Step {
        number,
        phase: Phase::Users,
        kind: support::kind("users").name.into(),
        key: format!("u{number}"),
        id: format!("u{number}"),
        name: Some("Ann".to_owned()),
        action: WriteAction::Undelete { new_name: None, without: Vec::new() },
        before: None,
        after: None,
        depends_on: Vec::new(),
        instead: None,
        warnings: Vec::new(),
    }
}

/// What happened to a restore besides, before its receipt was signed.
#[derive(Default)]
struct Story {
    /// Whoever approved its plan, as whom, and for which restore that was, if not for this one.
    approval: Option<(&'static str, bool, Option<RestoreId>)>,
    run_by: Option<&'static str>,
    passes: SignedDuration,
}

/// The receipt of a restore of that world that somebody stopped before it began.
async fn given_out(seed: u64) -> GivenOut {
    given_out_of(seed, RestoreState::Cancelled).await
}

/// The same of one that ended so, by somebody or by the tick.
async fn given_out_of(seed: u64, state: RestoreState) -> GivenOut {
    given_out_after(seed, state, Story::default()).await
}

async fn given_out_after(seed: u64, state: RestoreState, story: Story) -> GivenOut {
    let is_stopped = state == RestoreState::Cancelled;
    let mut course = Course::default();
    if state == RestoreState::Failed {
        course.fail(Cause::Lost);
    }
    let world = World::new(seed);
    let records = Records::new(world.catalog.clone(), world.clock.clone());
    let tenant: TenantId = "a1b2c3d4-0000-1111-2222-333344445555".parse().unwrap();
    let (id, now) = (RestoreId::from_ulid(ULID), world.clock.now());
    let (_, wrapped) = world.key_ring.generate(&tenant).await.unwrap();
    let organisation = OrganisationId::from_ulid(ULID);
    let key = StoredKey { tenant: tenant.clone(), organisation, wrapped, created_at: now };
    records.put_new(&key).await.unwrap();
    let archive = Arc::new(Archive::new(world.vault.clone(), world.key_ring.clone(), records.clone()));
    let plans = Arc::new(Archived::new(archive, records.clone()));
    let plan = RestorePlan { steps: (1..=STEPS).map(step).collect(), ..RestorePlan::default() };
    plans.put_new_plan(&tenant, &id, &plan).await.unwrap();
    let row = Restore {
        requested_by: "per_ann".to_owned(),
        state,
        done_at: is_stopped.then_some(now),
        attempts: 1,
        cancelled_by: is_stopped.then(|| "per_bob".to_owned()),
        course,
        run_by: story.run_by.map(str::to_owned),
        ..previewed_restore(&tenant, id.clone(), SnapshotId::from_ulid(ULID), now)
    };
    records.put_new(&row).await.unwrap();
    if let Some((by, is_second, of)) = story.approval {
        let hash = plans.find_plan(&tenant, &id).await.unwrap().unwrap().hash;
        let (tenant, restore, by) = (tenant.clone(), id.clone(), by.to_owned());
        let approval = Approval { tenant, restore, plan: hash, by, at: now, is_second, of, used_by: None };
        records.put_new(&approval).await.unwrap();
    }
    world.clock.advance(story.passes);
    let worker = Worker::new(Ports {
        directory: Arc::new(Nobody),
        writer: Arc::new(Nobody),
        vault: world.vault.clone(),
        keys: world.key_ring.clone(),
        records: records.clone(),
        queue: world.queue.clone(),
        clock: world.clock.clone(),
        ids: world.ids.clone(),
        signer: world.signer.clone(),
    });
    let request = Request { tenant: tenant.clone(), restore: id.clone() };
    Box::pin(worker.run(&request, world.clock.now() + SignedDuration::from_mins(5))).await.unwrap();
    let restores = Restores {
        records,
        comparisons: plans.clone(),
        plans,
        queue: world.queue.clone(),
        clock: world.clock.clone(),
        ids: world.ids.clone(),
    };
    let (mut pages, mut cursor): (Vec<Value>, Option<String>) = (Vec::new(), None);
    loop {
        let read = restores.read_receipt(&tenant, &id, cursor.as_deref()).await.unwrap();
        pages.push(
            json!({ "signed": read.signed, "page": read.page, "entries": read.entries, "next": read.next }),
        );
        cursor = read.next;
        if cursor.is_none() {
            break;
        }
    }
    let keys = serde_json::to_string(&signed::key_set(&*world.signer).await.unwrap()).unwrap();
    GivenOut { pages, keys }
}

#[tokio::test]
async fn a_receipt_of_several_pages_is_whole_and_says_who_did_what() {
    let given = given_out(1).await;
    assert!(given.pages.len() > 1);
    assert!(given.pages.iter().all(|page| page.to_string().len() < 1_000_000));
    let said = given.checked(&given.pages).unwrap();
    for part in
        ["was stopped", "2000 entries", "2000 without an end", "asked for by per_ann", "stopped by per_bob"]
    {
        assert!(said.contains(part), "{part:?} in {said}");
    }
}

#[tokio::test]
async fn whatever_is_edited_in_a_receipt_is_found() {
    let given = given_out(1).await;
    let edited = |edit: &dyn Fn(&mut Vec<Value>)| {
        let mut pages = given.pages.clone();
        edit(&mut pages);
        given.checked(&pages).unwrap_err()
    };
    let altered = edited(&|pages| pages[0]["entries"][0]["id"] = json!("eve"));
    assert!(altered.contains("page 1 of the receipt was altered"), "{altered}");
    let one_less = edited(&|pages| drop(pages[1]["entries"].as_array_mut().unwrap().pop()));
    assert!(one_less.contains("page 2 of the receipt was altered"), "{one_less}");
    let cut = edited(&|pages| drop(pages.pop()));
    assert!(cut.contains("is missing"), "{cut}");
    edited(&|pages| pages.swap(0, 1));
    let added = edited(&|pages| {
        pages.push(json!({ "signed": pages[0]["signed"], "page": 2, "entries": [], "next": null }));
    });
    assert!(added.contains("is not of the receipt"), "{added}");
    edited(&Vec::clear);
    let moved = edited(&|pages| pages[1]["page"] = json!(7));
    assert!(moved.contains("its own place"), "{moved}");
    edited(&|pages| pages[0]["note"] = json!("all is well"));
    // The head: what it says, and under whose key.
    let forged = edited(&|pages| {
        let signed = pages[0]["signed"].as_str().unwrap().to_owned();
        let parts: Vec<&str> = signed.split('.').collect();
        let payload = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
        let payload = BASE64_URL_SAFE_NO_PAD.encode(payload.replace("per_bob", "per_eve"));
        for page in pages {
            page["signed"] = json!(format!("{}.{payload}.{}", parts[0], parts[2]));
        }
    });
    assert!(forged.contains("was altered after it was signed"), "{forged}");
    let other = given_out(2).await;
    let strange = given.checked(&other.pages).unwrap_err();
    assert!(strange.contains("under none of the keys"), "{strange}");
    let unsigned = edited(&|pages| pages.iter_mut().for_each(|page| page["signed"] = json!("no signature")));
    assert!(unsigned.contains("carries no signature"), "{unsigned}");
    let mixed = edited(&|pages| pages[1] = other.pages[1].clone());
    assert!(mixed.contains("more than one receipt"), "{mixed}");
}

#[tokio::test]
async fn a_name_that_stands_twice_in_an_entry_is_refused_since_each_reader_takes_another() {
    let given = given_out(1).await;
    let text = given.pages.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
    for name in ["\"id\":\"u1\"", "\"page\":0"] {
        let (field, _) = name.split_once(':').unwrap();
        let twice = text.replacen(name, &format!("{field}:\"eve\",{name}"), 1);
        assert_ne!(twice, text, "{name}");
        let error = check_receipt(&twice, Some(&given.keys)).unwrap_err();
        assert!(error.to_string().contains("no receipt as the API answers it"), "{name}: {error}");
    }
}

#[tokio::test]
async fn what_was_given_up_says_why_and_when_though_the_tick_ended_it() {
    let given = given_out_of(1, RestoreState::Failed).await;
    let said = given.checked(&given.pages).unwrap();
    for part in [
        "was given up",
        "given up since the job that took it up was never heard of again",
        "2000 without an end",
    ] {
        assert!(said.contains(part), "{part:?} in {said}");
    }
    let head = given.pages[0]["signed"].as_str().unwrap().split('.').nth(1).unwrap();
    let head: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(head).unwrap()).unwrap();
    assert!(head["endedAt"].is_string(), "{head}");
}

#[tokio::test]
async fn who_approved_what_was_never_run_ran_nothing_and_an_approval_says_as_whom_and_for_what() {
    let other = RestoreId::from_ulid("01JBBBBBBBBBBBBBBBBBBBBBBB");
    let (second, carried) = (("per_bob", true, None), ("per_bob", true, Some(other.clone())));
    let hours = SignedDuration::from_hours;
    // Approved and not run in time; approved and stopped before it was run; carried over and stopped; run by its own approver.
    let cases: [(RestoreState, Story, &[&str], &[&str]); 5] = [
        (
            RestoreState::Previewed,
            Story { approval: Some(second.clone()), run_by: None, passes: hours(25) },
            &["was not run in time", "approved by a second person, per_bob, at", "never run"],
            &["never approved", "run by per_bob", "who ran it"],
        ),
        (
            RestoreState::Previewed,
            Story { passes: hours(25), ..Story::default() },
            &["was not run in time", "never run"],
            &["approved by"],
        ),
        (
            RestoreState::Cancelled,
            Story { approval: Some(second), run_by: None, passes: hours(1) },
            &["was stopped", "approved by a second person, per_bob, at", "never run"],
            &["run by per_bob", "who ran it"],
        ),
        (
            RestoreState::Cancelled,
            Story { approval: Some(carried), run_by: Some("per_ann"), passes: hours(1) },
            &[
                "approved by a second person, per_bob, for",
                other.as_str(),
                "to be run by per_ann, and never begun",
            ],
            &["run by per_bob"],
        ),
        (
            RestoreState::Cancelled,
            Story { approval: Some(("per_ann", false, None)), run_by: None, passes: hours(1) },
            &["approved by per_ann, who ran it, at", "to be run by per_ann"],
            &["second"],
        ),
    ];
    for (state, story, says, says_not) in cases {
        let given = given_out_after(1, state, story).await;
        let said = given.checked(&given.pages).unwrap();
        for part in says {
            assert!(said.contains(part), "{part:?} in {said}");
        }
        for part in says_not {
            assert!(!said.contains(part), "{part:?} not in {said}");
        }
    }
}
