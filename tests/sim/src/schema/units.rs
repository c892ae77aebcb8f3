//! Administrative units: every property of the v1.0 type, as rows. Source: the resource and update pages of
//! learn.microsoft.com/graph, and the type in the v1.0 metadata.

use super::Type::{Bool, Date, Text};
use super::{
    Prop,
    flag::{CREATE, DEFAULT, PATCH, REQUIRED},
    prop,
};

pub(super) static PROPS: &[Prop] = &[
    prop("description", Text, DEFAULT | PATCH),
    prop("displayName", Text, DEFAULT | PATCH | REQUIRED),
    prop("isMemberManagementRestricted", Bool, DEFAULT | CREATE),
    prop("membershipRule", Text, DEFAULT | PATCH),
    prop("membershipRuleProcessingState", Text, DEFAULT | PATCH),
    prop("membershipType", Text, DEFAULT | PATCH),
    prop("visibility", Text, DEFAULT | PATCH),
    prop("deletedDateTime", Date, DEFAULT),
];
