//! Whatever stands in the pages of a tenant, a reading ends: with runs that can be read, or with a refusal. Few cases each
//! time, a sixteenth of `PROPTEST_CASES`; many by `PROPTEST_CASES=100000 cargo test --workspace --test backup -- any_page`.

use crate::paged::{Desk, manifest};
use domain::kinds::{self, KINDS};
use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::{Value, json};

/// So few that pages speak of the same objects.
fn id() -> impl Strategy<Value = String> {
    prop_oneof![9 => "[a-e]", 1 => any::<String>()]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        id().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key(), inner), 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        "id",
        "displayName",
        "userPrincipalName",
        "@removed",
        "reason",
        "members@delta",
        "owners@delta",
        "manager@delta",
        "@odata\\.type",
        "customSecurityAttributes",
        "employeeLeaveDateTime",
        "assignedLicenses",
        "principalId",
        "roleDefinitionId",
        "directoryScopeId",
        "scheduleInfo",
        any::<String>(),
    ]
}

/// An item of a page: now and then nearly a good one.
fn item() -> impl Strategy<Value = Value> {
    let nearly = (id(), prop::collection::vec((key(), value()), 0..5)).prop_map(|(id, more)| {
        let mut item = json!({ "id": id, "displayName": id, "userPrincipalName": format!("{id}@x.y") });
        item.as_object_mut().unwrap().extend(more);
        item
    });
    prop_oneof![4 => nearly, 1 => value()]
}

/// Pages of one source: where they stand, and what they hold.
type Pages = Vec<(prop::sample::Index, &'static str, Vec<Value>)>;

fn pages() -> impl Strategy<Value = Pages> {
    let at = prop_oneof![Just("start"), Just("listed"), Just("latest"), Just("later")];
    prop::collection::vec((any::<prop::sample::Index>(), at, prop::collection::vec(item(), 0..5)), 1..12)
}

proptest! {
    // Why so few: they are in every run of the tests.
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 16, ..ProptestConfig::default() })]

    #[test]
    fn any_pages_become_runs_that_can_be_read_or_a_refusal(first in pages(), then in pages()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let desk = Desk::new(4, SignedDuration::ZERO).await;
            let sources: Vec<_> = KINDS.iter().flat_map(|kind| kind.reading).collect();
            let mut base = None;
            for (pages, ulid) in [(first, "01JBBBBBBBBBBBBBBBBBBBBBBB"), (then, "01JCCCCCCCCCCCCCCCCCCCCCCC")] {
                for (source, at, items) in pages {
                    let by_id = items.iter().filter(|item| item["id"].is_string()).cloned();
                    desk.directory.by_ids(by_id.collect::<Vec<_>>());
                    desk.directory.page(source.get(&sources).name, at, items, None);
                }
                let mut progress = desk.begun();
                if !matches!(desk.go_on(&mut progress, base.as_ref(), 900).await, Ok(true)) {
                    return;
                }
                let read = manifest(&progress);
                let view = desk.view(&read, ulid).await;
                for kind in KINDS.iter().filter(|kind| view.covers(kind)) {
                    for id in ["a", "b", "c", "d", "e"] {
                        let found = view.find_object(kind, id).await.unwrap();
                        let has_id = found.is_none_or(|object| object.get("id").is_none_or(|of| of == id));
                        assert!(has_id, "{} {id}", kind.name);
                        for link in kinds::links().filter(|link| read.runs.contains_key(link.name)) {
                            view.list_links(link, id).await.unwrap();
                        }
                    }
                }
                base = Some(read);
            }
        });
    }
}
