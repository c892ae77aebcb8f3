//! A simulated Microsoft cloud in this process, and a time that passes only while everybody waits.
//!
//! A wait of minutes takes no time here, and waits overlap as they would: when nothing is left to do, the time moves on to
//! the earliest instant that somebody waits for, for us and for Microsoft together. It has to run on one thread: only
//! then is it seen that nothing is left to do.

use crate::cloud::Cloud;
use async_trait::async_trait;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use domain::Timestamp;
use engine::ports::Clock;
use jiff::SignedDuration;
use sim::{Control, Sim, SimConfig};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, yield_now};

/// How often everybody else had their turn in vain before the time moves on: what was sent has arrived by then.
const ROUNDS: u32 = 50;

/// The time of everybody in a simulated cloud.
pub struct SimulatedTime {
    start: Timestamp,
    control: Control,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    passed_ms: u64,
    /// Who waits until when, in milliseconds since the start, in the order in which they came.
    waiting: BTreeMap<(u64, u64), oneshot::Sender<()>>,
    /// How often the time was asked for, or somebody began to wait.
    asked: u64,
}

impl SimulatedTime {
    fn new(control: Control) -> Self {
        let start = Timestamp::from_second(control.now_seconds()).unwrap_or_default();
        Self { start, control, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }

    /// Milliseconds since the start.
    pub fn passed_ms(&self) -> u64 {
        self.state().passed_ms
    }

    /// The instant that many milliseconds after the start, in milliseconds since 1970.
    pub fn instant_ms(&self, passed_ms: u64) -> i64 {
        self.start.as_millisecond() + i64::try_from(passed_ms).unwrap_or_default()
    }

    /// Does the work; the time passes whenever everybody waits.
    pub async fn run<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = self.everybody_waits() => {}
            }
            if !self.move_on() {
                // Nobody waits for the time: an answer is on its way.
                tokio::time::sleep(Duration::from_micros(100)).await;
            }
        }
    }

    async fn everybody_waits(&self) {
        let (mut asked, mut rounds) = (self.state().asked, 0);
        while rounds < ROUNDS {
            yield_now().await;
            let now = self.state().asked;
            rounds = if now == asked { rounds + 1 } else { 0 };
            asked = now;
        }
    }

    /// Moves to the earliest instant that somebody waits for; false where nobody does.
    fn move_on(&self) -> bool {
        let mut state = self.state();
        let Some((at_ms, _)) = state.waiting.keys().next().copied() else { return false };
        let by_ms = at_ms - state.passed_ms;
        state.passed_ms = at_ms;
        let later = state.waiting.split_off(&(at_ms + 1, 0));
        let due = std::mem::replace(&mut state.waiting, later);
        drop(state);
        if by_ms > 0 {
            self.control.advance(Duration::from_millis(by_ms));
        }
        for waiting in due.into_values() {
            // Why no error: whoever waited may have been given up.
            let _ = waiting.send(());
        }
        true
    }
}

#[async_trait]
impl Clock for SimulatedTime {
    fn now(&self) -> Timestamp {
        let mut state = self.state();
        state.asked += 1;
        self.start + SignedDuration::from_millis(i64::try_from(state.passed_ms).unwrap_or(i64::MAX))
    }
    async fn sleep_ms(&self, duration_ms: u64) {
        let woken = {
            let mut state = self.state();
            state.asked += 1;
            let (wake, woken) = oneshot::channel();
            let at = (state.passed_ms.saturating_add(duration_ms), state.asked);
            state.waiting.insert(at, wake);
            woken
        };
        // Why no error: whoever moves the time wakes everybody.
        let _ = woken.await;
    }
}

/// A simulated cloud whose time is [`SimulatedTime`]; it answers until it is dropped.
pub struct SimulatedCloud {
    /// Where it is.
    pub cloud: Cloud,
    /// Its switches, limits and counters.
    pub control: Control,
    /// Its time.
    pub time: Arc<SimulatedTime>,
    latency_ms: Arc<AtomicU64>,
    serving: JoinHandle<()>,
}

impl SimulatedCloud {
    /// Serves what that configuration describes; each answer comes at once.
    pub async fn open(config: SimConfig) -> Result<Self, String> {
        let sim = Sim::new(SimConfig { real_time: false, page_latency_ms: 0, ..config });
        let control = sim.control();
        let time = Arc::new(SimulatedTime::new(control.clone()));
        let latency_ms = Arc::new(AtomicU64::new(0));
        let (asked_of, slow) = (time.clone(), latency_ms.clone());
        let answer_later = from_fn(move |request: Request, next: Next| {
            let (time, slow) = (asked_of.clone(), slow.clone());
            async move {
                match slow.load(Ordering::Relaxed) {
                    0 => {}
                    ms => time.sleep_ms(ms).await,
                }
                next.run(request).await
            }
        });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|e| e.to_string())?;
        let address = listener.local_addr().map_err(|e| e.to_string())?;
        let router = sim.router().layer(answer_later);
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                eprintln!("the simulated cloud stopped: {error}");
            }
        });
        let cloud = Cloud::at_this_machine(&format!("http://{address}"));
        Ok(Self { cloud, control, time, latency_ms, serving })
    }

    /// From now on each answer takes so many milliseconds of the simulated time.
    pub fn answer_after_ms(&self, ms: u64) {
        self.latency_ms.store(ms, Ordering::Relaxed);
    }
}

impl Drop for SimulatedCloud {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waits_overlap_and_take_no_time_of_ours() {
        let cloud = SimulatedCloud::open(SimConfig::company(1, 0)).await.unwrap();
        let (time, began, theirs) = (cloud.time.clone(), cloud.time.now(), cloud.control.now_seconds());
        let order = Arc::new(Mutex::new(Vec::new()));
        let waits = async {
            let mut all = tokio::task::JoinSet::new();
            for minutes in [30, 10, 20] {
                let (time, order) = (time.clone(), order.clone());
                all.spawn(async move {
                    time.sleep_ms(minutes * 60_000).await;
                    order.lock().unwrap().push(minutes);
                });
            }
            all.join_all().await
        };
        time.run(waits).await;
        assert_eq!(*order.lock().unwrap(), [10, 20, 30]);
        assert_eq!(cloud.time.now(), began + SignedDuration::from_mins(30));
        assert_eq!(cloud.control.now_seconds(), theirs + 30 * 60);
    }

    #[tokio::test]
    async fn an_answer_takes_as_long_as_it_is_told_and_no_longer() {
        let cloud = SimulatedCloud::open(SimConfig::company(1, 0)).await.unwrap();
        cloud.answer_after_ms(250);
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{}/v1.0/users", cloud.cloud.graph_url);
        let asked = async {
            for _ in 0..4 {
                http.get(&url).send().await.unwrap();
            }
        };
        cloud.time.run(asked).await;
        assert_eq!(cloud.time.passed_ms(), 1_000);
    }
}
