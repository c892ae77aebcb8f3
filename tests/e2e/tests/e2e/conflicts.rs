//! Places that only one object can have: who has them is told in the preview, and nothing comes back until a person says how.

use super::data_plane::Client;
use super::put_back::{preview, run, snapshot};
use super::rig::{Admin, Rig};
use reqwest::Method;
use serde_json::{Value, json};

/// A tenant with a user who is in a snapshot, and what there is of them.
struct Scene<'a> {
    rig: &'a Rig,
    client: Client<'a>,
    admin: Admin,
}

impl<'a> Scene<'a> {
    async fn of(rig: &'a Rig) -> Self {
        Self { rig, client: Client::new(rig).await, admin: rig.admin(rig.tenant()).await }
    }

    /// The address, or name, at the tenant's own domain.
    fn at_home(&self, local: &str) -> String {
        format!("{local}@{}", self.admin.inner().domain())
    }

    async fn user(&self, local: &str, more: &Value) -> String {
        let mut body = json!({ "accountEnabled": true, "displayName": local, "mailNickname": local,
            "userPrincipalName": self.at_home(local),
            "passwordProfile": { "password": "a long enough one", "forceChangePasswordNextSignIn": true } });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.admin.create("users", &body).await
    }

    async fn team(&self, name: &str, nick: &str, more: &Value) -> String {
        let mut body = json!({ "displayName": name, "mailNickname": nick, "mailEnabled": true,
            "securityEnabled": false, "groupTypes": ["Unified"] });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.admin.create("groups", &body).await
    }

    async fn delete(&self, collection: &str, id: &str) {
        self.admin.delete(&format!("{collection}/{id}")).await;
    }

    async fn delete_for_good(&self, collection: &str, id: &str) {
        self.delete(collection, id).await;
        self.delete("directory/deletedItems", id).await;
    }

    /// Previews the return of one object with these choices; gives the restore and what is shown.
    async fn returns(&self, first: &str, kind: &str, key: &str, choices: &[Value]) -> (String, Value) {
        let resolution = |choice: &Value| {
            let mut all = json!({ "kind": kind, "key": key });
            all.as_object_mut().unwrap().extend(choice.as_object().unwrap().clone());
            all
        };
        let choices: Vec<Value> = choices.iter().map(resolution).collect();
        let asked =
            json!({ "snapshot": first, "items": [{ "kind": kind, "key": key }], "conflicts": choices });
        preview(&self.client, &asked).await
    }

    /// Runs it; nothing of it may fail.
    async fn run(&self, path: &str) {
        let report = run(&self.client, path).await;
        let counts = (&report["counts"]["failed"], &report["counts"]["skipped"]);
        assert_eq!(counts, (&json!(0), &json!(0)), "{report}");
    }

    /// The only object of a collection whose property has that value.
    fn only(&self, collection: &str, property: &str, value: &str) -> (String, Value) {
        let dump = self.rig.dump();
        let all = dump[collection].as_object().unwrap();
        let mut fits = all.iter().filter(|(_, one)| one[property] == value);
        let (id, one) = fits.next().unwrap_or_else(|| panic!("no {property} is {value}"));
        assert!(fits.next().is_none(), "{property} is {value} twice");
        (id.clone(), one.clone())
    }
}

/// What a preview says of conflicts: property, who has it, whether they are in the recycle bin, and the choices.
fn told(shown: &Value) -> Vec<(&str, &str, bool, Vec<&str>)> {
    let all = shown["conflicts"].as_array().unwrap().iter();
    all.map(|one| {
        let choices = one["choices"].as_array().unwrap().iter().map(|choice| choice.as_str().unwrap());
        let text = |value: &'static str| one[value].as_str().unwrap();
        (
            text("property"),
            one["with"]["id"].as_str().unwrap(),
            one["inRecycleBin"] == true,
            choices.collect(),
        )
    })
    .collect()
}

/// Nothing is planned for an object that is left, and that is said.
fn is_left(shown: &Value) {
    let causes: Vec<&Value> =
        shown["impossible"].as_array().unwrap().iter().map(|one| &one["cause"]).collect();
    assert_eq!((&shown["items"], &causes[..]), (&json!([]), &[&json!("conflict")][..]), "{shown}");
}

#[tokio::test]
async fn out_of_the_recycle_bin_a_user_whose_name_and_address_are_taken_comes_under_another_and_without_it() {
    let rig = Rig::new().await;
    let scene = Scene::of(&rig).await;
    let address = scene.at_home("uma.first");
    let uma = scene.user("uma", &json!({ "mail": address })).await;
    let first = snapshot(&scene.client).await;
    scene.delete("users", &uma).await;
    let other = scene.user("uma", &json!({ "mail": address.to_uppercase(), "jobTitle": "New" })).await;

    let (path, shown) = scene.returns(&first, "users", &uma, &[]).await;
    is_left(&shown);
    let expected = [
        ("userPrincipalName", other.as_str(), false, vec!["leave", "adopt", "rename"]),
        ("proxyAddresses", other.as_str(), false, vec!["leave", "adopt", "without"]),
    ];
    assert_eq!(told(&shown), expected);
    // Whoever runs it all the same changes nothing: the two are as they were.
    scene.run(&path).await;
    assert_eq!(scene.only("users", "displayName", "uma").0, other);

    let name = scene.at_home("uma.second");
    let rename = json!({ "property": "userPrincipalName", "choice": { "type": "rename", "to": name } });
    let (_, half) = scene.returns(&first, "users", &uma, std::slice::from_ref(&rename)).await;
    is_left(&half);
    let without = json!({ "property": "proxyAddresses", "choice": { "type": "without" } });
    let (path, shown) = scene.returns(&first, "users", &uma, &[rename, without]).await;
    let action = json!({ "type": "undelete", "newName": name, "without": [address] });
    assert_eq!((&shown["items"][0]["action"], &shown["conflicts"]), (&action, &json!([])));
    scene.run(&path).await;
    let (id, back) = scene.only("users", "userPrincipalName", &name);
    assert_eq!((id, &back["mail"]), (uma, &Value::Null));
    let (id, untouched) = scene.only("users", "userPrincipalName", &scene.at_home("uma"));
    assert_eq!(
        (id, &untouched["mail"], &untouched["jobTitle"]),
        (other, &json!(address.to_uppercase()), &json!("New"))
    );
}

#[tokio::test]
async fn a_new_user_comes_without_an_address_that_a_group_has_by_now() {
    let rig = Rig::new().await;
    let scene = Scene::of(&rig).await;
    let address = scene.at_home("harbour");
    let uma = scene.user("uma", &json!({ "mail": address })).await;
    let first = snapshot(&scene.client).await;
    scene.delete_for_good("users", &uma).await;
    let group = scene.team("Harbour", "harbour", &json!({})).await;

    let (_, shown) = scene.returns(&first, "users", &uma, &[]).await;
    is_left(&shown);
    assert_eq!(told(&shown), [("mail", group.as_str(), false, vec!["leave", "without"])]);
    assert_eq!(shown["conflicts"][0]["with"]["odataType"], "#microsoft.graph.group");
    let (path, shown) =
        scene.returns(&first, "users", &uma, &[json!({ "choice": { "type": "without" } })]).await;
    let said =
        &shown["impossible"].as_array().unwrap().iter().find(|one| one["what"] == "mail").unwrap()["cause"];
    assert_eq!(said, "conflict", "what does not come back is said before anything is written");
    scene.run(&path).await;
    let (_, back) = scene.only("users", "userPrincipalName", &scene.at_home("uma"));
    assert_eq!(back["mail"], Value::Null);
    assert_eq!(rig.dump()["groups"][&group]["mail"], json!(address));
}

#[tokio::test]
async fn a_name_that_is_anothers_address_is_told_whether_graph_minds_or_not() {
    for minds in [true, false] {
        let rig = Rig::new().await;
        rig.control.switch(|switches| switches.names_are_addresses = minds);
        let scene = Scene::of(&rig).await;
        let uma = scene.user("harbour", &json!({})).await;
        let first = snapshot(&scene.client).await;
        scene.delete_for_good("users", &uma).await;
        let group = scene.team("Harbour", "harbour", &json!({})).await;
        let (_, shown) = scene.returns(&first, "users", &uma, &[]).await;
        is_left(&shown);
        assert_eq!(told(&shown), [("userPrincipalName", group.as_str(), false, vec!["leave", "rename"])]);
        let name = scene.at_home("harbour.master");
        let rename = json!({ "choice": { "type": "rename", "to": name } });
        let (path, _) = scene.returns(&first, "users", &uma, &[rename]).await;
        scene.run(&path).await;
        scene.only("users", "userPrincipalName", &name);
    }
}

#[tokio::test]
async fn a_group_of_a_kind_that_the_snapshot_does_not_hold_is_a_rival_like_any_other() {
    let rig = Rig::new().await;
    let scene = Scene::of(&rig).await;
    let uma = scene.user("uma", &json!({ "mail": scene.at_home("harbour") })).await;
    rig.control.fail_next(sim::FaultRule {
        path_contains: "/groups".to_owned(),
        status: 403,
        times: u32::MAX,
        ..sim::FaultRule::default()
    });
    let first = snapshot(&scene.client).await;
    rig.control.clear_faults();
    scene.delete_for_good("users", &uma).await;
    let group = scene.team("Harbour", "harbour", &json!({})).await;
    let (_, shown) = scene.returns(&first, "users", &uma, &[]).await;
    is_left(&shown);
    assert_eq!(told(&shown), [("mail", group.as_str(), false, vec!["leave", "without"])]);
}

#[tokio::test]
async fn who_had_an_address_together_with_another_at_the_snapshot_is_no_rival() {
    let rig = Rig::new().await;
    rig.control.switch(|switches| switches.names_are_addresses = false);
    let scene = Scene::of(&rig).await;
    let uma = scene.user("harbour", &json!({})).await;
    scene.team("Harbour", "harbour", &json!({})).await;
    let first = snapshot(&scene.client).await;
    scene.delete_for_good("users", &uma).await;
    let (path, shown) = scene.returns(&first, "users", &uma, &[]).await;
    assert_eq!(shown["conflicts"], json!([]));
    scene.run(&path).await;
    scene.only("users", "userPrincipalName", &scene.at_home("harbour"));
}

#[tokio::test]
async fn an_immutable_id_that_another_has_even_in_the_recycle_bin_is_told_and_can_be_done_without() {
    for (in_bin, keeps) in [(false, true), (true, true), (true, false)] {
        let rig = Rig::new().await;
        rig.control.switch(|switches| switches.bin_keeps_immutable_ids = keeps);
        let scene = Scene::of(&rig).await;
        let id = json!({ "onPremisesImmutableId": "aGFyYm91cg==" });
        let uma = scene.user("uma", &id).await;
        let first = snapshot(&scene.client).await;
        scene.delete_for_good("users", &uma).await;
        let other = scene.user("ole", &id).await;
        if in_bin {
            scene.delete("users", &other).await;
        }
        let (_, shown) = scene.returns(&first, "users", &uma, &[]).await;
        is_left(&shown);
        let choices = if in_bin { vec!["leave", "without"] } else { vec!["leave", "adopt", "without"] };
        assert_eq!(told(&shown), [("onPremisesImmutableId", other.as_str(), in_bin, choices)]);
        let without = json!({ "choice": { "type": "without" } });
        let (path, _) = scene.returns(&first, "users", &uma, &[without]).await;
        scene.run(&path).await;
        let (_, back) = scene.only("users", "userPrincipalName", &scene.at_home("uma"));
        assert_eq!(back["onPremisesImmutableId"], Value::Null);
    }
}

#[tokio::test]
async fn a_microsoft_365_group_whose_nickname_is_taken_comes_under_another_and_a_security_group_does_not_mind()
 {
    let rig = Rig::new().await;
    let scene = Scene::of(&rig).await;
    let crew = scene.team("Crew", "crew", &json!({ "uniqueName": "crew-1" })).await;
    let plain = json!({ "displayName": "Watch", "mailNickname": "crew", "mailEnabled": false, "securityEnabled": true });
    let plain = scene.admin.create("groups", &plain).await;
    let first = snapshot(&scene.client).await;
    scene.delete_for_good("groups", &crew).await;
    scene.delete_for_good("groups", &plain).await;
    let other = scene.team("Other", "crew", &json!({ "uniqueName": "crew-1" })).await;
    let (_, shown) = scene.returns(&first, "groups", &crew, &[]).await;
    is_left(&shown);
    let expected = [
        ("mailNickname", other.as_str(), false, vec!["leave", "adopt", "rename"]),
        ("uniqueName", other.as_str(), false, vec!["leave", "adopt", "without"]),
    ];
    assert_eq!(told(&shown), expected);
    let rename = json!({ "choice": { "type": "rename", "to": "crew.second" } });
    let (path, shown) =
        scene.returns(&first, "groups", &crew, &[rename, json!({ "choice": { "type": "without" } })]).await;
    assert_eq!(shown["conflicts"], json!([]));
    scene.run(&path).await;
    let (_, back) = scene.only("groups", "mailNickname", "crew.second");
    assert_eq!((&back["displayName"], &back["uniqueName"]), (&json!("Crew"), &Value::Null));
    // Security groups may share a nickname.
    let nick = scene.only("groups", "displayName", "Other").1["mailNickname"].clone();
    assert_eq!(nick, "crew");
    let (path, shown) = scene.returns(&first, "groups", &plain, &[]).await;
    assert_eq!(shown["conflicts"], json!([]));
    scene.run(&path).await;
}

#[tokio::test]
async fn a_custom_role_that_somebody_made_again_by_hand_is_told_and_adopted() {
    let rig = Rig::new().await;
    let scene = Scene::of(&rig).await;
    let path = "roleManagement/directory/roleDefinitions";
    let role = json!({ "displayName": "Night clerk", "description": "a", "isEnabled": true,
        "rolePermissions": [{ "allowedResourceActions": ["microsoft.directory/groups/create"] }] });
    let old = scene.admin.create(path, &role).await;
    let first = snapshot(&scene.client).await;
    scene.delete(path, &old).await;
    let new = scene
        .admin
        .create(
            path,
            &json!({ "displayName": "Night clerk", "description": "b", "isEnabled": true,
        "rolePermissions": role["rolePermissions"] }),
        )
        .await;
    let (_, shown) = scene.returns(&first, "roles", &old, &[]).await;
    is_left(&shown);
    assert_eq!(told(&shown), [("displayName", new.as_str(), false, vec!["leave", "adopt", "rename"])]);
    let adopt = json!({ "choice": { "type": "adopt", "id": new } });
    let (path, _) = scene.returns(&first, "roles", &old, &[adopt]).await;
    scene.run(&path).await;
    let all = scene.admin.inner().list("roleManagement/directory/roleDefinitions").await.unwrap();
    let mut of_name = all.iter().filter(|one| one["displayName"] == "Night clerk");
    assert_eq!(of_name.next().map(|one| (&one["id"], &one["description"])), Some((&json!(new), &json!("a"))));
    assert!(of_name.next().is_none());
}

#[tokio::test]
async fn a_choice_about_a_property_that_no_conflict_is_about_is_refused_by_its_field() {
    let rig = Rig::new().await;
    let scene = Scene::of(&rig).await;
    let first = snapshot(&scene.client).await;
    let asked = json!({ "snapshot": first, "items": [{ "kind": "users", "key": "x" }],
        "conflicts": [{ "kind": "users", "key": "x", "property": "city", "choice": { "type": "without" } }] });
    let refused = scene.client.ask_below(Method::POST, "restores", Some(&asked)).await;
    assert_eq!(refused.0, 422, "{refused:?}");
    assert!(refused.1.to_string().contains("conflicts[0].property"), "{refused:?}");
}
