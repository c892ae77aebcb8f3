//! The data plane over commands that keep one of each thing for one tenant.

#![allow(dead_code, missing_docs, clippy::unwrap_used, reason = "shared by several test binaries")]

mod kept;

use axum::Router;
use axum::body::Body;
use domain::rights::{Feature, Role};
use domain::{OrganisationId, PartnerId, PlanId, TenantId};
use engine::ports::Clock;
use engine::records::{Organisation, OrganisationPlace, OrganisationState, Partner, Records};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use kept::Kept;
use lambda_http::RequestExt;
use partners::commands::{Caller, Gate, Member};
use runtime::http::{authorizer_context, gateway_context, service};
use serde_json::Value;
use snapshot_api::ports::SnapshotCommands;
use snapshot_api::{SnapshotApi, router};
use std::sync::Arc;
use support::memory::World;
use tower::ServiceExt;

pub const TENANT: &str = "a1b2c3d4-0000-1111-2222-333344445555";
pub const SNAPSHOT: &str = "snp_01jaaaaaaaaaaaaaaaaaaaaaaa";
pub const OTHER_SNAPSHOT: &str = "snp_01jbbbbbbbbbbbbbbbbbbbbbbb";
pub const DIFF: &str = "dif_01jaaaaaaaaaaaaaaaaaaaaaaa";
pub const RESTORE: &str = "rst_01jaaaaaaaaaaaaaaaaaaaaaaa";

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
    pub kept: Arc<Kept>,
    router: Router,
}

impl Plane {
    pub fn new() -> Self {
        let world = World::new(7);
        let kept = Arc::new(Kept::new(TENANT.parse().unwrap(), world.clock.now()));
        Self { kept: kept.clone(), ..Self::over(world, kept) }
    }

    /// Over other commands.
    pub fn over(world: World, commands: Arc<dyn SnapshotCommands>) -> Self {
        let records = Records::new(world.catalog.clone(), world.clock.clone());
        let kept = Arc::new(Kept::new(TENANT.parse().unwrap(), world.clock.now()));
        let api = SnapshotApi { gate: Gate { records: records.clone() }, commands };
        Self { world, records, kept, router: service(router(api)) }
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
        let member = Member {
            partner: id.clone(),
            role: Role::Owner,
            organisations: None,
            token: "hft_12345678".to_owned(),
        };
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
            tenant: tenant.clone(),
            not_protected: Vec::new(),
            writer_consented_at: None,
            created_at: self.world.clock.now(),
            ending: None,
            former_partners: vec![],
            connecting: None,
        };
        let place = OrganisationPlace { organisation: id.clone(), partner: partner.clone(), tenant };
        self.records.put_new(&organisation).await.unwrap();
        self.records.put_new(&place).await.unwrap();
        id
    }

    pub async fn change(&self, partner: &PartnerId, id: &OrganisationId, f: impl FnOnce(&mut Organisation)) {
        let mut found = self.records.get(&Organisation::at(partner, id)).await.unwrap();
        f(&mut found.value);
        self.records.replace(&found.value, found.version).await.unwrap();
    }

    pub async fn ask(&self, caller: Option<&Caller>, method: &str, path: &str, body: &Value) -> Answer {
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
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

pub const FEATURES: [Feature; 3] = [Feature::Search, Feature::Compare, Feature::Restore];
