//! What is looked at for each question. Every request is a GET, of few objects; of the answers only what [`Fact`] can hold
//! goes on.

use super::questions::Probe;
use super::{Code, Fact, Facts};
use domain::kinds::ApiVersion;
use domain::{Result, TenantId};
use graph::{GraphClient, Looked};
use serde_json::Value;
use std::collections::BTreeSet;

/// So many pages of a chain are followed at the most.
const MOST_PAGES: usize = 30;

/// A list with a directory extension that no tenant has.
const NO_EXTENSION: &str = "users?$select=id,extension_00000000000000000000000000000000_none&$top=1";

/// Asks one tenant, and only ever reads.
pub(super) struct Asker {
    pub(super) client: GraphClient,
    pub(super) tenant: TenantId,
    /// What the token may do.
    pub(super) roles: Vec<String>,
}

fn count(number: usize) -> Fact {
    Fact::Count(number as u64)
}

fn items(looked: &Looked) -> &[Value] {
    looked.body["value"].as_array().map_or(&[], Vec::as_slice)
}

fn next(looked: &Looked) -> Option<&str> {
    looked.body["@odata.nextLink"].as_str()
}

/// The status of an answer and, where it is a refusal, its code.
fn answered(looked: &Looked) -> Facts {
    let mut facts = Facts::from([("status", Fact::Count(u64::from(looked.status)))]);
    if looked.status >= 400 {
        let code = looked.body["error"]["code"].as_str().and_then(Code::of);
        facts.insert("code", code.map_or(Fact::Word("none"), Fact::Code));
    }
    facts
}

/// What a property is in each of those objects: left out, null or empty, or a value.
fn shapes(objects: &[Value], property: &str) -> [(&'static str, Fact); 3] {
    let is_empty = |value: &&Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    let there: Vec<&Value> = objects.iter().filter_map(|object| object.get(property)).collect();
    let empty = there.iter().filter(|value| is_empty(value)).count();
    [
        ("absent", count(objects.len() - there.len())),
        ("empty", count(empty)),
        ("with a value", count(there.len() - empty)),
    ]
}

impl Asker {
    async fn v1(&self, below: &str) -> Result<Looked> {
        self.client.look(&self.tenant, ApiVersion::V1, below).await
    }

    fn may(&self, permission: &str) -> Fact {
        Fact::Is(self.roles.iter().any(|role| role == permission))
    }

    /// The first page and those that follow it, few of them; whether the last of them is the last of all.
    async fn pages(&self, below: &str) -> Result<(Vec<Looked>, bool)> {
        let mut pages = vec![self.v1(below).await?];
        while let Some(link) = pages.last().and_then(next).map(str::to_owned) {
            if pages.len() == MOST_PAGES {
                return Ok((pages, false));
            }
            pages.push(self.client.look_on(&self.tenant, &link).await?);
        }
        Ok((pages, true))
    }

    /// Looks at what answers a question.
    ///
    /// # Errors
    /// Where there is no answer. A refusal is one.
    pub(super) async fn probe(&self, probe: Probe) -> Result<Facts> {
        match probe {
            Probe::ExpandedSettings => self.expanded_settings().await,
            Probe::DeltaSecurityAttributes => self.delta_security_attributes().await,
            Probe::TopOverMaximum => self.page_of("users?$select=id&$top=1000").await,
            Probe::ListPage => self.page_of("users?$select=id&$top=999").await,
            Probe::DeltaPage => self.page_of("users/delta?$select=id").await,
            Probe::DeltaLinks => self.delta_links().await,
            Probe::GroupRound => self.group_round().await,
            Probe::FirstRoundEmpty => self.first_round_empty().await,
            Probe::LeaveDate => self.leave_date().await,
            Probe::HiddenMembers => self.hidden_members().await,
            Probe::DeletedGroups => self.deleted_groups().await,
            Probe::DeletedUser => self.deleted_user().await,
            Probe::RolesForATime => self.roles_for_a_time().await,
            Probe::SameOrder => self.same_order().await,
            Probe::Delta => self.delta().await,
            Probe::Premium => self.premium().await,
            Probe::Unlicensed => self.unlicensed().await,
            Probe::UnknownExtension => self.page_of(NO_EXTENSION).await,
        }
    }

    async fn page_of(&self, below: &str) -> Result<Facts> {
        let looked = self.v1(below).await?;
        let mut facts = answered(&looked);
        facts.insert("objects", count(items(&looked).len()));
        facts.insert("more follow", Fact::Is(next(&looked).is_some()));
        Ok(facts)
    }

    async fn expanded_settings(&self) -> Result<Facts> {
        let below = "deviceManagement/configurationPolicies?$expand=settings&$top=100";
        let looked = self.client.look(&self.tenant, ApiVersion::Beta, below).await?;
        let mut facts = answered(&looked);
        let held = |policy: &Value| policy["settings"].as_array().map_or(0, Vec::len) as u64;
        let counted = |policy: &Value| policy["settingCount"].as_u64().unwrap_or_default();
        let short: Vec<&Value> = items(&looked).iter().filter(|p| held(p) < counted(p)).collect();
        let linked = short.iter().filter(|policy| policy.get("settings@odata.nextLink").is_some());
        facts.extend([
            ("policies", count(items(&looked).len())),
            ("most settings of one", Fact::Count(items(&looked).iter().map(counted).max().unwrap_or(0))),
            ("short of settings with a link", count(linked.count())),
            ("short of settings", count(short.len())),
        ]);
        Ok(facts)
    }

    async fn delta_security_attributes(&self) -> Result<Facts> {
        let (list, _) = self.pages("users?$select=id,customSecurityAttributes&$top=999").await?;
        let round = self.v1("users/delta?$select=id,customSecurityAttributes").await?;
        let mut facts = answered(&round);
        let has = |user: &&Value| user["customSecurityAttributes"].is_object();
        let of_list: usize = list.iter().map(|page| items(page).iter().filter(has).count()).sum();
        facts.extend([
            ("listed with attributes", count(of_list)),
            ("in the round's first page with attributes", count(items(&round).iter().filter(has).count())),
            ("objects in that page", count(items(&round).len())),
        ]);
        Ok(facts)
    }

    async fn delta_links(&self) -> Result<Facts> {
        let (pages, _) = self.pages("groups/delta?$select=id,members").await?;
        let links = |page: &Looked| -> usize {
            items(page).iter().filter_map(|group| group["members@delta"].as_array()).map(Vec::len).sum()
        };
        let mut facts = answered(&pages[0]);
        facts.insert("most members in a page", count(pages.iter().map(links).max().unwrap_or(0)));
        facts.insert("pages", count(pages.len()));
        Ok(facts)
    }

    async fn group_round(&self) -> Result<Facts> {
        let (pages, is_all) = self.pages("groups/delta?$select=id,members").await?;
        let links: Vec<&str> = pages.iter().filter_map(next).collect();
        let distinct: BTreeSet<&str> = links.iter().copied().collect();
        let mut facts = answered(&pages[0]);
        facts.insert("pages", count(pages.len()));
        facts.insert("ended", Fact::Is(is_all));
        facts.insert("links that came twice", count(links.len() - distinct.len()));
        Ok(facts)
    }

    async fn first_round_empty(&self) -> Result<Facts> {
        let round = self.v1("users/delta?$select=id,displayName,faxNumber,department").await?;
        let mut facts = answered(&round);
        facts.extend(shapes(items(&round), "faxNumber"));
        Ok(facts)
    }

    async fn leave_date(&self) -> Result<Facts> {
        let looked = self.v1("users?$select=id,employeeLeaveDateTime&$top=100").await?;
        let mut facts = answered(&looked);
        facts.insert("permitted", self.may("User-LifeCycleInfo.Read.All"));
        facts.extend(shapes(items(&looked), "employeeLeaveDateTime"));
        Ok(facts)
    }

    async fn hidden_members(&self) -> Result<Facts> {
        let (pages, _) = self.pages("groups?$select=id,visibility&$top=999").await?;
        let groups = pages.iter().flat_map(items);
        let hidden: Vec<&Value> = groups.filter(|group| group["visibility"] == "HiddenMembership").collect();
        let mut facts = Facts::from([
            ("permitted", self.may("Member.Read.Hidden")),
            ("groups with hidden members", count(hidden.len())),
        ]);
        if let Some(id) = hidden.first().and_then(|group| group["id"].as_str()) {
            let looked = self.v1(&format!("groups/{id}/members?$select=id&$top=5")).await?;
            facts.extend(answered(&looked));
            facts.insert("shows members", Fact::Is(!items(&looked).is_empty()));
        }
        Ok(facts)
    }

    async fn deleted_groups(&self) -> Result<Facts> {
        let below = "directory/deletedItems/microsoft.graph.group?$select=id,groupTypes,securityEnabled";
        let (pages, _) = self.pages(below).await?;
        let is_security = |group: &&Value| {
            let is_unified = |kind: &Value| kind == "Unified";
            group["securityEnabled"] == true
                && !group["groupTypes"].as_array().is_some_and(|kinds| kinds.iter().any(is_unified))
        };
        let mut facts = answered(&pages[0]);
        let all = || pages.iter().flat_map(items);
        facts.insert("deleted groups", count(all().count()));
        facts.insert("of these security groups", count(all().filter(is_security).count()));
        Ok(facts)
    }

    /// What the recycle bin shows of one user, and whether they are called there as before.
    async fn deleted_user(&self) -> Result<Facts> {
        let deleted = self.v1("directory/deletedItems/microsoft.graph.user?$select=id&$top=1").await?;
        let mut facts = answered(&deleted);
        facts.insert("deleted users", count(items(&deleted).len()));
        if let Some(id) = items(&deleted).first().and_then(|user| user["id"].as_str()) {
            let select = "id,userPrincipalName,jobTitle,department,assignedLicenses";
            let looked = self.v1(&format!("directory/deletedItems/{id}?$select={select}")).await?;
            facts.extend(answered(&looked));
            let is_given = |property: &&str| looked.body.get(*property).is_some();
            facts.insert("selected properties given", count(select.split(',').filter(is_given).count()));
            let name = looked.body["userPrincipalName"].as_str().unwrap_or_default();
            facts.insert("name begins with the id", Fact::Is(name.starts_with(&id.replace('-', ""))));
        }
        Ok(facts)
    }

    /// Whether those of the active assignments of Privileged Identity Management are among the role assignments too.
    async fn roles_for_a_time(&self) -> Result<Facts> {
        let fact = |of: &Value| {
            let part = |name: &str| of[name].as_str().unwrap_or_default().to_owned();
            [part("principalId"), part("roleDefinitionId"), part("directoryScopeId")]
        };
        let (instances, _) =
            self.pages("roleManagement/directory/roleAssignmentScheduleInstances?$top=999").await?;
        let (assignments, _) = self.pages("roleManagement/directory/roleAssignments?$top=999").await?;
        let assigned: BTreeSet<_> = assignments.iter().flat_map(items).map(fact).collect();
        let is_activated = |one: &Value| one["assignmentType"] == "Activated";
        let is_until = |one: &Value| one["assignmentType"] == "Assigned" && one["endDateTime"].is_string();
        let all = || instances.iter().flat_map(items);
        let until: Vec<_> = all().filter(|one| is_until(one)).map(fact).collect();
        let activated: Vec<_> = all().filter(|one| is_activated(one)).map(fact).collect();
        let among = |active: &[_]| count(active.iter().filter(|one| assigned.contains(*one)).count());
        let mut facts = answered(&instances[0]);
        facts.insert("until a date", count(until.len()));
        facts.insert("of these among the assignments", among(&until));
        facts.insert("activated", count(activated.len()));
        facts.insert("of the activated among the assignments", among(&activated));
        Ok(facts)
    }

    async fn same_order(&self) -> Result<Facts> {
        let below = "users?$select=id&$top=50";
        let (one, other) = (self.v1(below).await?, self.v1(below).await?);
        let mut facts = answered(&one);
        facts.insert("objects", count(items(&one).len()));
        facts.insert("same order", Fact::Is(items(&one) == items(&other)));
        Ok(facts)
    }

    async fn delta(&self) -> Result<Facts> {
        let looked = self.v1("users/delta?$select=id&$deltatoken=latest").await?;
        let mut facts = answered(&looked);
        facts.insert("gives a link", Fact::Is(looked.body["@odata.deltaLink"].is_string()));
        Ok(facts)
    }

    async fn premium(&self) -> Result<Facts> {
        let units = self.v1("directory/administrativeUnits?$select=id").await?;
        let attributes = self.v1("users?$select=id,customSecurityAttributes&$top=5").await?;
        let mut facts = Facts::from([
            ("licensed for P1 or P2", self.has_plan(&["AAD_PREMIUM"]).await?),
            ("status of administrative units", Fact::Count(u64::from(units.status))),
            ("status of security attributes", Fact::Count(u64::from(attributes.status))),
        ]);
        for (name, looked) in [("code of units", &units), ("code of attributes", &attributes)] {
            facts.extend(answered(looked).remove("code").map(|code| (name, code)));
        }
        Ok(facts)
    }

    async fn unlicensed(&self) -> Result<Facts> {
        let below = "deviceManagement/deviceConfigurations?$select=id";
        let policies = self.client.look(&self.tenant, ApiVersion::Beta, below).await?;
        let schedules = self.v1("roleManagement/directory/roleEligibilitySchedules?$top=5").await?;
        let mut facts = Facts::from([
            ("licensed for Intune", self.has_plan(&["INTUNE"]).await?),
            ("status of policies", Fact::Count(u64::from(policies.status))),
            ("policies", count(items(&policies).len())),
            ("licensed for P2", self.has_plan(&["AAD_PREMIUM_P2"]).await?),
            ("status of schedules", Fact::Count(u64::from(schedules.status))),
            ("schedules", count(items(&schedules).len())),
        ]);
        for (name, looked) in [("code of policies", &policies), ("code of schedules", &schedules)] {
            facts.extend(answered(looked).remove("code").map(|code| (name, code)));
        }
        Ok(facts)
    }

    /// Whether a usable subscription has a plan whose name begins like that.
    async fn has_plan(&self, plans: &[&str]) -> Result<Fact> {
        let skus = self.v1("subscribedSkus").await?;
        if skus.status != 200 {
            return Ok(Fact::Word("not known"));
        }
        let is_of = |plan: &Value| {
            let name = plan["servicePlanName"].as_str().unwrap_or_default();
            plan["provisioningStatus"] != "Disabled" && plans.iter().any(|start| name.starts_with(start))
        };
        let gives = |sku: &Value| sku["servicePlans"].as_array().into_iter().flatten().any(is_of);
        let is_usable = |sku: &&Value| sku["capabilityStatus"] == "Enabled";
        Ok(Fact::Is(items(&skus).iter().filter(is_usable).any(gives)))
    }
}
