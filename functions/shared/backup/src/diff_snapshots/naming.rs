//! Finds the names that stand beside ids.

use crate::archive::{SnapshotView, name_of};
use domain::Result;
use domain::kinds::{self, Kind, KindName};
use serde_json::{Map, Value};

/// Looks names up in one snapshot after the other: first on the later side.
pub(crate) struct Names<'a> {
    views: Vec<&'a SnapshotView>,
}

impl<'a> Names<'a> {
    /// Names from these snapshots.
    pub(crate) fn new(views: impl Iterator<Item = &'a SnapshotView>) -> Self {
        Self { views: views.collect() }
    }

    /// The name of an object, or for a fact a sentence about it.
    pub(crate) async fn of(&self, kind: &Kind, object: &Map<String, Value>) -> Result<Option<String>> {
        let Some(grant) = kind.grant() else { return Ok(name_of(kind, object)) };
        let principal = self.referred(kind, grant.principal, object).await?.unwrap_or_default();
        let role = self.referred(kind, grant.role, object).await?.unwrap_or_default();
        let over = self.referred(kind, grant.scope, object).await?;
        let over = over.map_or_else(String::new, |unit| format!(" over {unit}"));
        Ok(Some(format!("{principal}: {role}{over}")))
    }

    /// The name of what a property refers to, or its id where no side has a name; none where it refers to nothing.
    async fn referred(
        &self,
        kind: &Kind,
        property: &str,
        object: &Map<String, Value>,
    ) -> Result<Option<String>> {
        let Some(reference) = kind.reference(property) else { return Ok(None) };
        let text = object.get(property).and_then(Value::as_str).unwrap_or_default();
        // A role may be held over any object: `/{id}`.
        let (kinds, id) = match text.strip_prefix(reference.prefix) {
            Some(id) => (reference.kinds, id),
            None => (&[][..], text.trim_start_matches('/')),
        };
        if id.is_empty() {
            return Ok(None);
        }
        let name = self.find(kinds, id).await?;
        Ok(Some(name.unwrap_or_else(|| id.to_owned())))
    }

    /// The name of a link's far end.
    pub(crate) async fn of_end(&self, link: &kinds::LinkType, to: &str) -> Result<Option<String>> {
        let id = to.split('!').next().unwrap_or(to);
        match to {
            "allLicensedUsers" => Ok(Some("all users".to_owned())),
            "allDevices" => Ok(Some("all devices".to_owned())),
            _ => self.find(link.to, id).await,
        }
    }

    /// The name of the object with that id, of one of those kinds, where a side knows it.
    pub(crate) async fn find(&self, candidates: &[KindName], id: &str) -> Result<Option<String>> {
        for view in &self.views {
            if let Some(name) = view.find_name(candidates, id).await? {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }
}
