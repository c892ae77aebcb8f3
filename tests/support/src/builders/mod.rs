//! Objects as Graph would give them, small but with every property that a rule looks at.
//!
//! All are numbered: the same number gives the same object, and [`id`] of a number is the id that a link to it
//! names. They are plain JSON maps: change what a test is about, leave the rest. Each is of the type that
//! Microsoft's OpenAPI declares (a test of this crate holds them against it).

mod directory;
mod policies;
mod rows;

pub use directory::{
    administrative_unit, eligible_schedule, group, removed, role_assignment, role_definition, user,
};
pub use policies::{
    assigned_to_all_devices, assigned_to_group, choice_setting, compliance_policy, configuration_policy,
    device_compliance_policy, device_configuration, group_setting, simple_setting,
};
pub use rows::{previewed_restore, queued_comparison, sealed_snapshot};
use serde_json::{Map, Value};

/// The GUID of a number within a family (`"user"`, `"group"`, …): no two families share one.
pub fn id(family: &str, n: u32) -> String {
    let family: u32 = family.bytes().fold(0, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    format!("{family:08x}-0000-4000-8000-{n:012x}")
}

/// The map of an object literal.
fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("not a JSON object: {other}"),
    }
}
