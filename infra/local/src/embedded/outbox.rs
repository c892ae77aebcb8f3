//! Mail as files: `{time}-{id}.eml` in a folder, to be opened with any mail program.
//!
//! Nothing leaves this machine. A mail sent again under its id replaces its file, so that the folder holds
//! what a reader's mailbox would show.

use async_trait::async_trait;
use domain::Result;
use embedded::blocking;
use embedded::files::{io_error, make_folder, replace_private};
use engine::ports::{Clock, Handed, Mail, Mailer, is_address};
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
        Ok(Self { folder, sender: sender.into(), clock, turn: Mutex::new(()) })
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
        blocking(move || {
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
        .await
    }
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
