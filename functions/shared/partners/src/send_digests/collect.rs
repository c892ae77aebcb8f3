//! What a digest lists: the notices of a person's period, by topic.

use super::{Worker, fold};
use domain::notices::{Topic, next_digest_at};
use domain::{Result, Timestamp};
use engine::records::{Notice, NoticeEntry, Person};
use jiff::SignedDuration;
use std::collections::BTreeMap;

/// How long before the end of a period its digest stops listing notices. A notice bears the time at which its job began
/// to write it, so it may appear a little after that time; later ones go into the next digest.
const SETTLE: SignedDuration = SignedDuration::from_mins(2);

/// How many notices of each topic a digest shows; of the others it gives the number.
const MAX_SHOWN: usize = 50;

/// The part of a digest that is about one topic.
#[derive(Debug)]
pub(super) struct Section {
    pub topic: Topic,
    /// The notices that are shown, oldest first.
    pub notices: Vec<Notice>,
    /// How many more notices of this topic the period has.
    pub left_out: u64,
}

/// A digest's period: when it begins, for each topic that the digest lists, and when it ends for all of them.
#[derive(Debug)]
pub(super) struct Period {
    pub begins: BTreeMap<Topic, Timestamp>,
    pub ends: Timestamp,
}

impl Period {
    /// The period that ends at `until`, with those topics whose frequency has a digest due at that time.
    pub fn of(person: &Person, until: Timestamp) -> Result<Self> {
        let (zone, before) = (person.zone()?, until - SignedDuration::from_secs(1));
        let mut begins = BTreeMap::new();
        for (topic, subscription) in &person.subscriptions {
            if next_digest_at(subscription.frequency, &zone, before)? == Some(until) {
                begins.insert(*topic, subscription.told_until);
            }
        }
        Ok(Self { begins, ends: until - SETTLE })
    }

    fn holds(&self, entry: &NoticeEntry) -> bool {
        self.begins.get(&entry.topic).is_some_and(|begin| *begin < entry.at) && entry.at <= self.ends
    }
}

impl Worker {
    /// The sections of a digest in the order of [`Topic::ALL`], which has the gravest first; empty ones are left out.
    pub(super) async fn collect(&self, person: &Person, period: &Period) -> Result<Vec<Section>> {
        let mut by_topic: BTreeMap<Topic, Vec<NoticeEntry>> = BTreeMap::new();
        for entry in self.entries(person, period).await? {
            by_topic.entry(entry.topic).or_default().push(entry);
        }
        let mut sections = Vec::new();
        for topic in Topic::ALL {
            let Some(entries) = by_topic.remove(&topic) else { continue };
            let (mut notices, mut left_out) = (Vec::new(), 0);
            for entry in entries {
                if notices.len() == MAX_SHOWN {
                    left_out += 1;
                    continue;
                }
                // Why none is fine: the notice was deleted with its tenant, and is nobody's business any more.
                let found = self.records.find(&Notice::at(&entry.tenant, &entry.notice)).await?;
                notices.extend(found.map(|f| f.value));
            }
            if !notices.is_empty() {
                let notices = fold::activations_by_day(notices, &person.zone()?);
                sections.push(Section { topic, notices, left_out });
            }
        }
        Ok(sections)
    }

    async fn entries(&self, person: &Person, period: &Period) -> Result<Vec<NoticeEntry>> {
        let Some(first) = period.begins.values().min() else { return Ok(vec![]) };
        let (mut entries, mut day) = (Vec::new(), *first);
        let last = NoticeEntry::of_day(&person.partner, period.ends);
        loop {
            let today = NoticeEntry::of_day(&person.partner, day);
            if today.prefix() > last.prefix() {
                return Ok(entries);
            }
            let of_day = self.records.list_all(&today).await?;
            entries.extend(
                of_day
                    .into_iter()
                    .map(|e| e.value)
                    .filter(|e| period.holds(e) && person.may_hear(e.topic, &e.organisation)),
            );
            day += SignedDuration::from_hours(24);
        }
    }
}

/// The person's row once the digest of that period is done: listed up to its end, with the time of the next digest.
pub(super) fn moved_on(mut person: Person, period: &Period, until: Timestamp) -> Result<Person> {
    for topic in period.begins.keys() {
        if let Some(subscription) = person.subscriptions.get_mut(topic) {
            subscription.told_until = subscription.told_until.max(period.ends);
        }
    }
    person.plan_digest(until)?;
    Ok(person)
}
