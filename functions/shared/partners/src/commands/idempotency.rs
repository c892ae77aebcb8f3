//! A request that is sent twice under one key is done once.
//!
//! Not a decision about rights: whose key it is follows from the caller, and the request itself comes to the door as
//! any other does.

use domain::{Error, ErrorKind, PartnerId, Result};
use engine::records::{Found, IdempotentRequest, KeptReply, Records, RequestState, delete};
use jiff::SignedDuration;

/// For how many hours a reply is given again.
pub const KEPT_HOURS: i64 = 24;
/// For how many seconds a request that never ended holds its key: longer than a function can run.
pub const RUNS_SECONDS: i64 = 60;
/// How long a body may be, in bytes, to be kept: a row holds 300 KB.
pub const KEPT_BODY_BYTES: usize = 128 * 1024;
/// How often a request tries to begin when the row with its key appears and goes again in between.
const TRIES: usize = 4;
/// How many hexadecimal digits a secret of ours has, see [`engine::ports::Ids::token`].
const SECRET_DIGITS: usize = 64;
/// The fields of replies that hold a secret which is not one of ours.
const NAMED_SECRETS: [&str; 1] = ["temporaryAccessPass"];

/// The keys of requests, and what became of each.
#[derive(Clone)]
pub struct Idempotency {
    /// The rows in which keys and replies are kept.
    pub records: Records,
}

/// The hash of parts, each with its length before it: no two lists of parts are one text.
pub fn hash_of(parts: &[&[u8]]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().to_hex().to_string()
}

/// What to do with a request.
#[derive(Debug)]
pub enum Begun {
    /// It is new, and the key is taken: work on it, then call [`Idempotency::end`] or [`Idempotency::forget`] with this
    /// row.
    Run(Box<Found<IdempotentRequest>>),
    /// It was done before: give this reply again.
    Replay(KeptReply),
    /// It was done before, and its reply is not kept.
    Unkept {
        /// The status of the reply.
        status: u16,
        /// The id of what it made.
        made: Option<String>,
    },
    /// Another call with the same key is being worked on.
    Running,
    /// The key was used for another body.
    OtherBody,
}

impl Idempotency {
    /// Begins a request, or finds what became of it. Of two that begin at once one runs.
    ///
    /// # Errors
    /// `Unavailable` when the row comes and goes.
    pub async fn begin(&self, partner: Option<&PartnerId>, name: &str, body_hash: &str) -> Result<Begun> {
        let fresh = IdempotentRequest {
            partner: partner.cloned(),
            name: name.to_owned(),
            body_hash: body_hash.to_owned(),
            progress: RequestState::Running,
            expires_at: self.records.clock().now() + SignedDuration::from_secs(RUNS_SECONDS),
        };
        for _ in 0..TRIES {
            match self.records.put_new(&fresh).await {
                Ok(()) => return Ok(Begun::Run(Box::new(Found { value: fresh, version: 1 }))),
                Err(e) if e.kind() == ErrorKind::Conflict => {}
                Err(e) => return Err(e),
            }
            if let Some(found) = self.records.find(&IdempotentRequest::at(partner, name)).await? {
                return Ok(what_became_of(found.value, body_hash));
            }
        }
        Err(Error::unavailable("the idempotency key is taken and let go at once"))
    }

    /// Keeps the reply that the request ended with, unless it is too long or shows a secret.
    pub async fn end(&self, begun: Found<IdempotentRequest>, reply: KeptReply) -> Result<()> {
        let progress = if reply.body.len() > KEPT_BODY_BYTES || shows_secret(&reply.body) {
            RequestState::DoneUnkept { status: reply.status, made: made(&reply.body) }
        } else {
            RequestState::Done(reply)
        };
        let expires_at = self.records.clock().now() + SignedDuration::from_hours(KEPT_HOURS);
        let row = IdempotentRequest { progress, expires_at, ..begun.value };
        self.records.replace(&row, begun.version).await
    }

    /// Lets the key go after a failure: the next call with it is worked on anew.
    pub async fn forget(&self, begun: &Found<IdempotentRequest>) -> Result<()> {
        self.records.write(vec![delete(&begun.value, begun.version)]).await
    }
}

fn what_became_of(found: IdempotentRequest, body_hash: &str) -> Begun {
    match found.progress {
        _ if found.body_hash != body_hash => Begun::OtherBody,
        RequestState::Running => Begun::Running,
        RequestState::Done(reply) => Begun::Replay(reply),
        RequestState::DoneUnkept { status, made } => Begun::Unkept { status, made },
    }
}

/// Whether a secret is in the body. Why by its form and not by a list of routes: tokens and one-time states
/// have one form, and a route that is missing from a list would leave its secret in the table. What Microsoft makes has no
/// form of its own, and stands under Microsoft's name for it.
fn shows_secret(body: &str) -> bool {
    if NAMED_SECRETS.iter().any(|name| body.contains(&format!("\"{name}\""))) {
        return true;
    }
    body.split(|c: char| !c.is_ascii_hexdigit()).any(|run| run.len() >= SECRET_DIGITS)
}

fn made(body: &str) -> Option<String> {
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    Some(body.get("id")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::shows_secret;

    #[test]
    fn a_secret_is_recognised_by_its_form() {
        let token = format!("hft_{}", "0a".repeat(32));
        assert!(shows_secret(&format!("{{\"ownerToken\":\"{token}\"}}")));
        assert!(shows_secret(&format!("https://login.example.com/?state={}&x=1", "f".repeat(64))));
        assert!(shows_secret("{\"temporaryAccessPass\":\"+drkzqAD\"}"));
        assert!(!shows_secret("{\"id\":\"prt_01jaaaaaaaaaaaaaaaaaaaaaaa\"}"));
    }
}
