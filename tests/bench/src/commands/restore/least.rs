//! What Microsoft's limits on writes alone would take: the earliest end of as many writes, and their end at an even rate.
//!
//! A limit is so many writes in a window, and a window may be used up at once: of n writes the last window need not be
//! waited out. Source: learn.microsoft.com/graph/throttling-limits, in the simulator's own table.

use sim::{Area, Limits, Metric, Scope, SeenRequest};

/// Times in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Least {
    /// When the last write may go at the earliest.
    pub windows_s: f64,
    /// When it goes at the rate that a limit allows for long.
    pub even_s: f64,
}

/// What the writes among these requests would take, those of each tenant apart.
pub fn of(seen: &[Vec<SeenRequest>]) -> Least {
    let writes =
        |area: Area, of: &[SeenRequest]| of.iter().filter(|r| r.is_write && area_of(r) == area).count();
    let mut least = Least::default();
    for limit in Limits::default().0.iter().filter(|limit| limit.metric == Metric::Writes) {
        let of_each = seen.iter().map(|of| writes(limit.area, of));
        let counted = match limit.scope {
            Scope::Application => of_each.sum::<usize>(),
            Scope::Tenant | Scope::TenantApplication => of_each.max().unwrap_or_default(),
        };
        let [amount, ..] = limit.amounts;
        let window_s = seconds(limit.window_ms);
        let whole = u32::try_from(counted.div_ceil(amount as usize).saturating_sub(1)).unwrap_or(u32::MAX);
        least.windows_s = least.windows_s.max(f64::from(whole) * window_s);
        let counted = u32::try_from(counted).unwrap_or(u32::MAX);
        least.even_s = least.even_s.max(f64::from(counted) / f64::from(amount) * window_s);
    }
    least
}

fn seconds(ms: i64) -> f64 {
    f64::from(i32::try_from(ms).unwrap_or(i32::MAX)) / 1_000.0
}

fn area_of(request: &SeenRequest) -> Area {
    let path = &request.path_and_query;
    if path.contains("/deviceManagement/") {
        Area::Intune
    } else if path.contains("/identity/conditionalAccess/") {
        Area::ConditionalAccess
    } else {
        Area::Directory
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writes(count: usize, path: &str) -> Vec<SeenRequest> {
        let one = SeenRequest {
            tenant: "t".into(),
            app: "a".into(),
            method: "PATCH".into(),
            path_and_query: path.into(),
            client_request_id: String::new(),
            version: "v1.0".into(),
            status: 204,
            resource_units: 1,
            is_write: true,
            inner_of_batch: false,
            at_millis: 0,
        };
        vec![one; count]
    }

    #[test]
    fn the_published_examples_hold() {
        let alone = of(&[writes(10_000, "/v1.0/users/1")]);
        assert_eq!((alone.windows_s, alone.even_s), (450.0, 500.0));
        let few = of(&[writes(1_000, "/v1.0/users/1")]);
        assert_eq!((few.windows_s, few.even_s), (0.0, 50.0));
        let policies = of(&[writes(1_200, "/beta/deviceManagement/configurationPolicies/1")]);
        assert_eq!((policies.windows_s, policies.even_s), (220.0, 240.0));
    }

    #[test]
    fn many_tenants_meet_the_limit_of_the_application() {
        let ten: Vec<Vec<SeenRequest>> = (0..10).map(|_| writes(10_000, "/v1.0/users/1")).collect();
        let least = of(&ten);
        assert!((least.windows_s - 600.0).abs() < 0.01, "{}", least.windows_s);
        assert!((least.even_s - 857.14).abs() < 0.01, "{}", least.even_s);
    }
}
