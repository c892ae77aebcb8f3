//! The deletion of an organisation that is due: first its key is destroyed, then what is stored is deleted, then its
//! rows; a certificate is left.
//!
//! Invariants: the key is destroyed in the write that begins the deletion, so that from then on nothing can be read,
//! however long the rest takes; the certificate is written in the write that removes the last row, and only after a
//! pass that found nothing, no sooner than a worker that held the key could still store something.

use super::{Report, Worker};
use crate::announce::not_connected_notices;
use crate::end_customers::{self, SharedTokens};
use crate::ports::{Page, Row, Scope, Write};
use crate::records::{
    Acknowledgement, End, Ending, FAMILIES, Found, IdempotentRequest, JobEntry, Notice, NoticeEntry,
    Organisation, Partner, Record, RestoreSet, SentNotice, StoredKey, Tenant, delete, replace, watched,
};
use domain::organisations::OrganisationState;
use domain::{ErrorKind, OrganisationId, PartnerId, Result, TenantId, Timestamp};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::SignedDuration;
use std::collections::BTreeSet;

/// How long a worker may still hold a key that was destroyed, in minutes: a function runs for at most fifteen.
const SETTLE_MINUTES: i64 = 20;
/// How many blobs, or rows, are listed at a time.
const PAGE: usize = 1_000;
/// How many blobs are deleted at the same time.
const AT_ONCE: usize = 16;
/// How many rows are deleted in one write.
const ROWS_A_WRITE: usize = 25;

/// What a pass removed, and whether it came to the end.
#[derive(Clone, Copy, Default)]
struct Swept {
    blobs: u64,
    rows: u64,
    /// Whether the pass came to the end before the deadline.
    is_complete: bool,
}

impl Worker {
    pub(super) async fn delete_organisations(&self, deadline: Timestamp, report: &mut Report) -> Result<()> {
        let mut after = None;
        loop {
            let page = Page { after, limit: 100, descending: false };
            let (due, next) = self.records.list_due::<Organisation>(watched::DELETIONS_DUE, page).await?;
            for row in due {
                if self.clock.now() >= deadline {
                    return Ok(());
                }
                if let Err(error) = self.delete_organisation(&row.value, deadline, report).await {
                    report.failed += 1;
                    let (organisation, kind) = (&row.value.id, error.kind().name());
                    tracing::warn!(%organisation, kind, %error, "an organisation could not be deleted");
                }
            }
            after = next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    async fn delete_organisation(
        &self,
        listed: &Organisation,
        deadline: Timestamp,
        report: &mut Report,
    ) -> Result<()> {
        // Why again: a watched list may lag, and the partner may have cancelled.
        let found = self.records.find(&Organisation::at(&listed.partner, &listed.id)).await?;
        let Some(mut found) = found else { return Ok(()) };
        let Some(ending) = found.value.ending.clone() else { return Ok(()) };
        let now = self.clock.now();
        if ending.delete_at > now {
            return Ok(());
        }
        // The key goes before anything else: a pass may take many ticks, and nothing may be readable meanwhile.
        if ending.began_at.is_none() {
            self.destroy_key(&mut found, ending).await?;
            report.begun += 1;
        }
        let listeners = self.listeners(&found.value).await?;
        // Each pass sweeps from the start, since something may have been stored behind the one before.
        let mut swept = match &found.value.tenant {
            Some(tenant) => self.sweep(tenant, &listeners, deadline).await?,
            None => Swept { is_complete: true, ..Swept::default() },
        };
        if swept.is_complete {
            self.sweep_waits(&found.value, &listeners, deadline, &mut swept).await?;
        }
        if swept.is_complete {
            self.sweep_replies(&found.value.id, &listeners, deadline, &mut swept).await?;
        }
        if swept.is_complete {
            for partner in &listeners {
                // What a partner has acknowledged of it, or had while it was its customer.
                let (of, scope) = (&found.value.id, Scope::Organisations(partner.clone()));
                let acknowledged = Acknowledgement::of_organisation(partner, of);
                swept.is_complete = swept.is_complete
                    && self
                        .sweep_rows(&scope, acknowledged.prefix(), |_| true, deadline, &mut swept.rows)
                        .await?;
                // And what was asked for in it.
                let (scope, family) = (Scope::Jobs(partner.clone()), JobEntry::PREFIX);
                let is_of = |row: &Row| {
                    serde_json::from_value::<JobEntry>(row.body.clone())
                        .is_ok_and(|entry| entry.organisation == *of)
                };
                swept.is_complete = swept.is_complete
                    && self.sweep_rows(&scope, family, is_of, deadline, &mut swept.rows).await?;
                // Restore sets that name it, also of other customers: what a set is for says the row of each restore, too.
                let sets = Scope::RestoreSets(partner.clone());
                let names_it = |row: &Row| {
                    let set = serde_json::from_value::<RestoreSet>(row.body.clone());
                    set.is_ok_and(|set| set.names(&found.value.id))
                };
                swept.is_complete = swept.is_complete
                    && self
                        .sweep_rows(&sets, RestoreSet::PREFIX, names_it, deadline, &mut swept.rows)
                        .await?;
                swept.rows +=
                    end_customers::end(&self.records, partner, &found.value.id, SharedTokens::Kept).await?;
            }
        }
        // The counts are kept in the row, so that the certificate says what all passes removed together.
        let Some(ending) = &mut found.value.ending else { return Ok(()) };
        ending.blobs += swept.blobs;
        ending.rows += swept.rows;
        // Why to wait even after an empty pass: a worker that still holds the key may store something after it.
        let began_at = ending.began_at.unwrap_or(now);
        let is_settled = now >= began_at + SignedDuration::from_mins(SETTLE_MINUTES);
        let is_empty = swept.is_complete && swept.blobs == 0 && swept.rows == 0;
        if is_empty && (is_settled || found.value.tenant.is_none()) {
            self.certify(&found).await?;
            report.deleted += 1;
        } else if swept.blobs + swept.rows > 0 {
            self.records.replace(&found.value, found.version).await?;
        }
        Ok(())
    }

    /// Destroys the key: from here on nothing that is stored can be read.
    pub(super) async fn begin(&self, found: &mut Found<Organisation>, mut ending: Ending) -> Result<()> {
        ending.began_at = Some(self.clock.now());
        let mut writes = Vec::new();
        if let Some(tenant) = &found.value.tenant {
            // All of them: a key that another organisation waits with must not be taken for this one's, once that is gone.
            let keys = self.records.list_all(&StoredKey::all(tenant)).await?;
            let (own, others): (Vec<_>, Vec<_>) =
                keys.into_iter().partition(|key| key.value.organisation == found.value.id);
            // Why before, and in parts: anybody may wait for the tenant, so there may be more than one write takes.
            for part in others.chunks(ROWS_A_WRITE) {
                let part = part.iter().map(|key| delete(&key.value, key.version));
                self.records.write(part.collect()).await?;
            }
            for key in own {
                let wrapped = serde_json::to_vec(&key.value.wrapped).unwrap_or_default();
                ending.key_fingerprint = Some(blake3::hash(&wrapped).to_hex().to_string());
                writes.push(delete(&key.value, key.version));
            }
            if let Some(row) = self.records.find(&Tenant::at(tenant)).await?
                && row.value.next_snapshot_at.is_some()
            {
                let stopped = Tenant { next_snapshot_at: None, ..row.value };
                writes.push(replace(&stopped, row.version)?);
            }
        }
        found.value.state = OrganisationState::Deleting;
        found.value.ending = Some(ending);
        writes.push(replace(&found.value, found.version)?);
        self.records.write(writes).await?;
        found.version += 1;
        Ok(())
    }

    /// The partners whose lists of notices may name the tenant: its partner, those before, and those above them.
    async fn listeners(&self, organisation: &Organisation) -> Result<BTreeSet<PartnerId>> {
        let mut listeners = BTreeSet::new();
        for id in std::iter::once(&organisation.partner).chain(&organisation.former_partners) {
            let found = self.records.find(&Partner::at(id)).await?;
            listeners.extend(found.into_iter().flat_map(|partner| partner.value.above));
            listeners.insert(id.clone());
        }
        Ok(listeners)
    }

    /// Removes the blobs and rows of the tenant, until the deadline.
    async fn sweep(
        &self,
        tenant: &TenantId,
        listeners: &BTreeSet<PartnerId>,
        deadline: Timestamp,
    ) -> Result<Swept> {
        let (blobs, is_complete) = self.delete_blobs(tenant, "", deadline).await?;
        let mut swept = Swept { blobs, ..Swept::default() };
        if !is_complete {
            return Ok(swept);
        }
        // Why by the list of families: a record whose family is not in it does not compile, so no row of the tenant
        // outlives its organisation.
        for family in FAMILIES.iter().filter(|f| f.end == End::Tenant) {
            let Some(scope) = family.owner.scope_of_tenant(tenant) else { continue };
            if !self.sweep_rows(&scope, family.prefix, |_| true, deadline, &mut swept.rows).await? {
                return Ok(swept);
            }
        }
        for listener in listeners {
            let scope = Scope::Heard(listener.clone());
            let is_of_tenant = |row: &Row| {
                serde_json::from_value::<NoticeEntry>(row.body.clone())
                    .is_ok_and(|entry| entry.tenant == *tenant)
            };
            if !self.sweep_rows(&scope, NoticeEntry::PREFIX, is_of_tenant, deadline, &mut swept.rows).await? {
                return Ok(swept);
            }
        }
        swept.is_complete = true;
        Ok(swept)
    }

    /// Removes what is left of connections that came to nothing: their notices, and the keys that were made for them. The
    /// tenants are not the organisation's: of their rows nothing else is touched.
    async fn sweep_waits(
        &self,
        organisation: &Organisation,
        listeners: &BTreeSet<PartnerId>,
        deadline: Timestamp,
        swept: &mut Swept,
    ) -> Result<()> {
        let last = organisation.connecting.as_ref().map(|waited| &waited.tenant);
        let waited: BTreeSet<&TenantId> = organisation.waited_for.iter().chain(last).collect();
        // Why by the ids' beginning: a notice is made for each wait of the organisation, so there may be several.
        let notices = not_connected_notices(&organisation.id);
        for &tenant in &waited {
            if let Some(key) = self.records.find(&StoredKey::at(tenant, &organisation.id)).await? {
                self.records.write(vec![delete(&key.value, key.version)]).await?;
                swept.rows += 1;
            }
            let scope = Scope::Tenant(tenant.clone());
            let (told, sent) = (Notice::at(tenant, &notices), SentNotice::of_notice(tenant, &notices));
            for prefix in [told.key(), sent.prefix()] {
                swept.is_complete = swept.is_complete
                    && self.sweep_rows(&scope, prefix, |_| true, deadline, &mut swept.rows).await?;
            }
        }
        let is_ours = |row: &Row| {
            serde_json::from_value::<NoticeEntry>(row.body.clone())
                .is_ok_and(|entry| entry.organisation == organisation.id)
        };
        for listener in listeners.iter().filter(|_| !waited.is_empty()) {
            let scope = Scope::Heard(listener.clone());
            swept.is_complete = swept.is_complete
                && self.sweep_rows(&scope, NoticeEntry::PREFIX, is_ours, deadline, &mut swept.rows).await?;
        }
        Ok(())
    }

    /// Removes the replies that are kept for idempotency keys of partners and that name the organisation.
    async fn sweep_replies(
        &self,
        id: &OrganisationId,
        listeners: &BTreeSet<PartnerId>,
        deadline: Timestamp,
        swept: &mut Swept,
    ) -> Result<()> {
        // Why anywhere in the row: a kept reply has the shape of whatever route gave it. An id is looked for, no word.
        let names_it = |row: &Row| row.body.to_string().contains(id.as_str());
        for listener in listeners {
            let scope = Scope::Replies(Some(listener.clone()));
            let family = IdempotentRequest::PREFIX;
            if !self.sweep_rows(&scope, family, names_it, deadline, &mut swept.rows).await? {
                swept.is_complete = false;
                return Ok(());
            }
        }
        Ok(())
    }

    /// Removes the blobs whose names begin like that; returns how many, and whether it came to the end before the
    /// deadline.
    pub(super) async fn delete_blobs(
        &self,
        tenant: &TenantId,
        prefix: &str,
        deadline: Timestamp,
    ) -> Result<(u64, bool)> {
        let mut deleted = 0;
        loop {
            if self.clock.now() >= deadline {
                return Ok((deleted, false));
            }
            let names = self.vault.list(tenant, prefix, None, PAGE).await?;
            if names.is_empty() {
                return Ok((deleted, true));
            }
            deleted += names.len() as u64;
            let deletions: Vec<_> = names.iter().map(|name| self.vault.delete(tenant, name)).collect();
            stream::iter(deletions).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
        }
    }

    /// Removes those rows of a family that `is_meant` admits; returns whether it came to the end before the deadline.
    async fn sweep_rows(
        &self,
        scope: &Scope,
        family: &str,
        is_meant: impl Fn(&Row) -> bool,
        deadline: Timestamp,
        removed: &mut u64,
    ) -> Result<bool> {
        let mut after = None;
        loop {
            if self.clock.now() >= deadline {
                return Ok(false);
            }
            let page = Page { after, limit: PAGE, descending: false };
            let found = self.catalog.list(scope, family, page).await?;
            let meant: Vec<Row> = found.rows.into_iter().map(|(_, row)| row).filter(&is_meant).collect();
            let now = self.clock.now();
            // Why apart: a write does not see an expired row. It is deleted as of the moment before its end.
            let (ended, live): (Vec<Row>, Vec<Row>) =
                meant.into_iter().partition(|row| row.expires_at.is_some_and(|at| at <= now));
            for rows in live.chunks(ROWS_A_WRITE) {
                let writes =
                    rows.iter().map(|row| Write::Delete(scope.clone(), row.key.clone(), row.version));
                self.catalog.write(now, writes.collect()).await?;
                *removed += rows.len() as u64;
            }
            for row in ended {
                let before = row.expires_at.unwrap_or(now) - SignedDuration::from_millis(1);
                match self
                    .catalog
                    .write(before, vec![Write::Delete(scope.clone(), row.key, row.version)])
                    .await
                {
                    Ok(()) => *removed += 1,
                    // The catalog has removed it by itself.
                    Err(error) if error.kind() == ErrorKind::Conflict => {}
                    Err(error) => return Err(error),
                }
            }
            after = found.next;
            if after.is_none() {
                return Ok(true);
            }
        }
    }
}
