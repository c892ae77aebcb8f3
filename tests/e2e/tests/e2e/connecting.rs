//! Who may connect a tenant: whoever can consent in it, and nobody else; and what happens while that cannot be seen.

use super::rig::{Admin, Rig, Setting, deaths};
use domain::organisations::MAY_CONSENT;
use domain::{Error, ErrorKind, Result, TenantId};
use engine::messages;
use engine::ports::{Clock, Queue};
use engine::records::{ConnectRefusal, CredentialStatus, Organisation, OrganisationState};
use jiff::SignedDuration;
use partners::commands::connect::Next;
use serde_json::json;
use sim::NotArrived;

const USER_ADMINISTRATOR: &str = "fe930be7-5e62-47db-91af-98c3a49a38b1";

/// A tenant that is not connected.
async fn unconnected() -> (Rig, TenantId, Admin) {
    let rig = Rig::with(Setting { connected: false, ..Setting::default() }).await;
    let tenant = rig.tenant().clone();
    let admin = rig.admin(&tenant).await;
    (rig, tenant, admin)
}

async fn assign(admin: &Admin, principal: &str, role: &str, scope: &str) {
    let body = json!({ "principalId": principal, "roleDefinitionId": role, "directoryScopeId": scope });
    admin.create("roleManagement/directory/roleAssignments", &body).await;
}

/// A schedule of Privileged Identity Management, active or to be activated.
async fn schedule(admin: &Admin, principal: &str, role: &str, requests: &str) {
    let body = json!({
        "action": "adminAssign", "principalId": principal, "roleDefinitionId": role, "directoryScopeId": "/",
        "justification": "A test",
        "scheduleInfo": { "startDateTime": "2020-01-01T00:00:00Z", "expiration": { "type": "noExpiration" } },
    });
    admin.create(&format!("roleManagement/directory/{requests}"), &body).await;
}

async fn guest(admin: &Admin, name: &str) -> String {
    let id = admin.create_user(name, "Consultant").await;
    admin.patch(&format!("users/{id}"), &json!({ "userType": "Guest" })).await;
    id
}

/// The customer consents to reading, and that user comes back and signs in.
async fn connect(rig: &Rig, user: &str) -> Result<Next> {
    let tenant = rig.tenant();
    rig.control.consent(tenant.as_str(), sim::READER_CLIENT_ID);
    let state = rig.consent_link(&rig.organisation(), "reader").await;
    rig.come_back(&state, tenant, user).await
}

fn kind_of(result: Result<Next>) -> ErrorKind {
    result.map(|next| format!("{next:?}")).unwrap_err().kind()
}

fn mails(rig: &Rig) -> Vec<String> {
    rig.world.mailer.take_sent().into_iter().map(|mail| mail.subject).collect()
}

#[tokio::test]
async fn a_user_without_a_role_and_a_guest_connect_nothing_and_the_link_stays_good() {
    let (rig, tenant, admin) = unconnected().await;
    let plain = admin.create_user("Plain Person", "Clerk").await;
    let guest = guest(&admin, "Guest Person").await;
    // It consented once, and left: consent in Entra stays.
    rig.control.consent(tenant.as_str(), sim::READER_CLIENT_ID);
    let state = rig.consent_link(&rig.organisation(), "reader").await;
    for wids in [false, true] {
        rig.control.switch(|switches| switches.wids_in_id_token = wids);
        for user in [&plain, &guest] {
            assert_eq!(kind_of(rig.come_back(&state, &tenant, user).await), ErrorKind::Denied);
        }
    }
    assert!(rig.is_good(&state).await, "a refusal spends nothing");
    assert_eq!(rig.find_tenant_row(&tenant).await, None);
    let organisation = rig.organisation();
    assert_eq!((organisation.tenant, organisation.connecting), (None, None));
}

/// Refused, with nothing written and the link as good as before; why.
async fn refused(rig: &Rig, user: &str) -> Error {
    let tenant = rig.tenant();
    rig.control.consent(tenant.as_str(), sim::READER_CLIENT_ID);
    let state = rig.consent_link(&rig.organisation(), "reader").await;
    let before = rig.organisation();
    let error = rig.come_back(&state, tenant, user).await.unwrap_err();
    assert_eq!((rig.organisation(), rig.find_tenant_row(tenant).await), (before, None));
    assert!(rig.is_good(&state).await, "a refusal spends nothing");
    error
}

/// Whoever the role is given to that way connects the tenant.
async fn accepted(rig: &Rig, user: &str) {
    let next = connect(rig, user).await.unwrap();
    assert!(matches!(next, Next::Connected(_)), "{next:?}");
    assert!(rig.find_tenant_row(rig.tenant()).await.is_some());
}

#[tokio::test]
async fn a_guest_without_a_role_is_refused() {
    let (rig, _, admin) = unconnected().await;
    let guest = guest(&admin, "Guest Person").await;
    assert_eq!(refused(&rig, &guest).await.kind(), ErrorKind::Denied);
}

#[tokio::test]
async fn whoever_works_through_delegated_administration_is_refused_and_told_a_way_on() {
    let (rig, _, _) = unconnected().await;
    let error = refused(&rig, "delegated").await;
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(error.to_string().contains("delegated administration"), "{error}");
}

#[tokio::test]
async fn whoever_works_through_delegated_administration_and_came_early_is_refused_once_that_is_seen() {
    let (rig, tenant, _) = unconnected().await;
    rig.control.switch(|switches| switches.consent_delay = Some((7 * 60, NotArrived::NoToken)));
    let next = connect(&rig, "delegated").await.unwrap();
    assert!(matches!(next, Next::Waiting(_)), "{next:?}");
    rig.settle().await;
    assert_eq!(rig.find_tenant_row(&tenant).await, None);
    let over = rig.organisation().connecting.expect("how it ended is kept");
    assert_eq!(over.refused, Some(ConnectRefusal::NotThere));
    assert_eq!(mails(&rig).len(), 1);
}

#[tokio::test]
async fn a_guest_who_is_an_administrator_is_accepted() {
    let (rig, _, admin) = unconnected().await;
    let guest = guest(&admin, "Guest Person").await;
    assign(&admin, &guest, MAY_CONSENT[0], "/").await;
    accepted(&rig, &guest).await;
}

#[tokio::test]
async fn an_administrator_by_an_active_assignment_of_privileged_identity_management_is_accepted() {
    let (rig, _, admin) = unconnected().await;
    let user = admin.create_user("Active Person", "Head of IT").await;
    schedule(&admin, &user, MAY_CONSENT[1], "roleAssignmentScheduleRequests").await;
    accepted(&rig, &user).await;
}

#[tokio::test]
async fn an_administrator_by_a_group_that_holds_the_role_is_accepted() {
    let (rig, _, admin) = unconnected().await;
    let user = admin.create_user("Group Person", "Head of IT").await;
    let body = json!({
        "displayName": "Administrators", "mailEnabled": false, "mailNickname": "admins",
        "securityEnabled": true, "isAssignableToRole": true
    });
    let group = admin.create("groups", &body).await;
    admin.link(&format!("groups/{group}/members/$ref"), &user).await;
    assign(&admin, &group, MAY_CONSENT[0], "/").await;
    accepted(&rig, &user).await;
}

#[tokio::test]
async fn a_role_over_a_part_one_that_is_not_active_and_another_role_do_not_count() {
    let (rig, _, admin) = unconnected().await;
    let unit = json!({ "displayName": "A unit" });
    let unit = admin.create("directory/administrativeUnits", &unit).await;
    for wids in [false, true] {
        rig.control.switch(|switches| switches.wids_in_id_token = wids);
        for role in MAY_CONSENT {
            let scoped = admin.create_user(&format!("Scoped {wids} {}", &role[..4]), "Clerk").await;
            assign(&admin, &scoped, role, &format!("/administrativeUnits/{unit}")).await;
            assert_eq!(kind_of(connect(&rig, &scoped).await), ErrorKind::Denied, "{role}");
            let eligible = admin.create_user(&format!("Eligible {wids} {}", &role[..4]), "Clerk").await;
            schedule(&admin, &eligible, role, "roleEligibilityScheduleRequests").await;
            assert_eq!(kind_of(connect(&rig, &eligible).await), ErrorKind::Denied, "{role}");
        }
        let other = admin.create_user(&format!("Other {wids}"), "Clerk").await;
        assign(&admin, &other, USER_ADMINISTRATOR, "/").await;
        assert_eq!(kind_of(connect(&rig, &other).await), ErrorKind::Denied);
    }
    assert_eq!(rig.find_tenant_row(rig.tenant()).await, None);
}

#[tokio::test]
async fn a_role_counts_that_is_held_by_oneself_by_a_group_or_by_activation_and_a_guests_too() {
    for (role, how) in MAY_CONSENT.iter().flat_map(|role| (0..4).map(move |how| (*role, how))) {
        for wids in [false, true] {
            let (rig, tenant, admin) = unconnected().await;
            rig.control.switch(|switches| {
                switches.wids_in_id_token = wids;
                // Either reading of Microsoft: what is active is among the assignments, or it is not.
                switches.schedules_among_assignments =
                    if how == 3 { sim::Among::NotActivated } else { sim::Among::All };
            });
            let user = match how {
                1 => guest(&admin, "A Guest").await,
                _ => admin.create_user("An Administrator", "Head of IT").await,
            };
            match how {
                0 | 1 => assign(&admin, &user, role, "/").await,
                2 => {
                    let body = json!({
                        "displayName": "Administrators", "mailEnabled": false, "mailNickname": "admins",
                        "securityEnabled": true, "isAssignableToRole": true
                    });
                    let group = admin.create("groups", &body).await;
                    admin.link(&format!("groups/{group}/members/$ref"), &user).await;
                    assign(&admin, &group, role, "/").await;
                }
                _ => schedule(&admin, &user, role, "roleAssignmentScheduleRequests").await,
            }
            let next = connect(&rig, &user).await.unwrap();
            assert!(matches!(next, Next::Connected(_)), "{role} {how} {wids}: {next:?}");
            let row = rig.find_tenant_row(&tenant).await.expect("it is connected");
            assert_eq!(row.credentials, CredentialStatus::Connected);
        }
    }
}

#[tokio::test]
async fn without_the_licence_for_activations_a_role_is_found_and_nobodys_is_not() {
    let rig = Rig::with(Setting { connected: false, premium_p2: false, ..Setting::default() }).await;
    let admin = rig.admin(rig.tenant()).await;
    let plain = admin.create_user("Plain Person", "Clerk").await;
    assert_eq!(kind_of(connect(&rig, &plain).await), ErrorKind::Denied);
    assign(&admin, &plain, MAY_CONSENT[1], "/").await;
    assert!(matches!(connect(&rig, &plain).await.unwrap(), Next::Connected(_)));
}

/// A consent that has not arrived for so many minutes, and somebody who came back from it.
async fn waiting(rig: &Rig, admin: &Admin, minutes: i64, how: NotArrived, role: Option<&str>) {
    let user = admin.create_user("Somebody Quick", "Head of IT").await;
    if let Some(role) = role {
        assign(admin, &user, role, "/").await;
    }
    rig.control.switch(|switches| switches.consent_delay = Some((minutes * 60, how)));
    let next = connect(rig, &user).await.unwrap();
    assert!(matches!(next, Next::Waiting(_)), "{how:?}: {next:?}");
    assert_eq!(rig.find_tenant_row(rig.tenant()).await, None, "nobody has it yet");
}

#[tokio::test]
async fn a_consent_that_has_not_arrived_waits_reads_nothing_and_connects_when_it_has() {
    for how in [NotArrived::NoToken, NotArrived::NoRoles, NotArrived::Unauthorized] {
        for wids in [false, true] {
            let (rig, tenant, admin) = unconnected().await;
            rig.control.switch(|switches| switches.wids_in_id_token = wids);
            waiting(&rig, &admin, 12, how, Some(MAY_CONSENT[0])).await;
            rig.control.clear();
            for _ in 0..11 {
                rig.clock.advance(SignedDuration::from_mins(1));
                rig.tick().await;
                while rig.work_once().await {}
            }
            assert_eq!(rig.find_tenant_row(&tenant).await, None);
            let seen = rig.control.requests(tenant.as_str());
            let looked_up = ["roleManagement/directory/", "organization"];
            let is_look_up = |path: &str| looked_up.iter().any(|part| path.contains(part));
            assert!(seen.iter().all(|r| is_look_up(&r.path_and_query)), "{how:?}: {seen:?}");
            assert!(seen.iter().all(|r| r.status != 200), "{how:?}: {seen:?}");
            rig.settle().await;
            let row = rig.find_tenant_row(&tenant).await.expect("it is connected");
            assert_eq!(row.credentials, CredentialStatus::Connected, "{how:?}");
            let organisation = rig.organisation();
            assert_eq!((organisation.tenant, organisation.connecting), (Some(tenant.clone()), None));
            assert!(
                row.last_sealed.is_some() || row.open_snapshot.is_some() || row.next_snapshot_at.is_some()
            );
            assert_eq!(rig.dead_letters(), [""; 0]);
            // The key that was made when it began to wait is the tenant's.
            rig.snapshot().await;
        }
    }
}

#[tokio::test]
async fn what_has_not_arrived_within_an_hour_is_refused_and_people_are_told() {
    let (rig, tenant, admin) = unconnected().await;
    waiting(&rig, &admin, 600, NotArrived::NoRoles, Some(MAY_CONSENT[0])).await;
    let begun = rig.clock.now();
    rig.settle().await;
    let waited = rig.clock.now().duration_since(begun);
    assert!(waited >= SignedDuration::from_mins(60) && waited < SignedDuration::from_mins(75), "{waited}");
    assert_eq!(rig.find_tenant_row(&tenant).await, None);
    let over = rig.organisation().connecting.expect("how it ended is kept");
    assert_eq!((over.refused, over.try_at), (Some(ConnectRefusal::NotGranted), None));
    assert_eq!(over.person, None, "who it was is no longer needed");
    assert_eq!(mails(&rig), ["[A customer] The tenant was not connected"]);
    assert_eq!(rig.dead_letters(), [""; 0]);
    rig.control.switch(|switches| switches.consent_delay = None);
    let admin = rig.admin(&tenant).await;
    let user = admin.create_user("Somebody Later", "Head of IT").await;
    assign(&admin, &user, MAY_CONSENT[1], "/").await;
    assert!(matches!(connect(&rig, &user).await.unwrap(), Next::Connected(_)), "a new link works");
}

#[tokio::test]
async fn somebody_without_a_role_who_came_early_is_refused_as_soon_as_that_is_seen() {
    let (rig, tenant, admin) = unconnected().await;
    waiting(&rig, &admin, 7, NotArrived::NoToken, None).await;
    rig.settle().await;
    assert_eq!(rig.find_tenant_row(&tenant).await, None);
    let over = rig.organisation().connecting.expect("how it ended is kept");
    assert_eq!(over.refused, Some(ConnectRefusal::NoRole));
    assert_eq!(mails(&rig).len(), 1);
}

#[tokio::test]
async fn an_organisation_that_leaves_meanwhile_connects_nothing() {
    let (rig, tenant, admin) = unconnected().await;
    waiting(&rig, &admin, 12, NotArrived::NoRoles, Some(MAY_CONSENT[0])).await;
    let mut left = rig.organisation();
    let waits = left.connecting.clone().unwrap();
    left.state = OrganisationState::Unsubscribed;
    let found = rig.records.get(&Organisation::at(&left.partner, &left.id)).await.unwrap();
    rig.records.replace(&left, found.version).await.unwrap();
    rig.clock.advance(SignedDuration::from_mins(30));
    rig.tick().await;
    // A message that was under way, and comes twice.
    for attempt in [1, 2] {
        let message = messages::connect_tenant(&tenant, &left.id, waits.since, attempt);
        rig.world.queue.send(message).await.unwrap();
    }
    while rig.work_once().await {}
    assert_eq!(rig.find_tenant_row(&tenant).await, None);
    assert_eq!((rig.dead_letters(), mails(&rig)), (vec![], vec![]));
}

#[tokio::test]
async fn a_process_that_dies_at_any_call_of_a_try_leaves_a_connection_all_the_same() {
    for role in [Some(MAY_CONSENT[0]), None] {
        let (rig, tenant, _admin) = about_to_try(role).await;
        let put_back = rig.keep();
        rig.plan.take_log();
        rig.tick().await;
        while rig.work_once().await {}
        let deaths = deaths(&rig.plan.take_log());
        assert!(deaths.len() > 10, "{role:?}: {} deaths", deaths.len());
        for death in deaths {
            put_back();
            rig.die_at(death);
            rig.tick().await;
            while rig.work_once().await {}
            assert!(!rig.is_death_outstanding(), "{role:?} {death:?}");
            rig.settle().await;
            let is_connected = rig.find_tenant_row(&tenant).await.is_some();
            assert_eq!(is_connected, role.is_some(), "{role:?} {death:?}");
            let rows = rig.world.catalog.rows();
            let told = rows.iter().filter(|(_, r)| r.key.starts_with("notice#cred")).count();
            assert_eq!(told, usize::from(role.is_none()), "{role:?} {death:?}");
            assert_eq!(rig.dead_letters(), [""; 0], "{role:?} {death:?}");
        }
    }
}

/// A consent that arrived meanwhile, of somebody of that role; the next try is due.
async fn about_to_try(role: Option<&str>) -> (Rig, TenantId, Admin) {
    let (rig, tenant, admin) = unconnected().await;
    waiting(&rig, &admin, 3, NotArrived::NoToken, role).await;
    rig.clock.advance(SignedDuration::from_mins(5));
    (rig, tenant, admin)
}

#[tokio::test]
async fn a_tenant_that_is_another_organisations_is_neither_looked_up_nor_waited_for() {
    let (rig, tenant, admin) = unconnected().await;
    let user = admin.create_user("An Administrator", "Head of IT").await;
    assign(&admin, &user, MAY_CONSENT[0], "/").await;
    connect(&rig, &user).await.unwrap();
    let mut theirs = rig.organisation();
    theirs.id = domain::OrganisationId::from_ulid(&engine::ports::Ids::ulid(rig.world.ids.as_ref()));
    (theirs.tenant, theirs.connecting) = (None, None);
    rig.records.put_new(&theirs).await.unwrap();
    let state = rig.consent_link(&theirs, "reader").await;
    rig.control.clear();
    let refused: Result<Next, Error> = rig.come_back(&state, &tenant, &user).await;
    assert_eq!(kind_of(refused), ErrorKind::Conflict);
    assert_eq!(rig.control.requests(tenant.as_str()).len(), 0, "nothing of the tenant is asked");
}
