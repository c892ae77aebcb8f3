//! Throttling: fixed windows that count resource units, writes or requests, refused ones included.
//!
//! Source: "Microsoft Graph service-specific throttling limits" (2026-02-06).

mod cost;

use std::collections::HashMap;

pub(crate) use cost::{Cost, cost};

/// Which requests a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Area {
    /// Every request to Graph.
    All,
    /// Requests about identity and access: users, groups, roles.
    Directory,
    /// Requests about device management.
    Intune,
    /// Requests about conditional access.
    ConditionalAccess,
    /// Requests about logs and reports.
    Logs,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// The resource units that requests cost.
    Units,
    /// How many requests are writes.
    Writes,
    /// How many requests there are.
    Requests,
}

/// Whose requests a limit counts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One application in one tenant.
    TenantApplication,
    /// One application in all tenants.
    Application,
    /// All applications in one tenant.
    Tenant,
}

/// One row of the table of limits.
#[derive(Clone, Debug)]
pub struct Limit {
    /// The requests that it counts.
    pub area: Area,
    /// What of them it counts.
    pub metric: Metric,
    /// Whose requests it counts together.
    pub scope: Scope,
    /// The length of the window, in milliseconds.
    pub window_ms: i64,
    /// The amount for small (< 50 users), medium (50-500) and large tenants.
    pub amounts: [u32; 3],
    /// Whether a refusal says when to come back.
    pub retry_after: bool,
}

/// The table of limits.
#[derive(Clone, Debug)]
pub struct Limits(pub Vec<Limit>);

impl Limits {
    /// No throttling at all.
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// The same table with that share of each amount, at least 1.
    #[must_use]
    pub fn scaled(mut self, share: f64) -> Self {
        for amount in self.0.iter_mut().flat_map(|limit| &mut limit.amounts) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
            let scaled = (f64::from(*amount) * share).round() as u32;
            *amount = scaled.max(1);
        }
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        use Area::{All, ConditionalAccess, Directory, Intune, Logs};
        use Metric::{Requests, Units, Writes};
        use Scope::{Application, Tenant, TenantApplication};

        let row = |area, metric, scope, seconds: i64, amounts| Limit {
            area,
            metric,
            scope,
            window_ms: seconds * 1000,
            amounts,
            retry_after: !matches!(area, Area::ConditionalAccess | Area::Logs),
        };
        let same = |amount| [amount; 3];
        Self(vec![
            row(Directory, Units, TenantApplication, 10, [3_500, 5_000, 8_000]),
            row(Directory, Units, Application, 20, same(150_000)),
            row(Directory, Writes, TenantApplication, 150, same(3_000)),
            row(Directory, Writes, Tenant, 300, same(18_000)),
            row(Directory, Writes, Application, 300, same(35_000)),
            row(Intune, Requests, TenantApplication, 20, same(1_000)),
            row(Intune, Writes, TenantApplication, 20, same(100)),
            row(Intune, Requests, Tenant, 20, same(2_000)),
            row(Intune, Writes, Tenant, 20, same(200)),
            row(ConditionalAccess, Requests, Tenant, 1, same(1)),
            row(Logs, Requests, TenantApplication, 10, same(5)),
            row(All, Requests, Application, 10, same(130_000)),
        ])
    }
}

#[derive(Clone, Default)]
pub(crate) struct Throttle {
    windows: HashMap<(usize, usize, usize), (i64, u32)>,
}

/// What the table says about one request.
pub(crate) struct Verdict {
    /// How much of the fullest limit is used, 1.0 being all of it.
    pub used: f64,
    pub scope: String,
    pub refused: Option<Refusal>,
}

pub(crate) struct Refusal {
    pub retry_ms: i64,
    pub retry_after: bool,
    pub information: &'static str,
}

/// Whose request it is.
pub(crate) struct Asker<'a> {
    pub tenant: usize,
    pub tenant_id: &'a str,
    pub users: usize,
    pub app: usize,
    pub client_id: &'a str,
    /// Whether the writes of an application are counted in each tenant by itself.
    pub writes_apart: bool,
}

impl Throttle {
    /// Counts one request, also when it is refused, and says whether it is.
    pub fn charge(&mut self, limits: &Limits, asker: &Asker<'_>, cost: Cost, now: i64) -> Verdict {
        let size = match asker.users {
            0..50 => 0,
            50..=500 => 1,
            _ => 2,
        };
        // Why every limit is counted, also after one refused: a refused request uses up the others too.
        let mut verdict = Verdict { used: 0.0, scope: String::new(), refused: None };
        for (number, limit) in limits.0.iter().enumerate() {
            let amount = match limit.metric {
                _ if limit.area != Area::All && limit.area != cost.area => 0,
                Metric::Units => cost.units,
                Metric::Writes => u32::from(cost.write),
                Metric::Requests => 1,
            };
            if amount == 0 {
                continue;
            }
            // Each limit has a window of its own for each tenant, application or pair of both that it counts.
            let key = match limit.scope {
                Scope::TenantApplication => (number, asker.tenant, asker.app),
                Scope::Application if asker.writes_apart && limit.metric == Metric::Writes => {
                    (number, asker.tenant, asker.app)
                }
                Scope::Application => (number, usize::MAX, asker.app),
                Scope::Tenant => (number, asker.tenant, usize::MAX),
            };
            // Why a window begins with the first request after the last one: a quiet caller always has all of it.
            let window = self.windows.entry(key).or_insert((now, 0));
            if now >= window.0 + limit.window_ms {
                *window = (now, 0);
            }
            window.1 = window.1.saturating_add(amount);
            let allowed = limit.amounts[size];
            let used = f64::from(window.1) / f64::from(allowed.max(1));
            // The fullest limit is what the headers report, whether it refuses or not.
            if used > verdict.used {
                verdict.used = used;
                let what = if limit.metric == Metric::Writes { "Write" } else { "ReadWrite" };
                verdict.scope = match limit.scope {
                    Scope::TenantApplication => {
                        format!("Tenant_Application/{what}/{}/{}", asker.client_id, asker.tenant_id)
                    }
                    Scope::Application => format!("Application/{what}/{}", asker.client_id),
                    Scope::Tenant => format!("Tenant/{what}/{}", asker.tenant_id),
                };
            }
            if window.1 > allowed {
                // Why the longest wait of all limits that refuse: whoever came back sooner would be refused again.
                let retry_ms = window.0 + limit.window_ms - now;
                if verdict.refused.as_ref().is_none_or(|refusal| refusal.retry_ms < retry_ms) {
                    let information = match limit.metric {
                        Metric::Units => "ResourceUnitLimitExceeded",
                        Metric::Writes => "WriteLimitExceeded",
                        Metric::Requests => "RequestLimitExceeded",
                    };
                    verdict.refused = Some(Refusal { retry_ms, retry_after: limit.retry_after, information });
                }
            }
        }
        verdict
    }
}
