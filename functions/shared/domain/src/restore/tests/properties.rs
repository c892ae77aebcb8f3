use super::super::{IdMap, Phase, content, same};
use super::model::{Side, Tenant};
use super::*;
use proptest::prelude::*;

const USERS: usize = 4;
const GROUPS: usize = 3;

/// A side of a comparison in small numbers.
#[derive(Clone, Debug)]
struct Seed {
    users: Vec<Option<(u8, u8, u8)>>,
    groups: Vec<Option<(u8, u8, u8)>>,
    roles: u8,
    policies: Vec<Option<(u8, u8)>>,
}

fn seed() -> impl Strategy<Value = Seed> {
    (
        prop::collection::vec(prop::option::weighted(0.8, (0..4u8, 0..6u8, 0..4u8)), USERS),
        prop::collection::vec(prop::option::weighted(0.8, (0..3u8, 0..16u8, 0..16u8)), GROUPS),
        0..16u8,
        prop::collection::vec(prop::option::weighted(0.8, (0..3u8, 0..8u8)), 2),
    )
        .prop_map(|(users, groups, roles, policies)| Seed { users, groups, roles, policies })
}

/// The side of a seed, without links to what is not there.
fn side(seed: &Seed) -> Side {
    let mut side = Side::new();
    let is_user = |i: usize| seed.users.get(i).is_some_and(Option::is_some);
    let ends = |bits: u8| (0..USERS).filter(move |i| bits >> i & 1 == 1).filter(|i| is_user(*i));
    for (i, user) in seed.users.iter().enumerate() {
        let Some((title, manager, licences)) = user else { continue };
        let titles = [Value::Null, json!(""), json!("Nurse"), json!("Clerk")];
        let skus: Vec<_> =
            (0..2).filter(|b| licences >> b & 1 == 1).map(|b| json!({"skuId": format!("s{b}")})).collect();
        let user =
            held(&json!({"id": format!("u{i}"), "displayName": format!("U{i}"), "accountEnabled": true,
            "userPrincipalName": format!("u{i}@x.y"), "mailNickname": format!("u{i}"),
            "jobTitle": titles[*title as usize], "assignedLicenses": skus}));
        let manager = usize::from(*manager);
        let managers = if manager != i && is_user(manager) { vec![format!("u{manager}")] } else { vec![] };
        let managers: Vec<&str> = managers.iter().map(String::as_str).collect();
        side.insert(("users", format!("u{i}")), linked(user, "users.manager", &managers));
    }
    for (i, group) in seed.groups.iter().enumerate() {
        let Some((description, members, owners)) = group else { continue };
        let group =
            held(&json!({"id": format!("g{i}"), "displayName": format!("G{i}"), "mailEnabled": false,
            "mailNickname": format!("g{i}"), "securityEnabled": true, "groupTypes": [],
            "description": format!("d{description}")}));
        let names = |bits: u8| ends(bits).map(|i| format!("u{i}")).collect::<Vec<_>>();
        let (members, owners) = (names(*members), names(*owners));
        let (members, owners): (Vec<&str>, Vec<&str>) =
            (members.iter().map(String::as_str).collect(), owners.iter().map(String::as_str).collect());
        let group = linked(linked(group, "groups.members", &members), "groups.owners", &owners);
        side.insert(("groups", format!("g{i}")), group);
    }
    for i in ends(seed.roles) {
        let fact = json!({"id": i.to_string(), "principalId": format!("u{i}"), "roleDefinitionId": "r", "directoryScopeId": "/"});
        side.insert(("admins", format!("u{i}|r|/|")), held(&fact));
    }
    for (i, policy) in seed.policies.iter().enumerate() {
        let Some((value, groups)) = policy else { continue };
        let mut policy = held(&json!({"@odata.type": "#p", "id": format!("p{i}"), "name": format!("P{i}"),
            "settings": [{"id": "0", "settingInstance": {"settingDefinitionId": "a", "value": value}}]}));
        let link = kinds::link("ConfigurationPolicies.assignments").unwrap();
        for g in (0..GROUPS).filter(|g| groups >> g & 1 == 1 && seed.groups[*g].is_some()) {
            let value = map(&json!({"target": {"@odata.type": "#t", "groupId": format!("g{g}")}}));
            policy.links.push(HeldLink { link, to: format!("g{g}"), value });
        }
        side.insert(("ConfigurationPolicies", format!("p{i}")), policy);
    }
    side
}

/// Of the objects that are gone, those whose bit is set lie in the recycle bin, with other links to what is there than at
/// the snapshot, and other values. The eighth bit says whether the bin shows them.
fn tenant(snapshot: &Side, live: Side, bin: u8) -> Tenant {
    let mut tenant = Tenant { live, ..Tenant::default() };
    let gone: Vec<_> = snapshot
        .iter()
        .filter(|(at, _)| !tenant.live.contains_key(*at) && matches!(at.0, "users" | "groups"))
        .enumerate()
        .filter(|(i, _)| bin >> (i % 8) & 1 == 1)
        .map(|(_, (at, held))| (at.clone(), held.clone()))
        .collect();
    tenant.shows_bin = bin >> 7 == 1;
    for (at, mut held) in gone {
        held.links.retain(|l| tenant.live.contains_key(&("users", l.to.clone())));
        let link = if at.0 == "users" { "users.manager" } else { "groups.members" };
        let other = tenant.live.keys().find(|(kind, id)| *kind == "users" && *id != at.1);
        if let Some((_, other)) = other.filter(|_| held.links.is_empty()) {
            held = linked(held, link, &[other]);
        }
        let property = if at.0 == "users" { "jobTitle" } else { "description" };
        held.object.insert(property.to_owned(), json!("in the bin"));
        tenant.bin.insert(at, held);
    }
    tenant
}

fn ends(ids: &IdMap, held: &Held) -> Vec<(&'static str, String)> {
    let mut ends: Vec<_> = held.links.iter().map(|l| (l.link.name, ids.rewrite(&l.to))).collect();
    ends.sort();
    ends
}

/// What of its object a step changes: properties, or a type of links.
fn parts_of(step: &Step) -> Vec<String> {
    match &step.action {
        WriteAction::Update { properties, .. } => properties.clone(),
        WriteAction::AddLinks { link, .. }
        | WriteAction::RemoveLink { link, .. }
        | WriteAction::RemoveOtherLinks { link, .. }
        | WriteAction::Assign { link, .. } => {
            vec![link.clone()]
        }
        WriteAction::AssignLicences { .. } => vec!["assignedLicenses".to_owned()],
        WriteAction::Act { property, .. } => vec![property.clone()],
        WriteAction::IssuePass { .. } => vec![super::super::ACCESS_PASS.to_owned()],
        WriteAction::Create { .. }
        | WriteAction::Adopt { .. }
        | WriteAction::Undelete { .. }
        | WriteAction::Delete => vec!["object".to_owned()],
    }
}

proptest! {
    #[test]
    fn executing_a_plan_makes_the_tenant_what_the_snapshot_says(before in seed(), after in seed(), bin in any::<u8>()) {
        let snapshot = side(&before);
        let mut tenant = tenant(&snapshot, side(&after), bin);
        let first = plan(&tenant.inputs(&snapshot));
        prop_assert!(first.impossible.is_empty(), "{:?}", first.impossible);
        tenant.apply(&first);
        for ((kind, key), wanted) in &snapshot {
            let kind = kinds::get(kind).unwrap();
            let live = tenant.live.get(&(kind.run(), tenant.ids.rewrite(key)));
            let live = live.unwrap_or_else(|| panic!("{key} is missing"));
            let (then, now) = (content(kind, &wanted.object), content(kind, &live.object));
            for (property, value) in then.iter().filter(|(p, _)| kind.can_update(p) && **p != "assignedLicenses") {
                prop_assert!(same(Some(value), now.get(property)), "{key}: {property}");
            }
            prop_assert_eq!(ends(&tenant.ids, wanted), ends(&IdMap::default(), live), "{}", key);
        }
        prop_assert_eq!(tenant.live.len(), snapshot.len());
        let last = plan(&tenant.inputs(&snapshot));
        prop_assert_eq!(last.steps, vec![]);
    }

    #[test]
    fn a_plan_of_what_a_merge_left_is_empty(before in seed(), after in seed()) {
        let snapshot = side(&before);
        let mut tenant = tenant(&snapshot, side(&after), 0);
        let merge = |tenant: &Tenant| Inputs {
            attributes: AttributeMode::Merge,
            links: LinkMode::Merge,
            delete_created: false,
            ..tenant.inputs(&snapshot)
        };
        let merged = plan(&merge(&tenant));
        tenant.apply(&merged);
        prop_assert_eq!(plan(&merge(&tenant)).steps, vec![]);
        // Whatever differs still, the preview has said.
        let rest = plan(&Inputs { delete_created: false, ..tenant.inputs(&snapshot) });
        for step in &rest.steps {
            for part in parts_of(step) {
                let is_said = merged.left_by_mode.iter().any(|l| l.kind == step.kind && l.key == step.key && l.what == part);
                prop_assert!(is_said, "{} {}: {part} differs, and nobody said so", step.kind, step.key);
            }
        }
    }

    #[test]
    fn what_is_as_it_was_gives_no_step(before in seed()) {
        let snapshot = side(&before);
        let tenant = Tenant { live: snapshot.clone(), ..Tenant::default() };
        prop_assert_eq!(plan(&tenant.inputs(&snapshot)).steps, vec![]);
    }

    #[test]
    fn steps_are_numbered_in_phases_and_after_what_they_need(before in seed(), after in seed(), bin in any::<u8>()) {
        let snapshot = side(&before);
        let tenant = tenant(&snapshot, side(&after), bin);
        let plan = plan(&tenant.inputs(&snapshot));
        let phases: Vec<Phase> = plan.steps.iter().map(|s| s.phase).collect();
        prop_assert!(phases.is_sorted());
        for (i, step) in plan.steps.iter().enumerate() {
            prop_assert_eq!(step.number as usize, i + 1);
            for id in &step.depends_on {
                let brings = |s: &Step| s.id == *id && matches!(s.action, WriteAction::Create { .. } | WriteAction::Undelete { .. });
                prop_assert!(plan.steps[..=i].iter().any(brings), "{id} is used before it is there");
            }
        }
    }
}
