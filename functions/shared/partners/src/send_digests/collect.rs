//! What a digest has to tell: the notices of a person's period, by topic.

use super::Worker;
use domain::notices::{Topic, next_digest_at};
use domain::{Result, Timestamp};
use engine::records::{Notice, NoticeEntry, Person};
use jiff::SignedDuration;
use std::collections::BTreeMap;

/// A period's notices are counted up to so long before its end. A notice bears the time at which its job
/// began to write it; it must be there before the digest looks.
const SETTLE: SignedDuration = SignedDuration::from_mins(2);

/// A digest shows so many notices of each topic; of the rest it says the number.
const MAX_SHOWN: usize = 50;

/// A topic's part of a digest.
#[derive(Debug)]
pub(super) struct Section {
    pub topic: Topic,
    /// The oldest first.
    pub notices: Vec<Notice>,
    /// How many more there are.
    pub left_out: u64,
}

/// A digest's period: where it begins for each topic that it tells, and its end for all.
#[derive(Debug)]
pub(super) struct Period {
    pub begins: BTreeMap<Topic, Timestamp>,
    pub ends: Timestamp,
}

impl Period {
    /// The period that ends at `until`, of those topics whose frequency has an end there.
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
    /// The sections of a digest, empty ones left out; what is worst first.
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
                // Gone with its tenant: then there is nothing to tell.
                let found = self.records.find(&Notice::at(&entry.tenant, &entry.notice)).await?;
                notices.extend(found.map(|f| f.value));
            }
            if !notices.is_empty() {
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

/// What a person's row says once the digest of that period is done.
pub(super) fn told(mut person: Person, period: &Period, until: Timestamp) -> Result<Person> {
    for topic in period.begins.keys() {
        if let Some(subscription) = person.subscriptions.get_mut(topic) {
            subscription.told_until = subscription.told_until.max(period.ends);
        }
    }
    person.plan_digest(until)?;
    Ok(person)
}
