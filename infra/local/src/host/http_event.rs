//! The events that an HTTP API gives to its functions and to its authorizer, payload format 2.0.
//! Source: API Gateway developer guide, "Create AWS Lambda proxy integrations for HTTP APIs" and "Control
//! access to HTTP APIs with AWS Lambda authorizers".

use super::sqs_event::{ACCOUNT, REGION};
use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use http::HeaderMap;
use http::request::Parts;
use serde_json::{Map, Value, json};
use std::net::IpAddr;

/// The event of a request: what came in, by which route, and when. `request_id` is the request's id in logs.
pub fn request_event(
    parts: &Parts,
    body: &Bytes,
    route: (&str, Map<String, Value>),
    from: IpAddr,
    request_id: &str,
    now: Timestamp,
) -> Value {
    let (route_key, path_parameters) = route;
    // Cookies have a place of their own in the event, and are no header there.
    let mut headers = joined_headers(&parts.headers);
    let cookies = headers.remove("cookie");
    let host = headers.get("host").and_then(Value::as_str).unwrap_or("localhost");
    let path = parts.uri.path();
    let mut event = json!({
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": path,
        "rawQueryString": parts.uri.query().unwrap_or(""),
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "local",
            "domainName": host,
            "domainPrefix": host.split(['.', ':']).next(),
            "http": {
                "method": parts.method.as_str(),
                "path": path,
                "protocol": format!("{:?}", parts.version),
                "sourceIp": from.to_string(),
                "userAgent": headers.get("user-agent").cloned().unwrap_or_default(),
            },
            "requestId": request_id,
            "routeKey": route_key,
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": now.as_millisecond(),
        },
        "headers": headers,
        "isBase64Encoded": false,
    });
    // Why each only where there is something: API Gateway leaves these members out otherwise.
    if let Some(cookies) = cookies.as_ref().and_then(Value::as_str) {
        event["cookies"] = cookies.split(';').map(str::trim).filter(|c| !c.is_empty()).collect();
    }
    let query = query_parameters(parts.uri.query().unwrap_or(""));
    if !query.is_empty() {
        event["queryStringParameters"] = query.into();
    }
    if !path_parameters.is_empty() {
        event["pathParameters"] = path_parameters.into();
    }
    // A body that is no text travels as base64.
    match std::str::from_utf8(body) {
        Ok("") => {}
        Ok(text) => event["body"] = text.into(),
        Err(_) => {
            event["body"] = STANDARD.encode(body).into();
            event["isBase64Encoded"] = true.into();
        }
    }
    event
}

/// The event that the authorizer gets for a request, made from the request's own event.
pub fn authorizer_event(request: &Value, identity: &str) -> Value {
    let http = &request["requestContext"]["http"];
    let (method, path) = (http["method"].as_str().unwrap_or(""), request["rawPath"].as_str().unwrap_or(""));
    let mut event = json!({
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": format!("arn:aws:execute-api:{REGION}:{ACCOUNT}:local/$default/{method}{path}"),
        "identitySource": [identity],
    });
    for same in [
        "routeKey",
        "rawPath",
        "rawQueryString",
        "cookies",
        "headers",
        "queryStringParameters",
        "requestContext",
        "pathParameters",
    ] {
        if let Some(value) = request.get(same) {
            event[same] = value.clone();
        }
    }
    event
}

/// Headers under lower-case names; values of one name joined by commas.
fn joined_headers(headers: &HeaderMap) -> Map<String, Value> {
    let mut joined = Map::new();
    for name in headers.keys() {
        let values = headers.get_all(name).iter().map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned());
        let separator = if name == "cookie" { "; " } else { "," };
        joined.insert(name.as_str().to_owned(), values.collect::<Vec<_>>().join(separator).into());
    }
    joined
}

/// Decoded query parameters; values of one name joined by commas.
fn query_parameters(query: &str) -> Map<String, Value> {
    let mut parameters = Map::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let joined = match parameters.get(name.as_ref()).and_then(Value::as_str) {
            Some(before) => format!("{before},{value}"),
            None => value.into_owned(),
        };
        parameters.insert(name.into_owned(), joined.into());
    }
    parameters
}
