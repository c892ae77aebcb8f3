//! Whether a record says that Microsoft's own recovery wrote: what it puts back is in no delta.
//!
//! Microsoft does not document what it calls these records. Taken for one is whatever its service of that name logs, and each
//! activity about a job of recovery: a false one costs a reading of everything, a missed one is found within the week.

use serde_json::Value;

/// Words of the services, and of the activities.
const SERVICES: [&str; 2] = ["backup and recovery", "entra recovery"];
const ACTIVITIES: [&str; 3] = ["recovery job", "recoveryjob", "directory recovery"];

/// Whether a record, as Graph gives it, is one of a recovery that may have written.
pub fn is_recovery(record: &Value) -> bool {
    let has = |name: &str, words: &[&str]| {
        let text = record[name].as_str().unwrap_or_default().to_lowercase();
        words.iter().any(|word| text.contains(word)) && !text.contains("preview")
    };
    has("loggedByService", &SERVICES) && !is_preview(record) || has("activityDisplayName", &ACTIVITIES)
}

fn is_preview(record: &Value) -> bool {
    record["activityDisplayName"].as_str().is_some_and(|text| text.to_lowercase().contains("preview"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_recovery_is_known_by_its_service_or_its_job_and_a_preview_of_one_is_none() {
        let of = |service: &str, activity: &str| {
            is_recovery(&json!({ "loggedByService": service, "activityDisplayName": activity }))
        };
        assert!(of("Microsoft Entra Backup and Recovery", "Start"));
        assert!(of("Core Directory", "Create recovery job"));
        assert!(!of("Microsoft Entra Backup and Recovery", "Create recovery preview job"));
        assert!(!of("Core Directory", "Restore user"));
        assert!(!of("Core Directory", "Read BitLocker key"));
    }
}
