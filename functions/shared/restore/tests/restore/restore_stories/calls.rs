//! Each call of a step is listed, also where Graph asks for a pause in its middle.

use crate::restore_world::{RestoreWorld, object, whole};
use engine::records::StepOutcome;
use serde_json::json;
use std::collections::BTreeSet;

const MEMBERS: u32 = 5;

/// A group in the recycle bin that got members between the snapshot and its deletion.
fn stage() -> RestoreWorld {
    let mut stage = RestoreWorld::new();
    let group = json!({"displayName": "staff", "mailNickname": "staff", "mailEnabled": false, "securityEnabled": true});
    stage.both(object("groups", "staff", &group));
    for number in 0..MEMBERS {
        let name = format!("u{number}");
        stage.both(object("users", &name, &json!({"userPrincipalName": format!("{name}@x.y")})));
        stage.directory.link("groups.members", "staff", &name);
    }
    stage.directory.soft_delete("groups", "staff");
    stage
}

#[tokio::test]
async fn whenever_graph_asks_for_a_pause_each_removal_is_listed() {
    for before in 1..=MEMBERS {
        let stage = stage();
        let restore = stage.previewed(whole(&[("groups", "staff")])).await;
        stage.approve(&restore).await;
        // The first write takes the group out of the recycle bin.
        stage.directory.throttle_writes_after(Some(before));
        stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap_err();
        stage.directory.throttle_writes_after(None);
        stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
        assert_eq!(stage.directory.ends("groups.members", "staff"), Vec::<String>::new());
        let records = stage.records(stage.world.catalog.clone());
        let rows = records.list_all(&StepOutcome::of_restore(&stage.tenant, &restore)).await.unwrap();
        let named: BTreeSet<&str> = rows
            .iter()
            .flat_map(|row| &row.value.calls)
            .flat_map(|call| &call.what)
            .filter_map(|what| what.strip_prefix("groups.members/"))
            .collect();
        assert_eq!(named.len(), MEMBERS as usize, "after {before}: {named:?}");
    }
}
