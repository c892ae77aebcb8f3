//! Records that say nothing of any change, and are not kept.
//!
//! Dropped by an explicit list, never kept by one: an activity that is new must not vanish.

use serde_json::Value;

/// The service and the activity of what is dropped.
/// Source: learn.microsoft.com/graph/api/directoryaudit-list shows the first: a reading that is logged as an update.
const NOISE: [(&str, &str); 2] = [
    ("Self-service Group Management", "GroupLifecyclePolicies_Get"),
    ("Self-service Group Management", "Features_GetFeaturesAsync"),
];

/// Whether a record, as Graph gives it, is one of a reading.
pub fn is_noise(record: &Value) -> bool {
    let is =
        |name: &str, word: &str| record[name].as_str().is_some_and(|text| text.eq_ignore_ascii_case(word));
    NOISE
        .iter()
        .any(|(service, activity)| is("loggedByService", service) && is("activityDisplayName", activity))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_list_names_is_dropped_and_everything_else_is_kept() {
        for (service, activity) in NOISE {
            assert!(is_noise(&json!({ "loggedByService": service, "activityDisplayName": activity })));
            assert!(!is_noise(
                &json!({ "loggedByService": "Core Directory", "activityDisplayName": activity })
            ));
        }
        assert!(!is_noise(&json!({ "loggedByService": "New", "activityDisplayName": "Anything_Get" })));
        assert!(!is_noise(&json!({})));
    }
}
