//! However many groups hide, and however deep somebody lies in groups, each page of a filter ends in time and gets further.

use crate::shelf::Shelf;
use async_trait::async_trait;
use backup::archive::Archive;
use backup::commands::browse::Browse;
use backup::commands::filter::{Filtered, PATIENCE, PATIENCE_WITH_DOUBTS};
use backup::commands::search::Found;
use bytes::Bytes;
use domain::{Result, TenantId, kinds};
use engine::ports::{BlobName, Clock, Page, Put, Vault};
use jiff::SignedDuration;
use serde_json::json;
use std::sync::Arc;
use support::memory::ManualClock;

/// A vault of which each read takes so many milliseconds, one after the other.
struct Slow(Arc<dyn Vault>, Arc<ManualClock>, i64);

#[async_trait]
impl Vault for Slow {
    async fn put_new(&self, tenant: &TenantId, name: &BlobName, bytes: Bytes) -> Result<Put> {
        self.0.put_new(tenant, name, bytes).await
    }
    async fn find(&self, tenant: &TenantId, name: &BlobName) -> Result<Option<Bytes>> {
        self.1.advance(SignedDuration::from_millis(self.2));
        self.0.find(tenant, name).await
    }
    async fn list(
        &self,
        tenant: &TenantId,
        prefix: &str,
        after: Option<&BlobName>,
        limit: usize,
    ) -> Result<Vec<BlobName>> {
        self.0.list(tenant, prefix, after, limit).await
    }
}

/// A snapshot of these users and groups, and of who is in what: pairs of a group and a member.
async fn shelf_of(users: usize, groups: usize, visibility: &str, members: &[(String, String)]) -> Shelf {
    let mut shelf = Shelf::of(&[]).await;
    let object = |id: String| {
        let text = json!({ "id": id, "displayName": format!("Name {id}"), "visibility": visibility });
        (id, text.to_string())
    };
    let users = (0..users).map(|n| object(format!("u{n:04}"))).collect();
    let groups = (0..groups).map(|n| object(format!("g{n:04}"))).collect();
    let links = members.iter().map(|(group, member)| (format!("{group}/{member}"), String::new())).collect();
    let back = members.iter().map(|(group, member)| (format!("{member}/{group}"), String::new())).collect();
    let runs: [(&str, Vec<(String, String)>); 4] =
        [("users", users), ("groups", groups), ("groups.members", links), ("groups.members.reverse", back)];
    for (name, records) in &runs {
        let records: Vec<_> = records.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        shelf.hold(name, &records).await;
    }
    shelf.seal_another().await;
    shelf
}

/// One page of users, and how long it took.
async fn page(shelf: &Shelf, ms: i64, filter: &str, after: Option<String>) -> (Found, SignedDuration) {
    let clock = &shelf.world.clock;
    let vault = Arc::new(Slow(shelf.world.vault.clone(), clock.clone(), ms));
    let archive = Arc::new(Archive::new(vault, shelf.world.key_ring.clone(), shelf.records()).keeping(0));
    let browse = Browse { archive, records: shelf.records() };
    let asked = Filtered { kind: kinds::get("users").unwrap(), filter, name: None };
    let begun = clock.now();
    let page = Page { after, limit: 200, descending: false };
    let found = browse.filtered(&shelf.tenant, &shelf.snapshot, asked, page).await.unwrap();
    (found, SignedDuration::try_from(clock.now() - begun).unwrap())
}

/// All pages: who is meant, how many are left open, and how many pages there were. Each ends well before the function does.
async fn all(shelf: &Shelf, ms: i64, filter: &str) -> (Vec<String>, u64, usize) {
    let (mut keys, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let (found, took) = page(shelf, ms, filter, after).await;
        assert!(took < PATIENCE + PATIENCE_WITH_DOUBTS + SignedDuration::from_secs(5), "{took:?}");
        keys.extend(found.items.into_iter().map(|hit| hit.key));
        pages += 1;
        if found.next.is_none() {
            return (keys, found.undecided, pages);
        }
        after = found.next;
    }
}

#[tokio::test]
async fn pages_end_and_get_further_where_more_groups_hide_than_can_be_looked_up_in_time() {
    let members: Vec<_> = (0..50).map(|n| (format!("g{n:04}"), format!("u{n:04}"))).collect();
    let shelf = shelf_of(50, 9_000, "HiddenMembership", &members).await;
    for filter in
        ["memberOf/any(g: g/id eq 'g0001')", "transitiveMemberOf/any(g: g/displayName eq 'Name g0001')"]
    {
        let (keys, undecided, pages) = all(&shelf, 20, filter).await;
        assert_eq!((keys, undecided), (vec!["u0001".to_owned()], 49), "{filter}");
        assert!(pages < 10, "{pages} pages of {filter}");
    }
}

#[tokio::test]
async fn what_is_above_groups_that_hide_is_read_in_one_walk_where_they_are_many() {
    // A hundred classes that hide, each in its school, and each school in the one town.
    let in_school = (0..100).map(|n| (format!("g{:04}", 200 + n / 10), format!("g{n:04}")));
    let in_town = (0..10).map(|n| ("g0300".to_owned(), format!("g{:04}", 200 + n)));
    let members: Vec<_> = in_school.chain(in_town).collect();
    let shelf = shelf_of(3, 301, "HiddenMembership", &members).await;
    let (keys, undecided, _) = all(&shelf, 20, "transitiveMemberOf/any(g: g/id eq 'g0300')").await;
    assert_eq!((keys, undecided), (vec![], 3), "whoever is in a class may be in the town");
}

#[tokio::test]
async fn somebody_in_more_groups_than_can_be_followed_in_time_is_left_open_and_holds_up_nobody() {
    // Each group is far from the one that it is in.
    let nth = |n: usize| format!("g{:04}", n * 577 % 1_501);
    let chain = (0..1_500).map(|n| (nth(n + 1), nth(n)));
    let members: Vec<_> = chain.chain([(nth(0), "u0001".to_owned())]).collect();
    let chained = shelf_of(4, 1_501, "Private", &members).await;
    let last = format!("transitiveMemberOf/any(g: g/id eq '{}')", nth(1_500));
    assert_eq!(all(&chained, 20, &last).await, (vec![], 1, 3), "the one who is in the chain");
    let members: Vec<_> = (0..1_500).map(|n| (format!("g{n:04}"), "u0001".to_owned())).collect();
    let wide = shelf_of(4, 1_500, "Private", &members).await;
    let named = "memberOf/any(g: g/displayName eq 'Name g0007') or displayName eq 'Name u0003'";
    assert_eq!(all(&wide, 20, named).await, (vec!["u0003".to_owned()], 1, 3));
    let by_id = "transitiveMemberOf/any(g: g/id eq 'g0007')";
    let (keys, undecided, _) = all(&wide, 10, by_id).await;
    assert_eq!(
        (keys, undecided),
        (vec!["u0001".to_owned()], 0),
        "a level of groups is one walk, not one look each"
    );
}
