//! The command line: `holdfast demo`, `holdfast serve`, `holdfast simulate`.

mod serve;
mod simulate;

pub use serve::ServeOptions;
pub use simulate::SimulateOptions;

use crate::demo::{self, DemoOptions};
use clap::{Args, Parser, Subcommand};
use domain::{Error, Result};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// Backup, comparison and restore of Microsoft Entra ID, on this machine.
#[derive(Parser)]
#[command(name = "holdfast", version)]
struct CommandLine {
    /// What is logged to standard error, in the words of `tracing` (`info`, `engine=debug`).
    #[arg(long, env = "HOLDFAST_LOG", global = true)]
    log: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Tells the product's story on a simulated company: backed up, changed, compared, put back.
    Demo(DemoArguments),
    /// Serves the API and works off its queues until interrupted.
    Serve(Box<ServeOptions>),
    /// Starts the simulated Microsoft cloud alone, for other tools.
    Simulate(SimulateOptions),
}

#[derive(Args)]
struct DemoArguments {
    /// Users in the simulated company.
    #[arg(long, default_value_t = 2000)]
    users: usize,
    /// Prints one JSON object with every figure, and nothing else.
    #[arg(long)]
    json: bool,
    /// Goes on serving at the end.
    #[arg(long)]
    keep: bool,
}

/// Runs the command of this process's arguments.
pub fn main() -> ExitCode {
    let CommandLine { log, command } = CommandLine::parse();
    // Why without dynoxide's: it warns of each answer 400, which for a conditional write is an answer.
    let quiet =
        if matches!(command, Command::Serve(_)) { "info,dynoxide=error" } else { "warn,dynoxide=off" };
    let filter = log.and_then(|l| EnvFilter::try_new(l).ok()).unwrap_or_else(|| EnvFilter::new(quiet));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
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
            Command::Demo(DemoArguments { users, json, keep }) => {
                demo::run(DemoOptions { users, json, keep }).await
            }
            Command::Serve(options) => serve::run(*options).await,
            Command::Simulate(options) => simulate::run(options).await,
        }
    })
}

/// Waits for ctrl-c.
pub(crate) async fn interrupted() -> Result<()> {
    tokio::signal::ctrl_c().await.map_err(|e| Error::unavailable("signals cannot be heard").caused_by(e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        CommandLine::command().debug_assert();
        let demo = CommandLine::try_parse_from(["holdfast", "demo", "--users", "20000", "--json"]).unwrap();
        assert!(matches!(
            demo.command,
            Command::Demo(DemoArguments { users: 20_000, json: true, keep: false })
        ));
        assert!(CommandLine::try_parse_from(["holdfast", "serve", "--port", "no"]).is_err());
    }
}
