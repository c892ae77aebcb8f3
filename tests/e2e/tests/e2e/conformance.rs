//! Every request that the product sends, and every reply that the simulator gives, held against Microsoft's
//! OpenAPI. What both share cannot hide a mistake here: the OpenAPI is neither's.

use crate::rig::Rig;
use domain::restore::{AttributeMode, LinkMode, Selection};
use engine::records::{RestoreState, Side};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use support::openapi::{Checker, EXCEPTIONS, Exchange};

fn read(seen: &sim::Exchange) -> Option<Exchange> {
    // What is inside a batch is checked with the batch.
    if seen.inner_of_batch {
        return None;
    }
    let (version, rest) = seen.url.trim_start_matches('/').split_once('/')?;
    let body = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok();
    ["v1.0", "beta"].contains(&version).then(|| Exchange {
        version: version.to_owned(),
        method: seen.method.clone(),
        path_and_query: format!("/{rest}"),
        request_body: body(&seen.request_body),
        status: seen.status,
        reply_body: body(&seen.reply_body),
    })
}

/// Two snapshots, a comparison with the live tenant, a preview and a restore.
async fn round_trip(rig: &Rig) {
    let (admin, stage) = rig.staged().await;
    let first = rig.snapshot().await;
    stage.happen(&admin).await;
    rig.snapshot().await;
    let diff = rig.ask_diff(&first, Side::Live).await;
    rig.settle().await;
    let selection = Selection {
        items: vec![],
        attributes: AttributeMode::Overwrite,
        links: LinkMode::Rollback,
        delete_created: true,
    };
    let restore = rig.ask_preview(&diff.id, selection).await;
    rig.settle().await;
    rig.ask_run(&restore).await;
    rig.settle().await;
    let done = rig.restores().get(rig.tenant(), &restore.id).await.unwrap();
    assert_eq!((done.state, done.counts.failed), (RestoreState::Done, 0), "{done:?}");
}

#[tokio::test]
async fn every_request_and_every_reply_is_what_microsofts_openapi_says() {
    let Some(checker) = Checker::load() else {
        eprintln!("NOT CHECKED: the OpenAPI of Graph is absent (HOLDFAST_SHARED)");
        return;
    };
    let rig = Rig::new().await;
    let seen: Arc<Mutex<Vec<Exchange>>> = Arc::default();
    let sink = seen.clone();
    rig.control.observe(Box::new(move |exchange| {
        sink.lock().unwrap().extend(read(exchange));
    }));
    round_trip(&rig).await;
    let seen = seen.lock().unwrap();
    assert!(seen.len() > 60, "only {} exchanges were seen", seen.len());
    let mut violations: BTreeMap<String, usize> = BTreeMap::new();
    for exchange in seen.iter() {
        for found in checker.check(exchange) {
            *violations
                .entry(format!("{} {}: {}", found.operation, found.place, found.message))
                .or_default() += 1;
        }
    }
    assert!(violations.is_empty(), "of {} exchanges: {violations:#?}", seen.len());
    assert!(EXCEPTIONS.len() <= 5, "the list of exceptions is short");
}
