//! Sessions: of people who have signed in, and of portals that an access link opened. A session is found by the hash of
//! its secret, in the scope of what lets somebody in; what is listed of it stands with its partner, and when it was last
//! used stands in a scope of its own. The first two are always written together.

use super::address::{At, Auth, People, Under, Uses};
use super::{Found, Maker, Record, Records, delete};
use crate::ports::Write;
use domain::rights::Feature;
use domain::{OrganisationId, PartnerId, PersonId, Result, SessionId, Timestamp};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Whose a session is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum SessionOf {
    /// A person's, who may do in it what they may do.
    #[serde(rename_all = "camelCase")]
    Person {
        /// The person who signed in to begin it.
        person: PersonId,
        /// When they last signed in, as their issuer says; none when it does not.
        signed_in_at: Option<Timestamp>,
    },
    /// That of a portal, opened by an access link: it may do what an end customer of the organisation may.
    #[serde(rename_all = "camelCase")]
    Portal {
        /// The organisation whose portal it is.
        organisation: OrganisationId,
        /// The features that were switched on when the link was made: it gets no other.
        features: Vec<Feature>,
        /// Who made the link, as logs name them.
        opened_by: String,
        /// The same, as whom the session ends with; none for links made before makers were written down.
        maker: Option<Maker>,
    },
}

impl SessionOf {
    /// Of whom it is listed: a person's id, or an organisation's.
    pub fn owner(&self) -> &str {
        match self {
            Self::Person { person, .. } => person.as_str(),
            Self::Portal { organisation, .. } => organisation.as_str(),
        }
    }
}

/// A session. Its secret is shown once, when it begins, and not kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Its name in the API.
    pub id: SessionId,
    /// The hash of its secret, as [`super::ApiToken::hash`] gives it.
    pub hash: String,
    /// The partner that it belongs to.
    pub partner: PartnerId,
    /// Whose session it is: a person's, or that of an organisation's portal.
    pub of: SessionOf,
    /// When the session began; its longest life counts from here.
    pub created_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

impl Session {
    /// What every secret of a session begins with, so that it is told from a token's, and secret scanners know it.
    pub const START: &'static str = "hfs_";

    /// The address of the session whose secret has that hash.
    pub fn at(hash: &str) -> At<Self> {
        At::of(&Auth, hash)
    }

    /// How long it may rest unused; none where it ends by its time alone.
    pub fn may_rest(&self) -> Option<SignedDuration> {
        match self.of {
            SessionOf::Person { .. } => Some(SignedDuration::from_mins(Self::IDLE_MINUTES)),
            SessionOf::Portal { .. } => None,
        }
    }
    /// How many minutes a person's session may rest unused.
    pub const IDLE_MINUTES: i64 = 30;

    /// Whether it is good now, when it was last used then.
    pub fn is_good(&self, last_used_at: Timestamp, now: Timestamp) -> bool {
        now < self.expires_at && self.may_rest().is_none_or(|rest| now < last_used_at + rest)
    }
}

impl Record for Session {
    type Owner = Auth;
    const PREFIX: &'static str = "session#";
    fn address(&self) -> At<Self> {
        Self::at(&self.hash)
    }
    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}

/// What is listed of a session, in its partner's scope: by its person, or by the organisation whose portal it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionEntry {
    /// The session as its own row has it, without its secret.
    pub session: Session,
}

impl SessionEntry {
    /// The address of the session of that id, of that person or organisation.
    pub fn at(partner: &PartnerId, owner: impl fmt::Display, id: &SessionId) -> At<Self> {
        At::of(partner, format_args!("{owner}#{id}"))
    }
    /// The sessions of a person, or those of an organisation's portal, oldest first.
    pub fn of_owner(partner: &PartnerId, owner: impl fmt::Display) -> Under<Self> {
        Under::of(partner, format_args!("{owner}#"))
    }
}

impl Record for SessionEntry {
    type Owner = People;
    const PREFIX: &'static str = "session#";
    fn address(&self) -> At<Self> {
        Self::at(&self.session.partner, self.session.of.owner(), &self.session.id)
    }
    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.session.expires_at)
    }
}

/// How many sessions one person, or the portal of one organisation, has at a time: one more ends the oldest. So all of
/// them, two rows each, end in one write, together with what ends them.
pub const MOST_SESSIONS: usize = 16;

/// The writes that end all sessions of a person, or of an organisation's portal: at most two for each of
/// [`MOST_SESSIONS`]. Where several began at one moment there are more, and the oldest of these are ended here already.
///
/// # Errors
/// Those of the catalog; `Conflict` when one that is ended here was changed meanwhile.
pub async fn end_of_sessions(
    records: &Records,
    partner: &PartnerId,
    owner: impl fmt::Display,
) -> Result<Vec<Write>> {
    let entries = records.list_all(&SessionEntry::of_owner(partner, owner)).await?;
    let (first, last) = entries.split_at(entries.len().saturating_sub(MOST_SESSIONS));
    for some in first.chunks(MOST_SESSIONS) {
        records.write(ends_of(records, some).await?).await?;
    }
    ends_of(records, last).await
}

/// The writes that end these sessions, two for each at most.
///
/// # Errors
/// Those of the catalog.
pub async fn ends_of(records: &Records, entries: &[Found<SessionEntry>]) -> Result<Vec<Write>> {
    let mut writes = Vec::new();
    for entry in entries {
        writes.push(delete(&entry.value, entry.version));
        let session = records.find(&Session::at(&entry.value.session.hash)).await?;
        writes.extend(session.map(|session| delete(&session.value, session.version)));
    }
    Ok(writes)
}

/// When a session was last used. The authorizer writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionUse {
    /// The id of the session.
    pub session: SessionId,
    /// The partner that the session belongs to.
    pub partner: PartnerId,
    /// When it was used, to about five minutes.
    pub at: Timestamp,
    /// When the row ends by itself.
    pub until: Timestamp,
}

impl SessionUse {
    /// The address of the last use of a session.
    pub fn at(partner: &PartnerId, session: &SessionId) -> At<Self> {
        At::of(&Uses, format_args!("{partner}#{session}"))
    }
}

impl Record for SessionUse {
    type Owner = Uses;
    const PREFIX: &'static str = "session-used#";
    fn address(&self) -> At<Self> {
        Self::at(&self.partner, &self.session)
    }
    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.until)
    }
}
