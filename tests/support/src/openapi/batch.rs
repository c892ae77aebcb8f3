//! The exchanges inside a batch.

use super::Exchange;
use serde_json::Value;

/// Each inner request with the reply of its id. Requests without a reply are left out: the outer check and
/// the client's own tests see to those.
pub(super) fn inner(batch: &Exchange) -> Vec<Exchange> {
    let list = |body: &Option<Value>, name: &str| {
        body.as_ref().and_then(|body| body[name].as_array()).cloned().unwrap_or_default()
    };
    let replies = list(&batch.reply_body, "responses");
    let exchange = |request: &Value| {
        let reply = replies.iter().find(|reply| reply["id"] == request["id"])?;
        let url = request["url"].as_str()?;
        Some(Exchange {
            version: batch.version.clone(),
            method: request["method"].as_str()?.to_owned(),
            path_and_query: format!("/{}", url.trim_start_matches('/')),
            request_body: request.get("body").cloned(),
            status: u16::try_from(reply["status"].as_u64()?).ok()?,
            reply_body: reply.get("body").filter(|body| *body != "").cloned(),
        })
    };
    list(&batch.request_body, "requests").iter().filter_map(exchange).collect()
}
