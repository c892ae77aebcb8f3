//! Why a tenant does not let us in. A closed list: what decides by it, or explains it, has an answer for each.

/// Why Microsoft's login or Graph does not admit the application to a tenant.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// Nobody consented, consent was withdrawn, or it has not arrived everywhere yet.
    NoConsent,
    /// An administrator switched the application off in the tenant.
    ApplicationDisabled,
    /// A conditional access policy for workload identities keeps the application out.
    ConditionalAccess,
    /// There is no tenant of that id, or there is no more.
    NoTenant,
    /// Microsoft blocks the tenant, since nobody used it.
    TenantInactive,
    /// Microsoft has put the tenant out of service.
    TenantOutOfService,
    /// Microsoft Graph is switched off, or not there, in the tenant.
    ResourceDisabled,
    /// The tenant is in another of Microsoft's clouds than the one that this installation asks.
    OtherCloud,
    /// The login refuses, finally, for a reason that is not in our table.
    Unknown,
}

impl Refusal {
    /// Every refusal, in the order in which they are declared.
    pub const ALL: [Self; 9] = [
        Self::NoConsent,
        Self::ApplicationDisabled,
        Self::ConditionalAccess,
        Self::NoTenant,
        Self::TenantInactive,
        Self::TenantOutOfService,
        Self::ResourceDisabled,
        Self::OtherCloud,
        Self::Unknown,
    ];

    /// What is the matter, as the subject of a mail: a sentence without its full stop.
    pub fn title(self) -> &'static str {
        match self {
            Self::NoConsent => "Consent is missing",
            Self::ApplicationDisabled => "The application is disabled in the tenant",
            Self::ConditionalAccess => "A conditional access policy blocks the application",
            Self::NoTenant => "The tenant does not exist any more",
            Self::TenantInactive => "Microsoft has blocked the tenant for inactivity",
            Self::TenantOutOfService => "Microsoft has put the tenant out of service",
            Self::ResourceDisabled => "Microsoft Graph is disabled in the tenant",
            Self::OtherCloud => "The tenant is in another Microsoft cloud",
            Self::Unknown => "Microsoft's login refuses the tenant",
        }
    }

    /// What is the matter and what can be done, in one sentence without its full stop.
    pub fn advice(self) -> &'static str {
        match self {
            Self::NoConsent => "consent is missing or was withdrawn: an administrator must consent again",
            Self::ApplicationDisabled => {
                "an administrator disabled the app in this tenant: enable it under Enterprise applications"
            }
            Self::ConditionalAccess => {
                "a conditional access policy for workload identities blocks the app: exempt it from the policy"
            }
            Self::NoTenant => "the tenant does not exist (any more): check its id, or disconnect it",
            Self::TenantInactive => {
                "Microsoft has blocked the tenant for inactivity: an administrator can reactivate it within 20 \
                 days, after that it is deleted"
            }
            Self::TenantOutOfService => {
                "Microsoft has put the tenant out of service: its administrator must ask Microsoft's support"
            }
            Self::ResourceDisabled => {
                "Microsoft Graph is disabled in this tenant: check the tenant's subscriptions, and that Graph is \
                 enabled under Enterprise applications"
            }
            Self::OtherCloud => {
                "the tenant is in another of Microsoft's clouds (US Government, China): an installation for that cloud \
                 can protect it"
            }
            Self::Unknown => {
                "Microsoft's login does not admit the app to this tenant, for a reason that its code alone tells"
            }
        }
    }

    /// Whether consent given again, or arriving, is what mends it.
    pub fn is_about_consent(self) -> bool {
        self == Self::NoConsent
    }
}
