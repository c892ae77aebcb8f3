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
use jiff::SignedDuration;
use serde_json::Value;

const WHAT: &str = "reading recovery jobs";
/// The most pages that are read. Graph keeps the jobs of a few days only, so a list that goes on beyond this is not
/// Graph's.
const MOST_PAGES: usize = 50;
/// States in which a job no longer writes though it may have no end.
const ENDED: [&str; 5] = ["successful", "failed", "abandoned", "canceled", "cancelled"];
/// How long ago a job without an end must have begun to be taken for over, whatever Graph calls its state.
const LONGEST_HOURS: i64 = 48;

impl GraphClient {
    /// When a recovery by Microsoft's own means wrote last; none where there was none, or it cannot be seen.
    pub(crate) async fn last_recovery(&self, tenant: &TenantId) -> Result<Option<Timestamp>> {
        let token = self.shared.tokens.get(tenant, self.deadline).await?;
        if !token.roles.iter().any(|role| role == RECOVERY_PERMISSION) {
            return Ok(None);
        }
        let below = with_query("directory/recovery/jobs", &[], "", None);
        let mut next = Some(self.address(ApiVersion::V1, &below)?);
        let (mut last, mut tried_beta) = (None, false);
        let mut pages = 0;
        while let Some(url) = next {
            pages += 1;
            if pages > MOST_PAGES {
                return Err(Error::unavailable(format!("{WHAT}: the pages do not end")));
            }
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
            next = page.next.map(|link| self.own_link(&link)).transpose()?;
        }
        Ok(last)
    }

    /// When a job wrote last; a preview never does.
    fn wrote_at(&self, job: &Value) -> Result<Option<Timestamp>> {
        let is_preview = job["@odata.type"].as_str().is_some_and(|t| t.ends_with("recoveryPreviewJob"));
        if is_preview {
            return Ok(None);
        }
        let time = |name: &str| match job[name].as_str() {
            None => Ok(None),
            Some(text) => text
                .parse::<Timestamp>()
                .map(Some)
                .map_err(|e| Error::unavailable(format!("{WHAT}: a time that is none")).caused_by(e)),
        };
        if let Some(ended) = time("jobCompletionDateTime")? {
            return Ok(Some(ended));
        }
        let state = job["status"].as_str().unwrap_or_default();
        let has_ended = ENDED.iter().any(|ended| state.eq_ignore_ascii_case(ended));
        let begun = time("jobStartDateTime")?;
        let longest = SignedDuration::from_hours(LONGEST_HOURS);
        let is_over = has_ended || begun.is_some_and(|at| self.now().duration_since(at) > longest);
        // Why now: it is still writing.
        Ok(Some(begun.filter(|_| is_over).unwrap_or_else(|| self.now())))
    }
}
