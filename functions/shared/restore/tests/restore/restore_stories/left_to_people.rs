//! What a restore leaves to people: each thing with whoever does it, and seen again with each snapshot.

use crate::restore_world::{RestoreWorld, item, object, whole};
use domain::restore::Selection;
use domain::{ErrorKind, RestoreId};
use engine::ports::Page;
use engine::records::RestoreState;
use jiff::SignedDuration;
use restore::completion::{Completion, Owner, Seen, ToDo};
use serde_json::{Value, json};

fn first_page() -> Page {
    Page { after: None, limit: 100, descending: false }
}

async fn left(stage: &RestoreWorld, restore: &RestoreId) -> Completion {
    stage.commands().read_completion(&stage.tenant, restore, first_page()).await.unwrap()
}

/// What is left to do of an object, and whether it is done.
fn of<'a>(completion: &'a Completion, key: &str) -> Vec<(ToDo, Owner, Seen, &'a str)> {
    let of = completion.duties.iter().filter(|duty| duty.key == key);
    of.map(|duty| (duty.to_do, duty.owner, duty.state, duty.what.as_str())).collect()
}

/// Ann, who is gone for good, and a group that had her and somebody whom Graph will not have back in it.
fn stage() -> RestoreWorld {
    let mut stage = RestoreWorld::new();
    for name in ["ann", "bob"] {
        let user = json!({"userPrincipalName": format!("{name}@x.y"), "displayName": name, "mailNickname": name,
            "accountEnabled": true});
        stage.both(object("users", name, &user));
    }
    let group = json!({"displayName": "Staff", "mailNickname": "staff", "mailEnabled": false,
        "securityEnabled": true, "groupTypes": []});
    stage.both(object("groups", "staff", &group));
    for member in ["ann", "bob"] {
        stage.link("groups.members", "staff", member);
        stage.directory.unlink("groups.members", "staff", member);
    }
    stage.directory.hard_delete("ann");
    stage.directory.poison("bob", 403);
    stage
}

#[tokio::test]
async fn what_is_left_to_people_is_told_with_its_owner_and_seen_again_with_each_snapshot() {
    let mut stage = stage();
    let mut selection = whole(&[("users", "ann"), ("groups", "staff")]);
    selection.come_back_blocked = true;
    let restore = stage.previewed(selection).await;
    let early = stage.commands().read_completion(&stage.tenant, &restore, first_page()).await.unwrap_err();
    assert_eq!(early.kind(), ErrorKind::Conflict, "it has not been run");
    assert_eq!(stage.run(&restore).await.state, RestoreState::Done);
    let id = stage.directory.id_of("displayName", "ann");
    assert_eq!(stage.directory.get("users", &id)["accountEnabled"], false, "she comes back blocked");

    let found = left(&stage, &restore).await;
    let of_ann = [
        (ToDo::GivePassword, Owner::Helpdesk, Seen::Open, "object"),
        (ToDo::RegisterMethods, Owner::Person, Seen::Unseen, "object"),
        (ToDo::ConsentAgain, Owner::Person, Seen::Unseen, "object"),
        (ToDo::AllowSignIn, Owner::Helpdesk, Seen::Open, "object"),
        (ToDo::ReplaceId, Owner::Administrator, Seen::Unseen, "object"),
    ];
    assert_eq!(of(&found, "ann"), of_ann);
    assert!(found.duties.iter().filter(|duty| duty.key == "ann").all(|duty| duty.id == id));
    let refused = (ToDo::GrantPermission, Owner::Administrator, Seen::Open, "groups.members/bob");
    assert_eq!(of(&found, "staff"), [refused]);
    assert_eq!(found.snapshot, None, "none was taken since");

    // Somebody does it; a snapshot sees it.
    stage.world.clock.advance(SignedDuration::from_hours(1));
    let made = stage.now() - SignedDuration::from_hours(1);
    let mut ann = stage.directory.get("users", &id);
    ann.extend([
        ("createdDateTime".to_owned(), json!(made.to_string())),
        ("lastPasswordChangeDateTime".to_owned(), json!(stage.now().to_string())),
        ("accountEnabled".to_owned(), json!(true)),
    ]);
    stage.snapshot.insert(("users".to_owned(), id.clone()), (ann, vec![]));
    stage.sealed().await;
    let found = left(&stage, &restore).await;
    assert!(found.snapshot.is_some());
    let done: Vec<ToDo> =
        found.duties.iter().filter(|duty| duty.state == Seen::Done).map(|duty| duty.to_do).collect();
    // The table's snapshot has had Bob as a member all the time.
    assert_eq!(done, [ToDo::GivePassword, ToDo::AllowSignIn, ToDo::GrantPermission]);

    // Part by part it is the same list.
    let mut parts = Vec::new();
    let mut after = None;
    loop {
        let page = Page { after, limit: 2, descending: false };
        let part = stage.commands().read_completion(&stage.tenant, &restore, page).await.unwrap();
        parts.extend(part.duties);
        after = part.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(parts, found.duties);
}

#[tokio::test]
async fn whoever_comes_back_out_of_the_bin_is_blocked_where_that_is_chosen_and_else_as_they_were() {
    for (shows_bin, blocked) in [(true, true), (false, true), (true, false)] {
        let mut stage = RestoreWorld::new();
        let ann = json!({"userPrincipalName": "ann@x.y", "displayName": "Ann", "accountEnabled": true});
        stage.both(object("users", "ann", &ann));
        if shows_bin {
            stage.directory.show_bin();
        }
        stage.directory.soft_delete("users", "ann");
        let items = vec![item("users", "ann")];
        let selection = Selection { items, come_back_blocked: blocked, ..Selection::default() };
        let restore = stage.previewed(selection).await;
        stage.run(&restore).await;
        assert_eq!(stage.directory.get("users", "ann")["accountEnabled"], json!(!blocked));
        let found = left(&stage, &restore).await;
        let expected: &[_] =
            if blocked { &[(ToDo::AllowSignIn, Owner::Helpdesk, Seen::Open, "object")] } else { &[] };
        assert_eq!(of(&found, "ann"), expected, "{shows_bin}");
        assert_eq!(
            stage.snapshot[&("users".to_owned(), "ann".to_owned())].0["accountEnabled"],
            Value::Bool(true)
        );
    }
}
