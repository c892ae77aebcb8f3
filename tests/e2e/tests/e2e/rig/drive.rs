//! What the event sources do: deliver, acknowledge, redeliver, tick; and what a dying process leaves undone.

use super::Rig;
use domain::{Error, ErrorKind, Timestamp};
use engine::ports::{Clock, JobQueue};
use engine::records::watched;
use engine::trace::Trace;
use jiff::SignedDuration;
use runtime::call::Call;
use runtime::tick::handle_tick;
use support::faulty::Mode;
use support::memory::Delivery;

/// Work is put down so long after it was begun.
const TIME: SignedDuration = SignedDuration::from_mins(14);
/// What failed for a passing reason comes back after so long.
const LATER_MS: u64 = 60_000;
/// More turns than any story needs.
const TURNS: usize = 2_000;

/// The process dies at one call of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Death {
    pub call: u64,
    pub mode: Mode,
}

impl Rig {
    /// From here on calls are counted; at that one the process dies.
    pub fn die_at(&self, death: Death) {
        self.plan.take_log();
        self.plan.die_at(death.call, death.mode);
        self.death.set(Some(death));
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
            for delivery in self.world.queue.receive(queue) {
                worked = true;
                self.deliver(&delivery).await;
            }
        }
        worked
    }

    async fn deliver(&self, delivery: &Delivery) {
        let workers = self.workers.borrow().clone();
        let worker = workers.job(delivery.queue);
        let names = (Some(&*delivery.group), Some(&*delivery.message_id));
        let call = self.call(delivery.trace.as_deref().and_then(Trace::parse));
        let work = worker.handle(&delivery.body, call.deadline);
        let handled = runtime::queue::of_message(worker.name(), names, &call, work).await;
        if self.has_died() {
            return;
        }
        let queue = &self.world.queue;
        match handled {
            Ok(()) => queue.delete(delivery),
            Err(error) => match error.kind() {
                ErrorKind::Denied => queue.delete(delivery),
                ErrorKind::Invalid | ErrorKind::NotFound | ErrorKind::Corrupt => {
                    queue.park(delivery, &told(&error))
                }
                ErrorKind::Throttled { retry_after_ms } => {
                    queue.fail(delivery, retry_after_ms.unwrap_or(LATER_MS))
                }
                ErrorKind::Unavailable | ErrorKind::Conflict | ErrorKind::Stale => {
                    queue.fail(delivery, LATER_MS)
                }
            },
        };
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

    fn call(&self, trace: Option<Trace>) -> Call {
        Call { deadline: self.clock.now() + TIME, request: "a call".to_owned(), trace }
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

    /// Every message that was given up, with its reason.
    pub fn dead_letters(&self) -> Vec<String> {
        let all = JobQueue::ALL.into_iter().flat_map(|q| self.world.queue.dead_letters(q));
        all.map(|dead| format!("{}: {}", dead.queue.name(), dead.reason)).collect()
    }
}

fn told(error: &Error) -> String {
    format!("{}: {}", error.kind().name(), error.message())
}
