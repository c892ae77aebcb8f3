//! The token endpoint: for applications, and for the codes of sign-ins.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::json;
use uuid::Uuid;

use super::assertion::{self, Expected};
use super::{Answer, LoginRequest, Token, answer, authorize, keys};
use crate::clock::iso;
use crate::inner::Inner;
use crate::switches::NotArrived;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const LIFETIME: i64 = 3599;

/// A refusal with its `error`, its code and its text; see "Microsoft Entra authentication and authorization error
/// codes".
fn refuse(inner: &Inner, status: u16, error: &str, code: u32, text: &str) -> Answer {
    let trace = inner.request_id();
    let correlation = inner.request_id();
    let now = iso(inner.clock.seconds()).replace('T', " ");
    answer(
        status,
        &json!({
            "error": error,
            "error_description": format!(
                "AADSTS{code}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}"
            ),
            "error_codes": [code],
            "timestamp": now,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": format!("https://login.microsoftonline.com/error?code={code}"),
        }),
    )
}

/// Issues an access token to an application, or an id token for the code of a sign-in.
pub(super) fn issue(inner: &Inner, request: &LoginRequest<'_>, tenant: &str) -> Answer {
    let form: HashMap<String, String> = url::form_urlencoded::parse(request.body).into_owned().collect();
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    let no = |status, error: &str, code, text: &str| refuse(inner, status, error, code, text);
    // Only the first fault is reported, each under a code of its own: first what is asked for and by whom, then the
    // proof.
    let is_code = field("grant_type") == "authorization_code";
    if !is_code && field("grant_type") != "client_credentials" {
        return no(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.");
    }
    let Some(tenant_index) = inner.tenant_index(tenant) else {
        let text = format!("Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID.");
        return no(400, "invalid_request", 90002, &text);
    };
    let client_id = field("client_id").to_lowercase();
    let Some(app_index) = inner.app_index(&client_id) else {
        let text = format!("Application with identifier '{client_id}' was not found in the directory.");
        return no(400, "unauthorized_client", 700_016, &text);
    };
    // A scope names the resource that the token is for. A code was asked for with scopes of its own.
    let app = &inner.apps[app_index];
    let resource = match field("scope").strip_suffix("/.default") {
        Some(resource) if !resource.is_empty() => resource,
        _ if is_code => "",
        _ => {
            let text = "The provided value for the input parameter 'scope' is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier.";
            return no(400, "invalid_scope", 1_002_012, text);
        }
    };
    // The proof of who the application is: an assertion signed by its certificate goes before a secret.
    let assertion = field("client_assertion");
    if !assertion.is_empty() {
        if field("client_assertion_type") != ASSERTION_TYPE {
            return no(400, "invalid_request", 900_144, "The client_assertion_type is missing or wrong.");
        }
        let Some(pem) = &app.certificate_pem else {
            return no(401, "invalid_client", 700_027, "The application has no certificate.");
        };
        let audiences = [
            format!("{}{}", request.base, request.path),
            format!("{}/{tenant}/v2.0", request.base),
            format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"),
        ];
        // Why a second clock: a client signs by the machine's clock, also where the simulator's stands still.
        let mut clocks = vec![inner.clock.seconds()];
        if inner.switches().assertion_clock_real {
            clocks.push(jiff::Timestamp::now().as_second());
        }
        let expected =
            Expected { certificate_pem: pem, client_id: &client_id, audiences: &audiences, clocks: &clocks };
        match assertion::check(assertion, &expected) {
            Err(text) => {
                let text = format!("Client assertion failed signature validation. {text}");
                return no(401, "invalid_client", 700_027, &text);
            }
            Ok(jti) => {
                // Why once: an assertion that somebody copied must be worth nothing.
                let mut used = inner.login.used.lock().expect("the lock is never held over a panic");
                if !used.insert(format!("{client_id}/{jti}")) {
                    return no(401, "invalid_client", 700_027, "The assertion's jti was used before.");
                }
            }
        }
    } else if app.is_public() {
        // Source: "OAuth 2.0 authorization code flow": public clients send no secret, and get tokens for codes alone.
        if !is_code {
            let text =
                "The client is public so neither 'client_assertion' nor 'client_secret' should be presented.";
            return no(401, "invalid_client", 700_025, text);
        }
    } else if field("client_secret").is_empty() {
        let text =
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
        return no(401, "invalid_client", 7_000_216, text);
    } else if inner.secret_expired(app_index) {
        return no(401, "invalid_client", 7_000_222, "The provided client secret keys are expired.");
    } else if app.secret.as_deref() != Some(field("client_secret")) {
        let text = format!("Invalid client secret provided for app '{client_id}'.");
        return no(401, "invalid_client", 7_000_215, &text);
    }
    // Why here: an application that redeems a code has proved itself, and the consent below is about application
    // permissions, which a sign-in does not need.
    if is_code {
        let of = |name: &str| form.get(name).cloned().unwrap_or_default();
        return match authorize::redeem(inner, request.base, tenant_index, &client_id, &of) {
            Ok(token) => answer(
                200,
                &json!({"token_type": "Bearer", "expires_in": LIFETIME, "scope": "openid profile", "id_token": token}),
            ),
            Err(text) => no(400, "invalid_grant", 70_008, text),
        };
    }
    if let Some((error, code)) = inner.refusal(tenant_index) {
        return no(400, &error, code, "The tenant is not served.");
    }
    // A consent that is missing and one that has not arrived yet give the same answer, as they do at Microsoft: a
    // client cannot distinguish them.
    let not_arrived = inner.not_arrived(tenant_index, app_index);
    let grant = inner.grant(tenant_index, app_index).filter(|_| not_arrived != Some(NotArrived::NoToken));
    let Some(mut grant) = grant else {
        let text = format!(
            "Application with identifier '{client_id}' was not found in the directory '{}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.",
            inner.tenants[tenant_index].config.name
        );
        return no(400, "unauthorized_client", 700_016, &text);
    };
    if not_arrived == Some(NotArrived::NoRoles) {
        grant.permissions.clear();
    }
    // What the token lets its bearer do is fixed now: a permission that is granted later needs a new token.
    let now = inner.clock.seconds();
    let tenant_id = &inner.tenants[tenant_index].config.id;
    let value = keys::sign(&json!({
        "aud": resource,
        "iss": format!("{}/{tenant_id}/v2.0", request.base),
        "iat": now, "nbf": now, "exp": now + LIFETIME,
        "appid": client_id, "azp": client_id, "app_displayname": app.name,
        "idtyp": "app", "oid": grant.principal, "sub": grant.principal,
        "roles": grant.permissions, "tid": tenant_id, "ver": "1.0",
        "uti": Uuid::new_v4().simple().to_string(),
    }));
    let token = Token {
        tenant: tenant_index,
        app: app_index,
        client_id,
        roles: grant.permissions,
        expires: now + LIFETIME,
        principal: grant.principal,
    };
    let mut tokens = inner.login.tokens.lock().expect("the lock is never held over a panic");
    tokens.insert(value.clone(), Arc::new(token));
    drop(tokens);
    answer(
        200,
        &json!({"token_type": "Bearer", "expires_in": LIFETIME, "ext_expires_in": LIFETIME, "access_token": value}),
    )
}
