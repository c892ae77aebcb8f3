//! What a caller has used of its limit, over all instances of the functions behind the API. A row that is lost means a
//! caller whose limit is whole again, and nothing else.

use super::Record;
use super::address::{At, Budgets};
use domain::Timestamp;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// By when a caller's budget is whole again: a bucket that fills steadily needs no other figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallerBudget {
    /// The caller, as [`CallerBudget::caller_of`] names it.
    pub caller: String,
    /// By when it is whole again; it is whole where this is in the past.
    pub full_at: Timestamp,
}

impl CallerBudget {
    /// How a budget names a caller: a hash of how logs name it, with its partner. Why a hash: one length, no signs.
    pub fn caller_of(name: &str) -> String {
        blake3::hash(name.as_bytes()).to_hex()[..32].to_owned()
    }
    /// The address of the budget of a caller.
    pub fn at(caller: &str) -> At<Self> {
        At::of(&Budgets, caller)
    }
}

impl Record for CallerBudget {
    type Owner = Budgets;
    const PREFIX: &'static str = "budget#";
    fn address(&self) -> At<Self> {
        Self::at(&self.caller)
    }
    fn expires_at(&self) -> Option<Timestamp> {
        // Why later: a row that has just ended would be made anew by every instance at once.
        self.full_at.checked_add(SignedDuration::from_mins(10)).ok()
    }
}
