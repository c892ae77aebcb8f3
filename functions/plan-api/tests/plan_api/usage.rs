//! What a month used and cost, through the router.

use crate::common::{Plane, as_role, organisation};
use axum::body::Body;
use domain::rights::Role;
use http::{Method, Request, StatusCode};
use partners::commands::Caller;
use serde_json::{Value, json};

fn plan(amount: u64, currency: &str) -> Value {
    json!({
        "product": "Backup", "name": "=Plan", "periodicity": "monthly",
        "price": { "amountMinor": amount, "currency": currency },
    })
}

/// A partner whose organisation has ten seats since the eleventh of September and twenty since the
/// twenty-first, at 3.00 a seat and from then on at 6.00; it is October.
async fn september() -> (Plane, Caller, Value) {
    let plane = Plane::new();
    let to = |day: &str| plane.world.clock.advance_to(day.parse().unwrap());
    to("2027-09-11T10:00:00Z");
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let plan = plane.post(&owner, "/v1/plans", &plan(300, "EUR")).await.json()["id"].clone();
    let made = plane.post(&owner, "/v1/organisations", &organisation("Contoso, \"Ltd\"", &plan)).await;
    let org = made.json()["id"].clone();
    to("2027-09-21T10:00:00Z");
    let path = format!("/v1/organisations/{}/subscription", org.as_str().unwrap());
    let raised = plane.ask(&owner, Method::PATCH, &path, Some(1), Some(&json!({ "seats": 20 }))).await;
    assert_eq!(raised.status, StatusCode::OK, "{raised:?}");
    let path = format!("/v1/plans/{}", plan.as_str().unwrap());
    let price = json!({ "price": { "amountMinor": 600, "currency": "EUR" } });
    let dearer = plane.ask(&owner, Method::PATCH, &path, Some(1), Some(&price)).await;
    assert_eq!(dearer.status, StatusCode::OK, "{dearer:?}");
    to("2027-10-02T00:00:00Z");
    (plane, owner, org)
}

#[tokio::test]
async fn an_invoice_is_seats_times_price_by_day() {
    let (plane, owner, org) = september().await;
    let invoice = plane.get(&owner, "/v1/invoices/2027-09").await;
    assert_eq!(invoice.status, StatusCode::OK, "{invoice:?}");
    let invoice = invoice.json();
    let line = &invoice["lines"][0];
    assert_eq!((&line["organisation"], &line["seatDays"]), (&org, &json!(10 * 10 + 10 * 20)));
    let parts: Vec<_> = line["parts"].as_array().unwrap().iter().map(|p| p["amountMinor"].clone()).collect();
    assert_eq!(parts, [json!(1_000), json!(4_000)]);
    assert_eq!(invoice["totals"], json!([{ "currency": "EUR", "amountMinor": 5_000 }]));
    let usage = plane.get(&owner, "/v1/usage?month=2027-09").await.json();
    assert_eq!((&usage["lines"], &usage["number"]), (&invoice["lines"], &json!(null)));
    assert_eq!(plane.get(&owner, "/v1/invoices/2027-08").await.json()["lines"], json!([]));
}

#[tokio::test]
async fn a_month_that_goes_on_has_usage_up_to_today_and_no_invoice() {
    let (plane, owner, _) = september().await;
    let usage = plane.get(&owner, "/v1/usage?month=2027-10").await.json();
    assert_eq!((&usage["through"], &usage["lines"][0]["seatDays"]), (&json!("2027-10-02"), &json!(40)));
    let invoice = plane.get(&owner, "/v1/invoices/2027-10").await;
    assert_eq!(invoice.status, StatusCode::CONFLICT);
    for wrong in ["2027-11", "2027-13", "october"] {
        let answer = plane.get(&owner, &format!("/v1/usage?month={wrong}")).await;
        assert_eq!((answer.status.as_u16(), answer.fields()), (422, vec!["month".to_owned()]), "{wrong}");
    }
    assert_eq!(plane.get(&owner, "/v1/usage").await.fields(), ["month"]);
    assert_eq!(plane.get(&owner, "/v1/invoices/x").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_csv_says_the_same_and_its_names_are_no_formulas() {
    let (plane, owner, _) = september().await;
    let by_query = plane.get(&owner, "/v1/invoices/2027-09?format=csv").await;
    assert_eq!(by_query.headers["content-type"], "text/csv; charset=utf-8; header=present");
    let request = Request::get("/v1/invoices/2027-09").header("accept", "text/html, text/csv;q=0.9");
    let by_header = plane.send(Some(&owner), request.body(Body::empty()).unwrap()).await;
    assert_eq!(by_query.text, by_header.text);
    let mut reader = csv::Reader::from_reader(by_query.text.as_bytes());
    let head = reader.headers().unwrap().clone();
    let column = |name: &str| head.iter().position(|h| h == name).unwrap();
    let rows: Vec<_> = reader.records().map(|row| row.unwrap()).collect();
    let of = |name: &str| rows.iter().map(|row| row[column(name)].to_owned()).collect::<Vec<_>>();
    assert_eq!(of("amount"), ["10.00", "40.00"]);
    assert_eq!(of("price"), ["3.00", "6.00"]);
    assert_eq!(
        (&of("organisation_name")[0], &of("plan_name")[0]),
        (&"Contoso, \"Ltd\"".to_owned(), &"'=Plan".to_owned())
    );
    assert_eq!(
        (&of("from")[1], &of("to")[1], &of("periodicity")[1]),
        (&"2027-09-21".to_owned(), &"2027-09-30".to_owned(), &"monthly".to_owned())
    );
    let nothing = plane.get(&owner, "/v1/usage?month=2027-08&format=csv").await;
    assert_eq!(nothing.text.lines().count(), 1, "a head without rows");
}

#[tokio::test]
async fn a_month_in_parts_is_the_same_lines_and_the_same_sum_as_in_one() {
    let (plane, owner, _) = september().await;
    let plan = plane.get(&owner, "/v1/plans").await.json()["items"][0]["id"].clone();
    for n in 0..4 {
        let made = plane.post(&owner, "/v1/organisations", &organisation(&format!("C{n}"), &plan)).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    }
    plane.world.clock.advance_to("2027-11-02T00:00:00Z".parse().unwrap());
    for path in ["/v1/invoices/2027-10?", "/v1/usage?month=2027-10&"] {
        let whole = plane.get(&owner, path).await.json();
        assert_eq!((whole["lines"].as_array().unwrap().len(), &whole["next"]), (5, &Value::Null));
        let (mut lines, mut sum, mut next) = (Vec::new(), 0, String::new());
        loop {
            let part = plane.get(&owner, &format!("{path}limit=2{next}")).await;
            assert_eq!(part.status, StatusCode::OK, "{part:?}");
            let part = part.json();
            assert!(part["lines"].as_array().unwrap().len() <= 2);
            lines.extend(part["lines"].as_array().unwrap().clone());
            sum += part["totals"][0]["amountMinor"].as_u64().unwrap_or(0);
            let Some(cursor) = part["next"].as_str() else { break };
            next = format!("&cursor={cursor}");
        }
        assert_eq!(
            (Value::from(lines), json!(sum)),
            (whole["lines"].clone(), whole["totals"][0]["amountMinor"].clone())
        );
    }
    // As text each part has its head, and the header leads on with the same question.
    let text = plane.get(&owner, "/v1/invoices/2027-10?format=csv&limit=4").await;
    let link = text.headers["link"].to_str().unwrap().to_owned();
    let rest = link.strip_prefix("<?").unwrap().strip_suffix(">; rel=\"next\"").unwrap();
    assert!(rest.starts_with("format=csv&limit=4&cursor="), "{rest}");
    let last = plane.get(&owner, &format!("/v1/invoices/2027-10?{rest}")).await;
    assert!(last.headers.get("link").is_none());
    assert_eq!((text.text.lines().count(), last.text.lines().count()), (5, 2));
    for wrong in ["zzz", "WyJsaXN0Il0"] {
        let answer = plane.get(&owner, &format!("/v1/invoices/2027-10?cursor={wrong}")).await;
        assert_eq!((answer.status.as_u16(), answer.fields()), (422, vec!["cursor".to_owned()]), "{wrong}");
    }
}

#[tokio::test]
async fn money_is_seen_by_those_who_may_and_by_partners_above() {
    let (plane, owner, org) = september().await;
    for (role, status) in [
        (Role::Owner, 200),
        (Role::SuperAdmin, 200),
        (Role::Admin, 200),
        (Role::Finance, 200),
        (Role::Support, 403),
        (Role::EndCustomer, 403),
    ] {
        let by = as_role(&owner, role, None);
        assert_eq!(plane.get(&by, "/v1/usage?month=2027-09").await.status.as_u16(), status, "{role:?}");
        assert_eq!(plane.get(&by, "/v1/invoices/2027-09").await.status.as_u16(), status, "{role:?}");
    }
    for (limit, lines) in [(Vec::new(), 0), (vec![org.as_str().unwrap().parse().unwrap()], 1)] {
        let limited = as_role(&owner, Role::Admin, Some(limit));
        let seen = plane.get(&limited, "/v1/usage?month=2027-09").await.json();
        assert_eq!(seen["lines"].as_array().unwrap().len(), lines);
    }
    let (below_id, below) = plane.partner(&owner, "Below").await;
    let of_below = format!("/v1/usage?month=2027-09&partner={below_id}");
    assert_eq!(plane.get(&owner, &of_below).await.json()["lines"], json!([]));
    let (_, stranger) = plane.partner(&Caller::Operator, "Stranger").await;
    assert_eq!(plane.get(&stranger, &of_below).await.status, StatusCode::NOT_FOUND);
    assert_eq!(plane.get(&below, "/v1/usage?month=2027-09").await.json()["lines"], json!([]));
}
