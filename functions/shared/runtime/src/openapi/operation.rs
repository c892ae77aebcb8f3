//! An operation of the document: what a row of a table of routes says of itself.

use super::parameters;
use super::schema::{plain, without_null};
use crate::headers::IDEMPOTENCY_REPLAYED;
use crate::policies::TOLD;
use domain::rights::Action;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// A heading under which the document puts operations.
#[derive(Debug, PartialEq, Eq)]
pub struct Tag {
    /// What they are about, in a word or two.
    pub name: &'static str,
    /// The same in a sentence.
    pub description: &'static str,
}

/// What a route answers when all is well.
struct Answer {
    status: u16,
    /// Empty where there is no body.
    media_type: &'static str,
    /// None where it is text.
    schema: Option<SchemaOf>,
}

/// An operation: a method of a path, with what it takes and answers.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own that the document says")]
pub struct Operation {
    method: &'static str,
    path: String,
    id: &'static str,
    summary: &'static str,
    description: &'static str,
    tag: Option<&'static Tag>,
    right: Option<Action>,
    weight: u32,
    asks_caller: bool,
    has_trail: bool,
    query: Option<SchemaOf>,
    body: Option<SchemaOf>,
    answers: Vec<Answer>,
    problems: Vec<u16>,
    located: bool,
    versioned: bool,
    revalidated: bool,
    takes_version: bool,
}

/// What a row writes. [`crate::http::Route`] says what each means.
impl Operation {
    pub(crate) fn new(method: &'static str, path: &str, id: &'static str) -> Self {
        Self {
            method,
            // axum's form of the rest of a path is not OpenAPI's, which has none.
            path: path.replace("{*", "{"),
            id,
            summary: "",
            description: "",
            tag: None,
            right: None,
            weight: 1,
            asks_caller: false,
            has_trail: false,
            query: None,
            body: None,
            answers: Vec::new(),
            problems: Vec::new(),
            located: false,
            versioned: false,
            revalidated: false,
            takes_version: false,
        }
    }
    pub(crate) fn says(&mut self, summary: &'static str, description: &'static str) {
        (self.summary, self.description) = (summary, description);
    }
    pub(crate) fn under(&mut self, tag: &'static Tag) {
        self.tag = Some(tag);
    }
    /// It takes that right.
    pub fn right(&mut self, action: Action) {
        self.right = Some(action);
    }
    /// It has to be known who asks.
    pub fn asks_caller(&mut self) {
        self.asks_caller = true;
    }
    /// Its handler says whose audit log a request of nobody known belongs into.
    pub(crate) fn takes_trail(&mut self) {
        self.has_trail = true;
    }
    /// A request takes so many units of its caller's budget before it is begun.
    pub(crate) fn weighs(&mut self, units: u32) {
        self.weight = units;
    }
    /// It has problems of these statuses, beside those that every operation of its sort has.
    pub fn problems(&mut self, statuses: &[u16]) {
        self.problems.extend(statuses);
    }
    pub(crate) fn takes_version(&mut self) {
        self.takes_version = true;
    }
    pub(crate) fn query<T: JsonSchema>(&mut self) {
        self.query = Some(T::json_schema);
    }
    pub(crate) fn body<T: JsonSchema>(&mut self) {
        self.body = Some(SchemaGenerator::subschema_for::<T>);
    }
    pub(crate) fn answers<T: JsonSchema>(&mut self, status: u16) {
        let schema: Option<SchemaOf> = Some(SchemaGenerator::subschema_for::<T>);
        self.answers.push(Answer { status, media_type: "application/json", schema });
    }
    pub(crate) fn answers_text(&mut self, status: u16, media_type: &'static str) {
        self.answers.push(Answer { status, media_type, schema: None });
    }
    pub(crate) fn answers_nothing(&mut self) {
        self.answers.push(Answer { status: 204, media_type: "", schema: None });
    }
    pub(crate) fn located(&mut self) {
        self.located = true;
    }
    pub(crate) fn versioned(&mut self) {
        self.versioned = true;
    }
    pub(crate) fn revalidated(&mut self) {
        self.revalidated = true;
        self.answers.push(Answer { status: 304, media_type: "", schema: None });
    }
}

/// What is read of it.
impl Operation {
    /// Its method in upper case, and its path: `GET /v1/people/{per}`.
    pub fn key(&self) -> String {
        format!("{} {}", self.method.to_uppercase(), self.path)
    }
    /// Its method in lower case, as the document has it.
    pub fn method(&self) -> &'static str {
        self.method
    }
    /// Its path, each part that varies in braces.
    pub fn path(&self) -> &str {
        &self.path
    }
    /// Its id, by which clients name their methods.
    pub fn id(&self) -> &'static str {
        self.id
    }
    /// Whether anybody may call it, known or not.
    pub fn is_open(&self) -> bool {
        !self.asks_caller
    }
    /// Whether its handler takes an [`AuditTrail`](crate::http::AuditTrail): where nobody known calls, nothing else is
    /// written into an audit log.
    pub fn has_trail(&self) -> bool {
        self.has_trail
    }
    /// What it is for, in one sentence.
    pub fn summary(&self) -> &'static str {
        self.summary
    }
    /// What it does, in sentences, for whoever calls it.
    pub fn description(&self) -> &'static str {
        self.description
    }
    /// The heading that it is under.
    pub fn tag(&self) -> Option<&'static Tag> {
        self.tag
    }

    fn all_problems(&self) -> Vec<u16> {
        let mut all = vec![429, 500, 503];
        if self.asks_caller {
            all.extend([401, 403, 404]);
        }
        if self.query.is_some() || self.body.is_some() {
            all.extend([400, 422]);
        }
        if self.body.is_some() {
            all.extend([413, 415]);
        }
        if self.method != "get" {
            all.extend([400, 409, 413, 422]);
        }
        if self.takes_version {
            all.extend([412, 428]);
        }
        all.extend(&self.problems);
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The operation as the document has it.
    pub(super) fn written(&self, requests: &mut SchemaGenerator, replies: &mut SchemaGenerator) -> Value {
        let mut operation =
            json!({ "operationId": self.id, "summary": self.summary, "description": self.description });
        if let Some(tag) = self.tag {
            operation["tags"] = json!([tag.name]);
        }
        if !self.asks_caller {
            operation["security"] = json!([]);
        }
        if let Some(right) = self.right {
            operation["x-right"] = json!(format!("{right:?}"));
        }
        if self.asks_caller {
            operation["x-units"] = json!(self.weight);
        }
        let parameters = self.parameters(requests);
        if !parameters.is_empty() {
            operation["parameters"] = Value::Array(parameters);
        }
        if let Some(body) = self.body {
            let content = json!({ "application/json": { "schema": plain(json!(body(requests))) } });
            operation["requestBody"] = json!({ "required": true, "content": content });
        }
        operation["responses"] = Value::Object(self.responses(replies));
        operation
    }

    fn responses(&self, replies: &mut SchemaGenerator) -> Map<String, Value> {
        let mut responses = Map::new();
        for answer in &self.answers {
            let entry = responses.entry(answer.status.to_string()).or_insert_with(
                || json!({ "description": meaning(answer.status), "headers": self.headers(answer.status) }),
            );
            if !answer.media_type.is_empty() {
                let text = || json!({ "type": "string" });
                let schema = answer.schema.map_or_else(text, |of| plain(json!(of(replies))));
                entry["content"][answer.media_type] = json!({ "schema": schema });
            }
        }
        for status in self.all_problems() {
            let problem = json!({ "$ref": format!("#/components/responses/Problem{status}") });
            responses.entry(status.to_string()).or_insert(problem);
        }
        responses
    }

    fn parameters(&self, requests: &mut SchemaGenerator) -> Vec<Value> {
        let mut all: Vec<Value> = self.path.split('/').filter_map(parameters::of_path).collect();
        if let Some(query) = self.query {
            let schema = query(requests).to_value();
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
                let mut schema = without_null(plain(schema.clone()));
                let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
                all.push(json!({
                    "name": name, "in": "query", "required": required.contains(&json!(name)),
                    "description": description, "schema": schema,
                }));
            }
        }
        let header = |name: &str| json!({ "$ref": format!("#/components/parameters/{name}") });
        if self.method == "post" && self.asks_caller {
            all.push(header("IdempotencyKey"));
        }
        if self.takes_version {
            all.push(header("IfMatch"));
        }
        if self.revalidated {
            all.push(header("IfNoneMatch"));
        }
        all
    }

    fn headers(&self, status: u16) -> Value {
        let text = parameters::text_header;
        let mut headers = json!({ "X-Request-Id": text("The request's id, which names it in our logs.") });
        if self.asks_caller {
            headers["RateLimit"] = text(
                "How many units the budget that `RateLimit-Policy` names still has, and in how many seconds all are back. A unit is a tenth of \
                 a second in which we work on a request. A request takes the `x-units` of its operation before it is \
                 begun, and is counted by its time when it is over.",
            );
            let counted = TOLD.map(|policy| format!("`{}` counts {}", policy.name, policy.counts));
            headers["RateLimit-Policy"] = text(&format!(
                "How many units may be used in how many seconds. It is the caller's own budget, or, of those that the \
                 request counts on besides, one that has not enough for it: {}.",
                counted.join("; ")
            ));
        }
        if self.method == "post" && self.asks_caller {
            headers[IDEMPOTENCY_REPLAYED.as_str()] =
                text("`true` when this is the kept reply to an earlier request of the same key.");
        }
        if self.located && matches!(status, 201 | 202) {
            headers["Location"] = text("The path at which what was made, or the work, can be read.");
        }
        if self.versioned {
            headers["ETag"] = text("The version of what is shown, for the `If-Match` of an edit.");
        }
        if self.revalidated {
            headers["ETag"] = text("The version of what is shown, for an `If-None-Match`.");
        }
        headers
    }
}

/// What a status says when all is well.
fn meaning(status: u16) -> &'static str {
    match status {
        201 => "It was made.",
        202 => "It was accepted, and takes effect later.",
        204 => "It was done, and there is nothing to show.",
        304 => "It is still what the `If-None-Match` of the request names.",
        302 => "It goes on at the address in `Location`.",
        400.. => "It was not done; the text says why.",
        _ => "What was asked for.",
    }
}
