//! The ports over what is ours: each method goes through the plan.

use super::{Faulty, LoggedCall};
use async_trait::async_trait;
use bytes::Bytes;
use domain::{ErrorKind, Result, TenantId, Timestamp};
use engine::ports::{
    AnchorName, Anchors, BlobName, Catalog, DataKey, Delivered, ExportFile, Exports, Handed, Kept, KeyRing,
    Mail, Mailer, Outgoing, Page, PublicKey, Put, Queue, Returns, Row, RowPage, Scope, Secret, Secrets,
    Signer, Vault, VaultKeeper, VaultSweeper, WrappedKey, Write,
};
use engine::upgrade::WholeCatalog;

#[async_trait]
impl<T: Vault + ?Sized> Vault for Faulty<T> {
    async fn put_new(&self, tenant: &TenantId, name: &BlobName, bytes: Bytes) -> Result<Put> {
        let call = LoggedCall::new("vault", "put_new", name).of(tenant);
        self.plan.around(call, self.inner.put_new(tenant, name, bytes)).await
    }
    async fn find(&self, tenant: &TenantId, name: &BlobName) -> Result<Option<Bytes>> {
        let call = LoggedCall::new("vault", "find", name).of(tenant);
        self.plan.around(call, self.inner.find(tenant, name)).await
    }
    async fn list(
        &self,
        tenant: &TenantId,
        prefix: &str,
        after: Option<&BlobName>,
        limit: usize,
    ) -> Result<Vec<BlobName>> {
        let call = LoggedCall::new("vault", "list", prefix).of(tenant);
        self.plan.around(call, self.inner.list(tenant, prefix, after, limit)).await
    }
}

#[async_trait]
impl<T: VaultSweeper + ?Sized> VaultSweeper for Faulty<T> {
    async fn delete(&self, tenant: &TenantId, name: &BlobName) -> Result<()> {
        let call = LoggedCall::new("vault", "delete", name).of(tenant);
        self.plan.around(call, self.inner.delete(tenant, name)).await
    }
}

#[async_trait]
impl<T: VaultKeeper + ?Sized> VaultKeeper for Faulty<T> {
    async fn keep_until(&self, tenant: &TenantId, name: &BlobName, until: Timestamp) -> Result<Kept> {
        let call = LoggedCall::new("vault", "keep_until", name).of(tenant);
        self.plan.around(call, self.inner.keep_until(tenant, name, until)).await
    }
}

#[async_trait]
impl<T: Catalog + ?Sized> Catalog for Faulty<T> {
    async fn find(&self, scope: &Scope, key: &str, now: Timestamp) -> Result<Option<Row>> {
        let call = within(LoggedCall::new("catalog", "find", format!("{} {key}", scope.text())), scope);
        self.plan.around(call, self.inner.find(scope, key, now)).await
    }
    async fn find_many(&self, places: &[(Scope, String)], now: Timestamp) -> Result<Vec<Option<Row>>> {
        let keys: Vec<_> = places.iter().map(|(scope, key)| format!("{} {key}", scope.text())).collect();
        let call = LoggedCall::new("catalog", "find_many", keys.join(", "));
        let call = places.iter().fold(call, |call, (scope, _)| within(call, scope));
        self.plan.around(call, self.inner.find_many(places, now)).await
    }
    async fn list(&self, scope: &Scope, prefix: &str, page: Page) -> Result<RowPage> {
        let call = within(LoggedCall::new("catalog", "list", format!("{} {prefix}", scope.text())), scope);
        self.plan.around(call, self.inner.list(scope, prefix, page)).await
    }
    async fn list_due(&self, list: &str, until: Timestamp, page: Page) -> Result<RowPage> {
        let call = LoggedCall::new("catalog", "list_due", list);
        self.plan.around(call, self.inner.list_due(list, until, page)).await
    }
    async fn write(&self, now: Timestamp, writes: Vec<Write>) -> Result<()> {
        let keys: Vec<_> = writes.iter().map(told).collect();
        let call = LoggedCall::new("catalog", "write", keys.join(", "));
        let call = writes.iter().fold(call, |call, write| within(call, scope(write)));
        self.plan.around(call, self.inner.write(now, writes)).await
    }
}

#[async_trait]
impl<T: Anchors + ?Sized> Anchors for Faulty<T> {
    async fn put_new(&self, name: &AnchorName, text: &str) -> Result<Put> {
        let call = LoggedCall::new("anchors", "put_new", name.as_str());
        self.plan.around(call, self.inner.put_new(name, text)).await
    }
    async fn find(&self, name: &AnchorName) -> Result<Option<String>> {
        let call = LoggedCall::new("anchors", "find", name.as_str());
        self.plan.around(call, self.inner.find(name)).await
    }
}

#[async_trait]
impl<T: Exports + ?Sized> Exports for Faulty<T> {
    async fn begin(&self, file: &ExportFile) -> Result<String> {
        let call = LoggedCall::new("exports", "begin", file.download.as_str()).of(&file.tenant);
        self.plan.around(call, self.inner.begin(file)).await
    }
    async fn put_part(
        &self,
        file: &ExportFile,
        upload: &str,
        number: u32,
        part: Bytes,
    ) -> Result<Option<String>> {
        let call =
            LoggedCall::new("exports", "put_part", format!("{} {number}", file.download)).of(&file.tenant);
        self.plan.around(call, self.inner.put_part(file, upload, number, part)).await
    }
    async fn complete(&self, file: &ExportFile, upload: &str, tags: &[String]) -> Result<bool> {
        let call = LoggedCall::new("exports", "complete", file.download.as_str()).of(&file.tenant);
        self.plan.around(call, self.inner.complete(file, upload, tags)).await
    }
}

#[async_trait]
impl<T: WholeCatalog> WholeCatalog for Faulty<T> {
    async fn list_all_scopes(&self, after: Option<String>) -> Result<RowPage> {
        let call = LoggedCall::new("catalog", "list_all_scopes", after.clone().unwrap_or_default());
        self.plan.around(call, self.inner.list_all_scopes(after)).await
    }
}

#[async_trait]
impl<T: Queue + ?Sized> Queue for Faulty<T> {
    async fn send(&self, message: Outgoing) -> Result<()> {
        let subject = format!("{} {}", message.queue.name(), message.deduplication_id);
        let call = LoggedCall::new("queue", "send", subject);
        let call = message.group.parse().map_or(call.clone(), |tenant| call.of(&tenant));
        self.plan.around(call, self.inner.send(message)).await
    }
}

#[async_trait]
impl<T: Returns + ?Sized> Returns for Faulty<T> {
    async fn come_back(&self, message: Delivered<'_>, after_s: u32) -> Result<()> {
        let call = LoggedCall::new("returns", "come_back", message.queue);
        self.plan.around(call, self.inner.come_back(message, after_s)).await
    }
}

#[async_trait]
impl<T: KeyRing + ?Sized> KeyRing for Faulty<T> {
    async fn generate(&self, tenant: &TenantId) -> Result<(DataKey, WrappedKey)> {
        let call = LoggedCall::new("key_ring", "generate", "").of(tenant);
        self.plan.around(call, self.inner.generate(tenant)).await
    }
    async fn unwrap(&self, tenant: &TenantId, wrapped: &WrappedKey) -> Result<DataKey> {
        let call = LoggedCall::new("key_ring", "unwrap", "").of(tenant);
        self.plan.around(call, self.inner.unwrap(tenant, wrapped)).await
    }
}

#[async_trait]
impl<T: Mailer + ?Sized> Mailer for Faulty<T> {
    async fn send(&self, mail: &Mail) -> Result<Handed> {
        let handed =
            self.plan.around(LoggedCall::new("mailer", "send", &mail.id), self.inner.send(mail)).await;
        match handed {
            // A call of which the caller learns no end is no refusal: the mail may have left.
            Err(error) if error.kind() == ErrorKind::Unavailable => Ok(Handed::Unanswered),
            handed => handed,
        }
    }
    fn tells(&self) -> bool {
        self.inner.tells()
    }
}

#[async_trait]
impl<T: Signer + ?Sized> Signer for Faulty<T> {
    async fn public_key(&self) -> Result<PublicKey> {
        let call = LoggedCall::new("signer", "public_key", "");
        self.plan.around(call, self.inner.public_key()).await
    }
    async fn sign(&self, message: &[u8]) -> Result<[u8; 64]> {
        let call = LoggedCall::new("signer", "sign", "");
        self.plan.around(call, self.inner.sign(message)).await
    }
}

#[async_trait]
impl<T: Secrets + ?Sized> Secrets for Faulty<T> {
    async fn get(&self, name: &str) -> Result<Secret> {
        self.plan.around(LoggedCall::new("secrets", "get", name), self.inner.get(name)).await
    }
}

fn scope(write: &Write) -> &Scope {
    match write {
        Write::PutNew(scope, _) | Write::Replace(scope, ..) | Write::Delete(scope, ..) => scope,
    }
}

fn within(call: LoggedCall, scope: &Scope) -> LoggedCall {
    if let Scope::Tenant(tenant) | Scope::Key(tenant) = scope { call.of(tenant) } else { call }
}

fn told(write: &Write) -> String {
    match write {
        Write::PutNew(scope, row) => format!("new {} {}", scope.text(), row.key),
        Write::Replace(scope, row, version) => format!("replace {} {} v{version}", scope.text(), row.key),
        Write::Delete(scope, key, version) => format!("delete {} {key} v{version}", scope.text()),
    }
}
