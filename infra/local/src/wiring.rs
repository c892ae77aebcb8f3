//! Which function stands behind which route, queue and tick: in AWS the template says it, here this file.
//!
//! Nothing else in this crate knows a job or a route by name.

use crate::config::CloudConfig;
use crate::host::{Function, Route, files, http_function, page_function, typed};
use crate::ports::Ports;
use authorize_request::{HttpKeySets, SignIn, SignInSettings, Strangers, authorize};
use backup::{diff_snapshots, export_data, schedule_snapshots, take_snapshot};
use domain::{Error, Result};
use engine::limit_shares::LimitShares;
use engine::ports::{Directory, DirectoryWriter, JobQueue, SignIns};
use engine::purge_data;
use engine::records::{OwnApplication, Records};
use engine::work::{JobWorker, TickWorker};
use forwarded::Key;
use graph::{GraphClient, GraphDirectory, GraphSettings, GraphSignIns, GraphWriter};
use partners::commands::connect::ConsentSettings;
use partners::commands::sign_in::FindCaller;
use partners::send_digests;
use plan_api::PlanApi;
use restore::{preview_restore, run_restore};
use runtime::http::forwarded;
use runtime::mail::MailMessages;
use runtime::settings::Settings;
use snapshot_api::SnapshotApi;
use std::collections::BTreeSet;
use std::sync::Arc;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

/// What the functions are made of.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// Every port but Graph's.
    pub ports: &'a Ports,
    /// The settings of this cloud.
    pub config: &'a CloudConfig,
    /// The base address of the API, which the consent's callback is below.
    pub api_url: &'a str,
    /// The SHA-256 of the bootstrap token.
    pub bootstrap_sha256: &'a str,
    /// The reading app's client id, where its secret is known.
    pub reader_client_id: Option<&'a str>,
    /// The writing app's client id, where its secret is known.
    pub writer_client_id: Option<&'a str>,
    /// The key by which the portal tells where its people are.
    pub forwarded_key: &'a Key,
}

/// All functions, by what calls them.
pub struct Functions {
    /// The authorizer, which says who calls.
    pub authorizer: Arc<dyn Function>,
    /// The functions behind the HTTP API.
    pub routes: Vec<Route>,
    /// The jobs behind the queues.
    pub jobs: Vec<Job>,
    /// The jobs behind the clock.
    pub ticks: Vec<Ticking>,
}

/// A job behind its queue.
pub struct Job {
    /// The queue that its messages come from.
    pub queue: JobQueue,
    /// The job that works on them.
    pub worker: Arc<dyn JobWorker>,
    /// How many messages one invocation gets at most, 1 to 10.
    pub batch_size: usize,
    /// How many invocations may run at the same time.
    pub concurrency: usize,
}

/// A job behind the clock.
pub struct Ticking {
    /// The job; its name is the tick's.
    pub worker: Arc<dyn TickWorker>,
    /// How often it is called, in milliseconds.
    pub every_ms: u64,
}

/// Makes the product's functions, wired as in AWS.
pub fn functions(wanted: Wanted<'_>) -> Result<Functions> {
    // Why one for all: Microsoft's limits are the application's, whichever function calls.
    let reader: Arc<dyn Directory> = Arc::new(GraphDirectory::new(graph(wanted, GraphDirectory::SECRET)?));
    Ok(Functions {
        authorizer: authorizer(wanted)?,
        routes: routes(wanted, &reader)?,
        jobs: jobs(wanted, &reader)?,
        ticks: ticks(wanted)?,
    })
}

fn authorizer(wanted: Wanted<'_>) -> Result<Arc<dyn Function>> {
    let find = Arc::new(FindCaller {
        records: records(wanted),
        clock: wanted.ports.clock.clone(),
        bootstrap_sha256: Some(wanted.bootstrap_sha256.to_owned()),
    });
    let sign_in = match &wanted.config.sign_in {
        Some((issuer, audience)) => {
            let settings = SignInSettings { issuer: issuer.clone(), audience: audience.clone() };
            Some(SignIn::new(settings, Arc::new(HttpKeySets::new()?), wanted.ports.clock.clone()))
        }
        None => None,
    };
    let (sign_in, strangers) = (Arc::new(sign_in), Arc::new(Strangers::default()));
    Ok(typed(move |request, _| {
        let (find, sign_in, strangers) = (find.clone(), sign_in.clone(), strangers.clone());
        async move { authorize(&request, &find, sign_in.as_ref().as_ref(), &strangers).await }
    }))
}

/// The routes of the HTTP API, the same as in the template.
fn routes(wanted: Wanted<'_>, reader: &Arc<dyn Directory>) -> Result<Vec<Route>> {
    let told = |router| forwarded(router, Some(wanted.forwarded_key.clone()), wanted.ports.clock.clone());
    let plan_api = http_function(told(plan_api::router(plan_api(wanted, reader)?)));
    let open = |key: &str, open| Route { key: key.to_owned(), to: plan_api.clone(), open };
    let snapshot_api = http_function(told(snapshot_api::router(snapshot_api(wanted))));
    let mut routes = vec![
        open("GET /v1/consent/callback", true),
        open("POST /v1/access", true),
        open("GET /v1/signing-keys", true),
        open("GET /v1/openapi.json", true),
        open("ANY /v1/{rest+}", false),
    ];
    let pages = page_function(serve_portal::router(portal_pages(wanted)?));
    for key in ["ANY /", "ANY /{rest+}"] {
        routes.push(Route { key: key.to_owned(), to: pages.clone(), open: true });
    }
    if let Some(folder) = wanted.ports.export_folder.clone() {
        routes.push(Route { key: files::ROUTE.to_owned(), to: files::serve(folder), open: true });
    }
    // Why by its own table: a path that was left out here would be asked of the control plane, which has none of that name.
    let paths: BTreeSet<&str> = snapshot_api::paths().collect();
    for path in paths {
        // What axum calls `{*key}` is `{key+}` to API Gateway.
        let path = match path.split_once("{*") {
            Some((head, name)) => format!("{head}{{{}+}}", name.trim_end_matches('}')),
            None => path.to_owned(),
        };
        routes.push(Route { key: format!("ANY {path}"), to: snapshot_api.clone(), open: false });
    }
    Ok(routes)
}

/// The pages, which ask the API at its own address as whoever is signed in.
fn portal_pages(wanted: Wanted<'_>) -> Result<serve_portal::Portal> {
    let public_url = wanted.api_url.parse().map_err(|_| Error::invalid("the public address is none"))?;
    let (issuer, client_id) = wanted.config.sign_in.clone().unzip();
    let settings = serve_portal::Settings {
        public_url,
        issuer,
        client_id,
        forwarded_key: Some(wanted.forwarded_key.clone()),
    };
    let ports = serve_portal::Ports { now: serve_portal::now, random: serve_portal::random };
    serve_portal::Portal::new(settings, ports).map_err(Error::invalid)
}

fn snapshot_api(wanted: Wanted<'_>) -> SnapshotApi {
    let Ports { vault, keys, queue, export_links, clock, ids, .. } = wanted.ports.clone();
    let links = Arc::new(files::Hosted { links: export_links, api_url: wanted.api_url.to_owned() });
    SnapshotApi::new(snapshot_api::Ports { vault, keys, records: records(wanted), queue, links, clock, ids })
}

fn plan_api(wanted: Wanted<'_>, reader: &Arc<dyn Directory>) -> Result<PlanApi> {
    let Ports { clock, ids, keys, signer, .. } = wanted.ports.clone();
    PlanApi::new(plan_api::Ports {
        records: records(wanted),
        clock,
        ids,
        directory: reader.clone(),
        keys,
        signer,
        sign_ins: sign_ins(wanted)?,
        consent: consent(wanted)?,
        has_sign_in: wanted.config.sign_in.is_some(),
    })
}

fn sign_ins(wanted: Wanted<'_>) -> Result<Option<Arc<dyn SignIns>>> {
    if !wanted.config.consent_sign_in {
        let login = GraphSettings { login_url: wanted.config.login_url.clone(), ..GraphSettings::default() };
        if login.is_microsofts_login() {
            return Err(Error::denied("at Microsoft's own login a consent without a sign-in proves nothing"));
        }
        return Ok(None);
    }
    Ok(Some(Arc::new(GraphSignIns::new(graph(wanted, GraphDirectory::SECRET)?))))
}

fn consent(wanted: Wanted<'_>) -> Result<ConsentSettings> {
    let settings = [
        (runtime::settings::PUBLIC_URL, Some(wanted.api_url)),
        (runtime::settings::READER_CLIENT_ID, wanted.reader_client_id),
        (runtime::settings::WRITER_CLIENT_ID, wanted.writer_client_id),
        (GraphSettings::LOGIN_URL, Some(wanted.config.login_url.as_str())),
    ];
    Settings::of(settings.into_iter().filter_map(|(name, value)| Some((name, value?)))).consent()
}

/// Each job behind its queue; only `run-restore` takes the writing credential.
fn jobs(wanted: Wanted<'_>, reader: &Arc<dyn Directory>) -> Result<Vec<Job>> {
    let Ports { vault, keys, queue, exports, mailer, signer, clock, ids, .. } = wanted.ports.clone();
    let records = records(wanted);
    let take = ::take_snapshot::Worker::new(take_snapshot::Ports {
        directory: reader.clone(),
        vault: vault.clone(),
        keys: keys.clone(),
        records: records.clone(),
        queue: queue.clone(),
        clock: clock.clone(),
    });
    let diff = diff_snapshots::Worker::new(diff_snapshots::Ports {
        directory: reader.clone(),
        vault: vault.clone(),
        keys: keys.clone(),
        records: records.clone(),
        queue: queue.clone(),
        clock: clock.clone(),
        ids: ids.clone(),
    });
    let preview = preview_restore::Worker::new(preview_restore::Ports {
        directory: reader.clone(),
        vault: vault.clone(),
        keys: keys.clone(),
        records: records.clone(),
        queue: queue.clone(),
        clock: clock.clone(),
    });
    let export = export_data::Worker::new(export_data::Ports {
        vault: vault.clone(),
        keys: keys.clone(),
        exports,
        records: records.clone(),
        queue: queue.clone(),
        clock: clock.clone(),
    });
    // The only job that can write into a tenant.
    let restore = run_restore::Worker::new(run_restore::Ports {
        directory: reader.clone(),
        writer: writer(wanted)?,
        vault,
        keys,
        records: records.clone(),
        queue,
        clock: clock.clone(),
        ids: ids.clone(),
        signer,
    });
    let digests = send_digests::Worker::new(send_digests::Ports { records, mailer, clock, ids })?;
    let digests = digests.with_portal(&portal(wanted));
    // Why batches of one: when a message fails, those of its group behind it in the batch count as received too, and
    // soon become dead letters with it.
    let job = |queue, worker| Job { queue, worker, batch_size: 1, concurrency: 4 };
    Ok(vec![
        job(JobQueue::TakeSnapshot, Arc::new(take)),
        job(JobQueue::DiffSnapshots, Arc::new(diff)),
        job(JobQueue::PreviewRestore, Arc::new(preview)),
        job(JobQueue::RunRestore, Arc::new(restore)),
        job(JobQueue::ExportData, Arc::new(export)),
        job(JobQueue::SendDigests, Arc::new(MailMessages(digests))),
    ])
}

fn ticks(wanted: Wanted<'_>) -> Result<Vec<Ticking>> {
    let Ports { catalog, vault, queue, signer, anchors, mailer, clock, ids, .. } = wanted.ports.clone();
    let records = records(wanted);
    let schedule = schedule_snapshots::Worker {
        records: records.clone(),
        queue,
        clock: clock.clone(),
        ids: ids.clone(),
    };
    let digests = send_digests::Worker::new(send_digests::Ports {
        records,
        mailer,
        clock: clock.clone(),
        ids: ids.clone(),
    })?;
    let digests = digests.with_portal(&portal(wanted));
    let purge = purge_data::Worker::new(purge_data::Ports { catalog, vault, signer, anchors, clock, ids });
    Ok(vec![
        Ticking { worker: Arc::new(schedule), every_ms: MINUTE_MS },
        Ticking { worker: Arc::new(digests), every_ms: MINUTE_MS },
        Ticking { worker: Arc::new(purge), every_ms: HOUR_MS },
    ])
}

/// Where people find what a mail has no room for.
fn portal(wanted: Wanted<'_>) -> String {
    format!("{}/", wanted.api_url.trim_end_matches('/'))
}

fn records(wanted: Wanted<'_>) -> Records {
    Records::new(wanted.ports.catalog.clone(), wanted.ports.clock.clone())
}

fn writer(wanted: Wanted<'_>) -> Result<Arc<dyn DirectoryWriter>> {
    Ok(Arc::new(GraphWriter::new(graph(wanted, GraphWriter::SECRET)?)))
}

fn graph(wanted: Wanted<'_>, secret: &str) -> Result<GraphClient> {
    let Ports { secrets, clock, ids, .. } = wanted.ports.clone();
    let (graph_url, login_url) = (wanted.config.graph_url.clone(), wanted.config.login_url.clone());
    let settings = GraphSettings { graph_url, login_url, ..GraphSettings::default() };
    let application =
        if secret == GraphWriter::SECRET { OwnApplication::Writer } else { OwnApplication::Reader };
    let shares = LimitShares::new(records(wanted), application, &*ids);
    // As functions have it; the one process here has all of the limits by itself.
    Ok(GraphClient::new(settings, secrets, secret, clock, ids)?.leasing(shares))
}
