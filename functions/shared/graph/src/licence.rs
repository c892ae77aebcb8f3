//! What a tenant has that no kind is about: licences, by what it has subscribed to, and what policies refer to. Source: learn.microsoft.com/graph/api/subscribedsku-list.

use crate::{
    GraphClient,
    call::Ask,
    cost::read_units,
    select::{collection, with_query},
};
use domain::{
    Result, TenantId,
    kinds::{ApiVersion, Licence, Outside},
    restore::Units,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const WHAT: &str = "reading what the tenant has subscribed to";
const PATH: &str = "subscribedSkus";
/// States of a subscription in which what it is for can be used.
const USABLE: [&str; 2] = ["Enabled", "Warning"];

impl GraphClient {
    /// Whether one of the licence's plans is in force; none where the token may not see it.
    pub(crate) async fn has_licence(&self, tenant: &TenantId, licence: &Licence) -> Result<Option<bool>> {
        let skus = self.list_if_seen(tenant, ApiVersion::V1, PATH, WHAT).await?;
        Ok(skus.map(|skus| skus.iter().any(|sku| gives(sku, licence))))
    }

    /// How many licences of each SKU there are; none where the token may not see it.
    pub(crate) async fn list_subscribed(&self, tenant: &TenantId) -> Result<Option<BTreeMap<String, Units>>> {
        let skus = self.list_if_seen(tenant, ApiVersion::V1, PATH, WHAT).await?;
        Ok(skus.map(|skus| skus.iter().filter_map(units).collect()))
    }

    /// The ids of what a collection has; none where the token may not see it, or this Graph has no such collection.
    pub(crate) async fn list_outside(
        &self,
        tenant: &TenantId,
        outside: &Outside,
    ) -> Result<Option<BTreeSet<String>>> {
        let below = with_query(outside.path, &["id"], "", None);
        let what = format!("reading {}", outside.name);
        let found = self.list_if_seen(tenant, outside.version, &below, &what).await?;
        let id = |item: &Value| item.get("id").and_then(Value::as_str).map(str::to_owned);
        Ok(found.map(|items| items.iter().filter_map(id).collect()))
    }

    /// All items of a list; none where it is refused, or there is no such list.
    async fn list_if_seen(
        &self,
        tenant: &TenantId,
        version: ApiVersion,
        below: &str,
        what: &str,
    ) -> Result<Option<Vec<Value>>> {
        let units = read_units(below.split('?').next().unwrap_or(below), false, false, None);
        let reply = self.ask(tenant, &Ask::get(self.address(version, below)?, units, what)).await?;
        if matches!(reply.status, 400 | 403 | 404) {
            return Ok(None);
        }
        let first = collection(reply.success(what)?, what)?;
        self.all_of(tenant, first, units, what).await.map(Some)
    }
}

/// The SKU's id, and how many of its licences there are and are given. Those of a subscription that has ended can be
/// given to nobody.
fn units(sku: &Value) -> Option<(String, Units)> {
    let is_usable = sku["capabilityStatus"].as_str().is_none_or(|status| USABLE.contains(&status));
    let prepaid = |state: &str| sku["prepaidUnits"][state].as_u64().unwrap_or_default();
    let there = if is_usable { prepaid("enabled") + prepaid("warning") } else { 0 };
    let name = sku["skuPartNumber"].as_str().map(str::to_owned);
    let given = sku["consumedUnits"].as_u64()?;
    Some((sku["skuId"].as_str()?.to_owned(), Units { name, there, given }))
}

fn gives(sku: &Value, licence: &Licence) -> bool {
    let is_usable = sku["capabilityStatus"].as_str().is_none_or(|status| USABLE.contains(&status));
    let is_of = |plan: &Value| {
        let name = plan["servicePlanName"].as_str().unwrap_or_default();
        plan["provisioningStatus"] != "Disabled" && licence.plans.iter().any(|start| name.starts_with(start))
    };
    is_usable && sku["servicePlans"].as_array().into_iter().flatten().any(is_of)
}
