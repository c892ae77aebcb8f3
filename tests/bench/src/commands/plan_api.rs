//! How fast the plan API answers while many call it: on a running installation, `cargo run -- serve`.

use crate::report::{as_f64, round, tell};
use reqwest::{Client, Method};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// The options of `bench plan-api`.
#[derive(clap::Args)]
pub struct Options {
    /// The API, as `serve` prints it.
    #[arg(long)]
    url: String,
    /// The bootstrap token, as `serve` prints it once: a partner is made with it.
    #[arg(long)]
    bootstrap_token: String,
    /// How many callers call at the same time.
    #[arg(long, default_value_t = 50)]
    callers: usize,
    /// For how many seconds they call.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Prints one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

/// One answer of the API and how long it took.
struct Answered {
    what: &'static str,
    ms: f64,
    status: u16,
}

/// What a portal calls with: a partner, the token of its Owner, and a plan.
struct Portal {
    http: Client,
    url: String,
    token: String,
    plan: String,
}

/// How many of each twenty calls are of which sort: what a portal does most is reading.
const MIX: [(&str, usize); 4] = [("list", 9), ("read", 7), ("create", 2), ("edit", 2)];

/// Measures the answers and prints the figures.
pub async fn run(options: Options) -> Result<(), String> {
    let portal = Arc::new(Portal::open(&options).await?);
    let until = Instant::now() + Duration::from_secs(options.seconds);
    let mut callers = JoinSet::new();
    for number in 0..options.callers {
        let portal = portal.clone();
        callers.spawn(async move { portal.call_until(number, until).await });
    }
    let mut all = Vec::new();
    while let Some(done) = callers.join_next().await {
        all.extend(done.map_err(|e| e.to_string())??);
    }
    let mut figures = Map::new();
    figures.insert("callers".into(), json!(options.callers));
    figures.insert("seconds".into(), json!(options.seconds));
    figures.insert("answers".into(), json!(all.len()));
    figures
        .insert("answers_a_second".into(), json!(round(as_f64(all.len() as u64) / as_f64(options.seconds))));
    let failed = all.iter().filter(|answer| answer.status >= 400).count();
    figures.insert("not_2xx".into(), json!(failed));
    insert_quantiles(&mut figures, "all", all.iter().map(|answer| answer.ms).collect());
    for (what, _) in MIX {
        let ms = all.iter().filter(|answer| answer.what == what).map(|answer| answer.ms).collect();
        insert_quantiles(&mut figures, what, ms);
    }
    tell(&figures, options.json);
    Ok(())
}

fn insert_quantiles(figures: &mut Map<String, Value>, what: &str, mut ms: Vec<f64>) {
    ms.sort_by(f64::total_cmp);
    let at = |hundredths: usize| ms.get(ms.len() * hundredths / 100).copied().map(round);
    figures.insert(format!("{what}_ms"), json!({"p50": at(50), "p95": at(95), "p99": at(99)}));
}

impl Portal {
    async fn open(options: &Options) -> Result<Self, String> {
        let http = Client::builder().no_proxy().build().map_err(|e| e.to_string())?;
        let url = options.url.trim_end_matches('/').to_owned();
        let mut portal = Self { http, url, token: options.bootstrap_token.clone(), plan: String::new() };
        let owner = json!({"name": "Ada", "email": "ada@example.com"});
        let partner =
            portal.ask(Method::POST, "partners", Some(json!({"name": "Bench", "owner": owner})), None);
        let (partner, _, _) = partner.await?;
        portal.token =
            partner["ownerToken"].as_str().ok_or_else(|| format!("no partner: {partner}"))?.to_owned();
        portal.ask(Method::POST, "partner/sku", Some(json!({"sku": "Entra"})), None).await?;
        let price = json!({"amountMinor": 250, "currency": "EUR"});
        let plan = json!({"product": "BackupEntra", "name": "P", "periodicity": "monthly", "price": price});
        let (plan, _, _) = portal.ask(Method::POST, "plans", Some(plan), None).await?;
        plan["id"].as_str().ok_or_else(|| format!("no plan: {plan}"))?.clone_into(&mut portal.plan);
        Ok(portal)
    }

    /// Makes one call; gives the body, the status and the version.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        version: Option<&str>,
    ) -> Result<(Value, u16, Option<String>), String> {
        let mut request =
            self.http.request(method, format!("{}/v1/{path}", self.url)).bearer_auth(&self.token);
        if let Some(version) = version {
            request = request.header("if-match", version);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.map_err(|e| e.to_string())?;
        let status = answer.status().as_u16();
        let version = answer.headers().get("etag").and_then(|v| v.to_str().ok()).map(str::to_owned);
        Ok((answer.json().await.unwrap_or_default(), status, version))
    }

    fn organisation(&self, name: &str) -> Value {
        json!({"name": name, "email": "it@example.com", "plan": self.plan, "seats": 10})
    }

    /// Calls until that instant, on an organisation of its own.
    async fn call_until(&self, number: usize, until: Instant) -> Result<Vec<Answered>, String> {
        let own = self.organisation(&format!("Customer {number}"));
        let (made, _, _) = self.ask(Method::POST, "organisations", Some(own), None).await?;
        let id = made["id"].as_str().ok_or_else(|| format!("no organisation: {made}"))?;
        let path = format!("organisations/{id}");
        let (_, _, mut version) = self.ask(Method::GET, &path, None, None).await?;
        let turns: Vec<&'static str> = MIX.iter().flat_map(|(what, times)| vec![*what; *times]).collect();
        let (mut answers, mut turn) = (Vec::new(), number);
        while Instant::now() < until {
            let what = turns[turn * 7 % turns.len()];
            turn += 1;
            let began = Instant::now();
            let (_, status, new_version) = match what {
                "list" => self.ask(Method::GET, "organisations?limit=20", None, None).await?,
                "read" => self.ask(Method::GET, &path, None, None).await?,
                "create" => {
                    let new = self.organisation(&format!("New {number} {turn}"));
                    self.ask(Method::POST, "organisations", Some(new), None).await?
                }
                _ => {
                    let edit = json!({"details": format!("Turn {turn}")});
                    self.ask(Method::PATCH, &path, Some(edit), version.as_deref()).await?
                }
            };
            answers.push(Answered { what, ms: began.elapsed().as_secs_f64() * 1_000.0, status });
            if what == "edit" || what == "read" {
                version = new_version.or(version);
            }
        }
        Ok(answers)
    }
}
