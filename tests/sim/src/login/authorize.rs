//! The interactive sign-in, which needs no page: a user of the tenant is signed in at once, and the browser is sent
//! back with a code. `sim_user` names the user, by id; otherwise it is the first Global Administrator, or somebody
//! whom the directory does not hold. `delegated` is such a one, too: a partner's technician by delegated administration.
//! To a public client, people of the cloud's own list sign in: a page shows them, and each is one link.
//!
//! Source: "Microsoft identity platform and OAuth 2.0 authorization code flow".

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::id_token::{SignedIn, id_token};
use super::{Answer, LoginRequest, page};
use crate::config::Colleague;
use crate::graph::{Query, global_administrators, tenant_wide_roles};
use crate::inner::Inner;
use crate::state::{Directory, Kind};

/// How many seconds a code is good.
const LIFETIME: i64 = 600;

/// The name of somebody who acts in the tenant from another one.
const DELEGATED: &str = "delegated";

/// What a code stands for.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    /// The tenant of whoever signed in, by its place in the cloud.
    tenant: usize,
    /// The id of whoever signed in, in that tenant.
    user: String,
    /// The tenant whose sign-in page it was, by its place in the cloud.
    page: usize,
    client_id: String,
    redirect: String,
    challenge: Option<String>,
    nonce: Option<String>,
    expires: i64,
}

/// Signs in and sends the browser back, or shows what is wrong.
pub(super) fn ask(inner: &Inner, request: &LoginRequest<'_>, tenant: &str) -> Answer {
    // Why these two are answered by a page: nobody is sent back to an application or an address that is not known.
    let query = Query::parse(request.query);
    let client_id = query.get("client_id").map(str::to_lowercase).unwrap_or_default();
    if inner.app_index(&client_id).is_none() {
        return page(400, "AADSTS700016: The application was not found in the directory.");
    }
    let Some(mut redirect) = query.get("redirect_uri").and_then(|uri| url::Url::parse(uri).ok()) else {
        return page(400, "AADSTS900971: No reply address provided.");
    };
    // Why two tenants: who signs in may be of another one than that whose page it is, a guest, or somebody who
    // changed the address.
    let of = query.get("sim_tenant").unwrap_or(tenant);
    let (Some(index), Some(at)) = (inner.tenant_index(of), inner.tenant_index(tenant)) else {
        return page(400, &format!("AADSTS90002: Tenant '{tenant}' not found."));
    };
    let people = people_of(inner, &client_id, &inner.tenants[index].config.id);
    if query.get("sim_user").is_none() && !people.is_empty() {
        return chooser(request, &people);
    }
    let listed = query.get("sim_user").filter(|named| people.iter().any(|person| person.id == **named));
    let found = who(
        &inner.tenants[index].directory.read().expect("the lock is never held over a panic"),
        query.get("sim_user"),
    );
    let Some(user) = listed.map(str::to_owned).or(found) else {
        return page(400, "AADSTS50034: The user account does not exist in the directory.");
    };
    // From here on the address is known, so that faults are reported to the application and not on a page.
    let is_openid = query.get("scope").is_some_and(|scope| scope.split(' ').any(|s| s == "openid"));
    let wrong = match query.get("response_type") {
        Some("code") if is_openid => None,
        Some("code") => Some(("invalid_scope", "AADSTS70011: The scope is not valid.")),
        _ => Some(("unsupported_response_type", "AADSTS700051: response_type is not enabled.")),
    };
    let code = uuid::Uuid::new_v4().simple().to_string();
    {
        let mut pairs = redirect.query_pairs_mut();
        match wrong {
            Some((error, text)) => {
                pairs.append_pair("error", error).append_pair("error_description", text);
            }
            None => {
                pairs.append_pair("code", &code);
            }
        }
        if let Some(state) = query.get("state") {
            pairs.append_pair("state", state);
        }
    }
    // What the code stands for is kept here, and nothing of it is in the code: it is redeemed by the application
    // itself, which has to show the verifier of the challenge. A plain challenge is hashed, so that both are compared
    // alike.
    if wrong.is_none() {
        let challenge =
            query.get("code_challenge").map(|challenge| match query.get("code_challenge_method") {
                Some("S256") => challenge.to_owned(),
                _ => hashed(challenge),
            });
        let kept = Code {
            tenant: index,
            user,
            page: at,
            client_id,
            redirect: query.get("redirect_uri").unwrap_or_default().to_owned(),
            challenge,
            nonce: query.get("nonce").map(str::to_owned),
            expires: inner.clock.seconds() + LIFETIME,
        };
        let mut codes = inner.login.codes.lock().expect("the lock is never held over a panic");
        codes.insert(code, kept);
    }
    (302, vec![("location", redirect.to_string())], Vec::new())
}

/// The people who can sign in there to that application.
fn people_of<'a>(inner: &'a Inner, client_id: &str, tenant: &str) -> Vec<&'a Colleague> {
    let is_public = inner.app_index(client_id).is_some_and(|index| inner.apps[index].is_public());
    inner.people.iter().filter(|person| is_public && person.tenant == tenant).collect()
}

/// The page on which somebody chooses who they are; each person is a link to the same address.
fn chooser(request: &LoginRequest<'_>, people: &[&Colleague]) -> Answer {
    let query = request.query.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    let links = people.iter().map(|person| {
        format!(
            "<p><a href=\"{}?{query}&amp;sim_user={}\">Sign in as {}</a></p>",
            request.path, person.id, person.name
        )
    });
    page(200, &format!("<h1>Simulated sign-in</h1>{}", links.collect::<String>()))
}

/// The id of the user who signs in; none where the one that is named does not exist, or was deleted.
fn who(d: &Directory, named: Option<&str>) -> Option<String> {
    let Some(named) = named else {
        let first = global_administrators(d).into_iter().next();
        return Some(first.unwrap_or_else(|| uuid::Uuid::new_v4().to_string()));
    };
    if named == DELEGATED {
        return Some(uuid::Uuid::new_v4().to_string());
    }
    let known = d.find_kind(named, Kind::User).filter(|index| d.is_live(*index));
    known.map(|index| d.object(index).id.to_string())
}

fn hashed(verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// The id token for a code, which is then used up; or what is wrong with the code.
pub(super) fn redeem(
    inner: &Inner,
    base: &str,
    tenant: usize,
    client_id: &str,
    field: &dyn Fn(&str) -> String,
) -> Result<String, &'static str> {
    let code = {
        let mut codes = inner.login.codes.lock().expect("the lock is never held over a panic");
        codes.remove(&field("code")).ok_or("The code was redeemed before or is none.")?
    };
    let now = inner.clock.seconds();
    if now >= code.expires {
        return Err("The code has expired.");
    }
    if code.page != tenant || code.client_id != client_id || code.redirect != field("redirect_uri") {
        return Err("The code was issued at another tenant, or to another application or address.");
    }
    if code.challenge.is_none()
        && inner.app_index(client_id).is_some_and(|index| inner.apps[index].is_public())
    {
        return Err("A public client shows the code_verifier of a code_challenge.");
    }
    if code.challenge.is_some_and(|challenge| challenge != hashed(&field("code_verifier"))) {
        return Err("The code_verifier does not match the code_challenge.");
    }
    let wids = if inner.switches().wids_in_id_token {
        let d = inner.tenants[code.tenant].directory.read().expect("the lock is never held over a panic");
        tenant_wide_roles(&d, &code.user)
    } else {
        Vec::new()
    };
    // Why by the real clock: whoever checks the token has a clock of its own, as whoever signs an assertion does.
    let issued_at =
        if inner.switches().assertion_clock_real { jiff::Timestamp::now().as_second() } else { now };
    let who = SignedIn {
        user: code.user,
        audience: client_id.to_owned(),
        wids,
        issued_at,
        signed_in_at: inner.switches().auth_time_in_id_token.then_some(issued_at),
        nonce: code.nonce,
    };
    Ok(id_token(base, &inner.tenants[code.tenant].config.id, &who))
}
