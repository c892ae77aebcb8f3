//! Who gave a role, who activated it, and what ended by itself: by the records of the simulated log.

use super::rig::Rig;
use super::who::{act_for, authored, compare, grant, pass, person};
use domain::SnapshotId;
use domain::changes::What;
use domain::who::Finding;
use reqwest::Method;
use serde_json::json;

const HELPDESK: &str = "729827e3-9c14-49f7-bb1b-9608f156bbb8";

/// What is told of each change of roles: what happened, the answer, and who is named.
async fn of_roles(rig: &Rig, before: &SnapshotId, after: &SnapshotId) -> Vec<(What, Finding, Vec<String>)> {
    let diff = compare(rig, before, after).await;
    let told = authored(rig, &diff, None).await.into_iter().map(|one| {
        let told = one.who.unwrap().told;
        let named = told.by.iter().filter_map(|by| by.id.clone().or_else(|| by.name.clone())).collect();
        (one.change.what, told.answer, named)
    });
    told.collect()
}

#[tokio::test]
async fn whoever_activates_a_role_is_told_of_the_activation_and_whoever_gave_it_of_the_role() {
    for roles_have_ids_of_their_own in [false, true] {
        let rig = Rig::new().await;
        grant(&rig);
        rig.control.switch(|switches| {
            switches.audits.roles_have_ids_of_their_own = roles_have_ids_of_their_own;
        });
        let admin = rig.admin(rig.tenant()).await;
        let user = admin.create_user("Uma Berg", "Auditor").await;
        let tenant = rig.tenant().as_str().to_owned();
        let mut snapshots = vec![rig.snapshot().await];
        pass(&rig, 30);
        let active = rig.control.activate_role(&tenant, &user, HELPDESK);
        pass(&rig, 30);
        snapshots.push(rig.snapshot().await);
        let answer = if roles_have_ids_of_their_own { Finding::Probably } else { Finding::Exact };
        let [activated] = &of_roles(&rig, &snapshots[0], &snapshots[1]).await[..] else {
            panic!("one change")
        };
        assert_eq!((activated.0, activated.1), (What::Activated, answer), "{activated:?}");
        assert!(activated.2.contains(&user), "{activated:?}");

        pass(&rig, 30);
        rig.control.end_activation(&tenant, &active);
        pass(&rig, 30);
        snapshots.push(rig.snapshot().await);
        let [ended] = &of_roles(&rig, &snapshots[1], &snapshots[2]).await[..] else { panic!("one change") };
        assert_eq!((ended.0, ended.1), (What::Ended, answer), "{ended:?}");
        assert!(ended.2.contains(&"Azure AD PIM".to_owned()), "{ended:?}");

        // Given for good by somebody, then activated by whoever has it: the role is by whoever gave it.
        pass(&rig, 30);
        let (_, who) = person(4);
        act_for(&rig, &who);
        let admin = rig.admin(rig.tenant()).await;
        let fact = json!({ "principalId": user, "roleDefinitionId": HELPDESK, "directoryScopeId": "/" });
        admin.write(Method::POST, "roleManagement/directory/roleAssignments", &fact).await;
        let given = rig.snapshot().await;
        pass(&rig, 5);
        let again = rig.control.activate_role(&tenant, &user, HELPDESK);
        pass(&rig, 5);
        rig.control.end_activation(&tenant, &again);
        pass(&rig, 60);
        rig.snapshot().await;
        let told = of_roles(&rig, &snapshots[2], &given).await;
        let id = who["user"]["id"].as_str().unwrap().to_owned();
        assert_eq!(told, [(What::Created, Finding::Exact, vec![id])]);
    }
}
