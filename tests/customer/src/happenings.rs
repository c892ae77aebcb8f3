//! What happens to the tenant: each thing to an object of its own, so that a comparison shows it once.

use crate::Administrator;
use crate::stage::{self, Stage};
use domain::Result;
use domain::changes::What;
use reqwest::Method;
use serde_json::{Value, json};

/// Privileged Role Administrator, the same in every tenant.
/// Source: learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference.
const PRIVILEGED_ROLE_ADMINISTRATOR: &str = "e8611ab8-c189-46e8-94e1-60213ab1f814";

/// Something that can happen to what a [`Stage`] holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// Maya gets another job title and leaves her department.
    UserEdited,
    /// Jonas gets another clearance, a custom security attribute.
    ClearanceChanged,
    /// Tomasz is deleted, into the recycle bin.
    UserDeleted,
    /// The night shift is deleted for good.
    GroupPurged,
    /// The cast's leavers are taken out of the warehouse.
    WarehouseLeft,
    /// Ines reports to Grace.
    ManagerChanged,
    /// Noah becomes a Privileged Role Administrator.
    RoleGranted,
    /// Noah is a Helpdesk Administrator no longer.
    RoleTakenAway,
    /// The custom role "Registration desk" gets more rights.
    RoleEdited,
    /// Workstations lock much later: a setting deep inside a policy.
    SettingAltered,
    /// Passwords of kiosk screens may be shorter.
    ScreensAltered,
    /// The policy "Kiosk screens" is no longer assigned to all devices.
    AssignmentRemoved,
    /// The policy "Laptops are encrypted" is deleted.
    PolicyDeleted,
    /// Somebody creates an account.
    UserCreated,
}

impl Happening {
    /// What happens in the demo's weekend, to [`crate::Cast::COMPANY`].
    pub const WEEKEND: [Self; 12] = [
        Self::UserEdited,
        Self::ClearanceChanged,
        Self::UserDeleted,
        Self::GroupPurged,
        Self::WarehouseLeft,
        Self::ManagerChanged,
        Self::RoleGranted,
        Self::RoleEdited,
        Self::SettingAltered,
        Self::AssignmentRemoved,
        Self::PolicyDeleted,
        Self::UserCreated,
    ];

    /// One of everything that a restore can do, to [`crate::Cast::FEW`].
    pub const ONE_OF_EACH: [Self; 6] = [
        Self::UserEdited,
        Self::WarehouseLeft,
        Self::RoleTakenAway,
        Self::ScreensAltered,
        Self::GroupPurged,
        Self::UserDeleted,
    ];
}

/// Something that happened, and how a comparison must show it.
#[derive(Clone, Debug)]
pub struct Happened {
    /// What happened, in a line for a person.
    pub description: &'static str,
    /// The kind of the object.
    pub kind: &'static str,
    /// Its id, or a part of its key.
    pub object: String,
    /// Whether it was created, deleted or changed.
    pub what: What,
    /// The attribute paths and link types that the comparison names; empty where an object was created or deleted.
    pub names: &'static [&'static str],
}

/// Makes all of it happen, in order.
///
/// # Errors
/// `Unavailable` when Graph refuses or does not answer.
///
/// # Panics
/// When the stage lacks what something happens to: see [`crate::Cast`].
pub async fn happen(admin: &Administrator, stage: &Stage, all: &[Happening]) -> Result<Vec<Happened>> {
    let mut happened = Vec::new();
    for one in all {
        let object = make(admin, stage, *one).await?;
        let (description, kind, what, names) = shown_as(*one, stage);
        happened.push(Happened { description, kind, object, what, names });
    }
    Ok(happened)
}

/// Makes it happen, and gives the id of the object that a comparison shows it on.
async fn make(admin: &Administrator, stage: &Stage, one: Happening) -> Result<String> {
    let id = |name: &str| stage.id(name).to_owned();
    match one {
        // A value that is set and one that is emptied: a comparison has to show both, and a restore to write both.
        Happening::UserEdited => {
            let maya = id("Maya");
            let body = json!({ "jobTitle": "Contractor", "department": null });
            admin.patch(&format!("users/{maya}"), &body).await?;
            Ok(maya)
        }
        Happening::ClearanceChanged => {
            let jonas = id("Jonas");
            stage::set_clearance(admin, &jonas, "Red").await?;
            Ok(jonas)
        }
        // A user goes into the recycle bin, from where a restore brings the same one back; the group is purged from
        // there too, so that a restore has to create it anew, under another id.
        Happening::UserDeleted => {
            let tomasz = id("Tomasz");
            admin.delete(&format!("users/{tomasz}")).await?;
            Ok(tomasz)
        }
        Happening::GroupPurged => {
            let night_shift = id("Night shift");
            admin.purge_group(&night_shift).await?;
            Ok(night_shift)
        }
        Happening::WarehouseLeft => {
            let warehouse = id("Warehouse");
            for (relation, who) in stage.leavers() {
                admin.delete(&format!("groups/{warehouse}/{relation}/{}/$ref", id(who))).await?;
            }
            Ok(warehouse)
        }
        // Why a second write of the same link: a user has one manager, so setting another replaces the first.
        Happening::ManagerChanged => {
            let ines = id("Ines");
            admin.link(&format!("users/{ines}/manager/$ref"), stage.id("Grace")).await?;
            Ok(ines)
        }
        Happening::RoleGranted => {
            let noah = id("Noah");
            let grant = stage::role_assignment(&noah, PRIVILEGED_ROLE_ADMINISTRATOR);
            admin.create("roleManagement/directory/roleAssignments", &grant).await?;
            // Why Noah and not the assignment: a comparison's key of an assignment is made of who holds which role,
            // not of the id that Graph gave it.
            Ok(noah)
        }
        Happening::RoleTakenAway => {
            let path = format!("roleManagement/directory/roleAssignments/{}", stage.id("Helpdesk"));
            admin.delete(&path).await?;
            Ok(id("Noah"))
        }
        Happening::RoleEdited => {
            let role = id("Registration desk");
            let path = format!("roleManagement/directory/roleDefinitions/{role}");
            admin.patch(&path, &more_rights()).await?;
            Ok(role)
        }
        Happening::SettingAltered
        | Happening::ScreensAltered
        | Happening::AssignmentRemoved
        | Happening::PolicyDeleted => alter_policy(admin, stage, one).await,
        Happening::UserCreated => admin.create_user("Alex Backdoor", "Support").await,
    }
}

/// Makes happen what happens to policies of Intune.
async fn alter_policy(admin: &Administrator, stage: &Stage, one: Happening) -> Result<String> {
    let path = |collection: &str, id: &str| format!("deviceManagement/{collection}/{id}");
    let id = stage.id(match one {
        Happening::SettingAltered => "Workstation lock",
        Happening::PolicyDeleted => "Laptops are encrypted",
        _ => "Kiosk screens",
    });
    match one {
        Happening::SettingAltered => {
            let path = path("configurationPolicies", id);
            admin.write(Method::PUT, &path, &stage::workstation_lock(999)).await?;
        }
        Happening::PolicyDeleted => admin.delete(&path("deviceCompliancePolicies", id)).await?,
        Happening::AssignmentRemoved => {
            let kept = [stage::to_group(stage.id("Warehouse"))];
            stage::assign(admin, "deviceConfigurations", id, &kept).await?;
        }
        _ => {
            let body = json!({ "@odata.type": "#microsoft.graph.windows10GeneralConfiguration",
                "passwordMinimumLength": 4 });
            admin.patch(&path("deviceConfigurations", id), &body).await?;
        }
    }
    Ok(id.to_owned())
}

fn more_rights() -> Value {
    let actions = json!([{ "allowedResourceActions": [
        "microsoft.directory/applications/basic/update",
        "microsoft.directory/applications/credentials/update"
    ]}]);
    json!({ "description": "Looks after everything", "rolePermissions": actions })
}

type Shown = (&'static str, &'static str, What, &'static [&'static str]);

/// How a comparison must show it: a line for a person, the kind, whether it was created, deleted or changed, and what
/// is named.
fn shown_as(one: Happening, stage: &Stage) -> Shown {
    use What::{Created, Deleted, Modified};
    match one {
        Happening::UserEdited => {
            ("attributes of a user edited", "users", Modified, &["jobTitle", "department"])
        }
        Happening::ClearanceChanged => (
            "a custom security attribute changed",
            "users",
            Modified,
            &["customSecurityAttributes/HoldfastDemo/Clearance"],
        ),
        Happening::UserDeleted => ("a user deleted (recycle bin)", "users", Deleted, &[]),
        Happening::GroupPurged => ("a group deleted for good", "groups", Deleted, &[]),
        Happening::WarehouseLeft if stage.leavers().iter().all(|(relation, _)| *relation == "members") => {
            ("members of a group removed", "groups", Modified, &["groups.members"])
        }
        Happening::WarehouseLeft => (
            "members and an owner of a group removed",
            "groups",
            Modified,
            &["groups.members", "groups.owners"],
        ),
        Happening::ManagerChanged => ("a manager changed", "users", Modified, &["users.manager"]),
        Happening::RoleGranted => ("a privileged role granted", "admins", Created, &[]),
        Happening::RoleTakenAway => ("a role taken away", "admins", Deleted, &[]),
        Happening::RoleEdited => {
            ("a custom role edited", "roles", Modified, &["description", "rolePermissions"])
        }
        Happening::SettingAltered => (
            "a setting deep inside a policy altered",
            "ConfigurationPolicies",
            Modified,
            &["maxinactivitytimedevicelock"],
        ),
        Happening::ScreensAltered => {
            ("a setting of a policy altered", "DeviceConfiguration", Modified, &["passwordMinimumLength"])
        }
        Happening::AssignmentRemoved => (
            "an assignment of a policy removed",
            "DeviceConfiguration",
            Modified,
            &["DeviceConfiguration.assignments"],
        ),
        Happening::PolicyDeleted => ("a compliance policy deleted", "DeviceCompliancePolicies", Deleted, &[]),
        Happening::UserCreated => ("a user created", "users", Created, &[]),
    }
}
