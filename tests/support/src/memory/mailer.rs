//! Mail that would have left.

use crate::lock;
use async_trait::async_trait;
use domain::{Error, Result};
use engine::ports::{Handed, MAX_MAIL_BYTES, Mail, Mailer, is_address};
use std::sync::Mutex;

/// Keeps every mail handed over, repetitions too, in order.
#[derive(Default)]
pub struct MemoryMailer(Mutex<Vec<Mail>>);

impl MemoryMailer {
    /// Everything sent so far.
    pub fn sent(&self) -> Vec<Mail> {
        lock(&self.0).clone()
    }
    /// Takes everything sent since the last taking.
    pub fn take_sent(&self) -> Vec<Mail> {
        std::mem::take(&mut *lock(&self.0))
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
        let mut sent = lock(&self.0);
        sent.push(mail.clone());
        Ok(Handed::Taken(format!("memory-{}", sent.len())))
    }
}
