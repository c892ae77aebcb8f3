//! A company of twenty thousand is served completely.

use crate::common::*;
use sim::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

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

#[tokio::test]
async fn the_same_seed_makes_the_same_company() {
    let dump = |seed| Sim::new(SimConfig::company(seed, 300)).control().dump(COMPANY_TENANT_ID);
    assert_eq!(dump(3), dump(3));
    assert_ne!(dump(3), dump(4));
}

#[tokio::test]
async fn a_cut_connection_breaks_the_answer_off() {
    let sim = company(0);
    let client = Client::administrator(&sim).await;
    let server = sim.clone().serve("127.0.0.1:0".parse().unwrap()).await.unwrap();
    sim.control().fail_next(FaultRule {
        path_contains: "/users".into(),
        after: true,
        ..FaultRule::default()
    });
    let address = server.graph_url().trim_start_matches("http://").to_owned();
    let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "GET /v1.0/users HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n\r\n",
        client.token
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!String::from_utf8_lossy(&answer).ends_with("0\r\n\r\n"), "the body has no end");
    assert_eq!(sim.control().requests(COMPANY_TENANT_ID).len(), 1);
}
