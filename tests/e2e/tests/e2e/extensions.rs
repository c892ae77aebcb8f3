//! Directory extensions: properties that applications define, and that Graph gives only where each is asked for by its name.
//! From reading to comparison to restore, over the API and against the simulated Graph.

use super::data_plane::Client;
use super::rig::{Admin, Rig, Setting};
use jiff::SignedDuration;
use serde_json::{Value, json};
use sim::{FaultRule, READER_CLIENT_ID, READING};

const PERMISSION: &str = "Directory.Read.All";

/// Lets the reading application ask which extensions there are, or not; tokens are asked for anew.
fn let_ask(rig: &Rig, may: bool) {
    let more = may.then_some(PERMISSION);
    let granted = READING.iter().copied().chain(more).map(str::to_owned).collect();
    rig.control.set_permissions(rig.tenant().as_str(), READER_CLIENT_ID, granted);
    rig.clock.advance(SignedDuration::from_hours(2));
    rig.restart();
}

async fn permitted() -> Rig {
    let rig = Rig::new().await;
    let_ask(&rig, true);
    rig
}

/// Defines an extension for users, groups and units.
fn define(rig: &Rig, name: &str, data_type: &str, more: &Value) -> String {
    let mut described = json!({ "name": name, "dataType": data_type, "targetObjects": ["User", "Group", "AdministrativeUnit"] });
    described.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    rig.control.define_extension(rig.tenant().as_str(), &described)
}

/// A user, a group and a unit, with the paths at which they are written.
async fn three(admin: &Admin) -> Vec<(&'static str, String, String)> {
    let unit = admin.create("directory/administrativeUnits", &json!({ "displayName": "North" })).await;
    let all = [
        ("users", "users", admin.create_user("Uma Berg", "Buyer").await),
        ("groups", "groups", admin.create_group("Night watch").await),
        ("administrativeUnits", "directory/administrativeUnits", unit),
    ];
    all.into_iter().map(|(kind, path, id)| (kind, format!("{path}/{id}"), id)).collect()
}

async fn snapshot(client: &Client<'_>) -> String {
    let path = client.done("snapshots", None).await;
    path.split_once('/').unwrap().1.to_owned()
}

async fn object(client: &Client<'_>, snapshot: &str, kind: &str, id: &str) -> Value {
    client.get(&format!("snapshots/{snapshot}/objects/{kind}/{id}")).await["object"].take()
}

/// What is not held of a kind that is about extensions: part, cause, permissions.
async fn gaps(client: &Client<'_>, snapshot: &str, kind: &str) -> Vec<(String, String, Value)> {
    let cover = client.get(&format!("snapshots/{snapshot}/coverage")).await;
    let of_kind = cover["kinds"].as_array().unwrap().iter().find(|one| one["kind"] == kind).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let all = of_kind["unread"].as_array().unwrap().iter();
    let all = all.map(|gap| (text(&gap["part"]), text(&gap["cause"]), gap["permissions"].clone()));
    all.filter(|(part, ..)| part.contains(".extension")).collect()
}

/// What the comparison of two snapshots finds: the changes, and what it did not compare, each with its cause.
async fn compared(client: &Client<'_>, before: &str, after: &str) -> (Vec<Value>, Vec<(String, String)>) {
    let path = client.done("comparisons", Some(&json!({ "before": before, "after": after }))).await;
    let changes = client.get(&format!("{path}/changes?limit=200")).await;
    let told = client.get(&path).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let left = told["notCompared"].as_array().unwrap().iter();
    let left = left.map(|one| (text(&one["source"]), text(&one["cause"]))).collect();
    (changes["items"].as_array().unwrap().clone(), left)
}

async fn preview(client: &Client<'_>, asked: &Value) -> (String, Value) {
    let path = client.done("restores", Some(asked)).await;
    let shown = client.get(&format!("{path}?limit=200")).await;
    assert_eq!(shown["state"], "previewed", "{shown}");
    (path, shown)
}

async fn run(client: &Client<'_>, path: &str) {
    client.done(&format!("{path}/run"), None).await;
    let report = client.get(&format!("{path}/report?limit=200")).await;
    let counts = &report["counts"];
    assert_eq!((&counts["failed"], &counts["skipped"]), (&json!(0), &json!(0)), "{report}");
}

/// What cannot be put back, each with its cause.
fn impossible(shown: &Value) -> Vec<(&str, &str)> {
    let all = shown["impossible"].as_array().unwrap().iter();
    all.map(|one| (one["what"].as_str().unwrap(), one["cause"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn a_value_is_in_the_snapshot_its_change_in_the_comparison_and_the_old_one_comes_back() {
    // Whether a delta brings extensions that were not asked for, and whether a first round names what is empty.
    for (all_of_them, leaves_out) in [(true, false), (false, true)] {
        let rig = permitted().await;
        rig.control.switch(|switches| {
            switches.delta_gives_all_extensions = all_of_them;
            switches.first_rounds_leave_out_empty = leaves_out;
        });
        let (client, admin) = (Client::new(&rig).await, rig.admin(rig.tenant()).await);
        let centre = define(&rig, "costCentre", "String", &json!({}));
        let badges = define(&rig, "badges", "String", &json!({ "isMultiValued": true }));
        let since = define(&rig, "since", "DateTime", &json!({}));
        let number = define(&rig, "number", "LargeInteger", &json!({}));
        let other = define(&rig, "other", "Boolean", &json!({}));
        let all = three(&admin).await;
        let bystander = admin.create_user("Ole Dahl", "Buyer").await;
        let then = json!({ &centre: "4711", &badges: ["red", "blue"], &since: "2024-02-01T00:00:00Z", &number: 9_007_199_254_740_993_i64 });
        for (_, path, _) in &all {
            admin.patch(path, &then).await;
        }
        let first = snapshot(&client).await;
        for (kind, _, id) in &all {
            let held = object(&client, &first, kind, id).await;
            assert_eq!(
                (&held[&centre], &held[&since], &held[&number]),
                (&then[&centre], &then[&since], &then[&number])
            );
            assert_eq!(held[&badges], json!(["blue", "red"]), "{kind}");
            assert_eq!(held.get(&other), Some(&Value::Null), "{kind}: it was asked for, and there is none");
            assert_eq!(gaps(&client, &first, kind).await, []);
        }
        let held = object(&client, &first, "users", &bystander).await;
        assert_eq!(held.get(&centre), Some(&Value::Null));

        // One is changed, one emptied, one comes; one is only written in another way.
        let now = json!({ &centre: "4712", &badges: ["blue", "red"], &since: "2024-02-01T00:00:00.000Z", &number: null, &other: true });
        for (_, path, _) in &all {
            admin.patch(path, &now).await;
        }
        let second = snapshot(&client).await;
        let (changes, left) = compared(&client, &first, &second).await;
        assert_eq!((changes.len(), left), (3, vec![]), "{changes:?}");
        for change in &changes {
            let found: Vec<(&str, &Value, &Value)> = change["attributes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|a| (a["path"].as_str().unwrap(), &a["before"], &a["after"]))
                .collect();
            let mut expected = vec![
                (centre.as_str(), &then[&centre], &now[&centre]),
                (number.as_str(), &then[&number], &Value::Null),
                (other.as_str(), &Value::Null, &now[&other]),
            ];
            expected.sort_unstable_by_key(|(path, ..)| *path);
            assert_eq!(found, expected);
        }

        let items: Vec<Value> = all.iter().map(|(kind, _, id)| json!({ "kind": kind, "key": id })).collect();
        let asked = json!({ "snapshot": first, "items": items, "attributes": "overwrite" });
        let (path, shown) = preview(&client, &asked).await;
        assert_eq!(impossible(&shown), []);
        run(&client, &path).await;
        for (_, path, id) in &all {
            let collection = path.strip_suffix(&format!("/{id}")).unwrap();
            let dump = rig.dump();
            let live = &dump[collection][id];
            let is = (&live[&centre], &live[&number], live.get(&other));
            assert_eq!(is, (&then[&centre], &then[&number], None), "{path}");
        }
    }
}

#[tokio::test]
async fn whoever_is_created_again_has_the_values_again() {
    let rig = permitted().await;
    let (client, admin) = (Client::new(&rig).await, rig.admin(rig.tenant()).await);
    let centre = define(&rig, "costCentre", "String", &json!({}));
    let mut all = three(&admin).await;
    // Units are not deleted for good by Graph, but by time alone.
    all.truncate(2);
    for (_, path, _) in &all {
        admin.patch(path, &json!({ &centre: "4711" })).await;
    }
    let first = snapshot(&client).await;
    for (_, path, id) in &all {
        admin.delete(path).await;
        admin.delete(&format!("directory/deletedItems/{id}")).await;
    }
    let items: Vec<Value> = all.iter().map(|(kind, _, id)| json!({ "kind": kind, "key": id })).collect();
    let (path, _) = preview(&client, &json!({ "snapshot": first, "items": items })).await;
    run(&client, &path).await;
    let dump = rig.dump();
    for (collection, name) in [("users", "Uma Berg"), ("groups", "Night watch")] {
        let made = dump[collection].as_object().unwrap().values().find(|one| one["displayName"] == name);
        assert_eq!(made.unwrap()[&centre], "4711", "{collection}");
    }
}

#[tokio::test]
async fn without_the_permission_the_gap_is_named_and_with_it_nothing_changes_by_itself() {
    let rig = Rig::new().await;
    let (client, admin) = (Client::new(&rig).await, rig.admin(rig.tenant()).await);
    let centre = define(&rig, "costCentre", "String", &json!({}));
    let all = three(&admin).await;
    for (_, path, _) in &all {
        admin.patch(path, &json!({ &centre: "4711" })).await;
    }
    let before = snapshot(&client).await;
    let_ask(&rig, true);
    let client = Client::new(&rig).await;
    let after = snapshot(&client).await;
    let_ask(&rig, false);
    let third = snapshot(&client).await;
    for (kind, _, id) in &all {
        for without in [&before, &third] {
            let expected = (format!("{kind}.extensions"), "not-granted".to_owned(), json!([PERMISSION]));
            assert_eq!(gaps(&client, without, kind).await, [expected]);
            assert_eq!(
                object(&client, without, kind, id).await.get(&centre),
                None,
                "never empty for not asked"
            );
        }
        assert_eq!(object(&client, &after, kind, id).await[&centre], "4711");
    }
    for (one, other) in [(&before, &after), (&after, &third)] {
        let (changes, left) = compared(&client, one, other).await;
        let mut expected: Vec<(String, String)> =
            all.iter().map(|(kind, ..)| (format!("{kind}.{centre}"), "not-read".to_owned())).collect();
        expected.sort();
        let mut left = left;
        left.sort();
        assert_eq!((changes, left), (vec![], expected));
    }
    // A snapshot that does not know a value takes none away, and one that does writes none over what cannot be seen.
    let items: Vec<Value> = all.iter().map(|(kind, _, id)| json!({ "kind": kind, "key": id })).collect();
    let of = |snapshot: &str| json!({ "snapshot": snapshot, "items": items, "attributes": "overwrite" });
    let (_, shown) = preview(&client, &of(&after)).await;
    assert_eq!((&shown["items"], impossible(&shown)), (&json!([]), vec![(centre.as_str(), "notRead"); 3]));
    let_ask(&rig, true);
    let (_, shown) = preview(&client, &of(&before)).await;
    assert_eq!((&shown["items"], impossible(&shown)), (&json!([]), vec![(centre.as_str(), "notRead"); 3]));
}

#[tokio::test]
async fn one_that_is_new_or_gone_is_a_line_and_no_change_of_everything() {
    for refused in [true, false] {
        let rig = permitted().await;
        rig.control.switch(|switches| switches.unknown_extensions_refused = refused);
        let (client, admin) = (Client::new(&rig).await, rig.admin(rig.tenant()).await);
        let user = admin.create_user("Uma Berg", "Buyer").await;
        let first = snapshot(&client).await;
        let centre = define(&rig, "costCentre", "String", &json!({ "targetObjects": ["User"] }));
        admin.patch(&format!("users/{user}"), &json!({ &centre: "4711" })).await;
        let second = snapshot(&client).await;
        assert_eq!(object(&client, &second, "users", &user).await[&centre], "4711");
        let (changes, left) = compared(&client, &first, &second).await;
        assert_eq!(
            (changes, left),
            (vec![], vec![(format!("users.{centre}"), "came-everywhere".to_owned())])
        );

        rig.control.undefine_extension(rig.tenant().as_str(), &centre);
        let third = snapshot(&client).await;
        assert_eq!(object(&client, &third, "users", &user).await.get(&centre), None);
        let (changes, left) = compared(&client, &second, &third).await;
        assert_eq!(
            (changes, left),
            (vec![], vec![(format!("users.{centre}"), "gone-everywhere".to_owned())])
        );
        // What nobody can write any more is told before anything starts.
        let_ask(&rig, true);
        let asked = json!({ "snapshot": second, "items": [{ "kind": "users", "key": user }] });
        let (_, shown) = preview(&client, &asked).await;
        assert_eq!(
            (&shown["items"], impossible(&shown)),
            (&json!([]), vec![(centre.as_str(), "targetMissing")])
        );
    }
}

#[tokio::test]
async fn values_of_the_customers_own_directory_are_read_and_refused_before_a_restore_starts() {
    let rig = permitted().await;
    let (client, admin) = (Client::new(&rig).await, rig.admin(rig.tenant()).await);
    let synced = define(&rig, "badge", "String", &json!({ "isSyncedFromOnPremises": true }));
    let own = define(&rig, "costCentre", "String", &json!({}));
    let user = admin.create_user("Uma Berg", "Buyer").await;
    let tenant = rig.tenant().as_str();
    rig.control.synchronise_extension(tenant, &user, &synced, json!("17"));
    admin.patch(&format!("users/{user}"), &json!({ &own: "4711" })).await;
    let first = snapshot(&client).await;
    assert_eq!(object(&client, &first, "users", &user).await[&synced], "17");
    rig.control.synchronise_extension(tenant, &user, &synced, json!("18"));
    admin.patch(&format!("users/{user}"), &json!({ &own: "4712" })).await;
    let asked = json!({ "snapshot": first, "items": [{ "kind": "users", "key": user }] });
    let (path, shown) = preview(&client, &asked).await;
    assert_eq!(impossible(&shown), [(synced.as_str(), "synced")]);
    run(&client, &path).await;
    let live = &rig.dump()["users"][&user];
    assert_eq!((&live[&synced], &live[&own]), (&json!("18"), &json!("4711")));
    // Nor is it sent with somebody who is created again.
    admin.delete(&format!("users/{user}")).await;
    admin.delete(&format!("directory/deletedItems/{user}")).await;
    let (path, shown) = preview(&client, &asked).await;
    assert!(impossible(&shown).contains(&(synced.as_str(), "synced")), "{shown}");
    run(&client, &path).await;
}

#[tokio::test]
async fn more_names_than_an_address_takes_are_told_and_no_address_is_too_long() {
    let rig = Rig::with(Setting { users: 1_400, ..Setting::default() }).await;
    let_ask(&rig, true);
    let (client, admin) = (Client::new(&rig).await, rig.admin(rig.tenant()).await);
    let names: Vec<String> =
        (0..100).map(|n| define(&rig, &format!("field{n:03}"), "String", &json!({}))).collect();
    let user = admin.create_user("Uma Berg", "Buyer").await;
    let path = format!("users/{user}");
    admin.patch(&path, &json!({ &names[0]: "first", &names[99]: "last" })).await;
    rig.control.clear();
    let first = snapshot(&client).await;
    let held = object(&client, &first, "users", &user).await;
    assert_eq!((&held[&names[0]], held.get(&names[99])), (&json!("first"), None));
    for kind in ["users", "groups", "administrativeUnits"] {
        let gaps = gaps(&client, &first, kind).await;
        assert!(gaps.iter().all(|(_, cause, _)| cause == "too-many"), "{gaps:?}");
        assert_eq!(gaps.last().unwrap().0, format!("{kind}.extensions"), "the rest is counted");
    }
    let longest = rig.control.requests(rig.tenant().as_str()).iter().map(|r| r.path_and_query.len()).max();
    assert!(longest.unwrap() < 8_000, "{longest:?}");
    // What is not asked for is no change, and no restore takes it away.
    admin.patch(&path, &json!({ &names[0]: "other", &names[99]: null })).await;
    let second = snapshot(&client).await;
    let (changes, left) = compared(&client, &first, &second).await;
    assert_eq!((changes.len(), &changes[0]["attributes"][0]["path"]), (1, &json!(names[0])));
    assert_eq!((changes[0]["attributes"].as_array().unwrap().len(), left), (1, vec![]));
}

#[tokio::test]
async fn where_graph_does_not_say_which_there_are_those_of_the_snapshot_before_are_asked_for() {
    let rig = permitted().await;
    let (client, admin) = (Client::new(&rig).await, rig.admin(rig.tenant()).await);
    let centre = define(&rig, "costCentre", "String", &json!({}));
    let user = admin.create_user("Uma Berg", "Buyer").await;
    admin.patch(&format!("users/{user}"), &json!({ &centre: "4711" })).await;
    let first = snapshot(&client).await;
    admin.patch(&format!("users/{user}"), &json!({ &centre: "4712" })).await;
    let broken = FaultRule {
        path_contains: "getAvailableExtensionProperties".into(),
        status: 501,
        times: 50,
        ..FaultRule::default()
    };
    rig.control.fail_next(broken);
    let second = snapshot(&client).await;
    rig.control.clear_faults();
    assert_eq!(object(&client, &second, "users", &user).await[&centre], "4712");
    let gap = ("users.extensions".to_owned(), "unavailable".to_owned(), json!([]));
    assert_eq!(gaps(&client, &second, "users").await, [gap]);
    let (changes, left) = compared(&client, &first, &second).await;
    assert_eq!((changes.len(), left), (1, vec![]));
    // Nothing is read twice for it: the changes since the first snapshot are enough.
    assert_eq!(client.get(&format!("snapshots/{second}")).await["mode"], "incremental");
    assert_eq!(gaps(&client, &snapshot(&client).await, "users").await, []);
}
