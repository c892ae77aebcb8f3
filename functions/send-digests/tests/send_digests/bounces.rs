//! What SES tells of mail reaches the job, from a queue of its own.

use domain::rights::Role;
use domain::{PartnerId, PersonId, Timestamp};
use engine::ports::{Clock, Delivered, Returns};
use engine::records::{Delivery, Digest, MailTrouble, Partner, Person, Records};
use partners::send_digests::{Ports, Worker};
use runtime::call::Invocation;
use serde_json::{Value, json};
use support::memory::World;

/// The queue of that event is none of a job's: it is not told when its messages come back.
struct NotAsked;

#[async_trait::async_trait]
impl Returns for NotAsked {
    async fn come_back(&self, message: Delivered<'_>, _: u32) -> domain::Result<()> {
        panic!("{} was to come back", message.queue)
    }
}

#[tokio::test]
async fn a_digest_that_bounced_is_known_as_returned_and_its_readers_address_as_dead() {
    let world = World::new(1);
    let records = Records::new(world.catalog.clone(), world.clock.clone());
    let now = world.clock.now();
    let (id, partner) = (
        PersonId::from_ulid("01J00000000000000000000010"),
        PartnerId::from_ulid("01J00000000000000000000002"),
    );
    let above = vec![];
    let row =
        Partner { id: partner.clone(), name: "P".to_owned(), above, entra_sku_active: true, created_at: now };
    records.put_new(&row).await.unwrap();
    let person = Person::new(id.clone(), partner.clone(), Role::Admin, "Ada", "ada@msp.example", "UTC", now);
    records.put_new(&person.unwrap()).await.unwrap();
    let until = Timestamp::from_second(1_795_417_200).unwrap();
    let digest: Digest = serde_json::from_value(json!({
        "partner": partner, "person": id, "until": until, "claim": null, "delivery": "sent", "notices": 1, "doneAt": until,
    }))
    .unwrap();
    records.put_new(&digest).await.unwrap();
    let (mailer, clock, ids) = (world.mailer.clone(), world.clock.clone(), world.ids.clone());
    let worker = Worker::new(Ports { records: records.clone(), mailer, clock, ids }).unwrap();
    let event: Value =
        serde_json::from_str(include_str!("../../../../events/send-digests/bounce.json")).unwrap();
    let call = Invocation::ending_at(Timestamp::MAX);
    let reply = send_digests::handle(&worker, (&*world.clock, &NotAsked), event, &call).await.unwrap();
    assert_eq!(reply["batchItemFailures"], json!([]));
    let digest = records.get(&Digest::at(&partner, &id, until)).await.unwrap().value;
    assert_eq!(digest.delivery, Some(Delivery::Returned));
    let state = records.get(&Person::at(&partner, &id)).await.unwrap().value.mail_state.unwrap();
    assert_eq!((state.trouble, state.told), (MailTrouble::Bounced, None));
}
