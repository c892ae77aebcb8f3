//! Whether an object is meant. A condition may be true, false, or OData's null, which is neither, also under `not`; where
//! something is not known it may come to several of these, and whatever is so of each of them is so.

use super::Filter;
use super::lexer::time;
use super::met::Met;
use super::tree::{Compare, Literal, Match, Node, Path, Root};
use crate::stored::fold;
use serde_json::{Number, Value};
use std::cmp::Ordering;

/// What is to be judged.
pub trait Subject {
    /// The value of a property, `null` where there is none; none where it is not known.
    fn property(&self, name: &str) -> Option<&Value>;

    /// Whether there is such a property, if only with no value. Why: a name that none has may be a slip.
    fn has(&self, _name: &str) -> bool {
        true
    }

    /// Items that a collection may have besides those that are known; none where it may have any. They are the same for
    /// all that one [`Judging`] judges.
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

/// What a condition may come to: a bit for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Truth(u8);

impl Truth {
    const YES: Self = Self(1);
    const NO: Self = Self(2);
    /// OData's null.
    const NULL: Self = Self(4);
    /// True or false, and it is not known which.
    const OPEN: Self = Self(1 | 2);
    /// Any of the three.
    const ANY: Self = Self(1 | 2 | 4);

    fn may_be(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// One of these, where it may be; else nothing.
    fn when(self, may_be: bool) -> u8 {
        if may_be { self.0 } else { 0 }
    }

    /// False before null before true.
    fn and(self, other: Self) -> Self {
        let not_false = Self(Self::NULL.0 | Self::YES.0);
        let is_null = |a: Self, b: Self| a.may_be(Self::NULL) && b.may_be(not_false);
        Self(
            Self::NO.when(self.may_be(Self::NO) || other.may_be(Self::NO))
                | Self::NULL.when(is_null(self, other) || is_null(other, self))
                | Self::YES.when(self.may_be(Self::YES) && other.may_be(Self::YES)),
        )
    }

    fn or(self, other: Self) -> Self {
        !(!self).and(!other)
    }

    /// Of an item: of what is neither true nor false, `any` says that it is not true.
    fn of_item(self) -> Self {
        Self(self.0 & Self::OPEN.0 | Self::NO.when(self.may_be(Self::NULL)))
    }
}

impl From<bool> for Truth {
    fn from(is: bool) -> Self {
        if is { Self::YES } else { Self::NO }
    }
}

impl std::ops::Not for Truth {
    type Output = Self;
    fn not(self) -> Self {
        Self(
            self.0 & Self::NULL.0
                | Self::NO.when(self.may_be(Self::YES))
                | Self::YES.when(self.may_be(Self::NO)),
        )
    }
}

/// What a path leads to.
enum Led<'a> {
    /// It is not known.
    Unknown,
    /// There is nothing of that name: it has no value.
    Nowhere,
    /// It goes through a collection, of which nobody said which item is meant.
    Through,
    To(&'a Value),
}

/// A filter that judges one object after the other, and remembers what its terms met.
#[derive(Debug)]
pub struct Judging<'f> {
    filter: &'f Filter,
    met: Met,
    /// By term: what the condition of an `any` comes to for items that there may be besides, where it is the same for all.
    rests: Vec<Option<Truth>>,
}

impl<'f> Judging<'f> {
    /// Begins where another one left off, which had met that much.
    pub fn of(filter: &'f Filter, met: Met) -> Self {
        Self { filter, met, rests: vec![None; filter.terms.len()] }
    }

    /// What the terms met so far.
    pub fn met(&self) -> Met {
        self.met
    }

    /// Whether each term met something: only then may one be passed over since others decide. Why: a slip in it would be seen
    /// in no object.
    fn is_all_met(&self) -> bool {
        self.met.is_all(self.filter.terms.len())
    }

    /// Whether an object is meant.
    pub fn judge(&mut self, subject: &impl Subject) -> Verdict {
        let truth = self.truth(&self.filter.node, subject, &mut Vec::new());
        match truth {
            Truth::YES => Verdict::Yes,
            _ if truth.may_be(Truth::YES) => Verdict::Unknown,
            _ => Verdict::No,
        }
    }

    /// What the condition comes to; `items` are what the variables stand for, the innermost last.
    fn truth<'a, S: Subject>(&mut self, node: &'f Node, subject: &'a S, items: &mut Vec<&'a Value>) -> Truth {
        match node {
            Node::And(nodes) => {
                let mut came_to = Truth::YES;
                for node in nodes {
                    came_to = came_to.and(self.truth(node, subject, items));
                    if came_to == Truth::NO && self.is_all_met() {
                        break;
                    }
                }
                came_to
            }
            Node::Or(nodes) => {
                let mut came_to = Truth::NO;
                for node in nodes {
                    came_to = came_to.or(self.truth(node, subject, items));
                    if came_to == Truth::YES && self.is_all_met() {
                        break;
                    }
                }
                came_to
            }
            Node::Not(node) => !self.truth(node, subject, items),
            Node::Compared(path, compare, literal) => {
                let value = self.value(path, subject, items, |value| is_comparable(value, literal));
                value.map_or(Truth::OPEN, |value| compares(value, *compare, literal).into())
            }
            Node::Listed(path, literals) => {
                let is_any = |value: &Value| literals.iter().any(|literal| is_comparable(value, literal));
                let value = self.value(path, subject, items, is_any);
                let is_in = |value| literals.iter().any(|literal| compares(value, Compare::Eq, literal));
                value.map_or(Truth::OPEN, |value| is_in(value).into())
            }
            Node::Matched(function, path, text) => {
                let value = self.value(path, subject, items, Value::is_string);
                value.map_or(Truth::ANY, |value| matches(value, *function, text))
            }
            Node::Some(path, condition) => self.any(path, condition.as_deref(), subject, items),
        }
    }

    /// The value that a comparison or a function is about, `null` where there is none; none where that is not known, or a
    /// collection, since then `any` was meant.
    fn value<'a>(
        &mut self,
        path: &Path,
        subject: &'a impl Subject,
        items: &[&'a Value],
        is_comparable: impl Fn(&Value) -> bool,
    ) -> Option<&'a Value> {
        let led = find(path, subject, items);
        match led {
            Led::Unknown => return None,
            Led::Through | Led::To(Value::Array(_)) => {
                self.met.finds_collection(path.term);
                return None;
            }
            Led::Nowhere => {}
            Led::To(value) => self.met.finds(path.term, value.is_null() || is_comparable(value)),
        }
        self.met.asks(path.term);
        Some(if let Led::To(value) = led { value } else { &Value::Null })
    }

    fn any<'a, S: Subject>(
        &mut self,
        path: &Path,
        condition: Option<&'f Node>,
        subject: &'a S,
        items: &mut Vec<&'a Value>,
    ) -> Truth {
        let led = find(path, subject, items);
        match led {
            Led::Unknown => return Truth::OPEN,
            Led::Through => {
                self.met.finds_collection(path.term);
                return Truth::OPEN;
            }
            Led::Nowhere => {}
            Led::To(value) => self.met.finds(path.term, value.is_null() || value.is_array()),
        }
        self.met.asks(path.term);
        let answer = match led {
            Led::To(Value::Array(all)) => self.some(all, condition, subject, items),
            _ => Truth::NO,
        };
        let (Root::Object, [collection]) = (path.root, path.names.as_slice()) else { return answer };
        if answer == Truth::YES || !self.may_rest_be(path.term, collection, condition, subject, items) {
            return answer;
        }
        answer.or(Truth::OPEN)
    }

    /// Whether the condition may be true of an item that the collection may have besides those that are known.
    fn may_rest_be<'a, S: Subject>(
        &mut self,
        term: usize,
        collection: &str,
        condition: Option<&'f Node>,
        subject: &'a S,
        items: &mut Vec<&'a Value>,
    ) -> bool {
        let Some(rest) = subject.rest(collection) else { return true };
        // Why kept: there may be as many items as groups, and as many objects as people.
        let known = self.rests[term];
        let truth = known.unwrap_or_else(|| self.some(rest, condition, subject, items));
        if condition.is_none_or(|condition| !condition.asks_object()) {
            self.rests[term] = Some(truth);
        }
        truth.may_be(Truth::YES)
    }

    /// Whether the condition is true of one of them, or there is one.
    fn some<'a, S: Subject>(
        &mut self,
        all: &'a [Value],
        condition: Option<&'f Node>,
        subject: &'a S,
        items: &mut Vec<&'a Value>,
    ) -> Truth {
        let Some(condition) = condition else { return (!all.is_empty()).into() };
        let mut came_to = Truth::NO;
        for item in all {
            items.push(item);
            came_to = came_to.or(self.truth(condition, subject, items).of_item());
            items.pop();
            if came_to == Truth::YES && self.is_all_met() {
                break;
            }
        }
        came_to
    }
}

/// What a path leads to.
fn find<'a, S: Subject>(path: &Path, subject: &'a S, items: &[&'a Value]) -> Led<'a> {
    let (mut value, names) = match path.root {
        Root::Item(item) | Root::Derived(item) => {
            (items.get(item).copied().unwrap_or(&Value::Null), path.names.as_slice())
        }
        Root::Object => {
            let Some((first, names)) = path.names.split_first() else { return Led::Nowhere };
            let Some(value) = subject.property(first) else { return Led::Unknown };
            if value.is_null() && !subject.has(first) {
                return Led::Nowhere;
            }
            (value, names)
        }
    };
    for name in names {
        value = match value {
            Value::Array(_) => return Led::Through,
            other => match (other.get(name), path.root) {
                (Some(value), _) => value,
                (None, Root::Derived(_)) => return Led::Unknown,
                (None, _) => return Led::Nowhere,
            },
        };
    }
    Led::To(value)
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

/// Whether a comparison of the two says anything: they are of one type, or it is asked whether there is a value.
fn is_comparable(value: &Value, literal: &Literal) -> bool {
    matches!(literal, Literal::Null) || order(value, literal).is_some()
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
    let Value::String(value) = value else { return Truth::NULL };
    let value = fold::without_case(value);
    match function {
        Match::Starts => value.starts_with(text),
        Match::Ends => value.ends_with(text),
        Match::Contains => value.contains(text),
    }
    .into()
}
