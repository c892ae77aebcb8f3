//! Microsoft's own log of who changed what, page by page.
//!
//! beta also says which application a person used, and v1.0 does not: beta is asked first, v1.0 where it is refused.
//! Source: learn.microsoft.com/graph/api/directoryaudit-list.

use crate::{
    GraphClient,
    call::{Ask, Reply},
    select::{collection, encoded},
};
use domain::{Error, Result, TenantId, kinds::ApiVersion};
use engine::ports::{AuditPage, AuditWindow};

const WHAT: &str = "reading the log of changes";
/// How many records a page is asked for.
const TOP: u32 = 999;

impl GraphClient {
    /// The first page of a time, or the one that a page before named.
    ///
    /// # Errors
    /// Those of the port.
    pub(crate) async fn read_audits(
        &self,
        tenant: &TenantId,
        window: &AuditWindow,
        next: Option<&str>,
    ) -> Result<AuditPage> {
        let reply = match next {
            Some(link) => {
                let reply = self.ask(tenant, &Ask::get(self.own_link(link)?, 1, WHAT)).await?;
                if !reply.is_success() && reply.error_answer().is_cursor_lost() {
                    return Err(Error::not_found(format!("{WHAT}: Graph no longer knows where we were")));
                }
                reply
            }
            None => self.first_audits(tenant, window).await?,
        };
        // Why another kind: to the port, "not found" says that a page is lost, and a first one was not there to lose.
        if matches!(reply.status, 404 | 410) {
            let status = reply.status;
            return Err(Error::invalid(format!("{WHAT}: this Graph does not have it (answered {status})")));
        }
        let page = collection(reply.success(WHAT)?, WHAT)?;
        // Why: a chain that leads to itself would be read for ever.
        if page.next.is_some() && page.next.as_deref() == next {
            return Err(Error::unavailable(format!("{WHAT}: a page leads to itself")));
        }
        Ok(AuditPage { records: page.items, next: page.next })
    }

    async fn first_audits(&self, tenant: &TenantId, window: &AuditWindow) -> Result<Reply> {
        let mut filter = format!("activityDateTime ge {:.0}", window.from);
        if let Some(until) = window.until {
            filter = format!("{filter} and activityDateTime le {until:.0}");
        }
        let below = format!("auditLogs/directoryAudits?$filter={}&$top={TOP}", encoded(&filter));
        let ask = |version| -> Result<Ask> { Ok(Ask::get(self.address(version, &below)?, 1, WHAT)) };
        let reply = self.ask(tenant, &ask(ApiVersion::Beta)?).await?;
        let is_without_beta = matches!(reply.status, 400 | 404 | 410 | 501);
        if is_without_beta && !reply.error_answer().needs_licence() {
            return self.ask(tenant, &ask(ApiVersion::V1)?).await;
        }
        Ok(reply)
    }
}
