//! Behaviour that Microsoft does not document, or that differs between tenants.
//!
//! | switch | uncertain because | default |
//! |--|--|--|
//! | `expanded_settings` | not documented whether `$expand=settings` is ever cut | never cut |
//! | `delta_reports_security_attributes` | not documented | no |
//! | `top_over_maximum` | 400 or clamped, by resource | refused with 400 |
//! | `expired_delta` | 410 with Location, or a 4xx with a code | 410 |
//! | `rounds_lead_nowhere` | met by others, for the delta of that path (`groups/delta`) | none |
//! | `duplicate_role_assignment_status` | remembered, not read | 400 |
//! | `missing_assignment_group_refused` | refused, or a dead reference | refused |
//! | `missing_scope_tag_refused` | not documented: a policy that names a scope tag that is gone is refused, or keeps the dead id | refused |
//! | `assignments_move_modified` | remembered: need not move | no |
//! | `retry_after` | may be missing, may be fractional | full seconds |
//! | `page_limit` | a page may have fewer objects than were asked for | no limit |
//! | `delta_page_size`, `delta_link_entries` | observed 200 and about 500 | 200, 500 |
//! | `first_rounds_leave_out_empty` | observed by others: a first round does not name what has no value | no |
//! | `undelete_is_silent` | reports differ: a delta with `$select` does not tell that an object was restored | told |
//! | `leave_date_withheld` | met by others without the permission for it: null; absent or 403 are as likely | null |
//! | `hidden_members_refused` | documented: hidden members are left out; of one group alone a 403 is as likely | no |
//! | `security_groups_soft_delete` | rolled out 2026-02/03 | yes |
//! | `undeletes_replicate` | not documented whether what leaves the recycle bin is known everywhere at once | as new objects |
//! | `bin_shows` | documented that a deleted item can be got with `$select`; not which properties it then has | each that is selected |
//! | `bin_renames_users` | remembered: a user in the bin has their id before their name | no |
//! | `names_are_addresses` | met by others: a new user is refused whose name is another's address; not documented | refused |
//! | `bin_keeps_immutable_ids` | met by others: a user in the recycle bin still has their immutable id; not documented | has it |
//! | `synced_users_keep` | not documented which properties of a synced user the cloud may write | few: contact mails, password policies, age group and others are the cloud's |
//! | `licensed_location_clears` | documented as not nullable, which not every such property keeps | refused while there is a licence |
//! | `wids_in_id_token` | an optional claim: the application's registration asks for it, or not | not sent |
//! | `auth_time_in_id_token` | an optional claim, as our README asks the registration for it | sent |
//! | `consent_delay` | for minutes after a consent it is not known everywhere; how that shows is not documented | at once |
//! | `delta_refused_with` | documented: no change tracking in external tenants; not with which status it is refused | 400 |
//! | `premium_parts` | not documented which reads a tenant without Entra ID P1 is refused | units and security attributes |
//! | `lapsed_lists_are_empty` | not documented: a licence that is gone refuses the list, or leaves it empty | refuses |
//! | `schedules_among_assignments` | remembered of activations: they are among the role assignments too; of roles until a date not said | all |
//! | `former_roles_listed` | met by others: PIM shows for days what somebody held who was deleted for good; of role assignments, and of what was held over a unit, nobody says | schedules |
//! | `delta_gives_all_extensions` | documented: where one directory extension changed, a delta gives all of the object; not whether those too that are not selected | those too |
//! | `unknown_extensions_refused` | not documented: a `$select` of a directory extension that the tenant does not have is refused, or passed over | refused |
//! | `absolute_batch_urls` | documented: relative addresses; SDKs of Microsoft's write absolute ones | refused |
//! | `search_finds_whole_words` | documented: words of names are found; not whether their beginnings are | beginnings too |
//! | `application_writes_apart` | documented: an application's writes are limited over all tenants; not documented whether those of each tenant are counted apart | together |
//! | `second_pass_refused` | documented: a new Temporary Access Pass takes the place of one that is still good; an earlier edition: that one has to be deleted first | takes its place |
//! | `audits` | no figure for how late the log of changes is, nor an order of its pages; met by others: a service's name in place of a person's, one act under two correlations, names in another case; beta is not everywhere | at once, newest first |
//! | `assertion_clock_real` | a client has its own clock | its assertions may be by the real clock, id tokens are |

/// How `$expand=settings` on a list of configuration policies is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub enum ExpandedSettings {
    /// All settings come back.
    Never,
    /// Only the first n come back and nothing says so.
    SilentlyAt(usize),
    /// Only the first n come back, with `settings@odata.nextLink`.
    WithNextLink(usize),
}

/// What happens to `$top` above the maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub enum OverMaximum {
    /// It is refused with 400.
    Refuse,
    /// The maximum is used.
    Clamp,
}

/// How an expired delta token is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub enum ExpiredDelta {
    /// 410 Gone with a Location to start again from.
    Gone,
    /// 400 with code `syncStateNotFound`.
    BadRequest,
    /// 404 with code `syncStateNotFound`.
    NotFound,
}

/// In which way the pages of a delta's round never end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub enum Nowhere {
    /// Two links that lead to each other.
    Ring,
    /// Ever new links, to pages that give the same objects.
    EverNew,
}

/// What the recycle bin shows of one of its objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub enum BinShows {
    /// What is selected.
    Selected,
    /// What an object has without a selection, whatever is selected.
    Defaults,
    /// Nothing where something is selected: that is refused with 400.
    Refused,
}

/// How a property is answered that the token may not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub enum Withheld {
    /// As if it had no value.
    Null,
    /// The property is left out.
    Absent,
    /// 403 where it is selected.
    Refused,
}

/// What a 429 says about when to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub enum RetryAfter {
    /// Full seconds, rounded up.
    Whole,
    /// Seconds with three decimals.
    Fractional,
    /// Nothing: the header is missing.
    Missing,
}

/// In which way a consent shows that has not arrived everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub enum NotArrived {
    /// The login does not know the application in the tenant.
    NoToken,
    /// Tokens are issued without roles.
    NoRoles,
    /// Graph does not accept the tokens.
    Unauthorized,
    /// Graph does not know the identity behind the tokens.
    NoIdentity,
    /// Graph refuses each call but for the organisation, though the tokens have the roles.
    Forbidden,
}

/// Which roles that Privileged Identity Management gives are among the role assignments too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub enum Among {
    /// Each that is active.
    All,
    /// Not those that were activated.
    NotActivated,
    /// Those alone that have no end.
    Lasting,
}

/// Which roles Graph goes on listing whose holder, or what they were held over, was deleted for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub enum FormerRoles {
    /// None: they are gone with it.
    None,
    /// The schedules of Privileged Identity Management.
    Schedules,
    /// Role assignments too.
    All,
}

/// How the log of changes differs from one that is complete, in order and at once.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "independent switches")]
pub struct Audits {
    /// For how many seconds a record does not show.
    pub late_seconds: i64,
    /// Whether each record is given twice.
    pub twice: bool,
    /// Each so many records one is missing.
    pub missing_each: Option<usize>,
    /// Whether older ones come before newer ones.
    pub out_of_order: bool,
    /// Whether the display name of a person is that of a service of Microsoft's.
    pub names_a_service: bool,
    /// Whether records of one act have correlations of their own.
    pub correlations_differ: bool,
    /// Whether activities are written in capitals.
    pub upper_case: bool,
    /// Whether Privileged Identity Management names a role by an id of its own.
    pub roles_have_ids_of_their_own: bool,
    /// Whether the log goes by the real clock, as its reader does where time is real: the simulator's own begins at a day of its own.
    pub real_clock: bool,
    /// Whether only v1.0 has the log, which does not say which application a person used.
    pub v1_alone: bool,
}

/// The switches; the table of the module says what each one decides.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the table of the module says what each one is")]
#[allow(clippy::struct_excessive_bools, reason = "independent switches")]
pub struct Switches {
    pub expanded_settings: ExpandedSettings,
    pub delta_reports_security_attributes: bool,
    pub top_over_maximum: OverMaximum,
    pub expired_delta: ExpiredDelta,
    pub duplicate_role_assignment_status: u16,
    pub missing_assignment_group_refused: bool,
    pub missing_scope_tag_refused: bool,
    pub assignments_move_modified: bool,
    pub retry_after: RetryAfter,
    pub page_limit: usize,
    pub delta_page_size: usize,
    pub delta_link_entries: usize,
    pub rounds_lead_nowhere: Option<(&'static str, Nowhere)>,
    pub first_rounds_leave_out_empty: bool,
    pub undelete_is_silent: bool,
    pub leave_date_withheld: Withheld,
    pub hidden_members_refused: bool,
    pub security_groups_soft_delete: bool,
    pub undeletes_replicate: bool,
    pub delta_gives_all_extensions: bool,
    pub unknown_extensions_refused: bool,
    pub bin_shows: BinShows,
    pub bin_renames_users: bool,
    pub names_are_addresses: bool,
    pub bin_keeps_immutable_ids: bool,
    /// Of a synced user the cloud writes custom security attributes and the usage location, and nothing else.
    pub synced_users_keep: bool,
    pub licensed_location_clears: bool,
    pub audits: Audits,
    pub assertion_clock_real: bool,
    pub wids_in_id_token: bool,
    pub auth_time_in_id_token: bool,
    /// For how many seconds after a consent it has not arrived, and in which way that shows.
    pub consent_delay: Option<(i64, NotArrived)>,
    pub schedules_among_assignments: Among,
    pub former_roles_listed: FormerRoles,
    /// The status with which a tenant that tracks no changes refuses a delta: 400, 404, 405 or 501.
    pub delta_refused_with: u16,
    /// Of these a tenant without Entra ID P1 is refused: a collection's path, or a property that is selected.
    pub premium_parts: &'static [&'static str],
    pub lapsed_lists_are_empty: bool,
    pub absolute_batch_urls: bool,
    pub application_writes_apart: bool,
    pub search_finds_whole_words: bool,
    pub second_pass_refused: bool,
    /// The administrator declines the consent page.
    pub refuse_consent: bool,
    /// Page order and the order of unordered collections vary with this seed.
    pub shuffle: Option<u64>,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            expanded_settings: ExpandedSettings::Never,
            delta_reports_security_attributes: false,
            top_over_maximum: OverMaximum::Refuse,
            expired_delta: ExpiredDelta::Gone,
            duplicate_role_assignment_status: 400,
            missing_assignment_group_refused: true,
            missing_scope_tag_refused: true,
            assignments_move_modified: false,
            retry_after: RetryAfter::Whole,
            page_limit: usize::MAX,
            delta_page_size: 200,
            delta_link_entries: 500,
            rounds_lead_nowhere: None,
            first_rounds_leave_out_empty: false,
            undelete_is_silent: false,
            leave_date_withheld: Withheld::Null,
            hidden_members_refused: false,
            security_groups_soft_delete: true,
            undeletes_replicate: true,
            delta_gives_all_extensions: true,
            unknown_extensions_refused: true,
            bin_shows: BinShows::Selected,
            bin_renames_users: false,
            names_are_addresses: true,
            bin_keeps_immutable_ids: true,
            synced_users_keep: false,
            licensed_location_clears: false,
            audits: Audits::default(),
            assertion_clock_real: true,
            wids_in_id_token: false,
            auth_time_in_id_token: true,
            consent_delay: None,
            schedules_among_assignments: Among::All,
            former_roles_listed: FormerRoles::Schedules,
            delta_refused_with: 400,
            premium_parts: &["administrativeUnits", "customSecurityAttributes"],
            lapsed_lists_are_empty: false,
            absolute_batch_urls: false,
            application_writes_apart: false,
            search_finds_whole_words: false,
            second_pass_refused: false,
            refuse_consent: false,
            shuffle: None,
        }
    }
}
