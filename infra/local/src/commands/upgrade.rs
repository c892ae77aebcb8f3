//! `holdfast upgrade`: moves the rows of an earlier release in the table of an installation on AWS. The operator runs it,
//! with credentials of their own that may read and write the whole table; infra/README.md says when.

use aws::{AwsClients, DynamoCatalog};
use clap::Args;
use domain::{Error, Result};
use engine::upgrade::move_rows;
use runtime::system::SystemClock;

/// The options of `holdfast upgrade`.
#[derive(Args, Clone, Debug)]
pub struct UpgradeOptions {
    /// The table of the installation, which is stopped.
    #[arg(long)]
    pub table: String,
}

/// Runs `holdfast upgrade` and prints what it did.
///
/// # Errors
/// `Conflict` when rows are left that a person has to look at; otherwise those of the table.
pub async fn run(options: UpgradeOptions) -> Result<()> {
    let clients = AwsClients::load().await;
    let catalog = DynamoCatalog::new(clients.dynamodb().clone(), options.table);
    let report = move_rows(&catalog, &SystemClock).await?;
    println!("{} rows were moved, {} stay where they were", report.moved, report.left);
    if report.left > 0 {
        return Err(Error::conflict("rows stay where they were; the log says why"));
    }
    Ok(())
}
