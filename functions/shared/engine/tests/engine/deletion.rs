//! What the deletion of an organisation does first, and what it finds.
//! Over 400 lines: one test for each thing that a deletion has to find, over the same doomed organisation.

use domain::attention::Cause;
use domain::audit::Outcome;
use domain::organisations::OrganisationState;
use domain::plans::ProductType;
use domain::rights::Role;
use domain::subscriptions;
use domain::{DowngradeId, OrganisationId, PlanId, TenantId, TokenId};
use engine::ports::{BlobName, Catalog, Row, Scope, Vault, Write};
use engine::purge_data;
use engine::records::rights::Function;
use engine::records::{
    Acknowledgement, ApiToken, AskedWork, AuditEntry, AuditOf, Connecting, DeletionCertificate,
    DowngradeRequest, End, Ending, FAMILIES, FormerTenant, IdempotentRequest, Identity, IdentityLink,
    JobEntry, Mark, MarkOf, NoticeEntry, OpenDowngrade, Organisation, OrganisationPlace, OwnerKind, Person,
    Record, RequestState, Severity, StoredKey, Tenant, TokenEntry, TransferOffer, TransferOffered, key_of,
};
use jiff::SignedDuration;
use serde_json::json;
use std::sync::Arc;
use support::faulty::{FaultPlan, Faulty, Mode};
use support::office::{DISTRIBUTOR, Office, PARTNER, SIBLING, at, organisation, partner, tenant};
use support::policy::{Deployed, Refusals};

const DUE: &str = "2026-11-24T00:00:00Z";

async fn doomed() -> Office {
    let office = Office::new().await;
    office.announce_two_changes().await.unwrap();
    let row = Organisation {
        id: organisation(),
        partner: partner(PARTNER),
        name: "Contoso".to_owned(),
        email: "it@contoso.example".to_owned(),
        details: String::new(),
        state: OrganisationState::Deleting,
        plan: PlanId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA"),
        seats: 5,
        features: vec![],
        approvals: domain::organisations::ApprovalRule::Off,
        tenant: Some(tenant()),
        not_protected: vec![],
        writer_consented_at: None,
        created_at: at(support::office::START),
        ending: Some(Ending {
            by: "somebody".to_owned(),
            asked_at: at(support::office::START),
            delete_at: at(DUE),
            before: OrganisationState::Active,
            began_at: None,
            key_fingerprint: None,
            blobs: 0,
            rows: 0,
        }),
        former_partners: vec![partner(SIBLING)],
        connecting: None,
        waited_for: Vec::new(),
    };
    office.records().put_new(&row).await.unwrap();
    let name = BlobName::new("parked/aa/x").unwrap();
    office.world.vault.put_new(&tenant(), &name, vec![1].into()).await.unwrap();
    office.world.clock.advance_to(at(DUE));
    office
}

async fn tick(office: &Office, plan: &Arc<FaultPlan>) -> purge_data::Report {
    tick_over(office, &FaultPlan::new(), plan).await
}

async fn tick_over(office: &Office, rows: &Arc<FaultPlan>, plan: &Arc<FaultPlan>) -> purge_data::Report {
    let (deployed, refusals) = (Deployed::read(), Refusals::default());
    let vault = Faulty::new(office.world.vault.clone(), plan);
    let rows = Faulty::new(office.world.catalog.clone(), rows);
    let worker = purge_data::Worker::new(purge_data::Ports {
        catalog: deployed.catalog(Function::PurgeData, rows, &refusals),
        vault: deployed.sweeper(Function::PurgeData, vault, &refusals),
        signer: office.world.signer.clone(),
        anchors: office.world.anchors.clone(),
        clock: office.world.clock.clone(),
        ids: office.world.ids.clone(),
    });
    worker.run(office.deadline()).await.unwrap()
}

#[tokio::test]
async fn the_key_goes_and_snapshots_stop_before_anything_is_swept() {
    let office = doomed().await;
    // Another organisation waits to be connected to the tenant. Its key must not be taken for that of the one that goes.
    let waits = OrganisationId::from_ulid("01JBBBBBBBBBBBBBBBBBBBBBBB");
    let own = key_of(&office.records(), &tenant()).await.unwrap().unwrap();
    office.records().put_new(&StoredKey { organisation: waits, ..own.clone() }).await.unwrap();
    assert_eq!(
        key_of(&office.records(), &tenant()).await.unwrap(),
        Some(own),
        "the one of who has the tenant"
    );
    let plan = FaultPlan::new();
    plan.die_at(0, Mode::Before);
    let first = tick(&office, &plan).await;
    assert_eq!((first.begun, first.failed), (1, 1), "the vault does not answer");
    let records = office.records();
    assert_eq!(key_of(&records, &tenant()).await.unwrap(), None);
    assert_eq!(records.list_all(&StoredKey::all(&tenant())).await.unwrap(), []);
    let row = records.get(&Tenant::at(&tenant())).await.unwrap().value;
    assert_eq!(row.next_snapshot_at, None);
}

#[tokio::test]
async fn a_tenant_for_which_fifty_others_waited_is_deleted() {
    let office = doomed().await;
    let records = office.records();
    let own = key_of(&records, &tenant()).await.unwrap().unwrap();
    for n in 0..60 {
        let waits = OrganisationId::from_ulid(&format!("01JB{n:022}"));
        records.put_new(&StoredKey { organisation: waits, ..own.clone() }).await.unwrap();
    }
    let first = tick(&office, &FaultPlan::new()).await;
    assert_eq!((first.begun, first.failed), (1, 0));
    assert_eq!(records.list_all(&StoredKey::all(&tenant())).await.unwrap(), []);
    let log = records.list_all(&AuditEntry::all(&AuditOf(Some(partner(PARTNER))))).await.unwrap();
    assert_eq!(log.len(), 2, "asked and done, once");
    office.world.clock.advance(SignedDuration::from_mins(21));
    assert_eq!(tick(&office, &FaultPlan::new()).await.deleted, 1);
    let at = DeletionCertificate::at(&partner(PARTNER), &organisation());
    assert!(records.get(&at).await.is_ok());
}

#[tokio::test]
async fn a_key_of_an_earlier_wait_goes_with_its_organisation() {
    let office = doomed().await;
    let records = office.records();
    let own = key_of(&records, &tenant()).await.unwrap().unwrap();
    let elsewhere: TenantId = "ffffffff-0000-1111-2222-333344445555".parse().unwrap();
    let other = OrganisationId::from_ulid("01JBBBBBBBBBBBBBBBBBBBBBBB");
    let kept = StoredKey { tenant: elsewhere.clone(), organisation: other, ..own.clone() };
    records.put_new(&kept).await.unwrap();
    records.put_new(&StoredKey { tenant: elsewhere.clone(), ..own }).await.unwrap();
    let found = records.get(&Organisation::at(&partner(PARTNER), &organisation())).await.unwrap();
    let row = Organisation { waited_for: vec![elsewhere.clone()], ..found.value };
    records.replace(&row, found.version).await.unwrap();
    tick(&office, &FaultPlan::new()).await;
    let left = records.list_all(&StoredKey::all(&elsewhere)).await.unwrap();
    assert_eq!(left.into_iter().map(|key| key.value).collect::<Vec<_>>(), [kept]);
}

#[tokio::test]
async fn a_key_is_destroyed_only_when_that_stands_in_the_partners_audit_log() {
    let rows = FaultPlan::new();
    tick_over(&doomed().await, &rows, &FaultPlan::new()).await;
    let log = rows.log();
    let writes = |key: &str| log.calls().iter().position(|c| c.method == "write" && c.subject.contains(key));
    let asked = writes("entry#").unwrap();

    let office = doomed().await;
    let rows = FaultPlan::new();
    rows.fail_at(asked as u64, Mode::Before);
    let report = tick_over(&office, &rows, &FaultPlan::new()).await;
    assert_eq!((report.begun, report.failed), (0, 1));
    assert!(office.records().find(&StoredKey::at(&tenant(), &organisation())).await.unwrap().is_some());
    rows.heal();
    assert_eq!(tick_over(&office, &rows, &FaultPlan::new()).await.begun, 1);
    assert!(office.records().find(&StoredKey::at(&tenant(), &organisation())).await.unwrap().is_none());
    let log = office.records().list_all(&AuditEntry::all(&AuditOf(Some(partner(PARTNER))))).await.unwrap();
    let said: Vec<_> = log.into_iter().map(|entry| entry.value.0.event).collect();
    assert_eq!(said.iter().map(|e| e.outcome).collect::<Vec<_>>(), [Outcome::Asked, Outcome::Answered(204)]);
    for event in said {
        assert_eq!((event.who.id.as_str(), event.what.as_str()), ("purge-data", "destroy the key of {org}"));
        assert_eq!(event.organisation(), Some(organisation()));
    }
}

#[tokio::test]
async fn what_former_partners_heard_goes_too() {
    let office = doomed().await;
    let heard = NoticeEntry {
        subject: None,
        changes: None,
        listener: partner(SIBLING),
        at: at(support::office::START),
        tenant: tenant(),
        organisation: organisation(),
        topic: domain::notices::Topic::Changes,
        notice: "n".to_owned(),
        severity: Severity::Info,
        weight: 1,
    };
    office.records().put_new(&heard).await.unwrap();
    // One that has ended long ago, which the catalog has not swept yet.
    let ended = NoticeEntry { at: at("2026-01-01T00:00:00Z"), ..heard.clone() };
    office.records().put_new(&ended).await.unwrap();
    tick(&office, &FaultPlan::new()).await;
    let keys: Vec<_> = office.world.catalog.rows().into_iter().map(|(_, row)| row.key).collect();
    for gone in [heard, ended] {
        assert!(!keys.iter().any(|key| key == gone.address().key()), "{keys:?}");
    }
}

#[tokio::test]
async fn what_was_asked_for_in_it_and_what_was_marked_goes_and_what_was_asked_for_elsewhere_stays() {
    let office = doomed().await;
    let records = office.records();
    let elsewhere = OrganisationId::from_ulid("01JBBBBBBBBBBBBBBBBBBBBBBB");
    for (n, of, organisation) in
        [(1, PARTNER, organisation()), (2, PARTNER, elsewhere), (3, SIBLING, organisation())]
    {
        let entry = JobEntry {
            partner: partner(of),
            organisation,
            tenant: tenant(),
            work: AskedWork::Comparisons,
            id: format!("dif_01j{n:023}"),
            requested_by: "hft_12345678".to_owned(),
            at: at(support::office::START),
        };
        records.put_new(&entry).await.unwrap();
    }
    let of = MarkOf::BreakGlass { object: "u".to_owned() };
    let (by, at) = ("hft_12345678".to_owned(), at(support::office::START));
    let mark = Mark { tenant: tenant(), of, note: None, ticket: None, by, at };
    records.put_new(&mark).await.unwrap();
    tick(&office, &FaultPlan::new()).await;
    let rows = office.world.catalog.rows();
    let left: Vec<_> = rows.iter().filter(|(_, row)| row.key.starts_with(JobEntry::PREFIX)).collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(left[0].1.key.ends_with(&format!("dif_01j{:023}", 2)));
    assert!(!rows.iter().any(|(_, row)| row.key.starts_with(Mark::PREFIX)));
}

#[tokio::test]
async fn what_its_partner_and_former_partners_acknowledged_goes_too_and_nothing_of_another_organisation() {
    let office = doomed().await;
    let acknowledged = |of: u32, organisation: OrganisationId| Acknowledgement {
        partner: partner(of),
        organisation,
        cause: Cause::SeatsOver,
        note: "ticket 4711".to_owned(),
        by: "hft_12345678".to_owned(),
        at: at(support::office::START),
        until: at("2027-02-01T00:00:00Z"),
        facts: "0".repeat(32),
        seen_until: None,
    };
    let other = acknowledged(PARTNER, OrganisationId::from_ulid("01JBBBBBBBBBBBBBBBBBBBBBBB"));
    for row in [acknowledged(PARTNER, organisation()), acknowledged(SIBLING, organisation()), other.clone()] {
        office.records().put_new(&row).await.unwrap();
    }
    tick(&office, &FaultPlan::new()).await;
    let left = office.world.catalog.rows().into_iter();
    let left: Vec<_> = left.filter(|(_, row)| row.key.starts_with(Acknowledgement::PREFIX)).collect();
    assert_eq!(left.iter().map(|(_, row)| row.key.as_str()).collect::<Vec<_>>(), [other.address().key()]);
}

#[tokio::test]
async fn a_certificate_counts_what_all_passes_removed() {
    let office = doomed().await;
    assert_eq!(tick(&office, &FaultPlan::new()).await.deleted, 0, "somebody may still hold the key");
    office.world.clock.advance(SignedDuration::from_mins(21));
    assert_eq!(tick(&office, &FaultPlan::new()).await.deleted, 1);
    let at = DeletionCertificate::at(&partner(PARTNER), &organisation());
    let certificate = office.records().get(&at).await.unwrap().value;
    assert_eq!(certificate.blobs, 1);
    let former = office.records().find(&FormerTenant::at(&tenant())).await.unwrap();
    assert!(former.is_some(), "whoever connects the tenant next is told that it was here");
}

#[tokio::test]
async fn after_the_certificate_no_row_names_the_organisations_people() {
    let office = doomed().await;
    let records = office.records();
    let (own, elsewhere) = (organisation(), OrganisationId::from_ulid("01JYYYYYYYYYYYYYYYYYYYYYYY"));
    let identity = Identity { issuer: "https://login.example.com".to_owned(), subject: "s".to_owned() };
    let add = async |n: u32, of: u32, role: Role, organisations: &[&OrganisationId]| {
        let found = records.get(&office.add_person(n, of, role, "UTC").await.address()).await.unwrap();
        let named = organisations.iter().map(|id| (*id).clone()).collect();
        let identity = (n == 31).then(|| identity.clone());
        let person = Person { organisations: Some(named), identity, ..found.value };
        records.replace(&person, found.version).await.unwrap();
        person
    };
    let ended = add(31, PARTNER, Role::EndCustomer, &[&own]).await;
    let of_former = add(32, SIBLING, Role::EndCustomer, &[&own]).await;
    let of_both = add(33, PARTNER, Role::EndCustomer, &[&own, &elsewhere]).await;
    let technician = add(34, PARTNER, Role::Admin, &[&own]).await;
    let link = IdentityLink { identity, partner: partner(PARTNER), person: ended.id.clone() };
    records.put_new(&link).await.unwrap();
    assert_eq!(tick(&office, &FaultPlan::new()).await.deleted, 0);
    office.world.clock.advance(SignedDuration::from_mins(21));
    assert_eq!(tick(&office, &FaultPlan::new()).await.deleted, 1);
    let rows = office.world.catalog.rows().into_iter().map(|(_, row)| row.body.to_string());
    let names: Vec<_> = rows.filter(|r| r.contains(&ended.email) || r.contains(&of_former.email)).collect();
    assert_eq!(names, [""; 0]);
    assert_eq!(records.find(&link.address()).await.unwrap(), None, "nor does their sign-in lead anywhere");
    assert_eq!(office.person(&of_both).await.organisations, Some([elsewhere].into()));
    assert_eq!(office.person(&technician).await, technician);
}

#[tokio::test]
async fn what_an_open_snapshot_put_aside_stays_until_it_is_sealed() {
    let office = Office::new().await;
    let records = office.records();
    let place =
        OrganisationPlace { organisation: organisation(), partner: partner(PARTNER), tenant: Some(tenant()) };
    records.put_new(&place).await.unwrap();
    let name = BlobName::new("parked/aa/x").unwrap();
    office.world.vault.put_new(&tenant(), &name, vec![1].into()).await.unwrap();
    for (open, swept) in [(Some(support::office::snapshot()), 0), (None, 1)] {
        let found = records.get(&Tenant::at(&tenant())).await.unwrap();
        let row = Tenant { has_parked: true, open_snapshot: open, ..found.value };
        records.replace(&row, found.version).await.unwrap();
        office.world.clock.advance(SignedDuration::from_mins(1));
        assert_eq!(tick(&office, &FaultPlan::new()).await.swept, swept);
    }
}

/// Ticks until the certificate is there.
async fn to_the_end(office: &Office) {
    assert_eq!(tick(office, &FaultPlan::new()).await.deleted, 0);
    office.world.clock.advance(SignedDuration::from_mins(21));
    assert_eq!(tick(office, &FaultPlan::new()).await.deleted, 1);
}

#[tokio::test]
async fn however_empty_it_is_found_an_organisation_is_certified_only_when_nobody_can_hold_its_key() {
    let office = doomed().await;
    for _ in 0..3 {
        assert_eq!(tick(&office, &FaultPlan::new()).await.deleted, 0);
        office.world.clock.advance(SignedDuration::from_mins(6));
    }
    // A worker that had the key before it was destroyed.
    let late = BlobName::new("leaves/aa/x").unwrap();
    office.world.vault.put_new(&tenant(), &late, vec![1].into()).await.unwrap();
    office.world.clock.advance(SignedDuration::from_mins(2));
    assert_eq!(tick(&office, &FaultPlan::new()).await.deleted, 0, "it has just been swept");
    assert_eq!(tick(&office, &FaultPlan::new()).await.deleted, 1);
    assert_eq!(office.world.vault.blobs(&tenant()).len(), 0);
}

#[tokio::test]
async fn a_request_for_a_downgrade_is_refused_and_not_counted_among_what_was_deleted() {
    let mut deleted = Vec::new();
    for asks in [false, true] {
        let office = doomed().await;
        let (records, plan) = (office.records(), PlanId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA"));
        let asked = DowngradeRequest {
            id: DowngradeId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA"),
            top: partner(DISTRIBUTOR),
            partner: partner(PARTNER),
            above: vec![partner(DISTRIBUTOR)],
            organisation: organisation(),
            from: plan.clone(),
            from_product: ProductType::BackupEntra,
            to: plan,
            to_product: ProductType::BackupEntra,
            state: subscriptions::RequestState::Open,
            asked_at: at(support::office::START),
            asked_by: "somebody".to_owned(),
            decided_at: None,
            decided_by: None,
            reason: None,
        };
        let open = OpenDowngrade {
            partner: partner(PARTNER),
            organisation: organisation(),
            top: partner(DISTRIBUTOR),
            request: asked.id.clone(),
        };
        if asks {
            records.put_new(&asked).await.unwrap();
            records.put_new(&open).await.unwrap();
        }
        to_the_end(&office).await;
        let stays = records.find(&DowngradeRequest::at(&asked.top, &asked.id)).await.unwrap();
        assert_eq!(stays.map(|row| row.value.state), asks.then_some(subscriptions::RequestState::Refused));
        let at = DeletionCertificate::at(&partner(PARTNER), &organisation());
        deleted.push(records.get(&at).await.unwrap().value.rows);
    }
    assert_eq!(deleted[1], deleted[0] + 1, "what says that it is open");
}

/// A watched list may lag behind its rows.
#[tokio::test]
async fn a_deletion_that_is_listed_as_due_begins_only_if_its_row_says_so_too() {
    let office = doomed().await;
    let mut rows = office.world.catalog.rows();
    let row = rows.iter_mut().map(|(_, row)| row).find(|row| row.body.get("ending").is_some()).unwrap();
    row.body["ending"]["deleteAt"] = json!("2026-11-25T00:00:00Z");
    office.world.catalog.set_rows(rows);
    assert_eq!(tick(&office, &FaultPlan::new()).await.begun, 0);
    assert!(office.records().find(&StoredKey::at(&tenant(), &organisation())).await.unwrap().is_some());
    office.world.clock.advance_to(at("2026-11-25T00:00:00Z"));
    assert_eq!(tick(&office, &FaultPlan::new()).await.begun, 1);
}

#[tokio::test]
async fn of_no_family_that_ends_with_a_tenant_is_a_row_left() {
    let office = doomed().await;
    let of_tenant = || {
        // Its key is there already, and goes first.
        let families = FAMILIES.iter().filter(|f| f.end == End::Tenant && f.owner != OwnerKind::Keys);
        families.map(|family| (family.owner.scope_of_tenant(&tenant()).unwrap(), family.prefix))
    };
    for (scope, prefix) in of_tenant() {
        let write = Write::PutNew(scope, Row::new(format!("{prefix}left"), json!({})));
        office.world.catalog.write(office.clock().now(), vec![write]).await.unwrap();
    }
    to_the_end(&office).await;
    let rows = office.world.catalog.rows();
    for (scope, prefix) in of_tenant() {
        assert!(!rows.iter().any(|(of, row)| *of == scope && row.key.starts_with(prefix)), "{prefix}");
    }
}

#[tokio::test]
async fn what_its_partner_heard_of_others_and_was_answered_about_others_stays() {
    let office = doomed().await;
    let other: TenantId = "b1b2c3d4-0000-1111-2222-333344445555".parse().unwrap();
    let elsewhere = OrganisationId::from_ulid("01JYYYYYYYYYYYYYYYYYYYYYYY");
    let mut kept = Vec::new();
    for (tenant, organisation) in [(other, elsewhere), (tenant(), organisation())] {
        let heard = NoticeEntry {
            subject: None,
            changes: None,
            listener: partner(PARTNER),
            at: at(support::office::START),
            tenant,
            organisation: organisation.clone(),
            topic: domain::notices::Topic::Changes,
            severity: Severity::Info,
            weight: 0,
            notice: "n".to_owned(),
        };
        let answered = IdempotentRequest {
            partner: Some(partner(PARTNER)),
            name: organisation.to_string(),
            body_hash: "b".to_owned(),
            progress: RequestState::DoneUnkept { status: 201, made: Some(organisation.to_string()) },
            expires_at: at("2027-01-01T00:00:00Z"),
        };
        office.records().put_new(&heard).await.unwrap();
        office.records().put_new(&answered).await.unwrap();
        kept.push((heard.address().key().to_owned(), answered.address().key().to_owned()));
    }
    to_the_end(&office).await;
    let keys: Vec<_> = office.world.catalog.rows().into_iter().map(|(_, row)| row.key).collect();
    for ((heard, answered), stays) in kept.iter().zip([true, false]) {
        assert_eq!((keys.contains(heard), keys.contains(answered)), (stays, stays), "{keys:?}");
    }
}

#[tokio::test]
async fn of_a_connection_that_was_refused_nothing_is_left_but_what_is_the_tenants_own() {
    let office = doomed().await;
    let records = office.records();
    let other: TenantId = "b1b2c3d4-0000-1111-2222-333344445555".parse().unwrap();
    let found = records.get(&Organisation::at(&partner(PARTNER), &organisation())).await.unwrap();
    let waited = Connecting {
        tenant: other.clone(),
        person: None,
        since: at(support::office::START),
        until: at(support::office::START),
        try_at: None,
        attempts: 1,
        refused: None,
    };
    records
        .replace(&Organisation { tenant: None, connecting: Some(waited), ..found.value }, found.version)
        .await
        .unwrap();
    let scope = Scope::Tenant(other);
    let ours = format!("notice#credentials.{}.not-connected.1", organisation());
    for key in [ours.as_str(), "notice#changes.n"] {
        let write = Write::PutNew(scope.clone(), Row::new(key, json!({})));
        office.world.catalog.write(office.clock().now(), vec![write]).await.unwrap();
    }
    for deleted in [0, 1] {
        assert_eq!(tick(&office, &FaultPlan::new()).await.deleted, deleted);
    }
    let rows = office.world.catalog.rows();
    let left: Vec<_> = rows.iter().filter(|(of, _)| *of == scope).map(|(_, row)| row.key.as_str()).collect();
    assert_eq!(left, ["notice#changes.n"]);
}

/// An end customer's token that shows these organisations.
fn token(hash: &str, organisations: &[OrganisationId]) -> ApiToken {
    ApiToken {
        id: None,
        hash: hash.to_owned(),
        prefix: "hft_12345678".to_owned(),
        name: "portal".to_owned(),
        partner: partner(PARTNER),
        role: Role::EndCustomer,
        organisations: Some(organisations.to_vec()),
        features: None,
        made_by: None,
        created_at: at(support::office::START),
        expires_at: at("2027-01-01T00:00:00Z"),
        revoked_at: None,
    }
}

/// The partner made them: they are not the organisation's own, and are found by what they show.
#[tokio::test]
async fn of_the_partners_tokens_for_end_customers_those_end_that_show_nothing_else() {
    let office = doomed().await;
    let records = office.records();
    let elsewhere = OrganisationId::from_ulid("01JYYYYYYYYYYYYYYYYYYYYYYY");
    let shows: [(&str, &str, &[OrganisationId]); 2] = [
        ("alone", "01JCCCCCCCCCCCCCCCCCCCCCCC", &[organisation()]),
        ("both", "01JDDDDDDDDDDDDDDDDDDDDDDD", &[organisation(), elsewhere.clone()]),
    ];
    for (hash, id, organisations) in shows {
        let token = token(hash, organisations);
        records.put_new(&token).await.unwrap();
        let entry = TokenEntry { id: TokenId::from_ulid(id), organisation: None, token };
        records.put_new(&entry).await.unwrap();
    }
    to_the_end(&office).await;
    assert_eq!(records.find(&ApiToken::at("alone")).await.unwrap(), None, "nobody may sign in with it");
    let listed = records.list_all(&TokenEntry::of_partner(&partner(PARTNER))).await.unwrap();
    let listed: Vec<_> = listed.into_iter().map(|entry| entry.value.token).collect();
    assert_eq!(listed, [token("both", &[elsewhere])]);
    assert!(records.find(&ApiToken::at("both")).await.unwrap().is_some());
}

#[tokio::test]
async fn with_an_organisation_its_token_and_its_offer_end() {
    let office = doomed().await;
    let records = office.records();
    let token = token("h", &[organisation()]);
    let entry = TokenEntry {
        id: TokenId::from_ulid("01JCCCCCCCCCCCCCCCCCCCCCCC"),
        organisation: Some(organisation()),
        token: token.clone(),
    };
    let offer = TransferOffer {
        organisation: organisation(),
        from: partner(PARTNER),
        to: partner(SIBLING),
        by: "somebody".to_owned(),
        offered_at: at(support::office::START),
        expires_at: at("2027-01-01T00:00:00Z"),
    };
    let offered = TransferOffered {
        organisation: organisation(),
        name: "Contoso".to_owned(),
        seats: 5,
        from: partner(PARTNER),
        from_name: "Partner".to_owned(),
        to: partner(SIBLING),
        expires_at: at("2027-01-01T00:00:00Z"),
    };
    records.put_new(&token).await.unwrap();
    records.put_new(&entry).await.unwrap();
    records.put_new(&offer).await.unwrap();
    records.put_new(&offered).await.unwrap();
    to_the_end(&office).await;
    assert_eq!(records.find(&token.address()).await.unwrap(), None);
    assert_eq!(records.find(&entry.address()).await.unwrap(), None);
    assert_eq!(records.find(&offer.address()).await.unwrap(), None);
    assert_eq!(records.find(&offered.address()).await.unwrap(), None);
}
