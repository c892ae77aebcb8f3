//! The records of a time, each taken apart once for all that is asked of them.
//!
//! Why: a group that gained a thousand members has a thousand records, and each member is asked for by itself.

use super::super::activities::Activity;
use super::super::record::AuditRecord;
use std::collections::HashMap;

/// Records in the order of their time, found by the ids that they name.
pub struct Records<'r> {
    pub(super) all: Vec<Read<'r>>,
    naming: HashMap<String, Vec<usize>>,
}

/// A record, and what is asked of it again and again.
pub(super) struct Read<'r> {
    pub(super) record: &'r AuditRecord,
    pub(super) activity: Activity,
    /// The ids that it names, sorted, in lower case.
    named: Vec<String>,
}

impl<'r> Records<'r> {
    /// These records, which come in the order of their time. Attempts that failed changed nothing and are left out.
    pub fn of(records: impl IntoIterator<Item = &'r AuditRecord>) -> Self {
        let succeeded = records.into_iter().filter(|record| record.succeeded);
        let all: Vec<Read<'r>> = succeeded.map(Read::of).collect();
        let mut naming: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, read) in all.iter().enumerate() {
            for id in &read.named {
                naming.entry(id.clone()).or_default().push(place);
            }
        }
        Self { all, naming }
    }

    /// Those that name that id, in the order of their time.
    pub(super) fn naming(&self, id: &str) -> impl Iterator<Item = &Read<'r>> {
        let places = self.naming.get(&id.to_lowercase());
        places.into_iter().flatten().map(|place| &self.all[*place])
    }
}

impl<'r> Read<'r> {
    fn of(record: &'r AuditRecord) -> Self {
        Self { record, activity: Activity::of(&record.activity), named: record.named_ids() }
    }

    pub(super) fn names(&self, id: &str) -> bool {
        self.named.binary_search(&id.to_lowercase()).is_ok()
    }
}
