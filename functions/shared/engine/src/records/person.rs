//! The row of a person: who they are, what they may see and what they want to hear of.

use super::address::{At, People};
use super::hearing::{LateNotice, MailState, Narrower, Subscription};
use super::{Identity, Record, watched};
use crate::ports::Watch;
use domain::notices::{Hour, Topic, Zone};
use domain::rights::Role;
use domain::{OrganisationId, PartnerId, PersonId, Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A person of a partner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// The id of the person.
    pub id: PersonId,
    /// The partner whose person it is.
    pub partner: PartnerId,
    /// The name of the person.
    pub name: String,
    /// Where its mail goes.
    pub email: String,
    /// The role that the person has at the partner.
    pub role: Role,
    /// The name of a time zone of the IANA database.
    pub time_zone: String,
    /// A language tag, such as `en`.
    pub language: String,
    /// Only these organisations; none means all of the partner and of what is below it.
    pub organisations: Option<BTreeSet<OrganisationId>>,
    /// The identity that it signs in as; none for who was never invited to sign in.
    #[serde(default)]
    pub identity: Option<Identity>,
    /// The topics that it hears of, and how often; of a topic that is not here it is never notified, unless that came when the
    /// row was there already ([`Self::frequency`]).
    pub subscriptions: BTreeMap<Topic, Subscription>,
    /// What it hears otherwise about single organisations and partners.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub narrower: Vec<Narrower>,
    /// The hour of the day at which its digests are due, where it is.
    #[serde(default, skip_serializing_if = "Hour::is_default")]
    pub hour: Hour,
    /// When its next digest is due; none while it has none.
    pub next_digest_at: Option<Timestamp>,
    /// That no mail reaches it, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail_state: Option<MailState>,
    /// What was to be mailed at once and may not have arrived; its next mail tells it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub late: Vec<LateNotice>,
}

impl Person {
    /// The address of the person of that id.
    pub fn at(partner: &PartnerId, id: &PersonId) -> At<Self> {
        At::of(partner, id)
    }

    /// A new person with what its role hears by default, from `now` on.
    ///
    /// # Errors
    /// `Invalid` when there is no such time zone.
    pub fn new(
        id: PersonId,
        partner: PartnerId,
        role: Role,
        name: impl Into<String>,
        email: impl Into<String>,
        time_zone: &str,
        now: Timestamp,
    ) -> Result<Self> {
        let subscription = |topic: Topic| {
            topic.default_for(role).map(|frequency| (topic, Subscription::new(frequency, now)))
        };
        let mut person = Self {
            id,
            partner,
            name: name.into(),
            email: email.into(),
            role,
            time_zone: time_zone.to_owned(),
            language: "en".to_owned(),
            organisations: None,
            identity: None,
            subscriptions: Topic::ALL.into_iter().filter_map(subscription).collect(),
            narrower: Vec::new(),
            hour: Hour::DEFAULT,
            next_digest_at: None,
            mail_state: None,
            late: Vec::new(),
        };
        person.plan_digest(now)?;
        Ok(person)
    }

    /// The owner of a new partner; see [`Self::new`].
    ///
    /// # Errors
    /// `Invalid` when there is no such time zone.
    pub fn owner(
        id: PersonId,
        partner: PartnerId,
        name: impl Into<String>,
        email: impl Into<String>,
        time_zone: &str,
        now: Timestamp,
    ) -> Result<Self> {
        Self::new(id, partner, Role::Owner, name, email, time_zone, now)
    }

    /// Moves it to another time zone.
    ///
    /// # Errors
    /// `Invalid` when there is no such zone; then nothing has changed.
    pub fn move_to(&mut self, time_zone: &str, now: Timestamp) -> Result<()> {
        Zone::new(time_zone)?;
        time_zone.clone_into(&mut self.time_zone);
        self.replan(now)
    }

    /// The person's time zone.
    ///
    /// # Errors
    /// `Invalid` when the stored name is not a time zone's.
    pub fn zone(&self) -> Result<Zone> {
        Zone::new(&self.time_zone)
    }
}

impl Record for Person {
    type Owner = People;
    const PREFIX: &'static str = "person#";
    fn address(&self) -> At<Self> {
        Self::at(&self.partner, &self.id)
    }
    fn watch(&self) -> Option<Watch> {
        self.next_digest_at.map(|at| Watch { list: watched::DIGESTS_DUE.to_owned(), at })
    }
}
