//! What came in all objects of a type at once is no version of any of them, and what somebody set on one is; `explain` says the same,
//! and of what was created again what the comparison says.

use super::{of, state, told};
use crate::chain::Chain;
use backup::commands::diffs::Diffs;
use backup::commands::explained::AskedPlace;
use backup::commands::history::Happened;
use domain::changes::Verdict;
use domain::{DiffId, SnapshotId};
use serde_json::{Value, json};

/// What `explain` says of a place, of the comparison that follows a snapshot.
async fn explained(chain: &Chain, after: &SnapshotId, (kind, key, path): (&str, &str, &str)) -> Verdict {
    let world = &chain.world;
    let diffs = Diffs {
        archive: chain.opened(),
        records: chain.records(),
        queue: world.queue.clone(),
        clock: world.clock.clone(),
        ids: world.ids.clone(),
    };
    let id = DiffId::from_ulid(after.as_str().trim_start_matches(SnapshotId::PREFIX));
    let place = AskedPlace { kind: support::kind(kind), key: key.to_owned(), path: path.to_owned() };
    diffs.explain(&chain.tenant, &id, &place).await.unwrap().verdict
}

fn policy(n: usize, of_type: &str, given: Option<&str>) -> (String, Value) {
    let mut policy =
        json!({ "id": format!("p{n}"), "displayName": format!("Policy {n}"), "@odata.type": of_type });
    if let Some(given) = given {
        policy["given"] = json!(given);
    }
    (format!("p{n}"), policy)
}

#[tokio::test]
async fn a_property_that_all_of_a_type_have_since_then_is_no_version_and_what_one_of_another_type_got_is() {
    let mut chain = Chain::with(true).await;
    let (five, one) = ("#microsoft.graph.wifi", "#microsoft.graph.vpn");
    let at = |given: Option<&str>, set: Option<&str>| {
        let mut all: Vec<(String, Value)> = (0..6).map(|n| policy(n, five, given)).collect();
        all.push(policy(9, one, set));
        all
    };
    let named = |all: &[(String, Value)]| {
        let records: Vec<(&str, Value)> =
            all.iter().map(|(key, policy)| (key.as_str(), policy.clone())).collect();
        state(&[("DeviceConfiguration", &records)])
    };
    chain.seal(&named(&at(None, None))).await;
    chain.seal(&named(&at(Some("by Graph"), Some("by somebody")))).await;
    let changes = chain.compare(&chain.sealed[0], &chain.sealed[1]).await;
    assert_eq!(changes.iter().map(|change| change.key.as_str()).collect::<Vec<_>>(), ["p9"]);
    let kind = "DeviceConfiguration";
    assert_eq!(told(&chain.whole(of(kind, "p3")).await.0), []);
    assert_eq!(told(&chain.whole(of(kind, "p9")).await.0), [(Happened::Modified, vec!["given"])]);
    let after = chain.sealed[1].clone();
    assert_eq!(explained(&chain, &after, (kind, "p3", "given")).await, Verdict::Everywhere);
    assert_eq!(explained(&chain, &after, (kind, "p9", "given")).await, Verdict::Change);
}

#[tokio::test]
async fn a_property_that_came_inside_the_settings_of_all_is_no_version_of_one() {
    let mut chain = Chain::with(true).await;
    let at = |scope: Option<&str>| {
        let policy = |n: usize| {
            let mut setting = json!({ "settingDefinitionId": format!("s{n}"), "value": n });
            if let Some(scope) = scope {
                setting["scope"] = json!(scope);
            }
            json!({ "id": format!("p{n}"), "name": format!("Policy {n}"), "settings": [{ "id": "0", "settingInstance": setting }] })
        };
        let all: Vec<(String, Value)> = (0..6).map(|n| (format!("p{n}"), policy(n))).collect();
        let records: Vec<(&str, Value)> =
            all.iter().map(|(key, policy)| (key.as_str(), policy.clone())).collect();
        state(&[("ConfigurationPolicies", &records)])
    };
    chain.seal(&at(None)).await;
    chain.seal(&at(Some("device"))).await;
    assert_eq!(chain.compare(&chain.sealed[0], &chain.sealed[1]).await, []);
    let kind = "ConfigurationPolicies";
    assert_eq!(told(&chain.whole(of(kind, "p3")).await.0), []);
    let place = (kind, "p3", "settings[s3]/settingInstance/scope");
    assert_eq!(explained(&chain, &chain.sealed[1], place).await, Verdict::Everywhere);
}

#[tokio::test]
async fn of_somebody_who_was_created_again_what_the_service_gives_anew_is_no_change() {
    let mut chain = Chain::with(true).await;
    let user = |id: &str, title: &str, day: u8| json!({ "id": id, "displayName": "Ann", "jobTitle": title, "createdDateTime": format!("2026-01-0{day}T00:00:00Z") });
    let other = ("o", user("o", "x", 1));
    chain.seal(&state(&[("users", &[other.clone(), ("old", user("old", "Clerk", 1))])])).await;
    chain.created_again("users", "old", "new").await;
    chain.seal(&state(&[("users", &[other, ("new", user("new", "Boss", 2))])])).await;
    let changes = chain.compare(&chain.sealed[0], &chain.sealed[1]).await;
    let paths: Vec<&str> = changes.iter().flat_map(|c| &c.attributes).map(|a| a.path.as_str()).collect();
    assert_eq!(paths, ["jobTitle"]);
    let after = chain.sealed[1].clone();
    assert_eq!(explained(&chain, &after, ("users", "old", "jobTitle")).await, Verdict::Change);
    assert_eq!(explained(&chain, &after, ("users", "old", "createdDateTime")).await, Verdict::Volatile);
}
