//! `holdfast serve`: the complete product on this machine, its data in a folder, against any Graph.

use crate::Cloud;
use crate::config::{CloudConfig, Data, Target};
use crate::embedded::SecretSettings;
use crate::interrupt::interrupted;
use clap::Args;
use domain::{Error, Result};
use engine::ports::Secret;
use graph::GraphSettings;
use std::path::PathBuf;

/// The options of `holdfast serve`.
#[derive(Args, Clone, Debug)]
pub struct ServeOptions {
    /// The folder that keeps all data.
    #[arg(long, default_value = ".holdfast", env = "HOLDFAST_DATA")]
    pub data: PathBuf,
    /// The port of this machine to listen on; 0 means any that is free.
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// How others reach the API, when not at its own address: the base of the consent's callback.
    #[arg(long, env = "HOLDFAST_PUBLIC_URL")]
    pub public_url: Option<String>,
    /// The base address of Microsoft Graph, without a version.
    #[arg(long, env = GraphSettings::GRAPH_URL)]
    pub graph_url: Option<String>,
    /// The base address of Microsoft's login.
    #[arg(long, env = GraphSettings::LOGIN_URL)]
    pub login_url: Option<String>,
    /// The address that mail is sent from.
    #[arg(long, env = "HOLDFAST_SENDER")]
    pub sender: Option<String>,
    /// The issuer whose tokens are accepted besides API tokens.
    #[arg(long, env = runtime::settings::OIDC_ISSUER, requires = "oidc_audience")]
    pub oidc_issuer: Option<String>,
    /// The audience that the issuer's tokens must name.
    #[arg(long, env = runtime::settings::OIDC_AUDIENCE, requires = "oidc_issuer")]
    pub oidc_audience: Option<String>,
    /// Lets an administrator who consents connect a tenant without signing in there: for a login without a page for
    /// people.
    #[arg(long)]
    pub no_consent_sign_in: bool,
    /// An AWS endpoint: with it every port but Graph's is AWS's, behind that endpoint.
    #[arg(long, env = "AWS_ENDPOINT_URL")]
    pub aws_endpoint_url: Option<String>,
    /// What names begin with behind the AWS endpoint.
    #[arg(long, default_value = "holdfast", env = "HOLDFAST_PREFIX")]
    pub prefix: String,
    /// The token whose holder may create partners; without it one is made at the first start.
    #[arg(long, env = "HOLDFAST_BOOTSTRAP_TOKEN", hide_env_values = true)]
    pub bootstrap_token: Option<String>,
}

/// A shorter bootstrap token could be guessed.
const BOOTSTRAP_TOKEN_CHARS: usize = 32;

impl ServeOptions {
    fn config(self) -> Result<CloudConfig> {
        let default = CloudConfig::default();
        let given = |text: Option<String>| text.filter(|t| !t.trim().is_empty());
        let bootstrap_token = given(self.bootstrap_token);
        let least = BOOTSTRAP_TOKEN_CHARS;
        if bootstrap_token.as_ref().is_some_and(|t| t.chars().count() < least) {
            return Err(Error::invalid(format!("the bootstrap token must have at least {least} characters")));
        }
        let target = match given(self.aws_endpoint_url) {
            Some(_) => Target::Aws { prefix: self.prefix },
            None => Target::Embedded,
        };
        Ok(CloudConfig {
            data: Data::Folder(self.data),
            target,
            graph_url: given(self.graph_url).unwrap_or(default.graph_url),
            login_url: given(self.login_url).unwrap_or(default.login_url),
            port: self.port,
            public_url: given(self.public_url),
            bootstrap_token: bootstrap_token.map(Secret::new),
            sign_in: given(self.oidc_issuer).zip(given(self.oidc_audience)),
            consent_sign_in: !self.no_consent_sign_in,
            auto_ticks: true,
            secrets: SecretSettings::from_env()?,
            sender: given(self.sender).unwrap_or(default.sender),
            time_limit_ms: default.time_limit_ms,
        })
    }
}

/// Runs `holdfast serve`: starts the cloud, prints its addresses and serves until interrupted.
///
/// # Errors
/// `Invalid` for an option that cannot be used; otherwise as [`Cloud::start`].
pub async fn run(options: ServeOptions) -> Result<()> {
    let given = options.bootstrap_token.is_some();
    let config = options.config()?;
    let (graph_url, login_url) = (config.graph_url.clone(), config.login_url.clone());
    let cloud = Cloud::start(config).await?;
    println!("Portal     {}", cloud.api_url());
    println!("API        {}", cloud.api_url());
    println!("Callback   {}/{}", cloud.api_url(), runtime::settings::CALLBACK_PATH);
    println!("Graph      {graph_url}");
    println!("Login      {login_url}");
    println!("Data       {}", cloud.folder().display());
    println!("Mail       {}", cloud.outbox().display());
    match cloud.bootstrap_token() {
        Some(token) if !given => {
            println!("Bootstrap  {}", token.expose());
            println!("           Shown this once. It creates partners: POST /v1/partners");
        }
        _ => println!("Bootstrap  as given before"),
    }
    interrupted().await?;
    println!("Ending; what has begun is finished first.");
    cloud.stop().await;
    Ok(())
}
