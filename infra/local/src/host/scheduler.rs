//! A clock that stands for EventBridge Scheduler: calls functions at their times.

use super::busy::Busy;
use super::function::Function;
use super::poller::invoke_within;
use super::sqs_event::{ACCOUNT, REGION};
use domain::{Error, Result, Timestamp};
use engine::ports::{Clock, Ids};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// A function that the clock calls, and how often.
#[derive(Clone)]
pub struct Schedule {
    /// The name of the job, which is the tick's.
    pub name: &'static str,
    /// The function that is called.
    pub function: Arc<dyn Function>,
    /// How often it is called, in milliseconds. Calls fall on multiples of it, so that a minute's tick comes at the
    /// full minute.
    pub every_ms: u64,
}

/// Calls functions at the times of their schedules.
#[derive(Clone)]
pub struct Scheduler {
    /// The functions and how often each is called.
    pub schedules: Vec<Schedule>,
    /// Says when a call is due.
    pub clock: Arc<dyn Clock>,
    /// Makes the ids of the events.
    pub ids: Arc<dyn Ids>,
    /// How long a function may run, in milliseconds.
    pub time_limit_ms: u64,
    /// Counts ticks while they run.
    pub busy: Busy,
}

impl Scheduler {
    /// Calls one function now and waits for its reply.
    ///
    /// # Errors
    /// `NotFound` when nothing of that name is scheduled; otherwise what the function fails with.
    pub async fn tick(&self, name: &str) -> Result<Value> {
        let schedule = self.schedules.iter().find(|s| s.name == name);
        self.call(schedule.ok_or_else(|| Error::not_found(format!("there is no tick {name}")))?).await
    }

    /// Starts calling all of them at their times until `stop` holds true; the set ends after the calls that are
    /// running.
    pub fn start(&self, stop: &watch::Receiver<bool>) -> JoinSet<()> {
        let mut running = JoinSet::new();
        for schedule in self.schedules.clone() {
            let (scheduler, mut stop) = (self.clone(), stop.clone());
            running.spawn(async move {
                loop {
                    let now_ms = u64::try_from(scheduler.clock.now().as_millisecond()).unwrap_or(0);
                    let wait_ms = schedule.every_ms - now_ms % schedule.every_ms;
                    tokio::select! {
                        _ = stop.wait_for(|stop| *stop) => return,
                        () = scheduler.clock.sleep_ms(wait_ms) => {}
                    }
                    if let Err(error) = scheduler.call(&schedule).await {
                        let kind = error.kind().name();
                        tracing::error!(%error, kind, tick = schedule.name, "a tick failed");
                    }
                }
            });
        }
        running
    }

    async fn call(&self, schedule: &Schedule) -> Result<Value> {
        let _busy = self.busy.begin();
        let event = tick_event(schedule.name, &self.ids.ulid(), self.clock.now());
        invoke_within(schedule.function.clone(), event, &*self.clock, self.time_limit_ms).await
    }
}

/// The event of a schedule's call.
/// Source: EventBridge Scheduler user guide, "Default input".
pub fn tick_event(name: &str, id: &str, now: Timestamp) -> Value {
    json!({
        "version": "0",
        "id": id,
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": ACCOUNT,
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "region": REGION,
        "resources": [format!("arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{name}")],
        "detail": "{}",
    })
}
