//! What snapshots cost: the job `take-snapshot` with Graph over HTTP and a vault in a folder, measured alone.
//!
//! `cargo run --release -p bench -- snapshot --users 10000 --latency-ms 30`. The simulated Microsoft cloud is a
//! process of its own, so that its work is not counted; with `--graph-url` and `--login-url` another Graph is
//! asked instead. Catalog and queue are in memory; sealed bytes go to a folder.

mod cloud;
mod commands;
mod logged;
mod measure;
mod metered;
mod prices;
mod report;
mod simulated;
mod slow;
mod template;
mod workbench;

use clap::{Args, Parser, Subcommand};

/// Benchmarks of snapshots, restores, the plan API and the cost in AWS.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// A full snapshot of the tenant.
    Snapshot(commands::snapshot::Options),
    /// A snapshot of what changed since the one before.
    Incremental(commands::incremental::Options),
    /// A comparison of two snapshots, and the preview of taking back what it found.
    Compare(commands::compare::Options),
    /// Searches of a snapshot by a part of a name, and by a filter.
    Search(commands::search::Options),
    /// Restores in simulated time, beside what Microsoft's write limits alone would take.
    Restore(commands::restore::Options),
    /// Many tenants that fall due at one tick, read with one application.
    Tenants(commands::tenants::Options),
    /// A snapshot each day, beside restic over the same objects as JSON files.
    Month(commands::month::Options),
    /// A full snapshot beside a script that only downloads.
    AgainstScript(commands::script::Options),
    /// A full snapshot within a share of Microsoft's limits, which may be halved meanwhile.
    Throttled(commands::throttled::Options),
    /// How fast the plan API of a running installation answers while many call it.
    PlanApi(commands::plan_api::Options),
    /// What a tenant costs in AWS a month, from counted calls, bytes and GB-seconds.
    Cost(commands::cost::Options),
    /// Charts of cost against size and against changes, in Mermaid.
    Chart(commands::chart::Options),
    /// The simulated Microsoft cloud, as the other commands start it.
    #[command(hide = true)]
    Simulate(cloud::SimulateOptions),
}

/// Which Graph is measured, and how the figures are printed.
#[derive(Args, Clone)]
struct Common {
    /// Users of the simulated tenant; a fifth as many groups, ten times as many memberships.
    #[arg(long, default_value_t = 10_000)]
    users: usize,
    /// Service plans of each licensed user of the simulated tenant; 0 is what its licence has by itself.
    #[arg(long, default_value_t = 0)]
    plans: usize,
    /// How long the simulated Graph takes for each answer, in milliseconds.
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// Prints one JSON object instead of a table.
    #[arg(long)]
    json: bool,
    /// The base address of another Graph than the simulated one, without a version.
    #[arg(long, requires = "login_url")]
    graph_url: Option<String>,
    /// The base address of that Graph's login.
    #[arg(long, requires = "graph_url")]
    login_url: Option<String>,
    /// The id of the tenant there.
    #[arg(long, default_value = sim::COMPANY_TENANT_ID)]
    tenant: String,
    /// An application there that may read; for `incremental`, one that may also write users.
    #[arg(long, default_value = sim::ADMINISTRATOR_CLIENT_ID)]
    client_id: String,
    /// The secret of that application.
    #[arg(long, default_value = sim::ADMINISTRATOR_SECRET)]
    client_secret: String,
}

fn main() -> std::process::ExitCode {
    let command = Cli::parse().command;
    let mut builder = match &command {
        // Simulated time passes when nothing is left to do, which is seen on one thread alone.
        Command::Restore(_) => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let ran = builder.enable_all().build().map_err(|e| e.to_string()).and_then(|runtime| {
        runtime.block_on(async {
            match command {
                Command::Snapshot(options) => commands::snapshot::run(options).await,
                Command::Incremental(options) => commands::incremental::run(options).await,
                Command::Compare(options) => Box::pin(commands::compare::run(options)).await,
                Command::Search(options) => commands::search::run(options).await,
                Command::Restore(options) => Box::pin(commands::restore::run(options)).await,
                Command::Tenants(options) => commands::tenants::run(options).await,
                Command::Month(options) => commands::month::run(options).await,
                Command::AgainstScript(options) => commands::script::run(options).await,
                Command::Throttled(options) => commands::throttled::run(options).await,
                Command::PlanApi(options) => commands::plan_api::run(options).await,
                Command::Cost(options) => commands::cost::run(options).await,
                Command::Chart(options) => commands::chart::run(options).await,
                Command::Simulate(options) => cloud::simulate(options).await,
            }
        })
    });
    match ran {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            std::process::ExitCode::FAILURE
        }
    }
}
