//! A partner with an owner and a connected tenant, below a distributor and beside a sibling: where the
//! stories of notices and ticks take place. Every port can be made to fail.
#![allow(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use crate::faulty::{FaultPlan, Faulty};
use crate::memory::World;
use domain::changes::{AttributeChange, Change, Rating, What};
use domain::rights::Role;
use domain::{DiffId, OrganisationId, PartnerId, PersonId, SnapshotId, TenantId, Timestamp};
use engine::announce::Announcer;
use engine::ports::{Catalog, Clock, Ids, KeyRing, Mail, Mailer, Queue};
use engine::records::{
    CredentialStatus, DiffCounts, Notice, Partner, Person, Record, Records, StoredKey, Tenant,
};
use serde_json::json;
use std::sync::Arc;

/// Sunday evening in Zurich.
pub const START: &str = "2026-11-22T18:00:00Z";

/// The time that RFC 3339 text says.
pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}
fn ulid(n: u32) -> String {
    format!("01J{n:023}")
}
/// The id of the partner with that number: [`DISTRIBUTOR`], [`PARTNER`] or [`SIBLING`].
pub fn partner(n: u32) -> PartnerId {
    PartnerId::from_ulid(&ulid(n))
}
/// The id of the organisation that the tenant belongs to.
pub fn organisation() -> OrganisationId {
    OrganisationId::from_ulid(&ulid(7))
}
/// The id of the connected tenant.
pub fn tenant() -> TenantId {
    "a1b2c3d4-0000-1111-2222-333344445555".parse().unwrap()
}
/// The id of the comparison whose changes are announced.
pub fn diff() -> DiffId {
    DiffId::from_ulid(&ulid(70))
}
/// The id of a snapshot of the tenant, for rows that name one; there is none in the vault.
pub fn snapshot() -> SnapshotId {
    SnapshotId::from_ulid(&ulid(71))
}
/// The number of the partner above the two others.
pub const DISTRIBUTOR: u32 = 1;
/// The number of the partner that has the tenant.
pub const PARTNER: u32 = 2;
/// The number of the partner beside it, who must learn nothing.
pub const SIBLING: u32 = 3;

/// The world in memory with these partners and this tenant in it.
pub struct Office {
    /// What the ports stand on, for looking at what they did.
    pub world: World,
    /// Which port call fails, and the log of all calls.
    pub faults: Arc<FaultPlan>,
}

impl Office {
    /// At [`START`], with partners, the tenant (its snapshot due in an hour) and no people.
    pub async fn new() -> Self {
        let office = Self { world: World::new(7), faults: FaultPlan::new() };
        office.world.clock.advance_to(at(START));
        let records = office.records();
        for (n, above) in [(DISTRIBUTOR, vec![]), (PARTNER, vec![partner(1)]), (SIBLING, vec![partner(1)])] {
            let row = Partner {
                id: partner(n),
                name: format!("Partner {n}"),
                above,
                entra_sku_active: true,
                created_at: at(START),
            };
            records.put_new(&row).await.unwrap();
        }
        let tenant = Tenant {
            tenant: tenant(),
            partner: partner(PARTNER),
            organisation: organisation(),
            name: "Contoso <AG>".to_owned(),
            credentials: CredentialStatus::Connected,
            refused: None,
            not_protected: None,
            credentials_since: None,
            snapshots_per_day: 1,
            next_snapshot_at: Some(at("2026-11-22T19:00:00Z")),
            open_snapshot: None,
            last_sealed: None,
            untold_since: None,
            newest: None,
            last_full_at: None,
            connected_at: at(START),
            consented_at: None,
            has_parked: false,
        };
        records.put_new(&tenant).await.unwrap();
        let (_, wrapped) = office.world.key_ring.generate(&tenant.tenant).await.unwrap();
        let key =
            StoredKey { tenant: tenant.tenant, organisation: organisation(), wrapped, created_at: at(START) };
        records.put_new(&key).await.unwrap();
        office.faults.take_log();
        office
    }

    /// The world's clock, which a story moves.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.world.clock.clone()
    }
    /// New ids, the same in every run.
    pub fn ids(&self) -> Arc<dyn Ids> {
        self.world.ids.clone()
    }
    /// The catalog, which fails as [`Office::faults`] says.
    pub fn catalog(&self) -> Arc<dyn Catalog> {
        Faulty::new(self.world.catalog.clone(), &self.faults)
    }
    /// The queues, which fail as [`Office::faults`] says.
    pub fn queue(&self) -> Arc<dyn Queue> {
        Faulty::new(self.world.queue.clone(), &self.faults)
    }
    /// The mailer, which fails as [`Office::faults`] says.
    pub fn mailer(&self) -> Arc<dyn Mailer> {
        Faulty::new(self.world.mailer.clone(), &self.faults)
    }
    /// Typed rows over [`Office::catalog`].
    pub fn records(&self) -> Records {
        Records::new(self.catalog(), self.clock())
    }
    /// Who writes down what people are told of.
    pub fn announcer(&self) -> Announcer {
        Announcer::new(self.records(), self.queue(), self.clock())
    }
    /// Ten minutes from now: later than any call of a job here ends.
    pub fn deadline(&self) -> Timestamp {
        self.clock().now() + jiff::SignedDuration::from_mins(10)
    }

    /// A person of a partner; a minute goes by. Numbers are unlike each other.
    pub async fn add_person(&self, n: u32, of: u32, role: Role, zone: &str) -> Person {
        let id = PersonId::from_ulid(&ulid(n));
        let email = format!("person{n}@msp.example");
        let name = format!("Person {n}");
        let person = Person::new(id, partner(of), role, name, email, zone, self.clock().now()).unwrap();
        self.records().put_new(&person).await.unwrap();
        self.world.clock.advance(jiff::SignedDuration::from_mins(1));
        self.faults.take_log();
        person
    }

    /// A person's row as it is now.
    pub async fn person(&self, person: &Person) -> Person {
        self.records().get(&person.address()).await.unwrap().value
    }

    /// Two changes, one of who may do what.
    pub async fn announce_two_changes(&self) -> domain::Result<()> {
        let counts =
            DiffCounts { created: 1, deleted: 0, modified: 1, privileged: 1, ..DiffCounts::default() };
        self.announcer().announce_changes(&tenant(), &diff(), &two_changes().iter().collect(), &counts).await
    }

    /// A notice of the tenant, by its id.
    pub async fn notice(&self, id: &str) -> Notice {
        self.records().get(&Notice::at(&tenant(), id)).await.unwrap().value
    }

    /// Mails by their id, each once; two of one id must be the same.
    pub fn distinct_mails(&self) -> Vec<Mail> {
        let mut mails: Vec<Mail> = Vec::new();
        for mail in self.world.mailer.sent() {
            match mails.iter().find(|m| m.id == mail.id) {
                Some(before) => assert_eq!(*before, mail, "a repetition differs"),
                None => mails.push(mail),
            }
        }
        mails.sort_by(|a, b| a.id.cmp(&b.id));
        mails
    }
}

/// Two modified users, whose names hold what mail and HTML must escape.
pub fn two_changes() -> Vec<Change> {
    let edited = Change {
        kind: crate::kind("users").name.into(),
        key: "11111111-0000-4000-8000-000000000001".to_owned(),
        new_key: None,
        name: Some("Ben & \"Bo\" <b>\r\nBcc: x@example.com".to_owned()),
        what: What::Modified,
        attributes: vec![
            AttributeChange {
                property: "jobTitle".to_owned(),
                path: "jobTitle".to_owned(),
                before: Some(json!("Clerk")),
                after: Some(json!("<script>alert(1)</script>")),
                ..AttributeChange::default()
            },
            AttributeChange {
                property: "department".to_owned(),
                path: "department".to_owned(),
                before: None,
                after: Some(json!("Sales")),
                ..AttributeChange::default()
            },
        ],
        links: vec![],
        ends_at: None,
        since: None,
        consequences: 0,
        privileged: false,
        rating: Rating::default(),
    };
    let given = Change {
        kind: crate::kind("admins").name.into(),
        key: "22222222-0000-4000-8000-000000000002|62e90394-69f5-4237-9190-012177145e10|/|".to_owned(),
        new_key: None,
        name: Some("Ann Lee: Global Administrator".to_owned()),
        what: What::Created,
        attributes: vec![],
        links: vec![],
        ends_at: None,
        since: None,
        consequences: 0,
        privileged: true,
        rating: Rating::default(),
    };
    vec![edited, given]
}
