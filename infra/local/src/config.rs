//! What a local cloud is started with.

use crate::embedded::SecretSettings;
use engine::ports::Secret;
use std::path::PathBuf;

/// Where a local cloud keeps its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// In that folder, where the next start finds it again.
    Folder(PathBuf),
    /// In memory and a temporary folder, until the cloud stops.
    Memory,
}

/// Whose services are behind the ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Files and processes of this machine alone.
    Embedded,
    /// The AWS adapters, against the endpoint, region and credentials of the environment.
    Aws {
        /// How the names of bucket, table, queues and key begin.
        prefix: String,
    },
}

/// Everything that a local cloud is started with.
#[derive(Clone, Debug)]
pub struct CloudConfig {
    /// Where it keeps its data.
    pub data: Data,
    /// Whose services are behind its ports.
    pub target: Target,
    /// The base address of Microsoft Graph, without a version.
    pub graph_url: String,
    /// The base address of Microsoft's login.
    pub login_url: String,
    /// The port to listen on; 0 means any that is free.
    pub port: u16,
    /// How others reach the listener, when not at its own address.
    pub public_url: Option<String>,
    /// The token whose holder may create partners; none makes one at the first start and keeps its hash.
    pub bootstrap_token: Option<Secret>,
    /// Issuer and audience of people's sign-in; none means API tokens alone.
    pub sign_in: Option<(String, String)>,
    /// Whether an administrator who consents has to sign in at the tenant.
    pub consent_sign_in: bool,
    /// Whether the clock calls the ticking functions; otherwise only `Cloud::tick` does.
    pub auto_ticks: bool,
    /// Credentials that are taken before those in files of the data folder.
    pub secrets: SecretSettings,
    /// The address that mail is sent from.
    pub sender: String,
    /// How long a function may run, in milliseconds.
    pub time_limit_ms: u64,
}

impl Default for CloudConfig {
    fn default() -> Self {
        let worldwide = graph::GraphSettings::default();
        Self {
            data: Data::Memory,
            target: Target::Embedded,
            graph_url: worldwide.graph_url,
            login_url: worldwide.login_url,
            port: 0,
            public_url: None,
            bootstrap_token: None,
            sign_in: None,
            consent_sign_in: true,
            auto_ticks: false,
            secrets: SecretSettings::default(),
            sender: "holdfast@localhost.localdomain".to_owned(),
            // Source: Lambda quotas, function time-out.
            time_limit_ms: 15 * 60 * 1000,
        }
    }
}
