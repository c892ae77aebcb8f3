//! What a restore is asked for, in the words of whoever asks.

use domain::Result;
use domain::text::check_line;

/// The most characters of a reason.
pub const MAX_REASON: usize = 500;
/// The most characters of what names a ticket.
pub const MAX_TICKET: usize = 100;

/// What a restore is asked for, as whoever asks puts it: kept, and signed in its receipt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Why {
    /// The reason, at most [`MAX_REASON`] characters in one line.
    pub reason: Option<String>,
    /// Where it is written down, such as the number of a ticket: at most [`MAX_TICKET`] characters in one line.
    pub ticket: Option<String>,
}

impl Why {
    /// Checks both.
    ///
    /// # Errors
    /// `Invalid`, naming the field: too long, or more than one line of visible text.
    pub(super) fn check(&self) -> Result<()> {
        for (field, text, most) in
            [("reason", &self.reason, MAX_REASON), ("ticket", &self.ticket, MAX_TICKET)]
        {
            if let Some(text) = text {
                check_line(field, text, most)?;
            }
        }
        Ok(())
    }
}
