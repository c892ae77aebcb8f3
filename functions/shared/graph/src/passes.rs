//! Temporary Access Passes: what an answer says of one, which there are, and what the tenant's policy allows.
//!
//! Source: learn.microsoft.com/graph/api/authentication-post-temporaryaccesspassmethods and
//! temporaryaccesspassauthenticationmethodconfiguration-get. Invariant: a pass is in the one value that hides it, and in
//! no error.

use crate::{
    GraphClient,
    call::Ask,
    select::{collection, one},
};
use domain::restore::{AccessPassPolicy, KnownAccessPassPolicy};
use domain::{
    Error, Result, TenantId, Timestamp,
    kinds::{ApiVersion, Kind},
};
use engine::ports::{HeldPass, IssuedPass, Secret};
use serde_json::Value;

const LISTING: &str = "reading the Temporary Access Passes of somebody";
const READING_POLICY: &str = "reading the policy for Temporary Access Passes";
const POLICY: &str =
    "policies/authenticationMethodsPolicy/authenticationMethodConfigurations/temporaryAccessPass";
/// Why a pass is good for nothing any more, as Graph puts it (`methodUsabilityReason`).
const OVER: [&str; 2] = ["Expired", "OneTimeUsed"];
/// The group that stands for everybody, in a policy's targets.
const EVERYBODY: &str = "all_users";

/// Where the passes of an object are.
pub(crate) fn passes_of(kind: &Kind, id: &str) -> Result<String> {
    let passes =
        kind.writing.passes.ok_or_else(|| Error::invalid(format!("{} have no passes", kind.name)))?;
    Ok(format!("{}/{}", one(kind, id), passes.path))
}

/// The pass that an answer has. Why its absence is no refusal: one was made, and nobody knows it.
pub(crate) fn issued(body: &Value, what: &str) -> Result<IssuedPass> {
    let lacks =
        |name: &str| Error::unavailable(format!("{what}: Graph made a pass and did not say its {name}"));
    let text = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let pass = text("temporaryAccessPass").ok_or_else(|| lacks("text"))?;
    let starts_at = text("startDateTime").or_else(|| text("createdDateTime"));
    let starts_at: Option<Timestamp> = starts_at.and_then(|at| at.parse().ok());
    let lifetime = body.get("lifetimeInMinutes").and_then(Value::as_u64).and_then(|m| u32::try_from(m).ok());
    Ok(IssuedPass {
        pass: Secret::new(pass),
        starts_at: starts_at.ok_or_else(|| lacks("start"))?,
        lifetime_in_minutes: lifetime.ok_or_else(|| lacks("lifetime"))?,
        is_usable_once: body.get("isUsableOnce").and_then(Value::as_bool).unwrap_or_default(),
    })
}

fn held(item: &Value) -> Option<HeldPass> {
    let text = |name: &str| item.get(name).and_then(Value::as_str);
    let reason = text("methodUsabilityReason").unwrap_or_default();
    Some(HeldPass {
        id: text("id")?.to_owned(),
        created_at: text("createdDateTime").and_then(|at| at.parse().ok()),
        is_over: OVER.iter().any(|over| over.eq_ignore_ascii_case(reason)),
        lifetime_in_minutes: item
            .get("lifetimeInMinutes")
            .and_then(Value::as_u64)
            .and_then(|minutes| u32::try_from(minutes).ok()),
        is_usable_once: item.get("isUsableOnce").and_then(Value::as_bool).unwrap_or_default(),
    })
}

impl GraphClient {
    /// The passes that somebody has.
    pub(crate) async fn list_passes(
        &self,
        tenant: &TenantId,
        kind: &'static Kind,
        id: &str,
    ) -> Result<Vec<HeldPass>> {
        let url = self.address(kind.version, &passes_of(kind, id)?)?;
        let reply = self.ask(tenant, &Ask::get(url, 1, LISTING)).await?;
        let page = collection(reply.success(LISTING)?, LISTING)?;
        let lacks_id = || Error::unavailable(format!("{LISTING}: one has no id"));
        page.items.iter().map(|item| held(item).ok_or_else(lacks_id)).collect()
    }

    /// What the tenant's policy says of passes; `Unknown` where the token may not see it.
    pub(crate) async fn access_pass_policy(&self, tenant: &TenantId) -> Result<KnownAccessPassPolicy> {
        let ask = Ask::get(self.address(ApiVersion::V1, POLICY)?, 1, READING_POLICY);
        let reply = self.ask(tenant, &ask).await?;
        if matches!(reply.status, 400 | 403 | 404) {
            return Ok(KnownAccessPassPolicy::Unknown);
        }
        // What cannot be read of it is not known: nothing is called impossible for that.
        let known = policy(&reply.success(READING_POLICY)?);
        Ok(known.map_or(KnownAccessPassPolicy::Unknown, KnownAccessPassPolicy::Known))
    }
}

fn policy(body: &Value) -> Option<AccessPassPolicy> {
    let minutes = |name: &str| body.get(name)?.as_u64().and_then(|minutes| u32::try_from(minutes).ok());
    let targets = |name: &str| body.get(name).and_then(Value::as_array).into_iter().flatten();
    let for_everybody =
        targets("includeTargets").any(|target| target.get("id").is_some_and(|id| id == EVERYBODY));
    Some(AccessPassPolicy {
        is_enabled: body.get("state")?.as_str()?.eq_ignore_ascii_case("enabled"),
        fewest_minutes: minutes("minimumLifetimeInMinutes")?,
        most_minutes: minutes("maximumLifetimeInMinutes")?,
        usual_minutes: minutes("defaultLifetimeInMinutes")?,
        once_only: body.get("isUsableOnce").and_then(Value::as_bool).unwrap_or_default(),
        is_for_all: for_everybody && targets("excludeTargets").next().is_none(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_answer_to_a_pass_that_was_made_gives_it_and_shows_it_to_nobody() {
        let answer = json!({"id": "p", "temporaryAccessPass": "+drkzqAD", "createdDateTime": "2022-06-02T16:21:09.765173Z",
            "startDateTime": "2022-06-05T00:00:00Z", "lifetimeInMinutes": 60, "isUsableOnce": false,
            "isUsable": false, "methodUsabilityReason": "NotYetValid"});
        let pass = issued(&answer, "a pass").unwrap();
        assert_eq!(pass.pass.expose(), "+drkzqAD");
        assert_eq!(
            (pass.starts_at.to_string().as_str(), pass.lifetime_in_minutes),
            ("2022-06-05T00:00:00Z", 60)
        );
        assert!(!format!("{pass:?}").contains("drkzqAD"));
    }

    #[test]
    fn a_pass_that_is_not_said_is_one_that_nobody_knows() {
        let error = issued(&json!({"id": "p", "temporaryAccessPass": null}), "a pass").unwrap_err();
        assert_eq!(error.kind(), domain::ErrorKind::Unavailable);
    }

    #[test]
    fn a_policy_without_what_decides_is_not_known() {
        let whole = json!({"state": "enabled", "defaultLifetimeInMinutes": 60, "minimumLifetimeInMinutes": 60,
            "maximumLifetimeInMinutes": 480, "isUsableOnce": true,
            "includeTargets": [{"targetType": "group", "id": "all_users"}]});
        let known = policy(&whole).unwrap();
        assert!(known.is_enabled && known.is_for_all && known.once_only);
        assert_eq!((known.fewest_minutes, known.usual_minutes, known.most_minutes), (60, 60, 480));
        let mut part = whole;
        part.as_object_mut().unwrap().remove("state");
        assert_eq!(policy(&part), None);
    }
}
