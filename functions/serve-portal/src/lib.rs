//! The portal: HTML pages over the public API, which they ask as whoever is signed in.
//!
//! It holds no right: no table, no vault, no Graph, no credential. What a page shows, the API answered to the session in
//! the person's cookie; what a form does, is one call of the API under the form's own idempotency key. Everything works
//! without scripts. The organisation is in every address, so that two open pages are never confused.

mod api;
mod asked;
mod assets;
mod failure;
mod guard;
mod json;
mod money;
mod pages;
mod posted;
mod session;
mod sign_in;
mod system;
mod texts;
mod view;

use crate::api::Api;
use crate::session::Cookies;
use crate::sign_in::Issuer;
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use forwarded::Key;
use jiff::Timestamp;
use std::sync::Arc;
use url::Url;

pub use failure::Failure;
pub use system::{now, random};
pub use texts::{ENGLISH, GERMAN};

/// What the portal is told at its start.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address at which people and the portal itself reach the API: the pages are below it, too.
    pub public_url: Url,
    /// The issuer that people sign in with, as its tokens name it; none where nobody can sign in.
    pub issuer: Option<String>,
    /// The client id that the issuer knows the portal by: a public client, which has no secret.
    pub client_id: Option<String>,
    /// The key by which the API is told where people are; none where it is not told.
    pub forwarded_key: Option<Key>,
}

/// What the portal takes from outside besides its settings.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// The time, which ages are told by.
    pub now: fn() -> Timestamp,
    /// 32 random bytes, for what nobody may guess.
    pub random: fn() -> [u8; 32],
}

/// Everything that a page is made with.
#[derive(Clone, Debug)]
pub struct Portal {
    pub(crate) api: Api,
    pub(crate) cookies: Cookies,
    pub(crate) issuer: Option<Arc<Issuer>>,
    pub(crate) ports: Ports,
    pub(crate) public_url: Url,
}

impl Portal {
    /// A portal that has asked nobody anything yet.
    ///
    /// # Errors
    /// When the public address is neither of HTTPS nor of this machine, or no HTTP client can be made.
    pub fn new(settings: Settings, ports: Ports) -> Result<Self, String> {
        let Settings { public_url, issuer, client_id, forwarded_key } = settings;
        let cookies = Cookies::for_address(&public_url)?;
        let http = api::client()?;
        let issuer =
            issuer.zip(client_id).filter(|(issuer, client)| !issuer.is_empty() && !client.is_empty());
        let issuer = issuer.map(|(name, client)| Arc::new(Issuer::new(http.clone(), name, client)));
        Ok(Self {
            api: Api::new(http, &public_url, forwarded_key, ports.now),
            cookies,
            issuer,
            ports,
            public_url,
        })
    }
}

/// The pages, complete with what holds for each: who may post, which headers, how failures look.
pub fn router(portal: Portal) -> Router {
    pages::routes()
        .merge(sign_in::routes())
        .merge(assets::routes())
        .fallback(pages::nothing)
        .method_not_allowed_fallback(pages::nothing)
        .layer(from_fn_with_state(portal.clone(), guard::refuse_cross_site))
        .layer(from_fn(asked::explain))
        .layer(from_fn(guard::protect))
        .layer(from_fn(guard::log))
        .with_state(portal)
}
