//! `holdfast drill`: a snapshot of an installation, put back into an empty simulated tenant.

use backup::commands::snapshots::Snapshots;
use customer::{Administrator, Cast, Credentials, Haste, Stage};
use domain::{ErrorKind, OrganisationId, PartnerId, SnapshotId, TenantId};
use engine::ports::Secret;
use engine::records::{CredentialStatus, JobState, Partner, Reason, Records, Snapshot, StoredKey, Tenant};
use jiff::SignedDuration;
use local::commands::said_of_drill;
use local::drill::{DrillReport, KindBack, LostParts, Source, drill};
use local::embedded::SecretSettings;
use local::ports::Ports;
use local::{Cloud, CloudConfig, Data};
use serde_json::json;
use sim::{COMPANY_TENANT_ID, READER_CLIENT_ID, Sim, SimConfig};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// An installation whose data is in a folder, with a snapshot of a simulated company.
struct Installed {
    folder: tempfile::TempDir,
    tenant: TenantId,
    snapshot: SnapshotId,
}

impl Installed {
    async fn with(users: usize) -> Self {
        let mut config = SimConfig::company(7, users);
        config.limits = sim::Limits::none();
        let sim = Sim::new(config).serve(([127, 0, 0, 1], 0).into()).await.unwrap();
        sim.control().consent(COMPANY_TENANT_ID, READER_CLIENT_ID);
        let credentials = Credentials {
            tenant: COMPANY_TENANT_ID.to_owned(),
            client_id: sim::ADMINISTRATOR_CLIENT_ID.to_owned(),
            secret: sim::ADMINISTRATOR_SECRET.to_owned(),
            domain: Some("fabrikam.example".to_owned()),
        };
        let url = sim.graph_url();
        let admin = Administrator::sign_in(&url, &url, &credentials, Haste::Hasty).await.unwrap();
        Stage::set_up(&admin, &Cast::COMPANY).await.unwrap();

        let folder = tempfile::tempdir().unwrap();
        let cloud = Cloud::start(CloudConfig {
            data: Data::Folder(folder.path().to_owned()),
            graph_url: sim.graph_url(),
            login_url: sim.login_url(),
            secrets: secrets(),
            ..CloudConfig::default()
        })
        .await
        .unwrap();
        let tenant: TenantId = COMPANY_TENANT_ID.parse().unwrap();
        connect(cloud.ports(), &tenant).await;
        let snapshot = snapshot(&cloud, &tenant).await;
        cloud.stop().await;
        sim.stop().await;
        Self { folder, tenant, snapshot }
    }

    async fn drill(&self) -> domain::Result<DrillReport> {
        let source = Source::of_folder(self.folder.path()).await?;
        let report = drill(&source, &self.tenant, None).await;
        source.close().await;
        report
    }
}

/// The credential of the reading application.
fn secrets() -> SecretSettings {
    let reader = json!({ "clientId": READER_CLIENT_ID, "clientSecret": sim::READER_SECRET });
    SecretSettings::default().with("graph-reader", Secret::new(reader.to_string()))
}

async fn connect(ports: &Ports, tenant: &TenantId) {
    let records = Records::new(ports.catalog.clone(), ports.clock.clone());
    let (now, ulid) = (ports.clock.now(), ports.ids.ulid());
    let partner = Partner {
        id: PartnerId::from_ulid(&ulid),
        name: "A partner".into(),
        above: vec![],
        entra_sku_active: true,
        created_at: now,
    };
    records.put_new(&partner).await.unwrap();
    let organisation = OrganisationId::from_ulid(&ulid);
    let (_, wrapped) = ports.keys.generate(tenant).await.unwrap();
    let key =
        StoredKey { tenant: tenant.clone(), organisation: organisation.clone(), wrapped, created_at: now };
    records.put_new(&key).await.unwrap();
    let row = Tenant {
        tenant: tenant.clone(),
        partner: partner.id,
        organisation,
        name: "A customer".into(),
        credentials: CredentialStatus::Connected,
        refused: None,
        not_protected: None,
        credentials_since: None,
        snapshots_per_day: 1,
        next_snapshot_at: None,
        open_snapshot: None,
        last_sealed: None,
        untold_since: None,
        newest: None,
        last_full_at: None,
        connected_at: now - SignedDuration::from_hours(30 * 24),
        consented_at: None,
        has_parked: false,
    };
    records.put_new(&row).await.unwrap();
}

async fn snapshot(cloud: &Cloud, tenant: &TenantId) -> SnapshotId {
    let Ports { queue, clock, ids, catalog, .. } = cloud.ports().clone();
    let records = Records::new(catalog, clock.clone());
    let snapshots = Snapshots { records: records.clone(), queue, clock, ids };
    let id = snapshots.start(tenant, Reason::Person).await.unwrap();
    cloud.settle().await.unwrap();
    let row = records.get(&Snapshot::at(tenant, &id)).await.unwrap().value;
    assert_eq!(row.state, JobState::Done, "{row:?}");
    id
}

fn of<'a>(report: &'a DrillReport, kind: &str) -> &'a KindBack {
    report.kinds.iter().find(|of| of.kind == kind).unwrap()
}

/// All files below a folder, by their paths.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(at) = open.pop() {
        for entry in std::fs::read_dir(&at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                all.insert(path.clone(), std::fs::read(&path).unwrap());
            }
        }
    }
    all
}

#[tokio::test]
async fn a_snapshot_comes_back_in_an_empty_tenant_and_of_what_does_not_it_is_said_why() {
    let installed = Box::pin(Installed::with(30)).await;
    let vault = installed.folder.path().join("vault");
    let before = files(&vault);
    let report = installed.drill().await.unwrap();
    let said = said_of_drill(&report).join("\n");
    assert_eq!(report.snapshot, installed.snapshot);
    let unexplained: Vec<&LostParts> = report.unexplained().collect();
    assert!(unexplained.is_empty(), "{unexplained:#?}\n{said}");
    for kind in &report.kinds {
        assert_eq!(kind.held, kind.back + kind.differ + kind.lost, "{kind:?}");
    }
    // Guests and synced people do not come back; all others do, with their groups, roles and policies.
    let causes: Vec<&str> = report
        .lost
        .iter()
        .filter(|p| p.lost.part == "object")
        .filter_map(|p| p.lost.cause.as_deref())
        .collect();
    assert!(causes.contains(&"guest") && causes.contains(&"synced"), "{causes:?}");
    for kind in ["groups", "roles", "ConfigurationPolicies", "CompliancePolicies", "DeviceConfiguration"] {
        let KindBack { held, lost, .. } = of(&report, kind);
        assert!(*held > 0, "{kind}");
        assert!(*lost < *held, "{kind}: {said}");
    }
    // On paper nothing is known of who cannot come back, so less may be written, and never more.
    assert!(report.writes <= report.paper.writes.at_most, "{said}");
    assert!(report.writes > 0 && report.steps > 0, "{said}");
    assert_eq!(files(&vault), before, "nothing was written to the installation");
}

#[tokio::test]
async fn a_snapshot_whose_leaf_is_gone_is_found_to_be_damaged() {
    let installed = Box::pin(Installed::with(12)).await;
    let vault = installed.folder.path().join("vault/t").join(installed.tenant.as_str()).join("leaves");
    let largest = files(&vault).into_iter().max_by_key(|(_, bytes)| bytes.len()).unwrap().0;
    std::fs::remove_file(largest).unwrap();
    assert_eq!(installed.drill().await.unwrap_err().kind(), ErrorKind::Corrupt);
}

#[tokio::test]
async fn a_folder_without_an_installation_is_not_made_one() {
    let folder = tempfile::tempdir().unwrap();
    let opened = Source::of_folder(folder.path()).await.err().unwrap();
    assert_eq!(opened.kind(), ErrorKind::NotFound);
    assert!(files(folder.path()).is_empty());
}

#[tokio::test]
async fn an_installation_that_is_served_is_left_alone_and_a_tenant_it_does_not_have_is_not_found() {
    let folder = tempfile::tempdir().unwrap();
    let data = Data::Folder(folder.path().to_owned());
    let config = CloudConfig { data, secrets: secrets(), ..CloudConfig::default() };
    let cloud = Cloud::start(config).await.unwrap();
    assert_eq!(Source::of_folder(folder.path()).await.err().unwrap().kind(), ErrorKind::Conflict);
    cloud.stop().await;
    let source = Source::of_folder(folder.path()).await.unwrap();
    let nobody = COMPANY_TENANT_ID.parse().unwrap();
    assert_eq!(drill(&source, &nobody, None).await.unwrap_err().kind(), ErrorKind::NotFound);
    source.close().await;
}
