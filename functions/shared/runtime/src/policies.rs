//! The sorts of budgets that requests are counted on: one table, from which replies, refusals and the API's document speak.

/// How many units of one caller's budget an instance lets through before it settles them.
pub(crate) const BLOCK: i64 = 5;
/// The same of a budget that many callers share. Why more: who asks little adds no call at all then, and who asks much a row
/// access for each ten units. Why not more than a search weighs: it is settled before it is begun then, so that fifty
/// instances that know nothing of each other do not each begin one.
pub(crate) const SHARED_BLOCK: i64 = 20;

/// A sort of budget: how much it has of the limit of one caller, and what is said of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    /// How headers of replies call it.
    pub(crate) name: &'static str,
    /// Whose requests count on it, for the API's document.
    pub(crate) counts: &'static str,
    /// What is said to whoever has used it up.
    pub(crate) refusal: &'static str,
    /// How many times one caller's units it has: in the long run, and at once.
    pub(crate) times: (u32, u32),
    /// How many units an instance lets through before it settles them.
    pub(crate) block: i64,
}

pub(crate) static CALLER: Policy = Policy {
    name: "caller",
    counts: "the caller's own: the person's, with all their sessions, or the token's",
    refusal: "this caller makes too many requests",
    times: (1, 1),
    block: BLOCK,
};
pub(crate) static SIGNED_IN: Policy = Policy {
    name: "signed-in",
    counts: "those of everybody who has signed in and belongs to no partner",
    refusal: "those who have only signed in make too many requests together",
    times: (5, 2),
    block: BLOCK,
};
pub(crate) static ORGANISATION: Policy = Policy {
    name: "organisation",
    counts: "those of an end customer: of all people, portals and tokens of the organisation",
    refusal: "people, portals and tokens of this organisation make too many requests together",
    times: (3, 2),
    block: BLOCK,
};
pub(crate) static PARTNERS: Policy = Policy {
    name: "partners",
    counts: "those of the partner and of all partners above and below it",
    refusal: "the partner and those above and below it make too many requests together",
    times: (10, 3),
    block: SHARED_BLOCK,
};
pub(crate) static LINKS: Policy = Policy {
    name: "links",
    counts: "those of whoever follows links of the partner",
    refusal: "links of this service provider are followed too often at once",
    times: (1, 1),
    block: BLOCK,
};
/// Those that replies to a known caller tell of; nobody known follows links.
pub(crate) static TOLD: [&Policy; 4] = [&CALLER, &SIGNED_IN, &ORGANISATION, &PARTNERS];
