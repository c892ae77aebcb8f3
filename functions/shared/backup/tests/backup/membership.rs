//! Groups and roles that a filter asks about: over graphs by chance, rings among them, what it means is what a plain closure says.
//! Few graphs each time; 300 by `PROPTEST_CASES=2400 cargo test --workspace --test backup -- membership`.

use crate::shelf::Shelf;
use backup::commands::filter::{Filtered, READS};
use domain::kinds;
use engine::ports::Page;
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeSet;

/// How many users and how many groups there are; the groups come behind the users.
const USERS: usize = 4;
const ALL: usize = 9;

/// Who is in what, who hides their members, who holds which role how.
#[derive(Clone, Debug)]
pub struct Graph {
    /// From a group to a member.
    pub members: Vec<(usize, usize)>,
    pub hiding: BTreeSet<usize>,
    /// Principal, role, and which kind of grant.
    pub grants: Vec<(usize, usize, usize)>,
}

const GRANTS: [&str; 3] = ["admins", "activeAdmins", "eligibleAdmins"];

fn graph() -> impl Strategy<Value = Graph> {
    let members = prop::collection::vec((USERS..ALL, 0..ALL), 0..16);
    let hiding = prop::collection::btree_set(USERS..ALL, 0..2);
    let grants = prop::collection::vec((0..ALL, 0..3_usize, 0..3_usize), 0..6);
    (members, hiding, grants).prop_map(|(members, hiding, grants)| Graph { members, hiding, grants })
}

fn id(n: usize) -> String {
    if n < USERS { format!("u{n}") } else { format!("g{n}") }
}

pub async fn shelf_of(graph: &Graph) -> Shelf {
    let mut shelf = Shelf::of(&[]).await;
    let objects: Vec<_> = (0..ALL)
        .map(|n| {
            let visibility = if graph.hiding.contains(&n) { "HiddenMembership" } else { "Private" };
            (
                id(n),
                json!({ "id": id(n), "displayName": format!("Name {n}"), "visibility": visibility })
                    .to_string(),
            )
        })
        .collect();
    let roles: Vec<_> = (0..3)
        .map(|n| {
            (
                format!("r{n}"),
                json!({ "id": format!("r{n}"), "displayName": format!("Role {n}") }).to_string(),
            )
        })
        .collect();
    let links: Vec<_> = graph
        .members
        .iter()
        .map(|(from, to)| (format!("{}/{}", id(*from), id(*to)), String::new()))
        .collect();
    let back: Vec<_> = graph
        .members
        .iter()
        .map(|(from, to)| (format!("{}/{}", id(*to), id(*from)), String::new()))
        .collect();
    let mut runs = vec![
        ("users", objects[..USERS].to_vec()),
        ("groups", objects[USERS..].to_vec()),
        ("roles", roles),
        ("groups.members", links),
        ("groups.members.reverse", back),
    ];
    for (kind, name) in GRANTS.into_iter().enumerate() {
        let of_kind = graph.grants.iter().filter(|(_, _, of)| *of == kind);
        let facts = of_kind.map(|(principal, role, _)| {
            let fact = json!({ "principalId": id(*principal), "roleDefinitionId": format!("r{role}"), "directoryScopeId": "/" });
            (format!("{}|r{role}|/|", id(*principal)), fact.to_string())
        });
        runs.push((name, facts.collect()));
    }
    for (name, records) in &runs {
        let records: Vec<_> = records.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        shelf.hold(name, &records).await;
    }
    shelf.seal_another().await;
    shelf
}

/// What a filter means among all users and groups, and how many it leaves open.
pub async fn meant(shelf: &Shelf, filter: &str) -> (BTreeSet<String>, u64) {
    let (mut keys, mut undecided) = (BTreeSet::new(), 0);
    for kind in ["users", "groups"] {
        let asked = Filtered { kind: kinds::get(kind).unwrap(), filter, name: None };
        let page = Page { after: None, limit: 200, descending: false };
        let found = shelf.browse().filtered(&shelf.tenant, &shelf.snapshot, asked, page).await.unwrap();
        assert_eq!((found.next, found.complete), (None, found.undecided == 0), "{filter}");
        keys.extend(found.items.into_iter().map(|hit| hit.key));
        undecided += found.undecided;
    }
    (keys, undecided)
}

/// The groups above: those that a step leads to, then those that one more does, until nothing is new.
fn above(graph: &Graph, n: usize) -> BTreeSet<usize> {
    let mut above = BTreeSet::from([n]);
    for _ in 0..=ALL {
        let more: Vec<_> =
            graph.members.iter().filter(|(_, to)| above.contains(to)).map(|(from, _)| *from).collect();
        above.extend(more);
    }
    above.remove(&n);
    above
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

proptest! {
    // Why so few: they are in every run of the tests.
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 8, ..ProptestConfig::default() })]

    #[test]
    fn groups_and_roles_are_those_of_a_plain_closure(graph in graph()) {
        run(async {
            let shelf = shelf_of(&graph).await;
            let hidden_above: BTreeSet<_> =
                graph.hiding.iter().flat_map(|n| above(&graph, *n).into_iter().chain([*n])).collect();
            let is_in = |group: usize, n: usize| graph.members.contains(&(group, n));
            let check = async |filter: String, is: &dyn Fn(usize) -> bool, may: bool| {
                let wanted: BTreeSet<_> = (0..ALL).filter(|n| is(*n)).map(id).collect();
                let open = if may { (ALL - wanted.len()) as u64 } else { 0 };
                assert_eq!(meant(&shelf, &filter).await, (wanted, open), "{filter} in {graph:?}");
            };
            for group in USERS..ALL {
                let direct = format!("memberOf/any(g: g/id eq '{}')", id(group));
                check(direct, &|n| is_in(group, n), graph.hiding.contains(&group)).await;
                let nested = format!("transitiveMemberOf/any(g: g/displayName eq 'name {group}')");
                check(nested, &|n| above(&graph, n).contains(&group), hidden_above.contains(&group)).await;
            }
            for role in 0..3 {
                let holds = |n: usize| graph.grants.iter().any(|(p, r, kind)| (*p, *r) == (n, role) && *kind != 2);
                let filter = format!("rolesHeld/any(r: r/displayName eq 'Role {role}' and r/isEligible eq false)");
                let is = |n: usize| holds(n) || above(&graph, n).into_iter().any(holds);
                check(filter, &is, hidden_above.iter().any(|n| holds(*n))).await;
            }
        });
    }
}

#[tokio::test]
async fn what_a_snapshot_does_not_hold_of_memberships_and_grants_leaves_open_who_is_meant() {
    let graph =
        Graph { members: vec![(5, 0), (6, 5)], hiding: BTreeSet::new(), grants: vec![(6, 1, 0), (1, 2, 2)] };
    let mut shelf = shelf_of(&graph).await;
    let nested = "transitiveMemberOf/any(g: g/id eq 'g6')";
    assert_eq!(meant(&shelf, nested).await, (["g5", "u0"].map(str::to_owned).into(), 0));
    let roles = "rolesHeld/any(r: r/through eq 'g6' or r/isEligible eq true)";
    assert_eq!(meant(&shelf, roles).await, (["g5", "u0", "u1"].map(str::to_owned).into(), 0));
    assert_eq!(
        meant(&shelf, "displayName eq 'Name 3' and not memberOf/any()").await.0,
        ["u3".to_owned()].into()
    );
    shelf.drop_run("eligibleAdmins").await;
    assert_eq!(meant(&shelf, roles).await, (["g5", "u0"].map(str::to_owned).into(), 7));
    shelf.drop_run("groups.members.reverse").await;
    assert_eq!(meant(&shelf, nested).await, (BTreeSet::new(), 9));
}

/// What is said not to be held, where users are asked.
pub async fn not_held(shelf: &Shelf, filter: &str) -> Vec<(String, Option<String>)> {
    let asked = Filtered { kind: kinds::get("users").unwrap(), filter, name: None };
    let page = Page { after: None, limit: 200, descending: false };
    let found = shelf.browse().filtered(&shelf.tenant, &shelf.snapshot, asked, page).await.unwrap();
    found.searched.not_held.into_iter().map(|held| (held.kind.to_string(), held.part)).collect()
}

#[tokio::test]
async fn who_is_in_a_group_that_could_not_be_read_or_has_an_assignment_that_could_not_is_left_open_and_named()
{
    let graph =
        Graph { members: vec![(5, 0), (6, 5)], hiding: BTreeSet::new(), grants: vec![(6, 1, 0), (7, 2, 0)] };
    let mut shelf = shelf_of(&graph).await;
    let direct = |group: &str| format!("memberOf/any(g: g/id eq '{group}')");
    let nested = |group: &str| format!("transitiveMemberOf/any(g: g/id eq '{group}')");
    let role = |role: &str| format!("rolesHeld/any(r: r/id eq '{role}')");
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>();
    for (missing, cases) in [
        // The group is as an earlier snapshot had it: whoever is not known to be in it may be in it, and in what it is in.
        (
            "groups/g5",
            vec![
                (direct("g5"), ids(&["u0"]), 8),
                (direct("g6"), ids(&["g5"]), 0),
                (nested("g6"), ids(&["g5", "u0"]), 7),
                (nested("g7"), ids(&[]), 0),
                (role("r1"), ids(&["g5", "g6", "u0"]), 6),
                (role("r2"), ids(&["g7"]), 0),
                (format!("not {}", direct("g5")), ids(&[]), 8),
            ],
        ),
        // A group of which nothing is held may be in any other, and nobody knows how it is called; it is open itself, too.
        ("groups/unknown", vec![(direct("g5"), ids(&["u0"]), 9), (role("r2"), ids(&["g7"]), 9)]),
        ("groups/gone", vec![(direct("gone"), ids(&[]), 10), (nested("g7"), ids(&[]), 10)]),
        // An assignment may be anybody's, and says nothing of groups.
        ("admins/x", vec![(role("r2"), ids(&["g7"]), 8), (nested("g6"), ids(&["g5", "u0"]), 0)]),
        // Who is in what says the group, also of somebody who could not be read.
        ("users/u1", vec![(role("r2"), ids(&["g7"]), 0), (direct("g5"), ids(&["u0"]), 0)]),
    ] {
        shelf.miss(missing, "Graph cannot read it").await;
        for (filter, is, open) in cases {
            assert_eq!(meant(&shelf, &filter).await, (is, open), "{filter}, where {missing} is missing");
        }
    }
    let of_group = vec![("groups".to_owned(), Some("g5".to_owned()))];
    let of_grant = vec![("admins".to_owned(), Some("x".to_owned()))];
    shelf.miss("groups/g5", "Graph cannot read it").await;
    assert_eq!(not_held(&shelf, &direct("g5")).await, of_group);
    assert_eq!(not_held(&shelf, &role("r1")).await, of_group);
    assert_eq!(not_held(&shelf, "displayName eq null").await, []);
    shelf.miss("admins/x", "Graph cannot read it").await;
    assert_eq!(not_held(&shelf, &role("r1")).await, of_grant);
    assert_eq!(not_held(&shelf, &direct("g5")).await, []);
}

#[tokio::test]
async fn groups_are_read_only_where_a_filter_asks_what_they_are_called() {
    let members = (0..ALL).flat_map(|n| (USERS..ALL).map(move |group| (group, n))).collect();
    let graph = Graph { members, hiding: BTreeSet::new(), grants: vec![] };
    let shelf = shelf_of(&graph).await;
    let mut reads = Vec::new();
    for filter in ["memberOf/any(g: g/id eq 'x')", "memberOf/any(g: g/displayName eq 'x')"] {
        let asked = Filtered { kind: kinds::get("users").unwrap(), filter, name: None };
        let page = Page { after: None, limit: 200, descending: false };
        shelf.reads();
        // Where nothing is kept every look is a read.
        shelf.instance(0).filtered(&shelf.tenant, &shelf.snapshot, asked, page).await.unwrap();
        reads.push(shelf.reads());
    }
    assert!(reads[0] < reads[1], "{reads:?}");
}

#[tokio::test]
async fn a_page_looks_at_its_objects_however_much_there_is_that_hides() {
    let graph = Graph { members: vec![(4, 0)], hiding: BTreeSet::new(), grants: vec![] };
    let mut shelf = shelf_of(&graph).await;
    let groups: Vec<_> = (0..9_000)
        .map(|n| {
            (
                format!("h{n:04}"),
                json!({ "id": format!("h{n:04}"), "visibility": "HiddenMembership" }).to_string(),
            )
        })
        .collect();
    let records: Vec<_> = groups.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    shelf.hold("groups", &records).await;
    shelf.seal_another().await;
    shelf.reads();
    let filter = "memberOf/any(g: g/id eq 'h0001')";
    let asked = Filtered { kind: kinds::get("users").unwrap(), filter, name: None };
    let page = Page { after: None, limit: 200, descending: false };
    let found = shelf.browse().filtered(&shelf.tenant, &shelf.snapshot, asked, page).await.unwrap();
    assert!(shelf.reads() as u64 > READS, "what hides alone is more than a page may read");
    assert_eq!((found.next, found.undecided), (None, USERS as u64));
}
