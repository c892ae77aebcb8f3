//! The caller, as the authorizer told API Gateway, and as API Gateway tells the function.
//!
//! One pair of functions, so that what is written is what is read. Values are plain strings: every gateway
//! passes those on unchanged.

use crate::problem::Problem;
use aws_lambda_events::apigw::{ApiGatewayRequestAuthorizer, ApiGatewayV2httpRequestContext};
use axum::extract::FromRequestParts;
use domain::rights::{Feature, Role};
use domain::{OrganisationId, Result, Timestamp};
use engine::records::Identity;
use http::Extensions;
use http::request::Parts;
use lambda_http::RequestExt;
use lambda_http::request::RequestContext;
use partners::commands::{Caller, Member, Proof, SignInTimes};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// A list that is there and empty. Why not an empty text: should a gateway drop one, a member who is limited to nothing
/// would not be limited at all.
const NONE_OF_THEM: &str = "-";

/// The authorizer's context for that caller.
pub fn authorizer_context(caller: &Caller) -> Map<String, Value> {
    let fields = match caller {
        Caller::Operator => json!({ "caller": "operator" }),
        Caller::SignedIn(identity, times) => {
            let mut fields =
                json!({ "caller": "signedIn", "issuer": identity.issuer, "subject": identity.subject });
            note_times(&mut fields, *times);
            fields
        }
        Caller::Member(member) => {
            let role = json!(member.role);
            let mut fields = json!({
                "caller": "member", "partner": member.partner, "role": role, "token": member.token,
            });
            if let Some(named) = &member.organisations {
                fields["organisations"] = words(named.iter().map(|id| json!(id)));
            }
            if let Some(named) = &member.features {
                fields["features"] = words(named.iter().map(|feature| json!(feature)));
            }
            if let Some(person) = &member.made_by {
                fields["madeBy"] = json!(person);
            }
            note_proof(&mut fields, &member.proof);
            fields
        }
    };
    fields.as_object().cloned().unwrap_or_default()
}

/// Names as one text, a space between them.
fn words(names: impl Iterator<Item = Value>) -> Value {
    let names: Vec<_> = names.filter_map(|name| name.as_str().map(str::to_owned)).collect();
    if names.is_empty() { json!(NONE_OF_THEM) } else { json!(names.join(" ")) }
}

fn note_proof(fields: &mut Value, proof: &Proof) {
    let mut note = |name: &str, value: Value| fields[name] = value;
    match proof {
        Proof::Token(id) => {
            note("proof", json!("token"));
            if let Some(id) = id {
                note("id", json!(id));
            }
        }
        Proof::SignIn { person, times } => {
            note("proof", json!("signIn"));
            note("person", json!(person));
            note_times(fields, *times);
        }
        Proof::Session { id, person, signed_in_at } => {
            note("proof", json!("session"));
            note("id", json!(id));
            note("person", json!(person));
            if let Some(at) = signed_in_at {
                note("signedInAt", json!(at.to_string()));
            }
        }
        Proof::Portal(id) => {
            note("proof", json!("portal"));
            note("id", json!(id));
        }
    }
}

fn note_times(fields: &mut Value, times: SignInTimes) {
    for (name, at) in [("signedInAt", times.signed_in_at), ("tokenMadeAt", times.token_made_at)] {
        if let Some(at) = at {
            fields[name] = json!(at.to_string());
        }
    }
}

/// When somebody signed in; nothing where that cannot be read.
fn times(fields: &HashMap<String, Value>) -> Option<SignInTimes> {
    let at = |name: &str| match fields.get(name).and_then(Value::as_str) {
        Some(at) => Some(Some(at.parse::<Timestamp>().ok()?)),
        None => Some(None),
    };
    Some(SignInTimes { signed_in_at: at("signedInAt")?, token_made_at: at("tokenMadeAt")? })
}

fn read(fields: &HashMap<String, Value>) -> Option<Caller> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    match text("caller")? {
        "operator" => Some(Caller::Operator),
        "signedIn" => {
            let identity =
                Identity { issuer: text("issuer")?.to_owned(), subject: text("subject")?.to_owned() };
            Some(Caller::SignedIn(identity, times(fields)?))
        }
        "member" => Some(Caller::Member(Member {
            partner: text("partner")?.parse().ok()?,
            role: serde_json::from_value::<Role>(fields.get("role")?.clone()).ok()?,
            organisations: limits::<OrganisationId>(fields, "organisations")?,
            features: limits::<Feature>(fields, "features")?,
            token: text("token")?.to_owned(),
            // Why none where it is missing: the authorizer of the release before does not say it.
            made_by: text("madeBy").map(str::parse).transpose().ok()?,
            proof: proof(fields)?,
        })),
        _ => None,
    }
}

/// A list that limits the caller, none where there is no such limit; nothing where it cannot be read, since a limitation
/// that cannot be read must not become none at all.
#[expect(clippy::option_option, reason = "not readable, no limit, and a limit are three things")]
fn limits<T: DeserializeOwned>(fields: &HashMap<String, Value>, name: &str) -> Option<Option<Vec<T>>> {
    let Some(value) = fields.get(name) else { return Some(None) };
    let text = value.as_str().filter(|text| !text.is_empty())?;
    let names = text.split_whitespace().filter(|_| text != NONE_OF_THEM);
    names.map(|name| serde_json::from_value(json!(name)).ok()).collect::<Option<_>>().map(Some)
}

fn proof(fields: &HashMap<String, Value>) -> Option<Proof> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let times = times(fields)?;
    // Why a token: the authorizer of the release before says nothing of it, and API Gateway keeps its answers for a minute.
    match text("proof").unwrap_or("token") {
        "token" => match text("id") {
            Some(id) => Some(Proof::Token(Some(id.parse().ok()?))),
            None => Some(Proof::Token(None)),
        },
        "signIn" => Some(Proof::SignIn { person: text("person")?.parse().ok()?, times }),
        "session" => Some(Proof::Session {
            id: text("id")?.parse().ok()?,
            person: text("person")?.parse().ok()?,
            signed_in_at: times.signed_in_at,
        }),
        "portal" => Some(Proof::Portal(text("id")?.parse().ok()?)),
        _ => None,
    }
}

fn fields(extensions: &Extensions) -> Option<&HashMap<String, Value>> {
    match extensions.request_context_ref()? {
        RequestContext::ApiGatewayV2(context) => Some(&context.authorizer.as_ref()?.fields),
        _ => None,
    }
}

/// Who asks, where the authorizer knew them.
pub(super) fn find(extensions: &Extensions) -> Option<Caller> {
    fields(extensions).and_then(read)
}

/// How the log names the caller.
pub(super) fn token_of(extensions: &Extensions) -> Option<String> {
    match find(extensions)? {
        Caller::Operator => Some("operator".to_owned()),
        Caller::SignedIn(..) => Some("signed-in".to_owned()),
        Caller::Member(member) => Some(member.token),
    }
}

/// The request context that API Gateway would give: for whoever stands in its place.
pub fn gateway_context(
    request_id: &str,
    route_key: &str,
    authorizer: Option<Map<String, Value>>,
) -> RequestContext {
    let mut context = ApiGatewayV2httpRequestContext::default();
    context.request_id = Some(request_id.to_owned());
    context.route_key = Some(route_key.to_owned());
    context.stage = Some("$default".to_owned());
    context.authorizer = authorizer.map(|fields| {
        let mut authorizer = ApiGatewayRequestAuthorizer::default();
        authorizer.fields = fields.into_iter().collect();
        authorizer
    });
    RequestContext::ApiGatewayV2(context)
}

/// Who asked, as an argument of a route. Without an authorizer's context the reply is 401.
#[derive(Clone, Debug)]
pub struct Asked(pub Caller);

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        find(&parts.extensions).map(Self).ok_or_else(Problem::unauthenticated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(caller: &Caller) -> Option<Caller> {
        read(&authorizer_context(caller).into_iter().collect())
    }

    #[test]
    fn a_caller_comes_through_the_gateway_unchanged() {
        let named = Some(vec!["org_01jaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap()]);
        let partner = "prt_01jaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap();
        let member = Member::of_token(partner, Role::SuperAdmin, named, "hft_12345678");
        let unlimited = Member { organisations: None, ..member.clone() };
        let of_none = Member { organisations: Some(Vec::new()), ..member.clone() };
        let featured = Member { features: Some(vec![Feature::Search, Feature::Download]), ..member.clone() };
        let without_features = Member { features: Some(Vec::new()), ..member.clone() };
        let person = || "per_01jaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap();
        let session = || "ses_01jaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap();
        let at = Some("2026-01-02T03:04:05.678Z".parse().unwrap());
        let proofs = [
            Proof::Token(Some("tok_01jaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap())),
            Proof::SignIn { person: person(), times: SignInTimes { signed_in_at: at, token_made_at: at } },
            Proof::SignIn { person: person(), times: SignInTimes { signed_in_at: None, token_made_at: at } },
            Proof::SignIn { person: person(), times: SignInTimes::default() },
            Proof::Session { id: session(), person: person(), signed_in_at: at },
            Proof::Portal(session()),
        ];
        let made = Member { made_by: Some(person()), ..member.clone() };
        let proven = proofs.map(|proof| Member { proof, ..member.clone() });
        let members =
            [member, unlimited, of_none, featured, without_features, made].into_iter().chain(proven);
        for caller in members.map(Caller::Member) {
            assert_eq!(again(&caller).as_ref(), Some(&caller));
            let empty = |value: &Value| value.as_str().is_none_or(str::is_empty);
            assert!(!authorizer_context(&caller).values().any(empty), "a gateway may drop it: {caller:?}");
        }
        assert_eq!(again(&Caller::Operator), Some(Caller::Operator));
        let identity = Identity { issuer: "https://login.example.com".to_owned(), subject: "s 1".to_owned() };
        for times in [SignInTimes::default(), SignInTimes { signed_in_at: at, token_made_at: at }] {
            let signed_in = Caller::SignedIn(identity.clone(), times);
            assert_eq!(again(&signed_in).as_ref(), Some(&signed_in));
        }
    }

    #[test]
    fn a_limitation_that_cannot_be_read_leaves_nobody() {
        let partner = "prt_01jaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap();
        let member = Member::of_token(partner, Role::Admin, None, "t");
        for wrong in
            [json!("org_?"), json!(["org_01jaaaaaaaaaaaaaaaaaaaaaaa"]), json!(7), json!(""), Value::Null]
        {
            let mut fields = authorizer_context(&Caller::Member(member.clone()));
            fields.insert("organisations".to_owned(), wrong);
            assert!(read(&fields.into_iter().collect()).is_none());
        }
    }
}
