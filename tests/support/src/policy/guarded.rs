//! A port behind a role: what the role may not do fails as `Denied`, and is written down.

use super::{Ask, BUCKET, Role, TABLE};
use crate::lock;
use async_trait::async_trait;
use bytes::Bytes;
use domain::{Error, Result, TenantId, Timestamp};
use engine::ports::{
    BlobName, Catalog, Clock, Kept, Page, Put, Row, RowPage, Scope, Vault, VaultKeeper, VaultSweeper, Write,
};
use std::sync::{Arc, Mutex};

/// What was refused. Whoever holds it and is dropped without having looked fails the test: code may take a refusal for an
/// outage and go on.
#[derive(Debug, Default)]
pub struct Refusals(Arc<Mutex<Vec<String>>>);

impl Refusals {
    /// What was refused until now; it does not fail the test any more.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.0))
    }
}

impl Drop for Refusals {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.take(), Vec::<String>::new(), "the template does not allow it");
        }
    }
}

/// A port behind a role.
pub struct Guarded<T: ?Sized> {
    inner: Arc<T>,
    role: Role,
    refused: Arc<Mutex<Vec<String>>>,
}

impl<T: ?Sized> Guarded<T> {
    /// The port behind the role; refusals are written down there.
    pub fn new(inner: Arc<T>, role: Role, refusals: &Refusals) -> Arc<Self> {
        Arc::new(Self { inner, role, refused: refusals.0.clone() })
    }

    fn ask(&self, ask: &Ask) -> Result<()> {
        if self.role.may(ask) {
            return Ok(());
        }
        let what = format!("{} may not {} {:?}", self.role.function.name(), ask.action, ask.context);
        lock(&self.refused).push(format!("{what} {}", ask.resource));
        Err(Error::denied("the role does not allow it"))
    }

    fn ask_rows(&self, action: &'static str, on: &str, scopes: Vec<String>) -> Result<()> {
        self.ask(&Ask::new(action, on).with("dynamodb:LeadingKeys", scopes))
    }
}

#[async_trait]
impl<T: Catalog + ?Sized> Catalog for Guarded<T> {
    async fn find(&self, scope: &Scope, key: &str, now: Timestamp) -> Result<Option<Row>> {
        self.ask_rows("dynamodb:GetItem", TABLE, vec![scope.text()])?;
        self.inner.find(scope, key, now).await
    }
    async fn find_many(&self, places: &[(Scope, String)], now: Timestamp) -> Result<Vec<Option<Row>>> {
        let scopes = places.iter().map(|(scope, _)| scope.text());
        self.ask_rows("dynamodb:BatchGetItem", TABLE, scopes.collect())?;
        self.inner.find_many(places, now).await
    }
    async fn list(&self, scope: &Scope, prefix: &str, page: Page) -> Result<RowPage> {
        self.ask_rows("dynamodb:Query", TABLE, vec![scope.text()])?;
        self.inner.list(scope, prefix, page).await
    }
    async fn list_due(&self, list: &str, until: Timestamp, page: Page) -> Result<RowPage> {
        // The leading key of a question to an index is the index's own.
        self.ask_rows("dynamodb:Query", &format!("{TABLE}/index/watch-index"), vec![list.to_owned()])?;
        self.inner.list_due(list, until, page).await
    }
    async fn write(&self, now: Timestamp, writes: Vec<Write>) -> Result<()> {
        // A transaction asks for each of its kinds of writes. Whether for the keys of all of a kind at once or for one after
        // the other is not documented; a right that holds for all at once holds in both cases.
        let (mut put, mut deleted) = (Vec::new(), Vec::new());
        for write in &writes {
            match write {
                Write::PutNew(scope, _) | Write::Replace(scope, ..) => put.push(scope.text()),
                Write::Delete(scope, ..) => deleted.push(scope.text()),
            }
        }
        for (action, scopes) in [("dynamodb:PutItem", put), ("dynamodb:DeleteItem", deleted)] {
            if !scopes.is_empty() {
                self.ask_rows(action, TABLE, scopes)?;
            }
        }
        self.inner.write(now, writes).await
    }
}

fn blob(tenant: &TenantId, name: &BlobName) -> String {
    format!("{BUCKET}/t/{tenant}/{name}")
}

#[async_trait]
impl<T: Vault + ?Sized> Vault for Guarded<T> {
    async fn put_new(&self, tenant: &TenantId, name: &BlobName, bytes: Bytes) -> Result<Put> {
        let put = Ask::new("s3:PutObject", blob(tenant, name));
        let put = put.with("s3:ObjectCreationOperation", vec!["true".to_owned()]);
        self.ask(&put.with("s3:if-none-match", vec!["*".to_owned()]))?;
        self.inner.put_new(tenant, name, bytes).await
    }
    async fn find(&self, tenant: &TenantId, name: &BlobName) -> Result<Option<Bytes>> {
        self.ask(&Ask::new("s3:GetObject", blob(tenant, name)))?;
        let found = self.inner.find(tenant, name).await?;
        if found.is_none() {
            // That there is none is told to whoever may list.
            self.ask(&Ask::new("s3:ListBucket", BUCKET))?;
        }
        Ok(found)
    }
    async fn list(
        &self,
        tenant: &TenantId,
        prefix: &str,
        after: Option<&BlobName>,
        limit: usize,
    ) -> Result<Vec<BlobName>> {
        self.ask(&Ask::new("s3:ListBucket", BUCKET))?;
        self.inner.list(tenant, prefix, after, limit).await
    }
}

#[async_trait]
impl<T: VaultSweeper + ?Sized> VaultSweeper for Guarded<T> {
    async fn delete(&self, tenant: &TenantId, name: &BlobName) -> Result<()> {
        self.ask(&Ask::new("s3:DeleteObject", blob(tenant, name)))?;
        self.inner.delete(tenant, name).await
    }
}

/// What locks blobs, behind a role. S3 tells IAM how long the lock would be, so it needs the time.
pub struct GuardedKeeper {
    guarded: Arc<Guarded<dyn VaultKeeper>>,
    clock: Arc<dyn Clock>,
}

impl GuardedKeeper {
    /// What locks blobs behind that role; refusals are written down there.
    pub fn new(
        inner: Arc<dyn VaultKeeper>,
        clock: Arc<dyn Clock>,
        role: Role,
        refusals: &Refusals,
    ) -> Arc<Self> {
        Arc::new(Self { guarded: Guarded::new(inner, role, refusals), clock })
    }
}

#[async_trait]
impl VaultKeeper for GuardedKeeper {
    async fn keep_until(&self, tenant: &TenantId, name: &BlobName, until: Timestamp) -> Result<Kept> {
        let days = (until.duration_since(self.clock.now()).as_hours() / 24).to_string();
        let ask = Ask::new("s3:PutObjectRetention", blob(tenant, name));
        self.guarded.ask(&ask.with("s3:object-lock-remaining-retention-days", vec![days]))?;
        self.guarded.inner.keep_until(tenant, name, until).await
    }
}
