//! Under which keys an object was: those that restores gave it, and guesses by what it is recognised by.

use super::Telling;
use crate::log::{Part, Walk, Whose, recognised};
use domain::kinds::{Identity, Kind};
use domain::stored::{Became, LogEntry, of_log_key};
use domain::{Error, Result, SnapshotId};
use engine::records::NewId;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How many keys of one object are followed at the most.
const MOST_KEYS: usize = 64;
/// How many guesses are made at the most.
const MOST_GUESSES: usize = 8;

/// A key under which an object was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Known {
    /// The object's key in some of the snapshots: most often its id in Graph.
    pub key: String,
    /// Where it is a guess that this was the same object: the property in which the two are alike. One came after the other
    /// had gone, and no restore of ours tells that it is the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guessed_by: Option<String>,
}

/// The keys of one object.
pub(super) struct Cluster {
    /// The oldest first.
    sure: Vec<String>,
    /// Guesses, with the property by which each was made.
    pub(super) guesses: Vec<(String, String)>,
}

impl Cluster {
    /// The keys that restores tell of.
    pub(super) fn of(kind: &Kind, key: &str, rows: &[NewId]) -> Self {
        let sure = match kind.identity {
            Identity::Id => ids_of(key, rows),
            // Who has a role, which and where: each may have been created again.
            Identity::Natural(_) => {
                key.split('|').map(|part| keys_of_end(part, rows)).fold(vec![String::new()], |keys, parts| {
                    let join = |key: &String, part: &String| match key.as_str() {
                        "" => part.clone(),
                        key => format!("{key}|{part}"),
                    };
                    let all = keys.iter().flat_map(|key| parts.iter().map(move |part| join(key, part)));
                    all.take(MOST_KEYS).collect()
                })
            }
        };
        Self { sure, guesses: Vec::new() }
    }

    /// All keys, guesses last.
    pub(super) fn keys(&self) -> Vec<String> {
        self.sure.iter().chain(self.guesses.iter().map(|(key, _)| key)).cloned().collect()
    }

    /// Whether an object that came under that key came in the place of another that it was before.
    pub(super) fn has_another(&self) -> bool {
        self.sure.len() + self.guesses.len() > 1
    }

    /// The first key that the object had.
    pub(super) fn first(&self) -> Option<&String> {
        self.sure.first()
    }

    pub(super) fn known(&self) -> Vec<Known> {
        let sure = self.sure.iter().map(|key| Known { key: key.clone(), guessed_by: None });
        let guesses = self.guesses.iter();
        sure.chain(guesses.map(|(key, by)| Known { key: key.clone(), guessed_by: Some(by.clone()) }))
            .collect()
    }
}

/// The ids of an object that restores created again, the oldest first.
fn ids_of(id: &str, rows: &[NewId]) -> Vec<String> {
    let mut ids = vec![id.to_owned()];
    while let Some(row) = rows.iter().find(|row| row.new == ids[0] && !ids.contains(&row.old)) {
        ids.insert(0, row.old.clone());
    }
    while let Some(row) = rows.iter().find(|row| Some(&row.old) == ids.last() && !ids.contains(&row.new)) {
        ids.push(row.new.clone());
    }
    ids
}

/// What an id in a longer text may have been: `/administrativeUnits/{id}`, `{id}!exclude`.
pub(super) fn keys_of_end(text: &str, rows: &[NewId]) -> Vec<String> {
    let start = text.rfind('/').map_or(0, |at| at + 1);
    let end = text[start..].find('!').map_or(text.len(), |at| start + at);
    ids_of(&text[start..end], rows)
        .into_iter()
        .map(|id| format!("{}{id}{}", &text[..start], &text[end..]))
        .collect()
}

/// When somebody came or went.
type Times = BTreeMap<SnapshotId, Became>;

impl Telling<'_> {
    /// Who came when the object had gone, or went before it came, and is recognised as it. Those that are new are followed.
    pub(super) async fn guess(&self, walk: &Walk<'_>, cluster: &mut Cluster) -> Result<Vec<String>> {
        let kind = self.of.kind;
        let log = self.newest.manifest().logs.get(kind.run()).and_then(|log| log.second.as_ref());
        let Some(log) = log.filter(|_| !kind.recognised_by.is_empty()) else { return Ok(Vec::new()) };
        let sure = cluster.sure.clone();
        let (own, values) = self.own_times(walk, &sure).await?;
        let mut found: BTreeMap<String, (String, Times)> = BTreeMap::new();
        for value in values {
            let prefix = format!("{value}\0");
            let property = value.split('=').next().unwrap_or_default();
            let mut reader = self.archive.open_run(Some(log)).await?.from_key(prefix.as_bytes()).await?;
            while let Some((key, entry)) = reader.next().await? {
                let Some(rest) = key.strip_prefix(prefix.as_bytes()) else { break };
                let (id, snapshot) = of_log_key(rest)?;
                let id =
                    std::str::from_utf8(id).map_err(|e| Error::corrupt("a key is not text").caused_by(e))?;
                if !sure.iter().any(|key| key == id) {
                    let times = found.entry(id.to_owned()).or_insert((property.to_owned(), Times::new()));
                    times.1.insert(snapshot, LogEntry::from_bytes(&entry)?.became);
                }
            }
        }
        let follows = |times: &Times| is_followed(&own, times) || is_followed(times, &own);
        let guessed = found.into_iter().filter(|(_, (_, times))| follows(times)).take(MOST_GUESSES);
        cluster.guesses = guessed.map(|(id, (property, _))| (id, property)).collect();
        Ok(cluster.guesses.iter().map(|(id, _)| id.clone()).collect())
    }

    /// When the object came and went under the keys that are sure, and what it is, or was last, recognised by.
    async fn own_times(&self, walk: &Walk<'_>, keys: &[String]) -> Result<(Times, BTreeSet<String>)> {
        let (mut times, mut values) = (Times::new(), BTreeSet::new());
        let mut seen: BTreeMap<&str, (&SnapshotId, &SnapshotId)> = BTreeMap::new();
        for entry in &walk.entries {
            let track = walk.track(entry.track);
            let is_object = matches!(track.logged.part, Part::Objects);
            let Whose::Record(key) = &track.whose else { continue };
            if is_object && entry.logged.became != Became::Changed {
                times.insert(entry.snapshot.clone(), entry.logged.became);
                // The snapshot that has it: before it went, or where it came.
                let held = if is_there(entry.logged.became) { &entry.snapshot } else { &entry.logged.before };
                if seen.get(key.as_str()).is_none_or(|(at, _)| *at < &entry.snapshot) {
                    seen.insert(key, (&entry.snapshot, held));
                }
            }
        }
        for key in keys {
            let older = match seen.get(key.as_str()) {
                Some((_, held)) => Some(self.find_view(held).await?),
                None => None,
            };
            let held = match &older {
                None => self.newest,
                Some(Some(older)) => older,
                Some(None) => continue,
            };
            let Some(run) = held.find_run(self.of.kind.run()) else { continue };
            if let Some(object) = held.find_record(run, key.as_bytes()).await? {
                values.extend(recognised(self.of.kind, &object)?);
            }
        }
        Ok((times, values))
    }
}

fn is_there(became: Became) -> bool {
    matches!(became, Became::Came | Became::Returned)
}

/// Whether the one had gone when the other came: the last time at which it went is no later than one at which the other came.
fn is_followed(one: &Times, other: &Times) -> bool {
    let went = one.iter().filter(|(_, became)| !is_there(**became)).map(|(at, _)| at).next();
    let came = other.iter().filter(|(_, became)| **became == Became::Came).map(|(at, _)| at).next_back();
    went.zip(came).is_some_and(|(went, came)| went <= came)
}
