//! Which refusals of a reading may become an answer by themselves.

use domain::{Error, ErrorKind};

/// Whether the same reading may succeed a moment later: Graph is busy, or did not answer.
///
/// Why not [`Error::is_transient`]: a conflict over a row of ours passes; an object that Graph does not show for a conflict or
/// a lock (409, 423) may stay so for as long as anybody waits, and costs what is about itself alone.
pub(crate) fn may_pass(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Throttled { .. } | ErrorKind::Unavailable)
}
