//! Looks now whether what a tenant's administrator consented to is enough: nobody waits for the next snapshot to see that
//! what they mended is mended.

use super::link::Seen;
use super::{Caller, Connect};
use domain::rights::Action;
use domain::{Error, ErrorKind, OrganisationId, Result, Timestamp};
use engine::records::{CredentialStatus, Found, NotProtected, Organisation, Tenant, not_protected, replace};

/// What the credentials of a tenant are now.
struct Verdict {
    status: CredentialStatus,
    tenant: Tenant,
    not_protected: Vec<NotProtected>,
}

impl Connect {
    /// Asks the tenant what it grants, and writes that down. What is mended is backed up at once: the next snapshot falls
    /// due. Of an application that may do too much nothing is said anew, which the next snapshot does.
    ///
    /// # Errors
    /// `Conflict` when no tenant is connected, or something has changed meanwhile; `Unavailable` where Microsoft does not
    /// say what is granted: then nothing is written; `Denied`; `NotFound`.
    pub async fn check_credentials(&self, caller: &Caller, id: &OrganisationId) -> Result<()> {
        let found = self.gate.organisation(caller, id, Action::ConnectOrganisation).await?;
        let none = || Error::conflict("no tenant is connected: there is nothing to be checked");
        let tenant = found.value.tenant.clone().ok_or_else(none)?;
        let row: Found<Tenant> = self.gate.records.get(&Tenant::at(&tenant)).await?;
        let seen = self.linker().look(&tenant).await;
        let Verdict { status, tenant: mut after, not_protected } = judged(&row.value, seen)?;
        let now = self.clock.now();
        after.note_credentials(status, now);
        if is_mended(row.value.credentials, status) {
            after.next_snapshot_at = after.next_snapshot_at.map(|at: Timestamp| at.min(now));
        }
        let organisation = Organisation { not_protected, ..found.value };
        let writes = vec![replace(&organisation, found.version)?, replace(&after, row.version)?];
        self.gate.records.write(writes).await.map_err(|e| e.within("what was found was not kept"))
    }
}

/// Whether something can be read now that could not before.
fn is_mended(before: CredentialStatus, after: CredentialStatus) -> bool {
    let works = |status| {
        use CredentialStatus::{Connected, ExcessPermissions, ExcessReading};
        matches!(status, Connected | ExcessPermissions | ExcessReading)
    };
    works(after) && !works(before)
}

fn judged(row: &Tenant, seen: Result<Seen>) -> Result<Verdict> {
    use CredentialStatus::{
        Connected, ConsentWithdrawn, ExcessPermissions, ExcessReading, MissingPermissions,
    };
    let seen = match seen {
        Ok(seen) => seen,
        Err(error) if error.kind() == ErrorKind::Denied => {
            let status = error.refusal().map_or(ConsentWithdrawn, CredentialStatus::of_refusal);
            let tenant = Tenant { refused: error.refusal(), ..row.clone() };
            return Ok(Verdict { status, tenant, not_protected: Vec::new() });
        }
        Err(error) => return Err(error),
    };
    if seen.permissions().is_empty() {
        return Err(Error::unavailable("Microsoft does not say what is granted"));
    }
    let not_protected = not_protected(seen.permissions());
    let status = match row.credentials {
        _ if !not_protected.is_empty() => MissingPermissions,
        excess @ (ExcessPermissions | ExcessReading) => excess,
        _ => Connected,
    };
    let tenant = Tenant { refused: None, not_protected: None, ..row.clone() };
    Ok(Verdict { status, tenant, not_protected })
}
