//! What a restore never does, whatever is chosen: for each kind of the table, and each way of choosing.

use super::super::{IdMap, SelectedLink};
use super::*;
use crate::kinds::{Identity, KINDS, Kind};

/// An object of a kind whose properties of that list say `value`.
fn saying(kind: &Kind, properties: &[&str], value: &str) -> Held {
    let mut object = map(&json!({"@odata.type": "#t", "id": "o", kind.name_property: "O",
        "displayName": "O", "userPrincipalName": "o@x.y", "mailNickname": "o"}));
    object.extend(properties.iter().map(|p| ((*p).to_owned(), json!(value))));
    Held { object, ..Held::default() }
}

/// Every property that some step of a plan writes.
fn written(plan: &RestorePlan) -> Vec<String> {
    let body = |s: &Step| match &s.action {
        WriteAction::Create { body } | WriteAction::Update { body, .. } => body.keys().cloned().collect(),
        WriteAction::Act { property, .. } => vec![property.clone()],
        _ => vec![],
    };
    plan.steps.iter().flat_map(body).collect()
}

fn objects() -> impl Iterator<Item = &'static &'static Kind> {
    KINDS.iter().filter(|k| k.identity == Identity::Id)
}

#[test]
fn what_the_service_sets_is_written_to_no_object_whether_it_is_live_gone_or_in_the_bin() {
    for kind in objects() {
        let (then, now) = (saying(kind, kind.read_only, "then"), saying(kind, kind.read_only, "now"));
        for (live, in_recycle_bin) in [(Some(now), false), (None, true), (None, false)] {
            let chosen = Item { in_recycle_bin, ..item(kind.run(), "o", Some(then.clone()), live) };
            let mut named = chosen.clone();
            named.properties = Some(kind.read_only.iter().map(ToString::to_string).collect());
            for chosen in [chosen, named] {
                let written = written(&plan(&exactly(vec![chosen])));
                let wrong: Vec<_> = written.iter().filter(|p| kind.read_only.contains(&p.as_str())).collect();
                assert!(wrong.is_empty(), "{}: {wrong:?}", kind.name);
            }
        }
    }
}

#[test]
fn what_can_only_be_created_is_written_to_no_object_that_is_live_or_in_the_bin() {
    let mut met = 0;
    let roles = kinds::get("roles").unwrap();
    for kind in objects().filter(|k| k.name != roles.name) {
        let (then, now) = (saying(kind, kind.create_only, "then"), saying(kind, kind.create_only, "now"));
        for (live, in_recycle_bin) in [(Some(now), false), (None, true)] {
            let chosen = Item { in_recycle_bin, ..item(kind.run(), "o", Some(then.clone()), live) };
            let written = written(&plan(&exactly(vec![chosen])));
            let wrong: Vec<_> = written.iter().filter(|p| kind.create_only.contains(&p.as_str())).collect();
            assert!(wrong.is_empty(), "{}: {wrong:?}", kind.name);
            met += kind.create_only.len();
        }
    }
    assert!(met > 0, "the table has such properties");
}

#[test]
fn a_rollback_of_chosen_assignments_leaves_the_others_as_they_are() {
    let link = kinds::link("ConfigurationPolicies.assignments").unwrap();
    let assigned = |groups: &[&str]| {
        let mut policy = held(&json!({"@odata.type": "#t", "id": "p", "name": "P", "settings": []}));
        policy.links.extend(groups.iter().map(|group| HeldLink {
            link,
            to: (*group).to_owned(),
            value: map(&json!({"target": {"@odata.type": "#g", "groupId": group}})),
        }));
        policy
    };
    let (wanted, live) = (assigned(&["old"]), assigned(&["chosen", "other"]));
    let mut chosen = item("ConfigurationPolicies", "p", Some(wanted), Some(live));
    let select = |to: &str| SelectedLink { link: link.name.to_owned(), to: to.to_owned() };
    chosen.links = Some(vec![select("old"), select("chosen")]);
    let plan = plan(&exactly(vec![chosen]));
    let WriteAction::Assign { assignments, .. } = &plan.steps[0].action else { panic!("{plan:?}") };
    let groups: Vec<_> = assignments.iter().map(|a| a["target"]["groupId"].as_str().unwrap()).collect();
    assert_eq!(groups, ["old", "other"], "what came since and was chosen goes, what was not chosen stays");
}

#[test]
fn a_rollback_of_chosen_members_removes_no_other() {
    let group = |members: &[&str]| {
        let group = held(&json!({"id": "g", "displayName": "G", "groupTypes": [], "securityEnabled": true}));
        linked(group, "groups.members", members)
    };
    let mut chosen = item("groups", "g", Some(group(&[])), Some(group(&["a", "b"])));
    chosen.links = Some(vec![SelectedLink { link: "groups.members".to_owned(), to: "a".to_owned() }]);
    let plan = plan(&exactly(vec![chosen]));
    let removed: Vec<_> = plan.steps.iter().map(|s| &s.action).collect();
    let [WriteAction::RemoveLink { to, .. }] = removed[..] else { panic!("{removed:?}") };
    assert_eq!(to.id, "a");
}

#[test]
fn a_membership_rule_names_groups_by_the_ids_that_they_have_now() {
    let (old, new) = ("11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002");
    let rule = |id: &str| format!("user.memberof -any (group.objectId -in ['{id}'])");
    let group = |id: &str| {
        held(
            &json!({"id": "g", "displayName": "G", "groupTypes": ["DynamicMembership"], "mailEnabled": false,
            "mailNickname": "g", "securityEnabled": true, "membershipRule": rule(id)}),
        )
    };
    let mut ids = IdMap::default();
    ids.insert(old, new);
    let inputs = |live: Option<Held>| Inputs {
        ids: ids.clone(),
        ..exactly(vec![item("groups", "g", Some(group(old)), live)])
    };
    let WriteAction::Create { body } = &plan(&inputs(None)).steps[0].action else { panic!("it is gone") };
    assert_eq!(body["membershipRule"], rule(new));
    assert!(plan(&inputs(Some(group(new)))).steps.is_empty(), "the rule is as it was");
}

#[test]
fn what_a_step_shows_is_rewritten_with_what_it_writes() {
    let group = |rule: &str| {
        held(
            &json!({"id": "g", "displayName": "G", "groupTypes": ["DynamicMembership"], "membershipRule": rule}),
        )
    };
    let rules = (group("in ['old']"), group("in ['other']"));
    let plan = plan(&exactly(vec![item("groups", "g", Some(rules.0), Some(rules.1))]));
    let step = Step { depends_on: vec!["old".to_owned()], ..plan.steps[0].clone() };
    let mut ids = IdMap::default();
    ids.insert("old", "new");
    let rewritten = step.rewritten(&ids).unwrap();
    let WriteAction::Update { body, .. } = &rewritten.action else { panic!("{rewritten:?}") };
    assert_eq!(body["membershipRule"], "in ['new']");
    assert_eq!(rewritten.after.unwrap()["membershipRule"], "in ['new']");
    assert_eq!(rewritten.before.unwrap()["membershipRule"], "in ['other']");
}

#[test]
fn merging_takes_no_licence_away_and_overwriting_does() {
    let user = |skus: &[&str]| {
        let licences: Vec<_> = skus.iter().map(|s| json!({"skuId": s, "disabledPlans": []})).collect();
        held(&json!({"id": "u", "displayName": "U", "assignedLicenses": licences}))
    };
    let mut inputs = exactly(vec![item("users", "u", Some(user(&["a"])), Some(user(&["b"])))]);
    for (mode, gone) in [(AttributeMode::Overwrite, vec!["b".to_owned()]), (AttributeMode::Merge, vec![])] {
        inputs.attributes = mode;
        let plan = plan(&inputs);
        let WriteAction::AssignLicences { add, remove } = &plan.steps[0].action else { panic!("{plan:?}") };
        assert_eq!((add.len(), remove), (1, &gone), "{mode:?}");
    }
}

#[test]
fn a_licence_of_which_other_plans_are_disabled_is_given_as_it_was_and_taken_from_nobody() {
    let licence = |sku: &str, disabled: &[&str]| json!({"skuId": sku, "disabledPlans": disabled});
    let user =
        |licences: &[Value]| held(&json!({"id": "u", "displayName": "U", "assignedLicenses": licences}));
    let kept = licence("b", &["z"]);
    let (then, now) = (licence("a", &["p", "q"]), licence("a", &["q"]));
    let live = user(&[now.clone(), kept.clone()]);
    for mode in [AttributeMode::Overwrite, AttributeMode::Merge] {
        let wanted = user(&[then.clone(), kept.clone()]);
        let mut inputs = exactly(vec![item("users", "u", Some(wanted), Some(live.clone()))]);
        inputs.attributes = mode;
        let plan = plan(&inputs);
        let [step] = &plan.steps[..] else { panic!("{mode:?}: {plan:?}") };
        let asked = WriteAction::AssignLicences { add: vec![then.clone()], remove: vec![] };
        assert_eq!(step.action, asked, "{mode:?}");
        assert_eq!(step.before, Some(json!([now, kept])), "{mode:?}");
        assert_eq!(step.after, Some(json!([then, kept])), "{mode:?}");
    }
    let reordered = user(&[kept, licence("a", &["q", "p"])]);
    let same = item("users", "u", Some(user(&[licence("b", &["z"]), then])), Some(reordered));
    assert!(plan(&exactly(vec![same])).steps.is_empty(), "the order of plans and licences says nothing");
}

#[test]
fn a_replaced_list_of_identities_keeps_the_one_that_is_the_name_of_the_user() {
    let name = json!({"signInType": "userPrincipalName", "issuer": "x.y", "issuerAssignedId": "u@x.y"});
    let mail = |at: &str| json!({"signInType": "emailAddress", "issuer": "x.y", "issuerAssignedId": at});
    let user = |identities: &[&Value]| {
        held(&json!({"id": "u", "displayName": "U", "userPrincipalName": "u@x.y", "identities": identities}))
    };
    let (wanted, live) = (user(&[&name, &mail("then@a.b")]), user(&[&name, &mail("now@a.b")]));
    let plan = plan(&exactly(vec![item("users", "u", Some(wanted), Some(live))]));
    assert_eq!(updates(&plan)[0]["identities"], json!([name, mail("then@a.b")]));
}

#[test]
fn a_group_whose_rule_names_another_is_created_after_that_one() {
    let (first, second) = ("11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002");
    let group = |id: &str, rule: Option<&str>| {
        let types = if rule.is_some() { json!(["DynamicMembership"]) } else { json!([]) };
        let rule = rule.map(|of| format!("user.memberof -any (group.objectId -in ['{of}'])"));
        held(&json!({"id": id, "displayName": id, "groupTypes": types, "mailEnabled": false,
            "mailNickname": id, "securityEnabled": true, "membershipRule": rule}))
    };
    let gone = |id: &str, rule: Option<&str>| item("groups", id, Some(group(id, rule)), None);
    let plan = plan(&exactly(vec![gone(first, Some(second)), gone(second, None)]));
    assert_eq!(names_of(&plan), [format!("create {second}"), format!("create {first}")]);
}

#[test]
fn an_assignment_to_a_group_that_is_not_there_any_more_keeps_no_other_from_being_written() {
    let link = kinds::link("ConfigurationPolicies.assignments").unwrap();
    let assigned = |groups: &[&str]| {
        let mut policy = held(&json!({"@odata.type": "#t", "id": "p", "name": "P", "settings": []}));
        policy.links.extend(groups.iter().map(|group| HeldLink {
            link,
            to: (*group).to_owned(),
            value: map(&json!({"target": {"@odata.type": "#g", "groupId": group}})),
        }));
        policy
    };
    let of = |wanted: &[&str], live: &[&str]| {
        let mut chosen = item("ConfigurationPolicies", "p", Some(assigned(wanted)), Some(assigned(live)));
        chosen.links = Some(vec![SelectedLink { link: link.name.to_owned(), to: "back".to_owned() }]);
        let mut inputs = exactly(vec![chosen]);
        inputs.missing.insert("dead".to_owned());
        plan(&inputs)
    };
    let plan = of(&["back", "dead"], &["dead"]);
    let WriteAction::Assign { assignments, .. } = &plan.steps[0].action else { panic!("{plan:?}") };
    assert_eq!(assignments.len(), 1, "{assignments:?}");
    assert_eq!(causes(&plan), [("ConfigurationPolicies.assignments/dead", Cause::TargetMissing)]);
    assert_eq!(of(&["back"], &["back", "dead"]), RestorePlan::default(), "nothing is sent for its sake");
}
