//! Links to objects that were deleted for good. A delta of groups need not report them; a list does not have
//! them. Links to what is in the recycle bin stay until Graph says otherwise: they come back with it.

use super::context::Context;
use super::resolvers::PutResolver;
use super::sorters::reverse;
use super::take::join;
use crate::archive::{Merge, Merged, Onto, Op, Sorter};
use domain::kinds;
use domain::stored::{ParkedBlock, RunRef};
use domain::{Error, Result};
use engine::records::{KindState, ReadingState};
use std::collections::BTreeMap;

/// Takes links to objects that were deleted for good out of every run that was built on a base. Doing it again changes
/// nothing.
pub(super) async fn hard_deleted(context: &Context, state: &mut ReadingState) -> Result<()> {
    let archive = &context.archive;
    // The objects that every kind has deleted, and the runs that may still have links to them.
    let mut blocks: Vec<ParkedBlock> = Vec::new();
    let mut runs: BTreeMap<String, RunRef> = BTreeMap::new();
    for kind in state.kinds.values() {
        if let KindState::Done(done) = kind {
            blocks.extend(done.deleted.iter().cloned());
            if done.incremental {
                runs.extend(done.runs.clone());
            }
        }
    }
    if blocks.is_empty() {
        return Ok(());
    }
    for link in kinds::links() {
        let back = reverse(link.name);
        let (Some(forward_run), Some(back_run)) = (runs.get(link.name), runs.get(&back)) else { continue };
        let empty = || Sorter::new(archive, Vec::new(), &context.budget);
        let (mut forward_ops, mut back_ops) = (empty(), empty());

        // Each link is in two runs, under its near end and under its far end. The second finds what leads to an object.
        let held = archive.open_run(Some(back_run)).await?;
        let mut deleted = Sorter::new(archive, blocks.clone(), &context.budget).into_ops(None).await?;
        let mut key = Vec::new();
        while deleted.advance().await? {
            let to = String::from_utf8_lossy(deleted.head().unwrap_or_default()).into_owned();
            for from in held.ends(&format!("{to}/")).await? {
                join(&mut key, &from, &to);
                forward_ops.push(&key, Op::Remove).await?;
                join(&mut key, &to, &from);
                back_ops.push(&key, Op::Remove).await?;
            }
        }
        // Why both: a link that only one of them has would be found from one end and not from the other.
        for (name, run, ops) in [(link.name, forward_run, forward_ops), (back.as_str(), back_run, back_ops)] {
            let ops = ops.into_ops(None).await?;
            let merge = Merge::new(archive, run.cut_bits, Onto::Changing(run));
            let Merged::Done(pruned) = merge.run(ops, &mut PutResolver).await? else {
                return Err(Error::unavailable("a merge was stopped"));
            };
            if let Some(KindState::Done(done)) = state.kinds.get_mut(&link.from.to_string()) {
                done.runs.insert(name.to_owned(), pruned);
            }
        }
    }
    Ok(())
}
