//! Links of a history: what an entry says of one, and the name of its other end.

use super::{LinkVersion, Telling};
use crate::archive::{SnapshotView, read_object};
use crate::diff_snapshots::Names;
use crate::log::Entry;
use domain::changes::What;
use domain::kinds::LinkType;
use domain::stored::{Became, Differing};
use domain::{Error, Result, SnapshotId};
use serde_json::Value;
use std::collections::BTreeMap;

/// What became of a link, still without a name.
pub(super) struct LinkDraft {
    pub(super) link: &'static LinkType,
    pub(super) outgoing: bool,
    /// The key of the object that the history is of, under which it has the link.
    pub(super) own: String,
    /// The other end.
    pub(super) far: String,
    /// The key of an assignment that excludes the object.
    pub(super) excluded: Option<String>,
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
}

/// What became of the link of an entry.
///
/// # Errors
/// `Corrupt` when the entry cannot be read.
pub(super) fn link_draft(link: &'static LinkType, outgoing: bool, entry: &Entry) -> Result<LinkDraft> {
    let ends = entry.record.split_once('/');
    let (near, far) = ends.ok_or_else(|| Error::corrupt("the key of a link has not two ends"))?;
    let said = || read_object(&entry.logged.said).map(|said| Some(Value::Object(said)));
    let (before, after) = match entry.logged.became {
        Became::Came | Became::Returned => (None, said()?),
        Became::Changed => {
            let all = Differing::from_text(&entry.logged.said)?.into_iter().next();
            all.map_or((None, None), |one| (one.before, one.after))
        }
        Became::Went | Became::Binned | Became::Gone => (said()?, None),
    };
    let excluded = (!outgoing && near.contains('!')).then(|| near.to_owned());
    let own = near.split('!').next().unwrap_or(near).to_owned();
    Ok(LinkDraft { link, outgoing, own, far: far.to_owned(), excluded, before, after })
}

/// Finds the names of the other ends of links: in the newest snapshot, else in the one that has the link.
pub(super) struct Ends<'a> {
    telling: &'a Telling<'a>,
    /// Older snapshots that were opened; none where one cannot be read.
    opened: BTreeMap<SnapshotId, Option<SnapshotView>>,
}

impl<'a> Ends<'a> {
    /// For the links of a history.
    pub(super) fn of(telling: &'a Telling<'a>) -> Self {
        Self { telling, opened: BTreeMap::new() }
    }
}

impl Ends<'_> {
    /// The link with the name of its other end.
    pub(super) async fn named(
        &mut self,
        draft: LinkDraft,
        span: (&SnapshotId, &SnapshotId),
    ) -> Result<LinkVersion> {
        // Whoever was created again has the name under the newest id.
        let latest = self.telling.ids.within(&draft.far);
        let mut name = name_in(self.telling.newest, &draft, &latest).await?;
        let (snapshot, since) = span;
        let holder = if draft.after.is_some() { snapshot } else { since };
        if name.is_none() && *holder != self.telling.newest.manifest().snapshot {
            if !self.opened.contains_key(holder) {
                let view = self.telling.find_view(holder).await?;
                self.opened.insert(holder.clone(), view);
            }
            if let Some(Some(view)) = self.opened.get(holder) {
                name = name_in(view, &draft, &draft.far).await?;
            }
        }
        let LinkDraft { link, outgoing, far, excluded, before, after, .. } = draft;
        let map = |value: Option<Value>| match value {
            Some(Value::Object(map)) => Some(map),
            _ => None,
        };
        let what = match (&before, &after) {
            (None, _) => What::Created,
            (_, None) => What::Deleted,
            _ => What::Modified,
        };
        let (to, from) = if outgoing { (Some(far), None) } else { (excluded, Some(far)) };
        Ok(LinkVersion { link: link.name, to, from, name, what, before: map(before), after: map(after) })
    }
}

async fn name_in(view: &SnapshotView, draft: &LinkDraft, far: &str) -> Result<Option<String>> {
    let names = Names::new(std::iter::once(view));
    if draft.outgoing {
        return names.of_end(draft.link, far).await;
    }
    names.find(&[draft.link.from], far).await
}
