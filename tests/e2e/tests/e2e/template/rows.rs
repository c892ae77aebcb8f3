//! Who may do what with which rows and blobs: derived from the template's policies as AWS evaluates them, and held against
//! the engine's table. Each story of these tests runs behind the same policies (`rig::workers`).
//! Over 400 lines: each owner's rows with each function's rights, and the stories that reach them.

use super::function_names;
use crate::rig::{Rig, Setting};
use domain::restore::{SelectedItem, Selection};
use domain::rights::Role as Rank;
use domain::{PartnerId, TenantId};
use engine::announce::Announcer;
use engine::ports::{Clock, JobQueue, Scope};
use engine::purge_data;
use engine::records::rights::{Act, Function, LISTS, rights_to};
use engine::records::{CredentialStatus, FAMILIES, JobState, OwnerKind, Person, Record, RestoreState, Side};
use jiff::SignedDuration;
use partners::commands::idempotency::{Begun, Idempotency};
use partners::commands::sessions::Sessions;
use partners::commands::sign_in::FindCaller;
use partners::commands::tokens::new_token;
use partners::commands::{Caller, Gate, Member, Proof, SignInTimes};
use restore::commands::restores::{NewRestore, RestoreFrom};
use std::collections::BTreeSet;
use support::policy::{Ask, BUCKET, Deployed, Role, TABLE};

const TENANT: &str = "a1b2c3d4-0000-1111-2222-333344445555";

/// Every partition of an owner, with some partner and some tenant. Why by kind: an owner that is added to the table does
/// not compile until it is here.
fn partitions(owner: OwnerKind) -> Vec<Scope> {
    let partner = PartnerId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA");
    let tenant: TenantId = TENANT.parse().unwrap();
    match owner {
        OwnerKind::Installation => vec![Scope::System],
        OwnerKind::Uses => vec![Scope::Uses],
        OwnerKind::Budgets => vec![Scope::Budgets],
        OwnerKind::Limits => vec![Scope::Limits],
        OwnerKind::Auth => vec![Scope::Auth],
        OwnerKind::Invitations => vec![Scope::Invitations],
        OwnerKind::FormerTenants => vec![Scope::FormerTenants],
        OwnerKind::Audit => vec![Scope::Audit(None), Scope::Audit(Some(partner))],
        OwnerKind::Replies => vec![Scope::Replies(None), Scope::Replies(Some(partner))],
        OwnerKind::Partner => vec![Scope::Partner(partner)],
        OwnerKind::Organisations => vec![Scope::Organisations(partner)],
        OwnerKind::People => vec![Scope::People(partner)],
        OwnerKind::Heard => vec![Scope::Heard(partner)],
        OwnerKind::Jobs => vec![Scope::Jobs(partner)],
        OwnerKind::Keys => vec![Scope::Key(tenant)],
        OwnerKind::Restores => vec![Scope::Restores(tenant)],
        OwnerKind::Approvals => vec![Scope::Approvals(tenant)],
        OwnerKind::AccessPasses => vec![Scope::AccessPasses(tenant)],
        OwnerKind::Downloads => vec![Scope::Downloads(tenant)],
        OwnerKind::Marks => vec![Scope::Marks(tenant)],
        OwnerKind::RestoreSets => vec![Scope::RestoreSets(partner)],
        OwnerKind::Tenant => vec![Scope::Tenant(tenant)],
    }
}

fn may(role: &Role, action: &'static str, partition: &str) -> bool {
    role.may(&Ask::new(action, TABLE).with("dynamodb:LeadingKeys", vec![partition.to_owned()]))
}

/// The functions that may do that with a partition.
fn who_may(deployed: &Deployed, act: Act, partition: &str) -> Vec<Function> {
    let actions: &[&'static str] = match act {
        Act::Read => &["dynamodb:GetItem", "dynamodb:Query", "dynamodb:BatchGetItem"],
        Act::Put => &["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem"],
        Act::Delete => &["dynamodb:DeleteItem", "dynamodb:BatchWriteItem"],
    };
    let roles = Function::ALL.into_iter().map(|function| deployed.role(function));
    let allowed = roles.filter(|role| actions.iter().any(|action| may(role, action, partition)));
    allowed.map(|role| role.function).collect()
}

#[test]
fn the_table_of_rights_knows_the_functions_that_are_deployed() {
    let mut known = Function::ALL.map(|function| function.name().to_owned()).to_vec();
    // It has no right to any row.
    known.push("serve-portal".to_owned());
    known.sort();
    assert_eq!(known, function_names());
}

#[test]
fn who_may_read_put_and_delete_the_rows_of_each_family_is_what_the_table_of_rights_says() {
    for deployed in [Deployed::read(), Deployed::read().restored()] {
        for family in FAMILIES {
            let rights = rights_to(family).unwrap();
            let partitions = partitions(family.owner);
            assert!(!partitions.is_empty(), "{} is held against nothing", family.record);
            for partition in partitions {
                assert_eq!(partition.text().split('/').next(), Some(family.owner.name()));
                for act in [Act::Read, Act::Put, Act::Delete] {
                    let mut wanted = rights.who_may(act).to_vec();
                    wanted.sort();
                    let found = who_may(&deployed, act, &partition.text());
                    assert_eq!(found, wanted, "{act:?} {} in {}", family.record, partition.text());
                }
            }
        }
    }
}

#[test]
fn keys_and_tokens_are_put_by_plan_api_alone_keys_deleted_by_purge_data_alone_and_audit_rows_by_nobody() {
    let deployed = Deployed::read();
    let key = format!("key/{TENANT}");
    assert_eq!(who_may(&deployed, Act::Put, &key), [Function::PlanApi]);
    assert_eq!(who_may(&deployed, Act::Delete, &key), [Function::PurgeData]);
    assert_eq!(who_may(&deployed, Act::Put, "auth"), [Function::PlanApi]);
    for audit in ["audit", "audit/prt_01jaaaaaaaaaaaaaaaaaaaaaaa"] {
        assert_eq!(who_may(&deployed, Act::Delete, audit), [], "{audit}");
        assert!(who_may(&deployed, Act::Put, audit).contains(&Function::SnapshotApi), "{audit}");
    }
    let restores = who_may(&deployed, Act::Put, &format!("restores/{TENANT}"));
    assert!(!restores.contains(&Function::TakeSnapshot), "what reads a tenant writes no restore");
}

#[test]
fn only_snapshot_api_approves() {
    let deployed = Deployed::read();
    let approvals = format!("approvals/{TENANT}");
    assert_eq!(who_may(&deployed, Act::Put, &approvals), [Function::SnapshotApi]);
    assert_eq!(who_may(&deployed, Act::Delete, &approvals), [Function::PurgeData]);
    let readers = [Function::SnapshotApi, Function::RunRestore, Function::PurgeData];
    assert_eq!(who_may(&deployed, Act::Read, &approvals), readers);
}

#[test]
fn no_job_but_the_one_that_has_passes_made_comes_to_them_and_that_one_reads_none() {
    let deployed = Deployed::read();
    let passes = format!("access-passes/{TENANT}");
    let of = |act| who_may(&deployed, act, &passes);
    assert_eq!(of(Act::Read), [Function::SnapshotApi, Function::PurgeData]);
    assert_eq!(of(Act::Put), [Function::SnapshotApi, Function::RunRestore]);
    assert_eq!(of(Act::Delete), [Function::PurgeData]);
}

#[test]
fn a_partition_of_no_family_is_nobodys_and_no_right_to_rows_is_without_a_partition() {
    for deployed in [Deployed::read(), Deployed::read().restored()] {
        for partition in ["", "other", "systems", "auth/x", "keys/x", "xtenant/y", "uses/z"] {
            for act in [Act::Read, Act::Put, Act::Delete] {
                assert_eq!(who_may(&deployed, act, partition), [], "{act:?} {partition}");
            }
        }
        for role in Function::ALL.map(|function| deployed.role(function)) {
            for action in [
                "dynamodb:Scan",
                "dynamodb:GetItem",
                "dynamodb:BatchGetItem",
                "dynamodb:Query",
                "dynamodb:PutItem",
                "dynamodb:DeleteItem",
                "dynamodb:UpdateItem",
                "dynamodb:PartiQLSelect",
                "dynamodb:ConditionCheckItem",
            ] {
                assert!(!role.may(&Ask::new(action, TABLE)), "{action}: {role:?}");
            }
        }
    }
}

/// Rows of all scopes are in the index: without a list a question to it would read what its function may not.
#[test]
fn a_function_lists_only_its_own_watched_lists() {
    let watched: BTreeSet<_> = FAMILIES.iter().flat_map(|family| family.watched.iter().copied()).collect();
    assert_eq!(watched, LISTS.iter().map(|(list, _)| *list).collect());
    let index = format!("{TABLE}/index/watch-index");
    for deployed in [Deployed::read(), Deployed::read().restored()] {
        let who_lists = |list: Option<&str>| {
            let ask = Ask::new("dynamodb:Query", &index);
            let ask =
                list.map_or(ask.clone(), |list| ask.with("dynamodb:LeadingKeys", vec![list.to_owned()]));
            let roles = Function::ALL.into_iter().filter(|function| deployed.role(*function).may(&ask));
            roles.collect::<Vec<_>>()
        };
        for (list, readers) in LISTS {
            assert_eq!(who_lists(Some(list)), *readers, "{list}");
        }
        for other in [None, Some(""), Some("other"), Some("open-work-x"), Some("auth"), Some("tenant/x")] {
            assert_eq!(who_lists(other), [], "{other:?}");
        }
    }
}

#[test]
fn a_transaction_may_not_carry_one_write_that_its_function_may_not_make() {
    let role = Deployed::read().role(Function::TakeSnapshot);
    let put = |partitions: &[String]| {
        role.may(&Ask::new("dynamodb:PutItem", TABLE).with("dynamodb:LeadingKeys", partitions.to_vec()))
    };
    let (own, key) = (format!("tenant/{TENANT}"), format!("key/{TENANT}"));
    assert!(put(&[own.clone(), "system".to_owned()]));
    assert!(!put(&[own, key]));
}

/// What S3 asks IAM for when somebody writes an object; `creates` is false for what begins an upload in parts, and for
/// the parts.
fn put_object(creates: bool, if_none_match: bool) -> Ask {
    let ask = Ask::new("s3:PutObject", format!("{BUCKET}/t/{TENANT}/leaves/aa/x"));
    let ask = ask.with("s3:ObjectCreationOperation", vec![creates.to_string()]);
    if if_none_match { ask.with("s3:if-none-match", vec!["*".to_owned()]) } else { ask }
}

#[test]
fn whoever_may_add_blobs_may_put_none_over_another() {
    use Function::{DiffSnapshots, PreviewRestore, RunRestore, TakeSnapshot};
    let deployed = Deployed::read();
    let writers: Vec<_> =
        Function::ALL.into_iter().filter(|f| deployed.role(*f).may(&put_object(true, true))).collect();
    assert_eq!(writers, [TakeSnapshot, DiffSnapshots, PreviewRestore, RunRestore]);
    for function in Function::ALL {
        let role = deployed.role(function);
        assert!(!role.may(&put_object(true, false)), "{} may not replace a blob", function.name());
        assert_eq!(role.may(&put_object(false, false)), writers.contains(&function), "parts are no objects");
        let plain = put_object(true, true).with("aws:SecureTransport", vec!["false".to_owned()]);
        assert!(!role.may(&plain), "{} only by TLS", function.name());
        let foreign = put_object(true, true).with("aws:ResourceAccount", vec!["999999999999".to_owned()]);
        assert!(!role.may(&foreign), "{} only into our own account", function.name());
    }
}

/// The operator's own rights reach everything; the bucket's policy binds them all the same.
#[test]
fn the_operator_too_puts_nothing_over_a_blob_while_replication_is_another_action() {
    let denies = |ask: &Ask| Deployed::read().bucket_policy().iter().any(|s| !s.allows && s.is_about(ask));
    assert!(denies(&put_object(true, false)), "a copy into the bucket, as `aws s3 cp` makes it");
    assert!(!denies(&put_object(true, true)), "a copy that says that nothing is to be there");
    for action in ["s3:ReplicateObject", "s3:GetObjectVersionForReplication", "s3:PutObjectRetention"] {
        assert!(!denies(&Ask::new(action, format!("{BUCKET}/t/{TENANT}/leaves/aa/x"))), "{action}");
    }
}

/// What is asked of a function whose right was taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// A job takes a snapshot; it is not done.
    Snapshot,
    /// Somebody asks for a snapshot, and hears of it at once.
    StartSnapshot,
    /// Somebody begins a session.
    BeginSession,
    /// Somebody ends the session that they have.
    EndSession,
    /// A request failed, and its idempotency key is to be free again.
    ForgetKey,
    /// A job compares; it is not done.
    Comparison,
    /// A job makes a preview; it is not made.
    Preview,
    /// A job runs what was approved; it is not done.
    Run,
    /// The tick starts what is due; nothing is started.
    DueSnapshot,
    /// A job mails what people are to hear at once; it may not write down that it did.
    Mail,
    /// The tick clears away what has ended; it stays.
    ClearAway,
    /// Somebody shows a token that is good, and is not let in.
    LetIn,
}

impl Asked {
    async fn fails(self, rig: &Rig, function: Function) {
        let (tenant, world) = (rig.tenant().clone(), rig.world.clone());
        let sessions =
            |records| Sessions { gate: Gate { records }, clock: rig.clock.clone(), ids: world.ids.clone() };
        match self {
            Self::Snapshot => {
                let id = rig.ask_snapshot(&tenant).await;
                rig.work_once().await;
                assert_ne!(rig.snapshot_row(&tenant, &id).await.state, JobState::Done);
            }
            Self::StartSnapshot => {
                let snapshots = backup::commands::snapshots::Snapshots {
                    records: rig.records_of(function),
                    queue: world.queue,
                    clock: rig.clock.clone(),
                    ids: world.ids,
                };
                snapshots.start(&tenant, engine::records::Reason::Person).await.unwrap_err();
            }
            Self::BeginSession => {
                sessions(rig.records_of(function)).create(&signed_in(rig).await, false).await.unwrap_err();
            }
            Self::EndSession => {
                let caller = signed_in(rig).await;
                let (_, session) = sessions(rig.records.clone()).create(&caller, false).await.unwrap();
                sessions(rig.records_of(function)).end(&caller, &session.id).await.unwrap_err();
            }
            Self::ForgetKey => {
                let keys = |records| Idempotency { records };
                let Begun::Run(begun) = keys(rig.records.clone()).begin(None, "n", "h").await.unwrap() else {
                    panic!("it is new")
                };
                keys(rig.records_of(function)).forget(&begun).await.unwrap_err();
            }
            Self::Comparison => {
                let before = rig.snapshot().await;
                let diff = rig.ask_diff(&before, Side::Live).await;
                rig.work_once().await;
                let rows = rig.diff_rows(&tenant).await;
                assert!(rows.iter().any(|row| row.id == diff.id && row.state != JobState::Done));
            }
            Self::Preview | Self::Run => {
                let (_, stage) = rig.staged().await;
                let (snapshot, key) = (rig.snapshot().await, stage.id("Maya").to_owned());
                let item = SelectedItem::whole(support::kind("users").name, key);
                let selection = Selection { items: vec![item], ..Selection::default() };
                let new = NewRestore::of(RestoreFrom::Items(snapshot), selection);
                let asked = rig.restores().create_preview(&tenant, "per_test", new).await.unwrap();
                rig.work_once().await;
                let wanted = if self == Self::Run {
                    rig.ask_run(&asked).await;
                    rig.work_once().await;
                    RestoreState::Queued
                } else {
                    RestoreState::Previewing
                };
                assert_eq!(rig.restores().get(&tenant, &asked.id).await.unwrap().state, wanted);
            }
            Self::DueSnapshot => {
                let tick = backup::schedule_snapshots::Worker {
                    records: rig.records_of(function),
                    queue: world.queue,
                    clock: rig.clock.clone(),
                    ids: world.ids,
                };
                // Whether it fails or goes on with others is its own matter.
                let _ = tick.run(rig.clock.now() + SignedDuration::from_mins(5)).await;
                assert_eq!(rig.snapshot_rows(&tenant).await, []);
            }
            Self::Mail => {
                let tell = Announcer::new(rig.records.clone(), world.queue.clone(), rig.clock.clone());
                let snapshot = rig.snapshot().await;
                tell.announce_credentials(&tenant, &snapshot, CredentialStatus::ConsentWithdrawn)
                    .await
                    .unwrap();
                assert!(rig.work_on(JobQueue::SendDigests).await);
            }
            Self::ClearAway => {
                let of = (rig.organisation().partner, Rank::Owner);
                let (_, row) = new_token(&*world.ids, rig.clock.now(), of, "t", None);
                rig.records.put_new(&row).await.unwrap();
                rig.clock.advance(SignedDuration::from_hours(24 * 800));
                let rows = world.catalog.rows().len();
                let tick = purge_data::Worker::new(purge_data::Ports {
                    catalog: rig.deployed.catalog(function, world.catalog.clone(), &rig.refusals),
                    vault: rig.deployed.sweeper(function, world.vault, &rig.refusals),
                    signer: world.signer,
                    anchors: world.anchors,
                    clock: rig.clock.clone(),
                    ids: world.ids,
                });
                let _ = tick.run(rig.clock.now() + SignedDuration::from_mins(5)).await;
                assert_eq!(world.catalog.rows().len(), rows);
            }
            Self::LetIn => {
                let partner = rig.organisation().partner;
                let of = (partner, Rank::Owner);
                let (text, row) = new_token(&*world.ids, rig.clock.now(), of, "t", None);
                rig.records.put_new(&row).await.unwrap();
                let find = |records| FindCaller { records, clock: rig.clock.clone(), bootstrap_sha256: None };
                assert!(find(rig.records.clone()).find(&text).await.unwrap().is_some());
                find(rig.records_of(function)).find(&text).await.unwrap_err();
            }
        }
    }
}

/// One of the partner's people, who has signed in now.
async fn signed_in(rig: &Rig) -> Caller {
    let partner = rig.organisation().partner;
    let person = rig.records.list_all(&Person::all(&partner)).await.unwrap().remove(0).value;
    let proof = Proof::SignIn { person: person.id.clone(), times: SignInTimes::at(Some(rig.clock.now())) };
    let member = Member::of_token(partner, person.role, None, person.id.to_string());
    Caller::Member(Member { proof, ..member })
}

#[tokio::test]
async fn a_right_that_is_taken_away_fails_the_story_that_needs_it() {
    for (function, sid, refused, asked) in [
        (Function::TakeSnapshot, "ReadRows", "dynamodb:GetItem", Asked::Snapshot),
        (Function::TakeSnapshot, "PutRows", "dynamodb:PutItem", Asked::Snapshot),
        (Function::TakeSnapshot, "ReadAndAddBlobs", "s3:", Asked::Snapshot),
        (Function::SnapshotApi, "ReadRows", "dynamodb:GetItem", Asked::StartSnapshot),
        (Function::SnapshotApi, "PutRows", "dynamodb:PutItem", Asked::StartSnapshot),
        (Function::SnapshotApi, "DeleteRows", "dynamodb:DeleteItem", Asked::ForgetKey),
        (Function::PlanApi, "ReadRows", "dynamodb:Query", Asked::BeginSession),
        (Function::PlanApi, "PutRows", "dynamodb:PutItem", Asked::BeginSession),
        (Function::PlanApi, "ReadRows", "dynamodb:GetItem", Asked::EndSession),
        (Function::PlanApi, "DeleteRows", "dynamodb:DeleteItem", Asked::EndSession),
        (Function::DiffSnapshots, "ReadRows", "dynamodb:GetItem", Asked::Comparison),
        (Function::DiffSnapshots, "PutRows", "dynamodb:PutItem", Asked::Comparison),
        (Function::PreviewRestore, "PutRows", "dynamodb:PutItem", Asked::Preview),
        (Function::RunRestore, "ReadRows", "dynamodb:GetItem", Asked::Run),
        (Function::ScheduleSnapshots, "PutRows", "dynamodb:PutItem", Asked::DueSnapshot),
        (Function::SendDigests, "PutRows", "dynamodb:PutItem", Asked::Mail),
        (Function::PurgeData, "DeleteRows", "dynamodb:DeleteItem", Asked::ClearAway),
        (Function::AuthorizeRequest, "ReadRows", "dynamodb:GetItem", Asked::LetIn),
    ] {
        let deployed = Deployed::read().without(function, sid);
        let snapshots_per_day = u8::from(asked == Asked::DueSnapshot);
        let rig = Rig::with(Setting { snapshots_per_day, deployed, ..Setting::default() }).await;
        Box::pin(asked.fails(&rig, function)).await;
        let refusals = rig.refusals.take();
        let named = format!("{} may not {refused}", function.name());
        assert!(
            refusals.iter().any(|told| told.starts_with(&named)),
            "{asked:?} without {sid}: {refusals:?}"
        );
    }
}
