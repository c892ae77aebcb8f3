//! A company of twenty thousand is served whole.

#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use sim::*;

#[tokio::test]
async fn twenty_thousand_users_and_their_groups_are_read_whole() {
    let started = std::time::Instant::now();
    let sim = company(20_000);
    println!("seeded in {:?}", started.elapsed());
    let client = Client::administrator(&sim).await;
    let started = std::time::Instant::now();
    let (users, _, pages) = client
        .all("/v1.0/users?$select=id,displayName,mail,department&$expand=manager($select=id)&$top=999")
        .await;
    assert_eq!((users.len(), pages), (20_000, 21));
    println!("users in {:?}", started.elapsed());
    let started = std::time::Instant::now();
    let (groups, ..) = client.all("/v1.0/groups/delta?$select=displayName,members,owners").await;
    let members: usize = groups.iter().map(|g| g["members@delta"].as_array().map_or(0, Vec::len)).sum();
    assert!((190_000..=210_000).contains(&members), "{members}");
    println!("groups in {:?}", started.elapsed());
    assert_eq!(sim.control().throttled(COMPANY_TENANT_ID), 0);
}
