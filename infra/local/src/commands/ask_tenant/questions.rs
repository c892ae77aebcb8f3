//! The questions: one for each switch of the simulator (`tests/sim/src/switches.rs`), or why there is none. A test holds
//! this table against the switches.

/// What is looked at to answer a question; `probes` has how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is explained by the question that it answers")]
pub enum Probe {
    ExpandedSettings,
    DeltaSecurityAttributes,
    TopOverMaximum,
    ListPage,
    DeltaPage,
    DeltaLinks,
    GroupRound,
    FirstRoundEmpty,
    LeaveDate,
    HiddenMembers,
    DeletedGroups,
    DeletedUser,
    RolesForATime,
    SameOrder,
    Delta,
    Premium,
    Unlicensed,
    UnknownExtension,
}

/// How a question is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By requests that read and write nothing.
    Ask(Probe),
    /// Not by reading alone, and why.
    Cannot(&'static str),
}

/// A question about what Microsoft Graph does.
#[derive(Debug)]
pub struct Question {
    /// The switch of the simulator that it is about.
    pub switch: &'static str,
    /// What is asked, for a person.
    pub asks: &'static str,
    /// How it is answered.
    pub way: Way,
}

const fn ask(switch: &'static str, asks: &'static str, probe: Probe) -> Question {
    Question { switch, asks, way: Way::Ask(probe) }
}

const fn cannot(switch: &'static str, asks: &'static str, why: &'static str) -> Question {
    Question { switch, asks, way: Way::Cannot(why) }
}

const WRITES: &str = "somebody would have to write to the tenant";

/// Every question, in the order of the switches.
pub const QUESTIONS: &[Question] = &[
    ask(
        "expanded_settings",
        "does $expand=settings ever give fewer than settingCount?",
        Probe::ExpandedSettings,
    ),
    ask(
        "delta_reports_security_attributes",
        "does users/delta give custom security attributes that are selected?",
        Probe::DeltaSecurityAttributes,
    ),
    ask("top_over_maximum", "is $top above the maximum refused, or made smaller?", Probe::TopOverMaximum),
    cannot(
        "expired_delta",
        "how is a delta link refused that is too old?",
        "a link of more than seven days is needed",
    ),
    cannot("duplicate_role_assignment_status", "how is a role assignment refused that is there?", WRITES),
    cannot("missing_assignment_group_refused", "is an assignment to a group refused that is gone?", WRITES),
    cannot("missing_scope_tag_refused", "is a policy refused whose scope tag is gone?", WRITES),
    cannot("assignments_move_modified", "does an assignment move a policy's lastModifiedDateTime?", WRITES),
    cannot(
        "retry_after",
        "what does a 429 say about when to come back?",
        "the tenant would have to be overloaded",
    ),
    ask("page_limit", "does a page have as many objects as were asked for?", Probe::ListPage),
    ask("delta_page_size", "how many objects has a page of users/delta?", Probe::DeltaPage),
    ask("delta_link_entries", "how many members has a page of groups/delta?", Probe::DeltaLinks),
    ask("rounds_lead_nowhere", "does a round of groups/delta with members end?", Probe::GroupRound),
    ask(
        "first_rounds_leave_out_empty",
        "does the first round of a delta name properties without a value?",
        Probe::FirstRoundEmpty,
    ),
    cannot("undelete_is_silent", "does a delta with $select tell of a user that was restored?", WRITES),
    ask(
        "leave_date_withheld",
        "what is employeeLeaveDateTime to a token without its permission?",
        Probe::LeaveDate,
    ),
    ask(
        "hidden_members_refused",
        "what are hidden members to a token without their permission?",
        Probe::HiddenMembers,
    ),
    ask(
        "security_groups_soft_delete",
        "are deleted security groups in the recycle bin?",
        Probe::DeletedGroups,
    ),
    cannot(
        "undeletes_replicate",
        "is an object that leaves the recycle bin known everywhere at once?",
        WRITES,
    ),
    ask("bin_shows", "which properties of a deleted user can be selected?", Probe::DeletedUser),
    ask("bin_renames_users", "is a deleted user called as before?", Probe::DeletedUser),
    cannot("names_are_addresses", "is a new user refused whose name is another's address?", WRITES),
    cannot("bin_keeps_immutable_ids", "has a deleted user still their immutable id?", WRITES),
    cannot("synced_users_keep", "which properties of a synced user does the cloud write?", WRITES),
    cannot("licensed_location_clears", "can a licensed user's usage location be emptied?", WRITES),
    ask(
        "schedules_among_assignments",
        "are roles until a date, and activated ones, among the role assignments?",
        Probe::RolesForATime,
    ),
    cannot(
        "former_roles_listed",
        "are roles still listed whose holder, or what they were held over, was deleted for good?",
        "somebody would have to be deleted for good",
    ),
    cannot(
        "delta_gives_all_extensions",
        "does a change of one directory extension bring those that are not selected?",
        WRITES,
    ),
    ask(
        "unknown_extensions_refused",
        "is a $select of a directory extension refused that the tenant does not have?",
        Probe::UnknownExtension,
    ),
    cannot(
        "assertion_clock_real",
        "by which clock is an assertion judged?",
        "it is about the simulator alone",
    ),
    cannot("wids_in_id_token", "does an id token name the roles?", "a person would have to sign in"),
    cannot(
        "consent_delay",
        "how does a consent show that has not arrived?",
        "somebody would have to consent",
    ),
    ask("delta_refused_with", "does Graph track changes, and how does it refuse where not?", Probe::Delta),
    ask("premium_parts", "which parts need Entra ID P1 to be read?", Probe::Premium),
    ask("lapsed_lists_are_empty", "how is a list answered without the licence for it?", Probe::Unlicensed),
    cannot(
        "audits",
        "how late, in which order and by whom is it logged who changed what?",
        "somebody would have to change something, and wait",
    ),
    cannot(
        "auth_time_in_id_token",
        "does an id token say when its person signed in?",
        "somebody would have to sign in",
    ),
    cannot(
        "absolute_batch_urls",
        "does a batch take absolute addresses?",
        "a batch is a POST, and nothing but GET is sent",
    ),
    cannot(
        "application_writes_apart",
        "are an application's writes counted over all tenants, or in each by itself?",
        "two tenants would have to be written to, up to the limit",
    ),
    cannot(
        "search_finds_whole_words",
        "does $search find words by their beginnings?",
        "whoever asks would have to name a word of the tenant",
    ),
    cannot(
        "second_pass_refused",
        "does a Temporary Access Pass take the place of one that is still good?",
        WRITES,
    ),
    cannot(
        "refuse_consent",
        "what comes back when somebody declines?",
        "somebody would have to be asked to consent",
    ),
    ask("shuffle", "do two readings of one page give the same order?", Probe::SameOrder),
];
