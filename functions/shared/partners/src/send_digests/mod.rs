//! Mail: notices at once (from the queue) and digests (from the tick).
//!
//! A mail service cannot be part of a transaction, so a mail is handed over at least once: should the
//! process die between the service's yes and the row that says so, the same mail goes out again, word for
//! word and under the same id (`Mail::id`), by which a receiver can recognise a repetition. Nothing else repeats
//! one: not a message that is delivered twice, not two ticks at once, not a retry.
//!
//! Only an address that can take no mail is refused for good. A mail that did not leave for any other reason stays
//! due and is tried again, however long that lasts; where somebody has to help first, a metric raises the operator's
//! alarm.
//!
//! What a mail shows is what its reader may see: topics by role, organisations by the person's limit.

mod at_once;
mod collect;
mod digest;
mod fold;
mod invite;
mod render;

use async_trait::async_trait;
use domain::{Error, Result, TenantId, Timestamp};
use engine::messages;
use engine::metrics::{MAILS_LATER, MAILS_NOT_TAKEN};
use engine::ports::{Clock, Handed, Ids, Mail, Mailer};
use engine::records::{Delivery, Records};
use engine::work::{JobWorker, TickWorker, unless_gone};
use render::Templates;
use serde::{Deserialize, Serialize};
use std::fmt::Display;
use std::sync::Arc;

/// The body of a message that asks for the mails of one notice.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Request {
    /// The tenant that the notice is about.
    pub tenant: TenantId,
    /// The id of the notice, see [`engine::records::Notice::id`].
    pub notice: String,
}

/// What the job needs: what the function that runs it holds, and no more.
pub struct Ports {
    /// Rows of people, notices and what was sent.
    pub records: Records,
    /// Hands mails to the mail service.
    pub mailer: Arc<dyn Mailer>,
    /// Says whose digest is due.
    pub clock: Arc<dyn Clock>,
    /// Makes the secrets of invitations.
    pub ids: Arc<dyn Ids>,
}

/// The job's ports. No directory, no vault, no key: mails are made of notices alone.
#[derive(Clone)]
pub struct Worker {
    records: Records,
    mailer: Arc<dyn Mailer>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    templates: Arc<Templates>,
}

/// What a tick or a message did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Mails that the mail service took.
    pub sent: u64,
    /// Mails to addresses that can take none.
    pub refused: u64,
    /// Digests with nothing in them, not sent.
    pub empty: u64,
    /// Digests and invitations that another process is sending.
    pub claimed: u64,
    /// Mails that failed; they are tried again.
    pub failed: u64,
}

impl Worker {
    /// The job over these ports.
    ///
    /// # Errors
    /// `Invalid` when a mail template is broken.
    pub fn new(ports: Ports) -> Result<Self> {
        let Ports { records, mailer, clock, ids } = ports;
        Ok(Self { records, mailer, clock, ids, templates: Arc::new(Templates::new()?) })
    }

    /// Sends the invitations and the digests that are due.
    ///
    /// # Errors
    /// When the list of due people cannot be read. What fails for one person is counted in the report and
    /// tried again by a later tick.
    pub async fn send_due(&self, deadline: Timestamp) -> Result<Report> {
        let mut invited = Report::default();
        self.invite(deadline, &mut invited).await?;
        let mut report = self.digests(deadline).await?;
        report.sent += invited.sent;
        report.refused += invited.refused;
        report.claimed += invited.claimed;
        report.failed += invited.failed;
        Ok(report)
    }

    /// Hands a mail over, for the person or the invitation of that id.
    ///
    /// # Errors
    /// When it has not left and is still due.
    async fn hand_over(&self, mail: &Mail, to: &(dyn Display + Sync)) -> Result<Delivery> {
        match self.mailer.send(mail).await {
            Ok(Handed::Taken(_)) => Ok(Delivery::Sent),
            Ok(Handed::AddressRefused) => {
                tracing::warn!(%to, mail = %mail.id, "no mail can be sent to this address");
                Ok(Delivery::Refused)
            }
            Err(error) if error.is_transient() => {
                MAILS_LATER.add(1);
                Err(error)
            }
            Err(error) => {
                let kind = error.kind().name();
                tracing::error!(%to, mail = %mail.id, kind, %error, "mail of ours is not taken; it stays due");
                MAILS_NOT_TAKEN.add(1);
                Err(error)
            }
        }
    }

    /// Sends one notice to everybody who wants to be notified of it at once.
    ///
    /// # Errors
    /// `NotFound` when there is no such notice; otherwise the first of those that kept a mail from leaving,
    /// after all the others were tried.
    pub async fn send_notice(&self, request: &Request, deadline: Timestamp) -> Result<Report> {
        self.at_once(request, deadline).await
    }
}

#[async_trait]
impl JobWorker for Worker {
    fn name(&self) -> &'static str {
        "send-digests"
    }

    async fn handle(&self, body: &str, deadline: Timestamp) -> Result<()> {
        let request: Request = messages::read(body, messages::SEND_NOTICE)?;
        let done = self.send_notice(&request, deadline).await.map(|report| {
            tracing::info!(tenant = %request.tenant, notice = request.notice, ?report, "send-digests");
        });
        unless_gone(&self.records, &request.tenant, done).await
    }
}

#[async_trait]
impl TickWorker for Worker {
    fn name(&self) -> &'static str {
        "send-digests"
    }

    async fn tick(&self, deadline: Timestamp) -> Result<serde_json::Value> {
        let report = self.send_due(deadline).await?;
        serde_json::to_value(report).map_err(|e| Error::invalid("a report cannot be written").caused_by(e))
    }
}
