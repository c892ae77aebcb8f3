//! Administrative units. Source: "administrativeUnit resource type" and its operations.

use serde_json::{Value, json};

use super::call::{Call, Outcome, Reply};
use super::error::{Failure, bad, missing};
use super::{extensions, lists, refs, roles, write};
use crate::schema;
use crate::state::{Directory, Index, Kind, Relation, Row};

fn find(d: &Directory, id: &str) -> Result<Index, Failure> {
    d.find_kind(id, Kind::Unit).ok_or_else(|| missing(id))
}

fn is_dynamic(row: &Row) -> bool {
    row.text(schema::of(Kind::Unit).at("membershipType")).as_deref() == Some("Dynamic")
}

fn check(row: &Row) -> Result<(), Failure> {
    let schema = schema::of(Kind::Unit);
    let rule = row.get(schema.at("membershipRule")).is_some();
    if is_dynamic(row) && !rule {
        return Err(bad("A dynamic administrative unit needs a membershipRule."));
    }
    if !is_dynamic(row) && rule {
        return Err(bad("Only a dynamic administrative unit has a membershipRule."));
    }
    Ok(())
}

pub(super) fn create(call: &Call, d: &mut Directory) -> Outcome {
    let mut body = call.object()?;
    let extended = extensions::take(d, Kind::Unit, &mut body)?;
    let changes = write::check(schema::of(Kind::Unit), &body, true)?;
    let row = Row::default().with(&changes);
    check(&row)?;
    let id = d.new_id();
    let index = d.add(Kind::Unit, id, row);
    d.extend(index, extended);
    Ok(lists::created(call, d, index))
}

pub(super) fn update(call: &Call, d: &mut Directory, id: &str) -> Outcome {
    let index = find(d, id)?;
    let mut body = call.object()?;
    let extended = extensions::take(d, Kind::Unit, &mut body)?;
    let changes = write::check(schema::of(Kind::Unit), &body, false)?;
    let row = d.object(index).row.with(&changes);
    check(&row)?;
    if is_dynamic(&row) && !is_dynamic(&d.object(index).row) {
        let members: Vec<Index> = d.object(index).links(Relation::Members).iter().collect();
        for member in members {
            d.unlink(index, Relation::Members, member);
        }
    }
    d.set(index, &changes);
    d.extend(index, extended);
    Ok(Reply::empty())
}

pub(super) fn delete(d: &mut Directory, id: &str) -> Outcome {
    let index = find(d, id)?;
    d.soft_delete(index);
    Ok(Reply::empty())
}

fn static_unit(d: &Directory, id: &str) -> Result<Index, Failure> {
    let index = find(d, id)?;
    if is_dynamic(&d.object(index).row) {
        return Err(bad("The membership of a dynamic administrative unit cannot be changed by hand."));
    }
    Ok(index)
}

pub(super) fn add_member(call: &Call, d: &mut Directory, id: &str) -> Outcome {
    let index = static_unit(d, id)?;
    let target = refs::target(d, &call.object()?)?;
    if !matches!(d.object(target).kind, Kind::User | Kind::Group) {
        return Err(bad("Only users, groups and devices can be members of an administrative unit."));
    }
    if d.link(index, Relation::Members, target) {
        Ok(Reply::empty())
    } else {
        Err(refs::already(Relation::Members))
    }
}

pub(super) fn remove_member(d: &mut Directory, id: &str, target: &str) -> Outcome {
    static_unit(d, id)?;
    refs::remove(d, Kind::Unit, id, Relation::Members, target)
}

/// Role assignments whose scope is the unit, in the older form.
pub(super) fn scoped(call: &Call, d: &Directory, id: &str) -> Outcome {
    find(d, id)?;
    let scope = format!("/administrativeUnits/{id}");
    let list: Vec<Value> = d
        .docs("roleAssignments")
        .iter()
        .filter(|assignment| assignment["directoryScopeId"] == json!(scope))
        .map(|assignment| membership(d, assignment, id))
        .collect();
    Ok(Reply::json(200, &json!({"@odata.context": call.context("scopedRoleMemberships"), "value": list})))
}

fn membership(d: &Directory, assignment: &Value, unit: &str) -> Value {
    let principal = assignment["principalId"].as_str().unwrap_or_default();
    let name = d.index(principal).map(|index| lists::property(d, index, "displayName"));
    json!({
        "id": assignment["id"],
        "roleId": assignment["roleDefinitionId"],
        "administrativeUnitId": unit,
        "roleMemberInfo": {"id": principal, "displayName": name},
    })
}

pub(super) fn add_scoped(call: &Call, d: &mut Directory, id: &str) -> Outcome {
    find(d, id)?;
    let body = call.object()?;
    let role = body.get("roleId").and_then(Value::as_str).unwrap_or_default().to_owned();
    let principal =
        body.get("roleMemberInfo").and_then(|info| info["id"].as_str()).unwrap_or_default().to_owned();
    let scope = format!("/administrativeUnits/{id}");
    let made = roles::create_assignment(call, d, &principal, &role, &scope)?;
    Ok(Reply::json(201, &membership(d, &made, id)))
}
