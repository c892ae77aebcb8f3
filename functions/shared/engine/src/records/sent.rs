//! The calls of one step of a restore, each with what it was about and how Graph answered. They share one id of ours
//! (`client-request-id`), and each has one of Graph's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most calls that the outcome of a step lists.
///
/// Why: the list stands in the row of the step, whose size is limited.
pub const MOST_CALLS: usize = 50;
/// The most parts that are named of a call: an object, and as many links as travel together.
pub const MOST_PARTS: usize = 21;

/// A call that was made to write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SentCall {
    /// What it was about: properties, and links with what they lead to (`groups.members/<id>`); of many the first 21.
    pub what: Vec<String>,
    /// The HTTP status of Graph's answer; none where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Graph's own id of the request, where it answered with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}
