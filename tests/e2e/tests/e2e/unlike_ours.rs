//! Tenants that are not like most: external ones, for which Graph tracks no changes; without a licence, or with one that
//! lapses; without groups; with licences of many plans. What can be read is read by the way that works there, and the
//! coverage says what could not.

use super::rig::{Rig, Setting, changes_of};
use domain::SnapshotId;
use domain::stored::MissingCause;
use engine::records::{CredentialStatus, Side};
use jiff::SignedDuration;
use serde_json::json;
use sim::{FaultRule, Licence};
use std::collections::{BTreeMap, BTreeSet};

const INTUNE: [&str; 4] =
    ["CompliancePolicies", "ConfigurationPolicies", "DeviceCompliancePolicies", "DeviceConfiguration"];
const SCHEDULES: [&str; 2] = ["activeAdmins", "eligibleAdmins"];

/// What a snapshot lacks, by its cause.
async fn lacks(rig: &Rig, id: &SnapshotId) -> BTreeMap<String, MissingCause> {
    let manifest = rig.manifest(rig.tenant(), id).await.unwrap();
    manifest.missing.into_iter().map(|missing| (missing.source, missing.cause)).collect()
}

fn unlicensed<'a>(sources: impl IntoIterator<Item = &'a str>) -> BTreeMap<String, MissingCause> {
    sources.into_iter().map(|source| (source.to_owned(), MissingCause::Unlicensed)).collect()
}

/// How many changes the comparison tells that follows a snapshot, and what it left out.
async fn compared(rig: &Rig, after: &SnapshotId) -> (usize, BTreeSet<String>) {
    let rows = rig.diff_rows(rig.tenant()).await;
    let diff = rows.iter().find(|diff| diff.after == Side::Snapshot(after.clone())).unwrap();
    let changes = changes_of(rig, rig.tenant(), &diff.id).await;
    (changes.len(), diff.not_compared.iter().map(|n| n.source.clone()).collect())
}

/// The newest snapshot.
async fn last(rig: &Rig) -> SnapshotId {
    rig.snapshot_rows(rig.tenant()).await.into_iter().map(|row| row.id).max().unwrap()
}

async fn status(rig: &Rig) -> CredentialStatus {
    rig.tenant_row(rig.tenant()).await.credentials
}

#[tokio::test]
async fn a_tenant_whose_changes_graph_does_not_track_is_listed_and_holds_the_same() {
    let usual = Rig::new().await;
    usual.staged().await;
    let id = usual.snapshot().await;
    let mut expected = usual.manifest(usual.tenant(), &id).await.unwrap().runs;
    // Why not the bin: where everything is listed each time, whoever is back from it is there.
    expected.retain(|run, _| run.split_once('.').is_none_or(|(_, part)| part != "bin"));
    for refused_with in [400, 404, 405, 501] {
        let rig = Rig::with(Setting { tracks_changes: false, ..Setting::default() }).await;
        rig.control.switch(|switches| switches.delta_refused_with = refused_with);
        let (admin, stage) = rig.staged().await;
        rig.control.clear();
        let first = rig.snapshot().await;
        let manifest = rig.manifest(rig.tenant(), &first).await.unwrap();
        assert_eq!(manifest.missing, vec![], "{refused_with}");
        assert_eq!(manifest.runs, expected, "{refused_with}: what a delta would have given");
        assert!(manifest.tokens.is_empty(), "{refused_with}: there is nothing to go on from");
        let refused = rig.control.requests(rig.tenant().as_str());
        let refused = refused.iter().filter(|r| r.path_and_query.contains("delta")).count();
        // The token and the round of users and groups, the round of units: each is asked for once.
        assert_eq!(refused, 5, "{refused_with}");
        stage.happen(&admin).await;
        rig.clock.advance(SignedDuration::from_hours(1));
        let second = rig.snapshot().await;
        assert_eq!(lacks(&rig, &second).await, BTreeMap::new(), "{refused_with}");
        assert_eq!(compared(&rig, &second).await, (6, BTreeSet::new()), "{refused_with}");
        assert_eq!(status(&rig).await, CredentialStatus::Connected, "{refused_with}");
    }
}

#[tokio::test]
async fn a_group_that_hides_its_members_is_held_where_everything_is_listed() {
    for refused in [false, true] {
        let rig = Rig::with(Setting { tracks_changes: false, ..Setting::default() }).await;
        rig.control.switch(|switches| switches.hidden_members_refused = refused);
        let granted = sim::READING.iter().filter(|p| **p != "Member.Read.Hidden").map(ToString::to_string);
        rig.control.set_permissions(rig.tenant().as_str(), sim::READER_CLIENT_ID, granted.collect());
        let admin = rig.admin(rig.tenant()).await;
        let maya = admin.create_user("Maya Ortiz", "Buyer").await;
        let hidden = json!({
            "displayName": "Works council", "mailEnabled": true, "mailNickname": "council",
            "securityEnabled": true, "groupTypes": ["Unified"], "visibility": "HiddenMembership"
        });
        let group = admin.create("groups", &hidden).await;
        admin.link(&format!("groups/{group}/members/$ref"), &maya).await;
        let id = rig.snapshot().await;
        let missing: Vec<_> = lacks(&rig, &id).await.into_iter().collect();
        let denied = |part: &str| (part.to_owned(), MissingCause::Denied);
        let parts = ["administrativeUnits.hiddenMembers", "groups.hiddenMembers"];
        assert_eq!(missing, parts.map(denied), "{refused}: the groups are held");
    }
}

#[tokio::test]
async fn an_external_tenant_without_any_licence_is_read_as_far_as_it_goes_and_nobody_is_alarmed() {
    let rig = Rig::with(Setting {
        tracks_changes: false,
        premium_p1: false,
        premium_p2: false,
        intune: false,
        ..Setting::default()
    })
    .await;
    let admin = rig.admin(rig.tenant()).await;
    let maya = admin.create_user("Maya Ortiz", "Buyer").await;
    let id = rig.snapshot().await;
    let parts = ["administrativeUnits", "users.customSecurityAttributes"];
    let expected = unlicensed(INTUNE.into_iter().chain(SCHEDULES).chain(parts));
    assert_eq!(lacks(&rig, &id).await, expected);
    assert_eq!(status(&rig).await, CredentialStatus::Connected, "nothing is missing that could be granted");
    let users = rig.dump()["users"].as_object().unwrap().len() as u64;
    assert_eq!(rig.snapshot_row(rig.tenant(), &id).await.counts["users"].records, users);
    rig.world.mailer.take_sent();
    admin.patch(&format!("users/{maya}"), &json!({ "jobTitle": "Contractor" })).await;
    rig.clock.advance(SignedDuration::from_hours(1));
    let second = rig.snapshot().await;
    assert_eq!(compared(&rig, &second).await.0, 1);
    let told: Vec<_> = rig.world.mailer.take_sent().into_iter().map(|mail| mail.subject).collect();
    assert_eq!(told.iter().filter(|subject| !subject.contains("1 change")).count(), 0, "{told:?}");
}

#[tokio::test]
async fn without_intune_the_rest_is_taken_and_without_p1_what_graph_then_refuses_is_named() {
    let rig = Rig::with(Setting { intune: false, ..Setting::default() }).await;
    let id = rig.snapshot().await;
    assert_eq!(lacks(&rig, &id).await, unlicensed(INTUNE));
    assert_eq!(status(&rig).await, CredentialStatus::Connected);
    // Whatever it is that Graph refuses without it: nothing, a kind, a part of one, both.
    for parts in [&[][..], &["administrativeUnits"], &["customSecurityAttributes"]] {
        let rig = Rig::with(Setting { premium_p1: false, ..Setting::default() }).await;
        rig.control.switch(|switches| switches.premium_parts = parts);
        let id = rig.snapshot().await;
        let named = |part: &&'static str| match *part {
            "customSecurityAttributes" => "users.customSecurityAttributes",
            kind => kind,
        };
        assert_eq!(lacks(&rig, &id).await, unlicensed(parts.iter().map(named)), "{parts:?}");
        assert!(rig.snapshot_row(rig.tenant(), &id).await.counts["users"].records > 0, "{parts:?}");
        assert_eq!(status(&rig).await, CredentialStatus::Connected, "{parts:?}");
    }
}

#[tokio::test]
async fn a_licence_that_lapses_leaves_its_kinds_missing_and_never_empty_until_it_is_back() {
    let p2 = json!({ "error": { "code": "AadPremiumLicenseRequired", "message": "" } }).to_string();
    let intune = "Request not applicable to target tenant: there is no active Intune licence.";
    let intune = json!({ "error": { "code": "Forbidden", "message": intune } }).to_string();
    let lapsing = [
        (Licence::Intune, &INTUNE[..], "/deviceManagement/", intune),
        (Licence::PremiumP2, &SCHEDULES, "Schedules", p2),
    ];
    for (licence, kinds, path, refusal) in lapsing {
        // Graph refuses the list then, by one status or another, or it has nothing in it.
        for lapsed in ["refused with 400", "refused with 403", "nothing listed"] {
            let case = format!("{licence:?} {lapsed}");
            let rig = Rig::new().await;
            let tenant = rig.tenant().clone();
            rig.staged().await;
            rig.control.switch(|switches| switches.lapsed_lists_are_empty = lapsed == "nothing listed");
            let first = rig.snapshot().await;
            let held = rig.manifest(&tenant, &first).await.unwrap().runs;
            let records = |kind: &&str| held[*kind].records;
            let expected: Vec<&str> = kinds.iter().copied().filter(|kind| records(kind) > 0).collect();
            assert!(!expected.is_empty(), "{case}: there is something to lose");
            rig.control.set_licence(tenant.as_str(), licence, false);
            if lapsed == "refused with 403" {
                rig.control.fail_next(FaultRule {
                    path_contains: path.to_owned(),
                    status: 403,
                    body: refusal.clone(),
                    times: u32::MAX,
                    ..FaultRule::default()
                });
            }
            // What the first snapshot does not hold, the second one's emptiness takes nothing from.
            for turn in 0..2 {
                rig.clock.advance(SignedDuration::from_hours(1));
                let id = rig.snapshot().await;
                let missing = lacks(&rig, &id).await;
                for kind in &expected {
                    assert_eq!(missing.get(*kind), Some(&MissingCause::Unlicensed), "{case} {turn}: {kind}");
                }
                let runs = rig.manifest(&tenant, &id).await.unwrap().runs;
                assert!(expected.iter().all(|kind| !runs.contains_key(*kind)), "{case} {turn}");
                let (changes, left_out) = compared(&rig, &id).await;
                assert_eq!(changes, 0, "{case} {turn}: nothing was deleted");
                assert!(expected.iter().all(|kind| left_out.contains(*kind)), "{case} {turn}: {left_out:?}");
                assert_eq!(status(&rig).await, CredentialStatus::Connected, "{case} {turn}");
            }
            // So it is where somebody asks for the comparison of the time with the licence and the time without.
            let asked = rig.ask_diff(&first, Side::Snapshot(last(&rig).await)).await;
            rig.settle().await;
            let row = rig.diffs().get(&tenant, &asked.id).await.unwrap();
            assert_eq!(changes_of(&rig, &tenant, &asked.id).await.len(), 0, "{case}");
            for kind in &expected {
                let line = row.not_compared.iter().find(|line| line.source == **kind).unwrap();
                assert_eq!(line.cause, "not-held", "{case}: {kind}");
            }
            rig.control.clear_faults();
            rig.control.set_licence(tenant.as_str(), licence, true);
            rig.clock.advance(SignedDuration::from_hours(1));
            let back = rig.snapshot().await;
            let runs = rig.manifest(&tenant, &back).await.unwrap().runs;
            assert!(kinds.iter().all(|kind| runs[*kind].records == held[*kind].records), "{case}");
            assert_eq!(compared(&rig, &back).await.0, 0, "{case}");
        }
    }
}

#[tokio::test]
async fn policies_that_are_all_deleted_are_told_as_deleted_while_the_licence_is_there() {
    let rig = Rig::new().await;
    let (admin, _) = rig.staged().await;
    let first = rig.snapshot().await;
    let held = rig.manifest(rig.tenant(), &first).await.unwrap().runs["DeviceConfiguration"].records;
    let all = rig.dump()["deviceManagement/deviceConfigurations"].as_object().unwrap().clone();
    assert_eq!(all.len() as u64, held);
    for id in all.keys() {
        let path = format!("deviceManagement/deviceConfigurations/{id}");
        admin.delete(&path).await;
    }
    rig.clock.advance(SignedDuration::from_hours(1));
    let second = rig.snapshot().await;
    assert_eq!(lacks(&rig, &second).await, BTreeMap::new());
    assert_eq!(compared(&rig, &second).await.0 as u64, held);
}

#[tokio::test]
async fn a_tenant_without_anybody_is_whole_and_its_first_group_is_found() {
    for tracks_changes in [true, false] {
        let rig = Rig::with(Setting { users: 0, tracks_changes, ..Setting::default() }).await;
        let first = rig.snapshot().await;
        assert_eq!(lacks(&rig, &first).await, BTreeMap::new());
        let row = rig.snapshot_row(rig.tenant(), &first).await;
        assert_eq!((row.counts["users"].records, row.counts["groups"].records), (0, 0));
        let admin = rig.admin(rig.tenant()).await;
        let group = admin.create_group("The first").await;
        let user = admin.create_user("Ada First", "Founder").await;
        admin.link(&format!("groups/{group}/members/$ref"), &user).await;
        rig.clock.advance(SignedDuration::from_hours(1));
        let second = rig.snapshot().await;
        let row = rig.snapshot_row(rig.tenant(), &second).await;
        let counted = ["users", "groups", "groups.members"].map(|run| row.counts[run].records);
        assert_eq!(counted, [1, 1, 1], "{tracks_changes}");
        assert_eq!(compared(&rig, &second).await, (2, BTreeSet::new()), "{tracks_changes}");
    }
}

#[tokio::test]
async fn licences_of_ninety_plans_are_held_and_a_plan_more_is_no_change_of_anybody() {
    let rig = Rig::with(Setting { service_plans: 90, ..Setting::default() }).await;
    rig.snapshot().await;
    let users = rig.dump()["users"].as_object().unwrap().clone();
    let most = users.values().filter_map(|user| user["assignedPlans"].as_array()).map(Vec::len).max();
    assert!(most >= Some(90), "{most:?}");
    rig.control.add_service_plan(rig.tenant().as_str());
    rig.clock.advance(SignedDuration::from_hours(1));
    let second = rig.snapshot().await;
    assert_eq!(lacks(&rig, &second).await, BTreeMap::new());
    assert_eq!(compared(&rig, &second).await.0, 0);
}
