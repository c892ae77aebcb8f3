//! The weekend: twelve different things happen to the tenant, each on an object of its own.

use super::customer::Customer;
use super::stage::{self, Stage};
use domain::Result;
use domain::changes::What;
use reqwest::Method;
use serde_json::{Value, json};

/// Something that happened, and how a comparison must show it.
pub(super) struct Happening {
    /// For a person.
    pub(super) told: &'static str,
    /// The kind of the object.
    pub(super) kind: &'static str,
    /// Its id, or a part of its key.
    pub(super) object: String,
    /// What a comparison says.
    pub(super) what: What,
    /// An attribute path, or link type, that the comparison names; empty for whole objects.
    pub(super) names: &'static [&'static str],
}

/// Privileged Role Administrator, the same in every tenant.
const PRIVILEGED_ROLE_ADMINISTRATOR: &str = "e8611ab8-c189-46e8-94e1-60213ab1f814";

pub(super) async fn happen(customer: &Customer, stage: &Stage, run: &str) -> Result<Vec<Happening>> {
    let mut all = Vec::new();
    let mut note = |told, kind, object: &str, what, names| {
        all.push(Happening { told, kind, object: object.to_owned(), what, names });
    };
    let change =
        async |path: String, body: Value| customer.write(Method::PATCH, "v1.0", &path, &body).await.map(drop);

    let maya = stage.user("Maya");
    change(format!("users/{maya}"), json!({ "jobTitle": "Contractor", "department": null })).await?;
    note("attributes of a user edited", "users", maya, What::Modified, &["jobTitle", "department"][..]);

    let jonas = stage.user("Jonas");
    stage::clearance(customer, jonas, "Red").await?;
    note(
        "a custom security attribute changed",
        "users",
        jonas,
        What::Modified,
        &["customSecurityAttributes/HoldfastDemo/Clearance"][..],
    );

    let tomasz = stage.user("Tomasz");
    customer.delete("v1.0", &format!("users/{tomasz}"), false).await?;
    note("a user deleted (recycle bin)", "users", tomasz, What::Deleted, &[][..]);

    customer.delete("v1.0", &format!("groups/{}", stage.night_shift), false).await?;
    customer.delete("v1.0", &format!("directory/deletedItems/{}", stage.night_shift), true).await?;
    note("a group deleted for good", "groups", &stage.night_shift, What::Deleted, &[][..]);

    for path in [
        format!("groups/{}/members/{}/$ref", stage.warehouse, stage.user("Priya")),
        format!("groups/{}/members/{}/$ref", stage.warehouse, stage.user("Noah")),
        format!("groups/{}/owners/{}/$ref", stage.warehouse, stage.user("Grace")),
    ] {
        customer.delete("v1.0", &path, false).await?;
    }
    let names = &["groups.members", "groups.owners"][..];
    note("members and an owner of a group removed", "groups", &stage.warehouse, What::Modified, names);

    let ines = stage.user("Ines");
    customer.link(&format!("users/{ines}/manager/$ref"), stage.user("Grace")).await?;
    note("a manager changed", "users", ines, What::Modified, &["users.manager"][..]);

    let noah = stage.user("Noah");
    let grant = json!({
        "@odata.type": "#microsoft.graph.unifiedRoleAssignment",
        "principalId": noah, "roleDefinitionId": PRIVILEGED_ROLE_ADMINISTRATOR, "directoryScopeId": "/"
    });
    customer.create("v1.0", "roleManagement/directory/roleAssignments", &grant).await?;
    note("a privileged role granted", "admins", noah, What::Created, &[][..]);

    let actions = json!([{ "allowedResourceActions": [
        "microsoft.directory/applications/basic/update",
        "microsoft.directory/applications/credentials/update"
    ]}]);
    let path = format!("roleManagement/directory/roleDefinitions/{}", stage.role);
    change(path, json!({ "description": "Looks after everything", "rolePermissions": actions })).await?;
    let names = &["description", "rolePermissions"][..];
    note("a custom role edited", "roles", &stage.role, What::Modified, names);

    let path = format!("deviceManagement/configurationPolicies/{}", stage.configuration);
    customer.write(Method::PUT, "beta", &path, &stage::configuration(999)).await?;
    let names = &["maxinactivitytimedevicelock"][..];
    note(
        "a setting deep inside a policy altered",
        "ConfigurationPolicies",
        &stage.configuration,
        What::Modified,
        names,
    );

    let kept = [stage::to_group(&stage.warehouse)];
    stage::assign(customer, "deviceConfigurations", &stage.device_configuration, &kept).await?;
    let names = &["DeviceConfiguration.assignments"][..];
    note(
        "an assignment of a policy removed",
        "DeviceConfiguration",
        &stage.device_configuration,
        What::Modified,
        names,
    );

    customer
        .delete("beta", &format!("deviceManagement/deviceCompliancePolicies/{}", stage.compliance), false)
        .await?;
    note(
        "a compliance policy deleted",
        "DeviceCompliancePolicies",
        &stage.compliance,
        What::Deleted,
        &[][..],
    );

    let intruder = stage::create_user(customer, run, "Alex", "Backdoor", "Support").await?;
    note("a user created", "users", &intruder, What::Created, &[][..]);
    Ok(all)
}
