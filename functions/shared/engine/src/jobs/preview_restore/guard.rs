//! Who must keep their rights: the permanent Global Administrators, and we ourselves.

use super::Worker;
use crate::ports::{Cursor, PageEnd};
use domain::kinds;
use domain::restore::{GLOBAL_ADMINISTRATOR, Guard, Item, Selection};
use domain::{ErrorKind, Result, TenantId};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

impl Worker {
    pub(super) async fn guard(
        &self,
        tenant: &TenantId,
        selection: &Selection,
        items: &[Item],
    ) -> Result<Guard> {
        // Only these can take somebody's rights away.
        if !selection.delete_created && !items.iter().any(|i| i.kind.name == "users" && i.live.is_some()) {
            return Ok(Guard::default());
        }
        let own_principals = self.own.list_own(tenant).await?.into_iter().collect();
        let temporary: BTreeSet<String> = match self.role_facts(tenant, "activeAdmins").await {
            Ok(schedules) => schedules.iter().filter(|s| is_temporary(s)).map(principal).collect(),
            // Without the licence nothing is temporary.
            Err(e) if e.kind() == ErrorKind::Denied => BTreeSet::new(),
            Err(e) => return Err(e),
        };
        let all = self.role_facts(tenant, "admins").await?;
        let global_administrators = all.iter().map(principal).filter(|p| !temporary.contains(p)).collect();
        Ok(Guard { global_administrators, own_principals })
    }

    /// The live assignments of Global Administrator over the whole directory.
    async fn role_facts(&self, tenant: &TenantId, kind: &str) -> Result<Vec<Map<String, Value>>> {
        let source = &kinds::get(kind)?.reading[0];
        let (mut cursor, mut found) = (Cursor::Start, Vec::new());
        loop {
            let page = self.directory.read_page(tenant, source, &cursor, &[]).await?;
            let facts = page.values()?.into_iter().filter_map(|i| match i {
                Value::Object(fact) => Some(fact),
                _ => None,
            });
            let is = |f: &Map<String, Value>, p: &str, v: &str| f.get(p).is_some_and(|x| x == v);
            found.extend(facts.filter(|f| {
                is(f, "roleDefinitionId", GLOBAL_ADMINISTRATOR) && is(f, "directoryScopeId", "/")
            }));
            match page.end {
                PageEnd::More(next) => cursor = next,
                PageEnd::Done(_) => return Ok(found),
            }
        }
    }
}

fn principal(fact: &Map<String, Value>) -> String {
    fact.get("principalId").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Activated, or with an end.
fn is_temporary(schedule: &Map<String, Value>) -> bool {
    let expiration = schedule.get("scheduleInfo").and_then(|s| s.get("expiration"));
    let ends = expiration.and_then(|e| e.get("type")).and_then(Value::as_str);
    schedule.get("assignmentType").is_some_and(|t| t == "Activated")
        || ends.is_some_and(|e| !e.eq_ignore_ascii_case("noExpiration"))
}
