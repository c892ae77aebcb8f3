//! What became of a request that came with an idempotency key.

use super::Record;
use super::address::{At, Replies};
use domain::{PartnerId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A reply that can be given again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptReply {
    /// The HTTP status of the reply.
    pub status: u16,
    /// The headers that are part of the answer, by their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The reply's body, as text.
    pub body: String,
}

/// How far a request with a key has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RequestState {
    /// It is being worked on.
    Running,
    /// It was done, with this reply.
    Done(KeptReply),
    /// It was done; its reply showed a secret, or is too long, and is not kept.
    DoneUnkept {
        /// The HTTP status of the reply.
        status: u16,
        /// The id of what it made, where its reply named one.
        made: Option<String>,
    },
}

/// A request that came with an idempotency key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdempotentRequest {
    /// The partner whose request it is; none for the operator's.
    pub partner: Option<PartnerId>,
    /// The hash of who asked, what for, and the key.
    pub name: String,
    /// The hash of its body.
    pub body_hash: String,
    /// How far it has come.
    pub progress: RequestState,
    /// When the key is forgotten: from then on the same request is worked on anew.
    pub expires_at: Timestamp,
}

impl IdempotentRequest {
    /// The address of the request of that name: a partner's, or the operator's where there is no partner.
    pub fn at(partner: Option<&PartnerId>, name: &str) -> At<Self> {
        At::of(&partner.cloned(), name)
    }
}

impl Record for IdempotentRequest {
    type Owner = Replies;
    const PREFIX: &'static str = "idempotency#";
    fn address(&self) -> At<Self> {
        Self::at(self.partner.as_ref(), &self.name)
    }
    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}
