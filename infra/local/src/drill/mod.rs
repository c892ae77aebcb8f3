//! A drill: a sealed snapshot is put back, whole, into an empty tenant at the simulated Microsoft, by the same jobs as a
//! restore of a customer's, and compared with it.
//!
//! - `source`: where the snapshot is; only read. `overlay`: what the drill stores, in memory over that.
//! - `needed`: what has to be there first, since no restore brings it; it is set up, and said.
//! - `stand`: the installation of the drill and its jobs. `clock`: its time, which only waiting moves.
//! - `explained`: why what is still different is.
//!
//! What Microsoft does is what the simulator does: a drill proves what a snapshot holds and what the product makes of it, and
//! not how a real tenant answers.

mod clock;
mod explained;
mod needed;
mod overlay;
mod source;
mod stand;

pub use explained::{Lost, LostParts};
pub use needed::{Licence, Needed};
pub use overlay::Overlay;
pub use source::Source;

use backup::archive::{Archive, SnapshotView};
use domain::changes::{Change, LinkChange, What};
use domain::coverage;
use domain::kinds::{KINDS, Kind, LinkWrite, links};
use domain::restore::{AttributeMode, LinkMode, OnPaper, SelectedItem, Selection, on_paper};
use domain::{Error, Result, SnapshotId, TenantId, Timestamp};
use engine::ports::{Clock, Spent};
use engine::records::{JobState, Records, Snapshot, Tenant, key_of};
use explained::Told;
use restore::commands::restores::MAX_NAMED;
use runtime::system::SystemClock;
use serde::Serialize;
use stand::{Held, Stand};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

/// What became of the objects of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KindBack {
    /// The name of the kind.
    pub kind: String,
    /// How many objects the snapshot holds.
    pub held: u64,
    /// How many are as they were.
    pub back: u64,
    /// How many came back, and differ in some part.
    pub differ: u64,
    /// How many did not come back.
    pub lost: u64,
}

/// What a drill came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DrillReport {
    /// The tenant whose snapshot it was.
    pub tenant: TenantId,
    /// The snapshot that was put back.
    pub snapshot: SnapshotId,
    /// When the snapshot was sealed.
    pub sealed_at: Timestamp,
    /// What had to be there first.
    pub needed: Needed,
    /// What it would take, on paper.
    pub paper: OnPaper,
    /// What became of each kind that the snapshot holds.
    pub kinds: Vec<KindBack>,
    /// How many links the snapshot holds.
    pub links: u64,
    /// How many of them are missing between objects that came back.
    pub links_lost: u64,
    /// Each part that did not come back, and why.
    pub lost: Vec<LostParts>,
    /// What the snapshot itself does not hold: kinds and parts of kinds, with the reason.
    pub not_held: Vec<String>,
    /// How many restores it took, and how many steps they had.
    pub restores: u64,
    /// How many steps the restores had.
    pub steps: u64,
    /// How many writes Graph was sent.
    pub writes: u64,
    /// What the restores cost at Graph, previews not counted.
    pub spent: Spent,
    /// How long it would take at Microsoft's limits, were every answer immediate, in milliseconds.
    pub simulated_ms: i64,
    /// How long the drill took, in milliseconds.
    pub took_ms: u64,
}

impl DrillReport {
    /// The parts of which nothing says why they did not come back.
    pub fn unexplained(&self) -> impl Iterator<Item = &LostParts> {
        self.lost.iter().filter(|parts| parts.lost.cause.is_none())
    }
}

/// Drills a tenant's snapshot, the newest where none is named.
///
/// # Errors
/// `NotFound` when the source has no such tenant or snapshot; `Conflict` when that is not sealed; `Unavailable` when a job is
/// given up.
pub async fn drill(source: &Source, tenant: &TenantId, snapshot: Option<SnapshotId>) -> Result<DrillReport> {
    let begun = Instant::now();
    let records = Records::new(source.catalog.clone(), Arc::new(SystemClock));
    let held = find(&records, tenant, snapshot).await?;
    let archive = Archive::new(source.vault.clone(), source.keys.clone(), records);
    let view = SnapshotView::open(&archive.open(tenant).await?, &held.snapshot.id).await?;
    let needed = Needed::by(&view).await?;
    let stand = Stand::set_up(source, held, &needed.main_domain()).await?;
    needed.set_up(&stand.control, tenant.as_str());
    let report = rehearse(&stand, &view, needed, begun).await;
    stand.close().await;
    report
}

/// The rows of the snapshot that is drilled.
async fn find(records: &Records, tenant: &TenantId, snapshot: Option<SnapshotId>) -> Result<Held> {
    let newest = async || {
        let row = records.get(&Tenant::at(tenant)).await?.value;
        row.last_sealed.ok_or_else(|| Error::not_found("no snapshot of this tenant is sealed"))
    };
    let snapshot = match snapshot {
        Some(snapshot) => snapshot,
        None => newest().await?,
    };
    let snapshot = records.get(&Snapshot::at(tenant, &snapshot)).await?.value;
    if snapshot.state != JobState::Done {
        return Err(Error::conflict("the snapshot is not sealed"));
    }
    let key = key_of(records, tenant).await?;
    Ok(Held { key: key.ok_or_else(|| Error::not_found("the tenant has no key"))?, snapshot })
}

async fn rehearse(stand: &Stand, view: &SnapshotView, needed: Needed, begun: Instant) -> Result<DrillReport> {
    // What an empty tenant has of itself, such as Microsoft's own roles and the roles of our applications, is no difference.
    let before = stand.compared().await?;
    let is_own = |change: &Change| change.what == What::Created;
    let own: BTreeSet<(String, String)> =
        before.iter().filter(|change| is_own(change)).map(|c| (c.kind.to_string(), c.key.clone())).collect();
    let mut items: Vec<SelectedItem> = before.iter().filter(|change| !is_own(change)).map(whole).collect();
    drop(before);
    // In the order of the table, in which references point upwards; within a kind as the comparison lists them.
    let place = |item: &SelectedItem| KINDS.iter().position(|kind| item.kind == kind.name);
    items.sort_by_key(place);

    // So many at a time as one restore takes; fewer where a preview says that they are too much.
    let (writes_before, time_before) = (stand.control.writes(stand.tenant.as_str()), stand.clock.now());
    let (mut told, mut spent, mut restores, mut steps) = (Told::default(), Spent::default(), 0, 0);
    let mut open: VecDeque<Vec<SelectedItem>> = items.chunks(MAX_NAMED).map(<[_]>::to_vec).collect();
    while let Some(chunk) = open.pop_front() {
        let selection = Selection {
            items: chunk.clone(),
            attributes: AttributeMode::Overwrite,
            links: LinkMode::Rollback,
            ..Selection::default()
        };
        match stand.put_back(selection).await? {
            Some(ran) => {
                restores += 1;
                steps += ran.plan.steps.len() as u64;
                spent += ran.row.spent;
                told.take(&ran);
            }
            None if chunk.len() > 1 => {
                let (first, second) = chunk.split_at(chunk.len() / 2);
                open.push_front(second.to_vec());
                open.push_front(first.to_vec());
            }
            None => return Err(Error::unavailable("the preview of a single object failed")),
        }
    }
    let writes = (stand.control.writes(stand.tenant.as_str()) - writes_before) as u64;
    let simulated_ms = stand.clock.now().duration_since(time_before).as_millis();

    // The proof is what the tenant holds, and not what the restores say that they did.
    let after = stand.compared().await?;
    let is_left = |change: &Change| {
        let at = (change.kind.to_string(), change.key.clone());
        !(change.what.is_activation() || is_own(change) && own.contains(&at))
    };
    let left: Vec<Change> = after.into_iter().filter(is_left).collect();
    let manifest = view.manifest();
    let records = |run: &str| manifest.runs.get(run).map_or(0, |run| run.records);
    let is_lost = |link: &&LinkChange| link.what == What::Deleted;
    Ok(DrillReport {
        tenant: stand.tenant.clone(),
        snapshot: stand.snapshot.clone(),
        sealed_at: manifest.sealed_at,
        needed,
        paper: on_paper(manifest),
        kinds: KINDS
            .into_iter()
            .filter(|kind| view.covers(kind))
            .map(|kind| back(kind, records(kind.run()), &left))
            .collect(),
        links: links().map(|link| records(link.name)).sum(),
        links_lost: left.iter().flat_map(|change| &change.links).filter(is_lost).count() as u64,
        lost: explained::lost(&left, &told, &far_ends(&items, &left)),
        not_held: not_held(view),
        restores,
        steps,
        writes,
        spent,
        simulated_ms: i64::try_from(simulated_ms).unwrap_or(i64::MAX),
        took_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}

/// The object of a change, whole.
fn whole(change: &Change) -> SelectedItem {
    SelectedItem {
        kind: change.kind.clone(),
        key: change.key.clone(),
        properties: None,
        links: None,
        paths: Vec::new(),
        incoming: false,
    }
}

/// What a link that is missing may lead to: objects that were put back, and targets of assignments, which are no objects.
fn far_ends(items: &[SelectedItem], left: &[Change]) -> BTreeSet<String> {
    let is_assignment =
        |link: &LinkChange| links().any(|of| of.name == link.link && of.write == LinkWrite::AssignAll);
    let missing = left.iter().flat_map(|change| &change.links);
    let targets = missing.filter(|link| is_assignment(link)).map(|link| link.to.clone());
    items.iter().map(|item| item.key.clone()).chain(targets).collect()
}

/// What became of the objects of a kind, of which the snapshot holds so many.
fn back(kind: &Kind, held: u64, left: &[Change]) -> KindBack {
    let of = |what: What| {
        left.iter().filter(|change| change.kind == kind.name && change.what == what).count() as u64
    };
    let (lost, differ) = (of(What::Deleted), of(What::Modified));
    KindBack { kind: kind.name.to_string(), held, back: held.saturating_sub(lost + differ), differ, lost }
}

/// What the snapshot does not hold, one sentence each.
fn not_held(view: &SnapshotView) -> Vec<String> {
    let covers = coverage::of(view.manifest());
    let gaps = covers.iter().flat_map(|cover| &cover.gaps).map(|gap| format!("{}: {}", gap.part, gap.why));
    let never = covers.iter().filter(|cover| cover.held).flat_map(|cover| {
        cover.never.iter().map(|never| format!("{}: {}: {}", cover.kind, never.what, never.why))
    });
    gaps.chain(never).collect()
}
