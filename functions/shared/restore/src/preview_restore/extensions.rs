//! Which directory extensions the tenant has, where a chosen object has values of some.

use super::gather::Gather;
use crate::passing::may_pass;
use domain::Result;
use domain::extensions::Extension;
use domain::restore::Item;

impl Gather<'_> {
    /// The directory extensions of the tenant; none where they cannot be seen, or none of the items has any.
    pub async fn extensions(&self, items: &[Item]) -> Result<Option<Vec<Extension>>> {
        let has_some = |item: &Item| {
            let mut held = item.wanted.iter();
            held.any(|held| held.object.keys().any(|property| item.kind.is_extension(property)))
        };
        if !items.iter().any(has_some) {
            return Ok(None);
        }
        match self.worker.directory.list_extensions(self.tenant).await {
            Ok(all) => Ok(Some(all)),
            Err(error) if error.refusal().is_some() || may_pass(&error) => Err(error),
            // Why no failure: what cannot be looked at is named, extension by extension, and the rest is restored.
            Err(error) => {
                tracing::warn!(
                    kind = error.kind().name(),
                    "which directory extensions there are is not known"
                );
                Ok(None)
            }
        }
    }
}
