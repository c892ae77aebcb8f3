//! Customers of a partner as rows, so many as a test wants: organisations that are connected, and whose last snapshot was
//! sealed an hour ago and holds everything.

use super::Plane;
use domain::notices::{Severity, Topic};
use domain::{DiffId, OrganisationId, PartnerId, SnapshotId, TenantId, Timestamp};
use engine::ports::Clock as _;
use engine::records::{
    CredentialStatus, Expected, Found, Newest, NoticeEntry, Organisation, OrganisationPlace, SeatCount,
    Subject, Tenant, plain_id,
};
use jiff::SignedDuration;
use partners::commands::Caller;
use serde_json::Value;

/// A partner and its customers.
pub struct Fleet {
    pub plane: Plane,
    pub partner: PartnerId,
    pub owner: Caller,
    pub ids: Vec<OrganisationId>,
}

pub fn tenant(n: usize) -> TenantId {
    format!("a1b2c3d4-0000-1111-2222-{n:012}").parse().unwrap()
}

pub fn snapshot(n: usize) -> SnapshotId {
    SnapshotId::from_ulid(&format!("01J{n:023}"))
}

pub fn diff(n: usize) -> DiffId {
    DiffId::from_ulid(&format!("01J{n:023}"))
}

impl Fleet {
    /// So many customers of a partner that is below another.
    pub async fn of(count: usize) -> Self {
        let plane = Plane::new();
        plane.world.clock.advance(SignedDuration::from_hours(24 * 30));
        let (_, top) = plane.partner(&Caller::Operator, "Top").await;
        let (partner, owner) = plane.partner(&top, "Northwind").await;
        let mut fleet = Self { plane, partner, owner, ids: Vec::new() };
        let first = fleet.plane.organisation(&fleet.owner, "Customer 000").await;
        let row = fleet.organisation(&first).await.value;
        fleet.ids.push(first);
        for n in 1..count {
            let id = OrganisationId::from_ulid(&format!("01Z{n:023}"));
            let row = Organisation { id: id.clone(), name: format!("Customer {n:03}"), ..row.clone() };
            fleet.plane.records().put_new(&row).await.unwrap();
            let place = OrganisationPlace { organisation: id.clone(), partner: row.partner, tenant: None };
            fleet.plane.records().put_new(&place).await.unwrap();
            fleet.ids.push(id);
        }
        for n in 0..count {
            fleet.connect(n).await;
        }
        fleet
    }

    async fn connect(&self, n: usize) {
        let (records, hour) = (self.plane.records(), self.ago(1));
        self.change(n, |row| row.tenant = Some(tenant(n))).await;
        let row = Tenant {
            tenant: tenant(n),
            partner: self.partner.clone(),
            organisation: self.ids[n].clone(),
            name: format!("Directory {n}"),
            credentials: CredentialStatus::Connected,
            credentials_since: Some(self.ago(48)),
            refused: None,
            not_protected: None,
            snapshots_per_day: 1,
            next_snapshot_at: Some(hour + SignedDuration::from_hours(24)),
            open_snapshot: None,
            last_sealed: Some(snapshot(n)),
            untold_since: None,
            newest: Some(Newest::of(hour, &[], vec![], None)),
            last_full_at: Some(hour),
            connected_at: self.ago(48),
            consented_at: None,
            has_parked: false,
        };
        records.put_new(&row).await.unwrap();
        let count = SeatCount {
            tenant: tenant(n),
            in_use: 10,
            snapshot: snapshot(n),
            counted_at: hour,
            over_since: None,
        };
        records.put_new(&count).await.unwrap();
    }

    /// That many hours ago.
    pub fn ago(&self, hours: i64) -> Timestamp {
        self.plane.world.clock.now() - SignedDuration::from_hours(hours)
    }

    pub async fn organisation(&self, id: &OrganisationId) -> Found<Organisation> {
        self.plane.records().get(&Organisation::at(&self.partner, id)).await.unwrap()
    }

    /// Changes an organisation's row.
    pub async fn change(&self, n: usize, change: impl FnOnce(&mut Organisation)) {
        let mut found = self.organisation(&self.ids[n]).await;
        change(&mut found.value);
        self.plane.records().replace(&found.value, found.version).await.unwrap();
    }

    /// Changes a tenant's row, as a job would.
    pub async fn change_tenant(&self, n: usize, change: impl FnOnce(&mut Tenant)) {
        let mut found = self.plane.records().get(&Tenant::at(&tenant(n))).await.unwrap();
        change(&mut found.value);
        self.plane.records().replace(&found.value, found.version).await.unwrap();
    }

    /// Counts the seats of a tenant that are in use.
    pub async fn count(&self, n: usize, in_use: u64) {
        let mut found = self.plane.records().get(&SeatCount::at(&tenant(n))).await.unwrap();
        found.value.in_use = in_use;
        found.value.over_since = Some(self.ago(0));
        self.plane.records().replace(&found.value, found.version).await.unwrap();
    }

    /// Tells the partner something of a customer, that many hours ago.
    pub async fn tell(&self, n: usize, topic: Topic, subject: Subject, severity: Severity, hours_ago: i64) {
        let entry = NoticeEntry {
            listener: self.partner.clone(),
            at: self.ago(hours_ago),
            tenant: tenant(n),
            organisation: self.ids[n].clone(),
            topic,
            notice: plain_id(topic, &subject),
            severity,
            weight: 1,
            subject: Some(subject),
            changes: Some(3),
        };
        self.plane.records().put_new(&entry).await.unwrap();
    }

    /// Counts what was expected of a comparison of a customer, as a mark does: all of it, or so many changes of who may do what.
    pub async fn expect(&self, n: usize, comparison: DiffId, privileged: Option<u32>) {
        let nothing = Expected::nothing_of(&tenant(n), &comparison);
        let changes = privileged.unwrap_or_default();
        let row = Expected { whole: privileged.is_none(), changes, privileged: changes, ..nothing };
        self.plane.records().put_new(&row).await.unwrap();
    }

    /// What the Owner reads at that address below `/v1`.
    pub async fn read(&self, path: &str) -> Value {
        self.read_as(&self.owner, path).await
    }

    pub async fn read_as(&self, caller: &Caller, path: &str) -> Value {
        let answer = self.plane.get(caller, &format!("/v1/{path}")).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }

    /// The number of the customer with that id.
    pub fn number(&self, id: &Value) -> usize {
        self.ids
            .iter()
            .position(|known| known.as_str() == id)
            .unwrap_or_else(|| panic!("{id} is no customer"))
    }

    /// Which customers need somebody for what, in the order of the list.
    pub async fn causes(&self, caller: &Caller) -> Vec<(usize, String)> {
        let list = self.read_as(caller, "attention").await;
        let items = list["items"].as_array().unwrap().iter();
        items.map(|i| (self.number(&i["organisation"]), i["cause"].as_str().unwrap().to_owned())).collect()
    }
}
