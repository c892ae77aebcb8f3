//! `$top` and `$skiptoken`: a page is found by position, never by counting from the start.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::call::Call;
use super::error::{Failure, bad, malformed};
use crate::switches::OverMaximum;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Paging {
    pub top: usize,
    pub start: usize,
    /// How many positions there were when the first page was read.
    total: usize,
    seed: Option<u64>,
}

fn coprime(n: u64) -> u64 {
    let gcd = |mut a: u64, mut b: u64| {
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    [7_919, 104_729, 1_299_709, 15_485_863].into_iter().find(|p| gcd(*p, n) == 1).unwrap_or(1)
}

impl Paging {
    pub fn of(call: &Call, total: usize, default: usize, maximum: usize) -> Result<Self, Failure> {
        let mut top = default;
        if let Some(text) = call.query.get("$top") {
            top = text.parse().ok().filter(|top| *top > 0).ok_or_else(|| {
                malformed("Invalid page size specified: the value of $top must be positive.")
            })?;
            if top > maximum {
                match call.switches.top_over_maximum {
                    OverMaximum::Clamp => top = maximum,
                    OverMaximum::Refuse => {
                        return Err(bad(format!(
                            "Invalid page size specified: '{top}'. Must be between 1 and {maximum} inclusive."
                        )));
                    }
                }
            }
        }
        top = top.min(call.switches.page_limit);
        if call.query.get("$skip").is_some() {
            return Err(bad("'$skip' is not supported by the service."));
        }
        let Some(token) = call.query.get("$skiptoken") else {
            return Ok(Self { top, start: 0, total, seed: call.switches.shuffle });
        };
        let wrong =
            || bad("Directory_ExpiredPageToken: the specified page token value has expired or is invalid.");
        let text =
            URL_SAFE_NO_PAD.decode(token).ok().and_then(|b| String::from_utf8(b).ok()).ok_or_else(wrong)?;
        let numbers: Vec<u64> = text.strip_prefix("page.").map_or(Vec::new(), |numbers| {
            numbers.split('.').map_while(|number| number.parse().ok()).collect()
        });
        let size = |number: u64| usize::try_from(number).map_err(|_| wrong());
        match numbers.as_slice() {
            [start, total] => Ok(Self { top, start: size(*start)?, total: size(*total)?, seed: None }),
            [start, total, seed] => {
                Ok(Self { top, start: size(*start)?, total: size(*total)?, seed: Some(*seed) })
            }
            _ => Err(wrong()),
        }
    }

    /// What is sorted stays so, also where pages are in another order.
    pub fn keep_order(&mut self) {
        self.seed = None;
    }

    /// The stored position of the n-th place, in the order of this reading.
    pub fn place(&self, n: usize) -> usize {
        match self.seed {
            Some(seed) if n < self.total => {
                let total = self.total as u64;
                let at = (n as u64 * coprime(total) + seed % total) % total;
                usize::try_from(at).unwrap_or(n)
            }
            _ => n,
        }
    }

    /// Takes items from `start` until the page is full; gives where the next page starts, if there is one.
    pub fn fill(&self, positions: usize, mut take: impl FnMut(usize) -> bool) -> Option<usize> {
        let mut taken = 0;
        for n in self.start..positions {
            if taken == self.top {
                return Some(n);
            }
            if take(self.place(n)) {
                taken += 1;
            }
        }
        None
    }

    /// The link to the next page: the request's own options, with a token.
    pub fn link(&self, call: &Call, next: usize) -> String {
        let token = match self.seed {
            Some(seed) => format!("page.{next}.{}.{seed}", self.total),
            None => format!("page.{next}.{}", self.total),
        };
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in call.query.iter().filter(|(name, _)| *name != "$skiptoken") {
            query.append_pair(name, value);
        }
        query.append_pair("$skiptoken", &URL_SAFE_NO_PAD.encode(token));
        let query = query.finish().replace("%24", "$");
        format!("{}{}?{query}", call.base, call.raw_path)
    }
}
