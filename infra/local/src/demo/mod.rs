//! The demo: a simulated company, or a tenant of another Graph, and the product's story told on it.
//!
//! What runs beneath follows from the settings alone: `HOLDFAST_GRAPH_URL` and `HOLDFAST_LOGIN_URL` name another
//! Graph, `AWS_ENDPOINT_URL` another cloud than the embedded one. The story knows neither.

mod partner;
mod place;
mod portal;
mod story;
mod telling;
mod verify;

use crate::Cloud;
use crate::config::{CloudConfig, Data, Target};
use crate::embedded::SecretSettings;
pub use place::Deployed;

use customer::Credentials;
use domain::{Error, Result};
use engine::ports::Secret;
use graph::GraphSettings;
use place::Place;
use serde_json::json;
use sim::{Sim, SimConfig, SimServer};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use telling::Teller;

/// What is called by the clock, where the demo goes on serving.
const TICKS: [&str; 3] = ["schedule-snapshots", "send-digests", "purge-data"];
/// How often. Why not once a minute, as deployed: whoever tries something here does not wait for its mail.
const TICK_EVERY: Duration = Duration::from_secs(5);

/// The options of `holdfast demo`.
#[derive(Clone)]
pub struct DemoOptions {
    /// Users in the simulated company.
    pub users: usize,
    /// Whether one JSON object is printed instead of the story.
    pub json: bool,
    /// Whether it goes on serving when the story is over.
    pub keep: bool,
    /// An installation that runs elsewhere; none tells the story on a cloud of this process.
    pub deployed: Option<Deployed>,
}

/// Runs `holdfast demo`: starts what is needed, tells the story and prints what came of it.
///
/// # Errors
/// `Unavailable` when anything of the story did not come out as it should.
pub async fn run(options: DemoOptions) -> Result<()> {
    let find = |name: &str| runtime::settings::Settings::from_env().find(name);
    let mut teller = Teller::new(options.json);
    teller.figures.insert("users".to_owned(), json!(options.users));
    let (simulated, config) = set(&options, &find).await?;
    let admin = administrator(find);
    let place = match options.deployed {
        Some(deployed) => Place::Deployed(deployed),
        None => Place::Here(Box::new(Cloud::start(config.clone()).await?)),
    };
    // Why an error is one fault more and not the end: the figures up to it are printed, and what was started is
    // stopped.
    let outcome = story::story(&place, &config, &admin, &mut teller).await;
    let faults = match &outcome {
        Ok(faults) => faults.clone(),
        Err(error) => vec![error.to_string()],
    };
    teller.figures.insert("faults".to_owned(), json!(faults));
    for fault in &faults {
        teller.line(&format!("NOT AS IT SHOULD BE: {fault}"));
    }
    if faults.is_empty() {
        teller.line("All of it was verified: the tenant is as it was at the first snapshot.");
    }
    let figures = teller.finish(faults.is_empty());
    if options.json {
        println!("{figures:#}");
    }
    if let (true, true, Some(outbox)) = (options.keep, faults.is_empty(), place.outbox()) {
        if let Some(login) = &simulated {
            portal::let_ada_in(&place, login).await?;
            eprintln!("Open {} and sign in as Ada.", place.api_url());
        }
        eprintln!("Serving {}; mails are in {}. Interrupt to end.", place.api_url(), outbox.display());
        keep_ticking(&place).await?;
    }
    place.stop().await;
    if let Some(server) = simulated {
        server.stop().await;
    }
    if faults.is_empty() { Ok(()) } else { Err(Error::unavailable("the story did not come out as told")) }
}

/// Calls what a schedule calls elsewhere, until the process is interrupted.
async fn keep_ticking(place: &Place) -> Result<()> {
    let mut interrupted = std::pin::pin!(crate::interrupt::interrupted());
    loop {
        tokio::select! {
            ended = &mut interrupted => return ended,
            () = tokio::time::sleep(TICK_EVERY) => {}
        }
        for name in TICKS {
            // Why said and no end: the next tick is as good a try as any, and somebody is looking at the pages.
            if let Err(error) = place.tick(name).await {
                eprintln!("The tick {name} failed: {error}");
            }
        }
    }
}

/// The customer's administrator, from `HOLDFAST_DEMO_TENANT`, `HOLDFAST_DEMO_ADMIN_CLIENT_ID` and
/// `HOLDFAST_DEMO_ADMIN_SECRET`; each is the simulated company's where it is not set.
fn administrator(find: impl Fn(&str) -> Option<String>) -> Credentials {
    let or = |name: &str, default: &str| find(name).unwrap_or_else(|| default.to_owned());
    Credentials {
        tenant: or("HOLDFAST_DEMO_TENANT", sim::COMPANY_TENANT_ID),
        client_id: or("HOLDFAST_DEMO_ADMIN_CLIENT_ID", sim::ADMINISTRATOR_CLIENT_ID),
        secret: or("HOLDFAST_DEMO_ADMIN_SECRET", sim::ADMINISTRATOR_SECRET),
        domain: None,
    }
}

/// The simulated Graph, where the settings name no other, and what the cloud is started with.
async fn set(
    options: &DemoOptions,
    find: &impl Fn(&str) -> Option<String>,
) -> Result<(Option<SimServer>, CloudConfig)> {
    let given = |name: &str| find(name).filter(|v| !v.trim().is_empty());
    let (simulated, graph_url, login_url) = match (
        given(GraphSettings::GRAPH_URL),
        given(GraphSettings::LOGIN_URL),
    ) {
        (Some(graph), Some(login)) => (None, graph, login),
        (None, None) if options.deployed.is_some() => {
            return Err(Error::invalid(
                "HOLDFAST_GRAPH_URL and HOLDFAST_LOGIN_URL must name the cloud that the installation uses",
            ));
        }
        (None, None) => {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let config = SimConfig::company(1, options.users).with_partner().logging();
            let server = Sim::new(config).serve(address).await;
            let server =
                server.map_err(|e| Error::unavailable("no port for the simulated cloud").caused_by(e))?;
            let (graph, login) = (server.graph_url(), server.login_url());
            (Some(server), graph, login)
        }
        _ => {
            return Err(Error::invalid(
                "HOLDFAST_GRAPH_URL and HOLDFAST_LOGIN_URL must be set both or neither",
            ));
        }
    };
    let target = match given("AWS_ENDPOINT_URL") {
        // Why a prefix of its own: an endpoint may hold what an earlier demo left.
        Some(_) => Target::Aws { prefix: format!("holdfast-demo-{}", std::process::id()) },
        None => Target::Embedded,
    };
    let config = CloudConfig {
        data: Data::Memory,
        target,
        graph_url,
        login_url,
        // Why: another cloud may have no page on which people sign in.
        consent_sign_in: simulated.is_some(),
        sign_in: simulated.as_ref().map(|server| portal::sign_in(&server.login_url())),
        auto_ticks: false,
        secrets: credentials(find)?,
        ..CloudConfig::default()
    };
    Ok((simulated, config))
}

/// The credentials of the two apps from the settings; those of the simulated cloud for one that is not set.
fn credentials(find: &impl Fn(&str) -> Option<String>) -> Result<SecretSettings> {
    let mut secrets = SecretSettings::read(find)?;
    for (name, client_id, secret) in [
        ("graph-reader", sim::READER_CLIENT_ID, sim::READER_SECRET),
        ("graph-writer", sim::WRITER_CLIENT_ID, sim::WRITER_SECRET),
    ] {
        if secrets.find(name).is_none() {
            let body = json!({ "clientId": client_id, "clientSecret": secret });
            secrets = secrets.with(name, Secret::new(body.to_string()));
        }
    }
    Ok(secrets)
}
