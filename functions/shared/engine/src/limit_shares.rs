//! How a process shares the limits that Microsoft sets to an application of ours over all tenants with the others that run at
//! the same time: by a row in which each leases what it needs beyond its even part ([`LimitLeases`]).
//!
//! A lease costs a write when a process needs more, and one each half minute after that ([`RENEWED_AFTER`]); who needs no more
//! than its even part asks nobody. Whoever cannot reach the row keeps to that part.

use crate::ports::Ids;
use crate::records::{Found, LimitLeases, OwnApplication, Records};
use domain::{Error, ErrorKind, Result, Timestamp};
use jiff::SignedDuration;

/// After so long a lease is renewed by whoever still needs it.
pub const RENEWED_AFTER: SignedDuration = SignedDuration::from_secs(30);
/// How often a change is tried of a row that others change at the same moment.
const TRIES: u32 = 12;

/// The leases of one process.
pub struct LimitShares {
    records: Records,
    application: OwnApplication,
    holder: String,
}

/// What a process has leased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeasedShare {
    /// So much of each limit, in [`PARTS_OF_LIMIT`](crate::records::PARTS_OF_LIMIT).
    pub parts: u32,
    /// Until when, unless it is renewed.
    pub until: Timestamp,
}

impl LimitShares {
    /// The leases of this process, which calls itself by an id of its own.
    pub fn new(records: Records, application: OwnApplication, ids: &dyn Ids) -> Self {
        Self { records, application, holder: ids.ulid() }
    }

    /// Renews what is leased, and leases more where that is needed and somebody else does not have it.
    ///
    /// # Errors
    /// Those of the catalog; `Conflict` where others changed the row at each try.
    pub async fn renew(&self, needs_more: bool) -> Result<LeasedShare> {
        let change = |leases: &mut LimitLeases, now| Some(leases.renew(&self.holder, needs_more, now));
        let renewed = self.change(change).await?;
        let (parts, until) = renewed.ok_or_else(|| Error::unavailable("no lease was made"))?;
        Ok(LeasedShare { parts, until })
    }

    /// Gives back what is leased: others may have it as soon as what was sent by it no longer counts.
    ///
    /// # Errors
    /// As [`Self::renew`]; then the lease ends by its time.
    pub async fn give_back(&self) -> Result<()> {
        self.change(|leases, now| leases.give_back(&self.holder, now).then_some(())).await.map(drop)
    }

    /// Changes the row, if there is something to change.
    async fn change<T: Send>(
        &self,
        change: impl Fn(&mut LimitLeases, Timestamp) -> Option<T> + Send + Sync,
    ) -> Result<Option<T>> {
        let at = LimitLeases::at(self.application);
        let mut tried = 0;
        loop {
            let found = self.records.find(&at).await?;
            let version = found.as_ref().map(|found| found.version);
            let mut leases =
                found.map_or_else(|| LimitLeases::none(self.application), |Found { value, .. }| value);
            let Some(changed) = change(&mut leases, self.records.clock().now()) else { return Ok(None) };
            let written = match version {
                Some(version) => self.records.replace(&leases, version).await,
                None => self.records.put_new(&leases).await,
            };
            tried += 1;
            match written {
                Ok(()) => return Ok(Some(changed)),
                // Another process has just changed it: it decides on what there is then.
                Err(error) if error.kind() == ErrorKind::Conflict && tried < TRIES => {}
                Err(error) => return Err(error),
            }
        }
    }
}
