//! What an object is like right before a step writes to it: stored before it is written, so that the restore can be undone,
//! also where it died in its middle. And what an object is like that a step made or brought back: so that it can be seen
//! whether somebody changed it since.

use super::check::link_of;
use super::outcome::{Ended, Verdict, is_of_run};
use super::progress::RestoreRun;
use crate::plans::{Before, BeforeLink};
use domain::Result;
use domain::kinds::{LinkEnd, LinkType, LinkWrite};
use domain::restore::{Step, Warning, WriteAction};
use engine::ports::LiveObject;
use engine::records::SkipCause;

impl RestoreRun<'_> {
    /// Stores what is to be written over or destroyed, once for each step: `live` is the object as it was just read, with the
    /// links that the step is about. Or how the step ended, where that cannot be read.
    ///
    /// # Errors
    /// Only what concerns all of the run: throttling, the vault.
    pub(super) async fn keep_before(
        &self,
        step: &Step,
        now: &Step,
        live: Option<&LiveObject>,
    ) -> Result<Option<Ended>> {
        // What was begun has kept it: what is there by now may be our own.
        if self.outcome(step.number).is_some() {
            return Ok(None);
        }
        // What is made was not there, and is kept once it is.
        if matches!(step.action, WriteAction::Create { .. } | WriteAction::Undelete { .. }) {
            return Ok(None);
        }
        let kind = now.kind()?;
        let mut links: Vec<&'static LinkType> = link_of(now)?.into_iter().collect();
        let mut whole = None;
        let mut before = Before::default();
        let is_deletion = now.action == WriteAction::Delete;
        let loses = step.warnings.contains(&Warning::LosesMembers);
        if is_deletion || loses {
            // Links go that nobody named: all with the object, or those that a rule takes over.
            links = kind.links.iter().filter(|link| is_deletion || link.ruled_by.is_some()).collect();
            match self.worker.directory.find_live(self.tenant(), kind, &now.id, &links).await {
                Ok(Some(found)) => whole = Some(found),
                Ok(None) if loses => return Ok(Some(Verdict::skipped(SkipCause::Gone))),
                // Somebody deleted it at this moment: what it had cannot be kept, and nothing is left to do.
                Ok(None) => return Ok(Some(Verdict::already_so())),
                Err(e) if is_of_run(&e) => return Err(e),
                Err(e) => return Ok(Some(Verdict::unreadable(&e))),
            }
            // A role assignment is given again for as long as it was given.
            if let Some(schedules) = kind.schedules().filter(|_| is_deletion) {
                let found = self.worker.directory.find_live(self.tenant(), schedules, &now.id, &[]).await;
                match found {
                    Ok(found) => (before.knows_schedule, before.schedule) = (true, found.map(|f| f.object)),
                    Err(e) if is_of_run(&e) => return Err(e),
                    Err(e) => before.knows_schedule = e.is_unlicensed(),
                }
            }
        }
        if let Some(live) = whole.as_ref().or(live) {
            before.object = Some(live.object.clone());
            before.unknown = live.unknown.iter().map(|part| (*part).to_owned()).collect();
            // Why not all: a group may have many members, and as many steps write some of them.
            let kept = live.links.iter().filter(|(link, to, _)| writes(now, step, link, to));
            before.links = kept.filter_map(link_before).collect();
        }
        before.link_types = links.iter().map(|link| link.name.to_owned()).collect();
        let (tenant, restore) = (self.tenant(), &self.restore.id);
        self.worker.plans.put_new_before(tenant, restore, step.number, &before).await?;
        Ok(None)
    }

    /// Stores what an object is like that the step made or brought back, once it is seen.
    pub(super) async fn keep_came(&self, step: &Step, live: Option<&LiveObject>) -> Result<()> {
        let brings = matches!(step.action, WriteAction::Create { .. } | WriteAction::Undelete { .. });
        if let Some(live) = live.filter(|_| brings) {
            let unknown = live.unknown.iter().map(|part| (*part).to_owned()).collect();
            let came = Before { object: Some(live.object.clone()), unknown, ..Before::default() };
            let (tenant, restore) = (self.tenant(), &self.restore.id);
            self.worker.plans.put_new_before(tenant, restore, step.number, &came).await?;
        }
        Ok(())
    }
}

/// Whether a step may write this link of its object; `now` is the step with the ids of today, or a part of it.
fn writes(now: &Step, step: &Step, link: &LinkType, to: &str) -> bool {
    match (&step.action, &now.action) {
        // It is performed one by one, and kept before the first.
        (WriteAction::RemoveOtherLinks { .. }, _) => true,
        (_, WriteAction::AddLinks { to: ends, .. }) => {
            link.write == LinkWrite::Single || ends.iter().any(|end| end.id == to)
        }
        (_, WriteAction::RemoveLink { to: end, .. }) => end.id == to,
        _ => true,
    }
}

fn link_before((link, to, end): &(&'static LinkType, String, LinkEnd)) -> Option<BeforeLink> {
    match end {
        LinkEnd::Present(value) => {
            Some(BeforeLink { link: link.name.to_owned(), to: to.clone(), value: value.clone() })
        }
        LinkEnd::Gone => None,
    }
}
