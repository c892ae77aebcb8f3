//! What both applications may do in the tenant. Asked right after a preview, which then says what will be refused, and anew
//! before anything is written: since the preview, consent or a permission may have been taken back.

use super::Worker;
use crate::passing::may_pass;
use domain::restore::{RestorePlan, not_permitted};
use domain::{Error, ErrorKind, Result, TenantId};
use engine::ports::Access;
use engine::records::{Found, NotProtected, Restore};

/// What both credentials may do.
pub(super) struct Checked {
    /// Our own service principals, as far as the tokens name them.
    pub own: Vec<String>,
    /// That of the writing application.
    pub writer: Option<String>,
    /// What of the plan the token names no permission for; none where that is not known. It is tried all the same: Graph
    /// decides, and what it refuses is reported step by step.
    pub not_permitted: Option<Vec<NotProtected>>,
}

impl Worker {
    /// Asks for a token of each application.
    ///
    /// # Errors
    /// `Denied`, saying of which application, when one has no consent any more.
    pub(super) async fn check_credentials(&self, tenant: &TenantId, plan: &RestorePlan) -> Result<Checked> {
        let reading = self.directory.access(tenant).await.map_err(|e| of_application("reading", e))?;
        let access = self.writer.access(tenant).await.map_err(|e| of_application("writing", e))?;
        let not_permitted = lacking(plan, &access)?;
        let writer = access.principal;
        let own = reading.principal.into_iter().chain(writer.clone()).collect();
        Ok(Checked { own, writer, not_permitted })
    }

    /// Writes into the row of a restore that was previewed what of its plan will be refused for want of a permission; says
    /// whether it did.
    ///
    /// # Errors
    /// What may pass: the message comes back.
    pub(super) async fn foretell(&self, found: &Found<Restore>) -> Result<bool> {
        match self.read_permissions(found).await {
            Err(error) if !may_pass(&error) => {
                // What cannot be told is not known, and is asked anew when it is executed: a row that somebody writes to at
                // this moment is about to be.
                tracing::info!(kind = error.kind().name(), "what may be written is not known yet");
                Ok(false)
            }
            told => told,
        }
    }

    async fn read_permissions(&self, found: &Found<Restore>) -> Result<bool> {
        let mut row = found.value.clone();
        if row.permissions_read_at.is_some() {
            return Ok(false);
        }
        let stored = self.plans.find_plan(&row.tenant, &row.id).await?;
        let plan = stored.ok_or_else(|| Error::corrupt("the plan of a previewed restore is missing"))?.plan;
        let lacking = match self.writer.access(&row.tenant).await {
            Ok(access) => lacking(&plan, &access)?,
            // Whoever did not consent has granted nothing.
            Err(error) if error.kind() == ErrorKind::Denied => Some(named(not_permitted(&plan, &[])?)),
            Err(error) => return Err(error),
        };
        let Some(lacking) = lacking else { return Ok(false) };
        row.not_permitted = lacking;
        row.permissions_read_at = Some(self.clock.now());
        self.records.replace(&row, found.version).await?;
        Ok(true)
    }
}

fn of_application(which: &str, error: Error) -> Error {
    match error.kind() {
        ErrorKind::Denied => {
            Error::denied(format!("the {which} application: {}", error.summary())).caused_by(error)
        }
        _ => error,
    }
}

/// What of the plan the token names no permission for; none where it does not say what it may do.
fn lacking(plan: &RestorePlan, access: &Access) -> Result<Option<Vec<NotProtected>>> {
    if access.permissions.is_empty() {
        return Ok(None);
    }
    not_permitted(plan, &access.permissions).map(named).map(Some)
}

fn named(found: Vec<(String, &[&str])>) -> Vec<NotProtected> {
    let texts = |any_of: &[&str]| any_of.iter().map(|permission| (*permission).to_owned()).collect();
    found.into_iter().map(|(what, any_of)| NotProtected { what, any_of: texts(any_of) }).collect()
}
