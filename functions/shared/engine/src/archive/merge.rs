//! A run and what happened to it, merged into the next run. Untouched leaves are not read.

use super::{Op, Ops, RunWriter, TenantArchive};
use async_trait::async_trait;
use domain::stored::{Class, Index, RunRef, ends_leaf, read_leaf};
use domain::{ErrorKind, Result};
use std::collections::HashSet;

/// Says what a record becomes.
#[async_trait]
pub trait Resolver: Send {
    /// The new value of a record, or none when there is to be no such record.
    fn resolve(&mut self, key: &[u8], old: Option<&[u8]>, op: Op) -> Result<Option<Vec<u8>>>;
    /// Called between leaves.
    async fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Merges operations into a run. `known` are runs whose leaves are stored; the base is one of them.
pub async fn merge(
    archive: &TenantArchive,
    cut_bits: u32,
    base: Option<&RunRef>,
    known: Option<&RunRef>,
    mut ops: Ops,
    resolver: &mut dyn Resolver,
) -> Result<RunRef> {
    if let Some(run) = base.filter(|run| run.cut_bits == cut_bits)
        && ops.peek_key().await?.is_none()
    {
        return Ok(run.clone());
    }
    let index = match base {
        Some(run) => archive.get_index(run).await?,
        None => Index::default(),
    };
    let mut stored: HashSet<_> = index.leaves.iter().map(|l| l.hash).collect();
    stored.extend(base.map(|run| run.index));
    if let Some(run) = known.filter(|k| base != Some(*k)) {
        match archive.get_index(run).await {
            Ok(index) => {
                stored.insert(run.index);
                stored.extend(index.leaves.iter().map(|l| l.hash));
            }
            // Why: a damaged run is known in vain; a reading of everything must not end for it.
            Err(error) if error.kind() == ErrorKind::Corrupt => {}
            Err(error) => return Err(error),
        }
    }
    let mut writer = RunWriter::new(archive, Class::Leaf, cut_bits, stored);
    // Why: leaves of a run with other cuts cannot be taken over; it is read whole, once.
    let same_cuts = base.is_some_and(|run| run.cut_bits == cut_bits);
    for leaf in index.leaves {
        let open_end = !ends_leaf(&leaf.last_key, cut_bits);
        let touched = ops.peek_key().await?.is_some_and(|key| open_end || key <= leaf.last_key.as_slice());
        if same_cuts && !touched && writer.is_at_cut() {
            writer.take_over(leaf);
            continue;
        }
        let plain = archive.get_content(Class::Leaf, &leaf.hash).await?;
        for (key, value) in read_leaf(&plain)? {
            while ops.peek_key().await?.is_some_and(|next| next < key.as_slice()) {
                put_next(&mut ops, None, &mut writer, resolver).await?;
            }
            if ops.peek_key().await? == Some(key.as_slice()) {
                put_next(&mut ops, Some(&value), &mut writer, resolver).await?;
            } else {
                writer.push(&key, &value).await?;
            }
        }
        resolver.flush().await?;
    }
    while ops.peek_key().await?.is_some() {
        put_next(&mut ops, None, &mut writer, resolver).await?;
        resolver.flush().await?;
    }
    writer.finish().await
}

async fn put_next(
    ops: &mut Ops,
    old: Option<&[u8]>,
    writer: &mut RunWriter,
    resolver: &mut dyn Resolver,
) -> Result<()> {
    if let Some((key, op)) = ops.next().await?
        && let Some(value) = resolver.resolve(&key, old, op)?
    {
        writer.push(&key, &value).await?;
    }
    Ok(())
}
