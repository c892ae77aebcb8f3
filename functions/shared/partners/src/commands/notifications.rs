//! What people hear of by mail, how often, at which hour and where: read and chosen, by themselves or by whoever manages
//! the partner's people.
//!
//! What nobody chose follows the person's role. A choice may be narrower than a topic: about one organisation, or about a
//! partner and what is below it; the narrowest that fits decides.

use super::{Caller, Gate, Listed, stale_if_slower};
use domain::notices::{Frequency, Hour, Topic, Zone};
use domain::{Error, PartnerId, PersonId, Result};
use engine::ports::{Clock, Page};
use engine::records::{About, Found, Person, Record};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many narrower choices a person's row holds, with those that were withdrawn and remember what was told.
const MOST_NARROWER: usize = 200;

/// What can be asked about notifications.
#[derive(Clone)]
pub struct Notifications {
    /// Checks what the caller may do, before any command acts.
    pub gate: Gate,
    /// Gives the time from which on a choice holds.
    pub clock: Arc<dyn Clock>,
}

/// One choice: how often a person hears of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The topic that is chosen for.
    pub topic: Topic,
    /// What it is about; none is everything that there is no narrower choice for.
    pub about: Option<About>,
    /// How often; none is never.
    pub frequency: Option<Frequency>,
}

/// All that a person chose: what is not in it follows the role.
#[derive(Clone, Debug)]
pub struct Choices {
    /// The hour of the day of the digests, 0 to 23.
    pub hour: u8,
    /// The IANA time zone of that hour, and of times in mails.
    pub time_zone: String,
    /// How often, for each topic and place that something was chosen for.
    pub choices: Vec<Choice>,
}

impl Notifications {
    /// A person of the caller's partner, or the caller themself, with the version that a change must name.
    ///
    /// # Errors
    /// `NotFound` for nobody of the caller's partner, and for a token that asks for its own; `Denied` without the right.
    pub async fn get(&self, caller: &Caller, person: Option<&PersonId>) -> Result<Found<Person>> {
        let (partner, id) = self.whose(caller, person).await?;
        let found = self.gate.records.find(&Person::at(&partner, &id)).await?;
        found.ok_or_else(|| Error::not_found("there is no such person"))
    }

    /// The people of the caller's partner, oldest first.
    pub async fn list(&self, caller: &Caller, page: Page) -> Result<Listed<Person>> {
        let partner = self.gate.people(caller, &[]).await?;
        let (found, next) = self.gate.records.list(&Person::all(&partner.id), page).await?;
        Ok(Listed { items: found.into_iter().map(|f| f.value).collect(), next })
    }

    /// Sets everything that a person chooses, of a person that was read with the version `expected`. Notices that are made
    /// from now on are told so; what was to be told before is told as it was to be.
    ///
    /// # Errors
    /// `Stale` when it was changed meanwhile; `Denied` when a Super Admin would change an Owner's; `Invalid` naming the
    /// field.
    pub async fn choose(
        &self,
        caller: &Caller,
        person: Option<&PersonId>,
        expected: u64,
        wanted: &Choices,
    ) -> Result<Found<Person>> {
        let Found { value: mut person, version } = match person {
            Some(_) => {
                let found = self.get(caller, person).await?;
                self.gate.people(caller, &[found.value.role]).await?;
                found
            }
            None => self.get(caller, None).await?,
        };
        if version != expected {
            return Err(Error::stale("the person was changed meanwhile"));
        }
        let now = self.clock.now();
        person.hour = Hour::new(wanted.hour)?;
        Zone::new(&wanted.time_zone).map_err(|e| Error::invalid_field("timeZone", e.summary()))?;
        let lines = self.check(caller, &person, &wanted.choices).await?;
        person.move_to(&wanted.time_zone, now)?;
        let role = person.role;
        for topic in Topic::ALL.into_iter().filter(|topic| topic.is_open_to(role)) {
            let chosen = wanted.choices.iter().find(|c| c.topic == topic && c.about.is_none());
            match chosen {
                Some(choice) => person.subscribe(topic, choice.frequency, now)?,
                None if person.subscriptions.get(&topic).is_some_and(|s| s.is_chosen) => {
                    person.follow_role(topic, now)?;
                }
                // What follows the role follows it already, also where it began before there was such a topic.
                None => {}
            }
        }
        let mut named = BTreeSet::new();
        for choice in &wanted.choices {
            let Some(about) = &choice.about else { continue };
            person.subscribe_to(choice.topic, (about, line_of(&lines, about)), choice.frequency, now)?;
            named.insert((choice.topic, about.clone()));
        }
        let held = person.narrower.iter().map(|n| (n.topic, n.about.clone()));
        for (topic, about) in held.filter(|held| !named.contains(held)).collect::<Vec<_>>() {
            person.withdraw(topic, (&about, line_of(&lines, &about)), now)?;
        }
        if person.narrower.len() > MOST_NARROWER {
            let why =
                format!("a person has {MOST_NARROWER} choices about organisations and partners at the most");
            return Err(Error::invalid_field("subscriptions", why));
        }
        stale_if_slower(self.gate.records.replace(&person, version).await, "the person")?;
        Ok(Found { value: person, version: version + 1 })
    }

    /// Has mail sent again to a person whom no mail reached.
    ///
    /// # Errors
    /// `NotFound` for nobody of the caller's partner; `Denied` when a Super Admin would change an Owner's.
    pub async fn try_again(&self, caller: &Caller, person: &PersonId) -> Result<()> {
        let Found { value: mut found, version } = self.get(caller, Some(person)).await?;
        self.gate.people(caller, &[found.role]).await?;
        if found.mail_state.take().is_none() {
            return Ok(());
        }
        self.gate.records.replace(&found, version).await
    }

    /// The partner and the id of the person who is meant: that one, or the caller.
    async fn whose(&self, caller: &Caller, person: Option<&PersonId>) -> Result<(PartnerId, PersonId)> {
        if let Some(id) = person {
            return Ok((self.gate.people(caller, &[]).await?.id, id.clone()));
        }
        let member = caller.member()?;
        let own = member.person().cloned();
        let own =
            own.ok_or_else(|| Error::not_found("a token or a portal is no person, and gets no mail"))?;
        Ok((member.partner.clone(), own))
    }

    /// Checks each choice; gives whose each organisation and partner is that the person chose for, now or before.
    async fn check(
        &self,
        caller: &Caller,
        person: &Person,
        choices: &[Choice],
    ) -> Result<BTreeMap<About, Vec<PartnerId>>> {
        let (member, mut lines, mut seen) = (caller.member()?, BTreeMap::new(), BTreeSet::new());
        for (i, choice) in choices.iter().enumerate() {
            let fault =
                |name: &str, why: String| Err(Error::invalid_field(format!("subscriptions[{i}]{name}"), why));
            if choice.frequency.is_some() && !choice.topic.is_open_to(person.role) {
                let (topic, role) = (choice.topic.name(), person.role.label());
                return fault(".topic", format!("{topic} is not open to the role {role}"));
            }
            if !seen.insert((choice.topic, choice.about.clone())) {
                return fault("", "this is chosen twice".to_owned());
            }
            let Some(about) = &choice.about else { continue };
            let line = self.gate.line(member, about).await?;
            let is_outside = |org| person.organisations.as_ref().is_some_and(|own| !own.contains(org));
            match (about, line) {
                (About::Organisation(org), Some(_)) if is_outside(org) => {
                    return fault(".organisation", "the person does not see this organisation".to_owned());
                }
                (_, Some(line)) => drop(lines.insert(about.clone(), line)),
                (About::Organisation(_), None) => {
                    return fault(".organisation", "there is no such organisation".to_owned());
                }
                (About::Partner(_), None) => {
                    return fault(".partner", "there is no such partner".to_owned());
                }
            }
        }
        for narrower in &person.narrower {
            if !lines.contains_key(&narrower.about) {
                // Why none is fine: what is nobody's any more, or another's, is nothing that notices are told of.
                let line = self.gate.line(member, &narrower.about).await?.unwrap_or_default();
                lines.insert(narrower.about.clone(), line);
            }
        }
        Ok(lines)
    }
}

fn line_of<'a>(lines: &'a BTreeMap<About, Vec<PartnerId>>, about: &About) -> &'a [PartnerId] {
    lines.get(about).map(Vec::as_slice).unwrap_or_default()
}
