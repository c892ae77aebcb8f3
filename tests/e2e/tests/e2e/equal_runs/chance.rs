//! What happens in a tenant by chance: an administrator makes, changes, links and deletes, and brings some of it back.

use customer::Administrator;
use domain::Result;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use reqwest::Method;
use serde_json::{Map, Value, json};

/// Who makes it happen, and what there is that it can happen to.
pub struct Chance<'a> {
    admin: &'a Administrator,
    random: SmallRng,
    users: Vec<String>,
    groups: Vec<String>,
    units: Vec<String>,
    roles: Vec<String>,
    grants: Vec<String>,
    policies: Vec<String>,
    deleted: Vec<String>,
    has_intune: bool,
    number: u32,
    /// How much happened, and what Graph refused: a dynamic group takes no members, say.
    pub done: u32,
    pub refused: u32,
}

const UNITS: &str = "directory/administrativeUnits";
const ROLES: &str = "roleManagement/directory/roleDefinitions";
const GRANTS: &str = "roleManagement/directory/roleAssignments";
const CONFIGURATIONS: &str = "deviceManagement/deviceConfigurations";

fn ids(live: &Value, set: &str) -> Vec<String> {
    live[set].as_object().into_iter().flatten().map(|(id, _)| id.clone()).collect()
}

impl<'a> Chance<'a> {
    pub fn new(seed: u64, admin: &'a Administrator, live: &Value) -> Self {
        Self {
            admin,
            random: SmallRng::seed_from_u64(seed),
            users: ids(live, "users"),
            groups: ids(live, "groups"),
            units: ids(live, UNITS),
            roles: Vec::new(),
            grants: Vec::new(),
            policies: Vec::new(),
            deleted: Vec::new(),
            has_intune: !ids(live, CONFIGURATIONS).is_empty(),
            number: 0,
            done: 0,
            refused: 0,
        }
    }

    /// So many things happen.
    pub async fn happens(&mut self, times: u32) {
        for _ in 0..times {
            let happened = match self.random.random_range(0..20) {
                0 | 1 => self.make_user().await,
                2..=4 => self.change_user().await,
                5 => self.change_manager().await,
                6 | 7 => self.make_group().await,
                8 | 9 => self.change_group().await,
                10..=12 => self.change_ends("groups").await,
                13 => self.make_unit().await,
                14 => self.change_ends(UNITS).await,
                15 => self.delete().await,
                16 => self.bring_back().await,
                17 => self.change_role().await,
                18 => self.change_grant().await,
                _ => self.change_policy().await,
            };
            match happened {
                Ok(()) => self.done += 1,
                Err(_) => self.refused += 1,
            }
        }
    }

    fn is(&mut self, percent: u32) -> bool {
        self.random.random_range(0..100) < percent
    }

    fn one(&mut self, of: &[String]) -> String {
        // Why one that nobody has where there is none: Graph refuses it.
        let nobody = || "00000000-0000-4000-8000-00000000000f".to_owned();
        if of.is_empty() { nobody() } else { of[self.random.random_range(0..of.len())].clone() }
    }

    fn user(&mut self) -> String {
        let users = std::mem::take(&mut self.users);
        let one = self.one(&users);
        self.users = users;
        one
    }

    fn group(&mut self) -> String {
        let groups = std::mem::take(&mut self.groups);
        let one = self.one(&groups);
        self.groups = groups;
        one
    }

    fn name(&mut self, what: &str) -> String {
        self.number += 1;
        format!("{what} {}", self.number)
    }

    /// A text, or nothing.
    fn text(&mut self) -> Value {
        let n = self.random.random_range(0..9);
        if self.is(35) { Value::Null } else { json!(format!("Wört \"{n}\" \\ / \u{7}")) }
    }

    /// Some properties of a user, set or emptied.
    fn properties(&mut self) -> Map<String, Value> {
        const TEXTS: [&str; 7] =
            ["jobTitle", "department", "city", "companyName", "employeeId", "officeLocation", "postalCode"];
        let mut body = Map::new();
        for name in TEXTS {
            if self.is(30) {
                let text = self.text();
                body.insert(name.to_owned(), text);
            }
        }
        let n = self.random.random_range(0..100);
        let set = |value: Value, is: bool, empty: Value| if is { value } else { empty };
        let mails = json!([format!("b{n}@mail.example"), format!("a{n}@mail.example")]);
        let parts = json!({"division": format!("D{n}"), "costCenter": null});
        let attributes = json!({"extensionAttribute1": format!("E{n}"), "extensionAttribute7": null});
        let emptied = json!({"extensionAttribute1": null});
        let date = json!(format!("2030-01-{:02}T00:00:00Z", n % 28 + 1));
        let security = |of: Value| {
            json!({"Engineering": {"@odata.type": "#Microsoft.DirectoryServices.CustomSecurityAttributeValue",
                "Certification": of}})
        };
        for (name, value, empty) in [
            ("businessPhones", json!([format!("+31 {n}")]), json!([])),
            ("otherMails", mails, json!([])),
            ("employeeOrgData", parts, Value::Null),
            ("onPremisesExtensionAttributes", attributes, emptied),
            ("employeeLeaveDateTime", date, Value::Null),
            ("usageLocation", json!("NL"), json!("SE")),
            ("accountEnabled", json!(true), json!(false)),
            ("customSecurityAttributes", security(json!(true)), security(Value::Null)),
        ] {
            if self.is(25) {
                let is = self.is(60);
                body.insert(name.to_owned(), set(value, is, empty));
            }
        }
        body
    }

    async fn make_user(&mut self) -> Result<()> {
        let name = self.name("Person");
        let id = self.admin.create_user(&name, "Clerk").await?;
        self.users.push(id);
        Ok(())
    }

    async fn change_user(&mut self) -> Result<()> {
        let user = self.user();
        let body = self.properties();
        self.admin.patch(&format!("users/{user}"), &Value::Object(body)).await
    }

    async fn change_manager(&mut self) -> Result<()> {
        let (user, manager) = (self.user(), self.user());
        let path = format!("users/{user}/manager/$ref");
        if self.is(75) { self.admin.link(&path, &manager).await } else { self.admin.delete(&path).await }
    }

    async fn make_group(&mut self) -> Result<()> {
        let name = self.name("Group");
        let nick = name.replace(' ', "");
        let description = self.text();
        let mut body = json!({"displayName": name, "mailNickname": nick, "description": description,
            "mailEnabled": false, "securityEnabled": true});
        match self.random.random_range(0..6) {
            0 | 1 => {
                body["groupTypes"] = json!(["Unified"]);
                body["mailEnabled"] = json!(true);
                body["visibility"] = json!(if self.is(30) { "HiddenMembership" } else { "Private" });
            }
            2 => {
                body["groupTypes"] = json!(["DynamicMembership"]);
                body["membershipRule"] = json!("user.department -eq \"Sales\"");
                body["membershipRuleProcessingState"] = json!("On");
            }
            3 => body["isAssignableToRole"] = json!(true),
            _ => {}
        }
        let id = self.admin.create("groups", &body).await?;
        self.groups.push(id);
        Ok(())
    }

    async fn change_group(&mut self) -> Result<()> {
        let group = self.group();
        let mut body = json!({"description": self.text()});
        match self.random.random_range(0..5) {
            0 => body["groupTypes"] = json!([]),
            1 => body["displayName"] = json!(self.name("Renamed")),
            2 => {
                body["groupTypes"] = json!([]);
                body["membershipRule"] = Value::Null;
            }
            _ => {}
        }
        self.admin.patch(&format!("groups/{group}"), &body).await
    }

    /// Somebody comes to belong to a group or a unit, or no longer does.
    async fn change_ends(&mut self, set: &str) -> Result<()> {
        let among = if set == UNITS { self.units.clone() } else { self.groups.clone() };
        let object = self.one(&among);
        let relation = if set != UNITS && self.is(25) { "owners" } else { "members" };
        let path = format!("{set}/{object}/{relation}");
        if self.is(60) {
            let nested = relation == "members" && self.is(25);
            let to = if nested { self.group() } else { self.user() };
            return self.admin.link(&format!("{path}/$ref"), &to).await;
        }
        let there = self.admin.list(&format!("{path}?$select=id")).await?;
        let there: Vec<String> =
            there.iter().filter_map(|end| end["id"].as_str()).map(str::to_owned).collect();
        let to = self.one(&there);
        self.admin.delete(&format!("{path}/{to}/$ref")).await
    }

    async fn make_unit(&mut self) -> Result<()> {
        if !self.units.is_empty() && self.is(40) {
            let units = self.units.clone();
            let unit = self.one(&units);
            let body = json!({"description": self.text()});
            return self.admin.patch(&format!("{UNITS}/{unit}"), &body).await;
        }
        let mut body = json!({"displayName": self.name("Unit"), "description": self.text()});
        if self.is(20) {
            body["visibility"] = json!("HiddenMembership");
        }
        let id = self.admin.create(UNITS, &body).await?;
        self.units.push(id);
        Ok(())
    }

    async fn delete(&mut self) -> Result<()> {
        let (set, all) = match self.random.random_range(0..5) {
            0 | 1 => ("users", &mut self.users),
            2 | 3 => ("groups", &mut self.groups),
            _ => (UNITS, &mut self.units),
        };
        if all.is_empty() {
            return Ok(());
        }
        let id = all.swap_remove(self.random.random_range(0..all.len()));
        self.admin.delete(&format!("{set}/{id}")).await?;
        self.deleted.push(format!("{set} {id}"));
        Ok(())
    }

    /// Out of the recycle bin, or out of the world.
    async fn bring_back(&mut self) -> Result<()> {
        if self.deleted.is_empty() {
            return Ok(());
        }
        let at = self.random.random_range(0..self.deleted.len());
        let deleted = self.deleted.swap_remove(at);
        let (set, id) = deleted.split_once(' ').unwrap_or_default();
        let path = format!("directory/deletedItems/{id}");
        if self.is(30) {
            return self.admin.delete(&path).await;
        }
        self.admin.write(Method::POST, &format!("{path}/restore"), &json!({})).await?;
        match set {
            "users" => self.users.push(id.to_owned()),
            "groups" => self.groups.push(id.to_owned()),
            _ => self.units.push(id.to_owned()),
        }
        Ok(())
    }

    async fn change_role(&mut self) -> Result<()> {
        if self.roles.is_empty() || self.is(40) {
            let body = json!({"displayName": self.name("Role"), "description": self.text(), "isEnabled": true,
                "rolePermissions": [{"allowedResourceActions": ["microsoft.directory/applications/basic/update"]}]});
            let id = self.admin.create(ROLES, &body).await?;
            self.roles.push(id);
            return Ok(());
        }
        let at = self.random.random_range(0..self.roles.len());
        if self.is(30) {
            let id = self.roles.swap_remove(at);
            return self.admin.delete(&format!("{ROLES}/{id}")).await;
        }
        let (id, body) = (self.roles[at].clone(), json!({"description": self.text()}));
        self.admin.patch(&format!("{ROLES}/{id}"), &body).await
    }

    async fn change_grant(&mut self) -> Result<()> {
        if !self.grants.is_empty() && self.is(30) {
            let at = self.random.random_range(0..self.grants.len());
            let id = self.grants.swap_remove(at);
            return self.admin.delete(&format!("{GRANTS}/{id}")).await;
        }
        // Message Center Reader. Source: learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference.
        let mut among = self.roles.clone();
        among.push("790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b".to_owned());
        let body = json!({"principalId": self.user(), "roleDefinitionId": self.one(&among), "directoryScopeId": "/"});
        let id = self.admin.create(GRANTS, &body).await?;
        self.grants.push(id);
        Ok(())
    }

    async fn change_policy(&mut self) -> Result<()> {
        if !self.has_intune {
            return self.change_user().await;
        }
        if self.policies.is_empty() || self.is(40) {
            let body = json!({"@odata.type": "#microsoft.graph.windows10GeneralConfiguration",
                "displayName": self.name("Policy"), "description": self.text(), "roleScopeTagIds": ["0"]});
            let id = self.admin.create(CONFIGURATIONS, &body).await?;
            self.policies.push(id);
            return Ok(());
        }
        let at = self.random.random_range(0..self.policies.len());
        if self.is(25) {
            let id = self.policies.swap_remove(at);
            return self.admin.delete(&format!("{CONFIGURATIONS}/{id}")).await;
        }
        let (id, group) = (self.policies[at].clone(), self.group());
        let target = json!({"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group});
        let body = json!({"assignments": [{"target": target}]});
        self.admin.write(Method::POST, &format!("{CONFIGURATIONS}/{id}/assign"), &body).await.map(drop)
    }
}
