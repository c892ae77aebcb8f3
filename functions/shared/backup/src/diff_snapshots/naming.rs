//! Names beside ids.

use crate::archive::{SnapshotView, name_of};
use domain::Result;
use domain::kinds::{self, Identity, Kind};
use serde_json::{Map, Value};

/// Looks names up on the later side first, then on the earlier.
pub(super) struct Names<'a> {
    pub(super) before: &'a SnapshotView,
    pub(super) after: &'a SnapshotView,
}

impl Names<'_> {
    /// The name of an object, or for a fact a sentence about it.
    pub(super) async fn of(&self, kind: &Kind, object: &Map<String, Value>) -> Result<Option<String>> {
        if kind.identity == Identity::Id {
            return Ok(name_of(kind, object));
        }
        let text = |p: &str| object.get(p).and_then(Value::as_str).unwrap_or_default();
        let principal = self.find(&["users", "groups"], text("principalId")).await?;
        let role = self.find(&["roles"], text("roleDefinitionId")).await?;
        let named = |name: Option<String>, id: &str| name.unwrap_or_else(|| id.to_owned());
        let mut sentence =
            format!("{}: {}", named(principal, text("principalId")), named(role, text("roleDefinitionId")));
        if let Some(unit) = text("directoryScopeId").strip_prefix("/administrativeUnits/") {
            let name = self.find(&["administrativeUnits"], unit).await?;
            sentence = format!("{sentence} over {}", named(name, unit));
        }
        Ok(Some(sentence))
    }

    /// The name of a link's far end.
    pub(super) async fn of_end(&self, link: &kinds::LinkType, to: &str) -> Result<Option<String>> {
        let id = to.split('!').next().unwrap_or(to);
        match to {
            "allLicensedUsers" => Ok(Some("all users".to_owned())),
            "allDevices" => Ok(Some("all devices".to_owned())),
            _ => self.find(link.to, id).await,
        }
    }

    async fn find(&self, candidates: &[&str], id: &str) -> Result<Option<String>> {
        match self.after.find_name(candidates, id).await? {
            Some(name) => Ok(Some(name)),
            None => self.before.find_name(candidates, id).await,
        }
    }
}
