//! Whether a user can consent in a tenant: who holds the roles that can, and whether the user is among them.
//!
//! Asked by role, not by user: a role is held by few, and of each holder it is told what it is. Roles are known by their
//! template id, which is a built-in role's id in every tenant.
//! Source: learn.microsoft.com/graph/api/rbacapplication-list-roleassignments,
//! rbacapplication-list-roleassignmentscheduleinstances, group-list-transitivemembers.

use crate::{
    GraphClient,
    call::Ask,
    cost::read_units,
    select::{collection, encoded, equals, with_query},
};
use domain::{Error, Result, TenantId, Timestamp, kinds::ApiVersion, organisations::MAY_CONSENT};
use engine::ports::ConsentStanding;
use serde_json::Value;
use std::collections::BTreeSet;

/// What holds in the whole tenant.
const WHOLE: &str = "/";
const HOLDERS: &str = "reading who holds a role";
const PERSON: &str = "reading whether the tenant holds somebody";
const MEMBERS: &str = "reading who is in a group that holds a role";

/// A holder of a role that may be a group.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Is {
    TheUser,
    Other,
    MaybeGroup,
}

impl GraphClient {
    /// What a user is to the tenant: see [`engine::ports::DirectoryAccess::standing`].
    pub(crate) async fn standing(&self, tenant: &TenantId, user: &str) -> Result<ConsentStanding> {
        if self.holds_a_role(tenant, user).await? {
            return Ok(ConsentStanding::MayConsent);
        }
        Ok(if self.is_there(tenant, user).await? {
            ConsentStanding::NoRole
        } else {
            ConsentStanding::NotThere
        })
    }

    async fn holds_a_role(&self, tenant: &TenantId, user: &str) -> Result<bool> {
        // Why both, though Graph shows what is active among the assignments: that it does is not documented of each.
        let mut looked_at = BTreeSet::new();
        for is_active in [false, true] {
            let mut groups = BTreeSet::new();
            for role in MAY_CONSENT {
                let holders = if is_active {
                    self.active(tenant, role).await?
                } else {
                    self.assigned(tenant, role).await?
                };
                if self.is_among(holders, user, &mut groups)? {
                    return Ok(true);
                }
            }
            for group in groups {
                if looked_at.insert(group.clone()) && self.is_member(tenant, &group, user).await? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    async fn assigned(&self, tenant: &TenantId, role: &str) -> Result<Vec<Value>> {
        let below = of_role("roleManagement/directory/roleAssignments", role);
        let ask =
            Ask::get(self.address(ApiVersion::V1, &below)?, read_units(&below, false, true, None), HOLDERS);
        let first = collection(self.ask(tenant, &ask).await?.success(HOLDERS)?, HOLDERS)?;
        self.all_of(tenant, first, ask.units, HOLDERS).await
    }

    /// What Privileged Identity Management has in force; nothing where the tenant has not bought it.
    async fn active(&self, tenant: &TenantId, role: &str) -> Result<Vec<Value>> {
        let below = of_role("roleManagement/directory/roleAssignmentScheduleInstances", role);
        let ask =
            Ask::get(self.address(ApiVersion::V1, &below)?, read_units(&below, false, true, None), HOLDERS);
        let reply = self.ask(tenant, &ask).await?;
        if !reply.is_success() && reply.error_answer().needs_licence() {
            return Ok(Vec::new());
        }
        let first = collection(reply.success(HOLDERS)?, HOLDERS)?;
        self.all_of(tenant, first, ask.units, HOLDERS).await
    }

    /// Whether the user is one of the holders; those who may be groups are kept for later.
    fn is_among(&self, holders: Vec<Value>, user: &str, groups: &mut BTreeSet<String>) -> Result<bool> {
        for holder in holders {
            let principal = holder.get("principalId").and_then(Value::as_str);
            let principal = principal.ok_or_else(|| Error::unavailable(format!("{HOLDERS}: of nobody")))?;
            if !is_tenant_wide(&holder) || !is_in_force(&holder, self.now())? {
                continue;
            }
            match what_is(&holder, principal, user) {
                Is::TheUser => return Ok(true),
                Is::MaybeGroup => drop(groups.insert(principal.to_owned())),
                Is::Other => {}
            }
        }
        Ok(false)
    }

    async fn is_there(&self, tenant: &TenantId, user: &str) -> Result<bool> {
        let path = format!("users/{}", encoded(user));
        let below = with_query(&path, &["id"], "", None);
        let units = read_units(&path, true, false, None);
        let reply = self.ask(tenant, &Ask::get(self.address(ApiVersion::V1, &below)?, units, PERSON)).await?;
        match reply.status {
            404 => Ok(false),
            // Why no error: the roles were seen, and this only says what to advise.
            403 => Ok(true),
            _ => reply.success(PERSON).map(|_| true),
        }
    }

    async fn is_member(&self, tenant: &TenantId, group: &str, user: &str) -> Result<bool> {
        let path = format!("groups/{}/transitiveMembers", encoded(group));
        let units = read_units(&path, true, false, Some(999));
        let below = with_query(&path, &["id"], "", Some(999));
        let reply =
            self.ask(tenant, &Ask::get(self.address(ApiVersion::V1, &below)?, units, MEMBERS)).await?;
        // Why: the holder is no group, or it is gone, and then it gives nobody a role.
        if reply.status == 404 {
            return Ok(false);
        }
        let first = collection(reply.success(MEMBERS)?, MEMBERS)?;
        let members = self.all_of(tenant, first, units, MEMBERS).await?;
        Ok(members.iter().any(|m| m["id"].as_str().is_some_and(|id| id.eq_ignore_ascii_case(user))))
    }
}

fn of_role(path: &str, role: &str) -> String {
    format!("{path}?$filter={}&$expand=principal", equals("roleDefinitionId", role))
}

/// Whether it holds in the whole tenant: not over an administrative unit, an object or an application.
fn is_tenant_wide(holder: &Value) -> bool {
    holder["directoryScopeId"] == WHOLE
}

/// Whether it has begun and has not ended; an assignment without times is in force.
fn is_in_force(holder: &Value, now: Timestamp) -> Result<bool> {
    let time = |name: &str| match holder.get(name).and_then(Value::as_str) {
        None => Ok(None),
        Some(text) => text
            .parse::<Timestamp>()
            .map(Some)
            .map_err(|e| Error::unavailable(format!("{HOLDERS}: a time that is none")).caused_by(e)),
    };
    let (start, end) = (time("startDateTime")?, time("endDateTime")?);
    Ok(start.is_none_or(|at| at <= now) && end.is_none_or(|at| at > now))
}

fn what_is(holder: &Value, principal: &str, user: &str) -> Is {
    if principal.eq_ignore_ascii_case(user) {
        return Is::TheUser;
    }
    match holder.pointer("/principal/@odata.type").and_then(Value::as_str) {
        Some("#microsoft.graph.user" | "#microsoft.graph.servicePrincipal") => Is::Other,
        _ => Is::MaybeGroup,
    }
}
