//! Who is in a unit that keeps others from managing its members: what is written to them Graph refuses, unless the writing
//! application has a role over that unit, which a preview cannot see.

use super::gather::Gather;
use crate::passing::may_pass;
use domain::Result;
use domain::kinds::{KINDS, Kind, LinkType};
use domain::restore::{Inputs, RestorePlan};
use engine::ports::{Cursor, PageEnd};

impl Gather<'_> {
    /// Adds to the inputs which objects are in such units now, where a plan writes to any that can be. What the reading
    /// application may not see is left to Graph.
    pub async fn restricted(&self, plan: &RestorePlan, inputs: &mut Inputs) -> Result<()> {
        for kind in KINDS {
            for link in kind.links {
                let Some(property) = link.restricts else { continue };
                let can_be_in = |step: &domain::restore::Step| {
                    step.kind.find().is_some_and(|kind| link.to.contains(&kind.name))
                };
                if !plan.steps.iter().any(can_be_in) {
                    continue;
                }
                match self.list_marked(kind, property).await {
                    Ok(marked) => self.take_ends(kind, link, &marked, inputs).await?,
                    Err(e) if may_pass(&e) => return Err(e),
                    Err(_) => {}
                }
            }
        }
        Ok(())
    }

    /// The ids of the live objects of a kind of which that property is true.
    async fn list_marked(&self, kind: &'static Kind, property: &str) -> Result<Vec<String>> {
        let (mut cursor, mut found) = (Cursor::Start, Vec::new());
        loop {
            self.in_time()?;
            let page = self.worker.directory.read_page(self.tenant, &kind.reading[0], &cursor, &[]).await?;
            let marked = page.values()?.into_iter().filter(|object| object[property] == true);
            found.extend(marked.filter_map(|object| object["id"].as_str().map(str::to_owned)));
            match page.end {
                PageEnd::More(next) => cursor = next,
                PageEnd::Done(_) => return Ok(found),
            }
        }
    }

    async fn take_ends(
        &self,
        kind: &'static Kind,
        link: &'static LinkType,
        from: &[String],
        inputs: &mut Inputs,
    ) -> Result<()> {
        for id in from {
            let live = self.live(kind, id, &[link]).await;
            let Ok(live) = self.or_unreadable(kind, id, link.name, live).await? else { continue };
            inputs.restricted.extend(live.into_iter().flat_map(|live| live.links).map(|held| held.to));
        }
        Ok(())
    }
}
