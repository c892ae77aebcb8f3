//! Failures that a test orders: the next requests that fit a rule fail, before or after they take effect.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard};

use crate::observe::address;

/// Which requests fail, and how.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts")]
pub struct FaultRule {
    /// Only requests with this method; none means any.
    pub method: Option<String>,
    /// Only paths (with query) that contain this.
    pub path_contains: String,
    /// Only requests of exactly this address, as [`crate::SeenRequest::address`] gives it; none means any.
    pub address: Option<String>,
    /// Only requests whose body contains this.
    pub body_contains: String,
    /// Only requests whose true answer contains this: it is given up for the fault.
    pub answer_contains: String,
    /// Only requests for tokens; otherwise only requests to Graph.
    pub login: bool,
    /// The status of the answer; 0 cuts the connection in the middle of it, 1 closes it before any of it.
    pub status: u16,
    /// The body of the answer; empty means an error body of Graph.
    pub body: String,
    /// Further headers of the answer.
    pub headers: Vec<(String, String)>,
    /// The value of `Retry-After`, whatever it is.
    pub retry_after: Option<String>,
    /// Instead of all that, the true answer, of which the second half is missing.
    pub half: bool,
    /// Instead of all that, the true answer, in which the first text is replaced by the second.
    pub replace: Option<(String, String)>,
    /// How many requests fail.
    pub times: u32,
    /// How many that fit pass before the first fails.
    pub skip: u32,
    /// Of those that fit, one in so many fails, by chance; 0: each.
    pub one_in: u64,
    /// What chance follows from: the same request of the same number of its address always fails, or never.
    pub seed: u64,
    /// Whether the request takes effect before it is answered by this rule.
    pub after: bool,
}

impl FaultRule {
    /// Whether the request is worked on before this rule is what answers it.
    pub(crate) fn is_late(&self) -> bool {
        self.after || self.is_about_the_answer() || !self.answer_contains.is_empty()
    }

    /// Whether it is the true answer that is changed.
    pub(crate) fn is_about_the_answer(&self) -> bool {
        self.half || self.replace.is_some()
    }

    /// Whether the rule fits the true answer.
    pub(crate) fn fits_answer(&self, body: &[u8]) -> bool {
        self.answer_contains.is_empty() || String::from_utf8_lossy(body).contains(&self.answer_contains)
    }

    /// What becomes of the true answer.
    pub(crate) fn change(&self, body: &mut Vec<u8>) {
        if self.half {
            body.truncate(body.len() / 2);
        }
        if let Some((from, to)) = &self.replace {
            *body = String::from_utf8_lossy(body).replace(from, to).into_bytes();
        }
    }

    /// Whether chance lets the request fail that is the `number`-th of its address.
    fn is_drawn(&self, method: &str, address: &str, number: u64) -> bool {
        let mut hasher = DefaultHasher::new();
        (self.seed, method, address, number).hash(&mut hasher);
        self.one_in == 0 || hasher.finish().is_multiple_of(self.one_in)
    }
}

/// The rules, and how many requests of each address there were while one of them went by chance.
#[derive(Default)]
pub(crate) struct Faults {
    pub rules: Mutex<Vec<FaultRule>>,
    pub numbers: Mutex<HashMap<String, u64>>,
}

impl Faults {
    fn rules(&self) -> MutexGuard<'_, Vec<FaultRule>> {
        self.rules.lock().expect("the lock is never held over a panic")
    }

    pub fn add(&self, rule: FaultRule) {
        self.rules().push(rule);
    }

    pub fn clear(&self) {
        self.rules().clear();
    }

    pub fn left(&self) -> u64 {
        self.rules().iter().map(|rule| u64::from(rule.times)).sum()
    }

    /// The rule for this request to Graph, which is used up by one.
    pub fn take(&self, method: &str, path_and_query: &str, body: &[u8]) -> Option<FaultRule> {
        self.take_of(method, path_and_query, body, false)
    }

    /// The rule for this request for a token, which is used up by one.
    pub fn take_login(&self, method: &str, path: &str) -> Option<FaultRule> {
        self.take_of(method, path, &[], true)
    }

    fn take_of(&self, method: &str, path_and_query: &str, body: &[u8], login: bool) -> Option<FaultRule> {
        let mut rules = self.rules();
        let address = address(path_and_query);
        let number = if rules.iter().any(|rule| rule.one_in > 0) {
            let mut numbers = self.numbers.lock().expect("the lock is never held over a panic");
            let number = numbers.entry(format!("{method} {address}")).or_default();
            *number += 1;
            *number
        } else {
            0
        };
        let rule = rules.iter_mut().find(|rule| {
            rule.times > 0
                && rule.login == login
                && rule.method.as_ref().is_none_or(|m| m.eq_ignore_ascii_case(method))
                && rule.address.as_ref().is_none_or(|wanted| *wanted == address)
                && path_and_query.contains(&rule.path_contains)
                && (rule.body_contains.is_empty()
                    || String::from_utf8_lossy(body).contains(&rule.body_contains))
                && rule.is_drawn(method, address, number)
        })?;
        if rule.skip > 0 {
            rule.skip -= 1;
            return None;
        }
        rule.times -= 1;
        Some(rule.clone())
    }
}
