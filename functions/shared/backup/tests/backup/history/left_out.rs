//! Histories in which something cannot be read, or lies where it should not.

use super::{links, of, state, told, user};
use crate::chain::Chain;
use crate::side_by_side::Run;
use backup::commands::history::Happened;
use domain::changes::What;
use serde_json::{Value, json};

#[tokio::test]
async fn a_history_of_which_an_earlier_part_left_something_out_is_not_complete_in_its_last() {
    let mut chain = Chain::with(false).await;
    let groups = ("groups", &[("g", json!({ "id": "g" }))][..]);
    let long = |n: usize| user("u", &format!("{n}").repeat(30_000));
    for n in 0..9 {
        chain.seal(&state(&[groups, ("users", &[("u", long(n))])])).await;
        if n == 7 {
            chain.seal(&state(&[groups])).await;
        }
    }
    let first = chain.part(of("users", "u"), None).await;
    assert_eq!((first.gaps.len(), first.next.is_some()), (1, true));
    let (mut last, mut parts) = (first, 1);
    while let Some(next) = last.next.take() {
        last = chain.part(of("users", "u"), Some(&next)).await;
        parts += 1;
    }
    assert!(parts > 1 && last.gaps.is_empty(), "{parts} parts");
    assert!(!last.complete);
}

#[tokio::test]
async fn an_older_snapshot_in_which_only_a_name_would_be_looked_up_is_named_where_it_cannot_be_read() {
    let mut chain = Chain::with(true).await;
    let group = ("groups", &[("g", json!({ "id": "g", "displayName": "Night shift" }))][..]);
    let member = [("g/u", json!({ "@odata.type": "#microsoft.graph.user" }))];
    let before = state(&[group, ("users", &[("u", user("u", "Clerk"))]), ("groups.members", &member)]);
    chain.seal(&before).await;
    chain.seal(&before).await;
    let none: &[(&str, Value)] = &[];
    chain.seal(&state(&[group, ("users", none), ("groups.members", none)])).await;
    chain.seal(&state(&[group, ("users", none), ("groups.members", none)])).await;
    let lost = chain.sealed[1].clone();
    chain.damage(&lost);
    let history = chain.whole(of("users", "u")).await.0;
    assert_eq!(told(&history), [(Happened::Deleted, vec![])]);
    assert_eq!((history.name, history.complete, &history.unreadable), (None, false, &vec![lost.clone()]));
    let history = chain.whole(of("groups", "g")).await.0;
    assert_eq!(links(&history), [[("groups.members", "u", None, What::Deleted)]]);
    assert_eq!((history.complete, history.unreadable), (false, vec![lost]));
}

#[tokio::test]
async fn somebody_who_is_in_the_recycle_bin_and_among_people_at_once_has_not_gone_when_the_bin_is_empty() {
    for logs in [true, false] {
        let mut chain = Chain::with(logs).await;
        let users = ("users", &[("u", user("u", "Clerk")), ("v", user("v", "Clerk"))][..]);
        let binned = json!("");
        chain.seal(&state(&[users, ("users.bin", &[("u", binned.clone()), ("w", binned)])])).await;
        chain.seal(&state(&[users, ("users.bin", &[])])).await;
        let history = chain.whole(of("users", "u")).await.0;
        assert_eq!(told(&history), [], "logs: {logs}");
        let history = chain.whole(of("users", "w")).await.0;
        assert_eq!(told(&history), [(Happened::HardDeleted, vec![])], "logs: {logs}");
    }
}

/// A group whose ten thousand members come and go with each snapshot.
#[tokio::test]
async fn of_links_of_which_a_log_tells_very_much_each_part_reads_what_one_snapshot_added() {
    let mut chain = Chain::with(true).await;
    let id = crate::side_by_side::id;
    let group = id(20_000);
    let groups: Run = [(group.clone(), json!({ "id": group, "displayName": "All" }).to_string())].into();
    let members: Run = (0..10_000).map(|n| (format!("{group}/{}", id(n)), "{}".to_owned())).collect();
    for n in 0..6 {
        let now = if n % 2 == 0 { Run::new() } else { members.clone() };
        let all = [("groups", groups.clone()), ("groups.members", now)];
        chain.seal(&all.map(|(name, run)| (name.to_owned(), run)).into()).await;
    }
    let newest = chain.manifest(chain.sealed.last().unwrap()).await.logs["groups.members"].clone();
    let all = chain.leaves(&newest.run.unwrap()).await;
    let own = usize::try_from(newest.own.unwrap().leaves).unwrap();
    assert!(all.len() > 3 * own, "{} leaves, {own} of the last", all.len());
    chain.leaf_reads();
    let (mut cursor, mut told) = (None, 0);
    loop {
        let history = chain.part(of("groups", &group), cursor.as_deref()).await;
        told += history.versions.iter().map(|version| version.links.len()).sum::<usize>();
        let read = chain.leaf_reads().iter().filter(|leaf| all.contains(*leaf)).count();
        assert!(read <= 3 * own, "{read} leaves of {}, {own} of one snapshot", all.len());
        cursor = history.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(told, 50_000);
}
