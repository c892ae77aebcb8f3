//! How our own restores are known among the records of the log.

use super::record::{ActorSort, AuditRecord};
use crate::{RestoreId, Timestamp};

/// The restores that ran.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ours {
    /// Each with the service principal that wrote, in lower case, and when it began and ended.
    pub restores: Vec<(RestoreId, String, Timestamp, Timestamp)>,
}

impl Ours {
    /// Whether the application that wrote is ours.
    pub(super) fn wrote(&self, record: &AuditRecord) -> bool {
        self.of(record).next().is_some()
    }

    /// The restore that a record is of, where it is known.
    pub(super) fn restore(&self, record: &AuditRecord) -> Option<&RestoreId> {
        let ran = self.of(record).find(|(_, _, from, until)| *from <= record.at && record.at <= *until);
        ran.map(|(id, _, _, _)| id)
    }

    fn of(&self, record: &AuditRecord) -> impl Iterator<Item = &(RestoreId, String, Timestamp, Timestamp)> {
        let is_application = record.actor.sort == ActorSort::Application;
        let id = record.actor.id.clone().filter(|_| is_application).unwrap_or_default();
        self.restores.iter().filter(move |(_, writer, _, _)| *writer == id)
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::Actor;
    use super::*;
    use serde_json::json;

    #[test]
    fn an_application_of_ours_is_told_with_the_restore_that_ran_at_that_time() {
        let record = |time: &str| {
            AuditRecord::read(&json!({ "id": "Directory_1", "activityDateTime": time })).unwrap()
        };
        let by = |sort, record: AuditRecord| AuditRecord {
            actor: Actor { sort, id: Some("sp".to_owned()), name: None },
            ..record
        };
        let written = by(ActorSort::Application, record("2026-11-02T09:05:00Z"));
        let (from, until) =
            ("2026-11-02T09:00:00Z".parse().unwrap(), "2026-11-02T09:10:00Z".parse().unwrap());
        let restore = RestoreId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA");
        let ours = Ours { restores: vec![(restore.clone(), "sp".to_owned(), from, until)] };
        assert_eq!(ours.restore(&written), Some(&restore));
        let later = AuditRecord { at: "2026-11-02T11:00:00Z".parse().unwrap(), ..written.clone() };
        assert_eq!((ours.restore(&later), ours.wrote(&later)), (None, true));
        assert!(!ours.wrote(&by(ActorSort::Person, written.clone())));
        assert!(!Ours::default().wrote(&written));
    }
}
