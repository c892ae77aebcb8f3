//! Every property that a snapshot of the simulated Microsoft holds is in one line of what is covered.

use crate::rig::Rig;
use backup::archive::{SnapshotView, read_object};
use backup::commands::browse::Browse;
use domain::kinds::KINDS;
use std::collections::BTreeMap;

#[tokio::test]
async fn every_property_that_microsoft_gives_of_an_object_is_in_one_line_of_what_is_covered() {
    let rig = Rig::new().await;
    rig.staged().await;
    let snapshot = rig.snapshot().await;
    let archive = rig.archive.open(rig.tenant()).await.unwrap();
    let view = SnapshotView::open(&archive, &snapshot).await.unwrap();
    let browse = Browse { archive: rig.archive.clone(), records: rig.records.clone() };
    let mut lines = 0;
    for kind in KINDS.into_iter().filter(|kind| view.covers(kind)) {
        let found = browse.properties(rig.tenant(), &snapshot, kind, None).await.unwrap();
        let mut seen: BTreeMap<String, u64> = kind.links.iter().map(|l| (l.relation.to_owned(), 0)).collect();
        let see = |_: &[u8], bytes: &[u8]| {
            seen.extend(read_object(bytes)?.into_iter().map(|(property, _)| (property, 0)));
            Ok(())
        };
        view.each_record(kind.run(), see).await.unwrap();
        for item in &found.items {
            *seen.entry(item.property.clone()).or_default() += 1;
        }
        assert!(seen.values().all(|lines| *lines == 1), "{}: {seen:?}", kind.name);
        lines += seen.len();
    }
    assert!(lines > 100, "{lines}");
}
