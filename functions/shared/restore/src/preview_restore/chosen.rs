//! What a preview is asked for: objects, all changes of a comparison, or those that a filter means.

use super::filtered::{Filtered, in_another_snapshot};
use super::{MAX_ITEMS, Worker};
use domain::changes::{Change, Class};
use domain::restore::{Impossible, SelectedItem, Selection};
use domain::{Error, Result};
use engine::records::Restore;

impl Worker {
    /// What a filter means, where the restore has one.
    pub(super) async fn filtered(&self, restore: &Restore) -> Result<Option<Filtered>> {
        let (Some(filter), Some(diff)) = (&restore.filter, &restore.diff) else { return Ok(None) };
        Filtered::of(self.snapshots.as_ref(), &restore.tenant, diff, filter).await.map(Some)
    }

    /// What is to be restored; and of a comparison's changes those that its earlier snapshot does not hold.
    pub(super) async fn selection(&self, restore: &Restore) -> Result<(Selection, Vec<Impossible>)> {
        let (mut selection, mut elsewhere) = (restore.selection.clone(), Vec::new());
        if let Some(diff) = &restore.diff {
            let changes = self.snapshots.list_changes(&restore.tenant, diff).await?;
            let is_chosen = |c: &&Change| c.since.is_none() && c.rating.class != Class::Observed;
            selection.items = changes.iter().filter(is_chosen).map(SelectedItem::of_change).collect();
            elsewhere.extend(changes.into_iter().filter_map(in_another_snapshot));
        }
        if selection.items.len() > MAX_ITEMS {
            let message = format!("at most {MAX_ITEMS} objects can be restored at once");
            return Err(Error::invalid_field("items", message));
        }
        Ok((selection, elsewhere))
    }
}
