//! Whether a record says how the items of a collection came and went, of which only those are known that differ.

use super::super::names::{are_comparable, is_nothing, is_same};
use super::Fit;
use crate::changes::{ItemChange, What};
use serde_json::Value;

/// How a record that wrote the collection fits, with those points where it may be meant; none where nothing follows, since items
/// moved or differ in parts.
pub(super) fn fit_of(items: &[ItemChange], old: &Value, new: &Value, points: u32) -> Option<Fit> {
    let is_plain = |item: &ItemChange| matches!(item.what, What::Created | What::Deleted);
    if items.is_empty() || !items.iter().all(is_plain) {
        return None;
    }
    let (old, new) = (Collection(old), Collection(new));
    let (mut is_end, mut is_step) = (true, false);
    for item in items {
        let (Some(was), Some(is)) = (old.has(&item.item), new.has(&item.item)) else {
            return Some(Fit::May(points));
        };
        let comes = item.what == What::Created;
        is_end &= is == comes;
        is_step |= was != comes && is == comes;
        // Of what went the log may have left out what was there before.
        if !comes && !is && is_nothing(old.0) {
            return Some(Fit::May(points));
        }
    }
    Some(match (is_end, is_step) {
        (true, true) => Fit::Says,
        // It left these items as they were, and wrote others.
        (true, false) => Fit::No,
        (false, true) => Fit::Step(points),
        (false, false) => Fit::Contradicts,
    })
}

/// A collection as the log writes it: the only item of one stands for it.
struct Collection<'a>(&'a Value);

impl Collection<'_> {
    /// Whether it has that item; none where its items are written in a form of their own.
    fn has(&self, item: &Value) -> Option<bool> {
        let one = std::slice::from_ref(self.0);
        let items = match self.0 {
            Value::Array(items) => items.as_slice(),
            nothing if is_nothing(nothing) => &[],
            _ => one,
        };
        if items.iter().any(|other| is_same(item, other)) {
            return Some(true);
        }
        items.iter().all(|other| are_comparable(item, other)).then_some(false)
    }
}
