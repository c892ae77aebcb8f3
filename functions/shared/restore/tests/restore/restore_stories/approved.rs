//! Who asks for a restore, who approves it and who runs it: where an approval is needed, nothing is written before it.

use crate::restore_world::{RestoreWorld, item, object};
use async_trait::async_trait;
use backup::commands::slots::Asker;
use domain::organisations::ApprovalRule;
use domain::restore::{RestorePlan, Selection};
use domain::{ErrorKind, PersonId, RestoreId, Result};
use engine::ports::Page;
use engine::records::{Approval, Restore, RestoreState};
use jiff::SignedDuration;
use restore::commands::approvals::Approver;
use restore::commands::restores::Why;
use restore::run_restore::{self, Announce};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

pub(super) const ANN: &str = "per_01jaaaaaaaaaaaaaaaaaaaaaaa";
pub(super) const BOB: &str = "per_01jbbbbbbbbbbbbbbbbbbbbbbb";
pub(super) const TOKEN: &str = "hft_12345678";

pub(super) fn signed_in(id: &str) -> Asker {
    Asker { name: id.to_owned(), is_end_customer: false, person: id.parse().ok(), place: None }
}

pub(super) fn token_of(id: &str) -> Asker {
    Asker { name: TOKEN.to_owned(), is_end_customer: false, person: id.parse().ok(), place: None }
}

/// Somebody of the customer, in a portal to which that person made the link.
pub(super) fn end_user(link_of: &str) -> Asker {
    Asker {
        name: "ses_01jccccccccccccccccccccccc".to_owned(),
        is_end_customer: true,
        person: link_of.parse().ok(),
        place: None,
    }
}

/// Who was told of which restore that it waits.
#[derive(Default)]
pub struct Ears(Mutex<Vec<RestoreId>>);

#[async_trait]
impl Announce for Ears {
    async fn restore_finished(&self, _: &Restore) -> Result<()> {
        Ok(())
    }
    async fn restore_waits(&self, restore: &Restore) -> Result<()> {
        self.0.lock().unwrap().push(restore.id.clone());
        Ok(())
    }
}

/// A tenant in which a user was renamed; or was given a role, where it is about rights over the tenant.
pub struct Scene {
    pub stage: RestoreWorld,
    pub selection: Selection,
    pub ears: Arc<Ears>,
}

impl Scene {
    pub fn new() -> Self {
        let mut stage = RestoreWorld::new();
        stage.both(object("users", "u", &json!({ "displayName": "Ann" })));
        stage.directory.set("users", "u", "displayName", json!("Anna"));
        let selection = Selection { items: vec![item("users", "u")], ..Selection::default() };
        Self { stage, selection, ears: Arc::default() }
    }

    pub fn privileged() -> Self {
        let mut stage = RestoreWorld::new();
        stage.both(object("groups", "g", &json!({ "displayName": "Admins", "isAssignableToRole": true })));
        stage.directory.set("groups", "g", "displayName", json!("Admin"));
        let selection = Selection { items: vec![item("groups", "g")], ..Selection::default() };
        Self { stage, selection, ears: Arc::default() }
    }

    pub async fn previewed(&self, asker: Asker) -> RestoreId {
        let why = Why { reason: Some("She is called Ann.".to_owned()), ticket: Some("T-7".to_owned()) };
        let restore = self.stage.asked_by(asker, self.selection.clone(), why).await;
        self.stage.preview(&restore).await;
        restore
    }

    /// The same choice, previewed once more.
    pub async fn again(&self, asker: Asker, of: &RestoreId) -> RestoreId {
        let again = self.stage.commands().preview_again(&self.stage.tenant, asker, of).await.unwrap().id;
        self.stage.preview(&again).await;
        again
    }

    pub async fn run(&self, who: Asker, rule: ApprovalRule, id: &RestoreId) -> Result<Restore> {
        self.stage.commands().run(&self.stage.tenant, who, rule, id).await
    }

    pub async fn approve(&self, who: &str, id: &RestoreId) -> Result<Restore> {
        let person: PersonId = who.parse().unwrap();
        let approver = Approver::of(Some(&person)).unwrap();
        self.stage.commands().approve(&self.stage.tenant, &approver, id).await
    }

    /// What the job that runs restores does with its message.
    pub async fn worked_on(&self, id: &RestoreId) -> Restore {
        let worker = run_restore::Worker { announce: self.ears.clone(), ..self.stage.worker() };
        let _ = worker.run(&self.stage.request(id), self.stage.deadline()).await;
        self.stage.restore(id).await
    }

    pub fn told(&self) -> usize {
        self.ears.0.lock().unwrap().len()
    }

    pub async fn approved_by(&self, id: &RestoreId) -> Option<String> {
        let records = self.stage.records(self.stage.world.catalog.clone());
        let found = records.find(&Approval::at(&self.stage.tenant, id)).await.unwrap();
        found.map(|found| found.value.by)
    }
}

#[tokio::test]
async fn each_rule_holds_up_what_it_says_and_nothing_else() {
    for (rule, is_privileged, waits) in [
        (ApprovalRule::Off, false, false),
        (ApprovalRule::Off, true, false),
        (ApprovalRule::Privileged, false, false),
        (ApprovalRule::Privileged, true, true),
        (ApprovalRule::Always, false, true),
        (ApprovalRule::Always, true, true),
    ] {
        let scene = if is_privileged { Scene::privileged() } else { Scene::new() };
        let id = scene.previewed(signed_in(ANN)).await;
        let row = scene.run(signed_in(ANN), rule, &id).await.unwrap();
        assert_eq!(row.privileged, is_privileged, "{rule:?}");
        assert_eq!(row.waits_for_approval(), waits, "{rule:?}, privileged: {is_privileged}");
        let done = scene.worked_on(&id).await;
        let ended = if waits { RestoreState::Previewed } else { RestoreState::Done };
        assert_eq!((done.state, scene.told()), (ended, usize::from(waits)), "{rule:?}");
        assert_eq!(scene.stage.directory.write_count(), u32::from(!waits));
    }
}

#[tokio::test]
async fn who_asked_who_approved_and_who_ran_are_three_and_what_waits_is_run_once_it_is_approved() {
    let scene = Scene::new();
    let id = scene.previewed(token_of(ANN)).await;
    scene.run(signed_in(ANN), ApprovalRule::Always, &id).await.unwrap();
    scene.worked_on(&id).await;
    scene.worked_on(&id).await;
    let sent = scene.stage.world.queue.sent().len();
    let again = scene.run(signed_in(ANN), ApprovalRule::Always, &id).await.unwrap();
    assert!(again.waits_for_approval(), "asked again it waits as before");
    assert_eq!(
        scene.stage.world.queue.sent().len(),
        sent + 1,
        "the message that tells people may have been lost"
    );
    scene.worked_on(&id).await;
    assert_eq!(scene.stage.directory.write_count(), 0);
    assert_eq!(scene.approved_by(&id).await, None);

    scene.approve(BOB, &id).await.unwrap();
    let done = scene.worked_on(&id).await;
    assert_eq!(done.state, RestoreState::Done);
    assert_eq!(scene.stage.directory.get("users", "u")["displayName"], "Ann");
    let three = (done.requested_by.as_str(), done.approved_by.as_deref(), done.run_by.as_deref());
    assert_eq!(three, (TOKEN, Some(BOB), Some(ANN)));
    assert_eq!((done.reason.as_deref(), done.ticket.as_deref()), (Some("She is called Ann."), Some("T-7")));
    let late = scene.approve(BOB, &id).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Conflict);
}

#[tokio::test]
async fn nobody_approves_what_they_asked_for_with_whichever_token_or_link() {
    for asker in [signed_in(ANN), token_of(ANN), end_user(ANN)] {
        let scene = Scene::new();
        let id = scene.previewed(asker.clone()).await;
        scene.run(signed_in(BOB), ApprovalRule::Always, &id).await.unwrap();
        let refused = scene.approve(ANN, &id).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Denied, "{asker:?}");
        assert_eq!(scene.approved_by(&id).await, None, "{asker:?}");
        let row = scene.worked_on(&id).await;
        assert_eq!((row.state, scene.stage.directory.write_count()), (RestoreState::Previewed, 0));
        scene.approve(BOB, &id).await.unwrap();
        assert_eq!(scene.worked_on(&id).await.state, RestoreState::Done, "{asker:?}");
    }
    assert_eq!(Approver::of(None).unwrap_err().kind(), ErrorKind::Denied);
}

#[tokio::test]
async fn what_an_end_user_asked_for_waits_for_the_partner_whatever_the_rule() {
    for runner in [end_user(ANN), signed_in(ANN), signed_in(BOB)] {
        let scene = Scene::new();
        let id = scene.previewed(end_user(ANN)).await;
        let row = scene.run(runner, ApprovalRule::Off, &id).await.unwrap();
        assert!(row.waits_for_approval());
        let row = scene.worked_on(&id).await;
        assert_eq!((row.state, scene.stage.directory.write_count()), (RestoreState::Previewed, 0));
        assert_eq!(scene.told(), 1);
        scene.approve(BOB, &id).await.unwrap();
        assert_eq!(scene.worked_on(&id).await.state, RestoreState::Done);
    }
}

#[tokio::test]
async fn an_end_user_neither_runs_nor_stops_what_the_partner_asked_for() {
    let scene = Scene::new();
    let id = scene.previewed(signed_in(ANN)).await;
    let (commands, tenant) = (scene.stage.commands(), &scene.stage.tenant);
    let refused = scene.run(end_user(ANN), ApprovalRule::Off, &id).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Denied);
    let refused = commands.cancel(tenant, end_user(ANN), &id).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Denied);
    let row = scene.stage.restore(&id).await;
    assert_eq!((row.state, row.run_by, row.cancelled_by), (RestoreState::Previewed, None, None));
    let own = scene.previewed(end_user(ANN)).await;
    assert_eq!(commands.cancel(tenant, end_user(ANN), &own).await.unwrap().state, RestoreState::Cancelled);
}

#[tokio::test]
async fn what_waits_is_run_when_the_rule_no_longer_wants_it_to_wait() {
    let scene = Scene::new();
    let id = scene.previewed(signed_in(ANN)).await;
    scene.run(signed_in(ANN), ApprovalRule::Always, &id).await.unwrap();
    scene.worked_on(&id).await;
    let row = scene.run(signed_in(ANN), ApprovalRule::Off, &id).await.unwrap();
    assert_eq!((row.state, row.rule), (RestoreState::Queued, Some(ApprovalRule::Off)));
    let sent = scene.stage.world.queue.sent();
    let ids: BTreeSet<_> = sent.iter().map(|message| &message.deduplication_id).collect();
    assert_eq!(ids.len(), sent.len(), "none is taken for one that was sent before");
    assert_eq!(scene.worked_on(&id).await.state, RestoreState::Done);
}

#[tokio::test]
async fn what_nobody_could_approve_does_not_wait_and_nobody_is_told_to_approve_it() {
    let unknown = |asker: Asker| Asker { person: None, ..asker };
    for asker in [unknown(token_of(ANN)), unknown(end_user(ANN))] {
        let scene = Scene::new();
        let id = scene.previewed(asker.clone()).await;
        let rule = if asker.is_end_customer { ApprovalRule::Off } else { ApprovalRule::Always };
        for _ in 0..2 {
            let refused = scene.run(signed_in(ANN), rule, &id).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Denied, "{asker:?}");
        }
        let refused = scene.approve(BOB, &id).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Denied);
        let row = scene.worked_on(&id).await;
        assert_eq!((row.state, row.run_by, scene.told()), (RestoreState::Previewed, None, 0), "{asker:?}");
        assert_eq!(scene.stage.directory.write_count(), 0);
        // What nothing holds up is run, in whosever name it was asked.
        if !asker.is_end_customer {
            scene.run(signed_in(ANN), ApprovalRule::Off, &id).await.unwrap();
            assert_eq!(scene.worked_on(&id).await.state, RestoreState::Done);
        }
    }
}

#[tokio::test]
async fn who_approves_what_runs_by_their_approval_is_answered_as_the_first_time_and_nobody_else_is() {
    let scene = Scene::new();
    let id = scene.previewed(signed_in(ANN)).await;
    scene.run(signed_in(ANN), ApprovalRule::Always, &id).await.unwrap();
    let first = scene.approve(BOB, &id).await.unwrap();
    let sent = scene.stage.world.queue.sent().len();
    assert_eq!(scene.approve(BOB, &id).await.unwrap(), first, "the answer may have been lost");
    assert_eq!(scene.stage.world.queue.sent().len(), sent);
    let slower = scene.approve("per_01jddddddddddddddddddddddd", &id).await.unwrap_err();
    assert_eq!(slower.kind(), ErrorKind::Conflict);
    let said = slower.summary().to_string();
    assert!(said.contains("cannot be approved"), "they did not run it: {said}");
    assert_eq!(scene.approved_by(&id).await.as_deref(), Some(BOB));
}

#[tokio::test]
async fn what_an_earlier_release_previewed_is_held_up_as_what_may_be_about_rights() {
    let scene = Scene::new();
    let id = scene.previewed(signed_in(ANN)).await;
    let records = scene.stage.records(scene.stage.world.catalog.clone());
    let found = records.get(&Restore::at(&scene.stage.tenant, &id)).await.unwrap();
    // Such a row says neither.
    let older = Restore { privileged: false, expires_at: None, ..found.value };
    records.replace(&older, found.version).await.unwrap();
    let row = scene.run(signed_in(ANN), ApprovalRule::Privileged, &id).await.unwrap();
    assert!(row.waits_for_approval());
}

#[tokio::test]
async fn a_plan_that_took_the_place_of_the_one_that_was_shown_is_neither_shown_nor_approved_nor_run() {
    let scene = Scene::new();
    for is_approved in [false, true] {
        let id = scene.previewed(signed_in(ANN)).await;
        if is_approved {
            scene.approve(BOB, &id).await.unwrap();
        }
        scene.stage.replace_plan(&id, Some(&RestorePlan::default()));
        let (commands, tenant) = (scene.stage.commands(), &scene.stage.tenant);
        let page = Page { after: None, limit: 10, descending: false };
        let refused = [
            scene.approve(BOB, &id).await.unwrap_err(),
            scene.run(signed_in(ANN), ApprovalRule::Off, &id).await.unwrap_err(),
            scene.run(signed_in(ANN), ApprovalRule::Always, &id).await.unwrap_err(),
            commands.read_plan(tenant, &id, page).await.unwrap_err(),
            commands.list_impossible(tenant, &id).await.unwrap_err(),
        ];
        assert_eq!(refused.map(|error| error.kind()), [ErrorKind::Conflict; 5]);
        let row = scene.worked_on(&id).await;
        assert_eq!(
            (row.state, row.run_by, scene.stage.directory.write_count()),
            (RestoreState::Previewed, None, 0)
        );
        assert_eq!(scene.approved_by(&id).await.is_some(), is_approved);
    }
}

#[tokio::test]
async fn approved_before_it_is_run_it_is_run_at_once() {
    let scene = Scene::new();
    let id = scene.previewed(signed_in(ANN)).await;
    let row = scene.approve(BOB, &id).await.unwrap();
    assert_eq!((row.state, row.approved_by.as_deref()), (RestoreState::Previewed, Some(BOB)));
    let sent = scene.stage.world.queue.sent();
    assert!(sent.iter().all(|message| !message.deduplication_id.starts_with("run-restore")), "{sent:?}");
    let row = scene.run(signed_in(ANN), ApprovalRule::Always, &id).await.unwrap();
    assert_eq!(row.state, RestoreState::Queued);
    let done = scene.worked_on(&id).await;
    assert_eq!((done.state, done.approved_by.as_deref(), scene.told()), (RestoreState::Done, Some(BOB), 0));
}

#[tokio::test]
async fn a_preview_that_has_expired_or_was_stopped_is_approved_by_nobody() {
    let scene = Scene::new();
    let id = scene.previewed(signed_in(ANN)).await;
    scene.run(signed_in(ANN), ApprovalRule::Always, &id).await.unwrap();
    scene.stage.world.clock.advance(SignedDuration::from_hours(25));
    assert_eq!(scene.approve(BOB, &id).await.unwrap_err().kind(), ErrorKind::Conflict);
    let other = scene.previewed(signed_in(ANN)).await;
    scene.stage.commands().cancel(&scene.stage.tenant, ANN, &other).await.unwrap();
    assert_eq!(scene.approve(BOB, &other).await.unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(scene.stage.directory.write_count(), 0);
}
