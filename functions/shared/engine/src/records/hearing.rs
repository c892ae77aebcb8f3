//! What a person hears of, and how often: a subscription for each topic, and narrower ones for what is about one
//! organisation, or about a partner and what is below it. The narrowest that fits decides.
//!
//! Each subscription knows up to when its notices were told. What changes is decided by the time of a notice alone, so
//! that of everything that happened, before a change or after it, exactly one mail tells.

use super::{Delivery, Notice};
use domain::notices::{Frequency, Topic};
use domain::{OrganisationId, PartnerId, PersonId, TenantId, Timestamp};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// How many times a subscription may change while what it was before still counts; then the oldest is forgotten.
const MOST_FORMER: usize = 16;
/// For how long what a subscription was counts: for as long as there are notices.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 100);

/// A while in which a subscription had another frequency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Former {
    /// Notices made before then, and after the while before, are told by it.
    pub until: Timestamp,
    /// How often they are told.
    pub frequency: Frequency,
}

/// From when on the next digest looks again, since a notice may be stored later than the time that it bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LookBack {
    /// Notices made after it may have been stored too late for the digest before.
    pub from: Timestamp,
    /// The end of that digest's period, by which its row is found: that says what was told.
    pub until: Timestamp,
}

/// How often a person hears of a topic, and what of it it has heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// How often the person hears of the topic; none is never.
    pub frequency: Option<Frequency>,
    /// Notices up to then were sent or were not wanted; the next digest begins after it.
    pub told_until: Timestamp,
    /// What of that the next digest looks at again; none before the first digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_back: Option<LookBack>,
    /// Whether somebody chose it, so that it does not follow the person's role.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_chosen: bool,
    /// What it was before, oldest first, for notices of that time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<Former>,
}

impl LateNotice {
    /// That this notice is late, and what is known of its mail.
    #[must_use]
    pub fn of(notice: &Notice, delivery: Delivery) -> Self {
        Self {
            tenant: notice.tenant.clone(),
            organisation: notice.organisation.clone(),
            notice: notice.id.clone(),
            delivery,
        }
    }
}

impl Subscription {
    /// A subscription that begins now, and that nobody chose.
    #[must_use]
    pub fn new(frequency: Frequency, now: Timestamp) -> Self {
        Self {
            frequency: Some(frequency),
            told_until: now,
            look_back: None,
            is_chosen: false,
            former: Vec::new(),
        }
    }

    /// How a notice of that time is told: none for never.
    #[must_use]
    pub fn frequency_at(&self, at: Timestamp) -> Option<Frequency> {
        let former = self.former.iter().find(|former| at < former.until);
        former.map_or(self.frequency, |former| Some(former.frequency))
    }

    /// The time after which its next digest looks for notices.
    #[must_use]
    pub fn begins(&self) -> Timestamp {
        self.look_back.map_or(self.told_until, |back| back.from)
    }

    /// How often it has digests now; none where it has none. What a digest owed when the frequency changed is told with
    /// the next morning's.
    #[must_use]
    pub fn digests(&self) -> Option<Frequency> {
        if self.owes_digest() {
            return Some(Frequency::Daily);
        }
        self.frequency.filter(|f| *f != Frequency::Immediate)
    }

    fn owes_digest(&self) -> bool {
        self.former.iter().any(|f| f.frequency != Frequency::Immediate && f.until > self.told_until)
    }

    /// Changes the frequency, for notices that are made after now. What was to be told before is told as it was to be;
    /// of a topic that is not wanted any more nothing is.
    pub fn change(&mut self, to: Option<Frequency>, now: Timestamp) {
        let from = self.frequency;
        match (from, to) {
            _ if from == to => return,
            (None, _) | (_, None) => {
                self.told_until = now;
                self.look_back = None;
                self.former.clear();
            }
            (Some(Frequency::Immediate), Some(_)) => {
                if !self.owes_digest() {
                    // Why the moment before: what is made now is the digest's, which tells of what is later than this.
                    self.told_until = now - SignedDuration::from_micros(1);
                }
                self.former.push(Former { until: now, frequency: Frequency::Immediate });
            }
            (Some(digest), Some(Frequency::Immediate)) => {
                self.former.push(Former { until: now, frequency: digest });
            }
            // Notices that wait for the one digest are told with the other.
            (Some(_), Some(_)) => {}
        }
        self.frequency = to;
        if self.former.len() > MOST_FORMER {
            self.former.remove(0);
        }
    }

    /// Notes that a digest told what there was up to `ends`. `until` is the digest's own time, and `look_back` where the
    /// next one is to begin to look again.
    pub fn note_digest(&mut self, ends: Timestamp, until: Timestamp, look_back: Timestamp) {
        let from = self.begins().max(look_back);
        self.told_until = self.told_until.max(ends);
        self.look_back = Some(LookBack { from, until });
        self.former.retain(|former| former.until > ends - REMEMBERED);
    }
}

/// What a narrower subscription is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type", content = "id")]
pub enum About {
    /// One organisation, by its id.
    Organisation(OrganisationId),
    /// The organisations of a partner and of those below it.
    Partner(PartnerId),
}

/// A subscription to what is about one organisation, or one partner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Narrower {
    /// The topic of the notices.
    pub topic: Topic,
    /// Whose notices these are.
    pub about: About,
    /// How often the person hears of them, and what of them it has heard.
    pub subscription: Subscription,
    /// Whether nobody chose it any more, and it only remembers what was told until the wider one has told as much.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_withdrawn: bool,
}

/// Whose an organisation is: its partner first, and then those above, the nearest first.
pub type Line = [PartnerId];

/// Why no mail reaches a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MailTrouble {
    /// A mail came back for good: there is no such mailbox, or it takes nothing from us.
    Bounced,
    /// The mail service sends nothing to the address, since mail came back from it before.
    Suppressed,
    /// The reader told their provider that mail of ours is unwanted; the mail service then sends no more.
    Complained,
    /// The address is none that mail can be sent to.
    Refused,
}

/// What is known of a person's address: that no mail of ours reaches it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MailState {
    /// Why no mail reaches it.
    pub trouble: MailTrouble,
    /// Since when that is known.
    pub since: Timestamp,
    /// The Owner who was told of it; none until one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<PersonId>,
}

/// A notice that was to be mailed at once and may not have arrived: it is told with the person's next mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LateNotice {
    /// The tenant of the notice.
    pub tenant: TenantId,
    /// The organisation that it is about, with which it ends.
    pub organisation: OrganisationId,
    /// The id of the notice.
    pub notice: String,
    /// What is known of its mail.
    pub delivery: Delivery,
}

/// The most late notices that a person's row names. Why a bound: a row holds 300 KB.
pub const MOST_LATE: usize = 200;
