//! Notices as the templates see them.

use domain::changes::What;
use domain::notices::Zone;
use engine::records::{ChangeLine, Notice, Severity};
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct ChangeView<'a> {
    #[serde(flatten)]
    line: &'a ChangeLine,
    verb: &'static str,
}

#[derive(Serialize)]
pub(super) struct NoticeView<'a> {
    organisation: &'a str,
    organisation_id: &'a str,
    tenant: &'a str,
    topic: &'static str,
    severity: &'static str,
    title: &'a str,
    at: String,
    lines: &'a [String],
    more_lines: u64,
    changes: Vec<ChangeView<'a>>,
    more_changes: u64,
    subject_label: &'static str,
    subject_id: &'a str,
}

/// How much of a notice a mail has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    /// How many of its lines.
    pub lines: usize,
    /// How many of its changes.
    pub changes: usize,
}

impl Room {
    /// Room for all of a notice.
    pub fn all(notice: &Notice) -> Self {
        Self { lines: notice.lines.len(), changes: notice.changes.len() }
    }
}

/// A notice with as much of it as there is room for, and how much there is besides.
pub(super) fn view<'a>(notice: &'a Notice, zone: &Zone, room: Room) -> NoticeView<'a> {
    let lines = &notice.lines[..room.lines.min(notice.lines.len())];
    let changes = &notice.changes[..room.changes.min(notice.changes.len())];
    NoticeView {
        organisation: &notice.organisation_name,
        organisation_id: notice.organisation.as_str(),
        tenant: notice.tenant.as_str(),
        topic: notice.topic.label(),
        severity: match notice.severity {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        },
        title: &notice.title,
        at: zone.show(notice.at),
        lines,
        more_lines: (notice.lines.len() - lines.len()) as u64,
        changes: changes.iter().map(|line| ChangeView { line, verb: verb(line.what) }).collect(),
        more_changes: notice.more_changes + (notice.changes.len() - changes.len()) as u64,
        subject_label: notice.subject.label(),
        subject_id: notice.subject.id(),
    }
}

fn verb(what: What) -> &'static str {
    match what {
        What::Created => "created",
        What::Deleted => "deleted",
        What::Modified => "modified",
        What::Moved => "moved",
        What::Activated => "activated",
        What::Ended => "ended",
    }
}
