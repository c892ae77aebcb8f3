//! An administrator's sign-in at Microsoft: the one thing that shows of which tenant somebody is.

use async_trait::async_trait;
use domain::{Result, TenantId};
use url::Url;

/// What a sign-in is asked for, and by what its answer is known. The secrets are of one sign-in,
/// and so it cannot be printed.
#[derive(Clone, Copy)]
pub struct SignInAsk<'a> {
    /// At which tenant.
    pub tenant: &'a TenantId,
    /// Where Microsoft sends the browser afterwards.
    pub redirect_url: &'a Url,
    /// Comes back in the address.
    pub state: &'a str,
    /// Comes back in the id token.
    pub nonce: &'a str,
    /// Proves, when the code is redeemed, that it was us who asked (RFC 7636).
    pub verifier: &'a str,
}

/// Who has signed in, as Microsoft says to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// At which tenant; a guest's is the one that they are a guest of.
    pub tenant: TenantId,
    /// Their object id in that tenant, where the token says it.
    pub user: Option<String>,
    /// Template ids of the roles that they hold there, for the whole tenant. Empty proves nothing: that the token says
    /// so is an option of the application's registration.
    pub roles: Vec<String>,
}

/// Sign-ins with the reading application.
#[async_trait]
pub trait SignIns: Send + Sync {
    /// Where the browser is sent to sign in.
    ///
    /// # Errors
    /// `Invalid` when the login's address is none.
    async fn page(&self, ask: &SignInAsk<'_>) -> Result<Url>;

    /// Who signed in, for the code that Microsoft gave the browser.
    ///
    /// # Errors
    /// `Denied` when the login does not take the code, or its id token is not the one that was asked for; those of the
    /// login otherwise.
    async fn redeem(&self, ask: &SignInAsk<'_>, code: &str) -> Result<SignedIn>;
}
