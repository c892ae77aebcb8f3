//! The contract of `WholeCatalog`: a walk over all scopes meets every row once.

use super::Subjects;
use super::catalog::now;
use engine::ports::{Row, Write};
use engine::upgrade::WholeCatalog;
use serde_json::json;
use std::collections::BTreeSet;

/// How many rows are walked: more than a part holds.
const ROWS: usize = 1_100;

/// Asserts the contract of `WholeCatalog`. What else is in the catalog may be met, too.
pub async fn whole_catalog(catalog: &dyn WholeCatalog, subjects: &Subjects) {
    let scopes = subjects.scopes();
    let mut expected = BTreeSet::new();
    let all: Vec<_> =
        (0..ROWS).map(|n| (scopes[n % scopes.len()].clone(), format!("whole#{n:04}"))).collect();
    for part in all.chunks(50) {
        let writes = part.iter().map(|(scope, key)| {
            expected.insert((scope.clone(), key.clone()));
            Write::PutNew(scope.clone(), Row::new(key, json!({})))
        });
        catalog.write(now(), writes.collect()).await.expect("new rows are taken");
    }
    let (mut met, mut parts, mut after) = (Vec::new(), 0, None);
    loop {
        let part = catalog.list_all_scopes(after).await.expect("the catalog is walked");
        assert!(part.rows.len() <= 1_000, "a part has at most a thousand rows");
        met.extend(part.rows.into_iter().map(|(scope, row)| (scope, row.key)));
        parts += 1;
        after = part.next;
        if after.is_none() {
            break;
        }
    }
    met.retain(|(_, key)| key.starts_with("whole#"));
    assert_eq!(met.len(), ROWS, "each is met once");
    assert_eq!(met.into_iter().collect::<BTreeSet<_>>(), expected);
    assert!(parts > 1, "there is more than one part");
    assert!(catalog.list_all_scopes(Some("nothing of ours".to_owned())).await.is_err());
}
