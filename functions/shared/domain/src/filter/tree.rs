//! A filter, taken apart.

use jiff::SignedDuration;
use serde_json::Number;

/// A condition: of it follows one [`super::Verdict`].
#[derive(Clone, Debug)]
pub(super) enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Compared(Path, Compare, Literal),
    Listed(Path, Vec<Literal>),
    /// The text is folded.
    Matched(Match, Path, String),
    /// Without a condition: whether there is an item.
    Some(Path, Option<Box<Node>>),
}

impl Node {
    /// Whether it asks about the object itself, and not only about items.
    pub(super) fn asks_object(&self) -> bool {
        match self {
            Self::And(nodes) | Self::Or(nodes) => nodes.iter().any(Self::asks_object),
            Self::Not(node) => node.asks_object(),
            Self::Compared(path, ..) | Self::Listed(path, _) | Self::Matched(_, path, _) => {
                path.root == Root::Object
            }
            Self::Some(path, condition) => {
                path.root == Root::Object || condition.as_ref().is_some_and(|node| node.asks_object())
            }
        }
    }
}

/// Where a path begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    /// At the object: the first name is a property of it.
    Object,
    /// At the item of an `any`, of which the outermost is 0.
    Item(usize),
    /// The same, where the items follow from links and grants: what such an item does not have is not known of it.
    Derived(usize),
}

/// What leads to a value.
#[derive(Clone, Debug)]
pub(super) struct Path {
    /// The number of the term that asks about it, from 0.
    pub term: usize,
    pub root: Root,
    pub names: Vec<String>,
}

/// What a person wrote as one term, without what is asked of it.
#[derive(Clone, Debug)]
pub(super) struct Term {
    /// The path from the object, also where it was written from an item.
    pub path: String,
    /// Whether it is an `any`.
    pub is_any: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compare {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    Starts,
    Ends,
    Contains,
}

#[derive(Clone, Debug)]
pub(super) enum Literal {
    Null,
    Flag(bool),
    Number(Number),
    /// How long the moment is after 1970.
    Time(SignedDuration),
    /// A text without case, as `fold::without_case` gives it.
    Text(String),
}
