//! What comes in with a request: JSON bodies, queries and ids in paths, each refused with the field named.

use crate::problem::{Problem, place};
use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use domain::Result;
use garde::Validate;
use http::request::Parts;
use http::{StatusCode, header};
use serde::de::{DeserializeOwned, IgnoredAny};
use std::str::FromStr;

/// A body may be so long.
pub const MAX_BODY_BYTES: usize = 256 * 1024;

const WRONG: &str = "The request is wrong";

/// A JSON body, read and validated. Types should `deny_unknown_fields`.
pub struct Input<T>(pub T);

impl<S, T> FromRequest<S> for Input<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Validate,
    T::Context: Default,
{
    type Rejection = Problem;
    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
        let kind = kind.split(';').next().unwrap_or("").trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            let title = "The body's type is not supported";
            let detail = "the body must be application/json";
            return Err(Problem::new("unsupported-type", StatusCode::UNSUPPORTED_MEDIA_TYPE, title, detail));
        }
        let bytes = to_bytes(request.into_body(), MAX_BODY_BYTES).await.map_err(|_| too_large())?;
        let value = read(&bytes)?;
        check(&value)?;
        Ok(Self(value))
    }
}

/// Its body is longer than [`MAX_BODY_BYTES`].
pub(super) fn too_large() -> Problem {
    let detail = format!("the body must not be longer than {MAX_BODY_BYTES} bytes");
    Problem::new("too-large", StatusCode::PAYLOAD_TOO_LARGE, "The request is too large", detail)
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // Why first: of a text that is not JSON to its end no field is at fault.
    serde_json::from_slice::<IgnoredAny>(bytes).map_err(|e| {
        let detail = format!("the body is not JSON (line {}, column {})", e.line(), e.column());
        Problem::new("invalid", StatusCode::BAD_REQUEST, WRONG, detail)
    })?;
    serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_slice(bytes)).map_err(|e| {
        let path = e.path().to_string();
        wrong_field(&path, &without_place(&e.into_inner().to_string()))
    })
}

/// How much is said back of what was sent, in bytes.
const SAID_BYTES: usize = 300;

/// A field that is unknown or missing is named itself; serde's path names what it is in.
fn wrong_field(path: &str, message: &str) -> Problem {
    // Why by the text: serde names these fields nowhere else.
    let named = message
        .strip_prefix("unknown field `")
        .or_else(|| message.strip_prefix("missing field `"))
        .and_then(|rest| rest.split('`').next());
    let parent = path.trim_end_matches('.').trim_end_matches('?');
    let field = match named {
        Some(name) if parent.is_empty() => name.to_owned(),
        Some(name) if parent == name || parent.ends_with(&format!(".{name}")) => parent.to_owned(),
        Some(name) => format!("{parent}.{name}"),
        None => parent.to_owned(),
    };
    // Why nothing of the message, nor the field: either may be the caller's own text, and only the message's wording
    // would tell. Who asked is told all of it.
    let cause = "not of the form that the route takes".to_owned();
    let (field, message) = (shortened(&field), shortened(message));
    let problem =
        Problem::new("invalid", StatusCode::UNPROCESSABLE_ENTITY, WRONG, format!("{field}: {message}"));
    Problem { cause: Some(cause), ..problem.at_field(field, message) }
}

/// The beginning of a text that the caller is told.
fn shortened(text: &str) -> String {
    let end = text.floor_char_boundary(SAID_BYTES);
    if end < text.len() { format!("{}...", &text[..end]) } else { text.to_owned() }
}

fn without_place(message: &str) -> String {
    message.rsplit_once(" at line ").map_or(message, |(m, _)| m).to_owned()
}

fn check<T: Validate>(value: &T) -> Result<(), Problem>
where
    T::Context: Default,
{
    let Err(report) = value.validate() else { return Ok(()) };
    let problem = Problem::new("invalid", StatusCode::UNPROCESSABLE_ENTITY, WRONG, "a field is wrong");
    let problem =
        report.iter().fold(problem, |p, (path, error)| p.at_field(camel(&path.to_string()), error.message()));
    let wrong: Vec<_> = problem.errors.iter().map(|e| format!("{}: not valid", place(&e.field))).collect();
    Err(Problem { cause: Some(shortened(&wrong.join(", "))), ..problem })
}

/// Validation names fields as the code does, the caller as the wire does.
fn camel(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut up = false;
    for c in path.chars() {
        if c == '_' {
            up = true;
        } else if up {
            out.extend(c.to_uppercase());
            up = false;
        } else {
            out.push(c);
        }
    }
    out
}

/// The query, read and validated. Types should `deny_unknown_fields`.
pub struct QueryOf<T>(pub T);

impl<S, T> FromRequestParts<S> for QueryOf<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Validate,
    T::Context: Default,
{
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let pairs = url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let form = serde_urlencoded::Deserializer::new(pairs);
        let value: T = serde_path_to_error::deserialize(form).map_err(|e| {
            let path = e.path().to_string();
            wrong_field(&path, &e.into_inner().to_string())
        })?;
        check(&value)?;
        Ok(Self(value))
    }
}

/// The ids of a path, in their order. One that has not the form of an id is of nothing: 404.
pub struct PathOf<T>(pub T);

fn parsed<T: FromStr<Err = domain::Error>>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|e: domain::Error| {
        let cause = Some("an id in the path is not one".to_owned());
        Problem { detail: e.summary().into(), cause, ..Problem::no_route() }
    })
}

/// The id that the path gives under that name: `org` of `/v1/organisations/{org}`.
///
/// # Errors
/// 404 when the path has no such part, or it has not the form of an id.
pub async fn id_in_path<T: FromStr<Err = domain::Error>>(
    parts: &mut Parts,
    name: &str,
) -> Result<T, Problem> {
    let params = RawPathParams::from_request_parts(parts, &()).await.map_err(|_| Problem::no_route())?;
    let (_, text) = params.iter().find(|(of, _)| *of == name).ok_or_else(Problem::no_route)?;
    parsed(text)
}

async fn texts(parts: &mut Parts) -> Result<Vec<String>, Problem> {
    let params = RawPathParams::from_request_parts(parts, &()).await.map_err(|_| Problem::no_route())?;
    Ok(params.iter().map(|(_, text)| text.to_owned()).collect())
}

macro_rules! path_of {
    ($($part:ident $text:ident),+) => {
        impl<S, $($part),+> FromRequestParts<S> for PathOf<($($part,)+)>
        where
            S: Send + Sync,
            $($part: FromStr<Err = domain::Error>),+
        {
            type Rejection = Problem;
            async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
                match texts(parts).await?.as_slice() {
                    [$($text),+] => Ok(Self(($(parsed($text)?,)+))),
                    _ => Err(Problem::no_route()),
                }
            }
        }
    };
}

path_of!(A a);
path_of!(A a, B b);
path_of!(A a, B b, C c);
path_of!(A a, B b, C c, D d);

/// Free text in a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(pub String);

impl FromStr for Text {
    type Err = domain::Error;
    fn from_str(text: &str) -> Result<Self> {
        Ok(Self(text.to_owned()))
    }
}
