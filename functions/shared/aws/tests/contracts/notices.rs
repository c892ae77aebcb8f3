//! Every mail that the product makes, as SES is given it: none is refused by rules of our own.

use async_trait::async_trait;
use aws::mime;
use domain::notices::{Frequency, Topic};
use domain::rights::Role;
use domain::{InvitationId, OrganisationId, PartnerId, PersonId, Result, TenantId};
use engine::announce::Announcer;
use engine::ports::{Clock, Handed, JobQueue, MAX_MAIL_BYTES, Mail, MailEvent, MailFate, MailRef, Mailer};
use engine::records::{CredentialStatus, Invitation, Invited, Partner, Person, Records, Tenant};
use engine::work::JobWorker;
use jiff::SignedDuration;
use mail_parser::MessageParser;
use partners::send_digests::{Ports, Worker};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use support::memory::World;
use support::news::{AllNews, NASTY, number};

const ULID: &str = "01JZZZZZZZZZZZZZZZZZZZZZZZ";
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
        credentials_since: None,
        snapshots_per_day: 1,
        next_snapshot_at: None,
        open_snapshot: None,
        last_sealed: None,
        untold_since: None,
        newest: None,
        last_full_at: None,
        connected_at: now,
        consented_at: None,
        has_parked: false,
    };
    records.put_new(&row).await.unwrap();
    for (id, email, often) in [
        (ULID, "ada@msp.example", Frequency::Immediate),
        ("01JYYYYYYYYYYYYYYYYYYYYYYY", "eve@msp.example", Frequency::Daily),
    ] {
        let (id, owner) = (PersonId::from_ulid(id), partner.id.clone());
        let mut person = Person::owner(id, owner, NASTY, email, "UTC", now).unwrap();
        for topic in Topic::ALL {
            person.subscribe(topic, Some(often), now).unwrap();
        }
        records.put_new(&person).await.unwrap();
    }
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

#[tokio::test]
async fn no_mail_that_we_make_is_refused_by_us_whatever_it_tells() {
    let world = World::new(7);
    let records = Records::new(world.catalog.clone(), world.clock.clone());
    office(&world, &records).await;
    world.clock.advance(SignedDuration::from_mins(1));
    let announcer = Announcer::new(records.clone(), world.queue.clone(), world.clock.clone());
    let all = AllNews::about(OrganisationId::from_ulid(ULID));
    for news in all.each() {
        // Each is a row that the catalog takes: what is in it is bounded in bytes, in whatever script.
        announcer.announce(&tenant(), &news).await.unwrap_or_else(|e| panic!("{}: {e}", number(&news)));
    }
    let count = all.each().len();
    let post = Arc::new(Post::default());
    let ports = Ports { records, mailer: post.clone(), clock: world.clock.clone(), ids: world.ids.clone() };
    let worker = Worker::new(ports).unwrap().with_portal("https://holdfast.example/portal");
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
    // The mail that tells an Owner that another person's comes back.
    let about = post.sent.lock().unwrap().last().unwrap().0.about.clone();
    let event = MailEvent { mail: about, fate: MailFate::Bounced, at: world.clock.now() };
    worker.settle(&event).await.unwrap();
    assert_eq!(*post.refused.lock().unwrap(), [""; 0]);
    let sent = post.sent.lock().unwrap();
    let ids: BTreeSet<_> = sent.iter().map(|(mail, _)| mail.id.to_string()).collect();
    // Each notice to whom it is mailed at once; the digest of who hears of all of them in the morning; an invitation; that
    // mail to somebody comes back.
    assert_eq!((sent.len(), ids.len()), (count + 3, count + 3), "each has an id of its own");
    for (mail, bytes) in sent.iter() {
        assert!(mail.html.len() <= 90_000, "{}: {}", mail.subject, mail.html.len());
        assert!(bytes.len() < MAX_MAIL_BYTES / 20, "{}", bytes.len());
        for line in bytes.split(|b| *b == b'\n') {
            assert!(line.len() <= 998 && line.is_ascii(), "a line that SMTP takes");
        }
        // SES: names and values of tags are letters, digits, `_` and `-`, at most 256 of them.
        for (name, value) in mail.about.tags() {
            let fine = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
            assert!(
                [name, &value].iter().all(|t| (1..=256).contains(&t.len()) && t.bytes().all(fine)),
                "{value}"
            );
        }
        let find =
            |name: &str| mail.about.tags().into_iter().find(|(n, _)| *n == name).map(|(_, value)| value);
        let read = MailRef::from_tags(|name| find(name).map(|value| &*value.leak()));
        assert_eq!(read.as_ref(), Some(&mail.about), "what SES tells of it is found");
        let message = MessageParser::default().parse(bytes).unwrap();
        assert_eq!(message.to().unwrap().clone().into_list().len(), 1);
        assert!(message.bcc().is_none() && message.cc().is_none());
        assert_eq!(message.subject(), Some(mail.subject.as_str()));
        for c in ['\r', '\n', '\u{1}', '\u{85}', '\u{2028}', '\u{202e}'] {
            assert!(!mail.subject.contains(c), "{:?}", mail.subject);
        }
        for turns in ['\u{1}', '\u{85}', '\u{2028}', '\u{202e}'] {
            assert!(!mail.text.contains(turns) && !mail.html.contains(turns), "{:?}", mail.subject);
        }
        assert!(!mail.text.contains("\nBcc:"), "{}", mail.subject);
        assert!(!mail.html.contains("<b>"), "{}", mail.subject);
    }
}
