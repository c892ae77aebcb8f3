//! Every request that the product sends, and every reply that the simulator gives, held against Microsoft's
//! OpenAPI. What both share cannot hide a mistake here: the OpenAPI is neither's.

use crate::rig::{Admin, Rig};
use engine::records::{RestoreState, Side};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use support::openapi::{Checker, EXCEPTIONS, Exchange};

fn read(seen: &sim::Exchange) -> Option<Exchange> {
    // What is inside a batch is checked with the batch.
    if seen.inner_of_batch {
        return None;
    }
    let (version, rest) = seen.url.trim_start_matches('/').split_once('/')?;
    let body = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok();
    ["v1.0", "beta"].contains(&version).then(|| Exchange {
        version: version.to_owned(),
        method: seen.method.clone(),
        path_and_query: format!("/{rest}"),
        request_body: body(&seen.request_body),
        status: seen.status,
        reply_body: body(&seen.reply_body),
    })
}

/// What goes between the product and Graph, from now on.
pub struct Watch {
    checker: Checker,
    seen: Arc<Mutex<Vec<Exchange>>>,
}

impl Watch {
    /// None, with a word about it, where the OpenAPI is absent.
    pub fn begin(rig: &Rig) -> Option<Self> {
        let Some(checker) = Checker::load() else {
            eprintln!("NOT CHECKED: the OpenAPI of Graph is absent (HOLDFAST_SHARED)");
            return None;
        };
        let seen: Arc<Mutex<Vec<Exchange>>> = Arc::default();
        let sink = seen.clone();
        rig.control.observe(Box::new(move |exchange| {
            sink.lock().unwrap().extend(read(exchange));
        }));
        Some(Self { checker, seen })
    }

    /// Every exchange was as the OpenAPI says, and there were at least so many.
    pub fn assert_conforms(&self, at_least: usize) {
        let seen = self.seen.lock().unwrap();
        assert!(seen.len() >= at_least, "only {} exchanges were seen", seen.len());
        let mut violations: BTreeMap<String, usize> = BTreeMap::new();
        for exchange in seen.iter() {
            for found in self.checker.check(exchange) {
                let told = format!("{} {}: {}", found.operation, found.place, found.message);
                *violations.entry(told).or_default() += 1;
            }
        }
        assert!(violations.is_empty(), "of {} exchanges: {violations:#?}", seen.len());
    }
}

/// More of what the product can write: a security attribute, a manager, a unit's member, an eligible role, a
/// licence-free user property that travels alone.
struct More {
    user: String,
    unit: String,
}

impl More {
    async fn set_up(admin: &Admin, boss: &str) -> Self {
        admin
            .create("directory/attributeSets", &json!({ "id": "Conformance", "maxAttributesPerSet": 9 }))
            .await;
        admin
            .create(
                "directory/customSecurityAttributeDefinitions",
                &json!({
                    "attributeSet": "Conformance", "name": "Level", "type": "String", "status": "Available",
                    "isCollection": false, "isSearchable": true, "usePreDefinedValuesOnly": false
                }),
            )
            .await;
        let user = admin.create_user("Ines Duarte", "Planner").await;
        let unit = json!({ "displayName": "North", "description": "Everything north" });
        let unit = admin.create("directory/administrativeUnits", &unit).await;
        admin.link(&format!("directory/administrativeUnits/{unit}/members/$ref"), &user).await;
        admin.link(&format!("users/{user}/manager/$ref"), boss).await;
        let more = Self { user, unit };
        more.level(admin, "Amber").await;
        more.eligible(admin, "adminAssign").await;
        more
    }

    async fn level(&self, admin: &Admin, level: &str) {
        let set = json!({ "@odata.type": "#Microsoft.DirectoryServices.CustomSecurityAttributeValue",
            "Level": level });
        let body = json!({ "customSecurityAttributes": { "Conformance": set } });
        admin.patch(&format!("users/{}", self.user), &body).await;
    }

    async fn eligible(&self, admin: &Admin, action: &str) {
        let mut body = json!({
            "action": action, "justification": "a test", "principalId": self.user,
            "roleDefinitionId": "729827e3-9c14-49f7-bb1b-9608f156bbb8", "directoryScopeId": "/"
        });
        if action == "adminAssign" {
            body["scheduleInfo"] = json!({ "startDateTime": "2026-01-05T00:00:00Z",
                "expiration": { "type": "noExpiration" } });
        }
        admin
            .write(reqwest::Method::POST, "roleManagement/directory/roleEligibilityScheduleRequests", &body)
            .await;
    }

    async fn happen(&self, admin: &Admin) {
        self.level(admin, "Red").await;
        self.eligible(admin, "adminRemove").await;
        admin.delete(&format!("users/{}/manager/$ref", self.user)).await;
        let unit = &self.unit;
        admin.delete(&format!("directory/administrativeUnits/{unit}/members/{}/$ref", self.user)).await;
        admin
            .patch(&format!("directory/administrativeUnits/{unit}"), &json!({ "description": "Gone" }))
            .await;
    }
}

/// Two snapshots, a comparison with the live tenant, a preview and a restore.
async fn round_trip(rig: &Rig) {
    let (admin, stage) = rig.staged().await;
    let more = More::set_up(&admin, stage.id("Noah")).await;
    let first = rig.snapshot().await;
    stage.happen(&admin).await;
    more.happen(&admin).await;
    rig.snapshot().await;
    let diff = rig.ask_diff(&first, Side::Live).await;
    rig.settle().await;
    let restore = rig.ask_preview(&diff.id, Rig::everything()).await;
    rig.settle().await;
    rig.ask_run(&restore).await;
    rig.settle().await;
    let done = rig.restores().get(rig.tenant(), &restore.id).await.unwrap();
    assert_eq!((done.state, done.counts.failed), (RestoreState::Done, 0), "{done:?}");
}

#[tokio::test]
async fn every_request_and_every_reply_is_what_microsofts_openapi_says() {
    let rig = Rig::new().await;
    let watch = Watch::begin(&rig);
    round_trip(&rig).await;
    if let Some(watch) = watch {
        watch.assert_conforms(100);
        assert!(EXCEPTIONS.len() <= 5, "the list of exceptions is short");
    }
}
