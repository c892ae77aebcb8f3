//! The login service: tokens for applications, admin consent, keys.
//!
//! Source: "Microsoft identity platform and the OAuth 2.0 client credentials flow", "Microsoft identity platform
//! application authentication certificate credentials", "Admin consent on the Microsoft identity platform",
//! "Microsoft Entra authentication and authorization error codes".

mod assertion;
mod authorize;
mod consent;
mod id_token;
mod keys;
mod token;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::graph::Query;
use crate::inner::Inner;
use crate::kept::{kept, put_back};

pub use id_token::SignedIn;
pub(crate) use id_token::id_token;

/// What a token lets its bearer do; frozen when it is issued.
#[derive(Debug)]
pub(crate) struct Token {
    pub tenant: usize,
    pub app: usize,
    pub client_id: String,
    pub roles: Vec<String>,
    pub expires: i64,
    /// The object id of the service principal.
    pub principal: String,
}

/// The login service's own state.
#[derive(Default)]
pub(crate) struct Login {
    tokens: Mutex<HashMap<String, Arc<Token>>>,
    used: Mutex<HashSet<String>>,
    codes: Mutex<HashMap<String, authorize::Code>>,
}

impl Login {
    /// As it is now.
    pub fn kept(&self) -> Self {
        let Self { tokens, used, codes } = self;
        Self { tokens: kept(tokens), used: kept(used), codes: kept(codes) }
    }

    /// Becomes as that one is.
    pub fn become_as(&self, kept: &Self) {
        put_back(&self.tokens, &kept.tokens);
        put_back(&self.used, &kept.used);
        put_back(&self.codes, &kept.codes);
    }
}

/// A request to the login service.
pub(crate) struct LoginRequest<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub query: &'a str,
    pub body: &'a [u8],
    /// The address that the request was sent to: `http://host:port`.
    pub base: &'a str,
}

/// An answer of the login service: status, headers, body.
pub(crate) type Answer = (u16, Vec<(&'static str, String)>, Vec<u8>);

fn answer(status: u16, value: &Value) -> Answer {
    let headers = vec![
        ("content-type", "application/json; charset=utf-8".to_owned()),
        ("cache-control", "no-store, no-cache".to_owned()),
    ];
    (status, headers, value.to_string().into_bytes())
}

fn page(status: u16, text: &str) -> Answer {
    let html = format!("<html><head><title>Sign in to your account</title></head><body>{text}</body></html>");
    (status, vec![("content-type", "text/html; charset=utf-8".to_owned())], html.into_bytes())
}

impl Login {
    /// The token behind a bearer value, unless it has expired or was never ours.
    pub fn bearer(&self, value: &str, now: i64) -> Option<Arc<Token>> {
        let tokens = self.tokens.lock().expect("the lock is never held over a panic");
        tokens.get(value).filter(|token| now < token.expires).cloned()
    }

    pub fn forget(&self) {
        self.tokens.lock().expect("the lock is never held over a panic").clear();
    }
}

pub(crate) fn handle(inner: &Inner, request: &LoginRequest<'_>) -> Answer {
    let segments: Vec<&str> = request.path.split('/').filter(|s| !s.is_empty()).collect();
    match (request.method, segments.as_slice()) {
        ("POST", [tenant, "oauth2", "v2.0", "token"]) => token::issue(inner, request, tenant),
        ("GET", [tenant, "oauth2", "v2.0", "authorize"]) => authorize::ask(inner, request, tenant),
        ("GET", [tenant, "v2.0", "adminconsent"]) => consent::ask(inner, request, tenant, true),
        ("GET", [tenant, "adminconsent"]) => consent::ask(inner, request, tenant, false),
        ("GET", [tenant, "v2.0", ".well-known", "openid-configuration"]) => configuration(request, tenant),
        ("GET", ["common", "discovery", "instance"]) => instance(request),
        ("GET", [_, "discovery", "v2.0", "keys"]) => answer(200, &keys::published()),
        _ => page(404, "There is no such page."),
    }
}

/// Which names the login has, asked by clients before they send a secret to an address that they do not know.
/// Source: what login.microsoftonline.com answers; [MS-OAPX] and MSAL's instance discovery.
fn instance(request: &LoginRequest<'_>) -> Answer {
    const MICROSOFT: &[&str] =
        &["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"];
    let own = request.base.split_once("://").map_or(request.base, |(_, host)| host);
    let query = Query::parse(request.query);
    let asked = query.get("authorization_endpoint").unwrap_or_default();
    let url = url::Url::parse(asked).ok();
    let host = url.as_ref().and_then(|url| {
        let host = url.host_str()?;
        Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
    });
    let known = host.as_deref().filter(|host| *host == own || MICROSOFT.contains(host));
    let Some((host, url)) = known.zip(url.as_ref()) else {
        let text = format!("AADSTS50049: Unknown or invalid instance: '{asked}'.");
        return answer(
            400,
            &json!({"error": "invalid_instance", "error_description": text, "error_codes": [50049]}),
        );
    };
    let tenant = url.path().split('/').find(|part| !part.is_empty()).unwrap_or("common");
    let aliases: Vec<&str> = if host == own { vec![own] } else { MICROSOFT.to_vec() };
    let scheme = url.scheme();
    answer(
        200,
        &json!({
            "tenant_discovery_endpoint":
                format!("{scheme}://{host}/{tenant}/v2.0/.well-known/openid-configuration"),
            "api-version": "1.1",
            "metadata": [{"preferred_network": host, "preferred_cache": aliases[0], "aliases": aliases}],
        }),
    )
}

fn configuration(request: &LoginRequest<'_>, tenant: &str) -> Answer {
    let base = request.base;
    let issuer = if matches!(tenant, "common" | "organizations") { "{tenantid}" } else { tenant };
    answer(
        200,
        &json!({
            "issuer": format!("{base}/{issuer}/v2.0"),
            "token_endpoint": format!("{base}/{tenant}/oauth2/v2.0/token"),
            "authorization_endpoint": format!("{base}/{tenant}/oauth2/v2.0/authorize"),
            "jwks_uri": format!("{base}/{tenant}/discovery/v2.0/keys"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "response_types_supported": ["code", "id_token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }),
    )
}
