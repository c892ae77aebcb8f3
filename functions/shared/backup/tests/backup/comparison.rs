//! Comparisons object by object: the same changes as of everything at once, wherever they are suspended, within bounds.

use crate::side_by_side::{SideBySide, Sides, id, kinds_of};
use backup::diff_snapshots::{PAGE, PAGE_BYTES};
use domain::changes::{Change, Rating, What};
use domain::kinds::KINDS;
use proptest::prelude::*;
use serde_json::json;
use support::faulty::Mode;

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// The changes without what is known of them besides, which the oracle does not look for.
fn plain(changes: &[Change]) -> Vec<Change> {
    changes.iter().map(|change| Change { rating: Rating::default(), ..change.clone() }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    #[test]
    fn a_comparison_is_that_of_everything_at_once_wherever_it_is_put_down(seed in any::<u64>()) {
        run(async move {
            let sides = Sides::random(seed);
            let stage = SideBySide::new(&sides).await;
            let expected = stage.at_once().await;
            let (in_one, _) = stage.compare(None, 1).await;
            assert_eq!(plain(&in_one), expected, "seed {seed}");
            let (in_pieces, invocations) = stage.compare(None, 2).await;
            assert_eq!(in_pieces, in_one, "seed {seed}, in {invocations} pieces");
        });
    }
}

#[test]
fn random_pairs_have_everything_that_a_comparison_tells() {
    run(async {
        let mut told = String::new();
        for seed in 0..12 {
            told +=
                &serde_json::to_string(&SideBySide::new(&Sides::random(seed)).await.at_once().await).unwrap();
        }
        for part in
            ["created", "deleted", "modified", "newKey", "groups.members", "users.manager", "activeAdmins"]
        {
            assert!(told.contains(&format!("\"{part}\"")), "{part}");
        }
        assert!(told.contains(r#""consequences":2"#) && told.contains("customSecurityAttributes"));
    });
}

#[test]
fn each_invocation_does_at_least_one_object_and_the_count_of_them_follows_from_the_objects() {
    run(async {
        let stage = SideBySide::new(&Sides::random(3)).await;
        let (changes, invocations) = stage.compare(None, 2).await;
        assert!(invocations > changes.len(), "{invocations} invocations for {} changes", changes.len());
        assert_eq!(stage.compare(None, 1).await.1, 1);
    });
}

#[test]
fn a_change_of_one_object_alone_is_found_among_all_of_them() {
    run(async {
        let stage = SideBySide::new(&Sides::random(5)).await;
        let all = stage.at_once().await;
        let one = all.iter().find(|c| c.new_key.is_some()).or(all.first()).unwrap().clone();
        let (found, _) = stage.compare(Some(one.key.clone()), 2).await;
        let expected: Vec<_> =
            all.into_iter().filter(|c| c.key == one.key || c.new_key.as_ref() == Some(&one.key)).collect();
        assert_eq!(plain(&found), expected);
    });
}

/// Graph may go on to list what somebody holds by the id of before.
#[test]
fn a_role_given_under_the_former_id_of_who_was_created_again_is_told_with_a_name() {
    run(async {
        let (old, new, role) = (id(1), id(2), id(60));
        let person = |id: &str| Some(json!({ "id": id, "displayName": "Person 7" }));
        let mut sides = Sides { new_ids: vec![(old.clone(), new.clone())], ..Sides::default() };
        sides.object("users", &old, person(&old), None);
        sides.object("users", &new, None, person(&new));
        let held = Some(json!({ "id": role, "displayName": "Helpdesk Administrator" }));
        sides.object("roles", &role, held.clone(), held);
        let fact = json!({ "id": "fact", "principalId": old, "roleDefinitionId": role, "directoryScopeId": "/",
            "memberType": "Direct", "assignmentType": "Assigned" });
        sides.put("activeAdmins", &format!("{old}|{role}|/|"), None, Some(fact));
        let (changes, _) = SideBySide::new(&sides).await.compare(None, 1).await;
        let told: Vec<_> = changes.iter().map(|c| c.name.as_deref()).collect();
        assert_eq!(told, [Some("Person 7: Helpdesk Administrator")]);
    });
}

/// A user, a role that they hold and one that they may activate, a unit that somebody administers: and all of it still listed
/// when user and unit are not there any more.
fn still_listed(are_binned: bool) -> Sides {
    let (user, unit, other, role) = (id(1), id(2), id(3), id(60));
    let mut sides = Sides::default();
    let named = |id: &str| Some(json!({ "id": id, "displayName": format!("Object {id}") }));
    sides.object("users", &user, named(&user), None);
    sides.object("users", &other, named(&other), named(&other));
    sides.object("administrativeUnits", &unit, named(&unit), None);
    sides.object("roles", &role, named(&role), named(&role));
    sides.runs.entry("groups".to_owned()).or_default();
    for (run, key) in [("users.bin", &user), ("groups.bin", &role), ("administrativeUnits.bin", &unit)] {
        sides.put(run, key, None, (are_binned && run != "groups.bin").then(|| json!("")));
    }
    for (kind, who, scope) in [
        ("admins", &user, "/".to_owned()),
        ("eligibleAdmins", &user, "/".to_owned()),
        ("admins", &other, format!("/administrativeUnits/{unit}")),
        ("admins", &other, "/".to_owned()),
    ] {
        let fact = json!({ "id": format!("{kind}{scope}"), "principalId": who, "roleDefinitionId": role,
            "directoryScopeId": scope, "memberType": "Direct" });
        sides.put(kind, &format!("{who}|{role}|{scope}|"), Some(fact.clone()), Some(fact));
    }
    sides
}

/// Whether Graph goes on listing it is not documented.
#[test]
fn a_role_that_is_still_listed_of_who_is_gone_for_good_or_over_what_is_gone_is_told_as_gone() {
    run(async {
        let (changes, _) = SideBySide::new(&still_listed(false)).await.compare(None, 2).await;
        let told: Vec<_> = changes.iter().map(|c| (c.kind.to_string(), c.what)).collect();
        let gone = |kind: &str| (kind.to_owned(), What::Deleted);
        let all = ["users", "administrativeUnits", "admins", "admins", "eligibleAdmins"];
        let mut expected: Vec<_> = all.map(gone).to_vec();
        let mut told_in_any_order = told;
        expected.sort();
        told_in_any_order.sort();
        assert_eq!(told_in_any_order, expected);
    });
}

#[test]
fn a_role_of_who_lies_in_the_recycle_bin_goes_and_comes_with_them() {
    run(async {
        let (changes, _) = SideBySide::new(&still_listed(true)).await.compare(None, 1).await;
        let told: Vec<_> = changes.iter().map(|c| c.kind.to_string()).collect();
        assert_eq!(told, ["administrativeUnits", "users"]);
    });
}

#[test]
fn a_role_that_is_given_to_the_new_id_is_no_change_though_it_is_listed_by_the_former_one_too() {
    run(async {
        let (old, new, role) = (id(1), id(4), id(60));
        let mut sides = still_listed(false);
        sides.new_ids.push((old.clone(), new.clone()));
        let user = Some(json!({ "id": new, "displayName": format!("Object {old}") }));
        sides.object("users", &new, None, user);
        for kind in ["admins", "eligibleAdmins"] {
            let fact = json!({ "id": "new", "principalId": new, "roleDefinitionId": role, "directoryScopeId": "/",
                "memberType": "Direct" });
            sides.put(kind, &format!("{new}|{role}|/|"), None, Some(fact));
        }
        let (changes, _) = SideBySide::new(&sides).await.compare(None, 1).await;
        let told: Vec<_> = changes.iter().map(|c| (c.kind.to_string(), c.what)).collect();
        let unit = ("administrativeUnits".to_owned(), What::Deleted);
        assert_eq!(told, [unit, ("admins".to_owned(), What::Deleted)], "the unit, and the role over it");
    });
}

#[test]
fn pages_are_cut_by_bytes_and_by_count_and_what_is_stored_between_is_no_more_than_a_page_and_the_ids() {
    run(async {
        let mut sides = Sides::default();
        for n in 0..300 {
            // Some pages are full by their count, others by their bytes; one change is larger than a page.
            let size = if n < 220 {
                10
            } else if n == 260 {
                PAGE_BYTES
            } else {
                9_000
            };
            let key = format!("{n:08x}-0000-4000-8000-000000000000");
            let user = |note: &str| json!({ "id": key, "displayName": format!("User {n}"), "aboutMe": note });
            sides.object("users", &key, Some(user("")), Some(user(&"x".repeat(size))));
        }
        let stage = SideBySide::new(&sides).await;
        let (changes, _) = stage.compare(None, 2).await;
        assert_eq!(changes.len(), 300);
        let pages = stage.pages().await;
        assert!(pages.iter().any(|(changes, _)| *changes == PAGE), "{pages:?}");
        assert!(
            pages.iter().any(|(changes, bytes)| *changes > 1 && *changes < PAGE && *bytes > PAGE_BYTES / 2)
        );
        assert!(pages.iter().any(|(changes, bytes)| *changes == 1 && *bytes > PAGE_BYTES), "{pages:?}");
        for (changes, bytes) in &pages {
            assert!(*changes <= PAGE && (*bytes <= PAGE_BYTES || *changes == 1), "{pages:?}");
        }
        assert_eq!(stage.listed(7).await, changes, "a list has them all, wherever pages are cut");
        assert_eq!(stage.listed(200).await, changes);
        let largest = stage.largest_stored_state().await;
        assert!(largest < 2 * PAGE_BYTES + (64 << 10), "{largest} bytes were stored");
    });
}

#[test]
fn a_comparison_ends_the_same_wherever_its_process_dies_while_it_is_suspended_and_resumed() {
    run(async {
        let mut sides = Sides::default();
        let object = |n: usize, v: usize| {
            Some(json!({ "id": id(n), "displayName": format!("Object {n}"), "description": v }))
        };
        sides.object("users", &id(0), object(0, 0), object(0, 1));
        sides.object("users", &id(1), object(1, 0), None);
        sides.object("groups", &id(14), object(14, 0), object(14, 0));
        sides.put("groups.members", &format!("{}/{}", id(14), id(1)), Some(json!({})), None);
        sides.put("groups.members", &format!("{}/{}", id(14), id(0)), None, Some(json!({})));
        let stage = SideBySide::new(&sides).await;
        let (expected, calls) = stage.compare_dying(None).await;
        assert_eq!((expected.len(), expected[0].consequences + expected[1].consequences), (3, 1));
        assert!(calls > 40, "{calls} calls");
        for call in 0..calls {
            for mode in [Mode::Before, Mode::After] {
                let stage = SideBySide::new(&sides).await;
                let (changes, _) = stage.compare_dying(Some((call, mode))).await;
                assert_eq!(changes, expected, "call {call} of {calls}, {mode:?}");
            }
        }
    });
}

#[test]
fn each_continuation_is_a_message_of_its_own_that_the_queue_does_not_take_for_the_one_before() {
    run(async {
        let mut sides = Sides::default();
        for n in 0..3 {
            let user = |v: usize| Some(json!({ "id": id(n), "displayName": "User", "description": v }));
            sides.object("users", &id(n), user(0), user(1));
        }
        let stage = SideBySide::new(&sides).await;
        let (_, invocations) = stage.compare(None, 2).await;
        assert!(invocations > 2, "{invocations} invocations");
        assert_eq!(stage.messages(), invocations);
    });
}

#[test]
fn a_service_plan_more_for_everybody_is_no_change_and_nothing_is_kept_of_it() {
    run(async {
        let mut sides = Sides::default();
        for n in 0..40 {
            let user = |plans: usize| {
                let plans: Vec<_> = (0..plans)
                    .map(|p| {
                        json!({ "assignedDateTime": "2026-01-02T03:04:05Z", "capabilityStatus": "Enabled",
                        "service": "exchange", "servicePlanId": id(1000 + p) })
                    })
                    .collect();
                json!({ "id": id(n), "displayName": format!("User {n}"), "assignedPlans": plans })
            };
            sides.object("users", &id(n), Some(user(90)), Some(user(91)));
        }
        let stage = SideBySide::new(&sides).await;
        let (changes, invocations) = stage.compare(None, 2).await;
        assert!(changes.is_empty() && invocations > 80, "{invocations}");
        let largest = stage.largest_stored_state().await;
        assert!(largest < 1_000, "{largest} bytes were stored beside {} bytes of users", 40 * 90 * 150);
    });
}

const POLICIES: &str = "DeviceConfiguration";

/// So many policies of a type, from that number on, which differ in what `after` adds to each.
fn policies(
    sides: &mut Sides,
    (first, count): (usize, usize),
    of_type: &str,
    after: impl Fn(usize) -> Option<serde_json::Value>,
) {
    for n in first..first + count {
        let before = json!({ "id": id(n), "@odata.type": of_type, "displayName": format!("Policy {n}"), "note": null });
        let mut now = before.clone();
        for (key, value) in after(n).iter().flat_map(|more| more.as_object().unwrap()) {
            now[key] = value.clone();
        }
        sides.object(POLICIES, &id(n), Some(before), Some(now));
    }
}

/// The keys of what changed, with the paths, both ways: in one invocation and in as many as possible.
async fn told(sides: &Sides) -> (Vec<(String, Vec<String>)>, Vec<(String, String)>) {
    let stage = SideBySide::new(sides).await;
    let (changes, _) = stage.compare(None, 1).await;
    let lines = stage.not_compared().await;
    assert_eq!(stage.compare(None, 2).await.0, changes, "in pieces");
    assert_eq!(stage.not_compared().await, lines, "in pieces");
    let of = |c: domain::changes::Change| (c.key, c.attributes.into_iter().map(|a| a.path).collect());
    // What the sides have no run of is not compared either.
    let of_policies = lines.into_iter().filter(|(source, _)| source.starts_with("DeviceConfiguration."));
    (
        changes.into_iter().map(of).collect(),
        of_policies.filter(|(s, _)| !s.ends_with(".assignments")).collect(),
    )
}

#[test]
fn a_property_that_is_new_in_every_policy_of_a_type_is_one_line_and_what_differs_besides_is_told() {
    run(async {
        let mut sides = Sides::default();
        let new = |n: usize| {
            let renamed = if n == 7 { json!("Renamed") } else { json!(format!("Policy {n}")) };
            Some(json!({ "newlyGiven": n, "displayName": renamed }))
        };
        policies(&mut sides, (0, 64), "#one", new);
        // Of four of another type each is told, and of a type of which some had it before.
        policies(&mut sides, (64, 4), "#few", |_| Some(json!({ "newlyGiven": 1 })));
        let (changes, lines) = told(&sides).await;
        let mut expected: Vec<_> = (64..68).map(|n| (id(n), vec!["newlyGiven".to_owned()])).collect();
        expected.push((id(7), vec!["displayName".to_owned()]));
        expected.sort();
        assert_eq!(changes, expected);
        assert_eq!(lines, [("DeviceConfiguration.newlyGiven".to_owned(), "came-everywhere".to_owned())]);
    });
}

#[test]
fn a_property_that_is_gone_from_every_policy_is_one_line_too() {
    run(async {
        let mut turned = Sides::default();
        policies(&mut turned, (0, 200), "#one", |n| (n != 5).then(|| json!({ "given": true })));
        let mut sides = Sides::default();
        for (key, before) in &turned.runs[POLICIES].0 {
            let read = |text: &String| serde_json::from_str(text).unwrap();
            sides.object(POLICIES, key, Some(read(&turned.runs[POLICIES].1[key])), Some(read(before)));
        }
        let (changes, lines) = told(&sides).await;
        assert_eq!(changes, []);
        assert_eq!(lines, [("DeviceConfiguration.given".to_owned(), "gone-everywhere".to_owned())]);
    });
}

#[test]
fn what_somebody_writes_into_every_policy_is_a_change_of_each() {
    run(async {
        let mut sides = Sides::default();
        policies(&mut sides, (0, 20), "#one", |_| Some(json!({ "note": "written by hand" })));
        // What only nine in ten have is nothing that Graph gives with all of them.
        policies(&mut sides, (20, 20), "#other", |n| (n > 21).then(|| json!({ "newlyGiven": 1 })));
        let (changes, lines) = told(&sides).await;
        assert_eq!((changes.len(), lines), (38, vec![]));
    });
}

#[test]
fn the_kinds_of_the_random_pairs_are_kinds() {
    assert!(kinds_of().iter().all(|name| KINDS.iter().any(|kind| kind.run() == *name)));
}
