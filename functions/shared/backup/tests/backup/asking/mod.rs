//! A tenant with a snapshot, and people who ask for comparisons: those of its partner and its own.

use backup::archive::Archive;
use backup::commands::diffs::{Diffs, NewComparison};
use backup::commands::slots::Asker;
use domain::{Error, ErrorKind, Result};
use engine::records::{Diff, Side};
use std::sync::Arc;
use support::builders::sealed_snapshot;
use support::office::{Office, tenant};

/// The snapshot that there is.
pub const BEFORE: &str = "snp_01jaaaaaaaaaaaaaaaaaaaaaaa";

pub async fn office() -> Office {
    let office = Office::new().await;
    let sealed = sealed_snapshot(&tenant(), BEFORE.parse().unwrap(), office.clock().now());
    office.records().put_new(&sealed).await.unwrap();
    office
}

pub fn diffs(office: &Office) -> Diffs {
    let archive = Archive::new(office.world.vault.clone(), office.world.key_ring.clone(), office.records());
    Diffs {
        archive: Arc::new(archive),
        records: office.records(),
        queue: office.queue(),
        clock: office.clock(),
        ids: office.ids(),
    }
}

pub fn customer(name: &str) -> Asker {
    Asker { name: name.to_owned(), is_end_customer: true, person: None, place: None }
}

pub async fn ask(office: &Office, asker: impl Into<Asker> + Send) -> Result<Diff> {
    let new = NewComparison::of_everything(BEFORE.parse().unwrap(), Side::Live);
    diffs(office).start(&tenant(), asker, new).await
}

/// After how many milliseconds somebody is told to ask again.
pub fn waits(refused: &Error) -> u64 {
    let ErrorKind::Throttled { retry_after_ms: Some(wait) } = refused.kind() else { panic!("{refused:?}") };
    wait
}
