//! What a tenant has bought: without a licence Graph refuses what it is for, and goes on storing it.
//!
//! How Graph refuses is met by others for Intune and Privileged Identity Management; what it refuses without Entra ID P1,
//! and whether it refuses what has lapsed or answers an empty list, are switches.

use serde_json::{Value, json};

use super::call::{Call, Outcome, Reply};
use super::error::{Failure, failure};
use crate::config::Licence;
use crate::state::Directory;

/// The service plans by which a licence shows in the subscribed SKUs.
fn plans(licence: Licence) -> &'static [&'static str] {
    match licence {
        Licence::PremiumP1 => &["AAD_PREMIUM"],
        Licence::PremiumP2 => &["AAD_PREMIUM_P2"],
        Licence::Intune => &["INTUNE_A"],
    }
}

pub(crate) fn set_licence(d: &mut Directory, licence: Licence, is_there: bool) {
    match licence {
        Licence::PremiumP1 => d.premium_p1 = is_there,
        Licence::PremiumP2 => d.premium_p2 = is_there,
        Licence::Intune => d.intune = is_there,
    }
    let is_of = |plan: &Value| plans(licence).iter().any(|name| plan["servicePlanName"] == json!(name));
    for mut sku in d.docs("subscribedSkus").iter().cloned().collect::<Vec<_>>() {
        let Some(all) = sku["servicePlans"].as_array_mut() else { continue };
        for plan in all.iter_mut().filter(|plan| is_of(plan)) {
            plan["provisioningStatus"] = json!(if is_there { "Success" } else { "Disabled" });
        }
        if all.iter().all(is_of) {
            sku["capabilityStatus"] = json!(if is_there { "Enabled" } else { "Suspended" });
        }
        let entry = sku["id"].as_str().unwrap_or_default().to_owned();
        d.docs_mut("subscribedSkus").insert(&entry, sku);
    }
}

/// The answer to a request for what is not licensed; none where it is, or needs no licence.
pub(super) fn refused(call: &Call, d: &Directory, path: &[&str]) -> Option<Outcome> {
    let refusal = missing(call, d, path)?;
    // Why only lists: one object by its id, and a write, are refused in any case.
    let is_list = call.reads() && path.len() == if path[0].starts_with("device") { 2 } else { 3 };
    if call.switches.lapsed_lists_are_empty && is_list && refusal.1 {
        let context = call.context(&path.join("/"));
        return Some(Ok(Reply::json(200, &json!({"@odata.context": context, "value": []}))));
    }
    Some(Err(refusal.0))
}

/// How it is refused, and whether what it is for may be stored from before.
fn missing(call: &Call, d: &Directory, path: &[&str]) -> Option<(Failure, bool)> {
    let premium = |text: &str| failure(403, "AadPremiumLicenseRequired", text);
    match path {
        ["deviceManagement" | "deviceAppManagement", ..] if !d.intune => {
            let text = "Request not applicable to target tenant: there is no active Intune licence.";
            Some((failure(400, "BadRequest", text), true))
        }
        ["roleManagement", "directory", rest @ ..] if super::pim::is_pim(rest) && !d.premium_p2 => {
            let text =
                "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.";
            Some((failure(400, "AadPremiumLicenseRequired", text), true))
        }
        _ if d.premium_p1 => None,
        _ => {
            let asked = call.query.get("$select").unwrap_or_default();
            let is_part = |part: &&&str| path.contains(part) || asked.split(',').any(|p| p == **part);
            let part = call.switches.premium_parts.iter().find(is_part)?;
            Some((premium(&format!("'{part}' needs Microsoft Entra ID P1.")), false))
        }
    }
}
