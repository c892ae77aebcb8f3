//! Where the story takes place: a cloud of this process, or an installation elsewhere that is reached by HTTP alone.

use crate::cloud::Cloud;
use domain::{Error, Result};
use engine::ports::Secret;
use std::path::PathBuf;
use std::time::Duration;

/// An installation that runs elsewhere. Mails and dead letters, which only its operator sees, are not checked there.
#[derive(Clone)]
pub struct Deployed {
    /// The base address at which its API is called from here.
    pub api: String,
    /// The base address that it calls itself by, where that cannot be resolved from here.
    pub public_url: Option<String>,
    /// The token by which the story's partner is made.
    pub bootstrap_token: Secret,
}

pub(super) enum Place {
    Here(Box<Cloud>),
    Deployed(Deployed),
}

impl Place {
    pub(super) fn api_url(&self) -> &str {
        match self {
            Self::Here(cloud) => cloud.api_url(),
            Self::Deployed(there) => &there.api,
        }
    }

    pub(super) fn bootstrap_token(&self) -> Result<&Secret> {
        match self {
            Self::Here(cloud) => cloud.bootstrap_token(),
            Self::Deployed(there) => Some(&there.bootstrap_token),
        }
        .ok_or_else(|| Error::denied("the bootstrap token is not known"))
    }

    /// Calls a ticking function, where the cloud is of this process; elsewhere a schedule calls it.
    pub(super) async fn tick(&self, name: &str) -> Result<()> {
        match self {
            Self::Here(cloud) => cloud.tick(name).await.map(drop),
            Self::Deployed(_) => Ok(()),
        }
    }

    /// How long to wait for what a tick starts.
    pub(super) fn tick_within(&self) -> Duration {
        match self {
            Self::Here(_) => Duration::ZERO,
            // Why: the schedule's minute, and as much again for what it starts.
            Self::Deployed(_) => Duration::from_mins(2),
        }
    }

    /// The address at which a browser here reaches what the place calls `url`.
    pub(super) fn reach(&self, url: &str) -> String {
        if let Self::Deployed(Deployed { api, public_url: Some(public), .. }) = self
            && let Some(rest) = url.strip_prefix(public.as_str()).filter(|r| r.starts_with(['/', '?']))
        {
            return format!("{api}{rest}");
        }
        url.to_owned()
    }

    /// The folder that mails lie in; none where they cannot be seen.
    pub(super) fn outbox(&self) -> Option<PathBuf> {
        match self {
            Self::Here(cloud) => Some(cloud.outbox()),
            Self::Deployed(_) => None,
        }
    }

    /// How many dead letters there are; none where that cannot be seen.
    pub(super) async fn dead_letters(&self) -> Result<Option<usize>> {
        match self {
            Self::Here(cloud) => cloud.dead_letters().await.map(|d| Some(d.len())),
            Self::Deployed(_) => Ok(None),
        }
    }

    pub(super) async fn stop(self) {
        if let Self::Here(cloud) = self {
            cloud.stop().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_installation_calls_itself_is_reached_at_its_api_and_nothing_else_is() {
        let there = Place::Deployed(Deployed {
            api: "http://127.0.0.1:1/api".to_owned(),
            public_url: Some("https://holdfast.example".to_owned()),
            bootstrap_token: Secret::new("x".to_owned()),
        });
        let callback = there.reach("https://holdfast.example/v1/consent/callback?state=s");
        assert_eq!(callback, "http://127.0.0.1:1/api/v1/consent/callback?state=s");
        for other in ["https://holdfast.example.org/v1", "https://login.example/authorize"] {
            assert_eq!(there.reach(other), other);
        }
    }
}
