//! One object as it is now, in the form in which a snapshot would hold it.
//!
//! The object, its facets and its links are asked for in one batch. What is not found is `None`; a link
//! list that cannot be had whole is an error.

use crate::{
    GraphClient,
    batch::Part,
    call::{Ask, Reply},
    cost::read_units,
    select::{collection, encoded, equals, with_query},
};
use domain::{
    Error, ErrorKind, Result, TenantId,
    kinds::{Asked, Identity, Interpreted, Kind, LinkType, LinkWrite, Source, interpret},
};
use engine::ports::LiveObject;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The most that Graph gives of a link list at a time.
const LINKS_TOP: u32 = 999;

/// What one part of the batch is for.
enum Wanted {
    Facet(&'static Source),
    Link(&'static LinkType),
}

impl GraphClient {
    /// One live object by its key, with these of its links; none when it is not there.
    pub(crate) async fn find_live(
        &self,
        tenant: &TenantId,
        kind: &'static Kind,
        key: &str,
        links: &[&'static LinkType],
    ) -> Result<Option<LiveObject>> {
        match kind.identity {
            Identity::Id => self.find_by_id(tenant, kind, key, links).await,
            Identity::Natural(properties) => self.find_fact(tenant, kind, properties, key).await,
        }
    }

    async fn find_by_id(
        &self,
        tenant: &TenantId,
        kind: &'static Kind,
        id: &str,
        links: &[&'static LinkType],
    ) -> Result<Option<LiveObject>> {
        let main = &kind.reading[0];
        let (mut wanted, mut parts) = (Vec::new(), Vec::new());
        // The object, its facets and its links are asked for in one batch: fewer calls, and all of about one moment.
        for source in &kind.reading[1..] {
            let below = with_query(&one(kind, id), source.select, source.expand, None);
            wanted.push(Wanted::Facet(source));
            parts.push(Part { below, units: 1, what: format!("reading {}", source.name) });
        }
        for link in links.iter().filter(|l| l.from == kind.name && l.write != LinkWrite::AssignAll) {
            let path = format!("{}/{}", one(kind, id), link.relation);
            let top = (link.write != LinkWrite::Single).then_some(LINKS_TOP);
            let units = read_units(&path, true, false, top);
            let below = with_query(&path, &["id"], "", top);
            wanted.push(Wanted::Link(link));
            parts.push(Part { below, units, what: format!("reading {}", link.name) });
        }
        let names = self.extension_names(tenant, kind).await?;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        loop {
            let select = self.select_without_links(tenant, kind, &names).await?;
            let path = one(kind, id);
            let units = read_units(&path, !select.is_empty(), !main.expand.is_empty(), None);
            let below = with_query(&path, &select, main.expand, None);
            parts.insert(0, Part { below, units, what: format!("reading one of {}", kind.name) });
            let mut replies = self.get_many(tenant, kind.version, &parts).await?.into_iter();
            let what = parts.remove(0).what;
            let Some(reply) = replies.next() else {
                return Err(Error::unavailable(format!("{what}: no reply")));
            };
            let reply = reply?;
            // Only the object itself decides whether it is there; its parts may be missing for other reasons.
            if reply.status == 404 {
                return Ok(None);
            }
            if !reply.is_success() && self.can_do_without(tenant, main, &names, &reply) {
                continue;
            }
            let mut items = vec![reply.success(&what)?];
            let mut lost = self.complete(tenant, main, &mut items).await?;
            if let Some(error) = lost.take_error() {
                return Err(mid_way(error));
            }
            let Some(item) = items.pop() else { return Ok(None) };
            let replies = wanted.iter().zip(&parts).zip(replies).map(|((w, p), r)| (w, p, r));
            return self.assemble(tenant, kind, &select, item, replies, links).await.map(Some);
        }
    }

    async fn assemble(
        &self,
        tenant: &TenantId,
        kind: &'static Kind,
        select: &[&str],
        mut item: Value,
        replies: impl Iterator<Item = (&Wanted, &Part, Result<Reply>)>,
        links: &[&'static LinkType],
    ) -> Result<LiveObject> {
        let (mut facets, mut unknown) = (Map::new(), BTreeSet::new());
        for (wanted, part, reply) in replies {
            let reply = reply?;
            match wanted {
                // Why: without the permission a snapshot has no facet either; the object is still to be had. What is
                // absent counts as not known, below.
                Wanted::Facet(source) if reply.status == 403 => {
                    tracing::warn!(%tenant, source = source.name, "not permitted; read without it");
                }
                Wanted::Facet(source) => {
                    let body = reply.success(&part.what).map_err(mid_way)?;
                    for (facet, value) in understand(kind, source, &body)?.facets {
                        let value = value.map_or(Ok(Value::Null), |v| serde_json::from_slice(&v));
                        let value = value.map_err(|e| Error::unavailable("not a facet").caused_by(e))?;
                        facets.insert(facet.to_owned(), value);
                    }
                }
                // Why: a group that hides who is in it is still to be had.
                Wanted::Link(link) if reply.status == 403 && is_guarded(kind, link) => {
                    unknown.insert(link.relation);
                }
                Wanted::Link(link) => {
                    // For a single link 404 says that there is none. A list has no such answer: its object has just
                    // gone.
                    let value = if link.write == LinkWrite::Single {
                        if reply.status == 404 { Value::Null } else { reply.success(&part.what)? }
                    } else {
                        let first = collection(reply.success(&part.what).map_err(mid_way)?, &part.what)?;
                        Value::Array(self.all_of(tenant, first, part.units, &part.what).await?)
                    };
                    if let Some(item) = item.as_object_mut() {
                        item.insert(link.relation.to_owned(), value);
                    }
                }
            }
        }
        // The parts are in the item now, so it is understood by the same code as an item of a listed page: what is
        // live compares with what is stored.
        let id = item.get("id").cloned();
        let read = understand(kind, &kind.reading[0], &item)?;
        // No object: Graph gave its id and links, and no property.
        let mut object = match read.object {
            Some(object) => object.to_map()?,
            None => id.map(|id| ("id".to_owned(), id)).into_iter().collect(),
        };
        // Why: Graph may give directory extensions that were not asked for, here and not in a list.
        object.retain(|property, _| !kind.is_extension(property) || select.contains(&property.as_str()));
        // Asked for and not given means that it is empty; without this it would count as not known.
        for property in select {
            object.entry(*property).or_insert(Value::Null);
        }
        object.extend(facets);
        // What is still absent, or empty for want of a permission, is not known: nobody takes it for empty.
        unknown.extend(kind.unknown(&object, &self.permissions(tenant).await?));
        let mut ends = Vec::new();
        for record in read.links.into_iter().filter(|record| links.contains(&record.link)) {
            let end = record.end()?;
            ends.push((record.link, record.to, end));
        }
        // Graph promises no order, and callers compare.
        ends.sort_by(|a, b| (a.0.name, &a.1).cmp(&(b.0.name, &b.1)));
        Ok(LiveObject { object, links: ends, unknown })
    }

    /// A fact that is known by its parts and not by an id: among those of its principal.
    async fn find_fact(
        &self,
        tenant: &TenantId,
        kind: &'static Kind,
        properties: &[&str],
        key: &str,
    ) -> Result<Option<LiveObject>> {
        let not_a_key = || Error::invalid(format!("not a key of {}", kind.name));
        let property = kind.grant().ok_or_else(not_a_key)?.principal;
        let value = properties.iter().position(|p| *p == property).and_then(|i| key.split('|').nth(i));
        let principal = value.filter(|v| !v.is_empty()).ok_or_else(not_a_key)?;
        for item in self.filtered(tenant, kind, &[], property, principal).await? {
            let object = object_of(kind, item)?;
            if kind.key_of(&object)? == key {
                return Ok(Some(LiveObject { object, links: vec![], unknown: BTreeSet::new() }));
            }
        }
        Ok(None)
    }

    /// All objects whose property has the value, as Graph compares it.
    pub(crate) async fn filtered(
        &self,
        tenant: &TenantId,
        kind: &'static Kind,
        select: &[&str],
        property: &str,
        value: &str,
    ) -> Result<Vec<Value>> {
        let what = format!("searching {}", kind.name);
        let path = with_query(kind.path, select, "", None);
        let joint = if path.contains('?') { '&' } else { '?' };
        let below = format!("{path}{joint}$filter={}", equals(property, value));
        self.list(tenant, kind, &below, &what).await
    }

    /// All items of a list, page after page.
    pub(crate) async fn list(
        &self,
        tenant: &TenantId,
        kind: &'static Kind,
        below: &str,
        what: &str,
    ) -> Result<Vec<Value>> {
        let units = read_units(kind.path, below.contains("$select"), false, None);
        let ask = Ask::get(self.address(kind.version, below)?, units, what);
        let first = collection(self.ask(tenant, &ask).await?.success(what)?, what)?;
        self.all_of(tenant, first, units, what).await
    }

    /// The properties that the main source reads, and these besides, known to this Graph, without the relations.
    pub(crate) async fn select_without_links<'a>(
        &self,
        tenant: &TenantId,
        kind: &'static Kind,
        also: &[&'a str],
    ) -> Result<Vec<&'a str>> {
        let selectable = self.selectable(tenant, &kind.reading[0], also).await?;
        Ok(selectable.into_iter().filter(|p| kind.link(p).is_none()).collect())
    }

    /// The live objects whose property has exactly this value, at most [`FOUND_LIMIT`], without links.
    pub(crate) async fn find_by_property(
        &self,
        tenant: &TenantId,
        kind: &'static Kind,
        property: &str,
        value: &str,
    ) -> Result<Vec<Map<String, Value>>> {
        let has_value = |item: &Value| item.get(property).and_then(Value::as_str) == Some(value);
        let main = &kind.reading[0];
        if main.expand.is_empty() {
            let names = self.extension_names(tenant, kind).await?;
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let select = self.select_without_links(tenant, kind, &names).await?;
            let found = self.filtered(tenant, kind, &select, property, value).await?;
            // Why: Graph compares without regard to case.
            return found
                .into_iter()
                .filter(has_value)
                .take(FOUND_LIMIT)
                .map(|i| object_of(kind, i))
                .collect();
        }
        // Why: Intune does not document a filter on names for every kind of policy.
        let below = with_query(kind.path, &[], "", main.top);
        let listed = self.list(tenant, kind, &below, &format!("searching {}", kind.name)).await?;
        let mut found = Vec::new();
        for item in listed.into_iter().filter(has_value).take(FOUND_LIMIT) {
            let id = item.get("id").and_then(Value::as_str).unwrap_or_default();
            if let Some(live) = self.find_by_id(tenant, kind, id, &[]).await? {
                found.push(live.object);
            }
        }
        Ok(found)
    }

    /// Whether an object of the kind can be taken out of the recycle bin under its id.
    pub(crate) async fn is_in_recycle_bin(
        &self,
        tenant: &TenantId,
        kind: &'static Kind,
        id: &str,
    ) -> Result<bool> {
        if kind.writing.recycle_bin.is_none() {
            return Ok(false);
        }
        let what = "reading the recycle bin";
        let below = format!("directory/deletedItems/{}", encoded(id));
        let reply = self.ask(tenant, &Ask::get(self.address(kind.version, &below)?, 1, what)).await?;
        if reply.status == 404 {
            return Ok(false);
        }
        Ok(!is_of_another_kind(kind, &reply.success(what)?))
    }

    /// An object of the kind in the recycle bin, without links and facets. What Graph does not give of it is not known.
    pub(crate) async fn find_binned(
        &self,
        tenant: &TenantId,
        kind: &'static Kind,
        id: &str,
    ) -> Result<Option<LiveObject>> {
        if kind.writing.recycle_bin.is_none() {
            return Ok(None);
        }
        let what = "reading the recycle bin";
        // Directory extensions are compared when the object is back.
        let select = self.select_without_links(tenant, kind, &[]).await?;
        let below = with_query(&format!("directory/deletedItems/{}", encoded(id)), &select, "", None);
        let reply = self.ask(tenant, &Ask::get(self.address(kind.version, &below)?, 1, what)).await?;
        if reply.status == 404 {
            return Ok(None);
        }
        // Why: it is not documented that each property can be selected there. What is not seen is compared later.
        if reply.status == 400 {
            let is_there = self.is_in_recycle_bin(tenant, kind, id).await?;
            return Ok(is_there.then(|| LiveObject::unseen(kind)));
        }
        let mut found = reply.success(what)?;
        if is_of_another_kind(kind, &found) {
            return Ok(None);
        }
        if let Some(found) = found.as_object_mut() {
            found.retain(|property, _| !property.contains('@') && !kind.is_extension(property));
        }
        let read = understand(kind, &kind.reading[0], &found)?;
        let mut object = read.object.map(|object| object.to_map()).transpose()?.unwrap_or_default();
        // Why no others: what is selected and not given may not be given there at all.
        for (property, value) in found.as_object().into_iter().flatten().filter(|(_, value)| value.is_null())
        {
            object.entry(property).or_insert_with(|| value.clone());
        }
        let mut unknown = LiveObject::unseen(kind).unknown;
        unknown.retain(|property| !object.contains_key(*property));
        unknown.extend(kind.unknown(&object, &self.permissions(tenant).await?));
        Ok(Some(LiveObject { object, links: Vec::new(), unknown }))
    }

    /// The organisation of the tenant, as Graph gives it: names, verified domains, when it was created.
    pub(crate) async fn organisation(&self, tenant: &TenantId) -> Result<Map<String, Value>> {
        let what = "reading the organisation";
        let select = ["id", "displayName", "verifiedDomains", "createdDateTime", "onPremisesSyncEnabled"];
        let below = with_query("organization", &select, "", None);
        let ask = Ask::get(self.address(domain::kinds::ApiVersion::V1, &below)?, 1, what);
        let page = collection(self.ask(tenant, &ask).await?.success(what)?, what)?;
        match page.items.into_iter().next() {
            Some(Value::Object(organisation)) => Ok(organisation),
            _ => Err(Error::unavailable(format!("{what}: Graph gave none"))),
        }
    }
}

/// The most objects that the port gives for one search.
pub(crate) const FOUND_LIMIT: usize = 100;

/// Whether an object of the recycle bin says that it is of another kind.
fn is_of_another_kind(kind: &Kind, found: &Value) -> bool {
    let said = found.get("@odata.type").and_then(Value::as_str);
    said.zip(kind.writing.recycle_bin).is_some_and(|(said, cast)| said.strip_prefix('#') != Some(cast))
}

fn one(kind: &Kind, id: &str) -> String {
    format!("{}/{}", kind.path, encoded(id))
}

/// Whether the relation needs a permission of its own where objects hide it.
fn is_guarded(kind: &Kind, link: &LinkType) -> bool {
    kind.guarded.iter().any(|g| g.part == link.relation)
}

/// An item that was asked for alone.
fn understand(kind: &'static Kind, source: &Source, item: &Value) -> Result<Interpreted> {
    let raw = serde_json::value::to_raw_value(item)
        .map_err(|e| Error::unavailable("an item cannot be written").caused_by(e))?;
    interpret(kind, source, Asked { select: &[], withheld: &[], is_all_of_object: false }, &raw)
}

/// An error of reading a part of an object that was found. `NotFound` becomes `Unavailable`: the object is changing
/// while it is read, and a later reading will find it or not.
fn mid_way(error: Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound => Error::unavailable(error.summary()),
        _ => error,
    }
}

pub(crate) fn object_of(kind: &Kind, item: Value) -> Result<Map<String, Value>> {
    match item {
        Value::Object(item) if item.get("id").is_some_and(Value::is_string) => Ok(kind.canonical(item)),
        _ => Err(Error::unavailable(format!("{}: an item has no id", kind.name))),
    }
}
