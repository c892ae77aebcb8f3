//! Accounts with their names, as far as the newest snapshot tells them: what it cannot tell hides nothing else.

use crate::chain::{Chain, State};
use backup::commands::marks::Marks;
use domain::stored::Manifest;
use engine::ports::BlobName;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

#[tokio::test]
async fn accounts_are_told_without_names_where_the_newest_snapshot_cannot_be_read() {
    let mut chain = Chain::with(false).await;
    let ann = json!({ "id": "ann", "displayName": "Ann Lee" }).to_string();
    let held = State::from([("users".to_owned(), BTreeMap::from([("ann".to_owned(), ann)]))]);
    let newest = chain.seal(&held).await;
    let of_one = |chain: &Chain| Marks {
        archive: chain.opened(),
        records: chain.records(),
        clock: chain.world.clock.clone(),
    };
    let ids = BTreeSet::from(["ann"]);
    let named = of_one(&chain).accounts(&chain.tenant, &ids).await.unwrap();
    assert_eq!(named.names, BTreeMap::from([("ann".to_owned(), "Ann Lee".to_owned())]));
    chain.damage(&newest);
    let unnamed = of_one(&chain).accounts(&chain.tenant, &ids).await.unwrap();
    assert!(unnamed.names.is_empty(), "{unnamed:?}");
    let manifest = BlobName::new(Manifest::blob_name(&newest)).unwrap();
    assert!(chain.world.vault.remove(&chain.tenant, &manifest));
    let unnamed = of_one(&chain).accounts(&chain.tenant, &ids).await.unwrap();
    assert!(unnamed.names.is_empty(), "{unnamed:?}");
}
