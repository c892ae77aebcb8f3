//! Who holds a role.

use std::collections::HashMap;

/// Who holds a role, or may activate one, on either side: whether one of their roles gives power over others.
#[derive(Default)]
pub(super) struct Holders(HashMap<String, bool>);

impl Holders {
    /// Counts a role of somebody.
    pub(super) fn add(&mut self, principal: &str, is_privileged: bool) {
        *self.0.entry(principal.to_owned()).or_default() |= is_privileged;
    }

    /// Whether a role of theirs gives power over others; none where they hold no role.
    pub(super) fn of(&self, key: &str) -> Option<bool> {
        self.0.get(key).copied()
    }
}
