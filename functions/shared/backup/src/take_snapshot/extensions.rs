//! Which directory extensions a snapshot asks for. Decided once, when its reading begins.

use super::Worker;
use domain::extensions::{Chosen, PERMISSION};
use domain::kinds::KINDS;
use domain::permissions::is_granted;
use domain::stored::{ExtensionsKnown, Manifest};
use domain::{ErrorKind, Result, TenantId};
use std::collections::BTreeMap;

impl Worker {
    /// The extensions that the tenant has, as far as an address takes them. Where Graph does not say which there are, those
    /// that the snapshot before asked for.
    ///
    /// # Errors
    /// Where the tenant no longer lets us in, or Graph asks to wait.
    pub(super) async fn extensions(
        &self,
        tenant: &TenantId,
        granted: &[String],
        before: Option<&Manifest>,
    ) -> Result<Chosen> {
        let not_granted = || Chosen::of_names(ExtensionsKnown::NotGranted, BTreeMap::new());
        // Why not where the token does not say: a permission that nothing depends on is not tried for.
        if !is_granted(granted, PERMISSION) {
            return Ok(not_granted());
        }
        let error = match self.directory.list_extensions(tenant).await {
            Ok(all) => return Ok(Chosen::of_all(&all)),
            Err(error) => error,
        };
        if error.refusal().is_some() || matches!(error.kind(), ErrorKind::Throttled { .. }) {
            return Err(error);
        }
        match error.kind() {
            ErrorKind::Denied => Ok(not_granted()),
            // Why no failure: the backup must go on. And why not without any: each value would be unknown, and everything
            // would be read twice, now and when they are named again.
            kind => {
                tracing::warn!(%tenant, cause = kind.name(), "which directory extensions there are is not known");
                let names = KINDS.iter().map(|kind| {
                    let names = before.map(|before| before.extensions_of(kind)).unwrap_or_default();
                    (kind.run().to_owned(), names.into_iter().collect::<Vec<_>>())
                });
                let names = names.filter(|(_, names)| !names.is_empty()).collect();
                Ok(Chosen::of_names(ExtensionsKnown::NotAnswered, names))
            }
        }
    }
}
