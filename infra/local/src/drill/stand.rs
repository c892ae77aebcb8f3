//! An installation in memory, connected to an empty simulated tenant: every job that a restore needs, as it is deployed.
//!
//! Jobs are called one after the other and no queue is worked off. Rows and what is stored are lost when the drill ends.

use super::clock::DrillClock;
use super::overlay::Overlay;
use super::source::Source;
use crate::config::Data;
use crate::embedded::{EmbeddedDynamo, FileSecrets, LocalQueue, QueueRules, SecretSettings, SigningFile};
use crate::installation::Installation;
use crate::ports::embedded_catalog;
use backup::archive::Archive;
use backup::commands::diffs::{Diffs, NewComparison};
use backup::diff_snapshots;
use domain::changes::{Change, Class};
use domain::organisations::ApprovalRule;
use domain::restore::Selection;
use domain::{Error, OrganisationId, PartnerId, Result, SnapshotId, TenantId, Timestamp};
use engine::open_work::OpenWork;
use engine::ports::{Clock, Directory, Ids, KeyRing, Queue, Secret, Vault};
use engine::records::{
    CredentialStatus, JobState, Partner, Records, Restore, RestoreState, Side, Snapshot, StepOutcome,
    StoredKey, Tenant,
};
use engine::work::JobWorker;
use graph::{GraphClient, GraphDirectory, GraphSettings, GraphWriter};
use jiff::SignedDuration;
use restore::commands::restores::{NewRestore, RestoreFrom, Restores};
use restore::plans::PlanStore;
use restore::preview_restore::{Archived, Snapshots};
use restore::{preview_restore, run_restore};
use runtime::system::{SystemClock, SystemIds};
use serde_json::json;
use sim::{Control, ExpiredDelta, Sim, SimConfig, SimServer};
use std::sync::Arc;

/// In whose name everything is asked for.
const ASKER: &str = "drill";
/// How long one call of a job may take, by the drill's clock: as in AWS, less what is kept in reserve.
const CALL: SignedDuration = SignedDuration::from_mins(14);
/// A piece of work that was called so often and is not over will not be.
const CALLS: usize = 10_000;
/// So often in a row something may be in the way of a piece of work.
const IN_VAIN: u32 = 20;

/// What a comparison says of what the snapshot does not hold: the report says that by itself.
const NOT_HELD: &str = "not-held";

/// The rows of what is drilled, as the installation has them that took the snapshot.
pub(super) struct Held {
    pub key: StoredKey,
    pub snapshot: Snapshot,
}

/// A restore that was run to its end, or whose preview found nothing to write.
pub(super) struct Ran {
    pub row: Restore,
    pub plan: domain::restore::RestorePlan,
    pub outcomes: Vec<StepOutcome>,
}

/// The installation of a drill, and the tenant that it is connected to.
pub(super) struct Stand {
    pub tenant: TenantId,
    pub snapshot: SnapshotId,
    pub archive: Arc<Archive>,
    pub clock: Arc<DrillClock>,
    pub control: Control,
    records: Records,
    archived: Arc<Archived>,
    diffs: Diffs,
    restores: Restores,
    compare: diff_snapshots::Worker,
    preview: preview_restore::Worker,
    run: run_restore::Worker,
    server: SimServer,
    dynamo: EmbeddedDynamo,
    installation: Installation,
}

impl Stand {
    /// An empty tenant of the snapshot's id, whose own domain is that one, and an installation that holds the snapshot.
    ///
    /// # Errors
    /// As the ports of this machine fail.
    pub async fn set_up(source: &Source, held: Held, domain: &str) -> Result<Self> {
        let (tenant, snapshot) = (held.key.tenant.clone(), held.snapshot.id.clone());

        // Microsoft: no users, its own limits, and a clock that only moves when somebody waits.
        let mut config = SimConfig::company(1, 0);
        config.real_time = false;
        for empty in &mut config.tenants {
            tenant.as_str().clone_into(&mut empty.id);
            domain.clone_into(&mut empty.domain);
        }
        let server = Sim::new(config).serve(([127, 0, 0, 1], 0).into()).await;
        let server =
            server.map_err(|e| Error::unavailable("no port for the simulated cloud").caused_by(e))?;
        let control = server.control();
        control.switch(|switches| switches.assertion_clock_real = false);
        // The snapshot's delta tokens are another tenant's, and say nothing of this one: everything is read.
        control.expire_delta_tokens(ExpiredDelta::Gone);
        let clock = Arc::new(DrillClock::new(SystemClock.now(), control.clone()));
        for app in [sim::READER_CLIENT_ID, sim::WRITER_CLIENT_ID] {
            control.consent(tenant.as_str(), app);
        }

        // Holdfast: its own rows and its own vault, over the snapshot's.
        let ids: Arc<dyn Ids> = Arc::new(SystemIds::default());
        let installation = Installation::open(&Data::Memory, &ids.ulid())?;
        let dynamo = EmbeddedDynamo::start(None).await?;
        let catalog = Arc::new(embedded_catalog(&dynamo).await?);
        let time: Arc<dyn Clock> = clock.clone();
        let records = Records::new(catalog, time.clone());
        let queue: Arc<dyn Queue> =
            Arc::new(LocalQueue::in_memory(time.clone(), ids.clone(), QueueRules::default())?);
        let vault: Arc<dyn Vault> = Arc::new(Overlay::over(source.vault.clone()));
        let keys: Arc<dyn KeyRing> = source.keys.clone();
        let signer = Arc::new(SigningFile::open(&installation.folder().join("signing.key")).await?);
        let client = |secret: &str| client(&server, &installation, secret, (time.clone(), ids.clone()));
        let directory: Arc<dyn Directory> = Arc::new(GraphDirectory::new(client(GraphDirectory::SECRET)?));
        let writer = Arc::new(GraphWriter::new(client(GraphWriter::SECRET)?));
        let archive = Arc::new(Archive::new(vault.clone(), keys.clone(), records.clone()));
        let archived = Arc::new(Archived::new(archive.clone(), records.clone()));
        put_rows(&records, held, &*ids, time.now()).await?;

        Ok(Self {
            diffs: Diffs {
                archive: archive.clone(),
                records: records.clone(),
                queue: queue.clone(),
                clock: time.clone(),
                ids: ids.clone(),
            },
            restores: Restores {
                records: records.clone(),
                comparisons: archived.clone(),
                plans: archived.clone(),
                queue: queue.clone(),
                clock: time.clone(),
                ids: ids.clone(),
            },
            compare: diff_snapshots::Worker::new(diff_snapshots::Ports {
                directory: directory.clone(),
                vault: vault.clone(),
                keys: keys.clone(),
                records: records.clone(),
                queue: queue.clone(),
                clock: time.clone(),
                ids: ids.clone(),
            }),
            preview: preview_restore::Worker::new(preview_restore::Ports {
                directory: directory.clone(),
                vault: vault.clone(),
                keys: keys.clone(),
                records: records.clone(),
                queue: queue.clone(),
                clock: time.clone(),
            }),
            run: run_restore::Worker::new(run_restore::Ports {
                directory,
                writer,
                vault,
                keys,
                records: records.clone(),
                queue,
                clock: time,
                ids,
                signer,
            }),
            tenant,
            snapshot,
            archive,
            clock,
            control,
            records,
            archived,
            server,
            dynamo,
            installation,
        })
    }

    /// What differs between the snapshot and the tenant as it is.
    ///
    /// # Errors
    /// `Unavailable` when the comparison fails.
    pub async fn compared(&self) -> Result<Vec<Change>> {
        let new = NewComparison::of_everything(self.snapshot.clone(), Side::Live);
        let asked = self.diffs.start(&self.tenant, ASKER, new).await?;
        let row = self.worked_off(&self.compare, asked).await?;
        if row.state != JobState::Done {
            return Err(Error::unavailable(row.error.unwrap_or_default()));
        }
        // What was not compared would count as having come back.
        let blind = row.not_compared.iter().filter(|not| not.cause != NOT_HELD);
        let blind: Vec<String> =
            blind.map(|not| format!("{} ({}: {})", not.source, not.cause, not.why)).collect();
        if !blind.is_empty() {
            let why =
                format!("the simulated tenant could not be compared with the snapshot: {}", blind.join("; "));
            return Err(Error::unavailable(why));
        }
        let mut changes = self.archived.list_changes(&self.tenant, &row.id).await?;
        // What was only observed does not come back, and is no difference.
        changes.retain(|change| change.rating.class != Class::Observed);
        for change in &mut changes {
            change.attributes.retain(|attribute| attribute.class != Class::Observed);
        }
        Ok(changes)
    }

    /// Has what was chosen of the snapshot put back; none where the preview says that it is too much at once.
    ///
    /// # Errors
    /// `Unavailable` when the restore is given up.
    pub async fn put_back(&self, selection: Selection) -> Result<Option<Ran>> {
        let new = NewRestore::of(RestoreFrom::Items(self.snapshot.clone()), selection);
        let asked = self.restores.create_preview(&self.tenant, ASKER, new).await?;
        let mut row = self.worked_off(&self.preview, asked).await?;
        if row.state == RestoreState::Failed {
            return Ok(None);
        }
        let stored = self.archived.find_plan(&self.tenant, &row.id).await?;
        let plan = stored.ok_or_else(|| Error::corrupt("a stored plan cannot be found"))?.plan;
        if !plan.steps.is_empty() {
            let begun = self.restores.run(&self.tenant, ASKER, ApprovalRule::Off, &row.id).await?;
            row = self.worked_off(&self.run, begun).await?;
            if row.state != RestoreState::Done {
                return Err(Error::unavailable(row.error.unwrap_or_default()));
            }
        }
        let rows = self.records.list_all(&StepOutcome::of_restore(&self.tenant, &row.id)).await?;
        Ok(Some(Ran { row, plan, outcomes: rows.into_iter().map(|found| found.value).collect() }))
    }

    /// Calls a job until that work is over; the time that it waits for is moved to.
    async fn worked_off<T: OpenWork>(&self, job: &dyn JobWorker, work: T) -> Result<T> {
        let at = work.address();
        for _ in 0..CALLS {
            let row = self.records.get(&at).await?.value;
            if !row.is_open() {
                return Ok(row);
            }
            if let Some(held) = row.course().held_up.filter(|held| held.attempts > IN_VAIN) {
                return Err(Error::unavailable(format!("{} gets no further: {:?}", row.label(), held.cause)));
            }
            if let Some(until) = row.course().waits_until(self.clock.now()) {
                self.clock.advance_to(until);
            }
            job.handle(&row.message().body, self.clock.now() + CALL).await?;
        }
        Err(Error::unavailable(format!("{} does not come to its end", work.label())))
    }

    /// Ends all of it.
    pub async fn close(self) {
        let Self { archive, records, archived, diffs, restores, compare, preview, run, .. } = self;
        // Why first: whoever is served keeps a server from ending.
        drop((archive, records, archived, diffs, restores, compare, preview, run));
        self.server.stop().await;
        self.dynamo.stop().await;
        drop(self.installation);
    }
}

/// A client of the simulated Graph with the credential of that name.
fn client(
    server: &SimServer,
    installation: &Installation,
    secret: &str,
    (clock, ids): (Arc<dyn Clock>, Arc<dyn Ids>),
) -> Result<GraphClient> {
    let credentials = [
        (GraphDirectory::SECRET, sim::READER_CLIENT_ID, sim::READER_SECRET),
        (GraphWriter::SECRET, sim::WRITER_CLIENT_ID, sim::WRITER_SECRET),
    ];
    let settings = credentials.iter().fold(SecretSettings::default(), |settings, (name, id, secret)| {
        let body = json!({ "clientId": id, "clientSecret": secret });
        settings.with(name, Secret::new(body.to_string()))
    });
    let secrets = Arc::new(FileSecrets::open(installation.folder().join("secrets"), settings)?);
    let settings = GraphSettings {
        graph_url: server.graph_url(),
        login_url: server.login_url(),
        ..GraphSettings::default()
    };
    GraphClient::new(settings, secrets, secret, clock, ids)
}

/// The rows of a tenant that was connected long ago: nothing is excused by a consent that is young.
async fn put_rows(records: &Records, held: Held, ids: &dyn Ids, now: Timestamp) -> Result<()> {
    let Held { key, snapshot } = held;
    let partner = Partner {
        id: PartnerId::from_ulid(&ids.ulid()),
        name: "The drill".to_owned(),
        above: Vec::new(),
        entra_sku_active: true,
        created_at: now,
    };
    let organisation: OrganisationId = key.organisation.clone();
    let tenant = Tenant {
        tenant: key.tenant.clone(),
        partner: partner.id.clone(),
        organisation,
        name: "The drill".to_owned(),
        credentials: CredentialStatus::Connected,
        refused: None,
        not_protected: None,
        credentials_since: None,
        snapshots_per_day: 1,
        next_snapshot_at: None,
        open_snapshot: None,
        // Why none: the tenant is another than that of which the snapshot was taken, so nothing builds on it.
        last_sealed: None,
        untold_since: None,
        newest: None,
        last_full_at: None,
        connected_at: now - SignedDuration::from_hours(30 * 24),
        consented_at: None,
        has_parked: false,
    };
    records.put_new(&partner).await?;
    records.put_new(&key).await?;
    records.put_new(&tenant).await?;
    records.put_new(&snapshot).await
}
