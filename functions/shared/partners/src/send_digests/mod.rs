//! Mail: notices at once (from the queue) and digests (from the tick).
//!
//! A mail service cannot be part of a transaction. So the row of a mail says that it is handed over before it is, and what
//! became of it afterwards; between the two stands one call of the service.
//!
//! | what the row says | what is done | why |
//! | --- | --- | --- |
//! | nothing, or that the service did not take it | it is sent | the service's own word: it has not left |
//! | handed over | nothing for a quarter of an hour | somebody is at it, or the service tells in between that it sent it |
//! | handed over, no answer came (a time-out) | sent again after that, under its id | **at least once**: the service would have told that it sends it. An alert that is lost does more harm than one that comes twice, and a receiver knows a repetition by its id |
//! | handed over, and nothing since, where the service tells what it sends (SES) | sent again after a quarter of an hour | it told nothing, so it took nothing: who was about to hand it over had ended before |
//! | the same, where it tells nothing (a folder) | never sent again; what it told stands in the next digest | **at most once**: mostly the mail has left and only the row failed, and a catalog that is unwell is so for every mail. Nothing is lost either way |
//!
//! What the service tells (`settle`) counts before all of that, whenever it comes. So a row that could not be written sends
//! no mail a second time.
//!
//! Only an address that can take no mail is refused for good, and then another Owner is told in that person's place. A mail
//! that did not leave for any other reason stays due and is tried again, however long that lasts; where somebody has to
//! help first, a metric raises the operator's alarm.
//!
//! What a mail shows is what its reader may see when it leaves: topics by role, organisations by the person's limit and by
//! whose they are now.

mod at_once;
mod collect;
mod digest;
mod fit;
mod fold;
mod invite;
mod places;
mod render;
mod settle;
mod views;

use async_trait::async_trait;
use domain::{Error, Result, TenantId, Timestamp};
use engine::messages;
use engine::metrics::{MAILS_LATER, MAILS_NOT_TAKEN};
use engine::ports::{Clock, Handed, Ids, Mail, Mailer};
use engine::records::{Delivery, HandOver, MailStanding, Records};
use engine::work::{JobWorker, TickWorker};
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
    /// Invitations that another process is sending.
    pub claimed: u64,
    /// Mails that were handed over, by this process or by another, and of which is not known yet what became.
    pub waiting: u64,
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

    /// The same, with the address at which people find what a mail has no room for.
    #[must_use]
    pub fn with_portal(mut self, portal: &str) -> Self {
        self.templates = Arc::new(self.templates.with_portal(portal));
        self
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
        report.waiting += invited.waiting;
        report.failed += invited.failed;
        Ok(report)
    }

    /// How a mail stands whose row says that about its hand-over, and no end.
    fn standing(&self, handed: Option<&HandOver>) -> MailStanding {
        match HandOver::standing(handed, self.clock.now()) {
            // The service would have told of it by now.
            MailStanding::Lost if self.mailer.tells() => MailStanding::Free,
            standing => standing,
        }
    }

    /// Hands a mail over, for the person or the invitation of that id. None when the service gave no answer.
    ///
    /// # Errors
    /// When the service did not take it, so that it is still due.
    async fn hand_over(&self, mail: &Mail, to: &(dyn Display + Sync)) -> Result<Option<Delivery>> {
        match self.mailer.send(mail).await {
            Ok(Handed::Taken(_)) => Ok(Some(Delivery::Sent)),
            Ok(Handed::AddressRefused) => {
                tracing::warn!(%to, mail = %mail.id, "no mail can be sent to this address");
                Ok(Some(Delivery::Refused))
            }
            Ok(Handed::Unanswered) => {
                tracing::warn!(%to, mail = %mail.id, "the mail service gave no answer; the mail may have left");
                MAILS_LATER.add(1);
                Ok(None)
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
        let report = self.send_notice(&request, deadline).await?;
        tracing::info!(tenant = %request.tenant, notice = request.notice, ?report, "send-digests");
        Ok(())
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
