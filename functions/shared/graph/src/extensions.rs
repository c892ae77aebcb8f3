//! Which directory extensions a tenant has: Graph gives their values only where each is asked for by its name.
//!
//! Source: learn.microsoft.com/graph/api/directoryobject-getavailableextensionproperties.

use crate::{GraphClient, call::Ask, select::collection};
use domain::{
    Error, ErrorKind, Result, TenantId, Timestamp,
    extensions::{self, Chosen, Extension},
    kinds::{ApiVersion, Kind},
};
use http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::sync::{Arc, PoisonError};

const WHAT: &str = "reading which directory extensions there are";
const PATH: &str = "directoryObjects/getAvailableExtensionProperties";
/// How long what is known is good for reading single objects. A snapshot always asks.
const GOOD_MINUTES: i64 = 15;

/// What is asked for of each kind, and since when that is known.
pub(crate) type Known = (Timestamp, Arc<Chosen>);

impl GraphClient {
    /// Every directory extension of the tenant.
    pub(crate) async fn list_extensions(&self, tenant: &TenantId) -> Result<Vec<Extension>> {
        let url = self.address(ApiVersion::V1, PATH)?;
        // Why repeatable: it is a POST that only reads.
        let ask = Ask { method: Method::POST, body: Some(json!({})), ..Ask::get(url, 1, WHAT) };
        let first = collection(self.ask(tenant, &ask).await?.success(WHAT)?, WHAT)?;
        let all = self.all_of(tenant, first, 1, WHAT).await?;
        let all = all.iter().map(extension).collect::<Result<Vec<_>>>()?;
        self.remember(tenant, Chosen::of_all(&all));
        // Why: a definition that is a moment old is refused where it has not arrived, and would stay unknown for as long as
        // this process lives.
        self.forget_unknown_extensions(tenant);
        Ok(all)
    }

    /// The names of the directory extensions that single objects of a kind are asked for; none where it cannot be seen which
    /// there are.
    pub(crate) async fn extension_names(&self, tenant: &TenantId, kind: &Kind) -> Result<Vec<String>> {
        if kind.extended_as.is_none() {
            return Ok(Vec::new());
        }
        // Why not where the token does not say: a permission that nothing depends on is not tried for.
        if self.permissions(tenant).await?.iter().all(|p| p != extensions::PERMISSION) {
            return Ok(Vec::new());
        }
        let chosen = match self.remembered(tenant) {
            Some(chosen) => chosen,
            None => match self.list_extensions(tenant).await {
                Ok(all) => Arc::new(Chosen::of_all(&all)),
                // Why no failure: the objects are to be had without them, and say then that they are not known.
                Err(error) if is_no_answer(&error) => {
                    tracing::warn!(%tenant, cause = error.kind().name(), "directory extensions cannot be seen");
                    self.remember(tenant, Chosen::of_all(&[]))
                }
                Err(error) => return Err(error),
            },
        };
        Ok(chosen.of(kind).to_vec())
    }

    fn remember(&self, tenant: &TenantId, chosen: Chosen) -> Arc<Chosen> {
        let chosen = Arc::new(chosen);
        let mut known = self.shared.extensions.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(tenant.clone(), (self.now(), chosen.clone()));
        chosen
    }

    fn remembered(&self, tenant: &TenantId) -> Option<Arc<Chosen>> {
        let known = self.shared.extensions.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, chosen) = known.get(tenant)?;
        (self.now().duration_since(*at) < SignedDuration::from_mins(GOOD_MINUTES)).then(|| chosen.clone())
    }
}

/// Whether the error says that this cannot be asked here; everything else can be asked all the same.
fn is_no_answer(error: &Error) -> bool {
    let kinds = [ErrorKind::Denied, ErrorKind::Invalid, ErrorKind::NotFound, ErrorKind::Conflict];
    error.refusal().is_none() && kinds.contains(&error.kind())
}

fn extension(item: &Value) -> Result<Extension> {
    let unreadable = || Error::unavailable(format!("{WHAT}: one of them has no name, or is for nothing"));
    let name = item["name"].as_str().ok_or_else(unreadable)?.to_owned();
    let targets = item["targetObjects"].as_array().ok_or_else(unreadable)?;
    let targets = targets.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    Ok(Extension { name, targets, synced: item["isSyncedFromOnPremises"] == true })
}
