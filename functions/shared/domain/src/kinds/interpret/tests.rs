use super::*;
use crate::kinds;
use serde_json::json;

fn try_read(kind: &str, item: &Value, is_all_of_object: bool) -> Result<Interpreted> {
    let kind = kinds::get(kind).unwrap();
    let source = &kind.reading[0];
    let raw = serde_json::value::to_raw_value(item).unwrap();
    interpret(kind, source, Asked { select: source.select, withheld: &[], is_all_of_object }, &raw)
}

#[expect(clippy::needless_pass_by_value, reason = "reads as a table")]
fn read(kind: &str, item: Value) -> Interpreted {
    try_read(kind, &item, false).unwrap()
}

#[test]
fn a_group_that_goes_on_gives_members_and_no_object() {
    let more = read(
        "groups",
        json!({"id": "g", "members@delta": [{"@odata.type": "#microsoft.graph.user", "id": "u"},
            {"@odata.type": "#microsoft.graph.user", "id": "v", "@removed": {"reason": "deleted"}}]}),
    );
    assert!(more.object.is_none() && more.complete_links.is_empty());
    assert_eq!(more.links[0].value.as_deref(), Some(r##"{"@odata.type":"#microsoft.graph.user"}"##));
    assert_eq!(more.links[1].value, None);
    assert_eq!(more.links[1].end().unwrap(), LinkEnd::Gone);
}

#[test]
fn what_a_list_does_not_give_was_never_set_and_what_a_delta_does_not_give_did_not_change() {
    let user =
        json!({"id": "u", "displayName": "Ü\u{7}", "zz": [3, 1], "faxNumber": null, "manager": {"id": "m"}});
    let listed = try_read("users", &user, true).unwrap().object.unwrap();
    assert!(listed.is_complete);
    let map = listed.to_map().unwrap();
    assert_eq!(
        (&map["city"], &map["displayName"], &map["zz"]),
        (&Value::Null, &json!("Ü\u{7}"), &json!([1, 3]))
    );
    assert!(!map.contains_key("manager") && !map.contains_key("customSecurityAttributes"));
    assert_eq!(listed.text, canonical::text(&Value::Object(map)).into_bytes());
    let changed = try_read("users", &user, false).unwrap().object.unwrap();
    assert!(!changed.is_complete);
    assert_eq!(changed.to_map().unwrap().len(), 4);
}

#[test]
fn what_a_list_leaves_out_is_what_graph_gives_where_it_names_what_is_empty() {
    let given = |item: &Value| try_read("groups", item, true).unwrap().object.unwrap().text;
    let named = json!({"id": "g", "displayName": "G", "groupTypes": [], "proxyAddresses": [], "theme": null});
    let left_out = json!({"id": "g", "displayName": "G"});
    assert_eq!(given(&left_out), given(&named));
    let object = try_read("groups", &left_out, true).unwrap().object.unwrap().to_map().unwrap();
    assert_eq!((&object["groupTypes"], &object["theme"]), (&json!([]), &Value::Null));
}

#[test]
fn of_a_member_that_an_item_repeats_the_last_one_counts() {
    let users = kinds::get("users").unwrap();
    let text = r#"{"id": "u", "city": "first", "city": "last"}"#;
    let raw = RawValue::from_string(text.to_owned()).unwrap();
    let asked = Asked { select: &[], withheld: &[], is_all_of_object: false };
    let read = interpret(users, &users.reading[0], asked, &raw).unwrap();
    assert_eq!(read.object.unwrap().text, br#"{"city":"last","id":"u"}"#);
}

#[test]
fn a_facet_is_kept_apart_and_an_empty_one_is_none() {
    let with = |value: Value| read("users", json!({"id": "u", "customSecurityAttributes": value})).facets;
    assert_eq!(
        with(json!({"b": 1, "a": [2, 1]})),
        [("customSecurityAttributes", Some(br#"{"a":[1,2],"b":1}"#.to_vec()))]
    );
    assert_eq!(with(Value::Null), [("customSecurityAttributes", None)]);
    assert!(read("users", json!({"id": "u", "city": "x"})).facets.is_empty());
}

#[test]
fn a_new_manager_takes_the_place_of_the_old_one_whether_or_not_graph_says_so() {
    let user = read("users", json!({"id": "u", "displayName": "U", "manager@delta": [{"id": "m"}]}));
    assert_eq!(user.complete_links.len(), 1);
    let old = json!({"id": "o", "@removed": {"reason": "deleted"}});
    for entries in [json!([{"id": "m"}, old]), json!([old, {"id": "m"}])] {
        let user = read("users", json!({"id": "u", "manager@delta": entries}));
        assert_eq!((user.links.len(), user.links[0].to.as_str(), user.complete_links.len()), (1, "m", 1));
    }
    let gone =
        read("users", json!({"id": "u", "manager@delta": [{"id": "m", "@removed": {"reason": "deleted"}}]}));
    assert!(gone.complete_links.is_empty());
    assert_eq!(gone.links[0].value, None);
}

#[test]
fn a_role_assignment_is_the_fact_and_not_its_id() {
    let fact =
        |id: &str| json!({"id": id, "principalId": "p", "roleDefinitionId": "r", "directoryScopeId": "/"});
    assert_eq!(read("admins", fact("1")).key, read("admins", fact("2")).key);
}

#[test]
fn an_item_without_an_id_is_an_error_and_not_a_record_less() {
    for item in [json!({"displayName": "?"}), json!([]), json!({"id": null}), json!("u")] {
        assert!(try_read("users", &item, true).is_err(), "{item}");
    }
    let stored = json!({"displayName": "?"});
    assert!(kinds::get("users").unwrap().key_of(stored.as_object().unwrap()).is_err());
    let no_end = json!({"id": "g", "members@delta": [{"@odata.type": "#microsoft.graph.user"}]});
    assert!(try_read("groups", &no_end, false).is_err());
}

#[test]
fn an_excluded_group_and_the_same_group_included_are_two_assignments() {
    let target = |of: &str| json!({"@odata.type": format!("#microsoft.graph.{of}"), "groupId": "g"});
    assert_eq!(assignment_key(&target("groupAssignmentTarget")), "g");
    assert_eq!(assignment_key(&target("exclusionGroupAssignmentTarget")), "g!exclude");
    let all = |of: &str| json!({"@odata.type": format!("#microsoft.graph.{of}")});
    assert_eq!(assignment_key(&all("allDevicesAssignmentTarget")), "allDevices");
    assert_eq!(assignment_key(&all("allLicensedUsersAssignmentTarget")), "allLicensedUsers");
}

#[test]
fn assignments_that_are_null_are_none_and_what_is_no_list_is_an_error() {
    let with = |assignments: Value| {
        try_read("ConfigurationPolicies", &json!({"id": "p", "name": "P", "assignments": assignments}), false)
    };
    assert!(with(Value::Null).unwrap().links.is_empty());
    assert!(with(json!({})).is_err());
}

#[test]
fn a_link_to_one_kind_alone_says_which() {
    let only = |link: &str| kinds::link(link).unwrap().only_end().map(Kind::run);
    assert_eq!((only("users.manager"), only("groups.members")), (Some("users"), None));
}

#[test]
fn what_went_into_the_recycle_bin_is_told_from_what_is_gone_for_good() {
    let removed = |reason: &str| read("users", json!({"id": "u", "@removed": {"reason": reason}})).removed;
    assert_eq!(removed("changed"), Some(Removal::Soft));
    assert_eq!(removed("deleted"), Some(Removal::Hard));
}

#[test]
fn what_names_all_members_says_that_there_are_no_others() {
    let group = read("groups", json!({"id": "g", "displayName": "G", "members": [{"id": "u"}]}));
    let whole: Vec<_> = group.complete_links.iter().map(|link| link.name).collect();
    assert_eq!((whole, group.links.len()), (vec!["groups.members"], 1));
}

#[test]
fn a_directory_extension_that_was_not_asked_for_is_left_out_and_one_that_was_and_has_no_value_is_empty() {
    let users = kinds::get("users").unwrap();
    let item = json!({"id": "u", "extension_a_asked": "x", "extension_a_other": "y", "new": 1});
    let raw = serde_json::value::to_raw_value(&item).unwrap();
    let select = ["id", "extension_a_asked", "extension_a_none"];
    let asked = Asked { select: &select, withheld: &[], is_all_of_object: true };
    let object = interpret(users, &users.reading[0], asked, &raw).unwrap().object.unwrap();
    let text = br#"{"extension_a_asked":"x","extension_a_none":null,"id":"u","new":1}"#;
    assert_eq!(String::from_utf8_lossy(&object.text), String::from_utf8_lossy(text));
    // Of kinds that have none it is a property like any other.
    let other = read("roles", json!({"id": "r", "extension_a_x": 1})).object.unwrap();
    assert!(other.to_map().unwrap().contains_key("extension_a_x"));
}
