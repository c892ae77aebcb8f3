//! The customer's directory, through the plan.

use super::{Faulty, LoggedCall};
use async_trait::async_trait;
use domain::extensions::Extension;
use domain::kinds::{Kind, Licence, LinkType, Outside, Source};
use domain::restore::{KnownAccessPassPolicy, Units};
use domain::{Result, TenantId, Timestamp};
use engine::ports::{
    Access, Applied, AuditPage, AuditWindow, ConsentStanding, Cursor, Directory, DirectoryAccess,
    DirectoryPages, DirectoryWrite, DirectoryWriter, HeldPass, Holders, LiveObject, LiveObjects, ReadPage,
    Spent,
};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl<T: Directory + ?Sized> Directory for Faulty<T> {
    fn with_deadline(&self, deadline: Timestamp) -> Option<Arc<dyn Directory>> {
        self.inner.with_deadline(deadline).map(|inner| Faulty::new(inner, &self.plan) as Arc<dyn Directory>)
    }
}

#[async_trait]
impl<T: DirectoryAccess + ?Sized> DirectoryAccess for Faulty<T> {
    fn until(&self, deadline: Timestamp) -> Option<Arc<dyn DirectoryAccess>> {
        self.inner.until(deadline).map(|inner| Faulty::new(inner, &self.plan) as Arc<dyn DirectoryAccess>)
    }
    async fn access(&self, tenant: &TenantId) -> Result<Access> {
        let call = LoggedCall::new("directory", "access", "").of(tenant);
        self.plan.around(call, self.inner.access(tenant)).await
    }
    async fn standing(&self, tenant: &TenantId, user: &str) -> Result<ConsentStanding> {
        let call = LoggedCall::new("directory", "standing", "").of(tenant);
        self.plan.around(call, self.inner.standing(tenant, user)).await
    }
    async fn organisation(&self, tenant: &TenantId) -> Result<Map<String, Value>> {
        let call = LoggedCall::new("directory", "organisation", "").of(tenant);
        self.plan.around(call, self.inner.organisation(tenant)).await
    }
    async fn credential_ends_at(&self) -> Result<Option<Timestamp>> {
        let call = LoggedCall::new("directory", "credential_ends_at", "");
        self.plan.around(call, self.inner.credential_ends_at()).await
    }
}

#[async_trait]
impl<T: DirectoryPages + ?Sized> DirectoryPages for Faulty<T> {
    fn concurrency(&self, tenant: &TenantId) -> usize {
        self.inner.concurrency(tenant)
    }
    async fn read_page(
        &self,
        tenant: &TenantId,
        source: &'static Source,
        cursor: &Cursor,
        also: &[&str],
    ) -> Result<ReadPage> {
        let at = match cursor {
            Cursor::Start => "from the start",
            Cursor::Listed => "listed",
            Cursor::ListedWithLinks => "whole",
            Cursor::Ids(_) => "by ids",
            Cursor::Latest => "latest",
            Cursor::Singly => "one by one",
            Cursor::Bin => "recycle bin",
            Cursor::Next(_)
            | Cursor::NextListed(_)
            | Cursor::NextListedWithLinks(_)
            | Cursor::NextSingly(_)
            | Cursor::NextBin(_) => "next",
            Cursor::Delta(_) => "delta",
        };
        let call = LoggedCall::new("directory", "read_page", format!("{} {at}", source.path)).of(tenant);
        self.plan.around(call, self.inner.read_page(tenant, source, cursor, also)).await
    }
    async fn last_recovery(&self, tenant: &TenantId) -> Result<Option<Timestamp>> {
        let call = LoggedCall::new("directory", "last_recovery", "").of(tenant);
        self.plan.around(call, self.inner.last_recovery(tenant)).await
    }
    async fn has_licence(&self, tenant: &TenantId, licence: &'static Licence) -> Result<Option<bool>> {
        let call = LoggedCall::new("directory", "has_licence", "").of(tenant);
        self.plan.around(call, self.inner.has_licence(tenant, licence)).await
    }
    async fn read_audits(
        &self,
        tenant: &TenantId,
        window: &AuditWindow,
        next: Option<&str>,
    ) -> Result<AuditPage> {
        let call = LoggedCall::new("directory", "read_audits", "").of(tenant);
        self.plan.around(call, self.inner.read_audits(tenant, window, next)).await
    }
    async fn list_extensions(&self, tenant: &TenantId) -> Result<Vec<Extension>> {
        let call = LoggedCall::new("directory", "list_extensions", "").of(tenant);
        self.plan.around(call, self.inner.list_extensions(tenant)).await
    }
    fn take_spent(&self, tenant: &TenantId) -> Spent {
        self.inner.take_spent(tenant)
    }
    async fn give_back(&self) {
        self.inner.give_back().await;
    }
}

#[async_trait]
impl<T: LiveObjects + ?Sized> LiveObjects for Faulty<T> {
    async fn find_live(
        &self,
        tenant: &TenantId,
        kind: &'static Kind,
        key: &str,
        links: &[&'static LinkType],
    ) -> Result<Option<LiveObject>> {
        let call = LoggedCall::new("directory", "find_live", format!("{} {key}", kind.name)).of(tenant);
        self.plan.around(call, self.inner.find_live(tenant, kind, key, links)).await
    }
    async fn is_in_recycle_bin(&self, tenant: &TenantId, kind: &'static Kind, id: &str) -> Result<bool> {
        let call =
            LoggedCall::new("directory", "is_in_recycle_bin", format!("{} {id}", kind.name)).of(tenant);
        self.plan.around(call, self.inner.is_in_recycle_bin(tenant, kind, id)).await
    }
    async fn find_binned(
        &self,
        tenant: &TenantId,
        kind: &'static Kind,
        id: &str,
    ) -> Result<Option<LiveObject>> {
        let call = LoggedCall::new("directory", "find_binned", format!("{} {id}", kind.name)).of(tenant);
        self.plan.around(call, self.inner.find_binned(tenant, kind, id)).await
    }
    async fn find_by_property(
        &self,
        tenant: &TenantId,
        kind: &'static Kind,
        property: &str,
        value: &str,
    ) -> Result<Vec<Map<String, Value>>> {
        let subject = format!("{} {property}", kind.name);
        let call = LoggedCall::new("directory", "find_by_property", subject).of(tenant);
        self.plan.around(call, self.inner.find_by_property(tenant, kind, property, value)).await
    }
    async fn find_holders(
        &self,
        tenant: &TenantId,
        kind: &'static Kind,
        wanted: Holders<'_>,
    ) -> Result<Vec<Map<String, Value>>> {
        let subject = format!("{} {}", kind.name, wanted.property);
        let call = LoggedCall::new("directory", "find_holders", subject).of(tenant);
        self.plan.around(call, self.inner.find_holders(tenant, kind, wanted)).await
    }
    async fn find_binned_holders(
        &self,
        tenant: &TenantId,
        kind: &'static Kind,
        wanted: Holders<'_>,
    ) -> Result<Vec<Map<String, Value>>> {
        let subject = format!("{} {}", kind.name, wanted.property);
        let call = LoggedCall::new("directory", "find_binned_holders", subject).of(tenant);
        self.plan.around(call, self.inner.find_binned_holders(tenant, kind, wanted)).await
    }
    async fn list_outside(
        &self,
        tenant: &TenantId,
        outside: &'static Outside,
    ) -> Result<Option<BTreeSet<String>>> {
        let call = LoggedCall::new("directory", "list_outside", outside.name).of(tenant);
        self.plan.around(call, self.inner.list_outside(tenant, outside)).await
    }
    async fn list_subscribed(&self, tenant: &TenantId) -> Result<Option<BTreeMap<String, Units>>> {
        let call = LoggedCall::new("directory", "list_subscribed", "").of(tenant);
        self.plan.around(call, self.inner.list_subscribed(tenant)).await
    }
    async fn access_pass_policy(&self, tenant: &TenantId) -> Result<KnownAccessPassPolicy> {
        let call = LoggedCall::new("directory", "access_pass_policy", "").of(tenant);
        self.plan.around(call, self.inner.access_pass_policy(tenant)).await
    }
}

#[async_trait]
impl<T: DirectoryWriter + ?Sized> DirectoryWriter for Faulty<T> {
    fn with_deadline(&self, deadline: Timestamp) -> Option<Arc<dyn DirectoryWriter>> {
        self.inner
            .with_deadline(deadline)
            .map(|inner| Faulty::new(inner, &self.plan) as Arc<dyn DirectoryWriter>)
    }
    async fn access(&self, tenant: &TenantId) -> Result<Access> {
        let call = LoggedCall::new("writer", "access", "").of(tenant);
        self.plan.around(call, self.inner.access(tenant)).await
    }
    async fn apply(&self, tenant: &TenantId, call: &DirectoryWrite) -> Result<Applied> {
        let logged = LoggedCall::new("writer", "apply", told(call)).of(tenant);
        self.plan.around(logged, self.inner.apply(tenant, call)).await
    }
    async fn apply_as(&self, tenant: &TenantId, call: &DirectoryWrite, request: &str) -> Result<Applied> {
        let logged = LoggedCall::new("writer", "apply", told(call)).of(tenant);
        self.plan.around(logged, self.inner.apply_as(tenant, call, request)).await
    }
    async fn list_passes(&self, tenant: &TenantId, kind: &'static Kind, id: &str) -> Result<Vec<HeldPass>> {
        let call = LoggedCall::new("writer", "list_passes", format!("{} {id}", kind.name)).of(tenant);
        self.plan.around(call, self.inner.list_passes(tenant, kind, id)).await
    }
    fn take_spent(&self, tenant: &TenantId) -> Spent {
        self.inner.take_spent(tenant)
    }
    async fn give_back(&self) {
        self.inner.give_back().await;
    }
}

fn told(call: &DirectoryWrite) -> String {
    match call {
        DirectoryWrite::Undelete { kind, id, .. } => format!("undelete {} {id}", kind.name),
        DirectoryWrite::Create { kind, .. } => format!("create {}", kind.name),
        DirectoryWrite::Update { kind, id, .. } => format!("update {} {id}", kind.name),
        DirectoryWrite::Act { kind, id, path, .. } => format!("{path} {} {id}", kind.name),
        DirectoryWrite::Delete { kind, id, .. } => format!("delete {} {id}", kind.name),
        DirectoryWrite::AddLinks { link, from, to } => format!("add {} {from} +{}", link.name, to.len()),
        DirectoryWrite::RemoveLink { link, from, to } => format!("remove {} {from}/{to}", link.name),
        DirectoryWrite::Assign { link, from, assignments } => {
            format!("assign {} {from} {}", link.name, assignments.len())
        }
        DirectoryWrite::IssuePass { kind, id, .. } => format!("issue pass {} {id}", kind.name),
        DirectoryWrite::RevokePass { kind, id, .. } => format!("revoke pass {} {id}", kind.name),
        DirectoryWrite::AssignLicences { kind, id, add, remove } => {
            format!("license {} {id} +{} -{}", kind.name, add.len(), remove.len())
        }
    }
}
