//! Where the snapshot of a drill is: the data folder of an installation on this machine, or table, bucket and key of one on
//! AWS. Nothing of it is written.

use crate::config::Data;
use crate::embedded::{EmbeddedDynamo, FolderVault, KeyFile};
use crate::installation::Installation;
use crate::ports::embedded_catalog;
use aws::{AwsClients, DynamoCatalog, KmsKeyRing};
use domain::{Error, Result};
use engine::ports::{Catalog, Ids, KeyRing, Vault};
use runtime::system::SystemIds;
use std::path::Path;
use std::sync::Arc;

/// The parts of an installation that hold its snapshots.
pub struct Source {
    /// Rows of tenants, keys and snapshots.
    pub catalog: Arc<dyn Catalog>,
    /// The sealed blobs of all its tenants.
    pub vault: Arc<dyn Vault>,
    /// Opens the keys that they are sealed with.
    pub keys: Arc<dyn KeyRing>,
    held: Option<(Installation, EmbeddedDynamo)>,
}

impl Source {
    /// The installation in that data folder, which no other process may have open.
    ///
    /// # Errors
    /// `NotFound` when it is no data folder; `Conflict` while another process works in it.
    pub async fn of_folder(folder: &Path) -> Result<Self> {
        // Why looked for first: whatever opens one of these makes it where it is not there.
        let (rows, key) = (folder.join("catalog.sqlite"), folder.join("keys/master.key"));
        if !rows.is_file() || !key.is_file() {
            return Err(Error::not_found(format!(
                "{} is not the data folder of an installation",
                folder.display()
            )));
        }
        let ids: Arc<dyn Ids> = Arc::new(SystemIds::default());
        let installation = Installation::open(&Data::Folder(folder.to_owned()), "drill")?;
        let vault = FolderVault::open(folder.join("vault"))?;
        let keys = KeyFile::open(&key, ids).await?;
        let dynamo = EmbeddedDynamo::start(Some(&rows)).await?;
        let catalog = embedded_catalog(&dynamo).await?;
        Ok(Self {
            catalog: Arc::new(catalog),
            vault: Arc::new(vault),
            keys: Arc::new(keys),
            held: Some((installation, dynamo)),
        })
    }

    /// The installation on AWS of those names, with the credentials of the environment: they must be allowed to read the
    /// table and the bucket, and to decrypt with the key.
    pub async fn on_aws(table: &str, bucket: &str, key: &str) -> Self {
        let clients = AwsClients::load().await;
        Self {
            catalog: Arc::new(DynamoCatalog::new(clients.dynamodb().clone(), table)),
            vault: Arc::new(aws_vault::S3Vault::new(&clients, bucket)),
            keys: Arc::new(KmsKeyRing::new(clients.kms().clone(), key)),
            held: None,
        }
    }

    /// Lets go of it.
    pub async fn close(self) {
        drop((self.catalog, self.vault, self.keys));
        if let Some((installation, dynamo)) = self.held {
            dynamo.stop().await;
            drop(installation);
        }
    }
}
