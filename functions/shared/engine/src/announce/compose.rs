//! What each notice says: events go in, drafts come out, and nothing is read or written.

use super::severity_of;
use super::span;
use super::words::{counted, far_end, link_line, meaning, one_line, role_sentence, value_line};
use crate::records::{
    ChangeDetail, ChangeLine, ConnectRefusal, CredentialStatus, DiffCounts, Ending, NotCovered, Restore,
    RestoreCounts, Severity, Span, Subject, plain_id,
};
use domain::changes::{Change, Class, What};
use domain::notices::Topic;
use domain::organisations::HOW_TO_WITHDRAW;
use domain::{
    DiffId, ErrorKind, OrganisationId, PersonId, Refusal, RestoreId, SnapshotId, Timestamp, kinds, text,
};
use serde::{Deserialize, Serialize};

/// How many changes a notice shows one by one,
const MAX_CHANGES: usize = 40;
/// in how many bytes of JSON. A row holds 300 KB: this, what follows, and what names the notice stay below it, whatever
/// characters the names consist of.
const MAX_BYTES: usize = 200 << 10;
/// In how many bytes of JSON a notice says what else there is to say.
const MAX_LINE_BYTES: usize = 32 << 10;
/// How many characters a title has at the most.
const TITLE_CHARS: usize = 500;
/// How many characters a line has at the most.
const LINE_CHARS: usize = 2_000;
/// And how many details of each change it shows.
const MAX_DETAILS: usize = 12;

/// The first changes of a comparison, as a notice shows them: no more of each sort than a notice holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Sample {
    privileged: Vec<ChangeLine>,
    others: Vec<ChangeLine>,
    activations: Vec<ChangeLine>,
    /// Where the comparison begins, in words.
    begins: Vec<String>,
}

impl Sample {
    /// Adds the next change of the comparison, where there is still room for its sort.
    pub fn push(&mut self, change: &Change) {
        // Why not these: nobody did it, or it is nobody's business but of whoever holds a role.
        let class = change.rating.class;
        if class == Class::Service || class == Class::Observed && !change.privileged {
            return;
        }
        let lines = if change.what.is_activation() {
            &mut self.activations
        } else if change.privileged {
            &mut self.privileged
        } else {
            &mut self.others
        };
        if lines.len() < MAX_CHANGES && lines.iter().map(bytes_of).sum::<usize>() <= MAX_BYTES {
            lines.push(line(change));
        }
    }

    /// Adds where the comparison begins, where that is not the snapshot right before with everything. `began_at` is when the
    /// reading of its earlier snapshot began. Of the runs that `gone` names, the last snapshot that held them is no longer
    /// there.
    pub fn say_where_it_begins(&mut self, span: &Span, began_at: Timestamp, gone: &[&str]) {
        self.begins = span::lines(span, began_at, gone);
    }
}

impl<'a> FromIterator<&'a Change> for Sample {
    fn from_iter<I: IntoIterator<Item = &'a Change>>(changes: I) -> Self {
        let mut sample = Self::default();
        changes.into_iter().for_each(|change| sample.push(change));
        sample
    }
}

fn bytes_of(line: &ChangeLine) -> usize {
    serde_json::to_vec(line).map_or(MAX_BYTES, |text| text.len())
}

/// The text of a notice, before it has a tenant and a time.
pub(super) struct Draft {
    pub id: String,
    pub topic: Topic,
    pub severity: Severity,
    pub title: String,
    pub lines: Vec<String>,
    pub changes: Vec<ChangeLine>,
    pub more_changes: u64,
    pub subject: Subject,
}

impl Draft {
    fn new(topic: Topic, severity: Severity, subject: Subject, title: String) -> Self {
        Self {
            id: plain_id(topic, &subject),
            topic,
            severity,
            title,
            lines: vec![],
            changes: vec![],
            more_changes: 0,
            subject,
        }
    }

    /// The same with each line on one line, with no more of them, and no longer a title, than a row holds; how many lines
    /// are left out is said in their place.
    pub(super) fn bounded(mut self) -> Self {
        self.title = text::one_line(&self.title, TITLE_CHARS);
        self.lines.iter_mut().for_each(|line| *line = text::one_line(line, LINE_CHARS));
        let mut bytes = 0;
        let mut fits = |line: &String| {
            bytes += serde_json::to_vec(line).map_or(MAX_LINE_BYTES, |text| text.len());
            bytes <= MAX_LINE_BYTES
        };
        let kept = self.lines.iter().take_while(|line| fits(line)).count();
        let more = self.lines.len() - kept;
        self.lines.truncate(kept);
        self.lines.extend((more > 0).then(|| format!("and {more} more")));
        self
    }

    fn with_changes<'a>(mut self, shown: impl Iterator<Item = &'a ChangeLine>, all: u64) -> Self {
        let mut bytes = 0;
        for line in shown.take(MAX_CHANGES) {
            bytes += bytes_of(line);
            if bytes > MAX_BYTES {
                break;
            }
            self.changes.push(line.clone());
        }
        self.more_changes = all.saturating_sub(self.changes.len() as u64);
        self
    }
}

pub(super) fn changes(diff: &DiffId, sample: &Sample, counts: &DiffCounts) -> Draft {
    let all = counts.changes();
    let mut draft = Draft::new(
        Topic::Changes,
        if counts.privileged > 0 { Severity::Warning } else { Severity::Info },
        Subject::Diff(diff.clone()),
        counted(all, "change", "changes"),
    );
    draft.lines.push(format!(
        "{} created, {} deleted, {} modified; {} of who may do what.",
        counts.created, counts.deleted, counts.modified, counts.privileged
    ));
    if counts.by_service > 0 {
        let edited = counted(counts.by_service, "object that it maintains", "objects that it maintains");
        draft.lines.push(format!("Besides, Microsoft edited {edited}."));
    }
    draft.lines.extend(sample.begins.iter().cloned());
    // Why the changes of power first: the others may not fit any more. Otherwise in the order of the comparison.
    draft.with_changes(sample.privileged.iter().chain(&sample.others), all)
}

pub(super) fn privileged_changes(diff: &DiffId, sample: &Sample, counts: &DiffCounts) -> Draft {
    let first = sample.privileged.first().filter(|_| counts.privileged == 1);
    let single = first.and_then(|line| line.sentence.clone());
    let title =
        single.unwrap_or_else(|| counted(counts.privileged, "privileged change", "privileged changes"));
    let mut draft =
        Draft::new(Topic::PrivilegedChanges, Severity::Critical, Subject::Diff(diff.clone()), title);
    draft.lines.extend(sample.begins.iter().cloned());
    draft.with_changes(sample.privileged.iter(), counts.privileged)
}

/// The notice that roles were activated, or that activations ended.
pub(super) fn activations(diff: &DiffId, sample: &Sample, counts: &DiffCounts) -> Draft {
    let all = counts.activations();
    let first = sample.activations.first().filter(|_| all == 1);
    let title = first.and_then(|line| line.sentence.clone()).unwrap_or_else(|| {
        let begun = counted(counts.activated, "activation of a role", "activations of roles");
        format!("{begun}, {} ended", counts.ended)
    });
    let mut draft = Draft::new(Topic::Changes, Severity::Info, Subject::Diff(diff.clone()), title);
    draft.id = format!("{}.activations", draft.id);
    draft.lines.extend(sample.begins.iter().cloned());
    draft.with_changes(sample.activations.iter(), all)
}

pub(super) fn error(subject: Subject, what: &str, kind: ErrorKind) -> Draft {
    let mut draft =
        Draft::new(Topic::Errors, Severity::Critical, subject, format!("{} failed", one_line(what)));
    draft.id = format!("{}.{}", draft.id, kind.name());
    draft.lines.push(meaning(kind).to_owned());
    draft
}

/// The notice of an error that is a denial, with what the tenant's refusal means.
pub(super) fn refused(subject: Subject, what: &str, refusal: Refusal) -> Draft {
    let mut draft = error(subject, what, ErrorKind::Denied);
    draft.lines = vec![sentence(refusal.advice())];
    draft
}

/// What the ids of an organisation's notices of refused connections begin with.
pub fn not_connected_notices(organisation: &OrganisationId) -> String {
    format!("{}.{organisation}.not-connected.", Topic::Credentials.name())
}

/// The notice of a connection that was refused. `since` distinguishes one wait of the organisation from the next.
pub(super) fn not_connected(organisation: &OrganisationId, since: Timestamp, why: ConnectRefusal) -> Draft {
    let subject = Subject::Organisation(organisation.clone());
    let title = "The tenant was not connected".to_owned();
    let mut draft = Draft::new(Topic::Credentials, Severity::Critical, subject, title);
    draft.id = format!("{}{}", not_connected_notices(organisation), since.as_second());
    draft.lines.push(why.advice().to_owned());
    draft
}

/// The notice that an organisation's end was asked for: what is deleted when, and what is left to do at Microsoft.
pub(super) fn ending(organisation: &OrganisationId, ending: &Ending) -> Draft {
    let subject = Subject::Organisation(organisation.clone());
    let title = "An organisation ends, and consent has to be withdrawn".to_owned();
    let mut draft = Draft::new(Topic::Credentials, Severity::Warning, subject, title);
    draft.id = format!("{}.ending.{}", draft.id, ending.asked_at.as_second());
    draft.lines.push(format!(
        "Its data is deleted on {} (UTC), unless that is cancelled before. The consent of its tenant is not: that is the \
         tenant's own.",
        ending.delete_at.strftime("%-d %B %Y")
    ));
    draft.lines.push(HOW_TO_WITHDRAW.to_owned());
    draft
}

pub(super) fn not_covered(snapshot: &SnapshotId, gaps: &[NotCovered]) -> Draft {
    let title = format!("A snapshot does not hold {}", counted(gaps.len() as u64, "part", "parts"));
    let mut draft = Draft::new(Topic::Errors, Severity::Warning, Subject::Snapshot(snapshot.clone()), title);
    draft.id = format!("{}.not-covered", draft.id);
    draft.lines = gaps.iter().map(|g| format!("{}: {}", one_line(&g.source), one_line(&g.why))).collect();
    draft
}

pub(super) fn restore(restore: &RestoreId, counts: &RestoreCounts) -> Draft {
    // To a reader of the mail, a step that was not tried has failed as much as one that Graph refused.
    let failed = counts.failed + counts.skipped;
    let left = counts.steps.saturating_sub(counts.ended());
    let is_verified = failed == 0 && counts.unverified == 0;
    let (severity, title) = if left > 0 {
        let left = counted(left, "step was", "steps were");
        (Severity::Warning, format!("A restore was stopped, and {left} not tried"))
    } else if is_verified {
        (Severity::Info, "A restore is done and verified".to_owned())
    } else if failed > 0 {
        (Severity::Warning, format!("A restore ended, and {} failed", counted(failed, "step", "steps")))
    } else {
        (Severity::Warning, "A restore ended with steps that were not verified".to_owned())
    };
    let mut draft = Draft::new(Topic::Restores, severity, Subject::Restore(restore.clone()), title);
    draft.lines.push(format!(
        "{} verified, {} written but not found so when read back, {failed} failed, {left} not tried, {} declared impossible \
         before.",
        counts.done, counts.unverified, counts.impossible
    ));
    draft
}

/// The notice of a restore that waits for its approval: who asked for what, and until when it can be approved.
pub(super) fn waits_for_approval(restore: &Restore) -> Draft {
    let (title, subject) = ("A restore waits for its approval", Subject::Restore(restore.id.clone()));
    let mut draft = Draft::new(Topic::Approvals, Severity::Warning, subject, title.to_owned());
    let steps = counted(restore.counts.steps, "step", "steps");
    let whose =
        if restore.by_end_user { "somebody of the organisation" } else { &one_line(&restore.requested_by) };
    let run_by = restore.run_by.as_deref().map_or("nobody".to_owned(), one_line);
    draft.lines.push(format!("Asked for by {whose}, to be run by {run_by}, with {steps}."));
    let asked = restore.requested_for.as_ref().map_or("whoever asked for it", PersonId::as_str);
    draft.lines.push(format!("Anybody who may approve restores approves it, but not {asked}."));
    for (what, text) in [("Reason", &restore.reason), ("Ticket", &restore.ticket)] {
        draft.lines.extend(text.as_ref().map(|text| format!("{what}: {}", one_line(text))));
    }
    if restore.privileged {
        draft.lines.push("It gives or takes rights over the tenant.".to_owned());
    }
    let until = |at| format!("It can be approved until {at}; after that whoever asked previews it again.");
    draft.lines.extend(restore.valid_until().map(until));
    draft
}

/// The notice of a credential status; `excess` are the permissions that nothing needs, by name.
pub(super) fn credentials(seen_by: &SnapshotId, status: CredentialStatus, excess: &[String]) -> Draft {
    let (title, line) = match status {
        CredentialStatus::Connected => ("The tenant is connected again", "All that is needed is granted."),
        CredentialStatus::MissingPermissions => (
            "Permissions are missing",
            "Some kinds are not protected until a Global Administrator grants what is missing.",
        ),
        CredentialStatus::ExcessPermissions => {
            ("More is granted than is needed", "The permissions that nothing needs should be taken back.")
        }
        CredentialStatus::ExcessReading => (
            "More can be read than is needed",
            "Nothing that is not backed up should be readable: the permissions that nothing needs should be taken back.",
        ),
        CredentialStatus::ConsentWithdrawn => (
            "Consent is missing",
            "Nothing is backed up until a Global Administrator consents again. What is stored is kept.",
        ),
        CredentialStatus::Waiting => {
            ("The consent has not arrived yet", "What is still refused is tried again for an hour.")
        }
        CredentialStatus::Unreachable => {
            ("Microsoft does not answer for this tenant", "It is tried again at every scheduled time.")
        }
    };
    let subject = Subject::Snapshot(seen_by.clone());
    let mut draft = Draft::new(Topic::Credentials, severity_of(status), subject, title.to_owned());
    draft.id = format!("{}.{}", draft.id, status_name(status));
    draft.lines.push(line.to_owned());
    if matches!(status, CredentialStatus::ExcessPermissions | CredentialStatus::ExcessReading) {
        draft.lines.extend(excess.iter().take(MAX_DETAILS).map(|name| one_line(name)));
        let more = excess.len().saturating_sub(MAX_DETAILS);
        draft.lines.extend((more > 0).then(|| format!("and {more} more")));
    }
    draft
}

/// The notice of a credential status, with what the tenant's refusal means.
pub(super) fn no_entry(seen_by: &SnapshotId, status: CredentialStatus, refusal: Refusal) -> Draft {
    let mut draft = credentials(seen_by, status, &[]);
    if !refusal.is_about_consent() {
        refusal.title().clone_into(&mut draft.title);
        let kept = "Nothing is backed up while this lasts; it is tried at every scheduled time. What is stored is kept.";
        draft.lines = vec![sentence(refusal.advice()), kept.to_owned()];
    }
    draft
}

/// The words with a capital at the start and a full stop at the end.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}

/// The notice that more seats are used than paid for: `seats` are paid for, `in_use` were counted by that snapshot.
pub(super) fn over_use(counted_by: &SnapshotId, seats: u32, in_use: u64) -> Draft {
    let subject = Subject::Snapshot(counted_by.clone());
    let title = "More seats are in use than are paid for".to_owned();
    let mut draft = Draft::new(Topic::Seats, Severity::Warning, subject, title);
    draft.lines.push(format!(
        "{in_use} enabled members, {seats} seats. Backups go on; the seats can be raised in the subscription."
    ));
    draft
}

fn status_name(status: CredentialStatus) -> &'static str {
    match status {
        CredentialStatus::Connected => "connected",
        CredentialStatus::MissingPermissions => "missing-permissions",
        CredentialStatus::ExcessPermissions => "excess-permissions",
        CredentialStatus::ExcessReading => "excess-reading",
        CredentialStatus::ConsentWithdrawn => "consent-withdrawn",
        CredentialStatus::Unreachable => "unreachable",
        CredentialStatus::Waiting => "waiting",
    }
}

fn line(change: &Change) -> ChangeLine {
    let label = change.kind.find().map_or_else(|| change.kind.to_string(), |k| k.label.to_owned());
    let attributes = change.attributes.iter().map(|a| {
        let (before, after) = a.shown();
        ChangeDetail {
            what: one_line(&a.path),
            before: before.as_ref().and_then(value_line),
            after: after.as_ref().and_then(value_line),
        }
    });
    let links = change.links.iter().map(|l| {
        let there = |value: &Option<serde_json::Value>| match value.as_ref().and_then(link_line) {
            Some(text) => Some(format!("{}, {text}", far_end(l))),
            None => Some(far_end(l)),
        };
        let label = kinds::link(&l.link).map_or(l.link.as_str(), |t| t.label);
        ChangeDetail {
            what: one_line(label),
            before: if l.what == What::Created { None } else { there(&l.before) },
            after: if l.what == What::Deleted { None } else { there(&l.after) },
        }
    });
    let count = change.attributes.len() + change.links.len();
    ChangeLine {
        kind: label,
        name: change.name.as_deref().map_or_else(|| "(no name)".to_owned(), one_line),
        key: one_line(change.new_key.as_deref().unwrap_or(&change.key)),
        what: change.what,
        sentence: role_sentence(change),
        details: attributes.chain(links).take(MAX_DETAILS).collect(),
        more_details: count.saturating_sub(MAX_DETAILS) as u64,
    }
}
