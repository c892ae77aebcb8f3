//! Links to objects that are gone for good. A delta of groups need not report them; a list does not have
//! them. Links to what is in the recycle bin stay until Graph says otherwise: they come back with it.

use super::finish::{PutResolver, ends};
use super::progress::{KindProgress, Progress};
use crate::archive::{Op, Sorter, TenantArchive, merge};
use domain::Result;
use domain::kinds;
use domain::stored::RunRef;
use std::collections::BTreeMap;

/// Takes links to hard-deleted objects out of every run that was built on a base. Doing it again changes
/// nothing.
pub(super) async fn hard_deleted(archive: &TenantArchive, progress: &mut Progress) -> Result<()> {
    let mut deleted: Vec<String> = Vec::new();
    let mut runs: BTreeMap<String, RunRef> = BTreeMap::new();
    for state in progress.kinds.values() {
        if let KindProgress::Done(done) = state {
            deleted.extend(done.hard_deleted.iter().cloned());
            if done.incremental {
                runs.extend(done.runs.clone());
            }
        }
    }
    if deleted.is_empty() {
        return Ok(());
    }
    for link in kinds::links() {
        let reverse_name = format!("{}.reverse", link.name);
        let (Some(forward_run), Some(reverse_run)) = (runs.get(link.name), runs.get(&reverse_name)) else {
            continue;
        };
        let index = archive.get_index(reverse_run).await?;
        let mut forward = Sorter::new(archive, Vec::new());
        let mut reverse = Sorter::new(archive, Vec::new());
        for to in &deleted {
            for from in ends(archive, &index, &format!("{to}/")).await? {
                forward.push(format!("{from}/{to}"), &Op::Remove).await?;
                reverse.push(format!("{to}/{from}"), &Op::Remove).await?;
            }
        }
        for (name, run, sorter) in
            [(link.name.to_owned(), forward_run, forward), (reverse_name, reverse_run, reverse)]
        {
            if sorter.is_empty() {
                continue;
            }
            let ops = sorter.into_ops().await?;
            let pruned = merge(archive, run.cut_bits, Some(run), Some(run), ops, &mut PutResolver).await?;
            if let Some(KindProgress::Done(done)) = progress.kinds.get_mut(link.from) {
                done.runs.insert(name, pruned);
            }
        }
    }
    Ok(())
}
