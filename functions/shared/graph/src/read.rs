//! Pages of a source: the first by its row, the others by Graph's own links.

use crate::{
    GraphClient,
    call::{Ask, Reply},
    cost::read_units,
    lenient::Listing,
    select::{equals, is_indispensable, kind_of, with_query},
};
use domain::{
    Error, ErrorReason, Result, TenantId,
    canonical::parse,
    kinds::{FullReading, Read, Source, id_of},
};
use engine::ports::{Cursor, PageEnd, ReadPage, Unreadable};
use serde_json::{
    Value,
    value::{RawValue, to_raw_value},
};
use std::borrow::Cow;
use url::Url;

/// Tenants were seen that refuse more at a time (msgraph-sdk-powershell issue 1898).
const SMALL_TOP: u32 = 120;
/// The most that Graph gives of the recycle bin at a time.
const BIN_TOP: u32 = 999;

impl GraphClient {
    /// One page of a source, from where `cursor` stands, with these properties besides.
    ///
    /// # Errors
    /// Those of the port: `NotFound` when the cursor is lost, so that everything has to be read anew.
    pub(crate) async fn read_page(
        &self,
        tenant: &TenantId,
        source: &'static Source,
        cursor: &Cursor,
        also: &[&str],
    ) -> Result<ReadPage> {
        // Each way of asking has a `Next` of its own: a link does not say how its list was begun, and its later pages
        // are treated like the first.
        let (url, page) = match cursor {
            Cursor::Next(link)
            | Cursor::NextListed(link)
            | Cursor::NextListedWithLinks(link)
            | Cursor::NextSingly(link)
            | Cursor::NextBin(link)
            | Cursor::Delta(link) => {
                let url = self.own_link(link)?;
                let units =
                    read_units(source.path, !source.select.is_empty(), !source.expand.is_empty(), source.top);
                let reply = self.ask(tenant, &page_of(url.clone(), units, source)).await?;
                (url, next_page(source, reply)?)
            }
            first => self.first_page(tenant, source, first, also).await?,
        };
        let Listing { mut items, unreadable, next, delta } = page;
        let mut unreadable: Vec<Unreadable> = unreadable.into_iter().map(Unreadable::of_text).collect();
        let mut refused_relations = Vec::new();
        let is_bin = matches!(cursor, Cursor::Bin | Cursor::NextBin(_));
        // Why not by the bin: who lies there says nothing of how large the tenant is, by which Graph sets its limits.
        if source.sizes_tenant && !is_bin {
            self.shared.throttle.learn_users(tenant, items.len());
        }
        let has_no_delta = matches!(cursor, Cursor::ListedWithLinks | Cursor::NextListedWithLinks(_));
        let is_singly = matches!(cursor, Cursor::Singly | Cursor::NextSingly(_));
        let is_listed = is_bin
            || has_no_delta
            || is_singly
            || matches!(cursor, Cursor::Listed | Cursor::NextListed(_))
            || !source.is_delta();
        // A list ends with its last page. A round of changes has to say where the next one begins: from there the next
        // snapshot reads on.
        let end = match (next, delta) {
            (Some(next), _) => {
                // Why: a chain that leads to itself would be read for ever.
                if self.own_link(&next)? == url {
                    let why = format!("{}: a page leads to itself", what(source));
                    return Err(Error::invalid(why).because(ErrorReason::Endless));
                }
                PageEnd::More(match cursor {
                    Cursor::Listed | Cursor::NextListed(_) => Cursor::NextListed(next),
                    Cursor::ListedWithLinks | Cursor::NextListedWithLinks(_) => {
                        Cursor::NextListedWithLinks(next)
                    }
                    Cursor::Singly | Cursor::NextSingly(_) => Cursor::NextSingly(next),
                    Cursor::Bin | Cursor::NextBin(_) => Cursor::NextBin(next),
                    _ => Cursor::Next(next),
                })
            }
            (None, Some(delta)) => {
                // It is stored and followed by the next snapshot: one that no token may follow is not taken.
                self.own_link(&delta)?;
                PageEnd::Done(Some(delta))
            }
            (None, None) if is_listed => PageEnd::Done(None),
            (None, None) => {
                return Err(Error::unavailable(format!(
                    "{}: a round of changes ends without its link",
                    what(source)
                )));
            }
        };
        // Read singly, a page is ids alone: the objects take their place.
        if is_singly {
            let (found, lost) = self.one_by_one(tenant, source, &items, also).await?;
            unreadable.extend(lost);
            items = found.iter().map(to_raw).collect::<Result<_>>()?;
        }
        // A delta gives links inside its objects; the lists that stand in for it do not, so links are asked for apart.
        // Of other lists, what they expand is completed. Of the bin, ids are all that is wanted.
        let asks_links_apart = has_no_delta || is_singly && source.is_delta();
        if asks_links_apart || !source.expand.is_empty() && !is_bin {
            // Why items are taken apart here and nowhere else: most pages hold all, and are stored as they came.
            let mut apart = Vec::with_capacity(items.len());
            for item in &items {
                match parse(item).ok().filter(|item| item.get("id").is_some_and(Value::is_string)) {
                    Some(item) => apart.push(item),
                    None => unreadable.push(Unreadable::of_text(id_of(item))),
                }
            }
            let lost = if asks_links_apart {
                self.add_links(tenant, source, &mut apart).await?
            } else {
                self.complete(tenant, source, &mut apart).await?
            };
            let (lost, relations) = lost.take_out(&mut apart);
            unreadable.extend(lost);
            refused_relations = relations;
            items = apart.iter().map(to_raw).collect::<Result<_>>()?;
        }
        let unknown = self.unknown_properties(tenant);
        // Not asked for is not empty: what the question left out is named beside the items.
        let is_asked = |p: &str| source.select.contains(&p) || also.contains(&p);
        let unknown = unknown.into_iter().filter(|(name, p)| *name == source.name && is_asked(p));
        let withheld = self.withheld(tenant, source).await?;
        let not_permitted = withheld.into_iter().chain(refused_relations).map(str::to_owned);
        let left_out = unknown.map(|(_, p)| p).chain(not_permitted).collect();
        Ok(ReadPage { items, unreadable, end, left_out })
    }

    /// What the token may not read of that source: asked for it, Graph gives nothing and does not say so, or refuses.
    async fn withheld(&self, tenant: &TenantId, source: &'static Source) -> Result<Vec<&'static str>> {
        let Some(kind) = kind_of(source).filter(|k| !k.guarded.is_empty()) else { return Ok(Vec::new()) };
        let permissions = self.permissions(tenant).await?;
        Ok(kind.withheld(&permissions).filter(|p| source.select.contains(p)).collect())
    }

    /// What can be selected: known to this tenant's Graph, and not kept back from the token.
    pub(crate) async fn selectable<'a>(
        &self,
        tenant: &TenantId,
        source: &'static Source,
        also: &[&'a str],
    ) -> Result<Vec<&'a str>> {
        let withheld = self.withheld(tenant, source).await?;
        Ok(self.selected(tenant, source, also).into_iter().filter(|p| !withheld.contains(p)).collect())
    }

    /// What is selected and, of a source whose properties are, these besides; without what this tenant's Graph does not know.
    pub(crate) fn selected<'a>(
        &self,
        tenant: &TenantId,
        source: &'static Source,
        also: &[&'a str],
    ) -> Vec<&'a str> {
        let unknown = self.unknown_properties(tenant);
        let is_known = |p: &&str| !unknown.iter().any(|(of, known)| *of == source.name && known == p);
        source.select.iter().chain(also).copied().filter(is_known).collect()
    }

    /// Whether the refusal is about a property that can be left out; then it is, from now on.
    pub(crate) fn can_do_without(
        &self,
        tenant: &TenantId,
        source: &'static Source,
        also: &[&str],
        reply: &Reply,
    ) -> bool {
        let selected = self.selected(tenant, source, also);
        let named = reply
            .error_answer()
            .unknown_property(&selected)
            .filter(|p| !is_indispensable(source, p))
            .filter(|p| !source.carries.contains(p));
        if let Some(property) = named {
            self.learn_unknown(tenant, source.name, property);
        }
        named.is_some()
    }

    /// Asks for a first page, with less where this Graph does not bear more.
    async fn first_page(
        &self,
        tenant: &TenantId,
        source: &'static Source,
        cursor: &Cursor,
        also: &[&str],
    ) -> Result<(Url, Listing)> {
        let mut question = Question::new(source, cursor);
        loop {
            let select = question.select(source, self.selectable(tenant, source, also).await?);
            let url = self.address(source.version, &question.below(&select))?;
            let expands = !question.expand.is_empty();
            let units = read_units(&question.path, !select.is_empty(), expands, question.top);
            let reply = self.ask(tenant, &page_of(url.clone(), units, source)).await?;
            if reply.is_success() {
                return Ok((url, page(source, reply)?));
            }
            // Some clouds lack properties that others have: the property is left out, and reported as missing.
            if self.can_do_without(tenant, source, also, &reply) {
                continue;
            }
            let refusal = reply.error_answer();
            // Graph does not document how large a page may be with everything that is expanded: a refused size is
            // made smaller once, and then left to Graph.
            let is_too_much = refusal.status == 400 && !refusal.needs_licence();
            if let Some(top) = question.top.filter(|_| is_too_much) {
                question.top = (top > SMALL_TOP).then_some(SMALL_TOP);
                continue;
            }
            // What is expanded can be asked for apart, object by object.
            if is_too_much && !question.expand.is_empty() && question.expand == source.expand {
                question.expand = "";
                continue;
            }
            // Why: to the port, "not found" says that a cursor is lost; here there was none to lose.
            return Err(match refusal.status {
                404 | 410 => Error::invalid(format!(
                    "{}: this Graph does not have it (answered {})",
                    what(source),
                    refusal.status
                )),
                _ => refusal.into_error(&what(source)),
            });
        }
    }
}

/// What a first page is asked for.
struct Question {
    path: Cow<'static, str>,
    expand: &'static str,
    top: Option<u32>,
    /// Only ids are wanted.
    ids_only: bool,
    /// Relations are selected, as a delta wants them.
    relations: bool,
    /// The query's end, encoded.
    tail: String,
}

impl Question {
    fn new(source: &'static Source, cursor: &Cursor) -> Self {
        let usual = Self {
            path: source.path.into(),
            expand: source.expand,
            top: source.top,
            ids_only: false,
            relations: true,
            tail: String::new(),
        };
        match (cursor, source.read) {
            (Cursor::Listed, Read::Delta(FullReading::ByList { path, expand, top })) => {
                Self { path: path.into(), expand, top: Some(top), relations: false, ..usual }
            }
            (Cursor::Listed, Read::Delta(FullReading::ByChunks { path, top, .. })) => {
                Self { path: path.into(), top: Some(top), ids_only: true, ..usual }
            }
            (Cursor::ListedWithLinks, Read::Delta(how)) => {
                let (path, expand, top) = match how {
                    FullReading::ByList { path, expand, top } => (path, expand, Some(top)),
                    FullReading::ByChunks { path, top, .. } => (path, "", Some(top)),
                    FullReading::ByRound => (source.path.trim_end_matches("/delta"), "", None),
                };
                Self { path: path.into(), expand, top, relations: false, ..usual }
            }
            (Cursor::Singly, read) => {
                let path = match read {
                    Read::Delta(FullReading::ByList { path, .. } | FullReading::ByChunks { path, .. }) => {
                        path
                    }
                    Read::Delta(FullReading::ByRound) => source.path.trim_end_matches("/delta"),
                    Read::List => source.path,
                };
                let (path, top) = (path.into(), Some(SMALL_TOP));
                Self { path, expand: "", top, ids_only: true, relations: false, ..usual }
            }
            (Cursor::Bin, _) => {
                let cast = kind_of(source).and_then(|kind| kind.writing.recycle_bin).unwrap_or_default();
                let path = format!("directory/deletedItems/{cast}").into();
                Self { path, expand: "", top: Some(BIN_TOP), ids_only: true, relations: false, ..usual }
            }
            (Cursor::Latest, _) => Self { tail: "$deltatoken=latest".to_owned(), ..usual },
            (Cursor::Ids(ids), _) => {
                let ids: Vec<String> = ids.iter().map(|id| equals("id", id)).collect();
                Self { tail: format!("$filter={}", ids.join("%20or%20")), ..usual }
            }
            _ => usual,
        }
    }

    fn select<'a>(&self, source: &'static Source, known: Vec<&'a str>) -> Vec<&'a str> {
        if self.ids_only {
            return vec!["id"];
        }
        let kind = kind_of(source);
        let is_wanted = |p: &&str| self.relations || kind.is_none_or(|k| !k.is_relation(p));
        known.into_iter().filter(is_wanted).collect()
    }

    /// Path and query below the version segment.
    fn below(&self, select: &[&str]) -> String {
        let below = with_query(&self.path, select, self.expand, self.top);
        match (self.tail.is_empty(), below.contains('?')) {
            (true, _) => below,
            (false, true) => format!("{below}&{}", self.tail),
            (false, false) => format!("{below}?{}", self.tail),
        }
    }
}

fn page_of(url: Url, units: u64, source: &Source) -> Ask {
    Ask { page: true, ..Ask::get(url, units, what(source)) }
}

/// The page of a success.
///
/// # Errors
/// `Unavailable` when it is none: a reply without its collection is not an empty page.
fn page(source: &Source, reply: Reply) -> Result<Listing> {
    let missing = || Error::unavailable(format!("{}: Graph's answer is not a collection", what(source)));
    reply.page.ok_or_else(missing)
}

fn to_raw(item: &Value) -> Result<Box<RawValue>> {
    to_raw_value(item).map_err(|e| Error::unavailable("an item cannot be written").caused_by(e))
}

fn what(source: &Source) -> String {
    format!("reading {}", source.name)
}

fn next_page(source: &'static Source, reply: Reply) -> Result<Listing> {
    if !reply.is_success() && reply.error_answer().is_cursor_lost() {
        return Err(Error::not_found(format!(
            "{}: Graph no longer knows where we were (answered {}); read from the start",
            what(source),
            reply.status
        )));
    }
    if reply.is_success() {
        return page(source, reply);
    }
    Err(reply.error_answer().into_error(&what(source)))
}
