//! Microsoft's published limits that bind us, as a table. Source: learn.microsoft.com/graph/throttling-limits
//! (2026-02-06), identity and access, conditional access, Intune, reports.

/// A workload: calls that Microsoft throttles apart from the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    Directory,
    ConditionalAccess,
    Intune,
    /// The logs of changes and sign-ins, and the reports.
    Logs,
}

impl Lane {
    /// The workload of an address.
    pub(crate) fn of(path: &str) -> Self {
        if path.contains("deviceManagement") {
            Self::Intune
        } else if path.contains("identity/conditionalAccess") || path.contains("identityProtection/") {
            Self::ConditionalAccess
        } else if path.contains("auditLogs/") {
            Self::Logs
        } else {
            Self::Directory
        }
    }
}

/// What one call counts for against the limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) units: u64,
    pub(crate) requests: u64,
    pub(crate) writes: u64,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Metric {
    Units,
    Requests,
    Writes,
}

impl Metric {
    pub(crate) fn of(self, cost: Cost) -> u64 {
        match self {
            Self::Units => cost.units,
            Self::Requests => cost.requests,
            Self::Writes => cost.writes,
        }
    }
}

/// Whose calls a limit counts together; it is always those of our application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Per {
    /// The calls in one tenant.
    Tenant,
    /// The calls in all tenants together.
    Application,
}

/// One of Microsoft's limits.
#[derive(Debug)]
pub(crate) struct Limit {
    /// The workload whose calls it limits; absent where it limits all calls.
    pub(crate) lane: Option<Lane>,
    pub(crate) metric: Metric,
    pub(crate) per: Per,
    pub(crate) window_ms: i64,
    /// For tenants of less than 50 users, of up to 500, of more.
    pub(crate) amounts: [u64; 3],
}

const fn limit(lane: Option<Lane>, metric: Metric, per: Per, window_s: i64, amounts: [u64; 3]) -> Limit {
    Limit { lane, metric, per, window_ms: window_s * 1_000, amounts }
}

const DIRECTORY: Option<Lane> = Some(Lane::Directory);
const INTUNE: Option<Lane> = Some(Lane::Intune);
const CONDITIONAL_ACCESS: Option<Lane> = Some(Lane::ConditionalAccess);

/// The table. Limits of a tenant over all applications are wider than those of two of ours together, but for
/// conditional access, whose one request a second we may have to share.
pub(crate) static LIMITS: [Limit; 9] = [
    limit(DIRECTORY, Metric::Units, Per::Tenant, 10, [3_500, 5_000, 8_000]),
    limit(DIRECTORY, Metric::Units, Per::Application, 20, [150_000; 3]),
    limit(DIRECTORY, Metric::Writes, Per::Tenant, 150, [3_000; 3]),
    limit(DIRECTORY, Metric::Writes, Per::Application, 300, [35_000; 3]),
    limit(INTUNE, Metric::Requests, Per::Tenant, 20, [1_000; 3]),
    limit(INTUNE, Metric::Writes, Per::Tenant, 20, [100; 3]),
    limit(CONDITIONAL_ACCESS, Metric::Requests, Per::Tenant, 1, [1; 3]),
    limit(Some(Lane::Logs), Metric::Requests, Per::Tenant, 10, [5; 3]),
    limit(None, Metric::Requests, Per::Application, 10, [130_000; 3]),
];

/// The class of a tenant with that number of users, an index into [`Limit::amounts`].
pub(crate) fn size_of(users: usize) -> usize {
    match users {
        0..50 => 0,
        50..=500 => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workloads_are_told_by_their_paths() {
        assert_eq!(Lane::of("/v1.0/users"), Lane::Directory);
        assert_eq!(Lane::of("/v1.0/identity/conditionalAccess/policies"), Lane::ConditionalAccess);
        assert_eq!(Lane::of("/beta/deviceManagement/configurationPolicies"), Lane::Intune);
        assert_eq!(Lane::of("/beta/auditLogs/directoryAudits"), Lane::Logs);
    }

    #[test]
    fn tenants_are_small_below_fifty_users_and_large_beyond_five_hundred() {
        assert_eq!([0, 49, 50, 500, 501].map(size_of), [0, 0, 1, 1, 2]);
    }
}
