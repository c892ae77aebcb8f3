//! One OpenAPI document: finding operations, parameters, bodies and types in it.

use super::paths::Templates;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

pub(super) struct Document {
    raw: Value,
    templates: Templates,
    /// Type name -> names of all types derived from it, at any depth.
    derived: BTreeMap<String, Vec<String>>,
}

/// An operation and its place.
pub(super) struct Operation<'a> {
    pub(super) method: String,
    pub(super) template: &'a str,
    pub(super) body: &'a Value,
}

impl Operation<'_> {
    /// Such as `GET /users/{user-id}`.
    pub(super) fn label(&self) -> String {
        format!("{} {}", self.method, self.template)
    }
}

const SCHEMAS: &str = "#/components/schemas/";

impl Document {
    pub(super) fn new(raw: Value) -> Self {
        let paths = raw["paths"].as_object().expect("an OpenAPI document has paths");
        let templates = Templates::new(paths.keys().cloned());
        let mut document = Self { raw, templates, derived: BTreeMap::new() };
        document.derived = document.find_derived();
        document
    }

    /// The operation of a method on a path. Of several templates the one with the most literal text wins.
    pub(super) fn find(&self, method: &str, path: &str) -> Option<Operation<'_>> {
        let method = method.to_ascii_uppercase();
        let key = method.to_ascii_lowercase();
        let of_method = |template: &str| self.raw["paths"][template].get(&key);
        let template = self.templates.find(path, |template| of_method(template).is_some())?;
        Some(Operation { method, template, body: of_method(template)? })
    }

    /// The declared query parameters: name, type, whether it is required.
    pub(super) fn query_parameters<'a>(
        &'a self,
        operation: &'a Operation,
    ) -> impl Iterator<Item = (&'a str, &'a str, bool)> {
        let shared = &self.raw["paths"][operation.template]["parameters"];
        let lists = [shared, &operation.body["parameters"]];
        lists.into_iter().filter_map(Value::as_array).flatten().filter_map(|parameter| {
            let parameter = self.resolve(parameter);
            (parameter["in"] == "query").then(|| {
                let name = parameter["name"].as_str().unwrap_or_default();
                let of_type = parameter["schema"]["type"].as_str().unwrap_or_default();
                (name, of_type, parameter["required"] == true)
            })
        })
    }

    /// The schema of the request's body and whether a body is required.
    pub(super) fn request_schema<'a>(&'a self, operation: &Operation<'a>) -> Option<(&'a Value, bool)> {
        let request = self.resolve(operation.body.get("requestBody")?);
        Some((Self::content_schema(request)?, request["required"] == true))
    }

    /// What is declared for a status: itself, its class, or the default for errors.
    pub(super) fn response<'a>(&'a self, operation: &Operation<'a>, status: u16) -> Option<&'a Value> {
        let responses = operation.body["responses"].as_object()?;
        let class = format!("{}XX", status / 100);
        let declared = responses.get(&status.to_string()).or_else(|| responses.get(&class));
        declared
            .or_else(|| responses.get("default").filter(|_| status >= 400))
            .map(|response| self.resolve(response))
    }

    pub(super) fn content_schema(part: &Value) -> Option<&Value> {
        part.get("content")?.get("application/json")?.get("schema")
    }

    /// A schema of the document by its name.
    pub(super) fn schema(&self, name: &str) -> &Value {
        &self.raw["components"]["schemas"][name]
    }

    /// The name of the schema that a `$ref` points to.
    pub(super) fn name_of_ref(schema: &Value) -> Option<&str> {
        schema.get("$ref")?.as_str()?.strip_prefix(SCHEMAS)
    }

    /// All types derived from a type.
    pub(super) fn derived_from(&self, name: &str) -> &[String] {
        self.derived.get(name).map_or(&[], Vec::as_slice)
    }

    /// The parts of an object type from its furthest base to itself.
    pub(super) fn parts<'a>(&'a self, schema: &'a Value) -> Vec<&'a Map<String, Value>> {
        let mut parts = Vec::new();
        match (Self::name_of_ref(schema), schema["allOf"].as_array()) {
            (Some(name), _) => parts.extend(self.parts(self.schema(name))),
            (None, Some(all)) => {
                parts.extend(all.iter().flat_map(|part| self.parts(part)));
                parts.extend(schema.as_object());
            }
            (None, None) => parts.extend(schema.as_object()),
        }
        parts
    }

    fn resolve<'a>(&'a self, part: &'a Value) -> &'a Value {
        let target = part.get("$ref").and_then(Value::as_str).and_then(|at| at.strip_prefix('#'));
        target.and_then(|pointer| self.raw.pointer(pointer)).unwrap_or(part)
    }

    fn find_derived(&self) -> BTreeMap<String, Vec<String>> {
        let mut derived: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let schemas = self.raw["components"]["schemas"].as_object().expect("a document has schemas");
        for name in schemas.keys() {
            let mut base = self.base_of(name);
            while let Some(at) = base {
                derived.entry(at.to_owned()).or_default().push(name.clone());
                base = self.base_of(at);
            }
        }
        derived
    }

    fn base_of(&self, name: &str) -> Option<&str> {
        self.schema(name)["allOf"].as_array()?.iter().find_map(Self::name_of_ref)
    }
}
