//! Marks: what somebody knows of a tenant and Holdfast cannot find out. Made, listed, taken back.
//!
//! What is marked has to be there when it is marked. A mark hides nothing: an account that is kept for emergencies makes its
//! changes weigh more, a snapshot that is known to be good is offered first, and what was expected asks nobody for attention.

use crate::archive::{Archive, SnapshotView, find_changes, name_of};
use domain::changes::Change;
use domain::kinds::{KINDS, Kind, NamedKind};
use domain::text::check_line;
use domain::{DiffId, Error, ErrorKind, Result, SnapshotId, TenantId};
use engine::Listed;
use engine::ports::{Clock, Page, Write};
use engine::records::{
    Diff, Expected, Found, JobState, MOST_BREAK_GLASS, MOST_EXPECTED, MOST_KNOWN_GOOD, Mark, MarkOf,
    MarkSort, MarkedChange, Reason, Record, Records, Snapshot, Tenant, delete, put_new, replace,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// How many characters what stands beside a mark has at the most.
pub const MOST_NOTE: usize = 300;
/// How many characters the place where it is written down has at the most.
pub const MOST_TICKET: usize = 100;
/// How often a mark is made or taken back anew while others mark the same comparison.
const ATTEMPTS: usize = 5;

/// A mark that is to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct NewMark {
    /// On what.
    pub of: NewMarkOf,
    /// What stands beside it.
    pub note: Option<String>,
    /// Where it is written down, such as the number of a ticket.
    pub ticket: Option<String>,
}

/// What is to be marked.
#[derive(Clone, Debug, PartialEq)]
pub enum NewMarkOf {
    /// The account of that id is kept for emergencies.
    BreakGlass(String),
    /// The snapshot is known to be good.
    KnownGood(SnapshotId),
    /// What a comparison found was expected: the change of an object of that kind and key, or all of it.
    Expected(DiffId, Option<(&'static Kind, String)>),
}

/// Makes marks, lists them, and takes them back.
#[derive(Clone)]
pub struct Marks {
    /// Where what is marked is seen to be there.
    pub archive: Arc<Archive>,
    /// Rows of marks, and of what they are on.
    pub records: Records,
    /// The time at which a mark is made.
    pub clock: Arc<dyn Clock>,
}

impl Marks {
    /// Makes a mark, in the name of that person or token; says whether it was not there before.
    ///
    /// # Errors
    /// `Invalid`, naming the field; `NotFound` when there is no such snapshot or comparison; `Conflict` when that is not
    /// sealed or not done, when it is marked already with other words, and when there are as many marks as there can be.
    pub async fn put(&self, tenant: &TenantId, by: &str, new: NewMark) -> Result<(Mark, bool)> {
        let NewMark { of, note, ticket } = new;
        for (field, text, most) in [("note", &note, MOST_NOTE), ("ticket", &ticket, MOST_TICKET)] {
            if let Some(text) = text {
                check_line(field, text, most)?;
            }
        }
        let of = self.checked(tenant, of).await?;
        if of.sort() == MarkSort::Expected && note.is_none() && ticket.is_none() {
            return Err(Error::invalid_field("ticket", "or a note is needed: why it was expected"));
        }
        let mark = Mark { tenant: tenant.clone(), of, note, ticket, by: by.to_owned(), at: self.clock.now() };
        let mut attempt = 1;
        loop {
            if let Some(found) = self.records.find(&mark.address()).await? {
                let found = found.value;
                return if (&found.note, &found.ticket) == (&mark.note, &mark.ticket) {
                    Ok((found, false))
                } else {
                    Err(Error::conflict("it is marked already: take that mark back first"))
                };
            }
            let mut writes = vec![put_new(&mark)?];
            writes.extend(self.counted(&mark, true).await?);
            match self.records.write(writes).await {
                Ok(()) => return Ok((mark, true)),
                Err(error) if error.kind() == ErrorKind::Conflict && attempt < ATTEMPTS => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes a mark back.
    ///
    /// # Errors
    /// `NotFound` when there is none of that id.
    pub async fn take_back(&self, tenant: &TenantId, id: &str) -> Result<()> {
        let mut attempt = 1;
        loop {
            let found = self.records.get(&Mark::at(tenant, id)).await?;
            let mut writes = vec![delete(&found.value, found.version)];
            writes.extend(self.counted(&found.value, false).await?);
            match self.records.write(writes).await {
                Err(error) if error.kind() == ErrorKind::Conflict && attempt < ATTEMPTS => attempt += 1,
                other => return other,
            }
        }
    }

    /// The marks of a tenant: all, those of a sort, or those on a comparison and on its changes. Those of snapshots come with
    /// the newest snapshot first.
    pub async fn list(
        &self,
        tenant: &TenantId,
        (sort, comparison): (Option<MarkSort>, Option<&DiffId>),
        page: Page,
    ) -> Result<Listed<Mark>> {
        let under = match (comparison, sort) {
            (Some(comparison), None | Some(MarkSort::Expected)) => Mark::of_comparison(tenant, comparison),
            (Some(_), Some(_)) => {
                return Err(Error::invalid_field("comparison", "goes with marks of what was expected"));
            }
            (None, Some(sort)) => Mark::of_sort(tenant, sort),
            (None, None) => Mark::all(tenant),
        };
        let (rows, next) = self.records.list(&under, Page { descending: true, ..page }).await?;
        Ok(Listed { items: rows.into_iter().map(|row| row.value).collect(), next })
    }

    /// Which of these snapshots are known to be good, and who said so.
    pub async fn known_good(
        &self,
        tenant: &TenantId,
        snapshots: impl Iterator<Item = &SnapshotId>,
    ) -> Result<BTreeMap<SnapshotId, Mark>> {
        let of = snapshots.map(|snapshot| MarkOf::KnownGood { snapshot: snapshot.clone() });
        let marks = self.find_each(tenant, of).await?.into_iter();
        let by_snapshot = marks.filter_map(|mark| match &mark.of {
            MarkOf::KnownGood { snapshot } => Some((snapshot.clone(), mark)),
            MarkOf::BreakGlass { .. } | MarkOf::Expected { .. } => None,
        });
        Ok(by_snapshot.collect())
    }

    /// Which of these comparisons were expected as a whole, and who said so.
    pub async fn expected(
        &self,
        tenant: &TenantId,
        comparisons: impl Iterator<Item = &DiffId>,
    ) -> Result<BTreeMap<DiffId, Mark>> {
        let of =
            comparisons.map(|comparison| MarkOf::Expected { comparison: comparison.clone(), change: None });
        let marks = self.find_each(tenant, of).await?.into_iter();
        let by_comparison = marks.filter_map(|mark| match &mark.of {
            MarkOf::Expected { comparison, .. } => Some((comparison.clone(), mark)),
            MarkOf::BreakGlass { .. } | MarkOf::KnownGood { .. } => None,
        });
        Ok(by_comparison.collect())
    }

    /// The marks that there are on these.
    async fn find_each(&self, tenant: &TenantId, of: impl Iterator<Item = MarkOf>) -> Result<Vec<Mark>> {
        let at: Vec<_> = of.map(|of| Mark::at(tenant, &of.id())).collect();
        let rows = self.records.find_each(&at).await?.into_iter().flatten();
        rows.map(|row| row.map(|found| found.value)).collect()
    }

    /// The newest snapshot that is known to be good.
    ///
    /// # Errors
    /// `NotFound` where none is.
    pub async fn last_known_good(&self, tenant: &TenantId) -> Result<SnapshotId> {
        let sort = (Some(MarkSort::KnownGood), None);
        let mut after = None;
        loop {
            let Listed { items, next } =
                self.list(tenant, sort, Page { after, limit: 10, descending: true }).await?;
            for mark in items {
                let MarkOf::KnownGood { snapshot } = mark.of else {
                    continue;
                };
                if self.records.find(&Snapshot::at(tenant, &snapshot)).await?.is_some() {
                    return Ok(snapshot);
                }
            }
            if next.is_none() {
                return Err(Error::not_found("no snapshot is marked as known to be good"));
            }
            after = next;
        }
    }

    /// These accounts, and which are kept for emergencies, those and others; with their names, as far as the newest snapshot can be
    /// read and has them.
    pub async fn accounts(&self, tenant: &TenantId, ids: &BTreeSet<&str>) -> Result<Accounts> {
        let marks = self.records.list_all(&Mark::of_sort(tenant, MarkSort::BreakGlass)).await?;
        let kept = marks.into_iter().filter_map(|mark| match mark.value.of {
            MarkOf::BreakGlass { object } => Some(object),
            MarkOf::KnownGood { .. } | MarkOf::Expected { .. } => None,
        });
        let break_glass: BTreeSet<String> = kept.collect();
        let all = ids.iter().copied().chain(break_glass.iter().map(String::as_str)).collect();
        // Why no error: whoever reads the plan of a restore may do so since the newest snapshot is damaged, and an id will do.
        let names = self.names_of(tenant, &all).await.unwrap_or_else(|error| {
            tracing::warn!(kind = error.kind().name(), "names of accounts cannot be read");
            BTreeMap::new()
        });
        Ok(Accounts { break_glass, names })
    }

    /// What the newest snapshot calls these accounts.
    async fn names_of(&self, tenant: &TenantId, ids: &BTreeSet<&str>) -> Result<BTreeMap<String, String>> {
        let mut names = BTreeMap::new();
        let newest = self.records.find(&Tenant::at(tenant)).await?.and_then(|row| row.value.last_sealed);
        let Some(newest) = newest else { return Ok(names) };
        let view = SnapshotView::open(&self.archive.open(tenant).await?, &newest).await?;
        for kind in KINDS.iter().copied().filter(|kind| kind.is_person() && view.covers(kind)) {
            for id in ids {
                let found = view.find_object(kind, id).await?;
                if let Some(name) = found.and_then(|object| name_of(kind, &object)) {
                    names.insert((*id).to_owned(), name);
                }
            }
        }
        Ok(names)
    }

    /// What is marked, seen to be there.
    async fn checked(&self, tenant: &TenantId, of: NewMarkOf) -> Result<MarkOf> {
        match of {
            NewMarkOf::KnownGood(snapshot) => {
                let row = self.records.get(&Snapshot::at(tenant, &snapshot)).await?.value;
                if row.state != JobState::Done || row.reason == Reason::Live {
                    return Err(Error::conflict("the snapshot is not sealed"));
                }
                Ok(MarkOf::KnownGood { snapshot })
            }
            NewMarkOf::BreakGlass(object) => {
                let newest = self.records.get(&Tenant::at(tenant)).await?.value.last_sealed;
                let newest = newest.ok_or_else(|| Error::conflict("there is no sealed snapshot yet"))?;
                let view = SnapshotView::open(&self.archive.open(tenant).await?, &newest).await?;
                for kind in KINDS.iter().copied().filter(|kind| kind.is_person() && view.covers(kind)) {
                    if view.find_object(kind, &object).await?.is_some() {
                        return Ok(MarkOf::BreakGlass { object });
                    }
                }
                Err(Error::invalid_field("object", "is no account of the newest snapshot"))
            }
            NewMarkOf::Expected(comparison, change) => {
                let diff = self.records.get(&Diff::at(tenant, &comparison)).await?.value;
                if diff.state != JobState::Done {
                    return Err(Error::conflict("the comparison is not done"));
                }
                let change = match change {
                    None => None,
                    Some((kind, key)) => {
                        let archive = self.archive.open(tenant).await?;
                        let found = find_changes(&archive, &diff, &[(kind, &key)]).await?;
                        let is_complete = found.is_complete;
                        let found = found.changes.into_iter().next().flatten().ok_or_else(|| {
                            if is_complete {
                                Error::invalid_field("key", "names no change of it")
                            } else {
                                Error::conflict("too much differs to look for that change: mark the comparison as a whole")
                            }
                        })?;
                        Some(MarkedChange { kind: kind.name.into(), key, privileged: found.privileged })
                    }
                };
                Ok(MarkOf::Expected { comparison, change })
            }
        }
    }

    /// What is written with a mark that is made or taken back; refused where there are as many as there can be.
    async fn counted(&self, mark: &Mark, is_made: bool) -> Result<Option<Write>> {
        let (tenant, sort) = (&mark.tenant, mark.of.sort());
        let MarkOf::Expected { comparison, change } = &mark.of else {
            let most = if sort == MarkSort::BreakGlass { MOST_BREAK_GLASS } else { MOST_KNOWN_GOOD };
            if is_made && self.records.list_all(&Mark::of_sort(tenant, sort)).await?.len() >= most {
                return Err(Error::conflict(format!("{most} of these are marked: take one of them back")));
            }
            return Ok(None);
        };
        let found = self.records.find(&Expected::at(tenant, comparison)).await?;
        let (mut count, version) = match found {
            Some(Found { value, version }) => (value, Some(version)),
            None => (Expected::nothing_of(tenant, comparison), None),
        };
        if is_made && change.is_some() && count.changes >= MOST_EXPECTED {
            let why = format!("{MOST_EXPECTED} changes of it are marked: mark the comparison as a whole");
            return Err(Error::conflict(why));
        }
        count.count(change.as_ref(), is_made);
        match version {
            Some(version) if count.is_nothing() => Ok(Some(delete(&count, version))),
            Some(version) => replace(&count, version).map(Some),
            None if count.is_nothing() => Ok(None),
            None => put_new(&count).map(Some),
        }
    }
}

/// What is known of accounts, by their ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// Those that are kept for emergencies.
    pub break_glass: BTreeSet<String>,
    /// What they are called.
    pub names: BTreeMap<String, String>,
}

/// What of a comparison was expected.
#[derive(Debug, Default)]
pub(super) struct ExpectedChanges {
    whole: Option<Mark>,
    changes: HashMap<(NamedKind, String), Mark>,
}

impl ExpectedChanges {
    /// The mark on a change, or else that on the comparison as a whole.
    pub(super) fn of(&self, change: &Change) -> Option<&Mark> {
        if self.changes.is_empty() {
            return self.whole.as_ref();
        }
        self.changes.get(&(change.kind.clone(), change.key.clone())).or(self.whole.as_ref())
    }
}

/// What somebody said of a comparison was expected.
pub(super) async fn expected_of(
    records: &Records,
    tenant: &TenantId,
    comparison: &DiffId,
) -> Result<ExpectedChanges> {
    let mut expected = ExpectedChanges::default();
    for row in records.list_all(&Mark::of_comparison(tenant, comparison)).await? {
        let mark = row.value;
        match &mark.of {
            MarkOf::Expected { change: Some(change), .. } => {
                expected.changes.insert((change.kind.clone(), change.key.clone()), mark);
            }
            _ => expected.whole = Some(mark),
        }
    }
    Ok(expected)
}
