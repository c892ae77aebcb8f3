//! Temporary Access Passes, and the policy that allows them. Source: "Create temporaryAccessPassMethod", "List
//! temporaryAccessPassMethods", "Delete temporaryAccessPassAuthenticationMethod",
//! "temporaryAccessPassAuthenticationMethodConfiguration resource type", and for guests "Configure Temporary Access Pass".

use jiff::Timestamp;
use serde_json::{Value, json};

use super::call::{Call, Outcome, Reply};
use super::error::{Failure, bad, missing};
use super::{lists, roles, users};
use crate::clock::{iso, iso_with_fraction};
use crate::state::Directory;

const PASSES: &str = "temporaryAccessPassMethods";
const POLICIES: &str = "authenticationMethodConfigurations";
const POLICY: &str = "TemporaryAccessPass";
/// The least and the most minutes of any pass.
const MINUTES: std::ops::RangeInclusive<i64> = 10..=43_200;

/// The policy as a tenant has it that allows passes and changed nothing else.
fn usual_policy() -> Value {
    json!({
        "@odata.type": "#microsoft.graph.temporaryAccessPassAuthenticationMethodConfiguration",
        "id": POLICY, "state": "enabled", "defaultLifetimeInMinutes": 60, "defaultLength": 8,
        "minimumLifetimeInMinutes": 60, "maximumLifetimeInMinutes": 480, "isUsableOnce": false,
        "includeTargets": [{"targetType": "group", "id": "all_users", "isRegistrationRequired": false}],
        "excludeTargets": [],
    })
}

fn policy_of(d: &Directory) -> Value {
    d.docs(POLICIES).get(POLICY).cloned().unwrap_or_else(usual_policy)
}

/// Changes the policy: what is named, as it says.
pub(crate) fn change_policy(d: &mut Directory, changes: &Value) {
    let mut policy = policy_of(d);
    for (name, value) in changes.as_object().into_iter().flatten() {
        policy[name] = value.clone();
    }
    d.docs_mut(POLICIES).insert(POLICY, policy);
}

/// Answers the policy.
pub(super) fn policy(call: &Call, d: &Directory) -> Reply {
    let mut policy = policy_of(d);
    policy["@odata.context"] = json!(call.context("authenticationMethodConfigurations/$entity"));
    Reply::json(200, &policy)
}

/// A pass as it is shown after it was made. Nobody signs in here, so none is used.
fn shown(d: &Directory, pass: &Value) -> Value {
    let starts: Option<Timestamp> = pass["startDateTime"].as_str().and_then(|at| at.parse().ok());
    let starts = starts.map_or(0, Timestamp::as_second);
    let ends = starts + pass["lifetimeInMinutes"].as_i64().unwrap_or_default() * 60;
    let now = d.now();
    let reason = match () {
        () if now >= ends => "Expired",
        () if policy_of(d)["state"] != json!("enabled") => "DisabledByPolicy",
        () if now < starts => "NotYetValid",
        () => "EnabledByPolicy",
    };
    let mut shown = pass.clone();
    shown.as_object_mut().expect("a pass is an object").remove("user");
    shown["temporaryAccessPass"] = Value::Null;
    shown["isUsable"] = json!(reason == "EnabledByPolicy");
    shown["methodUsabilityReason"] = json!(reason);
    shown
}

fn passes_of<'a>(d: &'a Directory, user: &'a str) -> impl Iterator<Item = &'a Value> {
    d.docs(PASSES).iter().filter(move |pass| pass["user"] == json!(user))
}

/// Answers the passes of a user.
pub(super) fn list(call: &Call, d: &Directory, id: &str) -> Outcome {
    let user = d.object(users::find(d, id)?).id.to_string();
    let list: Vec<Value> = passes_of(d, &user).map(|pass| shown(d, pass)).collect();
    let context = call.context(&format!("users('{user}')/authentication/{PASSES}"));
    Ok(Reply::json(200, &json!({ "@odata.context": context, "value": list })))
}

/// Makes a pass for a user, and shows it this once.
pub(super) fn create(call: &Call, d: &mut Directory, id: &str) -> Outcome {
    let index = users::find(d, id)?;
    roles::refuse_restricted(call, d, index)?;
    let body = call.object()?;
    let policy = policy_of(d);
    if policy["state"] != json!("enabled") {
        return Err(bad("Temporary Access Pass is not enabled by the authentication methods policy."));
    }
    if lists::property(d, index, "userPrincipalName").as_str().is_some_and(|name| name.contains("#EXT#")) {
        return Err(bad("Temporary Access Pass cannot be added to an external guest user."));
    }
    let minutes = lifetime(&policy, body.get("lifetimeInMinutes"))?;
    let once = policy["isUsableOnce"] == json!(true) || body.get("isUsableOnce") == Some(&json!(true));
    let user = d.object(index).id.to_string();
    let former: Vec<Value> = passes_of(d, &user).cloned().collect();
    let is_over = |pass: &Value| shown(d, pass)["methodUsabilityReason"] == "Expired";
    if call.switches.second_pass_refused && !former.iter().all(is_over) {
        return Err(bad("The user already has a Temporary Access Pass."));
    }
    for pass in former {
        d.docs_mut(PASSES).remove(pass["id"].as_str().unwrap_or_default());
    }
    let (made, now) = (d.new_id(), d.now());
    let start = body.get("startDateTime").cloned().unwrap_or_else(|| json!(iso(now)));
    let pass = json!({
        "id": made.to_string(), "user": user, "createdDateTime": iso_with_fraction(now, 0), "startDateTime": start,
        "lifetimeInMinutes": minutes, "isUsableOnce": once,
    });
    d.docs_mut(PASSES).insert(&made.to_string(), pass.clone());
    let mut answer = shown(d, &pass);
    answer["temporaryAccessPass"] = json!(text_of(&made.to_string()));
    answer["@odata.context"] =
        json!(call.context(&format!("users('{user}')/authentication/{PASSES}/$entity")));
    Ok(Reply::json(201, &answer))
}

/// The pass of that id, which nobody else makes.
fn text_of(id: &str) -> String {
    format!("+tap{}", id.chars().filter(char::is_ascii_hexdigit).rev().take(12).collect::<String>())
}

fn lifetime(policy: &Value, asked: Option<&Value>) -> Result<i64, Failure> {
    let of = |name: &str| policy[name].as_i64().unwrap_or_default();
    let Some(asked) = asked.filter(|asked| !asked.is_null()) else {
        return Ok(of("defaultLifetimeInMinutes"));
    };
    let allowed = of("minimumLifetimeInMinutes")..=of("maximumLifetimeInMinutes");
    let minutes = asked.as_i64().filter(|minutes| MINUTES.contains(minutes) && allowed.contains(minutes));
    minutes.ok_or_else(|| bad("The lifetime is outside what the authentication methods policy allows."))
}

/// Takes a pass away.
pub(super) fn delete(d: &mut Directory, id: &str, pass: &str) -> Outcome {
    let user = d.object(users::find(d, id)?).id.to_string();
    if !passes_of(d, &user).any(|known| known["id"] == json!(pass)) {
        return Err(missing(pass));
    }
    d.docs_mut(PASSES).remove(pass);
    Ok(Reply::empty())
}
