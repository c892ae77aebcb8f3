//! The OpenAPI 3.1 document, made from the tables of routes and the types on the wire.
//!
//! A row of a table ([`crate::http::Route`]) says what is its own; what every operation has (problems, headers, who may
//! call) is added here.

mod operation;
mod parameters;
mod problems;
mod schema;

pub use operation::{Operation, Tag};

use schema::{plain, with_named_forms};
use schemars::generate::{Contract, SchemaSettings};
use serde_json::{Map, Value, json};

/// What the document says of the API as a whole.
const ABOUT: &str = "Backup, comparison and restore of Microsoft Entra ID for service providers.\n\n\
    JSON is camelCase, times are RFC 3339 in UTC, lists are `{items, next}`: `next` is the `cursor` of the part that \
    follows, and null at the end. A failure is a problem (RFC 9457). What takes long is queued and answered 202 with \
    the `Location` where it can be followed. An edit names the version that it was made from in `If-Match`. Any POST \
    can be sent again under its `Idempotency-Key`.";

/// The document of these operations, of that version of the product.
pub fn document(version: &str, operations: &[Operation]) -> Value {
    let settings = || {
        SchemaSettings::draft2020_12().with(|s| "/components/schemas".clone_into(s.definitions_path.to_mut()))
    };
    // Why requests inline: a type may be written otherwise than it is read, and a name stands for one of them.
    let mut requests = settings().with(|s| s.inline_subschemas = true).into_generator();
    let mut replies = settings().with(|s| s.contract = Contract::Serialize).into_generator();
    let mut paths = Map::new();
    for operation in operations {
        let written = operation.written(&mut requests, &mut replies);
        paths.entry(operation.path()).or_insert_with(|| json!({}))[operation.method()] = written;
    }
    let definitions = replies.take_definitions(true);
    let plain_schemas = definitions.into_iter().map(|(name, schema)| (name, plain(schema)));
    let mut schemas = with_named_forms(plain_schemas.collect());
    schemas.insert("Problem".to_owned(), problems::schema());
    schemas.insert("GatewayReply".to_owned(), problems::gateway_schema());
    let token = "An API token, or an access token of the sign-in of people.";
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Holdfast",
            "version": version,
            "description": ABOUT,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "The installation that serves this document." }],
        "security": [{ "token": [] }],
        "tags": tags(operations),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": problems::responses(),
            "parameters": parameters::shared(),
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer", "description": token } },
        },
    })
}

/// The headings, in the order in which operations are first put under them.
fn tags(operations: &[Operation]) -> Vec<Value> {
    let mut tags: Vec<&Tag> = Vec::new();
    for tag in operations.iter().filter_map(Operation::tag) {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags.into_iter().map(|tag| json!({ "name": tag.name, "description": tag.description })).collect()
}
