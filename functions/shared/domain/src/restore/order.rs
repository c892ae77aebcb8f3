//! The order of steps by what they need of each other.

use super::{Step, WriteAction};
use std::collections::BTreeSet;

/// Puts each step after the steps that bring its objects back. Returns the steps in order, and those that are left
/// because they wait for each other.
pub(super) fn in_order(sorted: Vec<Step>) -> (Vec<Step>, Vec<Step>) {
    let brings = |s: &Step| matches!(s.action, WriteAction::Undelete { .. } | WriteAction::Create { .. });
    let mut awaited: BTreeSet<String> = sorted.iter().filter(|s| brings(s)).map(|s| s.id.clone()).collect();
    let (mut placed, mut waiting) = (Vec::with_capacity(sorted.len()), sorted);
    loop {
        let before = placed.len();
        let mut later = Vec::new();
        for step in waiting {
            let own = brings(&step).then_some(step.id.as_str());
            if step.depends_on.iter().any(|id| Some(id.as_str()) != own && awaited.contains(id)) {
                later.push(step);
                continue;
            }
            if brings(&step) {
                awaited.remove(&step.id);
            }
            placed.push(step);
        }
        if later.is_empty() || placed.len() == before {
            return (placed, later);
        }
        waiting = later;
    }
}
