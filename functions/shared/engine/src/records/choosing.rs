//! What a person chooses to hear of, and when their next digest is due.

use super::Person;
use super::hearing::{About, LateNotice, Line, MOST_LATE, Narrower, Subscription};
use domain::notices::{Frequency, Topic, next_digest_at};
use domain::rights::Role;
use domain::{Error, OrganisationId, Result, Timestamp};
use jiff::SignedDuration;
use std::collections::BTreeSet;

impl Person {
    /// The subscription that decides for notices of a topic about that organisation, which is of the first partner of
    /// the line; none where the person never hears of them.
    #[must_use]
    pub fn subscription(
        &self,
        topic: Topic,
        organisation: &OrganisationId,
        line: &Line,
    ) -> Option<&Subscription> {
        let own = About::Organisation(organisation.clone());
        let partners = line.iter().map(|partner| About::Partner(partner.clone()));
        let narrower = std::iter::once(own).chain(partners).find_map(|about| self.narrower(topic, &about));
        narrower.map(|n| &n.subscription).or_else(|| self.subscriptions.get(&topic))
    }

    /// How often it hears of a topic where nothing narrower is chosen; none is never.
    #[must_use]
    pub fn frequency(&self, topic: Topic) -> Option<Frequency> {
        match self.subscriptions.get(&topic) {
            Some(subscription) => subscription.frequency,
            None => topic.where_nothing_is_said(self.role),
        }
    }

    fn narrower(&self, topic: Topic, about: &About) -> Option<&Narrower> {
        self.narrower.iter().find(|n| n.topic == topic && n.about == *about)
    }

    /// Changes how often the person hears of a topic; `None` is never. It hears of notices from `now` on, except that
    /// a change between two digests leaves nothing out.
    ///
    /// # Errors
    /// `Invalid` when the role may not hear of the topic.
    pub fn subscribe(&mut self, topic: Topic, frequency: Option<Frequency>, now: Timestamp) -> Result<()> {
        self.check_open(topic, frequency)?;
        self.set(topic, frequency, true, now);
        self.replan(now)
    }

    /// The same for notices about one organisation or partner. `line` is whose it is, see [`Line`]; for a partner, those
    /// above it.
    ///
    /// # Errors
    /// As [`Self::subscribe`].
    pub fn subscribe_to(
        &mut self,
        topic: Topic,
        (about, line): (&About, &Line),
        frequency: Option<Frequency>,
        now: Timestamp,
    ) -> Result<()> {
        self.check_open(topic, frequency)?;
        if self.narrower(topic, about).is_none() {
            // What the wider one told until now is told.
            let wider = self.wider(topic, line);
            let never = Subscription { frequency: None, ..Subscription::new(Frequency::Daily, now) };
            let subscription = wider.cloned().unwrap_or(never);
            let about = about.clone();
            self.narrower.push(Narrower { topic, about, subscription, is_withdrawn: false });
        }
        let narrower = self.narrower.iter_mut().find(|n| n.topic == topic && n.about == *about);
        if let Some(narrower) = narrower {
            narrower.subscription.change(frequency, now);
            narrower.subscription.is_chosen = true;
            narrower.is_withdrawn = false;
        }
        self.replan(now)
    }

    /// The subscription that decides where there is none for what is about one organisation or partner alone; `line` as
    /// for [`Self::subscribe_to`].
    fn wider(&self, topic: Topic, line: &Line) -> Option<&Subscription> {
        let mut partners = line.iter().map(|partner| About::Partner(partner.clone()));
        let narrower = partners.find_map(|about| self.narrower(topic, &about));
        narrower.map(|n| &n.subscription).or_else(|| self.subscriptions.get(&topic))
    }

    /// Takes back a narrower subscription: its notices are told as the others of the topic, those of before as well.
    /// `line` as for [`Self::subscribe_to`]. Does nothing where there is none.
    ///
    /// # Errors
    /// `Invalid` when the stored time zone is not one.
    pub fn withdraw(&mut self, topic: Topic, (about, line): (&About, &Line), now: Timestamp) -> Result<()> {
        let wider = self.wider(topic, line).and_then(|wider| wider.frequency);
        if let Some(narrower) = self.narrower.iter_mut().find(|n| n.topic == topic && n.about == *about) {
            narrower.subscription.change(wider, now);
            narrower.is_withdrawn = true;
        }
        self.tidy();
        self.replan(now)
    }

    /// Gives the person a role: what nobody chose of its subscriptions is as the role has it by default, and what the
    /// role may not hear of ends.
    ///
    /// # Errors
    /// `Invalid` when the stored time zone is not one.
    pub fn take_role(&mut self, role: Role, now: Timestamp) -> Result<()> {
        let is_new = self.role != role;
        self.role = role;
        for topic in Topic::ALL {
            let chosen = self.subscriptions.get(&topic).is_some_and(|s| s.is_chosen);
            if !topic.is_open_to(role) {
                self.subscriptions.remove(&topic);
            } else if is_new && !chosen {
                self.set(topic, topic.default_for(role), false, now);
            }
        }
        self.narrower.retain(|n| n.topic.is_open_to(role));
        self.replan(now)
    }

    fn set(&mut self, topic: Topic, frequency: Option<Frequency>, is_chosen: bool, now: Timestamp) {
        if let Some(subscription) = self.subscriptions.get_mut(&topic) {
            subscription.change(frequency, now);
            subscription.is_chosen = is_chosen;
        } else {
            let new = Subscription { frequency, is_chosen, ..Subscription::new(Frequency::Daily, now) };
            self.subscriptions.insert(topic, new);
        }
        if frequency.is_none() && !is_chosen {
            self.subscriptions.remove(&topic);
        }
        for narrower in self.narrower.iter_mut().filter(|n| n.topic == topic && n.is_withdrawn) {
            narrower.subscription.change(frequency, now);
        }
    }

    /// Has a topic follow the role again, as if nobody had chosen.
    ///
    /// # Errors
    /// `Invalid` when the stored time zone is not one.
    pub fn follow_role(&mut self, topic: Topic, now: Timestamp) -> Result<()> {
        self.set(topic, topic.default_for(self.role), false, now);
        self.replan(now)
    }

    /// Notes what a digest told, see [`Subscription::note_digest`], for all subscriptions that have a digest then.
    pub fn note_digest(
        &mut self,
        due: &BTreeSet<Frequency>,
        (ends, until, look_back): (Timestamp, Timestamp, Timestamp),
    ) {
        let narrower = self.narrower.iter_mut().map(|n| &mut n.subscription);
        for subscription in self.subscriptions.values_mut().chain(narrower) {
            if subscription.digests().is_some_and(|frequency| due.contains(&frequency)) {
                subscription.note_digest(ends, until, look_back);
            }
        }
        self.tidy();
    }

    /// Forgets what was withdrawn and has nothing to remember any more.
    fn tidy(&mut self) {
        let (base, narrower) = (&self.subscriptions, self.narrower.clone());
        self.narrower.retain(|n| {
            let own = &n.subscription;
            let is_like = |wider: &Subscription| {
                wider.told_until == own.told_until
                    && wider.former == own.former
                    && wider.frequency == own.frequency
            };
            let partners = narrower
                .iter()
                .filter(|w| w.topic == n.topic && !w.is_withdrawn && matches!(w.about, About::Partner(_)));
            let mut wider = base.get(&n.topic).into_iter().chain(partners.map(|w| &w.subscription));
            let has_nothing = own.frequency.is_none() && own.former.is_empty();
            !(n.is_withdrawn && (has_nothing || wider.any(is_like)))
        });
    }

    /// Forgets what the person chose of an organisation, and what is late of it; whether there was anything.
    pub fn forget(&mut self, organisation: &OrganisationId) -> bool {
        let before = self.narrower.len() + self.late.len();
        self.narrower.retain(|n| n.about != About::Organisation(organisation.clone()));
        self.late.retain(|late| late.organisation != *organisation);
        before > self.narrower.len() + self.late.len()
    }

    fn check_open(&self, topic: Topic, frequency: Option<Frequency>) -> Result<()> {
        if frequency.is_none() || topic.is_open_to(self.role) {
            return Ok(());
        }
        let why = format!("{} is not open to the role {}", topic.name(), self.role.label());
        Err(Error::invalid_field(format!("subscriptions.{}", topic.name()), why))
    }

    /// Sets when its next digest is due: the first end of a period after `after`, of any of its frequencies.
    ///
    /// # Errors
    /// `Invalid` when the stored time zone is not one.
    pub fn plan_digest(&mut self, after: Timestamp) -> Result<()> {
        let zone = self.zone()?;
        let narrower = self.narrower.iter().map(|n| &n.subscription);
        let all = self.subscriptions.values().chain(narrower).filter_map(Subscription::digests);
        // What is late goes out the next morning, if no mail takes it along before.
        let late = (!self.late.is_empty()).then_some(Frequency::Daily);
        let mut next = None;
        for frequency in all.chain(late).collect::<BTreeSet<_>>() {
            let due = next_digest_at(frequency, &zone, self.hour, after)?;
            next = [next, due].into_iter().flatten().min();
        }
        self.next_digest_at = next;
        Ok(())
    }

    /// Plans the next digest after a change of the person. Why not simply from now on: one that is due and has not left
    /// yet must not be skipped because somebody edited the person in between.
    ///
    /// # Errors
    /// `Invalid` when the stored time zone is not one.
    pub fn replan(&mut self, now: Timestamp) -> Result<()> {
        let due = self.next_digest_at.filter(|at| *at <= now);
        self.plan_digest(due.map_or(now, |at| at - SignedDuration::from_secs(1)))
    }

    /// Whether it may hear of a topic about that organisation of its partner, or of one below it.
    #[must_use]
    pub fn may_hear(&self, topic: Topic, organisation: &OrganisationId) -> bool {
        topic.is_open_to(self.role)
            && self.organisations.as_ref().is_none_or(|limit| limit.contains(organisation))
    }

    /// Whether it gets a mail of its own for a notice of a topic about that organisation, made at that time.
    #[must_use]
    pub fn hears_at_once(
        &self,
        topic: Topic,
        (organisation, line): (&OrganisationId, &Line),
        at: Timestamp,
    ) -> bool {
        let often = match self.subscription(topic, organisation, line) {
            Some(subscription) => subscription.frequency_at(at),
            None => topic.where_nothing_is_said(self.role),
        };
        often == Some(Frequency::Immediate) && self.may_hear(topic, organisation)
    }

    /// Adds a notice that is to be told with the person's next mail. Where there are too many the oldest is forgotten.
    ///
    /// # Errors
    /// `Invalid` when the stored time zone is not one.
    pub fn add_late(&mut self, late: LateNotice, now: Timestamp) -> Result<()> {
        if self.late.iter().any(|l| l.tenant == late.tenant && l.notice == late.notice) {
            return Ok(());
        }
        if self.late.len() == MOST_LATE {
            self.late.remove(0);
        }
        self.late.push(late);
        self.replan(now)
    }
}
