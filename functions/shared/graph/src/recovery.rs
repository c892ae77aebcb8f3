//! Whether Microsoft's own recovery wrote to a tenant: what it puts back is in no delta.
//!
//! Source: learn.microsoft.com/graph/api/resources/entrarecoveryservices-recoveryjob. Why the list of its jobs and
//! not the audit log: the log's names for it are not documented, the jobs are.

use crate::{
    GraphClient,
    call::Ask,
    select::{collection, with_query},
};
use domain::{Error, Result, TenantId, Timestamp, kinds::ApiVersion};
use engine::ports::RECOVERY_PERMISSION;
use serde_json::Value;

const WHAT: &str = "reading recovery jobs";

impl GraphClient {
    pub(crate) async fn last_recovery(&self, tenant: &TenantId) -> Result<Option<Timestamp>> {
        let token = self.shared.tokens.get(tenant, self.deadline).await?;
        if !token.roles.iter().any(|role| role == RECOVERY_PERMISSION) {
            return Ok(None);
        }
        let below = with_query("directory/recovery/jobs", &[], "", None);
        let mut next = Some(self.address(ApiVersion::V1, &below)?);
        let (mut last, mut tried_beta) = (None, false);
        while let Some(url) = next {
            let reply = self.ask(tenant, &Ask::get(url.clone(), 1, WHAT)).await?;
            // Why: a tenant without the licence, or a cloud without the service, has no such jobs.
            if matches!(reply.status, 400 | 403 | 404) && last.is_none() {
                if tried_beta {
                    tracing::info!(%tenant, status = reply.status, "recovery jobs cannot be seen");
                    return Ok(None);
                }
                tried_beta = true;
                next = Some(self.address(ApiVersion::Beta, &below)?);
                continue;
            }
            let page = collection(reply.success(WHAT)?, WHAT)?;
            for job in &page.items {
                last = last.max(self.wrote_at(job)?);
            }
            next = match page.next {
                Some(link) if self.own_link(&link)? == url => {
                    return Err(Error::unavailable(format!("{WHAT}: a page leads to itself")));
                }
                Some(link) => Some(self.own_link(&link)?),
                None => None,
            };
        }
        Ok(last)
    }

    /// When a job wrote last; a preview never does.
    fn wrote_at(&self, job: &Value) -> Result<Option<Timestamp>> {
        let is_preview = job["@odata.type"].as_str().is_some_and(|t| t.ends_with("recoveryPreviewJob"));
        if is_preview {
            return Ok(None);
        }
        match job["jobCompletionDateTime"].as_str() {
            // Why now: it is still writing.
            None => Ok(Some(self.now())),
            Some(text) => text
                .parse()
                .map(Some)
                .map_err(|e| Error::unavailable(format!("{WHAT}: a time that is none")).caused_by(e)),
        }
    }
}
