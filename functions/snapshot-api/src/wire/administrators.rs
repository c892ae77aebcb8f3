//! Who administers a tenant before and after a restore, on the wire.

use backup::commands::marks::Accounts;
use domain::restore::EffectiveAdministrators;
use schemars::JsonSchema;
use serde::Serialize;

/// An account that administers the tenant, or could.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdministratorOut {
    /// The id of the account.
    id: String,
    /// What it is called in the newest snapshot; null where that does not have it.
    name: Option<String>,
    /// Whether it is marked as kept for emergencies.
    break_glass: bool,
}

/// Who is known to hold Global Administrator for good and to be able to sign in, before a restore and after it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdministratorsOut {
    /// Those who do before: a hundred at the most.
    before: Vec<AdministratorOut>,
    /// How many more there are before.
    more_before: u64,
    /// Those who do after: a hundred at the most.
    after: Vec<AdministratorOut>,
    /// How many more there are after.
    more_after: u64,
    /// Accounts that are marked as kept for emergencies and are not among those after: whoever needs one finds that out here.
    break_glass_without: Vec<AdministratorOut>,
}

impl AdministratorsOut {
    /// Those, with what is known of their accounts.
    pub fn of(told: EffectiveAdministrators, accounts: &Accounts) -> Self {
        let shown = |id: &String| AdministratorOut {
            id: id.clone(),
            name: accounts.names.get(id).cloned(),
            break_glass: accounts.break_glass.contains(id),
        };
        let EffectiveAdministrators { before, more_before, after, more_after } = told;
        // Why not where more than are named administer it: it may be one of those.
        let is_without = |id: &&String| more_after == 0 && !after.contains(id);
        Self {
            before: before.iter().map(shown).collect(),
            more_before,
            break_glass_without: accounts.break_glass.iter().filter(is_without).map(shown).collect(),
            after: after.iter().map(shown).collect(),
            more_after,
        }
    }
}
