//! The OpenAPI 3.1 document, made from a table of routes and the types on the wire.
//!
//! A route is a row: [`Route::get`] or [`Route::post`] and what it takes and answers. What every route has (problems,
//! headers, who may call) is added here, so that a row says only what is its own.

use crate::http::{IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED};
use domain::rights::Action;
use schemars::generate::{Contract, SchemaSettings};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// What a route answers when all is well.
struct Answer {
    status: u16,
    kind: &'static str,
    schema: Option<SchemaOf>,
}

/// A route: a row of the table.
#[expect(clippy::struct_excessive_bools, reason = "each is something that a route has or has not")]
pub struct Route {
    method: &'static str,
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    right: Option<Action>,
    open: bool,
    query: Option<SchemaOf>,
    body: Option<SchemaOf>,
    answers: Vec<Answer>,
    problems: Vec<u16>,
    located: bool,
    versioned: bool,
    if_match: bool,
}

impl Route {
    fn new(method: &'static str, path: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self {
            method,
            path,
            id,
            summary,
            right: None,
            open: false,
            query: None,
            body: None,
            answers: Vec::new(),
            problems: Vec::new(),
            located: false,
            versioned: false,
            if_match: false,
        }
    }
    /// A GET. The path is the router's, with `{key}` where that has `{*key}`.
    pub fn get(path: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self::new("get", path, id, summary)
    }
    /// A POST.
    pub fn post(path: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self::new("post", path, id, summary)
    }
    /// A PUT.
    pub fn put(path: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self::new("put", path, id, summary)
    }
    /// A PATCH.
    pub fn patch(path: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self::new("patch", path, id, summary)
    }
    /// A DELETE.
    pub fn delete(path: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self::new("delete", path, id, summary)
    }
    /// The right that it takes.
    #[must_use]
    pub fn right(mut self, action: Action) -> Self {
        self.right = Some(action);
        self
    }
    /// Anybody may call it.
    #[must_use]
    pub fn open(mut self) -> Self {
        self.open = true;
        self
    }
    /// Its query.
    #[must_use]
    pub fn query<T: JsonSchema>(mut self) -> Self {
        self.query = Some(T::json_schema);
        self
    }
    /// Its body.
    #[must_use]
    pub fn body<T: JsonSchema>(mut self) -> Self {
        self.body = Some(SchemaGenerator::subschema_for::<T>);
        self
    }
    /// What it answers, as JSON.
    #[must_use]
    pub fn answers<T: JsonSchema>(mut self, status: u16) -> Self {
        let schema: Option<SchemaOf> = Some(SchemaGenerator::subschema_for::<T>);
        self.answers.push(Answer { status, kind: "application/json", schema });
        self
    }
    /// What it answers, as text of that kind.
    #[must_use]
    pub fn answers_text(mut self, status: u16, kind: &'static str) -> Self {
        self.answers.push(Answer { status, kind, schema: None });
        self
    }
    /// It answers 204, without a body.
    #[must_use]
    pub fn answers_nothing(mut self) -> Self {
        self.answers.push(Answer { status: 204, kind: "", schema: None });
        self
    }
    /// Problems that it has beside those that every route of its sort has.
    #[must_use]
    pub fn problems(mut self, statuses: &[u16]) -> Self {
        self.problems.extend(statuses);
        self
    }
    /// Its answer says in `Location` where the thing is.
    #[must_use]
    pub fn located(mut self) -> Self {
        self.located = true;
        self
    }
    /// Its answer carries an `ETag`.
    #[must_use]
    pub fn versioned(mut self) -> Self {
        self.versioned = true;
        self
    }
    /// It takes the version that it is about, and answers with something else.
    #[must_use]
    pub fn takes_version(mut self) -> Self {
        self.if_match = true;
        self
    }
    /// It takes the version that it changes, and answers with the next.
    #[must_use]
    pub fn edits(mut self) -> Self {
        self.if_match = true;
        self.versioned = true;
        self
    }

    /// Its method in upper case, and its path.
    pub fn key(&self) -> (String, &'static str) {
        (self.method.to_uppercase(), self.path)
    }
    /// Whether anybody may call it.
    pub fn is_open(&self) -> bool {
        self.open
    }

    fn all_problems(&self) -> Vec<u16> {
        let mut all = vec![429, 500, 503];
        if !self.open {
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
        if self.if_match {
            all.extend([412, 428]);
        }
        all.extend(&self.problems);
        all.sort_unstable();
        all.dedup();
        all
    }

    fn operation(&self, requests: &mut SchemaGenerator, replies: &mut SchemaGenerator) -> Value {
        let mut operation = json!({ "operationId": self.id, "summary": self.summary });
        if self.open {
            operation["security"] = json!([]);
        }
        if let Some(right) = self.right {
            operation["x-right"] = json!(format!("{right:?}"));
        }
        let parameters = self.parameters(requests);
        if !parameters.is_empty() {
            operation["parameters"] = Value::Array(parameters);
        }
        if let Some(body) = self.body {
            let schema = body(requests);
            let content = json!({ "application/json": { "schema": schema } });
            operation["requestBody"] = json!({ "required": true, "content": content });
        }
        let mut responses = Map::new();
        for answer in &self.answers {
            if answer.kind.is_empty() {
                let nothing = json!({ "description": "Done.", "headers": self.headers(answer.status) });
                responses.insert(answer.status.to_string(), nothing);
                continue;
            }
            let schema = answer.schema.map_or_else(|| json!({ "type": "string" }), |of| json!(of(replies)));
            let entry = responses.entry(answer.status.to_string()).or_insert_with(
                || json!({ "description": "Done.", "headers": self.headers(answer.status), "content": {} }),
            );
            entry["content"][answer.kind] = json!({ "schema": schema });
        }
        for status in self.all_problems() {
            let problem = json!({ "$ref": format!("#/components/responses/Problem{status}") });
            responses.entry(status.to_string()).or_insert(problem);
        }
        operation["responses"] = Value::Object(responses);
        operation
    }

    fn parameters(&self, requests: &mut SchemaGenerator) -> Vec<Value> {
        let mut all: Vec<Value> = self.path.split('/').filter_map(path_parameter).collect();
        if let Some(query) = self.query {
            let schema = query(requests).to_value();
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
                all.push(json!({
                    "name": name, "in": "query", "required": required.contains(&json!(name)),
                    "schema": without_null(schema.clone()),
                }));
            }
        }
        let header = |name: &str| json!({ "$ref": format!("#/components/parameters/{name}") });
        if self.method == "post" && !self.open {
            all.push(header("IdempotencyKey"));
        }
        if self.if_match {
            all.push(header("IfMatch"));
        }
        all
    }

    fn headers(&self, status: u16) -> Value {
        let mut headers = json!({ "X-Request-Id": text("Names the request in logs.") });
        if !self.open {
            headers["RateLimit"] = text("What is left to the caller.");
            headers["RateLimit-Policy"] = text("What the caller may ask.");
        }
        if self.method == "post" && !self.open {
            headers[IDEMPOTENCY_REPLAYED.as_str()] = text("`true` when the reply is given again.");
        }
        if self.located && matches!(status, 201 | 202) {
            headers["Location"] = text("Where the thing is.");
        }
        if self.versioned {
            headers["ETag"] = text("The version.");
        }
        headers
    }
}

fn text(description: &str) -> Value {
    json!({ "description": description, "schema": { "type": "string" } })
}

fn path_parameter(segment: &str) -> Option<Value> {
    let name = segment.strip_prefix('{')?.strip_suffix('}')?;
    let schema = match name {
        "kind" | "key" => json!({ "type": "string", "minLength": 1 }),
        prefix => json!({ "type": "string", "pattern": format!("^{prefix}_[0-9a-z]{{26}}$") }),
    };
    Some(json!({ "name": name, "in": "path", "required": true, "schema": schema }))
}

/// A parameter that is not there is left out, and never written as null.
fn without_null(mut schema: Value) -> Value {
    if let Some(types) = schema.get_mut("type").and_then(Value::as_array_mut) {
        types.retain(|t| t != "null");
        if let [only] = &types[..] {
            schema["type"] = only.clone();
        }
    }
    if let Some(options) = schema.get("anyOf").and_then(Value::as_array) {
        let other: Vec<_> = options.iter().filter(|o| o["type"] != "null").cloned().collect();
        if let [only] = &other[..] {
            return only.clone();
        }
    }
    schema
}

const PROBLEMS: [(u16, &str); 14] = [
    (400, "The request cannot be read."),
    (401, "Who asks is not known."),
    (403, "It is not allowed."),
    (404, "There is no such thing, or the caller does not see it."),
    (405, "The path takes other methods."),
    (409, "The state does not allow it."),
    (412, "It was changed since the version that `If-Match` names."),
    (413, "The body is too long."),
    (415, "The body is not JSON."),
    (422, "A field is wrong."),
    (428, "`If-Match` is missing."),
    (429, "Too many requests."),
    (500, "Something went wrong."),
    (503, "A service cannot answer now, and nothing was done."),
];

fn problem_schema() -> Value {
    let fault = json!({ "type": "object", "required": ["field", "message"], "properties": {
        "field": { "type": "string" }, "message": { "type": "string" } } });
    json!({
        "type": "object", "required": ["type", "title", "status", "detail", "instance"],
        "properties": {
            "type": { "type": "string", "format": "uri" }, "title": { "type": "string" },
            "status": { "type": "integer" }, "detail": { "type": "string" },
            "instance": { "type": "string", "description": "The request's id." },
            "errors": { "type": "array", "items": fault },
        },
    })
}

fn problem_response((status, description): (u16, &str)) -> (String, Value) {
    let schema = json!({ "$ref": "#/components/schemas/Problem" });
    let mut response = json!({ "description": description, "content": { "application/problem+json": { "schema": schema } } });
    if matches!(status, 401 | 403 | 404 | 413 | 429 | 500 | 503) {
        // Why: the gateway refuses before a function is asked, and in its own form.
        let schema = json!({ "$ref": "#/components/schemas/GatewayReply" });
        response["content"]["application/json"] = json!({ "schema": schema });
    }
    if matches!(status, 409 | 429 | 503) {
        response["headers"] =
            json!({ "Retry-After": text("Seconds after which to come back, where it helps.") });
    }
    (format!("Problem{status}"), response)
}

/// The document of these routes.
pub fn document(title: &str, version: &str, routes: &[Route]) -> Value {
    let settings = || {
        SchemaSettings::draft2020_12().with(|s| "/components/schemas".clone_into(s.definitions_path.to_mut()))
    };
    // Why requests inline: a type may be written otherwise than it is read, and a name stands for one of them.
    let mut requests = settings().with(|s| s.inline_subschemas = true).into_generator();
    let mut replies = settings().with(|s| s.contract = Contract::Serialize).into_generator();
    let mut paths = Map::new();
    for route in routes {
        let operation = route.operation(&mut requests, &mut replies);
        paths.entry(route.path).or_insert_with(|| json!({}))[route.method] = operation;
    }
    let mut schemas = replies.take_definitions(true);
    schemas.insert("Problem".to_owned(), problem_schema());
    let gateway = json!({ "type": "object", "required": ["message"], "properties": {
        "message": { "type": "string" } } });
    schemas.insert("GatewayReply".to_owned(), gateway);
    let key = json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" });
    json!({
        "openapi": "3.1.0",
        "info": { "title": title, "version": version },
        "servers": [{ "url": "/" }],
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": PROBLEMS.into_iter().map(problem_response).collect::<Map<_, _>>(),
            "parameters": {
                "IdempotencyKey": { "name": IDEMPOTENCY_KEY.as_str(), "in": "header", "required": false,
                    "description": "Sent again under the same key, the request is done once.", "schema": key },
                "IfMatch": { "name": "If-Match", "in": "header", "required": true,
                    "description": "The ETag that was read.", "schema": { "type": "string" } },
            },
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
        },
    })
}
