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

/// Where a path begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    /// At the object: the first name is a property of it.
    Object,
    /// At the item of an `any`, of which the outermost is 0.
    Item(usize),
}

/// What leads to a value.
#[derive(Clone, Debug)]
pub(super) struct Path {
    pub root: Root,
    pub names: Vec<String>,
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
