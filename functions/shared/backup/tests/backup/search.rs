//! Search by a part of a name: what all its pages together find is what a filter over all names finds.

use crate::shelf::{FOLDS, Shelf, filtered};
use backup::commands::search::READS;
use domain::{ErrorKind, kinds};
use engine::ports::Page;
use engine::records::{Record, StoredKey, delete};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn page(after: Option<String>, limit: usize) -> Page {
    Page { after, limit, descending: false }
}

/// All pages: what they hold in the order of their telling.
async fn walk(shelf: &Shelf, kind: Option<&str>, part: &str, limit: usize) -> Vec<(String, String)> {
    let kind = kind.map(|k| kinds::get(k).unwrap());
    let (mut found, mut after) = (Vec::new(), None);
    for _ in 0..5_000 {
        let browse = shelf.browse();
        let listed = browse
            .objects(&shelf.tenant, &shelf.snapshot, kind, Some(part), page(after, limit))
            .await
            .unwrap();
        assert!(listed.items.len() <= limit, "a page of at most {limit}");
        found.extend(listed.items.into_iter().map(|hit| (hit.kind.to_string(), hit.key)));
        after = listed.next;
        if after.is_none() {
            return found;
        }
    }
    panic!("the pages of {part:?} have no end");
}

fn set(found: &[(String, String)]) -> BTreeSet<(String, String)> {
    found.iter().cloned().collect()
}

#[tokio::test]
async fn a_part_inside_of_words_finds_all_of_them_and_not_one_page() {
    let names: Vec<_> = (0..300).map(|n| (format!("u{n:03}"), format!("Werner {n}"))).collect();
    let shelf = Shelf::of(&[("users", &names)]).await;
    let found = walk(&shelf, None, "erne", 50).await;
    assert_eq!((found.len(), set(&found).len()), (300, 300));
}

#[tokio::test]
async fn a_page_that_is_exactly_full_is_not_the_end() {
    let names = [("u1", "Ann"), ("u2", "Annika"), ("u3", "Joann"), ("u4", "Hannah")];
    let names: Vec<_> = names.map(|(id, name)| (id.to_owned(), name.to_owned())).into();
    let shelf = Shelf::of(&[("users", &names)]).await;
    let found = walk(&shelf, Some("users"), "ann", 2).await;
    assert_eq!(set(&found).len(), 4);
    let begins: BTreeSet<_> = found[..2].iter().map(|(_, id)| id.as_str()).collect();
    assert_eq!(begins, ["u1", "u2"].into(), "what begins with it comes first: {found:?}");
}

#[tokio::test]
async fn a_page_that_is_not_full_holds_what_every_walk_finds() {
    let names = [("u1", "Ann"), ("u2", "Joann"), ("u3", "Bob")];
    let names: Vec<_> = names.map(|(id, name)| (id.to_owned(), name.to_owned())).into();
    let shelf = Shelf::of(&[("users", &names), ("groups", &names)]).await;
    let (browse, page) = (shelf.browse(), page(None, 10));
    let listed = browse.objects(&shelf.tenant, &shelf.snapshot, None, Some("ann"), page).await.unwrap();
    assert_eq!((listed.items.len(), listed.complete), (4, true));
}

#[tokio::test]
async fn an_object_that_two_of_its_words_find_is_told_once_on_whatever_page() {
    let names: Vec<_> = (0..9).map(|n| (format!("u{n}"), format!("Ann{n} Annex Anna"))).collect();
    let shelf = Shelf::of(&[("users", &names)]).await;
    for limit in 1..=10 {
        let found = walk(&shelf, None, "ann", limit).await;
        assert_eq!((found.len(), set(&found).len()), (9, 9), "limit {limit}: {found:?}");
    }
}

#[tokio::test]
async fn a_page_says_that_it_is_complete_only_when_everything_was_looked_at_and_what_that_was() {
    let names: Vec<_> = (0..7).map(|n| (format!("u{n}"), format!("Werner {n}"))).collect();
    let mut shelf = Shelf::of(&[("users", &names)]).await;
    shelf.miss("groups", "Group.Read.All is not granted").await;
    let (mut after, mut found) = (None, 0);
    loop {
        let browse = shelf.browse();
        let listed =
            browse.objects(&shelf.tenant, &shelf.snapshot, None, Some("ERNE"), page(after, 3)).await.unwrap();
        found += listed.items.len();
        assert_eq!(listed.complete, listed.next.is_none());
        assert!(!listed.complete || found == 7, "{found} of 7");
        assert_eq!(
            (&listed.searched.snapshot, &listed.searched.kinds),
            (&shelf.snapshot, &vec![support::kind("users").name])
        );
        assert_eq!(listed.searched.not_held.len(), kinds::KINDS.len() - 1, "nothing is said of these");
        let groups =
            listed.searched.not_held.iter().find(|n| n.kind == support::kind("groups").name).unwrap();
        assert_eq!(groups.why.as_deref(), Some("Group.Read.All is not granted"));
        after = listed.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found, 7);
}

#[tokio::test]
async fn what_is_not_known_of_what_is_searched_is_named() {
    let names = [("u1", "Ann"), ("u2", "Joann")].map(|(id, name)| (id.to_owned(), name.to_owned()));
    let mut shelf = Shelf::of(&[("users", &names.into())]).await;
    for (missing, part) in [("users.mail", "mail"), ("users/u3", "u3"), ("users.displayName", "displayName")]
    {
        shelf.miss(missing, "Graph did not say").await;
        let (browse, users) = (shelf.browse(), Some(kinds::get("users").unwrap()));
        let said = async |name: Option<&str>| {
            let found =
                browse.objects(&shelf.tenant, &shelf.snapshot, users, name, page(None, 10)).await.unwrap();
            let parts = found.searched.not_held.into_iter();
            parts.map(|held| (held.part.unwrap(), held.why.unwrap())).collect::<Vec<_>>()
        };
        let named = vec![(part.to_owned(), "Graph did not say".to_owned())];
        assert_eq!(said(Some("ann")).await, named);
        // Who lists all asks about no property.
        let is_object = missing.contains('/');
        assert_eq!(said(None).await, if is_object { named } else { vec![] });
        assert_eq!(
            browse
                .objects(&shelf.tenant, &shelf.snapshot, users, None, page(None, 9))
                .await
                .unwrap()
                .searched
                .as_of,
            engine::ports::Clock::now(&*shelf.world.clock)
        );
    }
}

#[tokio::test]
async fn that_an_id_is_nobodys_among_one_kind_says_nothing_of_another() {
    let named = |id: &str, name: &str| vec![(id.to_owned(), name.to_owned())];
    let shelf = Shelf::of(&[("users", &named("u", "Ann")), ("groups", &named("g", "Night"))]).await;
    let view = shelf.browse().open(&shelf.tenant, &shelf.snapshot).await.unwrap();
    let [users, groups] = ["users", "groups"].map(|kind| kinds::get(kind).unwrap().name);
    for (kinds, id, name) in [
        (&[users][..], "g", None),
        (&[groups], "g", Some("Night")),
        (&[users], "g", None),
        (&[], "g", Some("Night")),
        (&[users, groups], "u", Some("Ann")),
        (&[groups], "u", None),
        (&[users], "u", Some("Ann")),
    ] {
        assert_eq!(view.find_name(kinds, id).await.unwrap().as_deref(), name, "{id} of {kinds:?}");
    }
    shelf.reads();
    view.find_name(&[users], "g").await.unwrap();
    assert_eq!(shelf.reads(), 0, "what was found is not looked for again");
}

#[tokio::test]
async fn an_object_is_found_by_its_id_whatever_its_kind() {
    let names = [("a1", "Ann"), ("b|C|/|", "Bob")].map(|(id, name)| (id.to_owned(), name.to_owned()));
    let more = [("a1".to_owned(), "Group".to_owned())];
    let shelf = Shelf::of(&[("users", &names.into()), ("groups", &more.into())]).await;
    let groups = Some(kinds::get("groups").unwrap());
    for (kind, key, wanted) in [
        (None, "a1", vec![("users", "Ann"), ("groups", "Group")]),
        (None, "A1", vec![("users", "Ann"), ("groups", "Group")]),
        (groups, "a1", vec![("groups", "Group")]),
        (None, "b|C|/|", vec![("users", "Bob")]),
        // As people paste it.
        (groups, " {A1}\t", vec![("groups", "Group")]),
        (None, "a", vec![]),
        (None, "{a1", vec![]),
    ] {
        let found = shelf.browse().by_id(&shelf.tenant, &shelf.snapshot, kind, key).await.unwrap();
        let told: Vec<_> =
            found.items.iter().map(|hit| (hit.kind.to_string(), hit.name.clone().unwrap())).collect();
        let wanted: Vec<_> = wanted.into_iter().map(|(k, n)| (k.to_owned(), n.to_owned())).collect();
        assert_eq!((told, found.complete), (wanted, true), "{key}");
    }
}

#[tokio::test]
async fn that_an_id_lay_in_the_recycle_bin_is_said_by_the_search_for_it() {
    let mut shelf = Shelf::of(&[("users", &vec![("a1".to_owned(), "Ann".to_owned())])]).await;
    shelf.hold("users.bin", &[("b2", "")]).await;
    shelf.seal_another().await;
    for (key, items, deleted) in [("a1", 1, vec![]), ("B2", 0, vec!["b2"]), ("c3", 0, vec![])] {
        let found = shelf.browse().by_id(&shelf.tenant, &shelf.snapshot, None, key).await.unwrap();
        let in_bin: Vec<_> = found.in_recycle_bin.iter().map(|hit| hit.key.as_str()).collect();
        assert_eq!((found.items.len(), in_bin), (items, deleted), "{key}");
    }
}

#[tokio::test]
async fn a_search_without_hits_reads_so_much_in_a_request_and_goes_on_in_the_next() {
    let names: Vec<_> = (0..2_000).map(|n| (format!("u{n:04}"), format!("Werner {n}"))).collect();
    let shelf = Shelf::of(&[("users", &names)]).await;
    // What a walk fetches ahead, and what the last keys that are looked at together need, comes on top.
    let most = usize::try_from(READS).unwrap() + 96;
    for (part, wanted) in [("zzzz", 0), ("erne", 2_000), ("((", 0)] {
        let (mut found, mut requests, mut after) = (0, 0, None);
        loop {
            let browse = shelf.browse();
            let listed = browse
                .objects(&shelf.tenant, &shelf.snapshot, None, Some(part), page(after, 200))
                .await
                .unwrap();
            let reads = shelf.reads();
            assert!(reads <= most, "{reads} reads for a page of {part:?}");
            (found, requests, after) = (found + listed.items.len(), requests + 1, listed.next);
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found, wanted, "{part:?}");
        assert!((2..100).contains(&requests), "{requests} requests for {part:?}");
    }
}

#[tokio::test]
async fn what_one_request_opened_the_next_does_not_read_again() {
    let names: Vec<_> = (0..300).map(|n| (format!("u{n:03}"), format!("Werner {n}"))).collect();
    let shelf = Shelf::of(&[("users", &names)]).await;
    let instance = shelf.instance(8 << 20);
    let ask = async |part| {
        let page = page(None, 50);
        let found = instance.objects(&shelf.tenant, &shelf.snapshot, None, Some(part), page).await.unwrap();
        (found.items.len(), shelf.reads())
    };
    shelf.reads();
    let (hits, reads) = ask("erne").await;
    assert!(hits == 50 && reads > 0, "{hits} hits, {reads} reads");
    assert_eq!(ask("erne").await, (50, 0));
    assert_eq!(ask("werner").await.0, 50, "another way");
    assert_eq!(ask("werner").await, (50, 0));
}

#[tokio::test]
async fn what_is_kept_is_read_by_nobody_once_the_key_is_gone() {
    let names = vec![("u1".to_owned(), "Ann".to_owned())];
    let shelf = Shelf::of(&[("users", &names)]).await;
    let instance = shelf.instance(8 << 20);
    let ask =
        async || instance.objects(&shelf.tenant, &shelf.snapshot, None, Some("ann"), page(None, 9)).await;
    assert_eq!(ask().await.unwrap().items.len(), 1);
    let records = shelf.records();
    let keys = records.list_all(&StoredKey::all(&shelf.tenant)).await.unwrap();
    records.write(keys.iter().map(|key| delete(&key.value, key.version)).collect()).await.unwrap();
    assert_eq!(ask().await.unwrap_err().kind(), ErrorKind::NotFound);
    // The same key again, as from a copy of the table: what was kept is dropped all the same.
    for key in keys {
        records.put_new(&key.value).await.unwrap();
    }
    shelf.reads();
    assert_eq!(ask().await.unwrap().items.len(), 1);
    assert!(shelf.reads() > 0, "everything is read anew");
}

#[tokio::test]
async fn a_cursor_of_another_search_is_refused_with_the_field_named() {
    let names: Vec<_> = (0..9).map(|n| (format!("u{n}"), format!("Werner {n}"))).collect();
    let mut shelf = Shelf::of(&[("users", &names), ("groups", &names)]).await;
    let first = shelf.snapshot.clone();
    let users = Some(kinds::get("users").unwrap());
    let ask = async |shelf: &Shelf, kind, part, cursor: &str| {
        let after = page(Some(cursor.to_owned()), 3);
        shelf.browse().objects(&shelf.tenant, &shelf.snapshot, kind, part, after).await
    };
    let begun = shelf.browse().objects(&shelf.tenant, &first, users, Some("erne"), page(None, 3)).await;
    let good = begun.unwrap().next.unwrap();
    assert_eq!(ask(&shelf, users, Some(" ERNE "), &good).await.unwrap().items.len(), 3, "the same search");
    let cut = &good[..good.len() - 1];
    let groups = Some(kinds::get("groups").unwrap());
    let moved = good.replacen("users", "groups", 1);
    let longer = format!("{good}.x");
    for (kind, part, cursor) in [
        (users, Some("wern"), good.as_str()),
        (groups, Some("erne"), &good),
        (None, Some("erne"), &good),
        (users, None, &good),
        (users, Some("erne"), &moved),
        (users, Some("erne"), &longer),
        (users, Some("erne"), &cut[..cut.rfind('.').unwrap()]),
        (users, Some("erne"), "0-"),
        (users, Some("erne"), ""),
        (users, Some("erne"), "é.é.é.é"),
    ] {
        let error = ask(&shelf, kind, part, cursor).await.unwrap_err();
        let fields: Vec<_> = error.fields().iter().map(|f| f.field.as_str()).collect();
        assert_eq!((error.kind(), fields), (ErrorKind::Invalid, vec!["cursor"]), "{part:?} {cursor:?}");
    }
    shelf.seal_another().await;
    assert_ne!(shelf.snapshot, first);
    assert!(ask(&shelf, users, Some("erne"), &good).await.is_err(), "of another snapshot");
}

const PIECES: [&str; 16] =
    ["a", "b", "an", "er", "-", " ", "  ", "(", "Z", "漢", "e", "s", "i", "σ", "カ", "㈱"];

/// Names are of letters that fold and of those that they fold to.
fn text(longest: usize) -> impl Strategy<Value = String> {
    let folds: Vec<&str> = FOLDS.iter().map(|(piece, _)| *piece).collect();
    let piece = prop_oneof![prop::sample::select(&PIECES[..]), prop::sample::select(folds)];
    prop::collection::vec(piece, 1..=longest).prop_map(|parts| parts.concat())
}

fn many() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec(text(7), 0..40)
        .prop_map(|names| names.into_iter().enumerate().map(|(n, name)| (format!("o{n:02}"), name)).collect())
}

proptest! {
    // Why so few: they are in every run of the tests. `PROPTEST_CASES=20000` asks some 10,000 questions.
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 2, ..ProptestConfig::default() })]

    #[test]
    fn what_all_pages_find_is_what_a_filter_over_all_names_finds(
        users in many(),
        groups in many(),
        part in text(3),
        limit in 1_usize..=200,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let shelf = Shelf::of(&[("users", &users), ("groups", &groups)]).await;
            for kind in [None, Some("users")] {
                let found = walk(&shelf, kind, &part, limit).await;
                let wanted = filtered(&[("users", &users), ("groups", &groups)], kind, &part);
                assert_eq!(set(&found), wanted, "{part:?} in {kind:?}");
                assert_eq!(found.len(), wanted.len(), "each once: {part:?} in {kind:?}");
            }
        });
    }
}
