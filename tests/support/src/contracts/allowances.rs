//! Where a target may differ.

/// A part of a contract that a target may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowance {
    /// Of writers at once, losers may get a transient error (`Conflict`, `Throttled`, `Unavailable`) instead of
    /// being told that the blob is there.
    LosersMayFailTransiently,
    /// A watched list shows a write late; the contract asks again for up to ten seconds.
    DueListsLag,
    /// While a message of a group is in flight, the next of the group may be had already.
    GroupsRunAhead,
    /// A message that was made visible again, or repeated within five minutes, is not handled as documented.
    RedeliveryIsNotModelled,
    /// A tampered wrapped key is refused `Denied` instead of `Corrupt`: the service does not tell them apart.
    TamperingIsDenied,
    /// The target does not bind the tenant into the wrapping.
    TenantIsNotBound,
    /// The target takes any address and any header.
    MailIsNotChecked,
}

/// The allowances of a target, each with its reason.
#[derive(Clone, Debug, Default)]
pub struct Allowances {
    target: &'static str,
    allowed: Vec<(Allowance, &'static str)>,
}

impl Allowances {
    /// None: the target keeps the whole contract.
    pub fn none(target: &'static str) -> Self {
        Self { target, allowed: Vec::new() }
    }
    /// One more, for that reason.
    #[must_use]
    pub fn and(mut self, allowance: Allowance, reason: &'static str) -> Self {
        self.allowed.push((allowance, reason));
        self
    }

    /// Whether it is allowed; says so on standard error when it is.
    pub(super) fn has(&self, allowance: Allowance) -> bool {
        let found = self.allowed.iter().find(|(allowed, _)| *allowed == allowance);
        if let Some((_, reason)) = found {
            eprintln!("not held by {}: {allowance:?}: {reason}", self.target);
        }
        found.is_some()
    }
}
