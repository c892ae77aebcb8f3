//! The filter language: which objects of a kind are meant, said in a part of OData's `$filter`.
//!
//! Pure. Not here: where the objects are, and how many of them one request looks at.
//!
//! # Grammar
//!
//! ```text
//! filter   = either
//! either   = both { "or" both }
//! both     = one { "and" one }
//! one      = "not" one | "(" either ")" | compared | listed | matched | some
//! compared = path ( "eq" | "ne" | "gt" | "ge" | "lt" | "le" ) literal
//! listed   = path "in" "(" literal { "," literal } ")"
//! matched  = ( "startswith" | "endswith" | "contains" ) "(" path "," text ")"
//! some     = path "/" "any" "(" [ variable ":" either ] ")"
//! path     = name { "/" name }
//! name     = ( letter | "_" | "@" ) { letter | digit | "_" | "." | "@" }; behind "/" it may begin with a digit
//! literal  = "null" | "true" | "false" | number | time | text
//! number   = as in JSON
//! time     = RFC 3339, such as 2026-11-30T10:00:00Z, or a date: its first moment in UTC
//! text     = "'" { character | "''" } "'"
//! ```
//!
//! Letters and digits of a name are those of Unicode. Words of the language may be in either case, names may not. At most [`MOST_BYTES`], [`MOST_TERMS`] and
//! [`MOST_DEPTH`]: a term is a comparison, a function, an `any` or an item of a list; deep are parentheses, `not` and `any`.
//!
//! # What it means
//!
//! - Text is compared without case, as Graph does, however its accents are typed, and ordered by its characters. An unquoted time is compared with a
//!   property that holds one as text. What is of another type is not equal, and neither less nor greater. Durations have no order.
//! - As OData has it: what is `null` is equal to `null` alone, neither less nor greater than anything, and a function of it is
//!   neither true nor false, and neither is `not` of that. A path that leads nowhere is `null`.
//! - `any` is true when it is for one item; without a condition, when there is one. Inside of it, a path that begins with the
//!   variable leads from the item, another one from the object; another `any` goes over what the innermost variable leads to,
//!   so that no object costs more than its size.
//! - What is known to be a collection of the object ([`Kind::is_collection`], [`Derived`]) is asked about by `any` alone: a comparison or a
//!   function of it, and a path through it, are refused as Graph does, and so is `any` over what is known to be none. Where only the
//!   object shows that there is a collection, such a comparison is [`Verdict::Unknown`].
//! - An item of a [`Derived`] has the names of [`Derived::item_names`], and another name is refused.
//! - **What a snapshot does not know is not `null`**: whatever depends on it is [`Verdict::Unknown`], and so is the object, unless
//!   the rest of the filter decides.
//! - A term that met nothing that it can be about, in no object, is [`Unmet`]: it may be a slip.
//!
//! The first name of a path is a property that is read of the kind ([`Kind::reads`]); where everything is kept that Graph
//! gives, any name will do. Relations are no properties. Of people and groups there is what follows from links and grants to
//! them besides ([`Derived`]): `memberOf`, `transitiveMemberOf` and `rolesHeld`, collections to ask by `any`.

mod derived;
mod evaluate;
mod lexer;
mod met;
mod parser;
mod pick;
mod seen;
mod tree;

#[cfg(test)]
mod by_chance;
#[cfg(test)]
mod tests;

pub use derived::{Derived, memberships};
pub use evaluate::{Judging, Subject, Verdict};
pub use met::{Met, NotMet, Unmet};
pub use pick::pick;
pub use seen::{Beliefs, Seen};

use crate::kinds::{Kind, KindName};
use crate::{Error, Result};
use std::collections::BTreeSet;
use tree::{Node, Term};

/// The most bytes that a filter has.
pub const MOST_BYTES: usize = 2_048;
/// The most terms that a filter has: comparisons, functions, `any`, and items of lists.
pub const MOST_TERMS: usize = 100;
/// How deep parentheses, `not` and `any` may be inside one another.
pub const MOST_DEPTH: usize = 8;

/// A filter that was understood.
#[derive(Clone, Debug)]
pub struct Filter {
    node: Node,
    properties: BTreeSet<String>,
    /// Of what follows from links and grants: whether it asks about it, and what the items are called.
    derived: Vec<Derived>,
    named: Vec<Derived>,
    /// By the number of the term.
    terms: Vec<Term>,
}

/// What is wrong with a text that is no filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// At which character, from 1; behind the last, where something is missing.
    at: usize,
    /// What is wrong there, in words that quote nothing.
    what: &'static str,
}

impl Filter {
    /// Understands a filter of objects of that kind.
    ///
    /// # Errors
    /// `Invalid`, naming `filter` and at which character, from 1, it is wrong.
    pub fn parse(kind: &Kind, text: &str) -> Result<Self> {
        let refused =
            |Fault { at, what }| Error::invalid_at("filter", at, format!("at character {at}: {what}"));
        parser::parse(kind, text).map_err(refused)
    }

    /// The properties of the object that it asks about, each once.
    pub fn properties(&self) -> impl Iterator<Item = &str> {
        self.properties.iter().map(String::as_str)
    }

    /// Those of them that follow from what leads to the object.
    pub fn derived(&self) -> impl Iterator<Item = Derived> {
        Derived::ALL.into_iter().filter(|derived| self.derived.contains(derived))
    }

    /// Whether it asks what the items of such a collection are called. Why that is told: each name is looked up.
    pub fn asks_names_of(&self, derived: Derived) -> bool {
        self.named.contains(&derived)
    }

    /// The kinds whose links and objects say what it asks about, besides the objects that are judged.
    pub fn sources(&self) -> BTreeSet<KindName> {
        let named_by = self.named.iter().flat_map(|derived| derived.named_by());
        self.derived().flat_map(Derived::sources).chain(named_by).map(|kind| kind.name).collect()
    }

    /// The paths of terms that met nothing in any object that was judged, and why.
    pub fn unmet(&self, met: Met) -> impl Iterator<Item = (&str, Unmet)> {
        let all = self.terms.iter().enumerate();
        all.filter_map(move |(number, term)| Some((term.path.as_str(), met.unmet(number, term.is_any)?)))
    }

    /// Whether an object is meant.
    pub fn judge(&self, subject: &impl Subject) -> Verdict {
        Judging::of(self, Met::default()).judge(subject)
    }
}
