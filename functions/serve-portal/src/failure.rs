//! Why a page cannot be shown, or a form was not done.

use axum::response::{IntoResponse, Response};
use http::StatusCode;

/// A field that the API says is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The field, in the API's words.
    pub field: String,
    /// What is wrong with it, for people.
    pub message: String,
    /// At which of its characters, from 1, where the API says so.
    pub at: Option<usize>,
}

/// What the API says is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The status of the answer.
    pub status: u16,
    /// What is wrong, for people.
    pub detail: String,
    /// The fields that are wrong, each with why.
    pub fields: Vec<Fault>,
    /// The id of the request, by which its log is found.
    pub request: String,
}

/// Why a page cannot be shown, or a form was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody is signed in, or no longer.
    SignIn,
    /// What is about to be done needs a sign-in of the last minutes.
    SignInAgain,
    /// Nothing is there, or nothing that the person may see.
    NotFound,
    /// The form came from another site.
    CrossSite,
    /// The form lacks that field, or it is not one.
    Field(&'static str),
    /// The API says no.
    Problem(Box<Problem>),
    /// Too much is asked at once.
    Busy,
    /// The API or the issuer does not answer, or not as it should.
    NoAnswer,
    /// What was asked for is larger than one answer may be. It is never cut in silence.
    TooLarge,
    /// Nobody can sign in: no issuer is configured.
    NoIssuer,
    /// The sign-in came to nothing, for the reason of that name.
    SignInFailed(&'static str),
}

impl Failure {
    /// What the API says where somebody else was ahead of an edit.
    pub fn is_stale(&self) -> bool {
        matches!(self, Self::Problem(problem) if problem.status == StatusCode::PRECONDITION_FAILED.as_u16())
    }

    /// The fields that the API says are wrong; none where something else is.
    pub fn faults(&self) -> &[Fault] {
        match self {
            Self::Problem(problem) => &problem.fields,
            _ => &[],
        }
    }

    /// The status that it is answered with.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::SignIn => StatusCode::UNAUTHORIZED,
            Self::SignInAgain | Self::CrossSite | Self::SignInFailed(_) => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Field(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Problem(problem) => StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_GATEWAY),
            Self::Busy => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NoAnswer => StatusCode::BAD_GATEWAY,
            Self::NoIssuer => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl Failure {
    /// Whether it is sure that what a form asked for was not done: it was refused, here or by the API. All else may have
    /// been done, though no answer tells of it.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::SignIn
            | Self::SignInAgain
            | Self::NotFound
            | Self::CrossSite
            | Self::Field(_)
            | Self::NoIssuer
            | Self::SignInFailed(_) => true,
            Self::Problem(problem) => (400..500).contains(&problem.status),
            Self::Busy | Self::NoAnswer | Self::TooLarge => false,
        }
    }
}

impl IntoResponse for Failure {
    /// Only its status: `asked::explain` makes a page of it, in the language of whoever asked.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
