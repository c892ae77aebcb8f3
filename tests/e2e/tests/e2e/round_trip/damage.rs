//! What is done to a tenant besides what [`Chance`](crate::equal_runs::chance::Chance) does: one of each sort of damage that
//! a restore knows, to an object that chance chooses. What Graph refuses does not happen.

use crate::rig::Rig;
use customer::Administrator;
use domain::{Error, Result};
use engine::ports::Clock;
use jiff::SignedDuration;
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng};
use reqwest::Method;
use serde_json::{Map, Value, json};

/// A sort of damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Damage {
    /// A group with members comes to follow a rule, and Graph takes its members out.
    GroupMadeDynamic,
    UnitMadeDynamic,
    /// Somebody is given a role, for good, until a date, for so long, or may activate it.
    RoleScheduled,
    /// A role that was given so is taken away.
    ScheduleTaken,
    /// It gets another end, or none.
    ScheduleChanged,
    RoleActivated,
    /// A licence is taken from somebody, and no unit of it is left.
    LicenceSoldOut,
    /// Somebody is changed and then comes into a unit that keeps others from managing them.
    RestrictedMember,
    /// Somebody leaves such a unit, and is changed.
    RestrictionLifted,
    UserPurged,
    GroupPurged,
    UnitDeleted,
    /// Somebody is deleted, and made again by hand.
    UserTwin,
    GroupTwin,
    /// The settings of a policy are replaced.
    PolicyReplaced,
    PolicyDeleted,
    AssignmentsChanged,
    /// A setting whose value Graph does not show gets another one.
    SecretChanged,
    /// What is neither a person nor a group leaves a group.
    PrincipalLeft,
    /// Two people have each other's name.
    NamesExchanged,
}

impl Damage {
    pub(super) const ALL: [Self; 20] = [
        Self::GroupMadeDynamic,
        Self::UnitMadeDynamic,
        Self::RoleScheduled,
        Self::ScheduleTaken,
        Self::ScheduleChanged,
        Self::RoleActivated,
        Self::LicenceSoldOut,
        Self::RestrictedMember,
        Self::RestrictionLifted,
        Self::UserPurged,
        Self::GroupPurged,
        Self::UnitDeleted,
        Self::UserTwin,
        Self::GroupTwin,
        Self::PolicyReplaced,
        Self::PolicyDeleted,
        Self::AssignmentsChanged,
        Self::SecretChanged,
        Self::PrincipalLeft,
        Self::NamesExchanged,
    ];
}

const UNITS: &str = "directory/administrativeUnits";
const ASSIGNED: &str = "roleAssignmentSchedules";
const ELIGIBLE: &str = "roleEligibilitySchedules";
const POLICIES: [&str; 4] = [
    "deviceManagement/configurationPolicies",
    "deviceManagement/deviceConfigurations",
    "deviceManagement/deviceCompliancePolicies",
    "deviceManagement/compliancePolicies",
];
const RULE: &str = "user.department -eq \"Nowhere\"";
/// Roles of Microsoft's own that give no power over others, and one that does (Helpdesk Administrator).
/// Source: learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference.
const ROLES: [&str; 4] = [
    "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b",
    "4a5d8f65-41da-4de4-8968-e035b65339cf",
    "95e79109-95c0-4d8e-aee3-d01accf2d47b",
    "729827e3-9c14-49f7-bb1b-9608f156bbb8",
];

fn id(one: &Value) -> &str {
    one["id"].as_str().unwrap()
}

fn is_plain(group: &Value) -> bool {
    let is = |property: &str| group[property] == true;
    !is("mailEnabled") && !is("isAssignableToRole") && !is("onPremisesSyncEnabled") && is_static(group)
}

fn is_static(group: &Value) -> bool {
    group["groupTypes"].as_array().is_none_or(|types| !types.contains(&json!("DynamicMembership")))
}

fn is_of_the_cloud(user: &Value) -> bool {
    user["onPremisesSyncEnabled"] != true && user["userType"] != "Guest"
}

/// Who damages the tenant.
pub(super) struct Vandal<'a> {
    rig: &'a Rig,
    admin: &'a Administrator,
    random: SmallRng,
    number: u32,
}

impl<'a> Vandal<'a> {
    pub(super) fn new(seed: u64, rig: &'a Rig, admin: &'a Administrator) -> Self {
        Self { rig, admin, random: SmallRng::seed_from_u64(seed ^ 0x5eed), number: 0 }
    }

    /// Something to damage, as many of each sort as a small company has.
    pub(super) async fn sets_up(&mut self) {
        for _ in 0..4 {
            let _ = self.does(Damage::RoleScheduled).await;
        }
        let _ = self.does(Damage::RestrictedMember).await;
        for _ in 0..3 {
            let _ = self.joins().await;
        }
        if !self.all(POLICIES[1], |_| true).is_empty() {
            let secret = json!({ "@odata.type": "#microsoft.graph.windows10CustomConfiguration",
                "displayName": "Keys", "roleScopeTagIds": ["0"], "omaSettings": [{
                    "@odata.type": "#microsoft.graph.omaSettingString", "displayName": "Key",
                    "omaUri": "./Vendor/MSFT/Policy/Config/Area/Key", "isEncrypted": true, "value": "a secret" }] });
            let _ = self.admin.create(POLICIES[1], &secret).await;
        }
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.random.random_range(0..100) < percent
    }

    fn all(&self, set: &str, fits: impl Fn(&Value) -> bool) -> Vec<Value> {
        let dump = self.rig.dump();
        let all = dump[set].as_object().into_iter().flatten().map(|(_, one)| one.clone());
        all.filter(|one| fits(one)).collect()
    }

    fn one(&mut self, set: &str, fits: impl Fn(&Value) -> bool) -> Result<Value> {
        let mut all = self.all(set, fits);
        if all.is_empty() {
            return Err(Error::not_found("there is nothing like that"));
        }
        Ok(all.swap_remove(self.random.random_range(0..all.len())))
    }

    fn name(&mut self, what: &str) -> String {
        self.number += 1;
        format!("{what} of damage {}", self.number)
    }

    /// A plain group and a unit get a member, and another group an application.
    async fn joins(&mut self) -> Result<()> {
        let (user, group) = (self.one("users", |_| true)?, self.one("groups", is_plain)?);
        self.admin.link(&format!("groups/{}/members/$ref", id(&group)), id(&user)).await?;
        let unit = self.one(UNITS, |unit| unit["membershipType"] != "Dynamic")?;
        self.admin.link(&format!("{UNITS}/{}/members/$ref", id(&unit)), id(&user)).await?;
        let (principal, group) = (self.one("servicePrincipals", |_| true)?, self.one("groups", is_plain)?);
        self.admin.link(&format!("groups/{}/members/$ref", id(&group)), id(&principal)).await
    }

    pub(super) async fn does(&mut self, damage: Damage) -> Result<()> {
        match damage {
            Damage::GroupMadeDynamic => {
                let group = self.one("groups", |one| is_plain(one) && one["members"].is_array())?;
                let body = json!({ "groupTypes": ["DynamicMembership"], "membershipRule": RULE });
                self.admin.patch(&format!("groups/{}", id(&group)), &body).await
            }
            Damage::UnitMadeDynamic => {
                let has_members =
                    |one: &Value| one["members"].is_array() && one["membershipType"] != "Dynamic";
                let unit = self.one(UNITS, has_members)?;
                let body = json!({ "membershipType": "Dynamic", "membershipRule": RULE });
                self.admin.patch(&format!("{UNITS}/{}", id(&unit)), &body).await
            }
            Damage::RoleScheduled => {
                let who = self.one("users", is_of_the_cloud)?;
                let role = ROLES[self.random.random_range(0..ROLES.len())];
                let end = self.end();
                let fact =
                    json!({ "principalId": who["id"], "roleDefinitionId": role, "directoryScopeId": "/" });
                let set = self.schedules();
                self.request(set, "adminAssign", &fact, Some(end)).await
            }
            Damage::ScheduleTaken => {
                let set = self.schedules();
                let fact = self.one(set, |one| one["assignmentType"] != "Activated")?;
                self.request(set, "adminRemove", &fact, None).await
            }
            Damage::ScheduleChanged => {
                let set = self.schedules();
                let fact = self.one(set, |one| one["assignmentType"] != "Activated")?;
                let end = self.end();
                self.request(set, "adminUpdate", &fact, Some(end)).await
            }
            Damage::RoleActivated => {
                let who = self.one("users", is_of_the_cloud)?;
                // Global Reader. Source: as above.
                self.rig.control.activate_role(
                    self.rig.tenant().as_str(),
                    id(&who),
                    "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
                );
                Ok(())
            }
            Damage::LicenceSoldOut => self.sells_out().await,
            Damage::RestrictedMember => {
                let who = self.one("users", is_of_the_cloud)?;
                self.admin.patch(&format!("users/{}", id(&who)), &json!({ "city": "Elsewhere" })).await?;
                let unit = json!({ "displayName": self.name("Board"), "isMemberManagementRestricted": true });
                let unit = self.admin.create(UNITS, &unit).await?;
                self.admin.link(&format!("{UNITS}/{unit}/members/$ref"), id(&who)).await
            }
            Damage::RestrictionLifted => {
                let keeps =
                    |one: &Value| one["isMemberManagementRestricted"] == true && one["members"].is_array();
                let unit = self.one(UNITS, keeps)?;
                let who = unit["members"][0].as_str().unwrap().to_owned();
                self.admin.delete(&format!("{UNITS}/{}/members/{who}/$ref", id(&unit))).await?;
                self.admin.patch(&format!("users/{who}"), &json!({ "city": "Anywhere" })).await
            }
            Damage::UserPurged => self.purges("users").await,
            Damage::GroupPurged => self.purges("groups").await,
            Damage::UnitDeleted => {
                let unit = self.one(UNITS, |_| true)?;
                self.admin.delete(&format!("{UNITS}/{}", id(&unit))).await
            }
            Damage::UserTwin => self.doubles_a_user().await,
            Damage::GroupTwin => {
                let group = self.one("groups", is_plain)?;
                self.deletes("groups", id(&group)).await?;
                let twin = json!({ "displayName": group["displayName"], "mailNickname": group["mailNickname"],
                    "mailEnabled": false, "securityEnabled": true });
                self.admin.create("groups", &twin).await.map(drop)
            }
            Damage::PolicyReplaced => {
                let policy = self.one(POLICIES[0], |_| true)?;
                let mut body = policy.as_object().unwrap().clone();
                body.retain(|name, _| {
                    !["id", "assignments", "settingCount", "isAssigned"].contains(&name.as_str())
                });
                body.insert("description".to_owned(), json!("Replaced"));
                if let Some(settings) = body.get_mut("settings").and_then(Value::as_array_mut) {
                    settings.truncate(settings.len() / 2);
                }
                let path = format!("{}/{}", POLICIES[0], id(&policy));
                self.admin.write(Method::PUT, &path, &Value::Object(body)).await.map(drop)
            }
            Damage::PolicyDeleted => {
                let set = self.policies();
                let policy = self.one(set, |_| true)?;
                self.admin.delete(&format!("{set}/{}", id(&policy))).await
            }
            Damage::AssignmentsChanged => self.assigns().await,
            Damage::PrincipalLeft => {
                let principals: Vec<Value> = self.all("servicePrincipals", |_| true);
                let is_one = |end: &Value| principals.iter().any(|one| one["id"] == *end);
                let has = |group: &Value| {
                    group["members"].as_array().and_then(|all| all.iter().find(|end| is_one(end)).cloned())
                };
                let group = self.one("groups", |group| has(group).is_some())?;
                let gone = has(&group).unwrap();
                let path = format!("groups/{}/members/{}/$ref", id(&group), gone.as_str().unwrap());
                self.admin.delete(&path).await
            }
            Damage::NamesExchanged => {
                let (one, other) = (self.one("users", is_of_the_cloud)?, self.one("users", is_of_the_cloud)?);
                let name = |user: &Value| user["userPrincipalName"].as_str().unwrap().to_owned();
                let for_a_while = format!("other-{}", name(&one));
                for (who, name) in [(&one, &for_a_while), (&other, &name(&one)), (&one, &name(&other))] {
                    let body = json!({ "userPrincipalName": name });
                    self.admin.patch(&format!("users/{}", id(who)), &body).await?;
                }
                Ok(())
            }
            Damage::SecretChanged => {
                let is_secret = |one: &Value| {
                    one["omaSettings"]
                        .as_array()
                        .is_some_and(|all| all.iter().any(|s| s["isEncrypted"] == true))
                };
                let policy = self.one(POLICIES[1], is_secret)?;
                let mut settings = policy["omaSettings"].clone();
                for setting in
                    settings.as_array_mut().unwrap().iter_mut().filter(|s| s["isEncrypted"] == true)
                {
                    setting["value"] = json!("another secret");
                    setting["secretReferenceValueId"] = Value::Null;
                }
                let body = json!({ "@odata.type": policy["@odata.type"], "omaSettings": settings });
                self.admin.patch(&format!("{}/{}", POLICIES[1], id(&policy)), &body).await
            }
        }
    }

    fn schedules(&mut self) -> &'static str {
        if self.chance(50) { ASSIGNED } else { ELIGIBLE }
    }

    fn policies(&mut self) -> &'static str {
        POLICIES[self.random.random_range(0..POLICIES.len())]
    }

    /// Never, until a date, or so long.
    fn end(&mut self) -> Value {
        let days = [5_i64, 20, 60][self.random.random_range(0..3)];
        match self.random.random_range(0..3) {
            0 => json!({ "type": "noExpiration" }),
            1 => {
                let end = self.rig.clock.now() + SignedDuration::from_hours(24 * days);
                json!({ "type": "afterDateTime", "endDateTime": end.to_string() })
            }
            _ => json!({ "type": "afterDuration", "duration": format!("P{days}D") }),
        }
    }

    async fn request(&self, set: &str, action: &str, fact: &Value, end: Option<Value>) -> Result<()> {
        let mut body = json!({ "action": action, "justification": "a test", "principalId": fact["principalId"],
            "roleDefinitionId": fact["roleDefinitionId"], "directoryScopeId": fact["directoryScopeId"] });
        if let Some(end) = end {
            body["scheduleInfo"] =
                json!({ "startDateTime": self.rig.clock.now().to_string(), "expiration": end });
        }
        let path = format!("roleManagement/directory/{}Requests", set.trim_end_matches('s'));
        self.admin.write(Method::POST, &path, &body).await.map(drop)
    }

    /// Deletes an object, and now and then for good.
    async fn deletes(&mut self, set: &str, id: &str) -> Result<()> {
        self.admin.delete(&format!("{set}/{id}")).await?;
        if self.chance(50) {
            // What has no recycle bin is gone already.
            let _ = self.admin.delete(&format!("directory/deletedItems/{id}")).await;
        }
        Ok(())
    }

    async fn purges(&mut self, set: &str) -> Result<()> {
        let one = self.one(set, |one| one["onPremisesSyncEnabled"] != true)?;
        self.admin.delete(&format!("{set}/{}", id(&one))).await?;
        self.admin.delete(&format!("directory/deletedItems/{}", id(&one))).await
    }

    async fn doubles_a_user(&mut self) -> Result<()> {
        let user = self.one("users", is_of_the_cloud)?;
        self.deletes("users", id(&user)).await?;
        let mut twin = Map::new();
        for property in ["accountEnabled", "displayName", "mailNickname", "userPrincipalName"] {
            twin.insert(property.to_owned(), user[property].clone());
        }
        let password = json!({ "password": "a long enough one", "forceChangePasswordNextSignIn": true });
        twin.insert("passwordProfile".to_owned(), password);
        self.admin.create("users", &Value::Object(twin)).await.map(drop)
    }

    async fn sells_out(&mut self) -> Result<()> {
        let own = |user: &Value| {
            let states = user["licenseAssignmentStates"].as_array().cloned().unwrap_or_default();
            states.into_iter().find(|state| state["assignedByGroup"].is_null())
        };
        let user = self.one("users", |one| own(one).is_some())?;
        let sku = own(&user).unwrap()["skuId"].clone();
        let body = json!({ "addLicenses": [], "removeLicenses": [sku] });
        self.admin.write(Method::POST, &format!("users/{}/assignLicense", id(&user)), &body).await?;
        let mut all = self.admin.list("subscribedSkus").await?.into_iter();
        let mut sold = all.find(|one| one["skuId"] == sku).unwrap();
        let given = sold.as_object_mut().unwrap().remove("consumedUnits").unwrap();
        sold["prepaidUnits"]["enabled"] = given;
        self.rig.control.put_raw(self.rig.tenant().as_str(), "subscribedSkus", sold);
        Ok(())
    }

    async fn assigns(&mut self) -> Result<()> {
        let set = self.policies();
        let (policy, group) = (self.one(set, |_| true)?, self.one("groups", |_| true)?);
        let mut targets: Vec<Value> = policy["assignments"].as_array().cloned().unwrap_or_default();
        targets.retain(|_| self.chance(50));
        targets.retain(|one| one["target"]["groupId"] != group["id"]);
        let mut all: Vec<Value> = targets.iter().map(|one| json!({ "target": one["target"] })).collect();
        let target = if self.chance(30) { "exclusionGroupAssignmentTarget" } else { "groupAssignmentTarget" };
        all.push(json!({ "target": { "@odata.type": format!("#microsoft.graph.{target}"), "groupId": group["id"] } }));
        let path = format!("{set}/{}/assign", id(&policy));
        self.admin.write(Method::POST, &path, &json!({ "assignments": all })).await.map(drop)
    }
}
