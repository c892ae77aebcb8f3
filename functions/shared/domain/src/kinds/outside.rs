//! What device policies refer to and no snapshot holds: filters, scope tags, message templates, scripts.
//!
//! Graph refuses a write that names one that is gone, with all that travels together with it.
//! Source: learn.microsoft.com/graph/api/resources/intune-graph-overview (beta).

use super::ApiVersion;
use serde_json::{Map, Value};

/// Where a policy names what it refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// In a member of the target of an assignment.
    InTarget(&'static str),
    /// In a list of ids.
    InList(&'static str),
    /// In a member of an object.
    InPart {
        /// The property that is an object.
        property: &'static str,
        /// The member of it that is the id.
        member: &'static str,
    },
    /// In a member of the items of a list, which is a part of the items of another list.
    InItems {
        /// The property that is the outer list.
        property: &'static str,
        /// The member of its items that is the inner list.
        items: &'static str,
        /// The member of the inner items that is the id.
        member: &'static str,
    },
}

/// A collection of objects that are no kind of ours.
#[derive(Debug, PartialEq, Eq)]
pub struct Outside {
    /// The collection's name, the last segment of its path.
    pub name: &'static str,
    /// What a person calls one of its objects.
    pub label: &'static str,
    /// The collection's path below the version.
    pub path: &'static str,
    /// The version of Graph that has it.
    pub version: ApiVersion,
    /// Where policies name one of its objects.
    pub named: Named,
}

/// Every collection that is no kind and that what is written may refer to.
pub static OUTSIDE: &[Outside] = &[
    Outside {
        name: "assignmentFilters",
        label: "filter",
        path: "deviceManagement/assignmentFilters",
        version: ApiVersion::Beta,
        named: Named::InTarget("deviceAndAppManagementAssignmentFilterId"),
    },
    Outside {
        name: "roleScopeTags",
        label: "scope tag",
        path: "deviceManagement/roleScopeTags",
        version: ApiVersion::Beta,
        named: Named::InList("roleScopeTagIds"),
    },
    Outside {
        name: "notificationMessageTemplates",
        label: "message template",
        path: "deviceManagement/notificationMessageTemplates",
        version: ApiVersion::Beta,
        named: Named::InItems {
            property: "scheduledActionsForRule",
            items: "scheduledActionConfigurations",
            member: "notificationTemplateId",
        },
    },
    Outside {
        name: "deviceComplianceScripts",
        label: "compliance script",
        path: "deviceManagement/deviceComplianceScripts",
        version: ApiVersion::Beta,
        named: Named::InPart { property: "deviceCompliancePolicyScript", member: "deviceComplianceScriptId" },
    },
];

/// What stands for none, where an id must be given.
const NONE: &str = "00000000-0000-0000-0000-000000000000";

/// The id in that member, unless it stands for none.
pub fn named_in<'a>(object: &'a Map<String, Value>, member: &str) -> Option<&'a str> {
    object.get(member)?.as_str().filter(|id| !id.is_empty() && *id != NONE)
}

impl Outside {
    /// The ids that an object, or the target of an assignment, names.
    pub fn ids(&self, object: &Map<String, Value>) -> Vec<String> {
        let list = |value: Option<&'_ Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
        let of = |item: &Value, member: &str| Some(named_in(item.as_object()?, member)?.to_owned());
        match self.named {
            Named::InTarget(member) => named_in(object, member).map(str::to_owned).into_iter().collect(),
            Named::InList(property) => {
                list(object.get(property)).iter().filter_map(|id| id.as_str().map(str::to_owned)).collect()
            }
            Named::InPart { property, member } => {
                object.get(property).and_then(|part| of(part, member)).into_iter().collect()
            }
            Named::InItems { property, items, member } => {
                let inner = list(object.get(property)).into_iter().flat_map(|item| list(item.get(items)));
                inner.filter_map(|item| of(&item, member)).collect()
            }
        }
    }

    /// The property of an object that names them; none where assignments do.
    pub fn property(&self) -> Option<&'static str> {
        match self.named {
            Named::InTarget(_) => None,
            Named::InList(property) | Named::InPart { property, .. } | Named::InItems { property, .. } => {
                Some(property)
            }
        }
    }
}
