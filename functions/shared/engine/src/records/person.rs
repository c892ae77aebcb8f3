//! The row of a person: who they are, what they may see and what they want to hear of.

use super::address::{At, People};
use super::{Identity, Record, watched};
use crate::ports::Watch;
use domain::notices::{Frequency, Topic, Zone, next_digest_at};
use domain::rights::Role;
use domain::{Error, OrganisationId, PartnerId, PersonId, Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How often a person hears of a topic, and what of it it has heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// How often the person hears of the topic.
    pub frequency: Frequency,
    /// Notices up to then were sent or were not wanted; the next digest begins after it.
    pub told_until: Timestamp,
}

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
    /// The topics that it hears of, and how often; of a topic that is not here it is never notified.
    pub subscriptions: BTreeMap<Topic, Subscription>,
    /// When its next digest is due; none while it has none.
    pub next_digest_at: Option<Timestamp>,
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
            topic.default_for(role).map(|frequency| (topic, Subscription { frequency, told_until: now }))
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
            next_digest_at: None,
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

    /// Changes how often the person hears of a topic; `None` is never. It hears of notices from `now` on, except that
    /// a change between two digests leaves nothing out.
    ///
    /// # Errors
    /// `Invalid` when the role may not hear of the topic.
    pub fn subscribe(&mut self, topic: Topic, frequency: Option<Frequency>, now: Timestamp) -> Result<()> {
        if frequency.is_some() && !topic.is_open_to(self.role) {
            let why = format!("{} is not open to the role {}", topic.name(), self.role.label());
            return Err(Error::invalid_field(format!("subscriptions.{}", topic.name()), why));
        }
        match frequency {
            None => {
                self.subscriptions.remove(&topic);
            }
            Some(frequency) => {
                let before = self.subscriptions.get(&topic);
                let told_until =
                    before.filter(|s| s.frequency != Frequency::Immediate).map_or(now, |s| s.told_until);
                self.subscriptions.insert(topic, Subscription { frequency, told_until });
            }
        }
        self.plan_digest(now)
    }

    /// Moves it to another time zone.
    ///
    /// # Errors
    /// `Invalid` when there is no such zone; then nothing has changed.
    pub fn move_to(&mut self, time_zone: &str, now: Timestamp) -> Result<()> {
        Zone::new(time_zone)?;
        time_zone.clone_into(&mut self.time_zone);
        self.plan_digest(now)
    }

    /// The person's time zone.
    ///
    /// # Errors
    /// `Invalid` when the stored name is not a time zone's.
    pub fn zone(&self) -> Result<Zone> {
        Zone::new(&self.time_zone)
    }

    /// Sets when its next digest is due: the first end of a period after `after`, of any of its frequencies.
    ///
    /// # Errors
    /// `Invalid` when the stored time zone is not one.
    pub fn plan_digest(&mut self, after: Timestamp) -> Result<()> {
        let zone = self.zone()?;
        let mut next = None;
        for subscription in self.subscriptions.values() {
            let due = next_digest_at(subscription.frequency, &zone, after)?;
            next = [next, due].into_iter().flatten().min();
        }
        self.next_digest_at = next;
        Ok(())
    }

    /// Whether it may hear of a topic about that organisation of its partner, or of one below it.
    pub fn may_hear(&self, topic: Topic, organisation: &OrganisationId) -> bool {
        topic.is_open_to(self.role)
            && self.organisations.as_ref().is_none_or(|limit| limit.contains(organisation))
    }

    /// Whether it gets a mail of its own for each notice of a topic about that organisation.
    pub fn hears_at_once(&self, topic: Topic, organisation: &OrganisationId) -> bool {
        self.subscriptions.get(&topic).is_some_and(|s| s.frequency == Frequency::Immediate)
            && self.may_hear(topic, organisation)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }
    fn owner(now: &str) -> Person {
        let ulid = "01JAAAAAAAAAAAAAAAAAAAAAAA";
        let (id, partner) = (PersonId::from_ulid(ulid), PartnerId::from_ulid(ulid));
        Person::owner(id, partner, "Ann Lee", "ann@msp.example", "Europe/Zurich", at(now)).unwrap()
    }

    #[test]
    fn an_owner_hears_of_privileged_changes_at_once_and_of_changes_the_next_morning() {
        let owner = owner("2026-11-22T18:00:00Z");
        let anywhere = OrganisationId::from_ulid("01JBBBBBBBBBBBBBBBBBBBBBBB");
        assert!(owner.hears_at_once(Topic::PrivilegedChanges, &anywhere));
        assert!(!owner.hears_at_once(Topic::Changes, &anywhere));
        assert_eq!(owner.next_digest_at, Some(at("2026-11-23T07:00:00Z")));
    }

    #[test]
    fn a_limit_to_organisations_holds_for_mail_too() {
        let mut owner = owner("2026-11-22T18:00:00Z");
        let (own, other) = ("01JBBBBBBBBBBBBBBBBBBBBBBB", "01JCCCCCCCCCCCCCCCCCCCCCCC");
        owner.organisations = Some([OrganisationId::from_ulid(own)].into());
        assert!(owner.hears_at_once(Topic::Errors, &OrganisationId::from_ulid(own)));
        assert!(!owner.hears_at_once(Topic::Errors, &OrganisationId::from_ulid(other)));
    }

    #[test]
    fn finance_cannot_subscribe_to_changes() {
        let mut person = owner("2026-11-22T18:00:00Z");
        person.role = Role::Finance;
        let now = at("2026-11-22T18:00:00Z");
        let refused = person.subscribe(Topic::Changes, Some(Frequency::Daily), now).unwrap_err();
        assert_eq!(refused.fields()[0].field, "subscriptions.changes");
    }

    #[test]
    fn changing_from_weekly_to_daily_in_mid_week_leaves_nothing_out() {
        let mut person = owner("2026-11-16T12:00:00Z");
        let (monday, friday) = (at("2026-11-16T12:00:00Z"), at("2026-11-20T12:00:00Z"));
        person.subscribe(Topic::Changes, Some(Frequency::Weekly), monday).unwrap();
        person.subscribe(Topic::Changes, Some(Frequency::Daily), friday).unwrap();
        assert_eq!(person.subscriptions[&Topic::Changes].told_until, monday);
        person.subscribe(Topic::Changes, Some(Frequency::Immediate), friday).unwrap();
        person.subscribe(Topic::Changes, Some(Frequency::Daily), at("2026-11-21T12:00:00Z")).unwrap();
        assert_eq!(person.subscriptions[&Topic::Changes].told_until, at("2026-11-21T12:00:00Z"));
    }

    #[test]
    fn who_wants_no_digest_is_not_waited_for() {
        let mut person = owner("2026-11-22T18:00:00Z");
        for topic in Topic::ALL {
            person.subscribe(topic, None, at("2026-11-22T18:00:00Z")).unwrap();
        }
        assert_eq!(person.watch(), None);
    }
}
