//! Who changed it: the records of the simulated log, read with each snapshot and joined to what a comparison found.

use super::rig::{Admin, Rig, Setting};
use backup::commands::changes::AskedChanges;
use backup::commands::who::Authored;
use domain::changes::What;
use domain::kinds::OtherLog;
use domain::stored::AuditCause;
use domain::who::{AuthorSort, Finding, PERMISSION, Told};
use domain::{DiffId, SnapshotId};
use engine::ports::Page;
use engine::records::{RestoreState, Side};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};
use sim::Audits;
use std::collections::BTreeMap;
use support::kind;

/// From then on the reading application may read the log.
pub fn grant(rig: &Rig) {
    let granted = sim::READING.iter().chain([&PERMISSION]).map(|p| (*p).to_owned()).collect();
    rig.control.set_permissions(rig.tenant().as_str(), sim::READER_CLIENT_ID, granted);
    rig.control.expire_tokens();
}

/// A person as the log names one.
pub fn person(number: usize) -> (String, Value) {
    let name = format!("actor{number}@fabrikam.example");
    let user = json!({ "id": format!("00000000-0000-4000-8000-0000000000{number:02}"), "displayName": null,
        "userPrincipalName": name, "ipAddress": "192.0.2.10" });
    (name, json!({ "user": user, "app": null }))
}

/// The twelve: ten persons and two applications.
fn actor(number: usize) -> (String, Value) {
    if number < 10 {
        return person(number);
    }
    let name = format!("job{number}");
    let id = format!("00000000-0000-4000-8000-0000000000{number:02}");
    let app =
        json!({ "appId": null, "displayName": name, "servicePrincipalId": id, "servicePrincipalName": null });
    (name, json!({ "user": null, "app": app }))
}

pub fn act_for(rig: &Rig, who: &Value) {
    rig.control.act_for(rig.tenant().as_str(), Some(who.clone()));
}

pub async fn authored(rig: &Rig, diff: &DiffId, actor: Option<&str>) -> Vec<Authored> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = Page { after, limit: 40, descending: false };
        let part =
            rig.diffs().authored(rig.tenant(), diff, &AskedChanges::default(), page, actor).await.unwrap();
        all.extend(part.items);
        after = part.next;
        if after.is_none() {
            return all;
        }
    }
}

pub async fn compare(rig: &Rig, before: &SnapshotId, after: &SnapshotId) -> DiffId {
    let diff = rig.ask_diff(before, Side::Snapshot(after.clone())).await;
    rig.settle().await;
    diff.id
}

pub fn pass(rig: &Rig, minutes: i64) {
    rig.clock.advance(SignedDuration::from_mins(minutes));
}

/// What happened, and by whom: of each part of each object whoever changed it last.
struct Played {
    rig: Rig,
    diff: DiffId,
    truth: BTreeMap<(String, String), String>,
    first: SnapshotId,
    second: SnapshotId,
}

/// Two hundred changes by twelve actors, some of them of the same part one after the other.
async fn play(audits: Audits) -> Played {
    let rig = Rig::new().await;
    grant(&rig);
    rig.control.switch(|switches| switches.audits = audits);
    let admin = rig.admin(rig.tenant()).await;
    let mut users = Vec::new();
    for number in 0..40 {
        users.push(admin.create_user(&format!("User {number}"), "Clerk").await);
    }
    let mut groups = Vec::new();
    for number in 0..4 {
        groups.push(admin.create_group(&format!("Group {number}")).await);
    }
    pass(&rig, 120);
    let first = rig.snapshot().await;
    pass(&rig, 30);
    let mut truth = BTreeMap::new();
    let mut members: BTreeMap<(usize, usize), bool> = BTreeMap::new();
    let mut enabled: BTreeMap<usize, bool> = BTreeMap::new();
    let mut chance = 12345_usize;
    for number in 0..200 {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let drawn = chance >> 33;
        let (name, who) = actor(drawn % 12);
        act_for(&rig, &who);
        let at = (drawn / 12) % users.len();
        let user = users[at].clone();
        let part = match (drawn / 1000) % 6 {
            0 => set(&admin, &user, "jobTitle", json!(format!("Title {number}"))).await,
            1 => set(&admin, &user, "department", json!(format!("Unit {number}"))).await,
            2 => set(&admin, &user, "officeLocation", json!(format!("Room {number}"))).await,
            3 => set(&admin, &user, "businessPhones", json!([format!("+1 555 {number}")])).await,
            4 => {
                let is_enabled = enabled.entry(at).or_insert(true);
                *is_enabled = !*is_enabled;
                set(&admin, &user, "accountEnabled", json!(*is_enabled)).await
            }
            _ => {
                let group = drawn % groups.len();
                let is_in = members.entry((group, at)).or_default();
                let path = format!("groups/{}/members", groups[group]);
                if *is_in {
                    admin.delete(&format!("{path}/{user}/$ref")).await;
                } else {
                    admin.link(&format!("{path}/$ref"), &user).await;
                }
                *is_in = !*is_in;
                (groups[group].clone(), format!("members {user}"))
            }
        };
        truth.insert(part, name);
        pass(&rig, 1);
    }
    for (number, user) in users.iter().take(5).enumerate() {
        let (name, who) = actor(number);
        act_for(&rig, &who);
        admin.delete(&format!("users/{user}")).await;
        truth.insert((user.clone(), "whole".to_owned()), name.clone());
        let made = admin.create_user(&format!("New {number}"), "Clerk").await;
        truth.insert((made, "whole".to_owned()), name);
        pass(&rig, 1);
    }
    let second = rig.snapshot().await;
    let diff = compare(&rig, &first, &second).await;
    Played { rig, diff, truth, first, second }
}

async fn set(admin: &Admin, user: &str, property: &str, value: Value) -> (String, String) {
    admin.patch(&format!("users/{user}"), &json!({ property: value })).await;
    (user.to_owned(), property.to_owned())
}

/// What is told of each part of each change.
fn parts(all: &[Authored]) -> Vec<((String, String), Told)> {
    let mut parts = Vec::new();
    for Authored { change, who, .. } in all {
        let who = who.as_ref().unwrap();
        if matches!(change.what, What::Created | What::Deleted) {
            parts.push(((change.key.clone(), "whole".to_owned()), who.told.clone()));
            continue;
        }
        let of_attributes = change.attributes.iter().map(|a| (Some(&a.path), None, a.path.clone()));
        let of_links = change.links.iter().map(|l| (None, Some(&l.to), format!("members {}", l.to)));
        for (path, to, name) in of_attributes.chain(of_links) {
            let part = who.parts.iter().find(|p| p.path.as_ref() == path && p.to.as_ref() == to);
            let told = part.map_or_else(|| who.told.clone(), |part| part.told.clone());
            parts.push(((change.key.clone(), name), told));
        }
    }
    parts
}

/// How many parts have which answer, of which none names somebody who did not do it.
fn count(played: &Played, all: &[Authored]) -> BTreeMap<Finding, usize> {
    let mut counts = BTreeMap::new();
    for (part, told) in parts(all) {
        let author = &played.truth[&part];
        let named: Vec<_> = told.by.iter().filter_map(|by| by.name.as_deref()).collect();
        match told.answer {
            Finding::Exact => assert_eq!(named, [author], "{part:?} {told:?}"),
            Finding::Probably => assert!(named.contains(&author.as_str()), "{part:?} {author} {told:?}"),
            _ => assert!(named.is_empty(), "{part:?} {told:?}"),
        }
        *counts.entry(told.answer).or_default() += 1;
    }
    counts
}

#[tokio::test]
async fn each_of_two_hundred_changes_by_twelve_actors_has_its_author() {
    let played = play(Audits::default()).await;
    let all = authored(&played.rig, &played.diff, None).await;
    let counts = count(&played, &all);
    let total: usize = counts.values().sum();
    assert_eq!(counts, BTreeMap::from([(Finding::Exact, total)]), "{counts:?}");
    assert!(total > 120, "{total}");
    // Two actors on one object are told part by part.
    let of_several = all.iter().filter(|one| one.who.as_ref().is_some_and(|who| who.told.by.len() > 1));
    assert!(of_several.count() > 10);
    // Whoever is asked for is found where they changed something, and nowhere else.
    let (name, _) = actor(3);
    let found = authored(&played.rig, &played.diff, Some(&name.to_uppercase())).await;
    assert!(!found.is_empty());
    for one in &all {
        let told = &one.who.as_ref().unwrap().told;
        let is_by = told.by.iter().chain(&told.earlier).any(|by| by.name.as_ref() == Some(&name));
        assert_eq!(found.iter().any(|other| other.change.key == one.change.key), is_by, "{one:?}");
    }
}

#[tokio::test]
async fn records_that_come_twice_in_disorder_in_capitals_and_with_a_services_name_change_nothing() {
    let audits = Audits {
        twice: true,
        out_of_order: true,
        names_a_service: true,
        correlations_differ: true,
        upper_case: true,
        v1_alone: true,
        ..Audits::default()
    };
    let played = play(audits).await;
    let counts = count(&played, &authored(&played.rig, &played.diff, None).await);
    assert_eq!(counts.keys().collect::<Vec<_>>(), [&Finding::Exact], "{counts:?}");
}

#[tokio::test]
async fn where_records_are_missing_their_changes_have_no_author_or_several_and_never_a_wrong_one() {
    let played = play(Audits { missing_each: Some(5), ..Audits::default() }).await;
    let counts = count(&played, &authored(&played.rig, &played.diff, None).await);
    assert!(counts[&Finding::Exact] > 80 && counts[&Finding::NoRecordFound] > 5, "{counts:?}");
}

#[tokio::test]
async fn records_that_come_late_are_found_when_the_comparison_is_read_again() {
    let played = play(Audits { late_seconds: 40 * 60, ..Audits::default() }).await;
    let early = parts(&authored(&played.rig, &played.diff, None).await);
    assert!(early.iter().any(|(_, told)| told.answer == Finding::NoRecordFound), "{early:?}");
    // Whoever did the same before them may be named for now, and it is said that a record may still come.
    assert!(early.iter().all(|(_, told)| told.may_still_come), "{early:?}");
    pass(&played.rig, 60);
    played.rig.snapshot().await;
    let counts = count(&played, &authored(&played.rig, &played.diff, None).await);
    assert_eq!(counts.keys().collect::<Vec<_>>(), [&Finding::Exact], "{counts:?}");
    assert_ne!(played.first, played.second);
}

/// A user whose title somebody changes between two snapshots.
async fn retitled(rig: &Rig, wait_minutes: i64) -> (SnapshotId, SnapshotId, DiffId) {
    let admin = rig.admin(rig.tenant()).await;
    let user = admin.create_user("Maya Berg", "Clerk").await;
    let before = rig.snapshot().await;
    pass(rig, wait_minutes);
    act_for(rig, &person(1).1);
    admin.patch(&format!("users/{user}"), &json!({ "jobTitle": "Boss" })).await;
    pass(rig, wait_minutes);
    let after = rig.snapshot().await;
    let diff = compare(rig, &before, &after).await;
    (before, after, diff)
}

async fn told(rig: &Rig, diff: &DiffId) -> Told {
    let all = authored(rig, diff, None).await;
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].who.clone().unwrap().told
}

#[tokio::test]
async fn without_the_permission_it_is_said_and_what_was_before_it_was_given_stays_unknown() {
    let rig = Rig::with(Setting { premium_p1: false, premium_p2: false, ..Setting::default() }).await;
    let (_, after, diff) = retitled(&rig, 60).await;
    assert_eq!(told(&rig, &diff).await.answer, Finding::NotGranted);
    let held = rig.manifest(rig.tenant(), &after).await.unwrap().audit.unwrap();
    assert_eq!((held.cause, held.from), (Some(AuditCause::NotGranted), None));
    // Microsoft keeps seven days: nine days on, nothing of it is there any more.
    pass(&rig, 9 * 24 * 60);
    grant(&rig);
    rig.snapshot().await;
    let told = told(&rig, &diff).await;
    assert_eq!(told.answer, Finding::CollectionBeganLater);
    assert!(told.since.is_some());
}

#[tokio::test]
async fn a_log_that_was_not_read_for_longer_than_microsoft_keeps_it_has_a_gap_that_is_told() {
    let rig = Rig::with(Setting { premium_p1: false, premium_p2: false, ..Setting::default() }).await;
    grant(&rig);
    let (_, after, diff) = retitled(&rig, 10 * 24 * 60).await;
    assert_eq!(told(&rig, &diff).await.answer, Finding::OlderThanMicrosoftKeeps);
    let held = rig.manifest(rig.tenant(), &after).await.unwrap().audit.unwrap();
    assert_eq!((held.gaps.len(), held.cause), (1, None));
}

#[tokio::test]
async fn what_microsoft_still_keeps_is_read_the_first_time_as_far_back_as_the_licence_goes() {
    let rig = Rig::new().await;
    let (_, _, diff) = retitled(&rig, 60).await;
    // The licence keeps thirty days.
    pass(&rig, 20 * 24 * 60);
    grant(&rig);
    rig.snapshot().await;
    let told = told(&rig, &diff).await;
    assert_eq!((told.answer, told.by[0].name.as_deref()), (Finding::Exact, Some(person(1).0.as_str())));
    assert_eq!(told.by[0].client.as_deref(), Some(sim::ADMINISTRATOR_CLIENT_ID));
}

#[tokio::test]
async fn a_log_that_does_not_answer_fails_no_snapshot_and_is_read_by_the_next_one() {
    let rig = Rig::new().await;
    grant(&rig);
    let rule = |times| sim::FaultRule {
        path_contains: "auditLogs".to_owned(),
        status: 503,
        times,
        ..sim::FaultRule::default()
    };
    rig.control.fail_next(rule(1000));
    let (_, after, diff) = retitled(&rig, 60).await;
    let held = rig.manifest(rig.tenant(), &after).await.unwrap().audit.unwrap();
    assert_eq!(held.cause, Some(AuditCause::Unavailable));
    let first = told(&rig, &diff).await;
    assert_eq!((first.answer, first.cause), (Finding::NotRead, Some(AuditCause::Unavailable)));
    rig.control.clear_faults();
    rig.snapshot().await;
    assert_eq!(told(&rig, &diff).await.answer, Finding::Exact);
}

#[tokio::test]
async fn what_a_restore_of_ours_wrote_is_told_with_the_restore() {
    let rig = Rig::new().await;
    grant(&rig);
    let (before, after, _) = retitled(&rig, 60).await;
    let undo = rig.ask_diff(&before, Side::Live).await;
    rig.settle().await;
    let restore = rig.ask_preview(&undo.id, Rig::everything()).await;
    rig.settle().await;
    rig.ask_run(&restore).await;
    rig.settle().await;
    let done = rig.restores().get(rig.tenant(), &restore.id).await.unwrap();
    assert_eq!((done.state, done.counts.failed), (RestoreState::Done, 0));
    pass(&rig, 30);
    let last = rig.snapshot().await;
    let diff = compare(&rig, &after, &last).await;
    let told = told(&rig, &diff).await;
    let by = &told.by[0];
    assert_eq!(
        (told.answer, by.sort, &by.restore),
        (Finding::Exact, AuthorSort::Restore, &Some(restore.id.clone()))
    );
    assert_eq!(authored(&rig, &diff, Some(restore.id.as_str())).await.len(), 1);
}

#[tokio::test]
async fn a_device_policy_is_logged_elsewhere_and_the_permission_that_would_help_is_named() {
    let rig = Rig::new().await;
    grant(&rig);
    let admin = rig.admin(rig.tenant()).await;
    let before = rig.snapshot().await;
    pass(&rig, 30);
    let policy = json!({ "@odata.type": "#microsoft.graph.windows10GeneralConfiguration", "displayName": "New policy" });
    admin.write(Method::POST, "deviceManagement/deviceConfigurations", &policy).await;
    pass(&rig, 30);
    let after = rig.snapshot().await;
    let diff = compare(&rig, &before, &after).await;
    let all = authored(&rig, &diff, None).await;
    let one = all.iter().find(|one| one.change.kind == kind("DeviceConfiguration").name).unwrap();
    let told = &one.who.as_ref().unwrap().told;
    assert_eq!((told.answer, told.other_log), (Finding::RecordedElsewhere, Some(OtherLog::Intune)));
    assert_eq!(told.would_help.as_deref(), Some("DeviceManagementApps.Read.All"));
}

#[tokio::test]
async fn a_snapshot_without_news_asks_for_the_log_once_and_stores_nothing_of_it() {
    let rig = Rig::new().await;
    grant(&rig);
    retitled(&rig, 60).await;
    pass(&rig, 60);
    let settled = rig.snapshot().await;
    rig.control.clear();
    pass(&rig, 60);
    let next = rig.snapshot().await;
    let asked = rig.control.requests(rig.tenant().as_str());
    assert_eq!(asked.iter().filter(|r| r.path_and_query.contains("auditLogs")).count(), 1);
    let run = async |id: &SnapshotId| {
        let manifest = rig.manifest(rig.tenant(), id).await.unwrap();
        (manifest.runs["audit"].clone(), manifest.runs["audit.objects"].clone())
    };
    assert_eq!(run(&settled).await, run(&next).await);
}
