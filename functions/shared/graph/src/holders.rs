//! Who has a value that only one object can have: a name, an address, an id.

use crate::{
    GraphClient,
    live::{FOUND_LIMIT, object_of},
    select::{equals, with_query},
};
use domain::{Result, TenantId, kinds::Kind};
use engine::ports::Holders;
use serde_json::{Map, Value};

/// How many alternatives a filter may have. Source: what Graph answers to more.
const ALTERNATIVES: usize = 15;

impl GraphClient {
    /// The objects, live ones or those in the recycle bin, that hold one of the values; at most [`FOUND_LIMIT`].
    pub(crate) async fn find_holders(
        &self,
        tenant: &TenantId,
        kind: &'static Kind,
        wanted: Holders<'_>,
        in_recycle_bin: bool,
    ) -> Result<Vec<Map<String, Value>>> {
        let Holders { property, values, also } = wanted;
        let path = match (in_recycle_bin, kind.writing.recycle_bin) {
            (false, _) => kind.path.to_owned(),
            (true, Some(cast)) => format!("directory/deletedItems/{cast}"),
            (true, None) => return Ok(Vec::new()),
        };
        // A kind of which Graph gives what it likes is not asked for a selection.
        let mut select = vec!["id", kind.name_property, property];
        select.extend(also);
        select.sort_unstable();
        select.dedup();
        select.retain(|_| !kind.reading[0].select.is_empty());
        let is_list = kind.collections.contains(&property);
        let mut found = Vec::new();
        for values in values.chunks(ALTERNATIVES) {
            let one = |value: &String| {
                let name = if is_list { "x" } else { property };
                let equals = equals(name, value);
                if is_list { format!("{property}/any(x:{equals})") } else { equals }
            };
            let filter: Vec<String> = values.iter().map(one).collect();
            let below = with_query(&path, &select, "", None);
            let joint = if below.contains('?') { '&' } else { '?' };
            let below = format!("{below}{joint}$filter={}", filter.join("%20or%20"));
            let what = format!("searching {}", kind.name);
            for item in self.list(tenant, kind, &below, &what).await? {
                found.push(object_of(kind, item)?);
            }
        }
        found.truncate(FOUND_LIMIT);
        Ok(found)
    }
}
