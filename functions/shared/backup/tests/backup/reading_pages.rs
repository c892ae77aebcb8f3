//! How pages become runs: nothing is left out when pages fail or work is suspended, and a delta is what it says.

use crate::paged::{Desk, manifest};
use backup::archive::{Limits, Part, SnapshotView, Way};
use domain::kinds;
use domain::stored::Manifest;
use domain::{ErrorKind, SnapshotId};
use jiff::SignedDuration;
use serde_json::{Value, json};
use support::contracts::{self, PagesProbe};

pub(crate) const AT_ONCE: SignedDuration = SignedDuration::ZERO;
pub(crate) const FACET: &str = "users.customSecurityAttributes";

pub(crate) fn user(id: &str, more: &Value) -> Value {
    let mut user = json!({"id": id, "displayName": id, "userPrincipalName": format!("{id}@x.y")});
    user.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    user
}

pub(crate) fn plain(ids: &[&str]) -> Vec<Value> {
    ids.iter().map(|id| user(id, &json!({}))).collect()
}

/// More groups than are read along a round.
pub(crate) async fn with_groups(at_once: usize, a_page_takes: SignedDuration) -> Desk {
    let desk = Desk::new(at_once, a_page_takes).await;
    let groups: Vec<_> = (0..300).map(|n| json!({"id": format!("g{n:03}"), "displayName": "G"})).collect();
    let ids = groups.iter().map(|g| json!({"id": g["id"]})).collect();
    desk.directory.page("groups", "listed", ids, None);
    desk.directory.by_ids(groups);
    desk
}

pub(crate) fn records(manifest: &Manifest, run: &str) -> u64 {
    manifest.runs[run].records
}

#[tokio::test]
async fn a_next_page_that_fails_is_asked_for_again_and_is_never_the_end() {
    let desk = Desk::new(16, AT_ONCE).await;
    desk.directory.page("users", "listed", plain(&["a", "b"]), Some("second"));
    desk.directory.page("users", "second", plain(&["c"]), None);
    desk.directory.page(
        "administrativeUnits",
        "start",
        vec![json!({"id": "1", "displayName": "1"})],
        Some("more"),
    );
    desk.directory.page("administrativeUnits", "more", vec![json!({"id": "2", "displayName": "2"})], None);
    desk.directory.fail("users", "second", ErrorKind::Unavailable, 2);
    desk.directory.fail("administrativeUnits", "more", ErrorKind::Unavailable, 1);
    let mut progress = desk.begun();
    assert!(desk.go_on(&mut progress, None, 900).await.is_err());
    assert!(desk.go_on(&mut progress, None, 900).await.is_err());
    assert!(desk.go_on(&mut progress, None, 900).await.unwrap());
    let read = manifest(&progress);
    assert_eq!(
        (records(&read, "users"), records(&read, "administrativeUnits"), read.missing),
        (3, 2, vec![])
    );
}

#[tokio::test]
async fn a_kind_that_is_put_off_again_and_again_is_not_told_as_missing() {
    let desk = Desk::new(16, AT_ONCE).await;
    desk.directory.page("users", "listed", plain(&["a"]), None);
    let throttled = ErrorKind::Throttled { retry_after_ms: None };
    desk.directory.fail("users", "listed", throttled, 8);
    let mut progress = desk.begun();
    for _ in 0..8 {
        assert_eq!(desk.go_on(&mut progress, None, 900).await.unwrap_err().kind(), throttled);
    }
    assert!(desk.go_on(&mut progress, None, 900).await.unwrap());
    let read = manifest(&progress);
    assert_eq!((records(&read, "users"), read.missing), (1, vec![]));
}

#[tokio::test]
async fn chunks_that_fail_together_are_all_asked_for_again() {
    let desk = with_groups(16, AT_ONCE).await;
    desk.directory.fail("groups", "ids", ErrorKind::Unavailable, 3);
    let mut progress = desk.begun();
    assert!(desk.go_on(&mut progress, None, 900).await.is_err());
    assert!(desk.go_on(&mut progress, None, 900).await.unwrap());
    assert_eq!(records(&manifest(&progress), "groups"), 300);
}

#[tokio::test]
async fn what_was_listed_and_not_read_when_the_work_was_put_down_is_read_by_the_next_call() {
    let desk = with_groups(1, SignedDuration::from_secs(2)).await;
    let mut progress = desk.begun();
    let mut calls = 1;
    while !desk.go_on(&mut progress, None, 20).await.unwrap() {
        calls += 1;
        assert!(calls < 50, "it never ends");
    }
    assert!(calls > 1, "one call is enough");
    assert_eq!(records(&manifest(&progress), "groups"), 300);
}

#[tokio::test]
async fn what_is_listed_and_not_given_by_its_id_is_read_in_another_way() {
    let desk = with_groups(16, AT_ONCE).await;
    let listed = |n: usize| json!({"id": format!("h{n}"), "displayName": "H"});
    let ids: Vec<_> = (0..300).map(|n| json!({"id": listed(n)["id"]})).collect();
    desk.directory.page("groups", "listed", ids, None);
    desk.directory.by_ids((1..300).map(listed));
    desk.directory.page("groups", "start", (0..300).map(listed).collect(), None);
    let read = desk.read(None).await;
    assert_eq!((records(&read, "groups"), read.missing), (300, vec![]));
}

#[tokio::test]
async fn what_is_deleted_between_its_listing_and_its_reading_costs_no_second_reading() {
    let desk = with_groups(16, AT_ONCE).await;
    let listed = (0..300).map(|n| json!({"id": format!("h{n}"), "displayName": "H"}));
    desk.directory.page("groups", "listed", listed.clone().map(|g| json!({"id": g["id"]})).collect(), None);
    desk.directory.by_ids(listed.skip(1));
    let gone = json!({"id": "h0", "@removed": {"reason": "deleted"}});
    desk.directory.page("groups", "later", vec![gone], None);
    let read = desk.read(None).await;
    assert_eq!((records(&read, "groups"), read.missing), (299, vec![]));
    assert!(!desk.directory.asked("groups").contains(&"start".to_owned()), "it is read in one way alone");
}

#[tokio::test]
async fn the_token_is_taken_first_and_what_changed_since_is_read_last() {
    let desk = Desk::new(16, AT_ONCE).await;
    desk.directory.page("users", "listed", plain(&["a"]), None);
    desk.directory.page("users", "later", plain(&["b"]), None);
    let read = desk.read(None).await;
    assert_eq!(desk.directory.asked("users"), ["latest", "listed", "later", "bin"]);
    assert_eq!(records(&read, "users"), 2);
}

#[tokio::test]
async fn a_facet_that_fails_for_a_moment_is_read_again_and_not_told_as_missing() {
    let desk = Desk::new(16, AT_ONCE).await;
    desk.directory.page("users", "listed", plain(&["a"]), None);
    let base = desk.read(None).await;
    desk.directory.fail(FACET, "start", ErrorKind::Unavailable, 1);
    let mut progress = desk.begun();
    assert!(desk.go_on(&mut progress, Some(&base), 900).await.is_err());
    assert!(desk.go_on(&mut progress, Some(&base), 900).await.unwrap());
    assert_eq!(manifest(&progress).missing, vec![]);
}

#[tokio::test]
async fn a_base_is_built_on_only_for_a_week_and_for_the_same_question_and_while_its_link_is_good() {
    let desk = Desk::new(16, AT_ONCE).await;
    desk.directory.page("users", "listed", plain(&["a"]), None);
    let base = desk.read(None).await;
    desk.directory.asked("users");
    desk.read(Some(&base)).await;
    assert_eq!(desk.directory.asked("users"), ["later"], "it is good");
    let mut other = base.clone();
    other.tokens.get_mut("users").unwrap().asked = "id".to_owned();
    let mut old = base.clone();
    *old.full_at.get_mut("users").unwrap() -= SignedDuration::from_hours(7 * 24);
    let mut stale = base.clone();
    stale.tokens.get_mut("users").unwrap().taken_at -= SignedDuration::from_hours(6 * 24);
    for base in [other, old, stale] {
        desk.read(Some(&base)).await;
        assert!(desk.directory.asked("users").contains(&"listed".to_owned()));
    }
    desk.directory.fail("users", "later", ErrorKind::NotFound, 1);
    let read = desk.read(Some(&base)).await;
    assert_eq!((records(&read, "users"), read.missing), (1, vec![]), "a lost link costs a whole reading");
}

/// Four users and a group, read whole: Bob's manager is Ann, Eve's is Bob; Ann, Bob and Cid are members.
pub(crate) async fn company() -> (Desk, Manifest) {
    let desk = Desk::new(16, AT_ONCE).await;
    let manager = |id: &str| json!({"manager": {"id": id}});
    let attributes = json!({"customSecurityAttributes": {"Set": {"Level": 1}}, "mail": "boss@x.y"});
    let users = [
        user("ann", &attributes),
        user("bob", &manager("ann")),
        user("cid", &json!({})),
        user("dan", &json!({})),
        user("eve", &manager("bob")),
    ];
    desk.directory.page("users", "listed", users.to_vec(), None);
    desk.directory.page("groups", "listed", vec![json!({"id": "staff"})], None);
    let members = json!([{"id": "ann"}, {"id": "bob"}, {"id": "cid"}]);
    let staff = json!({"id": "staff", "displayName": "Staff", "members@delta": members});
    desk.directory.page("groups", "start", vec![staff], None);
    let mut base = desk.read(None).await;
    // Why so many, a page more than few: then security attributes are not listed each time, and the delta has to speak
    // for them.
    base.runs.get_mut("users").unwrap().records = 24_000;
    (desk, base)
}

/// What is read on that base when this is what changed.
pub(crate) async fn after(
    desk: &Desk,
    base: &Manifest,
    users: Vec<Value>,
    groups: Vec<Value>,
) -> (Manifest, SnapshotView) {
    desk.directory.page("users", "later", users, None);
    desk.directory.page("groups", "later", groups, None);
    let read = desk.read(Some(base)).await;
    let ulid = SnapshotId::from_ulid("01JBBBBBBBBBBBBBBBBBBBBBBB");
    let view = desk.view(&read, ulid.as_str().trim_start_matches(SnapshotId::PREFIX)).await;
    (read, view)
}

async fn ends(view: &SnapshotView, link: &str, from: &str) -> Vec<String> {
    let found = view.list_links(kinds::link(link).unwrap(), from).await.unwrap();
    found.into_iter().map(|(to, _)| to).collect()
}

async fn back(view: &SnapshotView, link: &str, to: &str) -> Vec<String> {
    let found = view.list_links_to(kinds::link(link).unwrap(), to).await.unwrap();
    found.into_iter().map(|(from, _)| from).collect()
}

async fn found(view: &SnapshotView, part: &str) -> Vec<String> {
    searched(view, part, 10).await
}

/// The keys of what a search finds, in pages of so many, until it is over.
async fn searched(view: &SnapshotView, part: &str, hits: usize) -> Vec<String> {
    let (users, mut keys) = (kinds::get("users").unwrap(), Vec::new());
    for way in [Way::Begins, Way::Inside] {
        let mut after = None;
        loop {
            let limits = Limits { hits, reads: u64::MAX };
            let page = view.search(users, way, &Part::of(part), after.as_deref(), limits).await.unwrap();
            assert!(page.hits.len() <= hits);
            keys.extend(page.hits.into_iter().map(|hit| hit.key));
            after = page.last;
            if after.is_none() {
                break;
            }
        }
    }
    keys
}

#[tokio::test]
async fn who_is_deleted_takes_links_along_and_only_for_good_those_of_others() {
    let (desk, base) = company().await;
    let gone = |id: &str, reason: &str| json!({"id": id, "@removed": {"reason": reason}});
    let users = vec![gone("ann", "changed"), gone("cid", "deleted"), gone("eve", "changed")];
    let (read, view) = after(&desk, &base, users, vec![]).await;
    let users = kinds::get("users").unwrap();
    for (id, is_there) in [("ann", false), ("bob", true), ("cid", false), ("dan", true), ("eve", false)] {
        assert_eq!(view.find_object(users, id).await.unwrap().is_some(), is_there, "{id}");
    }
    assert_eq!(ends(&view, "groups.members", "staff").await, ["ann", "bob"], "Cid is gone for good");
    assert_eq!(back(&view, "groups.members", "cid").await, [""; 0]);
    assert_eq!(ends(&view, "users.manager", "bob").await, ["ann"], "she is in the recycle bin");
    assert_eq!(ends(&view, "users.manager", "eve").await, [""; 0], "her own links went with her");
    assert_eq!(back(&view, "users.manager", "bob").await, [""; 0]);
    assert_eq!((records(&base, FACET), records(&read, FACET)), (1, 0));
    assert_eq!(found(&view, "ann").await, [""; 0]);
}

#[tokio::test]
async fn what_a_delta_does_not_name_stays_and_what_it_names_is_so_in_both_directions() {
    let (desk, base) = company().await;
    let changed = json!({"id": "bob", "displayName": "Robert", "manager@delta": [{"id": "dan"}]});
    let gone = json!([{"id": "bob", "@removed": {"reason": "deleted"}}]);
    let left = json!({"id": "staff", "description": "new", "members@delta": gone});
    let (_, view) = after(&desk, &base, vec![changed], vec![left]).await;
    let bob = view.find_object(kinds::get("users").unwrap(), "bob").await.unwrap().unwrap();
    assert_eq!((&bob["displayName"], &bob["userPrincipalName"]), (&json!("Robert"), &json!("bob@x.y")));
    let staff = view.find_object(kinds::get("groups").unwrap(), "staff").await.unwrap().unwrap();
    assert_eq!((&staff["displayName"], &staff["description"]), (&json!("Staff"), &json!("new")));
    assert_eq!(ends(&view, "users.manager", "bob").await, ["dan"]);
    assert_eq!(back(&view, "users.manager", "ann").await, [""; 0]);
    assert_eq!(ends(&view, "groups.members", "staff").await, ["ann", "cid"]);
    assert_eq!(back(&view, "groups.members", "bob").await, [""; 0]);
    assert_eq!(found(&view, "rob").await, ["bob"], "by the new name");
    assert_eq!(found(&view, "boss@").await, ["ann"], "by an address");
    let names = view.list_where(kinds::get("users").unwrap(), |_| true).await.unwrap().len();
    assert_eq!(names, 5);
    assert_eq!(records(view.manifest(), "users.names"), records(&base, "users.names"), "no old name stays");
}

#[tokio::test]
async fn who_is_deleted_and_there_again_in_one_delta_keeps_nothing_of_before() {
    let (desk, base) = company().await;
    let gone = json!({"id": "ann", "@removed": {"reason": "changed"}});
    let again = json!({"id": "ann", "displayName": "Ann again"});
    let (_, view) = after(&desk, &base, vec![gone, again], vec![]).await;
    let ann = view.find_object(kinds::get("users").unwrap(), "ann").await.unwrap().unwrap();
    assert_eq!((&ann["displayName"], &ann["mail"]), (&json!("Ann again"), &Value::Null));
    assert_eq!(ann["customSecurityAttributes"], Value::Null);
}

#[tokio::test]
async fn when_everything_was_read_last_is_not_moved_by_a_reading_of_changes() {
    let (desk, base) = company().await;
    desk.world.clock.advance(SignedDuration::from_hours(1));
    let (read, _) = after(&desk, &base, plain(&["dan"]), vec![]).await;
    for kind in ["users", "groups"] {
        assert_eq!(read.full_at[kind], base.full_at[kind], "{kind}");
    }
    assert!(read.full_at["roles"] > base.full_at["roles"], "a list is read whole each time");
    assert_eq!(read.full_at[FACET], base.full_at[FACET], "of so many users not each hour");
}

#[tokio::test]
async fn what_was_cleared_is_empty_once_everything_is_read_again() {
    let desk = Desk::new(16, AT_ONCE).await;
    let unit = json!({"id": "u", "displayName": "U", "description": "to be cleared"});
    desk.directory.page("administrativeUnits", "start", vec![unit], None);
    let mut base = desk.read(None).await;
    *base.full_at.get_mut("administrativeUnits").unwrap() -= SignedDuration::from_hours(7 * 24);
    // Of what is empty a round of everything says nothing.
    let cleared = json!({"id": "u", "displayName": "U"});
    desk.directory.page("administrativeUnits", "start", vec![cleared], None);
    let read = desk.read(Some(&base)).await;
    let view = desk.view(&read, "01JBBBBBBBBBBBBBBBBBBBBBBB").await;
    let units = kinds::get("administrativeUnits").unwrap();
    let unit = view.find_object(units, "u").await.unwrap().unwrap();
    assert_eq!(unit["displayName"], json!("U"));
    assert!(unit.get("description").is_none_or(Value::is_null), "{unit:?}");
}

#[tokio::test]
async fn a_page_that_names_all_members_takes_the_others_away() {
    let (desk, base) = company().await;
    let whole = json!({"id": "staff", "displayName": "Staff", "members": [{"id": "dan"}]});
    let (_, view) = after(&desk, &base, vec![], vec![whole]).await;
    assert_eq!(ends(&view, "groups.members", "staff").await, ["dan"]);
    assert_eq!(back(&view, "groups.members", "ann").await, [""; 0]);
}

#[tokio::test]
async fn a_facet_that_is_listed_whole_is_gone_where_the_list_does_not_name_it() {
    let (desk, mut base) = company().await;
    base.runs.get_mut("users").unwrap().records = 5;
    let listed = json!({"id": "dan", "customSecurityAttributes": {"Set": {"Level": 2}}});
    desk.directory.page(FACET, "start", vec![listed], None);
    let (read, view) = after(&desk, &base, vec![], vec![]).await;
    assert_eq!(records(&read, FACET), 1);
    let users = kinds::get("users").unwrap();
    for (id, level) in [("ann", Value::Null), ("dan", json!(2))] {
        let object = view.find_object(users, id).await.unwrap().unwrap();
        assert_eq!(object["customSecurityAttributes"]["Set"]["Level"], level, "{id}");
    }
}

#[tokio::test]
async fn a_search_is_told_page_by_page_each_object_once_and_ends() {
    let desk = Desk::new(16, AT_ONCE).await;
    let users = (0..7).map(|n| user(&format!("u{n}"), &json!({"displayName": format!("Ann Annason {n}")})));
    desk.directory.page("users", "listed", users.collect(), None);
    let read = desk.read(None).await;
    let view = desk.view(&read, "01JBBBBBBBBBBBBBBBBBBBBBBB").await;
    let users = kinds::get("users").unwrap();
    let mut seen = searched(&view, "ann", 3).await;
    seen.sort();
    assert_eq!(seen, ["u0", "u1", "u2", "u3", "u4", "u5", "u6"], "each once, though two words find it");
    assert_eq!(found(&view, "anna").await.len(), 7);
    assert_eq!(found(&view, "nnaso").await.len(), 7, "inside a word");
    let (mut listed, mut after) = (Vec::new(), None::<String>);
    loop {
        let (hits, next) = view.list_objects(users, after.as_deref(), 3).await.unwrap();
        listed.extend(hits.into_iter().map(|hit| hit.key));
        after = next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(listed, ["u0", "u1", "u2", "u3", "u4", "u5", "u6"]);
}

/// The administrator of a tenant that is a few pages which a test wrote down.
struct Written(Desk);

#[async_trait::async_trait]
impl PagesProbe for Written {
    async fn user_ids(&self) -> Vec<String> {
        ["a", "b", "c"].map(str::to_owned).into()
    }
    async fn rename_one(&self, name: &str) -> String {
        let renamed = user("b", &json!({ "displayName": name }));
        self.0.directory.page("users", "later", vec![renamed], None);
        "b".to_owned()
    }
    async fn forget_changes(&self) {
        self.0.directory.fail("users", "later", ErrorKind::NotFound, u32::MAX);
    }
}

#[tokio::test]
async fn pages_that_are_written_down_keep_the_contract_of_a_directory() {
    let written = Written(Desk::new(16, AT_ONCE).await);
    written.0.directory.page("users", "listed", plain(&["a", "b"]), Some("second"));
    written.0.directory.page("users", "second", plain(&["c"]), None);
    let tenant = written.0.archive.tenant().clone();
    contracts::directory_pages(written.0.directory.clone(), &tenant, &written).await;
}
