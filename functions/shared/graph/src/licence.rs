//! Whether a tenant has a licence, by what it has subscribed to. Source: learn.microsoft.com/graph/api/subscribedsku-list.

use crate::{GraphClient, call::Ask, cost::read_units, select::collection};
use domain::{Result, TenantId, kinds::ApiVersion, kinds::Licence};
use serde_json::Value;

const WHAT: &str = "reading what the tenant has subscribed to";
const PATH: &str = "subscribedSkus";
/// States of a subscription in which what it is for can be used.
const USABLE: [&str; 2] = ["Enabled", "Warning"];

impl GraphClient {
    /// Whether one of the licence's plans is in force; none where the token may not see it.
    pub(crate) async fn has_licence(&self, tenant: &TenantId, licence: &Licence) -> Result<Option<bool>> {
        let units = read_units(PATH, false, false, None);
        let reply = self.ask(tenant, &Ask::get(self.address(ApiVersion::V1, PATH)?, units, WHAT)).await?;
        if reply.status == 403 {
            return Ok(None);
        }
        let first = collection(reply.success(WHAT)?, WHAT)?;
        let skus = self.all_of(tenant, first, units, WHAT).await?;
        Ok(Some(skus.iter().any(|sku| gives(sku, licence))))
    }
}

fn gives(sku: &Value, licence: &Licence) -> bool {
    let is_usable = sku["capabilityStatus"].as_str().is_none_or(|status| USABLE.contains(&status));
    let is_of = |plan: &Value| {
        let name = plan["servicePlanName"].as_str().unwrap_or_default();
        plan["provisioningStatus"] != "Disabled" && licence.plans.iter().any(|start| name.starts_with(start))
    };
    is_usable && sku["servicePlans"].as_array().into_iter().flatten().any(is_of)
}
