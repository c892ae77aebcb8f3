//! Pages of a source: the first by its row, the others by Graph's own links.

use crate::{
    GraphClient,
    call::{Ask, Reply},
    cost::read_units,
    select::{Collection, collection, is_indispensable, with_query},
};
use domain::{
    Error, Result, TenantId,
    kinds::{Read, Source},
};
use engine::ports::{Cursor, PageEnd, ReadPage};
use serde_json::Value;
use url::Url;

/// Tenants were seen that refuse more at a time (msgraph-sdk-powershell issue 1898).
const SMALL_TOP: u32 = 120;

impl GraphClient {
    pub(crate) async fn read_page(
        &self,
        tenant: &TenantId,
        source: &'static Source,
        cursor: &Cursor,
    ) -> Result<ReadPage> {
        let (url, body) = match cursor {
            Cursor::Start => self.first_page(tenant, source).await?,
            Cursor::Next(link) | Cursor::Delta(link) => {
                let url = self.own_link(link)?;
                let units =
                    read_units(source.path, !source.select.is_empty(), !source.expand.is_empty(), source.top);
                let reply = self.ask(tenant, &Ask::get(url.clone(), units, what(source))).await?;
                (url, next_body(source, reply)?)
            }
        };
        let Collection { mut items, next, delta } = collection(body, &what(source))?;
        let end = match (next, delta) {
            (Some(next), _) => {
                // Why: a chain that leads to itself would be read for ever.
                if self.own_link(&next)? == url {
                    return Err(Error::unavailable(format!("{}: a page leads to itself", what(source))));
                }
                PageEnd::More(Cursor::Next(next))
            }
            (None, Some(delta)) => {
                self.own_link(&delta)?;
                PageEnd::Done(Some(delta))
            }
            (None, None) if source.read == Read::Delta => {
                return Err(Error::unavailable(format!(
                    "{}: a round of changes ends without its link",
                    what(source)
                )));
            }
            (None, None) => PageEnd::Done(None),
        };
        self.complete(tenant, source, &mut items).await?;
        Ok(ReadPage { items, end })
    }

    /// What is selected, without what this tenant's Graph does not know.
    pub(crate) fn selected(&self, tenant: &TenantId, source: &'static Source) -> Vec<&'static str> {
        let unknown = self.unknown_properties(tenant);
        source.select.iter().copied().filter(|p| !unknown.contains(&(source.name, *p))).collect()
    }

    /// Whether the refusal is about a property that can be left out; then it is, from now on.
    pub(crate) fn can_do_without(&self, tenant: &TenantId, source: &'static Source, reply: &Reply) -> bool {
        let selected = self.selected(tenant, source);
        let named = reply.refusal().unknown_property(&selected).filter(|p| !is_indispensable(source, p));
        if let Some(property) = named {
            self.learn_unknown(tenant, source.name, property);
        }
        named.is_some()
    }

    async fn first_page(&self, tenant: &TenantId, source: &'static Source) -> Result<(Url, Value)> {
        let mut top = source.top;
        loop {
            let select = self.selected(tenant, source);
            let url = self.address(source.version, &with_query(source.path, &select, source.expand, top))?;
            let units = read_units(source.path, !select.is_empty(), !source.expand.is_empty(), top);
            let reply = self.ask(tenant, &Ask::get(url.clone(), units, what(source))).await?;
            if reply.is_success() {
                return Ok((url, reply.body));
            }
            if self.can_do_without(tenant, source, &reply) {
                continue;
            }
            let refusal = reply.refusal();
            if refusal.status == 400 && !refusal.needs_licence() && top.is_some_and(|top| top > SMALL_TOP) {
                top = Some(SMALL_TOP);
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

fn what(source: &Source) -> String {
    format!("reading {}", source.name)
}

fn next_body(source: &'static Source, reply: Reply) -> Result<Value> {
    if !reply.is_success() && reply.refusal().is_cursor_lost() {
        return Err(Error::not_found(format!(
            "{}: Graph no longer knows where we were (answered {}); read from the start",
            what(source),
            reply.status
        )));
    }
    reply.success(&what(source))
}
