//! The one place where the login's errors become [`domain::Error`]: a table of codes, then the kinds of `error`.
//!
//! Decided by `error_codes` and `error`, never by prose. What the tenant's administrators or Microsoft have done is a
//! [`Refusal`], said at once to whom it concerns; what is our own is the operator's: it is tried again and alarms, until
//! somebody has mended it, and no tenant is called unconnected for it.
//! Source: learn.microsoft.com/entra/identity-platform/reference-error-codes.

use crate::error::plain;
use domain::{Error, Refusal};
use serde_json::Value;

/// What a refusal of the login is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// The tenant does not let us in.
    Tenant(Refusal),
    /// Our own credential or request is at fault, in every tenant.
    Ours,
    /// The login asks us to come back later.
    Throttled,
}

/// What the codes of the login mean. Codes that are not here are judged by `error`.
const CODES: [(u64, Meaning); 22] = [
    (65_001, Meaning::Tenant(Refusal::NoConsent)),
    (700_016, Meaning::Tenant(Refusal::NoConsent)),
    (7_000_229, Meaning::Tenant(Refusal::NoConsent)),
    (7_000_112, Meaning::Tenant(Refusal::ApplicationDisabled)),
    (53_003, Meaning::Tenant(Refusal::ConditionalAccess)),
    (90_002, Meaning::Tenant(Refusal::NoTenant)),
    (5_000_225, Meaning::Tenant(Refusal::TenantInactive)),
    (5_000_224, Meaning::Tenant(Refusal::TenantOutOfService)),
    (500_014, Meaning::Tenant(Refusal::ResourceDisabled)),
    (500_011, Meaning::Tenant(Refusal::ResourceDisabled)),
    (7_000_215, Meaning::Ours),
    (7_000_216, Meaning::Ours),
    (7_000_218, Meaning::Ours),
    (7_000_222, Meaning::Ours),
    (700_024, Meaning::Ours),
    (700_027, Meaning::Ours),
    (70_003, Meaning::Ours),
    (70_011, Meaning::Ours),
    (1_002_012, Meaning::Ours),
    (900_144, Meaning::Ours),
    (50_196, Meaning::Throttled),
    (90_055, Meaning::Throttled),
];

/// Kinds of `error` that say that the application or its request is wrong, in whatever tenant.
const OURS: [&str; 5] =
    ["invalid_client", "invalid_scope", "unsupported_grant_type", "unsupported_response_type", "slow_down"];
/// Kinds of `error` that pass.
const PASSING: [&str; 2] = ["temporarily_unavailable", "server_error"];

/// What the login refused.
pub(crate) fn login_error(status: u16, body: &Value) -> Error {
    let numbers = body.get("error_codes").and_then(Value::as_array).into_iter().flatten();
    let numbers: Vec<u64> = numbers.filter_map(Value::as_u64).collect();
    let name = plain(body.get("error").and_then(Value::as_str).unwrap_or_default());
    let shown = numbers.first().map_or_else(|| name.clone(), |n| format!("AADSTS{n}"));
    let known = numbers.iter().find_map(|n| CODES.iter().find(|(code, _)| code == n));
    match known.map(|(_, meaning)| *meaning).or_else(|| by_name(status, &name)) {
        Some(Meaning::Tenant(refusal)) => Error::refused(refusal, shown),
        Some(Meaning::Ours) => Error::unavailable(format!(
            "the login refuses Holdfast's own credential ({shown}): the operator must renew the app \
             registration's certificate or client secret"
        )),
        Some(Meaning::Throttled) => Error::throttled(format!("the login is throttling ({shown})"), None),
        None => Error::unavailable(format!("the login answered {status} {shown}")),
    }
}

/// What a code that is not in the table means.
fn by_name(status: u16, name: &str) -> Option<Meaning> {
    match (status, name) {
        (429, _) => Some(Meaning::Throttled),
        (_, name) if OURS.contains(&name) => Some(Meaning::Ours),
        (_, name) if PASSING.contains(&name) => None,
        (400..500, "consent_required") => Some(Meaning::Tenant(Refusal::NoConsent)),
        // Why a refusal though nobody knows the code: such an answer is final (RFC 6749, 5.2), so asking again is of no
        // use, and the only people who can find out are those whom a refusal tells. Each schedule asks anew.
        (400..500, name) if !name.is_empty() => Some(Meaning::Tenant(Refusal::Unknown)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn login(error: &str, code: u64) -> Error {
        login_error(400, &json!({"error": error, "error_codes": [code], "error_description": "whatever"}))
    }

    #[test]
    fn the_login_is_understood_by_its_codes_and_not_by_its_prose() {
        for (code, kind) in [
            (700_016, "denied"),
            (65_001, "denied"),
            (90_002, "denied"),
            (7_000_112, "denied"),
            (53_003, "denied"),
            (5_000_225, "denied"),
            (5_000_224, "denied"),
            (500_014, "denied"),
            (7_000_215, "unavailable"),
            (7_000_222, "unavailable"),
            (700_027, "unavailable"),
            (50_196, "throttled"),
            (90_055, "throttled"),
        ] {
            let error = login("invalid_request", code);
            assert_eq!(error.kind().name(), kind, "{error}");
            assert!(error.to_string().contains(&code.to_string()), "{error}");
        }
        assert_eq!(login("invalid_client", 1).kind().name(), "unavailable");
        assert_eq!(login("unauthorized_client", 1).kind().name(), "denied");
    }

    #[test]
    fn no_code_has_two_meanings_and_only_a_missing_consent_asks_for_consent() {
        for (at, (code, meaning)) in CODES.iter().enumerate() {
            assert!(CODES[..at].iter().all(|(other, _)| other != code), "{code} twice");
            let error = login("invalid_grant", *code);
            let Meaning::Tenant(refusal) = meaning else {
                assert_eq!(error.refusal(), None, "{code}");
                continue;
            };
            assert_eq!(error.refusal(), Some(*refusal), "{code}");
            let asks = error.to_string().contains("must consent again");
            assert_eq!(asks, refusal.is_about_consent(), "{code}: {error}");
        }
        let inactive = login("invalid_grant", 5_000_225);
        assert!(inactive.to_string().contains("within 20 days"), "{inactive}");
    }

    #[test]
    fn a_final_answer_that_nobody_knows_is_a_refusal_and_one_that_passes_or_is_no_answer_is_not() {
        for error in ["invalid_grant", "unauthorized_client", "access_denied", "invalid_resource", "new_one"]
        {
            assert_eq!(login(error, 5_999_999).refusal(), Some(Refusal::Unknown), "{error}");
        }
        for (status, body) in [
            (400, json!({"error": "temporarily_unavailable", "error_codes": [90_033]})),
            (503, json!({"error": "invalid_grant"})),
            (404, json!(null)),
            (400, json!({"error": "invalid_scope", "error_codes": [1]})),
        ] {
            let error = login_error(status, &body);
            assert_eq!((error.kind().name(), error.refusal()), ("unavailable", None), "{body}");
        }
    }
}
