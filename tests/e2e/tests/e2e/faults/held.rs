//! What a snapshot holds, record by record, and whether another one holds the same but for what it names as missing.

use crate::rig::Rig;
use backup::archive::TenantArchive;
use domain::SnapshotId;
use domain::stored::{Manifest, Missing, RunRef};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

type Records = BTreeMap<String, String>;

/// Every run of a snapshot with its records.
pub struct Held(BTreeMap<String, (RunRef, Records)>);

async fn records(archive: &TenantArchive, run: &RunRef) -> Records {
    let mut reader = archive.open_run(Some(run)).await.unwrap().scan(b"").await.unwrap();
    let mut all = Records::new();
    while let Some((key, value)) = reader.next().await.unwrap() {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        all.insert(text(key), text(value));
    }
    all
}

fn is_bin(run: &str) -> bool {
    run.split_once('.').is_some_and(|(_, part)| part == "bin")
}

fn kind_of(run: &str) -> &str {
    run.split('.').next().unwrap_or(run)
}

/// A record without the properties that are named as not read.
fn without(record: Option<&String>, properties: &BTreeSet<&str>) -> Option<Value> {
    let mut value: Value = serde_json::from_str(record?).unwrap_or(Value::Null);
    if let Value::Object(object) = &mut value {
        object.retain(|key, _| !properties.contains(key.as_str()));
    }
    Some(value)
}

impl Held {
    /// What those runs hold.
    pub async fn of(archive: &TenantArchive, runs: &BTreeMap<String, RunRef>) -> Self {
        let mut held = BTreeMap::new();
        for (name, run) in runs {
            held.insert(name.clone(), (run.clone(), records(archive, run).await));
        }
        Self(held)
    }

    /// What a sealed snapshot holds.
    pub async fn by(rig: &Rig, id: &SnapshotId) -> Self {
        let archive = rig.archive.open(rig.tenant()).await.unwrap();
        Self::of(&archive, &archive.get_manifest(id).await.unwrap().runs).await
    }

    /// Fails unless the snapshot holds each of these runs with the same records, or names what it does not hold: the kind,
    /// the part, the property, or the object. Gives what it names.
    pub async fn assert_is_held_or_named(&self, rig: &Rig, id: &SnapshotId, when: &str) -> Vec<Missing> {
        let archive = rig.archive.open(rig.tenant()).await.unwrap();
        let Manifest { runs, missing, .. } = archive.get_manifest(id).await.unwrap();
        let of_kind = |source: &str| runs.keys().find(|run| kind_of(run) == source);
        for of in &missing {
            let half = of_kind(&of.source);
            assert_eq!(half, None, "{when}: {} is named as missing, and a part of it is there", of.source);
        }
        assert_eq!(runs.keys().find(|run| !self.0.contains_key(*run)), None, "{when}: nobody knows it");
        // Why not what was in the bin: it is what the next reading asks about, and no part of what a snapshot shows.
        for (name, (run, expected)) in self.0.iter().filter(|(name, _)| !is_bin(name)) {
            let kind = kind_of(name);
            let Some(held) = runs.get(name) else {
                let is_named = missing.iter().any(|of| of.source == kind || name.starts_with(&of.source));
                assert!(is_named, "{when}: {name} is neither there nor named: {missing:?}");
                continue;
            };
            if held == run {
                continue;
            }
            let part = |joint: char| {
                let of_it = missing.iter().filter_map(|of| of.source.strip_prefix(kind));
                of_it.filter_map(|rest| rest.strip_prefix(joint)).collect::<BTreeSet<_>>()
            };
            let (properties, objects) = (part('.'), part('/'));
            let found = records(&archive, held).await;
            for key in found.keys().chain(expected.keys()) {
                if objects.iter().any(|id| key.contains(id)) || found.get(key) == expected.get(key) {
                    continue;
                }
                let (is, was) =
                    (without(found.get(key), &properties), without(expected.get(key), &properties));
                let is_link = !name.eq(kind);
                assert!(
                    is == was && !is_link,
                    "{when}: {name} {key}:\n is  {is:?}\n not {was:?}\n{missing:?}"
                );
            }
        }
        missing
    }
}
