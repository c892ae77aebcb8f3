//! What the queues hold, and every change of it.

use super::queue::{DeadLetter, Delivery, QueueSettings};
use domain::Timestamp;
use engine::ports::{JobQueue, Outgoing};
use engine::trace;
use jiff::SignedDuration;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};
use std::collections::{BTreeSet, HashMap};

/// Within this a second message of the same deduplication id is dropped. Source: Amazon SQS, "Exactly-once
/// processing".
const DEDUPLICATION: SignedDuration = SignedDuration::from_mins(5);
/// Source: Amazon SQS, `ReceiveMessage`, `MaxNumberOfMessages`.
const RECEIVE_LIMIT: usize = 10;

#[derive(Clone)]
pub(super) struct State {
    settings: QueueSettings,
    rng: StdRng,
    next_number: u64,
    /// In the order of sending.
    messages: Vec<Message>,
    seen: HashMap<(JobQueue, String), Timestamp>,
    pub(super) dead: Vec<DeadLetter>,
    pub(super) sent: Vec<Outgoing>,
}

#[derive(Clone)]
struct Message {
    number: u64,
    content: Outgoing,
    trace: Option<String>,
    visible_at: Timestamp,
    receive_count: u32,
    receipt: Option<String>,
    delete_was_lost: bool,
}

impl State {
    pub(super) fn new(settings: QueueSettings) -> Self {
        let rng = StdRng::seed_from_u64(settings.chaos.as_ref().map_or(0, |chaos| chaos.seed));
        Self {
            settings,
            rng,
            next_number: 1,
            messages: Vec::new(),
            seen: HashMap::new(),
            dead: Vec::new(),
            sent: Vec::new(),
        }
    }

    pub(super) fn send(&mut self, content: Outgoing, now: Timestamp) {
        let key = (content.queue, content.deduplication_id.clone());
        if self.seen.get(&key).is_some_and(|first| now < *first + DEDUPLICATION) {
            return;
        }
        self.seen.insert(key, now);
        let mut visible_at = now;
        if let Some(chaos) = self.settings.chaos.clone()
            && self.chance(chaos.delays_percent)
        {
            visible_at = later(now, self.rng.random_range(0..=chaos.delay_limit_ms));
        }
        self.sent.push(content.clone());
        let number = self.take_number();
        self.messages.push(Message {
            number,
            content,
            trace: trace::current().map(|trace| trace.header().to_owned()),
            visible_at,
            receive_count: 0,
            receipt: None,
            delete_was_lost: false,
        });
    }

    pub(super) fn receive(&mut self, queue: JobQueue, now: Timestamp) -> Vec<Delivery> {
        self.give_up_the_hopeless(queue, now);
        let mut numbers: Vec<u64> =
            self.heads(queue).filter(|m| m.visible_at <= now).map(|m| m.number).collect();
        if self.settings.chaos.as_ref().is_some_and(|chaos| chaos.shuffled_groups) {
            numbers.shuffle(&mut self.rng);
        }
        numbers.truncate(RECEIVE_LIMIT);
        let visible_at = later(now, self.settings.visibility_ms);
        let mut deliveries = Vec::new();
        for number in numbers {
            let receipt = format!("receipt-{}", self.take_number());
            let Some(message) = self.messages.iter_mut().find(|m| m.number == number) else { continue };
            message.receive_count += 1;
            message.visible_at = visible_at;
            message.receipt = Some(receipt.clone());
            deliveries.push(Delivery {
                queue,
                group: message.content.group.clone(),
                body: message.content.body.clone(),
                message_id: format!("message-{number}"),
                receipt,
                receive_count: message.receive_count,
                trace: message.trace.clone(),
            });
        }
        deliveries
    }

    pub(super) fn delete(&mut self, delivery: &Delivery, now: Timestamp) -> bool {
        let Some(at) = self.find(delivery) else { return false };
        let percent = self.settings.chaos.as_ref().map_or(0, |chaos| chaos.duplicates_percent);
        if !self.messages[at].delete_was_lost && self.chance(percent) {
            let message = &mut self.messages[at];
            message.delete_was_lost = true;
            message.visible_at = now;
            message.receipt = None;
        } else {
            self.messages.remove(at);
        }
        true
    }

    pub(super) fn fail(&mut self, delivery: &Delivery, now: Timestamp, retry_after_ms: u64) -> bool {
        let Some(at) = self.find(delivery) else { return false };
        self.messages[at].visible_at = later(now, retry_after_ms);
        self.messages[at].receipt = None;
        true
    }

    /// Hides a message that was received, from now on for so long; its receipt stays good.
    pub(super) fn hide(&mut self, receipt: &str, now: Timestamp, for_ms: u64) -> bool {
        let held = self.messages.iter_mut().find(|m| m.receipt.as_deref() == Some(receipt));
        held.map(|message| message.visible_at = later(now, for_ms)).is_some()
    }

    pub(super) fn park(&mut self, delivery: &Delivery, reason: &str) -> bool {
        let Some(at) = self.find(delivery) else { return false };
        self.bury(at, reason.to_owned());
        true
    }

    pub(super) fn waiting_count(&self, queue: JobQueue) -> usize {
        self.messages.iter().filter(|m| m.content.queue == queue).count()
    }

    pub(super) fn next_visible_at(&self, queue: JobQueue, now: Timestamp) -> Option<Timestamp> {
        self.heads(queue).map(|m| m.visible_at).filter(|at| *at > now).min()
    }

    /// The oldest message of each group, oldest first.
    fn heads(&self, queue: JobQueue) -> impl Iterator<Item = &Message> {
        let mut groups = BTreeSet::new();
        self.messages
            .iter()
            .filter(move |m| m.content.queue == queue && groups.insert(m.content.group.as_str()))
    }

    fn give_up_the_hopeless(&mut self, queue: JobQueue, now: Timestamp) {
        let limit = self.settings.max_receives;
        let hopeless = |m: &Message| {
            m.content.queue == queue && m.visible_at <= now && m.receive_count >= limit && !m.delete_was_lost
        };
        while let Some(at) = self.messages.iter().position(hopeless) {
            let reason = format!("received {} times", self.messages[at].receive_count);
            self.bury(at, reason);
        }
    }

    fn bury(&mut self, at: usize, reason: String) {
        let Outgoing { queue, group, body, .. } = self.messages.remove(at).content;
        self.dead.push(DeadLetter { queue, group, body, reason });
    }

    fn find(&self, delivery: &Delivery) -> Option<usize> {
        let receipt = Some(&delivery.receipt);
        self.messages.iter().position(|m| m.content.queue == delivery.queue && m.receipt.as_ref() == receipt)
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.rng.random_ratio(percent.min(100), 100)
    }

    fn take_number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number - 1
    }
}

fn later(now: Timestamp, by_ms: u64) -> Timestamp {
    now + SignedDuration::from_millis(i64::try_from(by_ms).unwrap_or(i64::MAX / 2))
}
