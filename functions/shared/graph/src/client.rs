//! The client: connections, endpoints, tokens, counts. How a call is made is in `call`.

use crate::{
    extensions,
    lease::Lease,
    limits::Lane,
    settings::{GraphSettings, is_loopback},
    throttle::Throttle,
    token::{Tokens, chance},
    waits::{after, backoff_ms},
};
use domain::{Error, Result, TenantId, Timestamp, kinds::ApiVersion};
use engine::limit_shares::LimitShares;
use engine::ports::{Access, Clock, Ids, Secrets, Spent};
use reqwest::redirect::Policy;
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};
use url::Url;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest wait between two pieces of an answer; Graph takes up to a minute for a heavy page.
const READ_TIMEOUT: Duration = Duration::from_secs(100);
/// So long before the deadline an answer is no longer waited for: what came before it has to be saved by then.
const SAVING: Duration = Duration::from_secs(30);
/// An answer is waited for at least so long, how near the deadline may be.
const LEAST_ANSWER: Duration = Duration::from_secs(15);
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);

/// A client of Graph with one credential. Cheap to clone; clones share connections, tokens and counts.
#[derive(Clone)]
pub struct GraphClient {
    pub(crate) shared: Arc<Shared>,
    pub(crate) deadline: Option<Timestamp>,
}

pub(crate) struct Shared {
    pub(crate) http: reqwest::Client,
    pub(crate) settings: GraphSettings,
    pub(crate) graph: Url,
    pub(crate) tokens: Tokens,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) throttle: Throttle,
    pub(crate) lease: OnceLock<Lease>,
    pub(crate) spent: Mutex<HashMap<TenantId, Spent>>,
    pub(crate) unknown: Mutex<HashMap<TenantId, BTreeSet<(&'static str, String)>>>,
    pub(crate) extensions: Mutex<HashMap<TenantId, extensions::Known>>,
}

impl GraphClient {
    /// A client that proves itself with the secret of that name (`graph-reader`, `graph-writer`).
    ///
    /// # Errors
    /// `Invalid` when an address in the settings is not one that a token may be sent to.
    pub fn new(
        settings: GraphSettings,
        secrets: Arc<dyn Secrets>,
        secret_name: &str,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Result<Self> {
        let (graph, login) = settings.addresses()?;
        let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS
            .iter()
            .map(|der| reqwest::Certificate::from_der(der))
            .collect::<reqwest::Result<Vec<_>>>();
        let roots = roots.map_err(|e| Error::invalid("the bundled roots are unusable").caused_by(e))?;
        let mut http = reqwest::Client::builder()
            .user_agent(&settings.user_agent)
            .tls_certs_only(roots)
            .redirect(Policy::none()) // Why: a redirect would carry the token elsewhere.
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT);
        if is_loopback(&graph) {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|e| Error::invalid("no HTTP client can be made").caused_by(e))?;
        let tokens = Tokens {
            http: http.clone(),
            login_url: login.as_str().trim_end_matches('/').to_owned(),
            scope: settings.scope(),
            secrets,
            secret_name: secret_name.to_owned(),
            clock: clock.clone(),
            ids: ids.clone(),
            slots: Mutex::default(),
            credential: tokio::sync::Mutex::default(),
            told: Mutex::default(),
        };
        let throttle = Throttle::new(f64::from(settings.tenant_permille) / 1_000.0, settings.instances);
        let shared = Shared {
            http,
            settings,
            graph,
            tokens,
            clock,
            ids,
            throttle,
            lease: OnceLock::new(),
            spent: Mutex::default(),
            unknown: Mutex::default(),
            extensions: Mutex::default(),
        };
        Ok(Self { shared: Arc::new(shared), deadline: None })
    }

    /// The same client, which leases what it needs of the application's limits beyond its even part. Where its settings say
    /// that it is the only one with its application, it has all of them by itself and leases nothing.
    #[must_use]
    pub fn leasing(self, shares: LimitShares) -> Self {
        if self.shared.settings.instances > 1 {
            // Why no error: the first stays, which is as good.
            let _ = self.shared.lease.set(Lease::new(shares));
        }
        self
    }

    /// The same client for work that ends at `deadline`: a wait beyond it fails `Throttled` at once.
    #[must_use]
    pub fn with_deadline(&self, deadline: Timestamp) -> Self {
        Self { shared: self.shared.clone(), deadline: Some(deadline) }
    }

    /// Properties that the tenant's Graph did not know, as `(source, property)`: they were asked for and
    /// left out, and are missing in what was read.
    pub fn unknown_properties(&self, tenant: &TenantId) -> Vec<(&'static str, String)> {
        let unknown = self.shared.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        unknown.get(tenant).into_iter().flatten().cloned().collect()
    }

    pub(crate) fn learn_unknown(&self, tenant: &TenantId, source: &'static str, property: &str) {
        // Why not the names of extensions: the customer made them.
        let is_extension = domain::kinds::find(source).is_some_and(|kind| kind.is_extension(property));
        let name = (!is_extension).then_some(property);
        tracing::warn!(%tenant, source, property = name, "this Graph does not know a property; it is left out");
        let mut unknown = self.shared.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        unknown.entry(tenant.clone()).or_default().insert((source, property.to_owned()));
    }

    /// Forgets which directory extensions this Graph did not know: the tenant has just said which there are.
    pub(crate) fn forget_unknown_extensions(&self, tenant: &TenantId) {
        let mut unknown = self.shared.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_tenant) = unknown.get_mut(tenant) {
            of_tenant.retain(|(source, property)| {
                !domain::kinds::find(source).is_some_and(|kind| kind.is_extension(property))
            });
        }
    }

    /// What gets and keeps the access tokens of this client.
    pub(crate) fn tokens(&self) -> &Tokens {
        &self.shared.tokens
    }
    pub(crate) fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }
    /// Whether waiting that many milliseconds goes beyond the deadline.
    pub(crate) fn is_too_long(&self, wait_ms: u64) -> bool {
        self.deadline.is_some_and(|end| after(self.now(), wait_ms) > end)
    }
    /// How long the whole of an answer is waited for that is asked for now.
    pub(crate) fn answer_within(&self) -> Duration {
        let most = self.shared.settings.answer_within;
        let Some(end) = self.deadline else { return most };
        let left = Duration::try_from(end.duration_since(self.now())).unwrap_or_default();
        left.saturating_sub(SAVING).max(LEAST_ANSWER).min(most)
    }
    pub(crate) async fn sleep_ms(&self, wait_ms: u64) {
        self.shared.clock.sleep_ms(wait_ms).await;
    }
    pub(crate) fn backoff_ms(&self, attempt: u32) -> u64 {
        backoff_ms(attempt, chance(&*self.shared.ids))
    }

    pub(crate) fn take_spent(&self, tenant: &TenantId) -> Spent {
        self.shared.spent.lock().unwrap_or_else(PoisonError::into_inner).remove(tenant).unwrap_or_default()
    }
    /// Holds back the calls of that workload or, where the limit is the application's, every call, for that many
    /// milliseconds.
    pub(crate) fn hold_back(&self, tenant: &TenantId, lane: Lane, wait_ms: u64, application: bool) {
        self.shared.throttle.block(tenant, lane, after(self.now(), wait_ms), application);
    }
    /// Notes that a call was refused though it was within the limits that are known.
    pub(crate) fn hear_refusal(&self, tenant: &TenantId, lane: Lane) {
        self.shared.throttle.hear_refusal(tenant, lane, self.now());
    }
    /// Forgets the token in use: Graph refused it inside a batch.
    pub(crate) async fn renew_token(&self, tenant: &TenantId) -> Result<()> {
        let token = self.shared.tokens.get(tenant, self.deadline).await?;
        self.shared.tokens.forget(tenant, &token).await;
        Ok(())
    }
    pub(crate) fn count(&self, tenant: &TenantId, spent: Spent) {
        *self
            .shared
            .spent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(tenant.clone())
            .or_default() += spent;
    }

    /// What the application may do in the tenant now, by a new token: only a new one knows what was granted or taken since.
    pub(crate) async fn access(&self, tenant: &TenantId) -> Result<Access> {
        let token = self.shared.tokens.get_new(tenant, self.deadline).await?;
        Ok(Access { permissions: token.roles.clone(), principal: token.principal.clone() })
    }

    /// What the token that calls are made with permits; empty where it does not say.
    pub(crate) async fn permissions(&self, tenant: &TenantId) -> Result<Vec<String>> {
        Ok(self.shared.tokens.get(tenant, self.deadline).await?.roles.clone())
    }

    /// The base of a version, with no slash at its end.
    pub(crate) fn base(&self, version: ApiVersion) -> String {
        format!("{}/{}", self.shared.graph.as_str().trim_end_matches('/'), version.segment())
    }
    /// The address of a path and query below a version.
    pub(crate) fn address(&self, version: ApiVersion, below: &str) -> Result<Url> {
        let text = format!("{}/{below}", self.base(version));
        Url::parse(&text).map_err(|e| Error::invalid("not an address of Graph").caused_by(e))
    }
    /// A link that Graph gave, if a token may go there.
    ///
    /// # Errors
    /// `Unavailable` when it leads anywhere but to the Graph of the settings.
    pub(crate) fn own_link(&self, link: &str) -> Result<Url> {
        let url =
            Url::parse(link).map_err(|e| Error::unavailable("Graph gave a broken link").caused_by(e))?;
        let plain = url.username().is_empty() && url.password().is_none();
        if url.origin() == self.shared.graph.origin() && plain {
            Ok(url)
        } else {
            Err(Error::unavailable("Graph gave a link to another server; it was not followed"))
        }
    }
}
