//! Invitations: the invitation, the secrets that were mailed for it, and who signs in as whom.

use super::address::{At, Auth, Invitations, People};
use super::{HandOver, Maker, Partner, Record, watched};
use crate::ports::Watch;
use domain::rights::Role;
use domain::{Error, InvitationId, OrganisationId, PartnerId, PersonId, Result, Timestamp};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// Somebody is asked to become a person of a partner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// The id of the invitation.
    pub id: InvitationId,
    /// The partner whose person they become.
    pub partner: PartnerId,
    /// The partner's name, for the mail.
    pub partner_name: String,
    /// The person whose sign-in it becomes; none makes a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// The name of who is invited.
    pub name: String,
    /// Where the mail goes. Says nothing about who may accept: the mailed secret does.
    pub email: String,
    /// The role that they get.
    pub role: Role,
    /// The organisations that they will see; none means all of the partner and of what is below it.
    pub organisations: Option<Vec<OrganisationId>>,
    /// An IANA time zone.
    pub time_zone: String,
    /// Who invited: it opens nothing once they may no longer give what it gives. None for the Owner of a new partner, and
    /// for invitations made before makers were written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<Maker>,
    /// When the invitation was made.
    pub created_at: Timestamp,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
    /// When its mail is due; none once it has left.
    pub mail_due_at: Option<Timestamp>,
    /// That its mail was handed over, where nothing is known to have become of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed: Option<HandOver>,
    /// When its mail left.
    pub mailed_at: Option<Timestamp>,
    /// No mail can be sent to the address.
    pub refused: bool,
    /// When it was accepted.
    pub accepted_at: Option<Timestamp>,
}

/// Who is invited, and as what.
#[derive(Clone, Debug)]
pub struct Invited {
    /// Who it is already, if anybody.
    pub person: Option<PersonId>,
    /// The name of who is invited.
    pub name: String,
    /// Where the mail goes.
    pub email: String,
    /// The role that they get.
    pub role: Role,
    /// The organisations that they will see; none means all of the partner and of what is below it.
    pub organisations: Option<Vec<OrganisationId>>,
    /// Their IANA time zone.
    pub time_zone: String,
}

/// How long an invitation can be accepted.
const OPEN_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long an invitation is still listed after its end.
const TOLD_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

impl Invitation {
    /// The address of the invitation of that id.
    pub fn at(partner: &PartnerId, id: &InvitationId) -> At<Self> {
        At::of(partner, id)
    }
    /// A new invitation, whose mail is due at once.
    pub fn new(id: InvitationId, of: &Partner, invited: Invited, now: Timestamp) -> Self {
        Self {
            id,
            partner: of.id.clone(),
            partner_name: of.name.clone(),
            person: invited.person,
            name: invited.name.trim().to_owned(),
            email: invited.email,
            role: invited.role,
            organisations: invited.organisations,
            time_zone: invited.time_zone,
            made_by: None,
            created_at: now,
            expires_at: now + OPEN_FOR,
            mail_due_at: Some(now),
            handed: None,
            mailed_at: None,
            refused: false,
            accepted_at: None,
        }
    }
    /// Whether it can be accepted now.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.accepted_at.is_none() && now < self.expires_at
    }
}

impl Record for Invitation {
    type Owner = People;
    const PREFIX: &'static str = "invitation#";
    fn address(&self) -> At<Self> {
        Self::at(&self.partner, &self.id)
    }
    fn watch(&self) -> Option<Watch> {
        self.mail_due_at.map(|at| Watch { list: watched::INVITATIONS_DUE.to_owned(), at })
    }
    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at + TOLD_FOR)
    }
}

/// How many invitations a partner made on one day: each is a mail of ours to an address that somebody else chose. One
/// that is withdrawn counts all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InvitedToday {
    /// The partner that invites.
    pub partner: PartnerId,
    /// The day, in whole days since 1970, UTC.
    pub day: i64,
    /// How many it made itself on that day.
    pub count: u32,
    /// Of a top partner: how many it and all partners below it made on that day.
    #[serde(default)]
    pub tree: u32,
}

/// Who makes an invitation, as the row of a partner counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitedBy {
    /// The partner itself, which has partners above it.
    Itself,
    /// The partner itself, which is a top partner.
    Top,
    /// A partner somewhere below it, which is a top partner.
    Below,
}

const DAY_SECONDS: i64 = 24 * 60 * 60;

impl InvitedToday {
    /// The most invitations that a partner makes in a day.
    pub const MOST: u32 = 100;
    /// The most that a top partner and all below it make in a day together. Why: partners are made by partners, so each of
    /// them would have a hundred of its own.
    pub const MOST_OF_TREE: u32 = 500;

    /// The address of the count of that partner.
    pub fn at(partner: &PartnerId) -> At<Self> {
        At::of(partner, "")
    }

    /// The counts of a partner after one more invitation, given those before.
    ///
    /// # Errors
    /// `Throttled` until the next day when there were [`Self::MOST`], or [`Self::MOST_OF_TREE`], already.
    pub fn with_one_more(
        before: Option<&Self>,
        partner: &PartnerId,
        by: InvitedBy,
        now: Timestamp,
    ) -> Result<Self> {
        let day = now.as_second().div_euclid(DAY_SECONDS);
        let (count, tree) = before.filter(|b| b.day == day).map_or((0, 0), |b| (b.count, b.tree));
        let full = |whose: &str, most: u32| {
            let seconds = (day + 1) * DAY_SECONDS - now.as_second();
            let wait_ms = u64::try_from(seconds).unwrap_or(1) * 1_000;
            let why = format!("{whose} no more than {most} people in a day");
            Err(Error::throttled(why, Some(wait_ms)))
        };
        let (own, of_tree) = (by != InvitedBy::Below, by != InvitedBy::Itself);
        if own && count >= Self::MOST {
            return full("a partner invites", Self::MOST);
        }
        if of_tree && tree >= Self::MOST_OF_TREE {
            return full("a top partner and those below it invite", Self::MOST_OF_TREE);
        }
        let (count, tree) = (count + u32::from(own), tree + u32::from(of_tree));
        Ok(Self { partner: partner.clone(), day, count, tree })
    }
}

impl Record for InvitedToday {
    type Owner = PartnerId;
    const PREFIX: &'static str = "invited";
    fn address(&self) -> At<Self> {
        Self::at(&self.partner)
    }
}

/// A secret that was mailed, by its hash. A mail that had to be sent again has one of its own; the invitation is
/// accepted once, whichever is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InvitationToken {
    /// The secret's hash, as [`super::ApiToken::hash`] gives it.
    pub hash: String,
    /// The partner whose invitation it is.
    pub partner: PartnerId,
    /// Which invitation it opens.
    pub invitation: InvitationId,
    /// Until when the secret opens the invitation.
    pub expires_at: Timestamp,
}

impl InvitationToken {
    /// What every such secret begins with.
    pub const START: &'static str = "hfi_";

    /// The address of the invitation whose secret has that hash.
    pub fn at(hash: &str) -> At<Self> {
        At::of(&Invitations, hash)
    }
}

impl Record for InvitationToken {
    type Owner = Invitations;
    const PREFIX: &'static str = "invitation#";
    fn address(&self) -> At<Self> {
        Self::at(&self.hash)
    }
    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}

/// Somebody as an issuer of the sign-in knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The issuer, exactly as its tokens say.
    pub issuer: String,
    /// The issuer's name for them, which it never gives to another.
    pub subject: String,
}

/// Which person an identity signs in as.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentityLink {
    /// The identity, as its issuer names it.
    pub identity: Identity,
    /// The partner whose person it is.
    pub partner: PartnerId,
    /// The person that it signs in as.
    pub person: PersonId,
}

impl IdentityLink {
    /// The address of the person behind that identity of an issuer.
    pub fn at(identity: &Identity) -> At<Self> {
        let parts = format!("{}:{}{}", identity.issuer.len(), identity.issuer, identity.subject);
        At::of(&Auth, blake3::hash(parts.as_bytes()).to_hex())
    }
}

impl Record for IdentityLink {
    type Owner = Auth;
    const PREFIX: &'static str = "identity#";
    fn address(&self) -> At<Self> {
        Self::at(&self.identity)
    }
}
