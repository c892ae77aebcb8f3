//! A kind whose pages are all read: its operations merged into its runs.

use super::Reading;
use super::kind::Sorters;
use super::progress::{KindReading, KindRuns};
use crate::archive::{Op, Ops, Resolver, RunReader, Sorter, TenantArchive, merge, read_object};
use async_trait::async_trait;
use domain::kinds::{Kind, LinkType, LinkWrite};
use domain::stored::{Index, RunRef, names};
use domain::{Error, Result, canonical};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Merges the operations of a kind; gives its runs.
pub(super) async fn kind(
    reading: &Reading<'_>,
    kind: &'static Kind,
    state: KindReading,
    mut sorters: Sorters,
) -> Result<KindRuns> {
    let (archive, incremental) = (reading.archive, state.incremental);
    let mut runs: BTreeMap<String, RunRef> = BTreeMap::new();
    let base = |run: &str| reading.base.and_then(|b| b.runs.get(run));
    let onto = |run: &str| base(run).filter(|_| incremental);

    let objects = sorters.take(kind.name).into_ops().await?;
    let mut resolver = ObjectResolver {
        kind,
        incremental,
        names: sorters.take(&format!("{}.names", kind.name)),
        gone: Vec::new(),
    };
    let run = merge(archive, kind.cut_bits, onto(kind.name), base(kind.name), objects, &mut resolver).await?;
    runs.insert(kind.name.to_owned(), run);

    let ObjectResolver { names, gone, .. } = resolver;
    let names_run = format!("{}.names", kind.name);
    let ops = names.into_ops().await?;
    let run =
        merge(archive, NAMES_CUT_BITS, onto(&names_run), base(&names_run), ops, &mut PutResolver).await?;
    runs.insert(names_run, run);

    for facet in kind.facets() {
        let name = format!("{}.{facet}", kind.name);
        if state.missing.iter().any(|m| m.source == name) {
            continue;
        }
        // Facets are listed whole each time.
        let ops = sorters.take(&name).into_ops().await?;
        let run = merge(archive, kind.cut_bits, None, base(&name), ops, &mut PutResolver).await?;
        runs.insert(name, run);
    }
    for link in kind.links {
        let reverse_name = format!("{}.reverse", link.name);
        let mut forward = sorters.take(link.name);
        let mut reverse = sorters.take(&reverse_name);
        if link.write == LinkWrite::Single {
            forward = single_links(archive, onto(link.name), forward, &mut reverse).await?;
        }
        if let Some(run) = onto(link.name).filter(|_| !gone.is_empty()) {
            let index = archive.get_index(run).await?;
            for from in &gone {
                for to in ends(archive, &index, &format!("{from}/")).await? {
                    forward.push(format!("{from}/{to}"), &Op::Remove).await?;
                    reverse.push(format!("{to}/{from}"), &Op::Remove).await?;
                }
            }
        }
        for (name, sorter) in [(link.name.to_owned(), forward), (reverse_name, reverse)] {
            let ops = sorter.into_ops().await?;
            let run = merge(archive, link.cut_bits, onto(&name), base(&name), ops, &mut PutResolver).await?;
            runs.insert(name, run);
        }
    }
    let full_at = if incremental {
        reading.base.and_then(|b| b.full_at.get(kind.name)).copied()
    } else {
        Some(state.started_at)
    };
    Ok(KindRuns {
        runs,
        tokens: state.tokens,
        missing: state.missing,
        full_at,
        incremental,
        hard_deleted: state.hard_deleted,
    })
}

/// Name keys are some sixty bytes.
const NAMES_CUT_BITS: u32 = 12;

/// The rest of every key of a run that begins with the prefix.
pub(super) async fn ends(archive: &TenantArchive, index: &Index, prefix: &str) -> Result<Vec<String>> {
    let mut reader = RunReader::within(archive, index, prefix.as_bytes());
    let mut found = Vec::new();
    while let Some((key, _)) = reader.next().await? {
        let Some(rest) = key.strip_prefix(prefix.as_bytes()) else { break };
        found.push(String::from_utf8_lossy(rest).into_owned());
    }
    Ok(found)
}

/// Operations `from -> to` of a link of which an object has at most one, as operations on `from/to`.
async fn single_links(
    archive: &TenantArchive,
    base: Option<&RunRef>,
    sorter: Sorter,
    reverse: &mut Sorter,
) -> Result<Sorter> {
    let index = match base {
        Some(run) => archive.get_index(run).await?,
        None => Index::default(),
    };
    let mut forward = Sorter::new(archive, Vec::new());
    let mut ops: Ops = sorter.into_ops().await?;
    while let Some((from, op)) = ops.next().await? {
        let from = String::from_utf8(from).map_err(|_| Error::corrupt("a parked key is not text"))?;
        for to in ends(archive, &index, &format!("{from}/")).await? {
            forward.push(format!("{from}/{to}"), &Op::Remove).await?;
            reverse.push(format!("{to}/{from}"), &Op::Remove).await?;
        }
        let Op::Put(bytes) = op else { continue };
        let text = String::from_utf8(bytes).map_err(|_| Error::corrupt("a parked link is not text"))?;
        let (to, value) = text.split_once('/').ok_or_else(|| Error::corrupt("a parked link has no end"))?;
        let value = if value == "{}" { "" } else { value };
        forward.push(format!("{from}/{to}"), &Op::Put(value.as_bytes().to_vec())).await?;
        reverse.push(format!("{to}/{from}"), &Op::Put(Vec::new())).await?;
    }
    Ok(forward)
}

/// Objects: what a delta says is laid over what the base says; names follow.
struct ObjectResolver {
    kind: &'static Kind,
    incremental: bool,
    names: Sorter,
    gone: Vec<String>,
}

#[async_trait]
impl Resolver for ObjectResolver {
    fn resolve(&mut self, key: &[u8], old: Option<&[u8]>, op: Op) -> Result<Option<Vec<u8>>> {
        let before = old.map(read_object).transpose()?;
        let after = match op {
            Op::Remove => None,
            Op::Renew(new) => Some(new),
            Op::Put(bytes) => Some(read_object(&bytes)?),
            Op::Overlay(new) => {
                let mut whole = before.clone().unwrap_or_default();
                whole.extend(new);
                Some(whole)
            }
        };
        let after = after.map(|object| self.completed(object));
        let id = String::from_utf8_lossy(key).into_owned();
        if self.incremental && before.is_some() && after.is_none() {
            self.gone.push(id.clone());
        }
        let names = |object: &Option<Map<String, Value>>| {
            object.as_ref().map(|o| name_keys(self.kind, o, &id)).unwrap_or_default()
        };
        let (old_names, new_names) = (names(&before), names(&after));
        for name in old_names.iter().filter(|n| !new_names.contains(n)) {
            self.names.push_unparked(name.clone(), &Op::Remove);
        }
        for name in new_names.iter().filter(|n| !old_names.contains(n)) {
            self.names.push_unparked(name.clone(), &Op::Put(Vec::new()));
        }
        Ok(after.map(|object| canonical::text(&Value::Object(object)).into_bytes()))
    }

    async fn flush(&mut self) -> Result<()> {
        self.names.park_if_full().await
    }
}

impl ObjectResolver {
    /// What was asked for and is not in the answer was never set.
    fn completed(&self, mut object: Map<String, Value>) -> Map<String, Value> {
        let relation = |p: &str| self.kind.links.iter().any(|l: &LinkType| l.relation == p);
        for property in self.kind.reading[0].select.iter().filter(|p| !relation(p)) {
            if !object.contains_key(*property) {
                object.insert((*property).to_owned(), Value::Null);
            }
        }
        object
    }
}

/// Every key under which an object is found by name.
fn name_keys(kind: &Kind, object: &Map<String, Value>, id: &str) -> Vec<Vec<u8>> {
    let properties = std::iter::once(&kind.name_property).chain(kind.search);
    let texts = properties.filter_map(|p| object.get(*p).and_then(Value::as_str));
    let mut keys: Vec<_> = texts.flat_map(|text| names::name_keys(text, id)).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Records that are what the operation says.
pub(super) struct PutResolver;

#[async_trait]
impl Resolver for PutResolver {
    fn resolve(&mut self, _key: &[u8], _old: Option<&[u8]>, op: Op) -> Result<Option<Vec<u8>>> {
        match op {
            Op::Put(bytes) => Ok(Some(bytes)),
            Op::Remove => Ok(None),
            Op::Overlay(_) | Op::Renew(_) => Err(Error::corrupt("an object among links")),
        }
    }
}
