//! A single look at what Graph answers, whatever it answers: for questions about Graph itself, never for a backup.
//!
//! It can only read: what is sent is GET.

use crate::{GraphClient, call::Ask};
use domain::{Result, TenantId, kinds::ApiVersion};
use serde_json::Value;

const WHAT: &str = "looking at what Graph answers";

/// What Graph answered to a look, refusals too.
#[derive(Clone, Debug)]
pub struct Looked {
    /// The HTTP status of the answer.
    pub status: u16,
    /// The body, where it is JSON; else null.
    pub body: Value,
}

impl GraphClient {
    /// Asks for what is at that path and query below a version.
    ///
    /// # Errors
    /// Where there is no token, or no answer. A refusal is an answer.
    pub async fn look(&self, tenant: &TenantId, version: ApiVersion, below: &str) -> Result<Looked> {
        self.look_at(tenant, Ask::get(self.address(version, below)?, 1, WHAT)).await
    }

    /// Asks for what a link leads to that Graph gave.
    ///
    /// # Errors
    /// As [`Self::look`]; `Unavailable` where it leads anywhere else.
    pub async fn look_on(&self, tenant: &TenantId, link: &str) -> Result<Looked> {
        self.look_at(tenant, Ask::get(self.own_link(link)?, 1, WHAT)).await
    }

    async fn look_at(&self, tenant: &TenantId, ask: Ask) -> Result<Looked> {
        let reply = self.ask(tenant, &ask).await?;
        Ok(Looked { status: reply.status, body: reply.body })
    }
}
