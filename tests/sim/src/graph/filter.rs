//! The part of `$filter` that the simulated collections understand: eq, ne, in, startswith, any, and, or.

use serde_json::Value;

use super::error::{Failure, bad};

#[derive(Debug)]
enum Test {
    Compare { path: String, equal: bool, value: Value },
    OneOf { path: String, values: Vec<Value> },
    StartsWith { path: String, prefix: String },
    Any { path: String, value: Value },
}

/// A filter: alternatives, each a list of conditions that must all hold.
#[derive(Debug)]
pub(crate) struct Filter(Vec<Vec<Test>>);

fn literal(text: &str) -> Option<Value> {
    let text = text.trim();
    match text {
        "true" => Some(true.into()),
        "false" => Some(false.into()),
        "null" => Some(Value::Null),
        _ => match text.strip_prefix('\'').and_then(|t| t.strip_suffix('\'')) {
            Some(inner) => Some(inner.replace("''", "'").into()),
            None => text
                .parse::<i64>()
                .ok()
                .map(Value::from)
                .or_else(|| text.starts_with(|c: char| c.is_ascii_hexdigit()).then(|| Value::from(text))),
        },
    }
}

fn test(text: &str) -> Option<Test> {
    let text = text.trim().trim_start_matches('(').trim();
    if let Some(rest) = text.strip_prefix("startswith(").or_else(|| text.strip_prefix("startsWith(")) {
        let (path, value) = rest.trim_end_matches(')').split_once(',')?;
        return Some(Test::StartsWith {
            path: path.trim().to_owned(),
            prefix: literal(value)?.as_str()?.to_owned(),
        });
    }
    if let Some((path, rest)) = text.split_once("/any(") {
        let value = rest.trim_end_matches(')').split_once(" eq ")?.1;
        return Some(Test::Any { path: path.to_owned(), value: literal(value)? });
    }
    if let Some((path, rest)) = text.split_once(" in ") {
        let inner = rest.trim().trim_start_matches('(').trim_end_matches(')');
        let values = inner.split(',').map(literal).collect::<Option<_>>()?;
        return Some(Test::OneOf { path: path.trim().to_owned(), values });
    }
    let text = text.trim_end_matches(')');
    for (word, equal) in [(" eq ", true), (" ne ", false)] {
        if let Some((path, value)) = text.split_once(word) {
            return Some(Test::Compare { path: path.trim().to_owned(), equal, value: literal(value)? });
        }
    }
    None
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a.eq_ignore_ascii_case(b),
        _ => a == b,
    }
}

impl Filter {
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let refuse = || bad(format!("Invalid filter clause: '{text}'."));
        text.split(" or ")
            .map(|all| all.split(" and ").map(|one| test(one).ok_or_else(refuse)).collect())
            .collect::<Result<_, _>>()
            .map(Self)
    }

    pub fn of(call: &super::call::Call) -> Result<Option<Self>, Failure> {
        call.query.get("$filter").map(Self::parse).transpose()
    }

    /// Whether an object passes; `get` gives its properties.
    pub fn passes(&self, get: &dyn Fn(&str) -> Value) -> bool {
        self.0.iter().any(|all| {
            all.iter().all(|test| match test {
                Test::Compare { path, equal, value } => same(&get(path), value) == *equal,
                Test::OneOf { path, values } => {
                    let actual = get(path);
                    values.iter().any(|value| same(&actual, value))
                }
                Test::StartsWith { path, prefix } => get(path)
                    .as_str()
                    .is_some_and(|text| text.to_lowercase().starts_with(&prefix.to_lowercase())),
                Test::Any { path, value } => {
                    get(path).as_array().is_some_and(|list| list.iter().any(|one| same(one, value)))
                }
            })
        })
    }

    /// The ids, when the filter is `id eq 'a' or id eq 'b' ...` and nothing else.
    pub fn ids(&self) -> Option<Vec<&str>> {
        self.0
            .iter()
            .map(|all| match all.as_slice() {
                [Test::Compare { path, equal: true, value }] if path == "id" => value.as_str(),
                _ => None,
            })
            .collect()
    }
}

/// A member of a JSON object by a path such as `scheduleInfo/expiration`.
pub(crate) fn member(value: &Value, path: &str) -> Value {
    path.split('/').try_fold(value, |value, name| value.get(name)).cloned().unwrap_or(Value::Null)
}
