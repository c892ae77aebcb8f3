//! The calls of a run.

use domain::{ErrorKind, TenantId};
use std::fmt::{self, Display};

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Not yet answered: in flight, or its caller went away.
    Open,
    /// The port answered, with a value.
    Done,
    /// The port itself failed.
    Refused(ErrorKind),
    /// The plan failed it, without effect.
    FailedBefore,
    /// The plan failed it after its effect.
    FailedAfter,
}

/// A call as it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedCall {
    /// The port: `vault`, `catalog`, `queue`, `returns`, `key_ring`, `mailer`, `secrets`, `directory`, `writer`.
    pub port: &'static str,
    /// The method of the port that was called.
    pub method: &'static str,
    /// Whose data it touches; none for what is not a tenant's, several for one write over several scopes.
    pub tenants: Vec<TenantId>,
    /// What it is about: a blob's name, keys, a queue.
    pub subject: String,
    /// What became of it.
    pub outcome: Outcome,
}

impl LoggedCall {
    pub(super) fn new(port: &'static str, method: &'static str, subject: impl Display) -> Self {
        Self { port, method, tenants: Vec::new(), subject: subject.to_string(), outcome: Outcome::Open }
    }
    pub(super) fn of(mut self, tenant: &TenantId) -> Self {
        if !self.tenants.contains(tenant) {
            self.tenants.push(tenant.clone());
        }
        self
    }
}

impl Display for LoggedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} {} {:?}", self.port, self.method, self.subject, self.outcome)
    }
}

/// Calls in the order in which they were made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallLog(Vec<LoggedCall>);

impl CallLog {
    /// The calls in the order in which they were made.
    pub fn calls(&self) -> &[LoggedCall] {
        &self.0
    }
    /// How many there are.
    pub fn len(&self) -> u64 {
        self.0.len() as u64
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// How many there are of one method of one port.
    pub fn count(&self, port: &str, method: &str) -> usize {
        self.0.iter().filter(|call| call.port == port && call.method == method).count()
    }
    /// How many there are of one port.
    pub fn count_of_port(&self, port: &str) -> usize {
        self.0.iter().filter(|call| call.port == port).count()
    }
    /// The calls that touched any tenant's data but this one's.
    pub fn of_others_than(&self, tenant: &TenantId) -> Vec<&LoggedCall> {
        self.0.iter().filter(|call| call.tenants.iter().any(|touched| touched != tenant)).collect()
    }
    /// One line for each, numbered: for the message of a failed assertion.
    pub fn print(&self) -> String {
        self.0.iter().enumerate().fold(String::new(), |text, (i, call)| format!("{text}{i:5} {call}\n"))
    }

    pub(super) fn push(&mut self, call: LoggedCall) -> u64 {
        self.0.push(call);
        self.len() - 1
    }
    pub(super) fn finish(&mut self, index: u64, outcome: Outcome) {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        if let Some(call) = self.0.get_mut(index) {
            call.outcome = outcome;
        }
    }
}
