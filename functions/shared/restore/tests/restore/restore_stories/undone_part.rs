//! A part of a restore is undone: single steps, or all that it wrote to an object; the rest stays.

use crate::restore_world::{RestoreWorld, object, whole};
use domain::RestoreId;
use domain::restore::{Selection, WriteAction};
use restore::commands::restores::{AskedPart, NamedObject, NewRestore, RestoreFrom};
use serde_json::{Value, json};

/// Ann and Bob with other titles than then, Ann out of her group, and Carl gone, who was in it too.
async fn restored() -> (RestoreWorld, RestoreId) {
    let mut stage = RestoreWorld::new();
    for name in ["ann", "bob", "carl"] {
        let user = json!({"userPrincipalName": format!("{name}@x.y"), "displayName": name, "mailNickname": name,
            "accountEnabled": true, "jobTitle": "then", "assignedLicenses": []});
        stage.both(object("users", name, &user));
    }
    let staff = json!({"displayName": "staff", "mailNickname": "staff", "mailEnabled": false,
        "securityEnabled": true, "groupTypes": [], "description": "then"});
    stage.both(object("groups", "staff", &staff));
    stage.link("users.manager", "carl", "bob");
    stage.link("groups.members", "staff", "ann");
    stage.link("groups.members", "staff", "carl");
    for name in ["ann", "bob"] {
        stage.directory.set("users", name, "jobTitle", json!("now"));
    }
    stage.directory.unlink("groups.members", "staff", "ann");
    stage.directory.hard_delete("carl");
    let all = [("users", "ann"), ("users", "bob"), ("users", "carl"), ("groups", "staff")];
    let restore = stage.previewed(whole(&all)).await;
    let row = stage.run(&restore).await;
    assert_eq!(row.counts.done, row.counts.steps);
    (stage, restore)
}

fn objects(named: &[(&str, &str)]) -> AskedPart {
    let named =
        named.iter().map(|(kind, key)| NamedObject { kind: (*kind).to_owned(), key: (*key).to_owned() });
    AskedPart { objects: Some(named.collect()), steps: None }
}

async fn undo(stage: &RestoreWorld, restore: &RestoreId, part: AskedPart) -> RestoreId {
    let undo = stage.undone_from(RestoreFrom::UndoOnly(restore.clone(), part)).await;
    let row = stage.run(&undo).await;
    assert_eq!(row.counts.done, row.counts.steps);
    undo
}

fn title(stage: &RestoreWorld, name: &str) -> Value {
    stage.directory.get("users", name)["jobTitle"].clone()
}

#[tokio::test]
async fn what_was_written_to_one_object_is_undone_and_the_rest_stays() {
    let (stage, restore) = restored().await;
    let carl = stage.new_id("carl").await;
    let undone = undo(&stage, &restore, objects(&[("users", "ann")])).await;
    assert_eq!((title(&stage, "ann"), title(&stage, "bob")), (json!("now"), json!("then")));
    assert!(
        stage.directory.ends("groups.members", "staff").contains(&"ann".to_owned()),
        "that is of the group"
    );
    assert!(stage.directory.has("users", &carl));
    let row = stage.restore(&undone).await;
    assert_eq!(row.undoes.as_ref(), Some(&restore));
    assert_eq!(row.undoes_only.as_ref().map(|part| part.objects.len()), Some(1));
    // Made anew, the preview is of the same part.
    let again = stage.commands().preview_again(&stage.tenant, "me", &undone).await.unwrap();
    assert_eq!(again.undoes_only, row.undoes_only);
}

#[tokio::test]
async fn single_steps_are_undone_and_with_the_one_that_made_an_object_all_that_were_written_to_it() {
    let (stage, restore) = restored().await;
    let carl = stage.new_id("carl").await;
    let steps = stage.plan(&restore).await.steps;
    let number =
        |is: &dyn Fn(&WriteAction) -> bool| steps.iter().find(|step| is(&step.action)).unwrap().number;
    let made = number(&|action| matches!(action, WriteAction::Create { .. }));
    undo(&stage, &restore, AskedPart { steps: Some(vec![made]), objects: None }).await;
    assert!(!stage.directory.has("users", &carl), "his manager came with the restore, and is nobody else's");
    assert_eq!((title(&stage, "ann"), title(&stage, "bob")), (json!("then"), json!("then")));
    let (ann, both) = (
        objects(&[("users", "ann")]),
        number(&|action| matches!(action, WriteAction::AddLinks { link, .. } if link == "groups.members")),
    );
    undo(&stage, &restore, AskedPart { steps: Some(vec![both]), ..ann }).await;
    assert!(stage.directory.ends("groups.members", "staff").is_empty());
    assert_eq!((title(&stage, "ann"), title(&stage, "bob")), (json!("now"), json!("then")));
}

#[tokio::test]
async fn a_part_that_is_none_is_refused_with_its_field() {
    let (stage, restore) = restored().await;
    let steps = |numbers: &[u32]| AskedPart { steps: Some(numbers.to_vec()), objects: None };
    for (part, field) in [
        (steps(&[]), "steps"),
        (steps(&[1, 99]), "steps[1]"),
        (steps(&[0]), "steps[0]"),
        (steps(&[1, 2, 1]), "steps[2]"),
        (objects(&[]), "only"),
        (objects(&[("printers", "ann")]), "only[0].kind"),
        (objects(&[("users", "ann"), ("users", "dora")]), "only[1].key"),
        (objects(&[("groups", "ann")]), "only[0].key"),
        (objects(&[("users", "ann"), ("users", "ann")]), "only[1].key"),
    ] {
        let from = RestoreFrom::UndoOnly(restore.clone(), part);
        let new = NewRestore::of(from, Selection::default());
        let error = stage.commands().create_preview(&stage.tenant, "me", new).await.unwrap_err();
        let fields: Vec<&str> = error.fields().iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, [field], "{error}");
    }
}

#[tokio::test]
async fn an_object_is_named_by_its_key_or_its_id_then_or_its_id_since() {
    for is_new in [false, true] {
        let (stage, restore) = restored().await;
        let carl = stage.new_id("carl").await;
        let name = if is_new { carl.as_str() } else { "carl" };
        undo(&stage, &restore, objects(&[("users", name)])).await;
        assert!(!stage.directory.has("users", &carl), "{name}");
    }
    let (stage, restore) = restored().await;
    let carl = stage.new_id("carl").await;
    let from = RestoreFrom::UndoOnly(restore.clone(), objects(&[("users", "carl"), ("users", &carl)]));
    let new = NewRestore::of(from, Selection::default());
    let error = stage.commands().create_preview(&stage.tenant, "me", new).await.unwrap_err();
    assert!(error.to_string().contains("named twice"), "{error}");
}

#[tokio::test]
async fn of_what_wrote_nothing_it_is_said_that_there_is_nothing_to_undo() {
    let mut stage = RestoreWorld::new();
    for name in ["ann", "bob"] {
        let user =
            json!({"userPrincipalName": format!("{name}@x.y"), "displayName": name, "jobTitle": "then"});
        stage.both(object("users", name, &user));
        stage.directory.set("users", name, "jobTitle", json!("now"));
    }
    let restore = stage.previewed(whole(&[("users", "ann"), ("users", "bob")])).await;
    // Ann has her old title again, and Bob a third one.
    stage.directory.set("users", "ann", "jobTitle", json!("then"));
    stage.directory.set("users", "bob", "jobTitle", json!("theirs"));
    stage.run(&restore).await;
    for part in [
        objects(&[("users", "ann"), ("users", "bob")]),
        AskedPart { steps: Some(vec![1, 2]), objects: None },
        AskedPart { steps: Some(vec![1, 2]), ..objects(&[("users", "ann")]) },
    ] {
        let undo = stage.undone_from(RestoreFrom::UndoOnly(restore.clone(), part)).await;
        let plan = stage.plan(&undo).await;
        assert_eq!(plan.steps, vec![]);
        let told: Vec<_> =
            plan.impossible.iter().map(|item| (item.key.as_str(), item.why.as_str())).collect();
        let why = "that step wrote nothing: there is nothing of it to undo";
        assert_eq!(told, [("ann", why), ("bob", why)]);
    }
}
