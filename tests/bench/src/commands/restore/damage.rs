//! What happens to a tenant before it is restored, through Graph itself, and the preview of taking it back.

use super::What;
use crate::Common;
use crate::simulated::SimulatedCloud;
use crate::workbench::Workbench;
use customer::Administrator;
use domain::TenantId;
use domain::restore::LinkMode;
use engine::records::Restore;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

/// How many requests one batch takes, and how many links one change of a group.
const AT_ONCE: usize = 20;
/// How many times as many members the group has as it loses.
const OF_MEMBERS: usize = 10;
/// Jobs that are not measured have all the time that they want.
const EACH: SignedDuration = SignedDuration::from_hours(12);

/// A tenant that something happens to.
pub struct Scene<'a> {
    pub simulated: &'a SimulatedCloud,
    pub workbench: &'a Workbench,
    pub common: &'a Common,
}

/// As many users as a tenant needs for that damage. Of the seeded ones some are guests, synchronised or administrators.
pub fn users_for(what: What, number: usize) -> usize {
    match what {
        What::Attributes | What::DeletedUsers => number + number / 2 + 50,
        What::Members => number * OF_MEMBERS + 50,
        What::NewMembers => number * (OF_MEMBERS + 1) + 50,
        What::Policies => number.max(50) * 10,
    }
}

impl Scene<'_> {
    /// Does the damage to the tenant, between two snapshots, and previews taking it back.
    pub async fn previewed(&self, what: What, number: usize) -> Result<Restore, String> {
        let tenant: TenantId = self.common.tenant.parse().map_err(|e: domain::Error| e.to_string())?;
        self.workbench.connect(&tenant).await?;
        let admin = self.simulated.cloud.administrator(self.common).await?;
        let chosen = self.choose(&admin, what, number).await?;
        self.snapshot(&tenant).await?;
        self.damage(&admin, what, &chosen).await?;
        let after = self.snapshot(&tenant).await?;
        let (diff, _) = self.workbench.compare(&tenant, &after, EACH).await?;
        let links = if what == What::NewMembers { LinkMode::Rollback } else { LinkMode::Merge };
        let previewed = self.workbench.preview(&diff, links, EACH).await?;
        if previewed.counts.steps == 0 {
            return Err(format!("there is nothing to restore: {:?}", previewed.state));
        }
        Ok(previewed)
    }

    async fn snapshot(&self, tenant: &TenantId) -> Result<domain::SnapshotId, String> {
        let id = self.workbench.ask(tenant).await?;
        self.workbench.take(tenant, &id, EACH).await?;
        Ok(id)
    }

    /// The paths of what will be damaged, which is made where it is not there yet.
    async fn choose(&self, admin: &Administrator, what: What, number: usize) -> Result<Vec<String>, String> {
        let chosen = match what {
            What::Attributes | What::DeletedUsers => self.people(admin, number).await?,
            What::Members | What::NewMembers => {
                let is_new = what == What::NewMembers;
                let mut strangers = self.people(admin, number * (OF_MEMBERS + usize::from(is_new))).await?;
                // Why these first: of the seeded ones not all can be written.
                let people = strangers.split_off(if is_new { number.min(strangers.len()) } else { 0 });
                let group = admin.create_group("Everybody of the benchmark", "Made by hand").await;
                let group = group.map_err(|e| e.to_string())?;
                let group = format!("groups/{group}");
                let added = people.chunks(AT_ONCE).map(|some| self.join(&group, some));
                send_all(admin, added.collect()).await?;
                if is_new {
                    return Ok(std::iter::once(group).chain(strangers).collect());
                }
                let of_group = |id: &String| format!("{group}/members/{id}/$ref");
                return Ok(people.iter().step_by(OF_MEMBERS).map(of_group).collect());
            }
            What::Policies => {
                let listed = admin.list("deviceManagement/configurationPolicies").await;
                let listed = listed.map_err(|e| e.to_string())?;
                listed.iter().filter_map(|p| p["id"].as_str().map(str::to_owned)).take(number).collect()
            }
        };
        if chosen.len() < number {
            return Err(format!("there are only {} to damage", chosen.len()));
        }
        Ok(chosen)
    }

    /// The request that makes these people members of a group.
    fn join(&self, group: &str, people: &[String]) -> Value {
        let graph = &self.simulated.cloud.graph_url;
        let objects = people.iter().map(|id| format!("{graph}/v1.0/directoryObjects/{id}"));
        let body = json!({ "members@odata.bind": objects.collect::<Vec<_>>() });
        request("PATCH", group, Some(body))
    }

    /// Users whom Graph lets one write and create anew: neither guests nor synchronised from elsewhere.
    async fn people(&self, admin: &Administrator, number: usize) -> Result<Vec<String>, String> {
        let all = admin.list("users?$select=id,userType,onPremisesSyncEnabled&$top=999").await;
        let all = all.map_err(|e| e.to_string())?;
        // Why from the last on: administrators are among the first, and whoever holds a role is written by few.
        let own =
            all.iter().rev().filter(|u| u["onPremisesSyncEnabled"] != true && u["userType"] == "Member");
        Ok(own.filter_map(|u| u["id"].as_str().map(str::to_owned)).take(number).collect())
    }

    async fn damage(&self, admin: &Administrator, what: What, chosen: &[String]) -> Result<(), String> {
        let each = |make: &dyn Fn(&String) -> Value| chosen.iter().map(make).collect::<Vec<Value>>();
        match what {
            What::Attributes => {
                let body = json!({ "jobTitle": "Changed by mistake" });
                let all = each(&|id| request("PATCH", &format!("users/{id}"), Some(body.clone())));
                send_all(admin, all).await
            }
            What::DeletedUsers => {
                send_all(admin, each(&|id| request("DELETE", &format!("users/{id}"), None))).await?;
                let purged = each(&|id| request("DELETE", &format!("directory/deletedItems/{id}"), None));
                send_all(admin, purged).await
            }
            What::Members => send_all(admin, each(&|path| request("DELETE", path, None))).await,
            What::NewMembers => {
                let (group, strangers) = chosen.split_first().ok_or("nobody is to join")?;
                let all = strangers.chunks(AT_ONCE).map(|some| self.join(group, some));
                send_all(admin, all.collect()).await
            }
            What::Policies => {
                for id in chosen {
                    let path = format!("deviceManagement/configurationPolicies/{id}");
                    let body = json!({ "description": "Changed by mistake" });
                    admin.patch(&path, &body).await.map_err(|e| e.to_string())?;
                }
                Ok(())
            }
        }
    }
}

fn request(method: &str, path: &str, body: Option<Value>) -> Value {
    let mut request = json!({ "method": method, "url": format!("/{path}") });
    if let Some(body) = body {
        request["headers"] = json!({ "Content-Type": "application/json" });
        request["body"] = body;
    }
    request
}

/// Sends them in batches; each has to be taken.
async fn send_all(admin: &Administrator, mut requests: Vec<Value>) -> Result<(), String> {
    for some in requests.chunks_mut(AT_ONCE) {
        for (number, request) in some.iter_mut().enumerate() {
            request["id"] = json!(number.to_string());
        }
        let sent = admin.write(Method::POST, "$batch", &json!({ "requests": some })).await;
        let body = sent.map_err(|e| e.to_string())?;
        let answers = body["responses"].as_array().ok_or("a batch has no answers")?;
        if let Some(bad) = answers.iter().find(|a| a["status"].as_u64().is_none_or(|s| s >= 300)) {
            return Err(format!("the damage was refused: {bad}"));
        }
    }
    Ok(())
}
