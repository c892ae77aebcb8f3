//! Custom roles, role assignments, and what Privileged Identity Management holds.

use serde_json::json;

use super::Company;
use crate::clock::{START_SECOND, iso};
use crate::graph::{BUILT_IN, add_assignment, add_schedule};
use crate::schema;
use crate::state::{Index, Kind};

pub(super) fn seed(c: &mut Company<'_>, users: usize) {
    let mut roles: Vec<String> = BUILT_IN.iter().map(|(id, ..)| (*id).to_owned()).collect();
    for number in 0..5 {
        let id = c.d.new_id().to_string();
        let role = json!({
            "id": id, "templateId": id, "displayName": format!("Custom role {number}"), "description": null,
            "isBuiltIn": false, "isEnabled": number != 4, "version": null, "resourceScopes": ["/"],
            "rolePermissions": [{"allowedResourceActions": ["microsoft.directory/groups/basic/update",
                "microsoft.directory/groups.security/create"], "condition": null}],
        });
        c.d.docs_mut("roleDefinitions").insert(&id, role);
        roles.push(id);
    }
    // Why few people hold all the roles: most users are to be ordinary, whom an application may change.
    let holders = (users / 20).max(3).min(users);
    let assignable = schema::of(Kind::Group).at("isAssignableToRole");
    let groups: Vec<Index> =
        c.groups.iter().copied().filter(|group| c.d.object(*group).row.is_true(assignable)).collect();
    let first = c.id(c.users[0]);
    add_assignment(c.d, &first, BUILT_IN[0].0, "/");
    let wanted = 50 + users / 200;
    let (mut made, mut tries) = (1, 0);
    while made < wanted && tries < wanted * 20 {
        tries += 1;
        let principal = if tries % 10 == 9 && !groups.is_empty() {
            let group = c.pick(&groups);
            c.id(group)
        } else {
            let user = c.any_user(holders);
            c.id(user)
        };
        // Why not the first role: the first user alone is Global Administrator.
        let at = 1 + c.below(roles.len() - 1);
        let scope = if tries % 5 == 4 {
            let units = c.d.list(Kind::Unit).to_vec();
            let unit = c.pick(&units);
            format!("/administrativeUnits/{}", c.id(unit))
        } else {
            "/".to_owned()
        };
        let held = c.d.holders.get(&principal).cloned().unwrap_or_default();
        let twice = held.iter().filter_map(|id| c.d.docs("roleAssignments").get(id)).any(|one| {
            one["roleDefinitionId"] == json!(roles[at]) && one["directoryScopeId"] == json!(scope)
        });
        if !twice {
            add_assignment(c.d, &principal, &roles[at], &scope);
            made += 1;
        }
    }
    if c.d.premium_p2 {
        schedules(c, users, holders);
    }
}

fn schedules(c: &mut Company<'_>, users: usize, holders: usize) {
    let start = iso(START_SECOND - 40 * 86_400);
    let lasting = json!({"startDateTime": start, "recurrence": null,
        "expiration": {"type": "noExpiration", "endDateTime": null, "duration": null}});
    let passing = json!({"startDateTime": start, "recurrence": null,
        "expiration": {"type": "afterDateTime", "endDateTime": iso(START_SECOND + 30 * 86_400), "duration": null}});
    for number in 0..3 + users / 100 {
        let user = c.users[number % holders];
        let principal = c.id(user);
        let role = BUILT_IN[1 + (number / holders) % (BUILT_IN.len() - 1)].0;
        let info = if number.is_multiple_of(2) { &lasting } else { &passing };
        add_schedule(c.d, true, &principal, role, "/", info, false);
    }
    for (number, activated) in [false, false, true].into_iter().enumerate() {
        let user = c.users[number % holders];
        let principal = c.id(user);
        // Why a scope of its own: an ordinary assignment of the same role would be the same assignment twice.
        let scope = format!("/{}", c.id(c.groups[3]));
        let role = BUILT_IN[4 + number].0;
        add_schedule(
            c.d,
            false,
            &principal,
            role,
            &scope,
            if activated { &passing } else { &lasting },
            activated,
        );
    }
}
