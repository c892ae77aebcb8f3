//! Rows of release 1 that cannot be moved stay, and are counted. That all others are moved, wherever the move dies, is told in
//! `tests/e2e` from what that release left behind.

use domain::TenantId;
use engine::ports::{Catalog, Clock, Row, Scope, Write};
use engine::upgrade::{Report, move_rows};
use jiff::SignedDuration;
use serde_json::json;
use support::memory::World;

const TENANT: &str = "a1b2c3d4-0000-1111-2222-333344445555";

async fn put(world: &World, scope: Scope, row: Row) {
    world.catalog.write(world.clock.now(), vec![Write::PutNew(scope, row)]).await.unwrap();
}

async fn moved(world: &World) -> Report {
    move_rows(&*world.catalog, &*world.clock).await.unwrap()
}

#[tokio::test]
async fn a_row_keeps_its_body_its_end_and_its_place_in_a_list() {
    let world = World::new(1);
    let at = world.clock.now() + SignedDuration::from_hours(1);
    let partner: domain::PartnerId = "prt_01jaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap();
    let person = Row::new("person#per_1", json!({ "name": "Ann" })).watched("digests-due", at).expiring(at);
    put(&world, Scope::Partner(partner.clone()), person.clone()).await;
    put(&world, Scope::Partner(partner.clone()), Row::new("partner", json!({ "name": "stays" }))).await;
    assert_eq!(moved(&world).await, Report { moved: 1, left: 0 });
    let found = world.catalog.find(&Scope::People(partner.clone()), "person#per_1", world.clock.now()).await;
    assert_eq!(found.unwrap(), Some(Row { version: 1, ..person }));
    assert!(
        world.catalog.find(&Scope::Partner(partner), "partner", world.clock.now()).await.unwrap().is_some()
    );
    assert_eq!(moved(&world).await, Report::default(), "once is enough");
}

#[tokio::test]
async fn a_key_whose_tenant_no_organisation_has_and_a_row_whose_place_is_taken_stay_and_are_counted() {
    let world = World::new(1);
    let tenant: TenantId = TENANT.parse().unwrap();
    put(&world, Scope::Tenant(tenant), Row::new("key", json!({ "tenant": TENANT }))).await;
    put(&world, Scope::System, Row::new("token#a", json!({ "of": "before" }))).await;
    put(&world, Scope::Auth, Row::new("token#a", json!({ "of": "now" }))).await;
    let before = world.catalog.rows();
    assert_eq!(moved(&world).await, Report { moved: 0, left: 2 });
    assert_eq!(world.catalog.rows(), before, "nothing is lost and nothing replaced");
}

#[tokio::test]
async fn a_row_that_has_ended_is_left_to_the_catalog() {
    let world = World::new(1);
    let end = world.clock.now() + SignedDuration::from_mins(1);
    put(&world, Scope::System, Row::new("access#a", json!({})).expiring(end)).await;
    world.clock.advance(SignedDuration::from_mins(2));
    assert_eq!(moved(&world).await, Report::default());
}
