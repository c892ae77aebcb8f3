//! Takes a live object for one that is gone: a row leads from the one's id to the other's from then on. Nothing is written
//! to the tenant.

use super::outcome::{Ended, Verdict, is_of_run};
use super::progress::RestoreRun;
use domain::Result;
use domain::restore::Step;
use engine::records::{NewId, SkipCause};

impl RestoreRun<'_> {
    pub(super) async fn take_for(&self, step: &Step, old: &str) -> Result<Ended> {
        let live = self.worker.directory.find_live(self.tenant(), step.kind()?, &step.id, &[]).await;
        match live {
            Ok(Some(_)) => {}
            Ok(None) => return Ok(Verdict::skipped(SkipCause::ChangedSincePreview)),
            Err(e) if is_of_run(&e) => return Err(e),
            Err(e) => return Ok(Verdict::unreadable(&e)),
        }
        match self.made_anew(old).await? {
            None => {}
            Some(id) if id == step.id => return Ok(Verdict::done(None)),
            Some(other) => return Ok(Verdict::moved(&other, true)),
        }
        let row = NewId {
            tenant: self.tenant().clone(),
            kind: step.kind.clone(),
            old: old.to_owned(),
            new: step.id.clone(),
            created_at: self.worker.clock.now(),
        };
        self.worker.records.put_new(&row).await?;
        Ok(Verdict::done(None))
    }
}
