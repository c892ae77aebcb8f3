//! Holds HTTP exchanges against Microsoft's OpenAPI of Graph: what we send, and what the simulator answers.
//!
//! The slices of Microsoft's files lie beside the project, not in it; without them [`Checker::load`] is none,
//! and its caller says that the check was not made. Checked: that the operation exists; that query parameters
//! are declared and `$select` names properties; that request and reply bodies are of the declared types, each
//! object by its `@odata.type` and with no property that its type lacks, save annotations (`…@…`, `#…`).
//! Not checked: headers, read-only properties in requests, and whether a body makes sense.

mod batch;
mod dialect;
mod document;
mod exceptions;
mod paths;
mod query;

pub use exceptions::{EXCEPTIONS, Exception};

use crate::lock;
use document::{Document, Operation};
use jsonschema::Validator;
use serde_json::Value;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// One request and its reply.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The version of Graph: `v1.0` or `beta`.
    pub version: String,
    /// The HTTP method: `GET`, `POST`, …
    pub method: String,
    /// From after the version, such as `/users?$top=5`.
    pub path_and_query: String,
    /// What was sent, if anything.
    pub request_body: Option<Value>,
    /// The HTTP status of the reply.
    pub status: u16,
    /// What came back, if anything.
    pub reply_body: Option<Value>,
}

/// Where an exchange is not what Microsoft's OpenAPI says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// `GET /users/{user-id}`, or the request itself when there is no such operation.
    pub operation: String,
    /// `path`, `query`, `request` or `reply`, with a JSON pointer into the body.
    pub place: String,
    /// What is wrong. May quote the body.
    pub message: String,
}

/// The loaded slices. Validators are made once for each type and kept.
pub struct Checker {
    documents: HashMap<String, Document>,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Checker {
    /// The checker over the slices in the folder of [`shared_folder`]; none when they are not there.
    ///
    /// # Panics
    /// When a slice is there and cannot be read.
    pub fn load() -> Option<Self> {
        Self::load_from(&shared_folder().join("graph"))
    }

    /// The same, from a folder with `openapi-v1.0-slice.json` and `openapi-beta-slice.json`.
    pub fn load_from(folder: &Path) -> Option<Self> {
        let mut documents = HashMap::new();
        for version in ["v1.0", "beta"] {
            let text = std::fs::read(folder.join(format!("openapi-{version}-slice.json"))).ok()?;
            let raw = serde_json::from_slice(&text).expect("an OpenAPI slice is JSON");
            documents.insert(version.to_owned(), Document::new(raw));
        }
        Some(Self { documents, validators: Mutex::default() })
    }

    /// What is wrong with an exchange; what [`EXCEPTIONS`] excuses is not named. A batch is checked inside too.
    pub fn check(&self, exchange: &Exchange) -> Vec<Violation> {
        let mut found = self.check_strictly(exchange);
        found.retain(|violation| exceptions::find(violation).is_none());
        found
    }

    /// The same, excusing nothing.
    pub fn check_strictly(&self, exchange: &Exchange) -> Vec<Violation> {
        let request = format!("{} {}", exchange.method, exchange.path_and_query);
        let no_operation = |message: &str| {
            vec![Violation {
                operation: request.clone(),
                place: "path".to_owned(),
                message: message.to_owned(),
            }]
        };
        let Some(document) = self.documents.get(&exchange.version) else {
            return no_operation("there is no slice of that version");
        };
        let (path, query) = exchange.path_and_query.split_once('?').unwrap_or((&exchange.path_and_query, ""));
        let Some(operation) = document.find(&exchange.method, path) else {
            return no_operation("there is no such operation");
        };
        let mut found = Findings { operation: &operation, violations: Vec::new() };
        query::check(document, query, &mut found);
        self.check_request(document, exchange, &mut found);
        self.check_reply(document, exchange, &mut found);
        let mut violations = found.violations;
        if operation.template == "/$batch" {
            violations.extend(batch::inner(exchange).iter().flat_map(|inner| self.check_strictly(inner)));
        }
        violations
    }

    fn check_request(&self, document: &Document, exchange: &Exchange, found: &mut Findings) {
        let body = exchange.request_body.as_ref().filter(|body| !body.is_null());
        match (document.request_schema(found.operation), body) {
            (Some((schema, _)), Some(body)) => {
                self.check_body(document, exchange, schema, body, "request", found);
            }
            (None, Some(_)) => found.add("request", "the operation takes no body"),
            (Some((_, true)), None) => found.add("request", "the body is missing"),
            (_, None) => {}
        }
    }

    fn check_reply(&self, document: &Document, exchange: &Exchange, found: &mut Findings) {
        let body = exchange.reply_body.as_ref().filter(|body| !body.is_null());
        let Some(response) = document.response(found.operation, exchange.status) else {
            return found.add("reply", format!("the status {} is not declared", exchange.status));
        };
        match (Document::content_schema(response), body) {
            (Some(schema), Some(body)) => self.check_body(document, exchange, schema, body, "reply", found),
            (None, Some(_)) => found.add("reply", "the operation answers without a body"),
            (Some(_), None) if exchange.status == 200 => found.add("reply", "the body is missing"),
            (_, None) => {}
        }
    }

    fn check_body(
        &self,
        document: &Document,
        exchange: &Exchange,
        schema: &Value,
        body: &Value,
        side: &str,
        found: &mut Findings,
    ) {
        for error in self.validator(document, &exchange.version, schema).iter_errors(body) {
            found.add(format!("{side}{}", error.instance_path()), error.to_string());
        }
    }

    fn validator(&self, document: &Document, version: &str, schema: &Value) -> Arc<Validator> {
        let key = format!("{version} {schema}");
        if let Some(validator) = lock(&self.validators).get(&key) {
            return validator.clone();
        }
        let schema = dialect::to_json_schema(document, schema);
        let validator = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .build(&schema)
            .expect("a converted schema is a schema");
        lock(&self.validators).entry(key).or_insert_with(|| Arc::new(validator)).clone()
    }
}

/// Where Microsoft's material lies: `HOLDFAST_SHARED`, or `../shared` beside the workspace. It may be absent.
pub fn shared_folder() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    std::env::var_os("HOLDFAST_SHARED").map_or_else(beside, PathBuf::from)
}

/// The violations found so far in an operation.
struct Findings<'a> {
    operation: &'a Operation<'a>,
    violations: Vec<Violation>,
}

impl Findings<'_> {
    fn add(&mut self, place: impl Into<String>, message: impl Into<String>) {
        let operation = self.operation.label();
        self.violations.push(Violation { operation, place: place.into(), message: message.into() });
    }
}
