//! An object that gave something up for a while, such as its name, and does not get what it gave that up for: it has what it
//! had before.

use super::outcome::{Ended, is_of_run};
use super::progress::RestoreRun;
use domain::Result;
use domain::restore::{Step, content, same};
use engine::ports::DirectoryWrite;

impl RestoreRun<'_> {
    /// Gives the object of a step back what an earlier step took from it, where the step came to nothing and nobody has
    /// changed it since.
    ///
    /// # Errors
    /// Only what concerns all of the run: throttling.
    pub(super) async fn put_back(&mut self, now: &Step, ended: &Ended) -> Result<()> {
        let Some(instead) = &now.instead else { return Ok(()) };
        let Ended::With(verdict) = ended else { return Ok(()) };
        if verdict.state.is_success() || !self.may_write() {
            return Ok(());
        }
        let kind = now.kind()?;
        let live = match self.worker.directory.find_live(self.tenant(), kind, &now.id, &[]).await {
            Ok(Some(live)) => content(kind, &live.object),
            Err(error) if is_of_run(&error) => return Err(error),
            Ok(None) | Err(_) => return Ok(()),
        };
        let for_a_while = now.before.as_ref();
        let has_it_still =
            |name: &String| same(live.get(name), for_a_while.and_then(|before| before.get(name)));
        if !instead.keys().all(has_it_still) {
            return Ok(());
        }
        let call = DirectoryWrite::Update { kind, id: now.id.clone(), body: instead.clone() };
        match self.apply(&call).await {
            Err(error) if is_of_run(&error) => Err(error),
            // Why no error: the step says what it did not come to, and the object shows what it has.
            Err(error) => {
                tracing::warn!(step = now.number, cause = error.kind().name(), "a name was not put back");
                Ok(())
            }
            Ok(_) => Ok(()),
        }
    }
}
