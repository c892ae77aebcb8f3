//! A connection that waits for its consent to arrive, tried once more: connected, refused, or left for the next time.
//!
//! The tick sends its message every few minutes (`schedule_snapshots`); the function that holds the reading credential
//! and answers no browser does the work. Whoever signed in is looked up as at the sign-in itself, and until that is
//! settled nothing else of the tenant is read. Twice equals once: the organisation's row says whether there is anything
//! left to do, and changes under its version.

use crate::commands::connect::{Key, Linker, may_pass};
use async_trait::async_trait;
use domain::{Error, ErrorKind, OrganisationId, Refusal, Result, TenantId, Timestamp};
use engine::announce::Announcer;
use engine::messages;
use engine::ports::{Clock, ConsentStanding, DirectoryAccess};
use engine::records::{ConnectRefusal, Connecting, Found, Organisation, OrganisationPlace, Records, replace};
use engine::work::JobWorker;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The body of a message `connect-tenant.v1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The tenant that is to be connected.
    pub tenant: TenantId,
    /// The organisation that it is to be connected to; that organisation's row holds the rest.
    pub organisation: OrganisationId,
}

/// How long after the end of its wait a connection is still tried. The last try comes soon after that end, or once an
/// outage of ours is over. A message that comes later still is one of a connection that was left alone.
const LATE: SignedDuration = SignedDuration::from_hours(24);

/// What one try came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// There was nothing to try: no connection to this tenant waits at the organisation.
    NothingWaits,
    /// The tenant is connected.
    Connected,
    /// The connection was given up, for this reason.
    Refused(ConnectRefusal),
    /// Microsoft does not show the consent yet; a later message tries again.
    Waits,
}

/// The ports that the job needs.
#[derive(Clone)]
pub struct Worker {
    /// Reads the tenant, with the reading app's credential.
    pub directory: Arc<dyn DirectoryAccess>,
    /// Rows of organisations and tenants.
    pub records: Records,
    /// Says whether the wait is over.
    pub clock: Arc<dyn Clock>,
    /// Notifies people of a connection that was refused.
    pub announcer: Announcer,
}

#[async_trait]
impl JobWorker for Worker {
    fn name(&self) -> &'static str {
        "connect-tenant"
    }

    async fn handle(&self, body: &str, deadline: Timestamp) -> Result<()> {
        let request: Request = messages::read(body, messages::CONNECT_TENANT)?;
        let report = self.run(&request, deadline).await?;
        let Request { tenant, organisation } = request;
        tracing::info!(%tenant, %organisation, ?report, "connect-tenant");
        Ok(())
    }
}

impl Worker {
    /// Tries once more to connect the tenant, unless nothing waits any more.
    ///
    /// # Errors
    /// Those of the rows. What Microsoft answers is in the report.
    pub async fn run(&self, request: &Request, deadline: Timestamp) -> Result<Report> {
        let Some((found, waits)) = self.find(request).await? else { return Ok(Report::NothingWaits) };
        let directory = self.directory.until(deadline).unwrap_or_else(|| self.directory.clone());
        let linker = Linker { records: self.records.clone(), clock: self.clock.clone(), directory };
        // Why before anything is asked: whoever comes back to an organisation weeks later has asked for nothing.
        if self.clock.now() >= waits.until + LATE {
            return self.refuse(found, waits, ConnectRefusal::NoAnswer).await;
        }
        match linker.check_free(&found.value, &waits.tenant).await {
            Err(error) if error.kind() == ErrorKind::Conflict => {
                return self.refuse(found, waits, ConnectRefusal::Taken).await;
            }
            other => other?,
        };
        let may = match &waits.person {
            Some(person) => linker.directory.standing(&waits.tenant, person).await,
            None => Ok(ConsentStanding::MayConsent),
        };
        let seen = match may {
            Ok(ConsentStanding::MayConsent) => linker.look(&waits.tenant).await,
            Ok(ConsentStanding::NoRole) => return self.refuse(found, waits, ConnectRefusal::NoRole).await,
            Ok(ConsentStanding::NotThere) => {
                return self.refuse(found, waits, ConnectRefusal::NotThere).await;
            }
            Err(error) => Err(error),
        };
        match seen {
            Ok(seen) => {
                match linker.link(Vec::new(), found.clone(), &waits.tenant, seen, Key::Stored).await {
                    Ok(_) => Ok(Report::Connected),
                    // Its key is gone: another organisation that had the tenant meanwhile was deleted.
                    Err(error) if error.kind() == ErrorKind::NotFound => {
                        self.refuse(found, waits, ConnectRefusal::Taken).await
                    }
                    Err(error) => Err(error),
                }
            }
            // Why beyond its time while our own application is refused: that is no fault of the consent's.
            Err(error) if may_pass(&error) && (self.clock.now() < waits.until || error.fault().is_some()) => {
                let (tenant, kind) = (&waits.tenant, error.kind().name());
                tracing::info!(%tenant, kind, reason = %error, "the consent has not arrived yet");
                Ok(Report::Waits)
            }
            Err(error) => self.refuse(found, waits, why(&error)).await,
        }
    }

    /// The organisation and the connection that waits there. None when there is nothing left to do: it is connected,
    /// was begun anew for another tenant, or its organisation can no longer be connected.
    async fn find(&self, request: &Request) -> Result<Option<(Found<Organisation>, Connecting)>> {
        let place = self.records.find(&OrganisationPlace::at(&request.organisation)).await?;
        let Some(place) = place else { return Ok(None) };
        let Some(found) =
            self.records.find(&Organisation::at(&place.value.partner, &request.organisation)).await?
        else {
            return Ok(None);
        };
        let waits = found.value.connecting.clone();
        let waits = waits.filter(|w| w.tenant == request.tenant && w.try_at.is_some());
        Ok(waits.filter(|_| found.value.check_connectable().is_ok()).map(|waits| (found, waits)))
    }

    /// Gives the connection up. People are notified first: when that fails, the row still waits and the next message
    /// comes here again.
    async fn refuse(
        &self,
        found: Found<Organisation>,
        waits: Connecting,
        why: ConnectRefusal,
    ) -> Result<Report> {
        let Found { value: mut organisation, version } = found;
        self.announcer.announce_not_connected(&organisation, &waits, why).await?;
        let over = Connecting { person: None, try_at: None, refused: Some(why), ..waits };
        organisation.connecting = Some(over);
        self.records.write(vec![replace(&organisation, version)?]).await?;
        Ok(Report::Refused(why))
    }
}

/// The reason of a refusal, from the error that Microsoft still answered with when the wait was over.
fn why(error: &Error) -> ConnectRefusal {
    match (error.kind(), error.refusal()) {
        (ErrorKind::Denied, None | Some(Refusal::NoConsent)) => ConnectRefusal::NotGranted,
        (ErrorKind::Throttled { .. } | ErrorKind::Unavailable, _) => ConnectRefusal::NoAnswer,
        _ => ConnectRefusal::NotAdmitted,
    }
}
