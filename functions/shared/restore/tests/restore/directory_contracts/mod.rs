//! The table that plays Microsoft Graph keeps the contracts of the parts that a restore uses.

use crate::restore_world::{RestoreWorld, object};
use async_trait::async_trait;
use domain::organisations::MAY_CONSENT;
use serde_json::json;
use support::contracts::{self, AccessProbe, LiveProbe};

/// The administrator of the tenant that the table is.
struct Table(RestoreWorld);

#[async_trait]
impl AccessProbe for Table {
    async fn administrator(&self) -> String {
        let fact =
            json!({ "principalId": "ann", "roleDefinitionId": MAY_CONSENT[0], "directoryScopeId": "/" });
        let (kind, key, fact) = object("admins", "ann|role|/|", &fact);
        self.0.directory.insert(&kind, &key, fact);
        "ann".to_owned()
    }
    async fn employee(&self) -> String {
        self.create_user("Bob").await
    }
    async fn hide_roles(&self) {
        self.0.directory.refuse_reading_of("admins", false);
    }
    async fn withdraw_consent(&self) {
        self.0.directory.withdraw("reading");
    }
}

#[async_trait]
impl LiveProbe for Table {
    async fn create_user(&self, name: &str) -> String {
        let id = name.to_lowercase();
        let user = json!({ "displayName": name, "userPrincipalName": format!("{id}@x.y") });
        let (kind, key, user) = object("users", &id, &user);
        self.0.directory.insert(&kind, &key, user);
        id
    }
    async fn create_group(&self, name: &str, member: &str) -> String {
        let id = name.to_lowercase();
        let (kind, key, group) = object("groups", &id, &json!({ "displayName": name }));
        self.0.directory.insert(&kind, &key, group);
        self.0.directory.link("groups.members", &id, member);
        id
    }
    async fn delete_user(&self, user: &str) {
        self.0.directory.soft_delete("users", user);
    }
}

#[tokio::test]
async fn the_table_says_who_may_consent_as_the_contract_wants_it() {
    let table = Table(RestoreWorld::new());
    let directory = table.0.directory.clone();
    contracts::directory_access(directory, &table.0.tenant, &table).await;
}

#[tokio::test]
async fn the_table_shows_live_objects_as_the_contract_wants_it() {
    let table = Table(RestoreWorld::new());
    contracts::live_objects(table.0.directory.clone(), &table.0.tenant, &table).await;
}

#[tokio::test]
async fn the_table_is_written_as_the_contract_wants_it() {
    let table = Table(RestoreWorld::new());
    let directory = table.0.directory.clone();
    contracts::directory_writer(directory.clone(), directory, &table.0.tenant, &table).await;
}
