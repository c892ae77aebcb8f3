//! The history of an object and of a link: from the logs, by the slower way, and as the chain of comparisons tells it.

mod everywhere;
mod left_out;

use crate::chain::{Chain, State};
use crate::side_by_side::Run;
use backup::commands::browse::Browse;
use backup::commands::history::{Happened, History, HistoryOf};
use domain::changes::What;
use domain::{ErrorKind, kinds};
use serde_json::{Value, json};

fn state(runs: &[(&str, &[(&str, Value)])]) -> State {
    let run = |records: &[(&str, Value)]| -> Run {
        records.iter().map(|(key, value)| ((*key).to_owned(), value.to_string())).collect()
    };
    runs.iter().map(|(name, records)| ((*name).to_owned(), run(records))).collect()
}

fn user(id: &str, title: &str) -> Value {
    json!({ "id": id, "displayName": format!("User {id}"), "userPrincipalName": format!("{id}@x.example"), "jobTitle": title,
        "assignedPlans": [title] })
}

impl Chain {
    fn browse(&self) -> Browse {
        Browse { archive: self.opened(), records: self.records() }
    }

    async fn part(&self, of: HistoryOf<'_>, cursor: Option<&str>) -> History {
        self.browse().history(&self.tenant, of, cursor).await.unwrap()
    }

    /// The whole history, and in how many parts it came.
    async fn whole(&self, of: HistoryOf<'_>) -> (History, usize) {
        let mut all = self.part(of, None).await;
        let mut parts = 1;
        while let Some(next) = all.next.take() {
            let part = self.part(of, Some(&next)).await;
            for version in part.versions {
                match all.versions.last_mut() {
                    Some(last) if version.is_continued => {
                        assert_eq!((&last.snapshot, &last.since), (&version.snapshot, &version.since));
                        last.links.extend(version.links);
                    }
                    _ => all.versions.push(version),
                }
            }
            (all.next, all.complete, all.history_since) = (part.next, part.complete, part.history_since);
            all.gaps.extend(part.gaps);
            parts += 1;
            assert!(parts < 1_000, "it never ends");
        }
        (all, parts)
    }
}

fn of<'a>(kind: &str, key: &'a str) -> HistoryOf<'a> {
    HistoryOf { kind: kinds::get(kind).unwrap(), key, link: None }
}

fn told(history: &History) -> Vec<(Happened, Vec<&str>)> {
    let all = history.versions.iter();
    all.map(|version| (version.what, version.attributes.iter().map(|a| a.path.as_str()).collect())).collect()
}

/// Type, other end, its name and what became of it.
type Told<'a> = (&'a str, &'a str, Option<&'a str>, What);

/// The links of each version.
fn links(history: &History) -> Vec<Vec<Told<'_>>> {
    let all = history.versions.iter();
    all.map(|version| {
        let links = version.links.iter();
        links
            .map(|l| (l.link, l.to.as_deref().or(l.from.as_deref()).unwrap(), l.name.as_deref(), l.what))
            .collect()
    })
    .collect()
}

#[tokio::test]
async fn an_object_that_came_changed_went_and_came_back_is_told_newest_first_and_noise_is_not() {
    for logs in [true, false] {
        let mut chain = Chain::with(logs).await;
        let empty: &[(&str, Value)] = &[];
        let other = ("o", user("o", "x"));
        let at =
            |users: &[(&str, Value)], bin: &[(&str, Value)]| state(&[("users", users), ("users.bin", bin)]);
        chain.seal(&at(std::slice::from_ref(&other), empty)).await;
        chain.seal(&at(&[other.clone(), ("u", user("u", "Clerk"))], empty)).await;
        chain.seal(&at(&[other.clone(), ("u", user("u", "Boss"))], empty)).await;
        let mut noisy = user("u", "Boss");
        noisy["assignedPlans"] = json!([1, 2]);
        chain.seal(&at(&[other.clone(), ("u", noisy)], empty)).await;
        chain.seal(&at(std::slice::from_ref(&other), &[("u", json!(""))])).await;
        chain.seal(&at(&[other.clone(), ("u", user("u", "Boss"))], empty)).await;
        chain.seal(&at(std::slice::from_ref(&other), &[("u", json!(""))])).await;
        chain.seal(&at(std::slice::from_ref(&other), empty)).await;
        let (history, parts) = chain.whole(of("users", "u")).await;
        assert_eq!(
            told(&history),
            [
                (Happened::HardDeleted, vec![]),
                (Happened::SoftDeleted, vec![]),
                (Happened::Restored, vec![]),
                (Happened::SoftDeleted, vec![]),
                (Happened::Modified, vec!["jobTitle"]),
                (Happened::Created, vec![]),
            ],
            "logs: {logs}"
        );
        assert_eq!((parts, history.complete, history.name.as_deref()), (1, true, Some("User u")));
        assert_eq!(history.history_since.as_ref(), Some(&chain.sealed[0]));
        let changed = &history.versions[4];
        assert_eq!((&changed.since, &changed.snapshot), (&chain.sealed[1], &chain.sealed[2]));
        assert_eq!(changed.attributes[0].before, Some(json!("Clerk")));
        assert!(changed.at > changed.since_at);
    }
}

#[tokio::test]
async fn what_no_snapshot_has_is_not_found_and_a_cursor_of_another_history_is_refused() {
    let mut chain = Chain::with(true).await;
    chain.seal(&state(&[("users", &[("u", user("u", "Clerk"))])])).await;
    let browse = chain.browse();
    let error = browse.history(&chain.tenant, of("users", "nobody"), None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let still = browse.history(&chain.tenant, of("users", "u"), None).await.unwrap();
    assert!(still.versions.is_empty() && still.complete, "{still:?}");
    for bad in ["x", "e30", "bm90IG91cnM"] {
        let error = browse.history(&chain.tenant, of("users", "u"), Some(bad)).await.unwrap_err();
        assert_eq!((error.kind(), error.fields()[0].field.as_str()), (ErrorKind::Invalid, "cursor"), "{bad}");
    }
}

#[tokio::test]
async fn links_are_told_from_both_ends_with_the_names_of_those_at_the_other_end() {
    for logs in [true, false] {
        let mut chain = Chain::with(logs).await;
        let users = [("u", user("u", "x")), ("v", user("v", "x"))];
        let group = [("g", json!({ "id": "g", "displayName": "Night shift" }))];
        let member = json!({ "@odata.type": "#microsoft.graph.user" });
        let with = |members: &[(&str, Value)]| {
            state(&[("users", &users), ("groups", &group), ("groups.members", members)])
        };
        chain.seal(&with(&[])).await;
        chain.seal(&with(&[("g/u", member.clone())])).await;
        chain.seal(&with(&[("g/u", member.clone()), ("g/v", member.clone())])).await;
        chain.seal(&with(&[("g/v", member.clone())])).await;
        let of_group = chain.whole(of("groups", "g")).await.0;
        assert_eq!(
            links(&of_group),
            [
                vec![("groups.members", "u", Some("User u"), What::Deleted)],
                vec![("groups.members", "v", Some("User v"), What::Created)],
                vec![("groups.members", "u", Some("User u"), What::Created)],
            ],
            "logs: {logs}"
        );
        let of_user = chain.whole(of("users", "u")).await.0;
        let night = Some("Night shift");
        assert_eq!(
            links(&of_user),
            [
                vec![("groups.members", "g", night, What::Deleted)],
                vec![("groups.members", "g", night, What::Created)],
            ]
        );
        // Of one link alone.
        let link = kinds::links().find(|link| link.name == "groups.members").unwrap();
        let of_link = HistoryOf { link: Some((link, "v")), ..of("groups", "g") };
        let of_link = chain.whole(of_link).await.0;
        assert_eq!(links(&of_link), [[("groups.members", "v", Some("User v"), What::Created)]]);
        assert_eq!(
            of_link.versions[0].links[0].after.as_ref().unwrap()["@odata.type"],
            "#microsoft.graph.user"
        );
    }
}

#[tokio::test]
async fn an_object_that_a_restore_created_again_is_one_object_under_two_ids() {
    for logs in [true, false] {
        let mut chain = Chain::with(logs).await;
        let other = ("o", user("o", "x"));
        chain.seal(&state(&[("users", &[other.clone(), ("old", user("old", "Clerk"))])])).await;
        chain.seal(&state(&[("users", std::slice::from_ref(&other))])).await;
        chain.created_again("users", "old", "new").await;
        chain.seal(&state(&[("users", &[other.clone(), ("new", user("new", "Clerk"))])])).await;
        chain.seal(&state(&[("users", &[other.clone(), ("new", user("new", "Boss"))])])).await;
        for key in ["old", "new"] {
            let history = chain.whole(of("users", key)).await.0;
            let expected = [
                (Happened::Modified, vec!["jobTitle"]),
                (Happened::Recreated, vec![]),
                (Happened::Deleted, vec![]),
            ];
            assert_eq!(told(&history), expected, "logs: {logs}, {key}");
            let keys: Vec<&str> = history.versions.iter().map(|version| version.key.as_str()).collect();
            assert_eq!(keys, ["new", "new", "old"]);
            assert!(history.known_as.iter().all(|known| known.guessed_by.is_none()));
        }
        // And in between two snapshots: then it is told how it differs from what it was.
        let mut chain = Chain::with(logs).await;
        chain.seal(&state(&[("users", &[other.clone(), ("old", user("old", "Clerk"))])])).await;
        chain.created_again("users", "old", "new").await;
        let mut anew = user("new", "Boss");
        anew["userPrincipalName"] = json!("old@x.example");
        anew["displayName"] = json!("User old");
        chain.seal(&state(&[("users", &[other.clone(), ("new", anew)])])).await;
        let history = chain.whole(of("users", "old")).await.0;
        assert_eq!(told(&history), [(Happened::Recreated, vec!["jobTitle"])], "logs: {logs}");
    }
}

#[tokio::test]
async fn whoever_came_with_the_name_of_one_that_had_gone_is_a_guess_and_is_called_one() {
    let mut chain = Chain::with(true).await;
    let other = ("o", user("o", "x"));
    let anew = |id: &str, name: &str| {
        let mut anew = user(id, "Clerk");
        anew["userPrincipalName"] = json!(name);
        anew
    };
    chain.seal(&state(&[("users", &[other.clone(), ("u", user("u", "Clerk"))])])).await;
    chain.seal(&state(&[("users", std::slice::from_ref(&other))])).await;
    let again = ("w", anew("w", "U@X.example"));
    chain.seal(&state(&[("users", &[other.clone(), again.clone()])])).await;
    chain.seal(&state(&[("users", &[other.clone(), again, ("z", anew("z", "z@x.example"))])])).await;
    for key in ["u", "w"] {
        let history = chain.whole(of("users", key)).await.0;
        assert_eq!(told(&history), [(Happened::Recreated, vec![]), (Happened::Deleted, vec![])], "{key}");
        let guess = &history.known_as[1];
        assert_eq!(guess.guessed_by.as_deref(), Some("userPrincipalName"));
        assert_ne!(guess.key, key);
    }
    let nobody = chain.whole(of("users", "z")).await.0;
    assert_eq!((told(&nobody).len(), nobody.known_as.len()), (1, 1));
}

#[tokio::test]
async fn a_span_in_which_the_kind_was_not_held_is_named_and_what_changed_in_it_is_told_with_both_its_ends() {
    for logs in [true, false] {
        let mut chain = Chain::with(logs).await;
        let groups = ("groups", &[("g", json!({ "id": "g" }))][..]);
        chain.seal(&state(&[groups, ("users", &[("u", user("u", "Clerk"))])])).await;
        chain.seal(&state(&[groups])).await;
        let open = chain.whole(of("users", "u")).await.0;
        let gap = (open.gaps[0].source.as_str(), &open.gaps[0].after, &open.gaps[0].until);
        assert_eq!((gap, open.complete), (("users", &chain.sealed[0], &None), false), "logs: {logs}");
        chain.seal(&state(&[groups])).await;
        chain.seal(&state(&[groups, ("users", &[("u", user("u", "Boss"))])])).await;
        chain.seal(&state(&[groups, ("users", &[("u", user("u", "Head"))])])).await;
        let history = chain.whole(of("users", "u")).await.0;
        let change = vec!["jobTitle"];
        assert_eq!(told(&history), [(Happened::Modified, change.clone()), (Happened::Modified, change)]);
        let ends = (&history.versions[1].since, &history.versions[1].snapshot);
        assert_eq!(ends, (&chain.sealed[0], &chain.sealed[3]), "logs: {logs}");
        let gap = &history.gaps[0];
        assert_eq!((&gap.after, gap.until.as_ref()), (&chain.sealed[0], Some(&chain.sealed[3])));
        assert!(!history.complete);
    }
}

#[tokio::test]
async fn what_changed_before_there_were_logs_is_told_by_holding_snapshots_against_each_other() {
    let mut chain = Chain::with(false).await;
    for n in 0..3 {
        chain.seal(&state(&[("users", &[("u", user("u", &format!("t{n}")))])])).await;
    }
    chain.logs = true;
    for n in 3..6 {
        chain.seal(&state(&[("users", &[("u", user("u", &format!("t{n}")))])])).await;
    }
    let manifest = chain.manifest(&chain.sealed[5]).await;
    assert_eq!(manifest.logs["users"].since, chain.sealed[2]);
    let history = chain.whole(of("users", "u")).await.0;
    let titles: Vec<_> = history.versions.iter().map(|v| v.attributes[0].after.clone().unwrap()).collect();
    assert_eq!(titles, ["t5", "t4", "t3", "t2", "t1"]);
    assert_eq!(
        (history.complete, history.history_since.as_ref()),
        (true, Some(&chain.sealed[0])),
        "{:?}",
        history.gaps
    );
}

#[tokio::test]
async fn a_snapshot_that_cannot_be_read_is_named_and_the_time_around_it_is_told() {
    let mut chain = Chain::with(false).await;
    for n in 0..4 {
        chain.seal(&state(&[("users", &[("u", user("u", &format!("t{n}")))])])).await;
    }
    let lost = chain.sealed[1].clone();
    chain.damage(&lost);
    let history = chain.whole(of("users", "u")).await.0;
    assert_eq!((history.unreadable, history.complete), (vec![lost], false));
    let spans: Vec<_> = history.versions.iter().map(|v| (&v.since, &v.snapshot)).collect();
    let s = &chain.sealed;
    assert_eq!(spans, [(&s[2], &s[3]), (&s[0], &s[2])]);
}

#[tokio::test]
async fn an_unchanged_tenant_stores_nothing_for_its_logs() {
    let mut chain = Chain::with(true).await;
    let all = state(&[("users", &[("u", user("u", "Clerk"))]), ("groups", &[])]);
    chain.seal(&all).await;
    chain.seal(&all).await;
    chain.plan.take_log();
    chain.seal(&all).await;
    let log = chain.plan.take_log();
    let puts = log.calls().iter().filter(|call| call.port == "vault" && call.method == "put_new");
    let puts: Vec<&str> =
        puts.map(|call| call.subject.as_str()).filter(|name| !name.contains("manifest")).collect();
    assert_eq!(puts, Vec::<&str>::new());
    assert!(chain.leaf_reads().is_empty());
}

#[tokio::test]
async fn a_year_of_daily_snapshots_costs_an_object_a_dozen_leaves_and_a_group_of_five_thousand_forty_each_once()
 {
    let mut chain = Chain::with(true).await;
    let id = crate::side_by_side::id;
    let mut users: Run = (0..5_200).map(|n| (id(n), user(&id(n), "x").to_string())).collect();
    let group = json!({ "id": id(9_000), "displayName": "All" }).to_string();
    let groups: Run = [(id(9_000), group)].into();
    let member = json!({ "@odata.type": "#microsoft.graph.user" }).to_string();
    let mut members = Run::new();
    for day in 0..365 {
        // Twenty change each day, one of them each week, and fourteen join the group.
        for n in 0..20 {
            let who = if n == 0 && day % 7 == 0 { id(7) } else { id(10 + (day * 31 + n * 17) % 580) };
            users.insert(who.clone(), user(&who, &format!("day {day}")).to_string());
        }
        for n in 0..14 {
            members.insert(format!("{}/{}", id(9_000), id(50 + day * 14 + n)), member.clone());
        }
        let all = [("users", &users), ("groups", &groups), ("groups.members", &members)];
        chain.seal(&all.into_iter().map(|(name, run)| (name.to_owned(), run.clone())).collect()).await;
    }
    let newest = chain.manifest(chain.sealed.last().unwrap()).await;
    let of_users = chain.leaves(&newest.runs["users"]).await;
    chain.leaf_reads();
    let (history, _) = chain.whole(of("users", &id(7))).await;
    let read = chain.leaf_reads();
    assert_eq!(history.versions.len(), 52, "each week but the first day, which is the beginning");
    assert!(read.len() <= 12, "{} leaves", read.len());
    assert!(each_once(&read));
    // Each part reads no more: the entries of the group's links, and the leaves of users for the names that it shows.
    let (mut cursor, mut joined, mut parts) = (None, 0, 0);
    loop {
        let history = chain.part(of("groups", &id(9_000)), cursor.as_deref()).await;
        let read = chain.leaf_reads();
        let of_names = read.iter().filter(|leaf| of_users.contains(*leaf)).count();
        assert!(read.len() - of_names <= 40, "{} leaves", read.len() - of_names);
        assert!(each_once(&read) && of_names <= of_users.len(), "{of_names} of {}", of_users.len());
        let links = || history.versions.iter().flat_map(|version| &version.links);
        assert!(links().all(|link| link.name.is_some()));
        joined += links().count();
        parts += 1;
        cursor = history.next.clone();
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(joined, 364 * 14);
    assert!(parts <= 8, "{parts} parts");
}

fn each_once(read: &[String]) -> bool {
    read.iter().collect::<std::collections::BTreeSet<_>>().len() == read.len()
}
