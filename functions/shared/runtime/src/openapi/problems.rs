//! What is answered when a request fails: RFC 9457 problems, and the gateway's own replies.

use super::parameters::text_header;
use serde_json::{Map, Value, json};

const PROBLEMS: [(u16, &str); 13] = [
    (400, "The request cannot be read."),
    (401, "It is not known who asks."),
    (403, "The caller lacks the right for this."),
    (404, "There is no such thing, or the caller does not see it."),
    (409, "The state of what is asked about does not allow it."),
    (412, "It was changed since the version that `If-Match` names."),
    (413, "The body is too long."),
    (415, "The body is not JSON."),
    (422, "A field is wrong; `errors` names it."),
    (428, "`If-Match` is missing."),
    (429, "The caller makes too many requests, or has asked for as much work as it may for now."),
    (500, "Something went wrong on our side."),
    (503, "A service that is needed cannot answer now, and nothing was done."),
];

/// The replies that operations refer to as `Problem404` and so on.
pub(super) fn responses() -> Map<String, Value> {
    PROBLEMS.into_iter().map(response).collect()
}

fn response((status, description): (u16, &str)) -> (String, Value) {
    let schema = json!({ "$ref": "#/components/schemas/Problem" });
    let content = json!({ "application/problem+json": { "schema": schema } });
    let mut response = json!({ "description": description, "content": content });
    if matches!(status, 401 | 403 | 404 | 413 | 429 | 500 | 503) {
        // Why: the gateway refuses before a function is asked, and in its own form.
        let schema = json!({ "$ref": "#/components/schemas/GatewayReply" });
        response["content"]["application/json"] = json!({ "schema": schema });
    }
    if matches!(status, 409 | 429 | 503) {
        let text = text_header("The seconds after which to try again, where trying again helps.");
        response["headers"] = json!({ "Retry-After": text });
    }
    (format!("Problem{status}"), response)
}

/// A problem, RFC 9457.
pub(super) fn schema() -> Value {
    let text = |description: &str| json!({ "type": "string", "description": description });
    let fault = json!({
        "type": "object", "required": ["field", "message"],
        "description": "A field at fault.",
        "properties": {
            "field": text("The field's name, with its place in the body: `items[0].key`."),
            "message": text("What is wrong with it, for a person."),
            "at": { "type": "integer", "minimum": 1, "description": "At which of its characters, from 1, where that is known; behind the last, where something is missing." },
        },
    });
    let kind = "Which problem it is, for programs. The types never change.";
    json!({
        "type": "object", "required": ["type", "title", "status", "detail", "instance"],
        "description": "Why a request failed, RFC 9457.",
        "properties": {
            "type": { "type": "string", "format": "uri", "description": kind },
            "title": text("The type of problem, for a person."),
            "status": { "type": "integer", "description": "The HTTP status, once more." },
            "detail": text("What is wrong this time, for a person."),
            "instance": text("The request's id, which names it in our logs."),
            "errors": { "type": "array", "items": fault, "description": "The fields at fault, where fields are." },
        },
    })
}

/// What API Gateway answers in our place.
pub(super) fn gateway_schema() -> Value {
    json!({
        "type": "object", "required": ["message"],
        "description": "Why the gateway refused the request before the service saw it.",
        "properties": { "message": { "type": "string", "description": "What is wrong, for a person." } },
    })
}
