//! What needs somebody: each cause as its rows say it, who hears of it, and what closes it.

use crate::common::fleet::{Fleet, diff, snapshot, tenant};
use crate::common::{Answer, as_role};
use domain::attention::Cause;
use domain::notices::{Severity, Topic};
use domain::organisations::OrganisationState;
use domain::rights::Role;
use domain::{RestoreId, Timestamp};
use engine::ports::Write;
use engine::records::{
    ConnectRefusal, Connecting, CredentialStatus, Ending, JobState, Newest, NotCovered, NotProtected, Reason,
    Record, Snapshot, Subject, Tenant,
};
use http::{Method, StatusCode};
use jiff::SignedDuration;
use partners::commands::Caller;
use serde_json::{Value, json};

const NONE: [(usize, String); 0] = [];

fn restore(n: usize) -> Subject {
    Subject::Restore(RestoreId::from_ulid(&format!("01J{n:023}")))
}

fn lacks(source: &str, cause: &str) -> NotCovered {
    NotCovered { source: source.to_owned(), cause: cause.to_owned(), why: "for people".to_owned() }
}

fn days(now: Timestamp, days: i64) -> Timestamp {
    now + SignedDuration::from_hours(24 * days)
}

/// A waiting connection, or one that came to nothing.
fn connecting(since: Timestamp, refused: Option<ConnectRefusal>) -> Connecting {
    let until = since + SignedDuration::from_hours(1);
    let try_at = refused.is_none().then_some(until);
    Connecting { tenant: tenant(900), person: None, since, until, try_at, attempts: 1, refused }
}

impl Fleet {
    async fn sealed(&self, n: usize, hours_ago: i64, gaps: &[NotCovered]) {
        let newest = Newest::of(self.ago(hours_ago), gaps, vec!["Mail.ReadWrite".to_owned()], None);
        self.change_tenant(n, |row| row.newest = Some(newest)).await;
    }

    async fn status(&self, n: usize, status: CredentialStatus) {
        let now = self.ago(0);
        self.change_tenant(n, |row| row.note_credentials(status, now)).await;
    }

    async fn ending(&self, n: usize, state: OrganisationState, delete_in_days: i64) {
        let (now, before) = (self.ago(0), OrganisationState::Active);
        let ending = Ending {
            by: "hft_12345678".to_owned(),
            asked_at: now,
            delete_at: days(now, delete_in_days),
            before,
            began_at: None,
            key_fingerprint: None,
            blobs: 0,
            rows: 0,
        };
        self.change(n, |row| (row.state, row.ending) = (state, Some(ending))).await;
    }

    /// The one item of a cause.
    async fn item(&self, cause: &str) -> Value {
        let list = self.read(&format!("attention?cause={cause}")).await;
        let items = list["items"].as_array().unwrap();
        assert_eq!(items.len(), 1, "{list}");
        items[0].clone()
    }

    async fn acknowledge(&self, item: &Value, until: Timestamp) -> Answer {
        let (org, cause) = (item["organisation"].as_str().unwrap(), item["cause"].as_str().unwrap());
        let body = json!({ "facts": item["facts"], "until": until.to_string(), "note": " ticket 4711 " });
        self.plane.post(&self.owner, &format!("/v1/attention/{org}/{cause}/acknowledge"), &body).await
    }
}

/// A fleet in which each cause is there once, of a customer of its own.
async fn all_causes() -> Fleet {
    let fleet = Fleet::of(18).await;
    let hour = fleet.ago(1);
    fleet.status(0, CredentialStatus::ConsentWithdrawn).await;
    fleet.status(1, CredentialStatus::Unreachable).await;
    fleet.sealed(2, 37, &[]).await;
    fleet.tell(3, Topic::PrivilegedChanges, Subject::Diff(diff(3)), Severity::Critical, 5).await;
    fleet.tell(4, Topic::Restores, restore(4), Severity::Warning, 5).await;
    fleet.status(5, CredentialStatus::MissingPermissions).await;
    let missing = NotProtected { what: "users".to_owned(), any_of: vec!["User.Read.All".to_owned()] };
    fleet.change_tenant(5, |row| row.not_protected = Some(vec![missing])).await;
    fleet.change(6, |row| row.connecting = Some(connecting(hour, Some(ConnectRefusal::NoRole)))).await;
    fleet.tell(7, Topic::Approvals, restore(7), Severity::Warning, 2).await;
    fleet.sealed(8, 1, &[lacks("groups", "unlicensed"), lacks("users/7", "unreadable")]).await;
    fleet.ending(9, OrganisationState::Unsubscribed, 6).await;
    fleet.status(10, CredentialStatus::ExcessPermissions).await;
    fleet.sealed(10, 1, &[]).await;
    fleet.count(11, 12).await;
    fleet.change(12, |row| row.tenant = None).await;
    fleet.change(13, |row| row.connecting = Some(connecting(hour, None))).await;
    fleet.status(14, CredentialStatus::ExcessReading).await;
    // Of these nobody is needed: it waits for Microsoft, it ends in weeks, it was all right.
    fleet.status(15, CredentialStatus::Waiting).await;
    fleet.ending(16, OrganisationState::Unsubscribed, 40).await;
    fleet.tell(17, Topic::Restores, restore(17), Severity::Info, 5).await;
    fleet
}

#[tokio::test]
async fn each_cause_follows_from_its_rows_and_the_worst_stands_first() {
    let fleet = all_causes().await;
    let told = [
        (0, "consent-withdrawn"),
        (1, "unreachable"),
        (2, "late-snapshot"),
        (3, "privileged-changes"),
        (4, "restore-failed"),
        (5, "missing-permissions"),
        (6, "connection-failed"),
        (7, "restore-waits"),
        (8, "not-covered"),
        (9, "data-ends"),
        (10, "excess-permissions"),
        (11, "seats-over"),
        (12, "not-connected"),
        (13, "connection-waits"),
        (14, "excess-reading"),
    ];
    let found = fleet.causes(&fleet.owner).await;
    assert_eq!(found.iter().map(|(n, cause)| (*n, cause.as_str())).collect::<Vec<_>>(), told);
    let list = fleet.read("attention").await;
    assert_eq!((&list["counts"]["fine"], &list["counts"]["acknowledged"]), (&json!(3), &json!(0)));
    assert_eq!(list["checkedAt"], fleet.ago(0).to_string());

    let item = fleet.item("late-snapshot").await;
    let what = &item["what"];
    assert_eq!(what["counts"], json!({ "hours": 37, "snapshotsPerDay": 1 }));
    assert_eq!(
        (&item["since"], &what["ids"]["snapshots"]),
        (&json!(fleet.ago(37).to_string()), &json!([snapshot(2)]))
    );
    assert_eq!((&item["severity"], &item["name"]), (&json!("critical"), &json!("Customer 002")));
    let what = fleet.item("privileged-changes").await["what"].clone();
    assert_eq!((&what["counts"]["privileged"], &what["ids"]["comparisons"]), (&json!(3), &json!([diff(3)])));
    let what = fleet.item("missing-permissions").await["what"].clone();
    assert_eq!((&what["sources"], &what["permissions"]), (&json!(["users"]), &json!(["User.Read.All"])));
    assert_eq!(fleet.item("connection-failed").await["what"]["reason"], "no-role");
    let what = fleet.item("not-covered").await["what"].clone();
    assert_eq!(
        (&what["counts"], &what["sources"]),
        (&json!({ "parts": 1, "objects": 1 }), &json!(["groups"]))
    );
    assert_eq!(fleet.item("data-ends").await["until"], days(fleet.ago(0), 6).to_string());
    assert_eq!(fleet.item("excess-permissions").await["what"]["permissions"], json!(["Mail.ReadWrite"]));
    let what = fleet.item("seats-over").await["what"].clone();
    assert_eq!(what["counts"], json!({ "seats": 10, "inUse": 12, "over": 2 }));
}

#[tokio::test]
async fn each_role_is_shown_the_causes_that_it_may_hear_of_and_an_admin_those_of_their_organisations() {
    let fleet = all_causes().await;
    let all = fleet.causes(&fleet.owner).await;
    for role in Role::ALL.into_iter().filter(|role| *role != Role::EndCustomer) {
        let open = all.iter().filter(|(_, cause)| cause.parse::<Cause>().unwrap().is_open_to(role, false));
        let caller = as_role(&fleet.owner, role, None);
        assert_eq!(fleet.causes(&caller).await, open.cloned().collect::<Vec<_>>(), "{role:?}");
    }
    let own = vec![fleet.ids[2].clone(), fleet.ids[11].clone(), fleet.ids[15].clone()];
    let limited = as_role(&fleet.owner, Role::Admin, Some(own));
    let found = fleet.causes(&limited).await;
    assert_eq!(found, [(2, "late-snapshot".to_owned()), (11, "seats-over".to_owned())]);
    let counts = fleet.read_as(&limited, "attention").await["counts"].clone();
    assert_eq!((&counts["organisations"], &counts["fine"]), (&json!(3), &json!(1)));
    let (foreign, own) = (&fleet.ids[0], &fleet.ids[2]);
    let one = fleet.plane.get(&limited, &format!("/v1/attention?organisation={foreign}")).await;
    assert_eq!(one.status, StatusCode::NOT_FOUND, "{one:?}");
    let one = fleet.read_as(&limited, &format!("attention?organisation={own}")).await;
    assert_eq!((one["items"].as_array().unwrap().len(), &one["counts"]["organisations"]), (1, &json!(1)));
    // Finance hears of seats, and may put nothing aside.
    let finance = as_role(&fleet.owner, Role::Finance, None);
    let path = format!("/v1/attention/{}/seats-over/acknowledge", fleet.ids[11]);
    let body = json!({ "facts": "x", "until": days(fleet.ago(0), 8).to_string() });
    assert_eq!(fleet.plane.post(&finance, &path, &body).await.status, StatusCode::FORBIDDEN);
    let support = as_role(&fleet.owner, Role::Support, None);
    assert_eq!(fleet.plane.post(&support, &path, &body).await.status, StatusCode::FORBIDDEN, "of money");
}

#[tokio::test]
async fn an_acknowledged_cause_is_put_aside_until_its_facts_change_or_the_time_is_over() {
    let fleet = Fleet::of(2).await;
    fleet.count(0, 12).await;
    let item = fleet.item("seats-over").await;
    let until = days(fleet.ago(0), 30);
    for wrong in [6, 91] {
        let refused = fleet.acknowledge(&item, days(fleet.ago(0), wrong)).await;
        assert_eq!(refused.fields(), ["until"], "{refused:?}");
    }
    let done = fleet.acknowledge(&item, until).await;
    assert_eq!(done.status, StatusCode::OK, "{done:?}");
    assert_eq!(done.json()["acknowledged"]["note"], "ticket 4711");
    assert_eq!(fleet.causes(&fleet.owner).await, NONE);
    let shown = fleet.read("attention?acknowledged=true").await;
    assert_eq!(shown["items"][0]["acknowledged"]["until"], until.to_string());
    let counts = &shown["counts"];
    assert_eq!(
        (&counts["fine"], &counts["acknowledged"], &counts["causes"]),
        (&json!(2), &json!(1), &json!({}))
    );

    // More seats than were acknowledged.
    fleet.count(0, 13).await;
    assert_eq!(fleet.causes(&fleet.owner).await.len(), 1, "it is back");
    let stale = fleet.acknowledge(&item, until).await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED, "what was shown is no longer so: {stale:?}");
    let again = fleet.acknowledge(&fleet.item("seats-over").await, until).await;
    assert_eq!(again.status, StatusCode::OK, "{again:?}");
    assert_eq!(fleet.causes(&fleet.owner).await, NONE);
    // Taken back, and once more.
    let path = format!("/v1/attention/{}/seats-over/acknowledge", fleet.ids[0]);
    assert_eq!(fleet.plane.bare(&fleet.owner, Method::DELETE, &path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(fleet.plane.bare(&fleet.owner, Method::DELETE, &path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(fleet.causes(&fleet.owner).await.len(), 1);
    fleet.acknowledge(&fleet.item("seats-over").await, until).await;
    fleet.plane.world.clock.advance_to(until);
    let over = fleet.causes(&fleet.owner).await;
    assert!(over.contains(&(0, "seats-over".to_owned())), "the time is over: {over:?}");
}

#[tokio::test]
async fn a_cause_that_ended_and_came_again_is_another_than_the_one_that_was_acknowledged() {
    let fleet = Fleet::of(1).await;
    fleet.status(0, CredentialStatus::Unreachable).await;
    let item = fleet.item("unreachable").await;
    assert_eq!(fleet.acknowledge(&item, days(fleet.ago(0), 90)).await.status, StatusCode::OK);
    assert_eq!(fleet.causes(&fleet.owner).await, NONE);
    fleet.plane.world.clock.advance(SignedDuration::from_mins(1));
    fleet.status(0, CredentialStatus::Connected).await;
    let gone = fleet.acknowledge(&item, days(fleet.ago(0), 30)).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND, "it has closed itself: {gone:?}");
    fleet.plane.world.clock.advance(SignedDuration::from_mins(1));
    fleet.status(0, CredentialStatus::Unreachable).await;
    assert_eq!(fleet.causes(&fleet.owner).await, [(0, "unreachable".to_owned())]);
}

#[tokio::test]
async fn of_privileged_changes_only_those_that_came_after_somebody_looked_are_shown() {
    let fleet = Fleet::of(1).await;
    let topic = Topic::PrivilegedChanges;
    fleet.tell(0, topic, Subject::Diff(diff(1)), Severity::Critical, 24 * 8).await;
    assert_eq!(fleet.causes(&fleet.owner).await, NONE, "a week is over");
    fleet.tell(0, topic, Subject::Diff(diff(2)), Severity::Critical, 48).await;
    fleet.tell(0, topic, Subject::Diff(diff(3)), Severity::Critical, 24).await;
    let item = fleet.item("privileged-changes").await;
    assert_eq!(item["what"]["ids"]["comparisons"], json!([diff(3), diff(2)]));
    assert_eq!(
        (&item["since"], &item["what"]["counts"]["privileged"]),
        (&json!(fleet.ago(48).to_string()), &json!(6))
    );
    fleet.acknowledge(&item, days(fleet.ago(0), 7)).await;
    assert_eq!(fleet.causes(&fleet.owner).await, NONE);
    fleet.tell(0, topic, Subject::Diff(diff(4)), Severity::Critical, 1).await;
    let item = fleet.item("privileged-changes").await;
    assert_eq!(item["what"]["ids"]["comparisons"], json!([diff(4)]));
}

#[tokio::test]
async fn a_restore_waits_for_its_approval_until_it_has_ended_or_its_preview_is_too_old() {
    let fleet = Fleet::of(1).await;
    fleet.tell(0, Topic::Approvals, restore(1), Severity::Warning, 25).await;
    fleet.tell(0, Topic::Approvals, restore(2), Severity::Warning, 3).await;
    let item = fleet.item("restore-waits").await;
    assert_eq!(item["what"]["ids"]["restores"], json!([restore(2).id()]));
    assert_eq!(item["until"], (fleet.ago(3) + SignedDuration::from_hours(24)).to_string());
    fleet.tell(0, Topic::Restores, restore(2), Severity::Info, 1).await;
    assert_eq!(fleet.causes(&fleet.owner).await, NONE, "it has ended, and well");
}

#[tokio::test]
async fn the_top_partner_decides_on_downgrades_and_hears_that_its_own_secret_ends() {
    let fleet = Fleet::of(1).await;
    let (_, top) = fleet.plane.partner(&Caller::Operator, "Another top").await;
    let soon = days(fleet.ago(0), 29);
    fleet.plane.directory.0.lock().unwrap().credential_ends_at = Some(soon);
    let list = fleet.read_as(&top, "attention").await;
    let items = list["items"].as_array().unwrap();
    assert_eq!(
        (items.len(), &items[0]["cause"], &items[0]["until"]),
        (1, &json!("own-secret-ends"), &json!(soon.to_string()))
    );
    assert_eq!((&items[0]["organisation"], &items[0]["name"]), (&json!(null), &json!("Another top")));
    assert_eq!(fleet.causes(&fleet.owner).await, NONE, "a partner below does not hear of it");
    fleet.plane.directory.0.lock().unwrap().credential_ends_at = Some(days(fleet.ago(0), 31));
    assert_eq!(fleet.read_as(&top, "attention").await["items"], json!([]));

    // What is offered to it is to be decided too, and cannot be put aside.
    let taker = top.member().unwrap().partner.to_string();
    let version = fleet.organisation(&fleet.ids[0]).await.version;
    let path = format!("/v1/organisations/{}/transfer", fleet.ids[0]);
    let body = json!({ "to": taker });
    let offered = fleet.plane.ask(&fleet.owner, Method::POST, &path, Some(version), Some(&body)).await;
    assert!(offered.status.is_success(), "{offered:?}");
    let list = fleet.read_as(&top, "attention").await;
    let item = &list["items"][0];
    assert_eq!(
        (&item["cause"], &item["since"]),
        (&json!("transfer-offered"), &json!(fleet.ago(0).to_string()))
    );
    assert_eq!((&list["counts"]["organisations"], &list["counts"]["fine"]), (&json!(0), &json!(0)));
    let path = format!("/v1/attention/{}/transfer-offered/acknowledge", fleet.ids[0]);
    let body = json!({ "facts": item["facts"], "until": days(fleet.ago(0), 8).to_string() });
    let refused = fleet.plane.post(&fleet.owner, &path, &body).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_said_and_hides_no_other() {
    let fleet = Fleet::of(3).await;
    fleet.count(2, 11).await;
    let mut rows = fleet.plane.world.catalog.rows();
    let spoilt = Tenant::at(&tenant(1));
    let row =
        rows.iter_mut().find(|(scope, row)| scope == spoilt.scope() && row.key == spoilt.key()).unwrap();
    row.1.body = json!({ "tenant": "none" });
    fleet.plane.world.catalog.set_rows(rows);
    let list = fleet.read("attention").await;
    assert_eq!((&list["complete"], &list["counts"]["organisations"]), (&json!(false), &json!(3)));
    assert_eq!(fleet.causes(&fleet.owner).await, [(2, "seats-over".to_owned())]);
}

#[tokio::test]
async fn a_tenant_whose_row_says_nothing_of_its_newest_snapshot_is_judged_by_the_snapshots_own_row() {
    let fleet = Fleet::of(2).await;
    for n in 0..2 {
        fleet.change_tenant(n, |row| row.newest = None).await;
        let sealed_at = fleet.ago(if n == 0 { 1 } else { 40 });
        let row = Snapshot {
            id: snapshot(n),
            tenant: tenant(n),
            reason: Reason::Schedule,
            state: JobState::Done,
            mode: None,
            base: None,
            requested_at: sealed_at,
            touched_at: sealed_at,
            sealed_at: Some(sealed_at),
            attempts: 1,
            counts: std::collections::BTreeMap::default(),
            not_covered: vec![lacks("groups", "unlicensed")],
            provisional: false,
            spent: engine::ports::Spent::default(),
            stored_bytes: 0,
            stored_blobs: 0,
            error: None,
            course: engine::records::Course::default(),
        };
        let write = Write::PutNew(
            row.address().scope().clone(),
            engine::ports::Row::new(row.address().key(), serde_json::to_value(&row).unwrap()),
        );
        fleet.plane.records().write(vec![write]).await.unwrap();
    }
    let found = fleet.causes(&fleet.owner).await;
    let told = [(1, "late-snapshot"), (1, "not-covered"), (0, "not-covered")];
    assert_eq!(found, told.map(|(n, cause)| (n, cause.to_owned())));
}

#[tokio::test]
async fn a_partner_above_sees_those_below_it_and_a_sibling_nothing() {
    let fleet = Fleet::of(1).await;
    fleet.count(0, 12).await;
    let (_, sibling) = fleet.plane.partner(&Caller::Operator, "Elsewhere").await;
    let path = format!("/v1/attention?partner={}", fleet.partner);
    assert_eq!(fleet.plane.get(&sibling, &path).await.status, StatusCode::NOT_FOUND);
    let one = format!("/v1/attention?organisation={}", fleet.ids[0]);
    assert_eq!(fleet.plane.get(&sibling, &one).await.status, StatusCode::NOT_FOUND);
    let mut above = fleet.owner.member().unwrap().clone();
    let partner =
        fleet.plane.records().get(&engine::records::Partner::at(&fleet.partner)).await.unwrap().value;
    above.partner = partner.above[0].clone();
    let above = Caller::Member(above);
    assert_eq!(fleet.read_as(&above, "attention").await["items"], json!([]), "its own customers");
    let below = fleet.read_as(&above, &format!("attention?partner={}", fleet.partner)).await;
    assert_eq!(below["items"][0]["cause"], "seats-over");
    // Who is in which part of the tree is no matter of the cursor: one of another list is refused.
    let bad = fleet.plane.get(&fleet.owner, "/v1/attention?cursor=nonsense").await;
    assert_eq!(bad.fields(), ["cursor"], "{bad:?}");
}
