//! Mail that would have left.

use crate::lock;
use async_trait::async_trait;
use domain::{Error, Result};
use engine::ports::{Handed, MAX_MAIL_BYTES, Mail, Mailer, is_address};
use std::sync::Mutex;

/// Keeps every mail handed over, repetitions too, in order.
#[derive(Default)]
pub struct MemoryMailer(pub(super) Mutex<State>);

#[derive(Clone, Default)]
pub(super) struct State {
    sent: Vec<Mail>,
    count: u64,
    /// What it has not told of yet; none while it tells nothing.
    untold: Option<Vec<Mail>>,
}

impl MemoryMailer {
    /// Everything sent so far.
    pub fn sent(&self) -> Vec<Mail> {
        lock(&self.0).sent.clone()
    }
    /// Takes everything sent since the last taking.
    pub fn take_sent(&self) -> Vec<Mail> {
        std::mem::take(&mut lock(&self.0).sent)
    }
    /// From now on it tells of each mail that it sends, as SES does: whoever stands in for the queue asks
    /// [`Self::take_untold`].
    pub fn begin_to_tell(&self) {
        lock(&self.0).untold.get_or_insert_default();
    }
    /// The mails that were sent and of which it has not told yet.
    pub fn take_untold(&self) -> Vec<Mail> {
        lock(&self.0).untold.as_mut().map(std::mem::take).unwrap_or_default()
    }
}

#[async_trait]
impl Mailer for MemoryMailer {
    async fn send(&self, mail: &Mail) -> Result<Handed> {
        if !is_address(&mail.to) {
            return Ok(Handed::AddressRefused);
        }
        if mail.subject.chars().any(char::is_control) {
            return Err(Error::invalid("a mail's subject is one line"));
        }
        if mail.subject.len() + mail.text.len() + mail.html.len() > MAX_MAIL_BYTES {
            return Err(Error::denied("a mail is longer than the mail service takes"));
        }
        let mut state = lock(&self.0);
        state.sent.push(mail.clone());
        state.count += 1;
        if let Some(untold) = &mut state.untold {
            untold.push(mail.clone());
        }
        Ok(Handed::Taken(format!("memory-{}", state.count)))
    }

    fn tells(&self) -> bool {
        lock(&self.0).untold.is_some()
    }
}
