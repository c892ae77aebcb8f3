use super::*;

fn dynamic(id: &str, rule: &str) -> Held {
    held(
        &json!({"id": id, "displayName": id, "mailEnabled": false, "mailNickname": id, "securityEnabled": true,
        "groupTypes": ["DynamicMembership"], "membershipRule": rule, "membershipRuleProcessingState": "On"}),
    )
}

fn naming(id: &str) -> String {
    format!("user.memberof -any (group.objectId -in ['{id}'])")
}

#[test]
fn groups_whose_rules_name_each_other_are_made_without_rules_and_get_them_then() {
    let groups = [("a", naming("b")), ("b", naming("a")), ("c", naming("a")), ("d", naming("d"))];
    let items = groups.iter().map(|(id, rule)| item("groups", id, Some(dynamic(id, rule)), None));
    let plan = plan(&exactly(items.collect()));
    assert_eq!(plan.impossible, vec![]);
    let created = |key: &str| {
        let of = |s: &&Step| s.key == key && matches!(s.action, WriteAction::Create { .. });
        let step = plan.steps.iter().find(of).expect("it is created");
        let WriteAction::Create { body } = &step.action else { unreachable!() };
        (step.number, body)
    };
    for key in ["a", "b", "d"] {
        let (number, body) = created(key);
        assert_eq!((body.get("membershipRule"), &body["groupTypes"]), (None, &json!([])), "{key}");
        assert_eq!(body.get("membershipRuleProcessingState"), None, "{key}");
        let of = |s: &&Step| s.key == key && matches!(s.action, WriteAction::Update { .. });
        let rule = plan.steps.iter().find(of).expect("its rule follows");
        let after = rule.after.as_ref().unwrap();
        assert_eq!(
            (&after["groupTypes"], &after["membershipRuleProcessingState"]),
            (&json!(["DynamicMembership"]), &json!("On"))
        );
        assert!(rule.number > number && rule.depends_on.contains(&key.to_owned()), "{rule:?}");
    }
    let (a, b) = (created("a").0, created("b").0);
    let rules: Vec<u32> = plan
        .steps
        .iter()
        .filter(|s| matches!(s.action, WriteAction::Update { .. }))
        .map(|s| s.number)
        .collect();
    assert!(rules.iter().all(|rule| *rule > a && *rule > b), "{rules:?}");
    // The one that merely refers to another waits for it, as ever.
    let (c, body) = created("c");
    assert!(c > a && body.contains_key("membershipRule"));
}
