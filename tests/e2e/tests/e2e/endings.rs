//! An organisation ends: its hold, its key, what is stored, its rows, and what is left to show for it.

use crate::rig::{OTHER_TENANT_ID, Rig, Setting, deaths};
use domain::organisations::Act;
use domain::rights::Role;
use domain::{ErrorKind, OrganisationId, PartnerId, TenantId, Timestamp};
use engine::ports::{Clock, JobQueue, Scope};
use engine::purge_data;
use engine::records::rights::Function;
use engine::records::{
    DeletionCertificate, FormerTenant, IdempotentRequest, KeptReply, Organisation, OrganisationPlace,
    OrganisationState, Partner, RequestState,
};
use jiff::SignedDuration;
use partners::commands::organisations::{Hold, Organisations};
use partners::commands::{Caller, Gate, Member};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use support::contracts;
use support::faulty::{FaultPlan, Faulty};

/// Somebody who ends a customer: the Owner of the partner whose customer it is.
struct Owner {
    organisations: Organisations,
    caller: Caller,
    id: OrganisationId,
}

/// The Owner of the partner whose customer that tenant is.
async fn owner_of(rig: &Rig, tenant: &TenantId) -> Owner {
    let row = rig.tenant_row(tenant).await;
    let member = Member::of_token(row.partner, Role::Owner, None, "hft_owner");
    let gate = Gate { records: rig.records_of(Function::PlanApi) };
    Owner {
        organisations: Organisations { gate, clock: rig.clock.clone(), ids: rig.world.ids.clone() },
        caller: Caller::Member(member),
        id: row.organisation,
    }
}

impl Owner {
    async fn act(&self, act: Act, days: Option<u8>) -> domain::Result<OrganisationState> {
        let version = self.organisations.get(&self.caller, &self.id).await?.version;
        let hold = Hold { days, confirmation: Some("A customer".into()) };
        let done = self.organisations.act(&self.caller, &self.id, version, act, &hold).await?;
        Ok(done.value.organisation.state)
    }
}

/// Puts the tenant's partner below another, which then hears of it too.
async fn below(rig: &Rig, top: &PartnerId) {
    let found = rig.records.get(&Partner::at(&rig.tenant_row(rig.tenant()).await.partner)).await.unwrap();
    let placed = Partner { above: vec![top.clone()], ..found.value };
    rig.records.replace(&placed, found.version).await.unwrap();
}

fn purge(rig: &Rig, plan: &Arc<FaultPlan>) -> purge_data::Worker {
    purge_data::Worker::new(purge_data::Ports {
        catalog: rig.deployed.catalog(
            Function::PurgeData,
            Faulty::new(rig.world.catalog.clone(), plan),
            &rig.refusals,
        ),
        vault: rig.deployed.sweeper(
            Function::PurgeData,
            Faulty::new(rig.world.vault.clone(), plan),
            &rig.refusals,
        ),
        signer: Faulty::new(rig.world.signer.clone(), plan),
        anchors: Faulty::new(rig.world.anchors.clone(), plan),
        clock: rig.clock.clone(),
        ids: rig.world.ids.clone(),
    })
}

async fn tick(rig: &Rig) -> purge_data::Report {
    let deadline = rig.clock.now() + SignedDuration::from_mins(5);
    purge(rig, &FaultPlan::new()).run(deadline).await.unwrap()
}

/// Everything that is kept and names the tenant or the organisation, apart from the certificate, from what the
/// partner's invoices are made of, and from the audit log, which says when the key was destroyed.
fn traces(rig: &Rig, tenant: &TenantId, id: &OrganisationId) -> Vec<String> {
    let names = |text: &str| text.contains(tenant.as_str()) || text.contains(id.as_str());
    let rows = rig.world.catalog.rows().into_iter().map(|(scope, row)| {
        let stays = ["deleted#", "subscribed#"].iter().any(|family| row.key.starts_with(family))
            || matches!(scope, Scope::Audit(_));
        (stays, format!("{} {} {}", scope.text(), row.key, row.body))
    });
    let rows = rows.filter(|(stays, _)| !stays).map(|(_, text)| text);
    let blobs = rig.world.vault.blobs(tenant).into_iter().map(|(name, _)| format!("{tenant} blob {name}"));
    let dead = rig.dead_letters();
    let mut all: Vec<String> = rows.chain(blobs).chain(dead).filter(|text| names(text)).collect();
    for queue in JobQueue::ALL {
        all.extend((0..rig.world.queue.waiting_count(queue)).map(|_| format!("{queue:?} message")));
    }
    all
}

async fn certificate(rig: &Rig, owner: &Owner) -> Option<DeletionCertificate> {
    let Caller::Member(member) = &owner.caller else { panic!("not a member") };
    rig.records.find(&DeletionCertificate::at(&member.partner, &owner.id)).await.unwrap().map(|f| f.value)
}

#[tokio::test]
async fn nothing_is_left_of_a_deleted_organisation_but_its_certificate_and_the_neighbour_is_untouched() {
    let rig = Rig::with(Setting { two_tenants: true, snapshots_per_day: 24, ..Setting::default() }).await;
    below(&rig, &PartnerId::from_ulid("01jtp000000000000000000000")).await;
    rig.tick().await;
    rig.settle().await;
    let (admin, stage) = rig.staged().await;
    stage.happen(&admin).await;
    rig.clock.advance(SignedDuration::from_hours(2));
    rig.tick().await;
    rig.settle().await;
    let (tenant, other) = (rig.tenant().clone(), OTHER_TENANT_ID.parse::<TenantId>().unwrap());
    let owner = owner_of(&rig, &tenant).await;
    let neighbour = traces(&rig, &other, &rig.tenant_row(&other).await.organisation);
    // A reply that is kept for a request sent again tells of the organisation, too.
    let kept = IdempotentRequest {
        partner: Some(rig.tenant_row(&tenant).await.partner),
        name: "a".to_owned(),
        body_hash: "b".to_owned(),
        progress: RequestState::Done(KeptReply {
            status: 200,
            headers: BTreeMap::new(),
            body: json!({ "id": owner.id, "email": "it@contoso.example" }).to_string(),
        }),
        expires_at: rig.clock.now() + SignedDuration::from_hours(24),
    };
    rig.records.put_new(&kept).await.unwrap();
    let before = traces(&rig, &tenant, &owner.id);
    assert!(before.len() > 30, "there is something to delete");
    assert!(
        before.iter().any(|row| row.contains("prt_01jtp000000000000000000000 heard#")),
        "the one above heard of it: {before:?}"
    );
    assert_eq!(owner.act(Act::Delete, Some(0)).await.unwrap(), OrganisationState::Deleting);
    // A message that was under way when the key went.
    let late = rig.ask_snapshot(&tenant).await;
    let first = tick(&rig).await;
    assert_eq!((first.begun, first.deleted, first.failed), (1, 0, 0));
    assert!(rig.archive.open(&tenant).await.is_err(), "the key is destroyed at once");
    rig.settle().await;
    assert_eq!(rig.dead_letters(), Vec::<String>::new(), "{late}");
    let soon = tick(&rig).await;
    assert_eq!((soon.deleted, soon.failed), (0, 0), "somebody may still hold the key");
    rig.clock.advance(SignedDuration::from_mins(21));
    assert_eq!(tick(&rig).await.deleted, 1);
    assert_eq!(traces(&rig, &tenant, &owner.id), Vec::<String>::new());
    assert_eq!(traces(&rig, &other, &rig.tenant_row(&other).await.organisation), neighbour);
    let certificate = certificate(&rig, &owner).await.expect("it is left");
    assert!(certificate.blobs > 50 && certificate.rows >= 10, "{certificate:?}");
    assert_eq!((certificate.asked_by.as_str(), certificate.tenant.as_ref()), ("hft_owner", Some(&tenant)));
    let signed = certificate.signed.clone().expect("it is signed");
    let statement = contracts::read_signed(&*rig.world.signer, &signed).await.expect("by the installation");
    let unsigned = DeletionCertificate { signed: None, ..certificate.clone() };
    assert_eq!(statement, serde_json::to_value(unsigned).unwrap(), "all of it is signed");
    assert!(certificate.key_fingerprint.is_some() && certificate.deleted_at > certificate.began_at);
    assert_eq!(tick(&rig).await, purge_data::Report::default());
}

#[tokio::test]
async fn people_are_told_that_consent_outlives_an_organisation_and_how_it_is_withdrawn() {
    let rig = Rig::new().await;
    let tenant = rig.tenant().clone();
    let owner = owner_of(&rig, &tenant).await;
    rig.world.mailer.take_sent();
    owner.act(Act::Unsubscribe, None).await.unwrap();
    rig.settle().await;
    rig.clock.advance(SignedDuration::from_hours(1));
    owner.act(Act::Delete, Some(1)).await.unwrap();
    rig.settle().await;
    let sent = rig.world.mailer.take_sent();
    let told: Vec<_> =
        sent.iter().filter(|mail| mail.subject.contains("consent has to be withdrawn")).collect();
    assert_eq!(told.len(), 2, "once for each end: {:?}", sent.iter().map(|m| &m.subject).collect::<Vec<_>>());
    assert!(told.iter().all(|mail| mail.text.contains("Enterprise apps")), "{}", told[0].text);
    rig.clock.advance(SignedDuration::from_hours(25));
    assert_eq!(tick(&rig).await.begun, 1);
    rig.clock.advance(SignedDuration::from_mins(21));
    assert_eq!(tick(&rig).await.deleted, 1);
    let certificate = certificate(&rig, &owner).await.expect("it is left");
    assert!(certificate.withdraw_consent.is_some_and(|how| how.contains("Enterprise apps")));
    let former =
        rig.records.find(&FormerTenant::at(&tenant)).await.unwrap().expect("that it was here is kept");
    assert_eq!(former.value.ended_at, certificate.deleted_at);
    assert!(!serde_json::to_string(&former.value).unwrap().contains(tenant.as_str()), "but not which it was");
}

#[tokio::test]
async fn a_hold_can_be_cancelled_until_it_is_over_and_backups_go_on() {
    let rig = Rig::with(Setting { snapshots_per_day: 24, ..Setting::default() }).await;
    let owner = owner_of(&rig, rig.tenant()).await;
    owner.act(Act::Suspend, None).await.unwrap();
    assert!(rig.tenant_row(rig.tenant()).await.next_snapshot_at.is_some(), "backups go on while suspended");
    owner.act(Act::Delete, None).await.unwrap();
    assert_eq!(rig.tenant_row(rig.tenant()).await.next_snapshot_at, None);
    rig.clock.advance(SignedDuration::from_hours(6 * 24));
    assert_eq!(tick(&rig).await, purge_data::Report::default());
    assert_eq!(owner.act(Act::CancelDeletion, None).await.unwrap(), OrganisationState::Suspended);
    rig.clock.advance(SignedDuration::from_hours(48));
    assert_eq!(tick(&rig).await, purge_data::Report::default());
    assert!(rig.tenant_row(rig.tenant()).await.next_snapshot_at.is_some());
    owner.act(Act::Delete, Some(1)).await.unwrap();
    rig.clock.advance(SignedDuration::from_hours(25));
    assert_eq!(tick(&rig).await.begun, 1);
    let refused = owner.act(Act::CancelDeletion, None).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
}

#[tokio::test]
async fn what_was_unsubscribed_is_kept_for_45_days_and_can_come_back_until_then() {
    let rig = Rig::with(Setting { snapshots_per_day: 24, ..Setting::default() }).await;
    rig.tick().await;
    rig.settle().await;
    let owner = owner_of(&rig, rig.tenant()).await;
    owner.act(Act::Unsubscribe, None).await.unwrap();
    rig.clock.advance(SignedDuration::from_hours(44 * 24));
    rig.tick().await;
    rig.settle().await;
    assert_eq!(rig.snapshot_rows(rig.tenant()).await.len(), 1, "backups have stopped");
    assert_eq!(tick(&rig).await, purge_data::Report::default());
    assert_eq!(owner.act(Act::Reactivate, None).await.unwrap(), OrganisationState::Active);
    rig.tick().await;
    rig.settle().await;
    assert_eq!(rig.snapshot_rows(rig.tenant()).await.len(), 2, "backups go on");
    owner.act(Act::Unsubscribe, None).await.unwrap();
    rig.clock.advance(SignedDuration::from_hours(46 * 24));
    assert_eq!(tick(&rig).await.begun, 1);
}

/// A tenant with a snapshot, to be deleted at once.
async fn doomed() -> (Rig, Owner) {
    let rig = Rig::new().await;
    rig.snapshot().await;
    let owner = owner_of(&rig, rig.tenant()).await;
    owner.act(Act::Delete, Some(0)).await.unwrap();
    (rig, owner)
}

#[tokio::test]
async fn a_deletion_that_dies_anywhere_ends_as_if_undisturbed() {
    let (rig, owner) = doomed().await;
    let put_back = rig.keep();
    let plan = FaultPlan::new();
    let deadline = rig.clock.now() + SignedDuration::from_mins(5);
    purge(&rig, &plan).run(deadline).await.unwrap();
    let deaths = deaths(&plan.log());
    assert!(deaths.len() > 10, "{deaths:?}");
    for death in deaths {
        put_back();
        let plan = FaultPlan::new();
        plan.die_at(death.call, death.mode);
        let deadline = rig.clock.now() + SignedDuration::from_mins(5);
        let died = purge(&rig, &plan).run(deadline).await;
        assert!(died.is_err() || died.unwrap().failed == 1, "it did not die: {death:?}");
        for _ in 0..2 {
            assert_eq!(tick(&rig).await.failed, 0);
            rig.clock.advance(SignedDuration::from_mins(21));
        }
        tick(&rig).await;
        assert_eq!(traces(&rig, rig.tenant(), &owner.id), Vec::<String>::new(), "{death:?}");
        assert!(certificate(&rig, &owner).await.is_some(), "{death:?}");
    }
}

#[tokio::test]
async fn an_organisation_that_was_never_connected_is_deleted_at_once() {
    let rig = Rig::new().await;
    let owner = owner_of(&rig, rig.tenant()).await;
    let Caller::Member(member) = &owner.caller else { panic!("not a member") };
    let found = rig.records.get(&Organisation::at(&member.partner, &owner.id)).await.unwrap();
    let unconnected = Organisation { tenant: None, ..found.value };
    rig.records.replace(&unconnected, found.version).await.unwrap();
    owner.act(Act::Delete, Some(0)).await.unwrap();
    let report = tick(&rig).await;
    assert_eq!((report.begun, report.deleted), (1, 1));
    let left: Timestamp = certificate(&rig, &owner).await.unwrap().deleted_at;
    assert_eq!(left, rig.clock.now());
}

#[tokio::test]
async fn what_a_reading_put_aside_is_swept_once_its_snapshot_is_sealed_and_not_before() {
    let rig = Rig::with(Setting { users: 1_400, ..Setting::default() }).await;
    let owner = owner_of(&rig, rig.tenant()).await;
    let found = rig.records.get(&OrganisationPlace::at(&owner.id)).await.unwrap();
    let connected = OrganisationPlace { tenant: Some(rig.tenant().clone()), ..found.value };
    rig.records.replace(&connected, found.version).await.unwrap();
    let parked = || {
        let blobs = rig.world.vault.blobs(rig.tenant());
        blobs.iter().filter(|(name, _)| name.as_str().starts_with("parked/")).count()
    };
    let id = rig.ask_snapshot(rig.tenant()).await;
    let worker = crate::reading::hurried(&rig, &id).await;
    assert!(parked() > 0, "the first call put something aside");
    assert_eq!(tick(&rig).await.swept, 0, "the snapshot is being taken");
    worker.await;
    let kept = rig.manifest(rig.tenant(), &id).await.unwrap();
    let aside = parked();
    assert_eq!((tick(&rig).await.swept, parked()), (aside as u64, 0));
    assert_eq!(tick(&rig).await, purge_data::Report::default());
    rig.clock.advance(SignedDuration::from_hours(1));
    let next = rig.snapshot().await;
    assert_eq!(rig.manifest(rig.tenant(), &next).await.unwrap().runs, kept.runs);
}
