//! That somebody has looked at what an organisation needs somebody for, and puts it aside for a while.

use super::Record;
use super::address::{At, Organisations, Under};
use domain::attention::Cause;
use domain::{OrganisationId, PartnerId, Timestamp};
use serde::{Deserialize, Serialize};

/// An acknowledgement of one cause of one organisation. It holds for what was so then: other facts bring the cause back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Acknowledgement {
    /// The partner whose customer the organisation is.
    pub partner: PartnerId,
    /// The organisation that it is about.
    pub organisation: OrganisationId,
    /// What is acknowledged.
    pub cause: Cause,
    /// What whoever did it writes to the others; may be empty.
    pub note: String,
    /// Who did it, as the audit log names them.
    pub by: String,
    /// When it was done.
    pub at: Timestamp,
    /// Until when the cause is put aside.
    pub until: Timestamp,
    /// A hash of what was so then.
    pub facts: String,
    /// When the last of it had happened, of what has happened; none of what is so until it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_until: Option<Timestamp>,
}

impl Acknowledgement {
    /// The address of the acknowledgement of a cause of an organisation.
    pub fn at(partner: &PartnerId, organisation: &OrganisationId, cause: Cause) -> At<Self> {
        At::of(partner, format_args!("{organisation}#{}", cause.name()))
    }

    /// All acknowledgements of an organisation.
    pub fn of_organisation(partner: &PartnerId, organisation: &OrganisationId) -> Under<Self> {
        Under::of(partner, format_args!("{organisation}#"))
    }
}

impl Record for Acknowledgement {
    type Owner = Organisations;
    const PREFIX: &'static str = "acknowledged#";
    fn address(&self) -> At<Self> {
        Self::at(&self.partner, &self.organisation, self.cause)
    }
    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.until)
    }
}
