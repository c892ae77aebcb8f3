//! Mail as files: `{time}-{id}.eml` in a folder, to be opened with any mail program.
//!
//! Nothing leaves this machine. Mail to the addresses of SES's mailbox simulator comes back as it would from there:
//! `bounce@`, `complaint@` and `suppressionlist@simulator.amazonses.com`, each also with a label (`bounce+ada@…`). What
//! comes of it is told in the queue of `send-digests`, in SES's own words.
//! Source: <https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html>
//!
//! Nothing else is told of mail here: a mail that was taken lies in the folder. A mail sent again under its id replaces its file, so that the folder holds
//! what a reader's mailbox would show.

use async_trait::async_trait;
use domain::Result;
use embedded::blocking;
use embedded::files::{io_error, make_folder, replace_private};
use engine::ports::{Clock, Handed, JobQueue, Mail, MailId, Mailer, Outgoing, Queue, is_address};
use serde_json::{Value, json};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::Mutex;

/// A mailer that writes each mail into a folder.
pub struct Outbox {
    folder: PathBuf,
    sender: String,
    clock: Arc<dyn Clock>,
    turn: Mutex<()>,
    told: Option<Arc<dyn Queue>>,
}

impl Outbox {
    /// The outbox in that folder, which is made if it is not there; `sender` is the address in `From`.
    pub fn open(
        folder: impl Into<PathBuf>,
        sender: impl Into<String>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let folder = folder.into();
        make_folder(&folder, 0o700).map_err(|e| io_error("the outbox cannot be opened", e))?;
        Ok(Self { folder, sender: sender.into(), clock, turn: Mutex::new(()), told: None })
    }

    /// The same, telling in that queue what becomes of mail to the simulated mailboxes.
    #[must_use]
    pub fn telling(self, queue: Arc<dyn Queue>) -> Self {
        Self { told: Some(queue), ..self }
    }

    /// The folder that the mails lie in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

#[async_trait]
impl Mailer for Outbox {
    async fn send(&self, mail: &Mail) -> Result<Handed> {
        if !is_address(&mail.to) {
            return Ok(Handed::AddressRefused);
        }
        let sent_at = self.clock.now();
        // Why by the AWS adapter: a file then holds the same bytes as SES would send. A mail's id is fit for a file's
        // name.
        let bytes = aws::mime(mail, &self.sender)?;
        let (folder, id) = (self.folder.clone(), mail.id.clone());
        // Why one at a time: when one mail is sent twice at once, the second call must see the file of the first.
        let _turn = self.turn.lock().await;
        let handed = blocking(move || {
            let put = || -> io::Result<Handed> {
                let name = match find_sent(&folder, id.as_str())? {
                    Some(name) => name,
                    None => format!("{}-{id}.eml", sent_at.strftime("%Y%m%dT%H%M%S%3fZ")),
                };
                replace_private(&folder.join(&name), &bytes)?;
                Ok(Handed::Taken(name))
            };
            put().map_err(|e| io_error("a mail cannot be put into the outbox", e))
        })
        .await?;
        if let (Some(queue), Some(event)) = (&self.told, event_of(mail, &sent_at.to_string())) {
            let deduplication_id = MailId::of("event", &[mail.id.as_str(), &sent_at.to_string()]).to_string();
            let (body, group) = (event.to_string(), "mail-events".to_owned());
            let sent = Outgoing { queue: JobQueue::SendDigests, group, deduplication_id, body };
            // Why no failure of the mail: it lies in the folder.
            if let Err(error) = queue.send(sent).await {
                tracing::warn!(mail = %mail.id, %error, "what became of a mail was not told");
            }
        }
        Ok(handed)
    }
}

/// What SES would tell of a mail to one of its simulated mailboxes; none of any other.
fn event_of(mail: &Mail, at: &str) -> Option<Value> {
    let (local, domain) = mail.to.split_once('@')?;
    let mailbox = local.split('+').next().filter(|_| domain == "simulator.amazonses.com")?;
    let (kind, name, detail) = match mailbox {
        "bounce" => ("Bounce", "bounce", json!({ "bounceType": "Permanent", "bounceSubType": "General" })),
        "suppressionlist" => {
            let detail = json!({ "bounceType": "Permanent", "bounceSubType": "OnAccountSuppressionList" });
            ("Bounce", "bounce", detail)
        }
        "complaint" => ("Complaint", "complaint", json!({ "complaintSubType": null })),
        _ => return None,
    };
    let tags = mail.about.tags().into_iter().map(|(name, value)| (name.to_owned(), json!([value])));
    let mut event = json!({
        // A message of our queues has a type; SES's own has none.
        "type": "mail-event",
        "eventType": kind,
        "mail": {
            "timestamp": at,
            "destination": [mail.to],
            "tags": tags.collect::<serde_json::Map<String, Value>>(),
        },
    });
    event[name] = detail;
    event[name]["timestamp"] = json!(at);
    Some(event)
}

/// The file of a mail with that id, if it was sent before.
fn find_sent(folder: &Path, id: &str) -> io::Result<Option<String>> {
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let known = name.strip_suffix(".eml").and_then(|n| n.split_once('-'));
        if known.is_some_and(|(_, known)| known == id) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}
