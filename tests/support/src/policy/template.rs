//! The template, read as it stands, and its intrinsic functions resolved as far as policies need them.

use super::{ACCOUNT, BUCKET, TABLE};
use serde_json::{Value, json};
use std::path::Path;

/// The template, with intrinsic functions in their long form (`!Ref X` is `{"Ref": "X"}`).
///
/// # Panics
/// When it is not there, or is no YAML.
pub fn read_template() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/template.yaml");
    let text = std::fs::read_to_string(path).expect("the template is there");
    long_form(serde_norway::from_str(&text).expect("the template is YAML"))
}

/// CloudFormation's short tags in their long form.
///
/// # Panics
/// When the value is not one that a template may hold.
pub fn long_form(value: serde_norway::Value) -> Value {
    use serde_norway::Value as Yaml;
    match value {
        Yaml::Sequence(items) => Value::Array(items.into_iter().map(long_form).collect()),
        Yaml::Mapping(fields) => {
            let named = |(name, v): (Yaml, Yaml)| (name.as_str().expect("a name").to_owned(), long_form(v));
            Value::Object(fields.into_iter().map(named).collect())
        }
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let inner = long_form(tagged.value);
            match tag.trim_start_matches('!') {
                name @ ("Ref" | "Condition") => json!({ name: inner }),
                "GetAtt" => {
                    let parts = inner.as_str().and_then(|text| text.split_once('.'));
                    let (id, attribute) = parts.expect("a resource and its attribute");
                    json!({ "Fn::GetAtt": [id, attribute] })
                }
                name => json!({ format!("Fn::{name}"): inner }),
            }
        }
        plain => serde_json::to_value(plain).expect("a plain value"),
    }
}

/// `take-snapshot` as `TakeSnapshot`.
pub(super) fn pascal(name: &str) -> String {
    name.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

/// The conditions of the template that policies depend on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choices {
    /// Whether another table, bucket and key take the place of the stack's own.
    pub is_restored: bool,
}

impl Choices {
    /// The value with its intrinsic functions resolved. What a policy of rows or blobs does not name stays recognisable:
    /// an attribute of another resource is `Resource.Attribute`.
    ///
    /// # Panics
    /// When it holds a function or a condition that is not known here.
    pub fn resolve(self, value: &Value) -> Value {
        match value {
            Value::Array(items) => Value::Array(items.iter().map(|item| self.resolve(item)).collect()),
            Value::Object(fields) => match fields.iter().next() {
                Some((name, of)) if fields.len() == 1 && (name == "Ref" || name.starts_with("Fn::")) => {
                    self.call(name, of)
                }
                _ => Value::Object(fields.iter().map(|(k, v)| (k.clone(), self.resolve(v))).collect()),
            },
            plain => plain.clone(),
        }
    }

    fn call(self, name: &str, of: &Value) -> Value {
        match name {
            "Ref" => json!(named(of.as_str().expect("a name"))),
            "Fn::GetAtt" => {
                let part = |n: usize| of[n].as_str().expect("a resource and its attribute");
                json!(named(&format!("{}.{}", part(0), part(1))))
            }
            "Fn::Sub" => json!(substituted(of.as_str().expect("a text"))),
            "Fn::If" => {
                let condition = of[0].as_str().expect("a condition");
                assert!(condition.starts_with("HasRestored"), "a policy depends on {condition}");
                self.resolve(&of[if self.is_restored { 1 } else { 2 }])
            }
            other => panic!("{other} is not known to the evaluation of policies"),
        }
    }
}

fn named(name: &str) -> String {
    match name {
        "AWS::Partition" => "aws",
        "AWS::Region" => "eu-west-1",
        "AWS::AccountId" => ACCOUNT,
        "Catalog.Arn" => TABLE,
        "Vault.Arn" => BUCKET,
        "RestoredTable" => "catalog",
        "RestoredVault" => "vault",
        "VaultLockDays" => "21",
        other => other,
    }
    .to_owned()
}

fn substituted(text: &str) -> String {
    let mut parts = text.split("${");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').expect("a name ends");
        whole.push_str(&named(name));
        whole.push_str(rest);
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_tags_are_read_as_the_intrinsic_functions_that_they_are() {
        let read = |text| long_form(serde_norway::from_str(text).unwrap());
        assert_eq!(read("a: !Ref B"), json!({ "a": { "Ref": "B" } }));
        assert_eq!(read("a: !GetAtt B.Arn"), json!({ "a": { "Fn::GetAtt": ["B", "Arn"] } }));
        assert_eq!(read("[!Sub 'x-${B}']"), json!([{ "Fn::Sub": "x-${B}" }]));
        assert_eq!(read("!If [C, !Ref A, 1]"), json!({ "Fn::If": ["C", { "Ref": "A" }, 1] }));
    }

    #[test]
    fn functions_are_resolved_for_the_stacks_own_table_and_for_the_one_in_its_place() {
        let table = json!({ "Fn::If": ["HasRestoredTable",
            { "Fn::Sub": "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${RestoredTable}" },
            { "Fn::GetAtt": ["Catalog", "Arn"] }] });
        for is_restored in [false, true] {
            assert_eq!(Choices { is_restored }.resolve(&table), json!(TABLE));
        }
    }
}
