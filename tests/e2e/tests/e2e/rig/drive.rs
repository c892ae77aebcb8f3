//! What the event sources do: deliver, acknowledge, redeliver, tick; and what a dying process leaves undone.

use super::Rig;
use async_trait::async_trait;
use aws_lambda_events::sqs::SqsEvent;
use domain::{ErrorKind, Result, Timestamp};
use engine::ports::{Clock, JobQueue, MailEvent, MailFate};
use engine::records::watched;
use engine::trace::Trace;
use engine::work::JobWorker;
use jiff::SignedDuration;
use runtime::call::Invocation;
use runtime::queue::handle_batch;
use runtime::tick::handle_tick;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Mutex;
use support::faulty::Mode;
use support::memory::Delivery;

/// How long after its beginning work is suspended.
const TIME: SignedDuration = SignedDuration::from_mins(14);
/// More turns than any story needs.
const TURNS: usize = 2_000;

/// The process dies at one call of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Death {
    pub call: u64,
    pub mode: Mode,
}

/// What becomes of the work on messages that name `id`, at that call of it.
#[derive(Clone)]
pub struct Poison {
    id: String,
    call: u64,
    /// The call fails in that way; otherwise the process dies.
    with: Option<ErrorKind>,
}

impl Rig {
    /// From here on calls are counted; at that one the process dies.
    pub fn die_at(&self, death: Death) {
        self.plan.take_log();
        self.plan.die_at(death.call, death.mode);
        self.death.set(Some(death));
    }

    /// From here on each process that is given a message which names `id` dies at that call of its work on it.
    pub fn poison(&self, id: &str, call: u64) {
        self.poison.replace(Some(Poison { id: id.to_owned(), call, with: None }));
    }

    /// From here on that call of any work on a message which names `id` fails with that kind of error.
    pub fn ail(&self, id: &str, call: u64, with: ErrorKind) {
        self.poison.replace(Some(Poison { id: id.to_owned(), call, with: Some(with) }));
    }

    /// From here on nothing that `poison` or `ail` ordered happens any more.
    pub fn heal(&self) {
        self.poison.replace(None);
    }

    /// Whether the process has died; then another one stands ready, and knows nothing.
    fn has_died(&self) -> bool {
        let dead = self.death.get().is_some_and(|death| self.plan.call_count() > death.call);
        if dead {
            self.plan.heal();
            self.death.set(None);
            self.restart();
        }
        dead
    }

    /// Whether the death that was ordered has not come.
    pub fn is_death_outstanding(&self) -> bool {
        self.death.get().is_some()
    }

    /// Works until nothing is left to do: what can only be seen later is waited for.
    pub async fn settle(&self) {
        for _ in 0..TURNS {
            if self.work_once().await {
                continue;
            }
            self.tell_of_mails().await;
            let sent = self.world.queue.sent().len();
            self.tick().await;
            if self.world.queue.sent().len() > sent {
                continue;
            }
            match self.next_at() {
                Some(at) => self.clock.advance_to(at),
                None => return,
            }
        }
        panic!("it never settles; waiting: {:?}", JobQueue::ALL.map(|q| self.world.queue.waiting_count(q)));
    }

    /// Delivers what can be had now, one message of each group; says whether there was any.
    pub async fn work_once(&self) -> bool {
        let mut worked = false;
        for queue in JobQueue::ALL {
            worked |= self.work_on(queue).await;
        }
        worked
    }

    /// The same of one queue: what it enqueues for others stays there.
    pub async fn work_on(&self, queue: JobQueue) -> bool {
        let mut worked = false;
        for delivery in self.world.queue.receive(queue) {
            worked = true;
            self.deliver(&delivery).await;
        }
        worked
    }

    /// As a mapping does: a batch of one through the deployed handler; what its reply does not name is deleted.
    async fn deliver(&self, delivery: &Delivery) {
        let workers = self.workers.borrow().clone();
        let worker = Reasoned { worker: workers.job(delivery.queue), reasons: &self.reasons };
        let queue = (&*self.clock as &dyn Clock, &*workers.returns);
        let poison = self.poison.borrow().clone().filter(|poison| delivery.body.contains(&poison.id));
        match &poison {
            Some(Poison { call, with: None, .. }) => self.die_at(Death { call: *call, mode: Mode::Before }),
            Some(Poison { call, with: Some(kind), .. }) => {
                self.plan.take_log();
                self.plan.fail_at_with(*call, Mode::Before, *kind);
            }
            None => {}
        }
        let reply = handle_batch(event(delivery), &worker, queue, &self.call(None)).await;
        if !self.has_died() && reply.batch_item_failures.is_empty() {
            self.world.queue.delete(delivery);
        }
        if poison.is_some() {
            // Also where it did less than that many calls.
            self.death.take();
            self.plan.heal();
        }
    }

    /// As SES does, tells of each mail that it took. What could not be settled is told again.
    pub async fn tell_of_mails(&self) {
        for mail in self.world.mailer.take_untold() {
            let event = MailEvent { mail: mail.about, fate: MailFate::Sent, at: self.clock.now() };
            for _ in 0..2 {
                let workers = self.workers.borrow().clone();
                let settled = workers.mail().settle(&event).await;
                if !self.has_died() {
                    settled.unwrap();
                    break;
                }
            }
        }
    }

    /// Calls what the clock calls. A tick that fails is called again by the next.
    pub async fn tick(&self) {
        let workers = self.workers.borrow().clone();
        for worker in workers.ticks() {
            let ticked = handle_tick(worker, &self.call(Some(self.next_trace()))).await;
            if self.has_died() {
                return;
            }
            ticked.unwrap();
        }
    }

    fn call(&self, trace: Option<Trace>) -> Invocation {
        Invocation { deadline: self.clock.now() + TIME, request: "a call".to_owned(), trace }
    }

    /// What the platform would call a story that a tick begins.
    fn next_trace(&self) -> Trace {
        let number = self.traces.get() + 1;
        self.traces.set(number);
        Trace::parse(&format!("Root=1-{number:08x}-{number:024x};Sampled=1")).unwrap()
    }

    /// When there is something to do again: a message that is waited for, or a row that nobody has touched.
    fn next_at(&self) -> Option<Timestamp> {
        let messages = JobQueue::ALL.into_iter().filter_map(|q| self.world.queue.next_visible_at(q));
        let rows = self.world.catalog.rows();
        let watches = rows.iter().filter_map(|(_, row)| row.watch.as_ref());
        let lists = [watched::OPEN_WORK, watched::NOTICES_DUE, watched::CONNECTIONS_DUE];
        let open = watches.filter(|w| lists.contains(&w.list.as_str()));
        let next = messages.chain(open.map(|w| w.at)).min();
        // Why: a row that is due and was not handled by the tick just now gets another tick, a little later.
        next.map(|at| at.max(self.clock.now() + SignedDuration::from_secs(1)))
    }

    /// Every message that was given up, with the reason of its last failure.
    pub fn dead_letters(&self) -> Vec<String> {
        let all = JobQueue::ALL.into_iter().flat_map(|q| self.world.queue.dead_letters(q));
        let reasons = self.reasons.0.lock().unwrap();
        let told = |body: &String, reason| reasons.get(body).cloned().unwrap_or(reason);
        all.map(|dead| format!("{}: {}", dead.queue.name(), told(&dead.body, dead.reason))).collect()
    }
}

/// Why messages failed last, by their bodies.
#[derive(Default)]
pub struct Reasons(Mutex<HashMap<String, String>>);

impl Reasons {
    pub fn forget(&self) {
        self.0.lock().unwrap().clear();
    }
}

/// A worker whose failures are written down.
struct Reasoned<'a> {
    worker: &'a dyn JobWorker,
    reasons: &'a Reasons,
}

#[async_trait]
impl JobWorker for Reasoned<'_> {
    fn name(&self) -> &'static str {
        self.worker.name()
    }
    async fn handle(&self, body: &str, deadline: Timestamp) -> Result<()> {
        let handled = self.worker.handle(body, deadline).await;
        if let Err(error) = &handled {
            let reason = format!("{}: {}", error.kind().name(), error.summary());
            self.reasons.0.lock().unwrap().insert(body.to_owned(), reason);
        }
        handled
    }
}

/// The event of a mapping from a FIFO queue.
fn event(of: &Delivery) -> SqsEvent {
    let mut attributes =
        json!({ "ApproximateReceiveCount": of.receive_count.to_string(), "MessageGroupId": of.group });
    if let Some(trace) = &of.trace {
        attributes["AWSTraceHeader"] = json!(trace);
    }
    let arn = format!("arn:aws:sqs:eu-west-1:000000000000:holdfast-{}.fifo", of.queue.name());
    let record = json!({ "messageId": of.message_id, "receiptHandle": of.receipt, "body": of.body,
        "attributes": attributes, "messageAttributes": {}, "eventSource": "aws:sqs", "eventSourceARN": arn });
    serde_json::from_value(json!({ "Records": [record] })).unwrap()
}
