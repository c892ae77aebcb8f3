//! A small tenant, whose every count is known.

use super::fixed;
use super::month::{self, Counted, Plan};
use super::rig::Rig;
use crate::cloud::Cloud;
use crate::metered::{Latencies, Usage};
use crate::prices::{Meter, Money, Service};

async fn counted(changes_permille: usize) -> Counted {
    let cloud = Cloud::within(50).await.unwrap();
    let rig = Rig::new(&cloud, Latencies::NONE).unwrap();
    let empty = month::empty_ticks(&rig).await.unwrap();
    let plan = Plan { users: 50, per_day: 1, days: 1, changes_permille };
    month::count(&rig, &empty, &cloud, plan).await.unwrap()
}

/// The counts of meters that do not depend on how long anything took.
fn counts<const N: usize>(usage: &Usage, meters: [Meter; N]) -> [i128; N] {
    meters.map(|meter| usage.get(meter))
}

const CALLS: [Meter; 6] =
    [Meter::Invocations, Meter::Traces, Meter::FifoCalls, Meter::KmsCalls, Meter::SecretCalls, Meter::Puts];

#[tokio::test]
async fn a_snapshot_without_changes_stores_its_manifest_and_takes_two_messages() {
    let counted = counted(0).await;
    assert_eq!((counted.snapshots, counted.full, counted.changed), (1, 0, 0));
    // Taken and compared. A message is sent, received and deleted. KMS: each start asks for variables and table, each
    // function for the tenant's key, the secret for itself.
    assert_eq!(counts(&counted.days, CALLS), [2, 2, 2 * 3, 2 * (2 + 1) + 1, 1, 1]);
    // The first is not compared with anything.
    assert_eq!(counts(&counted.first, CALLS)[..5], [1, 1, 3, 4, 1]);
    assert!(counted.first.get(Meter::Puts) > 1);
    let none = [Meter::Lists, Meter::Deletes, Meter::ScheduledCalls];
    assert_eq!(counts(&counted.days, none), [0, 0, 0]);
    // Each request of the bucket is a line of its log, kept a year.
    let requests: i128 = counts(&counted.days, [Meter::Puts, Meter::Gets]).iter().sum();
    assert_eq!(counted.days.get(Meter::AccessLogByteDays), requests * 700 * 365);
    // Looked at each hour: one strongly consistent read of the tenant's row.
    assert_eq!(counted.always.get(Meter::ReadHalves), 30 * 24 * 2);
}

#[tokio::test]
async fn a_change_takes_a_third_message_and_the_bill_is_the_sum_of_its_lines() {
    // Of 50 users one: a thousandth is rounded up.
    let counted = counted(1).await;
    assert_eq!(counted.changed, 1);
    // Taken, compared, people notified.
    assert_eq!(counts(&counted.days, CALLS)[..3], [3, 3, 3 * 3]);
    // At least: a layer, its index, the manifest, a page of changes.
    assert!(counted.days.get(Meter::Puts) >= 4, "{:?}", counted.days);
    let lines: Money = Service::ALL.into_iter().map(|service| counted.month_of(service)).sum();
    assert_eq!(lines, counted.month());
    let month = Usage::price(&counted.days).scaled(30, 1) + counted.grown.price().scaled(30, 1);
    assert_eq!(month + counted.always.price() + counted.held.price(), lines);
}

#[tokio::test]
async fn an_installation_pays_for_its_ticks_and_for_what_the_template_keeps() {
    let cloud = Cloud::within(1).await.unwrap();
    let rig = Rig::new(&cloud, Latencies::NONE).unwrap();
    let empty = month::empty_ticks(&rig).await.unwrap();
    // Six lists that may lag: due snapshots, open work for three kinds of it, late notices, connections that wait.
    assert_eq!(empty["schedule-snapshots"].get(Meter::ReadHalves), 6);
    assert_eq!(empty["send-digests"].get(Meter::ReadHalves), 2);
    let lines = fixed::fixed(&rig.template, &empty).unwrap();
    let of = |meter: Meter| lines.iter().map(|(_, usage)| usage.get(meter)).sum::<i128>();
    assert_eq!(of(Meter::KmsKeys), rig.template.count("AWS::KMS::Key"));
    assert_eq!(of(Meter::ScheduledCalls), of(Meter::Invocations));
    // Two ticks a minute and one an hour.
    assert_eq!(of(Meter::ScheduledCalls), 2 * 43_200 + 720);
    let polls = rig.template.count("AWS::Lambda::EventSourceMapping") * 5 * 3 * 43_200;
    assert_eq!(of(Meter::FifoCalls), polls);
}
