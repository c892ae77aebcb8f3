//! A directory that says nothing, for jobs that are given one and must not need it.

use async_trait::async_trait;
use domain::kinds::{Kind, LinkType, Source};
use domain::{Error, Result, TenantId};
use engine::ports::{
    Access, Applied, ConsentStanding, Cursor, Directory, DirectoryAccess, DirectoryPages, DirectoryWrite,
    DirectoryWriter, HeldPass, LiveObject, LiveObjects, ReadPage, Spent,
};
use serde_json::{Map, Value};

/// Fails each call as `Unavailable`: a job that asks it after all fails with it.
pub struct Nobody;

impl Directory for Nobody {}

#[async_trait]
impl DirectoryAccess for Nobody {
    async fn access(&self, _: &TenantId) -> Result<Access> {
        Err(Error::unavailable("nobody"))
    }
    async fn standing(&self, _: &TenantId, _: &str) -> Result<ConsentStanding> {
        Err(Error::unavailable("nobody"))
    }
    async fn organisation(&self, _: &TenantId) -> Result<Map<String, Value>> {
        Err(Error::unavailable("nobody"))
    }
}

#[async_trait]
impl DirectoryPages for Nobody {
    async fn read_page(&self, _: &TenantId, _: &'static Source, _: &Cursor, _: &[&str]) -> Result<ReadPage> {
        Err(Error::unavailable("nobody"))
    }
    fn take_spent(&self, _: &TenantId) -> Spent {
        Spent::default()
    }
}

#[async_trait]
impl LiveObjects for Nobody {
    async fn find_live(
        &self,
        _: &TenantId,
        _: &'static Kind,
        _: &str,
        _: &[&'static LinkType],
    ) -> Result<Option<LiveObject>> {
        Err(Error::unavailable("nobody"))
    }
    async fn is_in_recycle_bin(&self, _: &TenantId, _: &'static Kind, _: &str) -> Result<bool> {
        Err(Error::unavailable("nobody"))
    }
    async fn find_by_property(
        &self,
        _: &TenantId,
        _: &'static Kind,
        _: &str,
        _: &str,
    ) -> Result<Vec<Map<String, Value>>> {
        Err(Error::unavailable("nobody"))
    }
}

#[async_trait]
impl DirectoryWriter for Nobody {
    async fn access(&self, _: &TenantId) -> Result<Access> {
        Err(Error::unavailable("nobody"))
    }
    async fn apply(&self, _: &TenantId, _: &DirectoryWrite) -> Result<Applied> {
        Err(Error::unavailable("nobody"))
    }
    async fn list_passes(&self, _: &TenantId, _: &'static Kind, _: &str) -> Result<Vec<HeldPass>> {
        Err(Error::unavailable("nobody"))
    }
    fn take_spent(&self, _: &TenantId) -> Spent {
        Spent::default()
    }
}
