//! The port of an administrator's sign-in at Microsoft: only that shows which tenant somebody is of.

use async_trait::async_trait;
use domain::{Result, TenantId};
use url::Url;

/// What a sign-in asks for, and what its answer is recognised by. The secrets are good for one sign-in, so this type
/// cannot be printed.
#[derive(Clone, Copy)]
pub struct SignInAsk<'a> {
    /// The tenant to sign in at.
    pub tenant: &'a TenantId,
    /// Where Microsoft sends the browser afterwards.
    pub redirect_url: &'a Url,
    /// The random state, which comes back in the redirect's address.
    pub state: &'a str,
    /// The random nonce, which comes back in the id token.
    pub nonce: &'a str,
    /// Proves, when the code is redeemed, that it was us who asked (RFC 7636).
    pub verifier: &'a str,
}

/// Who has signed in, as Microsoft says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The tenant that they signed in at; for a guest, the one that they are a guest of.
    pub tenant: TenantId,
    /// Their object id in that tenant, where the token says it.
    pub user: Option<String>,
    /// Template ids of the roles that they hold there, for all of the tenant. Empty proves nothing: that the token
    /// says so is an option of the application's registration.
    pub roles: Vec<String>,
}

/// Sign-ins with the reading application.
#[async_trait]
pub trait SignIns: Send + Sync {
    /// The address that the browser is sent to for the sign-in.
    ///
    /// # Errors
    /// `Invalid` when the configured address of the login is not one.
    async fn page(&self, ask: &SignInAsk<'_>) -> Result<Url>;

    /// Who signed in, for the code that Microsoft gave the browser.
    ///
    /// # Errors
    /// `Denied` when the login does not take the code, or its id token is not the one that was asked for; otherwise
    /// the login's own.
    async fn redeem(&self, ask: &SignInAsk<'_>, code: &str) -> Result<SignedIn>;
}
