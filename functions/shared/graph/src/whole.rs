//! Objects of a list with all their links, where there is no delta that would give them.
//!
//! Each relation of each object is a list of its own, asked for in batches and read to its end: an object of which one cannot
//! be had whole is lost, but for members that only a permission of its own shows, which are reported by that permission.

use crate::{
    GraphClient,
    batch::Part,
    call::Reply,
    cost::read_units,
    lost::Lost,
    lost::passes,
    select::{collection, encoded, kind_of, with_query},
};
use domain::{
    Error, Result, TenantId,
    kinds::{LinkWrite, Source},
};
use serde_json::Value;

/// The most that Graph gives of a link list at a time.
const LINKS_TOP: u32 = 999;

impl GraphClient {
    /// Adds to each item the far ends of all its links, as an expanded list would have them; gives what cannot be had of
    /// them.
    ///
    /// # Errors
    /// Those of the reads that pass, and what is wrong with every item; `Unavailable` where one has no id.
    pub(crate) async fn add_links(
        &self,
        tenant: &TenantId,
        source: &'static Source,
        items: &mut [Value],
    ) -> Result<Lost> {
        let mut lost = Lost::default();
        let Some(kind) = kind_of(source) else { return Ok(lost) };
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
        let permissions = self.permissions(tenant).await?;
        let mut replies = parts.iter().zip(self.get_many(tenant, kind.version, &parts).await?);
        for (at, item) in items.iter_mut().enumerate() {
            let mut failed = None;
            for link in links() {
                let Some((part, reply)) = replies.next() else {
                    return Err(Error::unavailable(format!("{}: no reply", link.name)));
                };
                // Why only where the permission is not there: with it a refusal is a failure, and not a relation without ends.
                let is_withheld = kind.guarded.iter().any(|guarded| {
                    guarded.part == link.relation
                        && !guarded.is_granted(&permissions)
                        && item.as_object().is_none_or(|object| guarded.concerns(object))
                });
                match self.far_ends(tenant, part, reply, is_withheld).await? {
                    Ok(ends) => item[link.relation] = Value::Array(ends),
                    Err(error) => failed = failed.or(Some(error)),
                }
            }
            if let Some(error) = failed {
                self.lose(tenant, source, &mut lost, (at, item), error).await?;
            }
        }
        lost.unless_all(items.len())
    }

    /// The far ends that a reply begins to name, to the last. The inner error is that object's alone.
    async fn far_ends(
        &self,
        tenant: &TenantId,
        part: &Part,
        reply: Result<Reply>,
        is_withheld: bool,
    ) -> Result<Result<Vec<Value>>> {
        let first = match reply {
            Ok(reply) if reply.status == 403 && is_withheld => return Ok(Ok(Vec::new())),
            reply => reply.and_then(|reply| collection(reply.success(&part.what)?, &part.what)),
        };
        let first = match first {
            Ok(first) => first,
            Err(error) => return Ok(Err(error)),
        };
        match self.all_of(tenant, first, part.units, &part.what).await {
            Err(error) if passes(&error) => Err(error),
            other => Ok(other),
        }
    }
}
