//! Whose an organisation is when the mail leaves: a former partner hears nothing of a customer that left.

use crate::mail_room::{handle_mail_messages, mail_worker, scheduler};
use domain::rights::Role;
use domain::{DiffId, OrganisationId};
use engine::records::{DiffCounts, OrganisationPlace, Person, Tenant, delete};
use jiff::SignedDuration;
use proptest::prelude::*;
use support::office::{
    DISTRIBUTOR, Office, PARTNER, SIBLING, at, organisation, partner, tenant, two_changes,
};

/// The organisation goes to another partner, as the command that does so writes it.
async fn transfer(office: &Office, to: u32) {
    let row = office.records().get(&Tenant::at(&tenant())).await.unwrap();
    let moved = Tenant { partner: partner(to), ..row.value };
    office.records().replace(&moved, row.version).await.unwrap();
}

async fn announce(office: &Office, n: u32) {
    let diff = DiffId::from_ulid(&format!("01J{:023}", 1_000 + n));
    let counts = DiffCounts { created: 1, modified: 1, privileged: 1, ..DiffCounts::default() };
    let changes = two_changes();
    let sample = changes.iter().collect();
    office.announcer().announce_changes(&tenant(), &diff, &sample, &counts).await.unwrap();
}

async fn people(office: &Office) -> [Person; 3] {
    [
        office.add_person(11, DISTRIBUTOR, Role::Owner, "Europe/Zurich").await,
        office.add_person(12, PARTNER, Role::Owner, "Europe/Zurich").await,
        office.add_person(13, SIBLING, Role::Owner, "Europe/Zurich").await,
    ]
}

/// To whom a mail went that names something out of the customer's directory.
fn heard(office: &Office) -> Vec<String> {
    let mails = office.world.mailer.take_sent();
    let mut to: Vec<_> = mails.into_iter().filter(|m| m.text.contains("Ann Lee")).map(|m| m.to).collect();
    to.sort();
    to
}

#[tokio::test]
async fn a_former_partner_gets_no_digest_and_no_late_mail_of_what_was_while_it_had_the_customer() {
    let office = Office::new().await;
    people(&office).await;
    announce(&office, 1).await;
    transfer(&office, SIBLING).await;
    handle_mail_messages(&office).await;
    assert_eq!(heard(&office), ["person11@msp.example"], "who is above both hears of it at once");
    office.world.clock.advance_to(at("2026-11-23T07:00:00Z"));
    mail_worker(&office).send_due(office.deadline()).await.unwrap();
    assert_eq!(heard(&office), ["person11@msp.example"], "and in its digest; the former partner in none");
    office.world.clock.advance(SignedDuration::from_mins(30));
    assert_eq!(
        scheduler(&office).run(office.deadline()).await.unwrap().mails_again,
        0,
        "nothing is left due"
    );
}

#[tokio::test]
async fn of_an_organisation_that_has_ended_nobody_hears_and_nothing_stays_due() {
    let office = Office::new().await;
    people(&office).await;
    announce(&office, 1).await;
    let row = office.records().get(&Tenant::at(&tenant())).await.unwrap();
    office.records().write(vec![delete(&row.value, row.version)]).await.unwrap();
    handle_mail_messages(&office).await;
    office.world.clock.advance_to(at("2026-11-23T07:00:00Z"));
    mail_worker(&office).send_due(office.deadline()).await.unwrap();
    assert_eq!(heard(&office), [""; 0]);
    let places = office.records().find(&OrganisationPlace::at(&organisation())).await.unwrap();
    assert!(places.is_none());
}

/// Another organisation may have connected the tenant since: what was told is about the one before.
#[tokio::test]
async fn of_what_was_before_nobody_hears_for_the_sake_of_the_organisation_that_has_the_tenant_now() {
    for is_there in [false, true] {
        let office = Office::new().await;
        people(&office).await;
        announce(&office, 1).await;
        let row = office.records().get(&Tenant::at(&tenant())).await.unwrap();
        let other = OrganisationId::from_ulid("01JYYYYYYYYYYYYYYYYYYYYYYY");
        let moved = Tenant { partner: partner(SIBLING), organisation: other, ..row.value };
        office.records().replace(&moved, row.version).await.unwrap();
        if is_there {
            let (organisation, partner) = (organisation(), partner(PARTNER));
            let place = OrganisationPlace { organisation, partner, tenant: None };
            office.records().put_new(&place).await.unwrap();
        }
        let expected: &[&str] =
            if is_there { &["person11@msp.example", "person12@msp.example"] } else { &[] };
        handle_mail_messages(&office).await;
        assert_eq!(heard(&office), expected, "at once");
        office.world.clock.advance_to(at("2026-11-23T07:00:00Z"));
        mail_worker(&office).send_due(office.deadline()).await.unwrap();
        assert_eq!(heard(&office), expected, "in digests");
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// Something happens in the tenant.
    News,
    /// The messages for immediate mail are handled.
    Handle,
    /// The organisation goes to the partner of that number.
    Transfer(u32),
    /// So many hours go by, with a tick after each.
    Hours(i64),
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::News),
        3 => Just(Step::Handle),
        2 => prop_oneof![Just(PARTNER), Just(SIBLING), Just(DISTRIBUTOR)].prop_map(Step::Transfer),
        2 => (1_i64..30).prop_map(Step::Hours),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_is_transferred_when_only_who_is_above_the_organisation_as_a_mail_leaves_gets_it(
        steps in proptest::collection::vec(any_step(), 1..16),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let office = Office::new().await;
            people(&office).await;
            let (mut now_at, mut n) = (PARTNER, 0);
            for step in &steps {
                match step {
                    Step::News => {
                        n += 1;
                        announce(&office, n).await;
                    }
                    Step::Handle => drop(handle_mail_messages(&office).await),
                    Step::Transfer(to) => {
                        transfer(&office, *to).await;
                        now_at = *to;
                    }
                    Step::Hours(hours) => {
                        for _ in 0..*hours {
                            office.world.clock.advance(SignedDuration::from_hours(1));
                            mail_worker(&office).send_due(office.deadline()).await.unwrap();
                        }
                    }
                }
                let allowed = [format!("person1{now_at}@msp.example"), "person11@msp.example".to_owned()];
                for to in heard(&office) {
                    assert!(allowed.contains(&to), "{to} heard of it after {step:?} of {steps:?}");
                }
            }
        });
    }
}
