//! The whole table, part by part: for the operator's upgrade alone. Why apart: no function may do it, and what a role has to
//! allow is derived from the other files.

use super::items::{key_of, string};
use super::keys::{self, PK, Place, SK};
use super::{DynamoCatalog, rows_of};
use crate::error::from_sdk;
use async_trait::async_trait;
use domain::Result;
use engine::ports::RowPage;
use engine::upgrade::WholeCatalog;

#[async_trait]
impl WholeCatalog for DynamoCatalog {
    async fn list_all_scopes(&self, after: Option<String>) -> Result<RowPage> {
        let mut scan = self.client.scan().table_name(&self.table).consistent_read(true).limit(1000);
        if let Some(token) = &after {
            scan = scan.set_exclusive_start_key(Some(key_of(&keys::read_scan_token(token)?)));
        }
        let answer = scan.send().await.map_err(|e| from_sdk("dynamodb.Scan", e))?;
        let last = answer
            .last_evaluated_key()
            .map(|last| Ok(Place { pk: string(last, PK)?.to_owned(), sk: string(last, SK)?.to_owned() }));
        rows_of(answer.items(), last.transpose()?.as_ref().map(keys::scan_token))
    }
}
