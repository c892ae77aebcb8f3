//! Since when a comparison tells what changed, in words: where that is not the snapshot right before.

use crate::records::Span;
use domain::{Timestamp, kinds};
use std::collections::BTreeMap;

/// What is to be said of it; nothing where it begins at the snapshot right before, with everything. `began_at` is when the
/// reading of its earlier snapshot began. Of what `gone` names, the last snapshot that held it is no longer there.
pub(super) fn lines(span: &Span, began_at: Timestamp, gone: &[&str]) -> Vec<String> {
    let mut lines = Vec::new();
    if span.instead_of.is_some() {
        lines.push(format!(
            "A comparison before this one was given up. What changed since the snapshot of {} is told here.",
            at(began_at)
        ));
    }
    if span.begun_again {
        lines.push(format!(
            "What changed before the snapshot of {} is not told: it could not be compared.",
            at(began_at)
        ));
    }
    let mut by_time: BTreeMap<Timestamp, Vec<&str>> = BTreeMap::new();
    for earlier in &span.held_earlier {
        by_time.entry(earlier.at).or_default().push(&earlier.source);
    }
    lines.extend(by_time.into_iter().map(|(since, sources)| {
        format!(
            "No snapshot between that of {} and this one holds: {}. What changed of it lies between those two.",
            at(since),
            labels(&sources)
        )
    }));
    if !gone.is_empty() {
        lines.push(format!(
            "What changed of this is not told, since the last snapshot that held it is no longer there: {}.",
            labels(gone)
        ));
    }
    lines
}

fn at(time: Timestamp) -> String {
    format!("{} (UTC)", time.strftime("%-d %B %Y, %H:%M"))
}

/// The sources for a person: `role assignment, user (customSecurityAttributes)`.
fn labels(sources: &[&str]) -> String {
    let label = |source: &&str| {
        let (kind, part) = source.split_once('.').map_or((*source, None), |(kind, part)| (kind, Some(part)));
        let label = kinds::find(kind).map_or(kind, |kind| kind.label);
        part.map_or_else(|| label.to_owned(), |part| format!("{label} ({part})"))
    };
    sources.iter().map(label).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::HeldEarlier;
    use domain::SnapshotId;

    #[test]
    fn it_says_between_which_two_moments_a_change_lies() {
        let time: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let snapshot = SnapshotId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA");
        let held =
            |source: &str| HeldEarlier { source: source.to_owned(), snapshot: snapshot.clone(), at: time };
        let span = Span {
            held_earlier: vec![held("admins"), held("users.customSecurityAttributes")],
            ..Span::default()
        };
        assert_eq!(
            lines(&span, time, &["roles"]),
            [
                "No snapshot between that of 22 November 2026, 10:00 (UTC) and this one holds: role assignment, user \
                 (customSecurityAttributes). What changed of it lies between those two.",
                "What changed of this is not told, since the last snapshot that held it is no longer there: role.",
            ]
        );
        assert_eq!(lines(&Span::default(), time, &[]), [""; 0]);
        let later = Span { instead_of: Some(snapshot), ..Span::default() };
        assert_eq!(
            lines(&later, time, &[]),
            [
                "A comparison before this one was given up. What changed since the snapshot of 22 November 2026, 10:00 (UTC) is \
              told here."
            ]
        );
    }
}
