//! Restores.

use super::comparisons::named;
use crate::ports::{Chosen, NewRestore, PlanPage, StepView};
use domain::restore::{AttributeMode, Impossible, LinkMode, Remark, SelectedItem, Selection, Step};
use domain::{DiffId, Error, RestoreId, Result, SnapshotId, Timestamp, kinds};
use engine::ports::Spent;
use engine::records::{
    Cause, NotProtected, OutcomeState, ReadBack, Restore, RestoreCounts, RestoreState, StepOutcome,
};
use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A restore to be previewed: `snapshot` with `items`, or `comparison`.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RestoreIn {
    #[garde(skip)]
    snapshot: Option<SnapshotId>,
    #[garde(inner(length(min = 1, max = 5_000)))]
    items: Option<Vec<SelectedItem>>,
    #[garde(skip)]
    comparison: Option<DiffId>,
    #[garde(inner(length(min = 1, max = 5_000)))]
    only: Option<Vec<ObjectRefIn>>,
    #[garde(skip)]
    #[serde(default)]
    attributes: AttributeMode,
    #[garde(skip)]
    #[serde(default)]
    links: LinkMode,
    #[garde(skip)]
    #[serde(default)]
    delete_created: bool,
}

/// An object by its kind and key.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectRefIn {
    kind: String,
    key: String,
}

impl RestoreIn {
    /// As the engine wants it.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn read(self, requested_by: &str) -> Result<NewRestore> {
        let (attributes, links, delete_created) = (self.attributes, self.links, self.delete_created);
        let chosen = match (self.snapshot, self.items, self.comparison, self.only) {
            (Some(snapshot), Some(items), None, None) => {
                let selection = Selection { items, attributes, links, delete_created };
                selection.check()?;
                Chosen::Items { snapshot, items: selection.items }
            }
            (None, None, Some(comparison), only) => {
                let only = only.map(|only| only.into_iter().enumerate().map(object).collect());
                Chosen::Changes { comparison, only: only.transpose()? }
            }
            (Some(_), None, None, _) => return Err(Error::invalid_field("items", "is missing")),
            (None, Some(_), None, _) => return Err(Error::invalid_field("snapshot", "is missing")),
            (_, _, None, Some(_)) => return Err(Error::invalid_field("only", "goes with a comparison")),
            (_, _, Some(_), _) => {
                return Err(Error::invalid_field("comparison", "cannot go with a snapshot or items"));
            }
            (None, None, None, None) => {
                return Err(Error::invalid_field(
                    "snapshot",
                    "a snapshot with items or a comparison is needed",
                ));
            }
        };
        Ok(NewRestore { chosen, attributes, links, delete_created, requested_by: requested_by.to_owned() })
    }
}

fn object((i, named_in): (usize, ObjectRefIn)) -> Result<(&'static kinds::Kind, String)> {
    let kind = kinds::get(&named_in.kind).map_err(|e| named(&format!("only[{i}].kind"), &e))?;
    Ok((kind, named_in.key))
}

/// A restore.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestoreOut {
    id: RestoreId,
    snapshot: SnapshotId,
    comparison: Option<DiffId>,
    attributes: AttributeMode,
    links: LinkMode,
    delete_created: bool,
    state: RestoreState,
    requested_by: String,
    approved_by: Option<String>,
    requested_at: Timestamp,
    previewed_at: Option<Timestamp>,
    queued_at: Option<Timestamp>,
    started_at: Option<Timestamp>,
    done_at: Option<Timestamp>,
    counts: RestoreCounts,
    spent: Spent,
    /// Kinds for whose writing no permission was granted when its execution began.
    not_permitted: Vec<NotProtected>,
    error: Option<String>,
    /// Why it waits or has failed, for programs.
    cause: Option<Cause>,
    /// It is not worked on before: somebody asked to wait, or does not answer.
    waiting_until: Option<Timestamp>,
}

impl From<Restore> for RestoreOut {
    fn from(row: Restore) -> Self {
        Self {
            id: row.id,
            snapshot: row.snapshot,
            comparison: row.diff,
            attributes: row.selection.attributes,
            links: row.selection.links,
            delete_created: row.selection.delete_created,
            state: row.state,
            requested_by: row.requested_by,
            approved_by: row.approved_by,
            requested_at: row.requested_at,
            previewed_at: row.previewed_at,
            queued_at: row.queued_at,
            started_at: row.started_at,
            done_at: row.done_at,
            counts: row.counts,
            spent: row.spent,
            not_permitted: row.not_permitted,
            error: row.error,
            cause: row.course.cause(),
            waiting_until: row.course.held_up.and_then(|held| held.until),
        }
    }
}

/// A restore with a part of its steps.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RestorePlanOut")]
pub struct PlanOut {
    #[serde(flatten)]
    restore: RestoreOut,
    /// What to know before anything else; on the first part only.
    remarks: Vec<Remark>,
    /// On the first part only.
    impossible: Vec<Impossible>,
    items: Vec<StepOut>,
    next: Option<String>,
}

impl PlanOut {
    /// Of that restore.
    pub fn new(restore: Restore, page: PlanPage) -> Self {
        Self {
            restore: restore.into(),
            remarks: page.remarks,
            impossible: page.impossible,
            items: page.steps.items.into_iter().map(Into::into).collect(),
            next: page.steps.next,
        }
    }
}

/// A step, with what became of it once it was tried.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepOut {
    #[serde(flatten)]
    step: Step,
    outcome: Option<OutcomeOut>,
}

/// What became of a step.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutcomeOut {
    asked: String,
    #[serde(flatten)]
    state: OutcomeState,
    status: Option<u16>,
    request_id: Option<String>,
    read_back: Option<ReadBack>,
    new_id: Option<String>,
    at: Timestamp,
}

impl From<StepView> for StepOut {
    fn from(view: StepView) -> Self {
        Self { step: view.step, outcome: view.outcome.map(Into::into) }
    }
}

impl From<StepOutcome> for OutcomeOut {
    fn from(row: StepOutcome) -> Self {
        Self {
            asked: row.asked,
            state: row.state,
            status: row.status,
            request_id: row.request_id,
            read_back: row.read_back,
            new_id: row.new_id,
            at: row.at,
        }
    }
}
