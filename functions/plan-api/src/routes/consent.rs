//! Connecting a tenant: the link for the administrator, and the page that meets them afterwards.
//!
//! The callback has no caller: a browser comes from Microsoft. It answers with a page for a person, also
//! when it fails, under the status that a problem would have.

use super::organisations;
use super::page_headers;
use crate::PlanApi;
use crate::wire::consent::{ConsentLinkIn, ConsentLinkOut};
use crate::wire::organisations::OrganisationOut;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use domain::organisations::HOW_TO_WITHDRAW;
use domain::rights::Action;
use domain::text::one_line;
use domain::{ErrorKind, OrganisationId, Result, TenantId, Timestamp};
use engine::metrics::CONSENTS_REFUSED;
use engine::records::Organisation;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use partners::commands::connect::{
    Connected, ConsentAnswer, ConsentApp, Next, SIGN_IN_MINUTES, SignInPage, Waiting, sign_in_name,
};
use runtime::http::{AlsoLogged, Asked, AuditTrail, Input, Named, Notes, PathOf, Route, Versioned, under};
use runtime::metrics::count_now;
use runtime::openapi::Tag;
use runtime::problem::{Problem, Reply};
use std::fmt::Write as _;

const TAG: Tag =
    Tag { name: "Consent", description: "How the administrator of a tenant lets the product in." };

/// How many characters of a name are shown.
const NAME: usize = 120;
/// What a callback weighs, in tenths of a second: it may wait for Microsoft, which the partner of the link is charged for.
const CALLBACK: u32 = 20;

pub fn routes<N: Notes>() -> Vec<Route<PlanApi, N>> {
    let rows = vec![
        Route::post("/v1/organisations/{org}/consent-link", "makeConsentLink", link)
            .says(
                "A link for the administrator of the tenant.",
                "Makes a link that leads the administrator of a tenant to Microsoft, to consent to backups or to \
                 restores. The tenant whose administrator consents becomes the organisation's.",
            )
            .right(Action::ConnectOrganisation)
            .answers::<ConsentLinkOut>(201),
        Route::post("/v1/organisations/{org}/credentials/check", "checkCredentials", check)
            .says(
                "Whether what was consented to is enough, looked at now.",
                "Asks the tenant of an organisation what it grants, and keeps what it says: the answer has the credentials as \
                 they are now, and what is not protected for want of a permission. What is mended is backed up at once. 503 where \
                 Microsoft does not say: then everything stays as it was.",
            )
            .right(Action::ConnectOrganisation)
            .weighs(CALLBACK)
            .answers::<OrganisationOut>(200)
            .versioned(),
        Route::get("/v1/consent/callback", "consentCallback", callback)
            .says(
                "Where Microsoft sends the administrator back to; answers a page.",
                "Takes what Microsoft says of a consent, and answers a page for the administrator: first one that says \
                 which service provider and organisation are to have which tenant, with a link to sign in; after the \
                 sign-in the tenant is connected. The state that Microsoft sends back is the proof: it is called by a \
                 browser.",
            )
            .weighs(CALLBACK)
            .answers_text(200, "text/html")
            .answers_text(202, "text/html")
            .answers_text(403, "text/html")
            .answers_text(404, "text/html")
            .answers_text(409, "text/html")
            .answers_text(422, "text/html")
            .answers_text(503, "text/html"),
    ];
    under(&TAG, rows)
}

async fn link(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
    Input(body): Input<ConsentLinkIn>,
) -> Reply<(StatusCode, Json<ConsentLinkOut>)> {
    let link = api.connect.consent_link(&caller, &id, body.app).await?;
    Ok((StatusCode::CREATED, Json(link.into())))
}

async fn check(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
) -> Reply<Versioned<OrganisationOut>> {
    api.connect.check_credentials(&caller, &id).await?;
    Ok(organisations::shown(api.organisations.get(&caller, &id).await?))
}

/// Writes down whose consent it is about, and then works on it.
async fn taken(api: &PlanApi, trail: &AuditTrail, answer: &ConsentAnswer) -> Result<Next> {
    let named = api
        .connect
        .whose(answer)
        .await?
        .map(|(partner, organisation)| Named { partner, subjects: vec![("org", organisation.to_string())] });
    trail.begin(named).await?;
    api.connect.consent_callback(answer).await
}

async fn callback(
    State(api): State<PlanApi>,
    trail: AuditTrail,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let read = read(query.as_deref().unwrap_or_default());
    let name = read.state.as_deref().map(sign_in_name).unwrap_or_default();
    let answer = ConsentAnswer { browser: cookie(&headers, &name), ..read };
    match taken(&api, &trail, &answer).await {
        Ok(Next::Connected(connected)) => {
            let also = also_logged(&connected.organisation, &connected.tenant.tenant);
            let reply = page(StatusCode::OK, "Connected", &text_for(&connected));
            (Extension(also), without_cookie(reply, &name)).into_response()
        }
        Ok(Next::Waiting(waiting)) => {
            let Waiting { organisation, tenant, .. } = &*waiting;
            let text = "<p>Microsoft does not yet show what was granted; that takes some minutes after a consent. It is \
                        tried again for an hour, and nothing is read until then. You can close this page: your \
                        service provider sees how it ends.</p>";
            let reply = without_cookie(page(StatusCode::ACCEPTED, "Waiting", text), &name);
            (Extension(also_logged(organisation, tenant)), reply).into_response()
        }
        Ok(Next::SignIn(sign_in)) => {
            let reply = page(StatusCode::OK, "Read this before you sign in", &text_before(&sign_in));
            let reply = too_many(&headers).into_iter().fold(reply, |reply, of| without_cookie(reply, &of));
            with_cookie(reply, &sign_in.name, &sign_in.browser, SIGN_IN_MINUTES * 60)
        }
        Err(error) => {
            if !matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Throttled { .. }) {
                count_now(&CONSENTS_REFUSED);
            }
            let hint = match error.kind() {
                // Why not to reload: a code is good once, and this one may have been redeemed. The link still is.
                ErrorKind::Unavailable | ErrorKind::Throttled { .. } if answer.code.is_some() => {
                    "Follow the link again in a minute."
                }
                ErrorKind::Unavailable | ErrorKind::Throttled { .. } => "Reload this page in a minute.",
                ErrorKind::Conflict => "Please speak with your service provider.",
                ErrorKind::Denied => {
                    "Follow the link again while it is good, or ask your service provider for a new one."
                }
                _ => "Please ask your service provider for a new link.",
            };
            let problem = Problem::from(error);
            tracing::warn!(status = problem.status.as_u16(), cause = problem.cause, "consent failed");
            let text = format!("<p>{}.</p>\n<p>{hint}</p>", escaped(&problem.detail));
            page(problem.status, "Not connected", &text)
        }
    }
}

fn also_logged(organisation: &Organisation, tenant: &TenantId) -> AlsoLogged {
    AlsoLogged {
        partner: organisation.partner.clone(),
        who: Some(format!("consent {tenant}")),
        subjects: Vec::new(),
    }
}

/// The query as Microsoft sends it. Unknown parameters are ignored, and one that is repeated counts as absent: whoever
/// sends it twice wants two readers to see two different values.
fn read(query: &str) -> ConsentAnswer {
    let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
    let one = |name: &str| {
        let mut found = pairs.iter().filter(|(n, _)| n == name);
        found.next().filter(|_| found.next().is_none()).map(|(_, v)| v.to_string())
    };
    ConsentAnswer {
        error: pairs.iter().find(|(n, _)| n == "error").map(|(_, v)| v.to_string()),
        admin_consent: one("admin_consent"),
        state: one("state"),
        tenant: one("tenant"),
        code: one("code"),
        browser: None,
    }
}

/// What the name of a cookie begins with that shows that a sign-in comes back in the browser in which it began; the name of
/// the sign-in follows, so that each has its own. The prefix has the browser itself hold that it was set by this host, over
/// TLS, for all of its paths. A browser takes it on `http://localhost` too where it counts that as safe.
/// Source: RFC 6265bis, 4.1.3.2.
const COOKIE: &str = "__Host-holdfast-consent-";
/// How many sign-ins one browser may have begun: one more, and it forgets the oldest. All its cookies come with each
/// request, whose headers may have 10,240 bytes.
/// Source: docs.aws.amazon.com/apigateway, "Quotas for configuring and running an HTTP API".
const MOST_SIGN_INS: usize = 8;

/// The cookies of sign-ins that a browser sends, oldest first: their names without what they begin with, and their values.
/// Source: RFC 6265bis, 5.8.3, for the order.
fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let sent = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = sent.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter_map(|(name, value)| Some((name.strip_prefix(COOKIE)?, value)))
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut found = cookies(headers).filter(|(of, _)| *of == name).map(|(_, value)| value.to_owned());
    // Why: as with parameters, one that comes twice counts as absent.
    found.next().filter(|_| found.next().is_none())
}

/// The names of the cookies that are to go before there is one more.
fn too_many(headers: &HeaderMap) -> Vec<String> {
    let mut names: Vec<_> = cookies(headers).map(|(name, _)| name.to_owned()).collect();
    names.truncate((names.len() + 1).saturating_sub(MOST_SIGN_INS));
    names
}

// Why `Lax`: the browser comes from Microsoft's page, which `Strict` would keep the cookie from.
fn with_cookie(mut reply: Response, name: &str, value: &str, seconds: i64) -> Response {
    let cookie = format!("{COOKIE}{name}={value}; Max-Age={seconds}; Path=/; Secure; HttpOnly; SameSite=Lax");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        reply.headers_mut().append(header::SET_COOKIE, cookie);
    }
    reply
}

fn without_cookie(reply: Response, name: &str) -> Response {
    with_cookie(reply, name, "", 0)
}

/// Who is to have which tenant, and the way on. Nothing leads there by itself: whoever signs in has been told.
fn text_before(sign_in: &SignInPage) -> String {
    let SignInPage { url, partner, organisation, tenant, app, before, .. } = sign_in;
    let what = match app {
        ConsentApp::Reader => "may read your directory from now on, and keeps copies of it",
        ConsentApp::Writer => "may change your directory, to restore what was lost",
    };
    let rows = [
        ("Service provider", format!("{} <small>(as it calls itself)</small>", shown(&partner.name))),
        ("Its number here", format!("{}, since {}", partner.id, day(partner.created_at))),
        ("Customer", format!("{} <small>(as the provider calls it)</small>", shown(&organisation.name))),
        ("Tenant", tenant.to_string()),
    ];
    let rows: Vec<_> = rows.iter().map(|(name, is)| format!("<dt>{name}</dt><dd>{is}</dd>\n")).collect();
    let rows = rows.concat();
    let before = before.map_or(String::new(), |at| {
        format!(
            "<p><strong>This tenant was connected before, until {}.</strong> What was consented to then may still hold, and \
             Microsoft then asks you for nothing but an account.</p>\n",
            day(at)
        )
    });
    let url = escaped(url.as_str());
    format!(
        "<p>Whoever signs in now as an administrator of the tenant gives it to this service provider, which {what}:</p>\n\
         <dl>\n{rows}</dl>\n{before}\
         <p>Go on only if that is whom you work with. If you did not expect this page, close it: nothing has \
         happened.</p>\n\
         <p><a id=\"sign-in\" rel=\"noreferrer\" href=\"{url}\">Sign in at Microsoft and connect the tenant</a></p>"
    )
}

/// A name that somebody gave, as one line. Why also of names that were checked: older rows were not.
fn shown(name: &str) -> String {
    escaped(&one_line(name, NAME))
}

fn day(at: Timestamp) -> String {
    at.strftime("%-d %B %Y").to_string()
}

fn text_for(connected: &Connected) -> String {
    let tenant = escaped(&connected.tenant.name);
    let mut text = match connected.app {
        ConsentApp::Reader => {
            let of = escaped(&connected.organisation.name);
            format!("<p>{tenant} is connected to {of}. Its first backup begins within minutes.</p>")
        }
        ConsentApp::Writer => format!("<p>{tenant} can now be restored to.</p>"),
    };
    if let Some(at) = connected.before {
        // Why no error: writing into a String cannot fail.
        let _ = write!(
            text,
            "\n<p>This tenant was connected before, until {}. If that is news to you, ask your service provider, and \
             withdraw the consent. {HOW_TO_WITHDRAW}</p>",
            day(at)
        );
    }
    if connected.app == ConsentApp::Reader && !connected.organisation.not_protected.is_empty() {
        text.push_str("\n<p>These permissions are missing, and so this is not protected:</p>\n<ul>");
        for missing in &connected.organisation.not_protected {
            let permission = missing.any_of.first().map_or("", String::as_str);
            let _ = write!(text, "<li>{}: {}</li>", escaped(&missing.what), escaped(permission));
        }
        text.push_str("</ul>");
    }
    text
}

fn page(status: StatusCode, title: &str, text: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>Holdfast: {title}</title>\
         </head>\n<body>\n<h1>{title}</h1>\n{text}\n</body>\n</html>\n"
    );
    let policy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    (status, page_headers(policy), html).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
