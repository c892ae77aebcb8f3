//! The one place where Graph's errors become [`domain::Error`]; the login's do in `login_error`.
//!
//! Decided by the status and by [`WORDS`]: codes of Microsoft's and, where Graph gives none, fragments of its
//! sentences. Summaries carry Graph's codes and the property at fault, never its sentences: those may quote a
//! customer's values. Source: learn.microsoft.com/graph/errors.

use domain::{Answer, Error, ErrorKind, ErrorReason};
use serde_json::Value;

/// What a refusal is about, as far as anybody acts on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// The link that is to be added is there already.
    AlreadyThere,
    /// An object that the request refers to is not there.
    ReferenceMissing,
    /// The request names a property that this Graph does not know.
    UnknownProperty,
    /// Values are invalid, and Graph does not say which.
    ValuesInvalid,
    /// The tenant has no Microsoft Intune.
    NoIntune,
    /// The tenant has not bought the feature.
    Unlicensed,
    /// A delta or next link is no longer good.
    CursorLost,
    /// Something is wrong with a token; of a request with a delta or next link that is the link's.
    AboutToken,
    /// A value or an object is taken by another one.
    Taken,
    /// The schedule of a role is there already.
    ScheduleThere,
    /// The schedule of a role is not there.
    ScheduleGone,
}

/// How Graph says it.
#[derive(Clone, Copy, Debug)]
enum Words {
    /// `error.code`, or the code of one of its `details`; upper and lower case are the same.
    Code(&'static str),
    /// A part of `error.message`; upper and lower case are the same. Only for what has no code.
    Text(&'static str),
}

/// Every word of Graph's that must be looked at to know what an answer means.
const WORDS: [(Words, Meaning); 18] = [
    (Words::Text("added object references already exist"), Meaning::AlreadyThere),
    (Words::Text("queried reference-property objects are not present"), Meaning::ReferenceMissing),
    (Words::Text(NO_PROPERTY), Meaning::UnknownProperty),
    (Words::Text("property values specified are invalid"), Meaning::ValuesInvalid),
    (Words::Text("not applicable to target tenant"), Meaning::NoIntune),
    (Words::Code("AadPremiumLicenseRequired"), Meaning::Unlicensed),
    (Words::Code("PimLicenseRequired"), Meaning::Unlicensed),
    (Words::Code("Authentication_RequestFromNonPremiumTenantOrB2CTenant"), Meaning::Unlicensed),
    (Words::Code("syncStateNotFound"), Meaning::CursorLost),
    (Words::Code("syncStateInvalid"), Meaning::CursorLost),
    (Words::Code("resyncRequired"), Meaning::CursorLost),
    (Words::Text("token"), Meaning::AboutToken),
    (Words::Code("ObjectConflict"), Meaning::Taken),
    (Words::Code("ConflictingObjects"), Meaning::Taken),
    (Words::Code("RoleAssignmentExists"), Meaning::ScheduleThere),
    (Words::Code("RoleEligibilityExists"), Meaning::ScheduleThere),
    (Words::Code("RoleAssignmentDoesNotExist"), Meaning::ScheduleGone),
    (Words::Code("RoleEligibilityDoesNotExist"), Meaning::ScheduleGone),
];
/// The property's name follows it in quotes.
const NO_PROPERTY: &str = "Could not find a property named";

/// A refusal, as Graph gave it: an answer that is not of the 200s.
#[derive(Debug)]
pub(crate) struct ErrorAnswer {
    pub(crate) status: u16,
    code: String,
    /// The `code` and the `target` of each of `error.details`; either may be empty.
    details: Vec<(String, String)>,
    /// Graph's sentence, which is never shown: it may quote a customer's values.
    message: String,
    request_id: Option<String>,
}

impl ErrorAnswer {
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

    /// Whether Graph says that, by one of the [`WORDS`].
    fn means(&self, meaning: Meaning) -> bool {
        WORDS.iter().any(|(words, of)| *of == meaning && self.says(*words))
    }
    fn says(&self, words: Words) -> bool {
        match words {
            Words::Code(known) => {
                let mut codes = self.details.iter().map(|(code, _)| code).chain([&self.code]);
                codes.any(|code| code.eq_ignore_ascii_case(known))
            }
            Words::Text(part) => self.message.to_ascii_lowercase().contains(&part.to_ascii_lowercase()),
        }
    }

    /// A delta or next link is no longer good: 410, Microsoft's codes, or a 400 about the token.
    pub(crate) fn is_cursor_lost(&self) -> bool {
        self.status == 410
            || ((400..500).contains(&self.status) && self.means(Meaning::CursorLost))
            || (self.status == 400 && self.means(Meaning::AboutToken))
    }
    /// The member that was to be added is one already.
    pub(crate) fn is_already_there(&self) -> bool {
        self.status == 400 && self.means(Meaning::AlreadyThere)
    }
    /// The same fact exists: a duplicate role assignment or schedule.
    pub(crate) fn is_duplicate_fact(&self) -> bool {
        self.status == 409 || self.means(Meaning::ScheduleThere) || self.means(Meaning::Taken)
    }
    /// The schedule to be removed is not there.
    pub(crate) fn is_schedule_gone(&self) -> bool {
        self.status == 404 || self.means(Meaning::ScheduleGone)
    }
    /// The property that this Graph does not know, among those asked for.
    pub(crate) fn unknown_property<'a>(&self, asked: &[&'a str]) -> Option<&'a str> {
        if self.status != 400 || !self.means(Meaning::UnknownProperty) {
            return None;
        }
        let (_, after) = self.message.split_once(NO_PROPERTY)?;
        let name = after.split('\'').nth(1)?;
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
        let reason = self.reason(kind);
        let error = Error::new(kind, format!("{}{hint}", message.trim_end())).answered(Answer {
            status: self.status,
            code: plain(&self.code),
            request_id: self.request_id,
            sentence: self.message,
        });
        match reason {
            Some(reason) => error.because(reason),
            None => error,
        }
    }

    /// The tenant has not bought the feature.
    pub(crate) fn needs_licence(&self) -> bool {
        self.means(Meaning::Unlicensed) || self.means(Meaning::NoIntune)
    }

    /// What a caller acts on beyond the kind.
    fn reason(&self, kind: ErrorKind) -> Option<ErrorReason> {
        match kind {
            ErrorKind::Denied if self.needs_licence() => Some(ErrorReason::Unlicensed),
            ErrorKind::Invalid if self.means(Meaning::ValuesInvalid) => Some(ErrorReason::ValuesInvalid),
            _ => None,
        }
    }

    fn kind(&self) -> ErrorKind {
        match self.status {
            400..=499 if self.status != 429 && self.needs_licence() => ErrorKind::Denied,
            400 if self.means(Meaning::Taken) || self.means(Meaning::ScheduleThere) => ErrorKind::Conflict,
            400 if self.means(Meaning::ReferenceMissing) || self.means(Meaning::ScheduleGone) => {
                ErrorKind::NotFound
            }
            401 | 403 => ErrorKind::Denied,
            404 | 410 => ErrorKind::NotFound,
            409 | 412 | 423 => ErrorKind::Conflict,
            429 => ErrorKind::Throttled { retry_after_ms: None },
            400..=499 | 501 => ErrorKind::Invalid,
            _ => ErrorKind::Unavailable,
        }
    }

    /// What a person is told beyond Graph's codes.
    fn hint(&self) -> &'static str {
        if self.means(Meaning::NoIntune) {
            "; the tenant has no Microsoft Intune licence"
        } else if self.needs_licence() {
            "; the tenant lacks the Microsoft Entra ID licence for this"
        } else if self.means(Meaning::ValuesInvalid) {
            "; values invalid"
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

    fn refusal(status: u16, code: &str, message: &str, details: &Value) -> ErrorAnswer {
        let body = json!({"error": {"code": code, "message": message, "details": details}});
        ErrorAnswer::new(status, &body, Some("462649d3-a124-42bc-b046-815fb41aae76".into()))
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
            assert!(error.to_string().contains(code), "{error}");
        }
    }

    #[test]
    fn a_message_names_code_and_property_and_no_value() {
        let details = json!([{"target": "userPrincipalName", "code": "ObjectConflict"},
            {"target": "anna@contoso.com has it", "code": "X"}]);
        let error =
            refusal(400, "Request_BadRequest", "anna@contoso.com exists", &details).into_error("POST users");
        assert_eq!(
            error.to_string(),
            "POST users: Graph answered 400 Request_BadRequest (ObjectConflict: userPrincipalName, X), \
             request-id 462649d3-a124-42bc-b046-815fb41aae76"
        );
    }

    #[test]
    fn an_error_keeps_what_graph_answered_and_shows_its_sentence_nowhere() {
        let said = "anna@contoso.com exists already";
        let error = refusal(400, "Request_BadRequest", said, &json!([])).into_error("POST users");
        let answer = error.answer().unwrap();
        assert_eq!((answer.status, answer.code.as_str()), (400, "Request_BadRequest"));
        assert_eq!(answer.request_id.as_deref(), Some("462649d3-a124-42bc-b046-815fb41aae76"));
        assert_eq!(answer.sentence, said);
        assert!(!format!("{error} {error:?}").contains("anna"), "it is a customer's value");
    }

    #[test]
    fn reasons_are_given_for_a_missing_licence_and_for_values_that_are_not_named() {
        let reason = |status, code: &str, message: &str| {
            refusal(status, code, message, &json!([])).into_error("POST groups").reason()
        };
        let invalid = "One or more property values specified are invalid.";
        assert_eq!(reason(400, "Request_BadRequest", invalid), Some(ErrorReason::ValuesInvalid));
        assert_eq!(reason(403, "Authorization_RequestDenied", invalid), None, "it is not about values then");
        assert_eq!(reason(400, "Request_BadRequest", "Invalid object identifier."), None);
        for (status, code, message) in [
            (400, "AadPremiumLicenseRequired", ""),
            (403, "pimlicenserequired", ""),
            (400, "BadRequest", "Request not applicable to target tenant."),
        ] {
            assert_eq!(reason(status, code, message), Some(ErrorReason::Unlicensed), "{code}");
        }
        assert_eq!(reason(403, "Authorization_RequestDenied", "Insufficient privileges"), None);
    }

    #[test]
    fn only_a_property_that_was_asked_for_is_taken_as_unknown() {
        let message = "The query specified in the URI is not valid. Could not find a property named 'faxNumber' on type 'X'.";
        let said = refusal(400, "", message, &json!([]));
        assert_eq!(said.unknown_property(&["id", "faxNumber"]), Some("faxNumber"));
        assert_eq!(said.unknown_property(&["id"]), None);
    }
}
