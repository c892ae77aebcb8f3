//! The browser of somebody who consents: Microsoft's pages and ours, one after the other.

use super::Rig;
use domain::{Error, Result, TenantId};
use engine::ports::{Clock, Ids, Scope};
use engine::records::{ApiToken, ConsentState, Organisation, Tenant};
use graph::{GraphClient, GraphDirectory, GraphSettings, GraphSignIns};
use jiff::SignedDuration;
use partners::commands::Gate;
use partners::commands::connect::{Connect, ConsentAnswer, ConsentSettings, Next, SignInPage};
use reqwest::redirect::Policy;
use std::sync::Arc;
use url::Url;

const BACK: &str = "https://api.example.com/v1/consent/callback";

impl Rig {
    /// Connecting, as the control plane of this installation has it: past the plan, with a token cache of its own.
    pub fn connecting(&self) -> Connect {
        let settings = GraphSettings {
            graph_url: self.sim.graph_url(),
            login_url: self.sim.login_url(),
            ..GraphSettings::default()
        };
        let (clock, ids): (Arc<dyn Clock>, Arc<dyn Ids>) = (self.clock.clone(), self.world.ids.clone());
        let secrets = self.world.secrets.clone();
        let client =
            GraphClient::new(settings, secrets, GraphDirectory::SECRET, clock.clone(), ids.clone()).unwrap();
        Connect {
            gate: Gate { records: self.records.clone() },
            clock,
            ids,
            directory: Arc::new(GraphDirectory::new(client.clone())),
            keys: self.world.key_ring.clone(),
            sign_ins: Some(Arc::new(GraphSignIns::new(client))),
            settings: ConsentSettings {
                login_url: self.sim.login_url().parse().unwrap(),
                redirect_url: BACK.parse().unwrap(),
                reader_client_id: sim::READER_CLIENT_ID.to_owned(),
                writer_client_id: Some(sim::WRITER_CLIENT_ID.to_owned()),
            },
        }
    }

    /// The only organisation, or the first.
    pub fn organisation(&self) -> Organisation {
        let rows = self.world.catalog.rows().into_iter();
        let mut rows =
            rows.filter(|(s, row)| matches!(s, Scope::Organisations(_)) && row.key.starts_with("org#"));
        serde_json::from_value(rows.next().expect("an organisation").1.body).unwrap()
    }

    /// A consent link that was given out for that organisation; its state.
    pub async fn consent_link(&self, organisation: &Organisation, app: &str) -> String {
        let state = self.world.ids.token();
        let kept = ConsentState {
            hash: ApiToken::hash(&state),
            partner: organisation.partner.clone(),
            organisation: organisation.id.clone(),
            app: app.to_owned(),
            expires_at: self.clock.now() + SignedDuration::from_hours(1),
        };
        self.records.put_new(&kept).await.unwrap();
        state
    }

    /// Whether that link can still be followed.
    pub async fn is_good(&self, state: &str) -> bool {
        self.records.find(&ConsentState::at(&ApiToken::hash(state))).await.unwrap().is_some()
    }

    /// Comes back from a consent of that tenant, real or not, and signs in there as that user.
    pub async fn come_back(&self, state: &str, tenant: &TenantId, user: &str) -> Result<Next> {
        let connect = self.connecting();
        let consented = ConsentAnswer {
            admin_consent: Some("True".to_owned()),
            state: Some(state.to_owned()),
            tenant: Some(tenant.to_string()),
            ..ConsentAnswer::default()
        };
        let Next::SignIn(SignInPage { url: mut page, browser, .. }) =
            connect.consent_callback(&consented).await?
        else {
            return Err(Error::invalid("a consent alone went on without a sign-in"));
        };
        page.query_pairs_mut().append_pair("sim_user", user);
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).redirect(Policy::none());
        let reply = client.build().unwrap().get(page).send().await.unwrap();
        let back: Url = reply.headers()["location"].to_str().unwrap().parse().unwrap();
        let of = |name: &str| back.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned());
        let browser = Some(browser);
        let answer =
            ConsentAnswer { code: of("code"), state: of("state"), browser, ..ConsentAnswer::default() };
        connect.consent_callback(&answer).await
    }

    /// The tenant's row, once it is connected.
    pub async fn find_tenant_row(&self, tenant: &TenantId) -> Option<Tenant> {
        self.records.find(&Tenant::at(tenant)).await.unwrap().map(|found| found.value)
    }
}
