//! The administrator's consent, which needs no page: it is given or refused at once.
//!
//! `admin_consent=True` is in the callback of a refusal too, as documented.

use super::{Answer, LoginRequest, page};
use crate::graph::Query;
use crate::inner::Inner;

pub(super) fn ask(inner: &Inner, request: &LoginRequest<'_>, tenant: &str, v2: bool) -> Answer {
    let query = Query::parse(request.query);
    let Some(app) = query.get("client_id").and_then(|id| inner.app_index(&id.to_lowercase())) else {
        return page(400, "AADSTS700016: The application was not found in the directory.");
    };
    let Some(mut redirect) = query.get("redirect_uri").and_then(|uri| url::Url::parse(uri).ok()) else {
        return page(400, "AADSTS900971: No reply address provided.");
    };
    let chosen = match tenant {
        "organizations" | "common" => query.get("sim_tenant").map_or(Some(0), |id| inner.tenant_index(id)),
        id => inner.tenant_index(id),
    };
    let Some(chosen) = chosen.filter(|index| *index < inner.tenants.len()) else {
        return page(400, &format!("AADSTS90002: Tenant '{tenant}' not found."));
    };
    {
        let mut pairs = redirect.query_pairs_mut();
        if inner.switches().refuse_consent {
            pairs
                .append_pair("error", "access_denied")
                .append_pair("error_description", "AADSTS65004: User declined to consent to access the app.");
            pairs.append_pair("admin_consent", "True");
        } else {
            inner.consent(chosen, app);
            pairs.append_pair("admin_consent", "True");
            pairs.append_pair("tenant", &inner.tenants[chosen].config.id);
            if v2 && let Some(scope) = query.get("scope") {
                pairs.append_pair("scope", scope);
            }
        }
        if let Some(state) = query.get("state") {
            pairs.append_pair("state", state);
        }
    }
    (302, vec![("location", redirect.to_string())], Vec::new())
}
