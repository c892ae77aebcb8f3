//! A partner with an owner and a connected tenant, below a distributor and beside a sibling: where the
//! stories of notices and ticks take place. Every port can be made to fail.
#![allow(dead_code, reason = "each story uses a part of it")]

use domain::changes::{AttributeChange, Change, What};
use domain::rights::Role;
use domain::{DiffId, OrganisationId, PartnerId, PersonId, SnapshotId, TenantId, Timestamp};
use engine::jobs::announce::Announcer;
use engine::jobs::{JobWorker, schedule_snapshots, send_digests};
use engine::ports::{Catalog, Clock, Ids, JobQueue, KeyRing, Mail, Mailer, Queue, Scope};
use engine::records::{
    CredentialStatus, DiffCounts, Notice, Partner, Person, Record, Records, StoredKey, Tenant,
};
use serde_json::json;
use std::sync::Arc;
use support::faulty::{FaultPlan, Faulty};
use support::memory::World;

/// Sunday evening in Zurich.
pub const START: &str = "2026-11-22T18:00:00Z";

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}
fn ulid(n: u32) -> String {
    format!("01J{n:023}")
}
pub fn partner(n: u32) -> PartnerId {
    PartnerId::from_ulid(&ulid(n))
}
pub fn organisation() -> OrganisationId {
    OrganisationId::from_ulid(&ulid(7))
}
pub fn tenant() -> TenantId {
    "a1b2c3d4-0000-1111-2222-333344445555".parse().unwrap()
}
pub fn diff() -> DiffId {
    DiffId::from_ulid(&ulid(70))
}
pub fn snapshot() -> SnapshotId {
    SnapshotId::from_ulid(&ulid(71))
}
pub const DISTRIBUTOR: u32 = 1;
pub const PARTNER: u32 = 2;
pub const SIBLING: u32 = 3;

pub struct Office {
    pub world: World,
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
            not_protected: None,
            snapshots_per_day: 1,
            next_snapshot_at: Some(at("2026-11-22T19:00:00Z")),
            open_snapshot: None,
            last_sealed: None,
            last_full_at: None,
            connected_at: at(START),
            has_parked: false,
        };
        records.put_new(&tenant).await.unwrap();
        let (_, wrapped) = office.world.key_ring.generate(&tenant.tenant).await.unwrap();
        let key = StoredKey { tenant: tenant.tenant, wrapped, created_at: at(START) };
        records.put_new(&key).await.unwrap();
        office.faults.take_log();
        office
    }

    pub fn clock(&self) -> Arc<dyn Clock> {
        self.world.clock.clone()
    }
    pub fn ids(&self) -> Arc<dyn Ids> {
        self.world.ids.clone()
    }
    pub fn catalog(&self) -> Arc<dyn Catalog> {
        Faulty::new(self.world.catalog.clone(), &self.faults)
    }
    pub fn queue(&self) -> Arc<dyn Queue> {
        Faulty::new(self.world.queue.clone(), &self.faults)
    }
    pub fn mailer(&self) -> Arc<dyn Mailer> {
        Faulty::new(self.world.mailer.clone(), &self.faults)
    }
    pub fn records(&self) -> Records {
        Records::new(self.catalog(), self.clock())
    }
    pub fn announcer(&self) -> Announcer {
        Announcer::new(self.records(), self.queue(), self.clock())
    }
    pub fn mail_worker(&self) -> send_digests::Worker {
        send_digests::Worker::new(self.records(), self.mailer(), self.clock(), self.ids()).unwrap()
    }
    pub fn scheduler(&self) -> schedule_snapshots::Worker {
        schedule_snapshots::Worker {
            records: self.records(),
            queue: self.queue(),
            clock: self.clock(),
            ids: self.ids(),
        }
    }
    /// Far away.
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

    pub async fn person(&self, person: &Person) -> Person {
        self.records().get(&person.scope(), &person.key()).await.unwrap().value
    }

    /// Two changes, one of who may do what.
    pub async fn announce_two_changes(&self) -> domain::Result<()> {
        let counts = DiffCounts { created: 1, deleted: 0, modified: 1, privileged: 1 };
        self.announcer().announce_changes(&tenant(), &diff(), &two_changes().iter().collect(), &counts).await
    }

    /// Handles what waits in the queue for mail until it is empty or only waits for later.
    pub async fn handle_mail_messages(&self) -> Vec<domain::Result<()>> {
        let worker = self.mail_worker();
        let mut answers = Vec::new();
        loop {
            let batch = self.world.queue.receive(JobQueue::SendDigests);
            if batch.is_empty() {
                return answers;
            }
            for delivery in batch {
                let answer = worker.handle(&delivery.body, self.deadline()).await;
                match &answer {
                    Ok(()) => self.world.queue.delete(&delivery),
                    Err(error) => {
                        println!("a message failed: {error}");
                        self.world.queue.fail(&delivery, 60_000)
                    }
                };
                answers.push(answer);
            }
        }
    }

    pub async fn notice(&self, id: &str) -> Notice {
        let scope = Scope::Tenant(tenant());
        self.records().get(&scope, &Notice::key_of(id)).await.unwrap().value
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

pub fn two_changes() -> Vec<Change> {
    let edited = Change {
        kind: "users".to_owned(),
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
            },
            AttributeChange {
                property: "department".to_owned(),
                path: "department".to_owned(),
                before: None,
                after: Some(json!("Sales")),
            },
        ],
        links: vec![],
        consequences: 0,
        privileged: false,
    };
    let given = Change {
        kind: "admins".to_owned(),
        key: "22222222-0000-4000-8000-000000000002|62e90394-69f5-4237-9190-012177145e10|/|".to_owned(),
        new_key: None,
        name: Some("Ann Lee: Global Administrator".to_owned()),
        what: What::Created,
        attributes: vec![],
        links: vec![],
        consequences: 0,
        privileged: true,
    };
    vec![edited, given]
}
