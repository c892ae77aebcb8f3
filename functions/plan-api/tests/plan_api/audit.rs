//! The audit log: what is written into it, who sees it, and that no change to it goes unseen.

use crate::common::{Plane, as_role, organisation, plan};
use axum::body::Body;
use domain::PartnerId;
use domain::rights::Role;
use engine::audit::AuditLog;
use engine::ports::{Catalog, Clock, Row, Scope, Write};
use engine::records::{AuditHead, AuditStatement, OlderAuditEntry, OlderAuditHead, Records, put_new};
use http::{Request, StatusCode};
use jiff::SignedDuration;
use partners::commands::Caller;
use serde_json::{Value, json};
use support::faulty::Mode;

async fn log(plane: &Plane, caller: &Caller) -> Vec<Value> {
    let answer = plane.get(caller, "/v1/audit?limit=200").await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.json()["items"].as_array().unwrap().clone()
}

pub(crate) fn rows(plane: &Plane, of: &PartnerId) -> Vec<Row> {
    plane.logged(Some(of))
}

pub(crate) fn scope(of: &PartnerId) -> Scope {
    Scope::Audit(Some(of.clone()))
}

/// The head of the chain that those rows are of.
pub(crate) async fn head(plane: &Plane, of: &PartnerId, rows: &[Row]) -> Row {
    let chain = serde_json::from_value(rows[0].body["chain"].clone()).unwrap();
    let (at, now) = (AuditHead::at(Some(of), &chain), plane.world.clock.now());
    plane.world.catalog.find(&scope(of), at.key(), now).await.unwrap().unwrap()
}

pub(crate) async fn write(plane: &Plane, write: Write) {
    plane.world.catalog.write(plane.world.clock.now(), vec![write]).await.unwrap();
}

/// A partner with a chain of six entries.
pub(crate) async fn chained() -> (Plane, PartnerId, Caller) {
    let plane = Plane::new();
    let (partner, owner) = plane.partner(&Caller::Operator, "P").await;
    for name in ["A", "B", "C"] {
        let asked = json!({ "name": name, "product": "Backup", "periodicity": "monthly",
            "price": { "amountMinor": 1, "currency": "EUR" } });
        plane.post(&owner, "/v1/plans", &asked).await;
    }
    assert_eq!(rows(&plane, &partner).len(), 6);
    (plane, partner, owner)
}

pub(crate) async fn verified(plane: &Plane, owner: &Caller) -> Value {
    let answer = plane.get(owner, "/v1/audit/verify").await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.json()
}

#[tokio::test]
async fn a_write_is_written_down_before_it_is_done_and_with_its_outcome_afterwards() {
    let plane = Plane::new();
    let (partner, owner) = plane.partner(&Caller::Operator, "P").await;
    let made = plane.post(&owner, "/v1/plans", &plan("Backup")).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let items = log(&plane, &owner).await;
    assert_eq!(items.len(), 2, "{items:?}");
    assert_eq!(plane.get(&owner, "/v1/audit").await.json()["next"], json!(null), "and there are no others");
    let (after, before) = (&items[0], &items[1]);
    assert_eq!((&before["number"], &before["status"]), (&json!(1), &json!(null)));
    assert_eq!((&after["number"], &after["status"]), (&json!(2), &json!(201)));
    assert_eq!(after["subjects"]["made"], made.json()["id"], "what was made is named");
    for entry in [before, after] {
        assert_eq!(entry["what"], "POST /v1/plans");
        assert_eq!((&entry["role"], &entry["request"]), (&json!("owner"), &json!("request-1")));
        assert!(entry["who"].as_str().unwrap().starts_with("hft_"));
        assert_eq!(entry["partner"], partner.as_str());
    }
    assert_eq!(after["previous"], before["hash"]);
    assert!(!format!("{items:?}").contains("Entra protected"), "no body is in it");
}

#[tokio::test]
async fn refusals_are_written_down_and_strangers_are_not() {
    let plane = Plane::new();
    let (partner, owner) = plane.partner(&Caller::Operator, "P").await;
    let finance = as_role(&owner, Role::Finance, None);
    plane.post(&finance, "/v1/plans", &plan("Backup")).await;
    let unknown = "/v1/organisations/org_01jzzzzzzzzzzzzzzzzzzzzzzz/consent-link";
    plane.post(&owner, unknown, &json!({ "app": "reader" })).await;
    let statuses: Vec<_> = log(&plane, &owner).await.iter().map(|e| e["status"].clone()).collect();
    assert_eq!(statuses, [json!(404), json!(null), json!(403), json!(null)]);

    let count = rows(&plane, &partner).len();
    let stranger = Request::post("/v1/plans").body(Body::from("{}")).unwrap();
    assert_eq!(plane.send(None, stranger).await.status, StatusCode::UNAUTHORIZED);
    plane.get(&owner, "/v1/plans").await;
    assert_eq!(rows(&plane, &partner).len(), count, "neither a stranger nor a list of plans");
}

#[tokio::test]
async fn what_a_partner_above_does_to_a_customer_is_in_the_log_of_the_customers_partner_too() {
    let plane = Plane::new();
    let (above, top) = plane.partner(&Caller::Operator, "Top").await;
    let (below, owner) = plane.partner(&top, "Below").await;
    let (sibling, other) = plane.partner(&top, "Sibling").await;
    let org = plane.organisation(&owner, "Contoso").await;
    let before = rows(&plane, &below).len();
    let path = format!("/v1/organisations/{org}/consent-link");
    assert_eq!(plane.post(&top, &path, &json!({ "app": "reader" })).await.status, StatusCode::CREATED);
    let customer = as_role(&owner, Role::EndCustomer, Some(vec![org.clone()]));
    for sees in [&owner, &customer] {
        let items = log(&plane, sees).await;
        for (entry, status) in items.iter().zip([json!(201), json!(null)]) {
            assert_eq!((&entry["status"], &entry["what"]), (&status, &items[1]["what"]));
            assert_eq!((&entry["whoPartner"], &entry["role"]), (&json!(above), &json!("owner")));
            assert_eq!(entry["subjects"]["org"], org.as_str());
        }
        assert_eq!(items[0]["what"], "POST /v1/organisations/{org}/consent-link");
    }
    assert_eq!(log(&plane, &top).await[0]["whoPartner"], json!(null), "in its own log it is no stranger");
    for whose in [&top, &owner] {
        assert_eq!(verified(&plane, whose).await["intact"], true);
    }
    assert_eq!(rows(&plane, &below).len(), before + 2);
    assert_eq!(plane.post(&other, &path, &json!({ "app": "reader" })).await.status, StatusCode::NOT_FOUND);
    assert_eq!(rows(&plane, &below).len(), before + 2, "whoever does not see it writes nothing into its log");
    assert_eq!(rows(&plane, &sibling).len(), 2);
}

#[tokio::test]
async fn what_the_operator_does_is_in_a_chain_of_the_installations_own() {
    let plane = Plane::new();
    plane.partner(&Caller::Operator, "P").await;
    let own = plane.logged(None);
    assert_eq!(own.len(), 2);
    assert_eq!(own[1].body["who"]["id"], "operator");
}

#[tokio::test]
async fn the_installations_own_log_is_the_operators_to_read_and_nobody_elses() {
    let plane = Plane::new();
    let (partner, owner) = plane.partner(&Caller::Operator, "P").await;
    let items = log(&plane, &Caller::Operator).await;
    assert_eq!(items.len(), 2);
    assert!(items.iter().all(|e| e["partner"] == json!(null) && e["who"] == "operator"), "{items:?}");
    assert_eq!(verified(&plane, &Caller::Operator).await["intact"], true);
    let export = plane.get(&Caller::Operator, "/v1/audit/export").await;
    assert_eq!((export.status, export.text.lines().count()), (StatusCode::OK, 2));
    for path in ["/v1/audit", "/v1/audit/export", "/v1/audit/verify", "/v1/audit/heads"] {
        let of_a_partner = plane.get(&Caller::Operator, &format!("{path}?partner={partner}")).await;
        assert_eq!(of_a_partner.status, StatusCode::FORBIDDEN, "a partner's log is the partner's: {path}");
    }
    assert!(log(&plane, &owner).await.iter().all(|e| e["partner"] == json!(partner)));
}

#[tokio::test]
async fn what_cannot_be_written_down_is_not_done() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let before = plane.kept();
    plane.plan.die_at(plane.plan.call_count(), Mode::Before);
    let refused = plane.post(&owner, "/v1/plans", &plan("Backup")).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    refused.problem();
    assert_eq!(plane.kept(), before);
}

#[tokio::test]
async fn whichever_call_of_an_append_fails_the_log_stays_whole_and_the_next_one_is_written() {
    for mode in [Mode::Before, Mode::After] {
        for call in 0..6 {
            let (plane, partner, owner) = chained().await;
            plane.world.clock.advance(SignedDuration::from_hours(24));
            plane.plan.take_log();
            plane.plan.fail_at(call, mode);
            plane.post(&owner, "/v1/plans", &plan("Backup")).await;
            plane.plan.heal();
            let before = rows(&plane, &partner).len();
            plane.post(&owner, "/v1/plans", &plan("Backup")).await;
            assert_eq!(rows(&plane, &partner).len(), before + 2, "{mode:?} {call}");
            assert_eq!(verified(&plane, &owner).await["intact"], true, "{mode:?} {call}");
        }
    }
}

/// A log as an earlier release has written it, with entries of this one behind it.
async fn with_older() -> (Plane, PartnerId, Caller) {
    let plane = Plane::new();
    let (partner, owner) = plane.partner(&Caller::Operator, "P").await;
    let event = domain::audit::Event {
        at: plane.world.clock.now() - SignedDuration::from_hours(1),
        who: domain::audit::Who { id: "hft_12345678".to_owned(), role: Some(Role::Owner), partner: None },
        what: "POST /v1/plans".to_owned(),
        subjects: std::collections::BTreeMap::default(),
        from: None,
        request: "r".to_owned(),
        outcome: domain::audit::Outcome::Asked,
    };
    let mut end = domain::audit::Head::beginning(Some(partner.clone()), None);
    for _ in 0..3 {
        let (entry, next) = end.append(event.clone(), Vec::new()).unwrap();
        write(&plane, put_new(&OlderAuditEntry(entry)).unwrap()).await;
        end = next;
    }
    write(&plane, put_new(&OlderAuditHead(end)).unwrap()).await;
    plane.post(&owner, "/v1/plans", &plan("Backup")).await;
    (plane, partner, owner)
}

#[tokio::test]
async fn the_single_chain_of_an_earlier_release_is_shown_exported_and_verified_with_what_came_after_it() {
    let (plane, partner, owner) = with_older().await;
    let numbers: Vec<_> =
        log(&plane, &owner).await.iter().map(|e| (e["chain"].is_null(), e["number"].clone())).collect();
    let older = |n| (true, json!(n));
    assert_eq!(numbers, [(false, json!(2)), (false, json!(1)), older(3), older(2), older(1)]);
    let export = plane.get(&owner, "/v1/audit/export").await.text;
    let exported: Vec<domain::audit::Entry> =
        export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut check = domain::audit::LogCheck::default();
    for entry in &exported {
        check.take(entry).unwrap();
    }
    assert_eq!(check.end(&[]).unwrap().entries, 5);
    assert_eq!(exported[3].seen[0].number, 3, "the first chain names where the older one ended");
    assert_eq!(verified(&plane, &owner).await["entries"], 5);

    let at = OlderAuditEntry::at(Some(&partner), 2);
    let row =
        plane.world.catalog.find(&scope(&partner), at.key(), plane.world.clock.now()).await.unwrap().unwrap();
    write(&plane, Write::Delete(scope(&partner), row.key, row.version)).await;
    let broken = json!({ "chain": null, "number": 2, "fault": "missing" });
    assert_eq!(verified(&plane, &owner).await["broken"], broken);
}

#[tokio::test]
async fn an_end_customer_sees_its_own_organisations_entries_and_cannot_export() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let own = plane.organisation(&owner, "Contoso").await;
    let plans = plane.get(&owner, "/v1/plans").await.json();
    let other =
        plane.post(&owner, "/v1/organisations", &organisation("Fabrikam", &plans["items"][0]["id"])).await;
    let other: domain::OrganisationId = other.id();
    for id in [&own, &other] {
        let path = format!("/v1/organisations/{id}/consent-link");
        plane.post(&owner, &path, &json!({ "app": "reader" })).await;
    }
    let activate =
        |o: &mut engine::records::Organisation| o.state = engine::records::OrganisationState::Active;
    let records = Records::new(plane.world.catalog.clone(), plane.world.clock.clone());
    let partner = &owner.member().unwrap().partner;
    let mut found = records.get(&engine::records::Organisation::at(partner, &own)).await.unwrap();
    activate(&mut found.value);
    records.replace(&found.value, found.version).await.unwrap();

    let customer = as_role(&owner, Role::EndCustomer, Some(vec![own.clone()]));
    let seen = log(&plane, &customer).await;
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|e| e["subjects"]["org"] == own.as_str()));
    let found = plane.get(&customer, "/v1/audit?limit=2").await.json();
    assert_eq!(found["items"].as_array().map(Vec::len), Some(2), "behind the newer ones of the other");
    let named = plane.get(&customer, &format!("/v1/audit?partner={partner}")).await;
    assert_eq!(named.json()["items"].as_array().map(Vec::len), Some(2), "its own partner by name: {named:?}");
    let limited = as_role(&owner, Role::Admin, Some(vec![other.clone()]));
    assert!(log(&plane, &limited).await.iter().all(|e| e["subjects"]["org"] == other.as_str()));

    for role in [Role::EndCustomer, Role::Admin, Role::Support, Role::Finance] {
        let member = as_role(&owner, role, (role == Role::EndCustomer).then(|| vec![own.clone()]));
        for path in ["/v1/audit/export", "/v1/audit/verify"] {
            assert_eq!(plane.get(&member, path).await.status, StatusCode::FORBIDDEN, "{role:?} {path}");
        }
    }
    let finance = as_role(&owner, Role::Finance, None);
    assert_eq!(plane.get(&finance, "/v1/audit").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn another_partners_log_is_not_there_and_one_belows_is() {
    let (plane, _, owner) = chained().await;
    let (below, its_owner) = plane.partner(&owner, "Below").await;
    plane.post(&its_owner, "/v1/plans", &plan("Backup")).await;
    let answer = plane.get(&owner, &format!("/v1/audit?partner={below}")).await.json();
    assert_eq!(answer["items"].as_array().unwrap().len(), 2);
    let above = owner.member().unwrap().partner.clone();
    for path in ["/v1/audit", "/v1/audit/export", "/v1/audit/verify"] {
        let answer = plane.get(&its_owner, &format!("{path}?partner={above}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn pages_come_newest_first_and_an_export_oldest_first_with_a_link_to_its_rest() {
    let (plane, _, owner) = chained().await;
    let first = plane.get(&owner, "/v1/audit?limit=4").await.json();
    let numbers = |page: &Value| -> Vec<u64> {
        page["items"].as_array().unwrap().iter().map(|e| e["number"].as_u64().unwrap()).collect()
    };
    assert_eq!(numbers(&first), [6, 5, 4, 3]);
    let cursor: String =
        url::form_urlencoded::byte_serialize(first["next"].as_str().unwrap().as_bytes()).collect();
    let second = plane.get(&owner, &format!("/v1/audit?limit=4&cursor={cursor}")).await.json();
    assert_eq!((numbers(&second), &second["next"]), (vec![2, 1], &json!(null)));

    let part = plane.get(&owner, "/v1/audit/export?limit=4").await;
    assert_eq!(
        (part.headers["content-type"].to_str().unwrap(), part.text.lines().count()),
        ("application/jsonl", 4)
    );
    let entry: domain::audit::Entry = serde_json::from_str(part.text.lines().next().unwrap()).unwrap();
    assert_eq!((entry.number, entry.computed_hash().unwrap()), (1, entry.hash.clone()));
    let link = part.headers["link"].to_str().unwrap();
    let rest = link.strip_prefix('<').unwrap().split_once('>').unwrap().0;
    let rest = plane.get(&owner, rest).await;
    assert_eq!((rest.text.lines().count(), rest.headers.get("link")), (2, None));

    let csv = plane.get(&owner, "/v1/audit/export?format=csv").await;
    assert_eq!(csv.text.lines().count(), 7);
    assert!(csv.text.starts_with("partner,number,at,who,role,what,"), "{}", csv.text);
}

#[tokio::test]
async fn signed_heads_are_exported_one_a_line_and_only_to_whoever_may_export() {
    let (plane, partner, owner) = chained().await;
    assert_eq!(plane.get(&owner, "/v1/audit/heads").await.text, "");
    for day in 1..=3 {
        let statement = AuditStatement {
            partner: Some(partner.clone()),
            day: jiff::civil::date(2026, 11, day),
            part: 0,
            is_last: true,
            signed: format!("signed {day}"),
        };
        write(&plane, put_new(&statement).unwrap()).await;
    }
    let first = plane.get(&owner, "/v1/audit/heads?limit=2").await;
    assert_eq!(first.text, "signed 1\nsigned 2\n");
    let link = first.headers["link"].to_str().unwrap().to_owned();
    let rest = plane.get(&owner, link.strip_prefix('<').unwrap().split_once('>').unwrap().0).await;
    assert_eq!((rest.text.as_str(), rest.headers.get("link")), ("signed 3\n", None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_at_once_each_process_makes_one_chain_without_gaps() {
    let (plane, partner, owner) = chained().await;
    // Two functions, which share nothing but the rows.
    let records = Records::new(plane.world.catalog.clone(), plane.world.clock.clone());
    let logs = [0; 2].map(|_| AuditLog::new(records.clone(), &*plane.world.ids));
    let entry: domain::audit::Entry = serde_json::from_value(rows(&plane, &partner)[0].body.clone()).unwrap();
    let appends = (0..64_usize).map(|n| {
        let (log, partner) = (logs[n % 2].clone(), partner.clone());
        let event = domain::audit::Event { request: format!("r-{n}"), ..entry.event.clone() };
        tokio::spawn(async move { log.append(Some(&partner), &event).await.unwrap() })
    });
    let mut places = Vec::new();
    for append in appends.collect::<Vec<_>>() {
        let mark = append.await.unwrap();
        places.push((mark.chain, mark.number));
    }
    places.sort_unstable();
    let numbers: Vec<_> = places.iter().map(|(_, number)| *number).collect();
    assert_eq!(numbers, (1..=32).chain(1..=32).collect::<Vec<_>>());
    assert_eq!(verified(&plane, &owner).await["entries"], 6 + 64);
}
