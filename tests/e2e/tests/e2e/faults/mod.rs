//! Requests that fail in every way, at every place and for hours, and single objects that cannot be read: what a snapshot
//! holds is what is there, and what it does not hold it names.

mod any_request;
mod bad_object;
mod eight_hours;
mod held;

use crate::rig::{Rig, Setting};
use domain::SnapshotId;
use engine::ports::{Clock, JobQueue};
use engine::records::JobState;
use jiff::SignedDuration;
use jiff::fmt::rfc2822::DateTimePrinter;
use sim::{ExpandedSettings, FaultRule};

/// How a request fails, by name; `lasting` ones may fail for ever, the others end by their own word.
struct Fault {
    name: &'static str,
    rule: FaultRule,
    lasting: bool,
}

/// Every kind of fault, for requests that are made about now.
fn faults(rig: &Rig) -> Vec<Fault> {
    let claims = r#"Bearer realm="", error="insufficient_claims", claims="eyJ9""#;
    let soon = rig.clock.now() + SignedDuration::from_secs(60);
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&soon).unwrap();
    let status = |status| FaultRule { status, ..FaultRule::default() };
    let with = |status, name: &str, value: &str| {
        let headers = vec![(name.to_owned(), value.to_owned())];
        FaultRule { status, headers, ..FaultRule::default() }
    };
    let wait = |after: String| FaultRule { retry_after: Some(after), ..status(429) };
    let html = "<html><body>Our services aren't available right now</body></html>".to_owned();
    let table = [
        ("400", status(400), true),
        ("401 with a claims challenge", with(401, "WWW-Authenticate", claims), true),
        ("403", status(403), true),
        ("404", status(404), true),
        ("410", status(410), true),
        ("429 with a date", wait(date), false),
        ("429 beyond the deadline", wait("7200".to_owned()), false),
        ("500", status(500), true),
        ("503", status(503), true),
        ("HTML", FaultRule { body: html, ..with(200, "Content-Type", "text/html") }, true),
        ("half an answer", FaultRule { half: true, ..FaultRule::default() }, true),
        ("a cut connection", status(0), true),
        ("a closed connection", status(1), true),
    ];
    table.into_iter().map(|(name, rule, lasting)| Fault { name, rule, lasting }).collect()
}

fn twenty() -> Setting {
    Setting { users: 20, ..Setting::default() }
}

/// Pages are small, so that each kind has several, and Graph cuts what it expands.
fn by_small_pages(rig: &Rig) {
    rig.control.switch(|switches| {
        (switches.page_limit, switches.delta_page_size, switches.delta_link_entries) = (24, 20, 40);
        switches.expanded_settings = ExpandedSettings::SilentlyAt(1);
    });
}

async fn newest(rig: &Rig) -> SnapshotId {
    rig.snapshot_rows(rig.tenant()).await.into_iter().map(|row| row.id).max().unwrap()
}

/// Settles; the newest snapshot is sealed, and nothing is left anywhere.
async fn sealed(rig: &Rig, when: &str) -> SnapshotId {
    rig.settle().await;
    assert_eq!(rig.dead_letters(), [""; 0], "{when}");
    let id = newest(rig).await;
    let row = rig.snapshot_row(rig.tenant(), &id).await;
    assert_eq!(row.state, JobState::Done, "{when}: {:?}", row.error);
    let tenant = rig.tenant_row(rig.tenant()).await;
    assert_eq!((tenant.open_snapshot, tenant.last_sealed), (None, Some(id.clone())), "{when}");
    for queue in JobQueue::ALL {
        assert_eq!(rig.world.queue.waiting_count(queue), 0, "{when}: {}", queue.name());
    }
    id
}
