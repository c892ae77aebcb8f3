//! The Graph client over the simulated Microsoft keeps the contracts of a directory's parts.

use super::rig::{Admin, Rig, Setting};
use async_trait::async_trait;
use domain::TenantId;
use domain::organisations::MAY_CONSENT;
use engine::ports::{Clock, Ids};
use graph::{GraphClient, GraphDirectory, GraphSettings, GraphWriter};
use serde_json::{Value, json};
use sim::{ExpiredDelta, READER_CLIENT_ID};
use std::sync::Arc;
use support::contracts::{self, AccessProbe, LiveProbe, PagesProbe};

/// What the tenant's administrator and Microsoft do while the client is held to its contract.
struct Probe {
    tenant: TenantId,
    admin: Admin,
    control: sim::Control,
}

/// A tenant of so many users, and its administrator.
async fn tenant_of(users: usize) -> (Rig, Probe) {
    let rig = Rig::with(Setting { users, ..Setting::default() }).await;
    let tenant = rig.tenant().clone();
    let probe = Probe { admin: rig.admin(&tenant).await, control: rig.control.clone(), tenant };
    (rig, probe)
}

/// A client of its own, with the credential of that name.
fn client(rig: &Rig, secret: &str) -> GraphClient {
    let (graph_url, login_url) = (rig.sim.graph_url(), rig.sim.login_url());
    let settings = GraphSettings { graph_url, login_url, ..GraphSettings::default() };
    let (clock, ids): (Arc<dyn Clock>, Arc<dyn Ids>) = (rig.clock.clone(), rig.world.ids.clone());
    GraphClient::new(settings, rig.world.secrets.clone(), secret, clock, ids).unwrap()
}

fn directory(rig: &Rig) -> Arc<GraphDirectory> {
    Arc::new(GraphDirectory::new(client(rig, GraphDirectory::SECRET)))
}

impl Probe {
    /// The live users, by id.
    fn users(&self) -> Vec<(String, Value)> {
        let dump = self.control.dump(self.tenant.as_str());
        dump["users"].as_object().unwrap().clone().into_iter().collect()
    }
}

#[async_trait]
impl AccessProbe for Probe {
    async fn administrator(&self) -> String {
        let user = self.admin.create_user("Ada Holder", "Administrator").await;
        let fact =
            json!({ "principalId": user, "roleDefinitionId": MAY_CONSENT[0], "directoryScopeId": "/" });
        self.admin.create("roleManagement/directory/roleAssignments", &fact).await;
        user
    }
    async fn employee(&self) -> String {
        self.admin.create_user("Emil Holdless", "Clerk").await
    }
    async fn hide_roles(&self) {
        let few = vec!["User.Read.All".to_owned()];
        self.control.set_permissions(self.tenant.as_str(), READER_CLIENT_ID, few);
    }
    async fn withdraw_consent(&self) {
        self.control.withdraw_consent(self.tenant.as_str(), READER_CLIENT_ID);
    }
}

#[async_trait]
impl PagesProbe for Probe {
    async fn user_ids(&self) -> Vec<String> {
        self.users().into_iter().map(|(id, _)| id).collect()
    }
    async fn rename_one(&self, name: &str) -> String {
        // What comes from a directory elsewhere cannot be changed here.
        let is_own = |user: &Value| user["onPremisesSyncEnabled"] != true;
        let (id, _) = self.users().into_iter().find(|(_, user)| is_own(user)).expect("somebody");
        self.admin.patch(&format!("users/{id}"), &json!({ "displayName": name })).await;
        id
    }
    async fn forget_changes(&self) {
        self.control.expire_delta_tokens(ExpiredDelta::Gone);
    }
}

#[async_trait]
impl LiveProbe for Probe {
    async fn create_user(&self, name: &str) -> String {
        self.admin.create_user(name, "Clerk").await
    }
    async fn create_group(&self, name: &str, member: &str) -> String {
        let group = self.admin.create_group(name).await;
        self.admin.link(&format!("groups/{group}/members/$ref"), member).await;
        group
    }
    async fn delete_user(&self, user: &str) {
        self.admin.delete(&format!("users/{user}")).await;
    }
}

#[tokio::test]
async fn the_graph_client_says_who_may_consent_as_the_contract_wants_it() {
    let (rig, probe) = tenant_of(12).await;
    contracts::directory_access(directory(&rig), &probe.tenant, &probe).await;
}

#[tokio::test]
async fn the_graph_client_lists_a_tenant_as_the_contract_wants_it() {
    let (rig, probe) = tenant_of(1_400).await;
    contracts::directory_pages(directory(&rig), &probe.tenant, &probe).await;
}

#[tokio::test]
async fn the_graph_client_shows_live_objects_as_the_contract_wants_it() {
    let (rig, probe) = tenant_of(12).await;
    contracts::live_objects(directory(&rig), &probe.tenant, &probe).await;
}

#[tokio::test]
async fn the_graph_client_writes_as_the_contract_wants_it() {
    let (rig, probe) = tenant_of(12).await;
    let writer = Arc::new(GraphWriter::new(client(&rig, GraphWriter::SECRET)));
    contracts::directory_writer(writer, directory(&rig), &probe.tenant, &probe).await;
}
