//! One request to Graph with its parts, and one reply.

use std::collections::HashMap;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::error::{Failure, malformed};
use crate::login::Token;
use crate::switches::Switches;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    V1,
    Beta,
}

impl Version {
    pub fn name(self) -> &'static str {
        match self {
            Self::V1 => "v1.0",
            Self::Beta => "beta",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        [Self::V1, Self::Beta].into_iter().find(|version| version.name() == name)
    }
}

/// Query options by name, decoded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub fn parse(text: &str) -> Self {
        Self(url::form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// `$select` and `select` are the same option.
    pub fn get(&self, name: &str) -> Option<&str> {
        let bare = name.trim_start_matches('$');
        self.0
            .iter()
            .find(|(key, _)| key.trim_start_matches('$').eq_ignore_ascii_case(bare))
            .map(|(_, v)| v.as_str())
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

#[derive(Clone)]
pub(crate) struct Call {
    pub version: Version,
    /// The HTTP method, in capitals.
    pub method: String,
    /// The decoded segments after the version.
    pub path: Vec<String>,
    pub raw_path: String,
    pub query: Query,
    /// The headers, with their names in lower case.
    pub headers: HashMap<String, String>,
    pub body: Arc<[u8]>,
    /// The address that the request was sent to: `http://host:port`.
    pub base: String,
    pub token: Arc<Token>,
    pub switches: Arc<Switches>,
}

/// Functions and actions that are bound to an object or a collection; OData lets them be called with their namespace.
const BOUND: &[&str] = &[
    "checkMemberGroups",
    "checkMemberObjects",
    "delta",
    "getAvailableExtensionProperties",
    "getByIds",
    "getMemberGroups",
    "getMemberObjects",
];

/// Those of them that only read, though they are POST.
const READING_ACTIONS: &[&str] = &[
    "checkMemberGroups",
    "checkMemberObjects",
    "getAvailableExtensionProperties",
    "getByIds",
    "getMemberGroups",
    "getMemberObjects",
];

/// The segments of a path; `users('x')` counts as `users/x`, and `users/microsoft.graph.delta()` as `users/delta`.
pub(crate) fn segments(path: &str) -> Vec<String> {
    let mut out = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        let part = percent_decode_str(part).decode_utf8_lossy().into_owned();
        let bare = part.strip_suffix("()").unwrap_or(&part);
        let bare = bare.strip_prefix("microsoft.graph.").unwrap_or(bare);
        if let Some(name) = BOUND.iter().find(|name| name.eq_ignore_ascii_case(bare)) {
            out.push((*name).to_owned());
            continue;
        }
        match part.strip_suffix("')").and_then(|p| p.split_once("('")) {
            Some((name, key)) if !name.contains('=') => {
                out.push(name.to_owned());
                out.push(key.to_owned());
            }
            _ => out.push(part),
        }
    }
    out
}

/// Whether a POST to it changes nothing.
pub(crate) fn is_reading_action(segment: &str) -> bool {
    READING_ACTIONS.contains(&segment)
}

impl Call {
    pub fn segments(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub fn prefers(&self, what: &str) -> bool {
        self.header("prefer").split([',', ';']).any(|one| one.trim().eq_ignore_ascii_case(what))
    }

    pub fn reads(&self) -> bool {
        self.method == "GET" || self.path.last().is_some_and(|last| is_reading_action(last))
    }

    /// The body as a JSON object.
    pub fn object(&self) -> Result<Map<String, Value>, Failure> {
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(map)) => Ok(map),
            _ => Err(malformed(
                "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.",
            )),
        }
    }

    /// The body, which may be absent.
    pub fn object_or_empty(&self) -> Result<Map<String, Value>, Failure> {
        if self.body.iter().all(u8::is_ascii_whitespace) { Ok(Map::new()) } else { self.object() }
    }

    pub fn root(&self) -> String {
        format!("{}/{}", self.base, self.version.name())
    }

    pub fn context(&self, set: &str) -> String {
        format!("{}/$metadata#{set}", self.root())
    }

    pub fn may(&self, permission: &str) -> bool {
        self.token.roles.iter().any(|role| role == permission)
    }
}

/// A reply before the headers that every reply has.
#[derive(Default)]
pub(crate) struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

pub(crate) type Outcome = Result<Reply, Failure>;

impl Reply {
    pub fn bytes(status: u16, body: Vec<u8>) -> Self {
        Self { status, headers: Vec::new(), body }
    }

    pub fn json(status: u16, value: &Value) -> Self {
        Self::bytes(status, value.to_string().into_bytes())
    }

    pub fn text(text: String) -> Self {
        Self { status: 200, headers: vec![("content-type", "text/plain".into())], body: text.into_bytes() }
    }

    pub fn empty() -> Self {
        Self { status: 204, ..Self::default() }
    }
}
