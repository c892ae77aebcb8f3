//! Licences: subscribed SKUs with their units, and assignment. Source: "user: assignLicense".

use serde_json::{Value, json};

use super::call::{Call, Outcome, Reply};
use super::error::{bad, missing};
use super::{lists, users};
use crate::clock::iso;
use crate::schema;
use crate::state::{Directory, Index, Kind, Relation};

fn sku(d: &Directory, sku: &Value) -> Value {
    let mut out = sku.clone();
    let id = sku["skuId"].as_str().unwrap_or_default();
    out["consumedUnits"] = json!(d.consumed.get(id).copied().unwrap_or(0));
    out
}

pub(super) fn skus(call: &Call, d: &Directory) -> Outcome {
    let list: Vec<Value> = d.docs("subscribedSkus").iter().map(|one| sku(d, one)).collect();
    if let Some(id) = call.path.get(1) {
        let found = list.into_iter().find(|one| one["id"] == json!(id)).ok_or_else(|| missing(id))?;
        return Ok(Reply::json(200, &found));
    }
    Ok(Reply::json(200, &json!({"@odata.context": call.context("subscribedSkus"), "value": list})))
}

pub(super) fn details(call: &Call, d: &Directory, id: &str) -> Outcome {
    let index = users::find(d, id)?;
    let assigned = lists::property(d, index, "assignedLicenses");
    let list: Vec<Value> = assigned
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| d.docs("subscribedSkus").iter().find(|sku| sku["skuId"] == one["skuId"]))
        .map(|sku| {
            json!({"id": sku["id"], "skuId": sku["skuId"], "skuPartNumber": sku["skuPartNumber"],
                "servicePlans": sku["servicePlans"]})
        })
        .collect();
    Ok(Reply::json(200, &json!({"@odata.context": call.context("licenseDetails"), "value": list})))
}

/// Sets a user's licence states, and what follows from them: `assignedLicenses`, the plans, and the consumed units.
pub(crate) fn settle(d: &mut Directory, index: Index, states: Vec<Value>) {
    let schema = schema::of(Kind::User);
    let number = schema.at("assignedLicenses");
    let before = d.object(index).row.json(number).unwrap_or_else(|| json!([]));
    let mut assigned: Vec<Value> = Vec::new();
    for state in &states {
        if !assigned.iter().any(|one| one["skuId"] == state["skuId"]) {
            assigned.push(json!({"skuId": state["skuId"], "disabledPlans": state["disabledPlans"]}));
        }
    }
    for (list, step) in [(before.as_array().cloned().unwrap_or_default(), -1), (assigned.clone(), 1)] {
        for one in list {
            *d.consumed.entry(one["skuId"].as_str().unwrap_or_default().to_owned()).or_insert(0) += step;
        }
    }
    let stored = |list: Vec<Value>| (!list.is_empty()).then(|| Value::from(list).to_string());
    let (plans, provisioned) = plans(d, &states);
    let plans = [("assignedPlans", plans), ("provisionedPlans", provisioned)];
    let [plans, provisioned] = plans.map(|(name, list)| (schema.at(name), stored(list)));
    let states = (schema.at("licenseAssignmentStates"), stored(states));
    d.set(index, &[(number, stored(assigned)), states, plans, provisioned]);
}

/// The plans that a user gets by licences and that are not disabled, and what was provisioned for each. Source:
/// "assignedPlan resource type", "provisionedPlan resource type".
fn plans(d: &Directory, states: &[Value]) -> (Vec<Value>, Vec<Value>) {
    let (mut assigned, mut provisioned) = (Vec::new(), Vec::new());
    for state in states {
        let Some(sku) = d.docs("subscribedSkus").iter().find(|sku| sku["skuId"] == state["skuId"]) else {
            continue;
        };
        let disabled = state["disabledPlans"].as_array().map_or(&[][..], Vec::as_slice);
        for plan in sku["servicePlans"].as_array().into_iter().flatten() {
            let id = &plan["servicePlanId"];
            if disabled.contains(id) || assigned.iter().any(|known: &Value| known["servicePlanId"] == *id) {
                continue;
            }
            let service = service_of(plan["servicePlanName"].as_str().unwrap_or_default());
            assigned.push(
                json!({"assignedDateTime": state["lastUpdatedDateTime"], "capabilityStatus": "Enabled",
                "service": service, "servicePlanId": id}),
            );
            provisioned.push(
                json!({"capabilityStatus": "Enabled", "provisioningStatus": "Success", "service": service}),
            );
        }
    }
    (assigned, provisioned)
}

/// The service behind a plan, as Graph names it.
fn service_of(plan: &str) -> &str {
    match plan {
        "EXCHANGE_S_ENTERPRISE" => "exchange",
        "INTUNE_A" => "SCO",
        "TEAMS1" => "TeamspaceAPI",
        "AAD_PREMIUM_P2" => "AADPremiumService",
        other => other,
    }
}

/// Adds a plan to a SKU, as Microsoft does: everybody who has the licence has the plan.
pub(crate) fn add_plan(d: &mut Directory, sku: &str, plan: &Value) {
    let found = d.docs("subscribedSkus").iter().find(|one| one["skuId"] == json!(sku)).cloned();
    let Some(mut changed) = found else { return };
    changed["servicePlans"].as_array_mut().into_iter().for_each(|plans| plans.push(plan.clone()));
    let entry = changed["id"].as_str().unwrap_or_default().to_owned();
    d.docs_mut("subscribedSkus").insert(&entry, changed);
    for index in d.list(Kind::User).to_vec() {
        let states = states_of(d, index);
        if states.iter().any(|state| state["skuId"] == json!(sku)) {
            settle(d, index, states);
        }
    }
}

pub(crate) fn states_of(d: &Directory, index: Index) -> Vec<Value> {
    let number = schema::of(Kind::User).at("licenseAssignmentStates");
    d.object(index).row.json(number).and_then(|v| v.as_array().cloned()).unwrap_or_default()
}

pub(crate) fn state(sku: &str, disabled: &Value, group: Option<&str>, now: i64) -> Value {
    json!({"skuId": sku, "disabledPlans": disabled, "assignedByGroup": group, "state": "Active",
        "error": "None", "lastUpdatedDateTime": iso(now)})
}

/// Gives licences to a user or a group and takes others away, all or none.
pub(super) fn assign(call: &Call, d: &mut Directory, kind: Kind, id: &str) -> Outcome {
    let index = match kind {
        Kind::User => users::find(d, id)?,
        _ => d.find_kind(id, kind).ok_or_else(|| missing(id))?,
    };
    let body = call.object()?;
    let (Some(Value::Array(add)), Some(Value::Array(remove))) =
        (body.get("addLicenses"), body.get("removeLicenses"))
    else {
        return Err(bad("Both addLicenses and removeLicenses must be given."));
    };
    // Why users alone: a licence is valid in some countries only, and a group is in none.
    if kind == Kind::User && !add.is_empty() && lists::property(d, index, "usageLocation").is_null() {
        return Err(bad("License assignment cannot be done for user with invalid usage location."));
    }
    // Everything is checked before anything is written: a request with one wrong licence changes nothing.
    let now = d.now();
    let list: Vec<Value> = d.docs("subscribedSkus").iter().cloned().collect();
    for one in add {
        let wanted = one["skuId"].as_str().unwrap_or_default();
        let Some(sku) = list.iter().find(|sku| sku["skuId"] == json!(wanted)) else {
            return Err(bad(format!("License {wanted} does not correspond to a valid company License.")));
        };
        for plan in one["disabledPlans"].as_array().into_iter().flatten() {
            let known =
                sku["servicePlans"].as_array().is_some_and(|p| p.iter().any(|p| p["servicePlanId"] == *plan));
            if !known {
                return Err(bad(format!("Service plan {plan} is not part of license {wanted}.")));
            }
        }
        let enabled = sku["prepaidUnits"]["enabled"].as_i64().unwrap_or(0);
        let consumed = d.consumed.get(wanted).copied().unwrap_or(0);
        // Why not for whoever has it already: assigning it again with other plans takes no further unit.
        let has = states_of(d, index).iter().any(|state| state["skuId"] == json!(wanted));
        if kind == Kind::User && !has && consumed >= enabled {
            return Err(bad(format!("Subscription with SKU {wanted} does not have any available licenses.")));
        }
    }
    let none = json!([]);
    let disabled = |one: &Value| one.get("disabledPlans").unwrap_or(&none).clone();
    if kind == Kind::User {
        // A licence that comes from a group is another state beside a direct one, and is not touched here.
        let mut states = states_of(d, index);
        for sku in remove {
            let direct = |s: &Value| s["skuId"] == *sku && s["assignedByGroup"].is_null();
            if !states.iter().any(direct) {
                return Err(bad("User does not have a corresponding license."));
            }
            states.retain(|s| !direct(s));
        }
        for one in add {
            states.retain(|s| !(s["skuId"] == one["skuId"] && s["assignedByGroup"].is_null()));
            states.push(state(one["skuId"].as_str().unwrap_or_default(), &disabled(one), None, now));
        }
        settle(d, index, states);
        let chosen = super::render::Selection::defaults(schema::of(Kind::User));
        return Ok(lists::write_single(call, d, index, 200, &chosen));
    }
    // A group keeps what it hands out; its members are recomputed from that at once, where Microsoft takes a while
    // (hence the 202).
    let number = schema::of(Kind::Group).at("assignedLicenses");
    let mut assigned = lists::property(d, index, "assignedLicenses").as_array().cloned().unwrap_or_default();
    assigned.retain(|one| !remove.contains(&one["skuId"]));
    for one in add {
        assigned.retain(|known| known["skuId"] != one["skuId"]);
        assigned.push(json!({"skuId": one["skuId"], "disabledPlans": disabled(one)}));
    }
    let stored = (!assigned.is_empty()).then(|| Value::from(assigned.clone()).to_string());
    d.set(index, &[(number, stored)]);
    let group = d.object(index).id.to_string();
    let members: Vec<Index> = d.object(index).links(Relation::Members).iter().collect();
    for member in members {
        if d.object(member).kind != Kind::User {
            continue;
        }
        let mut states = states_of(d, member);
        states.retain(|s| s["assignedByGroup"] != json!(group));
        for one in &assigned {
            states.push(state(one["skuId"].as_str().unwrap_or_default(), &disabled(one), Some(&group), now));
        }
        settle(d, member, states);
    }
    let chosen = super::render::Selection::defaults(schema::of(Kind::Group));
    Ok(lists::write_single(call, d, index, 202, &chosen))
}

/// Gives the group's licences to a user who became a member, or takes them from one who no longer is.
pub(super) fn inherit(d: &mut Directory, group: Index, relation: Relation, member: Index) {
    if relation != Relation::Members || d.object(member).kind != Kind::User {
        return;
    }
    let number = schema::of(Kind::Group).at("assignedLicenses");
    let Some(Value::Array(assigned)) = d.object(group).row.json(number) else { return };
    let id = d.object(group).id.to_string();
    let now = d.now();
    let mut states = states_of(d, member);
    states.retain(|s| s["assignedByGroup"] != json!(id));
    if d.object(group).links(Relation::Members).contains(member) {
        for one in &assigned {
            states.push(state(
                one["skuId"].as_str().unwrap_or_default(),
                &one["disabledPlans"],
                Some(&id),
                now,
            ));
        }
    }
    settle(d, member, states);
}
