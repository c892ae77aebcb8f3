//! Names and values out of a customer's directory, as they may stand in a mail: one short line each.

use domain::changes::{Change, LinkChange, What};
use domain::kinds::{Reference, Term};
use domain::{ErrorKind, text};
use serde_json::Value;

/// The greatest length of a name, in characters; the rest is cut.
const NAME_CHARS: usize = 120;
/// The greatest length of a value, in characters; the rest is cut.
const VALUE_CHARS: usize = 80;

/// The greatest length of what is said of a link: the names of its parts are long.
const LINK_CHARS: usize = 2 * VALUE_CHARS;

/// A name on one line, without what could make it look like something else.
#[must_use]
pub fn one_line(text: &str) -> String {
    text::one_line(text, NAME_CHARS)
}

/// How many there are, with the word for one or for several.
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// A value of an attribute on one short line; text without its quotes. None for no value.
pub(super) fn value_line(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text::one_line(text, VALUE_CHARS)),
        other => Some(text::one_line(&other.to_string(), VALUE_CHARS)),
    }
}

/// What Graph says of a link besides its ends, on one short line: `filter f1, filter type include`. None where it says
/// nothing but what the link and its end are.
pub(super) fn link_line(value: &Value) -> Option<String> {
    let mut said = Vec::new();
    gather(value, "", &mut said);
    if said.is_empty() { None } else { Some(text::one_line(&said.join(", "), LINK_CHARS)) }
}

/// The names and values at the ends of an object's branches, without annotations, ids, and what is empty.
fn gather(value: &Value, name: &str, said: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            let own = ["id", "source", "sourceId", "groupId"];
            for (key, value) in map.iter().filter(|(k, _)| !k.contains('@') && !own.contains(&k.as_str())) {
                gather(value, key, said);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, name, said)),
        Value::Null => {}
        Value::String(text) => said.push(format!("{name} {text}").trim().to_owned()),
        other => said.push(format!("{name} {other}").trim().to_owned()),
    }
}

/// The far end of a link: its name and its id, or its id alone.
pub(super) fn far_end(link: &LinkChange) -> String {
    match &link.to_name {
        Some(name) => format!("{} ({})", one_line(name), one_line(&link.to)),
        None => one_line(&link.to),
    }
}

/// Who got, lost or holds what role over what: for the kinds whose objects are such facts.
pub(super) fn role_sentence(change: &Change) -> Option<String> {
    let kind = change.kind.find()?;
    let grant = kind.grant()?;
    let (given, taken) = match grant.term {
        Term::Assigned { .. } => ("was given", "no longer has"),
        Term::Scheduled => ("was given, for a time or for good,", "no longer has by schedule"),
        Term::Eligible => ("may now activate", "may no longer activate"),
    };
    // The key of such a fact is `principal|role|scope|app scope`, its name `principal: role`.
    let mut parts = change.key.split('|');
    let mut part = || parts.next().unwrap_or_default();
    let (principal, role, scope, app) = (part(), part(), part(), part());
    let (who, which) = match change.name.as_deref().and_then(|n| n.rsplit_once(": ")) {
        Some((who, which)) => (one_line(who), one_line(which)),
        None => (one_line(principal), format!("role {}", one_line(role))),
    };
    let over = over_what(kind.reference(grant.scope), scope, app);
    Some(match change.what {
        What::Created => format!("{who} {given} {which} over {over}"),
        What::Deleted => format!("{who} {taken} {which} over {over}"),
        What::Modified | What::Moved => format!("{who}: the terms of {which} over {over} changed"),
        What::Activated => {
            let until = change.ends_at.map(|end| end.strftime(" until %-d %B %Y, %H:%M (UTC)").to_string());
            format!("{who} activated {which} over {over}{}", until.unwrap_or_default())
        }
        What::Ended => format!("{who}: the activation of {which} over {over} ended"),
    })
}

/// What a role is held over, by its two scopes; `unit` says how a scope refers to an object that is one.
fn over_what(unit: Option<&Reference>, scope: &str, app: &str) -> String {
    let referred = |unit: &Reference| Some((unit.kinds.first()?.row().ok()?.label, unit.prefix));
    let (label, prefix) = unit.and_then(referred).unwrap_or(("object", "/"));
    match (scope, app) {
        ("", "" | "/") | ("/", _) => "the whole directory".to_owned(),
        ("", app) => format!("the app scope {}", one_line(app)),
        (scope, _) => match scope.strip_prefix(prefix) {
            Some(unit) => format!("the {label} {}", one_line(unit)),
            None => format!("the object {}", one_line(scope.trim_start_matches('/'))),
        },
    }
}

/// What an error means that work ended with, for a person.
pub(super) fn meaning(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Denied => "Microsoft does not permit it. What it answered stands with the work itself.",
        ErrorKind::Throttled { .. } => "Microsoft asked to come back later for too long.",
        ErrorKind::Unavailable => "A service did not answer, however often it was asked.",
        ErrorKind::Corrupt => "Stored bytes are not what was stored; this needs somebody's attention.",
        ErrorKind::Conflict | ErrorKind::Stale => "Something else held it up each time.",
        ErrorKind::NotFound => "What it needs is no longer there.",
        ErrorKind::Invalid => "What was asked for cannot be done.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(kind: &str, what: What, key: &str, name: Option<&str>) -> Change {
        Change {
            kind: domain::kinds::get(kind).unwrap().name.into(),
            key: key.to_owned(),
            new_key: None,
            name: name.map(str::to_owned),
            what,
            attributes: vec![],
            links: vec![],
            ends_at: None,
            since: None,
            consequences: 0,
            privileged: true,
            rating: domain::changes::Rating::default(),
        }
    }

    #[test]
    fn a_role_assignment_says_who_got_what_role_over_what() {
        let given = fact("admins", What::Created, "p1|r1|/|", Some("Lee: Ann: Global Administrator"));
        assert_eq!(
            role_sentence(&given).unwrap(),
            "Lee: Ann was given Global Administrator over the whole directory"
        );
        let unit = fact("admins", What::Deleted, "p1|r1|/administrativeUnits/u1|", Some("Ann: Helpdesk"));
        assert_eq!(
            role_sentence(&unit).unwrap(),
            "Ann no longer has Helpdesk over the administrative unit u1"
        );
        let unnamed = fact("eligibleAdmins", What::Created, "p1|r1|/a1|", None);
        assert_eq!(role_sentence(&unnamed).unwrap(), "p1 may now activate role r1 over the object a1");
        assert_eq!(role_sentence(&fact("roles", What::Modified, "r1", Some("Mine: own"))), None);
    }

    #[test]
    fn an_activation_says_until_when_it_lasts_and_nothing_of_a_grant() {
        let mut active = fact("activeAdmins", What::Activated, "p1|r1|/|", Some("Ann: Global Administrator"));
        let sentence = "Ann activated Global Administrator over the whole directory";
        assert_eq!(role_sentence(&active).unwrap(), sentence);
        active.ends_at = Some("2026-11-22T18:00:00Z".parse().unwrap());
        assert_eq!(
            role_sentence(&active).unwrap(),
            format!("{sentence} until 22 November 2026, 18:00 (UTC)")
        );
        active.what = What::Ended;
        assert_eq!(
            role_sentence(&active).unwrap(),
            "Ann: the activation of Global Administrator over the whole directory ended"
        );
    }

    #[test]
    fn a_link_says_in_words_what_it_says_and_nothing_of_types_and_ids() {
        let said = |value: Value| link_line(&value);
        assert_eq!(said(serde_json::json!({})), None);
        assert_eq!(said(serde_json::json!({ "@odata.type": "#microsoft.graph.user" })), None);
        let target = serde_json::json!({ "id": "1", "source": "direct", "target": { "@odata.type": "#t", "groupId": "g",
            "deviceAndAppManagementAssignmentFilterId": "f1", "deviceAndAppManagementAssignmentFilterType": "include" } });
        assert_eq!(
            said(target).unwrap(),
            "deviceAndAppManagementAssignmentFilterId f1, deviceAndAppManagementAssignmentFilterType include"
        );
    }

    #[test]
    fn a_name_cannot_add_lines_to_a_mail_or_turn_its_text_around() {
        assert_eq!(one_line("Ann\r\nBcc: all@example.com"), "Ann  Bcc: all@example.com");
        assert_eq!(one_line("invoice\u{202e}fdp.exe"), "invoice fdp.exe");
        assert_eq!(one_line(&"x".repeat(500)).chars().count(), NAME_CHARS + 1);
    }

    #[test]
    fn a_value_is_shortened_and_nothing_stays_nothing() {
        assert_eq!(value_line(&Value::Null), None);
        assert_eq!(value_line(&serde_json::json!({"a": [1, true]})).unwrap(), r#"{"a":[1,true]}"#);
        assert_eq!(value_line(&serde_json::json!("é".repeat(100))).unwrap().chars().count(), VALUE_CHARS + 1);
    }
}
