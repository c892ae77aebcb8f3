//! The whole cloud: ports, functions, and what calls them. Started, watched, stopped.

use crate::config::CloudConfig;
use crate::embedded::DeadLetter;
use crate::host::{
    Busy, Gateway, Listening, Mapping, Reasons, Routes, Schedule, Scheduler, Source, bind, queue_function,
    tick_function,
};
use crate::installation::Installation;
use crate::ports::{Base, DeadLetters, Made, Ports, make};
use crate::wiring::{Functions, Wanted, functions};
use domain::{Error, ErrorKind, Result};
use engine::ports::{Clock, Ids, Secret, Secrets};
use runtime::system::{SystemClock, SystemIds};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// A cloud that runs.
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

    /// Starts functions of the caller's.
    pub async fn start_with(
        config: CloudConfig,
        functions: impl FnOnce(Wanted<'_>) -> Result<Functions>,
    ) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids: Arc<dyn Ids> = Arc::new(SystemIds::default());
        let installation = Installation::open(&config.data, &ids.ulid())?;
        let base = Base {
            data: &config.data,
            folder: installation.folder(),
            secrets: config.secrets.clone(),
            sender: &config.sender,
            visibility_ms: config.time_limit_ms + 60_000,
            clock: clock.clone(),
            ids: ids.clone(),
        };
        let Made { ports, sources, dead, dynamo } = make(&config.target, base).await?;
        let bootstrap = installation.bootstrap(config.bootstrap_token.clone(), &*ids)?;
        let listener = bind(config.port).await?;
        let address = listener.local_addr().map_err(|e| Error::unavailable("no address").caused_by(e))?;
        let api_url = config.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
        let reader = client_id(&*ports.secrets, "graph-reader").await?;
        let writer = client_id(&*ports.secrets, "graph-writer").await?;
        let wanted = Wanted {
            ports: &ports,
            config: &config,
            api_url: &api_url,
            bootstrap_hash: &bootstrap.hash,
            reader_client_id: reader.as_deref(),
            writer_client_id: writer.as_deref(),
        };
        let functions = functions(wanted)?;
        let (busy, reasons) = (Busy::default(), Reasons::default());
        let gateway = Gateway {
            authorizer: functions.authorizer,
            routes: Routes::new(functions.routes),
            clock: clock.clone(),
            ids: ids.clone(),
            busy: busy.clone(),
        };
        let listening = gateway.serve(listener)?;
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

    /// Where the API is: `http://127.0.0.1:{port}`, or as configured.
    pub fn api_url(&self) -> &str {
        &self.api_url
    }

    /// Where data lies.
    pub fn folder(&self) -> &Path {
        self.installation.folder()
    }

    /// Where mails lie as `.eml` files, their names in the order of time.
    pub fn outbox(&self) -> PathBuf {
        self.folder().join("outbox")
    }

    /// The bootstrap token, while it is known: it was given, or made at this start.
    pub fn bootstrap_token(&self) -> Option<&Secret> {
        self.bootstrap_token.as_ref()
    }

    /// The ports, for whoever looks behind the API.
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

    /// Waits until all queues are empty and nothing runs. A message that failed and comes back later is waited
    /// for; a dead letter is not.
    pub async fn settle(&self) -> Result<()> {
        // Why twice at SQS: its counts lag behind.
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

    /// Messages that are not handed out any more.
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

    /// Ends everything once what is running is done.
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

/// The client id in that secret, if there is such a secret.
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
