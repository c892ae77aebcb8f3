//! One statement of a policy, and whether it is about a request.

use super::ACCOUNT;
use serde_json::Value;
use std::collections::BTreeMap;

/// What a service asks IAM before it does something.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The action, such as `dynamodb:PutItem`.
    pub action: &'static str,
    /// The ARN of what it is done to.
    pub resource: String,
    /// The condition keys that the request has, with their values. A key that it has not is not here.
    pub context: BTreeMap<&'static str, Vec<String>>,
}

impl Ask {
    /// A request by TLS to something of the account's own, without further keys.
    pub fn new(action: &'static str, resource: impl Into<String>) -> Self {
        let context = BTreeMap::from([
            ("aws:SecureTransport", vec!["true".to_owned()]),
            ("aws:ResourceAccount", vec![ACCOUNT.to_owned()]),
        ]);
        Self { action, resource: resource.into(), context }
    }

    /// The same, with that condition key.
    #[must_use]
    pub fn with(mut self, key: &'static str, values: Vec<String>) -> Self {
        self.context.insert(key, values);
        self
    }
}

/// A statement of a policy.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Its name in the policy.
    pub sid: String,
    /// Whether it allows; otherwise it denies.
    pub allows: bool,
    actions: Vec<String>,
    resources: Vec<String>,
    /// Operator, key and values of each condition; all have to hold.
    conditions: Vec<(String, String, Vec<String>)>,
}

fn many(value: &Value) -> Vec<String> {
    let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    value.as_array().map_or_else(|| vec![text(value)], |all| all.iter().map(text).collect())
}

impl Statement {
    /// The statement as it stands in a policy, its intrinsic functions resolved.
    ///
    /// # Panics
    /// When it has an element that is not known here, such as `NotAction`.
    pub fn of(statement: &Value) -> Self {
        let fields = statement.as_object().expect("a statement");
        for name in fields.keys() {
            let known = ["Sid", "Effect", "Action", "Resource", "Condition", "Principal"];
            assert!(known.contains(&name.as_str()), "{name} is not known to the evaluation of policies");
        }
        let conditions = statement["Condition"].as_object().into_iter().flatten();
        let conditions = conditions.flat_map(|(operator, keys)| {
            let keys = keys.as_object().expect("keys of a condition").iter();
            keys.map(|(key, values)| (operator.clone(), key.clone(), many(values)))
        });
        Self {
            sid: statement["Sid"].as_str().unwrap_or_default().to_owned(),
            allows: statement["Effect"] == "Allow",
            actions: many(&statement["Action"]),
            resources: many(&statement["Resource"]),
            conditions: conditions.collect(),
        }
    }

    /// Whether it is about that request.
    pub fn is_about(&self, ask: &Ask) -> bool {
        self.actions.iter().any(|a| is_like(ask.action, a))
            && self.resources.iter().any(|r| is_like(&ask.resource, r))
            && self.conditions.iter().all(|(operator, key, wanted)| {
                holds(operator, ask.context.get(key.as_str()).map(Vec::as_slice), wanted)
            })
    }
}

/// Source: the IAM user guide, "IAM JSON policy elements: Condition operators" and "Conditions with multiple context keys or
/// values". A key that is not in the request fails every operator but `Null` and those that hold for all values of none.
fn holds(operator: &str, given: Option<&[String]>, wanted: &[String]) -> bool {
    let equal = |one: &String| wanted.contains(one);
    let like = |one: &String| wanted.iter().any(|pattern| is_like(one, pattern));
    match operator {
        "Null" => wanted.iter().any(|w| w == if given.is_none() { "true" } else { "false" }),
        "Bool" | "StringEquals" | "ArnEquals" => given.is_some_and(|all| all.iter().any(equal)),
        "StringLike" => given.is_some_and(|all| all.iter().any(like)),
        "NumericLessThanEquals" => {
            let number = |text: &String| text.parse::<i64>().ok();
            let fits =
                |one: &String| wanted.iter().any(|most| number(one).is_some() && number(one) <= number(most));
            given.is_some_and(|all| all.iter().any(fits))
        }
        "ForAllValues:StringEquals" => given.is_none_or(|all| all.iter().all(equal)),
        "ForAllValues:StringLike" => given.is_none_or(|all| all.iter().all(like)),
        other => panic!("{other} is not known to the evaluation of policies"),
    }
}

/// Whether a text is like a pattern, in which `*` stands for any characters and `?` for one.
fn is_like(text: &str, pattern: &str) -> bool {
    match pattern.chars().next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = &pattern[1..];
            (0..=text.len()).filter(|at| text.is_char_boundary(*at)).any(|at| is_like(&text[at..], rest))
        }
        Some(wanted) => {
            let mut chars = text.chars();
            let fits = chars.next().is_some_and(|one| wanted == '?' || wanted == one);
            fits && is_like(chars.as_str(), &pattern[wanted.len_utf8()..])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn texts(all: &[&str]) -> Vec<String> {
        all.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_pattern_stands_for_what_its_stars_stand_for() {
        for (text, pattern, is) in [
            ("tenant/a", "tenant/*", true),
            ("tenant/", "tenant/*", true),
            ("tenant", "tenant/*", false),
            ("atenant/a", "tenant/*", false),
            ("audit", "audit", true),
            ("audit/p", "audit", false),
            ("abc", "a?c", true),
            ("ac", "a?c", false),
        ] {
            assert_eq!(is_like(text, pattern), is, "{text} {pattern}");
        }
    }

    #[test]
    fn all_values_of_no_key_hold_which_is_why_a_right_asks_that_there_is_one() {
        let narrowed = |null: bool| {
            let mut condition =
                json!({ "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["tenant/*"] } });
            if null {
                condition["Null"] = json!({ "dynamodb:LeadingKeys": "false" });
            }
            Statement::of(&json!({ "Effect": "Allow", "Action": "dynamodb:*", "Resource": "t",
                "Condition": condition }))
        };
        let scan = Ask::new("dynamodb:Scan", "t");
        assert!(narrowed(false).is_about(&scan) && !narrowed(true).is_about(&scan));
        let query = |keys: &[&str]| Ask::new("dynamodb:Query", "t").with("dynamodb:LeadingKeys", texts(keys));
        assert!(narrowed(true).is_about(&query(&["tenant/a"])));
        assert!(!narrowed(true).is_about(&query(&["tenant/a", "key/a"])), "of several keys, all have to fit");
    }

    #[test]
    #[should_panic(expected = "is not known")]
    fn an_operator_that_is_not_known_is_no_yes() {
        holds("NumericLessThan", None, &[]);
    }
}
