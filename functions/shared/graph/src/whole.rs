//! Objects of a list with all their links, where there is no delta that would give them.
//!
//! Each relation of each object is a list of its own, asked for in batches and read to its end: what cannot be had whole is
//! an error, but for members that only a permission of its own shows, which are reported by that permission.

use crate::{
    GraphClient,
    batch::Part,
    cost::read_units,
    select::{collection, encoded, kind_of, with_query},
};
use domain::{
    Error, ErrorKind, Result, TenantId,
    kinds::{LinkWrite, Source},
};
use serde_json::Value;

/// The most that Graph gives of a link list at a time.
const LINKS_TOP: u32 = 999;

impl GraphClient {
    /// Adds to each item the far ends of all its links, as an expanded list would have them.
    ///
    /// # Errors
    /// Those of the reads; `Unavailable` where an item has no id, or was deleted meanwhile.
    pub(crate) async fn add_links(
        &self,
        tenant: &TenantId,
        source: &'static Source,
        items: &mut [Value],
    ) -> Result<()> {
        let Some(kind) = kind_of(source) else { return Ok(()) };
        // Why not those of one far end: they are expanded in the list itself.
        let links = || kind.links.iter().filter(|link| link.write != LinkWrite::Single);
        let mut parts = Vec::new();
        for item in items.iter() {
            let id = item.get("id").and_then(Value::as_str);
            let id = id.ok_or_else(|| Error::unavailable(format!("{}: an item has no id", source.name)))?;
            for link in links() {
                let path = format!("{}/{}/{}", kind.path, encoded(id), link.relation);
                let units = read_units(&path, true, false, Some(LINKS_TOP));
                let below = with_query(&path, &["id"], "", Some(LINKS_TOP));
                parts.push(Part { below, units, what: format!("reading {}", link.name) });
            }
        }
        let mut replies = parts.iter().zip(self.get_many(tenant, kind.version, &parts).await?);
        for item in items.iter_mut() {
            for link in links() {
                let Some((part, reply)) = replies.next() else {
                    return Err(Error::unavailable(format!("{}: no reply", link.name)));
                };
                let is_guarded = kind.guarded.iter().any(|guarded| guarded.part == link.relation);
                let ends = if reply.status == 403 && is_guarded {
                    Vec::new()
                } else {
                    // Why: to the port, "not found" says that a cursor is lost.
                    let body = reply.success(&part.what).map_err(|e| match e.kind() {
                        ErrorKind::NotFound => Error::unavailable(e.summary()),
                        _ => e,
                    })?;
                    self.all_of(tenant, collection(body, &part.what)?, part.units, &part.what).await?
                };
                item[link.relation] = Value::Array(ends);
            }
        }
        Ok(())
    }
}
