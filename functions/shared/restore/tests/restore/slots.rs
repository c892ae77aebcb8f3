//! How many previews may be open, of a tenant and of one person, beside as many comparisons.

use crate::asking::{BEFORE, ask, customer, office, waits};
use backup::archive::Archive;
use backup::commands::slots::{Asker, MOST_A_DAY, MOST_OPEN, MOST_OPEN_OF_ONE};
use domain::restore::{SelectedItem, Selection};
use domain::{RestoreId, Result};
use engine::records::{Record, Restore, RestoreState};
use restore::commands::restores::{NewRestore, RestoreFrom, Restores};
use restore::preview_restore::Archived;
use std::sync::Arc;
use support::office::{Office, tenant};

async fn ask_preview(office: &Office, asker: impl Into<Asker> + Send) -> Result<Restore> {
    let archive = Archive::new(office.world.vault.clone(), office.world.key_ring.clone(), office.records());
    let archived = Arc::new(Archived::new(Arc::new(archive), office.records()));
    let restores = Restores {
        records: office.records(),
        comparisons: archived.clone(),
        plans: archived,
        queue: office.queue(),
        clock: office.clock(),
        ids: office.ids(),
    };
    let item = SelectedItem::whole(support::kind("users").name, "u");
    let selection = Selection { items: vec![item], ..Selection::default() };
    let from = RestoreFrom::Items(BEFORE.parse().unwrap());
    restores.create_preview(&tenant(), asker, NewRestore::of(from, selection)).await
}

async fn previewed(office: &Office, id: &RestoreId) {
    let mut row = office.records().get(&Restore::at(&tenant(), id)).await.unwrap();
    row.value.state = RestoreState::Previewed;
    office.records().replace(&row.value, row.version).await.unwrap();
}

#[tokio::test]
async fn the_sixth_open_preview_of_a_tenant_is_refused_beside_as_many_comparisons() {
    let office = office().await;
    for n in 0..MOST_OPEN {
        ask(&office, &*format!("per_{}", n % 2)).await.unwrap();
    }
    let mut asked = Vec::new();
    for n in 0..MOST_OPEN {
        asked.push(ask_preview(&office, &*format!("per_{}", n % 2)).await.unwrap());
    }
    let sent = office.world.queue.sent().len();
    let refused = ask_preview(&office, "per_3").await.unwrap_err();
    assert_eq!((waits(&refused), office.world.queue.sent().len()), (30_000, sent));
    assert!(refused.to_string().contains("5 previews of this tenant are under way"), "{refused}");
    let rows = office.records().list_all(&Restore::all(&tenant())).await.unwrap();
    assert_eq!(rows.len(), MOST_OPEN, "and of the sixth there is no row");
    previewed(&office, &asked[2].id).await;
    ask_preview(&office, "per_3").await.unwrap();
    assert!(ask_preview(&office, "per_3").await.is_err(), "and there are five again");
}

#[tokio::test]
async fn one_person_has_three_open_previews_and_end_customers_ask_for_fifty_a_day() {
    let office = office().await;
    let mut asked = Vec::new();
    for _ in 0..MOST_OPEN_OF_ONE {
        asked.push(ask_preview(&office, "per_1").await.unwrap());
    }
    let refused = ask_preview(&office, "per_1").await.unwrap_err();
    assert_eq!(waits(&refused), 30_000);
    assert!(refused.to_string().contains("that you asked for"), "{refused}");
    for preview in asked {
        previewed(&office, &preview.id).await;
    }
    for n in 0..MOST_A_DAY {
        let asked = ask_preview(&office, customer(&format!("hft_{}", n % 7))).await.unwrap();
        previewed(&office, &asked.id).await;
    }
    let refused = ask_preview(&office, customer("hft_9")).await.unwrap_err();
    assert_eq!(waits(&refused), 6 * 3_600_000, "it is six in the evening");
    ask_preview(&office, "per_1").await.unwrap();
}
