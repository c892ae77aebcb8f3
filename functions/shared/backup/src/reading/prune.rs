//! Links to objects that are gone for good. A delta of groups need not report them; a list does not have
//! them. Links to what is in the recycle bin stay until Graph says otherwise: they come back with it.

use super::Reading;
use super::progress::{KindProgress, Progress};
use super::resolvers::PutResolver;
use super::sorters::reverse;
use super::take::joined;
use crate::archive::{Block, Merged, Onto, Op, Sorter, Stop, merge};
use domain::kinds;
use domain::stored::RunRef;
use domain::{Error, Result};
use std::collections::BTreeMap;

/// Takes links to hard-deleted objects out of every run that was built on a base. Doing it again changes
/// nothing.
pub(super) async fn hard_deleted(reading: &Reading, progress: &mut Progress) -> Result<()> {
    let archive = &reading.archive;
    let mut blocks: Vec<Block> = Vec::new();
    let mut runs: BTreeMap<String, RunRef> = BTreeMap::new();
    for state in progress.kinds.values() {
        if let KindProgress::Done(done) = state {
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
        let held = archive.open_run(Some(back_run)).await?;
        let mut sorters = [
            Sorter::new(archive, Vec::new(), &reading.budget),
            Sorter::new(archive, Vec::new(), &reading.budget),
        ];
        let mut deleted = Sorter::new(archive, blocks.clone(), &reading.budget).into_ops(None).await?;
        let mut key = Vec::new();
        while deleted.advance().await? {
            let to = String::from_utf8_lossy(deleted.head().unwrap_or_default()).into_owned();
            for from in held.ends(&format!("{to}/")).await? {
                joined(&mut key, &from, &to);
                sorters[0].push(&key, Op::Remove).await?;
                joined(&mut key, &to, &from);
                sorters[1].push(&key, Op::Remove).await?;
            }
        }
        for ((name, run), sorter) in
            [(link.name, forward_run), (back.as_str(), back_run)].into_iter().zip(sorters)
        {
            let ops = sorter.into_ops(None).await?;
            let onto = Onto::Changes(run);
            match merge(archive, run.cut_bits, onto, ops, None, &mut PutResolver, Stop::when(&|| false))
                .await?
            {
                Merged::Done(pruned) => {
                    if let Some(KindProgress::Done(done)) = progress.kinds.get_mut(&link.from.to_string()) {
                        done.runs.insert(name.to_owned(), pruned);
                    }
                }
                Merged::Stopped(..) => return Err(Error::unavailable("a merge was stopped")),
            }
        }
    }
    Ok(())
}
