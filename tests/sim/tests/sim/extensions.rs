//! Directory extensions, as the simulator plays them.

use crate::common::*;
use serde_json::json;
use sim::*;

fn define(sim: &Sim, name: &str, data_type: &str, synced: bool) -> String {
    let described = json!({ "name": name, "dataType": data_type, "targetObjects": ["User"], "isSyncedFromOnPremises": synced });
    sim.control().define_extension(COMPANY_TENANT_ID, &described)
}

#[tokio::test]
async fn which_there_are_is_told_to_whoever_may_read_the_directory() {
    let sim = company(5);
    let (own, synced) = (define(&sim, "costCentre", "String", false), define(&sim, "badge", "String", true));
    let url = "/v1.0/directoryObjects/getAvailableExtensionProperties";
    let admin = Client::administrator(&sim).await;
    let names = |seen: &Seen| seen.list().iter().map(|one| one["name"].clone()).collect::<Vec<_>>();
    assert_eq!(names(&admin.post(url, json!({})).await), [json!(synced), json!(own)]);
    let only = admin.post(url, json!({ "isSyncedFromOnPremises": true })).await;
    assert_eq!(names(&only), [json!(synced)]);
    sim.control().consent(COMPANY_TENANT_ID, READER_CLIENT_ID);
    let reader = Client::of(&sim, READER_CLIENT_ID, READER_SECRET).await;
    assert_eq!(reader.post(url, json!({})).await.status, 403);
}

#[tokio::test]
async fn a_value_comes_only_where_it_is_named_and_a_delta_tells_of_its_change() {
    let sim = company(5);
    let (one, other) =
        (define(&sim, "costCentre", "String", false), define(&sim, "number", "Integer", false));
    let admin = Client::administrator(&sim).await;
    let user = admin.new_user("uma").await;
    let path = format!("/v1.0/users/{user}");
    assert_eq!(admin.patch(&path, json!({ &one: "4711", &other: 7 })).await.status, 204);
    assert_eq!(admin.get(&path).await.body.get(&one), None);
    let named = admin.get(&format!("{path}?$select=id,{one}")).await.body;
    assert_eq!((&named[&one], named.get(&other)), (&json!("4711"), None));
    let (listed, ..) = admin.all(&format!("/v1.0/users?$select=id,{one}")).await;
    assert_eq!(listed.iter().filter(|user| user[&one] == "4711").count(), 1);

    for all_of_them in [true, false] {
        sim.control().switch(|switches| switches.delta_gives_all_extensions = all_of_them);
        let (.., link, _) = admin.all(&format!("/v1.0/users/delta?$select=id,{one}")).await;
        assert_eq!(admin.patch(&path, json!({ &one: null })).await.status, 204);
        let (changed, ..) = admin.all(&link.unwrap()).await;
        let [changed] = &changed[..] else { panic!("{changed:?}") };
        assert_eq!((changed.get(&one), changed.get(&other).is_some()), (Some(&json!(null)), all_of_them));
        admin.patch(&path, json!({ &one: "4711" })).await;
    }
}

#[tokio::test]
async fn what_is_not_defined_or_is_synchronised_or_is_of_another_type_is_refused() {
    let sim = company(5);
    let (own, synced) = (define(&sim, "number", "Integer", false), define(&sim, "badge", "String", true));
    let admin = Client::administrator(&sim).await;
    let user = admin.new_user("uma").await;
    let path = format!("/v1.0/users/{user}");
    for refused in [
        json!({ &own: "text" }),
        json!({ &own: [1] }),
        json!({ &synced: "1" }),
        json!({ "extension_a_none": "1" }),
    ] {
        assert_eq!(admin.patch(&path, refused.clone()).await.status, 400, "{refused}");
    }
    for is_refused in [true, false] {
        sim.control().switch(|switches| switches.unknown_extensions_refused = is_refused);
        let seen = admin.get("/v1.0/users?$select=id,extension_a_none").await;
        assert_eq!(seen.status, if is_refused { 400 } else { 200 });
    }
    sim.control().undefine_extension(COMPANY_TENANT_ID, &own);
    assert_eq!(admin.patch(&path, json!({ &own: 1 })).await.status, 400);
}
