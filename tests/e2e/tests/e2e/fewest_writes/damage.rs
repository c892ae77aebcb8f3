//! What can happen to the tenant, and the fewest writes that put it right: how much was damaged, and what one request takes.

use super::tenant::{
    CATALOG, CONFIGURATIONS, CREW, DESK, ENDING, LICENSED, LOCK, NESTED, OTHERS, POLICIES, REPORTS, ROLES,
    Tenant, UNIT, UNITS, desk, lock,
};
use reqwest::Method;
use serde_json::json;

/// Members that Graph takes in one PATCH, and references that it takes when it creates a group.
/// Source: learn.microsoft.com/graph/api/group-post-members, group-post-groups.
const AT_ONCE: usize = 20;

/// What happens to a tenant, of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// Several attributes of some people are changed.
    Attributes,
    /// Some people have each other's name, in a ring.
    NamesExchanged,
    /// Some people have the name of the next, and the last a new one.
    NamesPassedOn,
    /// Attributes that need a permission of their own, together with others.
    SecurityAttributes,
    /// Some people report to somebody else.
    Managers,
    /// Some people report to nobody.
    NoManagers,
    /// People and groups are taken out of a group.
    MembersGone,
    /// People are put into a group.
    MembersCame,
    /// Owners are taken from a group.
    OwnersGone,
    /// Owners of a group are others.
    OwnersReplaced,
    /// A group follows a rule, which takes its members out.
    GroupDynamic,
    /// Members are taken out of a unit.
    UnitMembersGone,
    /// A unit follows a rule, which takes its members out.
    UnitDynamic,
    /// Some people have no licences, and others have one.
    Licences,
    /// Two people have each other's licence, and no unit is free.
    LicencesSwapped,
    /// People are deleted, and lie in the recycle bin.
    PeopleInBin,
    /// A group is deleted, and lies in the recycle bin.
    GroupInBin,
    /// People are deleted for good: members, owners, licensed, with a manager.
    PeopleGone,
    /// A unit is deleted, and lies in the recycle bin: nobody can delete one for good.
    UnitInBin,
    /// A group with members, owners and policies is deleted for good.
    GroupGone,
    /// Roles are taken from people.
    RolesTaken,
    /// Roles are given to people.
    RolesGiven,
    /// Roles that end are taken from people.
    TermsTaken,
    /// Roles that end do so at another time.
    TermsChanged,
    /// A role of the tenant's own allows something else.
    CustomRole,
    /// Settings of a policy are changed.
    Settings,
    /// A setting of the catalog is changed, and what the policy says of itself.
    CatalogSettings,
    /// Policies reach somebody else.
    Assignments,
    /// Policies reach somebody besides.
    AssignmentsMore,
    /// Policies are deleted.
    PoliciesGone,
    /// People and groups are made.
    Made,
}

/// In this order each leaves the tenant so that the next can happen to it.
pub const ALL: [Damage; 31] = [
    Damage::Attributes,
    Damage::NamesExchanged,
    Damage::NamesPassedOn,
    Damage::SecurityAttributes,
    Damage::Managers,
    Damage::NoManagers,
    Damage::MembersGone,
    Damage::MembersCame,
    Damage::OwnersGone,
    Damage::OwnersReplaced,
    Damage::GroupDynamic,
    Damage::UnitMembersGone,
    Damage::UnitDynamic,
    Damage::Licences,
    Damage::LicencesSwapped,
    Damage::PeopleInBin,
    Damage::GroupInBin,
    Damage::RolesTaken,
    Damage::RolesGiven,
    Damage::TermsTaken,
    Damage::TermsChanged,
    Damage::CustomRole,
    Damage::Settings,
    Damage::CatalogSettings,
    Damage::Assignments,
    Damage::AssignmentsMore,
    Damage::PoliciesGone,
    Damage::Made,
    Damage::PeopleGone,
    Damage::UnitInBin,
    Damage::GroupGone,
];

impl Tenant<'_> {
    /// Does the damage; gives the fewest writes that put it right.
    pub async fn hurt(&mut self, damage: Damage) -> usize {
        let some = self.some();
        let (ids, admin) = (self.ids(&some), &self.admin);
        let (crew, unit) = (self.id("groups", CREW), self.id(UNITS, UNIT));
        let first = |most: usize| some.len().min(most);
        match damage {
            // One PATCH takes all attributes of a person.
            Damage::Attributes => {
                for id in &ids {
                    let body = json!({ "jobTitle": "x", "department": "x", "city": "x", "employeeId": "x" });
                    admin.patch(&format!("users/{id}"), &body).await;
                }
                ids.len()
            }
            // One of them has a name of its own meanwhile: no name is ever that of two.
            Damage::NamesExchanged => {
                let count = first(3);
                self.pass_names_on(&ids[..count], true).await;
                count + 1
            }
            // Whoever has the last name gives it up first.
            Damage::NamesPassedOn => {
                self.pass_names_on(&ids, false).await;
                ids.len()
            }
            // Whoever may not write the one may still write the others, so they go by themselves.
            Damage::SecurityAttributes => {
                let count = first(6);
                for id in &ids[..count] {
                    self.set_attribute(id, false).await;
                    admin.patch(&format!("users/{id}"), &json!({ "jobTitle": "x" })).await;
                }
                2 * count
            }
            Damage::Managers => {
                let other = self.id("users", "Deputy Dahl");
                for id in &ids {
                    admin.link(&format!("users/{id}/manager/$ref"), &other).await;
                }
                ids.len()
            }
            Damage::NoManagers => {
                for id in &ids {
                    admin.delete(&format!("users/{id}/manager/$ref")).await;
                }
                ids.len()
            }
            Damage::MembersGone => {
                let nested = NESTED.map(|name| self.id("groups", name));
                for id in ids.iter().chain(&nested) {
                    admin.delete(&format!("groups/{crew}/members/{id}/$ref")).await;
                }
                // By type: who may not write the one may still write the other.
                ids.len().div_ceil(AT_ONCE) + nested.len().div_ceil(AT_ONCE)
            }
            Damage::MembersCame => {
                let others = self.id("groups", OTHERS);
                for id in &ids {
                    admin.link(&format!("groups/{others}/members/$ref"), id).await;
                }
                ids.len()
            }
            Damage::OwnersGone => {
                let count = first(3);
                for id in &ids[..count] {
                    admin.delete(&format!("groups/{crew}/owners/{id}/$ref")).await;
                }
                count
            }
            // Each owner is given and taken by a request of its own.
            Damage::OwnersReplaced => {
                let count = first(3);
                let others = self.ids(&self.people[10..10 + count]);
                for (id, other) in ids[..count].iter().zip(&others) {
                    admin.link(&format!("groups/{crew}/owners/$ref"), other).await;
                    admin.delete(&format!("groups/{crew}/owners/{id}/$ref")).await;
                }
                2 * count
            }
            // The rule ends before members can be written.
            Damage::GroupDynamic => {
                let rule = json!({ "groupTypes": ["DynamicMembership"],
                    "membershipRule": "user.department -eq \"Nowhere\"" });
                admin.patch(&format!("groups/{crew}"), &rule).await;
                1 + self.people.len().div_ceil(AT_ONCE) + NESTED.len().div_ceil(AT_ONCE)
            }
            Damage::UnitDynamic => {
                let rule = json!({ "membershipType": "Dynamic",
                    "membershipRule": "user.department -eq \"Nowhere\"" });
                admin.patch(&format!("{UNITS}/{unit}"), &rule).await;
                1 + 5
            }
            Damage::UnitMembersGone => {
                let count = first(5);
                for id in &ids[..count] {
                    admin.delete(&format!("{UNITS}/{unit}/members/{id}/$ref")).await;
                }
                count
            }
            // One call takes what is to be given and what is to be taken.
            Damage::Licences => {
                let count = first(6);
                for id in &ids[..count] {
                    self.license(id, &[], &self.skus).await;
                }
                let more = first(10);
                for id in &ids[count..more] {
                    self.license(id, &self.skus[..1], &[]).await;
                }
                more
            }
            // One gives theirs back before the other can have it, and is given one when that has come free.
            Damage::LicencesSwapped => {
                let licensed = self.ids(&LICENSED.map(|person| self.people[person].clone()));
                for (id, (add, remove)) in licensed.iter().zip([(1, 0), (0, 1)]) {
                    let of = |sku: usize| std::slice::from_ref(&self.skus[sku]);
                    self.license(id, of(add), of(remove)).await;
                }
                self.sell_out(true).await;
                3
            }
            Damage::PeopleInBin => {
                self.sell_out(false).await;
                for id in &ids {
                    admin.delete(&format!("users/{id}")).await;
                }
                ids.len()
            }
            Damage::GroupInBin => {
                admin.delete(&format!("groups/{}", self.id("groups", OTHERS))).await;
                1
            }
            Damage::RolesTaken => {
                let count = first(5);
                for one in admin.inner().list("roleManagement/directory/roleAssignments").await.unwrap() {
                    if ids[..count].iter().any(|id| one["principalId"] == **id) {
                        let id = one["id"].as_str().unwrap();
                        admin.delete(&format!("roleManagement/directory/roleAssignments/{id}")).await;
                    }
                }
                count
            }
            Damage::RolesGiven => {
                for id in &ids {
                    self.give_role(id, REPORTS).await;
                }
                ids.len()
            }
            Damage::TermsTaken => {
                for id in self.ids(&self.people[ENDING]) {
                    self.give_for(&id, "adminRemove", None).await;
                }
                ENDING.len()
            }
            Damage::TermsChanged => {
                for id in self.ids(&self.people[ENDING]) {
                    self.give_for(&id, "adminUpdate", Some(200)).await;
                }
                ENDING.len()
            }
            Damage::CustomRole => {
                let changed = desk("microsoft.directory/applications/delete");
                admin.patch(&format!("{ROLES}/{}", self.id(ROLES, DESK)), &changed).await;
                1
            }
            // Settings of the catalog are only taken with all of the policy.
            Damage::CatalogSettings => {
                let path = format!("{CATALOG}/{}", self.id(CATALOG, LOCK));
                admin.write(Method::PUT, &path, &lock(999)).await;
                1
            }
            Damage::Settings => {
                for name in POLICIES {
                    let body = json!({ "@odata.type": "#microsoft.graph.windows10GeneralConfiguration",
                        "description": "x", "passwordRequired": false });
                    admin.patch(&format!("{CONFIGURATIONS}/{}", self.id(CONFIGURATIONS, name)), &body).await;
                }
                POLICIES.len()
            }
            Damage::Assignments => {
                for name in POLICIES {
                    self.assign(name, &[OTHERS]).await;
                }
                POLICIES.len()
            }
            Damage::AssignmentsMore => {
                for name in POLICIES {
                    self.assign(name, &[CREW, OTHERS]).await;
                }
                POLICIES.len()
            }
            Damage::PoliciesGone => {
                for name in POLICIES {
                    admin.delete(&format!("{CONFIGURATIONS}/{}", self.id(CONFIGURATIONS, name))).await;
                }
                2 * POLICIES.len()
            }
            Damage::Made => {
                admin.create_user("New Nilsen", "x").await;
                admin.create_group("New group").await;
                2
            }
            // Each is made and gets their manager; what leads to them is written at its own end.
            Damage::PeopleGone => {
                for id in &ids {
                    self.delete_for_good("users", id).await;
                }
                let has_one = |person: &usize| *person < some.len();
                let licensed = first(6) + LICENSED.iter().filter(|person| has_one(person)).count();
                let alone = first(6) + licensed; // Security attributes, and licences.
                let links = first(3) + first(5) + ids.len().div_ceil(AT_ONCE); // Owners, the unit, the crew.
                let roles = first(5) + ENDING.filter(has_one).count();
                2 * ids.len() + alone + links + roles
            }
            // It comes back with its members.
            Damage::UnitInBin => {
                admin.delete(&format!("{UNITS}/{unit}")).await;
                1
            }
            // Its owners and some of its members come with it.
            Damage::GroupGone => {
                self.delete_for_good("groups", &crew).await;
                let (owners, all) = (3, self.people.len() + NESTED.len());
                1 + (owners + all).saturating_sub(AT_ONCE).div_ceil(AT_ONCE) + POLICIES.len()
            }
        }
    }
}
