//! What the receipt of a restore says, over a directory that is a table in memory: each field, each write's ids, and what
//! was not restored.

use crate::restore_world::{RestoreWorld, object, whole};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::restore::{AttributeMode, LinkMode, RestorePlan, Selection};
use domain::{ErrorKind, RestoreId};
use engine::records::{Course, OutcomeState, Restore, RestoreState, SignedReceipt, SkipCause, StepOutcome};
use jiff::SignedDuration;
use restore::receipts::{Entry, FieldState, PlanFault, RECEIPT_TYPE, Receipt, RestoreEnding, StepEntry};
use serde_json::{Value, json};
use support::faulty::{Mode, crash_points};

/// A user whose title and department somebody changed, and who is no member any more.
fn changed() -> RestoreWorld {
    let mut stage = RestoreWorld::new();
    let bob =
        json!({"userPrincipalName": "bob@x.y", "displayName": "Bob", "jobTitle": "Clerk", "department": "A"});
    stage.both(object("users", "bob", &bob));
    stage.both(object("groups", "staff", &json!({"displayName": "Staff", "mailNickname": "staff"})));
    stage.link("groups.members", "staff", "bob");
    stage.directory.set("users", "bob", "jobTitle", json!("Chief"));
    stage.directory.set("users", "bob", "department", json!("B"));
    stage.directory.unlink("groups.members", "staff", "bob");
    stage
}

/// The receipt as it is given out: the head, whose signature is looked at elsewhere, and all entries.
async fn receipt(stage: &RestoreWorld, restore: &RestoreId) -> (Receipt, Vec<Entry>) {
    let (mut pages, mut cursor) = (Vec::new(), None);
    let signed = loop {
        let read = stage.commands().read_receipt(&stage.tenant, restore, cursor.as_deref()).await.unwrap();
        pages.push(read.entries);
        cursor = read.next;
        if cursor.is_none() {
            break read.signed;
        }
    };
    let decode = |part: &str| -> Value {
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    let parts: Vec<&str> = signed.split('.').collect();
    assert_eq!(decode(parts[0])["typ"], RECEIPT_TYPE);
    let head: Receipt = serde_json::from_value(decode(parts[1])).unwrap();
    if !head.pages.is_empty() {
        head.check(&pages).unwrap();
    }
    let entries = pages.into_iter().flatten().map(|entry| serde_json::from_value(entry).unwrap());
    (head, entries.collect())
}

fn steps(entries: &[Entry]) -> Vec<&StepEntry> {
    entries.iter().filter_map(|entry| if let Entry::Step(step) = entry { Some(step) } else { None }).collect()
}

#[tokio::test]
async fn a_receipt_says_who_asked_and_approved_what_was_read_back_and_by_which_requests() {
    let stage = changed();
    let restore = stage.previewed(whole(&[("users", "bob"), ("groups", "staff")])).await;
    let done = stage.run(&restore).await;
    let (head, entries) = receipt(&stage, &restore).await;
    assert_eq!((head.ending, &head.restore, &head.tenant), (RestoreEnding::Done, &restore, &stage.tenant));
    let approval = head.approval.as_ref().unwrap();
    assert_eq!((head.requested_by.as_str(), approval.by.as_str()), ("me", "boss"));
    assert_eq!((head.plan.as_ref(), head.counts), (Some(&approval.plan), done.counts));
    assert_eq!((head.started_at, head.ended_at), (done.started_at, done.done_at));
    let steps = steps(&entries);
    assert_eq!(steps.len(), usize::try_from(done.counts.steps).unwrap());
    let fields: Vec<_> =
        steps.iter().flat_map(|step| &step.fields).map(|f| (f.what.as_str(), f.found)).collect();
    for what in ["jobTitle", "department", "groups.members/bob"] {
        assert!(fields.contains(&(what, FieldState::AsAsked)), "{what} in {fields:?}");
    }
    for step in steps {
        let row = stage.records(stage.world.catalog.clone());
        let row = row.get(&StepOutcome::at(&stage.tenant, &restore, step.number)).await.unwrap().value;
        assert_eq!(step.client_request_id, Some(StepOutcome::client_request_id(&restore, step.number)));
        assert_eq!((&step.request_id, step.status), (&row.request_id, row.status));
    }
}

#[tokio::test]
async fn what_was_left_by_mode_and_what_was_not_tried_is_said_and_not_what_was_never_found() {
    let stage = changed();
    let merge = Selection {
        attributes: AttributeMode::Overwrite,
        links: LinkMode::Skip,
        ..whole(&[("users", "bob"), ("groups", "staff")])
    };
    let restore = stage.previewed(merge).await;
    stage.directory.set("users", "bob", "jobTitle", json!("Boss"));
    stage.run(&restore).await;
    let (_, entries) = receipt(&stage, &restore).await;
    let left =
        entries.iter().any(|entry| matches!(entry, Entry::LeftByMode(left) if left.what == "groups.members"));
    assert!(left, "{entries:?}");
    let changed = OutcomeState::Skipped { cause: SkipCause::ChangedSincePreview };
    let skipped: Vec<_> =
        steps(&entries).into_iter().filter(|step| step.outcome == Some(changed.clone())).collect();
    assert!(!skipped.is_empty());
    assert!(skipped.iter().flat_map(|step| &step.fields).all(|field| field.found == FieldState::NotRead));
}

#[tokio::test]
async fn what_was_never_approved_has_a_receipt_once_it_has_expired_and_says_that_nothing_was_tried() {
    let stage = changed();
    let restore = stage.previewed(whole(&[("users", "bob")])).await;
    let asked =
        async || stage.commands().read_receipt(&stage.tenant, &restore, None).await.map_err(|e| e.kind());
    assert_eq!(asked().await.unwrap_err(), ErrorKind::Conflict, "it may still be approved");
    stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
    assert_eq!(asked().await.unwrap_err(), ErrorKind::Conflict, "nothing is executed, and it may still be");
    stage.world.clock.advance(SignedDuration::from_hours(25));
    assert_eq!(asked().await.unwrap_err(), ErrorKind::Conflict, "it is being signed");
    stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
    let (head, entries) = receipt(&stage, &restore).await;
    assert_eq!((head.ending, head.approval, head.started_at), (RestoreEnding::Expired, None, None));
    assert_eq!(head.counts.ended(), 0);
    let steps = steps(&entries);
    assert!(!steps.is_empty() && steps.iter().all(|s| s.outcome.is_none() && s.client_request_id.is_none()));
}

#[tokio::test]
async fn a_restore_that_is_cut_off_anywhere_has_one_receipt_and_all_writes_are_in_it() {
    let run = |point: Option<(u64, Mode)>| async move {
        let stage = changed();
        let restore = stage.previewed(whole(&[("users", "bob"), ("groups", "staff")])).await;
        stage.approve(&restore).await;
        stage.faults.take_log();
        if let Some((call, mode)) = point {
            stage.faults.die_at(call, mode);
        }
        let _ = stage.faulty_worker().run(&stage.request(&restore), stage.deadline()).await;
        let calls = stage.faults.call_count();
        stage.faults.heal();
        for _ in 0..3 {
            stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
        }
        let (head, entries) = receipt(&stage, &restore).await;
        assert_eq!(head.ending, RestoreEnding::Done, "{point:?}");
        let steps: Vec<_> = steps(&entries)
            .iter()
            .map(|s| (s.number, s.client_request_id.clone(), s.fields.clone()))
            .collect();
        (calls, steps)
    };
    let (calls, expected) = run(None).await;
    for point in crash_points(calls) {
        assert_eq!(run(Some(point)).await.1, expected, "{point:?}");
    }
}

#[tokio::test]
async fn an_altered_a_missing_and_a_foreign_page_are_found() {
    let stage = changed();
    let restore = stage.previewed(whole(&[("users", "bob"), ("groups", "staff")])).await;
    stage.run(&restore).await;
    let read = stage.commands().read_receipt(&stage.tenant, &restore, None).await.unwrap();
    let (head, _) = receipt(&stage, &restore).await;
    head.check(std::slice::from_ref(&read.entries)).unwrap();
    let mut altered = read.entries.clone();
    altered[0]["id"] = json!("eve");
    let cut = read.entries[1..].to_vec();
    for pages in [vec![], vec![altered], vec![cut], vec![read.entries.clone(), vec![]]] {
        assert_eq!(head.check(&pages).unwrap_err().kind(), ErrorKind::Corrupt);
    }
    let all = stage.records(stage.world.catalog.clone());
    let stored = all.get(&SignedReceipt::at(&stage.tenant, &restore)).await.unwrap().value;
    assert_eq!(stored.pages, head.pages.iter().map(|page| page.hash.clone()).collect::<Vec<_>>());
}

/// A restore whose writes are made, and whose row is as it was right before the end.
async fn written() -> (RestoreWorld, RestoreId) {
    let stage = changed();
    let restore = stage.previewed(whole(&[("users", "bob"), ("groups", "staff")])).await;
    stage.approve(&restore).await;
    let request = stage.request(&restore);
    let row = stage.restore(&restore).await;
    stage.worker().run(&request, stage.deadline()).await.unwrap();
    let records = stage.records(stage.world.catalog.clone());
    let signed = records.get(&SignedReceipt::at(&stage.tenant, &restore)).await.unwrap();
    records.write(vec![engine::records::delete(&signed.value, signed.version)]).await.unwrap();
    let found = records.get(&Restore::at(&stage.tenant, &restore)).await.unwrap();
    // As the tick leaves what nobody came back to.
    let given_up =
        Restore { state: RestoreState::Failed, done_at: None, course: Course::default(), ..found.value };
    records.replace(&Restore { counts: row.counts, ..given_up }, found.version).await.unwrap();
    (stage, restore)
}

#[tokio::test]
async fn a_restore_whose_plan_is_gone_or_was_replaced_has_a_receipt_of_what_was_written() {
    for (with, fault) in [(None, PlanFault::Unreadable), (Some(RestorePlan::default()), PlanFault::Replaced)]
    {
        let (stage, restore) = Box::pin(written()).await;
        let row = stage.restore(&restore).await;
        stage.replace_plan(&restore, with.as_ref());
        stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
        let (head, entries) = receipt(&stage, &restore).await;
        assert_eq!((head.ending, head.plan_fault), (RestoreEnding::GivenUp, Some(fault)));
        assert_eq!((head.plan, head.ended_at), (row.plan, Some(row.touched_at)), "{fault:?}");
        assert_eq!((head.counts.steps, head.counts.done), (row.counts.steps, 2), "{fault:?}");
        let written: Vec<_> = entries
            .iter()
            .map(|entry| match entry {
                Entry::Outcome(of) => (of.id.as_str(), of.outcome.clone(), of.client_request_id.is_some()),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(written, [("bob", OutcomeState::Done, true), ("staff", OutcomeState::Done, true)]);
    }
}

#[tokio::test]
async fn an_outcome_of_another_object_is_not_told_as_that_of_the_step_of_its_number() {
    let (stage, restore) = Box::pin(written()).await;
    let records = stage.records(stage.world.catalog.clone());
    let found = records.get(&StepOutcome::at(&stage.tenant, &restore, 1)).await.unwrap();
    let strange = StepOutcome { id: "eve".to_owned(), ..found.value };
    records.replace(&strange, found.version).await.unwrap();
    stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
    let (head, entries) = receipt(&stage, &restore).await;
    assert_eq!(head.plan_fault, None);
    let steps = steps(&entries);
    assert_eq!((steps[0].outcome.as_ref(), steps[1].outcome.as_ref()), (None, Some(&OutcomeState::Done)));
    let others = entries.iter().filter(|entry| matches!(entry, Entry::Outcome(of) if of.id == "eve"));
    assert_eq!(others.count(), 1);
}

#[tokio::test]
async fn of_a_step_with_several_calls_each_is_named_with_its_answer() {
    // Three members, of whom Graph takes one not.
    let mut stage = changed();
    for name in ["ann", "carl"] {
        stage.both(object(
            "users",
            name,
            &json!({"userPrincipalName": format!("{name}@x.y"), "displayName": name}),
        ));
        stage.link("groups.members", "staff", name);
        stage.directory.unlink("groups.members", "staff", name);
    }
    stage.directory.poison("carl", 400);
    let restore = stage.previewed(whole(&[("groups", "staff")])).await;
    stage.run(&restore).await;
    let (_, entries) = receipt(&stage, &restore).await;
    let step = steps(&entries)[0].clone();
    let told = |of: &str| {
        let calls = step.calls.iter().filter(|call| call.what == [format!("groups.members/{of}")]);
        calls.map(|call| (call.status, call.request_id.as_deref())).next_back()
    };
    assert_eq!(told("carl"), Some((Some(400), Some("r"))), "{:?}", step.calls);
    let all: std::collections::BTreeSet<&String> = step.calls.iter().flat_map(|call| &call.what).collect();
    assert_eq!(all.len(), 3, "{:?}", step.calls);
    let taken = step.calls.iter().filter(|call| call.status == Some(204)).flat_map(|call| &call.what);
    assert_eq!(taken.count(), 2, "{:?}", step.calls);
}

#[tokio::test]
async fn of_links_that_came_before_a_deletion_each_that_is_removed_is_named() {
    let mut stage = RestoreWorld::new();
    for name in ["ann", "bob", "carl"] {
        stage.both(object(
            "users",
            name,
            &json!({"userPrincipalName": format!("{name}@x.y"), "displayName": name}),
        ));
    }
    let group = json!({"displayName": "Staff", "mailNickname": "staff", "mailEnabled": false,
        "securityEnabled": true, "groupTypes": []});
    stage.both(object("groups", "staff", &group));
    stage.link("groups.members", "staff", "ann");
    for name in ["bob", "carl"] {
        stage.directory.link("groups.members", "staff", name);
    }
    stage.directory.soft_delete("groups", "staff");
    let restore = stage.previewed(whole(&[("groups", "staff")])).await;
    stage.run(&restore).await;
    let (_, entries) = receipt(&stage, &restore).await;
    let removed: Vec<&str> = steps(&entries)
        .into_iter()
        .filter(|step| step.action == "removeOtherLinks")
        .flat_map(|step| step.calls.iter().flat_map(|call| &call.what).map(String::as_str))
        .collect();
    assert_eq!(removed, ["groups.members/bob", "groups.members/carl"]);
}
