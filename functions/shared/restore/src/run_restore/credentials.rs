//! What both applications may do in the tenant, asked anew before anything is written: since the preview, consent or
//! a permission may have been taken back.

use super::Worker;
use domain::kinds::NamedKind;
use domain::permissions::is_granted;
use domain::restore::RestorePlan;
use domain::{Error, ErrorKind, Result, TenantId};
use engine::ports::Access;
use engine::records::NotProtected;
use std::collections::BTreeSet;

/// What both credentials may do.
pub(super) struct Checked {
    /// Our own service principals, as far as the tokens name them.
    pub own: Vec<String>,
    /// Kinds of the plan for whose writing the token names no permission. Their steps are tried all the same: Graph
    /// decides, and what it refuses is reported step by step.
    pub not_permitted: Vec<NotProtected>,
}

impl Worker {
    /// Asks for a token of each application.
    ///
    /// # Errors
    /// `Denied`, saying of which application, when one has no consent any more.
    pub(super) async fn check_credentials(&self, tenant: &TenantId, plan: &RestorePlan) -> Result<Checked> {
        let reading = self.directory.access(tenant).await.map_err(|e| of_application("reading", e))?;
        let access = self.writer.access(tenant).await.map_err(|e| of_application("writing", e))?;
        let not_permitted = not_permitted(plan, &access)?;
        let own = reading.principal.into_iter().chain(access.principal).collect();
        Ok(Checked { own, not_permitted })
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

/// Kinds of the plan for whose writing the token names no permission. A token that does not say what it may do is
/// taken to be sufficient.
fn not_permitted(plan: &RestorePlan, access: &Access) -> Result<Vec<NotProtected>> {
    if access.permissions.is_empty() {
        return Ok(Vec::new());
    }
    let names: BTreeSet<&NamedKind> = plan.steps.iter().map(|step| &step.kind).collect();
    let mut found = Vec::new();
    for name in names {
        let kind = name.get()?;
        let any_of = kind.write_permissions;
        if !any_of.iter().any(|wanted| is_granted(&access.permissions, wanted)) {
            let any_of = any_of.iter().map(|p| (*p).to_owned()).collect();
            found.push(NotProtected { what: kind.run().to_owned(), any_of });
        }
    }
    Ok(found)
}
