//! People of the partner.

use super::notifications::MailStateOut;
use super::tokens::TokenOut;
use super::{Name, some_and_few};
use domain::rights::Role;
use domain::{OrganisationId, PartnerId, PersonId};
use engine::records::Person;
use garde::Validate;
use partners::commands::people::{ChangedPerson, EndedTokens, PersonChange};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// What is to be changed of a person; what is absent stays.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PersonChangeIn {
    /// The new name of the person.
    #[garde(dive)]
    pub name: Option<Name>,
    /// The new IANA time zone in which mails give times.
    #[garde(length(max = 64))]
    pub time_zone: Option<String>,
    /// The new role of the person.
    #[garde(skip)]
    pub role: Option<Role>,
    /// The only organisations that the person sees, 1 to 50. Null lifts the limitation.
    #[allow(clippy::option_option, reason = "absent, null and a list are three different things")]
    #[garde(inner(custom(some_and_few)))]
    #[serde(default, deserialize_with = "given")]
    pub organisations: Option<Option<Vec<OrganisationId>>>,
}

/// A field that is there, though it may be null: serde alone does not distinguish that from one that is absent.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

impl From<PersonChangeIn> for PersonChange {
    fn from(change: PersonChangeIn) -> Self {
        let PersonChangeIn { name, time_zone, role, organisations } = change;
        Self { name: name.map(Into::into), time_zone, role, organisations }
    }
}

/// A person of a partner.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonOut {
    /// The id of the person.
    pub id: PersonId,
    /// The partner that the person belongs to.
    pub partner: PartnerId,
    /// The name of the person.
    pub name: String,
    /// The address to which mails to the person go.
    pub email: String,
    /// What the person may do.
    pub role: Role,
    /// The only organisations that the person sees; null means all.
    pub organisations: Option<Vec<OrganisationId>>,
    /// The IANA time zone in which mails give times.
    pub time_zone: String,
    /// That no mail reaches the person; null as far as is known that it does.
    pub mail_state: Option<MailStateOut>,
    /// Whether the person can sign in, and does not only get mail.
    pub signs_in: bool,
    /// The API tokens that the person had made, and that were revoked or narrowed with this change, 400 of them at the
    /// most; absent where none were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_tokens: Option<Vec<TokenOut>>,
}

impl PersonOut {
    /// A person who was just changed, and what was changed with them.
    pub fn changed(changed: ChangedPerson) -> Self {
        let tokens: Vec<TokenOut> = changed.tokens.entries.into_iter().map(Into::into).collect();
        Self { changed_tokens: (!tokens.is_empty()).then_some(tokens), ..changed.person.value.into() }
    }
}

/// What ended with a person who was removed.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemovedPersonOut {
    /// The API tokens that the person had made, all revoked now. What needs one, needs a new one.
    pub revoked_tokens: Vec<TokenOut>,
    /// Whether these are all. Others that the person had made are good for nobody either.
    pub complete: bool,
}

impl From<EndedTokens> for RemovedPersonOut {
    fn from(ended: EndedTokens) -> Self {
        let EndedTokens { entries, is_complete } = ended;
        Self { revoked_tokens: entries.into_iter().map(Into::into).collect(), complete: is_complete }
    }
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
            mail_state: person.mail_state.map(Into::into),
            signs_in: person.identity.is_some(),
            changed_tokens: None,
        }
    }
}
