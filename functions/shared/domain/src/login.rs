//! What Microsoft's login refuses, and what each refusal means: one table of codes, one of kinds of `error`, and the one
//! function that reads them.
//!
//! | whose cause | what becomes of the work | who hears of it | what the tenant's credentials are called |
//! | --- | --- | --- | --- |
//! | the tenant's ([`Refusal`]) | it fails at once; each scheduled time tries again | the customer's partner, with what to do | by [`Refusal`] |
//! | the same, and about consent, in the first hour after one | it waits and is tried again every few minutes, with a new token | nobody | waiting |
//! | ours ([`OwnFault`]) | it waits until that is mended, however long that takes | the operator, once for each cause | as before |
//! | nobody's | it waits, as long as the login asks or in growing steps, for some hours | the partner, where it was in vain for hours | as before |
//!
//! Decided by `error_codes` and `error`, never by prose. Source: learn.microsoft.com/entra/identity-platform/
//! reference-error-codes, and the `error` values of RFC 6749, section 5.2.

use crate::{OwnFault, Refusal};

/// Whose cause it is that the login gives no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginCause {
    /// The tenant does not let the application in: its administrators, or Microsoft, have done something there.
    Tenant(Refusal),
    /// Our own credential, registration or request is at fault, in every tenant.
    Own(OwnFault),
    /// Nobody's: the login asks us to come back later.
    Throttled,
    /// Nobody's: the login is unwell.
    Unwell,
}

use LoginCause::{Own, Tenant, Throttled, Unwell};
use OwnFault::{Certificate, Request, SecretExpired, SecretWrong};
use Refusal::{
    ApplicationDisabled, ConditionalAccess, NoConsent, NoTenant, OtherCloud, ResourceDisabled,
    TenantInactive, TenantOutOfService, Unknown,
};

/// What each code of the login means. A code that is not here is judged by its `error`.
#[rustfmt::skip]
pub const LOGIN_CODES: &[(u64, LoginCause)] = &[
    (65_001,    Tenant(NoConsent)),
    (90_094,    Tenant(NoConsent)),
    (700_011,   Tenant(NoConsent)),
    (700_016,   Tenant(NoConsent)),
    (7_000_229, Tenant(NoConsent)),
    (70_001,    Tenant(ApplicationDisabled)),
    (7_000_112, Tenant(ApplicationDisabled)),
    (53_003,    Tenant(ConditionalAccess)),
    (530_032,   Tenant(ConditionalAccess)),
    (90_002,    Tenant(NoTenant)),
    (5_000_225, Tenant(TenantInactive)),
    (5_000_224, Tenant(TenantOutOfService)),
    (50_001,    Tenant(ResourceDisabled)),
    (500_011,   Tenant(ResourceDisabled)),
    (500_014,   Tenant(ResourceDisabled)),
    (650_052,   Tenant(ResourceDisabled)),
    (90_038,    Tenant(OtherCloud)),
    (900_382,   Tenant(OtherCloud)),
    (900_432,   Tenant(OtherCloud)),
    (70_002,    Own(SecretWrong)),
    (7_000_215, Own(SecretWrong)),
    (7_000_222, Own(SecretExpired)),
    (50_012,    Own(Certificate)),
    (700_024,   Own(Certificate)),
    (700_027,   Own(Certificate)),
    (700_030,   Own(Certificate)),
    (70_003,    Own(Request)),
    (70_011,    Own(Request)),
    (90_014,    Own(Request)),
    (700_025,   Own(Request)),
    (900_144,   Own(Request)),
    (1_002_012, Own(Request)),
    (7_000_216, Own(Request)),
    (7_000_218, Own(Request)),
    (50_196,    Throttled),
    (90_055,    Throttled),
    (90_006,    Unwell),
    (90_012,    Unwell),
    (90_024,    Unwell),
    (90_033,    Unwell),
    (90_090,    Unwell),
];

/// What an `error` means whose code is not in the table.
#[rustfmt::skip]
pub const LOGIN_ERRORS: &[(&str, LoginCause)] = &[
    ("consent_required",          Tenant(NoConsent)),
    // An application has nobody who could interact: a policy of the tenant asks for what it cannot do.
    ("interaction_required",      Tenant(ConditionalAccess)),
    ("login_required",            Tenant(ConditionalAccess)),
    ("invalid_client",            Own(OwnFault::Unnamed)),
    ("invalid_scope",             Own(Request)),
    ("unsupported_grant_type",    Own(Request)),
    ("unsupported_response_type", Own(Request)),
    ("slow_down",                 Throttled),
    ("temporarily_unavailable",   Unwell),
    ("server_error",              Unwell),
];

/// What an answer of the login means that holds no token: its HTTP status, its `error_codes` and its `error`.
#[must_use]
pub fn login_cause(status: u16, codes: &[u64], error: &str) -> LoginCause {
    let of_code = |code: &u64| LOGIN_CODES.iter().find(|(known, _)| known == code);
    if let Some((_, cause)) = codes.iter().find_map(of_code) {
        return *cause;
    }
    match LOGIN_ERRORS.iter().find(|(known, _)| *known == error) {
        _ if status == 429 => Throttled,
        Some((_, Tenant(_))) | None if !(400..500).contains(&status) || error.is_empty() => Unwell,
        Some((_, cause)) => *cause,
        // Why a refusal though nobody knows the code: such an answer is final (RFC 6749, 5.2), so asking again is of no
        // use, and the only people who can find out are those whom a refusal tells. Each schedule asks anew.
        None => Tenant(Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_and_no_error_has_two_meanings() {
        for (at, (code, _)) in LOGIN_CODES.iter().enumerate() {
            assert!(LOGIN_CODES[..at].iter().all(|(other, _)| other != code), "{code} twice");
            assert_eq!(login_cause(400, &[*code], "whatever"), LOGIN_CODES[at].1, "{code}");
        }
        for (at, (error, _)) in LOGIN_ERRORS.iter().enumerate() {
            assert!(LOGIN_ERRORS[..at].iter().all(|(other, _)| other != error), "{error} twice");
            assert_eq!(login_cause(400, &[1], error), LOGIN_ERRORS[at].1, "{error}");
        }
    }

    #[test]
    fn a_code_goes_before_the_error_that_it_comes_with() {
        assert_eq!(login_cause(400, &[5_000_225], "interaction_required"), Tenant(TenantInactive));
        assert_eq!(login_cause(401, &[7, 7_000_222], "invalid_client"), Own(SecretExpired));
    }

    #[test]
    fn a_final_answer_that_nobody_knows_is_a_refusal_and_one_that_passes_or_is_no_answer_is_not() {
        for error in ["invalid_grant", "unauthorized_client", "access_denied", "invalid_resource", "new_one"]
        {
            assert_eq!(login_cause(400, &[5_999_999], error), Tenant(Unknown), "{error}");
        }
        for (status, codes, error) in [
            (400, &[90_033][..], "temporarily_unavailable"),
            (503, &[], "invalid_grant"),
            (503, &[], "interaction_required"),
            (404, &[], ""),
            (200, &[], "invalid_grant"),
        ] {
            assert_eq!(login_cause(status, codes, error), Unwell, "{status} {error}");
        }
        assert_eq!(login_cause(429, &[], "invalid_client"), Throttled);
        assert_eq!(login_cause(400, &[1], "invalid_scope"), Own(Request));
    }

    /// Each that is tried in vain without a consent is told so, and nobody is told to consent who need not.
    #[test]
    fn only_a_missing_consent_asks_for_consent_and_each_cause_has_a_name_and_advice_of_its_own() {
        let mut said = Vec::new();
        for refusal in Refusal::ALL {
            let asks = refusal.advice().contains("must consent again");
            assert_eq!(asks, refusal.is_about_consent(), "{refusal:?}");
            said.extend([refusal.title(), refusal.advice()]);
        }
        said.extend(OwnFault::ALL.map(OwnFault::advice));
        let all = said.len();
        said.sort_unstable();
        said.dedup();
        assert_eq!(said.len(), all);
        assert!(TenantInactive.advice().contains("within 20 days"));
    }
}
