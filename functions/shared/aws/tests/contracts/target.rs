//! Which AWS endpoint the tests run against, and fresh resources on it.

use aws::{AwsClients, AwsNames, Provision, provision};
use engine::ports::Secret;
use std::collections::BTreeMap;
use support::contracts::{Allowance, Allowances, Subjects};

/// The secret that every target holds.
pub const SECRET: (&str, &str) = ("contract", "a secret text");
/// From whom the tests' mail comes.
pub const SENDER: &str = "Holdfast <alerts@holdfast.example>";

/// What stands behind the endpoint: `HOLDFAST_STAND_IN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandIn {
    /// ministack 1.5.33.
    Ministack,
    /// moto 5.1.22.
    Moto,
    /// Any other, AWS itself included: no fault of its own is assumed.
    Other,
}

/// A target with resources that no other run has used.
pub struct Target {
    pub stand_in: StandIn,
    pub endpoint: String,
    pub clients: AwsClients,
    pub names: AwsNames,
    pub subjects: Subjects,
    pub wanted: Provision,
}

impl Target {
    /// The target that `AWS_ENDPOINT_URL` names; without one it says that `what` did not run.
    pub async fn find(what: &str) -> Option<Self> {
        let Ok(endpoint) = std::env::var("AWS_ENDPOINT_URL") else {
            eprintln!("NOT RUN: {what}: no AWS endpoint is given (AWS_ENDPOINT_URL)");
            return None;
        };
        let stand_in = match std::env::var("HOLDFAST_STAND_IN").as_deref() {
            Ok("ministack") => StandIn::Ministack,
            Ok("moto") => StandIn::Moto,
            _ => StandIn::Other,
        };
        let id = uuid::Uuid::new_v4();
        let wanted = Provision {
            prefix: format!("test-{}", &id.simple().to_string()[..20]),
            sender: SENDER.to_owned(),
            secrets: BTreeMap::from([(SECRET.0.to_owned(), Secret::new(SECRET.1))]),
            visibility_timeout_s: 600,
        };
        let clients = AwsClients::load().await;
        let names = provision(&clients, &wanted).await.expect("an endpoint on which all can be made");
        aws_vault::make_bucket(&clients, &names.bucket).await.expect("a bucket");
        let subjects = Subjects::seeded(id.as_u64_pair().0);
        Some(Self { stand_in, endpoint, clients, names, subjects, wanted })
    }

    /// What the target is known not to keep of the contracts.
    pub fn allowances(&self) -> Allowances {
        match self.stand_in {
            StandIn::Ministack => Allowances::none("ministack"),
            StandIn::Moto => Allowances::none("moto").and(
                Allowance::RedeliveryIsNotModelled,
                "it forgets a deduplication id when the message is deleted",
            ),
            StandIn::Other => Allowances::none("the endpoint")
                .and(Allowance::DueListsLag, "a global secondary index is eventually consistent"),
        }
    }
}
