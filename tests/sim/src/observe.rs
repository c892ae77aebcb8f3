//! What was asked of Graph and what it answered, for assertions.

/// One request that Graph has answered.
#[derive(Clone, Debug, serde::Serialize)]
pub struct SeenRequest {
    /// The id of the tenant that the token was for.
    pub tenant: String,
    /// The client id of the application that asked.
    pub app: String,
    /// The HTTP method, in capitals.
    pub method: String,
    /// The path after the version, with the query as it was sent.
    pub path_and_query: String,
    /// The caller's own id of the request.
    pub client_request_id: String,
    /// The version of Graph: `v1.0` or `beta`.
    pub version: String,
    /// The status of the answer.
    pub status: u16,
    /// How many resource units it cost.
    pub resource_units: u32,
    /// Whether it counts as a write.
    pub is_write: bool,
    /// Whether it came inside a batch.
    pub inner_of_batch: bool,
    /// When it was answered, in milliseconds of the simulator's clock since 1970.
    pub at_millis: i64,
}

impl SeenRequest {
    /// What was asked for, without the version and without what stands in the link of a delta.
    pub fn address(&self) -> &str {
        address(&self.path_and_query)
    }
}

/// The path with its query, without the version. Of a link of a delta without its token, which says when it was given.
pub(crate) fn address(path_and_query: &str) -> &str {
    let path = ["/v1.0", "/beta"].iter().find_map(|version| path_and_query.strip_prefix(version));
    let path = path.unwrap_or(path_and_query);
    match path.split_once("token=") {
        Some((before, token)) if path.contains("/delta?") && token != "latest" => before,
        _ => path,
    }
}

/// One request with its reply.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The HTTP method, in capitals.
    pub method: String,
    /// Path and query from `/v1.0` or `/beta` on.
    pub url: String,
    /// The request's headers, names in lower case.
    pub request_headers: Vec<(String, String)>,
    /// The body of the request; empty where it has none.
    pub request_body: Vec<u8>,
    /// The status of the reply; 0 where the connection was cut.
    pub status: u16,
    /// The headers of the reply, in their order.
    pub reply_headers: Vec<(String, String)>,
    /// The body of the reply; empty where it has none.
    pub reply_body: Vec<u8>,
    /// Whether it came inside a batch.
    pub inner_of_batch: bool,
}

pub(crate) type Observer = Box<dyn Fn(&Exchange) + Send + Sync>;
