//! Somebody puts another plan in the place of the one that was approved, damages it, or runs a preview when its time is
//! over: nothing is written to the tenant, and the restore says that it has failed.

use super::data_plane::Client;
use super::put_back::{preview, snapshot};
use super::rig::Rig;
use domain::RestoreId;
use domain::restore::{RestorePlan, WriteAction};
use http::{Method, StatusCode};
use jiff::SignedDuration;
use restore::plans::PlanStore;
use restore::preview_restore::Archived;
use serde_json::{Value, json};

/// What somebody does to a stored plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    /// The sealed plan of another restore stands in its place.
    Swapped,
    /// One byte of it is another.
    Flipped,
    Removed,
    /// Somebody who has the tenant's key seals another plan under its name.
    Resealed,
    /// As it was, with another value in one step.
    Edited,
}

const DEEDS: [Deed; 5] = [Deed::Swapped, Deed::Flipped, Deed::Removed, Deed::Resealed, Deed::Edited];

async fn tamper(rig: &Rig, of: &RestoreId, other: &RestoreId, deed: Deed) {
    let (vault, tenant) = (&rig.world.vault, rig.tenant());
    let plans = Archived::new(rig.archive.clone(), rig.records.clone());
    let blob = |of: &RestoreId| {
        let is_plan = |name: &str| name.contains(of.as_str()) && name.contains("plan");
        let mut all = vault.blobs(tenant).into_iter();
        all.find(|(name, _)| is_plan(name.as_str())).expect("a preview was made")
    };
    let name = blob(of).0;
    let mut plan = plans.find_plan(tenant, of).await.unwrap().unwrap().plan;
    match deed {
        Deed::Swapped => vault.overwrite(tenant, &name, blob(other).1),
        Deed::Flipped => vault.flip_byte(tenant, &name, 200),
        Deed::Removed => assert!(vault.remove(tenant, &name)),
        Deed::Resealed => {
            assert!(vault.remove(tenant, &name));
            let other: RestorePlan = plans.find_plan(tenant, other).await.unwrap().unwrap().plan;
            plans.put_new_plan(tenant, of, &other).await.unwrap();
        }
        Deed::Edited => {
            let WriteAction::Update { body, .. } = &mut plan.steps[0].action else { panic!("{plan:?}") };
            body.insert("jobTitle".to_owned(), json!("Intruder"));
            assert!(vault.remove(tenant, &name));
            plans.put_new_plan(tenant, of, &plan).await.unwrap();
        }
    }
}

/// How often the writing application wrote.
fn writes(rig: &Rig) -> usize {
    let all = rig.control.requests(rig.tenant().as_str());
    all.iter().filter(|request| request.app == sim::WRITER_CLIENT_ID && request.is_write).count()
}

#[tokio::test]
async fn a_plan_that_was_replaced_or_damaged_writes_nothing_whenever_that_was_done() {
    for (deed, is_approved_first) in DEEDS.into_iter().flat_map(|deed| [(deed, false), (deed, true)]) {
        let rig = Rig::new().await;
        let (admin, stage) = rig.staged().await;
        let client = Client::new(&rig).await;
        let first = snapshot(&client).await;
        stage.happen(&admin).await;
        let of = |name: &str, kind: &str| json!({ "snapshot": first, "items": [{ "kind": kind, "key": stage.id(name) }] });
        let (path, _) = preview(&client, &of("Maya", "users")).await;
        let (other, _) = preview(&client, &of("Warehouse", "groups")).await;
        let id = |path: &str| path.split_once('/').unwrap().1.parse::<RestoreId>().unwrap();
        let before = rig.dump();
        let run = format!("{path}/run");
        let at = format!("{deed:?}, approved first: {is_approved_first}");
        if is_approved_first {
            let (status, said) = client.ask_below(Method::POST, &run, None).await;
            assert_eq!(status, StatusCode::ACCEPTED, "{at}: {said}");
            tamper(&rig, &id(&path), &id(&other), deed).await;
        } else {
            tamper(&rig, &id(&path), &id(&other), deed).await;
            client.ask_below(Method::POST, &run, None).await;
        }
        rig.settle().await;
        assert_eq!(writes(&rig), 0, "{at}");
        assert_eq!(rig.dump(), before, "{at}");
        let (status, shown) = client.ask_below(Method::GET, &path, None).await;
        assert_ne!(shown["state"], "done", "{at}: {status} {shown}");
    }
}

#[tokio::test]
async fn a_preview_whose_time_is_over_is_run_by_nobody() {
    for (what, kind, hours) in [("Maya", "users", 25), ("Noah", "admins", 1)] {
        let rig = Rig::new().await;
        let (admin, stage) = rig.staged().await;
        let client = Client::new(&rig).await;
        let first = snapshot(&client).await;
        stage.happen(&admin).await;
        let key = if kind == "admins" {
            // Noah is a Helpdesk Administrator no longer, and whoever gives that role gives power.
            format!("{}|729827e3-9c14-49f7-bb1b-9608f156bbb8|/|", stage.id(what))
        } else {
            stage.id(what).to_owned()
        };
        let asked = json!({ "snapshot": first, "items": [{ "kind": kind, "key": key }] });
        let (path, shown) = preview(&client, &asked).await;
        assert_ne!(shown["items"], json!([]), "{shown}");
        assert_eq!(shown["privileged"], Value::Bool(kind == "admins"));
        let before = rig.dump();
        rig.clock.advance(SignedDuration::from_hours(hours));
        let (status, said) = client.ask_below(Method::POST, &format!("{path}/run"), None).await;
        assert_eq!(status, StatusCode::CONFLICT, "{said}");
        rig.settle().await;
        assert_eq!((writes(&rig), rig.dump() == before), (0, true), "{kind}");
    }
}
