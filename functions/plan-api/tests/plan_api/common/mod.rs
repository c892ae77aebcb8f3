//! The control plane over a world in memory, and a directory that answers what a test sets.
//! Over 400 lines: it is one desk, which every story of the control plane sits at.

pub mod fleet;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use domain::rights::Role;
use domain::{Error, ErrorKind, OrganisationId, PartnerId, PersonId, Result, TenantId, Timestamp};
use engine::ports::{
    Access, Catalog, Clock as _, ConsentStanding, DirectoryAccess, Ids as _, Page, Row, RowPage, Scope,
    SignIns, Write,
};
use engine::records::rights::Function;
use engine::records::{Identity, IdentityLink, Person, Records};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use jiff::SignedDuration;
use lambda_http::RequestExt;
use partners::commands::connect::ConsentSettings;
use partners::commands::sign_in::{FindCaller, bootstrap_sha256};
use partners::commands::{Caller, Member, SignInTimes};
use plan_api::{PlanApi, Ports, router};
use runtime::http::{authorizer_context, gateway_context, service};
use serde_json::{Map, Value, json};
use std::io::Read as _;
use std::sync::{Arc, Mutex};
use support::faulty::{FaultPlan, Faulty};
use support::memory::{ManualClock, MemoryCatalog, World};
use support::policy::{Deployed, Refusals};
use tower::ServiceExt;

pub const BOOTSTRAP: &str = "a bootstrap token of more than 32 characters";
pub const TENANT: &str = "a1b2c3d4-0000-1111-2222-333344445555";

/// What a directory says of every tenant.
#[derive(Clone)]
pub struct Says {
    pub access: std::result::Result<Vec<&'static str>, &'static str>,
    pub id: Option<String>,
    /// Who holds a role that can consent, or why that is not shown.
    pub holders: std::result::Result<Vec<&'static str>, ErrorKind>,
    /// Whom the tenant holds besides.
    pub people: Vec<&'static str>,
    /// When our own certificate or secret ends.
    pub credential_ends_at: Option<Timestamp>,
    /// The call that takes twenty seconds, unless it is to end sooner.
    pub slow: Option<Slow>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slow {
    Standing,
    Organisation,
}

/// What the directory says, the clock that moves while it does, and when calls are broken off.
#[derive(Clone)]
pub struct ToldDirectory(pub Arc<Mutex<Says>>, Arc<ManualClock>, Option<Timestamp>);

impl ToldDirectory {
    /// Lets the time pass that the call takes.
    fn pass(&self, call: Slow) -> Result<()> {
        if self.0.lock().unwrap().slow != Some(call) {
            return Ok(());
        }
        let done = self.1.now() + SignedDuration::from_secs(20);
        let broken_off = self.2.filter(|until| *until < done);
        self.1.advance_to(broken_off.unwrap_or(done));
        broken_off.map_or(Ok(()), |_| Err(Error::unavailable("it was broken off")))
    }
}

#[async_trait]
impl DirectoryAccess for ToldDirectory {
    fn until(&self, deadline: Timestamp) -> Option<Arc<dyn DirectoryAccess>> {
        Some(Arc::new(Self(self.0.clone(), self.1.clone(), Some(deadline))))
    }
    async fn access(&self, _: &TenantId) -> Result<Access> {
        let says = self.0.lock().unwrap().clone();
        let mut permissions = says.access.map_err(Error::denied)?;
        permissions.sort_unstable();
        Ok(Access { permissions: permissions.into_iter().map(str::to_owned).collect(), principal: None })
    }
    async fn standing(&self, _: &TenantId, user: &str) -> Result<ConsentStanding> {
        self.pass(Slow::Standing)?;
        let Says { holders, people, .. } = self.0.lock().unwrap().clone();
        let holders = holders.map_err(|kind| Error::new(kind, "who holds roles is not shown"))?;
        Ok(match (holders.contains(&user), people.contains(&user)) {
            (true, _) => ConsentStanding::MayConsent,
            (false, true) => ConsentStanding::NoRole,
            (false, false) => ConsentStanding::NotThere,
        })
    }
    async fn credential_ends_at(&self) -> Result<Option<Timestamp>> {
        Ok(self.0.lock().unwrap().credential_ends_at)
    }
    async fn organisation(&self, tenant: &TenantId) -> Result<Map<String, Value>> {
        self.pass(Slow::Organisation)?;
        let id = self.0.lock().unwrap().id.clone().unwrap_or_else(|| tenant.to_string());
        Ok(json!({ "id": id, "displayName": "Contoso <Ltd>" }).as_object().unwrap().clone())
    }
}

/// A reply whose body was read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: http::HeaderMap,
    pub text: String,
    /// As many as were sent; the text may have been compressed.
    pub sent_bytes: usize,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }
    pub fn id<T: std::str::FromStr<Err = Error>>(&self) -> T {
        self.json()["id"].as_str().unwrap_or_else(|| panic!("{self:?}")).parse().unwrap()
    }
    /// The version that its `ETag` holds.
    pub fn version(&self) -> u64 {
        let etag = self.headers.get("etag").unwrap_or_else(|| panic!("no version: {self:?}"));
        etag.to_str().unwrap().trim_matches('"').parse().unwrap()
    }
    /// The names of the fields at fault of a problem.
    pub fn fields(&self) -> Vec<String> {
        let problem = self.problem();
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|e| e["field"].as_str().unwrap().to_owned()).collect()
    }
    /// The body, checked to be a problem of the reply's status.
    pub fn problem(&self) -> Value {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        assert!(problem["type"].as_str().unwrap().starts_with("https://holdfast.example/problems/"));
        assert_eq!(problem["instance"], "request-1");
        problem
    }
}

/// The catalog, which lets others go first before each call: requests that are joined really meet.
pub struct Shared {
    catalog: Arc<MemoryCatalog>,
    failing: Arc<Mutex<Failing>>,
}

/// How many of the next writes fail, and how. What is noted of a request beside its work is not among them.
type Failing = (u32, ErrorKind);

/// Whether a write is a note of the request that it is made for.
fn is_note(write: &Write) -> bool {
    let (scope, key) = match write {
        Write::PutNew(scope, row) | Write::Replace(scope, row, _) => (scope, &row.key),
        Write::Delete(scope, key, _) => (scope, key),
    };
    matches!(scope, Scope::Audit(_)) || key.starts_with("idempotency#")
}

#[async_trait]
impl Catalog for Shared {
    async fn find(&self, scope: &Scope, key: &str, now: Timestamp) -> Result<Option<Row>> {
        tokio::task::yield_now().await;
        self.catalog.find(scope, key, now).await
    }
    async fn find_many(&self, places: &[(Scope, String)], now: Timestamp) -> Result<Vec<Option<Row>>> {
        tokio::task::yield_now().await;
        self.catalog.find_many(places, now).await
    }
    async fn list(&self, scope: &Scope, prefix: &str, page: Page) -> Result<RowPage> {
        tokio::task::yield_now().await;
        self.catalog.list(scope, prefix, page).await
    }
    async fn list_due(&self, list: &str, until: Timestamp, page: Page) -> Result<RowPage> {
        self.catalog.list_due(list, until, page).await
    }
    async fn write(&self, now: Timestamp, writes: Vec<Write>) -> Result<()> {
        tokio::task::yield_now().await;
        if !writes.iter().any(is_note) {
            let (left, kind) = &mut *self.failing.lock().unwrap();
            if *left > 0 {
                *left -= 1;
                return Err(Error::new(*kind, "planned"));
            }
        }
        self.catalog.write(now, writes).await
    }
}

pub struct Plane {
    pub world: World,
    pub directory: Arc<ToldDirectory>,
    pub find: FindCaller,
    /// Every call of the catalog that the plane makes, counted, and failed as a test tells.
    pub plan: Arc<FaultPlan>,
    failing: Arc<Mutex<Failing>>,
    /// What the role of plan-api, as the template has it, did not allow.
    _refusals: Refusals,
    router: Router,
}

impl Plane {
    pub fn new() -> Self {
        Self::with(None)
    }

    /// Of an installation where people cannot sign in.
    pub fn without_sign_in() -> Self {
        Self::made(None, false)
    }

    /// With that way to show of which tenant somebody is.
    pub fn with(sign_ins: Option<Arc<dyn SignIns>>) -> Self {
        Self::made(sign_ins, true)
    }

    fn made(sign_ins: Option<Arc<dyn SignIns>>, has_sign_in: bool) -> Self {
        let world = World::new(7);
        let plan = FaultPlan::new();
        let failing = Arc::new(Mutex::new((0, ErrorKind::Conflict)));
        let (deployed, refusals) = (Deployed::read(), Refusals::default());
        let behind = |function| {
            let shared = Shared { catalog: world.catalog.clone(), failing: failing.clone() };
            let catalog = Faulty::new(Arc::new(shared), &plan);
            let catalog = deployed.catalog(function, catalog, &refusals);
            Records::new(catalog, world.clock.clone())
        };
        let says = Says {
            access: Ok(Vec::new()),
            id: None,
            holders: Ok(Vec::new()),
            people: Vec::new(),
            credential_ends_at: None,
            slow: None,
        };
        let directory = Arc::new(ToldDirectory(Arc::new(Mutex::new(says)), world.clock.clone(), None));
        let consent = ConsentSettings {
            login_url: "https://login.example.com".parse().unwrap(),
            redirect_url: "https://api.example.com/v1/consent/callback".parse().unwrap(),
            reader_client_id: "reader-id".to_owned(),
            writer_client_id: Some("writer-id".to_owned()),
        };
        let api = PlanApi::new(Ports {
            records: behind(Function::PlanApi),
            clock: world.clock.clone(),
            ids: world.ids.clone(),
            directory: directory.clone(),
            keys: world.key_ring.clone(),
            signer: world.signer.clone(),
            sign_ins,
            consent,
            has_sign_in,
        });
        let find = FindCaller {
            records: behind(Function::AuthorizeRequest),
            clock: world.clock.clone(),
            bootstrap_sha256: Some(bootstrap_sha256(BOOTSTRAP)),
        };
        let router = service(router(api.unwrap()));
        Self { world, directory, find, plan, failing, _refusals: refusals, router }
    }

    /// Sends a request as it is.
    pub async fn send(&self, caller: Option<&Caller>, request: Request<Body>) -> Answer {
        let context = gateway_context("request-1", "$default", caller.map(authorizer_context));
        let reply = self.router.clone().oneshot(request.with_request_context(context)).await.unwrap();
        let (parts, body) = reply.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let is_compressed = parts.headers.get("content-encoding").is_some_and(|coding| coding == "gzip");
        let mut text = String::new();
        if is_compressed {
            flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
        } else {
            text = String::from_utf8(bytes.to_vec()).unwrap();
        }
        assert_eq!(parts.headers["x-request-id"], "request-1");
        Answer { status: parts.status, headers: parts.headers, text, sent_bytes: bytes.len() }
    }

    pub async fn get(&self, caller: &Caller, path: &str) -> Answer {
        self.send(Some(caller), Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, caller: &Caller, path: &str, body: &Value) -> Answer {
        self.post_text(caller, path, &body.to_string()).await
    }

    /// Sends without a body.
    pub async fn bare(&self, caller: &Caller, method: Method, path: &str) -> Answer {
        let request = Request::builder().method(method).uri(path).body(Body::empty());
        self.send(Some(caller), request.unwrap()).await
    }

    /// Edits what was read with that version.
    pub async fn patch(&self, caller: &Caller, path: &str, version: &str, body: &Value) -> Answer {
        let request = Request::builder().method(Method::PATCH).uri(path).header("if-match", version);
        let request = request.header("content-type", "application/json").body(Body::from(body.to_string()));
        self.send(Some(caller), request.unwrap()).await
    }

    pub async fn post_text(&self, caller: &Caller, path: &str, body: &str) -> Answer {
        let request = Request::builder().method(Method::POST).uri(path);
        let request = request.header("content-type", "application/json").body(Body::from(body.to_owned()));
        self.send(Some(caller), request.unwrap()).await
    }

    /// Sends a body, or none, with `If-Match` where a version is given.
    pub async fn ask(
        &self,
        caller: &Caller,
        method: Method,
        path: &str,
        version: Option<u64>,
        body: Option<&Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(version) = version {
            request = request.header("if-match", format!("\"{version}\""));
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or(Body::empty(), |body| Body::from(body.to_string()));
        self.send(Some(caller), request.body(body).unwrap()).await
    }

    /// Makes a request whose writes all come too late, which ends after a few tries; then one whose first write does, and
    /// gives its answer.
    pub async fn late(&self, request: impl AsyncFn() -> Answer) -> Answer {
        *self.failing.lock().unwrap() = (100, ErrorKind::Conflict);
        let refused = request().await;
        let tries = 100 - std::mem::replace(&mut self.failing.lock().unwrap().0, 1);
        assert_eq!(refused.status, StatusCode::CONFLICT, "{refused:?}");
        assert!((2..=10).contains(&tries), "{tries} tries");
        let answer = request().await;
        assert_eq!(self.failing.lock().unwrap().0, 0, "it did not write: {answer:?}");
        answer
    }

    /// Makes a request whose write fails for a moment, which says so; then the same again, and gives its answer.
    pub async fn cut_off(&self, request: impl AsyncFn() -> Answer) -> Answer {
        *self.failing.lock().unwrap() = (1, ErrorKind::Unavailable);
        let failed = request().await;
        assert_eq!(failed.status, StatusCode::SERVICE_UNAVAILABLE, "{failed:?}");
        request().await
    }

    /// A new partner's id and its Owner.
    pub async fn partner(&self, by: &Caller, name: &str) -> (PartnerId, Caller) {
        let made = self.post(by, "/v1/partners", &json!({ "name": name, "owner": owner() })).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        let token = made.json()["ownerToken"].as_str().unwrap().to_owned();
        let owner = self.find.find(&token).await.unwrap().expect("the token is good");
        (made.id(), owner)
    }

    /// A new person of that member's partner: their id, and who they are once they have signed in now.
    pub async fn person(
        &self,
        of: &Caller,
        role: Role,
        organisations: Option<&[&OrganisationId]>,
        subject: &str,
    ) -> (PersonId, Caller) {
        let (partner, now) = (of.member().unwrap().partner.clone(), self.world.clock.now());
        let id = PersonId::from_ulid(&self.world.ids.ulid());
        let identity = identity(subject);
        let address = format!("{subject}@msp.example");
        let mut person =
            Person::new(id.clone(), partner.clone(), role, subject, address, "UTC", now).unwrap();
        person.organisations = organisations.map(|all| all.iter().map(|id| (*id).clone()).collect());
        person.identity = Some(identity.clone());
        let link = IdentityLink { identity: identity.clone(), partner, person: id.clone() };
        let records = self.records();
        records.put_new(&person).await.unwrap();
        records.put_new(&link).await.unwrap();
        (id, self.find.find_signed_in_at(identity, SignInTimes::at(Some(now))).await.unwrap())
    }

    /// The rows as a test sees them: behind no role.
    pub fn records(&self) -> Records {
        Records::new(self.world.catalog.clone(), self.world.clock.clone())
    }

    /// Opens a portal by the secret of an access link.
    pub async fn open(&self, secret: &str) -> Answer {
        let body = Body::from(json!({ "token": secret }).to_string());
        let request = Request::post("/v1/access").header("content-type", "application/json").body(body);
        self.send(None, request.unwrap()).await
    }

    /// Who holds that token or session now, if anybody.
    pub async fn held(&self, made: &Value) -> Option<Caller> {
        self.find.find(made["token"].as_str().unwrap()).await.unwrap()
    }

    /// A new organisation on an Entra plan of that Owner's partner.
    pub async fn organisation(&self, owner: &Caller, name: &str) -> OrganisationId {
        self.post(owner, "/v1/partner/sku", &json!({ "sku": "Entra" })).await;
        let plan = self.post(owner, "/v1/plans", &plan("BackupEntra")).await;
        let made = self.post(owner, "/v1/organisations", &organisation(name, &plan.json()["id"])).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        made.id()
    }

    /// Everything that is kept, to see that nothing changed; the audit log is left out, which has an entry all the
    /// same.
    pub fn kept(&self) -> Vec<(Scope, Row)> {
        let rows = self.world.catalog.rows().into_iter();
        rows.filter(|(s, row)| !matches!(s, Scope::Audit(_)) && !row.key.starts_with("idempotency#"))
            .collect()
    }

    /// The entries of a partner's audit log, or of the installation's, oldest first.
    pub fn logged(&self, of: Option<&PartnerId>) -> Vec<Row> {
        let log = Scope::Audit(of.cloned());
        let rows = self.world.catalog.rows().into_iter();
        rows.filter(|(s, r)| *s == log && r.key.starts_with("entry#")).map(|(_, r)| r).collect()
    }
}

/// Somebody as the issuer knows them.
pub fn identity(subject: &str) -> Identity {
    Identity { issuer: "https://login.example.com/v2.0".to_owned(), subject: subject.to_owned() }
}

pub fn plan(product: &str) -> Value {
    json!({
        "product": product, "name": "Entra protected", "periodicity": "monthly",
        "price": { "amountMinor": 250, "currency": "EUR" },
    })
}

pub fn organisation(name: &str, plan: &Value) -> Value {
    json!({ "name": name, "email": "it@contoso.example", "plan": plan, "seats": 10 })
}

/// Another member of the same partner.
pub fn as_role(owner: &Caller, role: Role, organisations: Option<Vec<OrganisationId>>) -> Caller {
    let Caller::Member(member) = owner else { panic!("not a member") };
    Caller::Member(Member { role, organisations, ..member.clone() })
}

/// Who owns a new partner.
pub fn owner() -> Value {
    json!({ "name": "Ada Berg", "email": "ada@northwind.example", "timeZone": "Europe/Stockholm" })
}
