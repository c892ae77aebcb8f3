//! Schemas in the form that generators of clients read: what schemars writes, said more plainly.

use serde_json::{Map, Value, json};

/// The same schema, written plainly, with all schemas in it.
///
/// A schema that takes any value is `{}`, not `true`. Alternatives that are all one text each become one `enum`, and
/// what is said of each text stands in the description. A field that holds the same text always says so.
pub(super) fn plain(schema: Value) -> Value {
    let Value::Object(mut schema) = schema else {
        // `false` takes nothing, and stands where no more properties may come.
        return if schema == Value::Bool(true) { json!({}) } else { schema };
    };
    for (key, inner) in &mut schema {
        match key.as_str() {
            "items" => *inner = plain(inner.take()),
            // A list of more properties may be of any value: `true` is how everybody writes that.
            "additionalProperties" if inner.is_object() => *inner = plain(inner.take()),
            "oneOf" | "anyOf" | "allOf" => {
                inner.as_array_mut().into_iter().flatten().for_each(|one| *one = plain(one.take()));
            }
            "properties" => {
                for property in inner.as_object_mut().into_iter().flat_map(Map::values_mut) {
                    *property = plain(property.take());
                    describe_constant(property);
                }
            }
            _ => {}
        }
    }
    Value::Object(as_enum(schema))
}

/// A field that tells alternatives apart holds one text in each.
fn describe_constant(property: &mut Value) {
    if let Some(text) = property.get("const").and_then(Value::as_str)
        && property.get("description").is_none()
    {
        property["description"] = json!(format!("Always `{text}`: it tells this form from the others."));
    }
}

/// Alternatives of one text each, as one `enum`.
fn as_enum(mut schema: Map<String, Value>) -> Map<String, Value> {
    let Some(alternatives) = schema.get("oneOf").and_then(Value::as_array) else { return schema };
    let Some(texts) = alternatives.iter().map(texts_of).collect::<Option<Vec<_>>>() else { return schema };
    let mut description = schema.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    for (alternative, texts) in alternatives.iter().zip(&texts) {
        if let (Some(said), [text]) = (alternative.get("description").and_then(Value::as_str), &texts[..]) {
            let gap = if description.contains("\n- ") { "\n" } else { "\n\n" };
            description.push_str(&format!("{gap}- `{text}`: {}", said.replace('\n', " ")));
        }
    }
    schema.remove("oneOf");
    schema.insert("type".to_owned(), json!("string"));
    schema.insert("enum".to_owned(), json!(texts.concat()));
    schema.insert("description".to_owned(), json!(description.trim_start()));
    schema
}

/// The texts that a schema takes, where it takes nothing else.
fn texts_of(schema: &Value) -> Option<Vec<String>> {
    let own = |value: &Value| value.as_str().map(str::to_owned);
    match (schema.get("const"), schema.get("enum")) {
        (Some(text), None) => Some(vec![own(text)?]),
        (None, Some(texts)) => texts.as_array()?.iter().map(own).collect(),
        _ => None,
    }
}

/// The same schemas, where each form of what has several forms has a schema of its own.
///
/// Why: of forms without a name generators make up names, and stumble when two are alike. What all forms have in common
/// becomes a part of each.
pub(super) fn with_named_forms(schemas: Map<String, Value>) -> Map<String, Value> {
    let mut all = Map::new();
    for (name, schema) in schemas {
        let (schema, forms) = named_forms(&name, &schema).unwrap_or((schema, Vec::new()));
        all.extend(forms);
        all.insert(name, schema);
    }
    all
}

/// The schema that leads to its forms, and these; none where it has not several that one field tells apart.
fn named_forms(name: &str, schema: &Value) -> Option<(Value, Vec<(String, Value)>)> {
    let alternatives = schema.get("oneOf")?.as_array()?;
    let text_of = |form: &Value, field: &str| Some(form["properties"][field]["const"].as_str()?.to_owned());
    let mut fields = alternatives.first()?["properties"].as_object()?.keys();
    let field = fields.find(|field| alternatives.iter().all(|form| text_of(form, field).is_some()))?;
    let (mut forms, mut mapping, mut references) = (Vec::new(), Map::new(), Vec::new());
    for alternative in alternatives {
        let text = text_of(alternative, field)?;
        let mut letters = text.chars();
        let first = letters.next()?.to_uppercase();
        let of_form = format!("{name}{first}{}", letters.as_str());
        let reference = format!("#/components/schemas/{of_form}");
        references.push(json!({ "$ref": reference }));
        mapping.insert(text, json!(reference));
        forms.push((of_form, with_common(alternative, schema)));
    }
    let discriminator = json!({ "propertyName": field, "mapping": mapping });
    let mut union = json!({ "oneOf": references, "discriminator": discriminator });
    if let Some(description) = schema.get("description") {
        union["description"] = description.clone();
    }
    Some((union, forms))
}

/// A form with what all forms have.
fn with_common(form: &Value, common: &Value) -> Value {
    let mut form = form.clone();
    for (name, property) in common["properties"].as_object().into_iter().flatten() {
        form["properties"][name] = property.clone();
    }
    let own = form["required"].as_array().cloned().unwrap_or_default();
    let of_all = common["required"].as_array().cloned().unwrap_or_default();
    form["required"] = json!([own, of_all].concat());
    form
}

/// The same for a parameter: one that is not there is left out, and never written as null.
pub(super) fn without_null(mut schema: Value) -> Value {
    if let Some(types) = schema.get_mut("type").and_then(Value::as_array_mut) {
        types.retain(|t| t != "null");
        if let [only] = &types[..] {
            schema["type"] = only.clone();
        }
    }
    let Some(options) = schema.get("anyOf").and_then(Value::as_array) else { return schema };
    let other: Vec<_> = options.iter().filter(|option| option["type"] != "null").cloned().collect();
    let [only] = &other[..] else { return schema };
    let mut only = only.clone();
    if let Some(description) = schema.get("description") {
        only["description"] = description.clone();
    }
    only
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_of_one_text_each_become_one_enum_that_says_what_each_means() {
        let schema = json!({ "description": "Why.", "oneOf": [
            { "type": "string", "enum": ["a", "b"] },
            { "type": "string", "const": "c", "description": "The\nthird." },
        ] });
        let expected = json!({
            "type": "string", "enum": ["a", "b", "c"], "description": "Why.\n\n- `c`: The third.",
        });
        assert_eq!(plain(schema), expected);
    }

    #[test]
    fn any_value_is_an_empty_schema_and_no_more_properties_stay_none() {
        let schema = json!({
            "type": "object", "additionalProperties": false,
            "properties": { "any": true, "list": { "type": "array", "items": true } },
        });
        let expected = json!({
            "type": "object", "additionalProperties": false,
            "properties": { "any": {}, "list": { "type": "array", "items": {} } },
        });
        assert_eq!(plain(schema), expected);
    }

    #[test]
    fn alternatives_that_are_objects_stay_and_say_what_tells_them_apart() {
        let one = |text: &str| json!({ "type": "object", "properties": { "type": { "const": text } } });
        let made = plain(json!({ "oneOf": [one("a"), one("b")] }));
        assert_eq!(made["oneOf"][1]["properties"]["type"]["const"], "b");
        let said = made["oneOf"][1]["properties"]["type"]["description"].as_str();
        assert_eq!(said, Some("Always `b`: it tells this form from the others."));
    }

    #[test]
    fn each_form_of_what_has_several_gets_a_name_and_what_all_have() {
        let form = |text: &str| json!({ "type": "object", "required": ["type"], "properties": { "type": { "const": text } } });
        let schema = json!({
            "description": "What became of it.", "oneOf": [form("done"), form("notDone")],
            "type": "object", "required": ["at"], "properties": { "at": { "type": "string" } },
        });
        let all = with_named_forms(Map::from_iter([("Outcome".to_owned(), schema)]));
        let names: Vec<_> = all.keys().collect();
        assert_eq!(names, ["Outcome", "OutcomeDone", "OutcomeNotDone"]);
        assert_eq!(all["Outcome"]["discriminator"]["mapping"]["done"], "#/components/schemas/OutcomeDone");
        assert_eq!(all["OutcomeDone"]["required"], json!(["type", "at"]));
        assert_eq!(all["OutcomeDone"]["properties"]["at"], json!({ "type": "string" }));
    }

    #[test]
    fn a_parameter_keeps_what_is_said_of_it_and_is_never_null() {
        let schema = json!({ "anyOf": [{ "type": "string" }, { "type": "null" }], "description": "Said." });
        assert_eq!(without_null(schema), json!({ "type": "string", "description": "Said." }));
    }
}
