//! What a simulated cloud is made of at the start: tenants, applications, limits.

use crate::switches::Switches;
use crate::throttle::Limits;

/// Client id of the application that may only read.
pub const READER_CLIENT_ID: &str = "5e000000-0000-4000-8000-000000000001";
/// Client id of the application that may read and write.
pub const WRITER_CLIENT_ID: &str = "5e000000-0000-4000-8000-000000000002";
/// Client id of the administrator's application: every permission, Global Administrator.
pub const ADMINISTRATOR_CLIENT_ID: &str = "5e000000-0000-4000-8000-000000000003";
/// Secret of the reading application.
pub const READER_SECRET: &str = "simulated-reader-secret";
/// Secret of the writing application.
pub const WRITER_SECRET: &str = "simulated-writer-secret";
/// Secret of the administrator's application.
pub const ADMINISTRATOR_SECRET: &str = "simulated-administrator-secret";
/// The tenant of [`SimConfig::company`].
pub const COMPANY_TENANT_ID: &str = "7e000000-0000-4000-8000-000000000001";

/// Client id of the portal that people of the partner sign in to: a public client, without a secret.
pub const PORTAL_CLIENT_ID: &str = "5e000000-0000-4000-8000-000000000004";
/// The tenant of the partner of [`SimConfig::with_partner`], in which its people sign in.
pub const PARTNER_TENANT_ID: &str = "7e000000-0000-4000-8000-000000000002";
/// The id of Ada, who works at the partner.
pub const ADA_ID: &str = "ada00000-0000-4000-8000-000000000001";

/// The id of Bo, who signs in there too, and works at a partner below.
pub const BO_ID: &str = "b0000000-0000-4000-8000-000000000001";

/// The application permissions that are needed to read everything.
pub const READING: &[&str] = &[
    "User.Read.All",
    "User-LifeCycleInfo.Read.All",
    "Group.Read.All",
    "GroupMember.Read.All",
    "Member.Read.Hidden",
    "AdministrativeUnit.Read.All",
    "RoleManagement.Read.Directory",
    "CustomSecAttributeAssignment.Read.All",
    "CustomSecAttributeDefinition.Read.All",
    "Organization.Read.All",
    "DeviceManagementConfiguration.Read.All",
    "DeviceManagementRBAC.Read.All",
    "EntraBackup.Read.All",
];

/// The application permissions that the product asks for to restore, and no others.
pub const WRITING: &[&str] = &[
    "User.ReadWrite.All",
    "User-LifeCycleInfo.ReadWrite.All",
    "Group.ReadWrite.All",
    "GroupMember.ReadWrite.All",
    "Member.Read.Hidden",
    "AdministrativeUnit.ReadWrite.All",
    "RoleManagement.ReadWrite.Directory",
    "CustomSecAttributeAssignment.ReadWrite.All",
    "Organization.Read.All",
    "DeviceManagementConfiguration.ReadWrite.All",
    "AuditLog.Read.All",
    "Device.Read.All",
];

/// What an administrator may do beyond reading everything and [`WRITING`].
const ADMINISTERING: &[&str] = &[
    "Application.ReadWrite.All",
    "CustomSecAttributeDefinition.ReadWrite.All",
    "DeviceManagementApps.Read.All",
    "DeviceManagementManagedDevices.Read.All",
    "DeviceManagementRBAC.ReadWrite.All",
    "DeviceManagementServiceConfig.ReadWrite.All",
    "Directory.ReadWrite.All",
    "Organization.ReadWrite.All",
    "Policy.Read.All",
    "User.ManageIdentities.All",
];

/// What a simulated cloud starts with.
#[derive(Clone, Debug)]
pub struct SimConfig {
    /// The seed that everything that looks random follows from.
    pub seed: u64,
    /// The directories that the cloud holds, one for each customer.
    pub tenants: Vec<TenantConfig>,
    /// The applications that are registered with Microsoft.
    pub apps: Vec<AppConfig>,
    /// How long each HTTP answer of Graph takes, in milliseconds.
    pub page_latency_ms: u64,
    /// Who can be chosen on the page on which people sign in to a public client.
    pub people: Vec<Colleague>,
    /// The throttling limits; see [`Limits`].
    pub limits: Limits,
    /// Behaviour that is uncertain, or that a test wants to be different.
    pub switches: Switches,
    /// Whether the clock runs by itself once everything is seeded; otherwise only `Control::advance` moves it.
    pub real_time: bool,
}

/// What one customer's directory is seeded with.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts")]
pub struct TenantConfig {
    /// The tenant's id, a GUID.
    pub id: String,
    /// The name of the company, and of the tenant.
    pub name: String,
    /// The default domain, which is verified.
    pub domain: String,
    /// How many users to seed; everything else follows from it. 0 seeds an empty directory.
    pub users: usize,
    /// Service plans of the licence that most people have: 3 at the least; an E5 has about 90.
    pub service_plans: usize,
    /// Whether there is a licence for Microsoft Entra ID P1.
    pub premium_p1: bool,
    /// Whether there is a licence for Privileged Identity Management.
    pub premium_p2: bool,
    /// Whether there is an active Intune licence.
    pub intune: bool,
    /// Whether Graph tracks changes: not in an external tenant (External ID, B2C).
    pub tracks_changes: bool,
}

/// Somebody who signs in on the login's page, though the directory need not hold them.
#[derive(Clone, Debug)]
pub struct Colleague {
    /// The object id of the person, a GUID.
    pub id: String,
    /// The name that the page shows.
    pub name: String,
    /// The tenant that they are of.
    pub tenant: String,
}

/// A licence without which Graph refuses a part of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub enum Licence {
    /// Microsoft Entra ID P1.
    PremiumP1,
    /// Microsoft Entra ID P2: Privileged Identity Management.
    PremiumP2,
    /// Microsoft Intune.
    Intune,
}

/// An application that is registered with Microsoft, with all that it may get.
#[derive(Clone, Debug, Default)]
pub struct AppConfig {
    /// The client id of the application, a GUID.
    pub client_id: String,
    /// The display name of the application.
    pub name: String,
    /// A client secret, if it has one. Without this and a certificate it is a public client, which redeems codes alone.
    pub secret: Option<String>,
    /// A certificate in PEM form, if it has one.
    pub certificate_pem: Option<String>,
    /// Application permissions (values such as `User.Read.All`), granted in a tenant by consent.
    pub permissions: Vec<String>,
    /// Display names of directory roles that the service principal gets by consent.
    pub directory_roles: Vec<String>,
    /// Whether every tenant has consented from the start.
    pub consented: bool,
}

impl Default for SimConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            tenants: Vec::new(),
            apps: Vec::new(),
            page_latency_ms: 0,
            people: Vec::new(),
            limits: Limits::default(),
            switches: Switches::default(),
            real_time: true,
        }
    }
}

impl AppConfig {
    /// Whether it is a public client: it proves nothing of itself but that it began the sign-in (PKCE).
    pub(crate) fn is_public(&self) -> bool {
        self.secret.is_none() && self.certificate_pem.is_none()
    }
}

impl SimConfig {
    /// The same with the partner's own tenant, in which Ada and Bo sign in to the portal.
    #[must_use]
    pub fn with_partner(mut self) -> Self {
        self.tenants.push(TenantConfig {
            id: PARTNER_TENANT_ID.into(),
            name: "Northwind IT".into(),
            domain: "northwind.example".into(),
            users: 0,
            service_plans: 3,
            premium_p1: false,
            premium_p2: false,
            intune: false,
            tracks_changes: true,
        });
        self.apps.push(AppConfig {
            client_id: PORTAL_CLIENT_ID.into(),
            name: "Portal".into(),
            ..AppConfig::default()
        });
        for (id, name) in [(ADA_ID, "Ada Berg"), (BO_ID, "Bo Lund")] {
            let (id, name, tenant) = (id.into(), name.into(), PARTNER_TENANT_ID.into());
            self.people.push(Colleague { id, name, tenant });
        }
        self
    }

    /// One tenant of `users` users, and three applications: reader, writer and administrator.
    /// Only the administrator's is consented from the start.
    pub fn company(seed: u64, users: usize) -> Self {
        let list = |values: &[&str]| values.iter().map(ToString::to_string).collect::<Vec<_>>();
        let app = |id: &str, name: &str, secret: &str, permissions: Vec<String>, roles: &[&str]| AppConfig {
            client_id: id.into(),
            name: name.into(),
            secret: Some(secret.into()),
            certificate_pem: None,
            permissions,
            directory_roles: list(roles),
            consented: roles.contains(&"Global Administrator"),
        };
        let mut all = list(READING);
        all.extend(list(WRITING));
        all.extend(list(ADMINISTERING));
        all.sort();
        all.dedup();
        Self {
            seed,
            tenants: vec![TenantConfig {
                id: COMPANY_TENANT_ID.into(),
                name: "Fabrikam".into(),
                domain: "fabrikam.example".into(),
                users,
                service_plans: 3,
                premium_p1: true,
                premium_p2: true,
                intune: true,
                tracks_changes: true,
            }],
            apps: vec![
                app(READER_CLIENT_ID, "Reader", READER_SECRET, list(READING), &[]),
                app(WRITER_CLIENT_ID, "Writer", WRITER_SECRET, list(WRITING), &["User Administrator"]),
                app(
                    ADMINISTRATOR_CLIENT_ID,
                    "Administrator",
                    ADMINISTRATOR_SECRET,
                    all,
                    &["Global Administrator"],
                ),
            ],
            ..Self::default()
        }
    }

    /// The same where the reading application may read the log of changes, too, which then goes by the real clock.
    #[must_use]
    pub fn logging(mut self) -> Self {
        self.switches.audits.real_clock = true;
        for app in self.apps.iter_mut().filter(|app| app.client_id == READER_CLIENT_ID) {
            app.permissions.push("AuditLog.Read.All".to_owned());
        }
        self
    }
}
