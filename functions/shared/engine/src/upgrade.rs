//! Rows of release 1, moved to the scopes that they have now. A command of the operator, run once while everything is
//! stopped; it may be run again, and may die anywhere.
//!
//! Release 1 kept most rows in three kinds of scopes (`system`, `partner/…`, `tenant/…`), so that whoever might write one
//! row there might write them all. Each row is moved in one write, body, place in a watched list and end as they were; its
//! version begins anew. A data key is moved under the organisation that has its tenant, which its key names since then.
//! Why moved and not read at both places: whoever may write the former place could then go on making keys and tokens.

use crate::ports::{Catalog, Clock, Row, RowPage, Scope, Write};
use crate::records::{OwnerKind, Tenant};
use async_trait::async_trait;
use domain::{Error, ErrorKind, Result, TenantId};
use serde::Serialize;
use serde_json::{Value, json};

/// A catalog that can be read from its beginning to its end, which no function of the product may.
#[async_trait]
pub trait WholeCatalog: Catalog {
    /// Rows of all scopes in no order, at most a thousand, expired ones too; `after` is the `next` of the part before.
    async fn list_all_scopes(&self, after: Option<String>) -> Result<RowPage>;
}

/// What a move did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How many rows were moved.
    pub moved: u64,
    /// How many rows are at their former place still: their new place is taken, or whose they are is not known. To be looked
    /// at by a person; each is in the log.
    pub left: u64,
}

use OwnerKind::{
    Audit, Auth, Heard, Installation, Invitations, Keys, Organisations, Partner, People, Replies, Restores,
    Tenant as OfTenant,
};

/// Where the rows of release 1 were, how their keys began, and whose they are now. It describes a release that is over, so it
/// does not follow the table of families.
const FORMER: [(OwnerKind, &str, OwnerKind); 28] = [
    (Installation, "token#", Auth),
    (Installation, "access#", Auth),
    (Installation, "identity#", Auth),
    (Installation, "invitation#", Invitations),
    (Installation, "audit#", Audit),
    (Installation, "audithead", Audit),
    (Installation, "idempotency#", Replies),
    (Partner, "audit#", Audit),
    (Partner, "audithead", Audit),
    (Partner, "idempotency#", Replies),
    (Partner, "org#", Organisations),
    (Partner, "deleted#", Organisations),
    (Partner, "offer#", Organisations),
    (Partner, "offered#", Organisations),
    (Partner, "subscribed#", Organisations),
    (Partner, "open-downgrade#", Organisations),
    (Partner, "downgrade#", Organisations),
    (Partner, "token#", People),
    (Partner, "owners", People),
    (Partner, "person#", People),
    (Partner, "invitation#", People),
    (Partner, "digest#", People),
    (Partner, "heard#", Heard),
    (OfTenant, "key", Keys),
    (OfTenant, "restore#", Restores),
    (OfTenant, "step#", Restores),
    (OfTenant, "newid#", Restores),
    (OfTenant, "remaking#", Restores),
];

/// The scope of a row now, if it is at a place of release 1.
fn new_scope(scope: &Scope, key: &str) -> Option<Scope> {
    let kind = match scope {
        Scope::System => Installation,
        Scope::Partner(_) => Partner,
        Scope::Tenant(_) => OfTenant,
        _ => return None,
    };
    let (_, _, now) = FORMER.iter().find(|(of, prefix, _)| *of == kind && key.starts_with(prefix))?;
    match (scope, now) {
        (Scope::Partner(id), Audit) => Some(Scope::Audit(Some(id.clone()))),
        (_, Audit) => Some(Scope::Audit(None)),
        (Scope::Partner(id), Replies) => Some(Scope::Replies(Some(id.clone()))),
        (_, Replies) => Some(Scope::Replies(None)),
        (Scope::Partner(id), Organisations) => Some(Scope::Organisations(id.clone())),
        (Scope::Partner(id), People) => Some(Scope::People(id.clone())),
        (Scope::Partner(id), Heard) => Some(Scope::Heard(id.clone())),
        (Scope::Tenant(id), owner) => owner.scope_of_tenant(id),
        (_, owner) => owner.only_scope(),
    }
}

/// Moves every row that is at a place of release 1.
///
/// # Errors
/// When the catalog does not answer; what was moved until then stays moved.
pub async fn move_rows(catalog: &dyn WholeCatalog, clock: &dyn Clock) -> Result<Report> {
    let (mut report, mut after) = (Report::default(), None);
    loop {
        let page = catalog.list_all_scopes(after).await?;
        for (scope, row) in page.rows {
            let Some(to) = new_scope(&scope, &row.key) else { continue };
            // An expired row is as if it were not there; the catalog removes it.
            if row.expires_at.is_some_and(|at| at <= clock.now()) {
                continue;
            }
            let key = row.key.clone();
            match move_row(catalog, clock, (&scope, row), to).await {
                Ok(()) => report.moved += 1,
                Err(error) if [ErrorKind::Conflict, ErrorKind::NotFound].contains(&error.kind()) => {
                    report.left += 1;
                    // The key of a token or link is a hash; that of a re-created object is an id of the tenant's.
                    let family = key.split('#').next().unwrap_or_default();
                    tracing::warn!(scope = scope.text(), family, %error, "a row stays where it was");
                }
                Err(error) => return Err(error),
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(report);
        }
    }
}

async fn move_row(
    catalog: &dyn Catalog,
    clock: &dyn Clock,
    (from, row): (&Scope, Row),
    to: Scope,
) -> Result<()> {
    let delete = Write::Delete(from.clone(), row.key.clone(), row.version);
    let moved = match (&to, from) {
        (Scope::Key(tenant), Scope::Tenant(_)) => key_row(catalog, clock, tenant, row).await?,
        _ => row,
    };
    catalog.write(clock.now(), vec![Write::PutNew(to, moved), delete]).await
}

/// The row of a tenant's data key, which is found by the organisation too.
async fn key_row(catalog: &dyn Catalog, clock: &dyn Clock, tenant: &TenantId, mut row: Row) -> Result<Row> {
    let at = Tenant::at(tenant);
    let connected = catalog.find(at.scope(), at.key(), clock.now()).await?;
    let organisation = connected.as_ref().and_then(|tenant| tenant.body.get("organisation")?.as_str());
    let organisation =
        organisation.ok_or_else(|| Error::not_found("no organisation has the tenant of this key"))?;
    row.key = format!("key#{organisation}");
    if let Value::Object(body) = &mut row.body {
        body.insert("organisation".to_owned(), json!(organisation));
    }
    Ok(row)
}
