//! Restore sets on the wire: what is asked for, and how each tenant stands.

use domain::who::ChangeFilter;
use domain::{DiffId, Error, OrganisationId, RestoreId, RestoreSetId, Timestamp};
use engine::records::{RestoreCounts, RestoreSet, RestoreState};
use garde::Validate;
use restore::commands::restores::{MAX_REASON, MAX_TICKET, Why};
use restore::commands::sets::{Line, MemberState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many restores are run in one wave where nobody says it.
const WAVE: usize = 5;

/// One change that is to be taken back in several tenants.
// Why nothing is checked here: the engine's `NewRestoreSet::check` does, and names these fields.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RestoreSetIn {
    /// The tenants, in the order in which they are run: those in which the change was found.
    #[garde(skip)]
    #[schemars(length(min = 1, max = RestoreSet::MOST_MEMBERS))]
    pub tenants: Vec<SetTenantIn>,
    /// Which changes of the comparisons are taken back, as in a restore.
    #[garde(skip)]
    pub filter: ChangeFilter,
    /// Whether objects that came are deleted.
    #[garde(skip)]
    #[serde(default)]
    pub delete_created: bool,
    /// How many restores are run in one wave: 5 when nothing is said.
    #[garde(skip)]
    #[schemars(range(min = 1, max = RestoreSet::MOST_MEMBERS))]
    wave: Option<usize>,
    /// What it is for, in one line: it stands in each of the restores.
    #[garde(skip)]
    #[schemars(length(min = 1, max = MAX_REASON))]
    reason: Option<String>,
    /// Where that is written down, such as the number of a ticket.
    #[garde(skip)]
    #[schemars(length(min = 1, max = MAX_TICKET))]
    ticket: Option<String>,
}

impl RestoreSetIn {
    /// How many restores are run in one wave.
    pub fn wave(&self) -> usize {
        self.wave.unwrap_or(WAVE)
    }

    /// What it is for.
    pub fn why(&self) -> Why {
        Why { reason: self.reason.clone(), ticket: self.ticket.clone() }
    }
}

/// A tenant in which the change is to be taken back.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetTenantIn {
    /// The organisation whose tenant it is.
    pub organisation: OrganisationId,
    /// The comparison that tells the change.
    pub comparison: DiffId,
}

/// How a set stands: the least that holds of its tenants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum SetState {
    /// Some previews are being made.
    Previewing,
    /// A wave is under way, or waits for approval.
    UnderWay,
    /// A restore failed or was stopped: no other is begun by the set.
    Stopped,
    /// A wave can be run.
    Ready,
    /// Every tenant is done.
    Done,
    /// Nothing can be run: previews are missing or too old.
    NotPreviewed,
}

/// A restore set with a line for each tenant that the caller sees.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestoreSetOut {
    /// The id of the set.
    id: RestoreSetId,
    /// How it stands.
    state: SetState,
    /// Which changes are taken back.
    filter: ChangeFilter,
    /// Whether objects that came are deleted.
    delete_created: bool,
    /// How many restores are run in one wave.
    wave: usize,
    /// What it is for; null where nobody said.
    reason: Option<String>,
    /// Where that is written down; null where nobody said.
    ticket: Option<String>,
    /// Who asked for it: a person's id, or the first characters of a token.
    requested_by: String,
    /// When it was asked for.
    requested_at: Timestamp,
    /// The tenants, in the order in which they are run.
    tenants: Vec<SetTenantOut>,
    /// How many tenants it has besides, in organisations that the caller does not see.
    more_tenants: usize,
}

/// How one tenant of a set stands.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct SetTenantOut {
    /// The organisation whose tenant it is.
    organisation: OrganisationId,
    /// The comparison that tells the change.
    comparison: DiffId,
    /// The restore that takes it back; null until its preview could be asked for.
    restore: Option<RestoreId>,
    /// How it stands.
    state: MemberState,
    /// How far its restore is; null where there is none.
    restore_state: Option<RestoreState>,
    /// How many steps it has, and what became of them; null where there is no restore.
    counts: Option<RestoreCounts>,
    /// Why its preview could not be asked for, or it could not be run just now, for a person; null otherwise.
    refused: Option<String>,
}

impl RestoreSetOut {
    /// A set with its lines, as far as the caller sees their organisations; `refused` is what could not be run just now.
    pub fn of(
        set: RestoreSet,
        lines: Vec<Line>,
        sees: impl Fn(&OrganisationId) -> bool,
        refused: &BTreeMap<OrganisationId, Error>,
    ) -> Self {
        let state = state_of(&lines);
        let all = lines.len();
        let shown = lines.into_iter().filter(|line| sees(&line.member.organisation));
        let tenants: Vec<SetTenantOut> = shown.map(|line| SetTenantOut::of(line, refused)).collect();
        Self {
            id: set.id,
            state,
            filter: set.filter,
            delete_created: set.delete_created,
            wave: set.wave,
            reason: set.reason,
            ticket: set.ticket,
            requested_by: set.requested_by,
            requested_at: set.requested_at,
            more_tenants: all - tenants.len(),
            tenants,
        }
    }
}

impl SetTenantOut {
    fn of(line: Line, refused: &BTreeMap<OrganisationId, Error>) -> Self {
        let Line { member, state, restore } = line;
        let now = refused.get(&member.organisation).map(|error| error.summary().into());
        Self {
            state,
            restore: restore.as_ref().map(|row| row.id.clone()),
            restore_state: restore.as_ref().map(|row| row.state),
            counts: restore.as_ref().map(|row| row.counts),
            refused: now.or(member.refused),
            organisation: member.organisation,
            comparison: member.comparison,
        }
    }
}

fn state_of(lines: &[Line]) -> SetState {
    let has = |state: MemberState| lines.iter().any(|line| line.state == state);
    // What has failed first: nothing of the set is begun any more, whatever else is under way.
    if has(MemberState::Failed) {
        SetState::Stopped
    } else if has(MemberState::Previewing) {
        SetState::Previewing
    } else if has(MemberState::UnderWay) {
        SetState::UnderWay
    } else if has(MemberState::Previewed) {
        SetState::Ready
    } else if has(MemberState::Done)
        && lines.iter().all(|line| matches!(line.state, MemberState::Done | MemberState::Gone))
    {
        SetState::Done
    } else {
        SetState::NotPreviewed
    }
}

/// A restore set as it stands in a list.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedSetOut {
    /// The id of the set.
    id: RestoreSetId,
    /// How many tenants it has.
    tenants: usize,
    /// What it is for; null where nobody said.
    reason: Option<String>,
    /// Where that is written down; null where nobody said.
    ticket: Option<String>,
    /// Who asked for it: a person's id, or the first characters of a token.
    requested_by: String,
    /// When it was asked for.
    requested_at: Timestamp,
}

impl From<RestoreSet> for ListedSetOut {
    fn from(set: RestoreSet) -> Self {
        Self {
            tenants: set.members.len(),
            id: set.id,
            reason: set.reason,
            ticket: set.ticket,
            requested_by: set.requested_by,
            requested_at: set.requested_at,
        }
    }
}
