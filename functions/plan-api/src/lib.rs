//! The control plane over HTTP: partners, plans, organisations, and connecting a tenant.
//!
//! It cannot read customer data: it holds no vault. Routes read and check what comes in, call one command
//! of `partners` and write what comes out; they decide nothing. JSON is camelCase, times are RFC 3339 in
//! UTC, lists are `{items, next}`, failures are problems. A row in `routes/` is the router's and the document's alike.

mod csv;
mod routes;
mod wire;

use ::partners::commands::Gate;
use ::partners::commands::access::PortalAccess;
use ::partners::commands::attention::Attention;
use ::partners::commands::audit::Audit;
use ::partners::commands::connect::{Connect, ConsentSettings};
use ::partners::commands::downgrades::Downgrades;
use ::partners::commands::invitations::Invitations;
use ::partners::commands::notices::Notices;
use ::partners::commands::notifications::Notifications;
use ::partners::commands::organisations::Organisations;
use ::partners::commands::partners::Partners;
use ::partners::commands::people::People;
use ::partners::commands::plans::Plans;
use ::partners::commands::sessions::Sessions;
use ::partners::commands::subscriptions::Subscriptions;
use ::partners::commands::tokens::Tokens;
use ::partners::commands::usage::Usage;
use axum::Router;
use domain::{Error, Result};
use engine::audit::AuditLog;
use engine::ports::{Clock, DirectoryAccess, Ids, KeyRing, SignIns, Signer};
use engine::records::Records;
use runtime::http::{
    Audited, PostRights, Unnoted, Weights, audited, idempotent, operations_of, router_of, weights_of,
};
use runtime::openapi::Operation;
use std::sync::Arc;

/// The OpenAPI document of both planes, as it is kept in the repository.
pub const OPENAPI: &str = include_str!("../openapi.json");
/// The same, compressed by gzip.
pub(crate) const OPENAPI_GZIP: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/openapi.json.gz"));

/// What the control plane stands on.
#[derive(Clone)]
pub struct Ports {
    /// Rows of partners and of what is theirs.
    pub records: Records,
    /// The time at which something is asked for.
    pub clock: Arc<dyn Clock>,
    /// Ids and tokens of what is made.
    pub ids: Arc<dyn Ids>,
    /// Asks a tenant what was consented to, and reads none of its data.
    pub directory: Arc<dyn DirectoryAccess>,
    /// Makes the data keys of tenants that are connected.
    pub keys: Arc<dyn KeyRing>,
    /// Signs certificates of deletion; here only its public key is shown.
    pub signer: Arc<dyn Signer>,
    /// Signs administrators in, which shows the tenant that they belong to; none where the installation does without.
    pub sign_ins: Option<Arc<dyn SignIns>>,
    /// The installation's settings for the links by which administrators consent.
    pub consent: ConsentSettings,
    /// Whether people can sign in, because an issuer is configured. Then they are invited to.
    pub has_sign_in: bool,
}

/// The commands that the routes call.
#[derive(Clone)]
pub struct PlanApi {
    partners: Partners,
    plans: Plans,
    organisations: Organisations,
    subscriptions: Subscriptions,
    downgrades: Downgrades,
    usage: Usage,
    access: PortalAccess,
    people: People,
    invitations: Invitations,
    notifications: Notifications,
    notices: Notices,
    attention: Attention,
    tokens: Tokens,
    sessions: Sessions,
    connect: Connect,
    audit: Audit,
    signer: Arc<dyn Signer>,
}

impl PlanApi {
    /// The control plane over these ports. Access links lead to `access` below the installation's public address,
    /// which is found from the consent's callback: that is `v1/consent/callback` below it.
    ///
    /// # Errors
    /// `Invalid` when nothing can be below that address.
    pub fn new(ports: Ports) -> Result<Self> {
        let Ports { records, directory, keys, signer, sign_ins, consent, has_sign_in, .. } = ports;
        let portal_url = consent
            .redirect_url
            .join("../../access")
            .map_err(|e| Error::invalid("the public address has no paths").caused_by(e))?;
        let gate = || Gate { records: records.clone() };
        let (clock, ids) = (|| ports.clock.clone(), || ports.ids.clone());
        Ok(Self {
            partners: Partners { gate: gate(), clock: clock(), ids: ids(), has_sign_in },
            plans: Plans { gate: gate(), clock: clock(), ids: ids() },
            organisations: Organisations { gate: gate(), clock: clock(), ids: ids() },
            subscriptions: Subscriptions { gate: gate(), clock: clock(), ids: ids() },
            downgrades: Downgrades { gate: gate(), clock: clock() },
            usage: Usage { gate: gate(), clock: clock() },
            access: PortalAccess { gate: gate(), clock: clock(), ids: ids(), portal_url },
            people: People { gate: gate(), clock: clock() },
            invitations: Invitations { gate: gate(), clock: clock(), ids: ids(), has_sign_in },
            notifications: Notifications { gate: gate(), clock: clock() },
            notices: Notices { gate: gate() },
            attention: Attention { gate: gate(), clock: clock(), directory: directory.clone() },
            tokens: Tokens { gate: gate(), clock: clock(), ids: ids() },
            sessions: Sessions { gate: gate(), clock: clock(), ids: ids() },
            connect: Connect {
                gate: gate(),
                clock: clock(),
                ids: ids(),
                directory,
                keys,
                sign_ins,
                settings: consent,
            },
            audit: Audit { gate: gate() },
            signer,
        })
    }
}

/// The routes; [`runtime::http::service`] makes them complete.
pub fn router(api: PlanApi) -> Router {
    let records = api.partners.gate.records.clone();
    let log = AuditLog::new(records.clone(), &*api.partners.ids);
    let rows = routes::all();
    let rights = PostRights::of(&rows);
    let routes = router_of(rows).with_state(api);
    audited(idempotent(routes, records, rights), log, Audited::Writes)
}

/// What requests to the routes take of their callers' budgets.
pub fn weights() -> Weights {
    weights_of(routes::all::<Unnoted>())
}

/// The routes, for the OpenAPI document.
pub fn operations() -> Vec<Operation> {
    operations_of(routes::all())
}
