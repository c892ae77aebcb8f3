//! Controls a running simulator from a test: its switches, its clock, and what it has counted.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;

use crate::config::Licence;
use crate::faults::FaultRule;
use crate::inner::Inner;
use crate::login::{SignedIn, id_token};
use crate::observe::{Exchange, SeenRequest};
use crate::state::Delay;
use crate::switches::{ExpiredDelta, Switches};
use crate::throttle::Limits;

/// Controls the simulator. Tenants are named by id, domain or name, applications by client id; a name that nobody has
/// is a mistake in the test and panics.
#[derive(Clone)]
pub struct Control(pub(crate) Arc<Inner>);

impl Control {
    pub(crate) fn new(inner: Arc<Inner>) -> Self {
        Self(inner)
    }

    fn tenant(&self, tenant: &str) -> usize {
        self.0.tenant_index(tenant).unwrap_or_else(|| panic!("no tenant {tenant}"))
    }

    fn app(&self, client_id: &str) -> usize {
        self.0.app_index(client_id).unwrap_or_else(|| panic!("no application {client_id}"))
    }

    /// Makes an id token of that tenant, from the issuer at `base`.
    pub fn id_token(&self, base: &str, tenant: &str, who: &SignedIn) -> String {
        id_token(base, &self.0.tenants[self.tenant(tenant)].config.id, who)
    }

    /// Every request of this tenant that Graph has answered, in order.
    pub fn requests(&self, tenant: &str) -> Vec<SeenRequest> {
        let id = &self.0.tenants[self.tenant(tenant)].config.id;
        let seen = self.0.seen.lock().expect("the lock is never held over a panic");
        seen.iter().filter(|request| request.tenant == *id).cloned().collect()
    }

    /// Forgets the requests seen so far.
    pub fn clear(&self) {
        self.0.seen.lock().expect("the lock is never held over a panic").clear();
    }

    /// How many resource units the requests of this tenant cost.
    pub fn resource_units(&self, tenant: &str) -> u64 {
        self.requests(tenant).iter().map(|request| u64::from(request.resource_units)).sum()
    }

    /// How many requests of this tenant were writes.
    pub fn writes(&self, tenant: &str) -> usize {
        self.requests(tenant).iter().filter(|request| request.is_write).count()
    }

    /// How many requests of this tenant were answered 429.
    pub fn throttled(&self, tenant: &str) -> usize {
        self.requests(tenant).iter().filter(|request| request.status == 429).count()
    }

    fn set_delay(&self, delay: Delay) {
        for tenant in &self.0.tenants {
            tenant.directory.write().expect("the lock is never held over a panic").replica.delay = delay;
        }
    }

    /// From now on a write is not seen by the first `reads` reads of the object; 0 ends that.
    pub fn set_replication_reads(&self, reads: u32) {
        self.set_delay(if reads == 0 { Delay::None } else { Delay::Reads(reads) });
    }

    /// From now on a write is seen only after this time of the simulator's clock; zero ends that.
    pub fn set_replication_delay(&self, delay: Duration) {
        let ms = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX / 4);
        self.set_delay(if ms == 0 { Delay::None } else { Delay::Millis(ms) });
    }

    /// Lets the next requests fail that fit the rule, at least one.
    pub fn fail_next(&self, rule: FaultRule) {
        self.0.faults.add(FaultRule { times: rule.times.max(1), ..rule });
    }

    /// Forgets the fault rules that are not used up.
    pub fn clear_faults(&self) {
        self.0.faults.clear();
    }

    /// How many of the failures that were ordered by number have not come yet.
    pub fn faults_left(&self) -> u64 {
        self.0.faults.left()
    }

    /// Lets every access token that was issued be refused from now on.
    pub fn expire_tokens(&self) {
        self.0.login.forget();
    }

    /// Lets every delta token that was issued be refused from now on, in this way.
    pub fn expire_delta_tokens(&self, how: ExpiredDelta) {
        self.0.switch(|switches| switches.expired_delta = how);
        self.0.delta.expire();
    }

    /// Adds one more service plan to the licence that most people have, as Microsoft does.
    pub fn add_service_plan(&self, tenant: &str) {
        let tenant = &self.0.tenants[self.tenant(tenant)];
        let mut directory = tenant.directory.write().expect("the lock is never held over a panic");
        let plan = crate::seed::service_plan(&crate::seed::further_plan(999), "PLAN_999");
        crate::graph::add_plan(&mut directory, crate::seed::MAIN_SKU, &plan);
    }

    /// Somebody activates, for eight hours, a role over the whole directory that they are eligible for; gives the id of the
    /// schedule.
    pub fn activate_role(&self, tenant: &str, principal: &str, role: &str) -> String {
        let tenant = &self.0.tenants[self.tenant(tenant)];
        let mut d = tenant.directory.write().expect("the lock is never held over a panic");
        let start = crate::clock::iso(d.now());
        let expiration =
            serde_json::json!({"type": "afterDuration", "endDateTime": null, "duration": "PT8H"});
        let info = serde_json::json!({"startDateTime": start, "recurrence": null, "expiration": expiration});
        let schedule = crate::graph::add_schedule(&mut d, false, principal, role, "/", &info, true);
        crate::graph::note_activation(&mut d, principal, role, true);
        schedule["id"].as_str().unwrap_or_default().to_owned()
    }

    /// The activation of that id comes to its end.
    pub fn end_activation(&self, tenant: &str, id: &str) {
        let tenant = &self.0.tenants[self.tenant(tenant)];
        let mut d = tenant.directory.write().expect("the lock is never held over a panic");
        let schedule = d.docs("roleAssignmentSchedules").get(id).cloned().unwrap_or_default();
        let text = |name: &str| schedule[name].as_str().unwrap_or_default();
        crate::graph::note_activation(&mut d, text("principalId"), text("roleDefinitionId"), false);
        crate::graph::remove_schedule(&mut d, "roleAssignmentSchedules", id);
    }

    /// Buys a licence for the tenant, or lets it lapse: what it was for stays stored, and Graph no longer gives it.
    pub fn set_licence(&self, tenant: &str, licence: Licence, is_there: bool) {
        let tenant = &self.0.tenants[self.tenant(tenant)];
        let mut directory = tenant.directory.write().expect("the lock is never held over a panic");
        crate::graph::set_licence(&mut directory, licence, is_there);
    }

    /// Changes the tenant's policy for Temporary Access Passes: what is named, as it says.
    pub fn change_access_pass_policy(&self, tenant: &str, changes: &Value) {
        let tenant = &self.0.tenants[self.tenant(tenant)];
        let mut directory = tenant.directory.write().expect("the lock is never held over a panic");
        crate::graph::change_access_pass_policy(&mut directory, changes);
    }

    /// Sets what a new token of this application in this tenant may do.
    pub fn set_permissions(&self, tenant: &str, client_id: &str, permissions: Vec<String>) {
        self.0.set_grant(self.tenant(tenant), self.app(client_id), Some(permissions));
    }

    /// Consents to the application, as the tenant's administrator does.
    pub fn consent(&self, tenant: &str, client_id: &str) {
        self.0.consent(self.tenant(tenant), self.app(client_id));
    }

    /// Withdraws the consent: the tenant no longer knows the application.
    pub fn withdraw_consent(&self, tenant: &str, client_id: &str) {
        self.0.set_grant(self.tenant(tenant), self.app(client_id), None);
    }

    /// Lets the login refuse this tenant with that `error` and code (such as 5000225); none ends that.
    pub fn set_login_refusal(&self, tenant: &str, refusal: Option<(&str, u32)>) {
        let refusal = refusal.map(|(error, code)| (error.to_owned(), code));
        self.0.set_refusal(self.tenant(tenant), refusal);
    }

    /// Sets whether the application's secret has expired.
    pub fn set_secret_expired(&self, client_id: &str, expired: bool) {
        self.0.expire_secret(self.app(client_id), expired);
    }

    /// Sets the throttling limits that hold from now on.
    pub fn set_limits(&self, limits: Limits) {
        *self.0.limits.write().expect("the lock is never held over a panic") = limits;
    }

    /// Sets how long each answer of Graph takes from now on.
    pub fn set_latency(&self, latency: Duration) {
        let ms = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
        self.0.latency_ms.store(ms, Ordering::Relaxed);
    }

    /// Lets the order of pages and of unordered collections vary with the seed; none ends that.
    pub fn set_shuffle_pages(&self, seed: Option<u64>) {
        self.0.switch(|switches| switches.shuffle = seed);
    }

    /// Changes the switches of the table in [`crate::switches`].
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        self.0.switch(change);
    }

    /// Imports an object as Graph returned it, for example into `deviceManagement/configurationPolicies`. It keeps
    /// its id and every property, expanded assignments, settings and scheduled actions included. Gives the id.
    pub fn put_raw(&self, tenant: &str, path: &str, object: Value) -> String {
        let tenant = &self.0.tenants[self.tenant(tenant)];
        let mut directory = tenant.directory.write().expect("the lock is never held over a panic");
        crate::graph::import(&mut directory, path, object)
    }

    /// Verifies one more domain of the tenant; the initial one is that which issues the identities of new users.
    pub fn add_domain(&self, tenant: &str, domain: &str, is_initial: bool) {
        let tenant = &self.0.tenants[self.tenant(tenant)];
        let mut directory = tenant.directory.write().expect("the lock is never held over a panic");
        crate::graph::add_domain(&mut directory, domain, is_initial);
    }

    /// An application defines a directory extension, which is described as Graph describes one, by its short name; gives its
    /// whole name.
    pub fn define_extension(&self, tenant: &str, described: &Value) -> String {
        let tenant = &self.0.tenants[self.tenant(tenant)];
        let mut directory = tenant.directory.write().expect("the lock is never held over a panic");
        crate::graph::define_extension(&mut directory, described)
    }

    /// The application that a directory extension belongs to is deleted: the extension is gone, and its values with it.
    pub fn undefine_extension(&self, tenant: &str, name: &str) {
        let tenant = &self.0.tenants[self.tenant(tenant)];
        let mut directory = tenant.directory.write().expect("the lock is never held over a panic");
        directory.extended.undefine(name);
    }

    /// Gives an object the value of a directory extension, as the customer's own directory does by its synchronisation.
    pub fn synchronise_extension(&self, tenant: &str, id: &str, name: &str, value: Value) {
        let tenant = &self.0.tenants[self.tenant(tenant)];
        let mut directory = tenant.directory.write().expect("the lock is never held over a panic");
        let index = directory.index(id).unwrap_or_else(|| panic!("no object {id}"));
        directory.extend(index, vec![(name.to_owned(), value)]);
    }

    /// Gives a property of a user another value as Microsoft's own recovery does: with a job, and no entry in any
    /// delta.
    pub fn recover_user(&self, tenant: &str, id: &str, property: &str, value: &Value) {
        let tenant = &self.0.tenants[self.tenant(tenant)];
        let mut directory = tenant.directory.write().expect("the lock is never held over a panic");
        let user = directory.index(id).unwrap_or_else(|| panic!("no user {id}"));
        let number = crate::schema::of(crate::state::Kind::User).at(property);
        directory.set_quietly(user, &[(number, Some(value.to_string()))]);
        let now = crate::clock::iso(directory.now());
        let job = serde_json::json!({
            "@odata.type": "#microsoft.graph.entraRecoveryServices.recoveryJob",
            "id": directory.new_id(),
            "status": "successful",
            "targetStateDateTime": now,
            "jobStartDateTime": now,
            "jobCompletionDateTime": now,
            "totalChangedObjectsCalculated": 1,
            "totalChangedLinksCalculated": 0,
        });
        directory.recoveries.push(job);
    }

    /// Who the administrator's application acts for from now on, as the log of changes names them (`initiatedBy`); none: in its
    /// own name.
    pub fn act_for(&self, tenant: &str, initiated_by: Option<Value>) {
        let tenant = &self.0.tenants[self.tenant(tenant)];
        let mut directory = tenant.directory.write().expect("the lock is never held over a panic");
        directory.audits.acting = initiated_by;
    }

    /// The complete tenant, for assertions: objects by collection with all properties and links.
    pub fn dump(&self, tenant: &str) -> Value {
        let tenant = &self.0.tenants[self.tenant(tenant)];
        let directory = tenant.directory.read().expect("the lock is never held over a panic");
        crate::graph::dump(&directory)
    }

    /// Moves the simulator's clock forward: what has been in the recycle bin for long enough is gone, and so are roles whose
    /// end has come.
    pub fn advance(&self, by: Duration) {
        self.0.clock.advance(by);
        for tenant in &self.0.tenants {
            let mut directory = tenant.directory.write().expect("the lock is never held over a panic");
            directory.empty_bin();
            crate::graph::end_schedules(&mut directory);
        }
    }

    /// Lets the clock run by itself; otherwise only [`Control::advance`] moves it.
    pub fn run_with_real_time(&self, runs: bool) {
        self.0.clock.run_with_real_time(runs);
    }

    /// Seconds since 1970 by the simulator's clock.
    pub fn now_seconds(&self) -> i64 {
        self.0.clock.seconds()
    }

    /// Calls `observer` with every request and reply from now on, those inside a batch as well.
    pub fn observe(&self, observer: Box<dyn Fn(&Exchange) + Send + Sync>) {
        self.0.observers.write().expect("the lock is never held over a panic").push(observer);
    }

    pub(crate) fn tenant_ids(&self) -> Vec<String> {
        self.0.tenants.iter().map(|tenant| tenant.config.id.clone()).collect()
    }
}
