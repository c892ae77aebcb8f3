//! What the entries between two snapshots come to: a version, by the rules of a comparison.

use super::super::reads::READS;
use super::cursor::Place;
use super::identity::Cluster;
use super::links::{Ends, LinkDraft, link_draft};
use super::{Happened, Telling, Version};
use crate::diff_snapshots::{Names, PAGE_BYTES, link_says_the_same, name_references};
use crate::log::{Entry, Part, Walk, Whose};
use crate::take_snapshot::comparison_id;
use domain::changes::{AttributeChange, compare_objects, observe_objects, type_of};
use domain::kinds::Identity;
use domain::stored::{Became, Differing};
use domain::{Error, Result, SnapshotId, Timestamp};
use engine::records::{Diff, Snapshot};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// How many rows are asked for at the same time.
const AT_ONCE: usize = 16;
/// In how many snapshots the name of an object that went is looked for at the most.
const LAST_TIMES: usize = 4;

/// Versions of one part.
pub(super) struct ToldVersions {
    /// The newest first.
    pub(super) versions: Vec<Version>,
    /// Where the part was cut, if it was.
    pub(super) cut: Option<Place>,
}

/// What an object is before and after, as far as it differs.
type TwoSides = (Map<String, Value>, Map<String, Value>);

/// The entries between a snapshot and the one before.
struct Draft<'a> {
    snapshot: &'a SnapshotId,
    since: &'a SnapshotId,
    entries: Vec<&'a Entry>,
}

impl Telling<'_> {
    /// The versions of a part, from its place on, of which all is known.
    pub(super) async fn versions(
        &self,
        walk: &Walk<'_>,
        cluster: &Cluster,
        place: &Place,
    ) -> Result<ToldVersions> {
        let frontier = walk.frontier();
        let mut drafts: BTreeMap<(&SnapshotId, &SnapshotId), Vec<&Entry>> = BTreeMap::new();
        for entry in &walk.entries {
            let (at, since) = (&entry.snapshot, &entry.logged.before);
            if frontier.as_ref().is_none_or(|frontier| at > frontier) && !place.is_told(at, since) {
                drafts.entry((at, since)).or_default().push(entry);
            }
        }
        let mut told = ToldVersions { versions: Vec::new(), cut: None };
        let (mut bytes, most_reads) = (0, self.archive.reads() + READS);
        let mut ends = Ends::of(self);
        for ((snapshot, since), entries) in drafts.into_iter().rev() {
            if bytes >= PAGE_BYTES || self.archive.reads() >= most_reads && bytes > 0 {
                if let Some(last) = told.versions.last() {
                    told.cut = Some(place.behind(&last.snapshot, &last.since, None));
                }
                break;
            }
            let draft = Draft { snapshot, since, entries };
            let Some((mut version, links)) = self.version(walk, cluster, &draft).await? else { continue };
            let skipped = place.told_links(snapshot, since);
            if skipped.is_some() {
                version.is_continued = true;
                version.attributes.clear();
            }
            bytes += size_of(&version)?;
            // Links one by one, each with its name, until the part is full.
            for (n, link) in links.into_iter().enumerate().skip(skipped.unwrap_or_default()) {
                let is_full = bytes >= PAGE_BYTES || self.archive.reads() >= most_reads;
                if is_full && !version.links.is_empty() {
                    told.cut = Some(place.behind(snapshot, since, Some(n)));
                    break;
                }
                let link = ends.named(link, (snapshot, since)).await?;
                bytes += size_of(&link)?;
                version.links.push(link);
            }
            told.versions.push(version);
            if told.cut.is_some() {
                break;
            }
        }
        self.date(&mut told.versions).await?;
        Ok(told)
    }

    /// What the entries of one span come to, and its links without their names; none where it is nothing that is told.
    async fn version(
        &self,
        walk: &Walk<'_>,
        cluster: &Cluster,
        draft: &Draft<'_>,
    ) -> Result<Option<(Version, Vec<LinkDraft>)>> {
        let of_objects = || {
            let objects =
                draft.entries.iter().filter(|e| matches!(walk.track(e.track).logged.part, Part::Objects));
            objects.filter(|e| e.logged.became != Became::Changed)
        };
        let came = of_objects().find(|e| is_there(e.logged.became)).copied();
        let went = of_objects().find(|e| !is_there(e.logged.became)).copied();
        let (what, key) = match (came, went) {
            (Some(came), went) => {
                let is_another = went.is_some() || came_after_another(walk, cluster, came);
                let what = match came.logged.became {
                    Became::Returned => Happened::Restored,
                    _ if is_another => Happened::Recreated,
                    _ => Happened::Created,
                };
                (what, Some(&came.record))
            }
            (None, Some(went)) => {
                let what = match went.logged.became {
                    Became::Binned => Happened::SoftDeleted,
                    Became::Gone => Happened::HardDeleted,
                    _ => Happened::Deleted,
                };
                (what, Some(&went.record))
            }
            (None, None) => (Happened::Modified, None),
        };
        let attributes = match (came, went) {
            (Some(came), Some(went)) => self.of_recreated(draft, &went.record, &came.record).await?,
            (None, None) => self.attributes(walk, draft).await?,
            _ => Vec::new(),
        };
        let links = self.links(walk, draft)?;
        // Why: a role of somebody who was created again is the same fact under another key.
        let is_same_fact =
            what == Happened::Recreated && matches!(self.of.kind.identity, Identity::Natural(_));
        let what = if is_same_fact { Happened::Modified } else { what };
        if what == Happened::Modified && attributes.is_empty() && links.is_empty() {
            return Ok(None);
        }
        let own = links.first().map(|link| &link.own);
        let changed =
            draft.entries.first().map(|e| &e.record).filter(|record| cluster.keys().contains(record));
        let key = key.or(changed).or(own).map_or_else(|| self.of.key.to_owned(), Clone::clone);
        let version = Version {
            snapshot: draft.snapshot.clone(),
            at: None,
            since: draft.since.clone(),
            since_at: None,
            key,
            what,
            attributes,
            links: Vec::new(),
            is_continued: false,
        };
        Ok(Some((version, links)))
    }

    /// The attributes that differ, of objects and their facets that are there before and after.
    async fn attributes(&self, walk: &Walk<'_>, draft: &Draft<'_>) -> Result<Vec<AttributeChange>> {
        let kind = self.of.kind;
        let mut sides: BTreeMap<&String, TwoSides> = BTreeMap::new();
        for entry in &draft.entries {
            let part = walk.track(entry.track).logged.part;
            if !matches!(part, Part::Objects | Part::Facet(_)) {
                continue;
            }
            let (before, after) = sides.entry(&entry.record).or_default();
            for Differing { property, before: old, after: new } in Differing::from_text(&entry.logged.said)? {
                before.extend(old.map(|value| (property.clone(), value)));
                after.extend(new.map(|value| (property.clone(), value)));
            }
        }
        let mut attributes = Vec::new();
        for (before, after) in sides.into_values() {
            // Why both: what refers to something that was created again refers to the same.
            let (before, after) = (self.ids.object(kind, before), self.ids.object(kind, after));
            let mut changes = compare_objects(kind, &before, &after);
            changes.extend(observe_objects(kind, &before, &after, &changes));
            self.without_everywhere(&mut changes, type_of(&after), draft.snapshot).await?;
            attributes.append(&mut changes);
        }
        attributes.sort_by(|one, other| one.path.cmp(&other.path));
        let names = Names::new([self.newest, self.holder].into_iter());
        name_references(&names, kind, &mut attributes).await?;
        Ok(attributes)
    }

    /// Takes out what the comparison that followed the snapshot found to have come, or gone, in all objects at once.
    async fn without_everywhere(
        &self,
        attributes: &mut Vec<AttributeChange>,
        of_type: &str,
        at: &SnapshotId,
    ) -> Result<()> {
        let is_one_sided = |a: &AttributeChange| a.before.is_some() != a.after.is_some();
        if !self.of.kind.keeps_all() || !attributes.iter().any(is_one_sided) {
            return Ok(());
        }
        let row = self.records.find(&Diff::at(self.archive.tenant(), &comparison_id(at))).await?;
        let Some(row) = row.map(|row| row.value) else { return Ok(()) };
        attributes.retain(|a| !row.is_everywhere(self.of.kind, of_type, a));
        Ok(())
    }

    /// How an object that was created again differs from what it was, where both happened between the same two snapshots.
    async fn of_recreated(&self, draft: &Draft<'_>, old: &str, new: &str) -> Result<Vec<AttributeChange>> {
        let kind = self.of.kind;
        let (Some(before), Some(after)) =
            (self.find_view(draft.since).await?, self.find_view(draft.snapshot).await?)
        else {
            return Ok(Vec::new());
        };
        let (Some(was), Some(is)) =
            (before.find_object(kind, old).await?, after.find_object(kind, new).await?)
        else {
            return Ok(Vec::new());
        };
        let (was_known, is_known) = (was.clone(), is.clone());
        let (was, is) = (self.ids.object(kind, was), self.ids.object(kind, is));
        let mut attributes = compare_objects(kind, &was, &is);
        // Why not these: what the service gives to a new object cannot be given back, and what a side does not know is no change.
        attributes.retain(|a| {
            !kind.read_only.contains(&a.property.as_str())
                && !before.manifest().is_unknown(kind, &a.property, &was_known)
                && !after.manifest().is_unknown(kind, &a.property, &is_known)
        });
        self.without_everywhere(&mut attributes, type_of(&is), draft.snapshot).await?;
        Ok(attributes)
    }

    /// The links that came, went or differ, in the order of their types and far ends. A link that only changed its end for the
    /// same thing under a new id is none.
    fn links(&self, walk: &Walk<'_>, draft: &Draft<'_>) -> Result<Vec<LinkDraft>> {
        let mut groups: BTreeMap<(&'static str, bool, String, String), Vec<LinkDraft>> = BTreeMap::new();
        for entry in &draft.entries {
            let track = walk.track(entry.track);
            let Part::Links(link) = track.logged.part else { continue };
            let found = link_draft(link, !matches!(track.whose, Whose::To(_)), entry)?;
            let far = found.excluded.as_deref().map_or_else(String::new, str::to_owned)
                + &self.ids.within(&found.far);
            let place = (link.name, !found.outgoing, far, self.ids.newest(&found.own).to_owned());
            groups.entry(place).or_default().push(found);
        }
        let mut links = Vec::new();
        for mut group in groups.into_values() {
            let went = group.iter().position(|link| link.after.is_none());
            let came = group.iter().position(|link| link.before.is_none());
            if let (2, Some(went), Some(came)) = (group.len(), went, came) {
                let before = group[went].before.take();
                let mut one = group.swap_remove(came);
                one.before = before;
                group = vec![one];
            }
            links.extend(group.into_iter().filter(|link| match (&link.before, &link.after) {
                (Some(before), Some(after)) => !link_says_the_same(before, after),
                _ => true,
            }));
        }
        Ok(links)
    }

    /// Says of each version when its two snapshots were asked for.
    async fn date(&self, versions: &mut [Version]) -> Result<()> {
        let ids: BTreeSet<SnapshotId> =
            versions.iter().flat_map(|v| [v.snapshot.clone(), v.since.clone()]).collect();
        let dated = ids.into_iter().map(|id| async move {
            let row = self.records.find(&Snapshot::at(self.archive.tenant(), &id)).await?;
            Ok::<_, Error>((id, row.map(|row| row.value.requested_at)))
        });
        let dated: BTreeMap<SnapshotId, Option<Timestamp>> =
            stream::iter(dated).buffer_unordered(AT_ONCE).try_collect().await?;
        for version in versions {
            version.at = dated.get(&version.snapshot).copied().flatten();
            version.since_at = dated.get(&version.since).copied().flatten();
        }
        Ok(())
    }

    /// The name of the object: as the newest snapshot has it, or the last one that had the object.
    pub(super) async fn name(&self, walk: &Walk<'_>, cluster: &Cluster) -> Result<Option<String>> {
        let kind = self.of.kind;
        if self.holder.covers(kind) {
            for key in cluster.keys().iter().rev() {
                if let Some(object) = self.holder.find_object(kind, key).await? {
                    return Names::new([self.newest, self.holder].into_iter()).of(kind, &object).await;
                }
            }
        }
        // The last times that it went: of one that left the recycle bin for good the snapshot before does not have it either.
        let is_object = |e: &&Entry| matches!(walk.track(e.track).logged.part, Part::Objects);
        let mut went: Vec<&Entry> =
            walk.entries.iter().filter(is_object).filter(|e| !is_there(e.logged.became)).collect();
        went.sort_unstable_by_key(|e| std::cmp::Reverse(&e.snapshot));
        for last in went.into_iter().take(LAST_TIMES) {
            let Some(view) = self.find_view(&last.logged.before).await? else { continue };
            if view.covers(kind)
                && let Some(object) = view.find_object(kind, &last.record).await?
            {
                return Names::new(std::iter::once(&view)).of(kind, &object).await;
            }
        }
        Ok(None)
    }
}

/// Whether an object came after another that it was before had gone, or has another id since a restore made it.
fn came_after_another(walk: &Walk<'_>, cluster: &Cluster, came: &Entry) -> bool {
    let is_new_id =
        cluster.first() != Some(&came.record) && !cluster.guesses.iter().any(|(key, _)| *key == came.record);
    let went_before = |e: &Entry| {
        matches!(walk.track(e.track).logged.part, Part::Objects)
            && e.record != came.record
            && e.snapshot <= came.snapshot
            && !is_there(e.logged.became)
            && e.logged.became != Became::Changed
    };
    cluster.has_another() && (is_new_id || walk.entries.iter().any(went_before))
}

fn is_there(became: Became) -> bool {
    matches!(became, Became::Came | Became::Returned | Became::Changed)
}

fn size_of(part: &impl serde::Serialize) -> Result<usize> {
    let text =
        serde_json::to_vec(part).map_err(|e| Error::invalid("a version cannot be written").caused_by(e))?;
    Ok(text.len())
}
