//! The command line: `holdfast demo`, `holdfast serve`, `holdfast simulate`, `holdfast upgrade`, `holdfast verify-audit`,
//! `holdfast verify-receipt`, `holdfast drill`, `holdfast ask-tenant`.

pub mod ask_tenant;
mod drill;
mod serve;
mod signed;
mod simulate;
mod strict;
mod upgrade;
mod verify_audit;
mod verify_receipt;

pub use ask_tenant::AskTenantOptions;
pub use drill::{DrillOptions, said as said_of_drill};
pub use serve::ServeOptions;
pub use simulate::SimulateOptions;
pub use upgrade::UpgradeOptions;
pub use verify_audit::{
    VerifyAuditOptions, check as check_audit_log, reaches as audit_heads_reach, said as said_of_audit_log,
};
pub use verify_receipt::{VerifyReceiptOptions, check as check_receipt, said as said_of_receipt};

use crate::demo::{self, DemoOptions, Deployed};
use clap::{Args, Parser, Subcommand};
use domain::{Error, Result};
use engine::ports::Secret;
use std::process::ExitCode;
use tracing_subscriber::prelude::*;

/// Backup, comparison and restore of Microsoft Entra ID, on this machine.
#[derive(Parser)]
#[command(name = "holdfast", version)]
struct CommandLine {
    /// What is logged to standard error: a level, or levels by crate (`info,engine=debug`).
    #[arg(long, env = "HOLDFAST_LOG", global = true)]
    log: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Tells the product's story on a simulated company: backed up, changed, compared, put back.
    Demo(Box<DemoArguments>),
    /// Serves the API and works off its queues until interrupted.
    Serve(Box<ServeOptions>),
    /// Starts the simulated Microsoft cloud alone, for other tools.
    Simulate(SimulateOptions),
    /// Moves the rows of an earlier release to where this one looks for them, while the installation is stopped.
    Upgrade(UpgradeOptions),
    /// Verifies an exported audit log, alone or against the signed heads of its days.
    VerifyAudit(VerifyAuditOptions),
    /// Verifies the signed receipt of a restore, page by page.
    VerifyReceipt(VerifyReceiptOptions),
    /// Puts a snapshot back, whole, into an empty simulated tenant, and says what came back, what did not and why.
    Drill(DrillOptions),
    /// Asks a real tenant, by reading alone, what is in doubt about Microsoft Graph; prints counts and codes, no values.
    AskTenant(AskTenantOptions),
}

#[derive(Args)]
struct DemoArguments {
    /// Users in the simulated company.
    #[arg(long, default_value_t = 2000)]
    users: usize,
    /// Prints one JSON object with every figure, and nothing else.
    #[arg(long)]
    json: bool,
    /// Goes on serving when the story is over, until interrupted.
    #[arg(long)]
    keep: bool,
    /// The API of an installation that runs elsewhere: then the story is told there, over HTTP alone, and
    /// HOLDFAST_GRAPH_URL and HOLDFAST_LOGIN_URL name the Microsoft cloud that it uses.
    #[arg(long, requires = "bootstrap_token", conflicts_with = "keep")]
    api: Option<String>,
    /// What that installation calls itself, when its own address cannot be resolved from here.
    #[arg(long, requires = "api")]
    public_url: Option<String>,
    /// That installation's bootstrap token.
    #[arg(long, env = "HOLDFAST_BOOTSTRAP_TOKEN", hide_env_values = true)]
    bootstrap_token: Option<String>,
}

impl DemoArguments {
    fn options(self) -> DemoOptions {
        let Self { users, json, keep, api, public_url, bootstrap_token } = self;
        let trimmed = |url: String| url.trim_end_matches('/').to_owned();
        let deployed = api.zip(bootstrap_token).map(|(api, token)| Deployed {
            api: trimmed(api),
            public_url: public_url.map(trimmed),
            bootstrap_token: Secret::new(token),
        });
        DemoOptions { users, json, keep, deployed }
    }
}

/// Runs the command of this process's arguments.
pub fn main() -> ExitCode {
    let CommandLine { log, command } = CommandLine::parse();
    // Why dynoxide's warnings are off: it warns of each answer 400, which a refused conditional write is too.
    let quiet =
        if matches!(command, Command::Serve(_)) { "info,dynoxide=error" } else { "warn,dynoxide=off" };
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = lines.with_filter(runtime::logs::filter(log.as_deref(), quiet));
    tracing_subscriber::registry().with(lines).init();
    match run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("holdfast: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Error::unavailable("threads cannot be started").caused_by(e))?;
    runtime.block_on(async {
        match command {
            Command::Demo(arguments) => demo::run(arguments.options()).await,
            Command::Serve(options) => serve::run(*options).await,
            Command::Simulate(options) => simulate::run(options).await,
            Command::Upgrade(options) => upgrade::run(options).await,
            Command::VerifyAudit(options) => verify_audit::run(&options),
            Command::VerifyReceipt(options) => verify_receipt::run(&options),
            Command::Drill(options) => drill::run(options).await,
            Command::AskTenant(options) => ask_tenant::run(options).await,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        CommandLine::command().debug_assert();
        let demo = CommandLine::try_parse_from(["holdfast", "demo", "--users", "20000", "--json"]).unwrap();
        let Command::Demo(arguments) = demo.command else { panic!("it is the demo") };
        assert!(arguments.users == 20_000 && arguments.json && !arguments.keep && arguments.api.is_none());
        let there = ["holdfast", "demo", "--api", "https://api.example/"];
        assert!(CommandLine::try_parse_from(there).is_err(), "nobody can sign up without the token");
        let complete = there.into_iter().chain(["--bootstrap-token", "t"]);
        let Command::Demo(arguments) = CommandLine::try_parse_from(complete).unwrap().command else {
            panic!()
        };
        assert_eq!(arguments.options().deployed.unwrap().api, "https://api.example");
        assert!(CommandLine::try_parse_from(["holdfast", "serve", "--port", "no"]).is_err());
    }
}
