//! A role that was given for a time does not come back for good, whatever could be read of that time.

use crate::restore_world::{RestoreWorld, item, object};
use domain::restore::{AttributeMode, Cause, GLOBAL_ADMINISTRATOR, LinkMode, Selection, Warning};
use engine::records::{OutcomeState, SkipCause};
use jiff::SignedDuration;
use serde_json::{Value, json};

/// Message Center Reader: Microsoft's own, and no power over others.
const HARMLESS: &str = "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b";

fn key(role: &str) -> String {
    format!("ann|{role}|/|")
}

fn fact(role: &str) -> Value {
    json!({"id": "f", "principalId": "ann", "roleDefinitionId": role, "directoryScopeId": "/"})
}

fn whole(kind: &str, key: &str) -> Selection {
    Selection {
        items: vec![item(kind, key)],
        attributes: AttributeMode::Overwrite,
        links: LinkMode::Rollback,
        delete_created: true,
        ..Selection::default()
    }
}

/// Ann held the role at the snapshot and holds it no more.
fn stage(role: &str) -> RestoreWorld {
    let mut stage = RestoreWorld::new();
    stage.both(object("users", "ann", &json!({"userPrincipalName": "ann@x.y", "displayName": "Ann"})));
    stage.both(object("roles", HARMLESS, &json!({"displayName": "Reader", "isBuiltIn": true})));
    let (kind, key, fact) = object("admins", &key(role), &fact(role));
    stage.snapshot.insert((kind, key), (fact, vec![]));
    stage
}

fn with_schedule(stage: &mut RestoreWorld, role: &str, days: i64) {
    let end = (stage.now() + SignedDuration::from_hours(24 * days)).to_string();
    let mut schedule = fact(role);
    schedule["assignmentType"] = json!("Assigned");
    schedule["scheduleInfo"] = json!({"startDateTime": stage.now().to_string(),
        "expiration": {"type": "afterDateTime", "endDateTime": end}});
    let (kind, key, schedule) = object("activeAdmins", &key(role), &schedule);
    stage.snapshot.insert((kind, key), (schedule, vec![]));
}

#[tokio::test]
async fn a_role_that_ends_in_thirty_days_comes_back_until_then() {
    let mut stage = stage(GLOBAL_ADMINISTRATOR);
    with_schedule(&mut stage, GLOBAL_ADMINISTRATOR, 30);
    let restore = stage.previewed(whole("admins", &key(GLOBAL_ADMINISTRATOR))).await;
    stage.run(&restore).await;
    assert!(!stage.directory.has("admins", &key(GLOBAL_ADMINISTRATOR)), "not for good");
    let schedule = stage.directory.get("activeAdmins", &key(GLOBAL_ADMINISTRATOR));
    assert_eq!(schedule["scheduleInfo"]["expiration"]["type"], "afterDateTime");
}

#[tokio::test]
async fn a_role_that_has_run_out_by_the_preview_or_by_the_run_stays_away() {
    let mut stage = stage(GLOBAL_ADMINISTRATOR);
    with_schedule(&mut stage, GLOBAL_ADMINISTRATOR, 30);
    let restore = stage.previewed(whole("admins", &key(GLOBAL_ADMINISTRATOR))).await;
    stage.approve(&restore).await;
    stage.world.clock.advance(SignedDuration::from_hours(24 * 40));
    let late = stage.previewed(whole("admins", &key(GLOBAL_ADMINISTRATOR))).await;
    let plan = stage.plan(&late).await;
    assert_eq!((plan.steps.len(), plan.impossible[0].cause), (0, Cause::Expired));
    stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
    let report = stage.report(&restore).await;
    assert_eq!(report.steps[0].outcome, OutcomeState::Skipped { cause: SkipCause::Expired });
    assert_eq!(stage.directory.count("admins") + stage.directory.count("activeAdmins"), 0);
}

#[tokio::test]
async fn without_the_licence_there_are_no_terms_and_every_role_comes_back() {
    for role in [GLOBAL_ADMINISTRATOR, HARMLESS] {
        let mut stage = stage(role);
        stage.not_held.insert("activeAdmins", true);
        stage.directory.refuse_reading_of("activeAdmins", true);
        let restore = stage.previewed(whole("admins", &key(role))).await;
        assert!(stage.plan(&restore).await.steps[0].warnings.is_empty());
        stage.run(&restore).await;
        assert!(stage.directory.has("admins", &key(role)));
    }
}

#[tokio::test]
async fn where_terms_could_not_be_read_power_is_not_given_and_the_rest_is_with_a_warning() {
    let hide_then: fn(&mut RestoreWorld) = |stage| {
        stage.not_held.insert("activeAdmins", false);
    };
    let hide_now: fn(&mut RestoreWorld) = |stage| stage.directory.refuse_reading_of("activeAdmins", false);
    for hide in [hide_then, hide_now] {
        let mut stage = stage(GLOBAL_ADMINISTRATOR);
        hide(&mut stage);
        let restore = stage.previewed(whole("admins", &key(GLOBAL_ADMINISTRATOR))).await;
        let plan = stage.plan(&restore).await;
        assert_eq!((plan.steps.len(), plan.impossible[0].cause), (0, Cause::Unreadable));
        let mut stage = self::stage(HARMLESS);
        hide(&mut stage);
        let restore = stage.previewed(whole("admins", &key(HARMLESS))).await;
        assert_eq!(stage.plan(&restore).await.steps[0].warnings, [Warning::TenureUnknown]);
        stage.run(&restore).await;
        assert!(stage.directory.has("admins", &key(HARMLESS)));
    }
}

#[tokio::test]
async fn whoever_is_created_again_gets_a_role_with_an_end_once_and_only_until_then() {
    let mut stage = stage(GLOBAL_ADMINISTRATOR);
    with_schedule(&mut stage, GLOBAL_ADMINISTRATOR, 30);
    stage.directory.hard_delete("ann");
    let restore = stage.previewed(whole("users", "ann")).await;
    let done = stage.run(&restore).await;
    assert_eq!((done.counts.done, done.counts.failed), (2, 0), "{:?}", stage.report(&restore).await.steps);
    assert_eq!((stage.directory.count("admins"), stage.directory.count("activeAdmins")), (0, 1));
}

/// Whether Graph goes on listing what somebody held who is gone for good is not documented; it may have been made longer before
/// they were deleted.
#[tokio::test]
async fn what_is_still_listed_of_who_is_gone_neither_keeps_their_role_away_nor_makes_it_longer() {
    for listed in [&[][..], &["activeAdmins"], &["admins", "activeAdmins"]] {
        for is_chosen in [false, true] {
            let mut stage = stage(GLOBAL_ADMINISTRATOR);
            let at = key(GLOBAL_ADMINISTRATOR);
            with_schedule(&mut stage, GLOBAL_ADMINISTRATOR, 30);
            stage.directory.hard_delete("ann");
            for kind in listed {
                let mut fact = stage.snapshot[&((*kind).to_owned(), at.clone())].0.clone();
                if fact.contains_key("scheduleInfo") {
                    fact.insert("scheduleInfo".to_owned(), json!({"expiration": {"type": "noExpiration"}}));
                }
                stage.directory.insert(kind, &at, fact);
            }
            let mut chosen = whole("users", "ann");
            chosen.items.extend(is_chosen.then(|| item("admins", &at)));
            let restore = stage.previewed(chosen).await;
            let done = stage.run(&restore).await;
            let steps = stage.report(&restore).await.steps;
            assert_eq!((done.counts.done, done.counts.failed), (2, 0), "{listed:?} {is_chosen}: {steps:?}");
            let ann = json!(stage.directory.id_of("userPrincipalName", "ann@x.y"));
            let table = stage.directory.table();
            let hers = table.iter().filter(|(_, (fact, _))| fact.get("principalId") == Some(&ann));
            let hers: Vec<_> =
                hers.map(|((kind, _), (fact, _))| (kind.as_str(), &fact["scheduleInfo"])).collect();
            let [("activeAdmins", schedule)] = hers[..] else { panic!("{hers:?}") };
            assert_eq!(schedule["expiration"]["type"], "afterDateTime", "{listed:?} {is_chosen}");
        }
    }
}

#[tokio::test]
async fn a_role_that_somebody_gave_meanwhile_until_another_day_is_not_told_as_given_back() {
    // Until when, in days, somebody gives it: for good, until the same day as at the snapshot, until another.
    for (theirs, is_so) in [(None, false), (Some(30), true), (Some(60), false)] {
        let mut stage = stage(GLOBAL_ADMINISTRATOR);
        let at = key(GLOBAL_ADMINISTRATOR);
        with_schedule(&mut stage, GLOBAL_ADMINISTRATOR, 30);
        let then = stage.snapshot[&("activeAdmins".to_owned(), at.clone())].0.clone();
        let restore = stage.previewed(whole("admins", &at)).await;
        let mut now = then.clone();
        match theirs {
            None => now.insert("scheduleInfo".to_owned(), json!({"expiration": {"type": "noExpiration"}})),
            Some(days) => {
                with_schedule(&mut stage, GLOBAL_ADMINISTRATOR, days);
                now.insert(
                    "scheduleInfo".to_owned(),
                    stage.snapshot[&("activeAdmins".to_owned(), at.clone())].0["scheduleInfo"].clone(),
                )
            }
        };
        stage.directory.insert("activeAdmins", &at, now.clone());
        stage.run(&restore).await;
        let step = stage.report(&restore).await.steps.remove(0);
        let skipped = OutcomeState::Skipped { cause: SkipCause::ChangedSincePreview };
        assert_eq!(step.outcome, if is_so { OutcomeState::AlreadySo } else { skipped }, "{theirs:?}");
        assert_eq!(stage.directory.get("activeAdmins", &at), now, "{theirs:?}: it is theirs");
    }
}
