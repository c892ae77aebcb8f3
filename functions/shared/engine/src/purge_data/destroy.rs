//! The destruction of a tenant's key, which stands in the partner's audit log before it is done: nobody asks for it at that
//! moment, but the tick.

use super::Worker;
use crate::records::{Ending, Found, Organisation};
use domain::Result;
use domain::audit::{Event, Outcome, Who};
use std::collections::BTreeMap;

impl Worker {
    /// Destroys the key, and writes into the partner's audit log that it is about to, and that it has.
    pub(super) async fn destroy_key(&self, found: &mut Found<Organisation>, ending: Ending) -> Result<()> {
        let (partner, organisation) = (found.value.partner.clone(), found.value.id.clone());
        let mut event = Event {
            at: self.clock.now(),
            who: Who { id: "purge-data".to_owned(), role: None, partner: None },
            what: "destroy the key of {org}".to_owned(),
            subjects: BTreeMap::from([("org".to_owned(), organisation.to_string())]),
            from: None,
            request: format!("deletion of {organisation}"),
            outcome: Outcome::Asked,
        };
        // Why an error ends it here: what cannot be written down is not done, and the next tick tries again.
        self.audit.append(Some(&partner), &event).await?;
        self.begin(found, ending).await?;
        event.outcome = Outcome::Answered(204);
        if let Err(error) = self.audit.append(Some(&partner), &event).await {
            tracing::error!(%organisation, %error, "that a key is destroyed could not be written into the audit log");
        }
        Ok(())
    }
}
