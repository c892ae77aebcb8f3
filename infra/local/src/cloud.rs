//! The local cloud: its ports, its functions, and what calls them; started, watched and stopped as one.

use crate::config::CloudConfig;
use crate::embedded::DeadLetter;
use crate::host::{
    Busy, Gateway, Listening, Mapping, Reasons, Routes, Said, Schedule, Scheduler, Source, bind,
    queue_function, tick_function,
};
use crate::installation::Installation;
use crate::ports::{Base, DeadLetters, Made, Ports, make};
use crate::wiring::{Functions, Wanted, functions};
use domain::{Error, ErrorKind, Result};
use engine::ports::{Clock, Ids, Secret, Secrets};
use forwarded::Key;
use runtime::system::{SystemClock, SystemIds};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// A local cloud that is running, until [`Cloud::stop`].
pub struct Cloud {
    api_url: String,
    installation: Installation,
    bootstrap_token: Option<Secret>,
    ports: Ports,
    sources: Vec<Arc<dyn Source>>,
    dead: DeadLetters,
    dynamo: Option<crate::embedded::EmbeddedDynamo>,
    scheduler: Scheduler,
    busy: Busy,
    listening: Listening,
    stop: watch::Sender<bool>,
    running: Vec<JoinSet<()>>,
}

impl Cloud {
    /// Starts the product's functions.
    ///
    /// # Errors
    /// `Conflict` when the port is taken or another process holds the data folder; otherwise as the ports say.
    pub async fn start(config: CloudConfig) -> Result<Self> {
        Self::start_with(config, functions).await
    }

    /// Starts other functions than the product's: those that `functions` makes of the ports, as tests do.
    ///
    /// # Errors
    /// As [`Cloud::start`], and those of `functions`.
    pub async fn start_with(
        config: CloudConfig,
        functions: impl FnOnce(Wanted<'_>) -> Result<Functions>,
    ) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids: Arc<dyn Ids> = Arc::new(SystemIds::default());
        // First of all, since it is a lock: nothing of the folder is read while another process may write it.
        let installation = Installation::open(&config.data, &ids.ulid())?;
        let base = Base {
            data: &config.data,
            folder: installation.folder(),
            secrets: config.secrets.clone(),
            sender: &config.sender,
            // Why longer than a function may run: a message must not come back while it is worked on.
            visibility_ms: config.time_limit_ms + 60_000,
            clock: clock.clone(),
            ids: ids.clone(),
        };
        let Made { ports, sources, dead, dynamo } = make(&config.target, base).await?;
        let bootstrap = installation.bootstrap(config.bootstrap_token.clone(), &*ids)?;
        // The port is bound before the functions are made: consent links hold the address, which port 0 leaves open
        // until now. Nothing is answered on it before `serve` below.
        let listener = bind(config.port).await?;
        let address = listener.local_addr().map_err(|e| Error::unavailable("no address").caused_by(e))?;
        let api_url = config.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
        // The apps' ids go into consent links. None where an app has no secret yet: the cloud starts without it.
        let reader = client_id(&*ports.secrets, "graph-reader").await?;
        let writer = client_id(&*ports.secrets, "graph-writer").await?;
        // Why a new one each time: what it signs is of two minutes, and both who sign and who check it are here.
        let forwarded_key = Key::new(&ids.token());
        let forwarded_key =
            forwarded_key.ok_or_else(|| Error::invalid("a key that was made is too short"))?;
        let wanted = Wanted {
            ports: &ports,
            config: &config,
            api_url: &api_url,
            bootstrap_sha256: &bootstrap.hash,
            reader_client_id: reader.as_deref(),
            writer_client_id: writer.as_deref(),
            forwarded_key: &forwarded_key,
        };
        // Shared by all that runs: `busy` lets `settle` see work of every kind, and `reasons` brings from a function to
        // its poller why a message failed, which no event of AWS has a place for.
        let functions = functions(wanted)?;
        let (busy, reasons) = (Busy::default(), Reasons::default());
        let gateway = Gateway {
            said: Said::default(),
            authorizer: functions.authorizer,
            routes: Routes::new(functions.routes),
            clock: clock.clone(),
            ids: ids.clone(),
            busy: busy.clone(),
        };
        let listening = gateway.serve(listener)?;
        // Why the pollers start last: a message that an earlier start left is handed out at once.
        let stop = watch::Sender::new(false);
        let mut running = Vec::new();
        for job in functions.jobs {
            let of_job = |s: &&Arc<dyn Source>| s.queue() == job.queue;
            let source = sources.iter().find(of_job);
            let source = source.ok_or_else(|| Error::not_found("a job has no queue"))?.clone();
            let mapping = Mapping {
                source,
                function: queue_function(job.worker, clock.clone(), reasons.clone()),
                batch_size: job.batch_size,
                concurrency: job.concurrency,
                clock: clock.clone(),
                time_limit_ms: config.time_limit_ms,
                busy: busy.clone(),
                reasons: reasons.clone(),
            };
            running.push(mapping.start(&stop.subscribe()));
        }
        // Why the scheduler is made also where the clock does not call it: `tick` calls the same schedules by name.
        let ticking = |t: crate::wiring::Ticking| Schedule {
            name: t.worker.name(),
            function: tick_function(t.worker),
            every_ms: t.every_ms,
        };
        let all = functions.ticks.into_iter().map(ticking).collect();
        let time_limit_ms = config.time_limit_ms;
        let scheduler = Scheduler { schedules: all, clock, ids, time_limit_ms, busy: busy.clone() };
        if config.auto_ticks {
            running.push(scheduler.start(&stop.subscribe()));
        }
        let bootstrap_token = bootstrap.token;
        Ok(Self {
            api_url,
            installation,
            bootstrap_token,
            ports,
            sources,
            dead,
            dynamo,
            scheduler,
            busy,
            listening,
            stop,
            running,
        })
    }

    /// The base address of the API: `http://127.0.0.1:{port}`, or the configured public address.
    pub fn api_url(&self) -> &str {
        &self.api_url
    }

    /// The folder that all data lies in.
    pub fn folder(&self) -> &Path {
        self.installation.folder()
    }

    /// The folder that mails lie in as `.eml` files, whose names sort by time.
    pub fn outbox(&self) -> PathBuf {
        self.folder().join("outbox")
    }

    /// The bootstrap token, where it was given or made at this start; of an earlier one only the hash is kept.
    pub fn bootstrap_token(&self) -> Option<&Secret> {
        self.bootstrap_token.as_ref()
    }

    /// The ports, for tests that look behind the API.
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// Calls a ticking function now and waits for its reply.
    ///
    /// # Errors
    /// `NotFound` when nothing of that name ticks; otherwise what the function fails with.
    pub async fn tick(&self, name: &str) -> Result<Value> {
        self.scheduler.tick(name).await
    }

    /// Waits until all queues are empty and nothing runs, also for messages that failed and come back later; not for
    /// dead letters.
    pub async fn settle(&self) -> Result<()> {
        // Why SQS has to be found empty twice: its counts lag behind.
        let (looks, pause_ms) = match self.dead {
            DeadLetters::Embedded(_) => (1, 20),
            DeadLetters::Sqs(_) => (2, 300),
        };
        let mut empty = 0;
        while empty < looks {
            let begun = self.busy.idle().await;
            let mut open = 0;
            for source in &self.sources {
                open += source.count().await?;
            }
            // Why: queues are counted one after the other; only if no work began meanwhile is the sum true.
            empty = if open == 0 && self.busy.still_idle(begun) { empty + 1 } else { 0 };
            if empty < looks {
                self.ports.clock.sleep_ms(pause_ms).await;
            }
        }
        Ok(())
    }

    /// The messages that failed too often and are no longer handed out.
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>> {
        match &self.dead {
            DeadLetters::Embedded(queue) => queue.dead_letters().await,
            DeadLetters::Sqs(queues) => {
                let mut all = Vec::new();
                for (queue, receiver) in queues {
                    for letter in receiver.receive(10, 1).await? {
                        receiver.change_visibility(&letter.receipt_handle, 0).await?;
                        all.push(DeadLetter {
                            queue: *queue,
                            id: letter.message_id,
                            group: letter.group.unwrap_or_default(),
                            body: letter.body,
                            receive_count: letter.receive_count,
                            reason: None,
                            died_at: None,
                        });
                    }
                }
                Ok(all)
            }
        }
    }

    /// Stops everything, after requests and invocations that are running have ended.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        self.listening.stop().await;
        for set in self.running {
            set.join_all().await;
        }
        drop(self.ports);
        if let Some(dynamo) = self.dynamo {
            dynamo.stop().await;
        }
        drop(self.installation);
    }
}

/// The client id in the secret of that name; none when there is no such secret.
async fn client_id(secrets: &dyn Secrets, name: &str) -> Result<Option<String>> {
    let secret = match secrets.get(name).await {
        Ok(secret) => secret,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    // Why no cause: serde's message may quote the secret.
    let body: Value = serde_json::from_str(secret.expose())
        .map_err(|_| Error::invalid(format!("the secret {name} is not JSON")))?;
    Ok(body["clientId"].as_str().map(str::to_owned))
}
