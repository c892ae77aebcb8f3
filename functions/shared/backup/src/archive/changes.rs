//! The changes of a finished comparison, read page by page. FORMAT.md section 2.

use super::tenant::TenantArchive;
use domain::changes::{Change, MOST_LINKS};
use domain::kinds::{KINDS, Kind, KindName};
use domain::{Error, Result};
use engine::records::Diff;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What the names of the pages of a comparison's changes begin with.
pub(super) fn page_place(diff: &Diff) -> String {
    // Why elsewhere: what was stored before it was begun again is never replaced.
    let again = if diff.span.begun_again { "again/" } else { "" };
    let anew = match diff.span.stored_anew {
        0 => String::new(),
        times => format!("anew-{times}/"),
    };
    format!("diffs/{}/{again}{anew}", diff.id)
}

/// The name of a page of a comparison's changes; pages count from 0.
pub(crate) fn page_name(diff: &Diff, page: u32) -> String {
    format!("{}{page:06}", page_place(diff))
}

/// One page of a finished comparison; pages count from 0.
///
/// # Errors
/// `NotFound` beyond the last page; `Corrupt` when a page that must be there is not.
pub async fn get_page(archive: &TenantArchive, diff: &Diff, page: u32) -> Result<Vec<Change>> {
    if page >= diff.pages {
        return Err(Error::not_found("there is no such page of changes"));
    }
    let bytes = archive.find(&page_name(diff, page)).await?;
    let bytes = bytes.ok_or_else(|| Error::corrupt("a page of changes is missing"))?;
    serde_json::from_slice(&bytes)
        .map_err(|e| Error::corrupt("a page of changes cannot be read").caused_by(e))
}

/// All changes of a finished comparison, each whole.
pub async fn list_changes(archive: &TenantArchive, diff: &Diff) -> Result<Vec<Change>> {
    let mut all = Vec::new();
    for page in 0..diff.pages {
        all.extend(get_page(archive, diff, page).await?);
    }
    Ok(Change::joined(all))
}

/// How many pages of changes one request reads at the most: some tens of thousands of changes.
pub const MOST_PAGES: usize = 250;

/// What was found of some changes that were looked for.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundChanges {
    /// Of each that was looked for, in the same order; none where it was not found.
    pub changes: Vec<Option<Change>>,
    /// Whether what was not found is not there; otherwise [`MOST_PAGES`] were read and there are more.
    pub is_complete: bool,
}

/// The changes of these objects, by kind and key: only pages that may hold one of them are read.
///
/// # Errors
/// `Corrupt` when a page that must be there is not.
pub async fn find_changes(
    archive: &TenantArchive,
    diff: &Diff,
    sought: &[(&'static Kind, &str)],
) -> Result<FoundChanges> {
    let mut search = ChangeSearch::new(archive, diff, sought);
    // Changes are in the order of kinds and keys, so each is looked for by halves.
    for (number, (kind, key)) in sought.iter().enumerate() {
        let place = (kind_number(diff, kind.name), (*key).to_owned());
        let (mut low, mut high) = (0, diff.pages);
        while low < high && search.found[number].is_none() {
            let middle = low + (high - low) / 2;
            match search.look(middle).await? {
                Some((first, _)) if place < first => high = middle,
                Some((_, last)) if place > last => low = middle + 1,
                _ => break,
            }
        }
    }
    // Why: what was created again stands where its new key is, and it is named by its former one.
    let mut is_complete = true;
    for page in 0..diff.pages {
        if search.found.iter().all(Option::is_some) {
            break;
        }
        is_complete &= search.look(page).await?.is_some();
    }
    for number in 0..sought.len() {
        is_complete &= search.find_all_parts(number).await?;
    }
    Ok(FoundChanges { changes: search.found, is_complete })
}

/// All changes of one object, each whole. It may stand at several of these keys: at its own, and at the one under which it was
/// created again. None where [`MOST_PAGES`] do not do.
///
/// # Errors
/// `Corrupt` when a page that must be there is not.
pub(crate) async fn changes_at(
    archive: &TenantArchive,
    diff: &Diff,
    kind: &Kind,
    keys: &BTreeSet<&str>,
) -> Result<Option<Vec<Change>>> {
    let (mut found, mut reads) = (Vec::new(), 0);
    for key in keys {
        let sought = (kind_number(diff, kind.name), (*key).to_owned());
        // The first page that ends at that place or behind it.
        let (mut low, mut high) = (0, diff.pages);
        while low < high {
            let middle = low + (high - low) / 2;
            reads += 1;
            let (_, last) = ends(diff, &get_page(archive, diff, middle).await?)?;
            if last < sought { low = middle + 1 } else { high = middle }
        }
        for page in low..diff.pages {
            if reads >= MOST_PAGES {
                return Ok(None);
            }
            reads += 1;
            let changes = get_page(archive, diff, page).await?;
            let (_, last) = ends(diff, &changes)?;
            found.extend(changes.into_iter().filter(|change| place_of(diff, change) == sought));
            if last > sought {
                break;
            }
        }
    }
    Ok(Some(Change::joined(found)))
}

/// Where a change stands: the number of its kind, and its key of the later side.
type ChangePlace = (usize, String);

fn kind_number(diff: &Diff, name: KindName) -> usize {
    let number = if diff.kinds.is_empty() {
        KINDS.iter().position(|kind| kind.name == name)
    } else {
        diff.kinds.iter().position(|kind| *kind == name)
    };
    number.unwrap_or(usize::MAX)
}

fn place_of(diff: &Diff, change: &Change) -> ChangePlace {
    let number = change.kind.find().map_or(usize::MAX, |kind| kind_number(diff, kind.name));
    (number, change.new_key.as_ref().unwrap_or(&change.key).clone())
}

/// The first and the last place of a page.
fn ends(diff: &Diff, page: &[Change]) -> Result<(ChangePlace, ChangePlace)> {
    match (page.first(), page.last()) {
        (Some(first), Some(last)) => Ok((place_of(diff, first), place_of(diff, last))),
        _ => Err(Error::corrupt("a page of changes is empty")),
    }
}

struct ChangeSearch<'a> {
    archive: &'a TenantArchive,
    diff: &'a Diff,
    /// The numbers of what is sought, by key.
    numbers: HashMap<&'a str, Vec<(usize, &'static Kind)>>,
    found: Vec<Option<Change>>,
    /// The parts of what was found that go on with it, by page, and the pages on which something of it is.
    parts: Vec<BTreeMap<u32, Vec<Change>>>,
    /// The first and the last place of each page that was read.
    read: BTreeMap<u32, (ChangePlace, ChangePlace)>,
}

impl<'a> ChangeSearch<'a> {
    fn new(archive: &'a TenantArchive, diff: &'a Diff, sought: &[(&'static Kind, &'a str)]) -> Self {
        let mut numbers: HashMap<&str, Vec<(usize, &'static Kind)>> = HashMap::new();
        for (number, (kind, key)) in sought.iter().enumerate() {
            numbers.entry(key).or_default().push((number, kind));
        }
        let parts = vec![BTreeMap::new(); sought.len()];
        Self { archive, diff, numbers, found: vec![None; sought.len()], parts, read: BTreeMap::new() }
    }

    /// Reads the pages around those on which something of a change is, as far as they have more of it, and makes it whole;
    /// returns whether all of it was read.
    async fn find_all_parts(&mut self, number: usize) -> Result<bool> {
        // Why not otherwise: a change that is whole has fewer links than a part may have.
        let is_full = |change: &Change| change.rating.continued || change.links.len() >= MOST_LINKS;
        let has_more = self.found[number].as_ref().is_some_and(is_full)
            || self.parts[number].values().flatten().next().is_some();
        if !has_more {
            return Ok(true);
        }
        let known: Vec<u32> = self.parts[number].keys().copied().collect();
        let (Some(first), Some(last)) = (known.first().copied(), known.last().copied()) else {
            return Ok(true);
        };
        for page in (0..first).rev() {
            let Some(_) = self.look(page).await? else { return Ok(false) };
            if !self.parts[number].contains_key(&page) {
                break;
            }
        }
        for page in last + 1..self.diff.pages {
            let Some(_) = self.look(page).await? else { return Ok(false) };
            if !self.parts[number].contains_key(&page) {
                break;
            }
        }
        let rest = std::mem::take(&mut self.parts[number]).into_values().flatten();
        if let Some(whole) = &mut self.found[number] {
            whole.links.extend(rest.flat_map(|part| part.links));
        }
        Ok(true)
    }

    /// The first and last place of a page, of which all that is sought is taken when it is read; none when no other page
    /// may be read.
    async fn look(&mut self, page: u32) -> Result<Option<(ChangePlace, ChangePlace)>> {
        if let Some(known) = self.read.get(&page) {
            return Ok(Some(known.clone()));
        }
        if self.read.len() >= MOST_PAGES {
            return Ok(None);
        }
        let changes = get_page(self.archive, self.diff, page).await?;
        let (first, last) = ends(self.diff, &changes)?;
        for change in changes {
            let of = self.numbers.get(change.key.as_str()).into_iter().flatten();
            for (number, _) in of.filter(|(_, kind)| change.kind == kind.name) {
                let parts = self.parts[*number].entry(page).or_default();
                if change.rating.continued {
                    parts.push(change.clone());
                } else {
                    self.found[*number] = Some(change.clone());
                }
            }
        }
        self.read.insert(page, (first.clone(), last.clone()));
        Ok(Some((first, last)))
    }
}
