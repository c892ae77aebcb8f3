//! Connecting a tenant: the consent link that a Global Administrator follows, and what Microsoft sends back.
//!
//! A callback is believed only with a one-time state that we gave out for that organisation within the
//! hour; the state is spent in the transaction that connects, so a failure on the way leaves it good for
//! another try and a success cannot be repeated. That the administrator is one of the named tenant is shown by a
//! sign-in there in the same browser (`sign_in`), unless the installation does without; a consent that has not arrived everywhere waits
//! (`waiting`, [`crate::connect_tenant`]).

mod check;
mod link;
mod sign_in;
mod waiting;
mod whose;

pub(crate) use link::{Key, Linker};
pub use sign_in::{LOOK_UP_SECONDS, SIGN_IN_MINUTES, sign_in_name};
pub use waiting::Waiting;
pub(crate) use waiting::may_pass;

use super::plans::known;
use super::{Caller, Gate};
use domain::rights::Action;
use domain::{Error, OrganisationId, Result, TenantId, Timestamp};
use engine::ports::{Clock, DirectoryAccess, Ids, KeyRing, SignIns, Write};
use engine::records::{ApiToken, ConsentState, Found, Organisation, Partner, Tenant, delete, replace};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use url::Url;

/// How long a consent link is good.
pub const STATE_LIFE_HOURS: i64 = 1;

/// What Microsoft says when a consent or a sign-in did not come about. Anybody can write another word into the address, so
/// no other is shown or logged.
/// Source: learn.microsoft.com/entra/identity-platform/reference-error-codes.
const REFUSALS: [&str; 10] = [
    "access_denied",
    "consent_required",
    "interaction_required",
    "invalid_client",
    "invalid_request",
    "invalid_scope",
    "login_required",
    "server_error",
    "temporarily_unavailable",
    "unauthorized_client",
];

/// Which of the installation's two app registrations a consent is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ConsentApp {
    /// The app that reads: it takes snapshots.
    Reader,
    /// The app that writes: it restores.
    Writer,
}

impl ConsentApp {
    fn name(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Writer => "writer",
        }
    }

    /// The app that a consent was asked for.
    fn of(state: &ConsentState) -> Self {
        if state.app == Self::Writer.name() { Self::Writer } else { Self::Reader }
    }
}

/// The installation's settings that go into a consent link.
#[derive(Clone, Debug)]
pub struct ConsentSettings {
    /// Microsoft's login, such as `https://login.microsoftonline.com`.
    pub login_url: Url,
    /// Where Microsoft sends the administrator back to; registered with both apps.
    pub redirect_url: Url,
    /// The reading app's client id.
    pub reader_client_id: String,
    /// The writing app's client id, where the installation has one.
    pub writer_client_id: Option<String>,
}

/// Makes consent links, and takes what Microsoft sends back.
#[derive(Clone)]
pub struct Connect {
    /// Checks what the caller may do, before any command acts.
    pub gate: Gate,
    /// Gives the time that rows and expiries are written with.
    pub clock: Arc<dyn Clock>,
    /// Makes the one-time states, and the nonces and verifiers of sign-ins.
    pub ids: Arc<dyn Ids>,
    /// Reads the tenant that consented.
    pub directory: Arc<dyn DirectoryAccess>,
    /// Makes the data key of a newly connected tenant.
    pub keys: Arc<dyn KeyRing>,
    /// Signs in whoever consented; none means that the tenant in the callback's address is believed.
    pub sign_ins: Option<Arc<dyn SignIns>>,
    /// What of the installation goes into a link.
    pub settings: ConsentSettings,
}

/// A link for a Global Administrator of the customer.
#[derive(Clone, Debug)]
pub struct ConsentLink {
    /// The address at Microsoft that the administrator opens.
    pub url: Url,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// What Microsoft sent back: the query of the callback.
#[derive(Clone, Debug, Default)]
pub struct ConsentAnswer {
    /// Microsoft's error code: it went wrong, whatever else is there.
    pub error: Option<String>,
    /// `True`, on failures too.
    pub admin_consent: Option<String>,
    /// The one-time state that we put into the link.
    pub state: Option<String>,
    /// The tenant's id, as the callback's address has it: anybody can have written that.
    pub tenant: Option<String>,
    /// The code that a sign-in ended with, to be redeemed at Microsoft.
    pub code: Option<String>,
    /// What the browser kept when the sign-in began.
    pub browser: Option<String>,
}

/// What somebody has to read before they sign in: who is to have which tenant.
#[derive(Clone, Debug)]
pub struct SignInPage {
    /// The address of Microsoft's page for the sign-in.
    pub url: Url,
    /// What tells this sign-in from others that were begun in the same browser, as [`sign_in_name`] gives it.
    pub name: String,
    /// What the browser has to keep and send along when it comes back: random, good for this sign-in alone.
    pub browser: String,
    /// The partner that made the link. Its name is what it called itself.
    pub partner: Partner,
    /// The organisation that is to have the tenant. Its name is what the partner called it.
    pub organisation: Organisation,
    /// The tenant that is named in the callback's address; anybody can have written that.
    pub tenant: TenantId,
    /// Which app is let in.
    pub app: ConsentApp,
    /// When an earlier organisation of the tenant was deleted; none for a tenant that is new here.
    pub before: Option<Timestamp>,
}

/// What comes next after a callback.
#[derive(Clone, Debug)]
pub enum Next {
    /// A page says what is about to happen, and leads on to the sign-in.
    SignIn(Box<SignInPage>),
    /// The tenant is connected.
    Connected(Box<Connected>),
    /// Microsoft does not let us read yet what has to be read; it is tried again later.
    Waiting(Box<Waiting>),
}

/// A tenant and the organisation that it was just connected to.
#[derive(Clone, Debug)]
pub struct Connected {
    /// The organisation's row, after the connection.
    pub organisation: Organisation,
    /// The row of the tenant.
    pub tenant: Tenant,
    /// Which app was consented to.
    pub app: ConsentApp,
    /// When an earlier organisation of the tenant was deleted; none for a tenant that is new here.
    pub before: Option<Timestamp>,
}

impl Connect {
    /// Makes a new link for that organisation and app. Links given out before stay good until they expire.
    ///
    /// # Errors
    /// `Conflict` when the organisation is not active, its plan has no Entra, or the writing app comes
    /// before the reading one.
    pub async fn consent_link(
        &self,
        caller: &Caller,
        id: &OrganisationId,
        app: ConsentApp,
    ) -> Result<ConsentLink> {
        let organisation = self.gate.organisation(caller, id, Action::ConnectOrganisation).await?.value;
        organisation.check_connectable()?;
        // Why not by its key alone: the plan may be one that a partner above assigned.
        let plan = known(&self.gate.records, &organisation.partner, &organisation.plan).await?;
        if !plan.value.terms.product.is_entra() {
            return Err(Error::conflict("the organisation's plan does not include Entra"));
        }
        let client_id = match app {
            ConsentApp::Reader => &self.settings.reader_client_id,
            ConsentApp::Writer if organisation.tenant.is_none() => {
                return Err(Error::conflict("the tenant has to be connected before it can be restored to"));
            }
            ConsentApp::Writer => self
                .settings
                .writer_client_id
                .as_ref()
                .ok_or_else(|| Error::conflict("this installation has no writing app"))?,
        };
        // Only the state's hash is kept: whoever reads the table cannot answer in an administrator's name.
        let state = self.ids.token();
        let kept = ConsentState {
            hash: ApiToken::hash(&state),
            partner: organisation.partner,
            organisation: organisation.id,
            app: app.name().to_owned(),
            expires_at: self.clock.now() + SignedDuration::from_hours(STATE_LIFE_HOURS),
        };
        self.gate.records.put_new(&kept).await?;
        Ok(ConsentLink { url: self.link(client_id, &state)?, expires_at: kept.expires_at })
    }

    // Source: learn.microsoft.com/entra/identity-platform/v2-admin-consent.
    fn link(&self, client_id: &str, state: &str) -> Result<Url> {
        let mut url = self.settings.login_url.clone();
        url.path_segments_mut()
            .map_err(|()| Error::invalid("the login address cannot be the beginning of a link"))?
            .pop_if_empty()
            .extend(["organizations", "v2.0", "adminconsent"]);
        url.query_pairs_mut()
            .append_pair("client_id", client_id)
            .append_pair("scope", "https://graph.microsoft.com/.default")
            .append_pair("redirect_uri", self.settings.redirect_url.as_str())
            .append_pair("state", state);
        Ok(url)
    }

    /// Takes what Microsoft sent back, first after the consent, then after the sign-in, and connects the tenant that
    /// consented. Nothing changes unless all of it is in order.
    ///
    /// # Errors
    /// `Denied` when the administrator did not consent, is of another tenant or holds no role that can consent, or came
    /// back in another browser, or Microsoft does not let us in;
    /// `Invalid` when the state or the tenant is not one, or the state is unknown, expired or used; `Conflict` when the
    /// tenant belongs to another organisation, or the organisation has another tenant.
    pub async fn consent_callback(&self, answer: &ConsentAnswer) -> Result<Next> {
        // Why first: `admin_consent=True` is there on failures too.
        if let Some(error) = &answer.error {
            let code = REFUSALS.iter().find(|known| *known == error).unwrap_or(&"unknown");
            return Err(Error::denied(format!("Microsoft reports that consent was not given ({code})")));
        }
        if let (Some(code), Some(sign_ins)) = (&answer.code, &self.sign_ins) {
            return self.signed_in(sign_ins.as_ref(), answer, code).await;
        }
        let state = self.find_state(answer.state.as_deref()).await?;
        let tenant = answer.tenant.as_deref().unwrap_or_default().parse::<TenantId>();
        let tenant = tenant.map_err(|e| Error::invalid_field("tenant", e.summary()))?;
        if !answer.admin_consent.as_deref().is_some_and(|c| c.eq_ignore_ascii_case("true")) {
            return Err(Error::invalid_field("admin_consent", "must be True"));
        }
        if let Some(sign_ins) = &self.sign_ins {
            let page = self.ask_sign_in(sign_ins.as_ref(), &state, tenant).await?;
            return Ok(Next::SignIn(Box::new(page)));
        }
        let spent = vec![delete(&state.value, state.version)];
        Ok(Next::Connected(Box::new(self.connect(&state.value, spent, tenant).await?)))
    }

    /// Connects without a sign-in; `spent` deletes the one-time state in the same write.
    async fn connect(&self, state: &ConsentState, spent: Vec<Write>, tenant: TenantId) -> Result<Connected> {
        let organisation: Found<Organisation> =
            self.gate.records.get(&Organisation::at(&state.partner, &state.organisation)).await?;
        organisation.value.check_connectable()?;
        if ConsentApp::of(state) == ConsentApp::Writer {
            return self.connect_writer(spent, organisation, &tenant).await;
        }
        let linker = self.linker();
        let seen = linker.look(&tenant).await?;
        linker.link(spent, organisation, &tenant, seen, Key::New(&*self.keys)).await
    }

    async fn find_state(&self, state: Option<&str>) -> Result<Found<ConsentState>> {
        let refused = || {
            Error::invalid_field("state", "this link is unknown, has ended or was used; ask for a new one")
        };
        let hash = state.map(ApiToken::hash).ok_or_else(refused)?;
        self.consent_of(&hash).await?.ok_or_else(refused)
    }

    /// The consent that was asked for with a state of that hash, while it is good.
    async fn consent_of(&self, hash: &str) -> Result<Option<Found<ConsentState>>> {
        let found = self.gate.records.find(&ConsentState::at(hash)).await?;
        Ok(found.filter(|s| s.value.expires_at > self.clock.now()))
    }

    async fn connect_writer(
        &self,
        mut writes: Vec<Write>,
        found: Found<Organisation>,
        tenant: &TenantId,
    ) -> Result<Connected> {
        let mut organisation = found.value;
        if organisation.tenant.as_ref() != Some(tenant) {
            return Err(Error::conflict("the consent is of another tenant than the organisation's"));
        }
        let row: Found<Tenant> = self.gate.records.get(&Tenant::at(tenant)).await?;
        organisation.writer_consented_at = Some(self.clock.now());
        writes.push(replace(&organisation, found.version)?);
        self.gate.records.write(writes).await.map_err(|e| e.within("the consent was not kept"))?;
        Ok(Connected { organisation, tenant: row.value, app: ConsentApp::Writer, before: None })
    }

    fn linker(&self) -> Linker {
        Linker {
            records: self.gate.records.clone(),
            clock: self.clock.clone(),
            directory: self.directory.clone(),
        }
    }
}
