//! `holdfast simulate`: the simulated Microsoft cloud alone.

use crate::interrupt::interrupted;
use clap::Args;
use domain::{Error, Result};
use sim::{Sim, SimConfig};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// The options of `holdfast simulate`.
#[derive(Args, Clone, Debug)]
pub struct SimulateOptions {
    /// The port of this machine to listen on; 0 means any that is free.
    #[arg(long, default_value_t = 8090)]
    pub port: u16,
    /// Users in the simulated company.
    #[arg(long, default_value_t = 2000)]
    pub users: usize,
    /// The seed that everything that looks random follows from.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Service plans of the licence that most people have: an E5 has about 90.
    #[arg(long, default_value_t = 3)]
    pub plans: usize,
    /// Plays an external tenant (External ID): Graph tracks no changes, and there is no licence for anything.
    #[arg(long)]
    pub external: bool,
    /// Listens by TLS, as Microsoft's own libraries demand it, and writes here (PEM) the authority that they have to trust.
    /// The certificate is for 127.0.0.1 and for Microsoft's names.
    #[arg(long, value_name = "FILE")]
    pub tls: Option<PathBuf>,
}

/// Runs `holdfast simulate`: prints the simulated tenants and apps, and answers until interrupted.
///
/// # Errors
/// `Conflict` when the port is taken, or the file cannot be written.
pub async fn run(options: SimulateOptions) -> Result<()> {
    let mut config = SimConfig::company(options.seed, options.users).with_partner().logging();
    for tenant in &mut config.tenants {
        tenant.service_plans = options.plans;
        tenant.tracks_changes = !options.external;
        for licence in [&mut tenant.premium_p1, &mut tenant.premium_p2, &mut tenant.intune] {
            *licence = !options.external;
        }
    }
    let (tenants, apps) = (config.tenants.clone(), config.apps.clone());
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    let sim = Sim::new(config);
    let server = if options.tls.is_some() { sim.serve_tls(address).await } else { sim.serve(address).await };
    let server = server.map_err(|e| {
        Error::conflict(format!("port {} of this machine cannot be listened on", options.port)).caused_by(e)
    })?;
    if let (Some(file), Some(authority)) = (&options.tls, server.authority_pem()) {
        std::fs::write(file, authority)
            .map_err(|e| Error::conflict(format!("{} cannot be written", file.display())).caused_by(e))?;
        println!("trust  {}", file.display());
    }
    println!("{}={}", graph::GraphSettings::GRAPH_URL, server.graph_url());
    println!("{}={}", graph::GraphSettings::LOGIN_URL, server.login_url());
    let portal = format!("{}/{}/v2.0", server.login_url(), sim::PARTNER_TENANT_ID);
    println!("{}={portal}", runtime::settings::OIDC_ISSUER);
    println!("{}={}", runtime::settings::OIDC_AUDIENCE, sim::PORTAL_CLIENT_ID);
    for tenant in tenants {
        println!("tenant {} {} ({}, {} users)", tenant.id, tenant.name, tenant.domain, tenant.users);
    }
    for app in apps {
        let consented = match (app.client_id == sim::PORTAL_CLIENT_ID, app.consented) {
            (true, _) => "people sign in to it",
            (_, true) => "consented",
            _ => "to be consented",
        };
        println!(
            "app    {} {} secret {} ({consented})",
            app.client_id,
            app.name,
            app.secret.unwrap_or_default()
        );
    }
    interrupted().await?;
    server.stop().await;
    Ok(())
}
