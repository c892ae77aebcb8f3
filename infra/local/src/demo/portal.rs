//! The portal of a demo that goes on serving: Ada, who owns the partner, accepts her invitation, so that she can sign in.

use super::partner::Partner;
use super::place::Place;
use domain::{Error, Result};
use serde_json::json;
use sim::{ADA_ID, PARTNER_TENANT_ID, PORTAL_CLIENT_ID, SignedIn, SimServer};
use std::path::Path;

/// How the code of an invitation begins.
const CODE: &str = "hfi_";

/// The issuer that the partner's people sign in with, and what it knows the portal by.
pub(super) fn sign_in(login_url: &str) -> (String, String) {
    (format!("{login_url}/{PARTNER_TENANT_ID}/v2.0"), PORTAL_CLIENT_ID.to_owned())
}

/// Ada accepts her invitation with the code of its mail, as on the portal's page.
pub(super) async fn let_ada_in(place: &Place, login: &SimServer) -> Result<()> {
    place.tick("send-digests").await?;
    let outbox = place.outbox().ok_or_else(|| Error::not_found("mails cannot be seen"))?;
    let code = code_in(&outbox).ok_or_else(|| Error::not_found("no mail invites anybody"))?;
    let ada = SignedIn {
        user: ADA_ID.to_owned(),
        audience: PORTAL_CLIENT_ID.to_owned(),
        wids: Vec::new(),
        issued_at: jiff::Timestamp::now().as_second(),
        signed_in_at: None,
        nonce: None,
    };
    let token = login.control().id_token(&login.login_url(), PARTNER_TENANT_ID, &ada);
    Partner::new(place.api_url(), &token)?.post("/v1/invitations/accept", &json!({ "token": code })).await?;
    Ok(())
}

/// The code in one of the mails, whose lines may be wrapped.
fn code_in(outbox: &Path) -> Option<String> {
    let mails = std::fs::read_dir(outbox).ok()?.flatten();
    let texts = mails.filter_map(|entry| std::fs::read_to_string(entry.path()).ok());
    let codes = texts.filter_map(|text| {
        let text = text.replace("=\r\n", "").replace("=\n", "");
        let from = text.find(CODE)?;
        let code = text[from..].chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
        Some(code.collect())
    });
    codes.last()
}
