//! Names are one line of visible text, wherever one comes in; otherwise they are refused with the field named.

use crate::common;
use crate::common::Plane;
use http::Method;
use partners::commands::Caller;
use serde_json::{Value, json};

/// Names that nobody can read, that are more than one line, or that turn the text around them.
const REFUSED: [&str; 16] = [
    "North\r\nBcc: eve@example.com",
    "North\nwind",
    "North\u{0}wind",
    "North\twind",
    "North\u{1b}[31m",
    "North\u{7f}",
    "North\u{85}wind",
    "North\u{2028}wind",
    "North\u{2029}wind",
    "North\u{202e}dniw",
    "North\u{2067}wind",
    "North\u{200f}",
    "\u{200b}\u{200d}\u{feff}",
    "\u{3164}",
    "North\u{200b}wind",
    " \u{a0}\u{3000} ",
];

const FINE: [&str; 7] = [
    "Northwind",
    "  Ends are cut  ",
    "Größe & Söhne <AG>",
    "漢字 株式会社",
    "شركة\u{200c}ها",
    "O'Neil 👩\u{200d}🚀",
    "é e\u{301}",
];

/// Every place where a name comes in: who says it, how, where, and with what body.
struct Place {
    caller: Caller,
    method: Method,
    path: String,
    body: Value,
    /// Where in the body, as a JSON pointer, and as a problem names it.
    field: (&'static str, &'static str),
}

async fn places(plane: &Plane) -> Vec<Place> {
    let (_, owner) = plane.partner(&Caller::Operator, "Northwind").await;
    let org = plane.organisation(&owner, "Contoso").await;
    let of = |value: Value| value["items"][0]["id"].as_str().unwrap().to_owned();
    let person = of(plane.get(&owner, "/v1/people").await.json());
    let plan = of(plane.get(&owner, "/v1/plans").await.json());
    let place =
        |method, path: String, body, field| Place { caller: owner.clone(), method, path, body, field };
    let partner = json!({ "name": "x", "owner": { "name": "x", "email": "a@msp.example" } });
    let invitation = json!({ "name": "x", "email": "a@msp.example", "role": "admin" });
    let organisation = common::organisation("x", &json!(plan));
    let token = json!({ "name": "x", "role": "support" });
    vec![
        place(Method::POST, "/v1/partners".to_owned(), partner.clone(), ("/name", "name")),
        place(Method::POST, "/v1/partners".to_owned(), partner, ("/owner/name", "owner.name")),
        place(Method::POST, "/v1/invitations".to_owned(), invitation, ("/name", "name")),
        place(Method::PATCH, format!("/v1/people/{person}"), json!({ "name": "x" }), ("/name", "name")),
        place(Method::POST, "/v1/plans".to_owned(), common::plan("BackupEntra"), ("/name", "name")),
        place(Method::PATCH, format!("/v1/plans/{plan}"), json!({ "name": "x" }), ("/name", "name")),
        place(Method::POST, "/v1/organisations".to_owned(), organisation, ("/name", "name")),
        place(Method::PATCH, format!("/v1/organisations/{org}"), json!({ "name": "x" }), ("/name", "name")),
        place(Method::POST, "/v1/tokens".to_owned(), token, ("/name", "name")),
    ]
}

async fn say(plane: &Plane, place: &Place, name: &str) -> common::Answer {
    let mut body = place.body.clone();
    *body.pointer_mut(place.field.0).unwrap() = json!(name);
    let version = match place.method {
        Method::PATCH => Some(plane.get(&place.caller, &place.path).await.version()),
        _ => None,
    };
    plane.ask(&place.caller, place.method.clone(), &place.path, version, Some(&body)).await
}

#[tokio::test]
async fn a_name_that_is_not_one_line_of_visible_text_is_refused_with_the_field_named() {
    let plane = Plane::new();
    for place in places(&plane).await {
        for name in REFUSED {
            let answer = say(&plane, &place, name).await;
            let got = (answer.status.as_u16(), answer.fields());
            assert_eq!(
                got,
                (422, vec![place.field.1.to_owned()]),
                "{} {} {name:?}",
                place.method,
                place.path
            );
        }
    }
    let rows = format!("{:?}", plane.kept());
    assert!(!rows.contains("Bcc") && !rows.contains("dniw"), "nothing of it is kept");
}

#[tokio::test]
async fn a_name_in_any_script_is_kept_without_the_white_space_at_its_ends() {
    let plane = Plane::new();
    for place in places(&plane).await {
        for name in FINE {
            let answer = say(&plane, &place, name).await;
            assert!(answer.status.is_success(), "{} {} {name:?}: {answer:?}", place.method, place.path);
            if place.field.0 == "/name" {
                let kept = answer.json()["name"].as_str().unwrap().to_owned();
                assert_eq!(kept, name.trim(), "{} {}", place.method, place.path);
            }
        }
    }
}

/// What is said of each `name` below. Why not in a `filter`: what is looked for there is a part of a name, and kept by nobody.
fn names_in(value: &Value, found: &mut Vec<Value>) {
    match value {
        Value::Object(map) => {
            found.extend(value.pointer("/properties/name").cloned());
            let kept = map.iter().filter(|(field, _)| *field != "filter");
            kept.for_each(|(_, inner)| names_in(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| names_in(inner, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_document_says_of_every_name_that_comes_in_what_the_routes_take() {
    let document: Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
    let routes = document["paths"].as_object().unwrap().values();
    let bodies =
        routes.flat_map(|path| path.as_object().unwrap().values()).map(|route| &route["requestBody"]);
    let mut names = Vec::new();
    bodies.for_each(|body| names_in(body, &mut names));
    assert_eq!(names.len(), places(&Plane::new()).await.len(), "a new one belongs into this file's table");
    for schema in names {
        let validator = jsonschema::validator_for(&schema).unwrap();
        for name in FINE {
            assert!(validator.is_valid(&json!(name)), "{schema} refuses {name:?}");
        }
        for name in REFUSED {
            assert!(!validator.is_valid(&json!(name)), "{schema} takes {name:?}");
        }
    }
}
