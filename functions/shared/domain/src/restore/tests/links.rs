use super::super::{Phase, SelectedLink, Warning};
use super::*;

fn group(types: &[&str], members: &[&str], owners: &[&str]) -> Held {
    let group = held(&json!({"id": "g", "displayName": "G", "groupTypes": types, "securityEnabled": true}));
    linked(linked(group, "groups.members", members), "groups.owners", owners)
}

#[test]
fn members_are_added_twenty_at_once_and_owners_one_by_one() {
    let members: Vec<String> = (0..45).map(|i| format!("u{i:02}")).collect();
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    let wanted = group(&[], &members, &["a", "b"]);
    let plan = plan(&exactly(vec![item("groups", "g", Some(wanted), Some(group(&[], &[], &[])))]));
    let counts: Vec<usize> = plan
        .steps
        .iter()
        .map(|s| match &s.action {
            WriteAction::AddLinks { to, .. } => to.len(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(counts, [20, 20, 5, 1, 1]);
}

#[test]
fn owners_are_added_before_others_are_removed_and_the_last_one_stays() {
    let plan_of =
        |wanted: Held, live: Held| plan(&exactly(vec![item("groups", "g", Some(wanted), Some(live))]));
    let swapped = plan_of(group(&["Unified"], &[], &["a"]), group(&["Unified"], &[], &["b"]));
    assert_eq!(names_of(&swapped), ["addLinks g", "removeLink g"]);
    let emptied = plan_of(group(&["Unified"], &[], &[]), group(&["Unified"], &[], &["b", "c"]));
    assert_eq!(names_of(&emptied), ["removeLink g"]);
    assert_eq!(emptied.impossible[0].cause, Cause::LastOwner);
}

#[test]
fn merging_adds_rolling_back_also_removes_and_skipping_does_neither() {
    let mut inputs =
        exactly(vec![item("groups", "g", Some(group(&[], &["a"], &[])), Some(group(&[], &["b"], &[])))]);
    assert_eq!(names_of(&plan(&inputs)), ["addLinks g", "removeLink g"]);
    inputs.links = LinkMode::Merge;
    assert_eq!(names_of(&plan(&inputs)), ["addLinks g"]);
    inputs.links = LinkMode::Skip;
    assert!(plan(&inputs).steps.is_empty());
}

#[test]
fn only_chosen_links_are_written() {
    let mut chosen = item("groups", "g", Some(group(&[], &["a", "b"], &[])), Some(group(&[], &["c"], &[])));
    chosen.links = Some(vec![SelectedLink { link: "groups.members".to_owned(), to: "b".to_owned() }]);
    let plan = plan(&exactly(vec![chosen]));
    let WriteAction::AddLinks { to, .. } = &plan.steps[0].action else { panic!("{plan:?}") };
    assert_eq!((plan.steps.len(), to.len(), to[0].id.as_str()), (1, 1, "b"));
}

#[test]
fn a_manager_is_replaced_by_one_step_that_shows_the_one_who_goes() {
    let user =
        |manager: &str| linked(held(&json!({"id": "u", "displayName": "U"})), "users.manager", &[manager]);
    let plan = plan(&exactly(vec![item("users", "u", Some(user("m")), Some(user("n")))]));
    assert_eq!(names_of(&plan), ["addLinks u"]);
    assert_eq!(plan.steps[0].before, Some(json!(["n"])));
}

#[test]
fn a_link_to_what_is_not_there_is_named_and_the_others_are_added() {
    let wanted = group(&[], &["a", "b"], &[]);
    let mut inputs = exactly(vec![item("groups", "g", Some(wanted), Some(group(&[], &[], &[])))]);
    inputs.missing.insert("a".to_owned());
    let plan = plan(&inputs);
    assert_eq!(causes(&plan), [("groups.members/a", Cause::TargetMissing)]);
    let WriteAction::AddLinks { to, .. } = &plan.steps[0].action else { panic!("{plan:?}") };
    assert_eq!(to.len(), 1);
}

#[test]
fn whoever_is_created_again_is_a_member_again_and_holds_the_role_again() {
    let user = held(&json!({"id": "u", "displayName": "U", "userPrincipalName": "u@x.y"}));
    let mut group = item("groups", "g", Some(group(&[], &["u"], &[])), Some(group(&[], &["x"], &[])));
    group.properties = Some(vec![]);
    group.links = Some(vec![SelectedLink { link: "groups.members".to_owned(), to: "u".to_owned() }]);
    let fact =
        held(&json!({"id": "1", "principalId": "u", "roleDefinitionId": "r", "directoryScopeId": "/"}));
    let fact = item("admins", "u|r|/|", Some(fact), None);
    let mut inputs = exactly(vec![item("users", "u", Some(user), None)]);
    inputs.referrers.insert("u".to_owned(), vec![group, fact]);
    let made = plan(&inputs);
    assert_eq!(names_of(&made), ["create u", "addLinks g", "create u|r|/|"]);
    assert!(made.steps.iter().all(|s| s.depends_on == ["u"]));
    assert_eq!(made.steps[2].phase, Phase::RoleAssignments);
    // Whatever Graph calls it then, the steps lead to it.
    let mut ids = super::super::IdMap::default();
    ids.insert("u", "new");
    assert_eq!(made.steps[2].rewritten(&ids).unwrap().id, "new|r|/|");
    let WriteAction::AddLinks { to, .. } = made.steps[1].rewritten(&ids).unwrap().action else { panic!() };
    assert_eq!(to[0].id, "new");
    inputs.links = LinkMode::Skip;
    assert_eq!(names_of(&plan(&inputs)), ["create u"]);
}

/// Whole, or the very link: it is planned for the group's own sake, and not once more for the user's.
#[test]
fn a_link_that_was_chosen_itself_is_planned_once_when_its_far_end_is_created_again() {
    let user = || held(&json!({"id": "u", "displayName": "U", "userPrincipalName": "u@x.y"}));
    let group = || item("groups", "g", Some(group(&[], &["u"], &[])), Some(group(&[], &[], &[])));
    let link = || vec![SelectedLink { link: "groups.members".to_owned(), to: "u".to_owned() }];
    for chosen in [None, Some(link())] {
        let referrer = Item { properties: Some(vec![]), links: Some(link()), ..group() };
        let mut inputs =
            exactly(vec![item("users", "u", Some(user()), None), Item { links: chosen, ..group() }]);
        inputs.referrers.insert("u".to_owned(), vec![referrer]);
        assert_eq!(names_of(&plan(&inputs)), ["create u", "addLinks g"]);
    }
}

#[test]
fn what_led_to_somebody_who_is_still_there_comes_back_where_it_is_chosen() {
    let user = held(&json!({"id": "u", "displayName": "U", "userPrincipalName": "u@x.y"}));
    let fact =
        held(&json!({"id": "1", "principalId": "u", "roleDefinitionId": "r", "directoryScopeId": "/"}));
    let link = SelectedLink { link: "groups.members".to_owned(), to: "u".to_owned() };
    let member = Item {
        properties: Some(vec![]),
        links: Some(vec![link]),
        ..item("groups", "g", Some(group(&[], &["u"], &[])), Some(group(&[], &["x"], &[])))
    };
    let role =
        Item { properties: Some(vec![]), links: Some(vec![]), ..item("admins", "u|r|/|", Some(fact), None) };
    let of = |live: bool, in_recycle_bin: bool, incoming: bool, part: bool| {
        let chosen = Item {
            incoming,
            in_recycle_bin,
            properties: part.then(Vec::new),
            ..item("users", "u", Some(user.clone()), live.then(|| user.clone()))
        };
        let mut inputs = exactly(vec![chosen]);
        inputs.referrers.insert("u".to_owned(), vec![member.clone(), role.clone()]);
        // What is done to others.
        names_of(&plan(&inputs)).into_iter().filter(|step| !step.ends_with(" u")).collect::<Vec<_>>()
    };
    assert_eq!(of(true, false, true, false), ["addLinks g", "create u|r|/|"], "and who came since stays");
    assert_eq!(of(true, false, true, true), ["addLinks g", "create u|r|/|"]);
    assert_eq!(of(true, false, false, false), [""; 0]);
    assert_eq!(of(false, true, true, false), ["addLinks g", "create u|r|/|"]);
    assert_eq!(of(false, true, false, false), [""; 0]);
    assert_eq!(
        of(false, false, true, true),
        [""; 0],
        "a part of somebody who is gone, and nothing leads to them"
    );
}

#[test]
fn a_policy_of_which_one_assignment_was_chosen_and_to_which_another_leads_is_assigned_once() {
    let name = "ConfigurationPolicies.assignments";
    let policy = |groups: &[&str]| {
        let mut policy = held(&json!({"@odata.type": "#p", "id": "p", "name": "P", "settings": []}));
        policy.links.extend(groups.iter().map(|group| HeldLink {
            link: kinds::link(name).unwrap(),
            to: (*group).to_owned(),
            value: map(&json!({"target": {"@odata.type": "#t", "groupId": group}})),
        }));
        policy
    };
    let to = |group: &str| Some(vec![SelectedLink { link: name.to_owned(), to: group.to_owned() }]);
    let chosen = |links| Item {
        properties: Some(vec![]),
        links,
        ..item("ConfigurationPolicies", "p", Some(policy(&["a", "g"])), Some(policy(&["x"])))
    };
    let group = || Some(group(&[], &[], &[]));
    let incoming = Item { incoming: true, ..item("groups", "g", group(), group()) };
    let mut inputs = exactly(vec![chosen(to("a")), incoming]);
    inputs.referrers.insert("g".to_owned(), vec![chosen(to("g"))]);
    let plan = plan(&inputs);
    let [step] = &plan.steps[..] else { panic!("{plan:?}") };
    let WriteAction::Assign { assignments, .. } = &step.action else { panic!("{step:?}") };
    let groups: Vec<_> = assignments.iter().map(|one| one["target"]["groupId"].as_str().unwrap()).collect();
    assert_eq!(groups, ["a", "g", "x"]);
}

#[test]
fn whoever_goes_into_a_unit_that_keeps_others_out_goes_there_when_all_else_is_written() {
    let unit = |restricted: bool| {
        let unit = held(&json!({"id": "a", "displayName": "A", "isMemberManagementRestricted": restricted}));
        linked(unit, "administrativeUnits.members", &["u", "g"])
    };
    let user = held(&json!({"id": "u", "displayName": "U", "userPrincipalName": "u@x.y",
        "assignedLicenses": [{"skuId": "s", "disabledPlans": []}]}));
    let steps = |restricted: bool| {
        names_of(&plan(&exactly(vec![
            item("administrativeUnits", "a", Some(unit(restricted)), None),
            item("users", "u", Some(user.clone()), None),
            item("groups", "g", Some(group(&[], &["u"], &[])), None),
        ])))
    };
    let made = steps(true);
    assert_eq!(made[made.len() - 2..], ["addLinks a", "addLinks a"]);
    assert_eq!(made.len(), 7, "{made:?}");
    let open = steps(false);
    assert_eq!(open.last().unwrap(), "assignLicences u", "{open:?}");
}

#[test]
fn a_unit_that_keeps_others_out_leaves_the_bin_when_all_else_is_written() {
    let plan_of = |restricted: bool| {
        let unit = held(&json!({"id": "a", "displayName": "A", "isMemberManagementRestricted": restricted}));
        let mut unit =
            item("administrativeUnits", "a", Some(linked(unit, "administrativeUnits.members", &["u"])), None);
        unit.in_recycle_bin = true;
        let user = |title: &str| held(&json!({"id": "u", "displayName": "U", "jobTitle": title}));
        let members = linked(group(&[], &[], &[]), "groups.members", &["u"]);
        let held_over = held(&json!({"id": "1", "principalId": "u", "roleDefinitionId": "r",
            "directoryScopeId": "/administrativeUnits/a"}));
        plan(&exactly(vec![
            unit,
            item("users", "u", Some(user("then")), Some(user("now"))),
            item("groups", "g", Some(members), Some(group(&[], &[], &[]))),
            item("admins", "u|r|/administrativeUnits/a|", Some(held_over), None),
        ]))
    };
    let at = |plan: &RestorePlan, of: &dyn Fn(&Step) -> bool| plan.steps.iter().position(of).unwrap();
    let undelete = |step: &Step| matches!(step.action, WriteAction::Undelete { .. });
    let last = plan_of(true);
    for before in ["users", "groups"] {
        let of_kind = |step: &Step| step.kind == kinds::get(before).unwrap().name;
        assert!(at(&last, &of_kind) < at(&last, &undelete), "{:?}", names_of(&last));
    }
    let role = |step: &Step| step.is_fact();
    assert!(at(&last, &undelete) < at(&last, &role), "a role over it waits for it");
    assert_eq!(at(&plan_of(false), &undelete), 0);
}

#[test]
fn what_is_written_to_whoever_a_unit_keeps_from_us_is_warned_of() {
    let user = |title: &str| held(&json!({"id": "u", "displayName": "U", "jobTitle": title}));
    let mut inputs = exactly(vec![
        item("users", "u", Some(user("then")), Some(user("now"))),
        item("groups", "g", Some(group(&[], &["u"], &[])), Some(group(&[], &[], &[]))),
    ]);
    inputs.restricted.insert("u".to_owned());
    let warned: Vec<_> = plan(&inputs)
        .steps
        .into_iter()
        .map(|step| (step.key.clone(), step.warnings.contains(&Warning::Restricted)))
        .collect();
    let expected = [("u".to_owned(), true), ("g".to_owned(), false)];
    assert_eq!(warned, expected, "who is in such a unit may become a member elsewhere");
}

#[test]
fn members_that_are_neither_people_nor_groups_come_in_steps_of_their_own_and_are_warned_of() {
    let typed = |of: &[(&str, &str)]| {
        let mut held = group(&[], &of.iter().map(|(id, _)| *id).collect::<Vec<_>>(), &[]);
        for (link, (_, of_type)) in held.links.iter_mut().zip(of) {
            link.value = map(&json!({"@odata.type": format!("#microsoft.graph.{of_type}")}));
        }
        held
    };
    let all = [("a", "user"), ("b", "device"), ("c", "group"), ("d", "servicePrincipal"), ("e", "device")];
    let (none, all) = (typed(&[]), typed(&all));
    let doubtful = |plan: &RestorePlan| -> Vec<Vec<String>> {
        let warned = plan.steps.iter().filter(|step| step.warnings == [Warning::OtherEnds]);
        let ends = |step: &Step| match &step.action {
            WriteAction::AddLinks { to, .. } => to.iter().map(|end| end.id.clone()).collect(),
            WriteAction::RemoveLink { to, .. } => vec![to.id.clone()],
            other => panic!("{other:?}"),
        };
        warned.map(ends).collect()
    };
    let added = plan(&exactly(vec![item("groups", "g", Some(all.clone()), Some(none.clone()))]));
    assert_eq!(
        (added.steps.len(), doubtful(&added)),
        (4, vec![vec!["b".to_owned(), "e".to_owned()], vec!["d".to_owned()]])
    );
    let removed = plan(&exactly(vec![item("groups", "g", Some(none), Some(all))]));
    assert_eq!(
        (removed.steps.len(), doubtful(&removed).concat()),
        (5, ["b", "d", "e"].map(str::to_owned).to_vec())
    );
}
