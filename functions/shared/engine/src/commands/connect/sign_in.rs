//! The sign-in that shows that whoever consented is of the tenant that is named.
//!
//! The callback of a consent proves nothing of the tenant: anybody can write an address with another customer's id, and
//! that customer may have consented long ago. So the browser is sent on to sign in at that tenant, and only what
//! Microsoft says of the one who signed in, to us and not through the browser, connects it.

use super::{Connect, Connected, ConsentAnswer};
use crate::ports::{Scope, SignInAsk, SignIns};
use crate::records::{ApiToken, ConsentSignIn, ConsentState, Found, delete};
use domain::{Error, Result, TenantId};
use jiff::SignedDuration;
use url::Url;

/// How long somebody may take to sign in.
const SIGN_IN_MINUTES: i64 = 15;

impl Connect {
    /// Sends the browser on to sign in at that tenant.
    pub(super) async fn ask_sign_in(
        &self,
        sign_ins: &dyn SignIns,
        consent: &Found<ConsentState>,
        tenant: TenantId,
    ) -> Result<Url> {
        let state = self.ids.token();
        let kept = ConsentSignIn {
            hash: ApiToken::hash(&state),
            consent: consent.value.hash.clone(),
            tenant,
            nonce: self.ids.token(),
            verifier: self.ids.token(),
            expires_at: self.clock.now() + SignedDuration::from_mins(SIGN_IN_MINUTES),
        };
        self.gate.records.put_new(&kept).await?;
        sign_ins.page(&self.ask(&kept, &state)).await
    }

    /// Connects the tenant that was consented to, when it is the one that was signed in to.
    pub(super) async fn signed_in(
        &self,
        sign_ins: &dyn SignIns,
        answer: &ConsentAnswer,
        code: &str,
    ) -> Result<Connected> {
        let refused =
            || Error::invalid_field("state", "this sign-in is unknown, has ended or was used; begin again");
        let state = answer.state.as_deref().ok_or_else(refused)?;
        let key = ConsentSignIn::key_of(&ApiToken::hash(state));
        let found = self.gate.records.find::<ConsentSignIn>(&Scope::System, &key).await?;
        let now = self.clock.now();
        let asked = found.filter(|s| s.value.expires_at > now).ok_or_else(refused)?;
        let consent = self.consent_of(&asked.value.consent).await?.ok_or_else(refused)?;
        let of = sign_ins.redeem(&self.ask(&asked.value, state), code).await?;
        if of != asked.value.tenant {
            return Err(Error::denied("the account that signed in is of another tenant than the consent"));
        }
        let spent = vec![delete(&consent.value, consent.version), delete(&asked.value, asked.version)];
        self.connect(&consent.value, spent, asked.value.tenant).await
    }

    fn ask<'a>(&'a self, kept: &'a ConsentSignIn, state: &'a str) -> SignInAsk<'a> {
        SignInAsk {
            tenant: &kept.tenant,
            redirect_url: &self.settings.redirect_url,
            state,
            nonce: &kept.nonce,
            verifier: &kept.verifier,
        }
    }
}
