//! What became of a request that came with an idempotency key.

use super::Record;
use super::address::At;
use domain::{PartnerId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A reply that can be given again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptReply {
    /// Its status.
    pub status: u16,
    /// The headers that are part of the answer, by their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Its body.
    pub body: String,
}

/// How far the request has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Progress {
    /// It is being done.
    Running,
    /// It was done, and answered so.
    Done(KeptReply),
    /// It was done; its reply showed a secret, or is too long, and is not kept.
    DoneUnkept {
        /// Its status.
        status: u16,
        /// The id of what it made, where it said one.
        made: Option<String>,
    },
}

/// A request with a key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdempotentRequest {
    /// Whose; none for the operator.
    pub partner: Option<PartnerId>,
    /// The hash of who asked, what, and the key.
    pub name: String,
    /// The hash of its body.
    pub body_hash: String,
    /// How far it has come.
    pub progress: Progress,
    /// When it is forgotten.
    pub expires_at: Timestamp,
}

impl IdempotentRequest {
    /// Where the request that came under that name from a partner, or from nobody's is.
    pub fn at(partner: Option<&PartnerId>, name: &str) -> At<Self> {
        At::of(&partner.cloned(), name)
    }
}

impl Record for IdempotentRequest {
    type Owner = Option<PartnerId>;
    const PREFIX: &'static str = "idempotency#";
    fn address(&self) -> At<Self> {
        Self::at(self.partner.as_ref(), &self.name)
    }
    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}
