//! A consent that takes minutes to arrive everywhere: for an hour nothing that is refused is final, and nobody is alarmed.

use super::rig::{Rig, Setting};
use domain::organisations::MAY_CONSENT;
use domain::{SnapshotId, TenantId};
use engine::ports::Clock;
use engine::records::{Cause, CredentialStatus, JobState, Reason, Snapshot};
use jiff::SignedDuration;
use partners::commands::connect::Next;
use serde_json::json;
use sim::{NotArrived, READER_CLIENT_ID, READING};

/// Somebody who can consent.
async fn administrator(rig: &Rig) -> String {
    let admin = rig.admin(rig.tenant()).await;
    let user = admin.create_user("Ada Holder", "Head of IT").await;
    let role = json!({ "principalId": user, "roleDefinitionId": MAY_CONSENT[0], "directoryScopeId": "/" });
    admin.create("roleManagement/directory/roleAssignments", &role).await;
    user
}

/// A tenant that was connected just now: by somebody whose role Microsoft showed at once. Its first snapshot is due.
async fn connected_now() -> (Rig, TenantId) {
    let rig = Rig::with(Setting { connected: false, ..Setting::default() }).await;
    let tenant = rig.tenant().clone();
    let user = administrator(&rig).await;
    rig.control.consent(tenant.as_str(), READER_CLIENT_ID);
    let state = rig.consent_link(&rig.organisation(), "reader").await;
    let next = rig.come_back(&state, &tenant, &user).await.unwrap();
    assert!(matches!(next, Next::Connected(_)), "{next:?}");
    (rig, tenant)
}

fn granted(rig: &Rig, permissions: &[&str]) {
    let permissions = permissions.iter().map(ToString::to_string).collect();
    rig.control.set_permissions(rig.tenant().as_str(), READER_CLIENT_ID, permissions);
}

fn without(gone: &str) -> Vec<&'static str> {
    READING.iter().copied().filter(|permission| *permission != gone).collect()
}

async fn pass(rig: &Rig, minutes: i64) {
    for _ in 0..minutes {
        rig.tick().await;
        while rig.work_once().await {}
        rig.clock.advance(SignedDuration::from_mins(1));
    }
}

fn mails(rig: &Rig) -> Vec<String> {
    rig.world.mailer.take_sent().into_iter().map(|mail| mail.subject).collect()
}

async fn snapshots(rig: &Rig) -> Vec<Snapshot> {
    rig.snapshot_rows(rig.tenant()).await
}

async fn status(rig: &Rig) -> CredentialStatus {
    rig.tenant_row(rig.tenant()).await.credentials
}

async fn wholly(rig: &Rig, id: &SnapshotId) -> bool {
    rig.manifest(rig.tenant(), id).await.unwrap().missing.is_empty()
}

#[tokio::test]
async fn a_first_snapshot_that_is_refused_as_a_whole_is_tried_again_within_minutes_and_nobody_is_told() {
    // As tokens without roles, which the simulator's control plane plays; and as Microsoft may show it otherwise.
    let ways = [
        None,
        Some(NotArrived::NoToken),
        Some(NotArrived::NoRoles),
        Some(NotArrived::Unauthorized),
        Some(NotArrived::NoIdentity),
        Some(NotArrived::Forbidden),
    ];
    for way in ways {
        let (rig, _) = connected_now().await;
        match way {
            None => granted(&rig, &[]),
            Some(how) => rig.control.switch(|switches| switches.consent_delay = Some((5 * 60 + 1, how))),
        }
        pass(&rig, 4).await;
        let [first] = &snapshots(&rig).await[..] else { panic!("{way:?}: one snapshot") };
        let waits = first.course.held_up.expect("it waits");
        assert_eq!((first.state, waits.cause), (JobState::Running, Cause::Consent), "{way:?}");
        assert_eq!(status(&rig).await, CredentialStatus::Waiting, "{way:?}");
        if way.is_none() {
            granted(&rig, READING);
        }
        pass(&rig, 8).await;
        let [sealed] = &snapshots(&rig).await[..] else { panic!("{way:?}: the same snapshot") };
        assert_eq!((sealed.state, &sealed.id), (JobState::Done, &first.id), "{way:?}");
        assert!(wholly(&rig, &sealed.id).await && !sealed.provisional, "{way:?}: {:?}", sealed.not_covered);
        assert_eq!(status(&rig).await, CredentialStatus::Connected, "{way:?}");
        assert_eq!((mails(&rig), rig.dead_letters()), (vec![], vec![]), "{way:?}");
        // A new token at each try, and few tries.
        assert!(sealed.attempts <= 5, "{way:?}: {} attempts", sealed.attempts);
    }
}

#[tokio::test]
async fn a_first_snapshot_that_lacks_what_has_not_arrived_is_followed_by_a_whole_one_and_nobody_is_told() {
    for gone in ["Group.Read.All", "User-LifeCycleInfo.Read.All", "CustomSecAttributeAssignment.Read.All"] {
        let (rig, _) = connected_now().await;
        granted(&rig, &without(gone));
        // Of groups there is another permission, which does not do for the groups themselves.
        pass(&rig, 3).await;
        let [first] = &snapshots(&rig).await[..] else { panic!("{gone}: one snapshot") };
        assert_eq!((first.state, first.provisional), (JobState::Done, true), "{gone}: there is one soon");
        assert!(first.not_covered.iter().all(|gap| gap.cause == "denied"), "{gone}");
        assert!(!first.not_covered.is_empty(), "{gone}");
        assert_eq!(status(&rig).await, CredentialStatus::Waiting, "{gone}");
        // The next waits for the rest, and asks no more than a token for it.
        pass(&rig, 15).await;
        rig.control.clear();
        pass(&rig, 15).await;
        let asked = rig.control.requests(rig.tenant().as_str()).len();
        assert_eq!(asked, 0, "{gone}: nothing is read again for nothing");
        let [_, second] = &snapshots(&rig).await[..] else { panic!("{gone}: two snapshots") };
        assert_eq!(second.course.held_up.map(|held| held.cause), Some(Cause::Consent), "{gone}");
        granted(&rig, READING);
        pass(&rig, 8).await;
        let [_, second] = &snapshots(&rig).await[..] else { panic!("{gone}: two snapshots") };
        assert_eq!((second.state, second.provisional), (JobState::Done, false), "{gone}");
        assert!(wholly(&rig, &second.id).await, "{gone}: {:?}", second.not_covered);
        assert_eq!(status(&rig).await, CredentialStatus::Connected, "{gone}");
        assert_eq!((mails(&rig), rig.dead_letters()), (vec![], vec![]), "{gone}");
    }
}

#[tokio::test]
async fn what_is_refused_after_the_hour_is_told_as_ever() {
    // Nothing at all: it fails, and people hear of it once.
    let (rig, _) = connected_now().await;
    granted(&rig, &[]);
    let begun = rig.clock.now();
    pass(&rig, 59).await;
    assert_eq!(mails(&rig), [""; 0]);
    pass(&rig, 10).await;
    let [first] = &snapshots(&rig).await[..] else { panic!("one snapshot") };
    assert_eq!((first.state, first.course.failed), (JobState::Failed, Some(Cause::Denied)));
    assert_eq!(status(&rig).await, CredentialStatus::MissingPermissions);
    assert_eq!(mails(&rig).len(), 2, "the failure and the credentials");
    assert!(rig.clock.now() < begun + SignedDuration::from_mins(75));

    // A part: the gap is told once, by the snapshot that follows the hour.
    let (rig, _) = connected_now().await;
    granted(&rig, &without("Member.Read.Hidden"));
    pass(&rig, 59).await;
    assert_eq!(mails(&rig), [""; 0]);
    pass(&rig, 10).await;
    let [first, second] = &snapshots(&rig).await[..] else { panic!("two snapshots") };
    assert_eq!((first.provisional, second.provisional), (true, false));
    assert_eq!(second.state, JobState::Done);
    assert_eq!(status(&rig).await, CredentialStatus::MissingPermissions);
    assert_eq!(mails(&rig).len(), 2, "the gaps and the credentials");
    pass(&rig, 60).await;
    assert_eq!((snapshots(&rig).await.len(), mails(&rig).len()), (2, 0));
}

#[tokio::test]
async fn what_the_tenant_does_on_purpose_is_told_at_once_however_young_the_consent_is() {
    let (rig, _) = connected_now().await;
    rig.control.set_login_refusal(rig.tenant().as_str(), Some(("unauthorized_client", 7_000_112)));
    pass(&rig, 2).await;
    let [first] = &snapshots(&rig).await[..] else { panic!("one snapshot") };
    assert_eq!(first.state, JobState::Failed);
    assert_eq!((status(&rig).await, mails(&rig).len()), (CredentialStatus::Unreachable, 2));

    // Once a whole snapshot was sealed the consent has arrived: what is refused then was taken back.
    let (rig, tenant) = connected_now().await;
    pass(&rig, 2).await;
    assert_eq!(snapshots(&rig).await[0].state, JobState::Done);
    mails(&rig);
    rig.control.withdraw_consent(tenant.as_str(), READER_CLIENT_ID);
    let id = rig.ask_snapshot(&tenant).await;
    pass(&rig, 2).await;
    assert_eq!(rig.snapshot_row(&tenant, &id).await.state, JobState::Failed);
    assert_eq!(status(&rig).await, CredentialStatus::ConsentWithdrawn);
    assert_eq!(mails(&rig).len(), 2);
}

#[tokio::test]
async fn a_person_who_asks_meanwhile_waits_for_no_part() {
    // Before another snapshot follows, and while that one waits: then it goes on at once.
    for waits in [false, true] {
        let (rig, tenant) = connected_now().await;
        granted(&rig, &without("Member.Read.Hidden"));
        pass(&rig, if waits { 12 } else { 2 }).await;
        let id = rig.ask_snapshot(&tenant).await;
        assert_eq!(snapshots(&rig).await.len(), 2, "{waits}");
        pass(&rig, 2).await;
        let row = rig.snapshot_row(&tenant, &id).await;
        assert_eq!(
            (row.state, row.reason, row.provisional),
            (JobState::Done, Reason::Person, true),
            "{waits}"
        );
        assert_eq!((status(&rig).await, mails(&rig)), (CredentialStatus::Waiting, vec![]), "{waits}");
    }
}

#[tokio::test]
async fn a_connection_waits_beyond_its_hour_while_our_own_application_is_refused() {
    let rig = Rig::with(Setting { connected: false, ..Setting::default() }).await;
    let tenant = rig.tenant().clone();
    let user = administrator(&rig).await;
    rig.control.consent(tenant.as_str(), READER_CLIENT_ID);
    rig.control.switch(|switches| switches.consent_delay = Some((60, NotArrived::NoToken)));
    let state = rig.consent_link(&rig.organisation(), "reader").await;
    let next = rig.come_back(&state, &tenant, &user).await.unwrap();
    assert!(matches!(next, Next::Waiting(_)), "{next:?}");
    rig.control.set_secret_expired(READER_CLIENT_ID, true);
    rig.restart();
    pass(&rig, 90).await;
    let waits = rig.organisation().connecting.expect("it waits");
    assert_eq!((waits.refused, mails(&rig)), (None, vec![]), "it is no fault of whoever consented");
    rig.control.set_secret_expired(READER_CLIENT_ID, false);
    pass(&rig, 10).await;
    assert!(rig.find_tenant_row(&tenant).await.is_some(), "and it comes about");
    assert_eq!(mails(&rig), [""; 0]);
}
