//! Who is in which group: the links of memberships, walked from members to groups.

use super::until::Until;
use crate::archive::SnapshotView;
use domain::filter::memberships;
use domain::kinds::KindName;
use domain::{Error, Result};
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A group, with the kind that it is of.
pub(super) type Group = (String, KindName);

/// How many members are looked up side by side.
const AT_ONCE: usize = 16;

/// The groups of one snapshot that something is a member of.
pub(super) struct Memberships<'v> {
    view: &'v SnapshotView,
    /// The groups that a group is a member of itself, of those that were come to. Why not of people: each is asked about once.
    of_groups: HashMap<String, Vec<Group>>,
}

impl<'v> Memberships<'v> {
    pub fn of(view: &'v SnapshotView) -> Self {
        Self { view, of_groups: HashMap::new() }
    }

    /// The groups that an object is a member of itself.
    pub async fn of_one(&self, key: &str) -> Result<Vec<Group>> {
        if let Some(known) = self.of_groups.get(key) {
            return Ok(known.clone());
        }
        let mut groups = Vec::new();
        for link in memberships() {
            if let Some(run) = self.view.find_run(&format!("{}.reverse", link.name)) {
                let found = self.view.opened(run).await?.ends(&format!("{key}/")).await?;
                groups.extend(found.into_iter().map(|group| (group, link.from)));
            }
        }
        Ok(groups)
    }

    async fn of_one_in_time(&self, member: String, until: &Until) -> Result<Option<(String, Vec<Group>)>> {
        if until.is_over() {
            return Ok(None);
        }
        let groups = self.of_one(&member).await?;
        Ok(Some((member, groups)))
    }

    /// The groups that these are in, however deep, without these themselves; none where that takes too long.
    pub async fn around(
        &mut self,
        these: BTreeSet<String>,
        until: &Until,
    ) -> Result<Option<BTreeSet<Group>>> {
        let (mut around, mut level) = (BTreeSet::new(), these.clone());
        while !level.is_empty() {
            let Some(found) = self.of_all(&level, until).await? else { return Ok(None) };
            let new = found.iter().flat_map(|(_, groups)| groups);
            let new: Vec<Group> =
                new.filter(|(id, _)| !these.contains(id)).filter(|g| !around.contains(*g)).cloned().collect();
            // Why not the first: it may be as many people as there are, one after the other.
            let are_groups = !around.is_empty() || these.len() > 1;
            if are_groups {
                self.of_groups.extend(found);
            }
            level = new.iter().map(|(id, _)| id.clone()).collect();
            around.extend(new);
        }
        Ok(Some(around))
    }

    /// For each the groups that it is a member of itself; none where that takes too long.
    async fn of_all(
        &self,
        members: &BTreeSet<String>,
        until: &Until,
    ) -> Result<Option<Vec<(String, Vec<Group>)>>> {
        let (known, unknown): (Vec<_>, Vec<_>) =
            members.iter().partition(|member| self.of_groups.contains_key(*member));
        let mut found: Vec<_> =
            known.into_iter().map(|member| (member.clone(), self.of_groups[member].clone())).collect();
        if unknown.len() > self.leaves().await? {
            let Some(read) = self.read_through(&unknown, until).await? else { return Ok(None) };
            found.extend(read);
            return Ok(Some(found));
        }
        let looks: Vec<_> =
            unknown.into_iter().map(|member| self.of_one_in_time(member.clone(), until)).collect();
        let looked: Vec<Option<_>> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
        let looked: Option<Vec<_>> = looked.into_iter().collect();
        Ok(looked.map(|looked| found.into_iter().chain(looked).collect()))
    }

    /// How many leaves a walk over all memberships reads.
    async fn leaves(&self) -> Result<usize> {
        let mut leaves = 0;
        for link in memberships() {
            if let Some(run) = self.view.find_run(&format!("{}.reverse", link.name)) {
                leaves += self.view.opened(run).await?.leaves();
            }
        }
        Ok(leaves)
    }

    /// The same by one walk over all memberships. Why: looked up one by one, many members read more leaves than there are.
    async fn read_through(
        &self,
        members: &[&String],
        until: &Until,
    ) -> Result<Option<BTreeMap<String, Vec<Group>>>> {
        let mut found: BTreeMap<String, Vec<Group>> =
            members.iter().map(|member| ((*member).clone(), Vec::new())).collect();
        for link in memberships() {
            let Some(run) = self.view.find_run(&format!("{}.reverse", link.name)) else { continue };
            let mut reader = self.view.opened(run).await?.scan_far(b"").await?;
            while reader.advance().await? {
                if until.is_over() {
                    return Ok(None);
                }
                let key = reader.head().unwrap_or_default();
                let key = std::str::from_utf8(key)
                    .map_err(|e| Error::corrupt("the key of a link is not text").caused_by(e))?;
                let Some((member, group)) = key.split_once('/') else { continue };
                if let Some(groups) = found.get_mut(member) {
                    groups.push((group.to_owned(), link.from));
                }
            }
        }
        Ok(Some(found))
    }
}
