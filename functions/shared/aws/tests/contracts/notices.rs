//! Every mail that the product makes, as SES is given it: none is refused by rules of our own.

use async_trait::async_trait;
use aws::mime;
use domain::changes::{Change, What};
use domain::notices::{Frequency, Topic};
use domain::rights::Role;
use domain::{
    DiffId, ErrorKind, InvitationId, OrganisationId, PartnerId, PersonId, RestoreId, Result, SnapshotId,
    TenantId,
};
use engine::announce::Announcer;
use engine::ports::{Clock, Handed, JobQueue, Mail, Mailer};
use engine::records::{
    CredentialStatus, DiffCounts, Invitation, Invited, NotCovered, Partner, Person, Records, RestoreCounts,
    Subject, Tenant,
};
use engine::work::JobWorker;
use jiff::SignedDuration;
use mail_parser::MessageParser;
use partners::send_digests::{Ports, Worker};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use support::memory::World;

const ULID: &str = "01JZZZZZZZZZZZZZZZZZZZZZZZ";
/// A name as a directory, or a row of an earlier release, may hold it.
const NASTY: &str = "A\r\nBcc: eve@example.com\u{1}\u{85}\u{2028}\u{202e}\u{200b}Ž";

/// What SES would be given, and what our own rules refuse.
#[derive(Default)]
struct Post {
    sent: Mutex<Vec<(Mail, Vec<u8>)>>,
    refused: Mutex<Vec<String>>,
}

#[async_trait]
impl Mailer for Post {
    async fn send(&self, mail: &Mail) -> Result<Handed> {
        match mime(mail, "Holdfast <alerts@backup.example>") {
            Ok(bytes) => self.sent.lock().unwrap().push((mail.clone(), bytes)),
            Err(error) => self.refused.lock().unwrap().push(format!("{}: {error}", mail.subject)),
        }
        Ok(Handed::Taken("taken".to_owned()))
    }
}

fn tenant() -> TenantId {
    "a1b2c3d4-0000-1111-2222-333344445555".parse().unwrap()
}

async fn office(world: &World, records: &Records) {
    let now = world.clock.now();
    let partner = Partner {
        id: PartnerId::from_ulid(ULID),
        name: NASTY.to_owned(),
        above: vec![],
        entra_sku_active: true,
        created_at: now,
    };
    records.put_new(&partner).await.unwrap();
    let row = Tenant {
        tenant: tenant(),
        partner: partner.id.clone(),
        organisation: OrganisationId::from_ulid(ULID),
        name: NASTY.to_owned(),
        credentials: CredentialStatus::Connected,
        refused: None,
        not_protected: None,
        snapshots_per_day: 1,
        next_snapshot_at: None,
        open_snapshot: None,
        last_sealed: None,
        untold_since: None,
        last_full_at: None,
        connected_at: now,
        consented_at: None,
        has_parked: false,
    };
    records.put_new(&row).await.unwrap();
    let (id, email) = (PersonId::from_ulid(ULID), "ada@msp.example".to_owned());
    let mut person =
        Person::new(id, partner.id.clone(), Role::Owner, NASTY.to_owned(), email, "UTC", now).unwrap();
    for topic in Topic::ALL {
        person.subscribe(topic, Some(Frequency::Immediate), now).unwrap();
    }
    person.subscribe(Topic::Changes, Some(Frequency::Daily), now).unwrap();
    records.put_new(&person).await.unwrap();
    let invited = Invited {
        person: None,
        name: NASTY.to_owned(),
        email: "bo@msp.example".to_owned(),
        role: Role::Admin,
        organisations: None,
        time_zone: "UTC".to_owned(),
    };
    let invitation = Invitation::new(InvitationId::from_ulid(ULID), &partner, invited, now);
    records.put_new(&invitation).await.unwrap();
}

/// Everything that there is to tell, each of its own.
async fn announce(announcer: &Announcer) {
    let snapshot = SnapshotId::from_ulid(ULID);
    let restore = RestoreId::from_ulid(ULID);
    for status in [
        CredentialStatus::Connected,
        CredentialStatus::MissingPermissions,
        CredentialStatus::ExcessPermissions,
        CredentialStatus::ExcessReading,
        CredentialStatus::ConsentWithdrawn,
        CredentialStatus::Unreachable,
    ] {
        announcer.announce_credentials(&tenant(), &snapshot, status).await.unwrap();
    }
    for kind in [
        ErrorKind::Invalid,
        ErrorKind::NotFound,
        ErrorKind::Conflict,
        ErrorKind::Stale,
        ErrorKind::Denied,
        ErrorKind::Throttled { retry_after_ms: None },
        ErrorKind::Unavailable,
        ErrorKind::Corrupt,
    ] {
        for subject in [
            Subject::Snapshot(snapshot.clone()),
            Subject::Diff(DiffId::from_ulid(ULID)),
            Subject::Restore(restore.clone()),
        ] {
            announcer.announce_error(&tenant(), subject, NASTY, kind).await.unwrap();
        }
    }
    let gap = NotCovered { source: "users".to_owned(), cause: "denied".to_owned(), why: NASTY.to_owned() };
    announcer.announce_not_covered(&tenant(), &snapshot, &[gap]).await.unwrap();
    announcer.announce_restore(&tenant(), &restore, &RestoreCounts::default()).await.unwrap();
    announcer.announce_over_use(&tenant(), &snapshot, 1, 2).await.unwrap();
    let change = Change {
        kind: support::kind("admins").name.into(),
        key: format!("p|r|/|{NASTY}"),
        new_key: None,
        name: Some(format!("{NASTY}: {NASTY}")),
        what: What::Created,
        attributes: vec![],
        links: vec![],
        ends_at: None,
        since: None,
        consequences: 0,
        privileged: true,
    };
    let counts = DiffCounts { created: 1, deleted: 0, modified: 0, privileged: 1, ..DiffCounts::default() };
    announcer
        .announce_changes(&tenant(), &DiffId::from_ulid(ULID), &[change].iter().collect(), &counts)
        .await
        .unwrap();
}

#[tokio::test]
async fn no_mail_that_we_make_is_refused_by_us() {
    let world = World::new(7);
    let records = Records::new(world.catalog.clone(), world.clock.clone());
    office(&world, &records).await;
    world.clock.advance(SignedDuration::from_mins(1));
    announce(&Announcer::new(records.clone(), world.queue.clone(), world.clock.clone())).await;
    let post = Arc::new(Post::default());
    let worker = Worker::new(Ports {
        records,
        mailer: post.clone(),
        clock: world.clock.clone(),
        ids: world.ids.clone(),
    })
    .unwrap();
    let far = || world.clock.now() + SignedDuration::from_mins(10);
    loop {
        let batch = world.queue.receive(JobQueue::SendDigests);
        if batch.is_empty() {
            break;
        }
        for delivery in batch {
            worker.handle(&delivery.body, far()).await.unwrap();
            world.queue.delete(&delivery);
        }
    }
    world.clock.advance(SignedDuration::from_hours(30));
    worker.send_due(far()).await.unwrap();
    assert_eq!(*post.refused.lock().unwrap(), [""; 0]);
    let sent = post.sent.lock().unwrap();
    let ids: BTreeSet<_> = sent.iter().map(|(mail, _)| mail.id.to_string()).collect();
    // 6 of credentials, 24 of errors, a gap, a restore, over-use, a privileged change; a digest; an invitation.
    assert_eq!((sent.len(), ids.len()), (36, 36), "each has an id of its own");
    for (mail, bytes) in sent.iter() {
        let message = MessageParser::default().parse(bytes).unwrap();
        assert_eq!(message.to().unwrap().clone().into_list().len(), 1);
        assert!(message.bcc().is_none() && message.cc().is_none());
        assert_eq!(message.subject(), Some(mail.subject.as_str()));
        for c in ['\r', '\n', '\u{1}', '\u{85}', '\u{2028}', '\u{202e}'] {
            assert!(!mail.subject.contains(c), "{:?}", mail.subject);
        }
        for turns in ['\u{1}', '\u{85}', '\u{2028}', '\u{202e}'] {
            assert!(!mail.text.contains(turns) && !mail.html.contains(turns), "{:?}", mail.text);
        }
        assert!(!mail.text.contains("\nBcc:"), "{}", mail.text);
    }
}
