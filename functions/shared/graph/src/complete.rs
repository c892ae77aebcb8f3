//! Completes the items of a page: expanded collections that Graph cut short or left out are read to their end.
//!
//! Proof of completeness for policies is `settingCount`: Graph hands out 25 settings a page unless told
//! otherwise, and whether it ever cuts an expanded collection silently is not documented. What cannot be made whole
//! is lost, and named: none is ever given short. A relation that Graph refuses of every item is left out of all.

use crate::{
    GraphClient,
    batch::Part,
    call::{Ask, Reply},
    cost::read_units,
    lost::{Lost, passes},
    select::{Collection, collection, encoded, is_indispensable, kind_of, relations},
};
use domain::{Error, ErrorKind, ErrorReason, Result, TenantId, kinds::Source, trail::Trail};
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
    /// Completes the items of a page of `source`, in place; gives what cannot be had of them.
    ///
    /// # Errors
    /// Those of the reads that pass, and what is wrong with every item.
    pub(crate) async fn complete(
        &self,
        tenant: &TenantId,
        source: &'static Source,
        items: &mut [Value],
    ) -> Result<Lost> {
        let (relations, mut lost) = (relations(source.expand), Lost::default());
        for (i, item) in items.iter_mut().enumerate() {
            let Some(item) = item.as_object_mut() else { continue };
            if let Err(error) = self.follow_inside(tenant, source, &relations, item).await {
                lost.item(i, error)?;
            }
        }
        let mut lacks = Vec::new();
        for (i, item) in items.iter().enumerate().filter(|(i, _)| !lost.has(*i)) {
            let Some(item) = item.as_object().filter(|item| !item.contains_key("@removed")) else { continue };
            for (relation, options) in &relations {
                if !has_complete_relation(item, relation, options) {
                    lacks.push(Lack { item: i, relation, options });
                }
            }
        }
        self.fill(tenant, source, &relations, items, &lacks, &mut lost).await?;
        lost.unless_all(items.len())
    }

    async fn fill(
        &self,
        tenant: &TenantId,
        source: &'static Source,
        relations: &[(&'static str, &'static str)],
        items: &mut [Value],
        lacks: &[Lack],
        lost: &mut Lost,
    ) -> Result<()> {
        let mut parts = Vec::with_capacity(lacks.len());
        for lack in lacks {
            parts.push(part(source, &items[lack.item], lack)?);
        }
        let replies = self.get_many(tenant, source.version, &parts).await?;
        let mut failed: Vec<(&Lack, Error)> = Vec::new();
        for ((lack, part), reply) in lacks.iter().zip(&parts).zip(replies) {
            let item = &mut items[lack.item];
            if let Err(error) = self.fill_one(tenant, source, relations, item, (lack, part), reply).await? {
                failed.push((lack, error));
            }
        }
        // A relation that Graph refuses of every item is no fault of the items.
        for (relation, _) in relations {
            let of_it = |(lack, error): &(&Lack, Error)| {
                lack.relation == *relation && error.kind() == ErrorKind::Invalid && error.reason().is_none()
            };
            let is_refused = failed.iter().filter(|one| of_it(one)).count() == items.len();
            if is_refused && !is_indispensable(source, relation) {
                let (refused, others): (Vec<_>, Vec<_>) = failed.into_iter().partition(of_it);
                failed = others;
                if let Some((_, error)) = refused.into_iter().next() {
                    tracing::warn!(%tenant, source = source.name, relation, "refused of every object; left out");
                    lost.relation(relation, error);
                }
            }
        }
        for (lack, error) in failed {
            self.lose(tenant, source, lost, (lack.item, &items[lack.item]), error).await?;
        }
        Ok(())
    }

    /// Puts what was asked for of one item into it. The inner error is that item's alone.
    async fn fill_one(
        &self,
        tenant: &TenantId,
        source: &'static Source,
        relations: &[(&'static str, &'static str)],
        item: &mut Value,
        (lack, part): (&Lack, &Part),
        reply: Result<Reply>,
    ) -> Result<Result<()>> {
        let first = match reply.and_then(|reply| collection(reply.success(&part.what)?, &part.what)) {
            Ok(first) => first,
            Err(error) => return Ok(Err(error)),
        };
        let Some(item) = item.as_object_mut() else { return Ok(Ok(())) };
        let done = async {
            let all = self.all_of(tenant, first, part.units, &part.what).await?;
            item.insert(lack.relation.to_owned(), Value::Array(all));
            self.follow_inside(tenant, source, relations, item).await
        };
        match done.await {
            Ok(()) if has_complete_relation(item, lack.relation, lack.options) => Ok(Ok(())),
            Ok(()) => {
                let id = item.get("id").and_then(Value::as_str).unwrap_or_default();
                Ok(Err(Error::unavailable(format!(
                    "{}: Graph does not give all {} of {id}",
                    source.name, lack.relation
                ))))
            }
            Err(error) if passes(&error) => Err(error),
            Err(error) => Ok(Err(error)),
        }
    }

    /// Notes that an item cannot be had, for that reason; or that it is no longer there, where that is why.
    pub(crate) async fn lose(
        &self,
        tenant: &TenantId,
        source: &'static Source,
        lost: &mut Lost,
        (at, item): (usize, &Value),
        error: Error,
    ) -> Result<()> {
        let id = item.get("id").and_then(Value::as_str).filter(|_| error.kind() == ErrorKind::NotFound);
        if let (Some(id), Some(kind)) = (id, kind_of(source)) {
            let below = format!("{}/{}?$select=id", kind.path, encoded(id));
            let what = format!("looking for one of {}", source.name);
            let reply = self.ask(tenant, &Ask::get(self.address(kind.version, &below)?, 1, what)).await?;
            if reply.status == 404 {
                lost.gone(at);
                return Ok(());
            }
        }
        lost.item_for_good(at, error);
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
            trail.follow_list(&link, ids.map(|id| [id, "", ""])).map_err(|_| {
                Error::invalid(format!("{what}: the pages do not end")).because(ErrorReason::Endless)
            })?;
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
                return Err(Error::invalid(format!("{what}: the next link is not one")));
            };
            let first = Collection { items: vec![], next: Some(link) };
            let more = self.all_of(tenant, first, 1, &what).await?;
            match item.entry(name).or_insert_with(|| Value::Array(vec![])) {
                Value::Array(known) => known.extend(more),
                _ => return Err(Error::invalid(format!("{what}: it is not a collection"))),
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
fn has_complete_relation(item: &Map<String, Value>, relation: &str, options: &str) -> bool {
    let Some(members) = item.get(relation).and_then(Value::as_array) else { return false };
    let counted = item.get("settingCount").and_then(Value::as_u64).filter(|_| relation == "settings");
    if counted.is_some_and(|count| usize::try_from(count) != Ok(members.len())) {
        return false;
    }
    let inner = relations(options.strip_prefix("$expand=").unwrap_or_default());
    members.iter().all(|m| inner.iter().all(|(name, _)| m.get(*name).is_some_and(Value::is_array)))
}
