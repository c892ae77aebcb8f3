//! What a digest lists: the notices of a person's period, the worst first, and what is late.

use super::places::Places;
use super::{Worker, fold};
use domain::notices::{Frequency, Topic, next_digest_at};
use domain::{Result, Timestamp};
use engine::records::{Digest, ExpectedNotices, LateNotice, Notice, NoticeEntry, Person, Subscription};
use jiff::SignedDuration;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// How long before the end of a period its digest stops listing notices. A notice bears the time at which its job began
/// to write it, so it may appear a little after that time; later ones go into the next digest.
const SETTLE: SignedDuration = SignedDuration::from_mins(2);

/// How far before its own beginning a digest looks for notices that were stored later than the time that they bear.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(1);

/// How many notices a digest shows, of all its topics; of the others it gives the number.
const MAX_SHOWN: usize = 80;

/// How many notices a digest's row names as told. Why a bound: a row holds 300 KB.
const MAX_TOLD: usize = 10_000;

/// What there is to tell somebody.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// The notices that may be shown, the worst first.
    pub notices: Vec<Notice>,
    /// How many notices of each topic there are besides.
    pub left_out: BTreeMap<Topic, u64>,
    /// Notices that were to be mailed at once and may not have arrived.
    pub late: Vec<Notice>,
    /// How the person's row names these, and those that are nobody's business any more.
    pub late_rows: Vec<LateNotice>,
    /// The marks of notices that the next digest comes across again.
    pub told: BTreeSet<String>,
    /// From when on it is to look again.
    pub look_back: Timestamp,
}

impl Contents {
    /// How many notices there are.
    pub fn count(&self) -> u64 {
        (self.notices.len() + self.late.len()) as u64 + self.left_out.values().sum::<u64>()
    }
}

/// A digest's period: which frequencies have a digest then, and when it ends for all of them.
#[derive(Debug)]
pub(super) struct Period {
    /// When the digest is due.
    pub until: Timestamp,
    /// Up to when its notices were made.
    pub ends: Timestamp,
    /// Whose digest is due at that time.
    pub due: BTreeSet<Frequency>,
}

impl Period {
    /// The period that ends at `until`.
    pub fn of(person: &Person, until: Timestamp) -> Result<Self> {
        let (zone, before) = (person.zone()?, until - SignedDuration::from_secs(1));
        let mut due = BTreeSet::new();
        for frequency in [Frequency::Daily, Frequency::Weekly, Frequency::Monthly] {
            if next_digest_at(frequency, &zone, person.hour, before)? == Some(until) {
                due.insert(frequency);
            }
        }
        Ok(Self { until, ends: until - SETTLE, due })
    }

    /// Those of the person's subscriptions that have a digest then.
    fn subscriptions<'a>(&self, person: &'a Person) -> impl Iterator<Item = &'a Subscription> {
        let narrower = person.narrower.iter().map(|narrower| &narrower.subscription);
        person.subscriptions.values().chain(narrower).filter(|s| self.is_of(s))
    }

    fn is_of(&self, subscription: &Subscription) -> bool {
        subscription.digests().is_some_and(|frequency| self.due.contains(&frequency))
    }

    /// Since when nothing was told.
    pub fn begins(&self, person: &Person) -> Timestamp {
        self.subscriptions(person).map(|s| s.told_until).min().unwrap_or(self.ends)
    }

    /// Whether that subscription's digest is the one that has to tell of a notice, told or not.
    fn holds(&self, subscription: &Subscription, entry: &NoticeEntry) -> bool {
        self.is_of(subscription)
            && subscription.begins() < entry.at
            && entry.at <= self.ends
            && subscription.frequency_at(entry.at).is_some_and(|f| f != Frequency::Immediate)
    }
}

impl Worker {
    pub(super) async fn collect(&self, person: &Person, period: &Period) -> Result<Contents> {
        let mut places = Places::new(&self.records);
        let mut contents = self.late(person, &mut places).await?;
        contents.look_back = period.ends - LOOK_BACK;
        let told = self.marks_of_last_digest(person, period).await?;
        let (mut news, mut met) = (Vec::new(), Vec::new());
        for entry in self.entries(person, period).await? {
            let Some(line) = places.line(&entry.tenant, &entry.organisation).await? else { continue };
            if !line.contains(&person.partner) || !person.may_hear(entry.topic, &entry.organisation) {
                continue;
            }
            let subscription = person.subscription(entry.topic, &entry.organisation, &line);
            let Some(subscription) = subscription.filter(|s| period.holds(s, &entry)) else { continue };
            let mark = entry.mark();
            let was_in_last_digest = entry.at <= subscription.told_until && told.contains(&mark);
            if entry.at > contents.look_back {
                met.push((entry.at, mark));
            }
            if !was_in_last_digest {
                news.push(entry);
            }
        }
        remember(&mut contents, met);
        // What was expected is told like everything else, behind what was not.
        let expected = ExpectedNotices::of(&self.records, news.iter()).await?;
        news.sort_by_cached_key(|entry| {
            let worst = Reverse((entry.severity, entry.weight, entry.at));
            (expected.covers(entry), worst, entry.notice.clone())
        });
        for (place, entry) in news.into_iter().enumerate() {
            if place >= MAX_SHOWN {
                *contents.left_out.entry(entry.topic).or_default() += 1;
                continue;
            }
            // Why none is fine: the notice was deleted with its tenant, and is nobody's business any more.
            let found = self.records.find(&Notice::at(&entry.tenant, &entry.notice)).await?;
            contents.notices.extend(found.map(|f| f.value));
        }
        contents.notices = fold::activations_by_day(contents.notices, &person.zone()?);
        Ok(contents)
    }

    /// The marks of notices that digests before this one told, and that it comes across again.
    async fn marks_of_last_digest(&self, person: &Person, period: &Period) -> Result<BTreeSet<String>> {
        let untils: BTreeSet<_> =
            period.subscriptions(person).filter_map(|s| s.look_back.map(|back| back.until)).collect();
        let mut told = BTreeSet::new();
        for until in untils {
            let found = self.records.find(&Digest::at(&person.partner, &person.id, until)).await?;
            told.extend(found.map(|digest| digest.value.told).unwrap_or_default());
        }
        Ok(told)
    }

    /// What the person's row names as late, as far as it is their business still.
    async fn late(&self, person: &Person, places: &mut Places<'_>) -> Result<Contents> {
        let mut contents = Contents { late_rows: person.late.clone(), ..Contents::default() };
        for late in &person.late {
            let Some(found) = self.records.find(&Notice::at(&late.tenant, &late.notice)).await? else {
                continue;
            };
            let notice = found.value;
            let line = places.line(&notice.tenant, &notice.organisation).await?;
            let is_below = line.is_some_and(|line| line.contains(&person.partner));
            if is_below && person.may_hear(notice.topic, &notice.organisation) {
                contents.late.push(notice);
            }
        }
        Ok(contents)
    }

    async fn entries(&self, person: &Person, period: &Period) -> Result<Vec<NoticeEntry>> {
        let first = period.subscriptions(person).map(Subscription::begins).min();
        let Some(mut day) = first else { return Ok(vec![]) };
        let mut entries = Vec::new();
        let last = NoticeEntry::of_day(&person.partner, period.ends);
        loop {
            let today = NoticeEntry::of_day(&person.partner, day);
            if today.prefix() > last.prefix() {
                return Ok(entries);
            }
            entries.extend(self.records.list_all(&today).await?.into_iter().map(|found| found.value));
            day += SignedDuration::from_hours(24);
        }
    }
}

/// Keeps the marks of what the next digest comes across again. Where they are too many, it looks less far back: nothing is
/// told twice.
fn remember(contents: &mut Contents, mut met: Vec<(Timestamp, String)>) {
    met.sort_by_key(|(at, _)| Reverse(*at));
    if let Some((at, _)) = met.get(MAX_TOLD) {
        contents.look_back = *at;
        let from = *at;
        met.retain(|(at, _)| *at > from);
    }
    contents.told = met.into_iter().map(|(_, mark)| mark).collect();
}

/// The person's row once the digest of that period is done: listed up to its end, with the time of the next digest.
pub(super) fn moved_on(mut person: Person, period: &Period, contents: &Contents) -> Result<Person> {
    // Why not back when there was nothing: without a digest there is no row that says what was told.
    let look_back =
        if contents.count() == 0 && !contents.told.is_empty() { period.ends } else { contents.look_back };
    person.note_digest(&period.due, (period.ends, period.until, look_back));
    person.late.retain(|late| !contents.late_rows.contains(late));
    person.plan_digest(period.until)?;
    Ok(person)
}
