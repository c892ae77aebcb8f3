//! Whatever is sent, the answer is one of those that the document knows: no body, query, cursor, code or token makes the
//! plane fail. Few cases each time, a sixteenth of `PROPTEST_CASES`;
//! many by `PROPTEST_CASES=100000 cargo test --workspace --test plan_api -- any_input`.

use crate::common::{Answer, Plane};
use axum::body::Body;
use domain::OrganisationId;
use http::Request;
use partners::commands::Caller;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The words that the document knows: names of properties, values of enumerations, parameters.
static WORDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    fn gather(value: &Value, words: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                if let Some(Value::Object(properties)) = fields.get("properties") {
                    words.extend(properties.keys().cloned());
                }
                for of in ["enum", "const", "name"] {
                    let named = fields.get(of).into_iter().flat_map(|v| match v {
                        Value::Array(all) => all.clone(),
                        one => vec![one.clone()],
                    });
                    words.extend(named.filter_map(|v| v.as_str().map(str::to_owned)));
                }
                fields.values().for_each(|v| gather(v, words));
            }
            Value::Array(items) => items.iter().for_each(|v| gather(v, words)),
            _ => {}
        }
    }
    let mut words = BTreeSet::new();
    gather(&serde_json::from_str(plan_api::OPENAPI).unwrap(), &mut words);
    words.into_iter().collect()
});

fn word() -> impl Strategy<Value = String> {
    any::<prop::sample::Index>().prop_map(|at| at.get(&WORDS).clone())
}

/// A text: anything, a word of the document, or nearly an id, a time, an address.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => word(),
        2 => any::<String>(),
        2 => "(org|prt|per|plan|tok|inv|dwn)_01[0-9a-hjkmnp-tv-z]{24}",
        1 => "[0-9]{4}-[0-9]{2}(-[0-9]{2}T[0-9:]{8}Z)?",
        1 => "[a-z]{1,5}@[a-z]{1,5}\\.example",
        1 => "[A-Za-z0-9_=%+/-]{0,120}",
        1 => Just("x".repeat(5_000)),
    ]
}

fn body() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0..100u8).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 8, |inner| {
        let key = prop_oneof![5 => word(), 1 => any::<String>()];
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            4 => prop::collection::vec((key, inner), 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// A plane with a partner, its Owner and an organisation; one for all cases of a test.
async fn scene() -> (Plane, Caller, OrganisationId) {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let org = plane.organisation(&owner, "Contoso").await;
    (plane, owner, org)
}

/// No fault of ours, and where it is refused, a problem.
fn is_answered(answer: &Answer, what: &str) {
    assert!(answer.status.as_u16() < 500, "{what}: {answer:?}");
    let is_page = answer.headers.get("content-type").is_some_and(|t| t.as_bytes().starts_with(b"text/html"));
    if answer.status.as_u16() >= 400 && !is_page {
        answer.problem();
        assert!(answer.text.len() < 20_000, "{what}: {} bytes", answer.text.len());
    }
}

fn encoded(pairs: &[(String, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

proptest! {
    // Why so few: they are in every run of the tests.
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 16, ..ProptestConfig::default() })]

    #[test]
    fn any_body_is_taken_or_refused(
        asked in prop::collection::vec((any::<prop::sample::Index>(), body(), 0..4u8, any::<bool>()), 1..20)
    ) {
        run(async {
            let (plane, owner, org) = scene().await;
            let operations = plan_api::operations();
            for (at, body, version, is_real) in asked {
                let operation = at.get(&operations);
                let id = if is_real { org.to_string() } else { "org_01jaaaaaaaaaaaaaaaaaaaaaaa".to_owned() };
                let path = operation.path().replace("{org}", &id);
                let request = Request::builder()
                    .method(operation.method().to_uppercase().as_str())
                    .uri(&path)
                    .header("if-match", format!("\"{version}\""))
                    .header("content-type", "application/json");
                let answer = plane.send(Some(&owner), request.body(Body::from(body.to_string())).unwrap()).await;
                is_answered(&answer, &format!("{} {body}", operation.key()));
            }
        });
    }

    #[test]
    fn any_bytes_are_no_body_or_one(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        run(async {
            let (plane, owner, org) = scene().await;
            for path in ["/v1/invitations".to_owned(), format!("/v1/organisations/{org}/consent-link")] {
                let request = Request::post(&path).header("content-type", "application/json");
                let answer = plane.send(Some(&owner), request.body(Body::from(bytes.clone())).unwrap()).await;
                is_answered(&answer, &format!("{path} {bytes:?}"));
            }
        });
    }

    #[test]
    fn any_query_and_any_cursor_is_taken_or_refused(
        asked in prop::collection::vec(
            (any::<prop::sample::Index>(), prop::collection::vec((word(), text()), 0..4), text()), 1..20)
    ) {
        run(async {
            let (plane, owner, org) = scene().await;
            let mut reads = plan_api::operations();
            reads.retain(|operation| operation.method().eq_ignore_ascii_case("get"));
            for (at, mut query, cursor) in asked {
                let operation = at.get(&reads);
                query.push(("cursor".to_owned(), cursor));
                let path = operation.path().replace("{org}", org.as_str());
                let uri = format!("{path}?{}", encoded(&query));
                // Why: an address is no longer than the gateway takes.
                if uri.len() > 8_000 {
                    continue;
                }
                let answer = plane.send(Some(&owner), Request::get(&uri).body(Body::empty()).unwrap()).await;
                is_answered(&answer, &format!("{} {query:?}", operation.key()));
                let alone = format!("{path}?{}", encoded(&query[query.len() - 1..]));
                let answer = plane.send(Some(&owner), Request::get(&alone).body(Body::empty()).unwrap()).await;
                is_answered(&answer, &format!("{} {query:?}", operation.key()));
            }
        });
    }

    #[test]
    fn whatever_comes_to_the_callback_connects_nothing(
        query in prop::collection::vec(
            (prop_oneof!["state", "code", "tenant", "admin_consent", "error", "[a-z_]{1,12}"], text()), 0..6),
        cookie in "[ -~]{0,80}",
    ) {
        run(async {
            let (plane, _, _) = scene().await;
            let before = plane.kept();
            let uri = format!("/v1/consent/callback?{}", encoded(&query));
            if uri.len() < 8_000 {
                let state = query.iter().find(|(name, _)| name == "state").map_or("", |(_, state)| state.as_str());
                let name = partners::commands::connect::sign_in_name(state);
                let cookie = format!("__Host-holdfast-consent-{name}={cookie}");
                let request = Request::get(&uri).header("cookie", cookie);
                let answer = plane.send(None, request.body(Body::empty()).unwrap()).await;
                assert!(answer.status.is_client_error(), "{query:?}: {answer:?}");
            }
            assert_eq!(plane.kept(), before);
        });
    }

    #[test]
    fn no_text_is_a_token_but_the_one_that_was_given_out(text in text(), cut in 0..70usize) {
        run(async {
            let plane = Plane::new();
            let owner = crate::common::owner();
            let made = plane.post(&Caller::Operator, "/v1/partners", &json!({ "name": "P", "owner": owner })).await;
            let token = made.json()["ownerToken"].as_str().unwrap().to_owned();
            let near = token[..cut.min(token.len())].to_owned();
            for wrong in [text, format!("{token} "), token.to_uppercase(), near].iter().filter(|w| **w != token) {
                assert_eq!(plane.find.find(wrong).await.unwrap(), None, "{wrong:?}");
            }
            assert!(plane.find.find(&token).await.unwrap().is_some());
        });
    }
}
