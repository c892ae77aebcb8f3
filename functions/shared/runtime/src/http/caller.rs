//! The caller, as the authorizer told API Gateway, and as API Gateway tells the function.
//!
//! One pair of functions, so that what is written is what is read. Values are plain strings: every gateway
//! passes those on unchanged.

use crate::problem::Problem;
use aws_lambda_events::apigw::{ApiGatewayRequestAuthorizer, ApiGatewayV2httpRequestContext};
use axum::extract::FromRequestParts;
use domain::rights::Role;
use domain::{OrganisationId, Result};
use engine::records::Identity;
use http::Extensions;
use http::request::Parts;
use lambda_http::RequestExt;
use lambda_http::request::RequestContext;
use partners::commands::{Caller, Member};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// The authorizer's context for that caller.
pub fn authorizer_context(caller: &Caller) -> Map<String, Value> {
    let fields = match caller {
        Caller::Operator => json!({ "caller": "operator" }),
        Caller::SignedIn(identity) => {
            json!({ "caller": "signedIn", "issuer": identity.issuer, "subject": identity.subject })
        }
        Caller::Member(member) => {
            let role = json!(member.role);
            let mut fields = json!({
                "caller": "member", "partner": member.partner, "role": role, "token": member.token,
            });
            if let Some(named) = &member.organisations {
                let named: Vec<_> = named.iter().map(OrganisationId::as_str).collect();
                fields["organisations"] = json!(named.join(" "));
            }
            fields
        }
    };
    fields.as_object().cloned().unwrap_or_default()
}

fn read(fields: &HashMap<String, Value>) -> Option<Caller> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    match text("caller")? {
        "operator" => Some(Caller::Operator),
        "signedIn" => Some(Caller::SignedIn(Identity {
            issuer: text("issuer")?.to_owned(),
            subject: text("subject")?.to_owned(),
        })),
        "member" => {
            let organisations = match text("organisations") {
                // Why: a limitation that cannot be read must not become none at all.
                Some(named) => Some(named.split_whitespace().map(str::parse).collect::<Result<_>>().ok()?),
                None if fields.contains_key("organisations") => return None,
                None => None,
            };
            Some(Caller::Member(Member {
                partner: text("partner")?.parse().ok()?,
                role: serde_json::from_value::<Role>(fields.get("role")?.clone()).ok()?,
                organisations,
                token: text("token")?.to_owned(),
            }))
        }
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
        Caller::SignedIn(_) => Some("signed-in".to_owned()),
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
        let member = Member {
            partner: "prt_01jaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap(),
            role: Role::SuperAdmin,
            organisations: Some(vec!["org_01jaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap()]),
            token: "hft_12345678".to_owned(),
        };
        let unlimited = Member { organisations: None, ..member.clone() };
        let of_none = Member { organisations: Some(Vec::new()), ..member.clone() };
        for caller in [member, unlimited, of_none].map(Caller::Member) {
            assert_eq!(again(&caller).as_ref(), Some(&caller));
        }
        assert_eq!(again(&Caller::Operator), Some(Caller::Operator));
        let identity = Identity { issuer: "https://login.example.com".to_owned(), subject: "s 1".to_owned() };
        let signed_in = Caller::SignedIn(identity);
        assert_eq!(again(&signed_in).as_ref(), Some(&signed_in));
    }

    #[test]
    fn a_limitation_that_cannot_be_read_leaves_nobody() {
        let member = Member {
            partner: "prt_01jaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap(),
            role: Role::Admin,
            organisations: None,
            token: "t".to_owned(),
        };
        for wrong in [json!("org_?"), json!(["org_01jaaaaaaaaaaaaaaaaaaaaaaa"]), json!(7)] {
            let mut fields = authorizer_context(&Caller::Member(member.clone()));
            fields.insert("organisations".to_owned(), wrong);
            assert!(read(&fields.into_iter().collect()).is_none());
        }
    }
}
