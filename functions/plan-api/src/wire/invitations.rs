//! Invitations to become a person of the partner.

use super::{Name, some_and_few, utc};
use domain::rights::Role;
use domain::{InvitationId, OrganisationId, Timestamp};
use engine::records::Invitation;
use garde::Validate;
use partners::commands::invitations::NewInvitation;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who is to be invited, and as what.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewInvitationIn {
    /// The name of the person.
    #[garde(dive)]
    pub name: Name,
    /// The address to which the invitation goes, and later mails.
    #[garde(email, length(max = 254))]
    pub email: String,
    /// The role that the person gets.
    #[garde(skip)]
    pub role: Role,
    /// The only organisations that the person sees, 1 to 50; absent means as many as the caller sees.
    #[garde(custom(some_and_few))]
    pub organisations: Option<Vec<OrganisationId>>,
    /// The IANA time zone in which mails give times, such as `Europe/Zurich`.
    #[garde(length(max = 64))]
    #[serde(default = "utc")]
    pub time_zone: String,
}

impl From<NewInvitationIn> for NewInvitation {
    fn from(new: NewInvitationIn) -> Self {
        let NewInvitationIn { name, email, role, organisations, time_zone } = new;
        Self { name: name.into(), email, role, organisations, time_zone }
    }
}

/// An invitation, and what became of it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InvitationOut {
    /// The id of the invitation.
    pub id: InvitationId,
    /// The name of the person who is invited.
    pub name: String,
    /// The address to which the invitation goes.
    pub email: String,
    /// The role that the person gets.
    pub role: Role,
    /// The only organisations that the person will see; null means all.
    pub organisations: Option<Vec<OrganisationId>>,
    /// The IANA time zone in which mails give times.
    pub time_zone: String,
    /// When the invitation was made.
    pub created_at: Timestamp,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
    /// When its mail left; null while it has not.
    pub mailed_at: Option<Timestamp>,
    /// Whether the address takes no mail.
    pub refused: bool,
    /// When it was accepted; null while it is open.
    pub accepted_at: Option<Timestamp>,
}

impl From<Invitation> for InvitationOut {
    fn from(invitation: Invitation) -> Self {
        Self {
            id: invitation.id,
            name: invitation.name,
            email: invitation.email,
            role: invitation.role,
            organisations: invitation.organisations,
            time_zone: invitation.time_zone,
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
            mailed_at: invitation.mailed_at,
            refused: invitation.refused,
            accepted_at: invitation.accepted_at,
        }
    }
}

/// The proof of an invitation.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AcceptInvitationIn {
    /// The code that was mailed.
    #[garde(length(min = 1, max = 200))]
    pub token: String,
}
