//! Failures that a test orders: the next requests that fit a rule fail, before or after they take effect.

use std::sync::Mutex;

/// Which requests fail, and how.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct FaultRule {
    /// Only requests with this method; none means any.
    pub method: Option<String>,
    /// Only paths (with query) that contain this.
    pub path_contains: String,
    /// The status of the answer; 0 cuts the connection.
    pub status: u16,
    /// The body of the answer; empty means an error body of Graph.
    pub body: String,
    /// The value of `Retry-After`, whatever it is.
    pub retry_after: Option<String>,
    /// How many requests fail.
    pub times: u32,
    /// How many that fit pass before the first fails.
    pub skip: u32,
    /// Whether the request takes effect before it is answered by this rule.
    pub after: bool,
}

#[derive(Default)]
pub(crate) struct Faults(pub Mutex<Vec<FaultRule>>);

impl Faults {
    pub fn add(&self, rule: FaultRule) {
        self.0.lock().expect("the lock is never held over a panic").push(rule);
    }

    pub fn clear(&self) {
        self.0.lock().expect("the lock is never held over a panic").clear();
    }

    /// The rule for this request, which is used up by one.
    pub fn take(&self, method: &str, path_and_query: &str) -> Option<FaultRule> {
        let mut rules = self.0.lock().expect("the lock is never held over a panic");
        let rule = rules.iter_mut().find(|rule| {
            rule.times > 0
                && rule.method.as_ref().is_none_or(|m| m.eq_ignore_ascii_case(method))
                && path_and_query.contains(&rule.path_contains)
        })?;
        if rule.skip > 0 {
            rule.skip -= 1;
            return None;
        }
        rule.times -= 1;
        Some(rule.clone())
    }
}
