use super::super::{GLOBAL_ADMINISTRATOR, Guard};
use super::*;

fn fact(principal: &str, role: &str, more: &Value) -> Held {
    let mut object =
        map(&json!({"id": "1", "principalId": principal, "roleDefinitionId": role, "directoryScopeId": "/"}));
    object.extend(map(more));
    Held { object, links: vec![], ..Held::default() }
}

#[test]
fn an_activated_role_is_never_made_permanent() {
    let mut given = item("admins", "u|r|/|", Some(fact("u", "r", &json!({}))), None);
    given.tenure = Tenure::Activated;
    let plan = plan(&exactly(vec![given]));
    assert!(plan.steps.is_empty());
    assert_eq!(causes(&plan), [("object", Cause::Activated)]);
}

#[test]
fn neither_the_last_global_administrator_nor_our_own_roles_are_taken_away() {
    let role = GLOBAL_ADMINISTRATOR;
    let mut inputs = exactly(vec![
        item("admins", "a", None, Some(fact("a", role, &json!({})))),
        item("admins", "b", None, Some(fact("b", role, &json!({})))),
        item("admins", "us", None, Some(fact("us", "r", &json!({})))),
    ]);
    inputs.guard = Guard {
        administrators: held_by(&["a", "b"]),
        own_principals: ["us".to_owned()].into(),
        ..Guard::default()
    };
    let plan = plan(&inputs);
    assert_eq!(names_of(&plan), ["delete a"]);
    assert_eq!(causes(&plan), [("object", Cause::OwnAccess), ("object", Cause::LockOut)]);
}

#[test]
fn a_role_that_was_given_since_is_taken_only_when_that_is_asked_for() {
    let mut inputs = exactly(vec![item("admins", "new", None, Some(fact("a", "r", &json!({}))))]);
    inputs.delete_created = false;
    let kept = plan(&inputs);
    assert!(kept.steps.is_empty());
    assert_eq!(causes(&kept), [("object", Cause::NotInSnapshot)]);
}

#[test]
fn what_is_given_comes_before_what_is_taken() {
    let plan = plan(&exactly(vec![
        item("admins", "new", None, Some(fact("a", "r", &json!({})))),
        item("admins", "old", Some(fact("b", "r", &json!({}))), None),
    ]));
    assert_eq!(names_of(&plan), ["create old", "delete new"]);
}

#[test]
fn a_schedule_is_asked_for_unless_its_time_is_over_or_it_is_inherited() {
    let until =
        |end: &str| json!({"scheduleInfo": {"expiration": {"type": "afterDateTime", "endDateTime": end}}});
    let mut inputs = exactly(vec![
        item("eligibleAdmins", "a", Some(fact("a", "r", &until("2031-01-01T00:00:00Z"))), None),
        item("eligibleAdmins", "b", Some(fact("b", "r", &until("2029-01-01T00:00:00Z"))), None),
        item("eligibleAdmins", "c", Some(fact("c", "r", &json!({"memberType": "Group"}))), None),
    ]);
    inputs.now = "2030-01-01T00:00:00Z".parse().unwrap();
    let plan = plan(&inputs);
    let WriteAction::Create { body } = &plan.steps[0].action else { panic!("{plan:?}") };
    assert_eq!((body["action"].as_str(), body["principalId"].as_str()), (Some("adminAssign"), Some("a")));
    assert_eq!(causes(&plan), [("object", Cause::Expired), ("object", Cause::Inherited)]);
}

#[test]
fn a_role_that_follows_from_a_membership_by_now_is_not_given_another_end() {
    let until = |end: &str, member: &str| {
        json!({"memberType": member,
            "scheduleInfo": {"expiration": {"type": "afterDateTime", "endDateTime": end}}})
    };
    let wanted = fact("a", "r", &until("2031-01-01T00:00:00Z", "Direct"));
    let live = fact("a", "r", &until("2032-01-01T00:00:00Z", "Group"));
    let mut inputs = exactly(vec![item("eligibleAdmins", "a", Some(wanted), Some(live))]);
    inputs.now = "2030-01-01T00:00:00Z".parse().unwrap();
    let plan = plan(&inputs);
    assert!(plan.steps.is_empty());
    assert_eq!(causes(&plan), [("scheduleInfo", Cause::Inherited)]);
}

#[test]
fn built_in_roles_are_left_alone_and_custom_ones_keep_their_template() {
    let role = |built_in: bool, description: &str| {
        held(&json!({"id": "r", "displayName": "R", "isBuiltIn": built_in, "templateId": "t",
            "description": description, "rolePermissions": [], "somethingNew": 1}))
    };
    let changed = plan(&exactly(vec![item("roles", "r", Some(role(true, "a")), Some(role(true, "b")))]));
    assert_eq!(causes(&changed), [("description", Cause::BuiltIn)]);
    let gone = plan(&exactly(vec![item("roles", "r", Some(role(false, "a")), None)]));
    let WriteAction::Create { body } = &gone.steps[0].action else { panic!("{gone:?}") };
    assert_eq!(
        body,
        &map(&json!({"displayName": "R", "description": "a", "templateId": "t", "rolePermissions": []}))
    );
    let mut unnumbered = role(false, "a");
    unnumbered.object.remove("templateId");
    let gone = plan(&exactly(vec![item("roles", "r", Some(unnumbered), None)]));
    let WriteAction::Create { body } = &gone.steps[0].action else { panic!("{gone:?}") };
    assert_eq!(body["templateId"], "r", "then it is found again by the id that it had");
}

#[test]
fn a_role_that_was_given_since_is_not_taken_where_a_part_of_it_was_chosen() {
    let given = item("admins", "new", None, Some(fact("a", "r", &json!({}))));
    let part = Item { properties: Some(vec!["condition".to_owned()]), ..given };
    let plan = plan(&exactly(vec![part]));
    assert!(plan.steps.is_empty());
    assert_eq!(causes(&plan), [("object", Cause::NotInSnapshot)]);
}

#[test]
fn what_is_chosen_in_part_is_never_deleted_though_all_of_it_came_since() {
    for part in [vec![], vec!["jobTitle".to_owned()]] {
        let live =
            held(&json!({"id": "u", "displayName": "U", "userPrincipalName": "u@x.y", "jobTitle": "x"}));
        let came = Item { properties: Some(part), ..item("users", "u", None, Some(live)) };
        let plan = plan(&exactly(vec![came]));
        assert_eq!(names_of(&plan), Vec::<String>::new());
        assert_eq!(causes(&plan), [("object", Cause::NotInSnapshot)]);
    }
}
