//! What can be measured.

pub mod incremental;
pub mod month;
pub mod script;
pub mod snapshot;
pub mod tenants;

use crate::Common;
use crate::cloud::Cloud;
use crate::stage::Stage;
use domain::TenantId;
use tempfile::TempDir;

/// A Graph, the job on it and a connected tenant, with a folder that goes when it does.
pub struct Scene {
    pub cloud: Cloud,
    pub stage: Stage,
    pub tenant: TenantId,
    pub folder: TempDir,
}

impl Scene {
    /// Makes it all ready.
    pub async fn open(common: &Common, limits: bool) -> Result<Self, String> {
        let cloud = Cloud::open(common, 1, limits).await?;
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let stage = Stage::new(&cloud, &common.client_id, &common.client_secret, folder.path())?;
        let tenant: TenantId = common.tenant.parse().map_err(|e: domain::Error| e.to_string())?;
        stage.connect(&tenant).await?;
        Ok(Self { cloud, stage, tenant, folder })
    }
}
