//! Mail that would have left.

use crate::lock;
use async_trait::async_trait;
use domain::{Error, Result};
use engine::ports::{Mail, Mailer};
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
    async fn send(&self, mail: &Mail) -> Result<String> {
        let one_line = |text: &str| !text.contains(['\r', '\n']);
        let address = mail.to.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@') && !mail.to.contains(' ')
        });
        if !address || ![&mail.to, &mail.subject, &mail.id].into_iter().all(|text| one_line(text)) {
            return Err(Error::invalid("the mail can never be sent: its address or a header is wrong"));
        }
        let mut sent = lock(&self.0);
        sent.push(mail.clone());
        Ok(format!("memory-{}", sent.len()))
    }
}
