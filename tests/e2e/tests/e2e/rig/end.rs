//! The end of a story, in a form in which two runs of it can be compared: our ids are numbered in the order
//! of their making, new ids of Microsoft's are called after what has them, times and costs are left out.

use super::Rig;
use backup::archive::list_changes;
use domain::Timestamp;
use domain::changes::{Change, Class};
use domain::stored::RunRef;
use domain::{DiffId, TenantId};
use engine::records::{Diff, JobState, OutcomeState, Record, Restore, RestoreState, StepOutcome};
use restore::plans::FinalReport;
use restore::receipts::{Entry, StepEntry};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Everything that must not depend on where a process died.
#[derive(Debug, PartialEq)]
pub struct End {
    /// Of each sealed snapshot, byte for byte.
    pub runs: Vec<BTreeMap<String, RunRef>>,
    /// Every row of the catalog, each as a line.
    pub rows: BTreeSet<String>,
    /// Of each comparison that is done.
    pub changes: Vec<String>,
    /// The live tenant, each object on a line; twice the same object is two lines.
    pub live: Vec<String>,
    /// Of each restore that has a report, each step with what became of it.
    pub receipts: Vec<String>,
    /// Each mail: to whom, its subject, its id, and how many ids it had.
    pub mails: Vec<String>,
    /// Nothing is given up.
    pub dead_letters: Vec<String>,
}

impl Rig {
    /// What there is now. `known` is what the live tenant was before, whose ids are kept.
    pub async fn end(&self, known: &Value) -> End {
        self.assert_requests().await;
        let tenant = self.tenant();
        let live_now = self.dump();
        let names = new_names(&live_now, known);
        let mut runs = Vec::new();
        for row in self.snapshot_rows(tenant).await.iter().filter(|r| r.state == JobState::Done) {
            runs.push(self.manifest(tenant, &row.id).await.unwrap().runs);
        }
        let mut changes = Vec::new();
        for diff in self.diff_rows(tenant).await.iter().filter(|d| d.state == JobState::Done) {
            let found = changes_of(self, tenant, &diff.id).await;
            changes.push(serde_json::to_string(&found).unwrap());
        }
        let rows: Vec<(String, Value)> = self
            .world
            .catalog
            .rows()
            .into_iter()
            .map(|(scope, row)| {
                let watch = row.watch.as_ref().map_or("", |w| w.list.as_str());
                (format!("{} {} {watch}", scope.text(), row.key), row.body)
            })
            .collect();
        let all = serde_json::to_string(&rows).unwrap();
        let ours = our_names(&all);
        let plain = |text: &str| rename(&undated(text), &ours, &names);
        let rows = rows.into_iter().map(|(key, body)| {
            // Signatures are drawn, and pages hold times: what a receipt says the story asks (`assert_receipts`).
            let body = if key.contains(" receipt#") { Value::Null } else { without_chance(body) };
            plain(&format!("{key} {body}"))
        });
        let receipts = self.receipts().await.into_iter().flat_map(|report| report.steps);
        let receipts =
            receipts.map(|step| plain(&without_chance(serde_json::to_value(step).unwrap()).to_string()));
        let receipts: Vec<String> = receipts.collect();
        let mut mails: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for mail in self.world.mailer.sent() {
            mails
                // Of its id what it is of; the rest follows from ids that are of chance.
                .entry(plain(&format!("{} {} {}", mail.to, mail.subject, mail.id.label())))
                .or_default()
                .insert(mail.id.to_string());
        }
        End {
            runs,
            rows: rows.collect(),
            receipts,
            changes: changes.iter().map(|c| plain(c)).collect(),
            live: objects(&live_now).iter().map(|o| plain(o)).collect::<Vec<_>>().sorted(),
            mails: mails.into_iter().map(|(mail, ids)| format!("{mail} {}", ids.len())).collect(),
            dead_letters: self.dead_letters(),
        }
    }
}

impl Rig {
    /// Whatever a step's row says of its requests: they are its own, or the one that made its object.
    async fn assert_requests(&self) {
        for restore in self.records.list_all(&Restore::all(self.tenant())).await.unwrap() {
            let id = &restore.value.id;
            let rows = self.records.list_all(&StepOutcome::of_restore(self.tenant(), id)).await.unwrap();
            let rows: Vec<StepOutcome> = rows.into_iter().map(|row| row.value).collect();
            let own = |row: &StepOutcome| StepOutcome::client_request_id(id, row.number);
            let makes = rows.iter().filter(|row| row.asked == "create");
            let made: BTreeMap<String, &str> = makes.map(|row| (own(row), row.id.as_str())).collect();
            for row in &rows {
                let Some(request) = &row.client_request_id else { continue };
                let is_of_it = *request == own(row) || made.get(request) == Some(&row.id.as_str());
                assert!(is_of_it, "step {} bears the request of another: {request}", row.number);
            }
        }
    }

    /// The stored reports of the tenant's restores.
    async fn receipts(&self) -> Vec<FinalReport> {
        let mut found = Vec::new();
        for row in self.records.list_all(&Restore::all(self.tenant())).await.unwrap() {
            if row.value.state == RestoreState::Done {
                found.push(self.restores().get_report(self.tenant(), &row.value.id).await.unwrap());
            }
        }
        found
    }

    /// The steps of the signed receipts of all restores that were run to their end.
    async fn signed_steps(&self) -> Vec<StepEntry> {
        let mut found = Vec::new();
        let rows = self.records.list_all(&Restore::all(self.tenant())).await.unwrap();
        for row in rows.iter().filter(|row| row.value.state == RestoreState::Done) {
            let mut cursor = None;
            loop {
                let restores = self.restores();
                let read =
                    restores.read_receipt(self.tenant(), &row.value.id, cursor.as_deref()).await.unwrap();
                let entries = read.entries.into_iter().map(|entry| serde_json::from_value(entry).unwrap());
                found.extend(
                    entries.filter_map(|e| if let Entry::Step(step) = e { Some(step) } else { None }),
                );
                cursor = read.next;
                if cursor.is_none() {
                    break;
                }
            }
        }
        found
    }

    /// Each write that Graph took of a restore is in its report and in its signed receipt, under our own id of it, and as
    /// our own work; and of each step that says that it was written either Graph's answer is there, or that it was lost.
    pub async fn assert_receipts(&self, when: &str) {
        let steps: Vec<_> = self.receipts().await.into_iter().flat_map(|report| report.steps).collect();
        let signed = self.signed_steps().await;
        for step in steps.iter().filter(|step| step.outcome == OutcomeState::Done) {
            let is_told = step.status.is_some() != step.found_after_interruption;
            assert!(is_told && step.client_request_id.is_some(), "{when}: {step:?}");
        }
        let seen = self.control.requests(self.tenant().as_str());
        let taken = seen.iter().filter(|r| {
            r.app == sim::WRITER_CLIENT_ID && r.method != "GET" && (200..300).contains(&r.status)
        });
        for write in taken {
            let id = Some(&write.client_request_id);
            let step = steps.iter().find(|step| step.client_request_id.as_ref() == id);
            let outcome = step.map(|step| &step.outcome);
            let is_ours = outcome.is_some_and(|o| *o != OutcomeState::AlreadySo)
                && signed.iter().any(|step| step.client_request_id.as_ref() == id);
            assert!(is_ours, "{when}: {} {}: {outcome:?}", write.method, write.path_and_query);
        }
    }
}

impl End {
    /// Fails, showing what differs and nothing else.
    pub fn assert_is(&self, expected: &Self, when: &str) {
        assert_eq!(self.runs.len(), expected.runs.len(), "{when}: sealed snapshots");
        for (mine, theirs) in self.runs.iter().zip(&expected.runs) {
            let names: BTreeSet<_> = mine.keys().chain(theirs.keys()).collect();
            let differ: Vec<_> = names.into_iter().filter(|n| mine.get(*n) != theirs.get(*n)).collect();
            assert!(differ.is_empty(), "{when}: runs differ: {differ:?}");
        }
        let lines = |end: &Self| {
            [end.rows.iter().cloned().collect(), end.changes.clone(), end.live.clone(), end.receipts.clone()]
        };
        for (mine, theirs) in lines(self).into_iter().zip(lines(expected)) {
            let more: Vec<_> = mine.iter().filter(|l| !theirs.contains(l)).collect();
            let less: Vec<_> = theirs.iter().filter(|l| !mine.contains(l)).collect();
            assert!(mine == theirs, "{when}:\n is  {more:#?}\n not {less:#?}");
        }
        assert_eq!(self.mails, expected.mails, "{when}: mails");
        assert_eq!(self.dead_letters, expected.dead_letters, "{when}: dead letters");
    }
}

/// The changes of a comparison that is done, without what was only observed.
pub async fn changes_of(rig: &Rig, tenant: &TenantId, diff: &DiffId) -> Vec<Change> {
    let rows = rig.diff_rows(tenant).await;
    let row: &Diff = rows.iter().find(|d| d.id == *diff).expect("the comparison");
    assert_eq!(row.state, JobState::Done, "{:?}", row.error);
    let mut changes = list_changes(&rig.archive.open(tenant).await.unwrap(), row).await.unwrap();
    changes.retain(|change| change.rating.class != Class::Observed);
    for change in &mut changes {
        change.attributes.retain(|a| a.class != Class::Observed);
    }
    changes
}

trait Sorted {
    fn sorted(self) -> Self;
}
impl Sorted for Vec<String> {
    fn sorted(mut self) -> Self {
        self.sort();
        self
    }
}

/// Each object of the live tenant as a line, by collection.
fn objects(dump: &Value) -> Vec<String> {
    let sets = dump.as_object().expect("a dump is an object");
    sets.iter()
        .flat_map(|(set, all)| {
            let all = all.as_object().into_iter().flat_map(Map::values);
            all.map(move |one| format!("{set} {}", without_times(one.clone())))
        })
        .collect()
}

/// What new objects of the live tenant are called.
fn new_names(dump: &Value, before: &Value) -> HashMap<String, String> {
    let mut names = HashMap::new();
    for (set, all) in dump.as_object().into_iter().flatten() {
        let is_known = |id: &str| {
            let sets = before.as_object().into_iter().flatten();
            sets.map(|(_, all)| all).any(|all| all.get(id).is_some())
        };
        for (id, one) in all.as_object().into_iter().flatten().filter(|(id, _)| !is_known(id)) {
            let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
            let name = format!("{}{}{}", text("displayName"), text("name"), text("principalId"));
            names.insert(id.clone(), format!("<new {set} {name}>"));
        }
    }
    names
}

/// Times of objects, and what a service counts up with each write.
fn without_times(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.into_iter().filter(|(k, _)| !["version", "etag"].contains(&k.as_str()));
            Value::Object(kept.map(|(k, v)| (k, without_times(v))).collect())
        }
        Value::Array(all) => Value::Array(all.into_iter().map(without_times).collect()),
        Value::String(s) if s.parse::<Timestamp>().is_ok() => "<time>".into(),
        other => other,
    }
}

/// A row without what depends on how often it was tried, and on which of Graph's answers arrived. That none is missing
/// otherwise, the story asks ([`Rig::assert_receipts`]).
fn without_chance(value: Value) -> Value {
    const CHANCE: &[&str] = &[
        "attempts",
        "spent",
        "storedBytes",
        "storedBlobs",
        "hasParked",
        "status",
        "requestId",
        // A link goes along with the creation of its object, under its request, or is written by itself after a death;
        // that it is one of these two, `assert_requests` asks.
        "clientRequestId",
        "foundAfterInterruption",
        "claim",
        "told",
    ];
    match value {
        Value::Object(map) => {
            let kept = map.into_iter().filter(|(k, _)| !CHANCE.contains(&k.as_str()));
            Value::Object(kept.map(|(k, v)| (k, without_chance(v))).collect())
        }
        Value::Array(all) => Value::Array(all.into_iter().map(without_chance).collect()),
        other => other,
    }
}

/// Our ids in the order of their making, each by its prefix and number.
fn our_names(text: &str) -> HashMap<String, String> {
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for prefix in ["snp_", "dif_", "rst_"] {
        for (at, _) in text.match_indices(prefix) {
            let Some(id) = text.get(at..at + prefix.len() + 26) else { continue };
            if id[prefix.len()..].bytes().all(|b| b.is_ascii_alphanumeric()) {
                found.entry(prefix).or_default().insert(id);
            }
        }
    }
    let numbered = found.into_iter().flat_map(|(prefix, ids)| {
        ids.into_iter().enumerate().map(move |(n, id)| (id.to_owned(), format!("{prefix}{n}")))
    });
    numbered.collect()
}

fn rename(text: &str, ours: &HashMap<String, String>, theirs: &HashMap<String, String>) -> String {
    let mut text = text.to_owned();
    for (id, name) in ours.iter().chain(theirs) {
        if text.contains(id.as_str()) {
            text = text.replace(id.as_str(), name);
        }
    }
    text
}

/// The text with every instant taken out of it.
fn undated(text: &str) -> String {
    let is_time = |b: &[u8]| b.len() > 19 && b[4] == b'-' && b[7] == b'-' && b[10] == b'T' && b[13] == b':';
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find("20") {
        out.push_str(&rest[..at]);
        let candidate = &rest.as_bytes()[at..];
        let end = candidate.iter().take(36).position(|b| *b == b'Z');
        if let Some(end) = end.filter(|_| is_time(candidate)) {
            out.push_str("<time>");
            rest = &rest[at + end + 1..];
        } else {
            out.push_str("20");
            rest = &rest[at + 2..];
        }
    }
    out + rest
}
