//! Users. Source: the user pages of the API reference; sensitive actions under "user resource type".

use serde_json::{Value, json};

use super::call::{Call, Outcome, Reply};
use super::error::{Failure, bad, conflict, denied, missing};
use super::write::{self, Changes};
use super::{extensions, lists, misc, refs, roles, security_attributes};
use crate::clock::{iso, iso_with_fraction};
use crate::schema::{self, flag};
use crate::state::{Directory, Index, Kind, Relation};

/// Finds a user by id, or by user principal name.
pub(crate) fn find(d: &Directory, id: &str) -> Result<Index, Failure> {
    let index = if id.contains('@') {
        let index = d.names.get(&format!("upn:{}", id.to_lowercase())).copied();
        index.and_then(|index| d.find(&d.object(index).id.to_string()))
    } else {
        d.find_kind(id, Kind::User)
    };
    index.ok_or_else(|| missing(id))
}

pub(super) fn get(call: &Call, d: &Directory, id: &str) -> Outcome {
    let chosen = lists::selection(call, Kind::User)?;
    let index = find(d, id)?;
    Ok(lists::write_single(call, d, index, 200, &chosen))
}

pub(super) fn manager(call: &Call, d: &Directory, id: &str, reference: bool) -> Outcome {
    let index = find(d, id)?;
    let manager = d.object(index).links(Relation::Manager).iter().find(|target| d.listed(*target));
    let manager = manager.ok_or_else(|| missing("manager"))?;
    if reference {
        let url = format!(
            "{}/directoryObjects/{}/Microsoft.DirectoryServices.User",
            call.root(),
            d.object(manager).id
        );
        return Ok(Reply::json(
            200,
            &json!({"@odata.context": call.context("directoryObjects/$ref"), "@odata.id": url}),
        ));
    }
    let chosen = refs::loose(call, Kind::User);
    Ok(lists::write_single(call, d, manager, 200, &chosen))
}

fn check_names(call: &Call, d: &Directory, itself: Option<Index>, changes: &Changes) -> Result<(), Failure> {
    let schema = schema::of(Kind::User);
    // The name of a new user becomes one of their addresses.
    let is_address = itself.is_none() && call.switches.names_are_addresses;
    let names = [
        ("userPrincipalName", "upn", "userPrincipalName"),
        ("mail", "smtp", "proxyAddresses"),
        ("onPremisesImmutableId", "immutable", "onPremisesImmutableId"),
    ];
    let as_address = ("userPrincipalName", "smtp", "proxyAddresses");
    for (name, prefix, target) in names.into_iter().chain(is_address.then_some(as_address)) {
        let number = schema.at(name);
        let Some((_, Some(json))) = changes.iter().find(|(n, _)| *n == number) else { continue };
        let text: String = serde_json::from_str(json).unwrap_or_default();
        if name == "userPrincipalName" {
            let (local, domain) = text.split_once('@').unwrap_or((&text, ""));
            if local.is_empty() || !misc::is_verified(d, domain) {
                return Err(bad(
                    "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization.",
                ));
            }
        }
        let claimed = format!("{prefix}:{}", text.to_lowercase());
        let holder = d.names.get(&claimed).copied();
        if holder.is_some_and(|holder| Some(holder) != itself) {
            return Err(conflict(target));
        }
        let is_kept = |index: Index| Some(index) != itself && d.claimed(index).contains(&claimed);
        let asks_bin = prefix == "immutable" && call.switches.bin_keeps_immutable_ids;
        if asks_bin && d.bin().any(is_kept) {
            return Err(conflict(target));
        }
    }
    Ok(())
}

/// Sets what the service derives from other properties.
fn derive(changes: &mut Changes) {
    let schema = schema::of(Kind::User);
    let mail = changes.iter().find(|(n, _)| *n == schema.at("mail")).and_then(|(_, json)| json.clone());
    if let Some(mail) = mail {
        let mail: String = serde_json::from_str(&mail).unwrap_or_default();
        write::put(changes, schema.at("proxyAddresses"), &json!([format!("SMTP:{mail}")]));
    }
}

fn check_values(body: &serde_json::Map<String, Value>) -> Result<(), Failure> {
    let length = |name: &str| body.get(name).and_then(Value::as_array).map_or(0, Vec::len);
    if length("businessPhones") > 1 {
        return Err(bad("Property 'businessPhones' can hold only one number."));
    }
    if body.get("mail").is_some_and(Value::is_null) {
        return Err(bad("Property 'mail' cannot be set to null."));
    }
    if body.get("displayName").is_some_and(|v| v.as_str().is_some_and(str::is_empty)) {
        return Err(bad("Invalid value specified for property 'displayName' of resource 'User'."));
    }
    if let Some(location) = body.get("usageLocation").and_then(Value::as_str)
        && location.len() != 2
    {
        return Err(bad("Invalid value specified for property 'usageLocation' of resource 'User'."));
    }
    if let Some(password) = body.get("passwordProfile").and_then(|p| p["password"].as_str())
        && password.len() < 8
    {
        return Err(bad("The specified password does not comply with password complexity requirements."));
    }
    Ok(())
}

/// Refuses properties that need a permission of their own, of new users as of others.
fn refuse_guarded(call: &Call, body: &serde_json::Map<String, Value>) -> Result<(), Failure> {
    const GUARDED: [(&str, &str); 2] = [
        ("employeeLeaveDateTime", "User-LifeCycleInfo.ReadWrite.All"),
        ("identities", "User.ManageIdentities.All"),
    ];
    let is_refused =
        |(property, permission): &(&str, &str)| body.contains_key(*property) && !call.may(permission);
    if GUARDED.iter().any(is_refused) { Err(denied()) } else { Ok(()) }
}

pub(super) fn create(call: &Call, d: &mut Directory) -> Outcome {
    let mut body = call.object()?;
    let extended = extensions::take(d, Kind::User, &mut body)?;
    let schema = schema::of(Kind::User);
    let mut changes = write::check(schema, &body, true)?;
    check_values(&body)?;
    if body.get("passwordProfile").is_none_or(|profile| profile["password"].is_null()) {
        return Err(bad("A password must be specified to create a new user."));
    }
    refuse_guarded(call, &body)?;
    check_names(call, d, None, &changes)?;
    security_attributes::merge(call, d, &crate::state::Row::default(), &body, &mut changes)?;
    derive(&mut changes);
    let id = d.new_id();
    let now = d.now();
    write::put(&mut changes, schema.at("createdDateTime"), &json!(iso(now)));
    write::put(
        &mut changes,
        schema.at("signInSessionsValidFromDateTime"),
        &json!(iso_with_fraction(now, id.as_u64_pair().0)),
    );
    if write::after(&crate::state::Row::default(), &changes, schema.at("userType")).is_none() {
        write::put(&mut changes, schema.at("userType"), &json!("Member"));
    }
    if !body.contains_key("identities") {
        let upn = body["userPrincipalName"].clone();
        let identity = json!([{"signInType": "userPrincipalName", "issuer": misc::initial_domain(d), "issuerAssignedId": upn}]);
        write::put(&mut changes, schema.at("identities"), &identity);
    }
    let row = crate::state::Row::default().with(&changes);
    let index = d.add(Kind::User, id, row);
    d.extend(index, extended);
    d.claim_names(index);
    Ok(lists::created(call, d, index))
}

/// Refuses an application whose directory role is not above the target's: for sensitive properties, and to delete.
pub(crate) fn require_role(call: &Call, d: &Directory, target: Index) -> Result<(), Failure> {
    let privileged = roles::is_privileged(d, target);
    if roles::app_may_manage(d, &call.token.principal, privileged) { Ok(()) } else { Err(denied()) }
}

pub(super) fn update(call: &Call, d: &mut Directory, id: &str) -> Outcome {
    let index = find(d, id)?;
    roles::refuse_restricted(call, d, index)?;
    let mut body = call.object()?;
    let extended = extensions::take(d, Kind::User, &mut body)?;
    let schema = schema::of(Kind::User);
    let row = d.object(index).row.clone();
    let mut changes = write::check(schema, &body, false)?;
    check_values(&body)?;
    let sensitive = body
        .keys()
        .any(|name| schema.property(name).is_some_and(|n| schema.props[usize::from(n)].has(flag::SENSITIVE)));
    if sensitive {
        require_role(call, d, index)?;
    }
    refuse_guarded(call, &body)?;
    write::refuse_synced(call, schema, &row, &changes)?;
    for name in ["displayName", "userPrincipalName", "mailNickname", "accountEnabled"] {
        if body.get(name).is_some_and(Value::is_null) {
            return Err(bad(format!("Invalid value specified for property '{name}' of resource 'User'.")));
        }
    }
    let is_licensed = row.json(schema.at("assignedLicenses")).is_some_and(|all| all != Value::Array(vec![]));
    let clears = body.get("usageLocation").is_some_and(Value::is_null);
    if clears && is_licensed && !call.switches.licensed_location_clears {
        return Err(bad("Invalid value specified for property 'usageLocation' of resource 'User'."));
    }
    check_names(call, d, Some(index), &changes)?;
    security_attributes::merge(call, d, &row, &body, &mut changes)?;
    let extension = schema.at("onPremisesExtensionAttributes");
    if let Some(Value::Object(new)) = body.get("onPremisesExtensionAttributes") {
        // Why merged: the attributes that the body does not name stay.
        let mut all = row.json(extension).and_then(|v| v.as_object().cloned()).unwrap_or_default();
        all.extend(new.clone());
        write::put(&mut changes, extension, &Value::Object(all));
    }
    derive(&mut changes);
    d.release_names(index);
    d.set(index, &changes);
    d.extend(index, extended);
    d.claim_names(index);
    Ok(Reply::empty())
}

pub(super) fn delete(call: &Call, d: &mut Directory, id: &str) -> Outcome {
    let index = find(d, id)?;
    require_role(call, d, index)?;
    d.soft_delete(index);
    Ok(Reply::empty())
}

pub(super) fn set_manager(call: &Call, d: &mut Directory, id: &str) -> Outcome {
    let index = find(d, id)?;
    let target = refs::target(d, &call.object()?)?;
    if d.object(target).kind != Kind::User {
        return Err(bad("The manager must be a user or an organizational contact."));
    }
    if target == index {
        return Err(bad("A user cannot be their own manager."));
    }
    refuse_synced_link(d, index)?;
    let old: Vec<Index> = d.object(index).links(Relation::Manager).iter().collect();
    for one in old.into_iter().filter(|one| *one != target) {
        d.unlink(index, Relation::Manager, one);
    }
    d.link(index, Relation::Manager, target);
    Ok(Reply::empty())
}

fn refuse_synced_link(d: &Directory, index: Index) -> Result<(), Failure> {
    let row = &d.object(index).row;
    if row.is_true(schema::of(Kind::User).at("onPremisesSyncEnabled")) {
        return Err(bad(
            "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.",
        ));
    }
    Ok(())
}

pub(super) fn drop_manager(_: &Call, d: &mut Directory, id: &str) -> Outcome {
    let index = find(d, id)?;
    refuse_synced_link(d, index)?;
    let Some(old) = d.object(index).links(Relation::Manager).iter().next() else {
        return Err(missing("manager"));
    };
    d.unlink(index, Relation::Manager, old);
    Ok(Reply::empty())
}

pub(super) fn add_sponsor(call: &Call, d: &mut Directory, id: &str) -> Outcome {
    let index = find(d, id)?;
    let target = refs::target(d, &call.object()?)?;
    if d.link(index, Relation::Sponsors, target) {
        Ok(Reply::empty())
    } else {
        Err(refs::already(Relation::Sponsors))
    }
}

pub(super) fn revoke(call: &Call, d: &mut Directory, id: &str) -> Outcome {
    let index = find(d, id)?;
    let now = format!("\"{}\"", iso(d.now()));
    d.set(index, &[(schema::of(Kind::User).at("signInSessionsValidFromDateTime"), Some(now))]);
    Ok(Reply::json(200, &json!({"@odata.context": call.context("Edm.Boolean"), "value": true})))
}

/// Creates a guest by invitation. Source: "Create invitation".
pub(super) fn invite(call: &Call, d: &mut Directory) -> Outcome {
    let body = call.object()?;
    let field = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let (Some(mail), Some(url)) = (field("invitedUserEmailAddress"), field("inviteRedirectUrl")) else {
        return Err(bad("invitedUserEmailAddress and inviteRedirectUrl are required."));
    };
    if d.names.contains_key(&format!("smtp:{}", mail.to_lowercase())) {
        return Err(conflict("proxyAddresses"));
    }
    let schema = schema::of(Kind::User);
    let local = mail.replace('@', "_");
    let now = d.now();
    let mut changes = Changes::new();
    for (name, value) in [
        ("displayName", json!(field("invitedUserDisplayName").unwrap_or_else(|| mail.clone()))),
        ("userPrincipalName", json!(format!("{local}#EXT#@{}", d.domain))),
        ("mailNickname", json!(format!("{local}#EXT#"))),
        ("mail", json!(mail)),
        ("proxyAddresses", json!([format!("SMTP:{mail}")])),
        ("userType", json!(field("invitedUserType").unwrap_or_else(|| "Guest".into()))),
        ("accountEnabled", json!(true)),
        ("creationType", json!("Invitation")),
        ("externalUserState", json!("PendingAcceptance")),
        ("externalUserStateChangeDateTime", json!(iso(now))),
        ("createdDateTime", json!(iso(now))),
    ] {
        write::put(&mut changes, schema.at(name), &value);
    }
    let id = d.new_id();
    let index = d.add(Kind::User, id, crate::state::Row::default().with(&changes));
    d.claim_names(index);
    let made = json!({
        "@odata.context": call.context("invitations/$entity"), "id": d.new_id().to_string(),
        "inviteRedeemUrl": format!("{}/redeem?id={id}", call.base), "inviteRedirectUrl": url,
        "invitedUserEmailAddress": mail, "invitedUserDisplayName": field("invitedUserDisplayName"),
        "sendInvitationMessage": body.get("sendInvitationMessage").cloned().unwrap_or(json!(false)),
        "invitedUserType": "Guest", "status": "PendingAcceptance", "invitedUser": {"id": id.to_string()},
    });
    Ok(Reply::json(201, &made))
}
