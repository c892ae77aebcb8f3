//! Parameters in paths, and headers.

use crate::headers::IDEMPOTENCY_KEY;
use serde_json::{Value, json};

/// The parts of paths that vary: the name, the pattern of the text, and what it is.
///
/// A name of three letters is the prefix of an id, which says the pattern.
const IN_PATHS: [(&str, &str, &str); 14] = [
    ("org", "", "The id of the organisation that it is about."),
    ("per", "", "The id of a person of the caller's partner."),
    ("inv", "", "The id of the invitation."),
    ("tok", "", "The token's id, which is no secret."),
    ("pln", "", "The id of a plan that the caller sees."),
    ("prt", "", "The id of a partner below the caller's."),
    ("dwn", "", "The id of the request for a downgrade."),
    ("snp", "", "The id of a snapshot of the organisation."),
    ("dif", "", "The id of a comparison of the organisation."),
    ("rst", "", "The id of a restore of the organisation."),
    ("step", "^[0-9]{1,5}$", "The number of a step of the restore."),
    ("month", "^[0-9]{4}-[0-9]{2}$", "The month, such as `2026-10`, in UTC."),
    ("cause", "^[a-z-]+$", "The name of a cause, such as `late-snapshot`."),
    ("kind", "", "The name of a kind of objects, such as `users`."),
];

/// A segment of a path as a parameter, where it is one.
pub(super) fn of_path(segment: &str) -> Option<Value> {
    let name = segment.strip_prefix('{')?.strip_suffix('}')?;
    let row = IN_PATHS.iter().find(|(of, ..)| *of == name);
    let schema = match (name, row) {
        ("kind" | "key", _) => json!({ "type": "string", "minLength": 1 }),
        (_, Some((_, pattern, _))) if !pattern.is_empty() => json!({ "type": "string", "pattern": pattern }),
        (prefix, _) => json!({ "type": "string", "pattern": format!("^{prefix}_[0-9a-z]{{26}}$") }),
    };
    let key = "The object's key, as lists of objects give it. It may hold slashes.";
    let description = row.map_or(key, |(_, _, description)| description);
    Some(
        json!({ "name": name, "in": "path", "required": true, "description": description, "schema": schema }),
    )
}

/// A header of a reply that holds text.
pub(super) fn text_header(description: &str) -> Value {
    json!({ "description": description, "schema": { "type": "string" } })
}

/// The headers that requests may carry, by the names under which operations refer to them.
pub(super) fn shared() -> Value {
    let key = json!({ "type": "string", "pattern": "^([!#-+.-~-]{1,255}|\"[!#-~]{1,255}\")$" });
    json!({
        "IdempotencyKey": {
            "name": IDEMPOTENCY_KEY.as_str(), "in": "header", "required": false, "schema": key,
            "description": "A key of the caller's choice, bare or in quotes; one with a comma is in quotes. Sent again under the same key within 24 hours, the request \
                            is done once, and the reply is given again. A refusal that may pass (409, 412, 428, 429, \
                            5xx) is not kept: nothing was done, and the request can be sent again under its key.",
        },
        "IfMatch": {
            "name": "If-Match", "in": "header", "required": true, "schema": { "type": "string" },
            "description": "The `ETag` with which was read what is to be changed.",
        },
        "IfNoneMatch": {
            "name": "If-None-Match", "in": "header", "required": false, "schema": { "type": "string" },
            "description": "The `ETag`s of what the caller has already; where it is one of them, the answer is 304.",
        },
    })
}
