//! A day's activations of roles as one notice of a digest, however many snapshots met them.

use domain::changes::What;
use domain::notices::Zone;
use engine::records::{ChangeLine, Notice};

/// The notices, with those that are about activations alone put together by tenant and day. Each stands where the first of
/// its day does.
pub(super) fn activations_by_day(notices: Vec<Notice>, zone: &Zone) -> Vec<Notice> {
    let mut folded: Vec<Notice> = Vec::new();
    for notice in notices {
        let day = zone.date(notice.at);
        let same_day = |n: &&mut Notice| {
            is_of_activations(n)
                && n.tenant == notice.tenant
                && n.topic == notice.topic
                && zone.date(n.at) == day
        };
        match folded.iter_mut().find(same_day).filter(|_| is_of_activations(&notice)) {
            None => folded.push(notice),
            Some(first) => add(first, notice),
        }
    }
    folded
}

fn is_of_activations(notice: &Notice) -> bool {
    !notice.changes.is_empty() && notice.changes.iter().all(|line| line.what.is_activation())
}

/// Adds a later notice of the day to the first one: of one principal, role and scope the newest line stays, and says
/// when it ends.
fn add(first: &mut Notice, later: Notice) {
    first.more_changes += later.more_changes;
    for line in later.lines {
        if !first.lines.contains(&line) {
            first.lines.push(line);
        }
    }
    for line in later.changes {
        match first.changes.iter_mut().find(|l| l.kind == line.kind && l.key == line.key) {
            None => first.changes.push(line),
            Some(known) => *known = newer(known, line),
        }
    }
    let count = first.changes.len() as u64 + first.more_changes;
    first.title =
        if count == 1 { "1 role was activated".to_owned() } else { format!("{count} roles were activated") };
}

/// Of two lines about one activation the later one, unless it says only that the earlier one ended.
fn newer(known: &ChangeLine, line: ChangeLine) -> ChangeLine {
    if line.what == What::Ended { known.clone() } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::notices::Topic;
    use domain::{DiffId, OrganisationId, PartnerId, TenantId, Timestamp};
    use engine::records::{Severity, Subject};

    fn line(key: &str, what: What, sentence: &str) -> ChangeLine {
        ChangeLine {
            kind: "scheduled role assignment".to_owned(),
            name: "Ann: Global Administrator".to_owned(),
            key: key.to_owned(),
            what,
            sentence: Some(sentence.to_owned()),
            details: vec![],
            more_details: 0,
        }
    }

    fn notice(tenant: u8, at: &str, changes: Vec<ChangeLine>) -> Notice {
        let ulid = "01JAAAAAAAAAAAAAAAAAAAAAAA";
        Notice {
            id: format!("changes.{at}"),
            tenant: format!("a1b2c3d4-0000-1111-2222-33334444555{tenant}").parse::<TenantId>().unwrap(),
            partner: PartnerId::from_ulid(ulid),
            above: vec![],
            organisation: OrganisationId::from_ulid(ulid),
            organisation_name: "Fabrikam".to_owned(),
            topic: Topic::Changes,
            severity: Severity::Info,
            title: "as it was told".to_owned(),
            lines: vec![],
            changes,
            more_changes: 0,
            subject: Subject::Diff(DiffId::from_ulid(ulid)),
            at: at.parse::<Timestamp>().unwrap(),
            due_at: None,
            attempts: 1,
        }
    }

    #[test]
    fn what_one_tenant_activates_in_a_day_is_one_notice_and_everything_else_stays_as_it_is() {
        let on = |n: &str| line("ann", What::Activated, n);
        let off = || line("ann", What::Ended, "ended");
        let edited = ChangeLine { what: What::Modified, ..on("edited") };
        let notices = vec![
            notice(1, "2026-11-22T08:00:00Z", vec![on("until 10")]),
            notice(1, "2026-11-22T09:00:00Z", vec![edited]),
            notice(2, "2026-11-22T09:00:00Z", vec![on("another tenant")]),
            notice(1, "2026-11-22T11:00:00Z", vec![off()]),
            notice(1, "2026-11-22T12:00:00Z", vec![on("until 14"), line("bob", What::Activated, "bob")]),
            // In Zurich it is the next day.
            notice(1, "2026-11-22T23:30:00Z", vec![on("until 2")]),
        ];
        let folded = activations_by_day(notices, &Zone::new("Europe/Zurich").unwrap());
        let told: Vec<(String, Vec<String>)> = folded
            .into_iter()
            .map(|n| (n.title, n.changes.into_iter().filter_map(|c| c.sentence).collect()))
            .collect();
        let expected = [
            ("2 roles were activated", vec!["until 14", "bob"]),
            ("as it was told", vec!["edited"]),
            ("as it was told", vec!["another tenant"]),
            ("as it was told", vec!["until 2"]),
        ];
        let expected =
            expected.map(|(t, s)| (t.to_owned(), s.into_iter().map(str::to_owned).collect::<Vec<_>>()));
        assert_eq!(told, expected);
    }
}
