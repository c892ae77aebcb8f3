//! The sign-in that shows that whoever consented is of the tenant that is named.
//!
//! The callback of a consent proves nothing of the tenant: anybody can write an address with another customer's id, and
//! that customer may have consented long ago. So the browser is sent on to sign in at that tenant, and only what
//! Microsoft says of the one who signed in, to us and not through the browser, connects it. That they are of the tenant
//! is not enough: so is every guest, and whoever has any account in it. They have to hold a role whose holders can
//! consent, by the id token or as the directory shows it.
//!
//! Nothing begins before they have read, on a page of ours, which partner and organisation are to have which tenant: where
//! a consent of long ago is still there, the sign-in is all that Microsoft asks for, and its page names us alone.
//!
//! The sign-in comes back in the browser in which it began, which a cookie shows: whoever is sent a link to the sign-in
//! that somebody else began connects nothing. It begins where the callback of the consent is met, not where the link is
//! made, since links are mailed.

use super::{Connect, ConsentAnswer, ConsentApp, Key, Linker, Next, SignInPage, may_pass};
use domain::organisations::MAY_CONSENT;
use domain::{Error, Result, TenantId};
use engine::ports::{ConsentStanding, DirectoryAccess, SignInAsk, SignIns, SignedIn};
use engine::records::{
    ApiToken, ConsentSignIn, ConsentState, FormerTenant, Found, Organisation, Partner, delete,
};
use jiff::SignedDuration;

/// How many minutes somebody may take to sign in.
pub const SIGN_IN_MINUTES: i64 = 15;
/// How many seconds a browser waits while the tenant is looked at: who holds roles, and what was granted. What takes longer
/// is tried again later, without it. Why so few: anybody with a link can have it looked at, and an instance waits too.
pub const LOOK_UP_SECONDS: i64 = 3;

/// How many characters the name of a sign-in has: enough to tell those of one browser from one another, and what it is
/// made of is not found from it.
const NAME_CHARS: usize = 16;

/// The name of the sign-in of that state, by which a browser keeps what belongs to it: hexadecimal digits.
pub fn sign_in_name(state: &str) -> String {
    ApiToken::hash(state).chars().take(NAME_CHARS).collect()
}

fn no_role() -> Error {
    Error::denied(
        "the account that signed in is neither Global Administrator nor Privileged Role Administrator of the tenant",
    )
}

fn not_there() -> Error {
    Error::denied(
        "the account that signed in is not in the tenant, as one is that works through delegated administration (GDAP). \
         An administrator of the tenant can follow the link; or the account can be invited as a guest and be given Global \
         Administrator or Privileged Role Administrator there for as long as it takes",
    )
}

impl Connect {
    /// What the administrator is to read before they sign in at that tenant, where that is, and what the browser has to
    /// bring back.
    pub(super) async fn ask_sign_in(
        &self,
        sign_ins: &dyn SignIns,
        consent: &Found<ConsentState>,
        tenant: TenantId,
    ) -> Result<SignInPage> {
        let records = &self.gate.records;
        let (partner, organisation) = (&consent.value.partner, &consent.value.organisation);
        let organisation = records.get(&Organisation::at(partner, organisation)).await?.value;
        organisation.check_connectable()?;
        let partner = records.get(&Partner::at(partner)).await?.value;
        let former = records.find(&FormerTenant::at(&tenant)).await?;
        let (state, browser) = (self.ids.token(), self.ids.token());
        let kept = ConsentSignIn {
            hash: ApiToken::hash(&state),
            consent: consent.value.hash.clone(),
            tenant,
            nonce: self.ids.token(),
            verifier: self.ids.token(),
            browser: ApiToken::hash(&browser),
            expires_at: self.clock.now() + SignedDuration::from_mins(SIGN_IN_MINUTES),
        };
        records.put_new(&kept).await?;
        let url = sign_ins.page(&self.ask(&kept, &state)).await?;
        let before = former.map(|found| found.value.ended_at);
        let (name, app) = (sign_in_name(&state), ConsentApp::of(&consent.value));
        Ok(SignInPage { url, name, browser, partner, organisation, tenant: kept.tenant, app, before })
    }

    /// Connects the tenant that was consented to, when it is the one that was signed in to by somebody who can consent.
    pub(super) async fn signed_in(
        &self,
        sign_ins: &dyn SignIns,
        answer: &ConsentAnswer,
        code: &str,
    ) -> Result<Next> {
        let refused =
            || Error::invalid_field("state", "this sign-in is unknown, has ended or was used; begin again");
        let state = answer.state.as_deref().ok_or_else(refused)?;
        let found = self.gate.records.find(&ConsentSignIn::at(&ApiToken::hash(state))).await?;
        let now = self.clock.now();
        let asked = found.filter(|s| s.value.expires_at > now).ok_or_else(refused)?;
        // Why before the code is redeemed: whoever was sent the link of somebody else's sign-in gives nothing away.
        if answer.browser.as_deref().map(ApiToken::hash).as_ref() != Some(&asked.value.browser) {
            return Err(Error::denied("the sign-in began in another browser; it has to end in the same one"));
        }
        let consent = self.consent_of(&asked.value.consent).await?.ok_or_else(refused)?;
        // What Microsoft answers here comes to us directly, so it is the one proof of whose account it is.
        let of = sign_ins.redeem(&self.ask(&asked.value, state), code).await?;
        if of.tenant != asked.value.tenant {
            return Err(Error::denied("the account that signed in is of another tenant than the consent"));
        }
        let spent = vec![delete(&consent.value, consent.version), delete(&asked.value, asked.version)];
        let tenant = asked.value.tenant;
        let found: Found<Organisation> = self
            .gate
            .records
            .get(&Organisation::at(&consent.value.partner, &consent.value.organisation))
            .await?;
        found.value.check_connectable()?;
        let is_reader = ConsentApp::of(&consent.value) == ConsentApp::Reader;
        // A browser waits. What takes longer is tried again later, by a job: see `wait`.
        let until = self.clock.now() + SignedDuration::from_secs(LOOK_UP_SECONDS);
        let directory = self.directory.until(until).unwrap_or_else(|| self.directory.clone());
        let linker = Linker { directory, ..self.linker() };
        // Why before anything is read of the tenant: nothing is to be read for an organisation that cannot have it.
        linker.check_free(&found.value, &tenant).await?;
        match standing(&*linker.directory, &tenant, &of).await {
            Ok(ConsentStanding::MayConsent) => {}
            Ok(ConsentStanding::NoRole) => return Err(no_role()),
            Ok(ConsentStanding::NotThere) => return Err(not_there()),
            // Why the reader alone: one looks by its consent, which may have come this minute. Before the writer's it
            // has long been there. The person is kept, since their role is still to be seen.
            Err(error) if is_reader && may_pass(&error) => {
                tracing::info!(%tenant, kind = error.kind().name(), "who holds roles cannot be seen yet");
                return Ok(Next::Waiting(Box::new(self.wait(spent, found, tenant, of.user).await?)));
            }
            Err(error) => return Err(error),
        }
        if !is_reader {
            return Ok(Next::Connected(Box::new(self.connect_writer(spent, found, &tenant).await?)));
        }
        let connected = match linker.look(&tenant).await {
            Ok(seen) => linker.link(spent, found, &tenant, seen, Key::New(&*self.keys)).await?,
            // Why nobody is kept: the person's role was seen above.
            Err(error) if may_pass(&error) => {
                tracing::info!(%tenant, kind = error.kind().name(), "the consent has not arrived yet");
                return Ok(Next::Waiting(Box::new(self.wait(spent, found, tenant, None).await?)));
            }
            Err(error) => return Err(error),
        };
        Ok(Next::Connected(Box::new(connected)))
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

/// Whether whoever signed in can consent in the tenant.
async fn standing(
    directory: &dyn DirectoryAccess,
    tenant: &TenantId,
    of: &SignedIn,
) -> Result<ConsentStanding> {
    if of.roles.iter().any(|role| MAY_CONSENT.iter().any(|known| known.eq_ignore_ascii_case(role))) {
        return Ok(ConsentStanding::MayConsent);
    }
    let Some(user) = of.user.as_deref() else { return Ok(ConsentStanding::NotThere) };
    directory.standing(tenant, user).await
}
