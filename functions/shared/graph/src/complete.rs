//! Completes the items of a page: expanded collections that Graph cut short or left out are read to their end.
//!
//! Proof of completeness for policies is `settingCount`: Graph hands out 25 settings a page unless told
//! otherwise, and whether it ever cuts an expanded collection silently is not documented. What cannot be
//! made whole is an error that names the policy: none is ever given short.

use crate::{
    GraphClient,
    batch::Part,
    call::Ask,
    cost::read_units,
    select::{Collection, collection, encoded, relations},
};
use domain::{Error, ErrorKind, Result, TenantId, kinds::Source, trail::Trail};
use serde_json::{Map, Value};

const NEXT_LINK: &str = "@odata.nextLink";
/// The most that Intune gives of a policy's settings at a time.
const SETTINGS_TOP: u32 = 1000;

/// A collection of an item that must be read by itself.
struct Lack {
    item: usize,
    relation: &'static str,
    options: &'static str,
}

impl GraphClient {
    /// Completes the items of a page of `source`, in place.
    ///
    /// # Errors
    /// Those of the reads; `Unavailable`, naming the item, when Graph does not give all of a collection.
    pub(crate) async fn complete(
        &self,
        tenant: &TenantId,
        source: &'static Source,
        items: &mut [Value],
    ) -> Result<()> {
        let relations = relations(source.expand);
        for item in items.iter_mut().filter_map(Value::as_object_mut) {
            self.follow_inside(tenant, source, &relations, item).await?;
        }
        let mut lacks = Vec::new();
        for (i, item) in items.iter().enumerate() {
            let Some(item) = item.as_object().filter(|item| !item.contains_key("@removed")) else { continue };
            for (relation, options) in &relations {
                if !is_whole(item, relation, options) {
                    lacks.push(Lack { item: i, relation, options });
                }
            }
        }
        self.fill(tenant, source, &relations, items, &lacks).await
    }

    async fn fill(
        &self,
        tenant: &TenantId,
        source: &'static Source,
        relations: &[(&'static str, &'static str)],
        items: &mut [Value],
        lacks: &[Lack],
    ) -> Result<()> {
        let mut parts = Vec::with_capacity(lacks.len());
        for lack in lacks {
            parts.push(part(source, &items[lack.item], lack)?);
        }
        let replies = self.get_many(tenant, source.version, &parts).await?;
        for ((lack, part), reply) in lacks.iter().zip(&parts).zip(replies) {
            // Why: to the port, "not found" says that a cursor is lost.
            let body = reply.success(&part.what).map_err(|e| match e.kind() {
                ErrorKind::NotFound => Error::unavailable(e.summary()),
                _ => e,
            })?;
            let whole = self.all_of(tenant, collection(body, &part.what)?, part.units, &part.what).await?;
            let Some(item) = items[lack.item].as_object_mut() else { continue };
            item.insert(lack.relation.to_owned(), Value::Array(whole));
            self.follow_inside(tenant, source, relations, item).await?;
            if !is_whole(item, lack.relation, lack.options) {
                let id = item.get("id").and_then(Value::as_str).unwrap_or_default();
                return Err(Error::unavailable(format!(
                    "{}: Graph does not give all {} of {id}",
                    source.name, lack.relation
                )));
            }
        }
        Ok(())
    }

    /// The items of a collection and of the pages that follow.
    pub(crate) async fn all_of(
        &self,
        tenant: &TenantId,
        first: Collection,
        units: u64,
        what: &str,
    ) -> Result<Vec<Value>> {
        let Collection { mut items, mut next, .. } = first;
        let mut trail = Trail::default();
        while let Some(link) = next {
            let url = self.own_link(&link)?;
            let body = self.ask(tenant, &Ask::get(url, units, what)).await?.success(what)?;
            let page = collection(body, what)?;
            let ids = page.items.iter().filter_map(|item| item.get("id").and_then(Value::as_str));
            trail
                .follow(&link, ids.map(|id| [id, "", ""]))
                .map_err(|_| Error::unavailable(format!("{what}: the pages do not end")))?;
            items.extend(page.items);
            next = page.next;
        }
        Ok(items)
    }

    /// Follows the next links inside an item and inside the members of its expanded collections.
    async fn follow_inside(
        &self,
        tenant: &TenantId,
        source: &'static Source,
        relations: &[(&'static str, &'static str)],
        item: &mut Map<String, Value>,
    ) -> Result<()> {
        self.follow_links(tenant, source, item).await?;
        for (relation, _) in relations.iter().filter(|(_, options)| !options.is_empty()) {
            let inner = item.get_mut(*relation).and_then(Value::as_array_mut);
            for member in inner.into_iter().flatten().filter_map(Value::as_object_mut) {
                self.follow_links(tenant, source, member).await?;
            }
        }
        Ok(())
    }

    async fn follow_links(
        &self,
        tenant: &TenantId,
        source: &'static Source,
        item: &mut Map<String, Value>,
    ) -> Result<()> {
        let keys: Vec<String> =
            item.keys().filter(|k| k.len() > NEXT_LINK.len() && k.ends_with(NEXT_LINK)).cloned().collect();
        for key in keys {
            let name = key.trim_end_matches(NEXT_LINK).to_owned();
            let what = format!("reading {} of {}", name, source.name);
            let Some(Value::String(link)) = item.remove(&key) else {
                return Err(Error::unavailable(format!("{what}: the next link is not one")));
            };
            let first = Collection { items: vec![], next: Some(link) };
            let more = self.all_of(tenant, first, 1, &what).await?;
            match item.entry(name).or_insert_with(|| Value::Array(vec![])) {
                Value::Array(known) => known.extend(more),
                _ => return Err(Error::unavailable(format!("{what}: it is not a collection"))),
            }
        }
        Ok(())
    }
}

fn part(source: &Source, item: &Value, lack: &Lack) -> Result<Part> {
    let what = format!("reading {} of {}", lack.relation, source.name);
    let Some(id) = item.get("id").and_then(Value::as_str) else {
        return Err(Error::unavailable(format!("{}: an item has no id", source.name)));
    };
    let path = format!("{}/{}/{}", source.path, encoded(id), lack.relation);
    let units = read_units(&path, false, !lack.options.is_empty(), None);
    let below = match (lack.relation, lack.options) {
        ("settings", _) => format!("{path}?$top={SETTINGS_TOP}"),
        (_, "") => path,
        (_, options) => format!("{path}?{options}"),
    };
    Ok(Part { below, units, what })
}

/// Whether an expanded collection is there, with what is expanded inside it, and as large as the object
/// says that it is.
fn is_whole(item: &Map<String, Value>, relation: &str, options: &str) -> bool {
    let Some(members) = item.get(relation).and_then(Value::as_array) else { return false };
    let counted = item.get("settingCount").and_then(Value::as_u64).filter(|_| relation == "settings");
    if counted.is_some_and(|count| usize::try_from(count) != Ok(members.len())) {
        return false;
    }
    let inner = relations(options.strip_prefix("$expand=").unwrap_or_default());
    members.iter().all(|m| inner.iter().all(|(name, _)| m.get(*name).is_some_and(Value::is_array)))
}
