//! What can be measured.

pub mod chart;
pub mod compare;
pub mod cost;
pub mod incremental;
pub mod month;
pub mod plan_api;
pub mod restore;
pub mod script;
pub mod search;
pub mod snapshot;
pub mod tenants;
pub mod throttled;

use crate::Common;
use crate::cloud::Cloud;
use crate::workbench::{USUAL_PERMILLE, Workbench};
use domain::TenantId;
use tempfile::TempDir;

/// A Graph, the job on it and a connected tenant, with a folder that goes when it does.
pub struct Scene {
    pub cloud: Cloud,
    pub workbench: Workbench,
    pub tenant: TenantId,
    pub folder: TempDir,
}

impl Scene {
    /// Opens the Graph and connects the tenant.
    pub async fn open(common: &Common, limits: bool) -> Result<Self, String> {
        Self::open_keeping_to(common, limits, USUAL_PERMILLE).await
    }

    /// The same, for a client that keeps to `permille` thousandths of Microsoft's limits.
    pub async fn open_keeping_to(common: &Common, limits: bool, permille: u32) -> Result<Self, String> {
        let cloud = Cloud::open(common, 1, limits).await?;
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let workbench =
            Workbench::new(&cloud, &common.client_id, &common.client_secret, folder.path(), permille)?;
        let tenant: TenantId = common.tenant.parse().map_err(|e: domain::Error| e.to_string())?;
        workbench.connect(&tenant).await?;
        Ok(Self { cloud, workbench, tenant, folder })
    }
}
