//! The state behind a [`crate::Sim`]: tenants, applications, counters.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use serde_json::json;
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::{AppConfig, Colleague, Licence, SimConfig, TenantConfig};
use crate::faults::Faults;
use crate::graph::DeltaQueries;
use crate::login::Login;
use crate::observe::{Observer, SeenRequest};
use crate::schema;
use crate::state::{Directory, Kind, Row, RowBuilder};
use crate::switches::{NotArrived, Switches};
use crate::throttle::{Limits, Throttle};

pub(crate) struct TenantState {
    pub config: TenantConfig,
    pub directory: RwLock<Directory>,
    pub grants: Mutex<HashMap<usize, Grant>>,
    /// The `error` and the code that the login answers instead of a token; none when it serves the tenant.
    pub refusal: Mutex<Option<(String, u32)>>,
}

/// An application's consent in a tenant.
#[derive(Clone)]
pub(crate) struct Grant {
    pub permissions: Vec<String>,
    /// The object id of the service principal.
    pub principal: String,
    /// When it was given, in seconds since 1970; none for one that was there from the start.
    pub since: Option<i64>,
}

pub(crate) struct Inner {
    pub clock: Arc<Clock>,
    pub tenants: Vec<TenantState>,
    pub apps: Vec<AppConfig>,
    pub people: Vec<Colleague>,
    pub switches: RwLock<Arc<Switches>>,
    pub limits: RwLock<Limits>,
    pub throttle: Mutex<Throttle>,
    pub faults: Faults,
    pub login: Login,
    pub delta: DeltaQueries,
    pub seen: Mutex<Vec<SeenRequest>>,
    pub observers: RwLock<Vec<Observer>>,
    pub latency_ms: AtomicU64,
    pub expired_secrets: Mutex<HashSet<usize>>,
    pub requests: AtomicU64,
}

impl Inner {
    pub fn new(config: SimConfig) -> Self {
        let clock = Arc::new(Clock::new());
        let tenants = config.tenants.into_iter().map(|tenant| {
            let id = Uuid::parse_str(&tenant.id).expect("a tenant's id is a GUID");
            let mut directory =
                Directory::new(id, &tenant.name, &tenant.domain, config.seed, Arc::clone(&clock));
            directory.premium_p1 = tenant.premium_p1;
            directory.premium_p2 = tenant.premium_p2;
            directory.intune = tenant.intune;
            crate::seed::fill(&mut directory, config.seed, (tenant.users, tenant.service_plans));
            for (licence, is_there) in [
                (Licence::PremiumP1, tenant.premium_p1),
                (Licence::PremiumP2, tenant.premium_p2),
                (Licence::Intune, tenant.intune),
            ] {
                crate::graph::set_licence(&mut directory, licence, is_there);
            }
            TenantState {
                config: tenant,
                directory: RwLock::new(directory),
                grants: Mutex::default(),
                refusal: Mutex::default(),
            }
        });
        // Seeding comes first and the clock runs after it: how long seeding takes must be in no date.
        let (real_time, running) = (config.real_time, Arc::clone(&clock));
        let inner = Self {
            tenants: tenants.collect(),
            clock,
            apps: config.apps,
            people: config.people,
            switches: RwLock::new(Arc::new(config.switches)),
            limits: RwLock::new(config.limits),
            throttle: Mutex::default(),
            faults: Faults::default(),
            login: Login::default(),
            delta: DeltaQueries::default(),
            seen: Mutex::default(),
            observers: RwLock::default(),
            latency_ms: AtomicU64::new(config.page_latency_ms),
            expired_secrets: Mutex::default(),
            requests: AtomicU64::new(1),
        };
        running.run_with_real_time(real_time);
        // Consent needs the directories to be there, since it creates a service principal in each.
        for (app, _) in inner.apps.iter().enumerate().filter(|(_, app)| app.consented) {
            for tenant in 0..inner.tenants.len() {
                inner.consent_since(tenant, app, None);
            }
        }
        inner
    }

    pub fn switches(&self) -> Arc<Switches> {
        Arc::clone(&self.switches.read().expect("the lock is never held over a panic"))
    }

    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        let mut guard = self.switches.write().expect("the lock is never held over a panic");
        let mut switches = Switches::clone(&guard);
        change(&mut switches);
        *guard = Arc::new(switches);
    }

    /// A new GUID for `request-id` and the like.
    pub fn request_id(&self) -> String {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let high = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        uuid::Builder::from_random_bytes((u128::from(high) << 64 | u128::from(number)).to_be_bytes())
            .into_uuid()
            .to_string()
    }

    /// The place of a tenant in `tenants`, by id, domain or name.
    pub fn tenant_index(&self, tenant: &str) -> Option<usize> {
        self.tenants.iter().position(|one| {
            let config = &one.config;
            [&config.id, &config.domain, &config.name].iter().any(|name| name.eq_ignore_ascii_case(tenant))
        })
    }

    pub fn app_index(&self, client_id: &str) -> Option<usize> {
        self.apps.iter().position(|app| app.client_id.eq_ignore_ascii_case(client_id))
    }

    pub fn grant(&self, tenant: usize, app: usize) -> Option<Grant> {
        self.tenants[tenant].grants.lock().expect("the lock is never held over a panic").get(&app).cloned()
    }

    pub fn set_grant(&self, tenant: usize, app: usize, permissions: Option<Vec<String>>) {
        let mut grants = self.tenants[tenant].grants.lock().expect("the lock is never held over a panic");
        match (permissions, grants.get_mut(&app)) {
            (Some(permissions), Some(grant)) => grant.permissions = permissions,
            (None, _) => drop(grants.remove(&app)),
            (Some(_), None) => {}
        }
    }

    /// In which way the consent of that application has not arrived yet; none when it has.
    pub fn not_arrived(&self, tenant: usize, app: usize) -> Option<NotArrived> {
        let (seconds, how) = self.switches().consent_delay?;
        let since = self.grant(tenant, app)?.since?;
        (self.clock.seconds() < since + seconds).then_some(how)
    }

    pub fn set_refusal(&self, tenant: usize, refusal: Option<(String, u32)>) {
        *self.tenants[tenant].refusal.lock().expect("the lock is never held over a panic") = refusal;
    }

    pub fn refusal(&self, tenant: usize) -> Option<(String, u32)> {
        self.tenants[tenant].refusal.lock().expect("the lock is never held over a panic").clone()
    }

    pub fn expire_secret(&self, app: usize, expired: bool) {
        let mut secrets = self.expired_secrets.lock().expect("the lock is never held over a panic");
        if expired {
            secrets.insert(app)
        } else {
            secrets.remove(&app)
        };
    }

    pub fn secret_expired(&self, app: usize) -> bool {
        self.expired_secrets.lock().expect("the lock is never held over a panic").contains(&app)
    }

    /// Installs the application in the tenant, with every permission that it asks for.
    pub fn consent(&self, tenant: usize, app: usize) {
        self.consent_since(tenant, app, Some(self.clock.seconds()));
    }

    fn consent_since(&self, tenant: usize, app: usize, since: Option<i64>) {
        let config = &self.apps[app];
        let state = &self.tenants[tenant];
        let principal = {
            let mut directory = state.directory.write().expect("the lock is never held over a panic");
            install(&mut directory, config)
        };
        let grant = Grant { permissions: config.permissions.clone(), principal, since };
        state.grants.lock().expect("the lock is never held over a panic").insert(app, grant);
    }
}

/// The service principal of the application, with its directory roles.
fn install(directory: &mut Directory, app: &AppConfig) -> String {
    let name = format!("sp:{}", app.client_id.to_lowercase());
    let index = if let Some(index) = directory.names.get(&name) {
        *index
    } else {
        let schema = schema::of(Kind::ServicePrincipal);
        let mut row = RowBuilder::default();
        row.push_value(schema.at("appId"), &json!(app.client_id));
        row.push_value(schema.at("displayName"), &json!(app.name));
        row.push_value(schema.at("appDisplayName"), &json!(app.name));
        row.push_value(schema.at("accountEnabled"), &json!(true));
        row.push_value(schema.at("servicePrincipalType"), &json!("Application"));
        let row: Row = row.build();
        let id = directory.new_id();
        let index = directory.add(Kind::ServicePrincipal, id, row);
        directory.claim_names(index);
        index
    };
    let principal = directory.object(index).id.to_string();
    for role in &app.directory_roles {
        crate::graph::assign_role_by_name(directory, &principal, role);
    }
    principal
}
