//! A connection that waits: for minutes after a consent Microsoft may refuse what was just granted.
//!
//! Whether whoever signed in may connect the tenant cannot be seen then, and is not guessed. The link is spent, the
//! organisation's row says for which tenant and whom it waits, and the tick has it tried again for an hour
//! ([`crate::connect_tenant`]). The tenant stays free meanwhile: whoever waits holds nothing.

use super::Connect;
use super::link::new_key;
use domain::{Error, ErrorKind, Refusal, Result, TenantId, Timestamp};
use engine::ports::Write;
use engine::records::{Connecting, Found, Organisation, Tenant, replace};
use jiff::SignedDuration;

/// How long a connection waits and is tried again.
const WAIT: SignedDuration = Tenant::CONSENT_TAKES;

/// A connection that waits for its consent to arrive.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The organisation that is to be connected.
    pub organisation: Organisation,
    /// The tenant that was consented for.
    pub tenant: TenantId,
    /// Until when it is tried again.
    pub until: Timestamp,
}

/// Whether the same call may succeed some minutes after a consent, without anybody doing anything.
pub(crate) fn may_pass(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Denied => error.refusal().is_none_or(Refusal::is_about_consent),
        ErrorKind::Throttled { .. } | ErrorKind::Unavailable => true,
        _ => false,
    }
}

impl Connect {
    /// Lets the connection wait; `person` is the id of who signed in, while it is not known whether they may connect.
    pub(super) async fn wait(
        &self,
        mut writes: Vec<Write>,
        found: Found<Organisation>,
        tenant: TenantId,
        person: Option<String>,
    ) -> Result<Waiting> {
        let now = self.clock.now();
        let until = now + WAIT;
        let mut organisation = found.value;
        organisation.turn_to(&tenant);
        // Why an end: each of them holds a key, and the names of all are in one row.
        if organisation.waited_for.len() > Organisation::MOST_WAITED_FOR {
            return Err(Error::conflict("the organisation has waited for too many tenants already"));
        }
        // Why now: the job that tries again has no right to make keys, nor to put them.
        let records = &self.gate.records;
        writes.extend(new_key(records, &*self.keys, &tenant, &organisation.id, now).await?);
        organisation.connecting = Some(Connecting {
            tenant: tenant.clone(),
            person,
            since: now,
            until,
            try_at: Some(now + Connecting::TRY_AFTER),
            attempts: 0,
            refused: None,
        });
        writes.push(replace(&organisation, found.version)?);
        let write = records.write(writes).await;
        write.map_err(|e| e.within("the connection was not kept"))?;
        Ok(Waiting { organisation, tenant, until })
    }
}
