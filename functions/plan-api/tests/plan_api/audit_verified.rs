//! That no change to an audit log goes unseen, and what it costs to look.

use crate::audit::{chained, head, rows, scope, verified, write};
use crate::common::plan;
use engine::audit::AuditLog;
use engine::ports::{Row, Write};
use engine::records::Records;
use jiff::SignedDuration;
use serde_json::json;

#[tokio::test]
async fn a_log_that_nobody_touched_is_intact() {
    let (plane, _, owner) = chained().await;
    let found = verified(&plane, &owner).await;
    assert_eq!(
        found,
        json!({ "intact": true, "broken": null, "entries": 6, "complete": true, "next": null })
    );
    for wrong in ["7", "c~never~", "x~~"] {
        let answer = plane.get(&owner, &format!("/v1/audit/verify?after={wrong}")).await;
        assert_eq!(answer.fields(), ["after"], "{wrong}");
    }
}

/// A log of 21,500 entries, which is more than a call verifies: twenty pages, of which one is of an older chain.
#[tokio::test]
async fn a_large_log_is_verified_in_calls_that_read_a_bounded_number_of_pages() {
    let (plane, partner, owner) = chained().await;
    let entry: domain::audit::Entry = serde_json::from_value(rows(&plane, &partner)[0].body.clone()).unwrap();
    let records = Records::new(plane.world.catalog.clone(), plane.world.clock.clone());
    let logs = [0; 5].map(|_| AuditLog::new(records.clone(), &*plane.world.ids));
    for round in 0..43 {
        plane.world.clock.advance(SignedDuration::from_mins(1));
        for log in &logs {
            let all = (0..100).map(|n| {
                let event = domain::audit::Event { request: format!("{round} {n}"), ..entry.event.clone() };
                let (log, partner) = (log.clone(), partner.clone());
                async move { log.append(Some(&partner), &event).await.unwrap() }
            });
            futures::future::join_all(all).await;
        }
    }
    plane.plan.take_log();
    let first = verified(&plane, &owner).await;
    let calls = plane.plan.take_log();
    assert_eq!(
        (&first["intact"], &first["entries"], &first["complete"]),
        (&json!(true), &json!(19_000), &json!(false))
    );
    assert!(calls.len() <= 40, "{}", calls.print());
    let after: String =
        url::form_urlencoded::byte_serialize(first["next"].as_str().unwrap().as_bytes()).collect();
    let rest = plane.get(&owner, &format!("/v1/audit/verify?after={after}")).await.json();
    assert_eq!(
        (&rest["intact"], &rest["entries"], &rest["complete"]),
        (&json!(true), &json!(2_506), &json!(true))
    );
    assert!(plane.plan.take_log().len() <= 40);
    // What was taken out is found by the call that comes there.
    let gone = rows(&plane, &partner)[21_000].clone();
    write(&plane, Write::Delete(scope(&partner), gone.key, gone.version)).await;
    assert_eq!(verified(&plane, &owner).await["intact"], true);
    let rest = plane.get(&owner, &format!("/v1/audit/verify?after={after}")).await.json();
    assert_eq!(
        rest["broken"],
        json!({ "chain": gone.body["chain"], "number": gone.body["number"], "fault": "missing" })
    );
}

#[tokio::test]
async fn an_altered_a_removed_and_an_unreadable_entry_are_found() {
    for (case, fault) in [("altered", "altered"), ("removed", "missing"), ("unreadable", "missing")] {
        let (plane, partner, owner) = chained().await;
        let mut row = rows(&plane, &partner)[2].clone();
        let version = row.version;
        let (scope, chain) = (scope(&partner), row.body["chain"].clone());
        let change = match case {
            "removed" => Write::Delete(scope, row.key, version),
            "altered" => {
                row.body["who"]["id"] = json!("hft_somebody");
                Write::Replace(scope, row, version)
            }
            _ => {
                row.body = json!({ "number": "three" });
                Write::Replace(scope, row, version)
            }
        };
        write(&plane, change).await;
        let found = verified(&plane, &owner).await;
        assert_eq!(found["broken"], json!({ "chain": chain, "number": 3, "fault": fault }), "{case}");
        assert_eq!((&found["intact"], &found["entries"]), (&json!(false), &json!(2)));
    }
}

#[tokio::test]
async fn a_swapped_pair_is_found() {
    let (plane, partner, owner) = chained().await;
    let all = rows(&plane, &partner);
    for (at, from) in [(3, 4), (4, 3)] {
        let row = Row { body: all[from].body.clone(), ..all[at].clone() };
        let version = row.version;
        write(&plane, Write::Replace(scope(&partner), row, version)).await;
    }
    let chain = &all[0].body["chain"];
    let broken = json!({ "chain": chain, "number": 4, "fault": "missing" });
    assert_eq!(verified(&plane, &owner).await["broken"], broken);
}

#[tokio::test]
async fn a_tail_that_was_cut_off_is_found_and_so_is_a_head_that_was_set_back() {
    let (plane, partner, owner) = chained().await;
    let all = rows(&plane, &partner);
    let head = head(&plane, &partner, &all).await;
    let chain = &all[0].body["chain"];
    let mut back = head.clone();
    back.body["number"] = json!(5);
    back.body["hash"] = all[4].body["hash"].clone();
    write(&plane, Write::Replace(scope(&partner), back, head.version)).await;
    let broken = json!({ "chain": chain, "number": 6, "fault": "head" });
    assert_eq!(verified(&plane, &owner).await["broken"], broken);

    let (plane, partner, owner) = chained().await;
    let last = rows(&plane, &partner)[5].clone();
    let chain = last.body["chain"].clone();
    write(&plane, Write::Delete(scope(&partner), last.key, last.version)).await;
    let broken = json!({ "chain": chain, "number": 6, "fault": "missing" });
    assert_eq!(verified(&plane, &owner).await["broken"], broken);
}

#[tokio::test]
async fn a_chain_that_was_taken_out_whole_is_told_by_one_that_began_after_it() {
    let (plane, partner, owner) = chained().await;
    plane.world.clock.advance(SignedDuration::from_hours(24));
    plane.post(&owner, "/v1/plans", &plan("Backup")).await;
    assert_eq!(verified(&plane, &owner).await["entries"], 8);
    let all = rows(&plane, &partner);
    let head = head(&plane, &partner, &all).await;
    let chain = all[0].body["chain"].clone();
    for row in all.into_iter().take(6).chain([head]) {
        write(&plane, Write::Delete(scope(&partner), row.key, row.version)).await;
    }
    let broken = json!({ "chain": chain, "number": 6, "fault": "missing" });
    assert_eq!(verified(&plane, &owner).await["broken"], broken);
}
