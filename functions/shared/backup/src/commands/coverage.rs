//! The properties that the objects of one kind of a snapshot have, each with what becomes of it: a part at a time.
//!
//! Why by looking at every object, and not by counting while a snapshot is read: it answers for snapshots of any age, and a
//! property that Microsoft gives since yesterday is seen wherever it is. Of an object only the names are taken apart. A request
//! looks as far as one for a filter, and leaves the rest to the next; what the parts count adds up.

use super::browse::Browse;
use super::filter::{BYTES, PATIENCE, READS};
use super::search::{bound_to, not_ours};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::coverage::{PropertyCover, Seen, besides, of_seen};
use domain::kinds::Kind;
use domain::{Result, SnapshotId, TenantId};

/// The properties that were seen in one part of the objects of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenProperties {
    /// How many objects were looked at for this part.
    pub objects: u64,
    /// The properties by name, each once. In the first part the relations of the kind follow, and what of it is not held.
    pub items: Vec<PropertyCover>,
    /// Where to go on; none when all objects were looked at.
    pub next: Option<String>,
}

impl Browse {
    /// The properties of the objects of a kind, from where the part before ended.
    ///
    /// # Errors
    /// `NotFound` when there is no such snapshot, or it does not hold the kind; `Conflict` when it is not sealed; `Invalid`
    /// naming `cursor` when that is of another snapshot or kind.
    pub async fn properties(
        &self,
        tenant: &TenantId,
        id: &SnapshotId,
        kind: &'static Kind,
        cursor: Option<&str>,
    ) -> Result<SeenProperties> {
        let view = self.open(tenant, id).await?;
        let bound = bound_to([tenant.as_str(), id.as_str(), kind.run(), "properties"]);
        let after = cursor.map(|cursor| place(cursor, &bound)).transpose()?;
        let start = after.as_ref().map_or_else(Vec::new, |key| [key.as_slice(), b"\0"].concat());
        let until = self.records.clock().now() + PATIENCE;
        let end = view.reads() + READS;
        let mut reader = view.opened(view.run(kind.run())?).await?.scan_far(&start).await?;
        let (mut seen, mut objects, mut bytes) = (Seen::default(), 0, 0);
        let (mut last, mut next): (Vec<u8>, _) = (Vec::new(), None);
        while reader.advance().await? {
            // Why never before the first: each request must get further, however little may be read.
            let is_over = bytes >= BYTES || view.reads() >= end || self.records.clock().now() >= until;
            if is_over && objects > 0 {
                next = Some(format!("p.{bound}.{}", URL_SAFE_NO_PAD.encode(&last)));
                break;
            }
            seen.add(reader.value())?;
            bytes += reader.value().len();
            objects += 1;
            last.clear();
            last.extend_from_slice(reader.head().unwrap_or_default());
        }
        let manifest = view.manifest();
        if after.is_some() {
            return Ok(SeenProperties { objects, items: of_seen(manifest, kind, &seen), next });
        }
        // What has a run of its own is counted there, once for all parts.
        for facet in kind.facets() {
            if let Some(run) = manifest.runs.get(&kind.part(facet)) {
                seen.count(facet, run.records);
            }
        }
        let mut items = of_seen(manifest, kind, &seen);
        items.extend(besides(manifest, kind, &seen));
        Ok(SeenProperties { objects, items, next })
    }
}

/// The key behind which a cursor goes on.
fn place(cursor: &str, bound: &str) -> Result<Vec<u8>> {
    let parts: Vec<&str> = cursor.split('.').collect();
    let ["p", of, key] = parts[..] else { return Err(not_ours()) };
    if of != bound {
        return Err(not_ours());
    }
    URL_SAFE_NO_PAD.decode(key).map_err(|e| not_ours().caused_by(e))
}
