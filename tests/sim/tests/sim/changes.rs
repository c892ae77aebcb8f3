//! Delta queries, as documented.

use std::collections::BTreeSet;

use crate::common::*;
use serde_json::{Value, json};
use sim::*;

fn find<'a>(list: &'a [Value], id: &str) -> Option<&'a Value> {
    list.iter().find(|one| one["id"] == json!(id))
}

#[tokio::test]
async fn a_first_round_of_users_has_everyone_and_ends_with_a_delta_link() {
    let sim = company(450);
    let client = Client::administrator(&sim).await;
    let (users, link, pages) = client.all("/v1.0/users/delta?$select=displayName,manager").await;
    assert_eq!((users.len(), pages), (450, 3));
    assert!(users.iter().filter(|user| user["manager@delta"].is_array()).count() > 300);
    let (none, link, _) = client.all(&link.unwrap()).await;
    assert!(none.is_empty());
    assert!(link.is_some());
}

#[tokio::test]
async fn a_large_group_is_spread_over_pages_without_losing_a_member() {
    let sim = company(1300);
    let client = Client::administrator(&sim).await;
    let (entries, ..) = client.all("/v1.0/groups/delta?$select=displayName,members,owners").await;
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    let mut groups = BTreeSet::new();
    for entry in &entries {
        groups.insert(entry["id"].to_string());
        for member in entry["members@delta"].as_array().into_iter().flatten() {
            assert!(seen.insert((entry["id"].to_string(), member["id"].to_string())));
        }
    }
    assert!(entries.len() > groups.len(), "a group is repeated");
    let dump = sim.control().dump(COMPANY_TENANT_ID);
    let all = dump["groups"].as_object().unwrap();
    let count: usize = all.values().map(|group| group["members"].as_array().map_or(0, Vec::len)).sum();
    assert_eq!((groups.len(), seen.len()), (all.len(), count));
}

#[tokio::test]
async fn only_changes_of_selected_properties_are_reported() {
    let client = Client::administrator(&company(0)).await;
    let (ada, bob) = (client.new_user("ada").await, client.new_user("bob").await);
    let (_, link, _) = client.all("/v1.0/users/delta?$select=displayName,city").await;
    let link = link.unwrap();
    client.patch(&format!("/v1.0/users/{ada}"), json!({"jobTitle": "x"})).await;
    client.patch(&format!("/v1.0/users/{bob}"), json!({"city": "Oslo"})).await;
    let (list, ..) = client.all(&link).await;
    assert_eq!(list, [json!({"id": bob, "displayName": "bob", "city": "Oslo"})]);
    let (again, ..) = client.all(&link).await;
    assert_eq!(again, list, "a token can be used again");
    let minimal = client.call("GET", &link, &[("prefer", "return=minimal")], None).await;
    assert_eq!(minimal.list(), [json!({"id": bob, "city": "Oslo"})]);
}

#[tokio::test]
async fn removal_and_return_of_users_and_members_are_reported() {
    let client = Client::administrator(&company(0)).await;
    let (ada, bob) = (client.new_user("ada").await, client.new_user("bob").await);
    let group = client.new_group("g", json!({})).await;
    let refs = format!("/v1.0/groups/{group}/members/$ref");
    client.post(&refs, reference(&ada)).await;
    let users = client.get("/v1.0/users/delta?$select=displayName,manager&$deltatoken=latest").await;
    assert!(users.list().is_empty());
    let users = users.body["@odata.deltaLink"].as_str().unwrap().to_owned();
    let (_, groups, _) = client.all("/v1.0/groups/delta?$select=displayName,members").await;
    client.post(&refs, reference(&bob)).await;
    client.delete(&format!("/v1.0/users/{ada}")).await;
    let (list, next, _) = client.all(&users).await;
    assert_eq!(find(&list, &ada).unwrap()["@removed"]["reason"], "changed");
    let (list, groups, _) = client.all(&groups.unwrap()).await;
    let members = find(&list, &group).unwrap()["members@delta"].as_array().unwrap().clone();
    assert_eq!(find(&members, &ada).unwrap()["@removed"]["reason"], "deleted");
    assert!(find(&members, &bob).unwrap()["@removed"].is_null());
    client.call("POST", &format!("/v1.0/directory/deletedItems/{ada}/restore"), &[], None).await;
    let (list, next, _) = client.all(&next.unwrap()).await;
    assert_eq!(find(&list, &ada).unwrap()["displayName"], "ada");
    let (list, ..) = client.all(&groups.unwrap()).await;
    assert!(find(&list, &group).unwrap()["members@delta"][0]["@removed"].is_null());
    client.delete(&format!("/v1.0/users/{ada}")).await;
    client.delete(&format!("/v1.0/directory/deletedItems/{ada}")).await;
    let (list, ..) = client.all(&next.unwrap()).await;
    assert_eq!(find(&list, &ada).unwrap()["@removed"]["reason"], "deleted");
}

#[tokio::test]
async fn a_filter_takes_fifty_ids_and_no_more() {
    let client = Client::administrator(&company(300)).await;
    let (groups, ..) = client.all("/v1.0/groups?$select=id").await;
    let filter = |n: usize| {
        let ids: Vec<String> =
            groups[..n].iter().map(|g| format!("id eq '{}'", g["id"].as_str().unwrap())).collect();
        format!("/v1.0/groups/delta?$select=displayName,members&$filter={}", ids.join(" or "))
    };
    let (list, ..) = client.all(&filter(50)).await;
    let ids: BTreeSet<String> = list.iter().map(|g| g["id"].to_string()).collect();
    assert_eq!(ids.len(), 50);
    assert_eq!(client.get(&filter(51)).await.status, 400);
}

#[tokio::test]
async fn tokens_expire_after_a_week_or_on_order() {
    let sim = company(0);
    let client = Client::administrator(&sim).await;
    client.new_user("ada").await;
    let (_, link, _) = client.all("/v1.0/users/delta").await;
    let link = link.unwrap();
    sim.control().expire_delta_tokens(ExpiredDelta::Gone);
    let gone = client.get(&link).await;
    assert_eq!(gone.status, 410);
    assert!(gone.headers["location"].to_str().unwrap().ends_with("users/delta?$deltatoken="));
    sim.control().expire_delta_tokens(ExpiredDelta::NotFound);
    assert_eq!(client.get(&link).await.code(), "syncStateNotFound");
    let (_, link, _) = client.all("/v1.0/users/delta").await;
    sim.control().advance(std::time::Duration::from_hours(8 * 24));
    let client = Client::administrator(&sim).await;
    assert_eq!(client.get(&link.unwrap()).await.status, 404);
    assert_eq!(client.get("/v1.0/users/delta?$deltatoken=nonsense").await.status, 400);
}

#[tokio::test]
async fn a_write_that_has_not_replicated_is_reported_later_and_not_lost() {
    let sim = company(0);
    let client = Client::administrator(&sim).await;
    let (_, link, _) = client.all("/v1.0/users/delta?$select=displayName").await;
    sim.control().set_replication_reads(2);
    let ada = client.new_user("ada").await;
    let (early, link, _) = client.all(&link.unwrap()).await;
    assert!(early.is_empty());
    let url = format!("/v1.0/users/{ada}");
    let statuses =
        [client.get(&url).await.status, client.get(&url).await.status, client.get(&url).await.status];
    assert_eq!(statuses, [404, 404, 200]);
    let (late, ..) = client.all(&link.unwrap()).await;
    assert_eq!(late[0]["id"], json!(ada));
}
