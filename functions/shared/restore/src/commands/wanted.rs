//! Which restores of a tenant are to be listed.

use domain::Timestamp;
use engine::records::{Restore, RestoreState};

/// Which restores are wanted; what is left out excludes none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WantedRestores {
    /// Only those that wait for somebody to approve them, while they can be approved.
    pub only_waiting: bool,
    /// Those in this state.
    pub state: Option<RestoreState>,
    /// Those that this person or token asked for, as rows name them.
    pub requested_by: Option<String>,
    /// Those that were asked for then or later,
    pub since: Option<Timestamp>,
    /// and before then.
    pub until: Option<Timestamp>,
}

impl WantedRestores {
    /// Whether a restore is wanted, but for whether it waits.
    pub(super) fn has(&self, row: &Restore) -> bool {
        self.state.is_none_or(|state| row.state == state)
            && self.requested_by.as_ref().is_none_or(|who| row.requested_by == *who)
            && self.since.is_none_or(|since| row.requested_at >= since)
            && self.until.is_none_or(|until| row.requested_at < until)
    }
}
