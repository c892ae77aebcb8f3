//! Keeps runs shallow: layers of about one size are merged into a single one, and layers that have grown large are
//! folded into the base.
//!
//! Why: a run with a layer for each snapshot would be slow to read, and one whose base is written anew for
//! each snapshot costs what is there, not what changed. Layers of about one size are merged when there are
//! [`FAN`] of them, so a record is written again once for each fourfold growth.
//!
//! A log has layers alone, at most [`LOG_LAYERS`]: whoever reads it reads a leaf of each, and what is merged is stored a second time,
//! beside the layer that the snapshot's manifest goes on to name.

use super::leaves::{LeafReader, LeafWriter};
use super::run::OpenRun;
use super::tenant::TenantArchive;
use domain::Result;
use domain::stored::{Class, LayerRef, RunRef};
use std::collections::HashSet;

/// When there are this many layers of about one size, they are merged.
const FAN: usize = 4;
/// Layers of fewer plain bytes than this count as layers of one size, however small they are.
const SMALL_BYTES: u64 = 8 << 10;
/// Layers are folded into the base when it has at most this many times their plain bytes.
const FOLD: u64 = 2;
/// A log has at most this many layers.
const LOG_LAYERS: usize = 5;
/// A layer of a log is merged along with those behind it when it has at most this many times their plain bytes.
const ALONG: u64 = 2;
/// How many leaves of a layer are fetched ahead where it is read by itself.
const AHEAD: usize = 4;
/// How many plain bytes a second can be folded, at the least.
const FOLDED_A_SECOND: u64 = 4 << 20;

/// Whether that many plain bytes can be folded in the seconds that are left. A fold is left out where it could take longer: the
/// next snapshot does it.
pub(crate) fn may_fold_in(seconds_left: i64, bytes: u64) -> bool {
    u64::try_from(seconds_left).is_ok_and(|left| left > bytes / FOLDED_A_SECOND)
}

/// As [`consolidate`], as far as there is time for it: what is left out is done by the next snapshot.
pub(crate) async fn consolidate_in(
    archive: &TenantArchive,
    run: RunRef,
    seconds_left: &(dyn Fn() -> i64 + Sync),
) -> Result<RunRef> {
    // Layers are merged one size after the other: all of them are read once at the most, or a little more.
    if !may_fold_in(seconds_left(), run.plain_bytes - run.base_bytes()) {
        return Ok(run);
    }
    consolidate(archive, run, &|bytes| may_fold_in(seconds_left(), bytes)).await
}

/// The same records in fewer layers, where there are too many. `may_fold` says whether there is time to write the base
/// anew; it is given how many plain bytes would be read for that.
pub async fn consolidate(
    archive: &TenantArchive,
    mut run: RunRef,
    may_fold: &(dyn Fn(u64) -> bool + Sync),
) -> Result<RunRef> {
    // One merge may leave enough layers of the next size for another.
    while let Some(from) = crowd(&run.layers) {
        merge_from(archive, &mut run, from).await?;
    }
    // Why last: the merges above have shrunk the layers, so that a fold which is not needed is not done.
    let in_layers = run.plain_bytes - run.base_bytes();
    if !run.layers.is_empty() && run.base_bytes() <= FOLD * in_layers && may_fold(run.plain_bytes) {
        return fold(archive, &run).await;
    }
    Ok(run)
}

/// The same entries of a log in at most [`LOG_LAYERS`] layers. `may_merge` says whether there is time to write that many plain
/// bytes; where there is not, a later snapshot does it.
pub(crate) async fn consolidate_log(
    archive: &TenantArchive,
    mut run: RunRef,
    may_merge: &(dyn Fn(u64) -> bool + Sync),
) -> Result<RunRef> {
    while let Some(from) = surplus(&run.layers) {
        if !may_merge(run.layers[from..].iter().map(|layer| layer.plain_bytes).sum()) {
            break;
        }
        merge_from(archive, &mut run, from).await?;
    }
    Ok(run)
}

/// Where the newest layers of a log begin that are to be merged into one; none while there are few enough. The newest two, and
/// before them each that has at most [`ALONG`] times the bytes of those behind it: so layers shrink from the oldest to the newest,
/// and an entry is written again a few times in a year of snapshots.
fn surplus(layers: &[LayerRef]) -> Option<usize> {
    if layers.len() <= LOG_LAYERS {
        return None;
    }
    let bytes = |layers: &[LayerRef]| layers.iter().map(|layer| layer.plain_bytes).sum::<u64>();
    let mut from = layers.len() - 2;
    while from > 0 && layers[from - 1].plain_bytes <= ALONG * bytes(&layers[from..]) {
        from -= 1;
    }
    Some(from)
}

/// Puts one layer in the place of those from there on.
async fn merge_from(archive: &TenantArchive, run: &mut RunRef, from: usize) -> Result<()> {
    let merged = merge_layers(archive, run.cut_bits, &run.layers[from..]).await?;
    let old: Vec<LayerRef> = run.layers.drain(from..).collect();
    run.leaves = run.leaves + merged.leaves - old.iter().map(|l| l.leaves).sum::<u64>();
    run.plain_bytes = run.plain_bytes + merged.plain_bytes - old.iter().map(|l| l.plain_bytes).sum::<u64>();
    run.layers.push(merged);
    Ok(())
}

/// Where the newest layers begin that are to be merged into one; none when there are too few of one size.
fn crowd(layers: &[LayerRef]) -> Option<usize> {
    let size = |layer: &LayerRef| (layer.plain_bytes / SMALL_BYTES + 1).ilog(FAN as u64);
    let last = size(layers.last()?);
    let alike = layers.iter().rev().take_while(|layer| size(layer) <= last).count();
    (alike >= FAN).then(|| layers.len() - alike)
}

/// A reader of one layer by itself, with its values as a layer has them, at the first record whose key is not less than `start`.
pub(crate) async fn open_layer(
    archive: &TenantArchive,
    layer: &LayerRef,
    start: &[u8],
) -> Result<LeafReader> {
    let index = archive.kept_index(&layer.index).await?;
    let reader = LeafReader::new(archive, Class::Leaf, &index.leaves[index.seek(start)..], AHEAD);
    reader.keeping(archive.may_keep(layer.plain_bytes)).at(start).await
}

/// One layer in place of these: of a record that several of them have, the newest layer's counts.
async fn merge_layers(archive: &TenantArchive, cut_bits: u32, layers: &[LayerRef]) -> Result<LayerRef> {
    let mut writer = LeafWriter::new(archive, Class::Leaf, cut_bits, HashSet::new());
    let mut levels = Vec::with_capacity(layers.len());
    for layer in layers {
        let index = archive.get_index(&layer.index).await?;
        levels.push(LeafReader::from_key(archive, Class::Leaf, &index, &[], 1).await?);
    }
    // Every level stands at its first key that is not written yet, so the least of them comes next.
    let mut key = Vec::new();
    while let Some(least) = levels.iter().filter_map(LeafReader::head).min() {
        key.clear();
        key.extend_from_slice(least);
        let newest = levels.iter().rev().find(|level| level.head() == Some(&key));
        writer.push(&key, newest.map_or(&[][..], LeafReader::value)).await?;
        for level in &mut levels {
            if level.head() == Some(&key) {
                level.advance().await?;
            }
        }
    }
    Ok(writer.finish().await?.into_layer())
}

/// The run without layers. Leaves of the base that did not change keep their names and are not stored again.
async fn fold(archive: &TenantArchive, run: &RunRef) -> Result<RunRef> {
    let known = archive.get_index(&run.index).await?.leaves.iter().map(|l| l.hash).collect();
    let mut writer = LeafWriter::new(archive, Class::Leaf, run.cut_bits, known);
    let mut reader = OpenRun::open(archive, Some(run)).await?.scan(&[]).await?;
    while reader.advance().await? {
        writer.push(reader.head().unwrap_or_default(), reader.value()).await?;
    }
    Ok(writer.finish().await?.into_run(run.cut_bits))
}
