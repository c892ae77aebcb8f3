use super::super::{Guard, IdMap, Warning};
use super::*;

fn user(more: &Value) -> Held {
    let mut object = map(&json!({"id": "u", "displayName": "U", "userPrincipalName": "u@x.y",
        "mailNickname": "u", "accountEnabled": true}));
    object.extend(map(more));
    Held { object, links: vec![], ..Held::default() }
}

#[test]
fn merging_leaves_what_was_empty_and_overwriting_empties_it() {
    let (wanted, live) =
        (user(&json!({"jobTitle": "Nurse"})), user(&json!({"jobTitle": "x", "city": "Oslo"})));
    let mut inputs = exactly(vec![item("users", "u", Some(wanted), Some(live))]);
    assert_eq!(updates(&plan(&inputs)), [&map(&json!({"jobTitle": "Nurse", "city": null}))]);
    inputs.attributes = AttributeMode::Merge;
    assert_eq!(updates(&plan(&inputs)), [&map(&json!({"jobTitle": "Nurse"}))]);
}

#[test]
fn an_empty_text_and_none_are_alike() {
    let (wanted, live) = (user(&json!({"jobTitle": ""})), user(&json!({"jobTitle": null, "city": ""})));
    assert!(plan(&exactly(vec![item("users", "u", Some(wanted), Some(live))])).steps.is_empty());
}

#[test]
fn only_chosen_attributes_are_written() {
    let (wanted, live) = (user(&json!({"jobTitle": "a", "city": "b"})), user(&json!({})));
    let mut chosen = item("users", "u", Some(wanted), Some(live));
    chosen.properties = Some(vec!["city".to_owned()]);
    assert_eq!(updates(&plan(&exactly(vec![chosen]))), [&map(&json!({"city": "b"}))]);
}

#[test]
fn a_mail_address_cannot_be_emptied() {
    let inputs =
        exactly(vec![item("users", "u", Some(user(&json!({}))), Some(user(&json!({"mail": "u@x.y"}))))]);
    let plan = plan(&inputs);
    assert!(plan.steps.is_empty());
    assert_eq!(causes(&plan), [("mail", Cause::CannotBeCleared)]);
}

#[test]
fn sensitive_properties_travel_apart_so_that_a_refusal_keeps_nothing_else_out() {
    let wanted = user(&json!({"jobTitle": "a", "mobilePhone": "1", "businessPhones": ["2"]}));
    let plan = plan(&exactly(vec![item("users", "u", Some(wanted), Some(user(&json!({}))))]));
    let bodies = updates(&plan);
    assert_eq!(bodies[0], &map(&json!({"jobTitle": "a"})));
    assert_eq!(bodies[1], &map(&json!({"mobilePhone": "1", "businessPhones": ["2"]})));
}

#[test]
fn security_attributes_keep_their_types_and_empty_what_came_since() {
    let set = "#Microsoft.DirectoryServices.CustomSecurityAttributeValue";
    let wanted = user(&json!({"customSecurityAttributes": {"Eng": {"@odata.type": set,
        "Level@odata.type": "#Int32", "Level": 3}}}));
    let live = user(&json!({"customSecurityAttributes": {"Eng": {"@odata.type": set,
        "Level@odata.type": "#Int32", "Level": 4,
        "Tags@odata.type": "#Collection(String)", "Tags": ["a"], "Cleared": true}}}));
    let plan = plan(&exactly(vec![item("users", "u", Some(wanted), Some(live))]));
    let expected = json!({"customSecurityAttributes": {"Eng": {"@odata.type": set,
        "Level@odata.type": "#Int32", "Level": 3,
        "Tags@odata.type": "#Collection(String)", "Tags": [], "Cleared": null}}});
    assert_eq!(updates(&plan), [&map(&expected)]);
}

#[test]
fn a_user_in_the_recycle_bin_comes_back_and_is_compared_afterwards() {
    let mut deleted = item("users", "u", Some(user(&json!({"jobTitle": "a"}))), None);
    deleted.in_recycle_bin = true;
    let plan = plan(&exactly(vec![deleted]));
    assert!(matches!(plan.steps[0].action, WriteAction::Undelete { .. }));
    assert!(plan.steps[1..].iter().all(|s| s.is_compared_later() && s.before.is_none()));
    assert!(plan.steps[1..].iter().all(|s| s.depends_on == ["u"]));
    assert!(!plan.steps[0].is_compared_later());
}

#[test]
fn what_the_recycle_bin_shows_is_compared_in_the_preview_and_the_rest_when_the_object_is_back() {
    let then = user(&json!({"jobTitle": "Nurse", "city": null, "state": null, "mobilePhone": "1"}));
    let mut binned = user(&json!({"jobTitle": "x", "city": "Oslo", "mobilePhone": "1"}));
    binned.object.insert("userPrincipalName".to_owned(), json!("0123u@x.y"));
    binned.unknown.extend(["state", "customSecurityAttributes", "assignedLicenses", "manager"]);
    let mut deleted = item("users", "u", Some(then), None);
    (deleted.in_recycle_bin, deleted.binned) = (true, Some(binned));
    let overwritten = plan(&exactly(vec![deleted.clone()]));
    let seen: Vec<&Step> = overwritten.steps.iter().filter(|s| s.before.is_some()).collect();
    let [seen] = seen[..] else { panic!("{overwritten:?}") };
    assert_eq!(seen.before, Some(json!({"jobTitle": "x", "city": "Oslo"})));
    assert_eq!(seen.after, Some(json!({"jobTitle": "Nurse", "city": null})));
    let unseen = overwritten.steps.iter().filter(|s| s.is_exact() && s.before.is_none());
    let later: Vec<&Value> = unseen.filter_map(|s| s.after.as_ref()).collect();
    let named = |property: &str| later.iter().any(|after| after.get(property).is_some());
    assert!(
        named("state") && named("userPrincipalName"),
        "unseen, or called otherwise in the bin: {later:?}"
    );
    assert!(!named("mobilePhone") && !named("jobTitle"), "seen already: {later:?}");
    let removes = |s: &Step| matches!(&s.action, WriteAction::RemoveOtherLinks { link, keep } if link == "users.manager" && keep.is_empty());
    assert!(overwritten.steps.iter().any(removes), "she had no manager");
    assert_eq!(overwritten.impossible, vec![]);

    let merge = Inputs { attributes: AttributeMode::Merge, links: LinkMode::Merge, ..exactly(vec![deleted]) };
    let merged = plan(&merge);
    assert!(!merged.steps.iter().any(|s| s.is_exact() || removes(s)), "{merged:?}");
    assert_eq!(merged.left_by_mode.iter().map(|l| l.what.as_str()).collect::<Vec<_>>(), ["city"]);
}

#[test]
fn a_user_who_is_gone_is_created_without_a_stored_password_and_the_plan_says_so() {
    let wanted =
        user(&json!({"jobTitle": "a", "createdDateTime": "2020-01-01T00:00:00Z", "proxyAddresses": ["x"],
        "licenseAssignmentStates": [
            {"skuId": "s1", "assignedByGroup": null, "disabledPlans": []},
            {"skuId": "s2", "assignedByGroup": "g", "disabledPlans": []}],
        "assignedLicenses": [{"skuId": "s1"}, {"skuId": "s2"}]}));
    let plan = plan(&exactly(vec![item("users", "u", Some(wanted), None)]));
    let WriteAction::Create { body } = &plan.steps[0].action else { panic!("{plan:?}") };
    assert_eq!(
        body,
        &map(&json!({"displayName": "U", "userPrincipalName": "u@x.y", "mailNickname": "u",
            "accountEnabled": true, "jobTitle": "a"}))
    );
    assert_eq!(plan.steps[0].warnings, [Warning::NewId, Warning::PasswordReset]);
    let licences = WriteAction::AssignLicences {
        add: vec![json!({"skuId": "s1", "disabledPlans": []})],
        remove: vec![],
    };
    assert_eq!(plan.steps[1].action, licences);
    assert_eq!(plan.steps.len(), 2);
}

#[test]
fn what_a_creation_requires_and_the_snapshot_does_not_have_is_made_up_as_little_as_can_be() {
    let wanted = held(&json!({"id": "u", "displayName": "U", "userPrincipalName": "u.v@x.y"}));
    let plan = plan(&exactly(vec![item("users", "u", Some(wanted), None)]));
    let WriteAction::Create { body } = &plan.steps[0].action else { panic!("{plan:?}") };
    assert_eq!((&body["accountEnabled"], &body["mailNickname"]), (&json!(false), &json!("u.v")));
}

#[test]
fn of_telephone_numbers_of_which_graph_takes_one_a_creation_has_the_first() {
    let wanted = user(&json!({"businessPhones": ["1", "2"]}));
    let plan = plan(&exactly(vec![item("users", "u", Some(wanted), None)]));
    let WriteAction::Create { body } = &plan.steps[0].action else { panic!("{plan:?}") };
    assert_eq!(body["businessPhones"], json!(["1"]));
}

#[test]
fn what_graph_does_not_show_is_sent_and_not_looked_for_afterwards() {
    let wanted = held(&json!({"id": "g", "displayName": "G", "mailNickname": "g",
        "resourceBehaviorOptions": ["WelcomeEmailDisabled"]}));
    let plan = plan(&exactly(vec![item("groups", "g", Some(wanted), None)]));
    let WriteAction::Create { body } = &plan.steps[0].action else { panic!("{plan:?}") };
    assert_eq!(body["resourceBehaviorOptions"], json!(["WelcomeEmailDisabled"]));
    let after = plan.steps[0].after.as_ref().unwrap();
    assert_eq!((&after["displayName"], after.get("resourceBehaviorOptions")), (&json!("G"), None));
}

#[test]
fn what_is_only_read_is_named_unless_it_follows_from_something_else() {
    let side = |value: &str| Some(user(&json!({"creationType": value, "employeeHireDate": value})));
    let every = item("users", "u", side("a"), side("b"));
    assert_eq!(causes(&plan(&exactly(vec![every.clone()]))), [("employeeHireDate", Cause::ReadOnly)]);
    let named = Item { properties: Some(vec!["creationType".to_owned()]), ..every };
    assert_eq!(causes(&plan(&exactly(vec![named]))), [("creationType", Cause::ReadOnly)]);
}

#[test]
fn within_a_phase_what_is_added_comes_before_what_is_taken_and_a_change_before_both() {
    let group = |id: &str, name: &str, members: &[&str]| {
        linked(held(&json!({"id": id, "displayName": name, "groupTypes": []})), "groups.members", members)
    };
    let plan = plan(&exactly(vec![
        item("groups", "a", Some(group("a", "A", &[])), Some(group("a", "A", &["u"]))),
        item("groups", "b", Some(group("b", "B", &["u"])), Some(group("b", "B2", &[]))),
    ]));
    let last: Vec<_> = names_of(&plan);
    let at = |what: &str| last.iter().position(|step| step == what).unwrap_or_else(|| panic!("{last:?}"));
    assert!(at("update b") < at("addLinks b") && at("addLinks b") < at("removeLink a"), "{last:?}");
}

#[test]
fn guests_synced_users_and_mail_groups_that_are_gone_are_named_and_not_created() {
    let guest = user(&json!({"userType": "Guest", "userPrincipalName": "a_b.c#EXT#@x.y"}));
    let synced = user(&json!({"onPremisesSyncEnabled": true}));
    let list = held(&json!({"id": "g", "displayName": "G", "mailEnabled": true, "securityEnabled": false,
        "groupTypes": []}));
    let plan = plan(&exactly(vec![
        item("users", "a", Some(guest), None),
        item("users", "b", Some(synced), None),
        item("groups", "c", Some(list), None),
    ]));
    assert!(plan.steps.is_empty());
    let expected = [("object", Cause::Guest), ("object", Cause::Synced), ("object", Cause::MailEnabled)];
    assert_eq!(causes(&plan), expected);
}

#[test]
fn whether_an_object_is_synced_is_asked_of_the_live_one() {
    let wanted = user(&json!({"jobTitle": "a"}));
    let live = user(&json!({"jobTitle": "b", "onPremisesSyncEnabled": true}));
    let plan = plan(&exactly(vec![item("users", "u", Some(wanted), Some(live))]));
    assert!(plan.steps.is_empty());
    assert!(causes(&plan).contains(&("jobTitle", Cause::Synced)));
}

#[test]
fn a_group_that_becomes_dynamic_loses_its_members_and_the_step_says_so() {
    let group = |more: Value| {
        let mut object = map(&json!({"id": "g", "displayName": "G", "securityEnabled": true}));
        object.extend(map(&more));
        Held { object, links: vec![], ..Held::default() }
    };
    let rule = json!({"groupTypes": ["DynamicMembership"], "membershipRule": "user.city -eq \"Oslo\""});
    let wanted = linked(group(rule), "groups.members", &["u"]);
    let live = linked(group(json!({"groupTypes": []})), "groups.members", &["v"]);
    let plan = plan(&exactly(vec![item("groups", "g", Some(wanted), Some(live))]));
    assert_eq!(names_of(&plan), ["update g"]);
    assert_eq!(plan.steps[0].warnings, [Warning::LosesMembers]);
    assert_eq!(causes(&plan), [("groups.members", Cause::DynamicMembership)]);
}

#[test]
fn what_can_only_be_set_on_creation_is_named() {
    let group =
        |assignable: bool| held(&json!({"id": "g", "displayName": "G", "isAssignableToRole": assignable}));
    let plan = plan(&exactly(vec![item("groups", "g", Some(group(true)), Some(group(false)))]));
    assert!(plan.steps.is_empty());
    assert_eq!(causes(&plan), [("isAssignableToRole", Cause::CreateOnly)]);
}

#[test]
fn what_is_settled_when_a_group_is_created_is_named_whether_it_came_or_went_since() {
    let group = |more: &Value| {
        let mut whole = json!({"id": "g", "displayName": "G", "groupTypes": ["Unified"]});
        whole.as_object_mut().unwrap().extend(map(more));
        held(&whole)
    };
    let differs = |then: Value, now: Value| {
        let plan = plan(&exactly(vec![item("groups", "g", Some(group(&then)), Some(group(&now)))]));
        let written = plan.steps.len();
        (plan.impossible.into_iter().map(|i| (i.what, i.cause)).collect::<Vec<_>>(), written)
    };
    let refused = |what: &str| (vec![(what.to_owned(), Cause::CreateOnly)], 0);
    let (hidden, open, closed) = ("HiddenMembership", "Public", "Private");
    for (then, now) in [(hidden, open), (open, hidden)] {
        let (then, now) = (json!({"visibility": then}), json!({"visibility": now}));
        assert_eq!(differs(then.clone(), now), refused("visibility"), "{then}");
    }
    for (then, now) in [(json!(["Unified"]), json!([])), (json!([]), json!(["Unified"]))] {
        let found = differs(json!({"groupTypes": then}), json!({"groupTypes": now}));
        assert_eq!(found, refused("groupTypes"), "{then}");
    }
    // What is not settled is written, of the same property too.
    assert_eq!(differs(json!({"visibility": open}), json!({"visibility": closed})), (vec![], 1));
}

#[test]
fn the_last_global_administrator_is_neither_deleted_nor_disabled() {
    let mut inputs = exactly(vec![
        item("users", "u", None, Some(user(&json!({})))),
        item("users", "v", Some(user(&json!({"accountEnabled": false}))), Some(user(&json!({})))),
    ]);
    inputs.guard = Guard { administrators: held_by(&["u"]), ..Guard::default() };
    assert_eq!(causes(&plan(&inputs)), [("object", Cause::LockOut)]);
    inputs.guard.administrators = held_by(&["v"]);
    assert_eq!(causes(&plan(&inputs)), [("accountEnabled", Cause::LockOut)]);
    inputs.guard.administrators = held_by(&["u", "v", "w"]);
    assert!(plan(&inputs).impossible.is_empty());
}

#[test]
fn an_object_that_was_created_again_is_found_under_its_new_id() {
    let mut inputs =
        exactly(vec![item("users", "u", Some(user(&json!({"city": "a"}))), Some(user(&json!({"id": "n"}))))]);
    inputs.ids = IdMap::default();
    inputs.ids.insert("u", "n");
    let plan = plan(&inputs);
    assert_eq!((plan.steps[0].key.as_str(), plan.steps[0].id.as_str()), ("u", "n"));
}

#[test]
fn what_came_since_is_deleted_only_when_that_is_asked_for() {
    let mut inputs = exactly(vec![item("groups", "g", None, Some(held(&json!({"id": "g"}))))]);
    assert_eq!(names_of(&plan(&inputs)), ["delete g"]);
    inputs.delete_created = false;
    assert_eq!(causes(&plan(&inputs)), [("object", Cause::NotInSnapshot)]);
}

#[test]
fn what_a_new_user_cannot_be_given_is_named_and_what_grows_again_is_not() {
    let wanted = user(&json!({"employeeHireDate": "2020-01-01T00:00:00Z", "faxNumber": "1",
        "proxyAddresses": ["SMTP:u@x.y", "smtp:alias@x.y"], "createdDateTime": "2020-01-01T00:00:00Z",
        "securityIdentifier": "S-1-12-1", "isResourceAccount": false, "jobTitle": "Nurse",
        "assignedLicenses": [{"skuId": "s", "disabledPlans": []}], "preferredDataLocation": null,
        "identities": [{"signInType": "userPrincipalName", "issuer": "x.y", "issuerAssignedId": "u@x.y"}]}));
    let made = plan(&exactly(vec![item("users", "u", Some(wanted), None)]));
    let expected = ["employeeHireDate", "faxNumber", "proxyAddresses"].map(|what| (what, Cause::ReadOnly));
    assert_eq!(causes(&made), expected);
    let plain = user(&json!({"proxyAddresses": ["SMTP:u@x.y", "smtp:u@tenant.onmicrosoft.com"]}));
    assert!(plan(&exactly(vec![item("users", "u", Some(plain), None)])).impossible.is_empty());
}

#[test]
fn addresses_of_a_live_user_that_cannot_be_written_are_named_where_they_differ_beyond_the_first() {
    let with = |addresses: &[&str]| Some(user(&json!({"proxyAddresses": addresses})));
    let of = |then: &[&str], now: &[&str]| plan(&exactly(vec![item("users", "u", with(then), with(now))]));
    assert!(of(&["SMTP:u@x.y"], &["SMTP:v@x.y"]).impossible.is_empty(), "the first follows from the name");
    let lost = of(&["SMTP:u@x.y", "smtp:alias@x.y"], &["SMTP:u@x.y"]);
    assert_eq!(causes(&lost), [("proxyAddresses", Cause::ReadOnly)]);
}

#[test]
fn a_new_group_does_not_claim_to_be_a_team_and_its_label_and_language_are_named() {
    let wanted = held(&json!({"id": "g", "displayName": "G", "mailNickname": "g", "groupTypes": ["Unified"],
        "mailEnabled": true, "securityEnabled": false, "resourceProvisioningOptions": ["Team"], "visibility": "Private",
        "classification": "Secret", "theme": "Teal", "mail": "g@x.y", "proxyAddresses": ["SMTP:g@x.y", "SPO:SPO_1"],
        "assignedLabels": [{"labelId": "l", "displayName": "L"}]}));
    let made = plan(&exactly(vec![item("groups", "g", Some(wanted), None)]));
    let WriteAction::Create { body } = &made.steps[0].action else { panic!("{made:?}") };
    assert!(!body.contains_key("resourceProvisioningOptions"));
    let named: std::collections::BTreeSet<_> = causes(&made).into_iter().collect();
    let expected = [
        ("assignedLabels", Cause::ReadOnly),
        ("classification", Cause::ReadOnly),
        ("resourceProvisioningOptions", Cause::OtherService),
        ("theme", Cause::ReadOnly),
    ];
    assert_eq!(named, std::collections::BTreeSet::from(expected));
    assert!(made.impossible.iter().any(|i| i.why.contains("channels")));
}

#[test]
fn a_unique_name_is_given_where_there_is_none_and_never_changed() {
    let group = |name: Value| {
        held(&json!({"id": "g", "displayName": "G", "mailEnabled": false,
        "securityEnabled": true, "groupTypes": [], "uniqueName": name}))
    };
    let of = |then: Value, now: Value| {
        plan(&exactly(vec![item("groups", "g", Some(group(then)), Some(group(now)))]))
    };
    let given = of(json!("staff"), json!(null));
    assert_eq!((updates(&given), causes(&given)), (vec![&map(&json!({"uniqueName": "staff"}))], vec![]));
    for (then, now) in [(json!(null), json!("staff")), (json!("staff"), json!("other"))] {
        let kept = of(then, now);
        assert_eq!((updates(&kept).len(), causes(&kept)), (0, vec![("uniqueName", Cause::CreateOnly)]));
    }
}

#[test]
fn a_usage_location_is_emptied_only_where_there_is_no_licence() {
    let live = |licences: Value| {
        user(&json!({"usageLocation": "NO", "assignedLicenses": licences, "licenseAssignmentStates": []}))
    };
    let of = |licences: Value| {
        let wanted =
            user(&json!({"usageLocation": null, "assignedLicenses": [], "licenseAssignmentStates": []}));
        plan(&exactly(vec![item("users", "u", Some(wanted), Some(live(licences)))]))
    };
    let free = of(json!([]));
    assert_eq!((updates(&free), causes(&free)), (vec![&map(&json!({"usageLocation": null}))], vec![]));
    let licensed = of(json!([{"skuId": "s"}]));
    assert_eq!(
        (updates(&licensed).len(), causes(&licensed)),
        (0, vec![("usageLocation", Cause::CannotBeCleared)])
    );
}

#[test]
fn what_a_synced_user_has_of_the_cloud_is_written_and_what_the_other_directory_keeps_is_not() {
    let synced = |more: Value| {
        let mut synced = user(&json!({"onPremisesSyncEnabled": true}));
        synced.object.extend(map(&more));
        synced
    };
    let clouds = json!({"otherMails": ["a@b.example"], "passwordPolicies": "None", "ageGroup": "Adult"});
    let mut then = synced(clouds.clone());
    then.object.insert("jobTitle".to_owned(), json!("Nurse"));
    let plan = plan(&exactly(vec![item("users", "u", Some(then), Some(synced(json!({}))))]));
    let written: Map<String, Value> = updates(&plan).into_iter().flat_map(Clone::clone).collect();
    assert_eq!(written, map(&clouds));
    assert_eq!(causes(&plan), [("jobTitle", Cause::Synced)]);
}

#[test]
fn the_identities_of_a_guest_who_accepted_since_are_left() {
    let guest = |issuer: &str| {
        user(&json!({"userType": "Guest", "identities":
        [{"signInType": "federated", "issuer": issuer, "issuerAssignedId": null}]}))
    };
    let plan = plan(&exactly(vec![item("users", "u", Some(guest("mail")), Some(guest("ExternalAzureAD")))]));
    assert_eq!((plan.steps, plan.impossible.len(), plan.impossible[0].cause), (vec![], 1, Cause::Guest));
}
