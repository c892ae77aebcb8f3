//! The Temporary Access Pass that a restore had made for somebody: read once, by a person, until it ends.

use super::restores::Restores;
use domain::{Error, PersonId, RestoreId, Result, TenantId, Timestamp};
use engine::ports::Secret;
use engine::records::{AccessPass, Found};

/// A person who reads a pass. Why none but a person: whoever has it signs in as somebody else, and the log is to say who that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassReader(PersonId);

impl PassReader {
    /// Whoever asks, where that is a person.
    ///
    /// # Errors
    /// `Denied` for a token and for a portal.
    pub fn of(person: Option<&PersonId>) -> Result<Self> {
        let person = person.cloned().map(Self);
        person.ok_or_else(|| Error::denied("a person reads a pass, who has signed in; a token does not"))
    }
}

/// A pass as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadPass {
    /// The pass itself.
    pub pass: Secret,
    /// The id of the person whom it is for, as it is since they are back.
    pub user: String,
    /// From when it is good.
    pub starts_at: Timestamp,
    /// Until when it is good.
    pub ends_at: Timestamp,
    /// Whether it is good for one sign-in alone.
    pub is_usable_once: bool,
}

impl Restores {
    /// Reads the pass that a step of a restore had made; from then on nobody can.
    ///
    /// # Errors
    /// `NotFound` where the step made none, or it has ended; `Conflict` where somebody has read it, also at this moment.
    pub async fn read_pass(
        &self,
        tenant: &TenantId,
        reader: &PassReader,
        restore: &RestoreId,
        step: u32,
    ) -> Result<ReadPass> {
        let now = self.clock.now();
        let found = self.records.find(&AccessPass::at(tenant, restore, step)).await?;
        // Why by the time as well: rows go some time after they have ended.
        let Some(Found { value: row, version }) = found.filter(|found| found.value.ends_at > now) else {
            return Err(Error::not_found("the step made no pass, or the pass has ended"));
        };
        let Some(sealed) = &row.sealed else {
            return Err(Error::conflict("the pass was read already, and is kept no longer"));
        };
        // Why opened first: what cannot be opened must not count as read.
        let pass = self.plans.open_sealed(tenant, &AccessPass::place(restore, step), sealed).await?;
        let read = AccessPass {
            sealed: None,
            read_by: Some(reader.0.to_string()),
            read_at: Some(now),
            ..row.clone()
        };
        // Why before it is shown: of two who read at once one gets it.
        self.records.replace(&read, version).await?;
        let AccessPass { user, starts_at, ends_at, is_usable_once, .. } = row;
        Ok(ReadPass { pass, user, starts_at, ends_at, is_usable_once })
    }
}
