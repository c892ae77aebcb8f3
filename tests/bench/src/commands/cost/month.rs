//! A tenant's days, one after the other: users change, snapshots fall due, mails leave; and what that makes in a month.

use super::rig::{ByJob, Rig, TICKS};
use crate::Common;
use crate::cloud::Cloud;
use crate::metered::Usage;
use crate::prices::{Meter, Money, Service};
use crate::template::MONTH_DAYS;
use domain::{OrganisationId, PartnerId, PersonId, SnapshotId, schedule};
use engine::ports::Clock;
use engine::records::{
    CredentialStatus, OrganisationPlace, Partner, Person, Snapshot, SnapshotMode, StoredKey, Tenant,
};
use jiff::SignedDuration;
use std::collections::BTreeMap;

/// How many ticks that find nothing are measured; their time is the median.
const EMPTY_TICKS: usize = 5;
/// How often the hourly tick looks at a tenant in a month.
const HOURS: i128 = MONTH_DAYS * 24;
/// How long after a snapshot is due its tick comes: half a minute, the middle. Why not at once: the weekly full reading
/// would then fall due milliseconds after a snapshot, and be made with the one after it.
const TICK_AFTER: SignedDuration = SignedDuration::from_secs(30);

/// The tenant that is simulated, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Users of the tenant.
    pub users: usize,
    /// How many snapshots are taken in a day.
    pub per_day: u8,
    /// How many days are simulated after the first snapshot.
    pub days: u32,
    /// How many of a thousand users change in a day; the number of users is rounded up.
    pub changes_permille: usize,
}

/// What a tick that finds nothing uses, by its job.
pub type EmptyTicks = BTreeMap<&'static str, Usage>;

/// What a simulated tenant was counted to use.
#[derive(Clone, Debug)]
pub struct Counted {
    /// The tenant that was simulated.
    pub plan: Plan,
    /// What the first snapshot used, once.
    pub first: Usage,
    /// What the days after it used.
    pub days: Usage,
    /// What each function used in these days, ticks that found nothing included.
    pub by_job: ByJob,
    /// What the tenant costs each month whatever happens.
    pub always: Usage,
    /// What is held after the first snapshot, for a month.
    pub held: Usage,
    /// What the days added to it, for a month.
    pub grown: Usage,
    /// Snapshots in these days.
    pub snapshots: u64,
    /// Of them, those that read everything.
    pub full: u64,
    /// Users that were changed.
    pub changed: usize,
}

impl Counted {
    /// What a month costs of one service, with what is held at its end.
    pub fn month_of(&self, service: Service) -> Money {
        let scaled = |usage: &Usage| usage.price_of(service).scaled(MONTH_DAYS, self.plan.days.into());
        let (always, held) = (self.always.price_of(service), self.held.price_of(service));
        scaled(&self.days) + scaled(&self.grown) + always + held
    }
    /// What a month costs of all services.
    pub fn month(&self) -> Money {
        Service::ALL.into_iter().map(|service| self.month_of(service)).sum()
    }
    /// How much more each later month costs than the one before, since nothing that is held ends.
    pub fn monthly_growth(&self) -> Money {
        self.grown.price().scaled(MONTH_DAYS, self.plan.days.into())
    }
}

/// What the ticks use while there is no tenant.
pub async fn empty_ticks(rig: &Rig) -> Result<EmptyTicks, String> {
    let mut all = EmptyTicks::new();
    for job in TICKS {
        let mut each = Vec::new();
        for _ in 0..EMPTY_TICKS {
            each.push(rig.tick(job).await?);
        }
        each.sort_by_key(|usage| usage.get(Meter::MegabyteMs));
        all.insert(job, each.swap_remove(EMPTY_TICKS / 2));
    }
    Ok(all)
}

/// Simulates the tenant of that plan, and counts what it uses.
pub async fn count(rig: &Rig, empty: &EmptyTicks, cloud: &Cloud, plan: Plan) -> Result<Counted, String> {
    connect(rig, plan.per_day).await?;
    let purge = rig.tick("purge-data").await?;
    let each_hour = purge.beyond(&empty["purge-data"]);
    let mut always = Usage::default();
    always.add_all(&each_hour, HOURS);
    // Looking at the tenant each hour is counted apart: later ticks are measured against this one, so that it is not
    // counted twice.
    let idle = Idle { ticks: empty, purge };
    let first = chain(rig, &idle, SignedDuration::ZERO).await?.0;
    let held = rig.held_for_a_month();
    // The first snapshot is paid once, so what the functions used for it must not be part of the days.
    rig.take_by_job();
    let common = common(plan.users);
    let ids = cloud.changeable_users(&common).await?;
    let (mut days, mut snapshots, mut full, mut changed) = (Usage::default(), 0, 0, 0);
    let per_day = usize::from(plan.per_day);
    let changes = (plan.users * plan.changes_permille).div_ceil(1000);
    for n in 0..per_day * plan.days as usize {
        // Why so: the day's changes are spread evenly over its snapshots, whatever remains.
        let (at, before) = (n % per_day + 1, n % per_day);
        let now = changes * at / per_day - changes * before / per_day;
        cloud.change_some(&common, &ids, now, n as u64 + 1).await?;
        changed += now;
        let (used, mode) = chain(rig, &idle, TICK_AFTER).await?;
        days.add_all(&used, 1);
        snapshots += 1;
        full += u64::from(mode == Some(SnapshotMode::Full));
        if at == per_day {
            eprintln!("{} users, {} a day: day {} of {}", plan.users, per_day, n / per_day + 1, plan.days);
        }
    }
    let grown = rig.held_for_a_month().beyond(&held);
    let (first, days) = (rig.with_access_log(first)?, rig.with_access_log(days)?);
    Ok(Counted {
        plan,
        first,
        days,
        by_job: rig.take_by_job(),
        always,
        held,
        grown,
        snapshots,
        full,
        changed,
    })
}

struct Idle<'a> {
    ticks: &'a EmptyTicks,
    purge: Usage,
}

/// Takes a snapshot, from its tick to the last mail, with the digests and the purge that follow. Gives what all of it
/// used, and whether the snapshot was full or incremental.
async fn chain(
    rig: &Rig,
    idle: &Idle<'_>,
    after: SignedDuration,
) -> Result<(Usage, Option<SnapshotMode>), String> {
    let due = tenant(rig).await?.next_snapshot_at.ok_or("the tenant has no schedule")?;
    rig.wait_until(due + after);
    let mut used = rig.tick("schedule-snapshots").await?.beyond(&idle.ticks["schedule-snapshots"]);
    let row = tenant(rig).await?;
    let id: SnapshotId = row.open_snapshot.ok_or("the tick started nothing")?;
    rig.take_usage();
    rig.drain().await?;
    used.add_all(&rig.take_usage(), 1);
    used.add_all(&rig.tick("send-digests").await?.beyond(&idle.ticks["send-digests"]), 1);
    used.add_all(&rig.tick("purge-data").await?.beyond(&idle.purge), 1);
    // Why deleted bytes cost: the bucket's lock keeps them, and they are paid for, until it ends.
    let lock_days = rig.template.default_of("VaultLockDays")?;
    used.add(Meter::VaultByteDays, rig.vault.take_deleted_bytes() * lock_days);
    let snapshot = rig.records.get(&Snapshot::at(&rig.tenant, &id)).await;
    let snapshot = snapshot.map_err(|e| e.to_string())?.value;
    if snapshot.sealed_at.is_none() || !snapshot.not_covered.is_empty() {
        return Err(format!("a snapshot is not complete: {:?} {:?}", snapshot.error, snapshot.not_covered));
    }
    rig.take_usage();
    Ok((used, snapshot.mode))
}

async fn tenant(rig: &Rig) -> Result<Tenant, String> {
    Ok(rig.records.get(&Tenant::at(&rig.tenant)).await.map_err(|e| e.to_string())?.value)
}

/// Inserts a partner, its Owner, who is notified as an Owner is by default, and its connected customer.
async fn connect(rig: &Rig, per_day: u8) -> Result<(), String> {
    let text_of = |e: domain::Error| e.to_string();
    let (now, ulid) = (rig.clock.now(), rig.ids.ulid());
    let (partner, organisation) = (PartnerId::from_ulid(&ulid), OrganisationId::from_ulid(&ulid));
    let offset = schedule::offset_seconds(&rig.tenant);
    let (tenant, name) = (rig.tenant.clone(), "A customer".to_owned());
    let row = Partner {
        id: partner.clone(),
        name: "A partner".into(),
        above: vec![],
        entra_sku_active: true,
        created_at: now,
    };
    rig.records.put_new(&row).await.map_err(text_of)?;
    let id = PersonId::from_ulid(&ulid);
    let owner = Person::owner(id, partner.clone(), "Ada", "ada@partner.example", "Europe/Berlin", now);
    rig.records.put_new(&owner.map_err(text_of)?).await.map_err(text_of)?;
    let place = OrganisationPlace {
        organisation: organisation.clone(),
        partner: partner.clone(),
        tenant: Some(tenant.clone()),
    };
    rig.records.put_new(&place).await.map_err(text_of)?;
    let (_, wrapped) = rig.keys.generate(&tenant).await.map_err(text_of)?;
    rig.records
        .put_new(&StoredKey {
            tenant: tenant.clone(),
            organisation: organisation.clone(),
            wrapped,
            created_at: now,
        })
        .await
        .map_err(text_of)?;
    let row = Tenant {
        tenant,
        partner,
        organisation,
        name,
        credentials: CredentialStatus::Connected,
        refused: None,
        not_protected: None,
        credentials_since: None,
        snapshots_per_day: per_day,
        next_snapshot_at: Some(schedule::next_due(per_day, offset, now).map_err(text_of)?),
        open_snapshot: None,
        last_sealed: None,
        untold_since: None,
        newest: None,
        last_full_at: None,
        connected_at: now,
        consented_at: None,
        has_parked: false,
    };
    rig.records.put_new(&row).await.map_err(text_of)?;
    // Why forgotten: connecting happens once, and is no part of a month.
    rig.take_usage();
    Ok(())
}

/// The options by which the administrator signs in who changes users.
pub fn common(users: usize) -> Common {
    Common {
        users,
        plans: 0,
        latency_ms: 0,
        json: false,
        graph_url: None,
        login_url: None,
        tenant: sim::COMPANY_TENANT_ID.to_owned(),
        client_id: sim::ADMINISTRATOR_CLIENT_ID.to_owned(),
        client_secret: sim::ADMINISTRATOR_SECRET.to_owned(),
    }
}
