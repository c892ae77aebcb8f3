//! Work that somebody asked for, as their partner finds it: by its time, over all of its organisations.
//!
//! How the work stands is in its own row, which is the tenant's; this one says where that is. Why beside it: what a partner
//! asked for last would else be looked for in every tenant.

use super::Record;
use super::address::{At, Jobs};
use super::slots::AskedWork;
use crate::ports::list_cursor;
use domain::{OrganisationId, PartnerId, TenantId, Timestamp};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// For how long it is found: longer than a year, so that what was done at last year's audit is there at this one's.
const LASTS: SignedDuration = SignedDuration::from_hours(24 * 400);

/// A piece of work that somebody asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobEntry {
    /// The partner whose customer the organisation was then.
    pub partner: PartnerId,
    /// The organisation that it is about.
    pub organisation: OrganisationId,
    /// The organisation's tenant then, which has the row of the work.
    pub tenant: TenantId,
    /// The sort of work.
    pub work: AskedWork,
    /// The id of the snapshot, comparison, restore or download.
    pub id: String,
    /// Who asked for it, as rows name them.
    pub requested_by: String,
    /// When they asked.
    pub at: Timestamp,
}

impl JobEntry {
    /// The cursor behind which the entries of a partner are no later than that, newest first.
    pub fn cursor_at(partner: &PartnerId, at: Timestamp) -> String {
        // Why this sign: it is greater than that with which the keys of that moment go on.
        let place: At<Self> = At::of(partner, format_args!("{at:.6}~"));
        list_cursor(place.scope(), place.key())
    }
}

impl Record for JobEntry {
    type Owner = Jobs;
    const PREFIX: &'static str = "job#";
    fn address(&self) -> At<Self> {
        At::of(&self.partner, format_args!("{:.6}#{}", self.at, self.id))
    }
    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.at + LASTS)
    }
}
