//! The data plane over a world in memory and the real engine: sealed snapshots, a comparison that is done and a restore
//! that is previewed, of one tenant.

#[path = "../../../../shared/backup/tests/backup/many/mod.rs"]
pub mod many;
#[path = "../../../../shared/backup/tests/backup/shelf/mod.rs"]
pub mod shelf;
pub mod stored;

use axum::Router;
use axum::body::Body;
use domain::rights::{Feature, Role};
use domain::{OrganisationId, PartnerId, PlanId, TenantId};
use engine::ports::Clock;
use engine::records::rights::Function;
use engine::records::{At, Organisation, OrganisationPlace, OrganisationState, Partner, Record, Records};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use lambda_http::RequestExt;
use partners::commands::{Caller, Member};
use runtime::http::{authorizer_context, gateway_context, service};
use serde_json::Value;
use shelf::Shelf;
use snapshot_api::{Ports, SnapshotApi, router};
use support::memory::World;
use support::policy::{Deployed, Refusals};
use tower::ServiceExt;

pub const TENANT: &str = "a1b2c3d4-0000-1111-2222-333344445555";
/// Sealed: a user `u`, a group `g` that it is a member of, a role assignment.
pub const SNAPSHOT: &str = "snp_01jbbbbbbbbbbbbbbbbbbbbbbb";
/// Sealed before, without the membership and the role assignment.
pub const EARLIER_SNAPSHOT: &str = "snp_01jaaaaaaaaaaaaaaaaaaaaaaa";
/// There is none of that id.
pub const NO_SNAPSHOT: &str = "snp_01jccccccccccccccccccccccc";
/// Done: the user's job title differs.
pub const DIFF: &str = "dif_01jaaaaaaaaaaaaaaaaaaaaaaa";
/// Previewed, with one step.
/// A step of the restore that had a Temporary Access Pass made.
pub const PASS_STEP: u32 = 7;
/// The pass.
pub const PASS: &str = "+drkzqAD";
pub const RESTORE: &str = "rst_01jaaaaaaaaaaaaaaaaaaaaaaa";
/// Done: a file of the snapshot.
pub const DOWNLOAD: &str = "dow_01jaaaaaaaaaaaaaaaaaaaaaaa";
/// The key of the role assignment.
pub const ASSIGNMENT: &str = "p|r|/administrativeUnits/a|";

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: http::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }
    pub fn fields(&self) -> Vec<String> {
        let errors = self.json()["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|e| e["field"].as_str().unwrap().to_owned()).collect()
    }
}

pub struct Plane {
    pub world: World,
    pub records: Records,
    pub tenant: TenantId,
    /// What the role of snapshot-api, as the template has it, did not allow.
    _refusals: Refusals,
    router: Router,
}

impl Plane {
    /// With one of everything.
    pub async fn new() -> Self {
        let named = |id: &str, name: &str| vec![(id.to_owned(), name.to_owned())];
        let (users, groups) = (named("u", "Ann"), named("g", "Für"));
        let mut shelf = Shelf::of(&[("users", &users), ("groups", &groups)]).await;
        shelf.hold("groups.members", &[("g/u", "")]).await;
        shelf.hold("groups.members.reverse", &[("u/g", "")]).await;
        shelf.hold("admins", &[(ASSIGNMENT, "{\"principalId\":\"p\"}")]).await;
        shelf.hold("admins.names", &[]).await;
        shelf.seal_another().await;
        let plane = Self::over(shelf.world);
        plane.store_everything().await;
        plane
    }

    /// Over what that world holds.
    pub fn over(world: World) -> Self {
        let records = Records::new(world.catalog.clone(), world.clock.clone());
        let (deployed, refusals) = (Deployed::read(), Refusals::default());
        let catalog = deployed.catalog(Function::SnapshotApi, world.catalog.clone(), &refusals);
        let api = SnapshotApi::new(Ports {
            vault: deployed.vault(Function::SnapshotApi, world.vault.clone(), &refusals),
            keys: world.key_ring.clone(),
            records: Records::new(catalog, world.clock.clone()),
            queue: world.queue.clone(),
            links: world.exports.clone(),
            clock: world.clock.clone(),
            ids: world.ids.clone(),
        });
        Self {
            world,
            records,
            tenant: TENANT.parse().unwrap(),
            _refusals: refusals,
            router: service(router(api)),
        }
    }

    /// The queues that work was put into, in the order of asking.
    pub fn started(&self) -> Vec<&'static str> {
        self.world.queue.sent().iter().map(|message| message.queue.name()).collect()
    }

    pub async fn partner(&self, ulid: &str, above: &[&PartnerId]) -> (PartnerId, Caller) {
        let id = PartnerId::from_ulid(ulid);
        let partner = Partner {
            id: id.clone(),
            name: "P".to_owned(),
            above: above.iter().map(|p| (*p).clone()).collect(),
            entra_sku_active: true,
            created_at: self.world.clock.now(),
        };
        self.records.put_new(&partner).await.unwrap();
        let member = Member::of_token(id.clone(), Role::Owner, None, "hft_12345678");
        (id, Caller::Member(member))
    }

    pub async fn organisation(
        &self,
        partner: &PartnerId,
        ulid: &str,
        tenant: Option<&str>,
    ) -> OrganisationId {
        let id = OrganisationId::from_ulid(ulid);
        let tenant: Option<TenantId> = tenant.map(|t| t.parse().unwrap());
        let organisation = Organisation {
            id: id.clone(),
            partner: partner.clone(),
            name: "Contoso".to_owned(),
            email: "it@contoso.example".to_owned(),
            details: String::new(),
            state: OrganisationState::Active,
            plan: PlanId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA"),
            seats: 10,
            features: Vec::new(),
            approvals: domain::organisations::ApprovalRule::Off,
            tenant: tenant.clone(),
            not_protected: Vec::new(),
            writer_consented_at: None,
            created_at: self.world.clock.now(),
            ending: None,
            former_partners: vec![],
            connecting: None,
            waited_for: Vec::new(),
        };
        let place = OrganisationPlace { organisation: id.clone(), partner: partner.clone(), tenant };
        self.records.put_new(&organisation).await.unwrap();
        self.records.put_new(&place).await.unwrap();
        id
    }

    pub async fn change(&self, partner: &PartnerId, id: &OrganisationId, f: impl FnOnce(&mut Organisation)) {
        self.edit(&Organisation::at(partner, id), f).await;
    }

    /// Changes the row at that address.
    pub async fn edit<R: Record>(&self, at: &At<R>, change: impl FnOnce(&mut R)) {
        let mut found = self.records.get(at).await.unwrap();
        change(&mut found.value);
        self.records.replace(&found.value, found.version).await.unwrap();
    }

    pub async fn ask(&self, caller: Option<&Caller>, method: &str, path: &str, body: &Value) -> Answer {
        self.ask_under(caller, method, path, body, None).await
    }

    /// The same, under an idempotency key.
    pub async fn ask_under(
        &self,
        caller: Option<&Caller>,
        method: &str,
        path: &str,
        body: &Value,
        key: Option<&str>,
    ) -> Answer {
        let mut request =
            Request::builder().method(method).uri(path).header("content-type", "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let context = gateway_context("request-1", "$default", caller.map(authorizer_context));
        let request = request.body(body).unwrap().with_request_context(context);
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        if !parts.status.is_success() {
            assert_eq!(parts.headers["content-type"], "application/problem+json", "{text}");
        }
        Answer { status: parts.status, headers: parts.headers, text }
    }
}

pub fn as_role(owner: &Caller, role: Role, organisations: Option<Vec<OrganisationId>>) -> Caller {
    let Caller::Member(member) = owner else { panic!("not a member") };
    Caller::Member(Member { role, organisations, ..member.clone() })
}

pub const FEATURES: [Feature; 4] = [Feature::Search, Feature::Compare, Feature::Restore, Feature::Download];
