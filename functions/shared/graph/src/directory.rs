//! The reading port over Graph: [`GraphDirectory`] hands each call on to the module that knows how.

use crate::GraphClient;
use async_trait::async_trait;
use domain::{
    Error, Result, TenantId, Timestamp,
    extensions::Extension,
    kinds::{Kind, Licence, LinkType, Outside, Source},
    restore::{KnownAccessPassPolicy, Units},
};
use engine::ports::{
    Access, AuditPage, AuditWindow, ConsentStanding, Cursor, Directory, DirectoryAccess, DirectoryPages,
    Holders, LiveObject, LiveObjects, ReadPage, Spent,
};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Reads directories over Graph; its client's secret is `graph-reader`.
#[derive(Clone)]
pub struct GraphDirectory {
    client: GraphClient,
    /// When calls are broken off; none where only waits end.
    ends_at: Option<Timestamp>,
}

impl GraphDirectory {
    /// The name of the reading credential.
    pub const SECRET: &'static str = "graph-reader";

    /// A directory over that client.
    pub fn new(client: GraphClient) -> Self {
        Self { client, ends_at: None }
    }
    /// The same for work that ends at `deadline`: see [`GraphClient::with_deadline`].
    #[must_use]
    pub fn with_deadline(&self, deadline: Timestamp) -> Self {
        Self { client: self.client.with_deadline(deadline), ends_at: self.ends_at }
    }
    /// The client that the directory is read with.
    pub fn client(&self) -> &GraphClient {
        &self.client
    }

    /// What a call gives, if it does so before calls are broken off.
    async fn in_time<T>(&self, call: impl Future<Output = Result<T>>) -> Result<T> {
        let Some(end) = self.ends_at else { return call.await };
        let left = Duration::try_from(end.duration_since(self.client.now())).unwrap_or_default();
        let late = || Error::unavailable("Microsoft did not answer in the time that there is");
        // Why not asked at all then: who answers at once would be heard though the time is over.
        if left.is_zero() {
            return Err(late());
        }
        timeout(left, call).await.map_err(|_| late())?
    }
}

impl Directory for GraphDirectory {
    fn with_deadline(&self, deadline: Timestamp) -> Option<Arc<dyn Directory>> {
        Some(Arc::new(GraphDirectory::with_deadline(self, deadline)))
    }
}

#[async_trait]
impl DirectoryAccess for GraphDirectory {
    fn until(&self, deadline: Timestamp) -> Option<Arc<dyn DirectoryAccess>> {
        let client = self.client.with_deadline(deadline);
        Some(Arc::new(Self { client, ends_at: Some(deadline) }))
    }
    async fn access(&self, tenant: &TenantId) -> Result<Access> {
        self.in_time(self.client.access(tenant)).await
    }
    async fn standing(&self, tenant: &TenantId, user: &str) -> Result<ConsentStanding> {
        self.in_time(self.client.standing(tenant, user)).await
    }
    async fn organisation(&self, tenant: &TenantId) -> Result<Map<String, Value>> {
        self.in_time(self.client.organisation(tenant)).await
    }
    async fn credential_ends_at(&self) -> Result<Option<Timestamp>> {
        let tokens = self.client.tokens();
        Ok(tokens.credential(tokens.clock.now()).await?.ends_at())
    }
}

#[async_trait]
impl DirectoryPages for GraphDirectory {
    async fn read_page(
        &self,
        tenant: &TenantId,
        source: &'static Source,
        cursor: &Cursor,
        also: &[&str],
    ) -> Result<ReadPage> {
        self.client.read_page(tenant, source, cursor, also).await
    }
    async fn last_recovery(&self, tenant: &TenantId) -> Result<Option<Timestamp>> {
        self.client.last_recovery(tenant).await
    }
    async fn has_licence(&self, tenant: &TenantId, licence: &'static Licence) -> Result<Option<bool>> {
        self.client.has_licence(tenant, licence).await
    }
    async fn list_extensions(&self, tenant: &TenantId) -> Result<Vec<Extension>> {
        self.client.list_extensions(tenant).await
    }
    async fn read_audits(
        &self,
        tenant: &TenantId,
        window: &AuditWindow,
        next: Option<&str>,
    ) -> Result<AuditPage> {
        self.client.read_audits(tenant, window, next).await
    }
    fn take_spent(&self, tenant: &TenantId) -> Spent {
        self.client.take_spent(tenant)
    }
    async fn give_back(&self) {
        self.client.give_back().await;
    }
}

#[async_trait]
impl LiveObjects for GraphDirectory {
    async fn find_live(
        &self,
        tenant: &TenantId,
        kind: &'static Kind,
        key: &str,
        links: &[&'static LinkType],
    ) -> Result<Option<LiveObject>> {
        self.client.find_live(tenant, kind, key, links).await
    }
    async fn is_in_recycle_bin(&self, tenant: &TenantId, kind: &'static Kind, id: &str) -> Result<bool> {
        self.client.is_in_recycle_bin(tenant, kind, id).await
    }
    async fn find_binned(
        &self,
        tenant: &TenantId,
        kind: &'static Kind,
        id: &str,
    ) -> Result<Option<LiveObject>> {
        self.client.find_binned(tenant, kind, id).await
    }
    async fn find_holders(
        &self,
        tenant: &TenantId,
        kind: &'static Kind,
        wanted: Holders<'_>,
    ) -> Result<Vec<Map<String, Value>>> {
        self.client.find_holders(tenant, kind, wanted, false).await
    }
    async fn find_binned_holders(
        &self,
        tenant: &TenantId,
        kind: &'static Kind,
        wanted: Holders<'_>,
    ) -> Result<Vec<Map<String, Value>>> {
        self.client.find_holders(tenant, kind, wanted, true).await
    }
    async fn find_by_property(
        &self,
        tenant: &TenantId,
        kind: &'static Kind,
        property: &str,
        value: &str,
    ) -> Result<Vec<Map<String, Value>>> {
        self.client.find_by_property(tenant, kind, property, value).await
    }
    async fn list_outside(
        &self,
        tenant: &TenantId,
        outside: &'static Outside,
    ) -> Result<Option<BTreeSet<String>>> {
        self.client.list_outside(tenant, outside).await
    }
    async fn list_subscribed(&self, tenant: &TenantId) -> Result<Option<BTreeMap<String, Units>>> {
        self.client.list_subscribed(tenant).await
    }
    async fn access_pass_policy(&self, tenant: &TenantId) -> Result<KnownAccessPassPolicy> {
        self.client.access_pass_policy(tenant).await
    }
}
