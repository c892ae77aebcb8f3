//! One-time rows that have expired: those of the installation, of what lets somebody in, and mailed secrets.
//!
//! Reads never see an expired row; this only frees its place where the catalog does not do so by itself (DynamoDB
//! does). Not here: expired rows of partners and tenants, whose scopes are in no list, and rows whose keys are used again.
//! On one machine those stay, and are read past: see infra/README.md, "On one machine".

use super::{Report, Worker};
use crate::ports::{Page, Row, Scope, Write};
use crate::records::rights::{Act, Function, families_of};
use crate::records::{End, Family};
use domain::{ErrorKind, Result, Timestamp};
use jiff::SignedDuration;

/// The families whose rows end by themselves in scopes that no tenant and no partner has, and that this function may delete.
/// Their keys are hashes of secrets, none of which is used twice; those of the others are used again.
fn ending() -> impl Iterator<Item = (Scope, &'static Family)> {
    let ended = families_of(Function::PurgeData, Act::Delete).filter(|f| f.end == End::Time);
    ended.filter_map(|family| Some((family.owner.only_scope()?, family)))
}

impl Worker {
    /// Removes expired rows, until the deadline.
    pub(super) async fn remove_ended(&self, deadline: Timestamp, report: &mut Report) -> Result<()> {
        for (scope, family) in ending() {
            let mut after = None;
            loop {
                let page = Page { after, limit: 1000, descending: false };
                let found = self.catalog.list(&scope, family.prefix, page).await?;
                for (scope, row) in found.rows {
                    let now = self.clock.now();
                    if now >= deadline {
                        return Ok(());
                    }
                    if let Some(ended_at) = row.expires_at.filter(|at| *at <= now)
                        && self.remove(ended_at, scope, row).await?
                    {
                        report.removed += 1;
                    }
                }
                match found.next {
                    Some(_) => after = found.next,
                    None => break,
                }
            }
        }
        Ok(())
    }

    async fn remove(&self, ended_at: Timestamp, scope: Scope, row: Row) -> Result<bool> {
        // Why at an earlier time: a write does not see an expired row, but as of the moment before its end it does.
        // Not for families whose keys are used again: their new row may have the same version.
        let before = ended_at - SignedDuration::from_millis(1);
        match self.catalog.write(before, vec![Write::Delete(scope, row.key, row.version)]).await {
            Ok(()) => Ok(true),
            // The catalog has removed it by itself.
            Err(e) if e.kind() == ErrorKind::Conflict => Ok(false),
            Err(e) => Err(e),
        }
    }
}
