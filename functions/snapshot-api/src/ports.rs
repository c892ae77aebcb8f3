//! What the data plane asks of the engine. The tenant comes first and was checked by the door; a thing of
//! another tenant is `NotFound`.

use async_trait::async_trait;
use backup::commands::search::Found;
use domain::changes::Change;
use domain::kinds::{Kind, KindName};
use domain::restore::{AttributeMode, Impossible, LinkMode, Remark, SelectedItem, Step};
use domain::{DiffId, RestoreId, Result, SnapshotId, TenantId};
use engine::Listed;
use engine::ports::Page;
use engine::records::{Diff, Restore, Side, Snapshot, StepOutcome};
use serde_json::{Map, Value};

/// Which objects.
#[derive(Clone, Debug)]
pub struct ObjectQuery {
    /// Only of this kind.
    pub kind: Option<&'static Kind>,
    /// Only those with this in their name, or another property that is searched; whatever the case.
    pub name: Option<String>,
}

/// An object in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectSummary {
    /// Its kind.
    pub kind: KindName,
    /// Its key.
    pub key: String,
    /// Its name, where it has one.
    pub name: Option<String>,
}

/// A link of an object, from it or to it.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectLink {
    /// The link type, such as `groups.members`.
    pub link: &'static str,
    /// Whether it leads from the object that was asked for; otherwise to it.
    pub outgoing: bool,
    /// The other end: an object's key; for policies an assignment key.
    pub other: String,
    /// The other end's name, where the snapshot knows it.
    pub name: Option<String>,
    /// What the link says besides its ends.
    pub value: Map<String, Value>,
}

/// An object of a snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectDetail {
    /// What it is.
    pub summary: ObjectSummary,
    /// Its properties.
    pub object: Map<String, Value>,
    /// Its links, those from it first.
    pub links: Vec<ObjectLink>,
}

/// A comparison to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct NewComparison {
    /// The earlier side.
    pub before: SnapshotId,
    /// The later side.
    pub after: Side,
    /// Only these kinds; empty means all.
    pub kinds: Vec<&'static Kind>,
    /// Only this object, of the one kind that is then named.
    pub object: Option<String>,
}

/// What is to be restored.
#[derive(Clone, Debug, PartialEq)]
pub enum Chosen {
    /// Objects, or parts of them, from a snapshot.
    Items {
        /// From where.
        snapshot: SnapshotId,
        /// Which; at least one.
        items: Vec<SelectedItem>,
    },
    /// The changes of a comparison are taken back.
    Changes {
        /// Of which.
        comparison: DiffId,
        /// Only of these objects, by kind and key; all when absent.
        only: Option<Vec<(&'static Kind, String)>>,
    },
}

/// A restore to be previewed.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRestore {
    /// What.
    pub chosen: Chosen,
    /// How attributes are written.
    pub attributes: AttributeMode,
    /// How links are written.
    pub links: LinkMode,
    /// Whether chosen objects that came since are deleted.
    pub delete_created: bool,
    /// Who asks.
    pub requested_by: String,
}

/// A step with what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct StepView {
    /// The step.
    pub step: Step,
    /// What became of it, once it was tried.
    pub outcome: Option<StepOutcome>,
}

/// A part of a restore's plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanPage {
    /// Steps, in the order of execution; empty until the preview is there.
    pub steps: Listed<StepView>,
    /// What to know before anything else; on the first page only.
    pub remarks: Vec<Remark>,
    /// What cannot be restored; on the first page only.
    pub impossible: Vec<Impossible>,
}

/// The commands of the data plane.
#[async_trait]
pub trait SnapshotCommands: Send + Sync {
    /// Starts a snapshot now.
    ///
    /// # Errors
    /// `Conflict` while one is being taken.
    async fn take_snapshot(&self, tenant: &TenantId) -> Result<Snapshot>;

    /// Snapshots, newest first, without those that only served a comparison.
    async fn list_snapshots(&self, tenant: &TenantId, page: Page) -> Result<Listed<Snapshot>>;

    /// One snapshot.
    async fn get_snapshot(&self, tenant: &TenantId, id: &SnapshotId) -> Result<Snapshot>;

    /// Objects of a sealed snapshot.
    ///
    /// # Errors
    /// `Conflict` when it is not sealed; `Invalid` naming `cursor` when that is of another search.
    async fn list_objects(
        &self,
        tenant: &TenantId,
        id: &SnapshotId,
        query: ObjectQuery,
        page: Page,
    ) -> Result<Found>;

    /// One object of a sealed snapshot with its links.
    async fn get_object(
        &self,
        tenant: &TenantId,
        id: &SnapshotId,
        kind: &'static Kind,
        key: &str,
    ) -> Result<ObjectDetail>;

    /// Starts a comparison.
    ///
    /// # Errors
    /// `NotFound` when a side is no snapshot of the tenant; `Conflict` when it is not sealed.
    async fn start_comparison(&self, tenant: &TenantId, new: NewComparison) -> Result<Diff>;

    /// One comparison.
    async fn get_comparison(&self, tenant: &TenantId, id: &DiffId) -> Result<Diff>;

    /// The changes that a comparison found.
    ///
    /// # Errors
    /// `Conflict` when it is not done.
    async fn list_changes(&self, tenant: &TenantId, id: &DiffId, page: Page) -> Result<Listed<Change>>;

    /// Starts the preview of a restore.
    async fn preview_restore(&self, tenant: &TenantId, new: NewRestore) -> Result<Restore>;

    /// One restore.
    async fn get_restore(&self, tenant: &TenantId, id: &RestoreId) -> Result<Restore>;

    /// A part of its plan, with the outcomes that there are.
    async fn read_plan(&self, tenant: &TenantId, id: &RestoreId, page: Page) -> Result<PlanPage>;

    /// Approves a previewed restore and starts it.
    ///
    /// # Errors
    /// `Conflict` when it is not previewed, or was approved before.
    async fn run_restore(&self, tenant: &TenantId, id: &RestoreId, approved_by: &str) -> Result<Restore>;
}
