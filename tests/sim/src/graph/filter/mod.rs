//! `$filter`: read as OData defines it, refused where Graph refuses it, and asked of one object after the other.
//!
//! Source: "OData Version 4.01 URL Conventions", 5.1.1; "Use the $filter query parameter". An expression that is not
//! understood is a 400 and never a list of everything. What Graph supports of which property is in [`support`].

mod matching;
mod support;
mod syntax;

use serde_json::Value;

use super::error::Failure;
use crate::schema::Schema;

pub(crate) use matching::member;
pub(crate) use support::{Demand, Use, supports};
use syntax::{Expr, Literal, Operator};

/// An expression that an object fits or does not fit.
#[derive(Debug)]
pub(crate) struct Filter(Expr);

impl Filter {
    pub fn parse(text: &str) -> Result<Self, Failure> {
        syntax::parse(text).map(Self)
    }

    pub fn of(call: &super::call::Call) -> Result<Option<Self>, Failure> {
        call.query.get("$filter").map(Self::parse).transpose()
    }

    /// What it asks of the request, where it is asked of objects of that type; an error where Graph does not support it.
    pub fn demand(&self, schema: &Schema) -> Result<Demand, Failure> {
        support::demand(&self.0, schema)
    }

    /// Refuses it where it names a property that is not among these.
    pub fn only_of(&self, properties: &[&str]) -> Result<(), Failure> {
        support::only_of(&self.0, properties)
    }

    /// Whether an object passes; `get` gives its properties.
    pub fn passes(&self, get: &dyn Fn(&str) -> Value) -> bool {
        matching::passes(&self.0, get)
    }

    /// The ids, when the filter is `id eq 'a' or id eq 'b' ...` and nothing else.
    pub fn ids(&self) -> Option<Vec<&str>> {
        fn collect<'a>(expr: &'a Expr, ids: &mut Vec<&'a str>) -> Option<()> {
            match expr {
                Expr::Either(left, right) => {
                    collect(left, ids)?;
                    collect(right, ids)
                }
                Expr::Compare { left, operator: Operator::Equal, right: Literal::Text(id) }
                    if left.is_property("id") =>
                {
                    ids.push(id);
                    Some(())
                }
                _ => None,
            }
        }
        let mut ids = Vec::new();
        collect(&self.0, &mut ids)?;
        Some(ids)
    }
}
