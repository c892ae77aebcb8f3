//! Where errors of the AWS SDKs become ours: one table from AWS's codes to our kinds.
//!
//! A service's own sentence is not passed on: it may quote addresses, keys or values of a customer. Its code and
//! request id are passed on, and they are what AWS's support asks for. Codes are unique enough across services to
//! share one table; where a code means something else in one call, that adapter looks at [`code`] before it comes
//! here.

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::CancellationReason;
use domain::{Error, ErrorKind};

/// The kind of error that a service's code stands for; none when the table does not have the code.
fn kind_of_code(code: &str) -> Option<ErrorKind> {
    // Why: the query protocol's codes carry a namespace (`AWS.SimpleQueueService.NonExistentQueue`).
    Some(match code.rsplit('.').next().unwrap_or(code) {
        // A rate or a quota: the same call succeeds later.
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "ThrottlingError"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException"
        | "ProvisionedThroughputExceeded"
        | "ProvisionedThroughputExceededException"
        | "LimitExceededException"
        | "BandwidthLimitExceeded"
        | "KmsThrottled"
        | "OverLimit"
        | "SlowDown" => ErrorKind::Throttled { retry_after_ms: None },

        // Our rights, credentials, account or key: the call fails until somebody changes that. Why keys: without its
        // key nothing of a tenant is permitted any more. `Kms…` are SQS's words about a queue's key.
        "AccessDenied"
        | "AccessDeniedException"
        | "AccountProblem"
        | "AccountSuspendedException"
        | "AllAccessDisabled"
        | "DecryptionFailure"
        | "DisabledException"
        | "IncorrectKeyException"
        | "InvalidAccessKeyId"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "KMSInvalidStateException"
        | "KmsAccessDenied"
        | "KmsDisabled"
        | "KmsInvalidState"
        | "KmsNotFound"
        | "KmsOptInRequired"
        | "MissingAuthenticationToken"
        | "NotAuthorized"
        | "OptInRequired"
        | "SendingPausedException"
        | "SignatureDoesNotMatch"
        | "UnauthorizedOperation"
        | "UnrecognizedClientException" => ErrorKind::Denied,

        // The row, blob or resource is not as the caller thought, or is just being written: it has to read again.
        "ConditionalCheckFailed"
        | "ConditionalCheckFailedException"
        | "ConditionalRequestConflict"
        | "OperationAborted"
        | "PreconditionFailed"
        | "ReplicatedWriteConflictException"
        | "ResourceInUseException"
        | "TransactionConflict"
        | "TransactionConflictException"
        | "TransactionInProgressException" => ErrorKind::Conflict,

        // What the call names is not there. KMS says it of a key as well: the key ring makes that `Denied`.
        "NoSuchBucket"
        | "NoSuchKey"
        | "NonExistentQueue"
        | "NotFound"
        | "NotFoundException"
        | "QueueDoesNotExist"
        | "ResourceNotFoundException" => ErrorKind::NotFound,

        // The service or the moment is at fault: the call may succeed later, with fresh credentials and signed anew.
        // Why `KeyUnavailable…`: KMS says it of a key that is there. Of one that is disabled or gone see above.
        "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestExpired"
        | "RequestTimeTooSkewed"
        | "DependencyTimeoutException"
        | "InternalError"
        | "InternalFailure"
        | "InternalServerError"
        | "InternalServiceError"
        | "InternalServiceErrorException"
        | "KMSInternalException"
        | "KeyUnavailableException"
        | "RequestTimeout"
        | "ServiceUnavailable" => ErrorKind::Unavailable,

        // Why no kind for the rest: the HTTP status says more about a code that nobody knows than a guess would.
        _ => return None,
    })
}

/// The kind of error that an HTTP status stands for, where the table does not have the code.
fn kind_of_status(status: u16) -> ErrorKind {
    match status {
        401 | 403 => ErrorKind::Denied,
        404 => ErrorKind::NotFound,
        409 | 412 => ErrorKind::Conflict,
        429 => ErrorKind::Throttled { retry_after_ms: None },
        400..=499 => ErrorKind::Invalid,
        _ => ErrorKind::Unavailable,
    }
}

/// The code of a service's error; none when the service did not answer.
pub fn code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}

/// The HTTP status of the answer; none when there was no answer.
pub fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|r| r.status().as_u16())
}

/// Our error for one of the SDK's. `call` names the service and operation, such as `s3.PutObject`.
pub fn from_sdk<E>(call: &str, error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let request = error.raw_response().and_then(request_id).map(|id| format!(", request {id}"));
    let request = request.unwrap_or_default();
    match &error {
        SdkError::ServiceError(_) => {
            let status = status(&error).unwrap_or_default();
            let code = code(&error);
            // Why the code before the status: services answer 400 for much that can be tried again, such as
            // throttling. The status settles what a code that nobody knows means.
            let mut kind = match code.and_then(kind_of_code) {
                Some(kind) => kind,
                None => kind_of_status(status),
            };
            if let ErrorKind::Throttled { retry_after_ms } = &mut kind {
                *retry_after_ms = error.raw_response().and_then(wait_ms);
            }
            Error::new(kind, format!("{call} failed: {} ({status}{request})", code.unwrap_or("no code")))
        }
        // What follows never came to an answer of the service, or to none that can be read. Only the first is our own
        // fault.
        SdkError::ConstructionFailure(_) => Error::invalid(format!("{call}: the request cannot be made")),
        SdkError::TimeoutError(_) => Error::unavailable(format!("{call}: no answer in time")),
        SdkError::ResponseError(_) => {
            Error::unavailable(format!("{call}: the answer cannot be read{request}"))
        }
        SdkError::DispatchFailure(_) => match error.into_source() {
            Ok(cause) => Error::unavailable(format!("{call}: not reached")).caused_by(cause),
            Err(_) => Error::unavailable(format!("{call}: not reached")),
        },
        _ => Error::unavailable(format!("{call} failed")),
    }
}

/// Our error for a cancelled transaction. A condition that does not hold outweighs every other reason: the caller has
/// to read again in any case.
pub(crate) fn from_cancelled(call: &str, reasons: &[CancellationReason]) -> Error {
    let kinds = |c: &CancellationReason| {
        c.code().filter(|code| *code != "None").map(|code| kind_of_code(code).unwrap_or(ErrorKind::Invalid))
    };
    let rank = |kind: &ErrorKind| match kind {
        ErrorKind::Conflict => 0,
        ErrorKind::Throttled { .. } => 1,
        _ => 2,
    };
    match reasons.iter().filter_map(kinds).min_by_key(rank) {
        Some(ErrorKind::Conflict) => Error::conflict("a row has changed meanwhile; nothing was written"),
        Some(kind) => Error::new(kind, format!("{call} was cancelled; nothing was written")),
        // Why `Conflict`: a stand-in that gives no reasons still says that nothing was written.
        None => Error::conflict("the writes were cancelled; nothing was written"),
    }
}

/// The error for an answer that lacks a field which the service always gives.
pub(crate) fn incomplete(call: &str, field: &str) -> Error {
    Error::unavailable(format!("{call}: the answer has no {field}"))
}

fn request_id(response: &HttpResponse) -> Option<&str> {
    let headers = response.headers();
    headers.get("x-amzn-requestid").or_else(|| headers.get("x-amz-request-id"))
}

/// How many milliseconds the service asks to wait: AWS's own header in milliseconds, or the standard one in seconds.
fn wait_ms(response: &HttpResponse) -> Option<u64> {
    let number = |name| response.headers().get(name).and_then(|v| v.trim().parse::<u64>().ok());
    number("x-amz-retry-after").or_else(|| number("retry-after").map(|s| s.saturating_mul(1000)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::error::{ConnectorError, ErrorMetadata};
    use aws_sdk_dynamodb::operation::put_item::PutItemError;

    fn answer(status: u16) -> HttpResponse {
        HttpResponse::new(status.try_into().unwrap(), "".into())
    }

    fn refused(code: &str, status: u16) -> Error {
        let meta = ErrorMetadata::builder().code(code).message("for alice@example.com").build();
        from_sdk("dynamodb.PutItem", SdkError::service_error(PutItemError::generic(meta), answer(status)))
    }

    #[test]
    fn the_kind_says_what_to_do_about_a_code() {
        let throttled = ErrorKind::Throttled { retry_after_ms: None };
        for (code, status, kind) in [
            ("ThrottlingException", 400, throttled),
            ("ProvisionedThroughputExceededException", 400, throttled),
            ("SlowDown", 503, throttled),
            ("AccessDeniedException", 400, ErrorKind::Denied),
            ("ConditionalCheckFailedException", 400, ErrorKind::Conflict),
            ("TransactionConflictException", 400, ErrorKind::Conflict),
            ("PreconditionFailed", 412, ErrorKind::Conflict),
            ("InternalServerError", 500, ErrorKind::Unavailable),
            ("ValidationException", 400, ErrorKind::Invalid),
            ("ResourceNotFoundException", 400, ErrorKind::NotFound),
            ("AWS.SimpleQueueService.NonExistentQueue", 400, ErrorKind::NotFound),
            ("NobodyKnowsThis", 500, ErrorKind::Unavailable),
            ("NobodyKnowsThis", 403, ErrorKind::Denied),
            ("NobodyKnowsThis", 429, throttled),
        ] {
            assert_eq!(refused(code, status).kind(), kind, "{code} with {status}");
        }
    }

    #[test]
    fn what_a_service_says_in_words_is_not_passed_on() {
        let error = refused("ValidationException", 400);
        assert_eq!(error.to_string(), "dynamodb.PutItem failed: ValidationException (400)");
    }

    #[test]
    fn a_wait_that_the_service_asks_for_is_kept() {
        let meta = ErrorMetadata::builder().code("ThrottlingException").build();
        let mut response = answer(400);
        response.headers_mut().insert("retry-after", "7");
        let error = from_sdk("x", SdkError::service_error(PutItemError::generic(meta), response));
        assert_eq!(error.kind(), ErrorKind::Throttled { retry_after_ms: Some(7000) });
    }

    #[test]
    fn a_service_that_is_not_reached_is_unavailable() {
        let refused = ConnectorError::io("connection refused".into());
        let error = from_sdk("x", SdkError::<PutItemError, HttpResponse>::dispatch_failure(refused));
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let error = from_sdk("x", SdkError::<PutItemError, HttpResponse>::timeout_error("late"));
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let unread = SdkError::<PutItemError, HttpResponse>::response_error("<html>", answer(200));
        assert_eq!(from_sdk("x", unread).kind(), ErrorKind::Unavailable);
    }

    #[test]
    fn a_failed_condition_outweighs_the_other_reasons_of_a_cancelled_transaction() {
        let reasons = |codes: &[&str]| -> Vec<_> {
            codes.iter().map(|c| CancellationReason::builder().code(*c).build()).collect()
        };
        let kind = |codes: &[&str]| from_cancelled("x", &reasons(codes)).kind();
        assert_eq!(kind(&["None", "ThrottlingError", "ConditionalCheckFailed"]), ErrorKind::Conflict);
        assert_eq!(kind(&["TransactionConflict", "None"]), ErrorKind::Conflict);
        assert_eq!(kind(&["ThrottlingError", "None"]), ErrorKind::Throttled { retry_after_ms: None });
        assert_eq!(kind(&["None", "ValidationError"]), ErrorKind::Invalid);
        assert_eq!(kind(&[]), ErrorKind::Conflict);
    }
}
