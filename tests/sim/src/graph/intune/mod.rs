//! Intune policies: device compliance, compliance, settings catalog, device configuration, filters, scope tags.
//!
//! Source: the Intune pages of the API reference (beta). No delta and no bin. Objects keep every property that they
//! were given, because subtypes come and go; only what the service computes is refused or ignored.

mod others;
mod write;

use serde_json::{Value, json};

pub(super) use others::read as read_others;
pub(crate) use write::seeded;
pub(super) use write::write;

use super::call::{Call, Outcome, Reply, Version};
use super::error::{Failure, failure, malformed, no_segment};
use super::paging::Paging;
use super::render::parse_expand;
use super::roles;
use crate::state::{Directory, Docs};
use crate::switches::ExpandedSettings;

/// One kind of policy.
struct PolicyKind {
    name: &'static str,
    v1: bool,
    default_page: usize,
    /// The property that holds a policy's name.
    title: &'static str,
    /// The type of its policies, where it has no subtypes.
    fixed_type: Option<&'static str>,
    /// How the names of its subtypes end.
    subtype: &'static [&'static str],
    settings: bool,
    actions: bool,
    assignment_type: &'static str,
}

const NONE: PolicyKind = PolicyKind {
    name: "",
    v1: false,
    default_page: 1000,
    title: "displayName",
    fixed_type: None,
    subtype: &[],
    settings: false,
    actions: false,
    assignment_type: "",
};

const KINDS: &[PolicyKind] = &[
    PolicyKind {
        name: "deviceCompliancePolicies",
        v1: true,
        subtype: &["CompliancePolicy"],
        actions: true,
        assignment_type: "deviceCompliancePolicyAssignment",
        ..NONE
    },
    PolicyKind {
        name: "compliancePolicies",
        default_page: 25,
        title: "name",
        fixed_type: Some("deviceManagementCompliancePolicy"),
        settings: true,
        actions: true,
        assignment_type: "deviceManagementConfigurationPolicyAssignment",
        ..NONE
    },
    PolicyKind {
        name: "configurationPolicies",
        default_page: 25,
        title: "name",
        fixed_type: Some("deviceManagementConfigurationPolicy"),
        settings: true,
        assignment_type: "deviceManagementConfigurationPolicyAssignment",
        ..NONE
    },
    PolicyKind {
        name: "deviceConfigurations",
        v1: true,
        subtype: &["Configuration", "ConfigurationBase", "Profile", "Certificate", "CertificateBase"],
        assignment_type: "deviceConfigurationAssignment",
        ..NONE
    },
    PolicyKind {
        name: "assignmentFilters",
        fixed_type: Some("deviceAndAppManagementAssignmentFilter"),
        ..NONE
    },
    PolicyKind { name: "roleScopeTags", fixed_type: Some("roleScopeTag"), ..NONE },
    PolicyKind {
        name: "notificationMessageTemplates",
        v1: true,
        fixed_type: Some("notificationMessageTemplate"),
        ..NONE
    },
];

/// What the service computes: ignored in a create, refused in an update.
const COMPUTED: &[&str] = &[
    "id",
    "createdDateTime",
    "lastModifiedDateTime",
    "version",
    "settingCount",
    "creationSource",
    "isAssigned",
    "supportsScopeTags",
    "isBuiltIn",
];
/// Kept with the policy, shown on demand only.
const PARTS: &[&str] = &["assignments", "settings", "scheduledActionsForRule", MESSAGES];
/// The texts of a notification, one for each language.
const MESSAGES: &str = "localizedNotificationMessages";
/// How many settings a page of `/settings` has.
const SETTINGS_PAGE: usize = 25;

fn collection(kind: &str) -> String {
    format!("deviceManagement/{kind}")
}

fn wrong(message: impl Into<String>) -> Failure {
    malformed(message)
}

fn not_found(id: &str) -> Failure {
    failure(404, "ResourceNotFound", format!("The resource '{id}' could not be found."))
}

fn kind_of(call: &Call, rest: &[&str]) -> Result<&'static PolicyKind, Failure> {
    let name = rest.first().copied().unwrap_or("");
    KINDS
        .iter()
        .find(|kind| kind.name == name && (kind.v1 || call.version == Version::Beta))
        .ok_or_else(|| no_segment(name))
}

fn list_of<'a>(policy: &'a Value, part: &str) -> &'a [Value] {
    policy[part].as_array().map_or(&[], Vec::as_slice)
}

fn next_settings(call: &Call, kind: &PolicyKind, id: &str, from: usize) -> String {
    use base64::Engine;
    let token = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(format!("page.{from}.0"));
    format!("{}/deviceManagement/{}('{id}')/settings?$skiptoken={token}", call.root(), kind.name)
}

/// A policy as it is answered, with its parts only where `$expand` asks for them.
fn show(call: &Call, kind: &PolicyKind, policy: &Value) -> Value {
    let mut out = policy.clone();
    let Some(map) = out.as_object_mut() else { return out };
    map.remove("x-secrets");
    for part in PARTS {
        map.remove(*part);
    }
    if kind.fixed_type.is_some() {
        map.remove("@odata.type");
    }
    let id = policy["id"].as_str().unwrap_or_default();
    for expand in call.query.get("$expand").map(parse_expand).unwrap_or_default() {
        let part = expand.name.as_str();
        if !PARTS.contains(&part) {
            continue;
        }
        let mut list = list_of(policy, part).to_vec();
        let cut = match call.switches.expanded_settings {
            ExpandedSettings::SilentlyAt(n) => Some((n, false)),
            ExpandedSettings::WithNextLink(n) => Some((n, true)),
            ExpandedSettings::Never => None,
        };
        if part == "settings"
            && let Some((n, with_link)) = cut
            && list.len() > n
        {
            list.truncate(n);
            if with_link {
                map.insert("settings@odata.nextLink".into(), next_settings(call, kind, id, n).into());
            }
        }
        map.insert(part.to_owned(), list.into());
        let address = format!("{}/$metadata#deviceManagement/{}('{id}')/{part}", call.root(), kind.name);
        map.insert(format!("{part}@odata.context"), address.into());
    }
    out
}

fn part_page(call: &Call, set: &str, list: &[Value], default: usize, maximum: usize) -> Outcome {
    let paging = Paging::of(call, list.len(), default, maximum)?;
    let mut shown = Vec::new();
    let next = paging.fill(list.len(), |place| {
        shown.push(list[place].clone());
        true
    });
    let mut page = json!({"@odata.context": call.context(set), "value": shown});
    if let Some(next) = next {
        page["@odata.nextLink"] = paging.link(call, next).into();
    }
    Ok(Reply::json(200, &page))
}

pub(super) fn read(call: &Call, d: &Directory, rest: &[&str]) -> Outcome {
    let kind = kind_of(call, rest)?;
    let docs: &Docs = d.docs(&collection(kind.name));
    let set = collection(kind.name);
    if rest.len() == 1 {
        return roles::page(call, docs, &set, kind.default_page, 1000, |one| show(call, kind, one));
    }
    let policy = docs.get(rest[1]).ok_or_else(|| not_found(rest[1]))?;
    let set = format!("{set}('{}')", rest[1]);
    match &rest[2..] {
        [] => {
            let mut out = show(call, kind, policy);
            out["@odata.context"] = call.context(&format!("{}/$entity", collection(kind.name))).into();
            Ok(Reply::json(200, &out))
        }
        ["assignments"] => {
            part_page(call, &format!("{set}/assignments"), list_of(policy, "assignments"), 1000, 1000)
        }
        ["settings"] if kind.settings => {
            part_page(call, &format!("{set}/settings"), list_of(policy, "settings"), SETTINGS_PAGE, 1000)
        }
        ["scheduledActionsForRule"] if kind.actions => {
            let list = list_of(policy, "scheduledActionsForRule");
            part_page(call, &format!("{set}/scheduledActionsForRule"), list, 1000, 1000)
        }
        [MESSAGES] if kind.name == "notificationMessageTemplates" => {
            part_page(call, &format!("{set}/{MESSAGES}"), list_of(policy, MESSAGES), 1000, 1000)
        }
        [name] if name.starts_with("getOmaSettingPlainTextValue") => {
            let reference = name.split('\'').nth(1).unwrap_or_default();
            let value = policy["x-secrets"].get(reference).ok_or_else(|| not_found(reference))?;
            Ok(Reply::json(200, &json!({"@odata.context": call.context("Edm.String"), "value": value})))
        }
        [name, ..] => Err(no_segment(name)),
    }
}
