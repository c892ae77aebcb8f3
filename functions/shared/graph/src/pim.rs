//! Role schedules (PIM) are read-only; they are given and taken by requests.
//!
//! Pure: a schedule in, the body of a request out. Source: learn.microsoft.com/graph/api/resources/
//! unifiedroleassignmentschedulerequest and unifiedroleeligibilityschedulerequest.

use domain::Timestamp;
use domain::restore::with_fixed_end;
use serde_json::{Map, Value, json};

/// What a request takes over from a schedule, where it is not null.
const TAKEN: &[&str] = &["principalId", "roleDefinitionId", "directoryScopeId", "appScopeId"];
/// Shown to the customer's administrators in their PIM history.
const JUSTIFICATION: &str = "Restored by Holdfast";

/// The request that gives a schedule.
pub(crate) fn assign(schedule: &Map<String, Value>, now: Timestamp) -> Value {
    // A schedule that is to be changed says so itself: the restore's step carries the action.
    let action = match schedule.get("action").and_then(Value::as_str) {
        Some("adminUpdate") => "adminUpdate",
        _ => "adminAssign",
    };
    let mut body = parts(schedule, action);
    // Why: a duration counts from the start that is set below; what was given for eight hours is not given for
    // eight more.
    let mut info = match with_fixed_end(schedule) {
        Some(Value::Object(info)) => info,
        _ => Map::from_iter([("expiration".to_owned(), json!({"type": "noExpiration"}))]),
    };
    // Why: what began in the past begins now; Graph keeps no schedule that began before its request.
    let start = info.get("startDateTime").and_then(Value::as_str).and_then(|s| s.parse::<Timestamp>().ok());
    let start = start.map_or(now, |start| start.max(now));
    info.insert("startDateTime".to_owned(), Value::from(start.to_string()));
    info.retain(|_, v| !v.is_null());
    body.insert("scheduleInfo".to_owned(), Value::Object(info));
    Value::Object(body)
}

/// The request that takes a schedule away.
pub(crate) fn remove(schedule: &Map<String, Value>) -> Value {
    Value::Object(parts(schedule, "adminRemove"))
}

fn parts(schedule: &Map<String, Value>, action: &str) -> Map<String, Value> {
    let mut body: Map<String, Value> = schedule
        .iter()
        .filter(|(name, value)| TAKEN.contains(&name.as_str()) && !value.is_null())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    body.insert("action".to_owned(), Value::from(action));
    let given = schedule.get("justification").filter(|v| v.is_string()).cloned();
    body.insert("justification".to_owned(), given.unwrap_or_else(|| Value::from(JUSTIFICATION)));
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_that_began_in_the_past_is_given_from_now_on_with_its_own_end() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let schedule = json!({
            "id": "s", "principalId": "p", "roleDefinitionId": "r", "directoryScopeId": "/", "appScopeId": null,
            "memberType": "Direct", "status": "Provisioned",
            "scheduleInfo": {"startDateTime": "2025-06-01T00:00:00Z", "recurrence": null,
                "expiration": {"type": "afterDateTime", "endDateTime": "2027-01-01T00:00:00Z"}}
        });
        let schedule = schedule.as_object().unwrap();
        assert_eq!(
            assign(schedule, now),
            json!({"action": "adminAssign", "principalId": "p", "roleDefinitionId": "r", "directoryScopeId": "/",
                "justification": "Restored by Holdfast",
                "scheduleInfo": {"startDateTime": "2026-01-01T00:00:00Z",
                    "expiration": {"type": "afterDateTime", "endDateTime": "2027-01-01T00:00:00Z"}}})
        );
        let mut changed = schedule.clone();
        changed.insert("action".to_owned(), json!("adminUpdate"));
        assert_eq!(assign(&changed, now)["action"], "adminUpdate");
        assert_eq!(
            remove(schedule),
            json!({"action": "adminRemove", "principalId": "p", "roleDefinitionId": "r", "directoryScopeId": "/",
                "justification": "Restored by Holdfast"})
        );
    }
}
