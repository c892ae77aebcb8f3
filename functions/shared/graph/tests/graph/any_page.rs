//! Whatever Graph answers, a page is read or refused, and no link of it leads anywhere but to Graph. Few cases each time, a
//! sixteenth of `PROPTEST_CASES`; many by `PROPTEST_CASES=100000 cargo test --workspace --test graph -- any_page`.

use crate::common::{ok, status, tenant, world};
use domain::kinds::KINDS;
use engine::ports::{Cursor, DirectoryAccess, DirectoryPages, PageEnd};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// Stands in a page for the address of another server.
const ELSEWHERE: &str = "http://elsewhere.invalid";

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => any::<String>(),
        2 => "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}",
        1 => "#microsoft\\.graph\\.(user|group|servicePrincipal|x)",
        1 => "https?://[a-z0-9.@:/-]{0,30}",
        1 => "//[a-z.]{1,10}/v1.0/users",
        2 => Just(format!("{ELSEWHERE}/v1.0/users")),
        1 => Just("changed".to_owned()),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 30, 6, |inner| {
        let key = prop_oneof![
            "id",
            "displayName",
            "members@delta",
            "@removed",
            "reason",
            "@odata\\.type",
            "value",
            "@odata\\.nextLink",
            "@odata\\.deltaLink",
            "principalId",
            "directoryScopeId",
            "error",
            "code",
            any::<String>(),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A page: now and then nearly a good one.
fn page() -> impl Strategy<Value = Value> {
    let nearly = (prop::collection::vec(value(), 0..4), text(), 0..3u8).prop_map(|(items, link, which)| {
        let mut page = json!({ "value": items });
        match which {
            0 => page["@odata.nextLink"] = link.into(),
            1 => page["@odata.deltaLink"] = link.into(),
            _ => {}
        }
        page
    });
    prop_oneof![3 => nearly, 1 => value()]
}

proptest! {
    // Why so few: they are in every run of the tests.
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 16, ..ProptestConfig::default() })]

    #[test]
    fn any_page_is_read_or_refused_and_leads_nowhere_else(
        pages in prop::collection::vec((page(), prop_oneof![8 => Just(200u16), 1 => 400..420u16, 1 => Just(503)]), 1..6),
        at in any::<prop::sample::Index>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let elsewhere = world(|_| Some(ok(json!({ "value": [] })))).await;
            let next = Arc::new(Mutex::new((Value::Null, 200)));
            let told = next.clone();
            let world = world(move |seen| {
                let (body, code) = told.lock().unwrap().clone();
                (!seen.path.ends_with("/token")).then(|| if code == 200 { ok(body) } else { status(code, body) })
            })
            .await;
            let sources: Vec<_> = KINDS.iter().flat_map(|kind| kind.reading).collect();
            let source = at.get(&sources);
            let directory = world.directory();
            for (page, code) in pages {
                let page = page.to_string().replace(ELSEWHERE, &elsewhere.url);
                *next.lock().unwrap() = (serde_json::from_str(&page).unwrap(), code);
                for cursor in [Cursor::Start, Cursor::Listed] {
                    let Ok(read) = directory.read_page(&tenant(), source, &cursor, &[]).await else { continue };
                    let _ = read.values();
                    // Where it leads is asked once more: a link to elsewhere is refused before anything is sent.
                    if let PageEnd::More(cursor) = read.end {
                        let _ = directory.read_page(&tenant(), source, &cursor, &[]).await;
                    }
                }
                let _ = directory.standing(&tenant(), "0a000000-0000-4000-8000-000000000001").await;
                let _ = directory.organisation(&tenant()).await;
            }
            assert_eq!(elsewhere.lines(), [""; 0], "a token went elsewhere");
        });
    }
}
