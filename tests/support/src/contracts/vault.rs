//! The contract of `Vault`, `VaultKeeper` and `VaultSweeper`.

use super::{Allowance, Allowances, Subjects, refused};
use bytes::Bytes;
use domain::{ErrorKind, TenantId, Timestamp};
use engine::ports::{BlobName, Kept, Put, Vault, VaultKeeper, VaultSweeper};
use futures::future::join_all;
use jiff::SignedDuration;
use std::sync::Arc;

const NAMES_COUNT: usize = 1_050;

fn name(text: &str) -> BlobName {
    BlobName::new(text).expect("a literal name")
}

/// Asserts the contract of `Vault`.
pub async fn vault(vault: Arc<dyn Vault>, subjects: &Subjects, allowances: &Allowances) {
    every_byte_comes_back(&*vault, &subjects.tenant).await;
    what_is_there_is_never_replaced(&*vault, &subjects.tenant).await;
    one_of_many_writers_wins(&vault, &subjects.tenant, allowances).await;
    tenants_never_meet(&*vault, subjects).await;
    names_are_listed_in_byte_order(&*vault, &subjects.tenant).await;
    many_names_are_listed_page_by_page(&*vault, &subjects.tenant).await;
}

async fn every_byte_comes_back(vault: &dyn Vault, tenant: &TenantId) {
    assert_eq!(vault.find(tenant, &name("bytes/absent")).await.unwrap(), None);
    let all_bytes: Vec<u8> = (0..=255).collect();
    let large: Vec<u8> = (0..5_000_000_u32).map(|n| n.to_le_bytes()[usize::from(n % 3 == 0)]).collect();
    for (text, bytes) in [("bytes/all", all_bytes), ("bytes/empty", Vec::new()), ("bytes/large", large)] {
        let (name, bytes) = (name(text), Bytes::from(bytes));
        assert_eq!(vault.put_new(tenant, &name, bytes.clone()).await.unwrap(), Put::New, "{name}");
        let found = vault.find(tenant, &name).await.unwrap();
        assert!(found.as_ref() == Some(&bytes), "{name}: other bytes came back");
    }
    let long = name(&format!("bytes/{}", "long-".repeat(40)));
    assert_eq!(vault.put_new(tenant, &long, "x".into()).await.unwrap(), Put::New);
    assert_eq!(vault.find(tenant, &long).await.unwrap().unwrap(), "x", "a long name");
}

async fn what_is_there_is_never_replaced(vault: &dyn Vault, tenant: &TenantId) {
    let name = name("kept/a.b_c-d");
    assert_eq!(vault.put_new(tenant, &name, "first".into()).await.unwrap(), Put::New);
    for again in ["first", "second", ""] {
        assert_eq!(vault.put_new(tenant, &name, again.into()).await.unwrap(), Put::AlreadyThere);
    }
    assert_eq!(vault.find(tenant, &name).await.unwrap().unwrap(), "first");
}

async fn one_of_many_writers_wins(vault: &Arc<dyn Vault>, tenant: &TenantId, allowances: &Allowances) {
    let name = name("race/one");
    let writers = (0..16).map(|n| {
        let (vault, tenant, name) = (vault.clone(), tenant.clone(), name.clone());
        // Why: tasks, so that on a runtime with several threads they truly meet.
        tokio::spawn(async move {
            let bytes = Bytes::from(format!("writer {n} ").repeat(5_000));
            (bytes.clone(), vault.put_new(&tenant, &name, bytes).await)
        })
    });
    let mut winners = Vec::new();
    for outcome in join_all(writers).await {
        match outcome.expect("no writer panics") {
            (bytes, Ok(Put::New)) => winners.push(bytes),
            (_, Ok(Put::AlreadyThere)) => {}
            (_, Err(error)) => assert!(
                error.is_transient() && allowances.has(Allowance::LosersMayFailTransiently),
                "a loser failed: {error}"
            ),
        }
    }
    assert_eq!(winners.len(), 1, "exactly one of 16 writers is told that the blob is new");
    assert!(vault.find(tenant, &name).await.unwrap().as_ref() == winners.first(), "the winner's bytes stay");
}

async fn tenants_never_meet(vault: &dyn Vault, subjects: &Subjects) {
    let name = name("walls/same");
    for (tenant, bytes) in [(&subjects.tenant, "mine"), (&subjects.other, "theirs")] {
        assert_eq!(vault.put_new(tenant, &name, bytes.into()).await.unwrap(), Put::New);
    }
    assert_eq!(vault.find(&subjects.tenant, &name).await.unwrap().unwrap(), "mine");
    assert_eq!(vault.find(&subjects.other, &name).await.unwrap().unwrap(), "theirs");
    let only_theirs = BlobName::new("walls/theirs").expect("a literal name");
    vault.put_new(&subjects.other, &only_theirs, "x".into()).await.unwrap();
    assert_eq!(vault.find(&subjects.tenant, &only_theirs).await.unwrap(), None);
    assert_eq!(vault.list(&subjects.tenant, "walls/", None, 10).await.unwrap(), [name]);
}

async fn names_are_listed_in_byte_order(vault: &dyn Vault, tenant: &TenantId) {
    // `-` < `.` < `/` < digits < `_` < letters.
    let sorted = ["o/a", "o/a-b", "o/a.b", "o/a/b", "o/a0", "o/a_b", "o/aa", "o/b", "oa"];
    for text in sorted.iter().rev() {
        vault.put_new(tenant, &name(text), "x".into()).await.unwrap();
    }
    let listed = async |prefix: &str, after: Option<&str>, limit| -> Vec<String> {
        let after = after.map(name);
        let names = vault.list(tenant, prefix, after.as_ref(), limit).await.unwrap();
        names.iter().map(ToString::to_string).collect()
    };
    assert_eq!(listed("o", None, 1000).await, sorted);
    assert_eq!(listed("o/", None, 1000).await, sorted[..8]);
    assert_eq!(listed("o/a", None, 1000).await, sorted[..7], "a prefix may end within a part");
    assert_eq!(listed("o/a/", None, 1000).await, ["o/a/b"]);
    assert_eq!(listed("o/", Some("o/a.b"), 2).await, sorted[3..5], "after is exclusive");
    assert_eq!(listed("o/", Some("o/a0a"), 1).await, ["o/a_b"], "after need not exist");
    assert_eq!(listed("o/", Some("o/b"), 10).await, [""; 0]);
    assert_eq!(listed("o/zz", None, 10).await, [""; 0]);
    let sorted_names: Vec<String> = listed("", None, 1000).await;
    assert!(sorted_names.windows(2).all(|pair| pair[0] < pair[1]) && sorted_names.contains(&"oa".to_owned()));
    for limit in [0, 1001] {
        refused(vault.list(tenant, "o/", None, limit).await, ErrorKind::Invalid, "a wrong limit");
    }
}

async fn many_names_are_listed_page_by_page(vault: &dyn Vault, tenant: &TenantId) {
    let names: Vec<_> = (0..NAMES_COUNT).map(|n| name(&format!("many/{n:05}"))).collect();
    for some in names.chunks(50) {
        for put in join_all(some.iter().map(|name| vault.put_new(tenant, name, "x".into()))).await {
            assert_eq!(put.unwrap(), Put::New);
        }
    }
    for limit in [1000, 700] {
        let mut listed: Vec<BlobName> = Vec::new();
        loop {
            let page = vault.list(tenant, "many/", listed.last(), limit).await.unwrap();
            assert!(page.len() <= limit);
            if page.is_empty() {
                break;
            }
            listed.extend(page);
        }
        assert!(listed == names, "{} of {NAMES_COUNT} names, or in another order", listed.len());
    }
}

/// Asserts the contract of `VaultKeeper`, over the vault whose blobs it locks.
pub async fn vault_keeper(
    keeper: Arc<dyn VaultKeeper>,
    vault: Arc<dyn Vault>,
    now: Timestamp,
    subjects: &Subjects,
) {
    let (locked, missing) = (name("keep/locked"), name("keep/missing"));
    vault.put_new(&subjects.tenant, &locked, "x".into()).await.unwrap();
    let until = |days: i64| now + SignedDuration::from_hours(24 * days);
    let first = keeper.keep_until(&subjects.tenant, &locked, until(2)).await.expect("it is there");
    for days in [2, 3] {
        assert_eq!(keeper.keep_until(&subjects.tenant, &locked, until(days)).await.unwrap(), first, "{days}");
    }
    assert_eq!(vault.find(&subjects.tenant, &locked).await.unwrap().unwrap(), "x", "it is as it was");
    if first == Kept::Locked {
        keeper.keep_until(&subjects.tenant, &missing, until(2)).await.expect_err("there is no such blob");
        keeper.keep_until(&subjects.other, &locked, until(2)).await.expect_err("another tenant has none");
    }
}

/// Asserts the contract of `VaultSweeper`, its `Vault` part excepted.
pub async fn vault_sweeper(vault: Arc<dyn VaultSweeper>, subjects: &Subjects) {
    let (gone, kept) = (name("sweep/gone"), name("sweep/gone-not"));
    for tenant in [&subjects.tenant, &subjects.other] {
        for name in [&gone, &kept] {
            vault.put_new(tenant, name, "x".into()).await.unwrap();
        }
    }
    for _ in 0..2 {
        vault.delete(&subjects.tenant, &gone).await.expect("removing what is not there is fine");
        assert_eq!(vault.find(&subjects.tenant, &gone).await.unwrap(), None);
    }
    assert_eq!(vault.list(&subjects.tenant, "sweep/", None, 10).await.unwrap(), std::slice::from_ref(&kept));
    assert_eq!(vault.list(&subjects.other, "sweep/", None, 10).await.unwrap(), [gone.clone(), kept]);
    assert_eq!(vault.put_new(&subjects.tenant, &gone, "again".into()).await.unwrap(), Put::New);
    assert_eq!(vault.find(&subjects.tenant, &gone).await.unwrap().unwrap(), "again");
}
