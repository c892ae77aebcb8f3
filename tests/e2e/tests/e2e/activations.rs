//! Roles that are activated for a while: told as that, apart from what is given, whichever way Graph lists them.

use super::rig::{Admin, Rig, changes_of};
use domain::changes::{Change, What};
use domain::notices::Topic;
use engine::ports::Clock;
use engine::records::{Diff, Notice, Severity};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;
use sim::Among;

const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";

async fn schedule(admin: &Admin, who: &str, path: &str) {
    let body = json!({"action": "adminAssign", "justification": "a test", "principalId": who,
        "roleDefinitionId": GLOBAL_ADMINISTRATOR, "directoryScopeId": "/",
        "scheduleInfo": {"startDateTime": "2026-01-01T00:00:00Z", "expiration": {"type": "noExpiration"}}});
    admin.write(Method::POST, &format!("roleManagement/directory/{path}"), &body).await;
}

/// An hour later: the comparison that follows another snapshot, and its changes.
async fn next(rig: &Rig) -> (Diff, Vec<Change>) {
    rig.clock.advance(SignedDuration::from_hours(1));
    rig.snapshot().await;
    let diff = rig.diff_rows(rig.tenant()).await.pop().unwrap();
    let changes = changes_of(rig, rig.tenant(), &diff.id).await;
    (diff, changes)
}

/// Subjects of the critical mails since the last time, and how many others there were.
fn mails(rig: &Rig) -> (Vec<String>, usize) {
    let all = rig.world.mailer.take_sent();
    let (critical, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|m| m.text.contains(", critical\n"));
    (critical.into_iter().map(|m| m.subject).collect(), others.len())
}

fn nobody_is_alarmed(others: usize) -> (Vec<String>, usize) {
    (Vec::new(), others)
}

#[tokio::test]
async fn a_role_that_is_activated_and_ends_is_no_grant_and_what_is_then_given_for_good_is_one() {
    for among in [Among::All, Among::NotActivated, Among::Lasting] {
        let rig = Rig::new().await;
        rig.control.switch(|s| s.schedules_among_assignments = among);
        let (tenant, admin) = (rig.tenant().as_str().to_owned(), rig.admin(rig.tenant()).await);
        let user = admin.create_user("Uma Berg", "Auditor").await;
        schedule(&admin, &user, "roleEligibilityScheduleRequests").await;
        rig.snapshot().await;
        mails(&rig);

        let active = rig.control.activate_role(&tenant, &user, GLOBAL_ADMINISTRATOR);
        let (diff, changes) = next(&rig).await;
        let [change] = changes.as_slice() else { panic!("{among:?}: {changes:#?}") };
        assert_eq!((change.kind.to_string().as_str(), change.what), ("activeAdmins", What::Activated));
        assert!(!change.privileged && change.ends_at.is_some_and(|end| end > rig.clock.now()), "{change:?}");
        assert_eq!((diff.counts.activated, diff.counts.privileged, diff.counts.changes()), (1, 0, 0));
        let id = format!("changes.{}.activations", diff.id);
        let notice: Notice = rig.records.get(&Notice::at(rig.tenant(), &id)).await.unwrap().value;
        assert_eq!((notice.topic, notice.severity), (Topic::Changes, Severity::Info));
        assert!(notice.title.starts_with("Uma Berg activated Global Administrator"), "{}", notice.title);
        // Somebody of the partner asks for everything at once.
        assert_eq!(mails(&rig), nobody_is_alarmed(1), "{among:?}");
        assert_eq!(next(&rig).await.1, [], "{among:?}: it goes on");

        rig.control.end_activation(&tenant, &active);
        let (diff, changes) = next(&rig).await;
        assert_eq!(changes.iter().map(|c| c.what).collect::<Vec<_>>(), [What::Ended], "{among:?}");
        assert_eq!((diff.counts.ended, diff.counts.privileged), (1, 0));
        assert_eq!(mails(&rig), nobody_is_alarmed(1), "{among:?}");

        // Given for good while it is active, and kept when the activation has ended.
        let active = rig.control.activate_role(&tenant, &user, GLOBAL_ADMINISTRATOR);
        next(&rig).await;
        let admin = rig.admin(rig.tenant()).await;
        schedule(&admin, &user, "roleAssignmentScheduleRequests").await;
        let (diff, changes) = next(&rig).await;
        let told: Vec<_> = changes.iter().map(|c| (c.what, c.privileged)).collect();
        assert_eq!(told, [(What::Created, true)], "{among:?}: {changes:#?}");
        assert_eq!(diff.counts.privileged, 1);
        let (critical, _) = mails(&rig);
        assert!(
            matches!(&critical[..], [one] if one.contains("Uma Berg was given")),
            "{among:?} {critical:?}"
        );
        rig.control.end_activation(&tenant, &active);
        assert_eq!(next(&rig).await.1, [], "{among:?}: what was given stays");
    }
}

#[tokio::test]
async fn who_was_made_eligible_and_activated_it_at_once_is_told_as_made_eligible() {
    let rig = Rig::new().await;
    let admin = rig.admin(rig.tenant()).await;
    let user = admin.create_user("Uma Berg", "Auditor").await;
    rig.snapshot().await;
    mails(&rig);
    schedule(&admin, &user, "roleEligibilityScheduleRequests").await;
    rig.control.activate_role(rig.tenant().as_str(), &user, GLOBAL_ADMINISTRATOR);
    let (diff, changes) = next(&rig).await;
    let told: Vec<_> = changes.iter().map(|c| (c.kind.to_string(), c.what, c.privileged)).collect();
    let expected = [("eligibleAdmins", What::Created, true), ("activeAdmins", What::Activated, false)];
    assert_eq!(told, expected.map(|(kind, what, privileged)| (kind.to_owned(), what, privileged)));
    let (critical, _) = mails(&rig);
    assert_eq!(diff.counts.privileged, 1);
    assert!(matches!(&critical[..], [one] if one.contains("Uma Berg may now activate")), "{critical:?}");
}
