//! Connects a tenant to its organisation: what is read of it first, and the rows that are written.

use super::{Connected, ConsentApp};
use domain::{Error, OrganisationId, Result, TenantId, Timestamp};
use engine::ports::{Access, Clock, DirectoryAccess, KeyRing, Write};
use engine::records::{
    CredentialStatus, FormerTenant, Found, Organisation, OrganisationPlace, Records, StoredKey, Tenant,
    not_protected, put_new, replace,
};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Where a tenant's data key comes from.
pub(crate) enum Key<'a> {
    /// Made by this key ring, once it is known that the tenant needs one.
    New(&'a dyn KeyRing),
    /// It was made and stored when the connection began to wait.
    Stored,
}

/// The write that stores a data key which the organisation has for the tenant; none when it has one already.
pub(super) async fn new_key(
    records: &Records,
    keys: &dyn KeyRing,
    tenant: &TenantId,
    organisation: &OrganisationId,
    now: Timestamp,
) -> Result<Option<Write>> {
    if records.find(&StoredKey::at(tenant, organisation)).await?.is_some() {
        return Ok(None);
    }
    let (_, wrapped) = keys.generate(tenant).await?;
    let key =
        StoredKey { tenant: tenant.clone(), organisation: organisation.clone(), wrapped, created_at: now };
    put_new(&key).map(Some)
}

/// What was read of the tenant: what it granted, and its own profile.
pub(crate) struct Seen {
    access: Access,
    profile: Map<String, Value>,
}

impl Seen {
    /// The application permissions that the tenant grants; none where Microsoft does not say.
    pub(super) fn permissions(&self) -> &[String] {
        &self.access.permissions
    }
}

/// Connects a tenant to its organisation.
pub(crate) struct Linker {
    pub(crate) records: Records,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) directory: Arc<dyn DirectoryAccess>,
}

impl Linker {
    /// Checks that nothing else holds the tenant. Gives the tenant's row where the organisation is connected to it
    /// already.
    ///
    /// # Errors
    /// `Conflict` when the tenant belongs to another organisation, or the organisation has another tenant.
    pub(crate) async fn check_free(
        &self,
        organisation: &Organisation,
        tenant: &TenantId,
    ) -> Result<Option<Found<Tenant>>> {
        if organisation.tenant.as_ref().is_some_and(|t| t != tenant) {
            return Err(Error::conflict("the organisation is connected to another tenant"));
        }
        let before: Option<Found<Tenant>> = self.records.find(&Tenant::at(tenant)).await?;
        if before.as_ref().is_some_and(|t| t.value.organisation != organisation.id) {
            return Err(Error::conflict("this tenant is connected to another organisation"));
        }
        Ok(before)
    }

    /// Reads what was granted, and the tenant's own profile.
    ///
    /// # Errors
    /// `Denied` while a consent has not arrived; otherwise as any call to Graph.
    pub(crate) async fn look(&self, tenant: &TenantId) -> Result<Seen> {
        let access = self.directory.access(tenant).await?;
        let profile = self.directory.organisation(tenant).await?;
        Ok(Seen { access, profile })
    }

    /// Connects in one write; `writes` are made along with it.
    ///
    /// # Errors
    /// As [`Self::check_free`]; `Denied` when the directory is another than the one that consented; `Conflict` when
    /// something has changed meanwhile.
    pub(crate) async fn link(
        &self,
        mut writes: Vec<Write>,
        found: Found<Organisation>,
        tenant: &TenantId,
        seen: Seen,
        key: Key<'_>,
    ) -> Result<Connected> {
        let mut organisation = found.value;
        // Why asked of the directory itself: the id came through a browser, and may name another tenant.
        let text = |name: &str| seen.profile.get(name).and_then(Value::as_str);
        if !text("id").is_some_and(|id| id.eq_ignore_ascii_case(tenant.as_str())) {
            return Err(Error::denied("the directory does not say that it is the one that consented"));
        }
        // Why here, though some callers have checked it before: what is written depends on whether the tenant has a
        // row.
        let before = self.check_free(&organisation, tenant).await?;
        // What the consent lacks is said from now on, and not from the first snapshot on.
        organisation.not_protected = not_protected(&seen.access.permissions);
        organisation.tenant = Some(tenant.clone());
        // A connection that waits, for this tenant or for another, ends with this one.
        organisation.turn_to(tenant);
        let now = self.clock.now();
        let credentials = if organisation.not_protected.is_empty() {
            CredentialStatus::Connected
        } else {
            CredentialStatus::MissingPermissions
        };
        let name = text("displayName").unwrap_or_default().to_owned();
        writes.push(replace(&organisation, found.version)?);
        // A tenant that was connected before keeps its row, and above all its key: its snapshots are sealed with it.
        let row = if let Some(Found { value, version }) = before {
            // Why due now: what could not be read until this consent should be protected soon. What the last snapshot
            // lacked is from before it: until the next, the organisation's row says what is not protected.
            let mut row = Tenant {
                name,
                refused: None,
                not_protected: None,
                next_snapshot_at: Some(now),
                consented_at: Some(now),
                ..value
            };
            row.note_credentials(credentials, now);
            writes.push(replace(&row, version)?);
            row
        } else {
            let row = Tenant {
                tenant: tenant.clone(),
                partner: organisation.partner.clone(),
                organisation: organisation.id.clone(),
                name,
                credentials,
                refused: None,
                not_protected: None,
                credentials_since: Some(now),
                snapshots_per_day: 1,
                next_snapshot_at: Some(now),
                open_snapshot: None,
                last_sealed: None,
                newest: None,
                untold_since: None,
                last_full_at: None,
                connected_at: now,
                consented_at: Some(now),
                has_parked: false,
            };
            // Why the key last: making one is a call that costs, and is of use only when all else is in order.
            match key {
                Key::New(keys) => {
                    writes.extend(new_key(&self.records, keys, tenant, &organisation.id, now).await?);
                }
                // Why asked: if another organisation had the tenant meanwhile and was deleted, the key went with it.
                // Then this fails: nothing could be sealed.
                Key::Stored => drop(self.records.get(&StoredKey::at(tenant, &organisation.id)).await?),
            }
            writes.push(put_new(&row)?);
            // The place, by which an organisation is found from its id, names its tenant. Beside an old row it does
            // already.
            writes.push(self.place(&organisation).await?);
            row
        };
        // Why told: a consent that nobody withdrew lasts, and may be older than this organisation.
        let former = self.records.find(&FormerTenant::at(tenant)).await?;
        self.records.write(writes).await.map_err(|e| e.within("the tenant was not connected"))?;
        let before = former.map(|f| f.value.ended_at);
        Ok(Connected { organisation, tenant: row, app: ConsentApp::Reader, before })
    }

    async fn place(&self, organisation: &Organisation) -> Result<Write> {
        let place: Found<OrganisationPlace> =
            self.records.get(&OrganisationPlace::at(&organisation.id)).await?;
        let linked = OrganisationPlace { tenant: organisation.tenant.clone(), ..place.value };
        replace(&linked, place.version)
    }
}
