//! Whether an object is meant. Of four answers that a condition may have two come to the same in the end: false, and OData's
//! null. They differ under `not`.

use super::lexer::time;
use super::tree::{Compare, Literal, Match, Node, Path, Root};
use crate::stored::fold;
use serde_json::{Number, Value};
use std::cmp::Ordering;

/// What is to be judged.
pub trait Subject {
    /// The value of a property, `null` where there is none; none where it is not known.
    fn property(&self, name: &str) -> Option<&Value>;

    /// Items that a collection may have besides those that are known; none where it may have any.
    fn rest(&self, _name: &str) -> Option<&[Value]> {
        Some(&[])
    }
}

/// Whether an object is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The object is one that the filter means.
    Yes,
    /// It is not meant.
    No,
    /// That depends on what is not known of it.
    Unknown,
}

/// What a condition comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Truth {
    Yes,
    No,
    /// OData's null: neither true nor false, also under `not`.
    Null,
    /// It depends on what is not known.
    Unknown,
}

impl From<bool> for Truth {
    fn from(is: bool) -> Self {
        if is { Self::Yes } else { Self::No }
    }
}

impl std::ops::Not for Truth {
    type Output = Self;
    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            other => other,
        }
    }
}

/// The first of these that is among the answers. Why `Unknown` before `Null`: of the two one may turn out to decide.
fn first_of(order: [Truth; 4], answers: impl Iterator<Item = Truth>) -> Truth {
    let [decides, .., least] = order;
    let rank = |truth: Truth| order.iter().position(|o| *o == truth).unwrap_or(order.len());
    let mut came_to = least;
    for answer in answers {
        if answer == decides {
            return decides;
        }
        if rank(answer) < rank(came_to) {
            came_to = answer;
        }
    }
    came_to
}

const AND: [Truth; 4] = [Truth::No, Truth::Unknown, Truth::Null, Truth::Yes];
const OR: [Truth; 4] = [Truth::Yes, Truth::Unknown, Truth::Null, Truth::No];

pub(super) fn judge(node: &Node, subject: &impl Subject) -> Verdict {
    match truth(node, subject, &mut Vec::new()) {
        Truth::Yes => Verdict::Yes,
        Truth::No | Truth::Null => Verdict::No,
        Truth::Unknown => Verdict::Unknown,
    }
}

/// What the condition comes to; `items` are what the variables stand for, the innermost last.
fn truth<'a, S: Subject>(node: &Node, subject: &'a S, items: &mut Vec<&'a Value>) -> Truth {
    match node {
        Node::And(nodes) => first_of(AND, nodes.iter().map(|node| truth(node, subject, items))),
        Node::Or(nodes) => first_of(OR, nodes.iter().map(|node| truth(node, subject, items))),
        Node::Not(node) => !truth(node, subject, items),
        Node::Compared(path, compare, literal) => find(path, subject, items)
            .map_or(Truth::Unknown, |value| compares(value, *compare, literal).into()),
        Node::Listed(path, literals) => find(path, subject, items).map_or(Truth::Unknown, |value| {
            literals.iter().any(|literal| compares(value, Compare::Eq, literal)).into()
        }),
        Node::Matched(function, path, text) => {
            find(path, subject, items).map_or(Truth::Unknown, |value| matches(value, *function, text))
        }
        Node::Some(path, condition) => {
            let answer = match find(path, subject, items) {
                None => Truth::Unknown,
                Some(Value::Array(all)) => some(all, condition.as_deref(), subject, items),
                Some(_) => Truth::No,
            };
            match (answer, path.root, path.names.as_slice()) {
                (Truth::No, Root::Object, [collection]) => match subject.rest(collection) {
                    None => Truth::Unknown,
                    Some(rest) if some(rest, condition.as_deref(), subject, items) != Truth::No => {
                        Truth::Unknown
                    }
                    Some(_) => Truth::No,
                },
                _ => answer,
            }
        }
    }
}

/// Whether the condition is true of one of them, or there is one. Of what is neither true nor false, `any` says that it is not
/// true.
fn some<'a, S: Subject>(
    all: &'a [Value],
    condition: Option<&Node>,
    subject: &'a S,
    items: &mut Vec<&'a Value>,
) -> Truth {
    let Some(condition) = condition else { return (!all.is_empty()).into() };
    let answers = all.iter().map(|item| {
        items.push(item);
        let answer = truth(condition, subject, items);
        items.pop();
        answer
    });
    match first_of(OR, answers) {
        Truth::Null => Truth::No,
        other => other,
    }
}

/// What a path leads to, `null` where it leads nowhere; none where that is not known.
fn find<'a, S: Subject>(path: &Path, subject: &'a S, items: &[&'a Value]) -> Option<&'a Value> {
    let (mut value, names) = match path.root {
        Root::Item(item) => (items.get(item).copied().unwrap_or(&Value::Null), path.names.as_slice()),
        Root::Object => {
            let (first, names) = path.names.split_first()?;
            (subject.property(first)?, names)
        }
    };
    for name in names {
        value = value.get(name).unwrap_or(&Value::Null);
    }
    Some(value)
}

fn compares(value: &Value, compare: Compare, literal: &Literal) -> bool {
    let order = order(value, literal);
    match compare {
        Compare::Eq => order == Some(Ordering::Equal),
        Compare::Ne => order != Some(Ordering::Equal),
        // Why: `null` is equal to `null`, and neither less nor greater than it.
        _ if value.is_null() => false,
        Compare::Gt => order == Some(Ordering::Greater),
        Compare::Ge => order.is_some_and(Ordering::is_ge),
        Compare::Lt => order == Some(Ordering::Less),
        Compare::Le => order.is_some_and(Ordering::is_le),
    }
}

/// How a value stands to a literal; none where they are of different types.
fn order(value: &Value, literal: &Literal) -> Option<Ordering> {
    match (value, literal) {
        (Value::Null, Literal::Null) => Some(Ordering::Equal),
        (Value::Bool(value), Literal::Flag(flag)) => Some(value.cmp(flag)),
        (Value::Number(value), Literal::Number(number)) => order_of_numbers(value, number),
        (Value::String(value), Literal::Text(text)) => Some(fold::without_case(value).as_ref().cmp(text)),
        (Value::String(value), Literal::Time(of)) => Some(time(value)?.cmp(of)),
        _ => None,
    }
}

/// Whole numbers exactly, others as they are in binary.
fn order_of_numbers(a: &Number, b: &Number) -> Option<Ordering> {
    match (a.as_i128(), b.as_i128()) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

fn matches(value: &Value, function: Match, text: &str) -> Truth {
    let Value::String(value) = value else { return Truth::Null };
    let value = fold::without_case(value);
    match function {
        Match::Starts => value.starts_with(text),
        Match::Ends => value.ends_with(text),
        Match::Contains => value.contains(text),
    }
    .into()
}
