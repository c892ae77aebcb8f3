//! The local cloud with all its parts, running functions of the test's own.

use crate::common::message;
use async_trait::async_trait;
use domain::{Error, ErrorKind, Result, Timestamp};
use engine::ports::{JobQueue, Queue};
use engine::work::{JobWorker, TickWorker};
use local::host::typed;
use local::wiring::{Functions, Job, Ticking, Wanted};
use local::{Cloud, CloudConfig, Data};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Sends each message on to the next queue until there is none, and writes down what it saw.
struct Relay {
    queue: Arc<dyn Queue>,
    seen: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl JobWorker for Relay {
    fn name(&self) -> &'static str {
        "relay"
    }
    async fn handle(&self, body: &str, _: Timestamp) -> Result<()> {
        let value: Value = serde_json::from_str(body).map_err(|_| Error::invalid("unreadable"))?;
        let name = value["name"].as_str().unwrap().to_owned();
        // Why first: whoever takes the next message may be faster than this one.
        self.seen.lock().unwrap().push(name.clone());
        if name.len() < 4 {
            let mut next = message("t", &format!("{name}x"));
            next.queue = JobQueue::ALL[name.len()];
            self.queue.send(next).await?;
        }
        Ok(())
    }
}

struct Bell(Arc<dyn Queue>);

#[async_trait]
impl TickWorker for Bell {
    fn name(&self) -> &'static str {
        "bell"
    }
    async fn tick(&self, _: Timestamp) -> Result<Value> {
        self.0.send(message("t", "x")).await?;
        Ok(json!({ "rung": 1 }))
    }
}

fn functions(wanted: Wanted<'_>, seen: &Arc<Mutex<Vec<String>>>) -> Functions {
    let queue = wanted.ports.queue.clone();
    let relay = Arc::new(Relay { queue: queue.clone(), seen: seen.clone() });
    let job =
        |q| Job { queue: q, worker: relay.clone() as Arc<dyn JobWorker>, batch_size: 1, concurrency: 2 };
    Functions {
        authorizer: typed(|_: Value, _| async { Ok(json!({ "isAuthorized": true })) }),
        routes: Vec::new(),
        jobs: JobQueue::ALL.map(job).into(),
        ticks: vec![Ticking { worker: Arc::new(Bell(queue)), every_ms: 60_000 }],
    }
}

async fn start(folder: &Path, seen: &Arc<Mutex<Vec<String>>>) -> Result<Cloud> {
    let config = CloudConfig { data: Data::Folder(folder.to_owned()), ..CloudConfig::default() };
    Cloud::start_with(config, |wanted| Ok(functions(wanted, seen))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn settling_waits_for_work_that_makes_work() {
    let (folder, seen) = (tempfile::tempdir().unwrap(), Arc::default());
    let cloud = start(folder.path(), &seen).await.unwrap();
    assert_eq!(cloud.tick("bell").await.unwrap(), json!({ "rung": 1 }));
    cloud.settle().await.unwrap();
    assert_eq!(*seen.lock().unwrap(), ["x", "xx", "xxx", "xxxx"]);
    assert_eq!(cloud.tick("gong").await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(cloud.dead_letters().await.unwrap(), []);
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_at_a_time_holds_a_data_folder_and_the_next_knows_its_bootstrap_token() {
    let (folder, seen) = (tempfile::tempdir().unwrap(), Arc::default());
    let first = start(folder.path(), &seen).await.unwrap();
    assert!(first.bootstrap_token().unwrap().expose().starts_with("hfb_"));
    let error = start(folder.path(), &seen).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    first.stop().await;
    let second = start(folder.path(), &seen).await.unwrap();
    assert!(second.bootstrap_token().is_none(), "only its hash was kept");
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_queued_before_the_end_is_worked_off_after_the_next_start() {
    let (folder, seen) = (tempfile::tempdir().unwrap(), Arc::default());
    let config = CloudConfig { data: Data::Folder(folder.path().to_owned()), ..CloudConfig::default() };
    let idle =
        Cloud::start_with(config, |wanted| Ok(Functions { jobs: Vec::new(), ..functions(wanted, &seen) }));
    let idle = idle.await.unwrap();
    idle.tick("bell").await.unwrap();
    idle.stop().await;
    let cloud = start(folder.path(), &seen).await.unwrap();
    cloud.settle().await.unwrap();
    assert_eq!(seen.lock().unwrap().len(), 4);
    cloud.stop().await;
}
