//! Changes with all that came or went, read from the snapshot that holds it.

use crate::compared::{Company, group, run, user};
use crate::paged::Desk;
use backup::archive::Archive;
use backup::commands::changes::AskedChanges;
use backup::commands::diffs::Diffs;
use domain::changes::Chosen;
use engine::ports::Page;
use engine::records::Records;
use jiff::SignedDuration;
use std::sync::Arc;

#[tokio::test]
async fn what_goes_on_with_a_group_that_came_has_its_links_and_not_all_its_properties_again() {
    let desk = Desk::new(16, SignedDuration::ZERO).await;
    let mut company = Company::new();
    let before = company.read(&desk).await;
    let members: Vec<String> = (0..1_500).map(|n| format!("m{n:04}")).collect();
    company.users.extend(members.iter().map(|id| user(id)));
    let ids: Vec<&str> = members.iter().map(String::as_str).collect();
    company.groups.push(group("board", true, &ids));
    let after = company.read(&desk).await;
    let (_, row) = run(&desk, &before, &after).await;
    let world = &desk.world;
    let records = Records::new(world.catalog.clone(), world.clock.clone());
    let diffs = Diffs {
        archive: Arc::new(Archive::new(world.vault.clone(), world.key_ring.clone(), records.clone())),
        records,
        queue: world.queue.clone(),
        clock: world.clock.clone(),
        ids: world.ids.clone(),
    };
    let chosen = Chosen { name: Some("board".to_owned()), ..Chosen::default() };
    let asked = AskedChanges { chosen, with_objects: true, ..AskedChanges::default() };
    let page = Page { after: None, limit: 200, descending: false };
    let found = diffs.changes_where(desk.archive.tenant(), &row.id, &asked, page).await.unwrap();
    let parts: Vec<_> = found
        .items
        .iter()
        .map(|part| (part.rating.continued, part.links.len(), part.attributes.is_empty()))
        .collect();
    assert_eq!(parts, [(false, 1_000, false), (true, 500, true)]);
}
