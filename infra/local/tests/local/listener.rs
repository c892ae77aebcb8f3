//! What the HTTP listener gives to functions, and what it answers by itself.

use crate::common;
use async_trait::async_trait;
use aws_lambda_events::apigw::{ApiGatewayV2CustomAuthorizerV2Request, ApiGatewayV2httpRequest};
use axum::Router;
use axum::routing::get;
use domain::{Error, Timestamp};
use engine::ports::Clock;
use local::host::{Busy, Function, Gateway, Listening, Route, Routes, Said, bind, http_function, typed};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use support::memory::ManualClock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Says yes to `Bearer good`, fails on `Bearer broken`, and keeps what it was asked.
fn authorizer(asked: Arc<Mutex<Vec<ApiGatewayV2CustomAuthorizerV2Request>>>) -> Arc<dyn Function> {
    typed(move |event: ApiGatewayV2CustomAuthorizerV2Request, _| {
        let identity = event.identity_source.clone().unwrap_or_default().join("");
        asked.lock().unwrap().push(event);
        async move {
            match identity.as_str() {
                "Bearer broken" => Err(Error::unavailable("no catalog")),
                other => Ok(json!({ "isAuthorized": other == "Bearer good", "context": { "caller": "c1" } })),
            }
        }
    })
}

/// Answers with the event that it was given.
fn echo() -> Arc<dyn Function> {
    typed(|event: Value, _| async move {
        let typed: ApiGatewayV2httpRequest = serde_json::from_value(event.clone()).unwrap();
        assert_eq!(typed.raw_path.as_deref(), event["rawPath"].as_str());
        Ok(json!({
            "statusCode": 201,
            "headers": { "content-type": "application/json", "x-of": "echo" },
            "cookies": ["a=1", "b=2"],
            "body": event.to_string(),
        }))
    })
}

struct Api {
    url: String,
    asked: Arc<Mutex<Vec<ApiGatewayV2CustomAuthorizerV2Request>>>,
    listening: Listening,
    client: reqwest::Client,
}

/// What the authorizer says is kept for a minute by the header alone, as the deployed stage keeps it.
#[tokio::test]
async fn the_authorizer_is_asked_of_one_header_once_a_minute() {
    let clock = Arc::new(common::HandClock(ManualClock::new()));
    let api = api_by(clock.clone()).await;
    let asked = || api.asked.lock().unwrap().len();
    for (token, status) in [("good", 201), ("bad", 403)] {
        let before = asked();
        for path in ["/v1/a", "/v1/b"] {
            assert_eq!(api.get(path, Some(token)).await.0, status, "{token}");
        }
        assert_eq!(asked() - before, 1, "{token}");
    }
    let before = asked();
    for _ in 0..2 {
        assert_eq!(api.get("/v1/a", Some("broken")).await.0, 500, "no answer is kept of a failure");
    }
    assert_eq!(asked() - before, 2);
    clock.0.advance(jiff::SignedDuration::from_secs(60));
    assert_eq!(api.get("/v1/a", Some("good")).await.0, 201);
    assert_eq!(asked() - before, 3, "and then anew");
    api.listening.stop().await;
}

async fn api() -> Api {
    api_by(Arc::new(common::HandClock(ManualClock::new()))).await
}

/// A clock by which so many milliseconds, or nearly, are over at once, and any other time never.
struct Over(u64);

#[async_trait]
impl Clock for Over {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
    async fn sleep_ms(&self, ms: u64) {
        // Why nearly: whoever waits until an instant has lost a moment of it.
        if !(self.0 - 1_000..=self.0).contains(&ms) {
            std::future::pending::<()>().await;
        }
    }
}

async fn api_by(clock: Arc<dyn Clock>) -> Api {
    let asked = Arc::default();
    let router = Router::new().route("/router/{name}", get(|| async { ([("x-from", "router")], "hello") }));
    let failing = typed(|_: Value, _| async { Err::<Value, _>(Error::unavailable("broken")) });
    let wrong = typed(|_: Value, _| async { Ok(json!({ "statusCode": "many" })) });
    let route = |key: &str, to: Arc<dyn Function>, open| Route { key: key.to_owned(), to, open };
    let routes = Routes::new(vec![
        route("ANY /v1/{rest+}", echo(), false),
        route("GET /open/{name}", echo(), true),
        route("GET /router/{name}", http_function(router), true),
        route("GET /failing", failing, true),
        route("GET /wrong", wrong, true),
    ]);
    let gateway = Gateway {
        said: Said::default(),
        authorizer: authorizer(Arc::clone(&asked)),
        routes,
        clock,
        ids: common::ids(),
        busy: Busy::default(),
    };
    let listening = gateway.serve(bind(0).await.unwrap()).unwrap();
    let url = format!("http://{}", listening.address());
    Api { url, asked, listening, client: reqwest::Client::new() }
}

impl Api {
    async fn get(&self, path: &str, token: Option<&str>) -> (u16, Value) {
        let mut request = self.client.get(format!("{}{path}", self.url));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }
}

#[tokio::test]
async fn a_function_is_given_the_event_that_api_gateway_gives_it() {
    let api = api().await;
    let response = api
        .client
        .post(format!("{}/v1/plans/x%20y?a=1&b=two%20words&a=3", api.url))
        .header("authorization", "Bearer good")
        .header("cookie", "one=1; two=2")
        .header("X-Upper", "Kept")
        .body("{\"name\":\"ä\"}")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers()["x-of"], "echo");
    assert_eq!(response.headers().get_all("set-cookie").iter().count(), 2);
    let event: Value = response.json().await.unwrap();
    assert_eq!(event["version"], "2.0");
    assert_eq!(event["routeKey"], "ANY /v1/{rest+}");
    assert_eq!(event["rawPath"], "/v1/plans/x%20y");
    assert_eq!(event["rawQueryString"], "a=1&b=two%20words&a=3");
    assert_eq!(event["queryStringParameters"], json!({ "a": "1,3", "b": "two words" }));
    assert_eq!(event["pathParameters"]["rest"], "plans/x%20y");
    assert_eq!(event["cookies"], json!(["one=1", "two=2"]));
    assert_eq!(event["headers"]["x-upper"], "Kept");
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("{\"name\":\"ä\"}"), &json!(false)));
    let context = &event["requestContext"];
    assert_eq!(context["http"]["method"], "POST");
    assert_eq!(context["http"]["sourceIp"], "127.0.0.1");
    assert_eq!(context["time"], "05/Jan/2026:08:00:00 +0000");
    assert_eq!(context["authorizer"], json!({ "lambda": { "caller": "c1" } }));
    let asked = api.asked.lock().unwrap().remove(0);
    assert_eq!(asked.raw_path.as_deref(), Some("/v1/plans/x%20y"));
    assert_eq!(asked.type_.as_deref(), Some("REQUEST"));
    assert_eq!(asked.headers["authorization"], "Bearer good");
    assert!(asked.route_arn.unwrap().ends_with("/$default/POST/v1/plans/x%20y"));
    api.listening.stop().await;
}

#[tokio::test]
async fn a_body_that_is_no_text_comes_as_base64() {
    let api = api().await;
    let request = api.client.post(format!("{}/v1/x", api.url)).header("authorization", "Bearer good");
    let event: Value = request.body(vec![0xff, 0x00]).send().await.unwrap().json().await.unwrap();
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("/wA="), &json!(true)));
}

#[tokio::test]
async fn who_is_not_let_in_is_answered_as_by_api_gateway() {
    let api = api().await;
    assert_eq!(api.get("/v1/x", None).await, (401, json!({ "message": "Unauthorized" })));
    assert!(api.asked.lock().unwrap().is_empty(), "without credentials the authorizer is not asked");
    assert_eq!(api.get("/v1/x", Some("bad")).await, (403, json!({ "message": "Forbidden" })));
    assert_eq!(api.get("/v1/x", Some("broken")).await, (500, json!({ "message": "Internal Server Error" })));
    let (status, event) = api.get("/open/door", None).await;
    assert_eq!((status, event["requestContext"].get("authorizer")), (201, None));
}

#[tokio::test]
async fn what_functions_do_wrong_is_not_shown() {
    let api = api().await;
    assert_eq!(api.get("/nowhere", None).await, (404, json!({ "message": "Not Found" })));
    for path in ["/failing", "/wrong"] {
        assert_eq!(api.get(path, None).await, (500, json!({ "message": "Internal Server Error" })), "{path}");
    }
}

#[tokio::test]
async fn a_router_answers_through_the_handler_that_lambda_runs() {
    let api = api().await;
    let (status, body) = api.get("/router/x", None).await;
    assert_eq!((status, body), (200, json!("hello")));
    let response = api.client.get(format!("{}/router/x", api.url)).send().await.unwrap();
    assert_eq!(response.headers()["x-from"], "router");
    let id = response.headers()["x-request-id"].to_str().unwrap();
    assert_eq!(id.len(), 26, "the request's id is the event's: {id}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_a_conflict() {
    let api = api().await;
    let error = bind(api.listening.address().port()).await.unwrap_err();
    assert_eq!(error.kind(), domain::ErrorKind::Conflict);
}

/// Sends these bytes and no more; gives what comes back until the other side closes the connection.
async fn answer_to(api: &Api, bytes: &str) -> String {
    let mut stream = TcpStream::connect(api.listening.address()).await.unwrap();
    // Why whatever comes of both: a connection that is closed while something is under way is reset.
    stream.write_all(bytes.as_bytes()).await.ok();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok();
    String::from_utf8(answer).unwrap()
}

fn status_of(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

#[tokio::test]
async fn a_request_of_http_1_1_names_one_host() {
    let api = api().await;
    for (line, hosts, status) in [
        ("HTTP/1.1", "Host: a.example\r\n", "201"),
        ("HTTP/1.1", "", "400"),
        ("HTTP/1.1", "Host: a.example\r\nHost: b.example\r\n", "400"),
        ("HTTP/1.0", "", "201"),
    ] {
        let sent = format!("GET /open/door {line}\r\n{hosts}Connection: close\r\n\r\n");
        assert_eq!(status_of(&answer_to(&api, &sent).await), status, "{sent}");
    }
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let api = api().await;
    for (length, status) in [(50_000, "201"), (70_000, "431"), (100_000, "431")] {
        let long = "x".repeat(length);
        let sent =
            format!("GET /open/door HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-Long: {long}\r\n\r\n");
        assert_eq!(status_of(&answer_to(&api, &sent).await), status, "{length}");
    }
}

#[tokio::test]
async fn whoever_sends_half_a_request_is_not_waited_for() {
    // Nothing, half a head: no answer is due.
    let api = api_by(Arc::new(Over(60_000))).await;
    for half in ["", "GET /open/door HTTP/1.1\r\nHost: h\r\nX-"] {
        assert_eq!(answer_to(&api, half).await, "", "{half}");
    }
    // Half a body.
    let api = api_by(Arc::new(Over(30_000))).await;
    let half =
        "POST /v1/x HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer good\r\nContent-Length: 10\r\n\r\nabc";
    assert_eq!(status_of(&answer_to(&api, half).await), "408");
    assert!(api.asked.lock().unwrap().is_empty(), "nobody is asked about it");
}

#[tokio::test]
async fn headers_of_one_name_are_joined_as_api_gateway_joins_them() {
    let api = api().await;
    let request = api.client.post(format!("{}/v1/x", api.url)).header("authorization", "Bearer good");
    let request = request.header("idempotency-key", "one").header("idempotency-key", "two");
    let event: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(event["headers"]["idempotency-key"], "one,two");
}
