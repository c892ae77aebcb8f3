//! Open work is bounded: how much of it people have asked for, of one tenant. And what was given up lately, so that many
//! pieces of work that end for one cause are told of once.

use super::Record;
use super::address::At;
use domain::{ErrorKind, TenantId, Timestamp};
use jiff::SignedDuration;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// Work that people ask for and that waits for others of its sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AskedWork {
    /// Comparisons, without those that follow a snapshot by themselves.
    Comparisons,
    /// Previews of restores, until each is ready or has failed.
    Previews,
    /// Downloads, until the file of each is made or has failed.
    Downloads,
    /// Snapshots beside those that are due. They take no slot, since a tenant has one at a time; a day's are counted.
    Snapshots,
}

impl AskedWork {
    /// Its name in keys, and for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Comparisons => "comparisons",
            Self::Previews => "previews",
            Self::Downloads => "downloads",
            Self::Snapshots => "snapshots",
        }
    }
}

/// A piece of work that takes a slot until it is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Slot {
    /// The id of the comparison or the restore.
    pub id: String,
    /// Who asked for it, as rows name them.
    pub who: String,
}

/// The work of one sort that people have asked for in a tenant. Who asks for another piece takes out those that are done:
/// the jobs that do the work know nothing of slots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkSlots {
    /// The tenant whose work it is.
    pub tenant: TenantId,
    /// The sort of work that these slots are for.
    pub work: AskedWork,
    /// What takes a slot, and may be done by now.
    pub open: Vec<Slot>,
    /// The day that `by_end_customers` counts, in UTC.
    pub day: Date,
    /// How often end customers asked on that day.
    pub by_end_customers: u32,
}

impl WorkSlots {
    /// No slot taken yet.
    pub fn none(tenant: &TenantId, work: AskedWork, now: Timestamp) -> Self {
        let day = now.to_zoned(TimeZone::UTC).date();
        Self { tenant: tenant.clone(), work, open: Vec::new(), day, by_end_customers: 0 }
    }
    /// The address of the slots of a tenant for that work.
    pub fn at(tenant: &TenantId, work: AskedWork) -> At<Self> {
        At::of(tenant, work.name())
    }
}

impl Record for WorkSlots {
    type Owner = TenantId;
    const PREFIX: &'static str = "slots#";
    fn address(&self) -> At<Self> {
        Self::at(&self.tenant, self.work)
    }
}

/// That work of a sort was given up for a cause, and that people were told. While the row is there, they are not told of
/// the next such piece.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GivenUp {
    /// The tenant whose work it was.
    pub tenant: TenantId,
    /// The sort of work: `comparison`, `restore`.
    pub work: String,
    /// The cause, as errors name their kinds.
    pub cause: String,
    /// When the piece was given up of which people were told.
    pub at: Timestamp,
}

/// For how long people are not told again. Why less than a day: what fails each day is news each day.
const TOLD_FOR: SignedDuration = SignedDuration::from_hours(20);

impl GivenUp {
    /// The address for that sort of work and that cause.
    pub fn at(tenant: &TenantId, work: &str, cause: ErrorKind) -> At<Self> {
        Self::at_name(tenant, work, cause.name())
    }

    fn at_name(tenant: &TenantId, work: &str, cause: &str) -> At<Self> {
        At::of(tenant, format_args!("{work}#{cause}"))
    }
}

impl Record for GivenUp {
    type Owner = TenantId;
    const PREFIX: &'static str = "given-up#";
    fn address(&self) -> At<Self> {
        Self::at_name(&self.tenant, &self.work, &self.cause)
    }
    fn expires_at(&self) -> Option<Timestamp> {
        self.at.checked_add(TOLD_FOR).ok()
    }
}
