//! Where the person is, as the portal tells the API: signed, and nothing that a browser can say.

use super::api::{KEY, NOW, ORG, Stage};
use axum::body::Body;
use axum::extract::Request;
use forwarded::{HEADER, Key};
use http::header::COOKIE;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext;
use lambda_http::request::RequestContext;
use std::net::IpAddr;

/// A request for a page, as API Gateway hands it on from that address.
fn from(address: Option<&str>) -> Request {
    let mut request = Request::get(format!("/e/{ORG}/jobs"))
        .header(COOKIE, "holdfast-local=hfs_1")
        .body(Body::empty())
        .unwrap();
    for (name, value) in [
        (HEADER, "1;198.51.100.9;00"),
        ("x-forwarded-for", "198.51.100.9"),
        ("forwarded", "for=198.51.100.9"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let mut context = ApiGatewayV2httpRequestContext::default();
    context.http.source_ip = address.map(str::to_owned);
    request.extensions_mut().insert(RequestContext::ApiGatewayV2(context));
    request
}

/// What the API was told in all calls of a page.
async fn told(address: Option<&str>) -> Vec<Option<String>> {
    let stage = Stage::of("owner", "Fabrikam").await;
    stage.send(from(address)).await;
    let calls = stage.calls();
    assert!(!calls.is_empty());
    for call in &calls {
        assert!(!call.headers.contains_key("x-forwarded-for") && !call.headers.contains_key("forwarded"));
    }
    calls.iter().map(|call| Some(call.headers.get(HEADER)?.to_str().unwrap().to_owned())).collect()
}

#[tokio::test]
async fn every_call_of_a_page_says_where_the_person_is_under_the_portals_key() {
    let person: IpAddr = "203.0.113.7".parse().unwrap();
    for value in told(Some("203.0.113.7")).await {
        let now = NOW.parse::<jiff::Timestamp>().unwrap().as_second();
        assert_eq!(Key::new(KEY).unwrap().read(&value.unwrap(), "hfs_1", now), Some(person));
    }
}

#[tokio::test]
async fn where_the_gateway_says_no_address_the_portal_says_none_either() {
    for unknown in [None, Some("somewhere")] {
        assert!(told(unknown).await.iter().all(Option::is_none), "{unknown:?}");
    }
}
