//! Whether one object fits an expression.

use std::cmp::Ordering;

use serde_json::Value;

use super::syntax::{Expr, Function, Literal, Operand, Operator, moment};

/// What names stand for: the object's properties, and the variables of the lambdas around.
struct Scope<'a> {
    get: &'a dyn Fn(&str) -> Value,
    variable: Option<(&'a str, &'a Value)>,
    outer: Option<&'a Scope<'a>>,
}

/// A member of a JSON object by a path such as `scheduleInfo/expiration`.
pub(crate) fn member(value: &Value, path: &str) -> Value {
    path.split('/').try_fold(value, |value, name| value.get(name)).cloned().unwrap_or(Value::Null)
}

pub(super) fn passes(expr: &Expr, get: &dyn Fn(&str) -> Value) -> bool {
    Scope { get, variable: None, outer: None }.fits(expr)
}

impl Scope<'_> {
    fn value(&self, operand: &Operand) -> Value {
        let value = match &operand.variable {
            None => (self.get)(&operand.path),
            Some(name) => match self.variable {
                Some((own, item)) if own == name => {
                    if operand.path.is_empty() {
                        item.clone()
                    } else {
                        member(item, &operand.path)
                    }
                }
                _ => return self.outer.map_or(Value::Null, |outer| outer.value(operand)),
            },
        };
        if operand.count { value.as_array().map_or(0, Vec::len).into() } else { value }
    }

    fn fits(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Either(left, right) => self.fits(left) || self.fits(right),
            Expr::Both(left, right) => self.fits(left) && self.fits(right),
            Expr::Not(inner) => !self.fits(inner),
            Expr::Compare { left, operator, right } => compare(&self.value(left), *operator, right),
            Expr::In { left, values } => {
                let value = self.value(left);
                values.iter().any(|one| compare(&value, Operator::Equal, one))
            }
            Expr::Call { function, left, text } => {
                let value = self.value(left);
                value.as_str().is_some_and(|value| called(*function, value, text))
            }
            Expr::Lambda { all, of, variable, inner } => {
                let list = self.value(of);
                let list = list.as_array().map_or(&[][..], Vec::as_slice);
                let Some(inner) = inner else { return !list.is_empty() };
                let fits = |item: &Value| {
                    let variable = Some((variable.as_str(), item));
                    Scope { get: self.get, variable, outer: Some(self) }.fits(inner)
                };
                if *all { list.iter().all(fits) } else { list.iter().any(fits) }
            }
        }
    }
}

/// Texts are compared without regard to case, as the directory does.
fn called(function: Function, value: &str, text: &str) -> bool {
    let (value, text) = (value.to_lowercase(), text.to_lowercase());
    match function {
        Function::StartsWith => value.starts_with(&text),
        Function::EndsWith => value.ends_with(&text),
        Function::Contains => value.contains(&text),
    }
}

fn compare(value: &Value, operator: Operator, right: &Literal) -> bool {
    let order = match (value, right) {
        (Value::Null, Literal::Null) => Some(Ordering::Equal),
        (Value::Bool(value), Literal::Bool(right)) => Some(value.cmp(right)),
        (Value::Number(value), Literal::Number(right)) => value.as_f64().and_then(|v| v.partial_cmp(right)),
        (Value::String(value), Literal::Text(right) | Literal::Guid(right)) => {
            Some(value.to_lowercase().cmp(&right.to_lowercase()))
        }
        (Value::String(value), Literal::Moment(right)) => moment(value).map(|value| value.cmp(right)),
        _ => None,
    };
    match operator {
        // Why equal and not equal are apart: what cannot be compared, such as null with a text, is not equal.
        Operator::Equal => order == Some(Ordering::Equal),
        Operator::NotEqual => order != Some(Ordering::Equal),
        Operator::Greater => order == Some(Ordering::Greater),
        Operator::AtLeast => order.is_some_and(Ordering::is_ge),
        Operator::Less => order == Some(Ordering::Less),
        Operator::AtMost => order.is_some_and(Ordering::is_le),
    }
}
