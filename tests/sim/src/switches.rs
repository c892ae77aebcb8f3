//! Behaviour that Microsoft does not document, or that differs between tenants.
//!
//! | switch | uncertain because | default |
//! |--|--|--|
//! | `expanded_settings` | not documented whether `$expand=settings` is ever cut | never cut |
//! | `delta_reports_security_attributes` | not documented | no |
//! | `top_over_maximum` | 400 or clamped, by resource | refused with 400 |
//! | `expired_delta` | 410 with Location, or a 4xx with a code | 410 |
//! | `duplicate_role_assignment_status` | remembered, not read | 400 |
//! | `missing_assignment_group_refused` | refused, or a dead reference | refused |
//! | `assignments_move_modified` | remembered: need not move | no |
//! | `retry_after` | may be missing, may be fractional | whole seconds |
//! | `delta_page_size`, `delta_link_entries` | observed 200 and about 500 | 200, 500 |
//! | `security_groups_soft_delete` | rolled out 2026-02/03 | yes |
//! | `timed_roles_are_assignments` | said of activations, of roles assigned until a date not | yes |
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
    /// 400.
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

/// What a 429 says about when to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub enum RetryAfter {
    /// Whole seconds, rounded up.
    Whole,
    /// Seconds with three decimals.
    Fractional,
    /// No header.
    Missing,
}

/// See the table of the module.
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
    pub assignments_move_modified: bool,
    pub retry_after: RetryAfter,
    pub delta_page_size: usize,
    pub delta_link_entries: usize,
    pub security_groups_soft_delete: bool,
    pub timed_roles_are_assignments: bool,
    pub assertion_clock_real: bool,
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
            assignments_move_modified: false,
            retry_after: RetryAfter::Whole,
            delta_page_size: 200,
            delta_link_entries: 500,
            security_groups_soft_delete: true,
            timed_roles_are_assignments: true,
            assertion_clock_real: true,
            refuse_consent: false,
            shuffle: None,
        }
    }
}
