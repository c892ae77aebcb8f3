//! Writing policies: create, PATCH, PUT, assign, scheduled actions.

use serde_json::{Map, Value, json};

use super::super::call::{Call, Outcome, Reply};
use super::super::error::{Failure, failure, no_segment};
use super::{COMPUTED, MESSAGES, PARTS, PolicyKind, collection, kind_of, list_of, not_found, show, wrong};
use crate::clock::iso_with_fraction;
use crate::state::{Directory, Kind};

fn check_type(kind: &PolicyKind, body: &Map<String, Value>) -> Result<(), Failure> {
    if kind.subtype.is_empty() {
        return Ok(());
    }
    let name = body.get("@odata.type").and_then(Value::as_str);
    let name = name.ok_or_else(|| wrong("An @odata.type is required: the type is abstract."))?;
    let bare = name.trim_start_matches('#').strip_prefix("microsoft.graph.").unwrap_or("");
    if kind.subtype.iter().any(|end| bare.ends_with(end)) {
        return Ok(());
    }
    Err(wrong(format!(
        "Cannot find the type '{name}' in the model, or it does not derive from the collection's type."
    )))
}

/// Refuses scope tags that are gone, unless the switch says that they are kept as dead ids.
fn check_scope_tags(call: &Call, d: &Directory, body: &Map<String, Value>) -> Result<(), Failure> {
    let tags = body.get("roleScopeTagIds").and_then(Value::as_array).into_iter().flatten();
    let mut gone = tags
        .filter_map(Value::as_str)
        .filter(|tag| d.docs("deviceManagement/roleScopeTags").get(tag).is_none());
    match gone.next() {
        Some(tag) if call.switches.missing_scope_tag_refused => {
            Err(wrong(format!("The scope tag {tag} does not exist.")))
        }
        _ => Ok(()),
    }
}

/// Numbers settings from 0, as the service does.
fn numbered(list: &[Value]) -> Vec<Value> {
    let mut list = list.to_vec();
    for (at, setting) in list.iter_mut().enumerate() {
        setting["id"] = json!(at.to_string());
    }
    list
}

fn actions(d: &mut Directory, list: &[Value]) -> Vec<Value> {
    list.iter()
        .map(|action| {
            let mut action = action.clone();
            action["id"] = json!(d.new_id().to_string());
            if let Some(list) = action["scheduledActionConfigurations"].as_array_mut() {
                for one in list {
                    one["id"] = json!(d.new_id().to_string());
                    // Seen in real tenants: what has no message template shows this id.
                    if one["notificationTemplateId"].as_str().is_none_or(str::is_empty) {
                        one["notificationTemplateId"] = json!("00000000-0000-0000-0000-000000000000");
                    }
                }
            }
            action
        })
        .collect()
}

fn check_actions(list: &[Value]) -> Result<(), Failure> {
    let blocks = list
        .iter()
        .flat_map(|rule| list_of(rule, "scheduledActionConfigurations"))
        .filter(|one| one["actionType"] == json!("block"));
    if blocks.count() == 1 {
        return Ok(());
    }
    Err(wrong("scheduledActionsForRule must hold a rule with exactly one block action."))
}

/// Hides the plain text of encrypted OMA settings.
fn hide_secrets(d: &mut Directory, policy: &mut Value) {
    let mut secrets = policy["x-secrets"].as_object().cloned().unwrap_or_default();
    let count = policy["omaSettings"].as_array().map_or(0, Vec::len);
    for at in 0..count {
        let reference = d.new_id().to_string();
        let setting = &mut policy["omaSettings"][at];
        let plain = setting["value"].clone();
        if setting["isEncrypted"] != json!(true) || plain == json!("****") {
            continue;
        }
        setting["value"] = json!("****");
        setting["secretReferenceValueId"] = json!(reference);
        secrets.insert(reference, plain);
    }
    if !secrets.is_empty() {
        policy["x-secrets"] = Value::Object(secrets);
    }
}

fn stamp(d: &mut Directory, policy: &mut Value, created: bool) {
    let variety = d.new_id().as_u64_pair().0;
    let now = iso_with_fraction(d.now(), variety);
    if created {
        policy["createdDateTime"] = json!(now);
    }
    policy["lastModifiedDateTime"] = json!(now);
    if let Some(version) = policy["version"].as_i64() {
        policy["version"] = json!(version + 1);
    }
}

fn create(call: &Call, d: &mut Directory, kind: &PolicyKind) -> Outcome {
    let body = call.object()?;
    check_type(kind, &body)?;
    check_scope_tags(call, d, &body)?;
    if body.get(kind.title).and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(wrong(format!("'{}' is required.", kind.title)));
    }
    if body.contains_key("assignments") {
        return Err(wrong("Assignments cannot be created with the policy."));
    }
    let scheduled = body.get("scheduledActionsForRule").and_then(Value::as_array).cloned();
    if kind.actions {
        check_actions(scheduled.as_deref().unwrap_or_default())?;
    }
    let settings = body.get("settings").and_then(Value::as_array).cloned();
    if kind.settings && settings.is_none() {
        return Err(wrong("settings are required."));
    }
    let id = d.new_id().to_string();
    let mut policy = json!({ "id": id, "description": null, "roleScopeTagIds": ["0"] });
    for (name, value) in body.iter().filter(|(name, _)| !COMPUTED.contains(&name.as_str())) {
        policy[name] = value.clone();
    }
    if let Some(settings) = settings {
        policy["settings"] = numbered(&settings).into();
        policy["settingCount"] = json!(settings.len());
        policy["isAssigned"] = json!(false);
    } else if !kind.subtype.is_empty() {
        policy["version"] = json!(0);
    }
    if kind.actions {
        policy["scheduledActionsForRule"] = actions(d, &scheduled.unwrap_or_default()).into();
    }
    policy["assignments"] = json!([]);
    hide_secrets(d, &mut policy);
    stamp(d, &mut policy, true);
    let shown = show(call, kind, &policy);
    d.docs_mut(&collection(kind.name)).insert(&id, policy);
    Ok(Reply::json(201, &shown))
}

/// Changes what the body names, or with `replaces` everything, as PUT does.
fn update(call: &Call, d: &mut Directory, kind: &PolicyKind, id: &str, replaces: bool) -> Outcome {
    let set = collection(kind.name);
    let body = call.object()?;
    let mut policy = d.docs(&set).get(id).cloned().ok_or_else(|| not_found(id))?;
    check_type(kind, &body)?;
    check_scope_tags(call, d, &body)?;
    if !kind.subtype.is_empty() && body["@odata.type"] != policy["@odata.type"] {
        return Err(wrong("The type of a policy cannot be changed."));
    }
    // What each of the two methods refuses: parts have actions of their own, PUT is for policies with settings alone,
    // and PATCH may not touch settings.
    if body.contains_key("assignments") || (!replaces && body.contains_key("scheduledActionsForRule")) {
        return Err(wrong("Assignments and scheduled actions have actions of their own."));
    }
    if replaces && !kind.settings {
        return Err(failure(405, "BadRequest", "PUT is not supported for this type."));
    }
    if !replaces && body.contains_key("settings") {
        return Err(wrong("Settings can be replaced only by PUT of the whole policy."));
    }
    if !replaces && let Some(name) = body.keys().find(|name| COMPUTED.contains(&name.as_str())) {
        return Err(wrong(format!("Property '{name}' is read-only.")));
    }
    if replaces {
        let settings = body.get("settings").and_then(Value::as_array);
        let settings = settings.ok_or_else(|| wrong("settings are required."))?;
        if body.get(kind.title).is_none() {
            return Err(wrong(format!("'{}' is required.", kind.title)));
        }
        policy["settingCount"] = json!(settings.len());
        policy["settings"] = numbered(settings).into();
        policy["description"] = Value::Null;
    }
    // What the service computes is ignored in a PUT, since a client puts back what it read.
    let skipped =
        |name: &str| COMPUTED.contains(&name) || PARTS.contains(&name) || name.contains("@odata.context");
    for (name, value) in body.iter().filter(|(name, _)| !skipped(name)) {
        policy[name] = value.clone();
    }
    hide_secrets(d, &mut policy);
    stamp(d, &mut policy, false);
    let shown = show(call, kind, &policy);
    d.docs_mut(&set).insert(id, policy);
    Ok(if replaces { Reply::empty() } else { Reply::json(200, &shown) })
}

fn assign(call: &Call, d: &mut Directory, kind: &PolicyKind, id: &str) -> Outcome {
    let set = collection(kind.name);
    let body = call.object()?;
    let wanted = body.get("assignments").and_then(Value::as_array).cloned();
    let wanted = wanted.ok_or_else(|| wrong("assignments are required."))?;
    if d.docs(&set).get(id).is_none() {
        return Err(not_found(id));
    }
    // `assign` replaces all assignments, so the list is made from nothing, and nothing is written if one of it is
    // wrong.
    let mut list: Vec<Value> = Vec::new();
    for one in wanted {
        let mut target = one["target"].clone();
        let name = target["@odata.type"].as_str().unwrap_or_default().trim_start_matches('#').to_owned();
        // The id of an assignment is made of the policy and the target: the same target twice would be one id. The
        // two ids for everybody are the same in every tenant.
        let suffix = match name.strip_prefix("microsoft.graph.").unwrap_or("") {
            "groupAssignmentTarget" | "exclusionGroupAssignmentTarget" => {
                let group = target["groupId"].as_str().unwrap_or_default().to_owned();
                let there = d.find_kind(&group, Kind::Group).is_some();
                if !there && call.switches.missing_assignment_group_refused {
                    return Err(wrong(format!("The group {group} of an assignment does not exist.")));
                }
                group
            }
            "allLicensedUsersAssignmentTarget" => "acacacac-9df4-4c7d-9d50-4ef0226f57a9".to_owned(),
            "allDevicesAssignmentTarget" => "adadadad-808e-44e2-905a-0b7873a8a531".to_owned(),
            _ => return Err(wrong(format!("'{name}' is not a target of an assignment."))),
        };
        if let Some(filter) = target["deviceAndAppManagementAssignmentFilterId"].as_str()
            && d.docs("deviceManagement/assignmentFilters").get(filter).is_none()
        {
            return Err(wrong(format!("The assignment filter {filter} does not exist.")));
        }
        // Why written out: Graph answers a target without a filter with both members all the same.
        if target.get("deviceAndAppManagementAssignmentFilterType").is_none() {
            target["deviceAndAppManagementAssignmentFilterId"] = Value::Null;
            target["deviceAndAppManagementAssignmentFilterType"] = json!("none");
        }
        let assignment = json!({
            "id": format!("{id}_{suffix}"), "source": "direct", "sourceId": id, "target": target,
            "@odata.type": format!("#microsoft.graph.{}", kind.assignment_type),
        });
        if list.iter().any(|known| known["id"] == assignment["id"]) {
            return Err(wrong("A target may occur only once."));
        }
        list.push(assignment);
    }
    let Some(mut policy) = d.docs(&set).get(id).cloned() else { return Err(not_found(id)) };
    if kind.settings {
        policy["isAssigned"] = json!(!list.is_empty());
    }
    policy["assignments"] = list.clone().into();
    // Whether an assignment counts as a change of the policy is a switch: see the table there.
    if call.switches.assignments_move_modified {
        stamp(d, &mut policy, false);
    }
    d.docs_mut(&set).insert(id, policy);
    Ok(Reply::json(200, &json!({"@odata.context": call.context(kind.assignment_type), "value": list})))
}

fn schedule(call: &Call, d: &mut Directory, kind: &PolicyKind, id: &str, name: &str) -> Outcome {
    let set = collection(kind.name);
    let body = call.object()?;
    let wanted = body.get(name).and_then(Value::as_array).cloned();
    let wanted = wanted.ok_or_else(|| wrong(format!("{name} is required.")))?;
    check_actions(&wanted)?;
    let mut policy = d.docs(&set).get(id).cloned().ok_or_else(|| not_found(id))?;
    let list = actions(d, &wanted);
    policy["scheduledActionsForRule"] = list.clone().into();
    stamp(d, &mut policy, false);
    d.docs_mut(&set).insert(id, policy);
    if name == "scheduledActions" {
        return Ok(Reply::json(
            200,
            &json!({"@odata.context": call.context("deviceManagementComplianceScheduledActionForRule"), "value": list}),
        ));
    }
    Ok(Reply::empty())
}

/// Adds the text of a notification in one more language.
fn add_message(call: &Call, d: &mut Directory, kind: &PolicyKind, id: &str) -> Outcome {
    let set = collection(kind.name);
    let body = call.object()?;
    for name in ["locale", "subject", "messageTemplate"] {
        if body.get(name).and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(wrong(format!("'{name}' is required.")));
        }
    }
    let mut policy = d.docs(&set).get(id).cloned().ok_or_else(|| not_found(id))?;
    let mut list = list_of(&policy, MESSAGES).to_vec();
    if list.iter().any(|known| known["locale"] == body["locale"]) {
        return Err(wrong("A template has one message for each locale."));
    }
    let mut message = Value::Object(body);
    message["id"] = json!(d.new_id().to_string());
    list.push(message.clone());
    policy[MESSAGES] = list.into();
    d.docs_mut(&set).insert(id, policy);
    Ok(Reply::json(201, &message))
}

pub(in crate::graph) fn write(call: &Call, d: &mut Directory, rest: &[&str]) -> Outcome {
    let kind = kind_of(call, rest)?;
    let first = kind.name == "deviceCompliancePolicies";
    match (call.method.as_str(), &rest[1..]) {
        ("POST", []) => create(call, d, kind),
        ("PATCH", [id]) => update(call, d, kind, id, false),
        ("PUT", [id]) => update(call, d, kind, id, true),
        ("DELETE", [id]) => {
            d.docs_mut(&collection(kind.name)).remove(id).ok_or_else(|| not_found(id))?;
            Ok(Reply::empty())
        }
        ("POST", [id, "assign"]) if !kind.assignment_type.is_empty() => assign(call, d, kind, id),
        ("POST", [id, MESSAGES]) if kind.name == "notificationMessageTemplates" => {
            add_message(call, d, kind, id)
        }
        ("POST", [id, "scheduleActionsForRules"]) if first => {
            schedule(call, d, kind, id, "deviceComplianceScheduledActionForRules")
        }
        ("POST", [id, "setScheduledActions"]) if kind.actions && !first => {
            schedule(call, d, kind, id, "scheduledActions")
        }
        (_, [.., last]) => Err(no_segment(last)),
        _ => Err(failure(405, "BadRequest", "The method is not allowed on the collection.")),
    }
}

/// Adds a policy for the seed, with its parts, ids and counts.
pub(crate) fn seeded(d: &mut Directory, kind: &str, mut policy: Value, groups: &[String]) {
    let id = d.new_id().to_string();
    policy["id"] = json!(id);
    let list: Vec<Value> = groups
        .iter()
        .map(|group| {
            json!({"id": format!("{id}_{group}"), "source": "direct", "sourceId": id,
                "target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group,
                    "deviceAndAppManagementAssignmentFilterId": null,
                    "deviceAndAppManagementAssignmentFilterType": "none"}})
        })
        .collect();
    if let Some(settings) = policy["settings"].as_array().cloned() {
        policy["settingCount"] = json!(settings.len());
        policy["isAssigned"] = json!(!list.is_empty());
        policy["settings"] = numbered(&settings).into();
    } else {
        policy["version"] = json!(0);
    }
    if let Some(scheduled) = policy["scheduledActionsForRule"].as_array().cloned() {
        policy["scheduledActionsForRule"] = actions(d, &scheduled).into();
    }
    policy["assignments"] = list.into();
    hide_secrets(d, &mut policy);
    stamp(d, &mut policy, true);
    d.docs_mut(&collection(kind)).insert(&id, policy);
}
