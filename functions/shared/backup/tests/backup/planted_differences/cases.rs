//! The planted differences. Each sort of them is one that comparisons have missed, hidden or told as one long text.
//! Over 400 lines: one table.

use super::Planted;
use crate::side_by_side::{Sides, id};
use domain::kinds;
use serde_json::{Map, Value, json};

const USER: usize = 1;
const GROUP: usize = 20;
const ROLE: usize = 60;
const POLICY: usize = 70;

/// An object as it is stored.
#[expect(clippy::unnecessary_wraps, reason = "a side of an object is one that may be missing")]
fn stored(kind: &str, object: Value) -> Option<Value> {
    let Value::Object(object) = object else { panic!("an object") };
    Some(Value::Object(kinds::get(kind).unwrap().canonical(object)))
}

fn with(base: &Value, more: &Value) -> Value {
    let mut all: Map<String, Value> = base.as_object().unwrap().clone();
    all.extend(more.as_object().unwrap().clone());
    Value::Object(all)
}

/// Sides that hold the kinds by which it is known who has a role.
fn directory() -> Sides {
    let mut sides = Sides::default();
    for run in ["users", "groups", "groups.members", "groups.owners", "roles", "admins"] {
        sides.runs.entry(run.to_owned()).or_default();
    }
    sides
}

fn user(n: usize, more: &Value) -> Value {
    with(&json!({ "id": id(n), "displayName": format!("Person {n}") }), more)
}

fn group(n: usize, more: &Value) -> Value {
    with(&json!({ "id": id(n), "displayName": format!("Group {n}") }), more)
}

fn both(sides: &mut Sides, kind: &str, object: &Value) {
    let (key, object) = (object["id"].as_str().unwrap().to_owned(), stored(kind, object.clone()));
    sides.object(kind, &key, object.clone(), object);
}

/// A user who has a role.
fn administrator(sides: &mut Sides, principal: &str) {
    both(sides, "roles", &json!({ "id": id(ROLE), "displayName": "Helpdesk Administrator" }));
    let fact =
        json!({ "id": "f", "principalId": principal, "roleDefinitionId": id(ROLE), "directoryScopeId": "/" });
    let fact = stored("admins", fact);
    sides.put("admins", &format!("{principal}|{}|/|", id(ROLE)), fact.clone(), fact);
}

fn of_user(name: &'static str, path: &str, before: &Value, after: &Value) -> Planted {
    let mut sides = directory();
    sides.object("users", &id(USER), stored("users", user(USER, before)), stored("users", user(USER, after)));
    Planted { name, sides, object: ("users", id(USER)), path: path.to_owned(), says: "" }
}

fn of_administrator(name: &'static str, path: &str, before: &Value, after: &Value) -> Planted {
    let mut planted = of_user(name, path, before, after);
    administrator(&mut planted.sides, &id(USER));
    planted
}

fn of_policy(name: &'static str, kind: &'static str, path: &str, before: &Value, after: &Value) -> Planted {
    let side = |more: &Value| {
        let base = json!({ "@odata.type": "#microsoft.graph.policy", "id": id(POLICY), "displayName": "Policy", "name": "Policy" });
        stored(kind, with(&base, more))
    };
    let mut sides = Sides::default();
    sides.object(kind, &id(POLICY), side(before), side(after));
    Planted { name, sides, object: (kind, id(POLICY)), path: path.to_owned(), says: "" }
}

const DEVICE: &str = "DeviceConfiguration";
const CATALOG: &str = "ConfigurationPolicies";

/// A policy of the settings catalogue with one setting.
fn of_setting(name: &'static str, path: &str, before: &Value, after: &Value) -> Planted {
    let side = |instance: &Value| {
        let instance = with(&json!({ "settingDefinitionId": "s" }), instance);
        json!({ "settings": [{ "id": "0", "settingInstance": instance }] })
    };
    of_policy(name, CATALOG, &format!("settings[s]/settingInstance/{path}"), &side(before), &side(after))
}

fn simple(value: &str) -> Value {
    json!({ "@odata.type": "#microsoft.graph.deviceManagementConfigurationStringSettingValue", "value": value })
}

fn child(setting: &str, value: &str) -> Value {
    json!({ "@odata.type": "#microsoft.graph.deviceManagementConfigurationSimpleSettingInstance",
        "settingDefinitionId": setting, "simpleSettingValue": simple(value) })
}

fn rule(n: usize, action: &str) -> Value {
    json!({ "@odata.type": "#microsoft.graph.windowsFirewallRule", "displayName": format!("Rule {n}"),
        "description": "Lets a service of the company through, for the machines of its own network",
        "action": action, "localPortRanges": [format!("{}", 1000 + n)], "profileTypes": "domain" })
}

fn rules(count: usize, change: impl Fn(usize) -> &'static str) -> Value {
    (0..count).map(|n| rule(n, change(n))).collect()
}

pub(super) fn planted() -> Vec<Planted> {
    let mut all = order_and_priority();
    all.extend(of_administrators());
    all.extend(of_rights());
    all.extend(in_collections());
    all.extend(named());
    all.extend(plain());
    all
}

/// What was hidden: an order that means something, and a priority.
fn order_and_priority() -> Vec<Planted> {
    let server = |name: &str| json!({ "description": name, "address": format!("{name}.example.com"), "isDefaultServer": false });
    let page = |name: &str, icons: &[&str]| {
        let icons: Vec<Value> = icons
            .iter()
            .map(|i| json!({ "@odata.type": "#microsoft.graph.iosHomeScreenApp", "displayName": i, "bundleID": i }))
            .collect();
        json!({ "@odata.type": "#microsoft.graph.iosHomeScreenPage", "displayName": name, "icons": icons })
    };
    let priority = |n: u32| json!({ "priorityMetaData": { "priority": n } });
    let hosts: Vec<String> = (0..17).map(|n| format!("host{n}.example.com")).collect();
    let mut moved = hosts.clone();
    let first = moved.remove(0);
    moved.push(first);
    let values = |names: &[String]| -> Value {
        let values: Vec<Value> = names.iter().map(|n| simple(n)).collect();
        json!({ "simpleSettingCollectionValue": values })
    };
    let groups = |order: [&str; 2]| -> Value {
        let groups: Vec<Value> = order.iter().map(|v| json!({ "children": [child("c", v)] })).collect();
        json!({ "groupSettingCollectionValue": groups })
    };
    vec![
        of_policy(
            "the order of two servers",
            DEVICE,
            "servers",
            &json!({ "servers": [server("a"), server("b")] }),
            &json!({ "servers": [server("b"), server("a")] }),
        ),
        of_policy(
            "the order of suffixes",
            DEVICE,
            "dnsSuffixes",
            &json!({ "dnsSuffixes": ["a.example.com", "b.example.com", "c.example.com"] }),
            &json!({ "dnsSuffixes": ["c.example.com", "a.example.com", "b.example.com"] }),
        ),
        of_policy(
            "the order of pages of a home screen",
            DEVICE,
            "homeScreenPages/@order",
            &json!({ "homeScreenPages": [page("Work", &["a"]), page("Play", &["b"])] }),
            &json!({ "homeScreenPages": [page("Play", &["b"]), page("Work", &["a"])] }),
        ),
        of_policy(
            "the order of icons on a page",
            DEVICE,
            "homeScreenPages[Work]/icons/@order",
            &json!({ "homeScreenPages": [page("Work", &["a", "b", "c"])] }),
            &json!({ "homeScreenPages": [page("Work", &["b", "c", "a"])] }),
        ),
        of_setting(
            "one of 17 values moved",
            "simpleSettingCollectionValue",
            &values(&hosts),
            &values(&moved),
        ),
        of_setting(
            "the order of groups of settings",
            "groupSettingCollectionValue",
            &groups(["one", "two"]),
            &groups(["two", "one"]),
        ),
        of_policy("a priority", CATALOG, "priorityMetaData/priority", &priority(1), &priority(2)),
    ]
}

/// What only shows in properties that change by themselves.
fn of_administrators() -> Vec<Planted> {
    let at = |property: &str, day: u32| json!({ property: format!("2026-01-{day:02}T08:00:00Z") });
    let (password, sessions) = ("lastPasswordChangeDateTime", "signInSessionsValidFromDateTime");
    let licence = |group: Option<usize>, state: &str, error: &str| {
        json!({ "assignedLicenses": [{ "skuId": id(90), "disabledPlans": [] }],
            "licenseAssignmentStates": [{ "skuId": id(90), "disabledPlans": [], "assignedByGroup": group.map(id),
                "state": state, "error": error, "lastUpdatedDateTime": "2026-01-01T00:00:00Z" }] })
    };
    let mut by_group = of_administrator(
        "a new password of who has a role through a group",
        password,
        &at(password, 1),
        &at(password, 2),
    );
    by_group.sides.runs.insert("admins".to_owned(), Default::default());
    both(&mut by_group.sides, "groups", &group(GROUP, &json!({ "isAssignableToRole": true })));
    administrator(&mut by_group.sides, &id(GROUP));
    let member = Some(json!({ "@odata.type": "#microsoft.graph.user" }));
    by_group.sides.put("groups.members", &format!("{}/{}", id(GROUP), id(USER)), member.clone(), member);
    vec![
        of_administrator("a new password of an administrator", password, &at(password, 1), &at(password, 2)),
        of_administrator(
            "sessions of an administrator revoked",
            sessions,
            &at(sessions, 1),
            &at(sessions, 2),
        ),
        by_group,
        of_user(
            "a licence that was direct comes by a group",
            &format!("licenseAssignmentStates[{}]/assignedByGroup", id(90)),
            &licence(None, "Active", "None"),
            &licence(Some(GROUP), "Active", "None"),
        ),
        of_user(
            "a licence that a group gives is refused for want of seats",
            &format!("licenseAssignmentStates[{}]/error", id(90)),
            &licence(Some(GROUP), "Active", "None"),
            &licence(Some(GROUP), "Active", "CountViolation"),
        ),
    ]
}

/// What gives rights is told, whoever is new or gone.
fn of_rights() -> Vec<Planted> {
    let is_user = || Some(json!({ "@odata.type": "#microsoft.graph.user" }));
    let assignable = group(GROUP, &json!({ "isAssignableToRole": true }));
    let link = |name: &'static str, link: &'static str, is_new: bool, is_end_new: bool| {
        let mut sides = directory();
        let object = stored("groups", assignable.clone());
        sides.object("groups", &id(GROUP), object.clone().filter(|_| !is_new), object.filter(|_| is_new));
        let end = stored("users", user(USER, &json!({})));
        sides.object("users", &id(USER), end.clone().filter(|_| !is_end_new), end);
        let key = format!("{}/{}", id(GROUP), id(USER));
        sides.put(link, &key, is_user().filter(|_| !is_new), is_user().filter(|_| is_new));
        Planted {
            name,
            sides,
            object: ("groups", id(GROUP)),
            path: format!("{link}[{}]", id(USER)),
            says: "Person 1",
        }
    };
    vec![
        link("a member of a new group that can hold roles", "groups.members", true, false),
        link("an owner of a new group that can hold roles", "groups.owners", true, false),
        link("a new member of a new group that can hold roles", "groups.members", true, true),
        link("a member of a group that could hold roles and is gone", "groups.members", false, false),
    ]
}

/// One item of a collection that was told as a whole.
fn in_collections() -> Vec<Planted> {
    let oma = |value: &str| {
        let item = |n: usize, value: &str| {
            json!({ "@odata.type": "#microsoft.graph.omaSettingString", "displayName": "Setting", "description": "Of ours",
                "omaUri": format!("./Device/Vendor/MSFT/Policy/Config/Area/Setting{n}"), "value": value })
        };
        json!({ "omaSettings": (0..20).map(|n| item(n, if n == 7 { value } else { "1" })).collect::<Vec<_>>() })
    };
    let licences = |skus: &[usize], disabled: &[usize]| {
        let plans: Vec<String> = disabled.iter().copied().map(id).collect();
        let licence = |(n, sku): (usize, &usize)| json!({ "skuId": id(*sku), "disabledPlans": if n == 0 { plans.clone() } else { vec![] } });
        json!({ "assignedLicenses": skus.iter().enumerate().map(licence).collect::<Vec<_>>() })
    };
    let role = |actions: usize| {
        let actions: Vec<String> =
            (0..actions).map(|n| format!("microsoft.directory/groups/action{n}/update")).collect();
        json!({ "id": id(ROLE), "displayName": "Own role", "isBuiltIn": false,
            "rolePermissions": [{ "allowedResourceActions": actions, "condition": null }] })
    };
    let mut permission = of_policy("one permission of a role", DEVICE, "", &json!({}), &json!({}));
    permission.sides = Sides::default();
    permission.sides.object("roles", &id(ROLE), stored("roles", role(60)), stored("roles", role(61)));
    permission.object = ("roles", id(ROLE));
    permission.path = String::from("rolePermissions[]/allowedResourceActions");
    let addresses = |more: &[&str]| {
        let mut all: Vec<String> = (0..40).map(|n| format!("smtp:person{n}@example.com")).collect();
        all.extend(more.iter().map(|m| (*m).to_owned()));
        json!({ "proxyAddresses": all })
    };
    let children = |groups: usize, value: &str| {
        let group = |n: usize| {
            let all: Vec<Value> = (0..18)
                .map(|c| child(&format!("c{c}"), if n == 0 && c == 5 { value } else { "on" }))
                .collect();
            json!({ "settingValueTemplateReference": null, "children": all })
        };
        json!({ "groupSettingCollectionValue": (0..groups).map(group).collect::<Vec<_>>() })
    };
    let grace = |hours: u32| {
        json!({ "scheduledActionsForRule": [{ "id": id(80), "ruleName": null, "scheduledActionConfigurations": [
            { "id": id(81), "actionType": "block", "gracePeriodHours": hours, "notificationTemplateId": id(0), "notificationMessageCCList": [] }] }] })
    };
    let doubles = |action: &'static str| {
        let mut all = rules(40, |_| "allowed");
        all.as_array_mut().unwrap().push(rule(3, action));
        json!({ "firewallRules": all })
    };
    let hosts = |count: usize| {
        let value = |n: usize| simple(&format!("https://site{n}.example.com"));
        json!({ "simpleSettingCollectionValue": (0..count).map(value).collect::<Vec<_>>() })
    };
    let identities = |issuer: &str| {
        json!({ "identities": [
            { "signInType": "userPrincipalName", "issuer": "example.com", "issuerAssignedId": "p@example.com" },
            { "signInType": "federated", "issuer": issuer, "issuerAssignedId": "p" }] })
    };
    let firewall = |rules: Value| json!({ "firewallRules": rules });
    vec![
        of_policy(
            "one of 150 firewall rules",
            DEVICE,
            "firewallRules[Rule 77]/action",
            &firewall(rules(150, |_| "allowed")),
            &firewall(rules(150, |n| if n == 77 { "blocked" } else { "allowed" })),
        ),
        of_policy(
            "a rule more",
            DEVICE,
            "firewallRules[Rule 30]",
            &firewall(rules(30, |_| "allowed")),
            &firewall(rules(31, |_| "allowed")),
        ),
        of_policy(
            "one of two rules of one name",
            DEVICE,
            "firewallRules",
            &doubles("allowed"),
            &doubles("blocked"),
        ),
        of_policy(
            "one OMA setting",
            DEVICE,
            "omaSettings[./Device/Vendor/MSFT/Policy/Config/Area/Setting7]/value",
            &oma("1"),
            &oma("2"),
        ),
        of_user(
            "a licence more",
            &format!("assignedLicenses[{}]", id(92)),
            &licences(&[90, 91], &[]),
            &licences(&[90, 91, 92], &[]),
        ),
        of_user(
            "a plan of a licence",
            &format!("assignedLicenses[{}]/disabledPlans", id(90)),
            &licences(&[90, 91], &[200, 201]),
            &licences(&[90, 91], &[200]),
        ),
        permission,
        of_user("an address more", "proxyAddresses", &addresses(&[]), &addresses(&["smtp:new@example.com"])),
        of_policy(
            "a scope tag more",
            CATALOG,
            "roleScopeTagIds",
            &json!({ "roleScopeTagIds": ["0", "1"] }),
            &json!({ "roleScopeTagIds": ["0", "1", "2"] }),
        ),
        of_setting(
            "a setting in the one group of a collection",
            "groupSettingCollectionValue[]/children[c5]/simpleSettingValue/value",
            &children(1, "on"),
            &children(1, "off"),
        ),
        of_setting(
            "a setting in one of three groups",
            "groupSettingCollectionValue",
            &children(3, "on"),
            &children(3, "off"),
        ),
        of_policy(
            "hours of grace",
            "DeviceCompliancePolicies",
            "scheduledActionsForRule[]/scheduledActionConfigurations[block]/gracePeriodHours",
            &grace(0),
            &grace(24),
        ),
        of_setting("one of 500 sites", "simpleSettingCollectionValue", &hosts(500), &hosts(501)),
        of_user(
            "where somebody signs in",
            "identities",
            &identities("google.com"),
            &identities("facebook.com"),
        ),
    ]
}

/// What refers to something that the snapshot holds says its name.
fn named() -> Vec<Planted> {
    let mut over = {
        let mut sides = directory();
        both(&mut sides, "users", &user(USER, &json!({})));
        both(&mut sides, "groups", &group(GROUP, &json!({})));
        both(&mut sides, "roles", &json!({ "id": id(ROLE), "displayName": "Helpdesk Administrator" }));
        let scope = format!("/{}", id(GROUP));
        let fact = json!({ "id": "f", "principalId": id(USER), "roleDefinitionId": id(ROLE), "directoryScopeId": scope });
        let key = format!("{}|{}|{scope}|", id(USER), id(ROLE));
        sides.put("admins", &key, None, stored("admins", fact));
        Planted {
            name: "a role over a group",
            sides,
            object: ("admins", key),
            path: String::new(),
            says: "over Group 20",
        }
    };
    over.sides.runs.entry("groups.members".to_owned()).or_default();
    let states = |group: Option<usize>| {
        json!({ "assignedLicenses": [{ "skuId": id(90), "disabledPlans": [] }],
            "licenseAssignmentStates": [{ "skuId": id(90), "disabledPlans": [], "assignedByGroup": group.map(id),
                "state": "Active", "error": "None" }] })
    };
    let path = format!("licenseAssignmentStates[{}]/assignedByGroup", id(90));
    let mut licence = of_user("the group that gives a licence", &path, &states(None), &states(Some(GROUP)));
    both(&mut licence.sides, "groups", &group(GROUP, &json!({})));
    licence.says = "Group 20";
    let mut manager = of_user("a manager", &format!("users.manager[{}]", id(2)), &json!({}), &json!({}));
    both(&mut manager.sides, "users", &user(2, &json!({})));
    manager.sides.put("users.manager", &format!("{}/{}", id(USER), id(2)), None, Some(json!({})));
    manager.says = "Person 2";
    vec![over, licence, manager]
}

/// What was never hidden stays found.
fn plain() -> Vec<Planted> {
    let member = Some(json!({ "@odata.type": "#microsoft.graph.user" }));
    let mut dynamic =
        of_user("a member by a rule", &format!("groups.members[{}]", id(USER)), &json!({}), &json!({}));
    both(
        &mut dynamic.sides,
        "groups",
        &group(GROUP, &json!({ "groupTypes": ["DynamicMembership"], "membershipRule": "x" })),
    );
    dynamic.sides.put("groups.members", &format!("{}/{}", id(GROUP), id(USER)), None, member);
    dynamic.object = ("groups", id(GROUP));
    let mut security =
        of_user("a custom security attribute", "customSecurityAttributes/Set/Level", &json!({}), &json!({}));
    let level = |n: u32| Some(json!({ "Set": { "Level": n } }));
    security.sides.put("users.customSecurityAttributes", &id(USER), level(1), level(2));
    let enabled = |enabled: bool| json!({ "accountEnabled": enabled });
    let of_groups = |name: &'static str, path: &str, before: &Value, after: &Value| {
        let mut planted = of_user(name, path, &json!({}), &json!({}));
        planted.sides.object(
            "groups",
            &id(GROUP),
            stored("groups", group(GROUP, before)),
            stored("groups", group(GROUP, after)),
        );
        planted.object = ("groups", id(GROUP));
        planted
    };
    vec![
        of_user("somebody is locked out", "accountEnabled", &enabled(true), &enabled(false)),
        of_user(
            "a division",
            "employeeOrgData/division",
            &json!({ "employeeOrgData": { "division": "A", "costCenter": "1" } }),
            &json!({ "employeeOrgData": { "division": "B", "costCenter": "1" } }),
        ),
        security,
        dynamic,
        of_groups(
            "a rule",
            "membershipRule",
            &json!({ "membershipRule": "a" }),
            &json!({ "membershipRule": "b" }),
        ),
        of_setting(
            "a setting",
            "choiceSettingValue/value",
            &json!({ "choiceSettingValue": { "value": "s_0" } }),
            &json!({ "choiceSettingValue": { "value": "s_1" } }),
        ),
        of_policy(
            "a description that is gone",
            DEVICE,
            "description",
            &json!({ "description": "x" }),
            &json!({ "description": null }),
        ),
    ]
}
