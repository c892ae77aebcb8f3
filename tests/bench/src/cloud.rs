//! The Graph that is asked: a simulated cloud in a process of its own, or another one.

use crate::Common;
use crate::measure::cpu_seconds;
use customer::{Administrator, Credentials, Haste};
use reqwest::Method;
use serde_json::{Value, json};
use sim::{Limits, Sim, SimConfig, TenantConfig};
use std::collections::VecDeque;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// The options of the hidden command `bench simulate`.
#[derive(clap::Args)]
pub struct SimulateOptions {
    /// Users of each tenant.
    #[arg(long)]
    users: usize,
    /// How many tenants there are, all of that size.
    #[arg(long, default_value_t = 1)]
    tenants: usize,
    /// How long each answer takes, in milliseconds.
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// Service plans of the licence that most people have.
    #[arg(long, default_value_t = 3)]
    plans: usize,
    /// Whether Microsoft's limits are kept; otherwise nothing is throttled.
    #[arg(long)]
    limits: bool,
}

/// The id of a simulated tenant.
pub fn tenant_id(number: usize) -> String {
    format!("7e000000-0000-4000-8000-{:012x}", number + 1)
}

/// A cloud of so many tenants of that size, which have all consented.
pub fn company_config(users: usize, tenants: usize, service_plans: usize) -> SimConfig {
    let mut config = SimConfig::company(1, users);
    let first = config.tenants[0].clone();
    config.tenants = (0..tenants)
        .map(|number| TenantConfig {
            id: tenant_id(number),
            name: format!("{} {number}", first.name),
            domain: format!("t{number}.{}", first.domain),
            service_plans,
            ..first.clone()
        })
        .collect();
    for app in &mut config.apps {
        app.consented = true;
    }
    config
}

/// Serves a simulated cloud until the process is ended; prints its address first.
pub async fn simulate(options: SimulateOptions) -> Result<(), String> {
    let mut config = company_config(options.users, options.tenants, options.plans);
    config.page_latency_ms = options.latency_ms;
    config.limits = if options.limits { Limits::default() } else { Limits::none() };
    let server = Sim::new(config).serve(([127, 0, 0, 1], 0).into()).await.map_err(|e| e.to_string())?;
    println!("{} {}", server.graph_url(), server.login_url());
    // Why it reads: the process that started it holds its input open, so this one ends with it.
    let mut line = String::new();
    let _ = BufReader::new(tokio::io::stdin()).read_line(&mut line).await;
    Ok(())
}

/// A Graph that is measured against.
pub struct Cloud {
    /// The base address of Graph, without a version.
    pub graph_url: String,
    /// The base address of the login.
    pub login_url: String,
    child: Option<Child>,
    /// It serves until it is dropped.
    _server: Option<sim::SimServer>,
}

impl Cloud {
    /// The Graph that the options name, or a simulated one of that many tenants.
    pub async fn open(common: &Common, tenants: usize, limits: bool) -> Result<Self, String> {
        if let (Some(graph_url), Some(login_url)) = (&common.graph_url, &common.login_url) {
            return Ok(Self::at(graph_url, login_url, None));
        }
        let own = std::env::current_exe().map_err(|e| e.to_string())?;
        let mut command = Command::new(own);
        command.args(["simulate", "--users", &common.users.to_string(), "--tenants", &tenants.to_string()]);
        command.args(["--plans", &common.plans.to_string()]);
        command.args(["--latency-ms", &common.latency_ms.to_string()]);
        if limits {
            command.arg("--limits");
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| format!("the simulated cloud does not start: {e}"))?;
        let out = child.stdout.take().ok_or("the simulated cloud has no output")?;
        let line = BufReader::new(out).lines().next_line().await.map_err(|e| e.to_string())?;
        let line = line.ok_or("the simulated cloud ended")?;
        let (graph_url, login_url) =
            line.split_once(' ').ok_or("the simulated cloud does not say where it is")?;
        Ok(Self::at(graph_url, login_url, Some(child)))
    }

    fn at(graph_url: &str, login_url: &str, child: Option<Child>) -> Self {
        Self { graph_url: graph_url.to_owned(), login_url: login_url.to_owned(), child, _server: None }
    }

    /// One that answers at that address for login and Graph alike, and whose processor time is not told.
    pub fn at_this_machine(url: &str) -> Self {
        Self::at(url, url, None)
    }

    /// A simulated Graph in this process, where its processor time need not be measured apart.
    #[cfg(test)]
    pub async fn within(users: usize) -> Result<Self, String> {
        let mut config = SimConfig::company(1, users);
        config.limits = Limits::none();
        for app in &mut config.apps {
            app.consented = true;
        }
        let server = Sim::new(config).serve(([127, 0, 0, 1], 0).into()).await.map_err(|e| e.to_string())?;
        let (graph_url, login_url) = (server.graph_url(), server.login_url());
        Ok(Self { graph_url, login_url, child: None, _server: Some(server) })
    }

    /// Processor seconds that the simulated cloud has used, where it is ours.
    pub fn cpu_seconds(&self) -> Option<f64> {
        self.child.as_ref().and_then(Child::id).map(cpu_seconds)
    }

    /// Lets the simulated Graph allow that share of Microsoft's limits from now on.
    pub async fn limit(&self, share: f64) -> Result<(), String> {
        let http = reqwest::Client::builder().no_proxy().build().map_err(|e| e.to_string())?;
        let url = format!("{}/_sim/switches", self.graph_url);
        let answer = http.post(url).json(&json!({ "limits": share })).send().await;
        let answer = answer.map_err(|e| e.to_string())?;
        if answer.status().is_success() { Ok(()) } else { Err("the limits cannot be set".to_owned()) }
    }

    /// Changes the job titles of `count` users, spread over the tenant, through Graph itself; another `round` chooses
    /// others.
    pub async fn change_users(&self, common: &Common, count: usize, round: u64) -> Result<(), String> {
        if count == 0 {
            return Ok(());
        }
        let ids = self.changeable_users(common).await?;
        self.change_some(common, &ids, count, round).await
    }

    /// The administrator of the tenant that is measured.
    pub async fn administrator(&self, common: &Common) -> Result<Administrator, String> {
        let credentials = Credentials {
            tenant: common.tenant.clone(),
            client_id: common.client_id.clone(),
            secret: common.client_secret.clone(),
            // Why empty: nobody is created, so no user name has to end with it.
            domain: Some(String::new()),
        };
        let signed_in =
            Administrator::sign_in(&self.graph_url, &self.login_url, &credentials, Haste::Patient);
        signed_in.await.map_err(|e| e.to_string())
    }

    /// The ids of the users that can be changed in Graph: of those that are synchronised from elsewhere, none.
    pub async fn changeable_users(&self, common: &Common) -> Result<Vec<String>, String> {
        let admin = self.administrator(common).await?;
        let filtered = "users?$select=id&$filter=onPremisesSyncEnabled%20ne%20true&$top=999";
        let users = if let Ok(users) = admin.list(filtered).await {
            users
        } else {
            // Why: not every Graph knows the filter.
            let all = admin.list("users?$select=id,onPremisesSyncEnabled&$top=999").await;
            all.map_err(|e| e.to_string())?
        };
        let own = users.iter().filter(|u| u["onPremisesSyncEnabled"] != true);
        Ok(own.filter_map(|u| u["id"].as_str().map(str::to_owned)).collect())
    }

    /// Changes the job titles of `count` of these users, evenly spread over them; another `round` chooses others.
    pub async fn change_some(
        &self,
        common: &Common,
        ids: &[String],
        count: usize,
        round: u64,
    ) -> Result<(), String> {
        if count == 0 {
            return Ok(());
        }
        let admin = self.administrator(common).await?;
        let step = (ids.len() / count).max(1);
        let shift = usize::try_from(round).unwrap_or(0) * 7;
        let mut chosen: VecDeque<usize> = (0..count).map(|n| (n * step + shift) % ids.len()).collect();
        let mut tries = count + ids.len();
        while !chosen.is_empty() {
            let part: Vec<usize> = chosen.drain(..chosen.len().min(20)).collect();
            let requests: Vec<Value> =
                part.iter().enumerate().map(|(n, at)| new_title(n, &ids[*at], round)).collect();
            let sent = admin.write(Method::POST, "$batch", &json!({ "requests": requests })).await;
            let body = sent.map_err(|e| e.to_string())?;
            let answers = body["responses"].as_array().ok_or("a batch has no answers")?;
            for bad in answers.iter().filter(|a| a["status"].as_u64().is_none_or(|s| s >= 300)) {
                let at = bad["id"].as_str().and_then(|n| part.get(n.parse::<usize>().ok()?));
                // Why the next user: one who holds a role may be changed by few.
                match at {
                    Some(at) if bad["status"] == 403 && tries > 0 => chosen.push_back((at + 1) % ids.len()),
                    _ => return Err(format!("a change was refused: {bad}")),
                }
                tries -= 1;
            }
        }
        Ok(())
    }
}

/// The inner request of a batch that changes a user's job title.
fn new_title(number: usize, id: &str, round: u64) -> Value {
    json!({"id": number.to_string(), "method": "PATCH", "url": format!("/users/{id}"),
        "headers": {"Content-Type": "application/json"},
        "body": {"jobTitle": format!("Title {round} of {id}")}})
}
