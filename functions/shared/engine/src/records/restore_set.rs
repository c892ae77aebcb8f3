//! The row of a restore set: one change, taken back in several tenants, each by a restore of its own. How it stands follows from
//! those restores alone, so that no list can be behind.

use super::Record;
use super::address::{At, RestoreSets};
use domain::who::ChangeFilter;
use domain::{DiffId, OrganisationId, PartnerId, RestoreId, RestoreSetId, TenantId, Timestamp};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// For how long a set is kept; its restores are kept for longer.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(90 * 24);

/// One tenant of a set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SetMember {
    /// The organisation.
    pub organisation: OrganisationId,
    /// Its tenant when the set was made.
    pub tenant: TenantId,
    /// The comparison among whose changes it is.
    pub comparison: DiffId,
    /// The restore that takes it back, named before its preview is asked for: it is made under this id, however often that is
    /// tried. None before the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore: Option<RestoreId>,
    /// The restore in whose place that is previewed, since its own preview was too old.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former: Option<RestoreId>,
    /// Why its preview could not be asked for, as a sentence for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// The row of a restore set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RestoreSet {
    /// The id of the set.
    pub id: RestoreSetId,
    /// The partner whose people made it.
    pub partner: PartnerId,
    /// Which changes are taken back, in each tenant.
    pub filter: ChangeFilter,
    /// Whether objects that came are deleted.
    pub delete_created: bool,
    /// How many restores are run in one wave.
    pub wave: usize,
    /// What it is for, as whoever asked put it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where that is written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// Who asked for it: a person's id or a token's prefix.
    pub requested_by: String,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// The tenants, in the order in which they are run.
    pub members: Vec<SetMember>,
}

impl RestoreSet {
    /// How many tenants a set has at the most: its row names each, and one answer shows all.
    pub const MOST_MEMBERS: usize = 100;

    /// The address of the set of that id.
    pub fn at(partner: &PartnerId, id: &RestoreSetId) -> At<Self> {
        At::of(partner, id)
    }

    /// Whether an organisation is one of it.
    pub fn names(&self, organisation: &OrganisationId) -> bool {
        self.members.iter().any(|member| member.organisation == *organisation)
    }
}

impl Record for RestoreSet {
    type Owner = RestoreSets;
    const PREFIX: &'static str = "set#";
    fn address(&self) -> At<Self> {
        Self::at(&self.partner, &self.id)
    }
    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.requested_at + KEPT_FOR)
    }
}
