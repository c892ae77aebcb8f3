//! `holdfast ask-tenant`: asks a real tenant, by reading alone, what the simulator's switches are in doubt about.
//!
//! What is printed are counts, statuses, yes and no, words of ours and Microsoft's codes: [`Fact`] holds nothing else, so no
//! name, id or address of a customer can be in it. `questions` is the table, `probes` asks.

mod probes;
mod questions;

pub use questions::{QUESTIONS, Question, Way};

use crate::embedded::{FileSecrets, SecretSettings};
use clap::Args;
use domain::{Error, Result, TenantId};
use engine::ports::{DirectoryAccess, DirectoryPages, Secrets};
use graph::{GraphClient, GraphDirectory, GraphSettings};
use probes::Asker;
use runtime::system::{SystemClock, SystemIds};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

/// The options of `holdfast ask-tenant`.
#[derive(Args, Clone, Debug)]
pub struct AskTenantOptions {
    /// The id of the tenant, in which the reading application is consented to.
    pub tenant: TenantId,
    /// Prints one JSON object, and nothing else.
    #[arg(long)]
    pub json: bool,
    /// The folder of a local installation, whose credential is taken where HOLDFAST_READER_CLIENT_ID gives none.
    #[arg(long, default_value = ".holdfast", env = "HOLDFAST_DATA")]
    pub data: PathBuf,
    /// The base address of Microsoft Graph, without a version.
    #[arg(long, env = GraphSettings::GRAPH_URL)]
    pub graph_url: Option<String>,
    /// The base address of Microsoft's login.
    #[arg(long, env = GraphSettings::LOGIN_URL)]
    pub login_url: Option<String>,
}

/// One thing that was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Fact {
    /// How many there were, or a number that Microsoft gave.
    Count(u64),
    /// Whether it is so.
    Is(bool),
    /// A word of ours.
    Word(&'static str),
    /// A code of Microsoft's: letters, `-`, `_` and `.` alone.
    Code(Code),
}

/// A code of Microsoft's, such as `Request_BadRequest`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Code(String);

impl Code {
    /// The code, where the text has the shape of one: no digits, so that it is no id.
    pub fn of(text: &str) -> Option<Self> {
        let is_fine = |byte: u8| byte.is_ascii_alphabetic() || b"-_.".contains(&byte);
        let starts = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
        (starts && text.len() <= 64 && text.bytes().all(is_fine)).then(|| Self(text.to_owned()))
    }
}

/// What was seen, by what it is called.
pub type Facts = BTreeMap<&'static str, Fact>;

/// The answer to one question.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// The switch of the simulator that it is about.
    pub switch: &'static str,
    /// The question, in words for people.
    pub asked: &'static str,
    /// What was seen; empty where it cannot be asked.
    pub seen: Facts,
    /// Why it cannot be asked by reading alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cannot: Option<&'static str>,
}

/// Everything that was asked, and what was seen.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The version of this program.
    pub version: &'static str,
    /// The application permissions that the token has, by Microsoft's names.
    pub permissions: Vec<Code>,
    /// How many requests were made.
    pub requests: u64,
    /// The questions in their order.
    pub answers: Vec<Answer>,
}

/// Runs `holdfast ask-tenant`: prints what the tenant shows.
///
/// # Errors
/// When the login gives no token, or Graph does not answer.
pub async fn run(options: AskTenantOptions) -> Result<()> {
    let secrets = FileSecrets::open(options.data.join("secrets"), SecretSettings::from_env()?)?;
    let report = ask(&options, Arc::new(secrets)).await?;
    if options.json {
        let text = serde_json::to_string_pretty(&report);
        println!("{}", text.map_err(|e| Error::invalid("a report cannot be written").caused_by(e))?);
    } else {
        print!("{}", report.to_text());
    }
    Ok(())
}

/// Asks every question that can be asked by reading.
///
/// # Errors
/// As [`run`].
pub async fn ask(options: &AskTenantOptions, secrets: Arc<dyn Secrets>) -> Result<Report> {
    let mut settings = GraphSettings::default();
    let given = |text: &Option<String>| text.clone().filter(|t| !t.trim().is_empty());
    settings.graph_url = given(&options.graph_url).unwrap_or(settings.graph_url);
    settings.login_url = given(&options.login_url).unwrap_or(settings.login_url);
    let (clock, ids) = (Arc::new(SystemClock), Arc::new(SystemIds::<SystemClock>::default()));
    let client = GraphClient::new(settings, secrets, GraphDirectory::SECRET, clock, ids)?;
    let directory = GraphDirectory::new(client.clone());
    let roles = directory.access(&options.tenant).await?.permissions;
    let asker = Asker { client, tenant: options.tenant.clone(), roles };
    let mut answers = Vec::with_capacity(QUESTIONS.len());
    for question in QUESTIONS {
        let (seen, cannot) = match question.way {
            Way::Ask(probe) => (asker.probe(probe).await?, None),
            Way::Cannot(why) => (Facts::new(), Some(why)),
        };
        answers.push(Answer { switch: question.switch, asked: question.asks, seen, cannot });
    }
    Ok(Report {
        version: env!("CARGO_PKG_VERSION"),
        permissions: asker.roles.iter().filter_map(|role| Code::of(role)).collect(),
        requests: directory.take_spent(&options.tenant).requests,
        answers,
    })
}

impl Report {
    /// The report for a person to read, and to send on.
    pub fn to_text(&self) -> String {
        let mut text =
            format!("holdfast {}, {} requests, all of them to read\n", self.version, self.requests);
        for answer in &self.answers {
            let _ = write!(text, "\n{}: {}\n", answer.switch, answer.asked);
            for (name, fact) in &answer.seen {
                let _ = writeln!(text, "  {name}: {fact}");
            }
            if let Some(why) = answer.cannot {
                let _ = writeln!(text, "  not asked: {why}");
            }
        }
        text
    }
}

impl std::fmt::Display for Fact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Is(true) => f.write_str("yes"),
            Self::Is(false) => f.write_str("no"),
            Self::Word(word) => f.write_str(word),
            Self::Code(Code(code)) => f.write_str(code),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_not_the_shape_of_a_code_is_not_printed() {
        for code in ["Request_BadRequest", "AadPremiumLicenseRequired", "User-LifeCycleInfo.Read.All"] {
            assert_eq!(Code::of(code), Some(Code(code.to_owned())));
        }
        for other in
            ["", "Anna Berg", "anna@contoso.com", "ae000000-0000-4000-8000-000000000001", "a1", "a'b"]
        {
            assert_eq!(Code::of(other), None, "{other}");
        }
    }
}
