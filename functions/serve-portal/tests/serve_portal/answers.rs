//! What is answered besides pages, and in which language pages are.

use super::pages::full;
use axum::body::Body;
use axum::extract::Request;
use http::StatusCode;
use http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL};

#[tokio::test]
async fn what_is_no_route_of_the_api_is_answered_to_programs_as_the_gateway_does() {
    let stage = full("owner", "Fabrikam", "done").await;
    let seen = stage.get("/v1/nothing").await;
    assert_eq!((seen.status, seen.text.as_str()), (StatusCode::NOT_FOUND, "{\"message\":\"Not Found\"}"));
    let seen = stage.posted("/v1/nothing", "", &[]).await;
    assert_eq!((seen.status, seen.text.as_str()), (StatusCode::NOT_FOUND, "{\"message\":\"Not Found\"}"));
}

#[tokio::test]
async fn the_sheet_and_the_script_are_kept_for_good_under_their_own_hash_and_are_small() {
    let stage = full("owner", "Fabrikam", "done").await;
    let page = stage.get("/").await.text;
    for (start, most) in [("/assets/portal-", 15_000), ("src=\"/assets/portal-", 12_000)] {
        let from = page.find(start).unwrap();
        let at = page[from..].split('"').find(|part| part.starts_with("/assets/")).unwrap();
        let seen = stage.get(at).await;
        assert_eq!(seen.status, StatusCode::OK, "{at}");
        assert_eq!(seen.headers[CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert!(seen.text.len() < most && !seen.text.contains("http"), "{at}");
    }
    assert_eq!(stage.get("/assets/portal-0000000000000000.js").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn pages_speak_the_language_that_is_read() {
    let stage = full("owner", "Fabrikam", "done").await;
    let german = Request::get("/organisations")
        .header("cookie", "holdfast-local=hfs_1")
        .header(ACCEPT_LANGUAGE, "de-DE,en;q=0.5");
    let seen = stage.send(german.body(Body::empty()).unwrap()).await;
    assert!(seen.text.contains("<html lang=\"de\">") && seen.text.contains("Organisationen"));
    let chosen =
        Request::get("/organisations").header("cookie", "holdfast-local=hfs_1; holdfast-language-local=en");
    let seen = stage.send(chosen.header(ACCEPT_LANGUAGE, "de").body(Body::empty()).unwrap()).await;
    assert!(seen.text.contains("<html lang=\"en\">"));
}
