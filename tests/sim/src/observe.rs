//! What has been asked and answered.

/// One request that Graph has seen.
#[derive(Clone, Debug, serde::Serialize)]
pub struct SeenRequest {
    /// The tenant's id.
    pub tenant: String,
    /// The application's client id.
    pub app: String,
    /// In capitals.
    pub method: String,
    /// After the version, with the query as it was sent.
    pub path_and_query: String,
    /// `v1.0` or `beta`.
    pub version: String,
    /// The status of the answer.
    pub status: u16,
    /// What it cost.
    pub resource_units: u32,
    /// Whether it counts as a write.
    pub is_write: bool,
    /// Whether it came inside a batch.
    pub inner_of_batch: bool,
    /// When, in milliseconds of the simulator's clock since 1970.
    pub at_millis: i64,
}

/// One request with its reply.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// In capitals.
    pub method: String,
    /// Path and query from `/v1.0` or `/beta` on.
    pub url: String,
    /// The request's headers, names in lower case.
    pub request_headers: Vec<(String, String)>,
    /// The request's body.
    pub request_body: Vec<u8>,
    /// The reply's status.
    pub status: u16,
    /// The reply's headers.
    pub reply_headers: Vec<(String, String)>,
    /// The reply's body.
    pub reply_body: Vec<u8>,
    /// Whether it came inside a batch.
    pub inner_of_batch: bool,
}

pub(crate) type Observer = Box<dyn Fn(&Exchange) + Send + Sync>;
