//! People and invitations on the wire.

use super::tokens::some_and_few;
use super::{Name, utc};
use domain::rights::Role;
use domain::{InvitationId, OrganisationId, PartnerId, PersonId, Timestamp};
use engine::records::{Invitation, Person};
use garde::Validate;
use partners::commands::invitations::NewInvitation;
use partners::commands::people::PersonChange;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewInvitationIn {
    #[garde(dive)]
    pub name: Name,
    #[garde(email, length(max = 254))]
    pub email: String,
    #[garde(skip)]
    pub role: Role,
    #[garde(custom(some_and_few))]
    pub organisations: Option<Vec<OrganisationId>>,
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

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InvitationOut {
    pub id: InvitationId,
    pub name: String,
    pub email: String,
    pub role: Role,
    pub organisations: Option<Vec<OrganisationId>>,
    pub time_zone: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// When its mail left; null while it has not.
    pub mailed_at: Option<Timestamp>,
    /// The address takes no mail.
    pub refused: bool,
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

#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AcceptIn {
    /// The code that was mailed.
    #[garde(length(min = 1, max = 200))]
    pub token: String,
}

#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PersonChangeIn {
    #[garde(dive)]
    pub name: Option<Name>,
    #[garde(length(max = 64))]
    pub time_zone: Option<String>,
    #[garde(skip)]
    pub role: Option<Role>,
    /// Null lifts the limitation.
    #[allow(clippy::option_option, reason = "absent, null and a list are three different things")]
    #[garde(inner(custom(some_and_few)))]
    #[serde(default, deserialize_with = "given")]
    pub organisations: Option<Option<Vec<OrganisationId>>>,
}

/// Told from what is absent.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

impl From<PersonChangeIn> for PersonChange {
    fn from(change: PersonChangeIn) -> Self {
        let PersonChangeIn { name, time_zone, role, organisations } = change;
        Self { name: name.map(Into::into), time_zone, role, organisations }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonOut {
    pub id: PersonId,
    pub partner: PartnerId,
    pub name: String,
    pub email: String,
    pub role: Role,
    pub organisations: Option<Vec<OrganisationId>>,
    pub time_zone: String,
    /// Whether the person can sign in, and does not only get mail.
    pub signs_in: bool,
}

impl From<Person> for PersonOut {
    fn from(person: Person) -> Self {
        Self {
            id: person.id,
            partner: person.partner,
            name: person.name,
            email: person.email,
            role: person.role,
            organisations: person.organisations.map(|o| o.into_iter().collect()),
            time_zone: person.time_zone,
            signs_in: person.identity.is_some(),
        }
    }
}
