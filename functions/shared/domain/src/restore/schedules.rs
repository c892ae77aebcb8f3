//! When a role ends, and whether a role assignment may be given for good.

use crate::Timestamp;
use serde_json::{Map, Value, json};

/// The property of a PIM schedule that says when it begins and ends.
pub const SCHEDULE: &str = "scheduleInfo";

/// When what a PIM schedule gives comes to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScheduleEnd {
    /// It was given for good.
    Never,
    /// A moment that is the same whenever the schedule is looked at.
    At(Timestamp),
    /// It has an end that is not known: it counts as over.
    Unknown,
}

/// What is known of the schedule of one role assignment, on one side.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// It was looked for: this is the schedule, or there is none.
    Known(Option<Map<String, Value>>),
    /// It could not be read, and not for want of the licence, without which there are no schedules.
    Unread,
}

/// For how long a role assignment was given: what both sides' schedules say of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Tenure {
    /// Neither side knows of an end.
    #[default]
    Permanent,
    /// It was activated for a while.
    Activated,
    /// It has an end, on one side at least.
    TimeBound {
        /// The schedule that the snapshot has.
        wanted: Option<Map<String, Value>>,
        /// The schedule that is live.
        live: Option<Map<String, Value>>,
    },
    /// Of a schedule that one side alone has: the other has an assignment of the role, without an end.
    HeldForGood,
    /// A side could not be read.
    Unknown {
        /// Whether the role may be one that gives power over others, which nobody gives on a guess.
        privileged: bool,
    },
}

impl Tenure {
    /// The tenure that the schedules of both sides say.
    pub fn of(wanted: &Schedule, live: &Schedule, privileged: bool) -> Self {
        let known = |s: &Schedule| match s {
            Schedule::Known(schedule) => schedule.clone(),
            Schedule::Unread => None,
        };
        let unread = *wanted == Schedule::Unread || *live == Schedule::Unread;
        let (wanted, live) = (known(wanted), known(live));
        let any = |test: fn(&Map<String, Value>) -> bool| wanted.iter().chain(&live).any(test);
        if any(is_activated) {
            Self::Activated
        } else if any(|s| ScheduleEnd::of(s) != ScheduleEnd::Never) {
            Self::TimeBound { wanted, live }
        } else if unread {
            Self::Unknown { privileged }
        } else {
            Self::Permanent
        }
    }
}

impl ScheduleEnd {
    /// Of a schedule. What was given for a duration ends that long after its start, not after it is looked at.
    ///
    /// Source: learn.microsoft.com/graph/api/resources/expirationpattern.
    pub fn of(schedule: &Map<String, Value>) -> Self {
        let info = schedule.get(SCHEDULE).filter(|i| !i.is_null());
        let Some(expiration) = info.and_then(|i| i.get("expiration")).filter(|e| !e.is_null()) else {
            return Self::Never;
        };
        let text = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).map(str::to_owned);
        if let Some(end) = text(expiration, "endDateTime") {
            return end.parse().map_or(Self::Unknown, Self::At);
        }
        if let Some(duration) = text(expiration, "duration") {
            let start = info.and_then(|i| text(i, "startDateTime")).and_then(|s| s.parse::<Timestamp>().ok());
            let end = start.and_then(|start| {
                // Why: a duration may count days and months, which only a calendar can add.
                let start = start.to_zoned(jiff::tz::TimeZone::UTC);
                Some(start.checked_add(duration.parse::<jiff::Span>().ok()?).ok()?.timestamp())
            });
            return end.map_or(Self::Unknown, Self::At);
        }
        let says = text(expiration, "type").unwrap_or_default();
        if says.eq_ignore_ascii_case("noExpiration") || says.is_empty() { Self::Never } else { Self::Unknown }
    }

    /// Whether the end lies in the past; an end that is not known counts as past.
    pub fn is_over(self, now: Timestamp) -> bool {
        match self {
            Self::Never => false,
            Self::At(end) => end <= now,
            Self::Unknown => true,
        }
    }
}

/// Whether what a fact says of a role is so at that moment: its schedule, if it has one, has begun, and is not known to be over.
pub fn is_in_force(fact: &Map<String, Value>, at: Timestamp) -> bool {
    let start = fact.get(SCHEDULE).and_then(|info| info.get("startDateTime")).and_then(Value::as_str);
    let begins_later =
        start.and_then(|start| start.parse::<Timestamp>().ok()).is_some_and(|start| start > at);
    let is_over = matches!(ScheduleEnd::of(fact), ScheduleEnd::At(end) if end <= at);
    !begins_later && !is_over
}

/// Whether the schedule is the activation of an eligible role.
pub fn is_activated(schedule: &Map<String, Value>) -> bool {
    schedule.get("assignmentType").is_some_and(|t| t == "Activated")
}

/// What a schedule says of its time, with a duration turned into the end that it comes to: given again, it
/// ends when it would have ended.
pub fn with_fixed_end(schedule: &Map<String, Value>) -> Option<Value> {
    let mut info = schedule.get(SCHEDULE)?.clone();
    let has_duration = info.pointer("/expiration/duration").is_some_and(|d| !d.is_null());
    if let (true, ScheduleEnd::At(end)) = (has_duration, ScheduleEnd::of(schedule)) {
        info["expiration"] = json!({ "type": "afterDateTime", "endDateTime": end.to_string() });
    }
    Some(info)
}

/// Roles of Microsoft's own that give power over others' rights or secrets, by template id.
/// Source: learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference, label Privileged.
const PRIVILEGED: &[&str] = &[
    super::GLOBAL_ADMINISTRATOR,
    "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", // Application Administrator
    "cf1c38e5-3621-4004-a7cb-879624dced7c", // Application Developer
    "ecb2c6bf-0ab6-418e-bd87-7986f8d63bbe", // Attribute Provisioning Administrator
    "422218e4-db15-4ef9-bbe0-8afb41546d79", // Attribute Provisioning Reader
    "c4e39bd9-1100-46d3-8c65-fb160da0071f", // Authentication Administrator
    "25a516ed-2fa0-40ea-a2d0-12923a21473a", // Authentication Extensibility Administrator
    "aaf43236-0c0d-4d5f-883a-6955382ac081", // B2C IEF Keyset Administrator
    "158c047a-c907-4556-b7ef-446551a6b5f7", // Cloud Application Administrator
    "7698a772-787b-4ac8-901f-60d6b08affd2", // Cloud Device Administrator
    "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9", // Conditional Access Administrator
    "d29b2b05-8046-44ba-8758-1e26182fcf32", // Directory Synchronization Accounts
    "9360feb5-f418-4baa-8175-e2a00bac4301", // Directory Writers
    "8329153b-31d0-4727-b945-745eb3bc5f31", // Domain Name Administrator
    "be2f45a1-457d-42af-a067-6ec1fa63bc45", // External Identity Provider Administrator
    "f2ef992c-3afb-46b9-b7cf-a126ee74c451", // Global Reader
    "729827e3-9c14-49f7-bb1b-9608f156bbb8", // Helpdesk Administrator
    "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2", // Hybrid Identity Administrator
    "3a2c62db-5318-420d-8d74-23affee5d9d5", // Intune Administrator
    "59d46f88-662b-457b-bceb-5c3809e5908f", // Lifecycle Workflows Administrator
    "4ba39ca4-527c-499a-b93d-d9b492c50246", // Partner Tier1 Support
    "e00e864a-17c5-4a4b-9c06-f5b95a8d5bd8", // Partner Tier2 Support
    "966707d0-3269-4727-9be2-8c3a10f19b9d", // Password Administrator
    "7be44c8a-adaf-4e2a-84d6-ab2649e08a13", // Privileged Authentication Administrator
    "e8611ab8-c189-46e8-94e1-60213ab1f814", // Privileged Role Administrator
    "194ae4cb-b126-40b2-bd5b-6091b380977d", // Security Administrator
    "5f2222b1-57c3-48ba-8ad5-d4759f1fde6f", // Security Operator
    "5d6b6bb7-de71-4623-b4af-96380a352509", // Security Reader
    "fe930be7-5e62-47db-91af-98c3a49a38b1", // User Administrator
];

/// Whether a role may give power over others. One that is not known to be Microsoft's own may.
pub fn may_be_privileged(role: &str, definition: Option<&Map<String, Value>>) -> bool {
    let is_built_in = definition.is_some_and(|d| d.get("isBuiltIn") == Some(&Value::Bool(true)));
    PRIVILEGED.contains(&role) || !is_built_in
}
