//! The receipt of a restore over HTTP, in each way that a restore ends; and who is told what before it has ended.

use crate::common::{Plane, RESTORE, TENANT};
use engine::ports::Clock;
use engine::records::{
    Approval, OutcomeState, ReadBack, Restore, RestoreState, SignedReceipt, StepOutcome, delete,
};
use jiff::SignedDuration;
use partners::commands::Caller;
use restore::plans::PlanStore;
use restore::preview_restore::Archived;
use restore::run_restore::{Ports, Request, Worker};
use serde_json::{Value, json};
use std::sync::Arc;
use support::memory::Nobody;

const A: &str = "01JAAAAAAAAAAAAAAAAAAAAAAA";

struct Story {
    plane: Plane,
    owner: Caller,
    path: String,
}

impl Story {
    async fn begin(state: RestoreState) -> Self {
        let plane = Plane::new().await;
        let (partner, owner) = plane.partner(A, &[]).await;
        let org = plane.organisation(&partner, A, Some(TENANT)).await;
        let path = format!("/v1/organisations/{org}/restores/{RESTORE}");
        let stored =
            plane.records.get(&SignedReceipt::at(&plane.tenant, &RESTORE.parse().unwrap())).await.unwrap();
        plane.records.write(vec![delete(&stored.value, stored.version)]).await.unwrap();
        plane.stands(state).await;
        Self { plane, owner, path }
    }

    async fn edit(&self, change: impl FnOnce(&mut Restore)) {
        self.plane.edit(&Restore::at(&self.plane.tenant, &RESTORE.parse().unwrap()), change).await;
    }

    async fn ask(&self, query: &str) -> crate::common::Answer {
        let path = format!("{}/receipt{query}", self.path);
        self.plane.ask(Some(&self.owner), "GET", &path, &Value::Null).await
    }

    /// Does what the queue's messages ask for, as the job does.
    async fn work(&self) {
        let world = &self.plane.world;
        let nobody = Arc::new(Nobody);
        let worker = Worker::new(Ports {
            directory: nobody.clone(),
            writer: nobody,
            vault: world.vault.clone(),
            keys: world.key_ring.clone(),
            records: self.plane.records.clone(),
            queue: world.queue.clone(),
            clock: world.clock.clone(),
            ids: world.ids.clone(),
            signer: world.signer.clone(),
        });
        let request = Request { tenant: self.plane.tenant.clone(), restore: RESTORE.parse().unwrap() };
        worker.run(&request, world.clock.now() + SignedDuration::from_mins(5)).await.unwrap();
    }

    /// The receipt, which is signed when it is first asked for; twice asked, one message.
    async fn receipt(&self) -> Value {
        for _ in 0..2 {
            let early = self.ask("").await;
            assert_eq!(early.status, 409, "{early:?}");
        }
        assert_eq!(self.plane.started().last(), Some(&"run-restore"));
        self.work().await;
        let answer = self.ask("").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.text.len() < 1_000_000);
        let missing = self.ask("?cursor=1").await;
        assert_eq!((missing.status.as_u16(), missing.fields()), (422, vec!["cursor".to_owned()]));
        answer.json()
    }
}

/// What the head of a receipt says.
fn head(receipt: &Value) -> Value {
    use base64::Engine as _;
    let payload = receipt["signed"].as_str().unwrap().split('.').nth(1).unwrap();
    let bytes = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn a_restore_that_may_still_become_something_has_no_receipt_and_none_is_asked_for() {
    for state in
        [RestoreState::Previewing, RestoreState::Previewed, RestoreState::Queued, RestoreState::Running]
    {
        let story = Story::begin(state).await;
        let before = story.plane.started().len();
        assert_eq!(story.ask("").await.status, 409, "{state:?}");
        assert_eq!(story.plane.started().len(), before, "{state:?}");
    }
}

#[tokio::test]
async fn a_restore_has_a_signed_receipt_however_it_ended() {
    let hours = |h| SignedDuration::from_hours(h);
    for (state, ending) in [
        (RestoreState::Done, "done"),
        (RestoreState::Cancelled, "stopped"),
        (RestoreState::Failed, "givenUp"),
        (RestoreState::Previewed, "expired"),
    ] {
        let story = Story::begin(state).await;
        story
            .edit(|row| row.cancelled_by = (state == RestoreState::Cancelled).then(|| "per_x".to_owned()))
            .await;
        if state == RestoreState::Previewed {
            story.plane.world.clock.advance(hours(25));
        }
        let receipt = story.receipt().await;
        let head = head(&receipt);
        assert_eq!(
            (&head["ending"], &head["restore"], &head["tenant"]),
            (&json!(ending), &json!(RESTORE), &json!(TENANT))
        );
        assert_eq!(head["stoppedBy"].is_string(), state == RestoreState::Cancelled);
        let step = &receipt["entries"][0];
        assert_eq!(
            (&step["entry"], &step["action"], &step["outcome"]),
            (&json!("step"), &json!("undelete"), &Value::Null)
        );
        assert_eq!((&receipt["page"], &receipt["next"]), (&json!(0), &Value::Null));
        let again = story.ask("").await.json();
        assert_eq!(again, receipt, "it is signed once");
    }
}

#[tokio::test]
async fn a_receipt_names_the_approval_the_requests_and_what_was_read_back() {
    let story = Story::begin(RestoreState::Done).await;
    let (tenant, restore) = (story.plane.tenant.clone(), RESTORE.parse::<domain::RestoreId>().unwrap());
    let at = story.plane.world.clock.now();
    let plans = Archived::new(story.plane.archive(), story.plane.records.clone());
    let plan = plans.find_plan(&tenant, &restore).await.unwrap().unwrap().hash;
    let approval = Approval {
        tenant: tenant.clone(),
        restore,
        plan,
        by: "per_boss".to_owned(),
        at,
        is_second: false,
        of: None,
        used_by: None,
    };
    story.plane.records.put_new(&approval).await.unwrap();
    let restore = approval.restore.clone();
    let outcome = StepOutcome {
        tenant,
        number: 1,
        id: "u".to_owned(),
        asked: "undelete".to_owned(),
        state: OutcomeState::Done,
        status: Some(200),
        request_id: Some("of-graph".to_owned()),
        client_request_id: Some(StepOutcome::client_request_id(&restore, 1)),
        found_after_interruption: false,
        refused: Vec::new(),
        read_back: Some(ReadBack::AsAsked),
        new_id: None,
        may_exist_beside: None,
        calls: Vec::new(),
        more_calls: 0,
        at,
        restore,
    };
    story.plane.records.put_new(&outcome).await.unwrap();
    let receipt = story.receipt().await;
    let head = head(&receipt);
    assert_eq!(
        (&head["approval"]["by"], &head["approval"]["plan"]),
        (&json!("per_boss"), &json!(approval.plan))
    );
    assert_eq!((&head["counts"]["done"], &head["pages"][0]["entries"]), (&json!(1), &json!(1)));
    let step = &receipt["entries"][0];
    assert_eq!(step["requestId"], "of-graph");
    assert_eq!(step["clientRequestId"], json!(outcome.client_request_id));
    assert_eq!(step["fields"], json!([{ "what": "object", "found": "asAsked" }]));
    assert_eq!(step["outcome"]["type"], "done");
}
