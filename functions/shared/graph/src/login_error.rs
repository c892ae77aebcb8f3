//! The one place where the login's errors become [`domain::Error`]. What each means stands in [`domain::login`]; here an
//! answer is taken apart, and nothing of its prose is read.

use crate::error::plain;
use domain::Error;
use domain::login::{LoginCause, login_cause};
use serde_json::Value;

/// What the login refused.
pub(crate) fn login_error(status: u16, body: &Value) -> Error {
    let codes = body.get("error_codes").and_then(Value::as_array).into_iter().flatten();
    let codes: Vec<u64> = codes.filter_map(Value::as_u64).collect();
    let name = plain(body.get("error").and_then(Value::as_str).unwrap_or_default());
    let shown = codes.first().map_or_else(|| name.clone(), |code| format!("AADSTS{code}"));
    match login_cause(status, &codes, &name) {
        LoginCause::Tenant(refusal) => Error::refused(refusal, shown),
        LoginCause::Own(fault) => Error::own_fault(fault, shown),
        LoginCause::Throttled => Error::throttled(format!("the login is throttling ({shown})"), None),
        LoginCause::Unwell => Error::unavailable(format!("the login answered {status} {shown}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::login::LOGIN_CODES;
    use domain::{OwnFault, Refusal};
    use serde_json::json;

    fn login(error: &str, code: u64) -> Error {
        login_error(400, &json!({"error": error, "error_codes": [code], "error_description": "whatever"}))
    }

    #[test]
    fn each_code_becomes_an_error_of_its_cause_that_names_the_code_and_no_prose() {
        for (code, cause) in LOGIN_CODES {
            let error = login("invalid_request", *code);
            let (kind, refusal, fault) = match cause {
                LoginCause::Tenant(refusal) => ("denied", Some(*refusal), None),
                LoginCause::Own(fault) => ("unavailable", None, Some(*fault)),
                LoginCause::Throttled => ("throttled", None, None),
                LoginCause::Unwell => ("unavailable", None, None),
            };
            let found = (error.kind().name(), error.refusal(), error.fault());
            assert_eq!(found, (kind, refusal, fault), "{code}");
            assert!(error.to_string().contains(&code.to_string()), "{error}");
            assert!(!error.to_string().contains("whatever"), "{error}");
        }
    }

    #[test]
    fn an_answer_without_a_code_that_we_know_is_judged_by_its_error_and_one_that_is_none_by_its_status() {
        assert_eq!(login("invalid_client", 1).fault(), Some(OwnFault::Unnamed));
        assert_eq!(login("unauthorized_client", 1).refusal(), Some(Refusal::Unknown));
        for body in [json!(null), json!({"error": "two words"}), json!("text"), json!({"error_codes": "x"})] {
            let error = login_error(404, &body);
            assert_eq!((error.kind().name(), error.reason()), ("unavailable", None), "{body}");
        }
    }
}
