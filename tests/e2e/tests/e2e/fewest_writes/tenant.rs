//! A tenant whose size chance decides, and what an administrator does in it.

use super::super::rig::{Admin, Rig};
use engine::ports::Clock as _;
use jiff::SignedDuration;
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng};
use reqwest::Method;
use serde_json::{Value, json};

/// Directory Readers, Reports Reader and Message Center Reader, the same in every tenant.
/// Source: learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference.
const READERS: &str = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b";
pub(super) const REPORTS: &str = "4a5d8f65-41da-4de4-8968-e035b65339cf";
const MESSAGES: &str = "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b";
pub(super) const CONFIGURATIONS: &str = "deviceManagement/deviceConfigurations";
pub(super) const UNITS: &str = "directory/administrativeUnits";
pub(super) const CATALOG: &str = "deviceManagement/configurationPolicies";
pub(super) const ROLES: &str = "roleManagement/directory/roleDefinitions";
/// Those two people have one licence each, and not the same.
pub(super) const LICENSED: [usize; 2] = [20, 21];
/// Those have a role that ends.
pub(super) const ENDING: std::ops::Range<usize> = 6..10;

/// A tenant whose size chance decides, and what is where in it. Ids are those of today, by name.
pub struct Tenant<'a> {
    pub(super) rig: &'a Rig,
    pub(super) admin: Admin,
    pub(super) random: SmallRng,
    pub(super) people: Vec<String>,
    pub(super) skus: Vec<String>,
}

pub(super) fn person(number: usize) -> String {
    format!("Person No{number}")
}

pub(super) const BOSS: &str = "Boss Berg";
pub(super) const CREW: &str = "Crew";
pub(super) const NESTED: [&str; 3] = ["Crew North", "Crew South", "Crew West"];
pub(super) const OTHERS: &str = "Others";
pub(super) const UNIT: &str = "Region";
pub(super) const POLICIES: [&str; 2] = ["Kiosk screens", "Office screens"];
pub(super) const LOCK: &str = "Workstation lock";
pub(super) const DESK: &str = "Registration desk";

pub(super) fn lock(minutes: u32) -> Value {
    let kind = |name: &str| format!("#microsoft.graph.deviceManagementConfiguration{name}");
    let setting = json!({ "@odata.type": kind("Setting"), "settingInstance": {
        "@odata.type": kind("SimpleSettingInstance"),
        "settingDefinitionId": "device_vendor_msft_policy_config_devicelock_maxinactivitytimedevicelock",
        "simpleSettingValue": { "@odata.type": kind("IntegerSettingValue"), "value": minutes } } });
    json!({ "@odata.type": kind("Policy"), "name": LOCK, "description": format!("{minutes} minutes"),
        "platforms": "windows10", "technologies": "mdm", "roleScopeTagIds": ["0"], "settings": [setting] })
}

pub(super) fn desk(action: &str) -> Value {
    json!({ "displayName": DESK, "description": "Looks after registrations", "isEnabled": true,
        "rolePermissions": [{ "allowedResourceActions": [action] }] })
}

impl<'a> Tenant<'a> {
    /// Everybody is in the crew and reports to one boss; some own the crew, are in a unit, have licences, security attributes
    /// and roles; policies reach the crew.
    pub async fn set_up(rig: &'a Rig, seed: u64) -> Self {
        let admin = rig.admin(rig.tenant()).await;
        let mut random = SmallRng::seed_from_u64(seed);
        let people: Vec<String> = (0..random.random_range(24..46)).map(person).collect();
        let skus = admin.inner().list("subscribedSkus").await.unwrap();
        let skus = skus.iter().map(|sku| sku["skuId"].as_str().unwrap().to_owned()).collect();
        let tenant = Self { rig, admin, random, people, skus };
        let boss = tenant.admin.create_user(BOSS, "Boss").await;
        tenant.admin.create_user("Deputy Dahl", "Deputy").await;
        for name in &tenant.people {
            let id = tenant.admin.create_user(name, "Picker").await;
            tenant.admin.link(&format!("users/{id}/manager/$ref"), &boss).await;
        }
        for name in [CREW, OTHERS].iter().chain(&NESTED) {
            tenant.admin.create_group(name).await;
        }
        let unit = json!({ "displayName": UNIT });
        tenant.admin.create(UNITS, &unit).await;
        for name in POLICIES {
            let policy = json!({ "@odata.type": "#microsoft.graph.windows10GeneralConfiguration",
                "displayName": name, "description": "As it was", "passwordRequired": true });
            tenant.admin.create(CONFIGURATIONS, &policy).await;
        }
        tenant.admin.create(CATALOG, &lock(15)).await;
        tenant.admin.create(ROLES, &desk("microsoft.directory/applications/basic/update")).await;
        tenant.fill().await;
        tenant
    }

    async fn fill(&self) {
        let (crew, unit) = (self.id("groups", CREW), self.id(UNITS, UNIT));
        let people = self.ids(&self.people);
        for (n, id) in people.iter().enumerate() {
            self.admin.link(&format!("groups/{crew}/members/$ref"), id).await;
            if n < 6 {
                self.set_attribute(id, true).await;
                self.license(id, &self.skus, &[]).await;
            }
            if n < 3 {
                self.admin.link(&format!("groups/{crew}/owners/$ref"), id).await;
            }
            if n < 5 {
                self.admin.link(&format!("{UNITS}/{unit}/members/$ref"), id).await;
                self.give_role(id, READERS).await;
            }
        }
        for (person, sku) in LICENSED.into_iter().zip(&self.skus) {
            self.license(&people[person], std::slice::from_ref(sku), &[]).await;
        }
        for id in &people[ENDING] {
            self.give_for(id, "adminAssign", Some(300)).await;
        }
        for name in NESTED {
            self.admin.link(&format!("groups/{crew}/members/$ref"), &self.id("groups", name)).await;
        }
        for name in POLICIES {
            self.assign(name, &[CREW]).await;
        }
    }

    /// The id of what has that name now.
    pub(super) fn id(&self, collection: &str, name: &str) -> String {
        let collection = collection.trim_start_matches("roleManagement/directory/");
        found(&self.rig.dump()[collection], name)
    }

    /// Some of the people, at the least two; those who have something of everything come first.
    pub(super) fn some(&mut self) -> Vec<String> {
        let count = self.random.random_range(2..self.people.len());
        self.people[..count].to_vec()
    }

    pub(super) fn ids(&self, names: &[String]) -> Vec<String> {
        let users = &self.rig.dump()["users"];
        names.iter().map(|name| found(users, name)).collect()
    }

    /// Each of these people gets the name of the next, and the last that of the first, or a new one.
    pub(super) async fn pass_names_on(&self, people: &[String], is_ring: bool) {
        let users = &self.rig.dump()["users"];
        let names: Vec<&str> =
            people.iter().map(|id| users[id]["userPrincipalName"].as_str().unwrap()).collect();
        let rename = async |id: &str, name: &str| {
            self.admin.patch(&format!("users/{id}"), &json!({ "userPrincipalName": name })).await;
        };
        // All names are free before any is given.
        for (id, name) in people.iter().zip(&names) {
            rename(id, &format!("other-{name}")).await;
        }
        for (id, next) in people.iter().zip(&names[1..]) {
            rename(id, next).await;
        }
        let last = if is_ring { names[0].to_owned() } else { format!("new-{}", names[0]) };
        rename(people.last().unwrap(), &last).await;
    }

    pub(super) async fn set_attribute(&self, user: &str, value: bool) {
        let set = json!({ "@odata.type": "#Microsoft.DirectoryServices.CustomSecurityAttributeValue",
            "Certification": value });
        let body = json!({ "customSecurityAttributes": { "Engineering": set } });
        self.admin.patch(&format!("users/{user}"), &body).await;
    }

    pub(super) async fn license(&self, user: &str, add: &[String], remove: &[String]) {
        let add: Vec<Value> = add.iter().map(|sku| json!({ "skuId": sku, "disabledPlans": [] })).collect();
        let body = json!({ "addLicenses": add, "removeLicenses": remove });
        self.admin.write(Method::POST, &format!("users/{user}/assignLicense"), &body).await;
    }

    pub(super) async fn give_role(&self, principal: &str, role: &str) {
        let body = json!({ "principalId": principal, "roleDefinitionId": role, "directoryScopeId": "/" });
        self.admin.create("roleManagement/directory/roleAssignments", &body).await;
    }

    /// Gives a role for so many days, changes when it ends, or takes it.
    pub(super) async fn give_for(&self, principal: &str, action: &str, days: Option<i64>) {
        let mut body = json!({ "action": action, "justification": "a test", "principalId": principal,
            "roleDefinitionId": MESSAGES, "directoryScopeId": "/" });
        if let Some(days) = days {
            let now = self.rig.clock.now();
            let ends_at = (now + SignedDuration::from_hours(24 * days)).to_string();
            body["scheduleInfo"] = json!({ "startDateTime": now.to_string(),
                "expiration": { "type": "afterDateTime", "endDateTime": ends_at } });
        }
        let path = "roleManagement/directory/roleAssignmentScheduleRequests";
        self.admin.write(Method::POST, path, &body).await;
    }

    /// Nobody can be given more of a licence than have it now; or anybody.
    pub(super) async fn sell_out(&self, is_sold_out: bool) {
        for mut sku in self.admin.inner().list("subscribedSkus").await.unwrap() {
            let enabled = if is_sold_out { sku["consumedUnits"].clone() } else { json!(1000) };
            sku["prepaidUnits"]["enabled"] = enabled;
            self.rig.control.put_raw(self.rig.tenant().as_str(), "subscribedSkus", sku);
        }
    }

    pub(super) async fn assign(&self, policy: &str, groups: &[&str]) {
        let target = |group: &&str| {
            let group = self.id("groups", group);
            json!({ "target": { "@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group } })
        };
        let targets: Vec<Value> = groups.iter().map(target).collect();
        let path = format!("{CONFIGURATIONS}/{}/assign", self.id(CONFIGURATIONS, policy));
        self.admin.write(Method::POST, &path, &json!({ "assignments": targets })).await;
    }

    pub(super) async fn delete_for_good(&self, path: &str, id: &str) {
        self.admin.delete(&format!("{path}/{id}")).await;
        self.admin.delete(&format!("directory/deletedItems/{id}")).await;
    }
}

/// The id of the one object that has that name.
fn found(objects: &Value, name: &str) -> String {
    let is_named = |one: &Value| one["displayName"] == name || one["name"] == name;
    let mut named = objects.as_object().unwrap().iter().filter(|(_, one)| is_named(one));
    let (id, _) = named.next().unwrap_or_else(|| panic!("no {name}"));
    assert!(named.next().is_none(), "two of {name}");
    id.clone()
}
