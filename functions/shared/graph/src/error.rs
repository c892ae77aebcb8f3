//! The one place where Graph's errors become [`domain::Error`]; the login's do in `login_error`.
//!
//! Decided by status, `error.code` and `details[].code`; by prose only where Graph gives nothing else, and
//! those sentences stand together below. Messages carry Graph's codes and the property at fault, never
//! its prose: that may quote a customer's values. Source: learn.microsoft.com/graph/errors.

use domain::{Error, ErrorKind};
use serde_json::Value;

/// Sentences that Graph gives no code for.
mod prose {
    pub(super) const ALREADY_THERE: &str = "added object references already exist";
    pub(super) const REFERENCE_MISSING: &str = "queried reference-property objects are not present";
    pub(super) const NO_PROPERTY: &str = "Could not find a property named";
    pub(super) const VALUES_INVALID: &str = "property values specified are invalid";
    pub(super) const NO_INTUNE: &str = "not applicable to target tenant";
}

/// Ends in [`engine::ports::VALUES_INVALID`], which callers look for.
const VALUES_INVALID_HINT: &str = "; values invalid";

/// Codes that say that the tenant has not bought the feature.
const LICENCE_CODES: &[&str] = &[
    "AadPremiumLicenseRequired",
    "PimLicenseRequired",
    "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
];
/// Codes of a cursor that is no longer good.
const RESYNC_CODES: &[&str] = &["syncStateNotFound", "syncStateInvalid", "resyncRequired"];
/// Codes of a value or an object that is taken.
const CONFLICT_CODES: &[&str] = &["ObjectConflict", "ConflictingObjects"];
/// PIM's codes for what is so already.
const SCHEDULE_EXISTS: &[&str] = &["RoleAssignmentExists", "RoleEligibilityExists"];
const SCHEDULE_GONE: &[&str] = &["RoleAssignmentDoesNotExist", "RoleEligibilityDoesNotExist"];

/// A refusal, as Graph gave it.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    code: String,
    /// `(code, target)`.
    details: Vec<(String, String)>,
    /// Never shown.
    message: String,
    request_id: Option<String>,
}

impl Refusal {
    /// Reads the error envelope; what is not one gives a refusal by its status alone.
    pub(crate) fn new(status: u16, body: &Value, request_id: Option<String>) -> Self {
        let error = body.get("error");
        let text = |value: Option<&Value>, key: &str| {
            value.and_then(|v| v.get(key)).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let details = error.and_then(|e| e.get("details")).and_then(Value::as_array);
        Self {
            status,
            code: text(error, "code"),
            details: details
                .into_iter()
                .flatten()
                .map(|d| (text(Some(d), "code"), text(Some(d), "target")))
                .collect(),
            message: text(error, "message"),
            request_id,
        }
    }

    fn has_code(&self, codes: &[&str]) -> bool {
        let is_one = |code: &str| codes.iter().any(|known| known.eq_ignore_ascii_case(code));
        is_one(&self.code) || self.details.iter().any(|(code, _)| is_one(code))
    }
    fn says(&self, sentence: &str) -> bool {
        self.message.to_ascii_lowercase().contains(&sentence.to_ascii_lowercase())
    }

    /// A delta or next link is no longer good: 410, Microsoft's codes, or a 400 about the token.
    pub(crate) fn is_cursor_lost(&self) -> bool {
        self.status == 410
            || ((400..500).contains(&self.status) && self.has_code(RESYNC_CODES))
            || (self.status == 400 && self.says("token"))
    }
    /// The member is one already.
    pub(crate) fn is_already_there(&self) -> bool {
        self.status == 400 && self.says(prose::ALREADY_THERE)
    }
    /// The same fact exists: a duplicate role assignment or schedule.
    pub(crate) fn is_duplicate_fact(&self) -> bool {
        self.status == 409 || self.has_code(SCHEDULE_EXISTS) || self.has_code(CONFLICT_CODES)
    }
    /// The schedule to be removed is not there.
    pub(crate) fn is_schedule_gone(&self) -> bool {
        self.status == 404 || self.has_code(SCHEDULE_GONE)
    }
    /// The property that this Graph does not know, among those asked for.
    pub(crate) fn unknown_property<'a>(&self, asked: &[&'a str]) -> Option<&'a str> {
        if self.status != 400 {
            return None;
        }
        let start = self.message.find(prose::NO_PROPERTY)?;
        let name = self.message[start..].split('\'').nth(1)?;
        asked.iter().copied().find(|p| *p == name)
    }

    /// What it is to the rest of the product. `call` says what was asked, without a customer's values.
    pub(crate) fn into_error(self, call: &str) -> Error {
        let kind = self.kind();
        let hint = self.hint();
        let targets: Vec<_> = self
            .details
            .iter()
            .map(|(code, target)| match plain(target) {
                target if target.is_empty() => plain(code),
                target => format!("{}: {target}", plain(code)),
            })
            .filter(|d| !d.is_empty())
            .collect();
        let mut message = format!("{call}: Graph answered {} {}", self.status, plain(&self.code));
        if !targets.is_empty() {
            message = format!("{} ({})", message.trim_end(), targets.join(", "));
        }
        if let Some(id) = self.request_id.as_deref().map(plain).filter(|id| !id.is_empty()) {
            message = format!("{}, request-id {id}", message.trim_end());
        }
        let error = Error::new(kind, format!("{}{hint}", message.trim_end()));
        if kind == ErrorKind::Denied && self.needs_licence() { error.for_want_of_licence() } else { error }
    }

    /// The tenant has not bought the feature.
    pub(crate) fn needs_licence(&self) -> bool {
        self.has_code(LICENCE_CODES) || self.says(prose::NO_INTUNE)
    }

    fn kind(&self) -> ErrorKind {
        match self.status {
            400..500 if self.status != 429 && self.needs_licence() => ErrorKind::Denied,
            400 if self.has_code(CONFLICT_CODES) || self.has_code(SCHEDULE_EXISTS) => ErrorKind::Conflict,
            400 if self.says(prose::REFERENCE_MISSING) || self.has_code(SCHEDULE_GONE) => ErrorKind::NotFound,
            401 | 403 => ErrorKind::Denied,
            404 | 410 => ErrorKind::NotFound,
            409 | 412 | 423 => ErrorKind::Conflict,
            429 => ErrorKind::Throttled { retry_after_ms: None },
            400..500 => ErrorKind::Invalid,
            _ => ErrorKind::Unavailable,
        }
    }

    fn hint(&self) -> &'static str {
        if self.says(prose::NO_INTUNE) {
            "; the tenant has no Microsoft Intune licence"
        } else if self.needs_licence() {
            "; the tenant lacks the Microsoft Entra ID licence for this"
        } else if self.says(prose::VALUES_INVALID) {
            VALUES_INVALID_HINT
        } else if self.status == 401 {
            "; Graph does not accept our token"
        } else if self.status == 403 {
            "; a permission, or a directory role of the app high enough for this object, is missing"
        } else {
            ""
        }
    }
}

/// A code or property name, if it has the shape of one: nothing else of a reply is ever shown.
pub(crate) fn plain(text: &str) -> String {
    let fine = text.len() <= 80 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-./".contains(&b));
    if fine { text.to_owned() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refusal(status: u16, code: &str, message: &str, details: &Value) -> Refusal {
        let body = json!({"error": {"code": code, "message": message, "details": details}});
        Refusal::new(status, &body, Some("462649d3-a124-42bc-b046-815fb41aae76".into()))
    }

    #[test]
    fn graphs_refusals_become_what_a_caller_can_act_on() {
        let conflict = json!([{"target": "userPrincipalName", "code": "ObjectConflict"}]);
        let table = [
            (400, "Request_BadRequest", "Another object with the same value", conflict, "conflict"),
            (
                400,
                "Request_BadRequest",
                "One or more properties contains invalid values.",
                json!([]),
                "invalid",
            ),
            (
                400,
                "Request_BadRequest",
                "'x' does not exist or one of its queried reference-property objects are not present.",
                json!([]),
                "not-found",
            ),
            (400, "AadPremiumLicenseRequired", "The tenant needs P2", json!([]), "denied"),
            (400, "BadRequest", "Request not applicable to target tenant.", json!([]), "denied"),
            (401, "InvalidAuthenticationToken", "", json!([]), "denied"),
            (403, "Authorization_RequestDenied", "Insufficient privileges", json!([]), "denied"),
            (404, "Request_ResourceNotFound", "", json!([]), "not-found"),
            (409, "Conflict", "", json!([]), "conflict"),
            (412, "", "", json!([]), "conflict"),
            (429, "TooManyRequests", "", json!([]), "throttled"),
            (500, "InternalServerError", "", json!([]), "unavailable"),
            (503, "UnknownError", "", json!([]), "unavailable"),
        ];
        for (status, code, message, details, expected) in table {
            let error = refusal(status, code, message, &details).into_error("PATCH users/{id}");
            assert_eq!(error.kind().name(), expected, "{status} {code}: {error}");
            assert!(error.message().contains(code), "{error}");
        }
    }

    #[test]
    fn a_message_names_code_and_property_and_no_value() {
        let details = json!([{"target": "userPrincipalName", "code": "ObjectConflict"},
            {"target": "anna@contoso.com has it", "code": "X"}]);
        let error =
            refusal(400, "Request_BadRequest", "anna@contoso.com exists", &details).into_error("POST users");
        assert_eq!(
            error.message(),
            "POST users: Graph answered 400 Request_BadRequest (ObjectConflict: userPrincipalName, X), \
             request-id 462649d3-a124-42bc-b046-815fb41aae76"
        );
    }

    #[test]
    fn only_a_property_that_was_asked_for_is_taken_as_unknown() {
        let message = "The query specified in the URI is not valid. Could not find a property named 'faxNumber' on type 'X'.";
        let said = refusal(400, "", message, &json!([]));
        assert_eq!(said.unknown_property(&["id", "faxNumber"]), Some("faxNumber"));
        assert_eq!(said.unknown_property(&["id"]), None);
    }
}
