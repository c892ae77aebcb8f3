//! The product on one desk: every job over ports in memory and over the real Graph adapter, which talks by
//! HTTP to a simulated Microsoft in this process.
//!
//! Every port that a job holds is under one [`FaultPlan`]; what a person or a test does goes past it. Time is
//! one clock: ours and Microsoft's move together, and only when they are told to. Partners, people and tenants
//! are rows written directly. Not here: queues and redelivery (`drive`), what is compared (`end`).

#![allow(dead_code, reason = "each subject uses a part of it")]

mod admin;
mod clock;
mod commands;
mod consent;
mod deaths;
mod drive;
mod end;
mod log;
mod seeds;
mod story;
mod workers;

pub use admin::Admin;
pub use deaths::{deaths, is_all_asked_for};
pub use drive::Death;
pub use end::{End, changes_of};
pub use log::Watch;
pub use seeds::chosen_seeds;
pub use story::Stage;
pub use workers::LOCK_DAYS;

use backup::archive::Archive;
pub use clock::JoinedClock;
use domain::notices::{Frequency, Topic};
use domain::{OrganisationId, PartnerId, PersonId, PlanId, TenantId};
use engine::ports::{Clock, Ids, KeyRing};
use engine::records::rights::Function;
use engine::records::{
    CredentialStatus, Organisation, OrganisationPlace, OrganisationState, Partner, Person, Records,
    StoredKey, Tenant,
};
use jiff::SignedDuration;
use sim::{Sim, SimConfig, SimServer, TenantConfig};
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use support::faulty::FaultPlan;
use support::memory::{QueueSettings, World};
use support::policy::{Deployed, Refusals};
use workers::Workers;

/// The second tenant, where there is one.
pub const OTHER_TENANT_ID: &str = "7e000000-0000-4000-8000-000000000002";

/// What a rig is made of.
#[allow(clippy::struct_excessive_bools, reason = "independent facts")]
pub struct Setting {
    /// Every chance follows from it.
    pub seed: u64,
    /// Users of each tenant.
    pub users: usize,
    /// Service plans of the licence that most people have.
    pub service_plans: usize,
    /// Whether there are two tenants.
    pub two_tenants: bool,
    /// Whether the tenants have the licence for Privileged Identity Management.
    pub premium_p2: bool,
    /// Whether the tenants have the licence for Entra ID P1.
    pub premium_p1: bool,
    /// Whether the tenants have the licence for Intune.
    pub intune: bool,
    /// Whether Graph tracks changes for the tenants: not for external ones.
    pub tracks_changes: bool,
    /// How the queues behave.
    pub queue: QueueSettings,
    /// So many snapshots fall due a day, the first one now; 0: only a person asks for one.
    pub snapshots_per_day: u8,
    /// Whether the tenants have consented and are connected; otherwise there are their organisations alone.
    pub connected: bool,
    /// The rights that the functions have.
    pub deployed: Deployed,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            seed: 7,
            users: 12,
            service_plans: 3,
            two_tenants: false,
            premium_p2: true,
            premium_p1: true,
            intune: true,
            tracks_changes: true,
            // As the template says.
            queue: QueueSettings { visibility_ms: 5_400_000, ..QueueSettings::default() },
            snapshots_per_day: 0,
            connected: true,
            deployed: Deployed::read(),
        }
    }
}

/// The ports, the simulated Microsoft and the jobs of one story.
pub struct Rig {
    pub world: World,
    pub plan: Arc<FaultPlan>,
    pub sim: SimServer,
    pub control: sim::Control,
    pub clock: Arc<JoinedClock>,
    pub tenants: Vec<TenantId>,
    /// As a person's request sees them: under no plan.
    pub records: Records,
    pub archive: Arc<Archive>,
    workers: RefCell<Arc<Workers>>,
    death: Cell<Option<Death>>,
    poison: RefCell<Option<drive::Poison>>,
    traces: Cell<u32>,
    reasons: drive::Reasons,
    pub log: Watch,
    pub deployed: Deployed,
    /// What the functions' roles did not allow: a story in which that happens fails, unless it takes them.
    pub refusals: Refusals,
}

/// At the end of a story nothing of a customer is in the log.
impl Drop for Rig {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.note_names();
            self.log.assert_discreet();
        }
    }
}

impl Rig {
    /// One tenant, everything granted.
    pub async fn new() -> Self {
        Self::with(Setting::default()).await
    }

    pub async fn with(setting: Setting) -> Self {
        let mut config = SimConfig::company(setting.seed, setting.users);
        config.limits = sim::Limits::none();
        config.real_time = false;
        if setting.two_tenants {
            config.tenants.push(TenantConfig {
                id: OTHER_TENANT_ID.into(),
                name: "Northwind".into(),
                domain: "northwind.example".into(),
                ..config.tenants[0].clone()
            });
        }
        for tenant in &mut config.tenants {
            tenant.premium_p2 = setting.premium_p2;
            tenant.premium_p1 = setting.premium_p1;
            tenant.intune = setting.intune;
            tenant.tracks_changes = setting.tracks_changes;
            tenant.service_plans = setting.service_plans;
        }
        let tenants: Vec<TenantId> = config.tenants.iter().map(|t| t.id.parse().unwrap()).collect();
        let sim = Sim::new(config).serve(([127, 0, 0, 1], 0).into()).await.unwrap();
        let control = sim.control();
        control.switch(|switches| switches.assertion_clock_real = false);
        let world = World::with_queue(setting.seed, setting.queue);
        for (name, id, secret) in [
            ("graph-reader", sim::READER_CLIENT_ID, sim::READER_SECRET),
            ("graph-writer", sim::WRITER_CLIENT_ID, sim::WRITER_SECRET),
        ] {
            let json = serde_json::json!({ "clientId": id, "clientSecret": secret });
            world.secrets.put(name, json.to_string());
        }
        let clock = Arc::new(JoinedClock::new(world.clock.clone(), control.clone()));
        let plan = FaultPlan::new();
        let records = Records::new(world.catalog.clone(), clock.clone());
        let archive = Arc::new(Archive::new(world.vault.clone(), world.key_ring.clone(), records.clone()));
        let (deployed, refusals) = (setting.deployed, Refusals::default());
        let workers = Arc::new(Workers::new(&world, &plan, &clock, &sim, (&deployed, &refusals)));
        let rig = Self {
            world,
            plan,
            sim,
            control,
            clock,
            tenants,
            records,
            archive,
            workers: RefCell::new(workers),
            death: Cell::new(None),
            poison: RefCell::new(None),
            traces: Cell::new(0),
            reasons: drive::Reasons::default(),
            log: Watch::begin(),
            deployed,
            refusals,
        };
        for tenant in &rig.tenants {
            let organisation = rig.customer_of_a_partner(tenant, setting.connected).await;
            if setting.connected {
                rig.control.consent(tenant.as_str(), sim::READER_CLIENT_ID);
                rig.control.consent(tenant.as_str(), sim::WRITER_CLIENT_ID);
                rig.connect(&organisation, tenant, setting.snapshots_per_day).await;
            }
        }
        rig.note_names();
        rig
    }

    /// Whatever the tenants and the rows hold now that says who somebody is must not be in the log.
    pub fn note_names(&self) {
        self.log.is_private([sim::READER_SECRET, sim::WRITER_SECRET, sim::ADMINISTRATOR_SECRET]);
        for tenant in &self.tenants {
            self.log.names_are_private(&self.control.dump(tenant.as_str()));
        }
        for (_, row) in self.world.catalog.rows() {
            self.log.names_are_private(&row.body);
        }
    }

    /// The one tenant, or the first.
    pub fn tenant(&self) -> &TenantId {
        &self.tenants[0]
    }

    /// The administrator of a tenant, signed in now.
    pub async fn admin(&self, tenant: &TenantId) -> Admin {
        Admin::sign_in(&self.sim.graph_url(), tenant).await
    }

    /// The workers of a new process: nothing that was only in memory is left.
    pub fn restart(&self) {
        let rights = (&self.deployed, &self.refusals);
        let workers = Workers::new(&self.world, &self.plan, &self.clock, &self.sim, rights);
        self.workers.replace(Arc::new(workers));
    }

    /// Keeps the world as it is now. Whoever calls what comes back puts it back so, as often as is wanted, with a new
    /// process that knows nothing and no death ordered.
    pub fn keep(&self) -> impl Fn() + use<'_> {
        let (ours, theirs, traces) = (self.world.keep(), self.control.keep(), self.traces.get());
        move || {
            ours();
            theirs();
            self.traces.set(traces);
            self.reasons.forget();
            self.death.set(None);
            self.plan.heal();
            self.plan.take_log();
            self.restart();
        }
    }

    /// The rows as a function sees them, behind its role; under no plan.
    pub fn records_of(&self, function: Function) -> Records {
        let catalog = self.deployed.catalog(function, self.world.catalog.clone(), &self.refusals);
        Records::new(catalog, self.clock.clone())
    }

    /// A partner of its own, with a person who hears everything at once and one who hears it each morning.
    async fn customer_of_a_partner(&self, tenant: &TenantId, connected: bool) -> Organisation {
        let now = self.clock.now();
        let ulid = || self.world.ids.ulid();
        let partner = Partner {
            id: PartnerId::from_ulid(&ulid()),
            name: "Contoso Services".into(),
            above: vec![],
            entra_sku_active: true,
            created_at: now,
        };
        self.records.put_new(&partner).await.unwrap();
        for (who, often) in [("now", Frequency::Immediate), ("daily", Frequency::Daily)] {
            let id = PersonId::from_ulid(&ulid());
            let email = format!("{who}@{}.example", &tenant.as_str()[tenant.as_str().len() - 2..]);
            let mut person = Person::owner(id, partner.id.clone(), who, email, "UTC", now).unwrap();
            for topic in Topic::ALL.into_iter().filter(|t| t.is_open_to(domain::rights::Role::Owner)) {
                person.subscribe(topic, Some(often), now).unwrap();
            }
            self.records.put_new(&person).await.unwrap();
        }
        let organisation = Organisation {
            id: OrganisationId::from_ulid(&ulid()),
            partner: partner.id.clone(),
            name: "A customer".into(),
            email: "office@customer.example".into(),
            details: String::new(),
            state: OrganisationState::Active,
            plan: PlanId::from_ulid(&ulid()),
            seats: 50,
            features: vec![],
            approvals: domain::organisations::ApprovalRule::Off,
            tenant: connected.then(|| tenant.clone()),
            not_protected: vec![],
            writer_consented_at: connected.then_some(now),
            created_at: now,
            ending: None,
            former_partners: vec![],
            connecting: None,
            waited_for: Vec::new(),
        };
        self.records.put_new(&organisation).await.unwrap();
        let place = OrganisationPlace {
            organisation: organisation.id.clone(),
            partner: partner.id,
            tenant: organisation.tenant.clone(),
        };
        self.records.put_new(&place).await.unwrap();
        organisation
    }

    /// The rows of a tenant that is connected to that organisation.
    async fn connect(&self, organisation: &Organisation, tenant: &TenantId, per_day: u8) {
        let now = self.clock.now();
        let (_, wrapped) = self.world.key_ring.generate(tenant).await.unwrap();
        self.records
            .put_new(&StoredKey {
                tenant: tenant.clone(),
                organisation: organisation.id.clone(),
                wrapped,
                created_at: now,
            })
            .await
            .unwrap();
        self.records
            .put_new(&Tenant {
                tenant: tenant.clone(),
                partner: organisation.partner.clone(),
                organisation: organisation.id.clone(),
                name: "A customer".into(),
                credentials: CredentialStatus::Connected,
                refused: None,
                not_protected: None,
                credentials_since: None,
                snapshots_per_day: per_day.max(1),
                next_snapshot_at: (per_day > 0).then_some(now),
                open_snapshot: None,
                last_sealed: None,
                untold_since: None,
                newest: None,
                last_full_at: None,
                // Why long ago: only stories of a young consent are about one that has not arrived.
                connected_at: now - SignedDuration::from_hours(30 * 24),
                consented_at: None,
                has_parked: false,
            })
            .await
            .unwrap();
    }
}
